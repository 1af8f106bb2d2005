//! What the size of the hidden layer allows: the Welch bound on the interference, and the linear model.
//!
//! With `r = n_d/n_s` and `V = Var x` (`p/3 − p²/4` for the paper's features),
//!
//! ```math
//! \sigma^2 \ge V\left(\tfrac1r - 1\right) \quad\text{(equation 6)}, \qquad L_{linear} = (1 - r)\,V, \qquad
//! L_{r \to 0} = V \quad\text{(section 4.3.1)}.
//! ```
//!
//! The paper's text has `p/3 − p²/9` in the last; Jensen's inequality with `E u = 1/2` gives `p/3 − p²/4`.

use crate::error::{Error, Result};
use crate::feature::Feature;
use crate::magnitude::Magnitude;

impl<M: Magnitude> Feature<M> {
    /// The least root-mean-square interference `σ = √(V (1/r − 1))` over rows of unit diagonal, equation (6).
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `0 < r ≤ 1`.
    pub fn welch_sigma(&self, ratio: f64) -> Result<f64> {
        positive_ratio(ratio)?;
        Ok((self.variance() * ((1.0 - ratio) / ratio)).sqrt())
    }

    /// The loss `(1 − r) V` of the best affine model of rank `n_d = r n_s`.
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `0 ≤ r ≤ 1`.
    pub fn linear_loss(&self, ratio: f64) -> Result<f64> {
        any_ratio(ratio)?;
        Ok((1.0 - ratio) * self.variance())
    }
}

/// [`Feature::welch_sigma`] for the paper's features: `σ² = (p/3 − p²/4)(1/r − 1)`, equation (6).
///
/// # Errors
/// [`Error::Probability`] outside (0, 1], [`Error::Ratio`] outside (0, 1].
pub fn welch_sigma(probability: f64, ratio: f64) -> Result<f64> {
    Feature::uniform(probability)?.welch_sigma(ratio)
}

/// [`Feature::linear_loss`] for the paper's features: `(1 − r)(p/3 − p²/4)`.
///
/// # Errors
/// [`Error::Probability`] outside (0, 1], [`Error::Ratio`] outside [0, 1].
pub fn linear_loss(probability: f64, ratio: f64) -> Result<f64> {
    Feature::uniform(probability)?.linear_loss(ratio)
}

/// The loss at ratio 0 for the paper's features, `p/3 − p²/4` (section 4.3.1).
///
/// # Errors
/// [`Error::Probability`] outside (0, 1].
pub fn initial_loss(probability: f64) -> Result<f64> {
    Ok(Feature::uniform(probability)?.variance())
}

/// Refuses a ratio outside (0, 1].
pub(crate) fn positive_ratio(given: f64) -> Result<()> {
    if given > 0.0 && given <= 1.0 { Ok(()) } else { Err(Error::Ratio { given, allowed: "(0, 1]" }) }
}

/// Refuses a ratio outside [0, 1].
pub(crate) fn any_ratio(given: f64) -> Result<()> {
    if (0.0..=1.0).contains(&given) { Ok(()) } else { Err(Error::Ratio { given, allowed: "[0, 1]" }) }
}
