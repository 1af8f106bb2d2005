//! The batch X in the form that the products need: in cells, or, where it is very sparse, listed by feature.

use pulp::Arch;
use toy_superposition_data::SparseBatch;

use super::gather::Lists;
use super::grid::Grid;
use super::parallel::for_each;
use super::tuning::{COLUMNS, DIRECT, ROWS};
use crate::Scalar;

/// A batch, prepared for one step.
#[derive(Debug, Default)]
pub(crate) struct Input<T> {
    /// So sparse that each entry is used as it is.
    pub(crate) very_sparse: bool,
    /// X, unless it is very sparse.
    pub(crate) grid: Grid<T>,
    blocks: Vec<Block<T>>,
}

/// The entries of up to [`COLUMNS`] samples by feature: indices count from the block's first sample.
#[derive(Debug, Default)]
struct Block<T> {
    offsets: Vec<u32>,
    indices: Vec<u16>,
    values: Vec<T>,
}

impl<T: Scalar> Input<T> {
    /// Prepares the forward pass.
    pub(crate) fn read(&mut self, arch: Arch, batch: &SparseBatch<T>) {
        let shape = (batch.features(), batch.samples());
        let entries = shape.0 as f64 * shape.1 as f64;
        self.very_sparse = (batch.non_zeros() as f64) < DIRECT * entries;
        if !self.very_sparse {
            self.grid.fill(arch, shape, ROWS, |row, column, cell| {
                cell.read(batch, row, column);
                cell.compress(arch);
            });
        }
    }

    /// Column `sample` of X, features `rows`, if it is there.
    pub(crate) fn dense_column(&self, sample: usize, rows: std::ops::Range<usize>) -> Option<&[T]> {
        if self.very_sparse {
            return None;
        }
        let (k, row) = self.grid.place(rows.start);
        let cell = self.grid.cell(sample / COLUMNS, k);
        // A cell of Δ may have more features than a cell of X.
        let within = row + rows.len() <= cell.rows();
        within.then(|| &cell.values[sample % COLUMNS * cell.rows() + row..][..rows.len()])
    }

    /// Lists the entries by feature.
    pub(crate) fn transpose(&mut self, batch: &SparseBatch<T>) {
        self.blocks.resize_with(batch.samples().div_ceil(COLUMNS), Block::default);
        for_each(&mut self.blocks, |k, block| {
            block.transpose(batch, k * COLUMNS..batch.samples().min((k + 1) * COLUMNS));
        });
    }

    /// One list a feature for each block of samples, after [`transpose`](Self::transpose).
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Lists<'_, T, u16, u32>> {
        self.blocks.iter().map(|Block { offsets, indices, values }| Lists { offsets, indices, values })
    }
}

impl<T: Scalar> Block<T> {
    fn transpose(&mut self, batch: &SparseBatch<T>, samples: std::ops::Range<usize>) {
        let entries = batch.offsets()[samples.start]..batch.offsets()[samples.end];
        // Shifted by two, so that filling list i moves offsets[i + 1] from its start to its end.
        self.offsets.clear();
        self.offsets.resize(batch.features() + 2, 0);
        for &feature in &batch.indices()[entries.clone()] {
            self.offsets[feature as usize + 2] += 1;
        }
        for i in 2..self.offsets.len() {
            self.offsets[i] += self.offsets[i - 1];
        }
        self.indices.resize(entries.len(), 0);
        self.values.resize(entries.len(), T::zero());
        for (index, sample) in samples.enumerate() {
            let (features, values) = batch.sample(sample);
            for (&feature, &value) in features.iter().zip(values) {
                let end = &mut self.offsets[feature as usize + 1];
                self.indices[*end as usize] = index as u16;
                self.values[*end as usize] = value;
                *end += 1;
            }
        }
        self.offsets.pop();
    }
}
