//! The encoder of a rug as a linear operator, applied by one fast transform.
//!
//! ```math
//! E = \frac{1}{\sqrt{n_d}}\, P_S H, \qquad E^\top = \frac{1}{\sqrt{n_d}}\, H P_S^\top, \qquad
//! E E^\top = \frac{n_s}{n_d}\, I, \qquad E^\top E = R
//! ```
//!
//! `P_S` selects the n_d entries in `S`. Each column of `E` has norm 1, and `‖E‖₂ = √(n_s/n_d)`.

use pulp::Arch;
use toy_superposition_data::Scalar;

use crate::error::check_length;
use crate::transform::whole;
use crate::{PersianRug, Result};

/// The encoder `E` (n_d × n_s) of a Persian rug, applied in O(n_s log n_s) without storing its
/// matrix.
///
/// ```math
/// E = \frac{1}{\sqrt{n_d}}\, P_S H, \qquad E^\top = \frac{1}{\sqrt{n_d}}\, H P_S^\top
/// ```
///
/// `P_S` selects the n_d entries in `S`. The plain twin is the matrix [`PersianRug::to_encoder`].
///
/// ```
/// use toy_superposition_rug::{PersianRug, RugEncoder};
///
/// let encoder = RugEncoder::new(PersianRug::new(8, &[1, 2, 4])?);
/// let (mut hidden, mut features) = (vec![0.0; 3], vec![0.0; 8]);
/// encoder.apply_into(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], &mut hidden, &mut Vec::new())?;
/// encoder.adjoint_into(&hidden, &mut features)?;
/// // The adjoint applied after the encoder is the rug, whose diagonal is 1.
/// assert!((features[0] - 1.0_f64).abs() < 1e-15);
/// # Ok::<(), toy_superposition_rug::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RugEncoder {
    rug: PersianRug,
}

impl RugEncoder {
    /// Returns the encoder of a rug.
    pub fn new(rug: PersianRug) -> Self {
        Self { rug }
    }

    /// Returns the rug.
    pub fn rug(&self) -> &PersianRug {
        &self.rug
    }

    /// Returns the operator norm `‖E‖₂ = √(n_s/n_d)`.
    pub fn norm(&self) -> f64 {
        self.rug.ratio().recip().sqrt()
    }

    /// Overwrites `hidden` (length n_d) with `E x`, where `x` has length n_s. `scratch` is resized
    /// to n_s, and its contents are overwritten.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for slices of other lengths. `hidden` is then
    /// unchanged.
    pub fn apply_into<T: Scalar>(&self, x: &[T], hidden: &mut [T], scratch: &mut Vec<T>) -> Result<()> {
        self.check(x.len(), hidden.len())?;
        scratch.clear();
        scratch.extend_from_slice(x);
        whole(Arch::new(), scratch);
        let scale = self.scale();
        for (out, &row) in hidden.iter_mut().zip(self.rug.rows()) {
            *out = scratch[row] * scale;
        }
        Ok(())
    }

    /// Overwrites `x` (length n_s) with `Eᵀ hidden`, where `hidden` has length n_d.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for slices of other lengths. `x` is then unchanged.
    pub fn adjoint_into<T: Scalar>(&self, hidden: &[T], x: &mut [T]) -> Result<()> {
        self.check(x.len(), hidden.len())?;
        x.fill(T::zero());
        let scale = self.scale();
        for (&value, &row) in hidden.iter().zip(self.rug.rows()) {
            x[row] = value * scale;
        }
        whole(Arch::new(), x);
        Ok(())
    }

    fn scale<T: Scalar>(&self) -> T {
        T::round_from((self.rug.hidden() as f64).sqrt().recip())
    }

    fn check(&self, features: usize, hidden: usize) -> Result<()> {
        check_length("length of x", features, self.rug.features())?;
        check_length("length of the hidden vector", hidden, self.rug.hidden())
    }
}
