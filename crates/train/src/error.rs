//! What can go wrong while training.

use std::path::PathBuf;

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, the batch or a file was refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// The data was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The optimizer, the schedule or the stop rule was refused.
    #[error(transparent)]
    Optim(#[from] toy_superposition_optim::Error),
    /// The objective failed.
    #[error("step {step}: {source}")]
    Objective {
        /// The step, from 0.
        step: u64,
        /// What the objective said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A batch or an epoch without samples.
    #[error("batches of {batch} samples, epochs of {epoch:?}: both must be at least 1")]
    Batches {
        /// Samples a batch.
        batch: usize,
        /// Samples an epoch.
        epoch: Option<usize>,
    },
    /// A checkpoint of another run.
    #[error("{}: a checkpoint of another run: {given}; this run is {expected}", path.display())]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What its run was.
        given: String,
        /// What this run is.
        expected: String,
    },
    /// A weight file that is no checkpoint, or one whose parts do not fit together.
    #[error("{}: not a checkpoint: {what} is missing or does not fit", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// The part of it.
        what: &'static str,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
