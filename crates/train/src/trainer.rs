//! A training run: a model, an objective, Adam, a schedule and a stop rule, one step at a time.

use std::time::{Duration, Instant};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use toy_superposition_data::Distribution;
use toy_superposition_model::{Autoencoder, MinibatchLoss, Objective, Parameters, Scalar, check_memory};
use toy_superposition_optim::{Adam, AdamStep, Optimizer, Real, Schedule, Stopper};

use crate::{Error, FreshBatches, Recipe, Result};

/// Parameters that one thread updates at a time.
const CHUNK: usize = 1 << 12;

/// A run in progress.
///
/// Same model, objective and recipe: same bits, whatever the number of threads, and whether or not the run was
/// interrupted and [resumed](Trainer::resume).
#[derive(Debug)]
pub struct Trainer<T: Scalar + Real, O> {
    pub(crate) model: Autoencoder<T>,
    pub(crate) objective: O,
    pub(crate) adam: Adam<T>,
    pub(crate) schedule: Schedule,
    pub(crate) stopper: Stopper,
    pub(crate) losses: Vec<f64>,
    pub(crate) identity: String,
    gradient: Parameters<T>,
    optimizing: Duration,
}

/// [`AdamStep::apply`], with the instructions of this machine.
struct Update<'a, T> {
    adam: AdamStep<T>,
    parameters: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<T: Real> WithSimd for Update<'_, T> {
    type Output = toy_superposition_optim::Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        self.adam.apply(self.parameters, self.gradient, self.first, self.second)
    }
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its number, from 0.
    pub index: u64,
    /// The loss of its batch, before its update.
    pub loss: f64,
    /// Whether it was the last.
    pub stopped: bool,
}

impl<T: Scalar + Real, D: Distribution + Send> Trainer<T, FreshBatches<T, D>> {
    /// A run on fresh batches, each feature equally important.
    ///
    /// # Errors
    /// If the recipe's settings are out of range.
    pub fn on_fresh_batches(
        model: Autoencoder<T>,
        distribution: D,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Self> {
        let objective = FreshBatches::new(distribution, recipe.batches, seed, MinibatchLoss::new())?;
        let identity = objective.identity();
        Self::new(model, objective, recipe, identity)
    }
}

impl<T: Scalar + Real, O: Objective<T> + Send> Trainer<T, O> {
    /// A run that has not begun. `identity` says in words what the objective is; a checkpoint is only resumed by
    /// a run of the same identity, recipe and model shape.
    ///
    /// # Errors
    /// If the recipe's settings are out of range, or there is no memory for the gradient and the moments.
    pub fn new(model: Autoencoder<T>, objective: O, recipe: &Recipe, identity: String) -> Result<Self> {
        let shape = model.shape();
        let identity =
            format!("{shape:?}, {:?}, {:?}, {:?}, {identity}", recipe.adam, recipe.schedule, recipe.stop);
        check_memory(
            "the gradient and its two moments",
            3 * shape.parameters() as u128 * size_of::<T>() as u128,
        )?;
        Ok(Self {
            objective,
            adam: Adam::new(shape.parameters(), recipe.adam)?,
            schedule: recipe.schedule,
            stopper: Stopper::new(recipe.stop)?,
            losses: Vec::new(),
            identity,
            gradient: Parameters::zeros(shape)?,
            optimizing: Duration::ZERO,
            model,
        })
    }

    /// The model as it is now.
    pub fn model(&self) -> &Autoencoder<T> {
        &self.model
    }

    /// The model, at the end.
    pub fn into_model(self) -> Autoencoder<T> {
        self.model
    }

    /// The objective.
    pub fn objective(&self) -> &O {
        &self.objective
    }

    /// The number of steps taken.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The loss of every step taken, each on its own batch, before its update.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Whether the stop rule has said to stop.
    pub fn stopped(&self) -> bool {
        self.stopper.stopped()
    }

    /// Where the time of the last step went: (stage, wall time) in order.
    pub fn stages(&self) -> Vec<(&'static str, Duration)> {
        let mut stages = self.objective.stages();
        stages.push(("optimizer", self.optimizing));
        stages
    }

    /// Takes one step, whether or not the stop rule has spoken, on a thread of rayon's pool. Of two trainers that step on one
    /// pool at a time, one may wait for the other.
    ///
    /// # Errors
    /// [`Error::Objective`] if the objective cannot be evaluated (among others: the loss is no longer finite). The
    /// model is then as it was before the step.
    pub fn step(&mut self) -> Result<Step> {
        // On a thread of the pool, so that the parallel loops begin there, without waking it one by one.
        rayon::scope(|_| self.step_here())
    }

    fn step_here(&mut self) -> Result<Step> {
        let index = self.steps();
        self.objective
            .begin_step(index)
            .and_then(|()| self.objective.loss_and_gradient(&self.model, &mut self.gradient))
            .map_err(|source| Error::Objective { step: index, source: Box::new(source) })
            .and_then(|loss| {
                let start = Instant::now();
                let adam = self.adam.begin_step(self.schedule.learning_rate(index))?;
                let ((first, second), arch) = (self.adam.moments_mut(), Arch::new());
                self.model
                    .parameters_mut()
                    .as_mut_slice()
                    .par_chunks_mut(CHUNK)
                    .zip(self.gradient.as_slice().par_chunks(CHUNK))
                    .zip(first.par_chunks_mut(CHUNK))
                    .zip(second.par_chunks_mut(CHUNK))
                    .try_for_each(|(((parameters, gradient), first), second)| {
                        arch.dispatch(Update { adam, parameters, gradient, first, second })
                    })?;
                self.optimizing = start.elapsed();
                self.losses.push(loss);
                let stopped = self.stopper.observe(loss)?;
                Ok(Step { index, loss, stopped })
            })
    }

    /// Adam's state, by name.
    pub(crate) fn moments(&self) -> toy_superposition_optim::State<'_, T> {
        self.adam.state()
    }
}
