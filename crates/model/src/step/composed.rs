//! The step through the n_s × n_s matrix `W = W_out W_in`, whose products with X are sparse: for
//! batches of many more samples than features.
//!
//! | product | shape | by |
//! |---|---|---|
//! | `W = W_out W_in` | n_s × n_s | faer |
//! | preactivation less the bias `W X` | n_s × B | [`gather_rows`] |
//! | `∂L/∂W = Δ Xᵀ` | n_s × n_s | [`gather_rows`] |
//! | `∂L/∂W_outᵀ = W_in (∂L/∂W)ᵀ` | n_d × n_s | faer |
//! | `∂L/∂W_in = W_outᵀ ∂L/∂W` | n_d × n_s | faer |

use faer::{MatMut, MatRef};
use pulp::Arch;
use toy_superposition_data::SparseBatch;
use toy_superposition_data::parallel::for_each_chunk;

use super::cell::Cell;
use super::gather::{Lists, gather_rows};
use super::grid::Grid;
use super::input::Input;
use super::stages::Stages;
use super::tuning;
use super::way::Step;
use crate::{Scalar, Shape};

/// Columns of W that one thread takes at a time.
const PART_COLUMNS: usize = 64;

/// Rows of W that one thread takes at a time: they are of one block.
const PART_ROWS: usize = 32;

const _: () = assert!(tuning::ROWS.is_multiple_of(PART_ROWS));

/// W, and then ∂L/∂W, in blocks of rows (those of the cells of Δ), each column-major.
#[derive(Debug, Default)]
pub(crate) struct Composed<T> {
    values: Vec<T>,
    features: usize,
    /// Rows of all blocks but the last.
    rows: usize,
}

impl Shape {
    /// Returns whether a training step of a model of this shape goes through the product
    /// `W = W_out W_in`, and not through the hidden vectors of its batch, for `samples` B samples
    /// that have `entries` E features on in all of them together.
    /// [`MinibatchLoss`](crate::MinibatchLoss) takes the way that has less to multiply, through W if
    /// ```text
    /// 3 n_s² n_d + 2 n_s E < 2 B n_s n_d .
    /// ```
    /// On the left are three dense products of W and two sparse ones with n_s for each entry. On
    /// the right is the dense product with the hidden vectors and, roughly, as much again for the
    /// sparse ones.
    pub fn multiplies_out(self, samples: usize, entries: f64) -> bool {
        3.0 * self.features() as f64 + 2.0 * entries / (self.hidden() as f64) < 2.0 * samples as f64
    }
}

/// Whether a step on this batch goes through W. A loss alone goes the same way, so that it has the
/// bits of a loss with its gradient.
pub(crate) fn pays<T: Scalar>(shape: Shape, batch: &SparseBatch<T>) -> bool {
    shape.multiplies_out(batch.samples(), batch.non_zeros() as f64)
}

impl<T: Scalar> Composed<T> {
    /// W, in blocks of `rows` rows.
    pub(crate) fn compose(&mut self, decoder: MatRef<'_, T>, encoder: MatRef<'_, T>, rows: usize) {
        let features = encoder.ncols();
        (self.features, self.rows) = (features, rows);
        self.values.resize(features * features, T::zero());
        self.for_each_part(|block, column, height, part| {
            let columns = part.len() / height;
            let out = MatMut::from_column_major_slice_mut(part, height, columns);
            T::multiply(out, decoder.subrows(block * rows, height), encoder.subcols(column, columns), false);
        });
    }

    /// Runs `work(block, first column, rows, part)` on [`PART_COLUMNS`] columns at a time of each
    /// block, in parallel.
    fn for_each_part(&mut self, work: impl Fn(usize, usize, usize, &mut [T]) + Send + Sync) {
        let features = self.features;
        for_each_chunk(&mut self.values, self.rows * features, |k, block| {
            let height = block.len() / features;
            for_each_chunk(block, height * PART_COLUMNS, |part, values| {
                work(k, part * PART_COLUMNS, height, values);
            });
        });
    }

    /// `W x` of the cell that begins at feature `row` and sample `column`.
    pub(crate) fn decode(
        &self,
        arch: Arch,
        cell: &mut Cell<T>,
        batch: &SparseBatch<T>,
        row: usize,
        column: usize,
    ) {
        let height = cell.rows();
        gather_rows(arch, &mut cell.values, height, self.entries(row), (Lists::of(batch), column), false);
    }

    /// ∂L/∂W_outᵀ and ∂L/∂W_in; without a place of its own the latter is added to the former.
    pub(crate) fn backward(
        &mut self,
        step: &Step<'_, T>,
        input: &mut Input<T>,
        residual: &Grid<T>,
        (encoder_gradient, decoder_gradient): (Option<&mut [T]>, &mut [T]),
        stages: &mut Stages,
    ) {
        self.differentiate(step.arch, residual, input, step.batch);
        stages.lap("gradient of the product");
        self.decoder_gradient(decoder_gradient, step.encoder());
        stages.lap("decoder gradient");
        let tied = encoder_gradient.is_none();
        self.encoder_gradient(encoder_gradient.unwrap_or(decoder_gradient), step.decoder(), tied);
        stages.lap("encoder gradient");
    }

    /// Replaces W by ∂L/∂W.
    fn differentiate(
        &mut self,
        arch: Arch,
        residual: &Grid<T>,
        input: &mut Input<T>,
        batch: &SparseBatch<T>,
    ) {
        input.transpose(batch, tuning::COLUMNS);
        let input = &*input;
        self.for_each_part(|block, column, height, part| {
            for (cells, (sample, lists)) in residual.blocks().zip(input.by_feature()) {
                gather_rows(arch, part, height, &cells[block].values, (lists, column), sample > 0);
            }
        });
    }

    /// The entries of the block that begins at feature `row`.
    fn entries(&self, row: usize) -> &[T] {
        let height = self.rows.min(self.features - row);
        &self.values[row * self.features..][..height * self.features]
    }

    /// That block.
    fn block(&self, row: usize) -> MatRef<'_, T> {
        let entries = self.entries(row);
        MatRef::from_column_major_slice(entries, entries.len() / self.features, self.features)
    }

    /// ∂L/∂W_outᵀ, from ∂L/∂W.
    fn decoder_gradient(&self, out: &mut [T], encoder: MatRef<'_, T>) {
        let hidden = encoder.nrows();
        for_each_chunk(out, hidden * PART_ROWS, |k, chunk| {
            let rows = chunk.len() / hidden;
            let out = MatMut::from_column_major_slice_mut(chunk, hidden, rows);
            let block = self.block(k * PART_ROWS / self.rows * self.rows);
            T::multiply(out, encoder, block.subrows(k * PART_ROWS % self.rows, rows).transpose(), false);
        });
    }

    /// ∂L/∂W_in, from ∂L/∂W; added to what is there if `add`.
    fn encoder_gradient(&self, out: &mut [T], decoder: MatRef<'_, T>, add: bool) {
        let hidden = decoder.ncols();
        for_each_chunk(out, hidden * PART_COLUMNS, |k, chunk| {
            let columns = chunk.len() / hidden;
            let mut out = MatMut::from_column_major_slice_mut(chunk, hidden, columns);
            for row in (0..self.features).step_by(self.rows) {
                let block = self.block(row).subcols(k * PART_COLUMNS, columns);
                let decoder = decoder.subrows(row, block.nrows()).transpose();
                T::multiply(out.as_mut(), decoder, block, add || row > 0);
            }
        });
    }
}
