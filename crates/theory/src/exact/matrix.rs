//! The exact loss of a whole matrix, of a model, and of some of their rows.
//!
//! ```text
//! L = (1/n_s) Σ_i L_i ;   from k of n_s rows drawn without replacement: the mean of the L_i, with
//! standard error √((1 − k/n_s) s²/k), s² the rows' variance (divided by k − 1).
//! ```
//! Rows are worked on in parallel and summed in their order: the result does not depend on the number of threads.

use nalgebra::DMatrix;
#[cfg(feature = "parallel")]
use rayon::prelude::*;
#[cfg(feature = "models")]
use toy_superposition_model::{Activation, Autoencoder, Scalar};

use super::row::{Output, exact_loss as row_loss};
use super::{EdgeworthLoss, ExactLoss, Probability, check_row, checked, edgeworth_row_loss};
use crate::error::finite;
use crate::{Error, Result};

/// A loss found from some of the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledLoss {
    /// The mean of the rows' losses.
    pub loss: f64,
    /// The estimated numerical error of `loss`.
    pub error: f64,
    /// The standard error of `loss` for the mean over all rows; 0 if every row is there, infinite for one row of
    /// several.
    pub standard_error: f64,
}

/// `work` for each of `rows`, in order.
fn each_row<R: Send>(rows: &[usize], work: impl Fn(usize) -> Result<R> + Sync) -> Result<Vec<R>> {
    #[cfg(feature = "parallel")]
    return rows.par_iter().map(|&row| work(row)).collect();
    #[cfg(not(feature = "parallel"))]
    rows.iter().map(|&row| work(row)).collect()
}

/// The exact losses of the rows `rows` of an n_s × n_s matrix W that need not exist as a whole:
/// `fill(i, row)` writes row `i` (length n_s, zeroed before). `bias` is b, length n_s.
///
/// # Errors
/// As [`exact_row_loss`](crate::exact_row_loss).
pub fn exact_losses<'a>(
    rows: &[usize],
    bias: &[f64],
    probability: impl Into<Probability<'a>>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<Vec<ExactLoss>> {
    let (features, probability) = (bias.len(), probability.into());
    probability.check(features)?;
    each_row(rows, |i| {
        if i >= features {
            return Err(Error::Row { given: i, features });
        }
        let mut row = vec![0.0; features];
        fill(i, &mut row);
        check_row(&row, i, bias[i], Probability::Shared(1.0))?;
        checked(row_loss(&row, i, bias[i], probability))
    })
}

/// Edgeworth's losses of all rows of W, n_s × n_s; `fill` and `bias` as in [`exact_losses`].
pub(crate) fn edgeworth_losses<'a>(
    bias: &[f64],
    probability: impl Into<Probability<'a>>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<Vec<EdgeworthLoss>> {
    let (features, probability) = (bias.len(), probability.into());
    let rows: Vec<usize> = (0..features).collect();
    each_row(&rows, |i| {
        let mut row = vec![0.0; features];
        fill(i, &mut row);
        edgeworth_row_loss(&row, i, bias[i], probability)
    })
}

/// The mean loss over all features from the exact losses of `rows`, which the caller has drawn without replacement.
///
/// `fill` and `bias` as in [`exact_losses`]. The standard error carries the finite-population factor
/// `1 − k/n_s`.
///
/// # Errors
/// [`Error::Empty`] for no rows, [`Error::Repeated`] for a row listed twice, and as
/// [`exact_row_loss`](crate::exact_row_loss).
pub fn exact_loss_of_rows<'a>(
    rows: &[usize],
    bias: &[f64],
    probability: impl Into<Probability<'a>>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<SampledLoss> {
    if rows.is_empty() {
        return Err(Error::Empty { what: "list of rows" });
    }
    let mut sorted = rows.to_vec();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::Repeated { given: pair[0] });
    }
    let losses = exact_losses(rows, bias, probability, fill)?;
    let count = losses.len() as f64;
    let ExactLoss { loss, error } = mean(&losses);
    let standard_error = if losses.len() == bias.len() {
        0.0
    } else {
        let squares: f64 = losses.iter().map(|row| (row.loss - loss).powi(2)).sum();
        if losses.len() == 1 {
            f64::INFINITY
        } else {
            ((1.0 - count / bias.len() as f64) * squares / (count * (count - 1.0))).sqrt()
        }
    };
    Ok(SampledLoss { loss, error, standard_error })
}

