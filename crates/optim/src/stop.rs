//! When to stop training.

use std::collections::VecDeque;

use crate::error::{Error, Result, require, require_length};
use crate::trend::{BLOCKS, probability_of_so_slow_a_descent};

/// A rule that reads one loss per step and says when to stop.
///
/// With $\bar ℓ_1$ the mean of the last w losses and $\bar ℓ_0$ the mean of the w before those:
///
/// - the paper's text (section 3): after any step, stop as soon as $\bar ℓ_1 < \bar ℓ_0$ no longer
///   holds; w = 100;
/// - its released code: at the start of an epoch with more than 2w losses behind it, look whether
///   $\log_{10} \bar ℓ_0 - \log_{10} \bar ℓ_1 ≤ 0$; if so, stop after that epoch; w = 200, epochs
///   of 30 steps (30,000 samples in batches of 1024), at most 1500 of them.
///
/// Both stop by chance: of two windows without any trend the later one has the higher mean half of
/// the time, and where the descent is slow compared with the noise of a window, hardly less often.
/// The third rule is a test with a stated probability of stopping too early:
///
/// - descent: after w, 2w, 3w, … losses, take for granted that the expected loss falls by the
///   fraction f of itself (or more) within the last w, in a straight line, and stop if losses that
///   fall as slowly as those seen, or more slowly, would then have a probability of at most $α_k =
///   α/(k(k+1))$ at the k-th look (Student's test of the slope through 20 means). Since $Σ_k α_k =
///   α$, a run whose loss falls by f per window all the time is stopped, ever, with probability at
///   most α. What it cannot see: a loss that rests and falls later.
///
/// There is no default: the paper's text and its code differ, so a recipe has to name its rule.
///
/// | Name | Range |
/// |---|---|
/// | `steps`, `epoch_steps`, `max_epochs` | 1 … 2⁶⁴ − 1 |
/// | `window` | 1 … 10⁶; of `Descent`, from 20 on |
/// | `fall`, `false_stop` | (0, 1) |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum StopRule {
    /// After so many steps.
    Steps {
        /// The number of steps.
        steps: u64,
    },
    /// As soon as the mean of the last `window` losses is not below the mean of the `window`
    /// before.
    Windows {
        /// The width w of each window.
        window: usize,
    },
    /// The same comparison, of logarithms, at each epoch's start, to take effect at that epoch's
    /// end.
    EpochWindows {
        /// The width w of each window.
        window: usize,
        /// Steps per epoch.
        epoch_steps: u64,
        /// The most epochs there can be.
        max_epochs: u64,
    },
    /// As soon as a test, after each `window` losses, finds that the loss no longer falls by the
    /// fraction `fall` of itself per window. A run whose expected loss does is stopped with
    /// probability `false_stop` at most, all its looks together, if the means of a twentieth of a
    /// window scatter independently, normally and alike.
    Descent {
        /// The width w of each window, in steps.
        window: usize,
        /// The fraction f of itself by which the loss falls within a window, as long as the descent
        /// is worth its steps.
        fall: f64,
        /// The probability α of stopping although it falls so fast.
        false_stop: f64,
    },
}

impl StopRule {
    /// The rule in the paper's text: windows of 100, looked at after every step.
    pub const PAPER_TEXT: Self = Self::Windows { window: 100 };

    /// The rule in the paper's released code: windows of 200, epochs of 30 steps, at most 1500
    /// epochs.
    pub const RELEASED_CODE: Self = Self::EpochWindows { window: 200, epoch_steps: 30, max_epochs: 1500 };

    /// The most steps there can be, if the rule bounds them.
    pub fn most_steps(&self) -> Option<u64> {
        match *self {
            Self::Steps { steps } => Some(steps),
            Self::Windows { .. } | Self::Descent { .. } => None,
            Self::EpochWindows { epoch_steps, max_epochs, .. } => {
                Some(epoch_steps.saturating_mul(max_epochs))
            }
        }
    }

    /// How many losses the rule remembers.
    fn memory(&self) -> usize {
        match *self {
            Self::Steps { .. } => 0,
            Self::Windows { window } | Self::EpochWindows { window, .. } => 2 * window,
            Self::Descent { window, .. } => window,
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

/// Why a [`StopRule`] said to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// [`StopRule::Steps`]: as many steps were taken as were asked for, wherever the loss is.
    Steps,
    /// The mean of the last window of losses was not below the mean of the window before; or, by
    /// [`StopRule::Descent`], the loss no longer fell as fast as it should.
    Plateau,
    /// [`StopRule::EpochWindows`]: the bound on epochs was reached while the loss was still falling.
    MaxEpochs,
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Steps => "all steps were taken",
            Self::Plateau => "the loss no longer fell",
            Self::MaxEpochs => "the bound on epochs was reached",
        })
    }
}

