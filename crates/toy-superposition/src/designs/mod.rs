//! Weights that are made, not trained, at their best: which of all known [designs](toy_superposition_rug::Design) loses
//! least at one (p, n_s, n_d).
//!
//! [`optimise`] finds the gain, the bias and the all-ones coefficient that minimise a design's exact loss. [`whole`] lists
//! the designs of n_s features in n_d dimensions, [`blocks`] small ones of which [`Mixtures`] are made: direct sums that
//! meet both numbers exactly.
//!
//! ```
//! use toy_superposition::designs::{Mixtures, blocks};
//!
//! let p = 0.01;
//! let blocks = blocks(8, 0)?.iter().map(|block| block.best(p)).collect::<Result<Vec<_>, _>>()?;
//! let best = Mixtures::new(&blocks, 24)?.at(24, 12)?;
//! // Twelve antipodal pairs: p²/6 with a = 1 and b = 0, a little less with the best ones.
//! assert_eq!(best.name, "12 × antipodal pair");
//! assert!(best.best.loss < p * p / 6.0 && best.best.loss > 0.98 * p * p / 6.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalogue;
mod error;
mod mixture;
mod optimise;

pub use catalogue::{Candidate, Entry, Family, Shared, blocks, whole};
pub use error::{Error, Result};
pub use mixture::Mixtures;
pub use optimise::{Optimised, optimise};
