//! An n_s × B matrix in cells: all cells of the first block of samples, then those of the second,
//! ….

use toy_superposition_data::parallel::for_each;

use super::cell::Cell;
use super::tuning::COLUMNS;
use crate::Scalar;

/// The cells, with their memory.
#[derive(Debug, Default)]
pub(crate) struct Grid<T> {
    cells: Vec<Cell<T>>,
    /// Number of cells in use.
    used: usize,
    /// Number of cells per block of samples.
    a_block: usize,
    /// Number of features of each cell of a block except the last.
    rows: usize,
}

impl<T: Scalar> Grid<T> {
    /// Runs `work(first feature, first sample, cell)` on every cell of an n_s × B matrix, in
    /// parallel.
    pub(crate) fn fill(
        &mut self,
        (features, samples): (usize, usize),
        rows: usize,
        work: impl Fn(usize, usize, &mut Cell<T>) + Send + Sync,
    ) {
        let a_block = features.div_ceil(rows);
        (self.rows, self.a_block, self.used) = (rows, a_block, a_block * samples.div_ceil(COLUMNS));
        if self.cells.len() < self.used {
            self.cells.resize_with(self.used, Cell::default);
        }
        for_each(&mut self.cells[..self.used], |k, cell| {
            let (row, column) = (k % a_block * rows, k / a_block * COLUMNS);
            cell.resize(rows.min(features - row), COLUMNS.min(samples - column));
            work(row, column, cell);
        });
    }

    /// Returns the cells of each block of samples, in the order of their features.
    pub(crate) fn blocks(&self) -> impl ExactSizeIterator<Item = &[Cell<T>]> {
        self.cells[..self.used].chunks(self.a_block)
    }

    /// Returns the cells of block `k` of samples.
    pub(crate) fn block(&self, k: usize) -> &[Cell<T>] {
        &self.cells[k * self.a_block..][..self.a_block]
    }

    /// Returns which cell of each block holds a feature, and the row of the feature in that cell.
    pub(crate) fn place(&self, feature: usize) -> (usize, usize) {
        (feature / self.rows, feature % self.rows)
    }
}
