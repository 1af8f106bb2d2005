//! The step that computes the hidden vectors `H = W_in X` (see the table of the [module](super)).

use faer::{MatMut, MatRef};

use super::cell::Cell;
use super::grid::Grid;
use super::input::{Form, Input};
use super::panels::Panels;
use super::stages::Stages;
use super::tuning::{COLUMNS, PIECE};
use super::way::Step;
use super::{by_feature, by_sample};
use crate::Scalar;

/// The tables of a step, with their memory.
#[derive(Debug, Default)]
pub(crate) struct Encoded<T> {
    /// H, n_d × B; if X is multiplied directly, ∂L/∂H later replaces it.
    hidden: Vec<T>,
    /// H by sample. If X is multiplied directly, it is filled for the gradient only.
    hidden_table: Panels<T>,
    hidden_gradient: Panels<T>,
    /// The encoder in the forward pass, then the decoder.
    weights: Panels<T>,
}

impl<T: Scalar> Encoded<T> {
    /// Computes H.
    pub(crate) fn encode(&mut self, step: &Step<'_, T>, input: &Input<T>) {
        let &Step { arch, model, batch } = step;
        let (encoder, hidden, samples) =
            (model.parameters().encoder_slice(), model.hidden(), batch.samples());
        self.hidden.resize(hidden * samples, T::zero());
        if input.form == Form::Direct {
            super::directly_by_sample(arch, &mut self.hidden, hidden, encoder, batch);
            return;
        }
        self.weights.pack(encoder, hidden);
        self.hidden_table.resize(samples, hidden);
        if input.form == Form::Dense {
            by_sample(arch, &mut self.hidden_table, &self.weights, &input.grid);
        } else {
            super::listed_by_sample(arch, &mut self.hidden_table, &self.weights, input, batch);
        }
        self.hidden_table.unpack(&mut self.hidden);
    }

    /// Computes `W_out H` for the cell that begins at feature `row` and sample `column`.
    pub(crate) fn decode(&self, step: &Step<'_, T>, cell: &mut Cell<T>, row: usize, column: usize) {
        let (hidden, samples) = (step.model.hidden(), step.batch.samples());
        let h = MatRef::from_column_major_slice(&self.hidden, hidden, samples);
        let (height, width) = (cell.rows(), cell.columns());
        let z = MatMut::from_column_major_slice_mut(&mut cell.values, height, width);
        T::multiply(z, step.decoder().subrows(row, height), h.subcols(column, width), false);
    }

    /// Writes ∂L/∂W_outᵀ and ∂L/∂W_in. For tied weights the latter is added to the former.
    pub(crate) fn backward(
        &mut self,
        step: &Step<'_, T>,
        input: &mut Input<T>,
        residual: &Grid<T>,
        (encoder_gradient, decoder_gradient): (Option<&mut [T]>, &mut [T]),
        stages: &mut Stages,
    ) {
        let &Step { arch, model, batch } = step;
        let (hidden, samples) = (model.hidden(), batch.samples());
        if input.form == Form::Direct {
            self.hidden_table.pack(&self.hidden, hidden);
        }
        self.weights.pack(model.parameters().decoder_slice(), hidden);
        self.hidden_gradient.resize(samples, hidden);
        by_sample(arch, &mut self.hidden_gradient, &self.weights, residual);
        stages.lap("hidden gradient");

        by_feature(arch, decoder_gradient, &self.hidden_table, residual, false);
        stages.lap("decoder gradient");

        let tied = encoder_gradient.is_none();
        let out = encoder_gradient.unwrap_or(decoder_gradient);
        match input.form {
            Form::Direct => {
                self.hidden_gradient.unpack(&mut self.hidden);
                input.transpose(batch, COLUMNS);
                super::directly_by_feature(arch, out, hidden, &self.hidden, input, tied);
            }
            Form::Listed => {
                input.transpose(batch, PIECE);
                super::listed_by_feature(arch, out, &self.hidden_gradient, input, tied);
            }
            Form::Dense => by_feature(arch, out, &self.hidden_gradient, &input.grid, tied),
        }
        stages.lap("encoder gradient");
    }
}
