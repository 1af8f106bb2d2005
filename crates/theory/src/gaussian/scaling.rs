//! The paper's estimates at high sparsity (section 4.3, appendices B and D), each with its
//! constants.
//!
//! Where the paper's text drops a constant or has a slip, the function's documentation gives the
//! right form.

use crate::error::{self, Result};
use crate::gaussian::envelope::loss_by_variance;
use crate::gaussian::feature::Feature;
use crate::gaussian::tail::RectifiedMoments;
use crate::magnitude::Integrable;

/// `C = erf(1/√2) − √(2/(πe)) ≈ 0.1987` of equation (29): the variance of `N(0, 1)` within one
/// standard deviation.
pub const CONDITIONAL_VARIANCE: f64 = 0.198_748_043_098_799_2;

/// Equation (8): the best gain at `r → 0`, where `σ → ∞` hides `u` from the rectifier.
///
/// ```math
/// a = p\,E u\,\frac{E (\nu + b)_+}{E (\nu + b)_+^2}, \qquad
/// L \to \frac p3 - \frac{p^2}4 \frac{M_1(b)^2}{M_2(b)} \ge \frac p3 - \frac{p^2}4.
/// ```
///
/// Gives `(a, L)`. The paper's text has `p²/9` in the last bound; Jensen with `E u = 1/2` gives
/// `p²/4`.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability),
/// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
pub fn blind_optimum(probability: f64, shift: f64, sigma: f64) -> Result<(f64, f64)> {
    let feature = Feature::uniform(probability)?;
    error::finite("shift", shift)?;
    error::sigma(sigma)?;
    // In units of the larger, so that no square underflows or overflows.
    let unit = if shift == 0.0 && sigma == 0.0 { 1.0 } else { shift.abs().max(sigma) };
    let RectifiedMoments { log_scale, scaled } = RectifiedMoments::new(shift / unit, sigma / unit)?;
    let gain = if scaled[2] > 0.0 { feature.mean() * scaled[1] / scaled[2] } else { 0.0 };
    let loss = feature.second_moment() - feature.mean() * gain * scaled[1] * (-log_scale).exp();
    let gain = gain / unit;
    error::finite("gain", gain)?;
    Ok((gain, loss))
}

/// Equations (10) and (11): `E ν₊² < (σ²/2) exp(−μ²/(2σ²))` for `ν ~ N(−μ, σ²)`, `μ ≥ 0`. Gives the
/// bound.
///
/// # Errors
/// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
pub fn off_bound(mu: f64, sigma: f64) -> Result<f64> {
    error::finite("mu", mu)?;
    error::sigma(sigma)?;
    let z = if mu == 0.0 { 0.0 } else { mu / sigma };
    Ok(0.5 * sigma * sigma * (-0.5 * z * z).exp())
}

/// Equation (12): the bias `μ = σ √(2 ln(1/p))` that makes the off term `O(p σ²)`.
///
/// The paper's text lacks the 2: with `σ √(ln(1/p))` the off term is of order `√p σ²`, against
/// equation (13).
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn screening_bias(probability: f64, sigma: f64) -> Result<f64> {
    error::probability(probability)?;
    error::sigma(sigma)?;
    Ok(sigma * (-2.0 * probability.ln()).sqrt())
}

/// Equations (13) and (17) as an inequality: a bound on the optimal loss, from `a = 1` and
/// `μ = σ √(2 ln(1/p))`.
///
/// ```math
/// L \le (1-p)\,\frac{p\,\sigma^2}2 + p \left(\sigma^2 + \mu^2 + \frac83 \mu^3 + \frac p6\right)
/// \sim 2\,p\,\sigma^2 \ln\frac1p.
/// ```
///
/// The four on-terms are appendix B's: `E_ν < σ² + μ²` (no cross term is needed, and the σ² before
/// the integral of its first display is stray), `E_r^mean < (2μ)³/3`, and
/// `E_r^tail < (1/3) Φ(−μ/σ) < p/6`.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn upper_bound(probability: f64, sigma: f64) -> Result<f64> {
    let (p, mu) = (probability, screening_bias(probability, sigma)?);
    let on = sigma * sigma + mu * mu + 8.0 / 3.0 * mu * mu * mu + p / 6.0;
    Ok((1.0 - p) * 0.5 * p * sigma * sigma + p * on)
}

