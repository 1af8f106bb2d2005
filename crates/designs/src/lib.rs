#![doc = include_str!("../README.md")]

mod alike;
mod arranged;
mod catalogue;
mod error;
mod losses;
mod mixture;
mod optimise;
mod search;

pub use arranged::{Arranged, Arrangement, PrincipalComponents};
pub use catalogue::{Candidate, Entry, Family, Shared, blocks, under_law, whole};
pub use error::{Error, Result};
pub use losses::RugLosses;
pub use mixture::Mixtures;
pub use optimise::{Optimised, optimise};
pub use search::{Annealing, Found, STAGES, Search, SearchConfig};
