//! The expected loss of any weights, exactly: `E (x_i − ReLU(W_i x + b_i))²` without samples.
//!
//! Given the other features, an output is a piecewise cubic of the interference ([`piecewise`]), which is a sum of
//! independent terms ([`interference`]) whose generating function is known; the expectation is a Fourier series
//! ([`periodic`], [`nodes`], [`row`]).

mod edgeworth;
mod gradient;
mod interference;
mod matrix;
mod nodes;
#[cfg(feature = "models")]
mod objective;
mod periodic;
mod piecewise;
mod row;

pub use edgeworth::{EdgeworthLoss, edgeworth_row_loss};
pub(crate) use matrix::edgeworth_losses;
#[cfg(feature = "models")]
pub use matrix::exact_model_loss;
pub use matrix::{SampledLoss, exact_gradient, exact_loss, exact_loss_of_rows, exact_losses};
#[cfg(feature = "models")]
pub use objective::ExactObjective;

use crate::error::{finite, probability as check_probability};
use crate::{Error, Result};

/// The probabilities with which the features are on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Probability<'a> {
    /// One p in (0, 1] for all features, as in the paper.
    Shared(f64),
    /// One p_j in (0, 1] for each feature, n_s of them.
    Each(&'a [f64]),
}

impl From<f64> for Probability<'_> {
    fn from(p: f64) -> Self {
        Self::Shared(p)
    }
}

impl<'a> From<&'a [f64]> for Probability<'a> {
    fn from(probabilities: &'a [f64]) -> Self {
        Self::Each(probabilities)
    }
}

impl Probability<'_> {
    /// That of feature `feature`.
    fn of(&self, feature: usize) -> f64 {
        match self {
            Self::Shared(p) => *p,
            Self::Each(probabilities) => probabilities[feature],
        }
    }

    fn check(&self, features: usize) -> Result<()> {
        match self {
            Self::Shared(p) => check_probability(*p),
            Self::Each(probabilities) => {
                if probabilities.len() != features {
                    let given = probabilities.len();
                    return Err(Error::Size { what: "probabilities", given, expected: features });
                }
                probabilities.iter().try_for_each(|&p| check_probability(p))
            }
        }
    }
}

/// An expected loss and an estimate of its numerical error (not a standard error: nothing is sampled).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExactLoss {
    /// The expected loss.
    pub loss: f64,
    /// The estimated absolute error of `loss`.
    pub error: f64,
}

/// Refuses what no row can be.
fn check_row(row: &[f64], feature: usize, bias: f64, probability: Probability<'_>) -> Result<()> {
    if row.is_empty() {
        return Err(Error::Empty { what: "row" });
    }
    if feature >= row.len() {
        return Err(Error::Row { given: feature, features: row.len() });
    }
    if let Some(column) = row.iter().position(|w| !w.is_finite()) {
        return Err(Error::Entry { what: "W", row: feature, column, given: row[column] });
    }
    finite("bias", bias)?;
    probability.check(row.len())
}

/// The expected loss of one output,
///
/// ```math
/// L_i = E\left(x_i - \mathrm{ReLU}\Big(\sum_j W_{ij} x_j + b_i\Big)\right)^2 ,
/// ```
///
/// for independent features `x_j = c_j u_j`, `c_j ~ Bernoulli(p_j)`, `u_j ~ U[0, 1]` (paper, section 2).
/// `row` is row `feature` of W = W_out W_in (length n_s), `bias` its raw b_i.
///
/// Exact but for rounding and a truncated series: relative error about 1e-10, as estimated in
/// [`ExactLoss::error`]. Time O(n_s × nodes): tens of nodes where many features are on at once, up to
/// thousands where few are.
///
/// # Errors
/// [`Error::Empty`], [`Error::Row`], [`Error::Entry`], [`Error::NotFinite`], [`Error::Probability`],
/// [`Error::Size`] for what their names say; [`Error::NotFinite`] too where the loss or what it is made of is beyond f64,
/// as for weights above 1e50.
pub fn exact_row_loss<'a>(
    row: &[f64],
    feature: usize,
    bias: f64,
    probability: impl Into<Probability<'a>>,
) -> Result<ExactLoss> {
    let probability = probability.into();
    check_row(row, feature, bias, probability)?;
    checked(row::exact_loss(row, feature, bias, probability))
}

/// Refuses a loss that has overflowed.
fn checked(value: ExactLoss) -> Result<ExactLoss> {
    finite("exact loss", value.loss)?;
    finite("error of the exact loss", value.error)?;
    Ok(value)
}

/// The exact loss of one output and its slope in the bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowGradient {
    /// The loss.
    pub value: ExactLoss,
    /// `∂L_i/∂b_i`.
    pub bias: f64,
}

/// [`exact_row_loss`] with its gradient: `gradient` (length n_s) becomes `∂L_i/∂W_ij`, the diagonal entry included.
///
/// From the same series as the loss, in O(n_s × nodes). Its terms fall off one power later than those of the loss:
/// expect about 1e-8 of the largest entry where few features are on, and rounding where many are.
///
/// # Errors
/// As [`exact_row_loss`], and [`Error::Size`] unless `gradient` is as long as `row`.
pub fn exact_row_gradient<'a>(
    row: &[f64],
    feature: usize,
    bias: f64,
    probability: impl Into<Probability<'a>>,
    gradient: &mut [f64],
) -> Result<RowGradient> {
    let probability = probability.into();
    check_row(row, feature, bias, probability)?;
    if gradient.len() != row.len() {
        return Err(Error::Size { what: "gradient", given: gradient.len(), expected: row.len() });
    }
    let (value, bias) =
        row::Output::new(row, feature, bias, probability).gradient(probability, feature, gradient);
    gradient.iter().chain([&bias]).try_for_each(|&slope| finite("slope of the exact loss", slope))?;
    Ok(RowGradient { value: checked(value)?, bias })
}
