//! The exact expected loss of any weights, `E (x_i − ReLU(W_i x + b_i))²`, without samples.
//!
//! Given the other features, the loss of an output is a piecewise cubic of the interference
//! ([`piecewise`]). The interference is a sum of independent terms ([`interference`], [`block`])
//! whose generating function is known. So the expectation is a Fourier series ([`periodic`],
//! [`nodes`], [`row`]), and so is its gradient ([`gradient`], [`lanes`]). Weights that shut the
//! output are shortened first ([`shortened`]).

mod atoms;
mod block;
mod counted;
mod edgeworth;
mod factors;
mod far;
mod gradient;
mod interference;
mod lanes;
mod law;
mod matrix;
mod nodes;
#[cfg(feature = "models")]
mod objective;
mod one_on;
mod periodic;
mod pieces;
mod piecewise;
mod polygon;
mod row;
#[cfg(feature = "models")]
mod second_moments;
mod shortened;
mod smooth;
mod unit;
mod waves;

pub use counted::CountedLoss;
pub use edgeworth::{EdgeworthLoss, edgeworth_row_loss};
pub(crate) use matrix::edgeworth_losses;
#[cfg(feature = "models")]
pub use matrix::exact_model_loss;
pub use matrix::{
    SampledLoss, exact_gradient, exact_loss, exact_loss_of_rows, exact_losses, weighted_exact_gradient,
    weighted_exact_loss,
};
#[cfg(feature = "models")]
pub use objective::ExactObjective;
pub use polygon::polygon_loss;
#[cfg(feature = "models")]
pub(crate) use second_moments::SecondMoments;

use gradient::exact_gradient as exact_gradient_of_row;
pub use law::FeatureLaw;
use law::Prepared;
use row::FINEST;
pub(crate) use unit::Unit;

use crate::error::finite;
use crate::{Error, Result};

/// An expected loss and an estimate of its numerical error. It is not a standard error, since
/// nothing is sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ExactLoss {
    /// The expected loss.
    pub loss: f64,
    /// The estimated absolute error of `loss`.
    pub error: f64,
}

/// Returns an error for a row that is empty, lacks its own feature, or has a number that is not
/// finite.
fn check_row(row: &[f64], feature: usize, bias: f64) -> Result<()> {
    if row.is_empty() {
        return Err(Error::Empty { what: "row" });
    }
    if feature >= row.len() {
        return Err(Error::Row { given: feature, features: row.len() });
    }
    if let Some(column) = row.iter().position(|w| !w.is_finite()) {
        return Err(Error::Entry { what: "W", row: feature, column, given: row[column] });
    }
    finite("bias", bias)
}

/// Returns an error for a tolerance outside [1e-10, 0.1].
fn check_tolerance(given: f64) -> Result<()> {
    if (FINEST..=0.1).contains(&given) {
        Ok(())
    } else {
        Err(Error::OutOfRange { what: "tolerance", given, allowed: "[1e-10, 0.1]" })
    }
}

/// The expected loss of one output,
///
/// ```math
/// L_i = E\left(x_i - \mathrm{ReLU}\Big(\sum_j W_{ij} x_j + b_i\Big)\right)^2 ,
/// ```
///
/// for features of the given law: one probability for the paper's features (section 2), a list of
/// n_s probabilities, or any law of `data` that [`FeatureLaw`] covers. `row` is row `feature` of
/// W = W_out W_in (n_s numbers), and `bias` is its raw b_i.
///
/// Features that depend on `feature` are conditioned on its switch:
/// `L_i = P[c_i = 0] E[ReLU(I + b)² | c_i = 0] + P[c_i = 1] E[(u − ReLU(W_ii u + I + b))² | c_i = 1]`.
///
/// The loss is exact up to rounding and the truncation of a series. Its relative error is about
/// 1e-10, and [`ExactLoss::error`] is an estimate of the error. The time is O(n_s × nodes), with
/// tens of nodes where many features are on at once and up to thousands where few are; the
/// exponential law takes ten times as many.
///
/// For magnitudes that are constant or take finitely many values the loss is a finite sum where the
/// interference of each half of the features has at most 2¹⁶ outcomes. Elsewhere it is a series
/// with a relative error of about 1e-8 and hundreds of thousands of nodes.
///
/// # Errors
/// [`Error::Empty`], [`Error::Row`] and [`Error::Entry`] for a row that is empty, lacks entry
/// `feature` or has an entry that is not finite; [`Error::NotFinite`] for a bias that is not
/// finite, and where the loss is not finite in f64, as for weights above 1e50;
/// [`Error::Probability`], [`Error::Size`], [`Error::Law`] and [`Error::Magnitude`] for a law that
/// is not valid, has another number of features, or has no exact loss; [`Error::Unresolved`] where
/// weights are so far apart that the error is larger than the loss, which happens for laws other
/// than independent features with magnitudes `U[0, h]`.
pub fn exact_row_loss<'a>(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: impl Into<FeatureLaw<'a>>,
) -> Result<ExactLoss> {
    check_row(row, feature, bias)?;
    let law = law.into().of(row.len())?;
    checked(row::exact_loss(row, feature, bias, &law), &law, feature)
}