/// All that a [`Stopper`] knows besides its rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopState {
    /// Losses read so far.
    pub steps: u64,
    /// The losses still remembered, oldest first: the last 2w (w of [`StopRule::Descent`]), or all
    /// while they are fewer.
    pub recent: Vec<f64>,
    /// Whether the epoch now running was found to be the last.
    pub last_epoch: bool,
    /// Why the rule has said to stop, if it has.
    pub stopped: Option<StopReason>,
}

/// A [`StopRule`] at work.
///
/// ```
/// # fn main() -> Result<(), toy_superposition_optim::Error> {
/// use toy_superposition_optim::{StopRule, Stopper};
/// let mut stopper = Stopper::new(StopRule::Windows { window: 2 })?;
/// for loss in [8.0, 7.0, 5.0, 4.0] {
///     assert!(!stopper.observe(loss)?); // 8 + 7 > 5 + 4: falling
/// }
/// assert!(!stopper.observe(6.0)?); // 7 + 5 > 4 + 6
/// assert!(stopper.observe(3.0)?); // 5 + 4 = 6 + 3: no longer falling
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
    /// A stopper that has read no loss.
    ///
    /// # Errors
    /// [`Error::Count`] for a number out of the range in [`StopRule`].
    pub fn new(rule: StopRule) -> Result<Self> {
        rule.check()?;
        let recent = VecDeque::with_capacity(rule.memory());
        Ok(Self { rule, steps: 0, recent, last_epoch: false, stopped: None })
    }

    /// A stopper as it was when [`state`](Self::state) was taken: it will stop at the same step.
    ///
    /// # Errors
    /// [`Error::Count`] for a number out of range in the rule, [`Error::Length`] where the losses
    /// do not fill the rule's memory as `steps` says they must, [`Error::NotFinite`] for a NaN or
    /// infinity among them, [`Error::StopState`] for a last epoch, or a reason to stop, that the
    /// rule does not know.
    pub fn restore(rule: StopRule, state: &StopState) -> Result<Self> {
        rule.check()?;
        let expected = state.steps.min(rule.memory() as u64) as usize;
        require_length("recent losses", state.recent.len(), expected)?;
        crate::real::require_finite("recent losses", &state.recent)?;
        let epochs = matches!(rule, StopRule::EpochWindows { .. });
        let known = match state.stopped {
            None => true,
            Some(StopReason::Steps) => matches!(rule, StopRule::Steps { .. }),
            Some(StopReason::Plateau) => !matches!(rule, StopRule::Steps { .. }),
            Some(StopReason::MaxEpochs) => epochs,
        };
        if !known || (state.last_epoch && !epochs) {
            return Err(Error::StopState);
        }
        let StopState { steps, ref recent, last_epoch, stopped } = *state;
        Ok(Self { rule, steps, recent: recent.iter().copied().collect(), last_epoch, stopped })
    }

    /// What must be kept for [`restore`](Self::restore).
    pub fn state(&self) -> StopState {
        StopState {
            steps: self.steps,
            recent: self.recent.iter().copied().collect(),
            last_epoch: self.last_epoch,
            stopped: self.stopped,
        }
    }

    /// The rule it follows.
    pub fn rule(&self) -> StopRule {
        self.rule
    }

    /// Losses read so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Why the rule has said to stop, if it has.
    pub fn stopped(&self) -> Option<StopReason> {
        self.stopped
    }

    /// Reads the loss of the step just taken and says whether it was the last.
    ///
    /// Once the answer is yes it stays yes, and further losses are not read.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a loss that is NaN or infinite; it is not read.
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
                        let change = before.log10() - last.log10();
                        // As the released code's `while change > 0`: a NaN (all losses zero) stops
                        // too.
                        self.last_epoch = change.is_nan() || change <= 0.0;
                    }
                }
            }
            StopRule::Descent { window, fall, false_stop } => {
                if self.steps.is_multiple_of(window as u64) {
                    let look = (self.steps / window as u64) as f64;
                    let found = probability_of_so_slow_a_descent(self.recent.iter().copied(), fall);
                    self.stopped =
                        (found <= false_stop / (look * (look + 1.0))).then_some(StopReason::Plateau);
                }
            }
        }
        Ok(self.stopped.is_some())
    }

    /// The mean of the first `window` remembered losses and the mean of the rest, summed in order.
    fn means(&self, window: usize) -> (f64, f64) {
        let mean = |losses: &mut dyn Iterator<Item = &f64>| losses.sum::<f64>() / window as f64;
        (mean(&mut self.recent.iter().take(window)), mean(&mut self.recent.iter().skip(window)))
    }
}