/// Equation (31) as an inequality: `L ≥ p L_on ≥ p C σ² P[σ ≤ u + ν ≤ 1 − σ]`, for any element-wise
/// decoder.
///
/// `C` is [`CONDITIONAL_VARIANCE`]; the probability is exact here, `C₁(1/4) ≈ 0.4585` and more for
/// `σ < 1/4`, so that `L ≥ 0.0911 p σ²` there. 0, which says nothing, for `σ ≥ 1/2`. With the Welch
/// bound `p σ² ≈ p² (1 − r)/(3r)`: the paper's text drops the 3.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn lower_bound(probability: f64, sigma: f64) -> Result<f64> {
    error::probability(probability)?;
    error::sigma(sigma)?;
    if sigma == 0.0 || sigma >= 0.5 {
        return Ok(0.0);
    }
    // P[u + ν < t] = E (t + ν)₊ − E (t − 1 + ν)₊, and the law is symmetric about 1/2.
    let below = RectifiedMoments::new(sigma, sigma)?.moments()[1]
        - RectifiedMoments::new(sigma - 1.0, sigma)?.moments()[1];
    Ok(probability * CONDITIONAL_VARIANCE * sigma * sigma * (1.0 - 2.0 * below))
}

/// What `p σ²` is at the Welch bound for small `p`: `p² (1 − r)/(3r)` (equations 17 and 31).
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Ratio`](crate::Error::Ratio) outside
/// (0, 1].
pub fn sparse_scale(probability: f64, ratio: f64) -> Result<f64> {
    error::probability(probability)?;
    crate::gaussian::welch::positive_ratio(ratio)?;
    Ok(probability * probability * ((1.0 - ratio) / (3.0 * ratio)))
}

/// The optimal ReLU's loss as `p → 0` at `σ √(ln 1/p) ≪ 1`: `½ ln(1/p) p σ²`.
///
/// The bias needed is `aβ = −k`, `k = σ √(2 ln(1/p))`; a gain above 1 makes up for part of it,
/// `min_e ∫₀¹ (eu + k)² du = k²/4`. A hard threshold reaches `p σ²`: ReLU is optimal up to this
/// logarithm, not up to a constant. The next terms are smaller by `ln ln(1/p) / ln(1/p)` only.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn asymptotic_loss(probability: f64, sigma: f64) -> Result<f64> {
    let mu = screening_bias(probability, sigma)?;
    Ok(0.25 * probability * mu * mu)
}

/// The local exponents of the optimal loss at the Welch bound.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Exponents {
    /// `∂ ln L / ∂ ln p` at fixed ratio: 1 where the model cannot tell, towards 2 where it can
    /// (section 4.3).
    pub probability: f64,
    /// `∂ ln L / ∂ ln r` at fixed `p`: towards −1 at high sparsity.
    pub ratio: f64,
    /// `∂ ln L / ∂ ln σ` at fixed `p`.
    pub sigma: f64,
}

impl<M: Integrable> Feature<M> {
    /// The exponents at a ratio in (0, 1), by the envelope theorem: only `L`'s explicit dependence
    /// counts.
    ///
    /// ```math
    /// \frac{dL}{dp} = L_{on} - L_{off} + \frac{\partial L}{\partial\sigma^2}\,\frac{dV}{dp}\left(\frac1r - 1\right),
    /// \qquad \frac{dL}{dr} = -\frac{\partial L}{\partial\sigma^2}\,\frac{V}{r^2}.
    /// ```
    ///
    /// # Errors
    /// [`Error::Ratio`](crate::Error::Ratio) outside (0, 1);
    /// [`Error::NotFinite`](crate::Error::NotFinite) where the loss over `min(1, σ²)` is below the
    /// least positive number, for `p` below about 1e-307.
    pub fn exponents(&self, ratio: f64) -> Result<Exponents> {
        if ratio >= 1.0 {
            return Err(crate::Error::Ratio { given: ratio, allowed: "(0, 1)" });
        }
        let (best, loss) = self.relative_optimum(self.welch_sigma(ratio)?)?;
        let unit = best.sigma.min(1.0);
        // ∂ ln L/∂ ln σ²: by it all that goes through σ² = V (1/r − 1) is told.
        let by_sigma = loss_by_variance(self, &best) * (best.sigma / unit) * (best.sigma / unit) / loss;
        let (p, mean) = (self.probability(), self.magnitude().mean());
        let variance_by_p = self.magnitude().second_moment() - 2.0 * p * mean * mean;
        let explicit = p * ((best.loss_on - best.loss_off) / unit / unit) / loss;
        let probability = explicit + by_sigma * p * variance_by_p / self.variance();
        error::finite("exponent", probability)?;
        Ok(Exponents { probability, ratio: -by_sigma / (1.0 - ratio), sigma: 2.0 * by_sigma })
    }
}
