//! The exact loss of a whole matrix, of a model, and of some of their rows.
//!
//! ```text
//! L = (1/n_s) Σ_i L_i ;   from k of n_s rows drawn without replacement: the mean of the L_i, with
//! standard error √((1 − k/n_s) s²/k), s² the rows' variance (divided by k − 1).
//! ```
//! Rows are computed in parallel and summed in order, so that the result does not depend on the
//! number of threads.

use nalgebra::DMatrix;
#[cfg(feature = "parallel")]
use rayon::prelude::*;
#[cfg(feature = "models")]
use toy_superposition_model::{Activation, Autoencoder, Scalar};

use super::edgeworth::edgeworth_loss;
use super::law::Prepared;
use super::row::exact_loss as row_loss;
use super::{EdgeworthLoss, ExactLoss, FeatureLaw, check_row, check_tolerance, checked, row_gradient};
use crate::sample::{check_sample, mean_of_sample};
use crate::{Error, Result};

/// The mean loss over all features, estimated from some of the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SampledLoss {
    /// The mean of the losses of these rows.
    pub loss: f64,
    /// The estimated numerical error of `loss`.
    pub error: f64,
    /// The standard error of `loss` as an estimate of the mean over all n_s rows:
    /// `√((1 − k/n_s) s²/k)` for k rows, where s² is the variance of their losses with the divisor
    /// `k − 1`. It is 0 if all rows are there, and infinite for one row of several.
    pub standard_error: f64,
}

/// The results of `work` for each of `rows`, in order.
fn each_row<R: Send>(rows: &[usize], work: impl Fn(usize) -> Result<R> + Sync) -> Result<Vec<R>> {
    #[cfg(feature = "parallel")]
    return rows.par_iter().map(|&row| work(row)).collect();
    #[cfg(not(feature = "parallel"))]
    rows.iter().map(|&row| work(row)).collect()
}

/// Returns the exact losses of the rows `rows` of an n_s × n_s matrix W that need not be stored as
/// a whole. `fill(i, row)` writes row `i` (n_s numbers, which are 0 before), and `bias` is b (n_s
/// numbers).
///
/// # Errors
/// The errors of [`exact_row_loss`](crate::exact_row_loss).
pub fn exact_losses<'a>(
    rows: &[usize],
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<Vec<ExactLoss>> {
    prepared_losses(rows, bias, &law.into().of(bias.len())?, fill)
}

/// The exact losses of the outputs `rows`, as [`exact_losses`] returns them, under a law that has
/// been checked.
pub(super) fn prepared_losses(
    rows: &[usize],
    bias: &[f64],
    law: &Prepared<'_>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<Vec<ExactLoss>> {
    let features = bias.len();
    each_row(rows, |i| {
        if i >= features {
            return Err(Error::Row { given: i, features });
        }
        let mut row = vec![0.0; features];
        fill(i, &mut row);
        check_row(&row, i, bias[i])?;
        checked(row_loss(&row, i, bias[i], law), law, i)
    })
}

/// Edgeworth's losses of all rows of W (n_s × n_s), with `fill` and `bias` as in [`exact_losses`].
pub(crate) fn edgeworth_losses<'a>(
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<Vec<EdgeworthLoss>> {
    let features = bias.len();
    let law = law.into().of(features)?;
    let rows: Vec<usize> = (0..features).collect();
    each_row(&rows, |i| {
        let mut row = vec![0.0; features];
        fill(i, &mut row);
        check_row(&row, i, bias[i])?;
        edgeworth_loss(&row, i, bias[i], &law)
    })
}

/// Estimates the mean loss over all features from the exact losses of `rows`, which the caller has
/// drawn without replacement.
///
/// `fill` and `bias` are those of [`exact_losses`]. The standard error contains the
/// finite-population factor `1 − k/n_s`.
///
/// # Errors
/// [`Error::Empty`] for no rows, [`Error::Repeated`] for a row listed twice, and the errors of
/// [`exact_row_loss`](crate::exact_row_loss).
pub fn exact_loss_of_rows<'a>(
    rows: &[usize],
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Result<SampledLoss> {
    check_sample(rows, bias.len())?;
    let losses = exact_losses(rows, bias, law, fill)?;
    let ExactLoss { error, .. } = mean(&losses);
    let values: Vec<f64> = losses.iter().map(|row| row.loss).collect();
    let (loss, standard_error) = mean_of_sample(&values, bias.len());
    Ok(SampledLoss { loss, error, standard_error })
}

/// The exact loss per feature (the mean over outputs) of `y = ReLU(W x + b)`, where `product` is W
/// (n_s × n_s) and `bias` is b (n_s numbers).
///
/// # Errors
/// [`Error::Size`] unless the shapes fit, and the errors of
/// [`exact_row_loss`](crate::exact_row_loss).
pub fn exact_loss<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
) -> Result<ExactLoss> {
    Ok(mean(&all_losses(product, bias, law)?))
}

/// [`exact_loss`] weighted by the importance of each feature, `(1/n_s) Σ_i ι_i L_i`, where
/// `importance` holds the n_s numbers ι.
///
/// # Errors
/// The errors of [`exact_loss`]; [`Error::OutOfRange`] for an importance that is negative or not
/// finite.
pub fn weighted_exact_loss<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
    importance: &[f64],
) -> Result<ExactLoss> {
    crate::error::importance(importance, bias.len())?;
    let mut losses = all_losses(product, bias, law)?;
    for (row, iota) in losses.iter_mut().zip(importance) {
        *row = ExactLoss { loss: iota * row.loss, error: iota * row.error };
    }
    Ok(mean(&losses))
}

