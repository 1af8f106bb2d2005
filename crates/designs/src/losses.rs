//! Losses of rugs without a stored matrix.

use toy_superposition_model::Scalar;
use toy_superposition_rug::MatrixFreeRug;
use toy_superposition_theory::{self as theory, EdgeworthLoss, ExactLoss};

use crate::Result;

/// The expected losses per feature of weights all of whose rows are alike, computed from one row.
/// The time is O(n_s log n_s + n_s × nodes), for n_s up to 2²⁰ and more.
///
/// ```
/// use toy_superposition_designs::RugLosses;
/// use toy_superposition_rug::{MatrixFreeRug, PersianRug};
///
/// // 32,768 antipodal pairs lose p²/6 per feature.
/// let pairs = MatrixFreeRug::<f32>::new(PersianRug::simplices(65_536, 2)?, 1.0, 0.0)?;
/// assert!((pairs.exact_loss(0.1)?.loss - 0.01 / 6.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait RugLosses {
    /// The exact loss for independent features that are on with one probability and then `U[0, 1]`,
    /// by [`exact_row_loss`](theory::exact_row_loss).
    ///
    /// # Errors
    /// [`Error::Theory`](crate::Error::Theory) unless `0 < p ≤ 1`.
    fn exact_loss(&self, probability: f64) -> Result<ExactLoss>;

    /// The loss with Gaussian interference, and its correction for the third and fourth cumulants,
    /// by [`edgeworth_row_loss`](theory::edgeworth_row_loss).
    ///
    /// # Errors
    /// The errors of [`exact_loss`](Self::exact_loss).
    fn edgeworth_loss(&self, probability: f64) -> Result<EdgeworthLoss>;
}

impl<T: Scalar> RugLosses for MatrixFreeRug<T> {
    fn exact_loss(&self, probability: f64) -> Result<ExactLoss> {
        Ok(theory::exact_row_loss(&row(self), 0, self.bias(), probability)?)
    }

    fn edgeworth_loss(&self, probability: f64) -> Result<EdgeworthLoss> {
        Ok(theory::edgeworth_row_loss(&row(self), 0, self.bias(), probability)?)
    }
}

/// The first row of `W = a R`.
fn row<T: Scalar>(rug: &MatrixFreeRug<T>) -> Vec<f64> {
    let mut row = rug.rug().first_row();
    row.iter_mut().for_each(|entry| *entry *= rug.a());
    row
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use toy_superposition_rug::PersianRug;

    use super::*;

    /// The losses equal those of all rows of the dense model in double precision.
    #[test]
    fn a_rug_has_the_losses_of_its_dense_model() {
        let rug = PersianRug::random(32, 11, &mut ChaCha8Rng::seed_from_u64(4)).unwrap();
        let rug = MatrixFreeRug::<f64>::new(rug, 1.15, -0.12).unwrap();
        let dense = theory::check(&rug.to_autoencoder().unwrap(), 0.15).unwrap();
        let (exact, edgeworth) = (rug.exact_loss(0.15).unwrap(), rug.edgeworth_loss(0.15).unwrap());
        assert_relative_eq!(exact.loss, dense.exact_loss, max_relative = 1e-9);
        assert_relative_eq!(edgeworth.gaussian, dense.gaussian_loss, max_relative = 1e-9);
        assert_relative_eq!(edgeworth.corrected, dense.edgeworth_loss, max_relative = 1e-9);
        assert!(rug.exact_loss(0.0).is_err() && rug.edgeworth_loss(f64::NAN).is_err());
    }
}
