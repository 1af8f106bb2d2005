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

/// Returns `(a, L)`: the best gain at a given shift `b` and interference `σ` as `r → 0`, where
/// `σ → ∞` hides `u` from the rectifier, and its loss for the paper's features (equation 8).
///
/// ```math
/// a = p\,E u\,\frac{E (\nu + b)_+}{E (\nu + b)_+^2}, \qquad
/// L \to \frac p3 - \frac{p^2}4 \frac{M_1(b)^2}{M_2(b)} \ge \frac p3 - \frac{p^2}4.
/// ```
///
/// Here `M_k(b) = E (b + ν)₊ᵏ`. The paper's text has `p²/9` in the last bound; Jensen's inequality
/// with `E u = 1/2` gives `p²/4`.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability),
/// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
pub fn blind_optimum(probability: f64, shift: f64, sigma: f64) -> Result<(f64, f64)> {
    let feature = Feature::uniform(probability)?;
    error::finite("shift", shift)?;
    error::sigma(sigma)?;
    // Lengths are measured in units of the larger of the two, so that no square underflows or
    // overflows.
    let unit = if shift == 0.0 && sigma == 0.0 { 1.0 } else { shift.abs().max(sigma) };
    let RectifiedMoments { log_scale, scaled } = RectifiedMoments::new(shift / unit, sigma / unit)?;
    let gain = if scaled[2] > 0.0 { feature.mean() * scaled[1] / scaled[2] } else { 0.0 };
    let loss = feature.second_moment() - feature.mean() * gain * scaled[1] * (-log_scale).exp();
    let gain = gain / unit;
    error::finite("gain", gain)?;
    Ok((gain, loss))
}

/// The bound `(σ²/2) exp(−μ²/(2σ²))` of the off term `E ν₊²` for `ν ~ N(−μ, σ²)` and `μ ≥ 0`
/// (equations 10 and 11). The two are equal at `μ = 0`, and the bound is larger for `μ > 0`.
///
/// # Errors
/// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
pub fn off_bound(mu: f64, sigma: f64) -> Result<f64> {
    error::finite("mu", mu)?;
    error::sigma(sigma)?;
    let z = if mu == 0.0 { 0.0 } else { mu / sigma };
    Ok(0.5 * sigma * sigma * (-0.5 * z * z).exp())
}

/// The bias `μ = σ √(2 ln(1/p))` that makes the off term `O(p σ²)` (equation 12).
///
/// The paper's text lacks the 2. With `σ √(ln(1/p))` the off term would be of order `√p σ²`, which
/// contradicts equation (13).
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn screening_bias(probability: f64, sigma: f64) -> Result<f64> {
    error::probability(probability)?;
    error::sigma(sigma)?;
    Ok(sigma * (-2.0 * probability.ln()).sqrt())
}

/// An upper bound on the optimal loss, from the model with `a = 1` and `μ = σ √(2 ln(1/p))`:
/// equations (13) and (17) as an inequality with constants.
///
/// ```math
/// L \le (1-p)\,\frac{p\,\sigma^2}2 + p \left(\sigma^2 + \mu^2 + \frac83 \mu^3 + \frac p6\right)
/// \sim 2\,p\,\sigma^2 \ln\frac1p.
/// ```
///
/// The four terms while the feature is on are those of appendix B: `E_ν < σ² + μ²`,
/// `E_r^mean < (2μ)³/3` and `E_r^tail < (1/3) Φ(−μ/σ) < p/6`. The first needs no cross term, and
/// the σ² before the integral of its first display in the paper is stray.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn upper_bound(probability: f64, sigma: f64) -> Result<f64> {
    let (p, mu) = (probability, screening_bias(probability, sigma)?);
    let on = sigma * sigma + mu * mu + 8.0 / 3.0 * mu * mu * mu + p / 6.0;
    Ok((1.0 - p) * 0.5 * p * sigma * sigma + p * on)
}

