//! The encoder of a Persian rug as an operator, by its fast transform.
//!
//! ```math
//! A = \frac{1}{\sqrt{n_d}} P_S H, \qquad A A^\top = \frac{n_s}{n_d} 1, \qquad A^+ = \frac{n_d}{n_s} A^\top, \qquad
//! A^\top A = R, \quad R_{ij} = g(i \oplus j)
//! ```

use nalgebra::DMatrix;
use toy_superposition_data::parallel::for_each_column;
use toy_superposition_model::Scalar;
use toy_superposition_rug::{PersianRug, RugEncoder};

use super::{LinearOperator, check_shapes};
use crate::Result;

/// The operator of the encoder of a Persian rug, with columns of norm 1 and orthogonal rows. A
/// product takes O(n_s log n_s) operations per sample.
///
/// ```
/// use nalgebra::DMatrix;
/// use toy_superposition_recovery::{LinearOperator, RugOperator};
/// use toy_superposition_rug::PersianRug;
///
/// let rug = RugOperator::new(PersianRug::new(8, &[1, 2, 4])?);
/// let (mut y, mut x) = (DMatrix::zeros(3, 1), DMatrix::zeros(8, 1));
/// rug.apply_into(&DMatrix::from_element(8, 1, 1.0_f64), &mut y)?;
/// rug.adjoint_into(&y, &mut x)?;
/// // Without row 0 of the Hadamard matrix, a vector of ones leaves no trace.
/// assert_eq!(x.norm(), 0.0);
/// # Ok::<(), toy_superposition_recovery::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RugOperator {
    encoder: RugEncoder,
    /// Row 0 of `R`, the function `g`.
    first_row: Vec<f64>,
}

impl RugOperator {
    /// The operator of the encoder of `rug`.
    pub fn new(rug: PersianRug) -> Self {
        let first_row = rug.first_row();
        Self { encoder: RugEncoder::new(rug), first_row }
    }

    /// The rug.
    pub fn rug(&self) -> &PersianRug {
        self.encoder.rug()
    }
}

/// The number of entries per piece of work of a thread: enough to be worth a thread, and few enough
/// for its cache.
const TOGETHER: usize = 8192;

impl<T: Scalar> LinearOperator<T> for RugOperator {
    fn shape(&self) -> (usize, usize) {
        (self.rug().hidden(), self.rug().features())
    }

    fn norm(&self) -> f64 {
        self.encoder.norm()
    }

    fn apply_into(&self, x: &DMatrix<T>, y: &mut DMatrix<T>) -> Result<()> {
        let (hidden, features) = LinearOperator::<T>::shape(self);
        check_shapes((hidden, features), x, y)?;
        let x = x.as_slice();
        for_each_column(y.as_mut_slice(), hidden, TOGETHER.div_ceil(features), |k, y| {
            let mut scratch = Vec::new();
            let done = self.encoder.apply_into(&x[k * features..(k + 1) * features], y, &mut scratch);
            debug_assert!(done.is_ok(), "the shapes were checked");
        });
        Ok(())
    }

    fn adjoint_into(&self, y: &DMatrix<T>, x: &mut DMatrix<T>) -> Result<()> {
        let (hidden, features) = LinearOperator::<T>::shape(self);
        check_shapes((hidden, features), x, y)?;
        let y = y.as_slice();
        for_each_column(x.as_mut_slice(), features, TOGETHER.div_ceil(features), |k, x| {
            let done = self.encoder.adjoint_into(&y[k * hidden..(k + 1) * hidden], x);
            debug_assert!(done.is_ok(), "the shapes were checked");
        });
        Ok(())
    }

    fn pseudo_inverse_into(&self, y: &DMatrix<T>, x: &mut DMatrix<T>) -> Result<()> {
        let ratio = T::round_from(self.rug().ratio());
        self.adjoint_into(&y.map(|entry| entry * ratio), x)
    }

    fn gram_into(&self, column: usize, rows: &[usize], out: &mut [f64]) {
        out.iter_mut().zip(rows).for_each(|(out, row)| *out = self.first_row[row ^ column]);
    }

    fn mean_square(&self) -> f64 {
        1.0
    }

    fn together(&self) -> usize {
        TOGETHER.div_ceil(self.rug().features())
    }
}
