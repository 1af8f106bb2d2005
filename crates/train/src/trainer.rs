//! A training run: a model, an objective, an optimizer, a schedule and a stop rule, one step at a
//! time.

use std::time::{Duration, Instant};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use toy_superposition_data::{Distribution, LawSpec};
use toy_superposition_model::{Autoencoder, Model, Objective, Scalar, Stochastic, check_memory};
use toy_superposition_optim::{Optimizer, StopReason, Stopper, Update};

use crate::{Error, FreshBatches, Identity, Recipe, Result, Task};

/// The number of parameters that one thread updates at a time.
const CHUNK: usize = 1 << 12;

/// The number of losses for which a run reserves memory, unless its recipe bounds its steps by a
/// smaller number.
const EXPECTED_STEPS: u64 = 1 << 16;

/// A run in progress.
///
/// The same model, objective and recipe give the same bits for every number of threads, also if the
/// run was interrupted and [resumed](Trainer::resume).
///
/// ```
/// use toy_superposition_data::Features;
/// use toy_superposition_model::Shape;
/// use toy_superposition_optim::StopRule;
/// use toy_superposition_train::{Recipe, Trainer};
///
/// let recipe = Recipe { stop: StopRule::Steps { steps: 3 }, ..Recipe::text(16)? };
/// let model = recipe.initial_model::<f32>(Shape::new(16, 4)?, 1)?;
/// let mut trainer = Trainer::on_fresh_batches(model, Features::paper(16, 0.1)?, &recipe, 1)?;
/// while !trainer.stopped() {
///     let step = trainer.step()?;
///     println!("step {}: {:.5}", step.index, step.loss);
/// }
/// assert_eq!(trainer.losses().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer<M: Model, O> {
    pub(crate) model: M,
    pub(crate) objective: O,
    pub(crate) optimizer: Box<dyn Optimizer<M::Scalar>>,
    recipe: Recipe,
    pub(crate) stopper: Stopper,
    pub(crate) losses: Vec<f64>,
    pub(crate) identity: Identity,
    pub(crate) law: Option<LawSpec>,
    gradient: M::Gradient,
    optimizing: Duration,
}

/// Runs [`Update::apply`] with the instructions of this machine.
struct Apply<'a, T> {
    update: Update<'a, T>,
    parameters: &'a mut [T],
    gradient: &'a [T],
}

impl<T: Scalar> Apply<'_, T> {
    /// Halves the range at multiples of [`CHUNK`] until each part is small enough for one thread.
    fn in_parallel(self, arch: Arch) -> toy_superposition_optim::Result<()> {
        let Self { update, parameters, gradient } = self;
        if parameters.len() <= CHUNK {
            return arch.dispatch(Self { update, parameters, gradient });
        }
        let middle = parameters.len().div_ceil(CHUNK).div_ceil(2) * CHUNK;
        let (first, last) = update.split_at(middle);
        let (parameters, last_parameters) = parameters.split_at_mut(middle);
        let (gradient, last_gradient) = gradient.split_at(middle);
        let first = Apply { update: first, parameters, gradient };
        let last = Apply { update: last, parameters: last_parameters, gradient: last_gradient };
        let (first, last) = rayon::join(|| first.in_parallel(arch), || last.in_parallel(arch));
        first.and(last)
    }
}

impl<T: Scalar> WithSimd for Apply<'_, T> {
    type Output = toy_superposition_optim::Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        self.update.apply(self.parameters, self.gradient)
    }
}

/// Returns whether all values are finite. It does not stop at the first that is not, so that it
/// vectorises.
fn all_finite<T: Scalar>(values: &[T]) -> bool {
    values.iter().fold(true, |finite, value| finite & value.is_finite())
}

/// The result of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Number of the step, from 0.
    pub index: u64,
    /// Loss of the step's batch, before its update.
    pub loss: f64,
    /// Whether this was the last step of the run.
    pub stopped: bool,
}

impl<T: Scalar, D: Distribution + Send> Trainer<Autoencoder<T>, FreshBatches<T, D>> {
    /// Returns a run on fresh batches of `distribution`, which takes the samples of
    /// [`Stream::Training`](toy_superposition_data::Stream::Training) of `seed` in order.
    ///
    /// # Errors
    /// [`Error::Missing`] for a recipe without batches; [`Error::Length`] unless model,
    /// distribution and importance have the same number of features; [`Error::Model`] and
    /// [`Error::Optim`] for settings out of range; [`Error::Undescribed`] for a setting that the
    /// description of a run cannot express.
    pub fn on_fresh_batches(
        model: Autoencoder<T>,
        distribution: D,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Self> {
        let (given, expected) = (distribution.features(), model.features());
        if given != expected {
            return Err(Error::Length { what: "features of the data", given, expected });
        }
        let law = Some(distribution.spec());
        let task = Task { objective: "fresh batches".to_owned(), law, seed: Some(seed) };
        Self::build(model, FreshBatches::new(distribution, recipe, seed)?, recipe, task)
    }

    /// Returns the stages of the last step in order, each with its name and its wall time.
    pub fn stages(&self) -> Vec<(&'static str, Duration)> {
        let mut stages = self.objective.stages();
        stages.push(("optimizer", self.optimizing));
        stages
    }
}

impl<M: Model + Send, O: Stochastic<M> + Send> Trainer<M, O> {
    /// Returns a run on a user-defined objective, which `task` describes. A checkpoint can be
    /// resumed only by a run of the same task, recipe, model, initial weights and precision.
    ///
    /// # Errors
    /// [`Error::Ignored`] for a recipe with batches or importance, which this objective would
    /// ignore; [`Error::Optim`] for settings out of range; [`Error::Model`] if there is no memory
    /// for the gradient and its moments; [`Error::Undescribed`] for a setting that the description
    /// of a run cannot express.
    pub fn new(model: M, objective: O, recipe: &Recipe, task: Task) -> Result<Self> {
        for (what, given) in
            [("batches", recipe.batches.is_some()), ("importance", recipe.importance.is_some())]
        {
            if given {
                return Err(Error::Ignored { what });
            }
        }
        Self::build(model, objective, recipe, task)
    }

