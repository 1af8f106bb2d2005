//! The batch X in the form that its products need, which depends on its density.

use std::ops::Range;

use toy_superposition_data::SparseBatch;
use toy_superposition_data::parallel::{for_each, for_each_chunk};

use super::gather::Lists;
use super::grid::Grid;
use super::tuning::{COLUMNS, DENSE, DIRECT, PIECE, ROWS};
use crate::Scalar;

/// The method of the products with X.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    /// Entry by entry, from tables in their own layout, if a list has few entries.
    #[default]
    Direct,
    /// List by list, from tables in panels.
    Listed,
    /// As dense cells.
    Dense,
}

/// Values of some features of one sample.
pub(crate) enum Values<'a, T> {
    /// The features that are on: their indices in the sample and their values.
    Sparse(&'a [u32], &'a [T]),
    /// All features.
    Dense(&'a [T]),
}

/// A batch, prepared for one step.
#[derive(Debug, Default)]
pub(crate) struct Input<T> {
    pub(crate) form: Form,
    /// X, if it is dense.
    pub(crate) grid: Grid<T>,
    /// The start of the entries of each [`PIECE`] of features, sample after sample, and the end of
    /// the last, if X is not dense.
    cuts: Vec<usize>,
    /// Number of samples per block.
    samples: usize,
    blocks: Vec<Block<T>>,
    /// Number of blocks in use.
    used: usize,
}

/// The entries of some samples by feature. Indices count from the block's first sample.
#[derive(Debug, Default)]
struct Block<T> {
    offsets: Vec<u32>,
    indices: Vec<u16>,
    values: Vec<T>,
}

/// Returns the number of pieces per sample.
fn pieces<T: Scalar>(batch: &SparseBatch<T>) -> usize {
    batch.features().div_ceil(PIECE)
}

impl<T: Scalar> Input<T> {
    /// Prepares the products of the forward pass.
    pub(crate) fn read(&mut self, batch: &SparseBatch<T>) {
        let shape = (batch.features(), batch.samples());
        let density = batch.non_zeros() as f64 / (shape.0 as f64 * shape.1 as f64);
        self.form = match density {
            d if d < DIRECT => Form::Direct,
            d if d <= DENSE => Form::Listed,
            _ => Form::Dense,
        };
        match self.form {
            Form::Direct | Form::Listed => self.cut(batch),
            Form::Dense => {
                self.grid.fill(shape, ROWS, |row, column, cell| cell.read(batch, row, column));
            }
        }
    }

    fn cut(&mut self, batch: &SparseBatch<T>) {
        /// The number of samples that one thread takes at a time.
        const SAMPLES: usize = 64;
        let pieces = pieces(batch);
        let length = batch.samples() * pieces;
        self.cuts.resize(length + 1, 0);
        let (cuts, end) = self.cuts.split_at_mut(length);
        end[0] = batch.non_zeros();
        for_each_chunk(cuts, pieces * SAMPLES, |k, chunk| {
            for (sample, cuts) in (k * SAMPLES..).zip(chunk.chunks_exact_mut(pieces)) {
                cuts.fill(0);
                for &index in batch.sample(sample).0 {
                    cuts[index as usize / PIECE] += 1;
                }
                let mut end = batch.offsets()[sample];
                for cut in cuts {
                    end += std::mem::replace(cut, end);
                }
            }
        });
    }

    /// Returns the lists by sample, and the number of pieces per sample. List `s · pieces + k`
    /// holds the features `PIECE·k ..` of sample `s`. X must not be dense.
    pub(crate) fn by_sample<'a>(&'a self, batch: &'a SparseBatch<T>) -> (Lists<'a, T, u32, usize>, usize) {
        let (indices, values) = (batch.indices(), batch.values());
        (Lists { offsets: &self.cuts, indices, values }, pieces(batch))
    }

    /// Returns the features `rows` of a sample. `rows` must begin with a cell of X, and end with a
    /// cell or span all features.
    pub(crate) fn of_sample<'a>(
        &'a self,
        batch: &'a SparseBatch<T>,
        sample: usize,
        rows: Range<usize>,
    ) -> Values<'a, T> {
        match self.form {
            Form::Direct | Form::Listed => {
                let cuts = &self.cuts[sample * pieces(batch)..];
                let range = cuts[rows.start / PIECE]..cuts[rows.end.div_ceil(PIECE)];
                Values::Sparse(&batch.indices()[range.clone()], &batch.values()[range])
            }
            Form::Dense => {
                let (k, row) = self.grid.place(rows.start);
                let cell = &self.grid.block(sample / COLUMNS)[k];
                if row + rows.len() > cell.rows() {
                    let (indices, values) = batch.sample(sample);
                    return Values::Sparse(indices, values);
                }
                let column = &cell.values[sample % COLUMNS * cell.rows()..][..cell.rows()];
                Values::Dense(&column[row..row + rows.len()])
            }
        }
    }

    /// Lists the entries of each block of `samples` samples by feature.
    pub(crate) fn transpose(&mut self, batch: &SparseBatch<T>, samples: usize) {
        self.samples = samples;
        self.used = batch.samples().div_ceil(samples);
        if self.blocks.len() < self.used {
            self.blocks.resize_with(self.used, Block::default);
        }
        for_each(&mut self.blocks[..self.used], |k, block| {
            block.transpose(batch, k * samples..batch.samples().min((k + 1) * samples));
        });
    }

    /// Returns the first sample of each block, with one list per feature. Must be called after
    /// [`transpose`](Self::transpose).
    pub(crate) fn by_feature(&self) -> impl Iterator<Item = (usize, Lists<'_, T, u16, u32>)> {
        let blocks = self.blocks[..self.used].iter();
        let lists = blocks.map(|Block { offsets, indices, values }| Lists { offsets, indices, values });
        (0..).step_by(self.samples).zip(lists)
    }
}

impl<T: Scalar> Block<T> {
    fn transpose(&mut self, batch: &SparseBatch<T>, samples: Range<usize>) {
        let entries = batch.offsets()[samples.start]..batch.offsets()[samples.end];
        // The offsets are shifted by two, so that filling list i moves offsets[i + 1] from its
        // start to its end.
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
