//! What can be wrong with a model, a batch for it, or a weight file.

use std::path::PathBuf;

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number of features or hidden dimensions that no model can have.
    #[error("{hidden} hidden dimensions and {features} features: 1 to {max} of each are needed", max = u32::MAX)]
    Shape {
        /// The number of features n_s.
        features: usize,
        /// The number of hidden dimensions n_d.
        hidden: usize,
    },
    /// More memory than the system grants.
    #[error("{what} would take {bytes} bytes, more than this machine has to give")]
    TooLarge {
        /// What the memory is for.
        what: &'static str,
        /// The number of bytes.
        bytes: u128,
    },
    /// A matrix or vector whose shape does not fit the others.
    #[error(
        "{what} is {} × {}, expected {} × {}{}", given.0, given.1, expected.0, expected.1,
        if given.0 != given.1 && (given.1, given.0) == *expected { "; is it transposed?" } else { "" }
    )]
    Mismatch {
        /// Which matrix or vector.
        what: &'static str,
        /// Its (rows, columns).
        given: (usize, usize),
        /// The (rows, columns) it must have.
        expected: (usize, usize),
    },
    /// A NaN or an infinity.
    #[error("{what} holds {given} at position {index}; every value must be finite")]
    NotFinite {
        /// Which matrix, vector or number.
        what: &'static str,
        /// Where, in memory order.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// An importance below zero.
    #[error("importance {given} of feature {feature} is negative")]
    Importance {
        /// The feature.
        feature: usize,
        /// What was given.
        given: f64,
    },
    /// A threshold of a JumpReLU that is NaN, infinite or negative.
    #[error("threshold {given} is outside [0, ∞)")]
    Threshold {
        /// What was given.
        given: f64,
    },
    /// A top-k that keeps no output, or more outputs than there are.
    #[error("top-k keeps {given} outputs: 1 ≤ k ≤ {} is needed", features.map_or("n_s".into(), |n| n.to_string()))]
    TopK {
        /// `k`.
        given: usize,
        /// The number of features n_s, if it was known.
        features: Option<usize>,
    },
    /// A batch without samples has no mean.
    #[error("the batch has no samples")]
    EmptyBatch,
    /// The length of an attack, as a share of the mean length of an input, that is not positive and
    /// finite.
    #[error("attack of {given} times the mean length of an input, outside (0, ∞)")]
    Attack {
        /// What was given.
        given: f64,
    },
    /// The data was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes are not a safetensors file: truncated, overlong, or with a hostile header.
    #[error("not a valid safetensors file")]
    Format {
        /// What is wrong with it.
        source: Cause,
    },
    /// The file holds no encoder and bias that are named as expected.
    #[error(
        "no weights found: the file names {found:?}; rename them to {} (without the decoder, if the \
         weights are tied)",
        expected.join(" or ")
    )]
    Names {
        /// The tensor names in the file (at most sixteen).
        found: Vec<String>,
        /// The sets of names that were looked for, each as text.
        expected: Vec<String>,
    },
    /// The file holds the same weights more than once, with different values or behind different
    /// prefixes.
    #[error("{names:?} are of several models; load the one that is meant by its names")]
    Ambiguous {
        /// The tensors of which one would have to be chosen.
        names: Vec<String>,
    },
    /// The weights are said to be tied, and have a decoder of their own.
    #[error("metadata tied = true, but the file holds a decoder, {decoder:?}")]
    TiedDecoder {
        /// The decoder's name in the file.
        decoder: String,
    },
    /// There is no decoder of a known name, and the weights may not be tied.
    #[error(
        "no decoder beside {encoder:?}: the weights would be tied, but metadata do not say tied = true, \
         and they say tied = false or the file holds other matrices (it holds {others:?})"
    )]
    NoDecoder {
        /// The encoder's name in the file.
        encoder: String,
        /// Other tensors of two or more dimensions (at most sixteen), of which one may be the
        /// decoder.
        others: Vec<String>,
    },
    /// Names for tied weights alone, and a model with a decoder of its own.
    #[error("weights that are not tied have a decoder, for which there is no name beside {encoder:?}")]
    Untied {
        /// The name of the encoder.
        encoder: String,
    },
    /// A tensor of a type that is not read.
    #[error("tensor {tensor} has type {given}, expected F16, BF16, F32 or F64")]
    Type {
        /// Which tensor.
        tensor: String,
        /// The type in the file.
        given: String,
    },
    /// A value that the wanted type would have to round.
    #[error(
        "tensor {tensor} holds {given} at position {index}, which {wanted} cannot hold exactly; load the file in \
         double precision (and cast it)"
    )]
    Precision {
        /// Which tensor.
        tensor: String,
        /// Where, in the order of the file.
        index: usize,
        /// The value.
        given: f64,
        /// The wanted type.
        wanted: &'static str,
    },
    /// A tensor with the wrong number of dimensions.
    #[error(
        "tensor {tensor} has shape {given:?}, expected {expected} dimension{}: a file holds one model",
        if *expected == 1 { "" } else { "s" }
    )]
    Dimensions {
        /// Which tensor.
        tensor: String,
        /// The shape in the file.
        given: Vec<usize>,
        /// The number of dimensions it must have.
        expected: usize,
    },
    /// A block of the model that is not in the file, or has another shape there.
    #[error("the file holds no tensor {name} of shape {expected:?}")]
    Block {
        /// The name of the block.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
    },
    /// What is wrong with the contents of a file.
    #[error("cannot use {}", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<Error>,
    },
    /// A further vector with the name of one of the weights.
    #[error("a vector named {name:?} has the name of one of the weights; choose another")]
    Name {
        /// The name.
        name: String,
    },
    /// A metadata entry this crate knows, with a value it does not.
    #[error("metadata {key} = {given:?}, expected one of {allowed:?}")]
    Metadata {
        /// The key.
        key: &'static str,
        /// The value in the file.
        given: String,
        /// The values that are known.
        allowed: &'static [&'static str],
    },
}

impl Error {
    pub(crate) fn format(error: safetensors::SafeTensorError) -> Self {
        Self::Format { source: error.into() }
    }

    /// The loss, if this says that it is not finite.
    pub fn non_finite_loss(&self) -> Option<f64> {
        match self {
            Self::NotFinite { what: "loss", given, .. } => Some(*given),
            _ => None,
        }
    }
}

/// The error of a library that this crate's interface does not name.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses the first NaN or infinity of a list.
pub(crate) fn check_finite<T: crate::Scalar>(what: &'static str, values: &[T]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::NotFinite { what, index, given: values[index].to_f64() }),
        None => Ok(()),
    }
}

/// Refuses a shape other than the expected one.
pub(crate) fn check_shape(what: &'static str, given: (usize, usize), expected: (usize, usize)) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Mismatch { what, given, expected }) }
}
