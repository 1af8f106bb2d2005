//! The macroscopic statistics of any weights (sections 3.2 and 3.3).

use nalgebra::DMatrix;
use toy_superposition_data::{Law, Moments};
#[cfg(feature = "models")]
use toy_superposition_model::{Autoencoder, Scalar};

use crate::error::{Error, Result};
use crate::gaussian::Spectrum;
use crate::gaussian::channel::Channel;
use crate::gaussian::spectrum::covariances;
use crate::gaussian::welch::{WelchCheck, welch_check};
use crate::product::Product;

/// The statistics of one row of `W`: the own weight and the interference of one output.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Row {
    /// The diagonal entry `W_ii`.
    pub diagonal: f64,
    /// The gain `g_i = Cov(y_i, x_i)/Var x_i`, which is `W_ii` for uncorrelated features.
    pub gain: f64,
    /// The bias `b_i`.
    pub bias: f64,
    /// The effective bias `b_i + Σ_{j≠i} W_ij E x_j − (g_i − W_ii) E x_i`: the bias if the
    /// interference is measured from its mean.
    pub effective_bias: f64,
    /// The sum `Σ_{j≠i} W_ij`.
    pub row_sum: f64,
    /// The standard deviation of `y_i − g_i x_i`, which for uncorrelated features is that of the
    /// interference, `√(Σ_{j≠i} W_ij² Var x_j)`; `σ_i = noise / |g_i|`.
    pub noise: f64,
    /// `Λ_i` of equation (3), with its exponent 3/2; 0 for a row without interference.
    pub lyapunov: f64,
    /// `Σ_{j≠i} W_ij⁴ / (Σ_{j≠i} W_ij²)²`, which lies between 1/k and 1 for k non-zero entries; 0
    /// for a row without interference.
    pub concentration: f64,
}

impl Row {
    /// The interference `σ_i = noise / |g_i|` at unit gain; infinite where `g_i = 0`.
    pub fn sigma(&self) -> f64 {
        if self.gain == 0.0 { f64::INFINITY } else { self.noise / self.gain.abs() }
    }

    /// The row as a channel `Y = g_i x + b_i^eff + n`, where `n` has mean 0 and the standard
    /// deviation [`noise`](Self::noise).
    pub fn channel(&self) -> Channel {
        Channel::unchecked(self.gain, self.effective_bias, self.noise)
    }
}

/// A mean over n rows and the variance with the divisor `n − 1`, which is 0 for one row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The unbiased variance.
    pub variance: f64,
}

impl Spread {
    /// The mean and the variance of a list of values; both are 0 for an empty list.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let count = values.clone().count() as f64;
        if count == 0.0 {
            return Self::default();
        }
        let mean = values.clone().sum::<f64>() / count;
        let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
        Self { mean, variance: if count > 1.0 { squares / (count - 1.0) } else { 0.0 } }
    }
}

/// A feature is dropped if its gain is at most this fraction of the largest gain.
const DROPPED: f64 = 0.01;

/// The macroscopic statistics of any weights, over all rows (sections 3.2 and 3.3).
///
/// Output `i` of `W = W_out W_in` (n_s × n_s) has the interference `I_i = Σ_{j≠i} W_ij x_j`, and
/// `ν_i = I_i / W_ii`:
///
/// ```math
/// \sigma_i^2 = W_{ii}^{-2} \sum_{j\ne i} W_{ij}^2 \,\mathrm{Var}\,x_j, \qquad
/// b_i^{eff} = b_i + \sum_{j \ne i} W_{ij}\, E x_j, \qquad
/// \Lambda_i = \frac{\sum_{j\ne i} |W_{ij}|^3}{\bigl(\sum_{j\ne i} W_{ij}^2\bigr)^{3/2}} \quad\text{(equation 3)}.
/// ```
///
/// Where features depend on each other, the interference is in part a multiple of the own feature.
/// The statistics are then those of the regression of `y_i = Σ_j W_ij x_j + b_i` on `x_i`,
///
/// ```math
/// y_i = g_i x_i + b_i^{eff} + n_i, \qquad
/// g_i = \frac{\mathrm{Cov}(y_i, x_i)}{\mathrm{Var}\,x_i} = W_{ii} + \frac{\mathrm{Cov}(I_i, x_i)}{\mathrm{Var}\,x_i}, \qquad
/// \sigma_i^2 = \frac{\mathrm{Var}\,n_i}{g_i^2} = \mathrm{Var}\Bigl(\frac{y_i}{g_i} - x_i\Bigr) ,
/// ```
///
/// with `E n_i = 0` and `Cov(n_i, x_i) = 0`. The `σ_i²` are the variances that
/// [`Spectrum::welch_sigma`](crate::Spectrum::welch_sigma) bounds. For uncorrelated features
/// `g_i = W_ii`, and σ_i is the standard deviation of `ν_i`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Statistics {
    /// The rows, `i = 0..n_s`.
    pub rows: Vec<Row>,
    /// The number of hidden dimensions n_d.
    pub hidden: usize,
    /// Mean and variance of the diagonal `W_ii`.
    pub diagonal: Spread,
    /// Mean and variance of the biases `b_i`.
    pub bias: Spread,
    /// Mean and variance of the effective biases.
    pub effective_bias: Spread,
    /// Mean and variance of the sums `Σ_{j≠i} W_ij`.
    pub row_sum: Spread,
    /// Mean and variance of `σ_i` over the rows that are not dropped.
    pub sigma: Spread,
    /// Mean and variance of `Var ν_i = σ_i²` over the rows that are not dropped; the variance is
    /// `Δvar(ν)` of figure 6.
    pub sigma_squared: Spread,
    /// The number of dropped rows, `|g_i| ≤ 0.01 max_j |g_j|`: features that the model does not
    /// represent, and whose `σ_i` has no meaning.
    pub dropped: usize,
    /// The largest `Λ_i`, the `Λ` of equation (3).
    pub lyapunov_max: f64,
    /// The mean of `Λ_i`.
    pub lyapunov_mean: f64,
    /// The Welch bound and the distance of the rows above it; absent if a row is dropped.
    pub welch: Option<WelchCheck>,
}

