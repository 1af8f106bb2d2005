//! The step that computes the n_s × n_s matrix `W = W_out W_in`, whose products with X are sparse.
//! It is used for batches with many more samples than features.
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

/// The number of columns of W that one thread takes at a time.
const PART_COLUMNS: usize = 64;

/// The number of rows of W that one thread takes at a time, all of one block.
const PART_ROWS: usize = 32;

const _: () = assert!(tuning::ROWS.is_multiple_of(PART_ROWS));

/// W, and later ∂L/∂W, in blocks of rows (those of the cells of Δ), each column-major.
#[derive(Debug, Default)]
pub(crate) struct Composed<T> {
    values: Vec<T>,
    features: usize,
    /// Number of rows of each block except the last.
    rows: usize,
}

impl Shape {
    /// Returns whether a training step of a model of this shape computes the product
    /// `W = W_out W_in` rather than the hidden vectors of its batch. The batch has `samples` = B
    /// samples with `entries` = E non-zero features in total.
    ///
    /// [`MinibatchLoss`](crate::MinibatchLoss) uses the method that multiplies less, which is W if
    /// ```text
    /// 3 n_s² n_d + 2 n_s E < 2 B n_s n_d .
    /// ```
    /// The left side counts three dense products with W and two sparse ones with n_s
    /// multiplications per entry. The right side counts the dense product with the hidden vectors
    /// and, roughly, the same amount for the sparse ones.
    pub fn multiplies_out(self, samples: usize, entries: f64) -> bool {
        3.0 * self.features() as f64 + 2.0 * entries / (self.hidden() as f64) < 2.0 * samples as f64
    }
}

/// Returns whether a step on this batch computes W. A loss without gradient uses the same method,
/// so that it has the same bits as a loss with its gradient.
pub(crate) fn pays<T: Scalar>(shape: Shape, batch: &SparseBatch<T>) -> bool {
    shape.multiplies_out(batch.samples(), batch.non_zeros() as f64)
}

impl<T: Scalar> Composed<T> {
    /// Computes W, in blocks of `rows` rows.
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

    /// Computes `W x` for the cell that begins at feature `row` and sample `column`.
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

    /// Writes ∂L/∂W_outᵀ and ∂L/∂W_in. For tied weights the latter is added to the former.
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

    /// Returns the entries of the block that begins at feature `row`.
    fn entries(&self, row: usize) -> &[T] {
        let height = self.rows.min(self.features - row);
        &self.values[row * self.features..][..height * self.features]
    }

    /// Returns the block that begins at feature `row`.
    fn block(&self, row: usize) -> MatRef<'_, T> {
        let entries = self.entries(row);
        MatRef::from_column_major_slice(entries, entries.len() / self.features, self.features)
    }

    /// Computes ∂L/∂W_outᵀ from ∂L/∂W.
    fn decoder_gradient(&self, out: &mut [T], encoder: MatRef<'_, T>) {
        let hidden = encoder.nrows();
        for_each_chunk(out, hidden * PART_ROWS, |k, chunk| {
            let rows = chunk.len() / hidden;
            let out = MatMut::from_column_major_slice_mut(chunk, hidden, rows);
            let block = self.block(k * PART_ROWS / self.rows * self.rows);
            T::multiply(out, encoder, block.subrows(k * PART_ROWS % self.rows, rows).transpose(), false);
        });
    }

    /// Computes ∂L/∂W_in from ∂L/∂W, and adds it to `out` if `add`.
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
