//! The errors of models, of batches for them, and of weight files.

use std::path::PathBuf;

use nalgebra::DMatrix;

/// An error of a model, a batch or a weight file. It states what was given and what is allowed.
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
        if given.0 != given.1 && (given.1, given.0) == *expected { "; is it transposed or swapped?" } else { "" }
    )]
    Mismatch {
        /// Name of the matrix or vector.
        what: &'static str,
        /// Its (rows, columns).
        given: (usize, usize),
        /// The (rows, columns) it must have.
        expected: (usize, usize),
    },
    /// A NaN or an infinity.
    #[error("{what}{} is {given}; every value must be finite", subscript(index))]
    NotFinite {
        /// Name of the matrix, vector or number.
        what: &'static str,
        /// Position of the value: row and column in a matrix, one index in a vector, and empty for
        /// a number.
        index: Vec<usize>,
        /// The value.
        given: f64,
    },
    /// An importance below zero.
    #[error("importance {given} of feature {feature} is negative")]
    Importance {
        /// The feature.
        feature: usize,
        /// The importance.
        given: f64,
    },
    /// A threshold of a JumpReLU that is NaN, infinite or negative.
    #[error("threshold {given} is outside [0, ∞)")]
    Threshold {
        /// The threshold.
        given: f64,
    },
    /// A top-k that keeps no output, or more outputs than there are.
    #[error("top-k keeps {given} outputs: 1 ≤ k ≤ {} is needed", features.map_or("n_s".into(), |n| n.to_string()))]
    TopK {
        /// `k`.
        given: usize,
        /// The number of features n_s, if known.
        features: Option<usize>,
    },
    /// A batch without samples has no mean.
    #[error("the batch has no samples")]
    EmptyBatch,
    /// The length of an attack, as a share of the mean length of an input, is not positive and
    /// finite.
    #[error("attack of {given} times the mean length of an input, outside (0, ∞)")]
    Attack {
        /// The share.
        given: f64,
    },
    /// The data law or a batch was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The bytes are not a safetensors file: truncated, overlong, or with a hostile header.
    #[error("not a valid safetensors file (of another format, cut off or damaged)")]
    Format {
        /// The error of the safetensors library.
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
    /// The file holds an encoder of a known name and no bias.
    #[error(
        "no bias {bias:?} beside {encoder:?}{}; if the model has none, save n_s zeros under that name",
        if vectors.is_empty() { String::new() } else { format!("; if it is one of {vectors:?}, rename it") }
    )]
    NoBias {
        /// The encoder's name in the file.
        encoder: String,
        /// The name that the bias must have.
        bias: String,
        /// The vectors of the file (at most sixteen), one of which may be the bias.
        vectors: Vec<String>,
    },
    /// The file holds a second bias that is not 0. The models of this crate have no bias in the
    /// hidden layer, and a loss without it would be wrong.
    #[error(
        "{name:?} seems to be a second bias, which this model does not have; if it is that of the hidden layer, add \
         W_out times it to the bias, and leave it out"
    )]
    OtherBias {
        /// The name of the tensor in the file.
        name: String,
    },
    /// The file holds matrices that are no part of the model, such as those of further layers, and
    /// the loss without them would be that of another model.
    #[error(
        "the file also holds {names:?}, which are no part of this model; save its encoder, decoder and bias alone"
    )]
    OtherMatrices {
        /// The names of the matrices in the file (at most sixteen).
        names: Vec<String>,
    },
    /// An error of a tensor whose name in the file is not the one that the cause gives it.
    #[error("{tensor:?} is the {role} of this model")]
    Tensor {
        /// The name of the tensor in the file.
        tensor: String,
        /// What the model calls it.
        role: &'static str,
        /// The error.
        source: Box<Error>,
    },
    /// The bytes are a zip archive or a pickle, as `torch.save` writes them.
    #[error(
        "this is a zip archive or a pickle, such as torch.save writes; save the weights by safetensors.torch.save_file"
    )]
    TorchFile,
    /// The file holds the same weights more than once, with different values or behind different
    /// prefixes.
    #[error("{names:?} belong to several models; save one of them alone")]
    Ambiguous {
        /// The tensors that belong to different models.
        names: Vec<String>,
    },
    /// The metadata says that the weights are tied, but the file holds a decoder.
    #[error("metadata tied = true, but the file holds a decoder, {decoder:?}")]
    TiedDecoder {
        /// The decoder's name in the file.
        decoder: String,
    },
    /// There is no decoder of a known name, and the weights may not be tied.
    #[error(
        "no decoder beside {encoder:?}{}; {}, or, if the weights are tied, save them with metadata={{\"tied\": \"true\"}}{}",
        if *declared { ", and the metadata says tied = false" } else { "" },
        match decoder {
            Some(name) => format!("rename the decoder to {name:?}"),
            None => "rename the tensors to encoder, decoder and bias, since these names are for tied weights only".into(),
        },
        if others.is_empty() { String::new() } else { format!(" (the file also holds {})", others.join(", ")) }
    )]
    NoDecoder {
        /// The encoder's name in the file.
        encoder: String,
        /// The name that the decoder must have; `None` for names of tied weights.
        decoder: Option<String>,
        /// Whether the metadata says that the weights are not tied.
        declared: bool,
        /// Other tensors of two or more dimensions (at most sixteen), one of which may be the
        /// decoder.
        others: Vec<String>,
    },
    /// The names are for tied weights only, and the model has its own decoder.
    #[error("weights that are not tied have a decoder, for which there is no name beside {encoder:?}")]
    Untied {
        /// The name of the encoder.
        encoder: String,
    },
    /// A tensor of a type that cannot be read.
    #[error("tensor {tensor} has type {given}, expected F16, BF16, F32 or F64")]
    Type {
        /// Name of the tensor.
        tensor: String,
        /// The type in the file.
        given: String,
    },
    /// A value that the wanted type would have to round.
    #[error(
        "{tensor}{} is {given}, which {wanted} cannot hold exactly; load the file in double precision (and cast it)",
        subscript(index)
    )]
    Precision {
        /// Name of the tensor.
        tensor: String,
        /// Position of the value in the tensor of the file: one index per dimension.
        index: Vec<usize>,
        /// The value.
        given: f64,
        /// The wanted type.
        wanted: &'static str,
    },
    /// A tensor with the wrong number of dimensions.
    #[error(
        "tensor {tensor} has shape {given:?}, expected {expected} dimension{}{}",
        if *expected == 1 { "" } else { "s" },
        if given.len() > *expected && !given.contains(&1) { "; of several models save one alone" } else { "" }
    )]
    Dimensions {
        /// Name of the tensor.
        tensor: String,
        /// The shape in the file.
        given: Vec<usize>,
        /// The number of dimensions it must have.
        expected: usize,
    },
    /// A block of the model is missing from the file, or has another shape there.
    #[error("the file holds no tensor {name} of shape {expected:?}")]
    Block {
        /// The name of the block.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
    },
    /// The contents of a file were refused.
    #[error("cannot use {}", path.display())]
    Contents {
        /// Path of the file.
        path: PathBuf,
        /// The reason.
        source: Box<Error>,
    },
    /// Another vector of the file has the name of one of the weights.
    #[error("a vector named {name:?} has the name of one of the weights; choose another")]
    Name {
        /// The name.
        name: String,
    },
    /// A metadata key of this crate has a value that is not known.
    #[error("metadata {key} = {given:?}, expected one of {allowed:?}")]
    Metadata {
        /// The key.
        key: &'static str,
        /// The value in the file.
        given: String,
        /// The known values.
        allowed: &'static [&'static str],
    },
}

