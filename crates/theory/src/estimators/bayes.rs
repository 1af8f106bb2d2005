//! The least loss of any element-wise decoder, and of one that is told which features are on.

use super::posterior::{Conditional, RULE, interval};
use crate::error::{self, Result};
use crate::gaussian::feature::Feature;

/// What lies further from an end of [0, h] is below 1e-22 of the whole.
const REACH: f64 = 10.0;

/// The least loss of any function of `y = x + ν`, `E Var(x|y)`, for the paper's features at
/// interference `sigma`.
///
/// ```math
/// L_{oracle} = p \int q\,v\,dt, \qquad
/// L_{Bayes} = E\,\mathrm{Var}(x|y) = L_{oracle} + p \int q\,(1 - \pi)\,\mu^2\,dt,
/// ```
///
/// with the symbols of [`Posterior`](crate::Posterior), all in closed form: two integrals of
/// positive functions of one variable, so that nothing cancels however small the loss. Each is
/// summed by 16-point Gauss–Legendre panels. The first is smooth on the noise's scale (`q` has no
/// zero within 2.8 of the real line), symmetric about `h/2`, and `q v = σ³` up to 1e-22 where `t`
/// is 10 or more from both ends. In the second the posterior switches at
/// `t* ≈ √(2 ln((1 − p)/(pσ)))` over `1/t*` (its poles are `π/t*` off the real line), so the panels
/// are shorter there; past `t*` it falls like `exp(−(t² − t*²)/2)`.
///
/// Against 60 digits, for p from 1e-12 to 1 and σ from 1e-4 to 1e2, either loss is right to 1e-14.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn bayes_loss(probability: f64, sigma: f64) -> Result<f64> {
    Feature::uniform(probability)?.bayes_loss(sigma)
}

/// The least loss if it is known which features are on, `p E Var(u | u + ν)` (equation 24), for the
/// paper's features.
///
/// [`lower_bound`](crate::lower_bound) is a simpler bound of it.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn oracle_loss(probability: f64, sigma: f64) -> Result<f64> {
    Feature::uniform(probability)?.oracle_loss(sigma)
}

impl Feature {
    /// The loss of Bayes's decoder `E[x|y]`; relative error 1e-14.
    ///
    /// # Errors
    /// [`Error::Sigma`](crate::Error::Sigma).
    pub fn bayes_loss(&self, sigma: f64) -> Result<f64> {
        Ok(self.oracle_loss(sigma)? + self.doubt(sigma))
    }

    /// The loss of the decoder `E[u|y]` where the feature is on, 0 where it is off; relative error
    /// 1e-14.
    ///
    /// # Errors
    /// [`Error::Sigma`](crate::Error::Sigma).
    pub fn oracle_loss(&self, sigma: f64) -> Result<f64> {
        error::sigma(sigma)?;
        if sigma == 0.0 {
            return Ok(0.0);
        }
        let (ends, middle) = known(sigma);
        Ok(self.probability() * (ends + middle * sigma * sigma))
    }

    /// The losses of Bayes's decoder and of the oracle over `min(1, σ²)`, `σ > 0`.
    pub(crate) fn relative_losses(&self, sigma: f64) -> (f64, f64) {
        let (unit, (ends, middle)) = (sigma.min(1.0), known(sigma));
        let oracle = self.probability() * (ends / unit / unit + middle * (sigma / unit) * (sigma / unit));
        (oracle + self.doubt(sigma) / unit / unit, oracle)
    }

    /// What not knowing the state costs: `p ∫ q (1 − π) μ² dt`.
    fn doubt(&self, sigma: f64) -> f64 {
        let p = self.probability();
        if sigma == 0.0 || p == 1.0 {
            return 0.0;
        }
        let h = interval(sigma);
        let switch = (2.0 * ((-p).ln_1p() - p.ln() - sigma.ln())).max(0.0).sqrt();
        let highest = (REACH + h).min((switch * switch + REACH * REACH).sqrt());
        p * panels(-REACH, highest, 4.0 / (4.0 + switch), |t| {
            let given = Conditional::new(t, h - t, h);
            let (_, off) = given.states(p);
            given.density * off * given.mean * given.mean
        })
    }
}

/// `∫ q v dt` near both ends of [0, h], and between them over `σ²`.
fn known(sigma: f64) -> (f64, f64) {
    let h = interval(sigma);
    let edge = REACH.min(0.5 * h);
    let middle = if h > 2.0 * REACH { 1.0 - 2.0 * REACH * sigma } else { 0.0 };
    let half = panels(-REACH, edge, 1.0, |t| {
        let given = Conditional::new(t, h - t, h);
        given.density * given.variance
    });
    (2.0 * half, middle)
}

/// `∫ f` by panels no longer than `width`.
fn panels(low: f64, high: f64, width: f64, f: impl Fn(f64) -> f64) -> f64 {
    let count = ((high - low) / width).ceil().max(1.0);
    let length = (high - low) / count;
    let panel = |k: usize| {
        let start = low + k as f64 * length;
        RULE.iter().map(|&(s, weight)| weight * f(start + s * length)).sum::<f64>()
    };
    length * (0..count as usize).map(panel).sum::<f64>()
}
