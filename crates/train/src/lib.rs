#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod checkpoint;
mod descend;
mod error;
mod fresh;
mod identity;
mod learning_coefficient;
mod recipe;
mod reduced_rank;
mod run;
mod side_by_side;
mod trainer;

pub use descend::descend;
pub use error::{Cause, Error, Result};
pub use fresh::{FreshBatches, initial_model};
pub use identity::{Difference, Identity, Task};
pub use learning_coefficient::{LearningCoefficient, LearningCoefficientConfig, learning_coefficient};
pub use recipe::{Batches, Recipe, RecipeName};
pub use reduced_rank::{ExactCoefficient, ReducedRank, ReducedRankLoss};
pub use run::{Ended, Run};
pub use side_by_side::{side_by_side, threads};
pub use trainer::{Step, Trainer};