    fn build(model: M, objective: O, recipe: &Recipe, task: Task) -> Result<Self> {
        if !(0.0..=1000.0).contains(&recipe.cooling) {
            let (name, given, allowed) = ("cooling", recipe.cooling, "[0, 1000]");
            return Err(toy_superposition_optim::Error::Setting { name, given, allowed }.into());
        }
        let parameters = model.as_slice().len();
        let bytes = 3 * parameters as u128 * size_of::<M::Scalar>() as u128;
        check_memory("the gradient and its two moments", bytes)?;
        Ok(Self {
            identity: Identity::new(&model, &task, recipe)?,
            law: task.law,
            objective,
            optimizer: recipe.optimizer.build(parameters)?,
            recipe: recipe.clone(),
            stopper: Stopper::new(recipe.stop)?,
            losses: Vec::with_capacity(recipe.most_steps().unwrap_or(u64::MAX).min(EXPECTED_STEPS) as usize),
            gradient: model.zero_gradient()?,
            optimizing: Duration::ZERO,
            model,
        })
    }

    /// Returns the current model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Returns the model and drops the rest of the run.
    pub fn into_model(self) -> M {
        self.model
    }

    /// Returns the objective.
    pub fn objective(&self) -> &O {
        &self.objective
    }

    /// Returns the canonical description of the run.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the number of steps taken.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// Returns the loss of every step taken, each on the step's own batch and before its update.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Returns whether the run has ended: the stop rule has applied, and the model has
    /// [cooled](Recipe::cooling).
    pub fn stopped(&self) -> bool {
        self.stop_reason().is_some()
    }

    /// Returns the reason given by the stop rule once the run has ended.
    pub fn stop_reason(&self) -> Option<StopReason> {
        let cooled = || self.steps() >= self.recipe.last_step(self.stopper.steps());
        self.stopper.stopped().filter(|_| cooled())
    }

    /// Returns the learning rate of step `step`, which must not be before the step taken last.
    fn learning_rate(&self, step: u64) -> f64 {
        let rate = self.recipe.schedule.learning_rate(step);
        let stop = self.stopper.steps();
        let last = self.recipe.last_step(stop);
        // Without cooling, steps after the end of the run use the rate of the schedule.
        if self.stopper.stopped().is_none() || last == stop {
            return rate;
        }
        let cooled = step.saturating_sub(stop) as f64 / (last - stop) as f64;
        rate * 0.5 * (1.0 + (std::f64::consts::PI * cooled.min(1.0)).cos())
    }

    /// Takes one step on a thread of rayon's pool, even if the stop rule has applied. If two
    /// trainers step on one pool at the same time, one may wait for the other.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss or its gradient is not finite, [`Error::Objective`] if the
    /// objective fails for another reason or refuses the initial model,
    /// [`Error::Optim`] for a learning rate outside [0, ∞). The model is then unchanged.
    pub fn step(&mut self) -> Result<Step> {
        // The step runs on a thread of the pool, so that the parallel loops start there without
        // waking it one by one.
        rayon::scope(|_| self.step_here())
    }

    fn step_here(&mut self) -> Result<Step> {
        let index = self.steps();
        let loss = self
            .objective
            .at(index)
            .and_then(|mut drawn| drawn.loss_and_gradient(&self.model, &mut self.gradient))
            .or_else(|error| self.refused(index, error))?;
        if !loss.is_finite() || !self.gradient.as_ref().par_chunks(CHUNK).all(all_finite) {
            return Err(self.diverged(index, loss));
        }
        let (start, rate) = (Instant::now(), self.learning_rate(index));
        let update = self.optimizer.begin_step(rate)?;
        Apply { update, parameters: self.model.as_mut_slice(), gradient: self.gradient.as_ref() }
            .in_parallel(Arch::new())?;
        self.optimizing = start.elapsed();
        self.losses.push(loss);
        self.stopper.observe(loss)?;
        Ok(Step { index, loss, stopped: self.stopped() })
    }

    /// Returns the loss of an objective that failed, after the first step, because the loss is not
    /// finite. Any other error is passed on.
    fn refused(&self, step: u64, error: O::Error) -> Result<f64> {
        let overflow = || (!all_finite(self.model.as_slice())).then_some(f64::NAN);
        match <O::Drawn<'_> as Objective<M>>::not_finite(&error).or_else(overflow) {
            Some(loss) if step > 0 => Ok(loss),
            _ => Err(Error::Objective { step, source: Box::new(error) }),
        }
    }

    fn diverged(&self, step: u64, loss: f64) -> Error {
        Error::Diverged { step, learning_rate: self.learning_rate(step.saturating_sub(1)), loss }
    }
}
