//! The loss on fresh samples: an objective that draws a new batch for every step.
//!
//! Of one seed, the samples 0, 1, … (streams of [`sample_rng`]) train, in order; the samples from
//! [`EVALUATION`] on are for measuring; stream 2⁶⁴ − 1 draws the initial weights. A step's batch depends on the seed
//! and the number of samples before it alone, so a run goes on from a step count.

use std::time::{Duration, Instant};

use toy_superposition_data::{Distribution, Sampler, SparseBatch, sample_rng};
use toy_superposition_model::{
    Activation, Autoencoder, Initialisation, MinibatchLoss, Objective, Parameters, Scalar, Shape,
};

use crate::{Batches, Result};

/// The first sample of a seed that no training draws: 2⁶³.
pub const EVALUATION: u64 = 1 << 63;

/// The initial model of a seed: PyTorch's initialisation, ReLU.
///
/// # Errors
/// [`TooLarge`](toy_superposition_model::Error::TooLarge) if there is no memory for it.
pub fn initial_model<T: Scalar>(shape: Shape, seed: u64) -> Result<Autoencoder<T>> {
    Ok(Initialisation::PyTorch.sample(shape, Activation::Relu, &mut sample_rng(seed, u64::MAX))?)
}

/// The per-feature loss on the batch of the current step.
#[derive(Debug)]
pub struct FreshBatches<T: Scalar, D> {
    distribution: D,
    batches: Batches,
    seed: u64,
    sampler: Sampler<T>,
    batch: SparseBatch<T>,
    loss: MinibatchLoss<T>,
    sampling: Duration,
}

impl<T: Scalar, D: Distribution> FreshBatches<T, D> {
    /// Batches of `distribution` for the steps of a run.
    ///
    /// # Errors
    /// If the distribution has no features.
    pub fn new(distribution: D, batches: Batches, seed: u64, loss: MinibatchLoss<T>) -> Result<Self> {
        let batch = SparseBatch::new(distribution.features())?;
        Ok(Self {
            distribution,
            batches,
            seed,
            sampler: Sampler::new(),
            batch,
            loss,
            sampling: Duration::ZERO,
        })
    }

    /// The distribution that is drawn from.
    pub fn distribution(&self) -> &D {
        &self.distribution
    }

    /// What the batches are, in words: two objectives that say the same draw the same, as far as moments tell.
    pub(crate) fn identity(&self) -> String {
        let features = self.distribution.features();
        let sum = |of: fn(toy_superposition_data::Moments) -> f64| -> f64 {
            (0..features).map(|feature| of(self.distribution.moments(feature))).sum()
        };
        let (p, mean, square) = (sum(|m| m.probability), sum(|m| m.mean), sum(|m| m.second_moment));
        format!(
            "seed {}, {features} features, Σp {p}, Σ E x {mean}, Σ E x² {square}, {:?}",
            self.seed, self.batches
        )
    }
}

impl<T: Scalar, D: Distribution> Objective<T> for FreshBatches<T, D> {
    type Error = toy_superposition_model::Error;

    fn begin_step(&mut self, step: u64) -> Result<(), Self::Error> {
        let start = Instant::now();
        let (first, samples) = self.batches.at(step);
        self.sampler.sample_into(&self.distribution, self.seed, first, samples, &mut self.batch)?;
        self.sampling = start.elapsed();
        Ok(())
    }

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64, Self::Error> {
        self.loss.loss(model, &self.batch)
    }

    fn loss_and_gradient(
        &mut self,
        model: &Autoencoder<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64, Self::Error> {
        self.loss.loss_and_gradient(model, &self.batch, gradient)
    }

    fn stages(&self) -> Vec<(&'static str, Duration)> {
        [("sample", self.sampling)].into_iter().chain(self.loss.stages().iter().copied()).collect()
    }
}
