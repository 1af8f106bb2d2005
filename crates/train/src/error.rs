//! The errors of training.

use std::path::PathBuf;

use crate::Difference;

/// An error of a run, a recipe or a checkpoint. It states what was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, the batch or a weight file was refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// The data law or a batch was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The optimizer, the schedule or the stop rule was refused.
    #[error(transparent)]
    Optim(#[from] toy_superposition_optim::Error),
    /// The objective failed.
    #[error("the objective failed at step {step}")]
    Objective {
        /// Number of the step, from 0.
        step: u64,
        /// The error of the objective.
        source: Cause,
    },
    /// The loss or its gradient is not finite, usually because the preceding steps were too long.
    #[error("diverged at step {step}, learning rate {learning_rate:?}: the loss is {loss:?}{}",
        if loss.is_finite() { ", its gradient is not finite" } else { "" })]
    Diverged {
        /// Number of the step that could not be taken, from 0.
        step: u64,
        /// Learning rate of the previous step; at step 0, that of the step itself.
        learning_rate: f64,
        /// The loss.
        loss: f64,
    },
    /// A name that is not that of a recipe.
    #[error("recipe {given:?}; allowed are text, code and fast")]
    RecipeName {
        /// The name given.
        given: String,
    },
    /// A batch or an epoch without samples.
    #[error("batches of {batch} samples, epochs of {epoch:?}: both must be at least 1")]
    Batches {
        /// Number of samples per batch.
        batch: usize,
        /// Number of samples per epoch.
        epoch: Option<usize>,
    },
    /// A number that is below its minimum.
    #[error("{what}: {given}, at least {least} are needed")]
    Count {
        /// Name of the number.
        what: &'static str,
        /// The number.
        given: u64,
        /// Its minimum.
        least: u64,
    },
    /// Threads could not be started.
    #[error("threads could not be started")]
    Threads(#[source] std::io::Error),
    /// A recipe without a setting that the objective needs.
    #[error("the recipe has no {what}")]
    Missing {
        /// Name of the setting.
        what: &'static str,
    },
    /// A recipe with a setting that the objective would ignore.
    #[error("the recipe has {what}, which this objective would ignore")]
    Ignored {
        /// Name of the setting.
        what: &'static str,
    },
    /// A length that differs from the number of features of the model or of the data.
    #[error("{what}: {given}, expected {expected}")]
    Length {
        /// Name of the length.
        what: &'static str,
        /// The length.
        given: usize,
        /// The expected length.
        expected: usize,
    },
    /// A setting that the description of a run cannot express.
    #[error("this {what} cannot be described")]
    Undescribed {
        /// Name of the setting.
        what: &'static str,
        /// The reason.
        source: Cause,
    },
    /// A checkpoint of another run.
    #[error("{}: a checkpoint of another run: {}", path.display(), listed(differences))]
    OtherRun {
        /// Path of the checkpoint.
        path: PathBuf,
        /// Each field that differs, with both values.
        differences: Vec<Difference>,
    },
    /// A checkpoint whose format this version does not read.
    #[error(
        "{}: a checkpoint of format {}, this version reads format {expected}; begin the run anew",
        path.display(),
        given.map_or("unknown (written before formats had numbers)".to_owned(), |given| given.to_string())
    )]
    CheckpointFormat {
        /// Path of the checkpoint.
        path: PathBuf,
        /// Its format, if it states one.
        given: Option<u64>,
        /// The format that this version reads.
        expected: u64,
    },
    /// A weight file that is not a checkpoint, or a checkpoint whose parts do not fit together.
    #[error("{}: not a checkpoint: {what} is missing or does not fit", path.display())]
    NotACheckpoint {
        /// Path of the file.
        path: PathBuf,
        /// The part that is missing or does not fit.
        what: &'static str,
    },
}

/// Returns the differences in one line.
fn listed(differences: &[Difference]) -> String {
    differences.iter().map(Difference::to_string).collect::<Vec<_>>().join("; ")
}

/// The error of a library whose types are not part of this crate's interface.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
