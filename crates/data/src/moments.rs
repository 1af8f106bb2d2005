//! Exact moments of one feature.

use crate::Result;
use crate::error::checked_probability;

/// The probability that a feature is on, and the first two moments of the feature itself (zeros
/// included).
///
/// For `x = c u` with `c ~ Bernoulli(p)`, `mean = p E u` and `second_moment = p E u²`. For the data
/// of the paper (section 2, `u ~ U[0, 1]`) these are `p/2` and `p/3`, and the variance is
/// `p/3 − p²/4`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// `P[c = 1]`, in (0, 1].
    pub probability: f64,
    /// `E x`.
    pub mean: f64,
    /// `E x²`.
    pub second_moment: f64,
}

impl Moments {
    /// The moments of the paper's feature, `u ~ U[0, 1]`.
    ///
    /// # Errors
    /// [`Error::Probability`](crate::Error::Probability) unless `0 < probability ≤ 1`.
    pub fn uniform(probability: f64) -> Result<Self> {
        let probability = checked_probability(0, probability)?;
        Ok(Self { probability, mean: probability / 2.0, second_moment: probability / 3.0 })
    }

    /// `Var x = E x² − (E x)²`.
    pub fn variance(&self) -> f64 {
        self.second_moment - self.mean * self.mean
    }
}
