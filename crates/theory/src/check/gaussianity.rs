//! Measures of how Gaussian the interference of given weights is.

use toy_superposition_data::{Magnitude, UnitUniform};

use crate::check::normality::{NormalTest, lilliefors};
use crate::check::statistics::Row;
use crate::error::{Error, Result, probability as check_probability};
use crate::exact::{EdgeworthLoss, FeatureLaw, edgeworth_losses};
use crate::product::Product;

/// The distance of the interference, and of the weights that it comes from, from normal laws.
///
/// For independent features of one law, `I_i = Σ_{j≠i} W_ij x_j` has the Lyapunov ratio and the
/// excess kurtosis
///
/// ```math
/// \Lambda_i \, \frac{E|x - Ex|^3}{(\mathrm{Var}\,x)^{3/2}}, \quad
/// \Lambda_i = \frac{\sum_{j\ne i} |W_{ij}|^3}{\bigl(\sum_{j\ne i} W_{ij}^2\bigr)^{3/2}}; \qquad
/// \frac{\kappa_4(I_i)}{\kappa_2(I_i)^2} = \frac{\kappa_4(x)}{(\mathrm{Var}\,x)^2} \,
///   \frac{\sum_{j\ne i} W_{ij}^4}{\bigl(\sum_{j\ne i} W_{ij}^2\bigr)^2} .
/// ```
///
/// The paper's equation (3) has `Λ_i` alone. The other factor grows like `1.30/√p` as p falls, so
/// that the interference of a rug is Gaussian where `p n_s → ∞`, not wherever n_s is large. By the
/// Berry–Esseen theorem with Shevtsova's constant (2010), its distribution function differs from
/// the normal one by at most 0.56 times that product. For the paper's features, with
/// `m = Ex = p/2`,
///
/// ```math
/// E|x - m|^3 = (1-p)\, m^3 + \frac p4 \bigl(m^4 + (1-m)^4\bigr) .
/// ```
///
/// Under any law the interference is a sum over independent blocks `B` of features that depend on
/// each other. Its excess kurtosis follows from its cumulants. The third moments of the blocks are
/// bounded by Minkowski's inequality, with equality for independent features, and the Lyapunov
/// ratio is at most
///
/// ```math
/// \frac{1}{(\mathrm{Var}\,I_i)^{3/2}} \sum_B \Bigl(\sum_{j \in B,\, j \ne i} |W_{ij}|\, \bigl(E|x_j - Ex_j|^3\bigr)^{1/3}\Bigr)^3 .
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Gaussianity {
    /// The largest Lyapunov ratio of a row, or its bound, including the factor of the features.
    pub lyapunov_ratio: f64,
    /// The mean over rows of the excess kurtosis of the interference, which is 0 for a row without
    /// interference.
    pub excess_kurtosis_mean: f64,
    /// The excess kurtosis of largest magnitude among the rows. For the paper's features all rows
    /// have the same sign, positive for `p < 0.4129` and negative above.
    pub excess_kurtosis_max: f64,
    /// Lilliefors' test of all off-diagonal entries of `W`. It is absent if there are fewer than
    /// five entries or all entries are equal.
    ///
    /// Its hypothesis is that the n_s(n_s − 1) entries are independent. The entries of a matrix of
    /// rank n_d, which may also be symmetric, are not, and with so many entries the test sees
    /// distances of no consequence. So compare models by the statistic rather than by the p-value.
    pub normality: Option<NormalTest>,
}

impl Gaussianity {
    /// The measures of a product whose [`Statistics::rows`](crate::Statistics::rows) are `rows`,
    /// for the paper's features with one probability.
    ///
    /// # Errors
    /// [`Error::Probability`]; [`Error::Size`] unless there are n_s rows.
    pub fn new(product: &Product, rows: &[Row], probability: f64) -> Result<Self> {
        let (lyapunov, kurtosis) = (lyapunov_factor(probability)?, feature_excess_kurtosis(probability)?);
        let features = product.features();
        if rows.len() != features {
            return Err(Error::Size { what: "rows", given: rows.len(), expected: features });
        }
        let concentrations = || rows.iter().map(|row| row.concentration);
        Ok(Self {
            lyapunov_ratio: lyapunov * rows.iter().map(|row| row.lyapunov).fold(0.0, f64::max),
            excess_kurtosis_mean: kurtosis * concentrations().sum::<f64>() / rows.len() as f64,
            excess_kurtosis_max: kurtosis * concentrations().fold(0.0, f64::max),
            normality: normality(product),
        })
    }

