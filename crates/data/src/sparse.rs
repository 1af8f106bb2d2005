//! A batch of sparse samples in compressed sparse rows, one row per sample.
//!
//! Row `k` holds the indices (increasing) and the values of the features that are on in sample `k`:
//!
//! ```text
//! offsets  0      3   4        8      length samples + 1
//! indices  2 7 9  4   0 1 3 8         length non-zeros
//! values   . . .  .   . . . .         length non-zeros
//! ```

use nalgebra::DMatrix;

use crate::switches::checked_features;
use crate::{Error, Result, Scalar};

/// Samples in compressed sparse rows: a `samples × features` matrix with one row per sample.
///
/// Row `k` holds the indices, in increasing order, and the values of the features that are on in
/// sample `k`.
///
/// ```
/// use toy_superposition_data::SparseBatch;
/// let mut batch = SparseBatch::new(4)?;
/// batch.push_sample(&[1, 3], &[0.5, 0.25])?;
/// batch.push_sample(&[], &[])?;
/// assert_eq!((batch.samples(), batch.non_zeros()), (2, 2));
/// assert_eq!(batch.to_dense().column(0).as_slice(), [0.0, 0.5, 0.0, 0.25]);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparseBatch<T> {
    features: usize,
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<T>,
}

impl<T: Scalar> SparseBatch<T> {
    /// An empty batch of samples with `features` features each.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ features ≤ u32::MAX`.
    pub fn new(features: usize) -> Result<Self> {
        let features = checked_features(features)?;
        Ok(Self { features, offsets: vec![0], indices: Vec::new(), values: Vec::new() })
    }

    /// The batch whose sample `k` is column `k` of a dense `features × samples` matrix. Zeros are
    /// not stored.
    ///
    /// # Errors
    /// [`Error::Features`] as in [`new`](Self::new); [`Error::NotFinite`] for a NaN or an infinity.
    pub fn from_dense(dense: &DMatrix<T>) -> Result<Self> {
        let mut batch = Self::new(dense.nrows())?;
        for (sample, column) in dense.column_iter().enumerate() {
            for (feature, &value) in column.iter().enumerate() {
                if !value.is_finite() {
                    return Err(Error::NotFinite { sample, feature, given: value.to_f64() });
                }
                if value != T::zero() {
                    batch.indices.push(feature as u32);
                    batch.values.push(value);
                }
            }
            batch.offsets.push(batch.indices.len());
        }
        Ok(batch)
    }

    /// Appends one sample.
    ///
    /// # Errors
    /// [`Error::Length`] if the slices differ in length, [`Error::Index`] unless the indices
    /// increase and stay below the number of features, [`Error::NotFinite`] for a NaN or an
    /// infinity. After an error the batch is unchanged.
    pub fn push_sample(&mut self, indices: &[u32], values: &[T]) -> Result<()> {
        check_sample(self.samples(), self.features, indices, values)?;
        self.indices.extend_from_slice(indices);
        self.values.extend_from_slice(values);
        self.offsets.push(self.indices.len());
        Ok(())
    }

