//! The loss on fresh samples: an objective that draws a new batch for every step.
//!
//! Of one seed, the samples of [`Stream::Training`] train, in order, and [`Stream::Weights`] draws
//! the initial weights; [`Stream::Evaluation`] is left for measuring. A step's batch depends on the
//! seed and the number of samples before it alone, so a run goes on from a step count.

use std::time::{Duration, Instant};

use nalgebra::DVector;
use toy_superposition_data::{Distribution, Sampler, SparseBatch, Stream};
use toy_superposition_model::{
    Activation, Autoencoder, BatchObjective, Initialisation, MinibatchLoss, Scalar, Shape, Stochastic,
};

use crate::{Batches, Error, Recipe, Result};

/// The initial model of a seed: weights drawn by `initialisation` from [`Stream::Weights`]. The
/// paper's is [`Initialisation::PyTorch`] with ReLU; that of a recipe is [`Recipe::initial_model`].
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

/// The per-feature loss on the batch of the current step.
///
/// ```
/// use toy_superposition_data::Features;
/// use toy_superposition_model::{Objective, Shape, Stochastic};
/// use toy_superposition_train::{FreshBatches, Recipe};
///
/// let recipe = Recipe::text(16)?;
/// let model = recipe.initial_model::<f32>(Shape::new(16, 4)?, 1)?;
/// let mut batches = FreshBatches::new(Features::paper(16, 0.1)?, &recipe, 1)?;
/// // A step's batch does not depend on which steps were asked for before.
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
    /// Batches of `distribution` for the steps of a run; `recipe` says how large they are and how
    /// important each feature is. Made by
    /// [`Trainer::on_fresh_batches`](crate::Trainer::on_fresh_batches), so that no second recipe
    /// can say otherwise.
    ///
    /// # Errors
    /// [`Error::Missing`] for a recipe without batches, [`Error::Length`] unless there are as many
    /// importances as features, and [`Error::Model`] for an importance that is negative or not
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

    /// The distribution that is drawn from.
    pub fn distribution(&self) -> &D {
        &self.distribution
    }

    /// Where the time of the last step went, the optimizer apart: (stage, wall time) in order.
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

    /// 100 models, each trained on few samples and measured on as many of the same seed. `z`, the
    /// difference to the expected loss in standard errors, has mean 0 and variance 1: the sum over
    /// the seeds divided by √100 stays below 4.9 (α = 1e-6). Measured on the training samples
    /// themselves it lies far below.
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
            // Of another seed, and fifty times as many.
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
