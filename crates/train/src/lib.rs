#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod checkpoint;
mod descend;
mod error;
mod fresh;
mod identity;
mod recipe;
mod run;
mod side_by_side;
mod trainer;

pub use descend::descend;
pub use error::{Cause, Error, Result};
pub use fresh::{FreshBatches, initial_model};
pub use identity::{Difference, Identity, Task};
pub use recipe::{Batches, Recipe};
pub use run::{Ended, Run};
pub use side_by_side::side_by_side;
pub use trainer::{Step, Trainer};
