//! The comparison of a model's weights with the theory: the exact loss, the Gaussian prediction for
//! its own rows, the optimum, and the parts of the distance between them.
//!
//! ```math
//! L_{gauss} = \frac1{n_s} \sum_i E\,\bigl(x_i - (W_{ii} x_i + b_i^{eff} + I_i)_+\bigr)^2, \qquad
//! I_i \sim N(0, \mathrm{noise}_i^2),
//! ```
//!
//! The rows are in closed form, where `W_ii` may be zero or negative. For an identity output this
//! is exact: `(1 − W_ii)² Var x_i + noise_i² + (E x_i (1 − W_ii) − b_i^eff)²`.

mod attribution;
mod gaussianity;
mod geometry;
mod kinds;
#[cfg(feature = "models")]
mod law;
mod normality;
pub(crate) mod statistics;

pub use attribution::Attribution;
pub use gaussianity::{Gaussianity, feature_excess_kurtosis, lyapunov_factor};
pub use geometry::{Cluster, Geometry, Polytope, Representation};
#[cfg(feature = "models")]
pub use law::{LawCheck, check_law};
pub use normality::{NormalTest, lilliefors, lilliefors_p_value};
pub use statistics::{PaperCode, Row, Spread, Statistics};

#[cfg(feature = "models")]
use toy_superposition_model::{Activation, Autoencoder, Scalar};

#[cfg(feature = "models")]
use crate::error::Error;
use crate::error::Result;
use crate::exact::{FeatureLaw, SampledLoss, edgeworth_losses, exact_losses};
use crate::gaussian::feature::Feature;
use crate::gaussian::optimum::Optimum;
use crate::product::Product;
use crate::sample::{check_sample, mean_of_sample};
use attribution::Chain;
use kinds::Kinds;

/// The comparison of a model's weights with the theory for the paper's features, from
/// [`check`](crate::check), [`check_rows`](crate::check_rows) or [`check_product`]. All losses are
/// per feature.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Check {
    /// The rows and their statistics.
    pub statistics: Statistics,
    /// The loss of each row with Gaussian interference of that row's mean and variance, in closed
    /// form (n_s numbers).
    pub row_losses: Vec<f64>,
    /// The mean of `row_losses`: the Gaussian prediction for these weights.
    pub gaussian_loss: f64,
    /// `gaussian_loss` corrected for the third and fourth cumulants of the interference
    /// ([`edgeworth_row_loss`](crate::edgeworth_row_loss)). This is an asymptotic series, which is
    /// good where `gaussianity.excess_kurtosis_max` is small beside 1.
    pub edgeworth_loss: f64,
    /// The exact expected loss. If it is estimated from some of the rows, it is `gaussian_loss`
    /// plus the mean over these rows of the exact less the Gaussian loss.
    pub exact_loss: f64,
    /// The estimated numerical error of `exact_loss`.
    pub exact_error: f64,
    /// The standard error of `exact_loss` if the rows were drawn at random without replacement; 0
    /// if all rows were used.
    pub exact_standard_error: f64,
    /// The best symmetric ReLU model at the Welch bound of `r = n_d/n_s`.
    pub optimum: Optimum,
    /// The loss of the best affine model of the same rank.
    pub linear_loss: f64,
    /// The relative distance of the mean `σ_i²` of the rows that are not dropped above its bound
    /// ([`Statistics::welch_gap`]).
    pub welch_gap: Option<f64>,
    /// Measures of how Gaussian the interference is.
    pub gaussianity: Gaussianity,
    /// How the features share the hidden dimensions.
    pub geometry: Geometry,
    /// The parts of `exact_loss − optimum.loss`.
    pub attribution: Attribution,
}

/// Compares a model with the theory for features that are on with one `probability` and then
/// `U[0, 1]`.
///
/// It takes the time of the [exact loss](crate::exact_loss) of all rows; use [`check_rows`] for
/// large n_s.
///
/// # Errors
/// [`Error::Probability`]; [`Error::Activation`] for an output that neither is nor
/// [equals](Activation::simplified) ReLU or the identity; [`Error::Entry`] for weights that are not
/// finite; [`Error::SizeRange`] if the model has more hidden dimensions than features.
#[cfg(feature = "models")]
pub fn check<T: Scalar>(model: &Autoencoder<T>, probability: f64) -> Result<Check> {
    check_rows(model, probability, &all(model.features()))
}

