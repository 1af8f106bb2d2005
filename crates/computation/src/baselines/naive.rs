//! The naive solution: as many outputs as there are neurons are exact, the others are guessed.

use serde::{Deserialize, Serialize};

use super::{ElementwiseBaselines, check_part};
use crate::Result;

/// The naive solution whose other outputs are the best multiple of the sum of the computed ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Offset {
    /// Coefficient a with which each computed output is added to each of the others.
    pub offset: f64,
    /// Loss per feature.
    pub loss: f64,
}

impl<F: Fn(f64) -> f64> ElementwiseBaselines<F> {
    /// Returns the loss per feature if m = `computed` of n = `features` outputs are exact and the
    /// others 0: `(1 − m/n) E f²`.
    ///
    /// For the ReLU, each exact output takes one neuron.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for no features, and
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) for m > n.
    pub fn naive(&self, features: usize, computed: usize) -> Result<f64> {
        check_part("computed outputs", computed, features)?;
        Ok(guessed(features, computed) * self.moments.value_square)
    }

    /// Returns the loss per feature if m = `computed` of n outputs are exact and the others `E f`,
    /// which needs biases: `(1 − m/n) Var f`.
    ///
    /// # Errors
    /// The errors of [`naive`](Self::naive).
    pub fn naive_with_constant(&self, features: usize, computed: usize) -> Result<f64> {
        check_part("computed outputs", computed, features)?;
        Ok(guessed(features, computed) * self.moments.value_variance())
    }

    /// Returns the naive solution without biases whose other outputs are the best multiple of the
    /// sum of the computed ones:
    ///
    /// ```math
    /// \hat y_i = a \sum_{j \le m} f(x_j), \quad i > m, \qquad
    /// a = \frac{μ^2}{v + m μ^2}, \qquad L = \Bigl(1 - \frac mn\Bigr)\bigl(\mathrm E f^2 - a\,m\,μ^2\bigr)
    /// ```
    ///
    /// with `μ = E f` and `v = Var f`. For the ReLU of `U[−1, 1]`, m = 50 and n = 100, a is
    /// 0.00317, 0.01322 and 0.01935 at p = 0.01, 0.1 and 1.
    ///
    /// a is 0 for m = 0 and for μ = 0.
    ///
    /// # Errors
    /// The errors of [`naive`](Self::naive).
    pub fn naive_with_offset(&self, features: usize, computed: usize) -> Result<Offset> {
        check_part("computed outputs", computed, features)?;
        let (square, m) = (self.moments.value.powi(2), computed as f64);
        let denominator = self.moments.value_variance() + m * square;
        let offset = if m * square > 0.0 { square / denominator } else { 0.0 };
        let loss = guessed(features, computed) * (self.moments.value_square - offset * m * square);
        Ok(Offset { offset, loss })
    }
}

/// Returns `1 − m/n`.
fn guessed(features: usize, computed: usize) -> f64 {
    (features - computed) as f64 / features as f64
}