    /// Removes all samples and keeps the allocated memory.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
        self.indices.clear();
        self.values.clear();
    }

    /// The number of features n_s of each sample.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The number of samples B.
    pub fn samples(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The number of stored values.
    pub fn non_zeros(&self) -> usize {
        self.values.len()
    }

    /// Where each sample starts in [`indices`](Self::indices) and [`values`](Self::values),
    /// followed by the number of stored values: B + 1 entries.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The feature of each stored value, sample after sample.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The stored values, sample after sample.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The indices and values of one sample.
    ///
    /// # Panics
    /// If `sample ≥ samples()`.
    pub fn sample(&self, sample: usize) -> (&[u32], &[T]) {
        let range = self.offsets[sample]..self.offsets[sample + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// The samples in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u32], &[T])> {
        (0..self.samples()).map(|sample| self.sample(sample))
    }

    /// The dense `features × samples` matrix: sample `k` is column `k`.
    pub fn to_dense(&self) -> DMatrix<T> {
        let mut dense = DMatrix::zeros(self.features, self.samples());
        for (sample, (indices, values)) in self.iter().enumerate() {
            let mut column = dense.column_mut(sample);
            for (&index, &value) in indices.iter().zip(values) {
                column[index as usize] = value;
            }
        }
        dense
    }

    /// Appends the sample that `write` appends to the indices and values. Errors give its number as
    /// `sample`.
    ///
    /// The errors are those of [`push_sample`](Self::push_sample), and [`Error::Length`] if `write`
    /// removes earlier entries. After an error the batch may hold an incomplete sample.
    pub(crate) fn push_with(
        &mut self,
        sample: usize,
        write: impl FnOnce(&mut Vec<u32>, &mut Vec<T>),
    ) -> Result<()> {
        let start = self.indices.len();
        write(&mut self.indices, &mut self.values);
        let shortest = self.indices.len().min(self.values.len());
        if shortest < start {
            return Err(Error::Length { what: "samples before", given: shortest, expected: start });
        }
        check_sample(sample, self.features, &self.indices[start..], &self.values[start..])?;
        self.offsets.push(self.indices.len());
        Ok(())
    }

    /// Replaces the samples by those of `parts`, one part after the other, and keeps the allocated
    /// memory.
    #[cfg(feature = "parallel")]
    pub(crate) fn assign(&mut self, parts: &[Self]) {
        self.offsets.truncate(1);
        let mut before = 0;
        for part in parts {
            self.offsets.extend(part.offsets[1..].iter().map(|end| before + end));
            before += part.non_zeros();
        }
        // Without `clear` first, `resize` writes only the new entries; every entry is then
        // overwritten by the copy.
        self.indices.resize(before, 0);
        self.values.resize(before, T::zero());
        copy_parts(parts, &mut self.indices, &mut self.values);
    }
}

/// Copies the parts one after the other, the two halves of the list in parallel.
#[cfg(feature = "parallel")]
fn copy_parts<T: Scalar>(parts: &[SparseBatch<T>], indices: &mut [u32], values: &mut [T]) {
    match parts {
        [] => (),
        [part] => {
            indices.copy_from_slice(&part.indices);
            values.copy_from_slice(&part.values);
        }
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            let middle = left.iter().map(SparseBatch::non_zeros).sum();
            let (left_indices, right_indices) = indices.split_at_mut(middle);
            let (left_values, right_values) = values.split_at_mut(middle);
            rayon::join(
                || copy_parts(left, left_indices, left_values),
                || copy_parts(right, right_indices, right_values),
            );
        }
    }
}

/// Returns an error if the lists differ in length, if the indices do not increase or are not below
/// `features`, or if a value is not finite.
fn check_sample<T: Scalar>(sample: usize, features: usize, indices: &[u32], values: &[T]) -> Result<()> {
    if indices.len() != values.len() {
        return Err(Error::Length { what: "values", given: values.len(), expected: indices.len() });
    }
    // The check has no branches, for speed; the loop after it finds the invalid entry.
    let increasing = indices.windows(2).fold(true, |all, pair| all & (pair[0] < pair[1]));
    let finite = values.iter().fold(true, |all, value| all & value.is_finite());
    if increasing && finite && indices.last().is_none_or(|&last| (last as usize) < features) {
        return Ok(());
    }
    let mut least = 0;
    for (&index, &value) in indices.iter().zip(values) {
        let index = index as usize;
        if index < least || index >= features {
            return Err(Error::Index { sample, index, features });
        }
        if !value.is_finite() {
            return Err(Error::NotFinite { sample, feature: index, given: value.to_f64() });
        }
        least = index + 1;
    }
    Ok(())
}

#[cfg(all(test, feature = "parallel"))]
mod tests {
    use super::*;

    #[test]
    fn assigning_parts_keeps_the_memory() {
        let mut large = SparseBatch::<f32>::new(5).unwrap();
        (0..100).for_each(|_| large.push_sample(&[0, 1, 4], &[1.0, 2.0, 3.0]).unwrap());
        let mut small = SparseBatch::new(5).unwrap();
        small.push_sample(&[2], &[-1.0]).unwrap();
        let mut batch = large.clone();
        let capacities = |batch: &SparseBatch<f32>| {
            (batch.offsets.capacity(), batch.indices.capacity(), batch.values.capacity())
        };
        let before = capacities(&batch);
        let empty = SparseBatch::new(5).unwrap();
        batch.assign(&[empty.clone(), small.clone(), empty.clone(), small.clone()]);
        assert_eq!(
            (batch.offsets(), batch.indices(), batch.values()),
            (&[0, 1, 2][..], &[2, 2][..], &[-1.0, -1.0][..])
        );
        assert_eq!(capacities(&batch), before);
        batch.assign(&[empty]);
        assert_eq!((batch.samples(), batch.non_zeros()), (0, 0));
        batch.assign(std::slice::from_ref(&large));
        assert_eq!(batch, large);
        assert_eq!(capacities(&batch), before);
    }
}
