//! A cell of an n_s × B matrix (X, or the residual Δ) of up to [`ROWS`] features and [`COLUMNS`]
//! samples, stored dense or as lists of its non-zeros in both orders.
//!
//! Lists are cut every [`PIECE`] table rows, so that the rows they read stay in the first-level
//! cache. List `s · pieces + k` by sample holds the features `PIECE·k ..` of sample `s`. List
//! `k · rows + i` by feature holds the samples `PIECE·k ..` of feature `i`. An index counts from
//! the start of its piece.
//!
//! [`ROWS`]: super::tuning::ROWS
//! [`COLUMNS`]: super::tuning::COLUMNS
//! [`PIECE`]: super::tuning::PIECE

use std::ops::Range;

use pulp::Arch;
use toy_superposition_data::SparseBatch;

use super::compress::{NonZeros, SIDE, transpose};
use super::gather::Lists;
use super::tuning::{DENSE, PIECE};
use crate::Scalar;

/// One cell, with its memory.
#[derive(Debug, Default)]
pub(crate) struct Cell<T> {
    rows: usize,
    columns: usize,
    /// Whether the products of the cell are dense.
    dense: bool,
    /// rows × columns. In a cell of Δ the values are first Z, then Y − X, then Δ.
    pub(crate) values: Vec<T>,
    /// `Σ_i ι_i (y_i − x_i)²` over the cell's features, per sample, in a cell of Δ.
    pub(crate) losses: Vec<f64>,
    /// Number of non-zero entries, in a cell of Δ.
    pub(crate) non_zeros: usize,
    /// `Σ_s Δ_is`, per feature, in a cell of Δ.
    pub(crate) row_sums: Vec<T>,
    by_sample: NonZeros<T>,
    by_feature: NonZeros<T>,
}

impl<T: Scalar> Cell<T> {
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        self.values.resize(rows * columns, T::zero());
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn is_dense(&self) -> bool {
        self.dense
    }

    /// Copies the entries of a batch, from feature `row` and sample `column` on, as a dense cell.
    pub(crate) fn read(&mut self, batch: &SparseBatch<T>, row: usize, column: usize) {
        self.dense = true;
        for (sample, to) in (column..).zip(self.values.chunks_exact_mut(self.rows)) {
            let (indices, values) = part(batch.sample(sample), row..row + self.rows);
            to.fill(T::zero());
            indices.iter().zip(values).for_each(|(&index, &value)| to[index as usize - row] = value);
        }
    }

    /// Lists the non-zeros of `values`, unless the number `non_zeros` of them is too large for
    /// lists to pay.
    pub(crate) fn compress(&mut self, arch: Arch) {
        let (rows, columns) = (self.rows, self.columns);
        self.dense = self.non_zeros as f64 > DENSE * (rows * columns) as f64;
        if self.dense {
            return;
        }
        self.by_sample.clear(self.non_zeros);
        self.by_sample.append(arch, &self.values, rows);
        self.by_feature.clear(self.non_zeros);
        let mut memory = [T::zero(); SIDE * PIECE];
        for samples in self.values.chunks(rows * PIECE) {
            let columns = samples.len() / rows;
            for first in (0..rows).step_by(SIDE) {
                let features = SIDE.min(rows - first);
                let transposed = &mut memory[..features * columns];
                transpose(arch, transposed, samples, rows, first..first + features);
                self.by_feature.append(arch, transposed, columns);
            }
        }
    }

    /// Returns the lists by sample, [`feature_pieces`](Self::feature_pieces) per sample.
    pub(crate) fn by_sample(&self) -> Lists<'_, T, u8, u32> {
        self.by_sample.lists()
    }

    /// Returns the lists by feature, with [`sample_pieces`](Self::sample_pieces) groups of one per
    /// feature.
    pub(crate) fn by_feature(&self) -> Lists<'_, T, u8, u32> {
        self.by_feature.lists()
    }

    pub(crate) fn feature_pieces(&self) -> usize {
        self.rows.div_ceil(PIECE)
    }

    pub(crate) fn sample_pieces(&self) -> usize {
        self.columns.div_ceil(PIECE)
    }
}

/// Returns the entries whose indices are within `rows`.
fn part<'a, T>((indices, values): (&'a [u32], &'a [T]), rows: Range<usize>) -> (&'a [u32], &'a [T]) {
    let below = |limit: usize| indices.partition_point(|&index| (index as usize) < limit);
    let range = below(rows.start)..below(rows.end);
    (&indices[range.clone()], &values[range])
}
