//! The Bayes estimate of f(x) from a noisy x: the best that any function of one pre-activation can
//! do.
//!
//! ```math
//! y = x + ν, \quad ν \sim N(0, σ^2), \qquad
//! L = \mathrm E\,\mathrm{Var}(f(x) \mid y) = \int dy \sum_k w_k φ_σ(y - x_k)\,\bigl(f(x_k) - \hat f(y)\bigr)^2, \qquad
//! \hat f(y) = \frac{\sum_k w_k φ_σ(y - x_k) f(x_k)}{\sum_k w_k φ_σ(y - x_k)}
//! ```
//!
//! `(x_k, w_k)` are the off state and Gauss nodes for the magnitude, on panels no longer than σ/2.
//! Every term is positive, so nothing cancels where the loss is small. The integrand over y is
//! analytic in a strip about the real line whose width is a sizeable fraction of σ, and decays like
//! a Gaussian at both ends, so the trapezoidal rule of step σ/12 has a relative error of about
//! 1e-12.

use toy_superposition_recovery::{Evolution, Prior};

use super::{ElementwiseBaselines, PANELS};
use crate::{Error, Result};

/// Range of the noise about a value, in units of σ; the density beyond it is below 2e-22.
const REACH: f64 = 10.0;
/// Step of y, in units of σ.
const STEP: f64 = 1.0 / 12.0;
/// Greatest number of panels for the magnitude.
const MOST_PANELS: f64 = 65_536.0;

impl<F: Fn(f64) -> f64> ElementwiseBaselines<F> {
    /// Returns the least loss per feature of any function of `x + ν` with `ν ~ N(0, σ²)`,
    /// `E Var(f(x) | x + ν)`; 0 for σ = 0.
    ///
    /// For f(x) = x it equals `theory`'s `bayes_loss`, which is in closed form and accepts any σ.
    /// The relative error is about 1e-9, or the absolute error 1e-15 Var f if that is larger, for f
    /// as [`new`](Self::new) requires. The time grows like 1/σ.
    ///
    /// ```
    /// use toy_superposition_computation::ElementwiseBaselines;
    /// use toy_superposition_data::{AnyMagnitude, UnitUniform};
    ///
    /// let identity = ElementwiseBaselines::new(0.05, AnyMagnitude::Uniform(UnitUniform), |x| x)?;
    /// let closed = toy_superposition_theory::bayes_loss(0.05, 0.2)?;
    /// assert!((identity.bayes(0.2)? / closed - 1.0).abs() < 1e-9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless σ is 0, or finite and at least 1/32768 of the length of the
    /// magnitude's support (44 means for the exponential law).
    pub fn bayes(&self, sigma: f64) -> Result<f64> {
        if sigma == 0.0 {
            return Ok(0.0);
        }
        // Bounds of the support of x.
        let coarse = self.prior.nodes(1);
        let low = coarse.iter().map(|node| node.0).fold(self.prior.bends()[0], f64::min);
        let high = coarse.iter().map(|node| node.0).fold(self.prior.largest(), f64::max);
        let panels = 2.0 * (high - low) / sigma;
        if !(sigma > 0.0 && sigma.is_finite() && panels <= MOST_PANELS) {
            let allowed = "0 and [length of the magnitude's support/32768, ∞)";
            return Err(Error::OutOfRange { name: "sigma", given: sigma, allowed });
        }
        let panels = (panels.ceil() as u32).next_power_of_two().max(PANELS);
        let mut nodes: Vec<[f64; 3]> =
            self.prior.nodes(panels).into_iter().map(|(x, weight)| [x, weight, (self.function)(x)]).collect();
        nodes.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let step = STEP * sigma;
        let count = ((high - low) / step + 2.0 * REACH / STEP).ceil() as u64;
        let (mut first, mut sum) = (0, 0.0);
        let mut near: Vec<(f64, f64)> = Vec::new();
        for k in 0..=count {
            let y = low - REACH * sigma + k as f64 * step;
            while nodes.get(first).is_some_and(|node| node[0] < y - REACH * sigma) {
                first += 1;
            }
            near.clear();
            let within = nodes[first..].iter().take_while(|node| node[0] <= y + REACH * sigma);
            near.extend(within.map(|&[x, weight, value]| {
                let z = (y - x) / sigma;
                (weight * (-0.5 * z * z).exp(), value)
            }));
            sum += spread(&near);
        }
        // φ_σ has the factor 1/(σ √2π), and the trapezoidal rule the step.
        Ok(sum * STEP / std::f64::consts::TAU.sqrt())
    }

    /// Returns [`bayes`](Self::bayes) at the Welch bound `σ² = Var x (1/r − 1)`, the least noise
    /// that a linear map to n_d = r n_s dimensions and back leaves in each feature. This is the
    /// best that one layer on a good embedding can do if its interference is Gaussian and it uses
    /// one read-out per output.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a ratio outside (0, 1], and the errors of [`bayes`](Self::bayes).
    pub fn bayes_at_ratio(&self, ratio: f64) -> Result<f64> {
        check_ratio(ratio)?;
        self.bayes((self.moments.input_variance() * (1.0 - ratio) / ratio).sqrt())
    }

    /// Returns [`bayes`](Self::bayes) at the noise of the fixed point of iterative recovery of x
    /// from `r = n_d/n_s`, for n_s → ∞. This is what many layers can do that first recover x as
    /// well as possible. It is 0 where recovery is exact.
    ///
    /// `evolution` names the kind of embedding: orthogonal rows (a random rug, a Haar matrix) or
    /// independent entries.
    ///
    /// ```
    /// use toy_superposition_computation::ElementwiseBaselines;
    /// use toy_superposition_data::{AnyMagnitude, Interval};
    /// use toy_superposition_recovery::Evolution;
    ///
    /// let signed = AnyMagnitude::Interval(Interval::new(-1.0, 1.0)?);
    /// let target = ElementwiseBaselines::new(0.3, signed, f64::abs)?;
    /// let (one, all) = (target.bayes_at_ratio(0.3)?, target.evolution_limit(0.3, Evolution::Orthogonal)?);
    /// assert!(0.0 < all && all < one && one < target.moments().value_variance());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`bayes_at_ratio`](Self::bayes_at_ratio).
    pub fn evolution_limit(&self, ratio: f64, evolution: Evolution) -> Result<f64> {
        check_ratio(ratio)?;
        // At the fixed point the loss of x is r τ².
        self.bayes((evolution.limit(&self.prior, ratio)? / ratio).sqrt())
    }
}

fn check_ratio(ratio: f64) -> Result<()> {
    if ratio > 0.0 && ratio <= 1.0 {
        Ok(())
    } else {
        Err(Error::OutOfRange { name: "ratio", given: ratio, allowed: "(0, 1]" })
    }
}

/// Returns `Σ w (f − f̂)²` about the weighted mean f̂, or 0 if all weights are 0.
fn spread(near: &[(f64, f64)]) -> f64 {
    let total: f64 = near.iter().map(|(weight, _)| weight).sum();
    if total == 0.0 {
        return 0.0;
    }
    let mean = near.iter().map(|(weight, value)| weight * value).sum::<f64>() / total;
    near.iter().map(|(weight, value)| weight * (value - mean).powi(2)).sum()
}