impl Statistics {
    /// The statistics of a model whose feature `i` has the moments `moments[i]` and is uncorrelated
    /// with all others.
    ///
    /// # Errors
    /// The errors of [`Product::of_model`] and [`from_product`](Self::from_product).
    #[cfg(feature = "models")]
    pub fn of_model<T: Scalar>(model: &Autoencoder<T>, moments: &[Moments]) -> Result<Self> {
        Self::from_product(&Product::of_model(model)?, model.hidden(), moments)
    }

    /// The statistics of a product of rank at most `hidden`, for uncorrelated features.
    ///
    /// # Errors
    /// [`Error::Size`] unless there are n_s moments; [`Error::SizeRange`] unless
    /// `1 ≤ hidden ≤ n_s`; [`Error::Probability`] and [`Error::NotFinite`] for moments that are out
    /// of range or not finite.
    pub fn from_product(product: &Product, hidden: usize, moments: &[Moments]) -> Result<Self> {
        let features = product.features();
        if moments.len() != features {
            return Err(Error::Size { what: "moments", given: moments.len(), expected: features });
        }
        for moments in moments {
            crate::error::probability(moments.probability)?;
            crate::error::finite("E x", moments.mean)?;
            crate::error::finite("E x²", moments.second_moment)?;
        }
        crate::error::size("hidden", hidden, 1..=features)?;
        let rows: Vec<Row> = (0..features).map(|i| row(product, moments, i)).collect();
        let mut found = Self::of_rows(rows, hidden);
        if found.dropped == 0 {
            found.welch = Some(welch_check(product, hidden, moments)?);
        }
        Ok(found)
    }

    /// The statistics of a product of rank at most `hidden` for features of any law, including
    /// their covariance.
    ///
    /// The bound in [`welch`](Self::welch) is then that of [`Spectrum`]. A block of `m` features
    /// that depend on each other takes a time of order `n_s m² + m³`.
    ///
    /// ```
    /// use toy_superposition_data::{Features, Pairs, UnitUniform};
    /// use toy_superposition_theory::{Product, Statistics};
    ///
    /// // Linked pairs by their principal component, y = (x_1 + x_2)/2. The partner tells when x is on.
    /// let law = Features::new(Pairs::new(1, 0.2, 1.0)?, UnitUniform);
    /// let product = Product::new(vec![0.5; 4], vec![0.0; 2])?;
    /// let found = Statistics::under_law(&product, 1, &law)?;
    /// assert!(found.rows[0].gain > 0.8 && found.rows[0].diagonal == 0.5);
    /// assert!(found.welch.is_some_and(|welch| welch.gap.abs() < 1e-12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`from_product`](Self::from_product) and [`Spectrum::of`]; [`Error::Size`]
    /// unless the law has n_s features.
    pub fn under_law(product: &Product, hidden: usize, law: &dyn Law) -> Result<Self> {
        let features = product.features();
        if law.features() != features {
            let given = law.features();
            return Err(Error::Size { what: "features of the law", given, expected: features });
        }
        let moments: Vec<Moments> = (0..features).map(|i| law.moments(i)).collect();
        let found = Self::from_product(product, hidden, &moments)?;
        let blocks = covariances(law)?;
        let mut rows = found.rows;
        correlate(&mut rows, product, &moments, &blocks);
        let mut found = Self::of_rows(rows, hidden);
        if found.dropped == 0 && product.diagonal().all(|own| own != 0.0) {
            let plain = welch_check(product, hidden, &moments)?;
            let bound = Spectrum::of_covariances(blocks)?.welch_sigma(hidden)?.powi(2);
            found.welch = Some(plain.with_variances(bound, found.sigma_squared.mean));
        }
        Ok(found)
    }

