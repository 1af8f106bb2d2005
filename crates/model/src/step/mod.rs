//! The products of one training step.
//!
//! A batch with many more samples than features is computed [through W = W_out W_in](composed), any
//! other batch [through the hidden vectors](encoded). In the latter, every product but one has the
//! same form: a table with n_d numbers per row, by feature or by sample, times a matrix that is
//! mostly zero.
//!
//! | product | shape | table | matrix | by |
//! |---|---|---|---|---|
//! | hidden `H = W_in X` | n_d × B | W_in, by feature | X | [`by_sample`] |
//! | preactivation `Z = W_out H + b` | n_s × B | dense | dense | faer, cell by cell |
//! | `∂L/∂H = W_outᵀ Δ` | n_d × B | W_outᵀ, by feature | Δ | [`by_sample`] |
//! | `∂L/∂W_outᵀ = H Δᵀ` | n_d × n_s | H, by sample | Δ | [`by_feature`] |
//! | `∂L/∂W_in = (∂L/∂H) Xᵀ` | n_d × n_s | ∂L/∂H, by sample | X | [`by_feature`] |
//!
//! Δ, and X if it is dense, are stored in cells ([`Cell`](cell::Cell), [`Grid`]), and tables in
//! [`Panels`]. Cells with few non-zeros are [gathered](gather()); the others are multiplied by
//! faer, on one thread per block. `Z` is computed, turned into Δ and compressed cell by cell, so
//! that it stays in a core's cache. If the lists of X have hardly any entries, its two products
//! read the tables in their own layout ([`directly_by_sample`], [`directly_by_feature`]). Each
//! column of a result is summed in a fixed order by one thread, so the bits do not depend on the
//! number of threads.

pub(crate) mod cell;
pub(crate) mod composed;
pub(crate) mod compress;
pub(crate) mod encoded;
pub(crate) mod gather;
pub(crate) mod grid;
pub(crate) mod input;
pub(crate) mod panels;
pub(crate) mod residual;
pub(crate) mod stages;
pub(crate) mod tuning;
pub(crate) mod way;

use faer::{MatMut, MatRef};
use pulp::Arch;
use toy_superposition_data::SparseBatch;
use toy_superposition_data::parallel::for_each_chunk;

use crate::{Scalar, Shape};
use gather::{Lists, Plan, gather, gather_rows};
use grid::Grid;
use input::Input;
use panels::Panels;
use tuning::{COLUMNS, PIECE, ROWS, WIDEST};

/// Returns the encoder, or the transposed decoder, as an n_d × n_s matrix.
pub(crate) fn columns<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(values, shape.hidden(), shape.features())
}

/// Returns the decoder as an n_s × n_d matrix.
pub(crate) fn transposed<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    columns(values, shape).transpose()
}

/// Computes `out = left · right`, column-major, with each block of columns on one thread.
pub(crate) fn multiply_columns<T: Scalar>(out: &mut [T], left: MatRef<'_, T>, right: MatRef<'_, T>) {
    /// The number of columns of a block.
    const BLOCK: usize = 64;
    for_each_chunk(out, left.nrows() * BLOCK, |k, chunk| {
        let count = chunk.len() / left.nrows();
        let out = MatMut::from_column_major_slice_mut(chunk, left.nrows(), count);
        T::multiply(out, left, right.subcols(k * BLOCK, count), false);
    });
}

/// Sets column `s` of `out` (n_d × B) to `Σ_i M_is · (row i of the table)`.
pub(crate) fn by_sample<T: Scalar>(arch: Arch, out: &mut Panels<T>, table: &Panels<T>, matrix: &Grid<T>) {
    let width = table.width();
    out.for_each_block(|panel, sample, block| {
        block.fill(T::zero());
        let table = table.panel(panel);
        let mut row = 0;
        for cell in matrix.block(sample / COLUMNS) {
            let block = &mut block[..cell.columns() * width];
            if cell.is_dense() {
                let values = MatRef::from_column_major_slice(&cell.values, cell.rows(), cell.columns());
                let table = &table[row * width..][..cell.rows() * width];
                let table = MatRef::from_column_major_slice(table, width, cell.rows());
                let out = MatMut::from_column_major_slice_mut(block, width, cell.columns());
                T::multiply(out, table, values, true);
            } else {
                let step = cell.feature_pieces();
                for piece in 0..step {
                    let table = &table[(row + piece * PIECE) * width..];
                    let plan = Plan { first: piece, step, width };
                    gather(arch, block, table, cell.by_sample(), plan);
                }
            }
            row += cell.rows();
        }
    });
}

