//! What can be wrong with a network, a target or what they are trained on.

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The parameters, a batch or a weight file was refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// The law of the features was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The design that is to be the embedding was refused.
    #[error(transparent)]
    Rug(#[from] toy_superposition_rug::Error),
    /// The law of one feature was refused.
    #[error(transparent)]
    Recovery(#[from] toy_superposition_recovery::Error),
    /// The run was refused.
    #[error(transparent)]
    Train(#[from] toy_superposition_train::Error),
    /// A size of an architecture that is too small, or too large to be counted.
    #[error("{name} = {given}: {least} to {} are possible", u32::MAX)]
    Size {
        /// Which size it is.
        name: &'static str,
        /// What was given.
        given: usize,
        /// The least that is possible.
        least: usize,
    },
    /// A read-out by the transposed embedding where there is none to read with.
    #[error(
        "the transposed embedding reads {features} features out of the stream: not {outputs} outputs, \
         and not from a plain layer"
    )]
    Transpose {
        /// The number of features.
        features: usize,
        /// The number of outputs.
        outputs: usize,
    },
    /// A layer that is not there.
    #[error("layer {given} of {layers}, counted from 0")]
    Layer {
        /// Which layer was named.
        given: usize,
        /// How many there are.
        layers: usize,
    },
    /// A length that does not fit the others.
    #[error("{what}: {given}, expected {expected}")]
    Length {
        /// What it is the length of.
        what: &'static str,
        /// What was given.
        given: usize,
        /// What it must be.
        expected: usize,
    },
    /// A feature that is not there.
    #[error("group {group} names feature {given} of {features}")]
    Feature {
        /// In which group.
        group: usize,
        /// The feature.
        given: u32,
        /// How many features there are.
        features: usize,
    },
    /// A group of features without members, or with one that it names twice.
    #[error("group {group} is empty or names a feature twice")]
    Group {
        /// Which group.
        group: usize,
    },
    /// An embedding of a kind that does not exist at these sizes.
    #[error("no {kind} embedding of {features} features in {hidden} dimensions: {needs}")]
    Embedding {
        /// The kind.
        kind: &'static str,
        /// The number of features.
        features: usize,
        /// The number of dimensions.
        hidden: usize,
        /// What the kind needs.
        needs: &'static str,
    },
    /// A number outside its interval.
    #[error("{name} = {given} is outside {allowed}")]
    OutOfRange {
        /// Which number it is.
        name: &'static str,
        /// What was given.
        given: f64,
        /// The interval.
        allowed: &'static str,
    },
    /// A weight file that does not say which network it holds.
    #[error("the file holds no network: its metadata `{key}` {}", if *present { "cannot be read" } else { "is missing" })]
    NotANetwork {
        /// The key of the metadata, or the name of the vector.
        key: &'static str,
        /// Whether there is such an entry.
        present: bool,
    },
    /// A probe on fewer samples than it has weights, or on activations of which it cannot tell the
    /// directions apart.
    #[error("a probe of {inputs} activations cannot be fitted to {samples} samples")]
    Probe {
        /// The number of activations.
        inputs: usize,
        /// The number of samples.
        samples: usize,
    },
}

impl Error {
    /// The loss, if this says that it is not finite.
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
