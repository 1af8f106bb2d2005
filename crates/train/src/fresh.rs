//! The loss on fresh samples: an objective that draws a new batch for every step.

use std::time::{Duration, Instant};

use nalgebra::DVector;
use toy_superposition_data::{Distribution, Sampler, SparseBatch, Stream};
use toy_superposition_model::{
    Activation, Autoencoder, BatchObjective, Initialisation, MinibatchLoss, Scalar, Shape, Stochastic,
};

use crate::{Batches, Error, Recipe, Result};

/// Returns the initial model of a seed, with weights drawn by `initialisation` from
/// [`Stream::Weights`]. The paper uses [`Initialisation::PyTorch`] with ReLU;
/// [`Recipe::initial_model`] uses the initialisation of a recipe.
///
/// # Errors
/// [`TooLarge`](toy_superposition_model::Error::TooLarge) if there is no memory for it.
pub fn initial_model<T: Scalar>(
    shape: Shape,
    initialisation: Initialisation,
    activation: Activation,
    seed: u64,
) -> Result<Autoencoder<T>> {
    Ok(initialisation.sample(shape, activation, &mut Stream::Weights.rng(seed, 0))?)
}

/// The per-feature loss on a fresh batch for every step.
///
/// The batches take the samples of [`Stream::Training`] of one seed in order. A step's batch
/// depends only on the seed and on the number of samples before it, so a run can be continued at
/// any step. [`Stream::Weights`] of the seed draws the initial weights, and [`Stream::Evaluation`]
/// remains for measuring.
///
/// ```
/// use toy_superposition_data::Features;
/// use toy_superposition_model::{Objective, Shape, Stochastic};
/// use toy_superposition_train::{FreshBatches, Recipe};
///
/// let recipe = Recipe::text(16)?;
/// let model = recipe.initial_model::<f32>(Shape::new(16, 4)?, 1)?;
/// let mut batches = FreshBatches::new(Features::paper(16, 0.1)?, &recipe, 1)?;
/// // A step's batch does not depend on which steps were drawn before.
/// let mut loss = |step: u64| batches.at(step)?.loss(&model);
/// let (fifth, sixth, again) = (loss(5)?, loss(6)?, loss(5)?);
/// assert!(fifth == again && fifth != sixth);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Returns the batches of `distribution` for the steps of a run. `recipe` gives their size and
    /// the importance of each feature.
    /// [`Trainer::on_fresh_batches`](crate::Trainer::on_fresh_batches) calls this function, so that
    /// trainer and batches use the same recipe.
    ///
    /// # Errors
    /// [`Error::Missing`] for a recipe without batches, [`Error::Length`] unless there is one
    /// importance per feature, and [`Error::Model`] for an importance that is negative or not
    /// finite.
    pub fn new(distribution: D, recipe: &Recipe, seed: u64) -> Result<Self> {
        let batches = recipe.batches.ok_or(Error::Missing { what: "batches" })?;
        let batch = SparseBatch::new(distribution.features())?;
        let loss = match &recipe.importance {
            None => MinibatchLoss::new(),
            Some(importance) if importance.len() != distribution.features() => {
                let (given, expected) = (importance.len(), distribution.features());
                return Err(Error::Length { what: "importance", given, expected });
            }
            Some(importance) => {
                let rounded = importance.iter().map(|&value| T::round_from(value));
                MinibatchLoss::with_importance(&DVector::from_iterator(importance.len(), rounded))?
            }
        };
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

    /// Returns the distribution of the samples.
    pub fn distribution(&self) -> &D {
        &self.distribution
    }

    /// Returns the stages of the last step in order, without the optimizer's, each with its name
    /// and its wall time.
    pub fn stages(&self) -> Vec<(&'static str, Duration)> {
        [("sample", self.sampling)].into_iter().chain(self.loss.stages().iter().copied()).collect()
    }
}

impl<T: Scalar, D: Distribution> Stochastic<Autoencoder<T>> for FreshBatches<T, D> {
    type Error = toy_superposition_model::Error;
    type Drawn<'a>
        = BatchObjective<&'a SparseBatch<T>, &'a mut MinibatchLoss<T>>
    where
        Self: 'a;

    fn at(&mut self, step: u64) -> Result<Self::Drawn<'_>, Self::Error> {
        let start = Instant::now();
        let range = self.batches.samples(self.seed, step);
        self.sampler.sample_into(&self.distribution, range, &mut self.batch)?;
        self.sampling = start.elapsed();
        Ok(BatchObjective::borrowed(&self.batch, &mut self.loss))
    }
}

#[cfg(test)]
mod tests {
    use toy_superposition_data::Features;
    use toy_superposition_model::sampled_loss;
    use toy_superposition_optim::{Schedule, StopRule};

    use super::*;
    use crate::{Run, Trainer};

    /// Trains 100 models, each on few samples, and measures each on as many samples of the same
    /// seed. The difference `z` from the expected loss, in standard errors, has mean 0 and variance
    /// 1, so the sum over the seeds divided by √100 stays below 4.9 (α = 1e-6). If the models were
    /// measured on the training samples themselves, it would be far below that range.
    #[test]
    fn the_measured_loss_of_a_trained_model_is_unbiased() {
        const SAMPLES: u64 = 400;
        let law = || Features::paper(16, 0.15).unwrap();
        let recipe = Recipe {
            batches: Some(Batches::new(4, None).unwrap()),
            schedule: Schedule::constant(0.01).unwrap(),
            stop: StopRule::Steps { steps: SAMPLES / 4 },
            ..Recipe::text(16).unwrap()
        };
        let (mut evaluation, mut training) = (0.0, 0.0);
        for seed in 0..100 {
            let model = recipe.initial_model::<f32>(Shape::new(16, 6).unwrap(), seed).unwrap();
            let mut trainer = Trainer::on_fresh_batches(model, law(), &recipe, seed).unwrap();
            trainer.run(&Run::default(), |_, _| {}).unwrap();
            let on = |range| sampled_loss(trainer.model(), &law(), range).unwrap();
            // The expected loss is measured with another seed, on fifty times as many samples.
            let expected = on(Stream::Evaluation.samples(seed + 1000, 0..50 * SAMPLES));
            let z = |stream: Stream| {
                let found = on(stream.samples(seed, 0..SAMPLES));
                let error = found.standard_error().hypot(expected.standard_error());
                (found.mean() - expected.mean()) / error / 10.0
            };
            evaluation += z(Stream::Evaluation);
            training += z(Stream::Training);
        }
        assert!(evaluation.abs() < 4.9, "{evaluation}");
        assert!(training < -4.9, "{training}: this test has no power");
    }
}
