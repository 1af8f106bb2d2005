//! Linear probes, which measure how well features can be read from activations by one linear map.

use nalgebra::{DMatrix, DVector};

use crate::error::check_length;
use crate::{Error, Result};

/// A linear map from activations to features, fitted by least squares.
///
/// ```math
/// \hat x = P\,h + q, \qquad (P, q) = \arg\min \sum_s |P h_s + q - x_s|^2 + \lambda B |P|^2
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProbe {
    weights: DMatrix<f64>,
    bias: DVector<f64>,
}

impl LinearProbe {
    /// Returns the best map from `activations` (inputs × samples) to `features` (features ×
    /// samples). `ridge ≥ 0` is `λ` in units of the mean variance of the activations; a small
    /// positive value makes the solution unique if some directions never vary.
    ///
    /// # Errors
    /// [`Error::Length`] unless both have the same number of samples; [`Error::Probe`] for fewer
    /// than two samples per input, or if the normal equations have no solution;
    /// [`Error::OutOfRange`] for a negative ridge.
    pub fn fit(activations: &DMatrix<f64>, features: &DMatrix<f64>, ridge: f64) -> Result<Self> {
        check_length("samples of the features", features.ncols(), activations.ncols())?;
        if !(ridge >= 0.0 && ridge.is_finite()) {
            return Err(Error::OutOfRange { name: "ridge", given: ridge, allowed: "[0, ∞)" });
        }
        let (inputs, samples) = activations.shape();
        let refused = Error::Probe { inputs, samples };
        if samples < 2 * inputs || samples == 0 {
            return Err(refused);
        }
        let centred = |matrix: &DMatrix<f64>| {
            let mean = matrix.column_mean();
            let mut centred = matrix.clone();
            centred.column_iter_mut().for_each(|mut column| column -= &mean);
            (centred, mean)
        };
        let ((h, h_mean), (x, x_mean)) = (centred(activations), centred(features));
        let mut gram = &h * h.transpose();
        let shift = ridge * gram.trace() / inputs as f64;
        (0..inputs).for_each(|i| gram[(i, i)] += shift);
        let weights = gram.cholesky().ok_or(refused)?.solve(&(&h * x.transpose())).transpose();
        let bias = x_mean - &weights * h_mean;
        Ok(Self { weights, bias })
    }

    /// Returns `P`, features × inputs.
    pub fn weights(&self) -> &DMatrix<f64> {
        &self.weights
    }

    /// Returns `P h + q`, features × samples.
    ///
    /// # Errors
    /// [`Error::Length`] for another number of inputs.
    pub fn read(&self, activations: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        check_length("inputs of the probe", activations.nrows(), self.weights.ncols())?;
        let mut out = &self.weights * activations;
        out.column_iter_mut().for_each(|mut column| column += &self.bias);
        Ok(out)
    }

    /// Returns the mean over features and samples of `(P h + q − x)²`. It is an unbiased estimate
    /// on samples other than those of the fit.
    ///
    /// # Errors
    /// [`Error::Length`] for sizes that do not match.
    pub fn loss(&self, activations: &DMatrix<f64>, features: &DMatrix<f64>) -> Result<f64> {
        let read = self.read(activations)?;
        check_length("features", features.nrows(), read.nrows())?;
        check_length("samples of the features", features.ncols(), read.ncols())?;
        Ok((read - features).map(|difference| difference * difference).mean())
    }
}
