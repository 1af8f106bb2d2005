//! Sweeps: an experiment at every cell of a grid, killed and gone on with as often as you like.
//!
//! A [`Grid`] (a TOML file) says what is to be done; an [`Experiment`] does it at one [`Cell`]; a [`Sweep`] is both in a
//! folder. Each cell that comes to an end is a line appended to a [journal](Outcome), so a sweep that is killed loses
//! the cells in flight alone, and of those only what came after their last checkpoint. A cell that fails is written down
//! with its reason, and the sweep goes on. Several processes share a sweep by [`Shard`]s.
//!
//! The records come out in the grid's order: one run, a run killed and resumed, any number of threads and merged shards
//! all write the same bytes to `records.csv`, on machines with the same instructions. Timings are in the journals.

mod cell;
mod experiment;
mod folder;
mod grid;
mod journal;
mod manifest;
mod merge;
mod run;
mod shard;
mod values;

pub use cell::{Cell, Kind};
pub use experiment::{Context, Effort, Experiment, Reason};
pub use folder::{Outcomes, Sweep};
pub use grid::{Block, Grid};
pub use journal::Outcome;
pub use run::{Counts, Options, Progress};
pub use shard::Shard;
pub use values::Values;
