//! The products of one training step.
//!
//! A batch of many more samples than features goes [through W = W_out W_in](composed), any other
//! [through the hidden vectors](encoded):
//!
//! Everything is "n_d numbers per feature" or "n_d numbers per sample": each product but one
//! has the same form, a table with n_d numbers per row times a matrix that is mostly zero.
//!
//! | product | shape | table | matrix | by |
//! |---|---|---|---|---|
//! | hidden `H = W_in X` | n_d × B | W_in, by feature | X | [`by_sample`] |
//! | preactivation `Z = W_out H + b` | n_s × B | dense | dense | faer, cell by cell |
//! | `∂L/∂H = W_outᵀ Δ` | n_d × B | W_outᵀ, by feature | Δ | [`by_sample`] |
//! | `∂L/∂W_outᵀ = H Δᵀ` | n_d × n_s | H, by sample | Δ | [`by_feature`] |
//! | `∂L/∂W_in = (∂L/∂H) Xᵀ` | n_d × n_s | ∂L/∂H, by sample | X | [`by_feature`] |
//!
//! Δ, and X where it is dense, is in cells ([`Cell`](cell::Cell), [`Grid`]), tables in [`Panels`];
//! cells with few non-zeros are [gathered](gather()), the others multiplied by faer on one thread a
//! block. `Z` is made, turned into Δ and compressed cell by cell, so that it does not leave a
//! core's cache. Where X has hardly an entry per list, its two products take the tables as they are
//! ([`directly_by_sample`], [`directly_by_feature`]). Each column of a result is summed in one
//! order by one thread: the bits do not depend on the number of threads.

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

/// n_d × n_s: the encoder, or the transposed decoder.
pub(crate) fn columns<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(values, shape.hidden(), shape.features())
}

/// n_s × n_d: the decoder.
pub(crate) fn transposed<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    columns(values, shape).transpose()
}

/// `out = left · right`, column-major, each block of columns by one thread.
pub(crate) fn multiply_columns<T: Scalar>(out: &mut [T], left: MatRef<'_, T>, right: MatRef<'_, T>) {
    /// Columns of a block.
    const BLOCK: usize = 64;
    for_each_chunk(out, left.nrows() * BLOCK, |k, chunk| {
        let count = chunk.len() / left.nrows();
        let out = MatMut::from_column_major_slice_mut(chunk, left.nrows(), count);
        T::multiply(out, left, right.subcols(k * BLOCK, count), false);
    });
}

/// Column `s` of `out` is `Σ_i M_is · (row i of the table)`: n_d × B.
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

/// [`by_sample`] for the batch as lists.
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

/// On whole cache lines.
#[repr(align(64))]
struct Aligned<T>(T);

/// Column `i` of `out` is `Σ_s M_is · (row s of the table)`, added to what is there if `add`: n_d ×
/// n_s.
pub(crate) fn by_feature<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    table: &Panels<T>,
    matrix: &Grid<T>,
    add: bool,
) {
    let width = table.width();
    by_feature_with(out, table, add, |k, sums, table| {
        // A cell has as many features as a chunk, or more.
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

/// [`by_feature`] for the batch as lists.
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

/// For the `k`-th [`ROWS`] features, panel by panel: what `sum(k, sums, panel)` adds to zeros, W
/// numbers per feature.
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

/// [`by_sample`] for a batch that is hardly worth listing, from a table of `rows` numbers per row.
pub(crate) fn directly_by_sample<T: Scalar>(
    arch: Arch,
    out: &mut [T],
    rows: usize,
    table: &[T],
    batch: &SparseBatch<T>,
) {
    /// Samples that one thread takes at a time.
    const SAMPLES: usize = 64;
    for_each_chunk(out, rows * SAMPLES, |k, chunk| {
        gather_rows(arch, chunk, rows, table, (Lists::of(batch), k * SAMPLES), false);
    });
}

/// [`by_feature`] for a batch that is hardly worth listing.
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
