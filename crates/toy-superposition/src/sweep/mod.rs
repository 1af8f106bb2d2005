//! Sweeps over models of superposition: trained, rugs, mean-field, linear and theory, on one grid.
//!
//! [`Superposition`] is the experiment, [`Record`] what is found at each cell; the engine ([`Grid`], [`Sweep`],
//! [`Shard`]) is that of [`toy_superposition_train::sweep`] and shown here again.
//!
//! ```
//! use toy_superposition::sweep::{Grid, Options, Superposition, Sweep};
//!
//! let grid = Grid::<Superposition>::parse(
//!     r#"
//!     [experiment]
//!     max_epochs = 2
//!     samples = 1024
//!
//!     [[block]]
//!     kinds = ["trained", "rug", "theory"]
//!     features = [32]
//!     probabilities = [0.1]
//!     ratios = [0.25, 0.5]
//!     "#,
//! )?;
//! let folder = tempfile::tempdir()?;
//! let sweep = Sweep::create(folder.path(), grid)?;
//! let counts = sweep.run(&Options::default(), |progress| println!("{:?}", progress.cell))?;
//! assert_eq!(counts.finished, 6);
//! for record in sweep.records()? {
//!     println!("{} r = {}: {:.4} p", record.kind, record.ratio, record.loss / record.probability);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod experiment;
#[cfg(feature = "figures")]
pub mod figures;
mod record;

pub use experiment::{Model, RecipeName, Superposition, random_rug};
pub use record::Record;
#[doc(inline)]
pub use toy_superposition_train::sweep::{
    Block, Cell, Context, Counts, Effort, Experiment, Grid, Kind, Options, Outcome, Progress, Reason, Shard,
    Sweep, Values,
};
