//! A table that is read by rows, cut into panels so that a block of rows is a block of memory.
//!
//! ```text
//! panel 0: row 0 [0..W)   row 1 [0..W)   row 2 [0..W)  …      rows padded to a multiple of BLOCK
//! panel 1: row 0 [W..2W)  row 1 [W..2W)  …                    the last panel padded with zeros
//! ```
//!
//! In the model's own layout a row takes n_d numbers, often a power of two, and blocks of rows would share
//! few cache sets. Rows of a panel begin at cache lines.

use super::parallel::for_each_chunk;
use crate::Scalar;

/// Rows that are copied, or written, by one thread at a time.
pub(crate) const BLOCK: usize = 256;

/// Bytes of a cache line.
const LINE: usize = 64;

/// A table of `rows` rows with `columns` numbers each.
#[derive(Debug, Default)]
pub(crate) struct Panels<T> {
    columns: usize,
    padded_rows: usize,
    values: Vec<T>,
}

/// The width W of the panels of a table: that of least cost, padding included, for the measured relative costs
/// of an entry.
pub(crate) fn panel_width(columns: usize) -> usize {
    let cost = |(width, cost): &(usize, usize)| columns.next_multiple_of(*width) * cost;
    [(128, 20), (64, 23), (32, 30), (16, 44)].into_iter().min_by_key(cost).map_or(16, |(width, _)| width)
}

impl<T: Scalar> Panels<T> {
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        self.columns = columns;
        self.padded_rows = rows.next_multiple_of(BLOCK);
        let length = self.padded_rows * columns.next_multiple_of(self.width());
        self.values.resize(length + LINE, T::zero());
    }

    /// The width W of a panel.
    pub(crate) fn width(&self) -> usize {
        panel_width(self.columns)
    }

    /// The number of panels.
    pub(crate) fn count(&self) -> usize {
        self.columns.div_ceil(self.width())
    }

    /// Panel `k`: W numbers a row.
    pub(crate) fn panel(&self, k: usize) -> &[T] {
        let size = self.padded_rows * self.width();
        &self.values[self.start()..][k * size..(k + 1) * size]
    }

    /// Copies a table with `rows` rows, stored one after the other.
    pub(crate) fn pack(&mut self, table: &[T], columns: usize) {
        let rows = table.len() / columns;
        self.resize(rows, columns);
        let width = self.width();
        self.for_each_block(|panel, first, block| {
            let lanes = width.min(columns - panel * width);
            for (row, out) in (first..rows).zip(block.chunks_exact_mut(width)) {
                let (out, padding) = out.split_at_mut(lanes);
                out.copy_from_slice(&table[row * columns + panel * width..][..lanes]);
                padding.fill(T::zero());
            }
        });
    }

    /// Runs `work(panel, first row, block)` on each block of [`BLOCK`] rows of each panel, in parallel.
    pub(crate) fn for_each_block(&mut self, work: impl Fn(usize, usize, &mut [T]) + Send + Sync) {
        let (start, width, blocks) = (self.start(), self.width(), self.padded_rows / BLOCK);
        let length = self.count() * self.padded_rows * width;
        for_each_chunk(&mut self.values[start..start + length], BLOCK * width, |k, block| {
            work(k / blocks, k % blocks * BLOCK, block);
        });
    }

    /// Where the first cache line begins.
    fn start(&self) -> usize {
        self.values.as_ptr().align_offset(LINE).min(LINE)
    }
}
