//! State evolution: the losses of AMP's and OAMP's iterations for n_s → ∞, without their vectors.
//!
//! ```math
//! \text{AMP:} \quad \tau_t^2 = \frac{m_{t-1}}{r}, \; m_t = \mathrm{mmse}(\tau_t^2), \; m_0 = V; \qquad
//! \text{OAMP:} \quad \tau_t^2 = v_t \frac{1-r}{r}, \; m_t = \mathrm{mmse}(\tau_t^2), \;
//! \frac1{v_{t+1}} = \frac1{m_t} - \frac1{\tau_t^2}, \; v_1 = V.
//! ```
//!
//! `V = Var x` and `r = n_d/n_s`. The first m of OAMP is the loss of Bayes's decoder at the Welch
//! bound. Both recursions rest where `m = r τ²`: with `F(τ) = mmse(τ²)/τ²`, where `F = r`. They
//! reach 0 if and only if `F < r` everywhere,
//!
//! ```math
//! r > \delta^*(p) = \sup_\tau \frac{\mathrm{mmse}(\tau^2)}{\tau^2},
//! ```
//!
//! and else stick at the largest fixed point below where they start.

use crate::error::check_share;
use crate::{Prior, Result};

/// The matrix that state evolution is told of.
///
/// ```
/// use toy_superposition_recovery::{Evolution, SparsePrior};
/// // The loss over p of each layer, for n_s → ∞.
/// let losses = Evolution::Orthogonal.losses(&SparsePrior::paper(0.05)?, 0.25, 3)?;
/// assert!((losses[1] / 0.05 - 0.0363).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evolution {
    /// OAMP: rows that are orthogonal and otherwise generic, such as a random rug's or Haar's.
    #[default]
    Orthogonal,
    /// AMP: independent entries of mean 0.
    Independent,
}

impl Evolution {
    /// The losses per feature `m_1, m_2, …` of so many layers at the ratio `r = n_d/n_s`.
    ///
    /// ```
    /// use toy_superposition_recovery::{Evolution, SparsePrior};
    ///
    /// let losses = Evolution::Orthogonal.losses(&SparsePrior::paper(0.05)?, 0.25, 3)?;
    /// let welch = toy_superposition_theory::decoders_at_ratio(0.05, 0.25)?;
    /// assert!((losses[0] / welch.bayes - 1.0).abs() < 1e-12 && losses[2] < 0.1 * losses[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) for a ratio outside (0, 1].
    pub fn losses(self, prior: &dyn Prior, ratio: f64, layers: usize) -> Result<Vec<f64>> {
        check_share("the ratio", ratio)?;
        let mut spread = prior.before().variance;
        let mut losses = Vec::with_capacity(layers);
        for _ in 0..layers {
            let noise = match self {
                Self::Orthogonal => spread * (1.0 - ratio) / ratio,
                Self::Independent => spread / ratio,
            };
            let loss = prior.mmse(noise.sqrt());
            losses.push(loss);
            spread = match self {
                // v = m τ²/(τ² − m): Bayes's decoder is better than none.
                Self::Orthogonal if loss > 0.0 => loss * noise / (noise - loss),
                _ => loss,
            };
        }
        Ok(losses)
    }

    /// The loss per feature after infinitely many layers: 0, or `r τ²` at the fixed point where the
    /// recursion sticks.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) for a ratio outside (0, 1].
    pub fn limit(self, prior: &dyn Prior, ratio: f64) -> Result<f64> {
        let start = match self {
            Self::Orthogonal => prior.before().variance * (1.0 - ratio) / ratio,
            Self::Independent => prior.before().variance / ratio,
        };
        let fixed = fixed_points(prior, ratio)?;
        let stuck = fixed.iter().rev().find(|&&tau| tau * tau <= start * (1.0 + 1e-12));
        Ok(stuck.map_or(0.0, |tau| ratio * tau * tau))
    }
}

/// Noise levels per e-fold that are looked at.
const SCAN: f64 = 24.0;

/// `F = mmse(τ²)/τ²` over `ln τ`, from far below the magnitude to far above: on a grid, and where
/// it turns between its points, so that every maximum and minimum is among them.
fn profile(prior: &dyn Prior) -> Vec<(f64, f64)> {
    let scale = prior.before().variance.sqrt();
    let (low, high) = ((1e-9 * scale).ln(), (1e3 * scale).ln());
    let count = ((high - low) * SCAN) as u32;
    let grid: Vec<(f64, f64)> = (0..=count)
        .map(|k| low + (high - low) * f64::from(k) / f64::from(count))
        .map(|log| (log, share(prior, log)))
        .collect();
    let turns = grid.windows(3).filter_map(|three| {
        let (before, after) = (three[1].1 - three[0].1, three[2].1 - three[1].1);
        (before * after < 0.0).then(|| turn(prior, (three[0].0, three[2].0), before.signum()))
    });
    let mut all: Vec<(f64, f64)> = turns.collect();
    all.extend(grid);
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// `F(τ) = mmse(τ²)/τ²`.
fn share(prior: &dyn Prior, log: f64) -> f64 {
    let tau = log.exp();
    prior.mmse(tau) / (tau * tau)
}

/// The maximum of `sign · F` between two points, by golden sections until only its square can
/// matter.
fn turn(prior: &dyn Prior, (mut low, mut high): (f64, f64), sign: f64) -> (f64, f64) {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let at = |log: f64| (log, share(prior, log));
    let mut inner = [at(high - GOLDEN * (high - low)), at(low + GOLDEN * (high - low))];
    while high - low > 1e-7 {
        if sign * inner[0].1 > sign * inner[1].1 {
            high = inner[1].0;
            inner = [at(high - GOLDEN * (high - low)), inner[0]];
        } else {
            low = inner[0].0;
            inner = [inner[1], at(low + GOLDEN * (high - low))];
        }
    }
    if sign * inner[0].1 > sign * inner[1].1 { inner[0] } else { inner[1] }
}

/// All `τ > 0` at which AMP and OAMP rest, `mmse(τ²) = r τ²`, in increasing order. Every second
/// one, from the largest down, is stable.
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) for a ratio outside (0, 1].
pub fn fixed_points(prior: &dyn Prior, ratio: f64) -> Result<Vec<f64>> {
    check_share("the ratio", ratio)?;
    let profile = profile(prior);
    let crossings = profile.windows(2).filter(|pair| (pair[0].1 > ratio) != (pair[1].1 > ratio));
    Ok(crossings
        .map(|pair| {
            let (mut low, mut high) = (pair[0].0, pair[1].0);
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if (share(prior, middle) > ratio) == (pair[0].1 > ratio) {
                    low = middle
                } else {
                    high = middle
                }
            }
            (0.5 * (low + high)).exp()
        })
        .collect())
}

/// The least ratio at which AMP and OAMP recover the features exactly for n_s → ∞.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Threshold {
    /// `δ* = sup_τ mmse(τ²)/τ²`, to 1e-8 for the paper's law.
    pub ratio: f64,
    /// The `τ` at which the recursion sticks first.
    pub noise: f64,
}

/// `δ*` of a prior: above that ratio AMP and OAMP recover exactly, below it they stick.
///
/// For a magnitude with a density `δ* ≥ p`, since `mmse/τ² → p` as `τ → 0`.
pub fn threshold(prior: &dyn Prior) -> Threshold {
    let most = |best: (f64, f64), here: (f64, f64)| if here.1 > best.1 { here } else { best };
    let (log, ratio) = profile(prior).into_iter().fold((0.0, f64::NEG_INFINITY), most);
    Threshold { ratio, noise: log.exp() }
}
