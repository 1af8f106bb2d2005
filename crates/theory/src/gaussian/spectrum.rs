//! What follows from the covariance of the features: the loss of the best linear model, and a bound
//! on the interference.
//!
//! ```text
//! C = Cov(x) ,   λ_1 ≥ λ_2 ≥ … its eigenvalues ,   λ_Σ = λ_1 + … + λ_d ,
//! linear loss = (tr C − λ_Σ)/n_s ,   (1/n_s) Σ_i Var(y_i − x_i) ≥ (tr C/n_s) (tr C/λ_Σ − 1)
//! ```
//! These are section 4.3.1 and appendix C of the paper for features that are not independent, which
//! its section 5.3 leaves open.

use nalgebra::{DMatrix, Dyn, SymmetricEigen};
use toy_superposition_data::{Law, Moments};

use super::{Feature, Optimum};
use crate::error::finite;
use crate::{Error, Result};

/// The eigenvalues of the covariance of the features (n_s numbers). They give the loss of the best
/// linear model and a bound on the interference: section 4.3.1 and appendix C of the paper for
/// features that may depend on each other.
///
/// ```
/// use toy_superposition_data::{Features, Pairs, UnitUniform};
/// use toy_superposition_theory::{Spectrum, linear_loss};
///
/// // For uncorrelated features these are the paper's formulas.
/// let law = Features::new(Pairs::new(4, 0.1, 0.0)?, UnitUniform);
/// let loss = Spectrum::of(&law)?.linear_loss(2)?;
/// assert!((loss - linear_loss(0.1, 0.25)?).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// The eigenvalues, the largest first.
    eigenvalues: Vec<f64>,
}

impl Spectrum {
    /// The spectrum of the covariance of a law. Each block of features that is independent of all
    /// others is decomposed by itself; a block of `m` features takes a time of order `m³`.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a covariance that is not finite; [`Error::NotSettled`] if the
    /// search for its eigenvalues does not settle.
    pub fn of(law: &dyn Law) -> Result<Self> {
        Self::of_covariances(covariances(law)?)
    }

    /// The spectrum of blocks of features that are independent of each other, from their
    /// covariances.
    pub(crate) fn of_covariances(blocks: Vec<(Vec<usize>, DMatrix<f64>)>) -> Result<Self> {
        let mut eigenvalues = Vec::new();
        for (_, covariance) in blocks {
            // Eigenvalues that are 0 come out as rounding errors of either sign.
            eigenvalues.extend(decomposed(covariance)?.eigenvalues.iter().map(|value| value.max(0.0)));
        }
        eigenvalues.sort_unstable_by(|a, b| b.total_cmp(a));
        Ok(Self { eigenvalues })
    }

