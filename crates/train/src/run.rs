//! Runs: steps until the stop rule applies, with checkpoints, a goal and an interrupt.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use toy_superposition_model::{Model, Stochastic};
use toy_superposition_optim::{Error as OptimError, StopReason};

use crate::{Result, Step, Trainer};

/// The checkpoints of a run, and what ends it besides its stop rule.
///
/// | Name | Default |
/// |---|---|
/// | `checkpoint` | none |
/// | `every` | 30 seconds |
/// | `interrupt` | none |
/// | `goal` | none |
///
/// ```
/// use toy_superposition_data::Features;
/// use toy_superposition_model::Shape;
/// use toy_superposition_optim::StopRule;
/// use toy_superposition_train::{Ended, Recipe, Run, Trainer};
///
/// let start = || {
///     let recipe = Recipe { stop: StopRule::Steps { steps: 5 }, ..Recipe::text(16)? };
///     let model = recipe.initial_model::<f32>(Shape::new(16, 4)?, 1)?;
///     let trainer = Trainer::on_fresh_batches(model, Features::paper(16, 0.1)?, &recipe, 1)?;
///     Ok::<_, Box<dyn std::error::Error>>(trainer)
/// };
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("run.safetensors");
/// let run = Run { checkpoint: Some(file.clone()), ..Run::default() };
/// let mut first = start()?;
/// assert!(matches!(first.run(&run, |_, _| {})?, Ended::Stopped(_)));
///
/// let mut again = start()?;
/// assert!(again.resume(&file)?);
/// assert_eq!((again.model(), again.losses()), (first.model(), first.losses()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Path of the checkpoint, one file that is replaced at each checkpoint and at the end of the
    /// run.
    pub checkpoint: Option<PathBuf>,
    /// Time between two checkpoints. It does not change what the run computes.
    pub every: Duration,
    /// Flag that ends the run after the step in progress, with a checkpoint. A Ctrl-C handler may
    /// set it.
    pub interrupt: Option<&'a AtomicBool>,
    /// Finite loss at which the run ends: it ends after the first step whose loss, before its
    /// update, is at most this.
    pub goal: Option<f64>,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { checkpoint: None, every: Duration::from_secs(30), interrupt: None, goal: None }
    }
}

/// The reason why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The stop rule applied.
    Stopped(StopReason),
    /// The loss reached [`Run::goal`].
    Goal,
    /// [`Run::interrupt`] was set.
    Interrupted,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stopped(reason) => reason.fmt(f),
            Self::Goal => f.write_str("the goal was reached"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl<M: Model + Clone + Send, O: Stochastic<M> + Send> Trainer<M, O> {
    /// Takes steps until the stop rule, the goal or an interrupt ends the run. `each` is called
    /// after every step, for example to update a progress bar.
    ///
    /// # Errors
    /// [`Error::Optim`](crate::Error::Optim) for a goal that is not finite, before the first step,
    /// and the errors of [`step`](Trainer::step) and [`save`](Trainer::save). The last checkpoint
    /// written is kept.
    pub fn run(&mut self, run: &Run<'_>, mut each: impl FnMut(&Self, Step)) -> Result<Ended> {
        if let Some(given) = run.goal.filter(|goal| !goal.is_finite()) {
            return Err(OptimError::Setting { name: "goal", given, allowed: "(−∞, ∞)" }.into());
        }
        let mut saved = Instant::now();
        let ended = loop {
            if let (Some(goal), Some(&loss)) = (run.goal, self.losses.last())
                && loss <= goal
            {
                break Ended::Goal;
            }
            if let Some(reason) = self.stop_reason() {
                break Ended::Stopped(reason);
            }
            if run.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                break Ended::Interrupted;
            }
            let step = self.step()?;
            each(self, step);
            if let Some(path) = &run.checkpoint
                && saved.elapsed() >= run.every
            {
                self.save(path)?;
                saved = Instant::now();
            }
        };
        if let Some(path) = &run.checkpoint {
            self.save(path)?;
        }
        Ok(ended)
    }
}
