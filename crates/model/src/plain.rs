//! The plain twin of [`MinibatchLoss`](crate::MinibatchLoss): dense matrices, one formula per line.
//!
//! With `h = W_in x`, `z = W_out h + b`, `y = f(z)`, and samples as columns (n_s × B), the loss and
//! its gradient are:
//!
//! ```math
//! L = \frac{1}{B n_s} \sum_{s=1}^{B} \sum_{i=1}^{n_s} \iota_i (y_{is} - x_{is})^2, \qquad
//! \delta = \frac{\partial L}{\partial z} = \frac{2}{B n_s}\, \iota\,(y - x)\, f'(z)
//! ```
//! ```math
//! \frac{\partial L}{\partial W_{out}} = \delta h^T, \quad
//! \frac{\partial L}{\partial W_{in}} = W_{out}^T \delta x^T, \quad
//! \frac{\partial L}{\partial b} = \delta 1
//! ```
//!
//! For tied weights the gradient of the encoder is `∂L/∂W_in + (∂L/∂W_out)ᵀ`.

use nalgebra::{DMatrix, DVector};

use crate::error::check_shape;
use crate::{Autoencoder, Error, Parameters, Result, Scalar};

/// Returns the loss and its gradient, computed by dense products. `x` is n_s × B, and `importance`
/// has length n_s.
///
/// # Errors
/// [`Error::Mismatch`] if `x` or `importance` does not fit the model, [`Error::EmptyBatch`] for no
/// samples.
pub fn loss_and_gradient<T: Scalar>(
    model: &Autoencoder<T>,
    x: &DMatrix<T>,
    importance: Option<&DVector<T>>,
) -> Result<(T, Parameters<T>)> {
    let ones = DVector::from_element(model.features(), T::one());
    let importance = importance.unwrap_or(&ones);
    check_shape("importance", importance.shape(), (model.features(), 1))?;
    let count = T::round_from((x.nrows() * x.ncols()) as f64);
    check_shape("x", x.shape(), (model.features(), x.ncols()))?;
    if x.ncols() == 0 {
        return Err(Error::EmptyBatch);
    }
    let (encoder, decoder) = (model.encoder().into_owned(), model.decoder());
    let h = &encoder * x;
    let mut z = &decoder * &h;
    z.column_iter_mut().for_each(|mut z| z += model.bias());

    let mut delta = z.clone();
    let mut loss = T::zero();
    for ((mut column, z), x) in delta.column_iter_mut().zip(z.column_iter()).zip(x.column_iter()) {
        model.activation().apply(column.as_mut_slice());
        column -= x;
        loss += importance.dot(&column.component_mul(&column)) / count;
        column.component_mul_assign(importance);
        column *= T::round_from(2.0) / count;
        model.activation().backpropagate(z.as_slice(), column.as_mut_slice());
    }

    let decoder_gradient = &delta * h.transpose();
    let encoder_gradient = decoder.transpose() * &delta * x.transpose();
    let bias_gradient = delta.column_sum();

    let mut gradient = Parameters::zeros(model.shape())?;
    let (encoder_out, decoder_out, bias_out) = gradient.split_mut();
    let decoder_gradient = decoder_gradient.transpose();
    match decoder_out {
        Some(out) => {
            encoder_out.copy_from_slice(encoder_gradient.as_slice());
            out.copy_from_slice(decoder_gradient.as_slice());
        }
        None => encoder_out.copy_from_slice((encoder_gradient + decoder_gradient).as_slice()),
    }
    bias_out.copy_from_slice(bias_gradient.as_slice());
    Ok((loss, gradient))
}
