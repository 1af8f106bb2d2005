//! The first four cumulants of one feature `x = c u`.
//!
//! Cumulants of independent terms add up: `κ_m(Σ_j w_j x_j) = Σ_j w_jᵐ κ_m(x_j)`. The cumulants of
//! the interference follow from those of a feature in this way.

use crate::error::checked_probability;
use crate::{Moments, Result};

/// The first four cumulants of a random variable.
///
/// Cumulants of independent terms add up: `κ_m(Σ_j w_j x_j) = Σ_j w_jᵐ κ_m(x_j)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cumulants {
    /// κ₁, the mean.
    pub mean: f64,
    /// κ₂, the variance.
    pub variance: f64,
    /// κ₃, the third central moment.
    pub third: f64,
    /// κ₄, the fourth central moment minus `3κ₂²`.
    pub fourth: f64,
}

impl Cumulants {
    /// The cumulants of the paper's feature (section 2), which is `U[0, 1]` with probability `p`
    /// and 0 otherwise:
    ///
    /// `κ₁ = p/2`, `κ₂ = p/3 − p²/4`, `κ₃ = p(1 − p)²/4`, `κ₄ = p/5 − 5p²/6 + p³ − 3p⁴/8`.
    ///
    /// ```
    /// let x = toy_superposition_data::Cumulants::uniform(0.2)?;
    /// assert_eq!((x.mean, x.third), (0.1, 0.2 * 0.8 * 0.8 / 4.0));
    /// # Ok::<(), toy_superposition_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Probability`](crate::Error::Probability) unless `0 < probability ≤ 1`.
    pub fn uniform(probability: f64) -> Result<Self> {
        checked_probability(0, probability).map(Self::of_unit_uniform)
    }

    /// [`uniform`](Self::uniform) for a probability that is known to be in (0, 1].
    pub(crate) fn of_unit_uniform(p: f64) -> Self {
        let moments = Moments { probability: p, mean: p / 2.0, second_moment: p / 3.0 };
        Self {
            mean: moments.mean,
            variance: moments.variance(),
            third: p * (1.0 - p) * (1.0 - p) / 4.0,
            fourth: p * (0.2 - p * (5.0 / 6.0 - p * (1.0 - 0.375 * p))),
        }
    }

    /// The cumulants of `x = c u`, where `c ~ Bernoulli(probability)` and `E uᵏ = moments[k − 1]`,
    /// `k = 1 … 4`.
    ///
    /// ```math
    /// \kappa_3 = p m_3 - 3p^2 m_1 m_2 + 2p^3 m_1^3, \qquad
    /// \kappa_4 = p m_4 - p^2 (4 m_1 m_3 + 3 m_2^2) + 12 p^3 m_1^2 m_2 - 6 p^4 m_1^4.
    /// ```
    pub fn of_feature(probability: f64, moments: [f64; 4]) -> Self {
        let (p, [m1, m2, m3, m4]) = (probability, moments);
        let of_x = Moments { probability: p, mean: p * m1, second_moment: p * m2 };
        Self {
            mean: of_x.mean,
            variance: of_x.variance(),
            third: p * (m3 - p * m1 * (3.0 * m2 - p * 2.0 * m1 * m1)),
            fourth: p
                * (m4 - p * (4.0 * m1 * m3 + 3.0 * m2 * m2 - p * m1 * m1 * (12.0 * m2 - p * 6.0 * m1 * m1))),
        }
    }

    /// The skewness `κ₃ / κ₂^{3/2}`. `None` where it is not a finite number: where the variance is
    /// 0 or the skewness overflows.
    pub fn skewness(&self) -> Option<f64> {
        // Dividing in two steps avoids powers of the variance, which may underflow.
        Some(self.third / self.variance / self.variance.sqrt()).filter(|ratio| ratio.is_finite())
    }

    /// The excess kurtosis `κ₄ / κ₂²`. `None` where it is not a finite number: where the variance
    /// is 0 or the kurtosis overflows.
    pub fn excess_kurtosis(&self) -> Option<f64> {
        Some(self.fourth / self.variance / self.variance).filter(|ratio| ratio.is_finite())
    }
}
