//! The operators A in `y = A x`, with n_d rows and n_s columns, of which decoders use only
//! products.
//!
//! ```math
//! Y = A X, \qquad X = A^\top Y, \qquad X = A^+ Y, \quad A^+ = A^\top (A A^\top)^{-1}
//! ```
//!
//! | operator | product | memory |
//! |---|---|---|
//! | [`Dense`]: any matrix, the encoder of any design | O(n_s n_d) per sample | 2 n_s n_d numbers |
//! | [`RugOperator`]: a Persian rug by its fast transform | O(n_s log n_s) per sample | n_s numbers |

mod dense;
mod rug;

pub use dense::Dense;
pub use rug::RugOperator;

use std::ops::Range;

use nalgebra::DMatrix;
use toy_superposition_data::parallel::for_each_column;
use toy_superposition_model::Scalar;

use crate::Result;
use crate::error::check_length;

/// A linear map from n_s features to n_d hidden numbers. Batches are matrices with one column per
/// sample.
///
/// [`Dense`] with the matrix of [`to_dense`](Self::to_dense) computes every product in the plain
/// way.
pub trait LinearOperator<T: Scalar>: Sync {
    /// `(n_d, n_s)`: rows and columns of `A`.
    fn shape(&self) -> (usize, usize);

    /// The largest singular value of `A`, with a relative error of 1e-6.
    fn norm(&self) -> f64;

    /// Computes `Y ← A X`, where `x` is n_s × B and `y` is n_d × B. The old entries of `y` do not
    /// matter.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for matrices of other shapes.
    fn apply_into(&self, x: &DMatrix<T>, y: &mut DMatrix<T>) -> Result<()>;

    /// Computes `Y ← A X` for an `x` that is mostly zeros, with shapes as in
    /// [`apply_into`](Self::apply_into).
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for matrices of other shapes.
    fn apply_sparse_into(&self, x: &DMatrix<T>, y: &mut DMatrix<T>) -> Result<()> {
        self.apply_into(x, y)
    }

    /// Computes `X ← Aᵀ Y`, where `y` is n_d × B and `x` is n_s × B. The old entries of `x` do not
    /// matter.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for matrices of other shapes.
    fn adjoint_into(&self, y: &DMatrix<T>, x: &mut DMatrix<T>) -> Result<()>;

    /// Computes `X ← A⁺ Y`, the solution of `A X = Y` of least norm, with shapes as in
    /// [`adjoint_into`](Self::adjoint_into).
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for matrices of other shapes;
    /// [`Error::Dependent`](crate::Error::Dependent) if `A Aᵀ` has no inverse.
    fn pseudo_inverse_into(&self, y: &DMatrix<T>, x: &mut DMatrix<T>) -> Result<()>;

    /// Writes `⟨a_i, a_j⟩` for each `i` of `rows` to `out`, which has the same length; `a_j` is the
    /// column `column` of `A`.
    ///
    /// # Panics
    /// If a column is `≥ n_s`, or `out` is shorter than `rows`.
    fn gram_into(&self, column: usize, rows: &[usize], out: &mut [f64]);

    /// The columns `columns` of the Gram matrix `AᵀA`, n_s × |columns|.
    ///
    /// # Panics
    /// If a column is `≥ n_s`.
    fn gram(&self, columns: Range<usize>) -> DMatrix<f64> {
        let (features, first) = (self.shape().1, columns.start);
        let all: Vec<usize> = (0..features).collect();
        let mut gram = DMatrix::zeros(features, columns.len());
        for_each_column(gram.as_mut_slice(), features, 1, |j, out| self.gram_into(first + j, &all, out));
        gram
    }

    /// The number of columns of a batch that are best decoded together. It is unbounded where one
    /// product of many columns is cheaper than many products.
    fn together(&self) -> usize {
        usize::MAX
    }

    /// The operator `A` as a matrix, n_d × n_s.
    ///
    /// # Errors
    /// The errors of [`apply_into`](Self::apply_into).
    fn to_dense(&self) -> Result<DMatrix<T>> {
        let (hidden, features) = self.shape();
        let mut matrix = DMatrix::zeros(hidden, features);
        self.apply_into(&DMatrix::identity(features, features), &mut matrix)?;
        Ok(matrix)
    }

    /// The mean squared norm of the columns, `‖A‖_F²/n_s`.
    fn mean_square(&self) -> f64 {
        let features = self.shape().1;
        let mut one = [0.0];
        let mut sum = 0.0;
        for j in 0..features {
            self.gram_into(j, &[j], &mut one);
            sum += one[0];
        }
        sum / features as f64
    }
}

/// Returns an error unless `x` is n_s × B and `y` is n_d × B.
pub(crate) fn check_shapes<T: Scalar>(shape: (usize, usize), x: &DMatrix<T>, y: &DMatrix<T>) -> Result<()> {
    check_length("rows of x", x.nrows(), shape.1)?;
    check_length("rows of y", y.nrows(), shape.0)?;
    check_length("columns of y", y.ncols(), x.ncols())
}
