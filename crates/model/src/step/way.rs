//! The two ways that a step can go. Each has memory of its own, kept from step to step while steps
//! go that way.

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

/// What a step is of.
#[derive(Debug)]
pub(crate) struct Step<'a, T: Scalar> {
    pub(crate) arch: Arch,
    pub(crate) model: &'a Autoencoder<T>,
    pub(crate) batch: &'a SparseBatch<T>,
}

impl<T: Scalar> Step<'_, T> {
    /// `W_in`, n_d × n_s.
    pub(crate) fn encoder(&self) -> MatRef<'_, T> {
        columns(self.model.parameters().encoder_slice(), self.model.shape())
    }

    /// `W_out`, n_s × n_d.
    pub(crate) fn decoder(&self) -> MatRef<'_, T> {
        transposed(self.model.parameters().decoder_slice(), self.model.shape())
    }
}

/// The way that a step goes, with its memory.
#[derive(Debug)]
pub(crate) enum Way<T> {
    /// Through the hidden vectors `H = W_in X`.
    Encoded(Encoded<T>),
    /// Through `W = W_out W_in`.
    Composed(Composed<T>),
}

impl<T: Scalar> Default for Way<T> {
    fn default() -> Self {
        Self::Encoded(Encoded::default())
    }
}

impl<T: Scalar> Way<T> {
    /// Takes the way of less work, and does what comes before the cells of Δ, which have `rows`
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

    /// Fills the cell that begins at feature `row` and sample `column` with the preactivation, less
    /// the bias.
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

    /// The gradient of encoder and decoder, from Δ in cells that are [prepared](Self::prepare).
    pub(crate) fn backward(
        &mut self,
        step: &Step<'_, T>,
        input: &mut Input<T>,
        residual: &Grid<T>,
        gradient: &mut Parameters<T>,
        stages: &mut Stages,
    ) {
        // ∂L/∂W_in goes second, so that tied weights add it to ∂L/∂W_outᵀ.
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
