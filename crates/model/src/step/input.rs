//! The batch X in the forms that the products need: dense, or listed by feature in blocks of samples.

use faer::MatRef;
use toy_superposition_data::SparseBatch;

use super::cell::is_dense;
use super::gather::Lists;
use super::panels::BLOCK;
use super::parallel::{for_each, for_each_chunk};
use crate::Scalar;

/// A batch, prepared for one step.
#[derive(Debug, Default)]
pub(crate) struct Input<T> {
    dense: Vec<T>,
    blocks: Vec<Block<T>>,
}

/// The entries of up to [`BLOCK`] samples by feature: indices count from the block's first sample.
#[derive(Debug, Default)]
struct Block<T> {
    offsets: Vec<u32>,
    indices: Vec<u8>,
    values: Vec<T>,
}

/// Whether a batch goes through dense products.
pub(crate) fn is_dense_batch<T: Scalar>(batch: &SparseBatch<T>) -> bool {
    is_dense(batch.non_zeros(), batch.features(), batch.samples())
}

impl<T: Scalar> Input<T> {
    /// The batch as a dense n_s × B matrix.
    pub(crate) fn fill_dense(&mut self, batch: &SparseBatch<T>) {
        let features = batch.features();
        self.dense.resize(features * batch.samples(), T::zero());
        for_each_chunk(&mut self.dense, features, |sample, column| {
            column.fill(T::zero());
            let (indices, values) = batch.sample(sample);
            for (&index, &value) in indices.iter().zip(values) {
                column[index as usize] = value;
            }
        });
    }

    /// What [`fill_dense`](Self::fill_dense) wrote.
    pub(crate) fn dense(&self, batch: &SparseBatch<T>) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.dense, batch.features(), batch.samples())
    }

    /// Lists the entries by feature.
    pub(crate) fn transpose(&mut self, batch: &SparseBatch<T>) {
        self.blocks.resize_with(batch.samples().div_ceil(BLOCK), Block::default);
        for_each(&mut self.blocks, |k, block| {
            block.transpose(batch, k * BLOCK..batch.samples().min((k + 1) * BLOCK));
        });
    }

    /// One list a feature for each block of samples, after [`transpose`](Self::transpose).
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Lists<'_, T, u8, u32>> {
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
                self.indices[*end as usize] = index as u8;
                self.values[*end as usize] = value;
                *end += 1;
            }
        }
        self.offsets.pop();
    }
}
