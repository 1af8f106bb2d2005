//! What can be wrong with a model, a batch for it, or a weight file.

use std::path::PathBuf;

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number of features or hidden dimensions that no model can have.
    #[error("{hidden} hidden dimensions for {features} features: 1 ≤ hidden ≤ features ≤ {max} is needed", max = u32::MAX)]
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
    #[error("{what} is {} × {}, expected {} × {}", given.0, given.1, expected.0, expected.1)]
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
    Format(#[from] safetensors::SafeTensorError),
    /// The file holds none of the known sets of names.
    #[error(
        "no weights found: the file names {found:?}; expected encoder, decoder (unless tied), bias \
         or initial_layer.weight, final_layer.weight, final_layer.bias"
    )]
    Names {
        /// The tensor names in the file (at most sixteen).
        found: Vec<String>,
    },
    /// A tensor of a type that is not read.
    #[error("tensor {tensor} has type {given}, expected F32 or F64")]
    Type {
        /// Which tensor.
        tensor: &'static str,
        /// The type in the file.
        given: safetensors::Dtype,
    },
    /// A tensor with the wrong number of dimensions.
    #[error("tensor {tensor} has shape {given:?}, expected {expected} dimensions")]
    Dimensions {
        /// Which tensor.
        tensor: &'static str,
        /// The shape in the file.
        given: Vec<usize>,
        /// The number of dimensions it must have.
        expected: usize,
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

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

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
