//! A model's weights against the theory: what Gaussian interference predicts for its own rows, and the optimum.
//!
//! ```math
//! L_{gauss} = \frac1{n_s} \sum_i E\,\bigl(x_i - (W_{ii} x_i + b_i^{eff} + I_i)_+\bigr)^2, \qquad
//! I_i \sim N(0, \mathrm{noise}_i^2),
//! ```
//!
//! row by row in closed form (`W_ii` may be zero or negative). For an identity output the prediction is exact:
//! `(1 − W_ii)² Var x_i + noise_i² + (E x_i (1 − W_ii) − b_i^eff)²`.

use nalgebra::DMatrix;
use toy_superposition_data::Moments;
use toy_superposition_model::{Activation, Autoencoder, Scalar};

use crate::error::{Error, Result};
use crate::feature::Feature;
use crate::optimum::Optimum;
use crate::statistics::{Row, Statistics};

/// What the theory says of a model's weights, for the paper's features.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The rows and their statistics.
    pub statistics: Statistics,
    /// The loss of each row under Gaussian interference of its own mean and variance.
    pub row_losses: Vec<f64>,
    /// Their mean: the Gaussian prediction for these weights, per feature.
    pub gaussian_loss: f64,
    /// The best symmetric model at the Welch bound of `r = n_d/n_s`.
    pub optimum: Optimum,
    /// The best affine model of the same rank.
    pub linear_loss: f64,
    /// `gaussian_loss − optimum.loss`. It may be negative only where rows differ (see the lower convex envelope).
    pub difference: f64,
}

/// Checks a model against the theory for features that are on with one `probability` and then `U[0, 1]`.
///
/// # Errors
/// [`Error::Probability`]; [`Error::Activation`] for an output that is neither ReLU nor the identity;
/// [`Error::Entry`] for weights that are not finite.
pub fn check<T: Scalar>(model: &Autoencoder<T>, probability: f64) -> Result<Check> {
    let feature = Feature::uniform(probability)?;
    let statistics = Statistics::of_model(model, &vec![feature.moments(); model.features()])?;
    report(&feature, statistics, model.activation())
}

/// The same from `W` (n_s × n_s, of rank at most `hidden`) and the bias, for a ReLU output.
///
/// # Errors
/// As [`check`], and [`Error::Size`] for shapes that do not fit.
pub fn check_product(w: &DMatrix<f64>, bias: &[f64], hidden: usize, probability: f64) -> Result<Check> {
    let feature = Feature::uniform(probability)?;
    let statistics = Statistics::from_product(w, bias, hidden, &vec![feature.moments(); w.nrows()])?;
    report(&feature, statistics, Activation::Relu)
}

fn report(feature: &Feature, statistics: Statistics, activation: Activation) -> Result<Check> {
    let moments = feature.moments();
    let row_loss = |row: &Row| match activation {
        Activation::Relu => Ok(feature.row_loss(&row.channel()).total),
        Activation::Identity => Ok(affine_loss(row, &moments)),
        other => Err(Error::Activation { given: other.name() }),
    };
    let row_losses = statistics.rows.iter().map(row_loss).collect::<Result<Vec<f64>>>()?;
    let gaussian_loss = row_losses.iter().sum::<f64>() / row_losses.len() as f64;
    let ratio = statistics.hidden as f64 / statistics.features() as f64;
    let optimum = feature.optimum_at_ratio(ratio)?;
    let linear_loss = feature.linear_loss(ratio)?;
    let difference = gaussian_loss - optimum.loss;
    Ok(Check { statistics, row_losses, gaussian_loss, optimum, linear_loss, difference })
}

/// The exact loss of a row without a rectifier.
fn affine_loss(row: &Row, moments: &Moments) -> f64 {
    let rest = 1.0 - row.diagonal;
    let mean = rest * moments.mean - row.effective_bias;
    rest * rest * moments.variance() + row.noise * row.noise + mean * mean
}
