//! The Gaussian loss of a law of which only the covariances are known.

use super::unit::Unit;
use crate::error::finite;
use crate::{Channel, Loss, Magnitude, Result};

/// The first and second moments of the interference `I` on one output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecondMoments {
    /// The probability `p_i` of the own feature.
    pub(crate) probability: f64,
    /// The own weight `W_ii`.
    pub(crate) own: f64,
    /// The mean `b_i + E I` of the bias plus the interference.
    pub(crate) mean: f64,
    /// The variance `Var I`.
    pub(crate) variance: f64,
    /// The covariance `Cov(I, x_i)` with the own feature.
    pub(crate) covariance: f64,
}

impl SecondMoments {
    /// The loss with Gaussian interference in each state of the own switch. The mean of `I` in each
    /// state follows from `Cov(I, c_i) = Cov(I, x_i)/E u`. The variance of `I` is taken to be the
    /// same in both states, which makes it the mean of the two:
    ///
    /// ```text
    /// E[I | on] = E I + Cov(I, c_i)/p ,   E[I | off] = E I − Cov(I, c_i)/(1 − p) ,
    /// Var[I | c_i] = Var I − Cov(I, c_i)²/(p(1 − p)) .
    /// ```
    ///
    /// # Errors
    /// [`Error::Magnitude`](crate::Error::Magnitude) for magnitudes that the exact loss does not
    /// cover; [`Error::NotFinite`](crate::Error::NotFinite) for a loss that is not finite in f64.
    pub(crate) fn gaussian_loss(&self, magnitude: &dyn Magnitude) -> Result<f64> {
        let (unit, scale) = Unit::new(magnitude)?;
        let (p, mean) = (self.probability, magnitude.mean());
        let shift = if mean == 0.0 { 0.0 } else { self.covariance / mean };
        let by_switch = if p < 1.0 { shift * shift / (p * (1.0 - p)) } else { 0.0 };
        let noise = (self.variance - by_switch).max(0.0).sqrt();
        let state = |mean: f64| -> Result<Loss> {
            unit.row_loss(p, &Channel::new(self.own, mean / scale, noise / scale)?)
        };
        let mut total = p * state(self.mean + shift / p)?.on;
        if p < 1.0 {
            total += (1.0 - p) * state(self.mean - shift / (1.0 - p))?.off;
        }
        finite("Gaussian loss", scale * scale * total)?;
        Ok(scale * scale * total)
    }
}
