//! The architecture of a network: sizes, how layers are connected, and which parts are learned.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How layers are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stack {
    /// Each layer adds to a stream of `hidden` dimensions.
    Residual,
    /// Each layer sees only the previous one.
    Plain,
}

/// How the outputs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Readout {
    /// `U = W_Eᵀ`: one output per feature, read from the stream.
    Transpose,
    /// `U` is learned.
    Learned,
}

/// The architecture of a network.
///
/// ```math
/// h_0 = W_E x, \qquad
/// \text{residual: } h_l = h_{l-1} + W^{out}_l f_l(W^{in}_l h_{l-1} + b_l), \qquad
/// \text{plain: } h_l = f_l(W_l h_{l-1} + b_l), \qquad
/// y = g(U h_L + c)
/// ```
///
/// | Symbol | Shape | Block of parameters |
/// |---|---|---|
/// | `W_E` | hidden × features | `embedding`, unless it is fixed |
/// | `W^in_l`, `W^out_l` | width × hidden, hidden × width | `input`, `output` (residual) |
/// | `W_1`, `W_l` | width × hidden, width × width | `first`, `middle` (plain) |
/// | `b_l` | width | `bias`, if layers have biases |
/// | `U` | outputs × hidden (residual) or width (plain) | `readout`, unless it is `W_Eᵀ` |
/// | `c` | outputs | `output_bias`, if outputs have biases |
///
/// `f_l` is the ReLU, or the identity for a linear layer; `g` is the identity or the ReLU. Without
/// layers, `y = g(U W_E x + c)`, which is the autoencoder of the paper.
///
/// [`residual`](Self::residual), [`plain`](Self::plain) and [`autoencoder`](Self::autoencoder)
/// return an architecture without layers; [`with_layers`](Self::with_layers) and
/// [`with_width`](Self::with_width) add layers. All fields may be set afterwards;
/// [`Network`](crate::Network) checks them when it is built.
///
/// ```
/// use toy_superposition_computation::Architecture;
///
/// // The input and output weights of two layers of 5 neurons; embedding and read-out are fixed.
/// let residual = Architecture::residual(100, 30).with_layers(2).with_width(5);
/// assert_eq!(residual.parameters(), 2 * (30 * 5 + 5 * 30));
/// // W_in, W_out and b of 6 features in 2 dimensions.
/// assert_eq!(Architecture::autoencoder(6, 2).parameters(), 6 * 2 + 2 * 6 + 6);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Architecture {
    /// Number of features, n_s.
    pub features: usize,
    /// Number of dimensions of the embedding, n_d.
    pub hidden: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// Number of layers, L; may be 0.
    pub layers: usize,
    /// Number of neurons of each layer.
    pub width: usize,
    /// How layers are connected.
    pub stack: Stack,
    /// Whether `W_E` is learned.
    pub learned_embedding: bool,
    /// How the outputs are read.
    pub readout: Readout,
    /// Whether layers have biases.
    pub bias: bool,
    /// Whether outputs have biases.
    pub output_bias: bool,
    /// Whether the outputs pass through a ReLU.
    pub output_relu: bool,
    /// Indices, from 0, of the layers with the identity in place of the ReLU.
    pub linear_layers: Vec<usize>,
}

impl Architecture {
    /// Returns residual layers on a fixed embedding whose transpose reads the outputs, without
    /// biases and without a ReLU on the outputs: the network of Braun et al. (2025).
    pub fn residual(features: usize, hidden: usize) -> Self {
        Self {
            features,
            hidden,
            outputs: features,
            layers: 0,
            width: 1,
            stack: Stack::Residual,
            learned_embedding: false,
            readout: Readout::Transpose,
            bias: false,
            output_bias: false,
            output_relu: false,
            linear_layers: Vec::new(),
        }
    }

    /// Returns plain layers with biases on a fixed embedding, with a learned read-out that has
    /// biases and no ReLU.
    pub fn plain(features: usize, hidden: usize, outputs: usize) -> Self {
        Self {
            outputs,
            stack: Stack::Plain,
            readout: Readout::Learned,
            bias: true,
            output_bias: true,
            ..Self::residual(features, hidden)
        }
    }

    /// Returns the paper's autoencoder: no layers, all parameters learned, a ReLU on the outputs.
    pub fn autoencoder(features: usize, hidden: usize) -> Self {
        Self {
            learned_embedding: true,
            readout: Readout::Learned,
            output_bias: true,
            output_relu: true,
            ..Self::residual(features, hidden)
        }
    }

    /// Returns the same architecture with this number of layers.
    #[must_use]
    pub fn with_layers(self, layers: usize) -> Self {
        Self { layers, ..self }
    }

    /// Returns the same architecture with `width` neurons in each layer. The default is one.
    #[must_use]
    pub fn with_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Checks the sizes, that the read-out has something to read, and that the linear layers exist.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, given, least) in [
            ("features", self.features, 1),
            ("hidden", self.hidden, 1),
            ("outputs", self.outputs, 1),
            ("width", self.width, 1),
            ("layers", self.layers, 0),
        ] {
            if !(least..=u32::MAX as usize).contains(&given) {
                return Err(Error::Size { name, given, least });
            }
        }
        if self.readout == Readout::Transpose && (self.outputs != self.features || !self.has_stream()) {
            return Err(Error::Transpose { features: self.features, outputs: self.outputs });
        }
        match self.linear_layers.iter().find(|&&layer| layer >= self.layers) {
            Some(&given) => Err(Error::Layer { given, layers: self.layers }),
            None => Ok(()),
        }
    }

    /// Returns whether the outputs are read from the space of the embedding, so that features reach
    /// them without passing a neuron.
    pub(crate) fn has_stream(&self) -> bool {
        self.stack == Stack::Residual || self.layers == 0
    }

    /// Returns the name and the shape of each block of parameters, in order.
    pub(crate) fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        let &Self { features, hidden, outputs, layers, width, .. } = self;
        let (residual, some) = (self.stack == Stack::Residual, layers > 0);
        let read = if self.has_stream() { hidden } else { width };
        let blocks = [
            (self.learned_embedding, "embedding", vec![features, hidden]),
            (some && residual, "input", vec![layers, hidden, width]),
            (some && residual, "output", vec![layers, width, hidden]),
            (some && !residual, "first", vec![hidden, width]),
            (layers > 1 && !residual, "middle", vec![layers - some as usize, width, width]),
            (some && self.bias, "bias", vec![layers, width]),
            (self.readout == Readout::Learned, "readout", vec![read, outputs]),
            (self.output_bias, "output_bias", vec![outputs]),
        ];
        blocks.into_iter().filter(|block| block.0).map(|(_, name, shape)| (name, shape)).collect()
    }

    /// Returns the number of parameters, saturating at 2¹²⁸ − 1.
    pub fn parameters(&self) -> u128 {
        let size =
            |shape: Vec<usize>| shape.into_iter().fold(1_u128, |n, side| n.saturating_mul(side as u128));
        self.blocks().into_iter().fold(0, |sum, (_, shape)| sum.saturating_add(size(shape)))
    }

    /// Returns the range of a block in the list of parameters, empty if there is no such block.
    pub(crate) fn range(&self, name: &str) -> Range<usize> {
        let mut start = 0;
        for (block, shape) in self.blocks() {
            let end = start + shape.iter().product::<usize>();
            if block == name {
                return start..end;
            }
            start = end;
        }
        0..0
    }
}