impl Error {
    pub(crate) fn format(error: safetensors::SafeTensorError) -> Self {
        Self::Format { source: error.into() }
    }

    /// Returns the loss if this error says that it is not finite.
    pub fn non_finite_loss(&self) -> Option<f64> {
        match self {
            Self::NotFinite { what: "loss", given, .. } => Some(*given),
            _ => None,
        }
    }
}

/// The error of a library whose types are not part of this crate's interface.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Writes an index as `[3, 5]`, and nothing for that of a number.
fn subscript(index: &[usize]) -> String {
    if index.is_empty() { String::new() } else { format!("{index:?}") }
}

/// Refuses the first NaN or infinity of a vector.
pub(crate) fn check_finite<T: crate::Scalar>(what: &'static str, values: &[T]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::NotFinite { what, index: vec![index], given: values[index].to_f64() }),
        None => Ok(()),
    }
}

/// Refuses the first NaN or infinity of a matrix, column by column.
pub(crate) fn check_finite_matrix<T: crate::Scalar>(what: &'static str, matrix: &DMatrix<T>) -> Result<()> {
    match matrix.iter().position(|value| !value.is_finite()) {
        Some(position) => {
            let (row, column) = matrix.vector_to_matrix_index(position);
            Err(Error::NotFinite { what, index: vec![row, column], given: matrix[position].to_f64() })
        }
        None => Ok(()),
    }
}

/// Refuses a shape other than the expected one.
pub(crate) fn check_shape(what: &'static str, given: (usize, usize), expected: (usize, usize)) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Mismatch { what, given, expected }) }
}
