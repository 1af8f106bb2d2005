//! The comparison of a model's weights with the theory, for features of any law.

use toy_superposition_data::{Law, Moments};
use toy_superposition_model::{Activation, Autoencoder, Scalar};

use super::attribution::Chain;
use super::kinds::Kinds;
use super::{Attribution, Gaussianity, Geometry, Row, Statistics, Weights, mean};
use crate::exact::{SampledLoss, SecondMoments, edgeworth_losses};
use crate::gaussian::spectrum::covariances;
use crate::gaussian::{Optimum, Spectrum};
use crate::{Error, Product, Result};

/// The comparison of a model's weights with the theory for features of any law, from
/// [`check_law`](crate::check_law). All losses are per feature.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LawCheck {
    /// The rows and their statistics, with the covariance of the features.
    pub statistics: Statistics,
    /// How the features share the hidden dimensions.
    pub geometry: Geometry,
    /// The exact expected loss, or the reason why there is none: [`Error::Law`],
    /// [`Error::Magnitude`] or [`Error::Unresolved`]. If it is estimated from some of the rows, it
    /// is `gaussian_loss` plus the mean over these rows of the exact less the Gaussian loss.
    #[cfg_attr(feature = "serde", serde(serialize_with = "written"))]
    pub exact: Result<SampledLoss>,
    /// The loss with Gaussian interference of the mean and the variance that it has in each state
    /// of the own switch. Where these variances are not known, both are taken to be their mean.
    /// `None` for magnitudes that the exact loss does not cover.
    pub gaussian_loss: Option<f64>,
    /// `gaussian_loss` corrected for the third and fourth cumulants of the interference
    /// ([`edgeworth_row_loss`](crate::edgeworth_row_loss)). `None` for a law that has no exact
    /// loss.
    pub edgeworth_loss: Option<f64>,
    /// The loss of the best affine model of the same rank.
    pub linear_loss: f64,
    /// The least interference that the covariance allows ([`Spectrum::welch_sigma`]).
    pub welch_sigma: f64,
    /// The relative distance of the mean `σ_i²` of the rows that are not dropped above that bound
    /// for the covariance of their features. `None` where that bound is 0, or all rows are dropped.
    pub welch_gap: Option<f64>,
    /// The best symmetric ReLU model with Gaussian interference of the size `welch_sigma`. `None`
    /// unless all features have the same probability and the moments of magnitudes `U[0, 1]`.
    pub optimum: Option<Optimum>,
    /// The least loss of ReLU outputs with Gaussian interference where the dimensions explain an
    /// equal share of the variance of each feature. For features that are alike it is the loss of
    /// `optimum`, and otherwise the mean of the least losses of all features at their own `σ_i`
    /// ([`Attribution`]). `None` for magnitudes that the exact loss does not cover or that may be
    /// negative, for features that do not vary, for a law that is not a product of switches and
    /// magnitudes, and where the search for an optimum does not settle.
    pub optimum_loss: Option<f64>,
    /// Measures of how Gaussian the interference is. `None` for a law that has no exact loss.
    pub gaussianity: Option<Gaussianity>,
    /// The parts of `exact − optimum_loss`. `None` if either is missing, if the loss for Gaussian
    /// interference is, or if a search for the optima in between does not settle.
    pub attribution: Option<Attribution>,
}

/// `{"Ok": …}`, or `{"Err": why}`.
#[cfg(feature = "serde")]
fn written<S: serde::Serializer>(
    exact: &Result<SampledLoss>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&exact.as_ref().map_err(ToString::to_string), serializer)
}

/// The losses of the rows: exact, Gaussian, and by Edgeworth's expansion.
struct Losses {
    exact: Result<SampledLoss>,
    gaussian: Option<f64>,
    edgeworth: Option<f64>,
    gaussianity: Option<Gaussianity>,
}