/// The exact loss per feature (mean over outputs) of `y = ReLU(W x + b)`: `product` W, n_s × n_s; `bias` b, n_s.
///
/// # Errors
/// [`Error::Size`] unless the shapes fit, and as [`exact_row_loss`](crate::exact_row_loss).
pub fn exact_loss<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    probability: impl Into<Probability<'a>>,
) -> Result<ExactLoss> {
    check_shape(product, bias)?;
    let rows: Vec<usize> = (0..bias.len()).collect();
    let losses = exact_losses(&rows, bias, probability, |i, row| {
        for (entry, &w) in row.iter_mut().zip(product.row(i).iter()) {
            *entry = w;
        }
    })?;
    Ok(mean(&losses))
}

/// The exact loss per feature of a ReLU model, from the rows `rows` of W = W_out W_in alone.
///
/// # Errors
/// [`Error::Activation`] for a model that is not ReLU, and as [`exact_loss_of_rows`].
#[cfg(feature = "models")]
pub fn exact_model_loss<'a, T: Scalar>(
    model: &Autoencoder<T>,
    rows: &[usize],
    probability: impl Into<Probability<'a>>,
) -> Result<SampledLoss> {
    if model.activation().simplified(model.features()) != Activation::Relu {
        return Err(Error::Activation { given: model.activation().name() });
    }
    let bias: Vec<f64> = model.bias().iter().map(|&b| b.into()).collect();
    let (encoder, decoder) = (model.encoder(), model.decoder());
    exact_loss_of_rows(rows, &bias, probability, |i, row| {
        for (entry, column) in row.iter_mut().zip(encoder.column_iter()) {
            *entry = decoder.row(i).iter().zip(&column).map(|(&a, &b)| a.into() * b.into()).sum();
        }
    })
}

/// The exact loss per feature and its gradient in W and b, which are overwritten (same shapes as W and b).
///
/// A gradient in `W_out` and `W_in` follows as `G W_inᵀ` and `W_outᵀ G` from that in W, `G`.
///
/// # Errors
/// As [`exact_loss`].
pub fn exact_gradient<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    probability: impl Into<Probability<'a>>,
    product_gradient: &mut DMatrix<f64>,
    bias_gradient: &mut [f64],
) -> Result<ExactLoss> {
    check_shape(product, bias)?;
    check_shape(product_gradient, bias_gradient)?;
    let (features, probability) = (bias.len(), probability.into());
    if bias_gradient.len() != features {
        return Err(Error::Size { what: "gradient", given: bias_gradient.len(), expected: features });
    }
    probability.check(features)?;
    let rows: Vec<usize> = (0..features).collect();
    let outputs = each_row(&rows, |i| {
        let row: Vec<f64> = product.row(i).iter().copied().collect();
        check_row(&row, i, bias[i], Probability::Shared(1.0))?;
        let mut gradient = vec![0.0; features];
        let (value, slope) =
            Output::new(&row, i, bias[i], probability).gradient(probability, i, &mut gradient);
        gradient.iter().chain([&slope]).try_for_each(|&slope| finite("slope of the exact loss", slope))?;
        Ok((checked(value)?, slope, gradient))
    })?;
    let scale = 1.0 / features as f64;
    for (i, (_, slope, gradient)) in outputs.iter().enumerate() {
        bias_gradient[i] = slope * scale;
        for (entry, part) in product_gradient.row_mut(i).iter_mut().zip(gradient) {
            *entry = part * scale;
        }
    }
    let values: Vec<ExactLoss> = outputs.into_iter().map(|(value, ..)| value).collect();
    Ok(mean(&values))
}

fn check_shape(product: &DMatrix<f64>, bias: &[f64]) -> Result<()> {
    if bias.is_empty() {
        return Err(Error::Empty { what: "bias" });
    }
    for (what, given) in [("rows of W", product.nrows()), ("columns of W", product.ncols())] {
        if given != bias.len() {
            return Err(Error::Size { what, given, expected: bias.len() });
        }
    }
    Ok(())
}

/// The mean loss; the errors' mean bounds its error.
fn mean(losses: &[ExactLoss]) -> ExactLoss {
    let count = losses.len() as f64;
    ExactLoss {
        loss: losses.iter().map(|row| row.loss).sum::<f64>() / count,
        error: losses.iter().map(|row| row.error).sum::<f64>() / count,
    }
}
