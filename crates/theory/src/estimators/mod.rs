//! Losses of element-wise decoders other than the ReLU, for the same pre-activation `y = x + ν`.

mod bayes;
mod jump_relu;
mod posterior;

pub use bayes::{bayes_loss, oracle_loss};
pub use jump_relu::{JumpRelu, ThresholdOptimum, threshold_optimum};
pub use posterior::Posterior;

use crate::error::{self, Error, Result};
use crate::gaussian::feature::Feature;

/// The losses per feature of five decoders of one channel, the best of each kind.
///
/// ```math
/// \underbrace{p\,E\,\mathrm{Var}(u \mid u + \nu)}_{oracle} \;\le\; \underbrace{E\,\mathrm{Var}(x \mid y)}_{Bayes}
/// \;\le\; L_{threshold} \;\le\; L_{ReLU} \;\le\; \underbrace{\frac{V\sigma^2}{V + \sigma^2}}_{linear},
/// ```
/// ```math
/// x = c\,u, \qquad c \sim B(p), \qquad u \sim U[0, 1], \qquad \nu \sim N(0, \sigma^2), \qquad V = \mathrm{Var}\,x.
/// ```
///
/// Bayes's decoder is the best of all functions of `y` (see [`bayes_loss`] and [`Posterior`]). The
/// threshold is the best of the rectifiers with a jump (see [`JumpRelu`]). The oracle is told which
/// features are on, as in the bound of appendix D.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Decoders {
    /// The probability `p` that the feature is on.
    pub probability: f64,
    /// `σ`, the standard deviation of the interference at unit diagonal.
    pub sigma: f64,
    /// The loss of `a y + b`: `V σ²/(V + σ²)`. At the Welch bound of a ratio this is the loss
    /// `(1 − r) V` of the best linear model.
    pub linear: f64,
    /// The loss of the paper's decoder `ReLU(a y + b)`: [`Optimum::loss`](crate::Optimum::loss).
    pub relu: f64,
    /// The loss of `JumpReLU(a y + b)`: [`ThresholdOptimum::loss`].
    pub threshold: f64,
    /// The loss of `E[x|y]`: [`bayes_loss`].
    pub bayes: f64,
    /// The loss of `E[x|y, c]`: [`oracle_loss`].
    pub oracle: f64,
}

/// The losses of the five decoders for the paper's features at interference `sigma`. A loss below
/// the least positive number is returned as 0; [`relative_decoders`] gives its size.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn decoders(probability: f64, sigma: f64) -> Result<Decoders> {
    Feature::uniform(probability)?.decoders(sigma)
}

/// The losses of the five [`decoders`] for the paper's features, each divided by `min(1, σ²)`.
///
/// The losses themselves underflow for small `σ`. These quotients do not, however small `σ` is, so
/// that decoders can be compared there.
///
/// # Errors
/// [`Error::Probability`]; [`Error::Sigma`]; [`Error::OutOfRange`] for `σ = 0`, where the divisor
/// is 0.
pub fn relative_decoders(probability: f64, sigma: f64) -> Result<Decoders> {
    Feature::uniform(probability)?.relative_decoders(sigma)
}

/// The losses of the five decoders for the paper's features at the Welch bound of a ratio,
/// `σ² = (p/3 − p²/4)(1/r − 1)` (equation 6).
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Ratio`](crate::Error::Ratio) outside
/// (0, 1].
pub fn decoders_at_ratio(probability: f64, ratio: f64) -> Result<Decoders> {
    let feature = Feature::uniform(probability)?;
    feature.decoders(feature.welch_sigma(ratio)?)
}

impl Feature {
    /// The losses of the five decoders at interference `σ`; at `σ = 0` all are 0.
    ///
    /// # Errors
    /// [`Error::Sigma`](crate::Error::Sigma).
    pub fn decoders(&self, sigma: f64) -> Result<Decoders> {
        error::sigma(sigma)?;
        let (relu, relative) = self.relative_optimum(sigma)?;
        Ok(Decoders {
            probability: self.probability(),
            sigma,
            linear: (self.variance().recip() + (sigma * sigma).recip()).recip(),
            relu: relu.loss,
            threshold: self.best_threshold(&relu, relative).0.loss,
            bayes: self.bayes_loss(sigma)?,
            oracle: self.oracle_loss(sigma)?,
        })
    }

    /// The losses of the five decoders at interference `σ > 0`, each divided by `min(1, σ²)` as in
    /// [`relative_decoders`].
    ///
    /// # Errors
    /// [`Error::Sigma`]; [`Error::OutOfRange`] for `σ = 0`.
    pub fn relative_decoders(&self, sigma: f64) -> Result<Decoders> {
        error::sigma(sigma)?;
        if sigma == 0.0 {
            return Err(Error::OutOfRange { what: "sigma", given: sigma, allowed: "(0, ∞)" });
        }
        let (optimum, relu) = self.relative_optimum(sigma)?;
        let (bayes, oracle) = self.relative_losses(sigma);
        let linear = if sigma < 1.0 {
            1.0 / (1.0 + (sigma / self.variance()) * sigma)
        } else {
            self.variance() / (1.0 + (self.variance() / sigma) / sigma)
        };
        let threshold = self.best_threshold(&optimum, relu).1;
        Ok(Decoders { probability: self.probability(), sigma, linear, relu, threshold, bayes, oracle })
    }
}
