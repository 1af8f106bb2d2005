//! The rug as an autoencoder without its matrices, computed by two transforms per sample.
//!
//! ```math
//! y = \mathrm{ReLU}\left( \frac{a}{n_d}\, H\, D_S\, H\, x + b \right), \qquad
//! D_S = \mathrm{diag}(1_S)
//! ```
//!
//! A sample takes O(n_s log n_s) time instead of the 2 n_s n_d multiplications of two dense
//! products, and the model takes O(n_s) memory.

use nalgebra::DMatrix;
use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::SparseBatch;
use toy_superposition_data::parallel::for_each_column;
use toy_superposition_model::{Autoencoder, Scalar};

use crate::error::{check_finite, check_length};
use crate::transform::{together, whole};
use crate::{PersianRug, Result};

/// The autoencoder `y = ReLU(a R x + b)` of a Persian rug, with one `a` and one `b` for all
/// features, computed without storing `R`.
///
/// ```math
/// y = \mathrm{ReLU}\left( \frac{a}{n_d}\, H\, D_S\, H\, x + b \right), \qquad
/// D_S = \mathrm{diag}(1_S)
/// ```
///
/// A sample takes O(n_s log n_s) time, by two transforms, and the model takes O(n_s) memory. `b` is
/// the bias as it is added; [`PersianRug::raw_bias`] computes it from an effective one.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixFreeRug<T> {
    rug: PersianRug,
    a: f64,
    bias: f64,
    /// `a/n_d` on `S`, and 0 elsewhere; length n_s.
    gains: Vec<T>,
}

impl<T: Scalar> MatrixFreeRug<T> {
    /// Returns the autoencoder of a rug with the diagonal `a` of `W = a R` and the bias `b`.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) unless `a` and `bias` are finite.
    pub fn new(rug: PersianRug, a: f64, bias: f64) -> Result<Self> {
        check_finite("a", a)?;
        check_finite("bias", bias)?;
        let mut gains = vec![T::zero(); rug.features()];
        rug.rows().iter().for_each(|&k| gains[k] = T::round_from(a / rug.hidden() as f64));
        Ok(Self { rug, a, bias, gains })
    }

    /// Returns the rug.
    pub fn rug(&self) -> &PersianRug {
        &self.rug
    }

    /// Returns the diagonal `a` of `W`.
    pub fn a(&self) -> f64 {
        self.a
    }

    /// Returns the bias `b` of every feature.
    pub fn bias(&self) -> f64 {
        self.bias
    }

    /// Returns the same function with dense weights, which take twice n_s n_d numbers (see
    /// [`PersianRug::to_autoencoder`]).
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) if the model refuses the shape or there is no memory
    /// for it.
    pub fn to_autoencoder(&self) -> Result<Autoencoder<T>> {
        self.rug.to_autoencoder(self.a, self.bias)
    }

    /// Returns `y = ReLU(a R x + b)` for each column of `x` (n_s × B), as an n_s × B matrix.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) unless `x` has n_s rows.
    pub fn forward(&self, x: &DMatrix<T>) -> Result<DMatrix<T>> {
        let mut y = x.clone();
        self.forward_in_place(&mut y)?;
        Ok(y)
    }

    /// Overwrites `y` (n_s × B) with the result of [`forward`](Self::forward).
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) unless `x` and `y` have n_s rows and the same number
    /// of columns.
    pub fn forward_into(&self, x: &DMatrix<T>, y: &mut DMatrix<T>) -> Result<()> {
        check_length("rows of x", x.nrows(), self.rug.features())?;
        self.check_output(y, x.ncols())?;
        let (n, x) = (self.rug.features(), x.as_slice());
        self.each_sample(y, |k, sample| sample.copy_from_slice(&x[k * n..(k + 1) * n]));
        Ok(())
    }

    /// Replaces each column of `x` (n_s × B) by its reconstruction y.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) unless `x` has n_s rows.
    pub fn forward_in_place(&self, x: &mut DMatrix<T>) -> Result<()> {
        check_length("rows of x", x.nrows(), self.rug.features())?;
        self.each_sample(x, |_, _| {});
        Ok(())
    }

    /// Returns the result of [`forward`](Self::forward) for a sparse batch of B samples, as an n_s
    /// × B matrix.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) unless the batch has n_s features.
    pub fn forward_sparse(&self, batch: &SparseBatch<T>) -> Result<DMatrix<T>> {
        let mut y = DMatrix::zeros(self.rug.features(), batch.samples());
        self.forward_sparse_into(batch, &mut y)?;
        Ok(y)
    }

    /// Overwrites `y` (n_s × B) with the result of [`forward_sparse`](Self::forward_sparse).
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) unless the batch has n_s features, and `y` has n_s
    /// rows and B columns.
    pub fn forward_sparse_into(&self, batch: &SparseBatch<T>, y: &mut DMatrix<T>) -> Result<()> {
        check_length("features of the batch", batch.features(), self.rug.features())?;
        self.check_output(y, batch.samples())?;
        self.each_sample(y, |k, sample| {
            sample.fill(T::zero());
            let (indices, values) = batch.sample(k);
            for (&index, &value) in indices.iter().zip(values) {
                sample[index as usize] = value;
            }
        });
        Ok(())
    }

    fn check_output(&self, y: &DMatrix<T>, samples: usize) -> Result<()> {
        check_length("rows of y", y.nrows(), self.rug.features())?;
        check_length("columns of y", y.ncols(), samples)
    }

    /// Fills each column and replaces it by its reconstruction.
    fn each_sample(&self, y: &mut DMatrix<T>, fill: impl Fn(usize, &mut [T]) + Send + Sync) {
        let (arch, bias) = (Arch::new(), T::round_from(self.bias));
        let n = self.rug.features();
        for_each_column(y.as_mut_slice(), n, together::<T>(n), |k, sample| {
            fill(k, sample);
            whole(arch, sample);
            arch.dispatch(Scale(sample, &self.gains));
            whole(arch, sample);
            arch.dispatch(Rectify(sample, bias));
        });
    }
}

/// Computes `x_k ← gain_k x_k`.
struct Scale<'a, T>(&'a mut [T], &'a [T]);

impl<T: Scalar> WithSimd for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (x, &gain) in self.0.iter_mut().zip(self.1) {
            *x *= gain;
        }
    }
}

/// Computes `z_i ← ReLU(z_i + b)`.
struct Rectify<'a, T>(&'a mut [T], T);

impl<T: Scalar> WithSimd for Rectify<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for z in self.0 {
            let shifted = *z + self.1;
            *z = if shifted <= T::zero() { T::zero() } else { shifted };
        }
    }
}
