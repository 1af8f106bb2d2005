//! Targets whose labels contain a linear map of all features besides a function of each.

use std::sync::Arc;

use nalgebra::DMatrix;
use toy_superposition_files::fingerprint;

use crate::error::check_length;
use crate::{Error, Result, Target};

/// The target `F(x) + M x`.
///
/// With `F = ReLU` and `M = 1 − W_Eᵀ W_E` these are the labels that the residual network of Braun
/// et al. (2025) is implicitly trained on: its features reach the outputs through `W_Eᵀ W_E` and
/// are compared with themselves (Bhagat et al., 2025).
#[derive(Clone)]
pub struct WithLinear {
    target: Arc<dyn Target>,
    matrix: DMatrix<f64>,
}

impl std::fmt::Debug for WithLinear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WithLinear")
            .field("target", &self.target.describe())
            .field("matrix", &self.matrix.shape())
            .finish()
    }
}

impl WithLinear {
    /// Returns the target `target` plus `matrix` (outputs × features) times the sample.
    ///
    /// # Errors
    /// [`Error::Length`] if the matrix has another shape, and [`Error::OutOfRange`] for an entry
    /// that is not finite.
    pub fn new(target: Arc<dyn Target>, matrix: DMatrix<f64>) -> Result<Self> {
        check_length("rows of the linear map", matrix.nrows(), target.outputs())?;
        check_length("columns of the linear map", matrix.ncols(), target.features())?;
        match matrix.iter().find(|entry| !entry.is_finite()) {
            Some(&given) => {
                Err(Error::OutOfRange { name: "entry of the linear map", given, allowed: "(−∞, ∞)" })
            }
            None => Ok(Self { target, matrix }),
        }
    }

    /// Returns `M`, outputs × features.
    pub fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }
}

impl Target for WithLinear {
    fn features(&self) -> usize {
        self.target.features()
    }

    fn outputs(&self) -> usize {
        self.target.outputs()
    }

    fn evaluate(&self, indices: &[u32], values: &[f64], out: &mut [f64]) {
        self.target.evaluate(indices, values, out);
        for (&index, &x) in indices.iter().zip(values) {
            let column = self.matrix.column(index as usize);
            out.iter_mut().zip(column.iter()).for_each(|(out, entry)| *out += x * entry);
        }
    }

    fn describe(&self) -> String {
        let bits = self.matrix.iter().flat_map(|entry| entry.to_bits().to_le_bytes());
        format!("{} + linear {:016x}", self.target.describe(), fingerprint(bits))
    }
}
