#![doc = include_str!("../README.md")]

mod catalogue;
mod error;
mod losses;
mod mixture;
mod optimise;
mod search;

pub use catalogue::{Candidate, Entry, Family, Shared, blocks, whole};
pub use error::{Error, Result};
pub use losses::RugLosses;
pub use mixture::Mixtures;
pub use optimise::{Optimised, optimise};
pub use search::{Annealing, Found, STAGES, Search, SearchConfig};
