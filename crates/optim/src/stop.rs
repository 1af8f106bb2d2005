//! When to stop training.

use std::collections::VecDeque;

use crate::error::{Error, Result, require};
use crate::trend::{BLOCKS, probability_of_so_slow_a_descent};

/// A rule that reads one loss per step and says when to stop.
///
/// Let $\bar ℓ_1$ be the mean of the last w losses and $\bar ℓ_0$ the mean of the w losses before
/// those. The rules of the paper are:
///
/// - the paper's text (section 3): stop after the first step at which $\bar ℓ_1 < \bar ℓ_0$ does
///   not hold, with w = 100;
/// - its released code: if $\bar ℓ_1 < \bar ℓ_0$ does not hold at the start of an epoch after more
///   than 2w losses (the code compares their logarithms), stop at the end of that epoch, with
///   w = 200 and at most 1500 epochs of 30 steps (30,000 samples in batches of 1024).
///
/// Both rules may stop by chance. Of two windows without a trend, the later one has the higher mean
/// half of the time, and almost as often if the descent is slow compared with the noise of a
/// window. The third rule is a statistical test with a stated probability of stopping too early:
///
/// - descent: after w, 2w, 3w, … losses, test the hypothesis that the expected loss falls in a
///   straight line, by at least the fraction f of its mean per w losses. The k-th test reads the
///   last m w losses, with m = k/2 rounded down, but at least 1 and at most 8 and 1/(2f), so that
///   the noise of a long run cannot hide that its loss is constant. It is Student's test of the
///   slope through the means of 20 blocks. Stop if the p-value is at most $α_k = α/(k(k+1))$. Since
///   $Σ_k α_k = α$, a run whose loss always falls by f per window is stopped too early with
///   probability at most α. The test cannot know that a loss that is constant now will fall later:
///   a plateau that is longer than a test reads ends the run.
///
/// There is no default, because the paper's text and its code differ and a recipe must state which
/// rule it uses.
///
/// | Name | Range |
/// |---|---|
/// | `steps`, `epoch_steps`, `max_epochs` | 1 … 2⁶⁴ − 1 |
/// | `window` | 1 … 10⁶, and for `Descent` 20 … 10⁶ |
/// | `fall`, `false_stop` | (0, 1) |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum StopRule {
    /// Stops after a given number of steps.
    Steps {
        /// The number of steps.
        steps: u64,
    },
    /// Stops as soon as the mean of the last `window` losses is not below the mean of the `window`
    /// losses before those.
    Windows {
        /// The width w of each window.
        window: usize,
    },
    /// Makes the same comparison at the start of each epoch, and stops at the end of that epoch if
    /// the later mean is not lower.
    EpochWindows {
        /// The width w of each window.
        window: usize,
        /// The number of steps per epoch.
        epoch_steps: u64,
        /// The greatest number of epochs.
        max_epochs: u64,
    },
    /// Stops as soon as a test, made after every `window` losses over the last one to eight windows,
    /// finds that the loss no longer falls by the fraction `fall` of its mean per window. A run
    /// whose expected loss still falls this fast is stopped with a probability of at most
    /// `false_stop` over all its tests, if the means of twentieths of what a test reads are
    /// independent and normal with equal variances.
    Descent {
        /// The width w of each window, in steps.
        window: usize,
        /// The fraction f of its mean by which the loss must fall within a window for the run to
        /// continue.
        fall: f64,
        /// The greatest probability α of stopping a run whose loss still falls this fast.
        false_stop: f64,
    },
}

impl StopRule {
    /// The rule in the paper's text: windows of 100 losses, compared after every step.
    pub const PAPER_TEXT: Self = Self::Windows { window: 100 };

    /// The rule in the paper's released code: windows of 200 losses, epochs of 30 steps, and at
    /// most 1500 epochs.
    pub const RELEASED_CODE: Self = Self::EpochWindows { window: 200, epoch_steps: 30, max_epochs: 1500 };

    /// The greatest number of steps that the rule allows, or `None` if it sets no bound.
    pub fn most_steps(&self) -> Option<u64> {
        match *self {
            Self::Steps { steps } => Some(steps),
            Self::Windows { .. } | Self::Descent { .. } => None,
            Self::EpochWindows { epoch_steps, max_epochs, .. } => {
                Some(epoch_steps.saturating_mul(max_epochs))
            }
        }
    }

    /// The number of losses that the rule remembers.
    fn memory(&self) -> usize {
        match *self {
            Self::Steps { .. } => 0,
            Self::Windows { window } | Self::EpochWindows { window, .. } => 2 * window,
            Self::Descent { window, fall, .. } => window * most_windows(fall),
        }
    }

    fn check(&self) -> Result<()> {
        let within = |name, given, least, most| {
            let valid = (least..=most).contains(&given);
            if valid { Ok(()) } else { Err(Error::Count { name, given, least, most }) }
        };
        let count = |name, given, most| within(name, given, 1, most);
        let open = |value: f64| value > 0.0 && value < 1.0;
        match *self {
            Self::Steps { steps } => count("steps", steps, u64::MAX),
            Self::Windows { window } => count("window", window as u64, 1_000_000),
            Self::EpochWindows { window, epoch_steps, max_epochs } => {
                count("window", window as u64, 1_000_000)?;
                count("steps per epoch", epoch_steps, u64::MAX)?;
                count("epochs", max_epochs, u64::MAX)
            }
            Self::Descent { window, fall, false_stop } => {
                within("window", window as u64, BLOCKS as u64, 1_000_000)?;
                require(open(fall), "fall per window", fall, "(0, 1)")?;
                require(open(false_stop), "probability of a false stop", false_stop, "(0, 1)")
            }
        }
    }
}

