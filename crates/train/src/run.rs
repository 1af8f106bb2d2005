//! Steps until the end: with a progress bar, checkpoints, and a way to be interrupted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use toy_superposition_model::{Objective, Scalar};
use toy_superposition_optim::{Real, StopRule};

use crate::{Result, Step, Trainer};

/// How a run is watched and kept.
///
/// | Name | Default |
/// |---|---|
/// | `checkpoint` | none |
/// | `every` | 30 seconds |
/// | `interrupt` | none |
/// | `progress` | hidden |
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Where checkpoints go: one file, replaced again and again, and once at the end.
    pub checkpoint: Option<PathBuf>,
    /// The time between two checkpoints. Which steps are kept does not change what the run computes.
    pub every: Duration,
    /// Set it (from a Ctrl-C handler, say) to end the run after the step in progress, with a checkpoint.
    pub interrupt: Option<&'a AtomicBool>,
    /// Where progress is shown; see [`Run::bar`].
    pub progress: ProgressBar,
}

impl Default for Run<'_> {
    fn default() -> Self {
        let every = Duration::from_secs(30);
        Self { checkpoint: None, every, interrupt: None, progress: ProgressBar::hidden() }
    }
}

impl Run<'_> {
    /// A progress bar on standard error; nothing is drawn where that is not a terminal.
    pub fn bar(label: &str) -> ProgressBar {
        let bar = ProgressBar::no_length();
        // The template is a constant that a test renders; the default style is the fall-back.
        if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} step {pos} {msg} {per_sec}") {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        bar
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The stop rule said so.
    Stopped,
    /// [`Run::interrupt`] was set.
    Interrupted,
}

impl<T: Scalar + Real, O: Objective<T> + Send> Trainer<T, O> {
    /// Takes steps until the stop rule or an interrupt ends the run. `each` sees every step.
    ///
    /// # Errors
    /// As [`step`](Trainer::step) and [`save`](Trainer::save). The last checkpoint written stays.
    pub fn run(&mut self, run: &Run<'_>, mut each: impl FnMut(&Self, Step)) -> Result<Ended> {
        match self.stopper.rule() {
            StopRule::Steps { steps } => run.progress.set_length(steps),
            StopRule::EpochWindows { epoch_steps, max_epochs, .. } => {
                run.progress.set_length(epoch_steps.saturating_mul(max_epochs));
            }
            _ => {}
        }
        let mut saved = Instant::now();
        let ended = loop {
            if self.stopped() {
                break Ended::Stopped;
            }
            if run.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                break Ended::Interrupted;
            }
            let step = self.step()?;
            each(self, step);
            run.progress.set_position(self.steps());
            if step.index % 32 == 0 {
                run.progress.set_message(format!("loss {:.4e}", step.loss));
            }
            if let Some(path) = &run.checkpoint
                && saved.elapsed() >= run.every
            {
                self.save(path)?;
                saved = Instant::now();
            }
        };
        run.progress.finish_and_clear();
        if let Some(path) = &run.checkpoint {
            self.save(path)?;
        }
        Ok(ended)
    }
}
