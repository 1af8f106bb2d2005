//! The two methods of a step. Each has scratch memory of its own, which is kept while successive
//! steps use that method.

use faer::MatRef;
use pulp::Arch;
use toy_superposition_data::SparseBatch;

use super::cell::Cell;
use super::composed::{self, Composed};
use super::encoded::Encoded;
use super::grid::Grid;
use super::input::Input;
use super::stages::Stages;
use super::{columns, transposed};
use crate::{Autoencoder, Parameters, Scalar};

/// The inputs of a step.
#[derive(Debug)]
pub(crate) struct Step<'a, T: Scalar> {
    pub(crate) arch: Arch,
    pub(crate) model: &'a Autoencoder<T>,
    pub(crate) batch: &'a SparseBatch<T>,
}

impl<T: Scalar> Step<'_, T> {
    /// Returns `W_in`, n_d × n_s.
    pub(crate) fn encoder(&self) -> MatRef<'_, T> {
        columns(self.model.parameters().encoder_slice(), self.model.shape())
    }

    /// Returns `W_out`, n_s × n_d.
    pub(crate) fn decoder(&self) -> MatRef<'_, T> {
        transposed(self.model.parameters().decoder_slice(), self.model.shape())
    }
}

/// The method of a step, with its scratch memory.
#[derive(Debug)]
pub(crate) enum Way<T> {
    /// The step computes the hidden vectors `H = W_in X`.
    Encoded(Encoded<T>),
    /// The step computes the product `W = W_out W_in`.
    Composed(Composed<T>),
}

impl<T: Scalar> Default for Way<T> {
    fn default() -> Self {
        Self::Encoded(Encoded::default())
    }
}

impl<T: Scalar> Way<T> {
    /// Chooses the method of less work, and computes what the cells of Δ need, which have `rows`
    /// features.
    pub(crate) fn begin(&mut self, step: &Step<'_, T>, input: &Input<T>, rows: usize, stages: &mut Stages) {
        match (composed::pays(step.model.shape(), step.batch), &*self) {
            (true, Self::Encoded(_)) => *self = Self::Composed(Composed::default()),
            (false, Self::Composed(_)) => *self = Self::Encoded(Encoded::default()),
            _ => {}
        }
        match self {
            Self::Encoded(encoded) => {
                encoded.encode(step, input);
                stages.lap("encode");
            }
            Self::Composed(composed) => {
                composed.compose(step.decoder(), step.encoder(), rows);
                stages.lap("product of the weights");
            }
        }
    }

    /// Fills the cell that begins at feature `row` and sample `column` with the preactivation
    /// without the bias.
    pub(crate) fn decode(&self, step: &Step<'_, T>, cell: &mut Cell<T>, row: usize, column: usize) {
        match self {
            Self::Encoded(encoded) => encoded.decode(step, cell, row, column),
            Self::Composed(composed) => composed.decode(step.arch, cell, step.batch, row, column),
        }
    }

    /// Prepares a cell of Δ for [`backward`](Self::backward).
    pub(crate) fn prepare(&self, arch: Arch, cell: &mut Cell<T>) {
        match self {
            Self::Encoded(_) => cell.compress(arch),
            Self::Composed(_) => {}
        }
    }

    /// Writes the gradients of encoder and decoder, from cells of Δ that are
    /// [prepared](Self::prepare).
    pub(crate) fn backward(
        &mut self,
        step: &Step<'_, T>,
        input: &mut Input<T>,
        residual: &Grid<T>,
        gradient: &mut Parameters<T>,
        stages: &mut Stages,
    ) {
        // ∂L/∂W_in is computed second, so that tied weights add it to ∂L/∂W_outᵀ.
        let (encoder, decoder) = match gradient.split_mut() {
            (encoder, Some(decoder), _) => (Some(encoder), decoder),
            (both, None, _) => (None, both),
        };
        match self {
            Self::Encoded(encoded) => encoded.backward(step, input, residual, (encoder, decoder), stages),
            Self::Composed(composed) => composed.backward(step, input, residual, (encoder, decoder), stages),
        }
    }
}
