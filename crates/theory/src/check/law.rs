//! A model's weights against the theory, for features of any law.

use toy_superposition_data::Law;
use toy_superposition_model::{Activation, Autoencoder, Scalar};

use super::{Weights, mean};
use crate::exact::edgeworth_losses;
use crate::gaussian::{Optimum, Spectrum};
use crate::{Error, Product, Result};

/// What the theory says of a ReLU model's weights for features of any law whose exact loss is known. Losses are per feature.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LawCheck {
    /// The exact expected loss. From some of the rows it is `gaussian_loss` plus their mean of exact less Gaussian loss.
    pub exact_loss: f64,
    /// The estimated numerical error of `exact_loss`.
    pub exact_error: f64,
    /// The standard error of `exact_loss` if the rows were drawn at random without replacement; 0 from all rows.
    pub exact_standard_error: f64,
    /// The loss if the interference were Gaussian, with the mean and the variance that it has in each state of the own switch.
    pub gaussian_loss: f64,
    /// The same with the third and fourth cumulants ([`edgeworth_row_loss`](crate::edgeworth_row_loss)).
    pub edgeworth_loss: f64,
    /// The mean over the rows of the standard deviation of `Σ_{j≠i} W_ij x_j`.
    pub sigma_mean: f64,
    /// The best affine model of the same rank.
    pub linear_loss: f64,
    /// The least interference that the covariance allows ([`Spectrum::welch_sigma`]).
    pub welch_sigma: f64,
    /// The best symmetric ReLU model at that interference, were it Gaussian. `None` unless all features have one probability
    /// and magnitudes `U[0, 1]`.
    pub optimum: Option<Optimum>,
}

/// Checks a model against the theory for features of `law`, with the exact loss from the rows `rows`: all of them, or some
/// that the caller has drawn without replacement.
///
/// # Errors
/// [`Error::Activation`] for an output that is not ReLU; [`Error::Law`] and [`Error::Magnitude`] for a law whose exact loss is
/// not known; [`Error::Entry`] for weights that are not finite; [`Error::Empty`], [`Error::Row`], [`Error::Repeated`] for a
/// list of rows that is no sample.
pub fn check_law<T: Scalar>(model: &Autoencoder<T>, law: &dyn Law, rows: &[usize]) -> Result<LawCheck> {
    if model.activation().simplified(model.features()) != Activation::Relu {
        return Err(Error::Activation { given: model.activation().name() });
    }
    let product = Product::of_model(model)?;
    let weights = Weights { product: &product, hidden: model.hidden(), rectified: true };
    let losses = edgeworth_losses(product.bias(), law, weights.fill())?;
    let gaussian: Vec<f64> = losses.iter().map(|row| row.gaussian).collect();
    let exact = weights.exact(law, rows, &gaussian)?;
    let spectrum = Spectrum::of(law)?;
    Ok(LawCheck {
        exact_loss: exact.loss,
        exact_error: exact.error,
        exact_standard_error: exact.standard_error,
        gaussian_loss: mean(gaussian.into_iter()),
        edgeworth_loss: mean(losses.iter().map(|row| row.corrected)),
        sigma_mean: mean(losses.iter().map(|row| row.cumulants[1].max(0.0).sqrt())),
        linear_loss: spectrum.linear_loss(model.hidden())?,
        welch_sigma: spectrum.welch_sigma(model.hidden())?,
        optimum: spectrum.optimum(law, model.hidden())?,
    })
}
