//! The products of one training step.
//!
//! Everything is "n_d numbers a feature" or "n_d numbers a sample", so that each product but one has the same
//! form: a table with n_d numbers a row, times a matrix that is mostly zero.
//!
//! | product | shape | table | matrix |
//! |---|---|---|---|
//! | hidden `H = W_in X` | n_d × B | W_in, by feature | X, by sample |
//! | preactivation `Z = W_out H + b` | n_s × B | dense | dense |
//! | `∂L/∂H = W_outᵀ Δ` | n_d × B | W_outᵀ, by feature | Δ, by sample |
//! | `∂L/∂W_outᵀ = H Δᵀ` | n_d × n_s | H, by sample | Δᵀ, by feature |
//! | `∂L/∂W_in = (∂L/∂H) Xᵀ` | n_d × n_s | ∂L/∂H, by sample | Xᵀ, by feature |
//!
//! [`gather`](gather()) does the sparse ones from tables in [`Panels`], faer the dense ones on one thread a block.
//! `Z` is made, turned into Δ and compressed cell by cell ([`Cell`]), so that it does not leave a core's cache.
//! Each column of a result is summed in one order by one thread: the bits do not depend on the number of threads.

pub(crate) mod cell;
pub(crate) mod compress;
pub(crate) mod gather;
pub(crate) mod input;
pub(crate) mod panels;
pub(crate) mod parallel;
pub(crate) mod residual;

use faer::{MatMut, MatRef};
use pulp::Arch;
use toy_superposition_data::SparseBatch;

use crate::{Scalar, Shape};
use cell::{COLUMNS, Cell};
use gather::{Lists, Plan, gather};
use input::Input;
use panels::{BLOCK, Panels};
use parallel::for_each_chunk;

/// Samples whose hidden values one thread computes at a time.
const ENCODED: usize = 64;

/// Features whose gradients one thread computes at a time; it divides the rows of a cell.
const GRADIENTS: usize = 128;

/// n_d × n_s: the encoder, or the transposed decoder.
pub(crate) fn columns<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(values, shape.hidden(), shape.features())
}

/// n_s × n_d: the decoder.
pub(crate) fn transposed<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    columns(values, shape).transpose()
}

/// `H = W_in X` from the sparse X.
pub(crate) fn encode<T: Scalar>(
    arch: Arch,
    hidden: &mut [T],
    encoder: &Panels<T>,
    batch: &SparseBatch<T>,
    rows: usize,
) {
    let width = encoder.width();
    for_each_chunk(hidden, rows * ENCODED, |k, chunk| {
        chunk.fill(T::zero());
        for panel in 0..encoder.count() {
            let lane = panel * width;
            let lists = Lists { offsets: batch.offsets(), indices: batch.indices(), values: batch.values() };
            let lanes = width.min(rows - lane);
            let plan = Plan { first: k * ENCODED, step: 1, stride: rows, lanes, width };
            gather(arch, &mut chunk[lane..], encoder.panel(panel), lists, plan);
        }
    });
}

/// `out = left · right`, column-major, each block of columns by one thread.
pub(crate) fn multiply_columns<T: Scalar>(out: &mut [T], left: MatRef<'_, T>, right: MatRef<'_, T>) {
    for_each_chunk(out, left.nrows() * BLOCK, |k, chunk| {
        let count = chunk.len() / left.nrows();
        let out = MatMut::from_column_major_slice_mut(chunk, left.nrows(), count);
        T::multiply(out, left, right.subcols(k * BLOCK, count), false);
    });
}

