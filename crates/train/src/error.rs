//! What can go wrong while training.

use std::path::PathBuf;

use crate::Difference;

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, the batch or a weight file was refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// The data was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The optimizer, the schedule or the stop rule was refused.
    #[error(transparent)]
    Optim(#[from] toy_superposition_optim::Error),
    /// The objective failed.
    #[error("step {step}")]
    Objective {
        /// The step, from 0.
        step: u64,
        /// What the objective said.
        source: Cause,
    },
    /// The loss or its gradient is no longer finite: the steps before were too long.
    #[error("diverged at step {step}, learning rate {learning_rate:?}: the loss is {loss:?}{}",
        if loss.is_finite() { ", its gradient is not finite" } else { "" })]
    Diverged {
        /// The step, from 0, that could not be taken.
        step: u64,
        /// The learning rate of the step before.
        learning_rate: f64,
        /// The loss.
        loss: f64,
    },
    /// A batch or an epoch without samples.
    #[error("batches of {batch} samples, epochs of {epoch:?}: both must be at least 1")]
    Batches {
        /// Samples a batch.
        batch: usize,
        /// Samples an epoch.
        epoch: Option<usize>,
    },
    /// Fewer of something than there must be.
    #[error("{what}: {given}, at least {least} are needed")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many were given.
        given: u64,
        /// How many there must be.
        least: u64,
    },
    /// Threads could not be started.
    #[error("threads could not be started")]
    Threads(#[source] std::io::Error),
    /// A recipe without something that the objective needs.
    #[error("the recipe has no {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A recipe with something that the objective would not see.
    #[error("the recipe has {what}, which this objective would ignore")]
    Ignored {
        /// What would be ignored.
        what: &'static str,
    },
    /// A length that is not the number of features of the model or of the data.
    #[error("{what}: {given}, expected {expected}")]
    Length {
        /// What it is.
        what: &'static str,
        /// How long it is.
        given: usize,
        /// How long it must be.
        expected: usize,
    },
    /// A setting that the description of a run has no words for.
    #[error("this {what} cannot be described")]
    Undescribed {
        /// The setting.
        what: &'static str,
        /// Why not.
        source: Cause,
    },
    /// A checkpoint of another run.
    #[error("{}: a checkpoint of another run: {}", path.display(), listed(differences))]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// Each field that differs, with both values.
        differences: Vec<Difference>,
    },
    /// A checkpoint of a format that this version does not read.
    #[error(
        "{}: a checkpoint of format {}, this version reads format {expected}; begin the run anew",
        path.display(),
        given.map_or("unknown (written before formats had numbers)".to_owned(), |given| given.to_string())
    )]
    CheckpointFormat {
        /// The checkpoint.
        path: PathBuf,
        /// Its format, if it names one.
        given: Option<u64>,
        /// The format that this version reads.
        expected: u64,
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

/// The differences in one line.
fn listed(differences: &[Difference]) -> String {
    differences.iter().map(Difference::to_string).collect::<Vec<_>>().join("; ")
}

/// The error of a library that this crate's interface does not name.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
