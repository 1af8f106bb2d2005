//! The best linear maps, which are what a network computes whose neurons are not used.
//!
//! ```math
//! \min_{\mathrm{rank}\,M \le d} \frac1n \mathrm E\,\lVert f(x) - M x \rVert^2
//!   = \mathrm E f^2 - \frac1n \sum_{k \le d} σ_k^2\bigl(K S^{-1/2}\bigr), \qquad
//! K = \mathrm E f(x) x^\top, \quad S = \mathrm E x x^\top
//! ```
//!
//! This is reduced-rank regression, with σ_k the singular values in decreasing order. For
//! independent, identically distributed features, with `V = Var x`, `C = Cov(x, f)`, `μ = E x`,
//! `η = E f`,
//!
//! ```math
//! K = C\,1 + η μ\,J, \quad S = V\,1 + μ^2 J, \quad J = \text{all ones}: \qquad
//! σ^2 = \frac{(C + n η μ)^2}{V + n μ^2} \text{ once}, \quad \frac{C^2}{V} \;\; n - 1 \text{ times}.
//! ```

use super::{ElementwiseBaselines, check_part};
use crate::Result;

impl<F: Fn(f64) -> f64> ElementwiseBaselines<F> {
    /// Returns the loss per feature of the best linear map `ŷ = M x` of rank d = `rank`, without a
    /// constant.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for no features, and
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) for d > n.
    pub fn linear(&self, features: usize, rank: usize) -> Result<f64> {
        check_part("rank", rank, features)?;
        let (n, moments) = (features as f64, self.moments());
        let means = moments.input * moments.value;
        let together = (moments.covariance() + n * means).powi(2)
            / (moments.input_variance() + n * moments.input * moments.input);
        let alone = self.explained();
        // The all-ones direction is among the best d unless all others are better and suffice.
        let ones = rank > 0 && (together >= alone || rank == features);
        let others = (rank - usize::from(ones)) as f64;
        let gained = others * alone + if ones { together } else { 0.0 };
        Ok(moments.value_square - gained / n)
    }

    /// Returns the loss per feature of the best affine map `ŷ = M x + b` with M of rank d = `rank`,
    /// which is `Var f − (d/n) C²/V`.
    ///
    /// # Errors
    /// The errors of [`linear`](Self::linear).
    pub fn affine(&self, features: usize, rank: usize) -> Result<f64> {
        check_part("rank", rank, features)?;
        Ok(self.moments().value_variance() - rank as f64 / features as f64 * self.explained())
    }

    /// Returns `C²/V`, or 0 for features that are constant.
    fn explained(&self) -> f64 {
        let (covariance, variance) = (self.moments().covariance(), self.moments().input_variance());
        if variance > 0.0 { covariance * covariance / variance } else { 0.0 }
    }
}
