//! The exact loss as a function of the weights, for deterministic training at finite n_s.
//!
//! ```math
//! L = \frac1{n_s} \sum_i L_i(W, b), \quad W = W_{out} W_{in}, \quad G = \partial L/\partial W: \qquad
//! \frac{\partial L}{\partial W_{out}} = G\, W_{in}^\top, \qquad
//! \frac{\partial L}{\partial W_{in}} = W_{out}^\top G.
//! ```
//! W and G are n_s × n_s, W_in is n_d × n_s, and W_out is n_s × n_d. The time is O(n_s² × nodes),
//! that of [`exact_gradient`](crate::exact_gradient).

use nalgebra::DMatrix;
use toy_superposition_model::{Activation, Autoencoder, Objective, Parameters, Scalar};

use super::law::Prepared;
use super::matrix::{prepared_losses, weighted_gradient};
use super::{FeatureLaw, check_tolerance};
use crate::blocks::multiply;
use crate::gaussian::mean_field::check_gradient;
use crate::{Error, Product, Result};

/// The exact loss per feature of a ReLU model as an [`Objective`]. It is computed in `f64` for
/// parameters of any type.
///
/// It is the loss that training minimises in the limit of infinite data: the minibatch loss without
/// its noise, and the mean-field loss without its Gaussian assumption. It is practical for n_s up
/// to a few hundred, since an evaluation takes O(n_s² × nodes) operations.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactObjective {
    law: Prepared<'static>,
    tolerance: f64,
    importance: Option<Vec<f64>>,
}

impl ExactObjective {
    /// The objective for features of a [law](FeatureLaw); one probability stands for the paper's
    /// features. The [tolerance](Self::with_tolerance) is 1e-6.
    ///
    /// # Errors
    /// [`Error::Probability`] outside (0, 1]; [`Error::Law`] and [`Error::Magnitude`] for a law
    /// that has no exact loss.
    pub fn new<'a>(law: impl Into<FeatureLaw<'a>>) -> Result<Self> {
        Ok(Self { law: law.into().prepare()?.into_owned(), tolerance: 1e-6, importance: None })
    }

    /// This objective with another tolerance, which is that of
    /// [`exact_row_gradient`](crate::exact_row_gradient).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `1e-10 ≤ tolerance ≤ 0.1`.
    pub fn with_tolerance(mut self, tolerance: f64) -> Result<Self> {
        check_tolerance(tolerance)?;
        self.tolerance = tolerance;
        Ok(self)
    }

    /// This objective with the loss weighted by the importance of each feature,
    /// `(1/n_s) Σ_i ι_i L_i`. The length of `importance` must be the n_s of every model that is
    /// evaluated.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an importance that is negative or not finite.
    pub fn with_importance(mut self, importance: Vec<f64>) -> Result<Self> {
        crate::error::importance(&importance, importance.len())?;
        self.importance = Some(importance);
        Ok(self)
    }

    /// The importance of feature `i`.
    fn importance(&self, i: usize) -> f64 {
        self.importance.as_ref().map_or(1.0, |importance| importance[i])
    }

    fn check(&self, features: usize) -> Result<()> {
        self.law.check(features)?;
        self.importance.as_ref().map_or(Ok(()), |importance| crate::error::importance(importance, features))
    }
}

/// The product of a ReLU model, if there is also memory for its gradient and a transpose.
fn product<T: Scalar>(model: &Autoencoder<T>) -> Result<Product> {
    if model.activation().simplified(model.features()) != Activation::Relu {
        return Err(Error::Activation { given: model.activation().name() });
    }
    let entries = 3 * (model.features() as u128).pow(2);
    crate::error::memory("the product of the weights and its gradient", entries)?;
    Product::of_model(model)
}

impl<T: Scalar> Objective<Autoencoder<T>> for ExactObjective {
    type Error = Error;

    fn not_finite(error: &Error) -> Option<f64> {
        error.non_finite_loss()
    }

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64> {
        self.check(model.features())?;
        let product = product(model)?;
        let rows: Vec<usize> = (0..product.features()).collect();
        let fill = |i, row: &mut [f64]| row.copy_from_slice(product.row(i));
        let losses = prepared_losses(&rows, product.bias(), &self.law, fill)?;
        let total: f64 = losses.iter().enumerate().map(|(i, row)| self.importance(i) * row.loss).sum();
        Ok(total / product.features() as f64)
    }

    fn loss_and_gradient(&mut self, model: &Autoencoder<T>, gradient: &mut Parameters<T>) -> Result<f64> {
        check_gradient(model.shape(), gradient.shape())?;
        self.check(model.features())?;
        let product = product(model)?;
        let (features, hidden) = (model.features(), model.hidden());
        let (mut by_w, mut by_bias) = (DMatrix::zeros(features, features), vec![0.0; features]);
        let importance = |i| self.importance(i);
        let (law, tolerance) = (&self.law, self.tolerance);
        let fill = |i, row: &mut [f64]| row.copy_from_slice(product.row(i));
        let bias = product.bias();
        let loss = weighted_gradient(bias, law, tolerance, fill, importance, &mut by_w, &mut by_bias)?.loss;
        crate::error::finite("loss", loss)?;
        let (encoder, decoder) = (model.encoder().map(T::into), model.decoder().map(T::into));
        let (mut by_encoder, mut by_decoder) =
            (DMatrix::zeros(hidden, features), DMatrix::zeros(hidden, features));
        multiply(by_encoder.as_mut_slice(), decoder.transpose().as_slice(), by_w.as_slice(), features)?;
        multiply(by_decoder.as_mut_slice(), encoder.as_slice(), by_w.transpose().as_slice(), features)?;
        let (encoder_out, decoder_out, bias_out) = gradient.split_mut();
        match decoder_out {
            Some(out) => round(out, by_decoder.as_slice()),
            None => by_encoder += by_decoder,
        }
        round(encoder_out, by_encoder.as_slice());
        round(bias_out, &by_bias);
        Ok(loss)
    }
}

fn round<T: Scalar>(out: &mut [T], values: &[f64]) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out = T::round_from(value);
    }
}
