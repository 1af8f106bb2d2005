//! The expected loss of any weights, exactly: `E (x_i − ReLU(W_i x + b_i))²` without samples.
//!
//! Given the other features, an output is a piecewise cubic of the interference ([`piecewise`]),
//! which is a sum of independent terms ([`interference`], [`block`]) whose generating function is
//! known; the expectation is a Fourier series ([`periodic`], [`nodes`], [`row`]), and so is its
//! gradient ([`gradient`], [`lanes`]). Weights that shut the output are shortened first
//! ([`shortened`]).

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

/// An expected loss and an estimate of its numerical error (not a standard error: nothing is
/// sampled).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ExactLoss {
    /// The expected loss.
    pub loss: f64,
    /// The estimated absolute error of `loss`.
    pub error: f64,
}

/// Refuses what no row can be.
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

/// Refuses a tolerance that cannot be met, and one that means nothing.
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
/// for features of the given law: a probability for the paper's (section 2), a list of n_s of them,
/// or any law of `data` that [`FeatureLaw`] knows. `row` is row `feature` of W = W_out W_in (length
/// n_s), `bias` its raw b_i.
///
/// Features that depend on `feature` are conditioned on its switch:
/// `L_i = P[c_i = 0] E[ReLU(I + b)² | c_i = 0] + P[c_i = 1] E[(u − ReLU(W_ii u + I + b))² | c_i = 1]`.
///
/// Exact but for rounding and a truncated series: relative error about 1e-10, as estimated in
/// [`ExactLoss::error`]. Time O(n_s × nodes): tens of nodes where many features are on at once, up
/// to thousands where few are, for the exponential law ten times as many. For magnitudes that are
/// constant or take finitely many values the loss is a finite sum where the interference on either
/// half of the features has at most 2¹⁶ outcomes, and else a series with a relative error of about
/// 1e-8, in hundreds of thousands of nodes.
///
/// # Errors
/// [`Error::Empty`], [`Error::Row`], [`Error::Entry`], [`Error::NotFinite`],
/// [`Error::Probability`], [`Error::Size`], [`Error::Law`], [`Error::Magnitude`] for what their
/// names say; [`Error::NotFinite`] too where the loss or what it is made of is beyond f64, as for
/// weights above 1e50; [`Error::Unresolved`] where weights are so far apart that nothing is known
/// of the loss, which happens for laws other than independent features with magnitudes `U[0, h]`.
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

/// An error above this share of `E x_i²`, and above the loss, says that nothing is known.
const UNKNOWN: f64 = 1e-3;
/// Unless it is only the rounding of numbers of the size of a feature's square, beside which the
/// whole loss of very rare features is small.
const ROUNDING: f64 = 1e-15;

/// Refuses a loss that has overflowed, and one of which nothing is known.
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
    /// The loss.
    pub value: ExactLoss,
    /// `∂L_i/∂b_i`.
    pub bias: f64,
}

/// [`exact_row_loss`] with its gradient: `gradient` (length n_s) becomes `∂L_i/∂W_ij`, the diagonal
/// entry included.
///
/// From the same series as the loss, in O(n_s × nodes). The absolute error of the loss and of each
/// slope is about `tolerance` times the loss, or less. The terms of the slopes fall off one power
/// later than those of the loss, so that few nodes suffice for a rough gradient: on structured
/// weights with p = 0.05, a tolerance of 1e-4 gives a gradient with a relative error below 1e-6
/// (`cargo bench --bench theory`), which is what a descent needs. Where constant magnitudes, or
/// finitely many, have too many outcomes for a finite sum, the slopes are those of a loss that is
/// smoothed by as little as the tolerance allows, and their error is about its square root instead.
///
/// # Errors
/// As [`exact_row_loss`]; [`Error::Size`] unless `gradient` is as long as `row`;
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