    /// The measures of a product for features of any law that has an exact loss.
    ///
    /// ```
    /// use toy_superposition_data::{Exactly, Features, UnitUniform};
    /// use toy_superposition_theory::{Gaussianity, Product};
    ///
    /// // Of two features one is on: the other one alone makes the interference.
    /// let law = Features::new(Exactly::new(2, 1)?, UnitUniform);
    /// let product = Product::new(vec![1.0, -0.5, -0.5, 1.0], vec![0.0; 2])?;
    /// let found = Gaussianity::under_law(&product, &law)?;
    /// // u c with c a fair coin: κ_4/κ_2² from its moments 1/4, 1/6, 1/8, 1/10.
    /// let variance: f64 = 1.0 / 6.0 - 1.0 / 16.0;
    /// let fourth = 0.1 - 4.0 / 4.0 / 8.0 + 6.0 / 16.0 / 6.0 - 3.0 / 256.0;
    /// assert!((found.excess_kurtosis_max - (fourth / variance.powi(2) - 3.0)).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`edgeworth_row_loss`](crate::edgeworth_row_loss).
    pub fn under_law<'a>(product: &Product, law: impl Into<FeatureLaw<'a>>) -> Result<Self> {
        let law = law.into();
        let fill = |i: usize, row: &mut [f64]| row.copy_from_slice(product.row(i));
        Self::of_rows(product, law, &edgeworth_losses(product.bias(), law, fill)?)
    }

    /// The measures of the rows of `product`. Their Edgeworth losses, which hold their cumulants,
    /// are `rows`.
    pub(super) fn of_rows(product: &Product, law: FeatureLaw<'_>, rows: &[EdgeworthLoss]) -> Result<Self> {
        let blocks = law.thirds(product.features())?;
        let ratio = |(i, row): (usize, &EdgeworthLoss)| {
            let weights = product.row(i);
            let deviation = row.cumulants[1].sqrt();
            if deviation <= 0.0 {
                return 0.0;
            }
            let term =
                |&(j, third): &(usize, f64)| if j == i { 0.0 } else { weights[j].abs() / deviation * third };
            blocks.iter().map(|block| block.iter().map(term).sum::<f64>().powi(3)).sum()
        };
        let kurtoses = || rows.iter().map(EdgeworthLoss::excess_kurtosis);
        Ok(Self {
            lyapunov_ratio: rows.iter().enumerate().map(ratio).fold(0.0, f64::max),
            excess_kurtosis_mean: kurtoses().sum::<f64>() / rows.len() as f64,
            excess_kurtosis_max: kurtoses()
                .fold(0.0, |most, next| if next.abs() > most.abs() { next } else { most }),
            normality: normality(product),
        })
    }
}

/// Lilliefors' test of all entries off the diagonal.
fn normality(product: &Product) -> Option<NormalTest> {
    let features = product.features();
    let mut entries = Vec::with_capacity(features * (features - 1));
    for (i, row) in product.rows().enumerate() {
        entries.extend(&row[..i]);
        entries.extend(&row[i + 1..]);
    }
    // All entries are finite, so that only a sample that is too small or constant is refused.
    lilliefors(entries).ok()
}

/// The factor `E|x − Ex|³ / (Var x)^{3/2}` of one of the paper's features. It is about
/// `3√3/(4√p) ≈ 1.30/√p` for small p.
///
/// # Errors
/// [`Error::Probability`] outside (0, 1].
pub fn lyapunov_factor(probability: f64) -> Result<f64> {
    check_probability(probability)?;
    let p = probability;
    let m = 0.5 * p;
    // Both moments are divided by p.
    let third = (1.0 - p) * m * m * 0.5 + 0.25 * (m.powi(4) + (1.0 - m).powi(4));
    let variance = 1.0 / 3.0 - 0.25 * p;
    Ok(third / (variance * variance.sqrt() * p.sqrt()))
}

/// The [excess kurtosis](toy_superposition_data::Cumulants::excess_kurtosis) of one of the paper's
/// features, about `1.8/p` for small p.
///
/// # Errors
/// [`Error::Probability`] outside (0, 1]; [`Error::NotFinite`] for `p` below about 1e-308, where
/// the kurtosis is not finite in f64.
pub fn feature_excess_kurtosis(probability: f64) -> Result<f64> {
    check_probability(probability)?;
    let kurtosis = UnitUniform.feature_cumulants(probability).excess_kurtosis();
    kurtosis.ok_or(Error::NotFinite { what: "the excess kurtosis of a feature", given: f64::INFINITY })
}
