//! Batches of samples. Sample `k` of a seed does not depend on the batch it is drawn in, or on the
//! number of threads.
//!
//! With the feature `parallel`, the samples are divided into blocks, each block is drawn into a
//! part of its own, and the parts are concatenated in order. Without it, or on one thread, samples
//! are written directly into the batch.

use nalgebra::DMatrix;

use crate::{Distribution, Error, Result, SampleRange, Scalar, SparseBatch};

/// Draws batches, and keeps the memory that drawing on several threads needs.
///
/// A sampler and a [`SparseBatch`] that are reused stop allocating once they have held the largest
/// batch (up to fluctuations in the number of non-zeros).
///
/// ```
/// use toy_superposition_data::{Features, Sampler, SparseBatch, Stream};
/// let law = Features::paper(100, 0.05)?;
/// let mut batch = SparseBatch::<f32>::new(100)?;
/// // Samples 1000 to 1255 of seed 7; they do not depend on what was drawn before.
/// Sampler::new().sample_into(&law, Stream::Training.samples(7, 1000..1256), &mut batch)?;
/// assert_eq!(batch.samples(), 256);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sampler<T> {
    #[cfg_attr(not(feature = "parallel"), allow(dead_code))]
    parts: Vec<SparseBatch<T>>,
}

impl<T> Default for Sampler<T> {
    fn default() -> Self {
        Self { parts: Vec::new() }
    }
}

impl<T: Scalar> Sampler<T> {
    /// A sampler that holds no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the contents of `batch` by the samples of `range`. Row `k` is drawn only from
    /// [`SampleRange::rng`]`(k)`.
    ///
    /// # Errors
    /// [`Error::Length`] if `batch` and `distribution` differ in the number of features;
    /// [`Error::NotFinite`] for a value that overflows `T`; [`Error::Index`] or [`Error::Length`]
    /// for a [`Distribution`] that does not append its samples as [`Distribution::sample`]
    /// requires. After an error the batch is empty.
    pub fn sample_into<D: Distribution>(
        &mut self,
        distribution: &D,
        range: SampleRange,
        batch: &mut SparseBatch<T>,
    ) -> Result<()> {
        if batch.features() != distribution.features() {
            let (given, expected) = (batch.features(), distribution.features());
            batch.clear();
            return Err(Error::Length { what: "features of the batch", given, expected });
        }
        let result = self.fill(distribution, range, batch);
        if result.is_err() {
            batch.clear();
        }
        result
    }

    #[cfg(not(feature = "parallel"))]
    fn fill<D: Distribution>(
        &mut self,
        distribution: &D,
        range: SampleRange,
        batch: &mut SparseBatch<T>,
    ) -> Result<()> {
        batch.clear();
        fill_block(distribution, range, 0, batch)
    }

    #[cfg(feature = "parallel")]
    fn fill<D: Distribution>(
        &mut self,
        distribution: &D,
        range: SampleRange,
        batch: &mut SparseBatch<T>,
    ) -> Result<()> {
        use rayon::prelude::*;

        let (samples, threads) = (range.samples, rayon::current_num_threads());
        if threads == 1 || samples < 2 {
            batch.clear();
            return fill_block(distribution, range, 0, batch);
        }
        let blocks = samples.min(BLOCKS_PER_THREAD * threads);
        if self.parts.len() < blocks || self.parts[0].features() != distribution.features() {
            self.parts = vec![SparseBatch::new(distribution.features())?; blocks];
        }
        let parts = &mut self.parts[..blocks];
        parts.par_iter_mut().enumerate().try_for_each(|(block, part)| {
            part.clear();
            let (start, end) = (samples * block / blocks, samples * (block + 1) / blocks);
            fill_block(distribution, range.part(start, end - start), start, part)
        })?;
        batch.assign(parts);
        Ok(())
    }
}

/// Enough blocks to balance the load of the threads, and few enough that their overhead is
/// negligible.
#[cfg(feature = "parallel")]
const BLOCKS_PER_THREAD: usize = 4;

/// Appends the samples of `range` to `batch`. Errors number them `named, named + 1, …`.
fn fill_block<T: Scalar, D: Distribution>(
    distribution: &D,
    range: SampleRange,
    named: usize,
    batch: &mut SparseBatch<T>,
) -> Result<()> {
    (0..range.samples).try_for_each(|index| {
        let mut rng = range.rng(index);
        batch.push_with(named + index, |indices, values| distribution.sample(&mut rng, indices, values))
    })
}

/// Draws a single batch, as [`Sampler::sample_into`] does.
///
/// # Errors
/// As [`Sampler::sample_into`].
pub fn sample_into<T: Scalar, D: Distribution>(
    distribution: &D,
    range: SampleRange,
    batch: &mut SparseBatch<T>,
) -> Result<()> {
    Sampler::new().sample_into(distribution, range, batch)
}

/// Draws the samples of `range` as a dense `features × samples` matrix, whose column `k` is the
/// range's sample `k`.
///
/// # Errors
/// As [`Sampler::sample_into`].
pub fn sample_dense<T: Scalar, D: Distribution>(distribution: &D, range: SampleRange) -> Result<DMatrix<T>> {
    let mut batch = SparseBatch::new(distribution.features())?;
    sample_into(distribution, range, &mut batch)?;
    Ok(batch.to_dense())
}