    /// The eigenvalues, the largest first.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    fn split(&self, hidden: usize) -> Result<(f64, f64)> {
        let features = self.eigenvalues.len();
        crate::error::size("hidden", hidden, 1..=features)?;
        let (kept, lost) = self.eigenvalues.split_at(hidden);
        Ok((kept.iter().sum(), lost.iter().sum()))
    }

    /// The loss per feature of the best affine model of rank `hidden`: the sum of all but the
    /// `hidden` largest eigenvalues, divided by n_s.
    ///
    /// # Errors
    /// [`Error::SizeRange`] unless `1 ≤ hidden ≤ n_s`.
    pub fn linear_loss(&self, hidden: usize) -> Result<f64> {
        Ok(self.split(hidden)?.1 / self.eigenvalues.len() as f64)
    }

    /// A lower bound on the root mean square interference of `y = W x`, for W of rank `hidden`
    /// whose rows are scaled so that `Cov(y_i, x_i) = Var x_i`:
    ///
    /// ```math
    /// \frac1{n_s} \sum_i \mathrm{Var}(y_i - x_i) \;\ge\; \frac{\mathrm{tr}\, C}{n_s}
    ///   \left(\frac{\mathrm{tr}\, C}{\lambda_\Sigma} - 1\right).
    /// ```
    ///
    /// For given `h = W_in x` the least `Var y_i` is `C_ii²/s_i`, where `s_i` is the part of `C_ii`
    /// that is explained by `h`. The sum of the `s_i` is at most `λ_Σ`, the sum of the `n_d` largest
    /// eigenvalues, and the bound follows by Cauchy–Schwarz. It is attained where `h` are the
    /// principal components and `s_i/C_ii` is the same for all `i`. For independent features of one
    /// law its square is the Welch bound, `V (n_s/n_d − 1)`; correlation in either direction lowers
    /// it.
    ///
    /// # Errors
    /// [`Error::SizeRange`] unless `1 ≤ hidden ≤ n_s`; [`Error::OutOfRange`] if the features do not
    /// vary.
    pub fn welch_sigma(&self, hidden: usize) -> Result<f64> {
        let (kept, lost) = self.split(hidden)?;
        if kept <= 0.0 {
            return Err(Error::OutOfRange { what: "the largest variance", given: kept, allowed: "(0, ∞)" });
        }
        Ok(((kept + lost) / self.eigenvalues.len() as f64 * (lost / kept)).sqrt())
    }

    /// The best symmetric ReLU model with Gaussian interference of the size
    /// [`welch_sigma`](Self::welch_sigma). `law` must be the law whose spectrum this is. Returns
    /// `None` unless all features have the same probability and magnitudes of the moments of
    /// `U[0, 1]`.
    ///
    /// # Errors
    /// The errors of [`welch_sigma`](Self::welch_sigma) and of [`Feature::optimum`].
    pub fn optimum(&self, law: &dyn Law, hidden: usize) -> Result<Option<Optimum>> {
        let probability = law.moments(0).probability;
        let paper = Moments::uniform(probability).ok();
        if !(0..law.features()).all(|i| Some(law.moments(i)) == paper) {
            return Ok(None);
        }
        Feature::uniform(probability)?.optimum(self.welch_sigma(hidden)?).map(Some)
    }
}

/// Returns the `hidden` principal components of the features, one per row (n_d × n_s): orthonormal
/// eigenvectors of the covariance, those of the largest eigenvalues first. Where eigenvalues agree
/// to 1e-12 of the largest, the components of the first block of dependent features come first.
///
/// The best affine model of that rank projects onto them: with the matrix V that is returned,
/// `y = VᵀV x + (1 − VᵀV) E x`, whose loss is [`Spectrum::linear_loss`].
///
/// # Errors
/// The errors of [`Spectrum::of`]; [`Error::SizeRange`] unless `1 ≤ hidden ≤ n_s`.
pub fn principal_components(law: &dyn Law, hidden: usize) -> Result<DMatrix<f64>> {
    let features = law.features();
    crate::error::size("hidden", hidden, 1..=features)?;
    let blocks =
        covariances(law)?.into_iter().map(|(block, covariance)| Ok((block, decomposed(covariance)?)));
    let blocks: Vec<_> = blocks.collect::<Result<_>>()?;
    let values = |(k, (_, found)): (usize, &(Vec<usize>, Eigen))| -> Vec<_> {
        found.eigenvalues.iter().enumerate().map(|(column, &value)| (value, k, column)).collect()
    };
    let mut all: Vec<(f64, usize, usize)> = blocks.iter().enumerate().flat_map(values).collect();
    let largest = all.iter().fold(0.0_f64, |most, value| most.max(value.0));
    let level = |value: f64| if largest > 0.0 { (value / largest * 1e12).round() } else { 0.0 };
    all.sort_by(|a, b| level(b.0).total_cmp(&level(a.0)));
    let mut components = DMatrix::zeros(hidden, features);
    for (row, &(_, k, column)) in all[..hidden].iter().enumerate() {
        let (block, found) = &blocks[k];
        for (place, &feature) in block.iter().enumerate() {
            components[(row, feature)] = found.eigenvectors[(place, column)];
        }
    }
    Ok(components)
}

type Eigen = SymmetricEigen<f64, Dyn>;

/// The features of each block of dependent features, with their covariance.
pub(crate) fn covariances(law: &dyn Law) -> Result<Vec<(Vec<usize>, DMatrix<f64>)>> {
    let whole = || vec![(0..law.features()).collect::<Vec<_>>()];
    let blocks = law.parts().and_then(|(switches, _)| switches.blocks().ok()).map_or_else(whole, |blocks| {
        let members = |block: &toy_superposition_data::Block| {
            block.units().iter().flatten().map(|&j| j as usize).collect()
        };
        blocks.iter().map(members).collect()
    });
    let with_covariance = |block: Vec<usize>| {
        let covariance =
            DMatrix::from_fn(block.len(), block.len(), |i, j| law.covariance(block[i], block[j]));
        covariance.iter().try_for_each(|&entry| finite("a covariance", entry))?;
        Ok((block, covariance))
    };
    blocks.into_iter().map(with_covariance).collect()
}

