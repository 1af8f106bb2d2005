//! The errors of this crate: what was given and what is allowed.

use std::ops::RangeInclusive;

/// Why a question to the theory has no answer: what was given and what is allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A probability that is NaN or outside (0, 1].
    #[error("probability {given} is outside (0, 1]")]
    Probability {
        /// The probability that was given.
        given: f64,
    },
    /// A noise level that is NaN, infinite or negative.
    #[error("sigma {given} is outside [0, ∞)")]
    Sigma {
        /// The noise level that was given.
        given: f64,
    },
    /// A ratio n_d/n_s that is NaN or outside the stated interval.
    #[error("ratio {given} is outside {allowed}")]
    Ratio {
        /// The ratio that was given.
        given: f64,
        /// The interval that is allowed, such as `(0, 1]`.
        allowed: &'static str,
    },
    /// A number that is NaN or infinite.
    #[error("{what} is {given}, not a finite number")]
    NotFinite {
        /// The name of the number.
        what: &'static str,
        /// The number that was given.
        given: f64,
    },
    /// An exact loss whose estimated error is larger than the loss itself, than a thousandth of
    /// `E x_i²` and than rounding. The weights of the output are then too far apart for the number
    /// of nodes that a law other than the paper's allows.
    #[error(
        "the exact loss of output {row} is not known, {loss:e} ± {error:e}: its weights are too far apart"
    )]
    Unresolved {
        /// The index of the output.
        row: usize,
        /// The loss that was found.
        loss: f64,
        /// The estimate of its error.
        error: f64,
    },
    /// A number outside its interval.
    #[error("{what} is {given}; the allowed values are {allowed}")]
    OutOfRange {
        /// The name of the number.
        what: &'static str,
        /// The number that was given.
        given: f64,
        /// The numbers that are allowed.
        allowed: &'static str,
    },
    /// An entry of a matrix or a vector that is NaN or infinite.
    #[error("{what}: entry ({row}, {column}) is {given}, not a finite number")]
    Entry {
        /// The name of the matrix or vector.
        what: &'static str,
        /// The row of the entry.
        row: usize,
        /// The column of the entry (0 for a vector).
        column: usize,
        /// The number that was given.
        given: f64,
    },
    /// A search that had not settled after the largest number of steps that it may take.
    #[error("the search for {what} did not settle in {steps} steps")]
    NotSettled {
        /// The number that was searched for.
        what: &'static str,
        /// The largest number of steps that it may take.
        steps: u32,
    },
    /// A matrix or list with no entries.
    #[error("{what} is empty")]
    Empty {
        /// The name of the matrix or list.
        what: &'static str,
    },
    /// A size that does not fit the others.
    #[error("expected for {what}: {expected}; given: {given}")]
    Size {
        /// The name of the size.
        what: &'static str,
        /// The size that was given.
        given: usize,
        /// The size that is expected.
        expected: usize,
    },
    /// A size outside its interval.
    #[error("{what} is {given}; the allowed values are {least} {}", up_to(*most))]
    SizeRange {
        /// The name of the size.
        what: &'static str,
        /// The size that was given.
        given: usize,
        /// The least size that is allowed.
        least: usize,
        /// The greatest size that is allowed; [`usize::MAX`] for no bound.
        most: usize,
    },
    /// A law whose exact loss cannot be computed: its switches do not fall into blocks, or the
    /// blocks of a graph are too wide.
    #[error("the exact loss of this law cannot be computed: {0}")]
    Law(toy_superposition_data::Error),
    /// Magnitudes that the exact loss does not cover. A custom law of magnitudes needs a density
    /// that is smooth between its breaks and whose tails come to an end.
    #[error(
        "the exact loss does not cover the magnitudes {given:?}; a custom law needs a density that is smooth between its breaks, with tails that come to an end"
    )]
    Magnitude {
        /// The description of the magnitudes.
        given: Box<toy_superposition_data::MagnitudeSpec>,
    },
    /// A row (an output) that the matrix does not have.
    #[error("row {given} was asked for, but the matrix has {features} rows, counted from 0")]
    Row {
        /// The row that was asked for.
        given: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// A row that is listed twice where rows are drawn without replacement.
    #[error("row {given} is listed twice, but rows are drawn without replacement")]
    Repeated {
        /// The row that is listed twice.
        given: usize,
    },
    /// More memory than the system grants.
    #[error("{what} would take {bytes} bytes, more than this machine has to give")]
    TooLarge {
        /// What the memory is for.
        what: &'static str,
        /// The number of bytes.
        bytes: u128,
    },
    /// A model whose activation the closed forms do not cover.
    #[error("the closed forms hold for ReLU outputs; the model's activation is {given}")]
    Activation {
        /// The name of the activation.
        given: &'static str,
    },
}

impl Error {
    /// Returns the number that is not finite if this error says so of the loss, of its error or of
    /// its slope, NaN if it says that the loss is [not resolved](Self::Unresolved), and `None` for
    /// every other error. A line search turns back at such a number.
    pub fn non_finite_loss(&self) -> Option<f64> {
        match self {
            Self::NotFinite {
                what: "loss" | "exact loss" | "error of the exact loss" | "slope of the exact loss",
                given,
            } => Some(*given),
            Self::Unresolved { .. } => Some(f64::NAN),
            _ => None,
        }
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses NaN and infinities.
pub(crate) fn finite(what: &'static str, given: f64) -> Result<()> {
    if given.is_finite() { Ok(()) } else { Err(Error::NotFinite { what, given }) }
}

/// Refuses a probability outside (0, 1].
pub(crate) fn probability(given: f64) -> Result<()> {
    if given > 0.0 && given <= 1.0 { Ok(()) } else { Err(Error::Probability { given }) }
}

/// Refuses importances that are not one number in [0, ∞) for each of `features` features.
pub(crate) fn importance(given: &[f64], features: usize) -> Result<()> {
    if let Some(&given) = given.iter().find(|&&iota| !(iota.is_finite() && iota >= 0.0)) {
        return Err(Error::OutOfRange { what: "importance", given, allowed: "[0, ∞)" });
    }
    if given.len() != features {
        return Err(Error::Size { what: "importance", given: given.len(), expected: features });
    }
    Ok(())
}

/// Returns an error if there is no memory for `entries` numbers of double precision.
#[cfg(feature = "models")]
pub(crate) fn memory(what: &'static str, entries: u128) -> Result<()> {
    let bytes = 8 * entries;
    toy_superposition_model::check_memory(what, bytes).map_err(|_| Error::TooLarge { what, bytes })
}

/// The end of a sentence about sizes of at most `most`.
fn up_to(most: usize) -> String {
    if most == usize::MAX { "or more".to_owned() } else { format!("to {most}") }
}

/// Refuses a size outside `allowed`.
pub(crate) fn size(what: &'static str, given: usize, allowed: RangeInclusive<usize>) -> Result<()> {
    let (least, most) = (*allowed.start(), *allowed.end());
    if allowed.contains(&given) { Ok(()) } else { Err(Error::SizeRange { what, given, least, most }) }
}

/// Refuses a noise level outside [0, ∞).
pub(crate) fn sigma(given: f64) -> Result<()> {
    if given >= 0.0 && given.is_finite() { Ok(()) } else { Err(Error::Sigma { given }) }
}
