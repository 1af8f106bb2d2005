//! State evolution: the losses of the iterations of AMP and OAMP for n_s → ∞, as recursions of
//! numbers.
//!
//! ```math
//! \text{AMP:} \quad \tau_t^2 = \frac{m_{t-1}}{r}, \; m_t = \mathrm{mmse}(\tau_t^2), \; m_0 = V; \qquad
//! \text{OAMP:} \quad \tau_t^2 = v_t \frac{1-r}{r}, \; m_t = \mathrm{mmse}(\tau_t^2), \;
//! \frac1{v_{t+1}} = \frac1{m_t} - \frac1{\tau_t^2}, \; v_1 = V.
//! ```
//!
//! Here `V = Var x` and `r = n_d/n_s`. The first m of OAMP is the loss of Bayes's decoder at the
//! Welch bound. The fixed points of both recursions are at `m = r τ²`, that is, where `F = r` for
//! `F(τ) = mmse(τ²)/τ²`. The recursions reach 0 if and only if `F < r` everywhere,
//!
//! ```math
//! r > \delta^*(p) = \sup_\tau \frac{\mathrm{mmse}(\tau^2)}{\tau^2},
//! ```
//!
//! and otherwise stick at the largest fixed point below their start.

use crate::error::check_share;
use crate::{Prior, Result};

/// State evolution: the losses of AMP or OAMP for n_s → ∞, for one kind of matrix.
///
/// ```math
/// \text{AMP:} \quad \tau_t^2 = \frac{m_{t-1}}{r}, \; m_t = \mathrm{mmse}(\tau_t^2), \; m_0 = V; \qquad
/// \text{OAMP:} \quad \tau_t^2 = v_t \frac{1-r}{r}, \; m_t = \mathrm{mmse}(\tau_t^2), \;
/// \frac1{v_{t+1}} = \frac1{m_t} - \frac1{\tau_t^2}, \; v_1 = V.
/// ```
///
/// Here `V = Var x`, `r = n_d/n_s`, and `m_t` is the loss per feature of layer t. Both recursions
/// reach 0 if and only if r is above the [`threshold`].
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
    /// OAMP, for rows that are orthogonal and otherwise generic, such as those of a random rug or
    /// of a Haar projector.
    #[default]
    Orthogonal,
    /// AMP, for independent entries of mean 0.
    Independent,
}

impl Evolution {
    /// The losses per feature `m_1, m_2, …` of this number of layers at the ratio `r = n_d/n_s`.
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
                // v = m τ²/(τ² − m) is positive, since the loss of Bayes's decoder is below τ².
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

/// The number of noise levels per e-fold at which `F` is evaluated.
const SCAN: f64 = 24.0;

/// The function `F = mmse(τ²)/τ²` over `ln τ`, from far below the magnitude to far above. It is
/// evaluated on a grid and at its turning points between the points of the grid, so that every
/// maximum and minimum is among the values.
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

/// The value `F(τ) = mmse(τ²)/τ²` at `ln τ = log`.
fn share(prior: &dyn Prior, log: f64) -> f64 {
    let tau = log.exp();
    prior.mmse(tau) / (tau * tau)
}

/// The maximum of `sign · F` between two points by golden sections, until the distance from it
/// matters only in its square.
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

/// All fixed points `τ > 0` of AMP and OAMP, `mmse(τ²) = r τ²`, in increasing order. Every second
/// fixed point is stable, beginning with the largest.
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
    /// The threshold `δ* = sup_τ mmse(τ²)/τ²`, with an error of 1e-8 for the paper's law.
    pub ratio: f64,
    /// The `τ` of the supremum, at which the recursion sticks for ratios just below the threshold.
    pub noise: f64,
}

/// The threshold `δ*` of a prior. Above that ratio AMP and OAMP recover the features exactly for
/// n_s → ∞, and below it they stick.
///
/// For a magnitude with a density, `δ* ≥ p`, since `mmse/τ² → p` as `τ → 0`.
pub fn threshold(prior: &dyn Prior) -> Threshold {
    let most = |best: (f64, f64), here: (f64, f64)| if here.1 > best.1 { here } else { best };
    let (log, ratio) = profile(prior).into_iter().fold((0.0, f64::NEG_INFINITY), most);
    Threshold { ratio, noise: log.exp() }
}
