//! A model's weights against the theory, for features of any law.

use toy_superposition_data::{Law, Moments};
use toy_superposition_model::{Activation, Autoencoder, Scalar};

use super::attribution::{Chain, row_loss};
use super::{Attribution, Geometry, Row, Statistics, Weights, mean};
use crate::exact::{SampledLoss, SecondMoments, edgeworth_losses};
use crate::gaussian::spectrum::covariances;
use crate::gaussian::{Feature, Optimum, Spectrum};
use crate::{Error, Product, Result};

/// What the theory says of a model's weights for features of any law. Losses are per feature.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LawCheck {
    /// The rows and their statistics, with the covariance of the features.
    pub statistics: Statistics,
    /// How the features share the hidden dimensions.
    pub geometry: Geometry,
    /// The exact expected loss; [`Error::Law`] or [`Error::Magnitude`] says why it is not known.
    /// From some of the rows it is `gaussian_loss` plus their mean of exact less Gaussian loss.
    #[cfg_attr(feature = "serde", serde(serialize_with = "written"))]
    pub exact: Result<SampledLoss>,
    /// The loss if the interference were Gaussian, with the mean and the variance that it has in
    /// each state of the own switch. Where those are not known, the variance is the mean of the two
    /// states. `None` for magnitudes that the exact loss does not know.
    pub gaussian_loss: Option<f64>,
    /// The same with the third and fourth cumulants
    /// ([`edgeworth_row_loss`](crate::edgeworth_row_loss)). `None` where the exact loss is not
    /// known.
    pub edgeworth_loss: Option<f64>,
    /// The best affine model of the same rank.
    pub linear_loss: f64,
    /// The least interference that the covariance allows ([`Spectrum::welch_sigma`]).
    pub welch_sigma: f64,
    /// How far the mean `σ_i²` of the rows that are not dropped lies above that bound for the
    /// covariance of their features, relatively. `None` where that bound is 0, or all rows are
    /// dropped.
    pub welch_gap: Option<f64>,
    /// The best symmetric ReLU model at `welch_sigma`, were its interference Gaussian. `None`
    /// unless all features have one probability and magnitudes `U[0, 1]`.
    pub optimum: Option<Optimum>,
    /// Where `exact − optimum` comes from. `None` without either.
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
}

/// Checks a model against the theory for features of `law`, with the exact loss from the rows
/// `rows`: all of them, or some that the caller has drawn without replacement.
///
/// What can be said depends on what the law knows of itself:
///
/// | law | exact, Edgeworth | Gaussian | σ, bounds, linear model |
/// |---|---|---|---|
/// | switches in [blocks](toy_superposition_data::Switches::blocks), magnitudes of the exact loss | yes | by the cumulants in each state of the own switch | yes |
/// | other switches, such as a graph with more than 16 sources in a component | no | by covariances | yes |
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
/// weights that are not finite; [`Error::Size`] unless the law has n_s features; [`Error::Empty`],
/// [`Error::Row`], [`Error::Repeated`] for a list of rows that is no sample. That the exact loss is
/// not known is no error: [`LawCheck::exact`] says so.
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
    let Losses { exact, gaussian, edgeworth } = weights.losses(law, rows, &statistics)?;
    let blocks = covariances(law)?;
    let kept = kept_covariances(&blocks, &statistics);
    let spectrum = Spectrum::of_covariances(blocks)?;
    let kept_sigma = match statistics.features() - statistics.dropped {
        kept if kept <= hidden => 0.0,
        _ => Spectrum::of_covariances(kept)?.welch_sigma(hidden)?,
    };
    let optimum = spectrum.optimum(law, hidden)?;
    let attribution = match (&optimum, &exact, gaussian) {
        (Some(optimum), Ok(exact), Some(gaussian_loss)) => {
            let feature = &Feature::uniform(optimum.probability)?;
            let channel = |row: &Row| row_loss(feature, rectified, row.gain, row.effective_bias, row.noise);
            let rows: Vec<f64> = statistics.rows.iter().map(channel).collect();
            let (statistics, rows, exact_loss) = (&statistics, &rows[..], exact.loss);
            let chain = Chain { feature, rectified, statistics, rows, kept_sigma, gaussian_loss, exact_loss };
            Some(Attribution::new(optimum, chain)?)
        }
        _ => None,
    };
    let bound = kept_sigma * kept_sigma;
    Ok(LawCheck {
        geometry: Geometry::of_product(&product, hidden, Geometry::TOLERANCE)?,
        exact,
        gaussian_loss: gaussian,
        edgeworth_loss: edgeworth,
        linear_loss: spectrum.linear_loss(hidden)?,
        welch_sigma: spectrum.welch_sigma(hidden)?,
        welch_gap: (bound > 0.0).then(|| statistics.sigma_squared.mean / bound - 1.0),
        optimum,
        attribution,
        statistics,
    })
}

type Covariances = Vec<(Vec<usize>, nalgebra::DMatrix<f64>)>;

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
            return Ok(Losses { exact, gaussian: loss, edgeworth: loss });
        }
        let unknown = match edgeworth_losses(self.product.bias(), law, self.fill()) {
            Ok(losses) => {
                let gaussian: Vec<f64> = losses.iter().map(|row| row.gaussian).collect();
                let exact = Ok(self.exact(law, rows, &gaussian)?);
                let gaussian = Some(mean(gaussian.into_iter()));
                let edgeworth = Some(mean(losses.iter().map(|row| row.corrected)));
                return Ok(Losses { exact, gaussian, edgeworth });
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
        Ok(Losses { exact: Err(unknown), gaussian, edgeworth: None })
    }
}