/// The greatest number of windows that one test of [`StopRule::Descent`] reads: the loss falls by at
/// most half of its mean in them.
fn most_windows(fall: f64) -> usize {
    ((0.5 / fall) as usize).clamp(1, 8)
}

/// Why a [`StopRule`] said to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The number of steps of [`StopRule::Steps`] was taken. This says nothing about the loss.
    Steps,
    /// The mean of the last window of losses was not below the mean of the window before it. For
    /// [`StopRule::Descent`], the loss no longer fell as fast as the rule requires.
    Plateau,
    /// The greatest number of epochs of [`StopRule::EpochWindows`] was reached while the loss was
    /// still falling.
    MaxEpochs,
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Steps => "all steps were taken",
            Self::Plateau => "the loss no longer fell as fast as its stop rule asks",
            Self::MaxEpochs => "the bound on epochs was reached",
        })
    }
}

/// Applies a [`StopRule`] to the losses of a run. A resumed run continues with a new stopper that has
/// read all losses before.
///
/// ```
/// # fn main() -> Result<(), toy_superposition_optim::Error> {
/// use toy_superposition_optim::{StopRule, Stopper};
/// let mut stopper = Stopper::new(StopRule::Windows { window: 2 })?;
/// for loss in [8.0, 7.0, 5.0, 4.0] {
///     assert!(!stopper.observe(loss)?); // 8 + 7 > 5 + 4: the loss falls
/// }
/// assert!(!stopper.observe(6.0)?); // 7 + 5 > 4 + 6
/// assert!(stopper.observe(3.0)?); // 5 + 4 = 6 + 3: it no longer falls
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Stopper {
    rule: StopRule,
    steps: u64,
    recent: VecDeque<f64>,
    last_epoch: bool,
    stopped: Option<StopReason>,
}

impl Stopper {
    /// A stopper that has not read any loss.
    ///
    /// # Errors
    /// [`Error::Count`] or [`Error::Setting`] for a number outside its range in [`StopRule`].
    pub fn new(rule: StopRule) -> Result<Self> {
        rule.check()?;
        let recent = VecDeque::with_capacity(rule.memory());
        Ok(Self { rule, steps: 0, recent, last_epoch: false, stopped: None })
    }

    /// The rule that this stopper applies.
    pub fn rule(&self) -> StopRule {
        self.rule
    }

    /// The number of losses read so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The reason to stop, or `None` while the run goes on.
    pub fn stopped(&self) -> Option<StopReason> {
        self.stopped
    }

    /// Reads the loss of the step that was just taken and returns true if the run should stop.
    ///
    /// Once it has returned true it always returns true, and further losses are not read.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a loss that is NaN or infinite. The state has not changed then.
    pub fn observe(&mut self, loss: f64) -> Result<bool> {
        if self.stopped.is_some() {
            return Ok(true);
        }
        if !loss.is_finite() {
            return Err(Error::NotFinite { what: "loss", index: self.steps as usize, given: loss });
        }
        self.steps += 1;
        let memory = self.rule.memory();
        if memory > 0 {
            if self.recent.len() == memory {
                self.recent.pop_front();
            }
            self.recent.push_back(loss);
        }
        match self.rule {
            StopRule::Steps { steps } => {
                self.stopped = (self.steps >= steps).then_some(StopReason::Steps);
            }
            StopRule::Windows { window } => {
                if self.recent.len() == memory {
                    let (before, last) = self.means(window);
                    self.stopped = (last >= before).then_some(StopReason::Plateau);
                }
            }
            StopRule::EpochWindows { window, epoch_steps, max_epochs } => {
                if self.steps.is_multiple_of(epoch_steps) {
                    if self.last_epoch {
                        self.stopped = Some(StopReason::Plateau);
                    } else if self.steps / epoch_steps >= max_epochs {
                        self.stopped = Some(StopReason::MaxEpochs);
                    } else if self.steps > memory as u64 {
                        let (before, last) = self.means(window);
                        self.last_epoch = last >= before;
                    }
                }
            }
            StopRule::Descent { window, fall, false_stop } => {
                if self.steps.is_multiple_of(window as u64) {
                    let look = self.steps / window as u64;
                    let windows = ((look / 2) as usize).clamp(1, most_windows(fall));
                    let read = self.recent.range(self.recent.len() - windows * window..);
                    let found = probability_of_so_slow_a_descent(read.copied(), windows as f64 * fall);
                    let look = look as f64;
                    self.stopped =
                        (found <= false_stop / (look * (look + 1.0))).then_some(StopReason::Plateau);
                }
            }
        }
        Ok(self.stopped.is_some())
    }

    /// Returns the mean of the first `window` remembered losses and the mean of the rest, summed in
    /// order.
    fn means(&self, window: usize) -> (f64, f64) {
        let mean = |losses: &mut dyn Iterator<Item = &f64>| losses.sum::<f64>() / window as f64;
        (mean(&mut self.recent.iter().take(window)), mean(&mut self.recent.iter().skip(window)))
    }
}
