#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod alike;
mod arranged;
mod atlas;
mod bound;
mod catalogue;
mod descent;
mod error;
mod hierarchy;
mod learned;
mod losses;
mod mixture;
mod optimise;
mod search;
mod store;
mod trained;

pub use arranged::{Arranged, Arrangement, PrincipalComponents};
pub use atlas::{Atlas, AtlasMixture, AtlasPart};
pub use bound::{LowerBound, lower_bound};
pub use catalogue::{Candidate, Entry, Family, Shared, blocks, under_law, whole};
pub use descent::descend;
pub use error::{Error, Result};
pub use hierarchy::{hierarchies, hierarchy, hierarchy_of_factor};
pub use learned::Learned;
pub use losses::RugLosses;
pub use mixture::Mixtures;
pub use optimise::{Optimised, optimise};
pub use search::{Annealing, Found, STAGES, Search, SearchConfig};
pub use store::Store;
pub use trained::Trained;