/// `∂L/∂H = W_outᵀ Δ`; `cells` of one block of samples after the other, `by_feature` cells each.
pub(crate) fn hidden_gradient<T: Scalar>(
    arch: Arch,
    out: &mut Panels<T>,
    decoder: &Panels<T>,
    cells: &[Cell<T>],
    cells_a_block: usize,
) {
    let width = decoder.width();
    out.for_each_block(|panel, sample, block| {
        block.fill(T::zero());
        let table = decoder.panel(panel);
        let mut row = 0;
        for cell in &cells[sample / COLUMNS * cells_a_block..][..cells_a_block] {
            let block = &mut block[..cell.columns() * width];
            if cell.is_dense() {
                let delta = MatRef::from_column_major_slice(&cell.residual, cell.rows(), cell.columns());
                let table = &table[row * width..][..cell.rows() * width];
                let table = MatRef::from_column_major_slice(table, width, cell.rows());
                let out = MatMut::from_column_major_slice_mut(block, width, cell.columns());
                T::multiply(out, table, delta, true);
            } else {
                let step = cell.feature_pieces();
                for piece in 0..step {
                    let table = &table[(row + piece * cell::PIECE) * width..];
                    let plan = Plan { first: piece, step, stride: width, lanes: width, width };
                    gather(arch, block, table, cell.by_sample(), plan);
                }
            }
            row += cell.rows();
        }
    });
}

/// `∂L/∂W_outᵀ = H Δᵀ`.
pub(crate) fn decoder_gradient<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    hidden: MatRef<'_, T>,
    table: &Panels<T>,
    cells: &[Cell<T>],
    cells_a_block: usize,
) {
    let (rows, width) = (hidden.nrows(), table.width());
    for_each_chunk(out, rows * GRADIENTS, |k, chunk| {
        chunk.fill(T::zero());
        let (features, first) = (chunk.len() / rows, k * GRADIENTS);
        // All cells but the last of a block have as many rows as the first.
        let cell_rows = cells[0].rows();
        let row = first % cell_rows;
        let column = |block: usize| &cells[block * cells_a_block + first / cell_rows];
        for block in 0..cells.len() / cells_a_block {
            let cell = column(block);
            if cell.is_dense() {
                let delta = MatRef::from_column_major_slice(&cell.residual, cell.rows(), cell.columns());
                let out = MatMut::from_column_major_slice_mut(&mut *chunk, rows, features);
                let hidden = hidden.subcols(block * COLUMNS, cell.columns());
                T::multiply(out, hidden, delta.subrows(row, features).transpose(), true);
            }
        }
        for panel in 0..table.count() {
            let lane = panel * width;
            for block in 0..cells.len() / cells_a_block {
                let cell = column(block);
                if cell.is_dense() {
                    continue;
                }
                for piece in 0..cell.sample_pieces() {
                    let table = &table.panel(panel)[(block * COLUMNS + piece * cell::PIECE) * width..];
                    let lanes = width.min(rows - lane);
                    let plan = Plan { first: piece * cell.rows() + row, step: 1, stride: rows, lanes, width };
                    gather(arch, &mut chunk[lane..], table, cell.by_feature(), plan);
                }
            }
        }
    });
}

/// `∂L/∂W_in = (∂L/∂H) Xᵀ`, added to `out` if `add`.
pub(crate) fn encoder_gradient<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    rows: usize,
    table: &Panels<T>,
    input: &Input<T>,
    add: bool,
) {
    let width = table.width();
    for_each_chunk(out, rows * GRADIENTS, |k, chunk| {
        if !add {
            chunk.fill(T::zero());
        }
        for panel in 0..table.count() {
            let lane = panel * width;
            for (block, lists) in input.blocks().enumerate() {
                let table = &table.panel(panel)[block * BLOCK * width..];
                let lanes = width.min(rows - lane);
                let plan = Plan { first: k * GRADIENTS, step: 1, stride: rows, lanes, width };
                gather(arch, &mut chunk[lane..], table, lists, plan);
            }
        }
    });
}

/// The same from the dense X.
pub(crate) fn encoder_gradient_dense<T: Scalar>(
    out: &mut [T],
    rows: usize,
    table: &Panels<T>,
    x: MatRef<'_, T>,
    add: bool,
) {
    let width = table.width();
    for_each_chunk(out, rows * GRADIENTS, |k, chunk| {
        let features = chunk.len() / rows;
        let mut out = MatMut::from_column_major_slice_mut(chunk, rows, features);
        let x = x.subrows(k * GRADIENTS, features).transpose();
        for panel in 0..table.count() {
            let lanes = width.min(rows - panel * width);
            let table = &table.panel(panel)[..x.nrows() * width];
            let table = MatRef::from_column_major_slice(table, width, x.nrows()).subrows(0, lanes);
            T::multiply(out.as_mut().subrows_mut(panel * width, lanes), table, x, add);
        }
    });
}