/// Computes [`by_sample`] for a batch as lists.
pub(crate) fn listed_by_sample<T: Scalar>(
    arch: Arch,
    out: &mut Panels<T>,
    table: &Panels<T>,
    input: &Input<T>,
    batch: &SparseBatch<T>,
) {
    let (width, (lists, step)) = (table.width(), input.by_sample(batch));
    out.for_each_block(|panel, sample, block| {
        block.fill(T::zero());
        let samples = COLUMNS.min(batch.samples() - sample);
        for piece in 0..step {
            let plan = Plan { first: sample * step + piece, step, width };
            gather(arch, &mut block[..samples * width], table.panel(panel), lists, plan);
        }
    });
}

/// Memory aligned to cache lines.
#[repr(align(64))]
struct Aligned<T>(T);

/// Sets column `i` of `out` (n_d × n_s) to `Σ_s M_is · (row s of the table)`, or adds the sum to it
/// if `add`.
pub(crate) fn by_feature<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    table: &Panels<T>,
    matrix: &Grid<T>,
    add: bool,
) {
    let width = table.width();
    by_feature_with(out, table, add, |k, sums, table| {
        // A cell has at least as many features as a chunk.
        let (cell, row) = matrix.place(k * ROWS);
        for (block, cells) in matrix.blocks().enumerate() {
            let cell = &cells[cell];
            let table = &table[block * COLUMNS * width..];
            if cell.is_dense() {
                let values = MatRef::from_column_major_slice(&cell.values, cell.rows(), cell.columns());
                let table =
                    MatRef::from_column_major_slice(&table[..cell.columns() * width], width, cell.columns());
                let features = sums.len() / width;
                let sums = MatMut::from_column_major_slice_mut(sums, width, features);
                T::multiply(sums, table, values.subrows(row, features).transpose(), true);
            } else {
                for piece in 0..cell.sample_pieces() {
                    let plan = Plan { first: piece * cell.rows() + row, step: 1, width };
                    gather(arch, sums, &table[piece * PIECE * width..], cell.by_feature(), plan);
                }
            }
        }
    });
}

/// Computes [`by_feature`] for a batch as lists.
pub(crate) fn listed_by_feature<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    table: &Panels<T>,
    input: &Input<T>,
    add: bool,
) {
    let width = table.width();
    by_feature_with(out, table, add, |k, sums, table| {
        for (sample, lists) in input.by_feature() {
            let plan = Plan { first: k * ROWS, step: 1, width };
            gather(arch, sums, &table[sample * width..], lists, plan);
        }
    });
}

/// For each [`ROWS`] features, stores or adds the sums that `sum(k, sums, panel)` adds to zeros,
/// panel by panel, with W numbers per feature. `k` numbers the blocks of features.
fn by_feature_with<T: Scalar>(
    out: &mut [T],
    table: &Panels<T>,
    add: bool,
    sum: impl Fn(usize, &mut [T], &[T]) + Send + Sync,
) {
    let (width, rows) = (table.width(), table.columns());
    for_each_chunk(out, rows * ROWS, |k, chunk| {
        // Columns of `chunk` are often a power of two apart, and would share few cache sets.
        let mut memory = Aligned([T::zero(); ROWS * WIDEST]);
        let features = chunk.len() / rows;
        for (panel, lanes) in table.lanes().enumerate() {
            let sums = &mut memory.0[..features * width];
            sums.fill(T::zero());
            sum(k, sums, table.panel(panel));
            for (column, sums) in chunk.chunks_exact_mut(rows).zip(sums.chunks_exact(width)) {
                let (column, sums) = (&mut column[lanes.clone()], &sums[..lanes.len()]);
                if add {
                    column.iter_mut().zip(sums).for_each(|(to, &sum)| *to += sum);
                } else {
                    column.copy_from_slice(sums);
                }
            }
        }
    });
}

/// Computes [`by_sample`] for a batch too sparse for lists, from a table of `rows` numbers per row.
pub(crate) fn directly_by_sample<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    rows: usize,
    table: &[T],
    batch: &SparseBatch<T>,
) {
    /// The number of samples that one thread takes at a time.
    const SAMPLES: usize = 64;
    for_each_chunk(out, rows * SAMPLES, |k, chunk| {
        gather_rows(arch, chunk, rows, table, (Lists::of(batch), k * SAMPLES), false);
    });
}

/// Computes [`by_feature`] for a batch too sparse for lists.
pub(crate) fn directly_by_feature<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    rows: usize,
    table: &[T],
    input: &Input<T>,
    add: bool,
) {
    for_each_chunk(out, rows * ROWS, |k, chunk| {
        for (sample, lists) in input.by_feature() {
            gather_rows(arch, chunk, rows, &table[sample * rows..], (lists, k * ROWS), add || sample > 0);
        }
    });
}