    /// The statistics of these rows, without the bound.
    fn of_rows(rows: Vec<Row>, hidden: usize) -> Self {
        let features = rows.len();
        let kept = kept(&rows).map(|(_, row)| row);
        let dropped = features - kept.clone().count();
        Self {
            hidden,
            diagonal: Spread::of(rows.iter().map(|row| row.diagonal)),
            bias: Spread::of(rows.iter().map(|row| row.bias)),
            effective_bias: Spread::of(rows.iter().map(|row| row.effective_bias)),
            row_sum: Spread::of(rows.iter().map(|row| row.row_sum)),
            sigma: Spread::of(kept.clone().map(Row::sigma)),
            sigma_squared: Spread::of(kept.map(|row| row.sigma() * row.sigma())),
            dropped,
            lyapunov_max: rows.iter().fold(0.0, |most, row| row.lyapunov.max(most)),
            lyapunov_mean: rows.iter().map(|row| row.lyapunov).sum::<f64>() / features as f64,
            welch: None,
            rows,
        }
    }

    /// The number of features n_s.
    pub fn features(&self) -> usize {
        self.rows.len()
    }

    /// The rows that are not [dropped](Self::dropped), each with its index.
    pub fn kept(&self) -> impl Iterator<Item = (usize, &Row)> + Clone {
        kept(&self.rows)
    }

    /// The mean `σ_i²` of the kept rows K divided by their Welch bound `V (|K|/n_d − 1)`, less 1:
    /// the [`WelchCheck::gap`] without dropped rows. `variance` is the variance `V` of every
    /// feature. `None` where `|K| ≤ n_d`, so that the bound is not positive.
    pub fn welch_gap(&self, variance: f64) -> Option<f64> {
        let excess = (self.features() - self.dropped) as f64 / self.hidden as f64 - 1.0;
        (excess > 0.0).then(|| self.sigma_squared.mean / (variance * excess) - 1.0)
    }
}

fn kept(rows: &[Row]) -> impl Iterator<Item = (usize, &Row)> + Clone {
    let largest = rows.iter().fold(0.0, |most: f64, row| most.max(row.gain.abs()));
    rows.iter().enumerate().filter(move |(_, row)| row.gain.abs() > DROPPED * largest)
}

/// Corrects the gain, the effective bias and the noise of the rows for the covariances of each
/// block of features.
fn correlate(
    rows: &mut [Row],
    product: &Product,
    moments: &[Moments],
    blocks: &[(Vec<usize>, DMatrix<f64>)],
) {
    let features = product.features();
    // Each row is measured in units of its largest entry, so that no square underflows.
    let units: Vec<f64> = (0..features).map(|i| largest_other(product, i)).collect();
    let weight = |i: usize, j: usize| {
        if i == j || units[i] == 0.0 { 0.0 } else { product.row(i)[j] / units[i] }
    };
    // For each row Var I_i, Cov(I_i, x_i) and Var x_i.
    let mut found = vec![[0.0; 3]; features];
    for (block, covariance) in blocks {
        let weights = DMatrix::from_fn(features, block.len(), |i, k| weight(i, block[k]));
        let products = &weights * covariance;
        for (i, [variance, ..]) in found.iter_mut().enumerate() {
            *variance += weights.row(i).dot(&products.row(i));
        }
        for (k, &i) in block.iter().enumerate() {
            (found[i][1], found[i][2]) = (products[(i, k)], covariance[(k, k)]);
        }
    }
    for (i, (row, [variance, covariance, own])) in rows.iter_mut().zip(found).enumerate() {
        let slope = if own > 0.0 { covariance / own } else { 0.0 };
        row.noise = units[i] * (variance - slope * covariance).max(0.0).sqrt();
        row.gain += units[i] * slope;
        row.effective_bias -= units[i] * slope * moments[i].mean;
    }
}

/// The largest `|W_ij|` with `j ≠ i`.
fn largest_other(product: &Product, i: usize) -> f64 {
    let others = product.row(i).iter().enumerate().filter(|&(j, _)| j != i);
    others.fold(0.0, |most: f64, (_, value)| most.max(value.abs()))
}

