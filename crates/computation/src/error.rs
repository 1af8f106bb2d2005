//! Errors of networks, targets and their training.

/// An error of a network, a target or its training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Parameters, a batch or a weight file were refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// The law of the features was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The design of the embedding was refused.
    #[error(transparent)]
    Rug(#[from] toy_superposition_rug::Error),
    /// The law of one feature was refused.
    #[error(transparent)]
    Recovery(#[from] toy_superposition_recovery::Error),
    /// The training run was refused.
    #[error(transparent)]
    Train(#[from] toy_superposition_train::Error),
    /// A size is too small, or too large to be counted.
    #[error("{name} = {given}: {least} to {} are possible", u32::MAX)]
    Size {
        /// Name of the size.
        name: &'static str,
        /// The size given.
        given: usize,
        /// Least size allowed.
        least: usize,
    },
    /// The transposed embedding cannot read the outputs.
    #[error(
        "the transposed embedding reads {features} features out of the stream: not {outputs} outputs, \
         and not from a plain layer"
    )]
    Transpose {
        /// Number of features.
        features: usize,
        /// Number of outputs.
        outputs: usize,
    },
    /// A layer does not exist.
    #[error("layer {given} of {layers}, counted from 0")]
    Layer {
        /// Index of the layer.
        given: usize,
        /// Number of layers.
        layers: usize,
    },
    /// A length does not match the others.
    #[error("{what}: {given}, expected {expected}")]
    Length {
        /// What the length is of.
        what: &'static str,
        /// The length given.
        given: usize,
        /// The length expected.
        expected: usize,
    },
    /// A feature does not exist.
    #[error("group {group} names feature {given} of {features}")]
    Feature {
        /// Index of the group that names it.
        group: usize,
        /// Index of the feature.
        given: u32,
        /// Number of features.
        features: usize,
    },
    /// A group of features is empty or names a feature twice.
    #[error("group {group} is empty or names a feature twice")]
    Group {
        /// Index of the group.
        group: usize,
    },
    /// An embedding of this kind does not exist at these sizes.
    #[error("no {kind} embedding of {features} features in {hidden} dimensions: {needs}")]
    Embedding {
        /// Name of the kind.
        kind: &'static str,
        /// Number of features.
        features: usize,
        /// Number of dimensions.
        hidden: usize,
        /// What the kind needs.
        needs: &'static str,
    },
    /// A number is outside its interval.
    #[error("{name} = {given} is outside {allowed}")]
    OutOfRange {
        /// Name of the number.
        name: &'static str,
        /// The number given.
        given: f64,
        /// The interval allowed.
        allowed: &'static str,
    },
    /// A weight file does not say which network it holds.
    #[error("the file holds no network: its metadata `{key}` {}", if *present { "cannot be read" } else { "is missing" })]
    NotANetwork {
        /// Key of the metadata, or name of the vector.
        key: &'static str,
        /// Whether the file has such an entry.
        present: bool,
    },
    /// A probe has fewer than two samples per activation, or its normal equations have no solution.
    #[error("a probe of {inputs} activations cannot be fitted to {samples} samples")]
    Probe {
        /// Number of activations.
        inputs: usize,
        /// Number of samples.
        samples: usize,
    },
}

impl Error {
    /// Returns the loss if this error says that it is not finite.
    pub fn non_finite_loss(&self) -> Option<f64> {
        match self {
            Self::Model(error) => error.non_finite_loss(),
            _ => None,
        }
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) fn check_length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}