/// A loss is not resolved if its error is above the loss, above this share of `E x_i²`, and above
/// the rounding below.
const UNKNOWN: f64 = 1e-3;
/// The rounding of numbers of the size of the square of a feature. The whole loss of very rare
/// features is small beside those numbers.
const ROUNDING: f64 = 1e-15;

/// Returns an error for a loss that is not finite or not resolved.
fn checked(value: ExactLoss, law: &Prepared<'_>, feature: usize) -> Result<ExactLoss> {
    let ExactLoss { loss, error } = value;
    finite("exact loss", loss)?;
    finite("error of the exact loss", error)?;
    let [_, halved, ..] = law.unit.divisors();
    let square = law.scale * law.scale;
    let unknown = UNKNOWN * law.of(feature) * 2.0 / halved;
    if error > loss.max(unknown.max(ROUNDING) * square) {
        return Err(Error::Unresolved { row: feature, loss, error });
    }
    Ok(value)
}

/// The exact loss of one output and its slope in the bias.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RowGradient {
    /// The exact loss `L_i`.
    pub value: ExactLoss,
    /// Its slope in the bias, `∂L_i/∂b_i`.
    pub bias: f64,
}

/// Returns [`exact_row_loss`] with its slope in the bias, and overwrites `gradient` (n_s numbers)
/// with `∂L_i/∂W_ij`, including the diagonal entry.
///
/// The gradient comes from the series of the loss, in time O(n_s × nodes). The absolute error of
/// the loss and of each slope is about `tolerance` times the loss, or less. The terms of the slopes
/// fall off with one power less than those of the loss. Few nodes suffice for a gradient that is
/// good enough for a descent: on structured weights with p = 0.05, a tolerance of 1e-4 gives a
/// gradient with a relative error below 1e-6 (`cargo bench --bench theory`).
///
/// Where magnitudes that are constant or take finitely many values have too many outcomes for a
/// finite sum, the slopes are those of a loss that is smoothed by as little as the tolerance
/// allows. Their error is then about the square root of the tolerance.
///
/// # Errors
/// The errors of [`exact_row_loss`]; [`Error::Size`] unless `gradient` is as long as `row`;
/// [`Error::OutOfRange`] unless `1e-10 ≤ tolerance ≤ 0.1`.
pub fn exact_row_gradient<'a>(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: impl Into<FeatureLaw<'a>>,
    tolerance: f64,
    gradient: &mut [f64],
) -> Result<RowGradient> {
    check_row(row, feature, bias)?;
    check_tolerance(tolerance)?;
    if gradient.len() != row.len() {
        return Err(Error::Size { what: "gradient", given: gradient.len(), expected: row.len() });
    }
    row_gradient(row, feature, bias, &law.into().of(row.len())?, tolerance, gradient)
}

fn row_gradient(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: &Prepared<'_>,
    tolerance: f64,
    gradient: &mut [f64],
) -> Result<RowGradient> {
    let (value, bias) = exact_gradient_of_row(row, feature, bias, law, tolerance, gradient);
    gradient.iter().chain([&bias]).try_for_each(|&slope| finite("slope of the exact loss", slope))?;
    Ok(RowGradient { value: checked(value, law, feature)?, bias })
}
