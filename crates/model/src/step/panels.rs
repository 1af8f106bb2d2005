//! A table that is read by rows, stored in panels so that a block of rows is contiguous in memory.
//!
//! ```text
//! panel 0: row 0 [0..W)   row 1 [0..W)   row 2 [0..W)  …      rows padded to a multiple of COLUMNS
//! panel 1: row 0 [W..2W)  row 1 [W..2W)  …                    the last panel padded with zeros
//! ```
//!
//! In the model's own layout a row takes n_d numbers, often a power of two, so that blocks of rows
//! would share few cache sets. Each row of a panel begins at a cache line.

use toy_superposition_data::parallel::for_each_chunk;

use super::tuning::{COLUMNS, PANEL_BYTES};
use crate::Scalar;

/// The number of bytes of a cache line.
const LINE: usize = 64;

/// A table of `rows` rows with `columns` numbers each.
#[derive(Debug, Default)]
pub(crate) struct Panels<T> {
    columns: usize,
    width: usize,
    padded_rows: usize,
    values: Vec<T>,
}

/// Returns the width W of the panels of a table. It minimises the cost, including padding, by the
/// measured relative costs per entry.
fn panel_width<T>(columns: usize) -> usize {
    let widest = PANEL_BYTES / size_of::<T>();
    let cost = |(width, cost): &(usize, usize)| columns.next_multiple_of(*width) * cost;
    let widths = [(64, 23), (32, 30), (16, 44)].into_iter().filter(|(width, _)| *width <= widest);
    widths.min_by_key(cost).map_or(16, |(width, _)| width)
}

impl<T: Scalar> Panels<T> {
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        (self.columns, self.width) = (columns, panel_width::<T>(columns));
        self.padded_rows = rows.next_multiple_of(COLUMNS);
        let length = self.padded_rows * columns.next_multiple_of(self.width);
        self.values.resize(length + LINE, T::zero());
    }

    /// Returns the width W of a panel.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Returns the number of columns of the table.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the columns of the table that each panel holds, from the first panel on.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<T> {
        let (columns, width) = (self.columns, self.width);
        (0..columns).step_by(width).map(move |lane| lane..columns.min(lane + width))
    }

    /// Returns panel `k`, with W numbers per row.
    pub(crate) fn panel(&self, k: usize) -> &[T] {
        let size = self.padded_rows * self.width;
        &self.values[self.start()..][k * size..(k + 1) * size]
    }

    /// Copies from a table whose rows are stored one after another.
    pub(crate) fn pack(&mut self, table: &[T], columns: usize) {
        let rows = table.len() / columns;
        self.resize(rows, columns);
        let width = self.width;
        self.for_each_block(|panel, first, block| {
            let lanes = width.min(columns - panel * width);
            for (row, out) in (first..rows).zip(block.chunks_exact_mut(width)) {
                let (out, padding) = out.split_at_mut(lanes);
                out.copy_from_slice(&table[row * columns + panel * width..][..lanes]);
                padding.fill(T::zero());
            }
        });
    }

    /// Copies to a table whose rows are stored one after another.
    pub(crate) fn unpack(&self, table: &mut [T]) {
        /// The number of rows that one thread copies at a time.
        const ROWS: usize = 64;
        for_each_chunk(table, self.columns * ROWS, |k, chunk| {
            for (panel, lanes) in self.lanes().enumerate() {
                let rows = self.panel(panel)[k * ROWS * self.width..].chunks_exact(self.width);
                for (row, from) in chunk.chunks_exact_mut(self.columns).zip(rows) {
                    row[lanes.clone()].copy_from_slice(&from[..lanes.len()]);
                }
            }
        });
    }

    /// Runs `work(panel, first row, block)` on each block of [`COLUMNS`] rows of each panel, in
    /// parallel.
    pub(crate) fn for_each_block(&mut self, work: impl Fn(usize, usize, &mut [T]) + Send + Sync) {
        let (start, width, blocks) = (self.start(), self.width, self.padded_rows / COLUMNS);
        let length = self.columns.div_ceil(width) * self.padded_rows * width;
        for_each_chunk(&mut self.values[start..start + length], COLUMNS * width, |k, block| {
            work(k / blocks, k % blocks * COLUMNS, block);
        });
    }

    /// Returns the index of the first number that begins a cache line.
    fn start(&self) -> usize {
        self.values.as_ptr().align_offset(LINE).min(LINE)
    }
}
