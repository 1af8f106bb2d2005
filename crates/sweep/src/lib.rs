#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cell;
mod error;
mod experiment;
mod folder;
mod grid;
mod journal;
mod manifest;
mod merge;
mod pace;
mod paper;
mod run;
mod shard;
mod values;

pub use cell::{Cell, Kind};
pub use error::{Cause, Error, Result};
pub use experiment::{Context, Effort, Experiment, Reason};
pub use folder::{Outcomes, Sweep};
pub use grid::{Block, Grid};
pub use journal::Outcome;
#[cfg(feature = "figures")]
pub use paper::figures;
pub use paper::{Model, Record, Superposition, random_rug};
pub use run::{Counts, Options, Progress};
pub use shard::Shard;
pub use toy_superposition_train::RecipeName;
pub use values::Values;