/// A lower bound on the loss of any element-wise decoder:
/// `L ≥ p L_on ≥ p C σ² P[σ ≤ u + ν ≤ 1 − σ]`, which is equation (31) as an inequality with
/// constants.
///
/// `C` is [`CONDITIONAL_VARIANCE`], and the probability is computed exactly. It is
/// `C₁(1/4) ≈ 0.4585` at `σ = 1/4` and larger for smaller `σ`, so that `L ≥ 0.0911 p σ²` for
/// `σ ≤ 1/4`. For `σ ≥ 1/2` the bound is 0. At the Welch bound `p σ² ≈ p² (1 − r)/(3r)` for small
/// `p`; the paper's text drops the 3.
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

/// The leading term of `p σ²` at the Welch bound for small `p`: `p² (1 − r)/(3r)` (equations 17 and
/// 31).
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Ratio`](crate::Error::Ratio) outside
/// (0, 1].
pub fn sparse_scale(probability: f64, ratio: f64) -> Result<f64> {
    error::probability(probability)?;
    crate::gaussian::welch::positive_ratio(ratio)?;
    Ok(probability * probability * ((1.0 - ratio) / (3.0 * ratio)))
}

/// The leading term of the loss of the optimal ReLU as `p → 0`, where `σ √(ln 1/p) ≪ 1`:
/// `½ ln(1/p) p σ²`.
///
/// The bias needed is `aβ = −k` with `k = σ √(2 ln(1/p))`. A gain above 1 makes up for part of it:
/// `min_e ∫₀¹ (eu + k)² du = k²/4`. A hard threshold reaches `p σ²`, so that the ReLU is optimal up
/// to this logarithm, not up to a constant. The next terms are smaller only by a factor of
/// `ln ln(1/p) / ln(1/p)`.
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
    /// `∂ ln L / ∂ ln p` at fixed ratio: near 1 where the model cannot tell features that are on
    /// from features that are off, and towards 2 where it can (section 4.3).
    pub probability: f64,
    /// `∂ ln L / ∂ ln r` at fixed `p`, which tends to −1 at high sparsity.
    pub ratio: f64,
    /// `∂ ln L / ∂ ln σ` at fixed `p`.
    pub sigma: f64,
}

impl<M: Integrable> Feature<M> {
    /// The exponents at a ratio in (0, 1). By the envelope theorem only the explicit dependence of
    /// `L` counts:
    ///
    /// ```math
    /// \frac{dL}{dp} = L_{on} - L_{off} + \frac{\partial L}{\partial\sigma^2}\,\frac{dV}{dp}\left(\frac1r - 1\right),
    /// \qquad \frac{dL}{dr} = -\frac{\partial L}{\partial\sigma^2}\,\frac{V}{r^2}.
    /// ```
    ///
    /// # Errors
    /// [`Error::Ratio`](crate::Error::Ratio) outside (0, 1);
    /// [`Error::NotFinite`](crate::Error::NotFinite) where the loss divided by `min(1, σ²)` is
    /// below the least positive number, which is so for `p` below about 1e-307.
    pub fn exponents(&self, ratio: f64) -> Result<Exponents> {
        if ratio >= 1.0 {
            return Err(crate::Error::Ratio { given: ratio, allowed: "(0, 1)" });
        }
        let (best, loss) = self.relative_optimum(self.welch_sigma(ratio)?)?;
        let unit = best.sigma.min(1.0);
        // This is ∂ ln L/∂ ln σ², from which all derivatives through σ² = V (1/r − 1) follow.
        let by_sigma = loss_by_variance(self, &best) * (best.sigma / unit) * (best.sigma / unit) / loss;
        let (p, mean) = (self.probability(), self.magnitude().mean());
        let variance_by_p = self.magnitude().second_moment() - 2.0 * p * mean * mean;
        let explicit = p * ((best.loss_on - best.loss_off) / unit / unit) / loss;
        let probability = explicit + by_sigma * p * variance_by_p / self.variance();
        error::finite("exponent", probability)?;
        Ok(Exponents { probability, ratio: -by_sigma / (1.0 - ratio), sigma: 2.0 * by_sigma })
    }
}
