//! The names that the tensors of a model have in a weight file.

use std::fmt;

/// The tensor names of the encoder, decoder and bias, which also determine the layout of the
/// matrices.
///
/// | | encoder, n_d × n_s | decoder, n_s × n_d | bias, n_s |
/// |---|---|---|---|
/// | [`Own`](Self::Own) | `encoder` | `decoder` | `bias` |
/// | [`ReleasedCode`](Self::ReleasedCode) | `initial_layer.weight` | `final_layer.weight` | `final_layer.bias` |
/// | [`Layers`](Self::Layers) | `encoder.weight` | `decoder.weight` | `decoder.bias` |
/// | [`Elhage`](Self::Elhage) | `W`, n_s × n_d | none: the weights are tied | `b_final` |
/// | [`Custom`](Self::Custom) | the caller's | the caller's | the caller's |
///
/// ```
/// use toy_superposition_model::Names;
///
/// let names = Names::custom("down.weight", "up.weight", "up.bias");
/// assert_eq!(names.to_string(), "down.weight, up.weight, up.bias");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Names<'a> {
    /// This crate's names.
    #[default]
    Own,
    /// The names in the paper's released code.
    ReleasedCode,
    /// The names of a PyTorch module with two linear layers, `encoder` and `decoder`.
    Layers,
    /// The names in the notebook of Elhage et al. (2022). Its model is
    /// `y = ReLU(W Wᵀ x + b_final)`, where the tensor `W`, n_s × n_d, is the transpose of the
    /// encoder.
    Elhage,
    /// A caller's own names.
    Custom {
        /// The name of the encoder.
        encoder: &'a str,
        /// The name of the decoder, which is absent from a file of tied weights.
        decoder: &'a str,
        /// The name of the bias.
        bias: &'a str,
    },
}

impl<'a> Names<'a> {
    /// The names that are tried by default.
    pub(crate) const KNOWN: [Names<'static>; 4] =
        [Names::Own, Names::ReleasedCode, Names::Layers, Names::Elhage];

    /// Returns a caller's own names, with the layout of [`Names::Own`].
    pub const fn custom(encoder: &'a str, decoder: &'a str, bias: &'a str) -> Self {
        Self::Custom { encoder, decoder, bias }
    }

    /// Returns the name of the encoder.
    pub(crate) fn encoder(self) -> &'a str {
        match self {
            Self::Own => "encoder",
            Self::ReleasedCode => "initial_layer.weight",
            Self::Layers => "encoder.weight",
            Self::Elhage => "W",
            Self::Custom { encoder, .. } => encoder,
        }
    }

    /// Returns the name of the decoder, or `None` if these names are for tied weights only.
    pub(crate) fn decoder(self) -> Option<&'a str> {
        match self {
            Self::Own => Some("decoder"),
            Self::ReleasedCode => Some("final_layer.weight"),
            Self::Layers => Some("decoder.weight"),
            Self::Elhage => None,
            Self::Custom { decoder, .. } => Some(decoder),
        }
    }

    /// Returns the name of the bias.
    pub(crate) fn bias(self) -> &'a str {
        match self {
            Self::Own => "bias",
            Self::ReleasedCode => "final_layer.bias",
            Self::Layers => "decoder.bias",
            Self::Elhage => "b_final",
            Self::Custom { bias, .. } => bias,
        }
    }

    /// Returns all names.
    pub(crate) fn all(self) -> impl Iterator<Item = &'a str> {
        [Some(self.encoder()), self.decoder(), Some(self.bias())].into_iter().flatten()
    }
}

/// Writes the names, separated by commas.
impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all().collect::<Vec<_>>().join(", "))
    }
}
