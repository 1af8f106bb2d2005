//! What follows from the size of the hidden layer: the Welch bound on the interference, and the
//! loss of the linear model.

use toy_superposition_data::Moments;

use crate::error::{Error, Result};
use crate::gaussian::feature::Feature;
use crate::magnitude::Integrable;
use crate::product::Product;

impl<M: Integrable> Feature<M> {
    /// The least root mean square interference `σ = √(V (1/r − 1))` of weights with a unit diagonal
    /// and the ratio `r = n_d/n_s` (equation 6).
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `0 < r ≤ 1`.
    pub fn welch_sigma(&self, ratio: f64) -> Result<f64> {
        positive_ratio(ratio)?;
        let square = self.variance() * ((1.0 - ratio) / ratio);
        if ratio == 1.0 || square.is_normal() {
            return Ok(square.sqrt());
        }
        // The square is not a normal number of f64.
        Ok(self.variance().sqrt() * (1.0 - ratio).sqrt() / ratio.sqrt())
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

/// [`Feature::welch_sigma`] for the paper's features: `σ` with `σ² = (p/3 − p²/4)(1/r − 1)`
/// (equation 6).
///
/// With `r = n_d/n_s` and `V = Var x` (`p/3 − p²/4` for the paper's features),
///
/// ```math
/// \sigma^2 \ge V\left(\tfrac1r - 1\right) \quad\text{(equation 6)}, \qquad L_{linear} = (1 - r)\,V, \qquad
/// L_{r \to 0} = V \quad\text{(section 4.3.1)}.
/// ```
///
/// The paper's text has `p/3 − p²/9` in the last of these; Jensen's inequality with `E u = 1/2`
/// gives `p/3 − p²/4`.
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

/// How close given weights come to the bound of appendix C, and how far its two conditions for
/// equality hold.
///
/// Rows are first scaled to unit diagonal, `W̃_ij = W_ij / W_ii`. Then `tr W̃ = n_s` and, for any
/// `W̃` of rank at most `n_d`,
///
/// ```math
/// \frac1{n_s}\sum_i \mathrm{Var}\,\nu_i = V\left(\frac{\lVert\tilde W\rVert_F^2}{n_s} - 1\right)
/// \ge V \left(\frac{n_s}{n_d} - 1\right),
/// ```
///
/// by Schur's inequality (with equality if `W̃` is normal with real eigenvalues, that is,
/// symmetric) and by Cauchy–Schwarz (with equality if the n_d non-zero eigenvalues are equal).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WelchCheck {
    /// The bound `V (n_s/n_d − 1)`, where `V` is the mean of `Var x_j`. It is a bound if all
    /// features have the same variance.
    pub bound: f64,
    /// The mean over rows of the variance of the interference, `Var ν_i = σ_i²`.
    pub mean_variance: f64,
    /// `mean_variance / bound − 1`. For a bound of 0 it is 0 if the bound is met, and infinite if
    /// not.
    pub gap: f64,
    /// `‖W̃ − W̃ᵀ‖_F / ‖W̃‖_F`: 0 if `W̃` is symmetric, and √2 on average for a matrix without any
    /// symmetry.
    pub asymmetry: f64,
    /// `n_d ‖W̃‖_F² / (tr W̃)² − 1`: 0 if and only if both conditions for equality hold.
    pub spread: f64,
}

/// Compares a product `W` (n_s × n_s) of rank at most `hidden` with the Welch bound, for features
/// of the given moments (one per feature).
///
/// # Errors
/// [`Error::SizeRange`] unless `1 ≤ hidden ≤ n_s`; [`Error::Size`] unless there are n_s moments;
/// [`Error::OutOfRange`] for a zero on the diagonal.
pub fn welch_check(product: &Product, hidden: usize, moments: &[Moments]) -> Result<WelchCheck> {
    let features = product.features();
    if moments.len() != features {
        return Err(Error::Size { what: "moments", given: moments.len(), expected: features });
    }
    crate::error::size("hidden", hidden, 1..=features)?;
    if product.diagonal().any(|given| given == 0.0) {
        return Err(Error::OutOfRange { what: "a diagonal entry of W", given: 0.0, allowed: "all but 0" });
    }
    let scaled = |i: usize, j: usize| product.row(i)[j] / product.row(i)[i];
    let n_s = features as f64;
    let excess = n_s / hidden as f64;
    let (mut interference, mut norm, mut difference) = (0.0, 0.0, 0.0);
    for (column, moments) in moments.iter().enumerate() {
        for row in 0..features {
            let (scaled, mirrored) = (scaled(row, column), scaled(column, row));
            norm += scaled * scaled;
            difference += (scaled - mirrored) * (scaled - mirrored);
            if row != column {
                interference += scaled * scaled * moments.variance();
            }
        }
    }
    let bound = (excess - 1.0) * moments.iter().map(Moments::variance).sum::<f64>() / n_s;
    let spread = norm / (n_s * excess) - 1.0;
    let asymmetry = (difference / norm).sqrt();
    let found = WelchCheck { bound, mean_variance: 0.0, gap: 0.0, asymmetry, spread };
    Ok(found.with_variances(bound, interference / n_s))
}

impl WelchCheck {
    /// This check with another bound and another mean of `Var ν_i`, and the gap between these two.
    pub(crate) fn with_variances(self, bound: f64, mean_variance: f64) -> Self {
        let gap = relative_gap(bound, mean_variance);
        Self { bound, mean_variance, gap, ..self }
    }
}

/// `mean_variance / bound − 1`. For a bound of 0 it is 0 if the bound is met, and infinite if not.
fn relative_gap(bound: f64, mean_variance: f64) -> f64 {
    match (bound > 0.0, mean_variance > 0.0) {
        (true, _) => mean_variance / bound - 1.0,
        (false, true) => f64::INFINITY,
        (false, false) => 0.0,
    }
}

/// Returns an error for a ratio outside (0, 1].
pub(crate) fn positive_ratio(given: f64) -> Result<()> {
    if given > 0.0 && given <= 1.0 { Ok(()) } else { Err(Error::Ratio { given, allowed: "(0, 1]" }) }
}

/// Returns an error for a ratio outside [0, 1].
pub(crate) fn any_ratio(given: f64) -> Result<()> {
    if (0.0..=1.0).contains(&given) { Ok(()) } else { Err(Error::Ratio { given, allowed: "[0, 1]" }) }
}
