//! A cell of the residual: Δ for up to [`ROWS`] features and [`COLUMNS`] samples, and its non-zeros in both orders.
//!
//! Lists are cut every [`PIECE`] table rows, so that the rows they read stay in the fastest cache: list
//! `s · pieces + k` holds the features `PIECE·k ..` of sample `s`, list `k · rows + i` the samples `PIECE·k ..`
//! of feature `i`. An index is counted from the start of its piece.

use pulp::Arch;

use super::compress::compress;
use super::gather::Lists;
use crate::Scalar;

/// Features of a cell (all features for an activation that is not element-wise).
pub(crate) const ROWS: usize = 256;

/// Samples of a cell.
pub(crate) const COLUMNS: usize = 256;

/// Rows of a table that a list refers to.
pub(crate) const PIECE: usize = 64;

/// The fraction of non-zeros from which a dense product is faster than a sparse one.
pub(crate) const DENSE: f64 = 0.5;

/// One cell, with its memory.
#[derive(Debug, Default)]
pub(crate) struct Cell<T> {
    rows: usize,
    columns: usize,
    /// Z, then Y − X, then Δ: rows × columns.
    pub(crate) residual: Vec<T>,
    /// `Σ_i ι_i (y_i − x_i)²` over the cell's features, a sample.
    pub(crate) losses: Vec<f64>,
    /// `Σ_s Δ_is`, a feature.
    pub(crate) row_sums: Vec<T>,
    /// Non-zeros of Δ: of feature `i` in the samples `PIECE·k ..`, at `k · rows + i`.
    pub(crate) counts: Vec<u32>,
    by_sample: CellLists<T>,
    by_feature: CellLists<T>,
}

impl<T: Scalar> Cell<T> {
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        self.residual.resize(rows * columns, T::zero());
        self.losses.resize(columns, 0.0);
        self.row_sums.resize(rows, T::zero());
        self.counts.resize(rows * columns.div_ceil(PIECE), 0);
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Whether its products are dense.
    pub(crate) fn is_dense(&self) -> bool {
        is_dense(self.counts.iter().map(|&count| count as usize).sum(), self.rows, self.columns)
    }

    /// Finds the non-zeros, unless it is dense.
    pub(crate) fn compress(&mut self, arch: Arch) {
        if !self.is_dense() {
            self.by_sample.compress(arch, &self.residual, self.rows);
            self.by_feature.transpose(&self.by_sample, &self.counts, self.rows);
        }
    }

    /// Lists by sample, [`pieces`](Self::feature_pieces) each.
    pub(crate) fn by_sample(&self) -> Lists<'_, T, u8, u32> {
        self.by_sample.lists()
    }

    /// Lists by feature, [`pieces`](Self::sample_pieces) each.
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

pub(crate) fn is_dense(non_zeros: usize, rows: usize, columns: usize) -> bool {
    non_zeros as f64 > DENSE * rows as f64 * columns as f64
}

/// Lists, in memory for as many entries as there can be.
#[derive(Debug, Default)]
struct CellLists<T> {
    offsets: Vec<u32>,
    indices: Vec<u8>,
    values: Vec<T>,
}

impl<T: Scalar> CellLists<T> {
    fn lists(&self) -> Lists<'_, T, u8, u32> {
        Lists { offsets: &self.offsets, indices: &self.indices, values: &self.values }
    }

    fn reserve(&mut self, entries: usize) {
        if self.indices.len() < entries {
            self.indices.resize(entries, 0);
            self.values.resize(entries, T::zero());
        }
    }

    /// The non-zeros of each column of a dense matrix, in pieces.
    fn compress(&mut self, arch: Arch, dense: &[T], rows: usize) {
        self.reserve(dense.len() + PIECE);
        self.offsets.clear();
        compress(arch, dense, rows, &mut self.offsets, &mut self.indices, &mut self.values);
    }

    /// The same entries by feature, of which there are `counts`.
    fn transpose(&mut self, by_sample: &Self, counts: &[u32], rows: usize) {
        self.reserve(by_sample.indices.len());
        // First where each list begins, one place late; filling list k moves offsets[k + 1] to its end.
        self.offsets.clear();
        self.offsets.push(0);
        let mut start = 0;
        self.offsets.extend(counts.iter().map(|&count| {
            start += count;
            start - count
        }));
        let feature_pieces = rows.div_ceil(PIECE);
        for (list, range) in by_sample.offsets.windows(2).enumerate() {
            let (sample, first) = (list / feature_pieces, list % feature_pieces * PIECE);
            let range = range[0] as usize..range[1] as usize;
            let ends = &mut self.offsets[sample / PIECE * rows + first + 1..];
            for (&row, &value) in by_sample.indices[range.clone()].iter().zip(&by_sample.values[range]) {
                let end = &mut ends[usize::from(row)];
                self.indices[*end as usize] = (sample % PIECE) as u8;
                self.values[*end as usize] = value;
                *end += 1;
            }
        }
    }
}