/// Compares a model with the theory for features of `law`. The exact loss is found from the rows
/// `rows`: all of them, or some that the caller has drawn without replacement.
///
/// The numbers that can be computed depend on the law:
///
/// | law | exact, Edgeworth, Gaussianity | Gaussian | σ, bounds, linear model |
/// |---|---|---|---|
/// | switches in [blocks](toy_superposition_data::Switches::blocks), magnitudes of the exact loss | yes | by the cumulants in each state of the own switch | yes |
/// | other switches, such as a graph whose sources cannot be summed over | no | by covariances | yes |
/// | other magnitudes, and laws that are no product of switches and magnitudes | no | no | yes |
///
/// ```
/// use nalgebra::{DMatrix, DVector};
/// use toy_superposition_data::{Features, Pairs, UnitUniform};
/// use toy_superposition_model::{Activation, Autoencoder};
/// use toy_superposition_theory::check_law;
///
/// // An antipodal pair loses nothing where the two are never on together.
/// let law = Features::new(Pairs::new(1, 0.2, -0.25)?, UnitUniform);
/// let pair = Autoencoder::tied(&DMatrix::from_row_slice(1, 2, &[1.0, -1.0]), &DVector::zeros(2), Activation::Relu)?;
/// let found = check_law(&pair, &law, &[0, 1])?;
/// assert!(found.exact?.loss < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Activation`] for an output that is neither ReLU nor the identity; [`Error::Entry`] for
/// weights that are not finite; [`Error::Size`] unless the law has n_s features;
/// [`Error::SizeRange`] if the model has more hidden dimensions than features; [`Error::Empty`],
/// [`Error::Row`] or [`Error::Repeated`] for a list of rows that is empty, holds a row that does
/// not exist, or holds a row twice. A law without an exact loss is not an error here;
/// [`LawCheck::exact`] gives the reason.
pub fn check_law<T: Scalar>(model: &Autoencoder<T>, law: &dyn Law, rows: &[usize]) -> Result<LawCheck> {
    let rectified = match model.activation().simplified(model.features()) {
        Activation::Relu => true,
        Activation::Identity => false,
        other => return Err(Error::Activation { given: other.name() }),
    };
    let product = Product::of_model(model)?;
    let hidden = model.hidden();
    let weights = Weights { product: &product, hidden, rectified };
    let statistics = Statistics::under_law(&product, hidden, law)?;
    let Losses { exact, gaussian, edgeworth, gaussianity } = weights.losses(law, rows, &statistics)?;
    let blocks = covariances(law)?;
    let kept = kept_covariances(&blocks, &statistics);
    let kinds = Kinds::of_law(law)?;
    let relative = |blocks: &Covariances| relative_welch(blocks, hidden);
    let welch = kinds.as_ref().map(|_| Ok([relative(&blocks)?, relative(&kept)?])).transpose()?;
    let spectrum = Spectrum::of_covariances(blocks)?;
    let kept_sigma = match statistics.features() - statistics.dropped {
        kept if kept <= hidden => 0.0,
        _ => Spectrum::of_covariances(kept)?.welch_sigma(hidden)?,
    };
    let (mut optimum_loss, mut attribution) = (None, None);
    if let (Some(kinds), Some(welch)) = (&kinds, welch) {
        optimum_loss = settled(kinds.least(0..statistics.features(), true, welch[0]))?;
        if let (Ok(exact), Some(gaussian_loss), Some(optimum_loss)) = (&exact, gaussian, optimum_loss) {
            let rows = &kinds.row_losses(rectified, &statistics)[..];
            let (statistics, exact_loss) = (&statistics, exact.loss);
            let chain =
                Chain { kinds, rectified, statistics, rows, welch, optimum_loss, gaussian_loss, exact_loss };
            attribution = settled(Attribution::new(chain))?;
        }
    }
    let bound = kept_sigma * kept_sigma;
    Ok(LawCheck {
        geometry: Geometry::of_product(&product, hidden, Geometry::TOLERANCE)?,
        exact,
        gaussian_loss: gaussian,
        edgeworth_loss: edgeworth,
        linear_loss: spectrum.linear_loss(hidden)?,
        welch_sigma: spectrum.welch_sigma(hidden)?,
        welch_gap: (bound > 0.0).then(|| statistics.sigma_squared.mean / bound - 1.0),
        optimum: spectrum.optimum(law, hidden)?,
        optimum_loss,
        gaussianity,
        attribution,
        statistics,
    })
}

/// `None` for a magnitude of which no optimum is found.
fn settled<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Err(Error::NotSettled { .. }) => Ok(None),
        found => found.map(Some),
    }
}

type Covariances = Vec<(Vec<usize>, nalgebra::DMatrix<f64>)>;