/// Compares a model with the theory as [`check`] does, with the exact loss estimated from the rows
/// `rows`, which the caller has drawn without replacement. All other numbers are of all rows.
///
/// The estimate is `L_gauss + mean(L_i − L_gauss,i)`, with the mean over the k drawn rows. Its
/// standard error is `√((1 − k/n_s) s²/k)`, where `s²` is the variance of the k differences. The
/// differences vary far less than the losses.
///
/// # Errors
/// The errors of [`check`]; [`Error::Empty`], [`Error::Row`] or [`Error::Repeated`] for a list of
/// rows that is empty, holds a row that does not exist, or holds a row twice.
#[cfg(feature = "models")]
pub fn check_rows<T: Scalar>(model: &Autoencoder<T>, probability: f64, rows: &[usize]) -> Result<Check> {
    let rectified = match model.activation().simplified(model.features()) {
        Activation::Relu => true,
        Activation::Identity => false,
        other => return Err(Error::Activation { given: other.name() }),
    };
    let product = &Product::of_model(model)?;
    Weights { product, hidden: model.hidden(), rectified }.check(probability, rows)
}

/// Compares a product `W` of rank at most `hidden`, with a bias and a ReLU output, with the theory,
/// as [`check`](crate::check) does for a model.
///
/// # Errors
/// The errors of [`check`](crate::check), and [`Error::SizeRange`] unless `1 ≤ hidden ≤ n_s`.
pub fn check_product(product: &Product, hidden: usize, probability: f64) -> Result<Check> {
    Weights { product, hidden, rectified: true }.check(probability, &all(product.features()))
}

fn all(features: usize) -> Vec<usize> {
    (0..features).collect()
}

struct Weights<'a> {
    product: &'a Product,
    hidden: usize,
    /// `true` if outputs are ReLU, and `false` if they are the identity.
    rectified: bool,
}

impl Weights<'_> {
    fn check(&self, probability: f64, rows: &[usize]) -> Result<Check> {
        let Self { product, hidden, rectified } = *self;
        let feature = Feature::uniform(probability)?;
        let moments = vec![feature.moments(); product.features()];
        let statistics = Statistics::from_product(product, hidden, &moments)?;
        let gaussianity = Gaussianity::new(product, &statistics.rows, probability)?;
        let kinds = Kinds::paper(probability, product.features());
        let row_losses = kinds.row_losses(rectified, &statistics);
        let gaussian_loss = mean(row_losses.iter().copied());
        let exact = self.exact(probability, rows, &row_losses)?;
        let edgeworth_loss = if rectified {
            mean(
                edgeworth_losses(product.bias(), probability, self.fill())?
                    .into_iter()
                    .map(|row| row.corrected),
            )
        } else {
            gaussian_loss
        };
        let ratio = hidden as f64 / statistics.features() as f64;
        let optimum = feature.optimum_at_ratio(ratio)?;
        let share = (statistics.features() - statistics.dropped) as f64 / statistics.features() as f64;
        let welch = [ratio, (ratio / share).min(1.0)].map(|ratio| (1.0 - ratio) / ratio);
        let chain = Chain {
            kinds: &kinds,
            rectified,
            statistics: &statistics,
            rows: &row_losses,
            welch,
            optimum_loss: kinds.least(0..statistics.features(), true, welch[0])?,
            gaussian_loss,
            exact_loss: exact.loss,
        };
        let attribution = Attribution::new(chain)?;
        Ok(Check {
            gaussian_loss,
            edgeworth_loss,
            exact_loss: exact.loss,
            exact_error: exact.error,
            exact_standard_error: exact.standard_error,
            optimum,
            linear_loss: feature.linear_loss(ratio)?,
            welch_gap: statistics.welch_gap(feature.variance()),
            gaussianity,
            geometry: Geometry::of_product(product, hidden, Geometry::TOLERANCE)?,
            attribution,
            statistics,
            row_losses,
        })
    }

    /// Returns a function that writes row `i` of `W`.
    fn fill(&self) -> impl Fn(usize, &mut [f64]) + Sync {
        |i, row| row.copy_from_slice(self.product.row(i))
    }

    /// The exact loss from some of the rows and the Gaussian losses of all rows.
    fn exact<'l>(
        &self,
        law: impl Into<FeatureLaw<'l>>,
        rows: &[usize],
        gaussian: &[f64],
    ) -> Result<SampledLoss> {
        check_sample(rows, gaussian.len())?;
        let gaussian_loss = mean(gaussian.iter().copied());
        if !self.rectified {
            let error = 8.0 * f64::EPSILON * gaussian_loss;
            return Ok(SampledLoss { loss: gaussian_loss, error, standard_error: 0.0 });
        }
        let losses = exact_losses(rows, self.product.bias(), law, self.fill())?;
        let error = mean(losses.iter().map(|row| row.error));
        if rows.len() == gaussian.len() {
            let loss = mean(losses.iter().map(|row| row.loss));
            return Ok(SampledLoss { loss, error, standard_error: 0.0 });
        }
        let differences: Vec<f64> = losses.iter().zip(rows).map(|(row, &i)| row.loss - gaussian[i]).collect();
        let (shift, standard_error) = mean_of_sample(&differences, gaussian.len());
        Ok(SampledLoss { loss: gaussian_loss + shift, error, standard_error })
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