/// The exact losses of all rows of a matrix.
fn all_losses<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
) -> Result<Vec<ExactLoss>> {
    check_shape(product, bias)?;
    let rows: Vec<usize> = (0..bias.len()).collect();
    exact_losses(&rows, bias, law, fill_from(product))
}

/// Returns a function that writes row `i` of W.
fn fill_from(product: &DMatrix<f64>) -> impl Fn(usize, &mut [f64]) + Sync {
    |i, row| row.iter_mut().zip(product.row(i).iter()).for_each(|(entry, &w)| *entry = w)
}

/// Estimates the exact loss per feature of a ReLU model from the rows `rows` of W = W_out W_in
/// alone, drawn as for [`exact_loss_of_rows`].
///
/// # Errors
/// [`Error::Activation`] for a model whose activation is not ReLU, and the errors of
/// [`exact_loss_of_rows`].
#[cfg(feature = "models")]
pub fn exact_model_loss<'a, T: Scalar>(
    model: &Autoencoder<T>,
    rows: &[usize],
    law: impl Into<FeatureLaw<'a>>,
) -> Result<SampledLoss> {
    if model.activation().simplified(model.features()) != Activation::Relu {
        return Err(Error::Activation { given: model.activation().name() });
    }
    let bias: Vec<f64> = model.bias().iter().map(|&b| b.into()).collect();
    let (encoder, decoder) = (model.encoder(), model.decoder());
    exact_loss_of_rows(rows, &bias, law, |i, row| {
        for (entry, column) in row.iter_mut().zip(encoder.column_iter()) {
            *entry = decoder.row(i).iter().zip(&column).map(|(&a, &b)| a.into() * b.into()).sum();
        }
    })
}

/// Returns the exact loss per feature and overwrites `product_gradient` and `bias_gradient`, which
/// have the shapes of W and b, with its gradient.
///
/// The gradients in `W_out` and `W_in` follow from the gradient `G` in W as `G W_inᵀ` and
/// `W_outᵀ G`. `tolerance` is that of [`exact_row_gradient`](crate::exact_row_gradient).
///
/// # Errors
/// The errors of [`exact_loss`] and [`exact_row_gradient`](crate::exact_row_gradient).
pub fn exact_gradient<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
    tolerance: f64,
    product_gradient: &mut DMatrix<f64>,
    bias_gradient: &mut [f64],
) -> Result<ExactLoss> {
    matrix_gradient(product, bias, law.into(), |_| 1.0, tolerance, product_gradient, bias_gradient)
}

/// [`exact_gradient`] for the loss [`weighted_exact_loss`], `(1/n_s) Σ_i ι_i L_i`.
///
/// # Errors
/// The errors of [`weighted_exact_loss`] and [`exact_gradient`].
pub fn weighted_exact_gradient<'a>(
    product: &DMatrix<f64>,
    bias: &[f64],
    law: impl Into<FeatureLaw<'a>>,
    importance: &[f64],
    tolerance: f64,
    product_gradient: &mut DMatrix<f64>,
    bias_gradient: &mut [f64],
) -> Result<ExactLoss> {
    crate::error::importance(importance, bias.len())?;
    let iota = |i: usize| importance[i];
    matrix_gradient(product, bias, law.into(), iota, tolerance, product_gradient, bias_gradient)
}

fn matrix_gradient(
    product: &DMatrix<f64>,
    bias: &[f64],
    law: FeatureLaw<'_>,
    importance: impl Fn(usize) -> f64,
    tolerance: f64,
    product_gradient: &mut DMatrix<f64>,
    bias_gradient: &mut [f64],
) -> Result<ExactLoss> {
    check_tolerance(tolerance)?;
    let law = law.of(bias.len())?;
    check_shape(product, bias)?;
    check_shape(product_gradient, bias_gradient)?;
    let fill = fill_from(product);
    weighted_gradient(bias, &law, tolerance, fill, importance, product_gradient, bias_gradient)
}

/// [`exact_gradient`] for `(1/n_s) Σ_i importance(i) L_i` and the rows that `fill` writes as in
/// [`exact_losses`].
pub(super) fn weighted_gradient(
    bias: &[f64],
    law: &Prepared<'_>,
    tolerance: f64,
    fill: impl Fn(usize, &mut [f64]) + Sync,
    importance: impl Fn(usize) -> f64,
    product_gradient: &mut DMatrix<f64>,
    bias_gradient: &mut [f64],
) -> Result<ExactLoss> {
    let features = bias.len();
    if bias_gradient.len() != features {
        return Err(Error::Size { what: "gradient", given: bias_gradient.len(), expected: features });
    }
    let rows: Vec<usize> = (0..features).collect();
    let outputs = each_row(&rows, |i| {
        let mut row = vec![0.0; features];
        fill(i, &mut row);
        check_row(&row, i, bias[i])?;
        let mut gradient = vec![0.0; features];
        let found = row_gradient(&row, i, bias[i], law, tolerance, &mut gradient)?;
        Ok((found, gradient))
    })?;
    let mut total = ExactLoss { loss: 0.0, error: 0.0 };
    for (i, (found, gradient)) in outputs.iter().enumerate() {
        let scale = importance(i) / features as f64;
        total.loss += found.value.loss * scale;
        total.error += found.value.error * scale;
        bias_gradient[i] = found.bias * scale;
        for (entry, part) in product_gradient.row_mut(i).iter_mut().zip(gradient) {
            *entry = part * scale;
        }
    }
    Ok(total)
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

/// The mean loss, with the mean of the errors, which bounds its error.
fn mean(losses: &[ExactLoss]) -> ExactLoss {
    let count = losses.len() as f64;
    ExactLoss {
        loss: losses.iter().map(|row| row.loss).sum::<f64>() / count,
        error: losses.iter().map(|row| row.error).sum::<f64>() / count,
    }
}