/// The bound on the mean `σ_i²/Var x_i`: that of the correlations, whose variances are all 1.
fn relative_welch(blocks: &Covariances, hidden: usize) -> Result<f64> {
    if blocks.iter().map(|(block, _)| block.len()).sum::<usize>() <= hidden {
        return Ok(0.0);
    }
    let correlations = |(block, covariance): &(Vec<usize>, nalgebra::DMatrix<f64>)| {
        let roots = covariance.diagonal().map(f64::sqrt);
        (block.clone(), covariance.component_div(&(&roots * roots.transpose())))
    };
    let spectrum = Spectrum::of_covariances(blocks.iter().map(correlations).collect())?;
    Ok(spectrum.welch_sigma(hidden)?.powi(2))
}

/// The covariances of the features that are not dropped.
fn kept_covariances(blocks: &Covariances, statistics: &Statistics) -> Covariances {
    let mut kept = vec![false; statistics.features()];
    statistics.kept().for_each(|(i, _)| kept[i] = true);
    let restricted = |(block, covariance): &(Vec<usize>, nalgebra::DMatrix<f64>)| {
        let places: Vec<usize> = (0..block.len()).filter(|&k| kept[block[k]]).collect();
        let rest = covariance.select_rows(&places).select_columns(&places);
        (places.iter().map(|&k| block[k]).collect(), rest)
    };
    blocks.iter().map(restricted).filter(|(block, _): &(Vec<usize>, _)| !block.is_empty()).collect()
}

impl Weights<'_> {
    /// The losses, as far as they are known.
    fn losses(&self, law: &dyn Law, rows: &[usize], statistics: &Statistics) -> Result<Losses> {
        crate::sample::check_sample(rows, statistics.features())?;
        let moments: Vec<Moments> = (0..statistics.features()).map(|i| law.moments(i)).collect();
        if !self.rectified {
            // Exact: y − g x is not correlated with x.
            let loss = |(row, moments): (&Row, &Moments)| {
                let rest = 1.0 - row.gain;
                let mean = rest * moments.mean - row.effective_bias;
                rest * rest * moments.variance() + row.noise * row.noise + mean * mean
            };
            let losses: Vec<f64> = statistics.rows.iter().zip(&moments).map(loss).collect();
            let exact = self.exact(law, rows, &losses);
            let loss = Some(mean(losses.into_iter()));
            let gaussianity = match Gaussianity::under_law(self.product, law) {
                Err(Error::Law(_) | Error::Magnitude { .. }) => None,
                found => Some(found?),
            };
            return Ok(Losses { exact, gaussian: loss, edgeworth: loss, gaussianity });
        }
        let unknown = match edgeworth_losses(self.product.bias(), law, self.fill()) {
            Ok(losses) => {
                let gaussian: Vec<f64> = losses.iter().map(|row| row.gaussian).collect();
                let exact = match self.exact(law, rows, &gaussian) {
                    Err(error @ Error::Unresolved { .. }) => Err(error),
                    found => Ok(found?),
                };
                let gaussianity = Some(Gaussianity::of_rows(self.product, law.into(), &losses)?);
                let gaussian = Some(mean(gaussian.into_iter()));
                let edgeworth = Some(mean(losses.iter().map(|row| row.corrected)));
                return Ok(Losses { exact, gaussian, edgeworth, gaussianity });
            }
            Err(error @ (Error::Law(_) | Error::Magnitude { .. })) => error,
            Err(error) => return Err(error),
        };
        let gaussian = law.parts().map(|(_, magnitude)| {
            let loss = |(row, moments): (&Row, &Moments)| {
                let covariance = (row.gain - row.diagonal) * moments.variance();
                let by_own = (row.gain - row.diagonal) * covariance;
                let second = SecondMoments {
                    probability: moments.probability,
                    own: row.diagonal,
                    mean: row.effective_bias + (row.gain - row.diagonal) * moments.mean,
                    variance: row.noise * row.noise + by_own,
                    covariance,
                };
                second.gaussian_loss(magnitude)
            };
            let losses = statistics.rows.iter().zip(&moments).map(loss).collect::<Result<Vec<f64>>>()?;
            Ok(mean(losses.into_iter()))
        });
        let gaussian = match gaussian {
            Some(Err(Error::Magnitude { .. })) => None,
            other => other.transpose()?,
        };
        Ok(Losses { exact: Err(unknown), gaussian, edgeworth: None, gaussianity: None })
    }
}
