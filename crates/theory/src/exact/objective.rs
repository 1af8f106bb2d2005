//! The exact loss as a function of the weights: deterministic training at finite n_s.
//!
//! ```math
//! L = \frac1{n_s} \sum_i L_i(W, b), \quad W = W_{out} W_{in}, \quad G = \partial L/\partial W: \qquad
//! \frac{\partial L}{\partial W_{out}} = G\, W_{in}^\top, \qquad
//! \frac{\partial L}{\partial W_{in}} = W_{out}^\top G.
//! ```
//! W and G are n_s × n_s, W_in n_d × n_s, W_out n_s × n_d. Time O(n_s² × nodes), as [`exact_gradient`].

use nalgebra::DMatrix;
use toy_superposition_model::{Activation, Autoencoder, Objective, Parameters, Scalar};

use super::{Probability, exact_gradient, exact_loss};
use crate::blocks::multiply;
use crate::gaussian::mean_field::check_gradient;
use crate::{Error, Result};

/// The exact loss of a ReLU model, per feature, as an [`Objective`]; in `f64` whatever the parameters.
///
/// What training minimises when it has all the data: the minibatch loss without its noise, the mean-field loss without
/// its Gaussian assumption. For n_s up to a few hundred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExactObjective {
    probability: f64,
}

impl ExactObjective {
    /// For the paper's features, on with one `probability`.
    ///
    /// # Errors
    /// [`Error::Probability`] outside (0, 1].
    pub fn new(probability: f64) -> Result<Self> {
        crate::error::probability(probability)?;
        Ok(Self { probability })
    }
}

/// W_in, W_out and W, with the bias, in `f64`.
struct Product {
    encoder: DMatrix<f64>,
    decoder: DMatrix<f64>,
    w: DMatrix<f64>,
    bias: Vec<f64>,
}

impl Product {
    fn of<T: Scalar>(model: &Autoencoder<T>) -> Result<Self> {
        if model.activation().simplified(model.features()) != Activation::Relu {
            return Err(Error::Activation { given: model.activation().name() });
        }
        let entries = 3 * (model.features() as u128).pow(2);
        crate::error::memory("the product of the weights and its gradient", entries)?;
        let (encoder, decoder) = (model.encoder().map(T::into), model.decoder().map(T::into));
        let mut w = DMatrix::zeros(model.features(), model.features());
        multiply(w.as_mut_slice(), decoder.as_slice(), encoder.as_slice(), model.hidden())?;
        Ok(Self { encoder, decoder, w, bias: model.bias().iter().map(|&b| b.into()).collect() })
    }
}

impl<T: Scalar> Objective<Autoencoder<T>> for ExactObjective {
    type Error = Error;

    fn not_finite(error: &Error) -> Option<f64> {
        error.non_finite_loss()
    }

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64> {
        let Product { w, bias, .. } = Product::of(model)?;
        Ok(exact_loss(&w, &bias, Probability::Shared(self.probability))?.loss)
    }

    fn loss_and_gradient(&mut self, model: &Autoencoder<T>, gradient: &mut Parameters<T>) -> Result<f64> {
        check_gradient(model.shape(), gradient.shape())?;
        let Product { encoder, decoder, w, bias } = Product::of(model)?;
        let (features, hidden) = (model.features(), model.hidden());
        let (mut by_w, mut by_bias) = (DMatrix::zeros(features, features), vec![0.0; features]);
        let loss = exact_gradient(&w, &bias, self.probability, &mut by_w, &mut by_bias)?.loss;
        crate::error::finite("loss", loss)?;
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
