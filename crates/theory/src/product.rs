//! The product `W = W_out W_in` (n_s × n_s) with the bias (n_s), in double precision and stored row
//! by row.
//!
//! Output `i` reads row `i` of W alone, so each row is contiguous in memory.

use nalgebra::DMatrix;
#[cfg(feature = "models")]
use toy_superposition_model::{Autoencoder, Scalar};

#[cfg(feature = "models")]
use crate::blocks::multiply;
use crate::error::{Error, Result};

/// The product `W = W_out W_in` (n_s × n_s) of a model's weights, with the bias (n_s): all that the
/// expected loss of a model depends on (section 3.2).
///
/// All entries are finite; this is checked once, where the value is built.
///
/// ```
/// use toy_superposition_theory::Product;
///
/// let product = Product::new(vec![1.0, -0.5, 0.25, 1.0], vec![0.0, -0.1])?;
/// assert_eq!(product.row(0), [1.0, -0.5]);
/// assert_eq!(product.features(), 2);
/// # Ok::<(), toy_superposition_theory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    rows: Vec<f64>,
    bias: Vec<f64>,
}

impl Product {
    /// The product whose rows stand one after the other in `rows` (n_s² numbers), with the bias
    /// (n_s numbers).
    ///
    /// # Errors
    /// [`Error::Empty`] for no features, [`Error::Size`] unless there are n_s² numbers,
    /// [`Error::Entry`] for a NaN or an infinity.
    pub fn new(rows: Vec<f64>, bias: Vec<f64>) -> Result<Self> {
        let features = bias.len();
        if features == 0 {
            return Err(Error::Empty { what: "bias" });
        }
        if features.checked_mul(features) != Some(rows.len()) {
            let expected = features.saturating_mul(features);
            return Err(Error::Size { what: "W", given: rows.len(), expected });
        }
        for (what, values) in [("W", &rows), ("bias", &bias)] {
            if let Some(k) = values.iter().position(|value| !value.is_finite()) {
                let (row, column) = if what == "W" { (k / features, k % features) } else { (k, 0) };
                return Err(Error::Entry { what, row, column, given: values[k] });
            }
        }
        Ok(Self { rows, bias })
    }

    /// The product of a matrix W (n_s × n_s) and a bias (n_s).
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), and [`Error::Size`] unless W is square.
    pub fn from_matrix(w: &DMatrix<f64>, bias: &[f64]) -> Result<Self> {
        if w.nrows() != w.ncols() {
            return Err(Error::Size { what: "columns of W", given: w.ncols(), expected: w.nrows() });
        }
        Self::new(w.transpose().as_slice().to_vec(), bias.to_vec())
    }

    /// The product of a model's weights, with its bias. The weights are converted to double
    /// precision without rounding and then multiplied.
    ///
    /// # Errors
    /// [`Error::Entry`] if a product overflows, or a parameter was set to a NaN or an infinity;
    /// [`Error::TooLarge`] if there is no memory for n_s² numbers.
    #[cfg(feature = "models")]
    pub fn of_model<T: Scalar>(model: &Autoencoder<T>) -> Result<Self> {
        let (features, parameters) = (model.features(), model.parameters());
        crate::error::memory("the product of the weights", (features as u128).pow(2))?;
        let encoder = model.encoder().transpose().map(|value| value.to_f64());
        let decoder: Vec<f64> = parameters.decoder_slice().iter().map(|value| value.to_f64()).collect();
        // Wᵀ = W_inᵀ W_outᵀ by columns is W by rows.
        let mut rows = vec![0.0; features * features];
        multiply(&mut rows, encoder.as_slice(), &decoder, model.hidden())?;
        Self::new(rows, model.bias().iter().map(|value| value.to_f64()).collect())
    }

    /// The number of features n_s.
    pub fn features(&self) -> usize {
        self.bias.len()
    }

    /// Row `i` of W (n_s numbers): the weights with which output `i` takes each feature.
    ///
    /// # Panics
    /// Panics unless `i < n_s`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.features()..][..self.features()]
    }

    /// The n_s rows of W in order, n_s numbers each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> + Clone {
        self.rows.chunks_exact(self.features())
    }

    /// The diagonal of W (n_s numbers): the weight of each feature in its own output.
    pub fn diagonal(&self) -> impl ExactSizeIterator<Item = f64> + Clone {
        self.rows().enumerate().map(|(i, row)| row[i])
    }

    /// The bias (n_s numbers).
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::Product;
    use crate::Error;

    #[test]
    fn what_is_no_product_is_refused() {
        assert!(matches!(Product::new(vec![], vec![]), Err(Error::Empty { what: "bias" })));
        assert!(matches!(
            Product::new(vec![1.0; 5], vec![0.0; 2]),
            Err(Error::Size { what: "W", given: 5, expected: 4 })
        ));
        assert!(matches!(
            Product::from_matrix(&DMatrix::zeros(2, 3), &[0.0; 2]),
            Err(Error::Size { what: "columns of W", given: 3, expected: 2 })
        ));
        let mut w = DMatrix::from_element(3, 3, 0.5);
        w[(1, 2)] = f64::NEG_INFINITY;
        assert!(matches!(
            Product::from_matrix(&w, &[0.0; 3]),
            Err(Error::Entry { what: "W", row: 1, column: 2, .. })
        ));
        assert!(matches!(
            Product::new(vec![0.5; 4], vec![0.0, f64::NAN]),
            Err(Error::Entry { what: "bias", row: 1, column: 0, .. })
        ));
    }

    /// The rows are those of the matrix product, in single and in double precision.
    #[cfg(feature = "models")]
    #[test]
    fn a_models_product_is_its_matrix_by_rows() {
        use nalgebra::DVector;
        use toy_superposition_model::{Activation, Autoencoder};

        let entry = |i: usize, j: usize| ((i * 37 + j * 11) as f64).sin() / 3.0;
        for (features, hidden) in [(1, 1), (5, 3), (70, 33), (131, 200)] {
            let encoder = DMatrix::from_fn(hidden, features, entry);
            let decoder = DMatrix::from_fn(features, hidden, |i, j| entry(i + 1, 2 * j));
            let bias = DVector::from_fn(features, |i, _| entry(i, 3));
            let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
            let product = Product::of_model(&model).unwrap();
            let w = &decoder * &encoder;
            approx::assert_relative_eq!(
                DMatrix::from_row_slice(features, features, &product.rows),
                w,
                epsilon = 1e-13
            );
            assert_eq!(product.rows().len(), features);
            assert_eq!(product.bias(), bias.as_slice());

            let single = model.cast::<f32>().unwrap();
            let widened = single.cast::<f64>().unwrap();
            assert_eq!(Product::of_model(&single).unwrap(), Product::of_model(&widened).unwrap());
            assert_ne!(Product::of_model(&single).unwrap(), product);
        }
    }
}
