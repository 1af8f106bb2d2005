//! A mean with its standard error, and the loss of a model on fresh data.

use toy_superposition_data::{Distribution, SampleRange, Sampler, SparseBatch};

use crate::{Autoencoder, MinibatchLoss, Result, Scalar};

/// The mean of n independent values, with its standard error `s/√n`, where
/// `s² = Σ (v − mean)² / (n − 1)`.
///
/// The feature `serde` stores it as `count` n, `mean` and `squares` `Σ (v − mean)²`.
///
/// ```
/// use toy_superposition_model::Estimate;
///
/// let half: Estimate = [1.0, 2.0].into_iter().collect();
/// let whole = half.merge(&[3.0, 6.0].into_iter().collect());
/// // s² = (4 + 1 + 0 + 9)/3
/// assert_eq!((whole.count(), whole.mean()), (4, 3.0));
/// assert!((whole.standard_error() - (14.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Estimate {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Estimate {
    /// Returns the mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns the standard error of the mean, which is infinite for fewer than two values.
    pub fn standard_error(&self) -> f64 {
        if self.count < 2 {
            return f64::INFINITY;
        }
        let count = self.count as f64;
        (self.squares / ((count - 1.0) * count)).sqrt()
    }

    /// Returns the number of values n.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the estimate from the values of both estimates.
    pub fn merge(&self, other: &Self) -> Self {
        if self.count == 0 {
            return *other;
        }
        if other.count == 0 {
            return *self;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let difference = other.mean - self.mean;
        Self {
            count: self.count + other.count,
            mean: self.mean + difference * m / (n + m),
            squares: self.squares + other.squares + difference * difference * n * m / (n + m),
        }
    }
}

impl FromIterator<f64> for Estimate {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        values
            .into_iter()
            .fold(Self::default(), |sum, value| sum.merge(&Self { count: 1, mean: value, squares: 0.0 }))
    }
}

/// The number of samples per batch of [`sampled_loss`].
const BATCH: usize = 1024;

/// Returns the per-feature loss of a model on the samples of `range`, with the standard error of
/// the mean over samples.
///
/// To measure a trained model without bias, use samples that it was not trained on: those of
/// [`Stream::Evaluation`](toy_superposition_data::Stream::Evaluation), or those of another seed.
///
/// # Errors
/// Returns the errors of [`MinibatchLoss::loss`], [`Error::EmptyBatch`](crate::Error::EmptyBatch)
/// for no samples, and [`Error::Data`](crate::Error::Data) if the samples cannot be drawn.
pub fn sampled_loss<T: Scalar, D: Distribution>(
    model: &Autoencoder<T>,
    distribution: &D,
    range: SampleRange,
) -> Result<Estimate> {
    MinibatchLoss::new().sampled(model, distribution, range)
}

impl<T: Scalar> MinibatchLoss<T> {
    /// Returns the [`sampled_loss`] weighted by this loss's importances,
    /// `(1/n_s) Σ_i ι_i E(y_i − x_i)²`.
    ///
    /// # Errors
    /// Returns the errors of [`sampled_loss`].
    pub fn sampled<D: Distribution>(
        &mut self,
        model: &Autoencoder<T>,
        distribution: &D,
        range: SampleRange,
    ) -> Result<Estimate> {
        let mut sampler = Sampler::new();
        let mut batch = SparseBatch::new(distribution.features())?;
        let mut sum = Estimate::default();
        for start in (0..range.samples.max(1)).step_by(BATCH) {
            let count = BATCH.min(range.samples - start);
            sampler.sample_into(distribution, range.part(start, count), &mut batch)?;
            sum = sum.merge(&self.estimate(model, &batch)?);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::Estimate;

    #[test]
    fn merged_parts_are_the_whole() {
        let values: Vec<f64> = (0..50).map(|i| 1e6 + f64::from(i * i % 17)).collect();
        let mean = values.iter().sum::<f64>() / 50.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 49.0;
        let (left, right) = values.split_at(13);
        let merged = left.iter().copied().collect::<Estimate>().merge(&right.iter().copied().collect());
        assert_eq!(merged.count(), 50);
        approx::assert_relative_eq!(merged.mean(), mean, epsilon = 0.0, max_relative = 1e-14);
        let expected = (variance / 50.0).sqrt();
        approx::assert_relative_eq!(merged.standard_error(), expected, epsilon = 0.0, max_relative = 1e-9);
        assert_eq!(Estimate::default().merge(&merged), merged);
        assert_eq!([3.0].into_iter().collect::<Estimate>().standard_error(), f64::INFINITY);
    }
}