/// The eigenvalues and eigenvectors of a covariance.
fn decomposed(covariance: DMatrix<f64>) -> Result<Eigen> {
    let steps = 100_000;
    let found = covariance.try_symmetric_eigen(f64::EPSILON, steps);
    let what = "the eigenvalues of the covariance";
    found.ok_or(Error::NotSettled { what, steps: steps as u32 })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use nalgebra::{DMatrix, SymmetricEigen};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use toy_superposition_data::{Exactly, Features, Groups, Independent, Law, Pairs, UnitUniform};

    use super::Spectrum;
    use crate::Error;

    /// Groups of k features have the eigenvalues p/12 (k − 1 times) and p/3 − p²/4 + (k − 1)(p −
    /// p²)/4.
    #[test]
    fn groups_have_their_eigenvalues() {
        let (p, k) = (0.2, 3);
        let law = Features::new(Groups::equal(k, Independent::new(4, p).unwrap()).unwrap(), UnitUniform);
        let spectrum = Spectrum::of(&law).unwrap();
        let large = p / 3.0 - p * p / 4.0 + 2.0 * (p - p * p) / 4.0;
        for (i, &found) in spectrum.eigenvalues().iter().enumerate() {
            let expected = if i < 4 { large } else { p / 12.0 };
            assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 1e-13);
        }
        assert_relative_eq!(spectrum.linear_loss(4).unwrap(), p / 12.0 * 8.0 / 12.0, max_relative = 1e-13);
        assert!(matches!(spectrum.linear_loss(0), Err(Error::SizeRange { .. })));
        assert!(matches!(spectrum.welch_sigma(13), Err(Error::SizeRange { .. })));
        assert_eq!(spectrum.welch_sigma(12).unwrap(), 0.0);
        let always = Features::new(Exactly::new(6, 2).unwrap(), UnitUniform);
        // The sum Σ c_i does not vary, but the magnitudes do.
        let sum: f64 = Spectrum::of(&always).unwrap().eigenvalues().iter().sum();
        let trace: f64 = (0..6).map(|i| always.covariance(i, i)).sum();
        assert_relative_eq!(sum, trace, max_relative = 1e-13);
    }

    /// No encoder with its best decoder falls below the bound. Principal components of equal shares
    /// meet it.
    #[test]
    fn no_weights_have_less_interference() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let law = Features::new(Pairs::new(5, 0.15, 0.6).unwrap(), UnitUniform);
        let n = law.features();
        let covariance = DMatrix::from_fn(n, n, |i, j| law.covariance(i, j));
        let spectrum = Spectrum::of(&law).unwrap();
        let mean_variance = |encoder: &DMatrix<f64>| {
            let cross = encoder * &covariance;
            let inverse = (&cross * encoder.transpose()).try_inverse().unwrap();
            let explained = cross.transpose() * inverse * &cross;
            (0..n).map(|i| covariance[(i, i)].powi(2) / explained[(i, i)] - covariance[(i, i)]).sum::<f64>()
                / n as f64
        };
        for hidden in [2, 5, 8] {
            let bound = spectrum.welch_sigma(hidden).unwrap().powi(2);
            for _ in 0..40 {
                let encoder = DMatrix::from_fn(hidden, n, |_, _| rng.random_range(-1.0..1.0));
                assert!(mean_variance(&encoder) > bound * (1.0 + 1e-9));
            }
        }
        // The five sums of the pairs are the principal components, and all features have equal
        // shares.
        let SymmetricEigen { eigenvectors, eigenvalues } = covariance.clone().symmetric_eigen();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| eigenvalues[b].total_cmp(&eigenvalues[a]));
        let encoder = DMatrix::from_fn(5, n, |i, j| eigenvectors[(j, order[i])]);
        let bound = spectrum.welch_sigma(5).unwrap().powi(2);
        assert_relative_eq!(mean_variance(&encoder), bound, epsilon = 0.0, max_relative = 1e-10);
    }
}