/// The statistics as the paper's released code computes them, including its slips, for comparison
/// with its figures.
///
/// It differs from [`Statistics`] as follows. `Λ` lacks the exponent 3/2, so that it depends on the
/// scale of `W`. The variance of `ν` includes the diagonal term and is not divided by `W_ii²`. The
/// mean of `ν` includes the diagonal term and is divided by n_s.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PaperCode {
    /// Mean and variance of `W_ii` (figure 4).
    pub diagonal: Spread,
    /// Variance of `b_i` (figure 5).
    pub bias_variance: f64,
    /// `Δvar(ν)`: variance over rows of `(p/3 − p²/4) Σ_j W_ij²`, including `j = i` (figure 6).
    pub delta_variance: f64,
    /// Variance over rows of `(p/2) n_s⁻¹ Σ_j W_ij`, including `j = i`.
    pub mean_variance: f64,
    /// The least over rows of `Σ_{j≠i} |W_ij|³ / Σ_{j≠i} W_ij²`.
    pub lyapunov_min: f64,
    /// The largest of these ratios (figure 7).
    pub lyapunov_max: f64,
    /// The mean of these ratios.
    pub lyapunov_mean: f64,
}

impl PaperCode {
    /// The statistics of a product as the released code computes them, for one probability.
    ///
    /// # Errors
    /// [`Error::Probability`] outside (0, 1].
    pub fn from_product(product: &Product, probability: f64) -> Result<Self> {
        crate::error::probability(probability)?;
        let moments = Moments { probability, mean: probability / 2.0, second_moment: probability / 3.0 };
        let features = product.features();
        let square = |row: &[f64]| row.iter().map(|value| value * value).sum::<f64>();
        let squares = product.rows().map(|row| moments.variance() * square(row));
        let means = product.rows().map(|row| moments.mean * row.iter().sum::<f64>() / features as f64);
        let ratio = |(i, row): (usize, &[f64])| {
            let others = row[..i].iter().chain(&row[i + 1..]).map(|value| value.abs());
            let (cubes, squares) = others.fold((0.0, 0.0), |(c, s), v| (c + v * v * v, s + v * v));
            cubes / squares
        };
        let ratios: Vec<f64> = product.rows().enumerate().map(ratio).collect();
        Ok(Self {
            diagonal: Spread::of(product.diagonal()),
            bias_variance: Spread::of(product.bias().iter().copied()).variance,
            delta_variance: Spread::of(squares).variance,
            mean_variance: Spread::of(means).variance,
            lyapunov_min: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            lyapunov_max: ratios.iter().copied().fold(0.0, f64::max),
            lyapunov_mean: ratios.iter().sum::<f64>() / features as f64,
        })
    }

    /// The linear baseline of the released code, `(1 − (n_d + 1)/n_s) p/3`. It removes one
    /// eigenvalue too many, and each eigenvalue is `E x²` in place of `Var x`. The figure of that
    /// code takes `p = 0.8` for every curve. The right form is [`linear_loss`](crate::linear_loss).
    ///
    /// # Errors
    /// [`Error::Probability`]; [`Error::SizeRange`] unless `2 ≤ features` and
    /// `1 ≤ hidden < features`.
    pub fn linear_loss(features: usize, hidden: usize, probability: f64) -> Result<f64> {
        crate::error::probability(probability)?;
        crate::error::size("features", features, 2..=usize::MAX)?;
        crate::error::size("hidden", hidden, 1..=features - 1)?;
        Ok((features - hidden - 1) as f64 / features as f64 * probability / 3.0)
    }
}

fn row(product: &Product, moments: &[Moments], i: usize) -> Row {
    let (row, bias) = (product.row(i), product.bias()[i]);
    let others =
        || row.iter().copied().zip(moments).enumerate().filter(|&(j, _)| j != i).map(|(_, entry)| entry);
    // Entries are measured in units of the largest, so that no square or cube underflows.
    let unit = largest_other(product, i);
    let (mut sum, mut mean, mut variance) = (0.0, 0.0, 0.0);
    let (mut squares, mut cubes, mut fourths) = (0.0, 0.0, 0.0);
    if unit > 0.0 {
        for (value, moments) in others() {
            let scaled = value / unit;
            sum += value;
            mean += value * moments.mean;
            let square = scaled * scaled;
            variance += square * moments.variance();
            squares += square;
            cubes += square * scaled.abs();
            fourths += square * square;
        }
    }
    Row {
        diagonal: row[i],
        gain: row[i],
        bias,
        effective_bias: bias + mean,
        row_sum: sum,
        noise: unit * variance.max(0.0).sqrt(),
        lyapunov: if squares > 0.0 { cubes / (squares * squares.sqrt()) } else { 0.0 },
        concentration: if squares > 0.0 { fourths / (squares * squares) } else { 0.0 },
    }
}
