//! The loss of the symmetric model with Gaussian interference (section 4, equation 5).
//!
//! ```math
//! L(a, \beta) = E\,(x - a(x + \nu + \beta)_+)^2 = (1-p) L_{off} + p L_{on}, \qquad x = c\,u,\; c \sim B(p),\;
//! \nu \sim N(0, \sigma^2).
//! ```
//!
//! Here `a > 0` is the diagonal of `W`, `aβ` is the effective bias, and `aσ` is the standard
//! deviation of the interference of a row.

use toy_superposition_data::{Moments, UnitUniform};

use crate::error::{self, Error, Result};
use crate::gaussian::channel::{Channel, Scale};
use crate::gaussian::line::Gain;
use crate::gaussian::terms::Terms;
use crate::magnitude::Integrable;

/// A feature `x = c u` that is on with probability `p` and then has a magnitude `u` of law `M`.
///
/// Its methods give the loss of the symmetric model with Gaussian interference (section 4, equation
/// 5), its derivatives and its optimum.
///
/// ```
/// use toy_superposition_theory::{Feature, Interval};
/// let feature = Feature::new(0.1, Interval::new(0.5, 1.0)?)?;
/// let best = feature.optimum(0.2)?;
/// let loss = feature.loss(best.a, best.shift, 0.2)?;
/// assert!((loss.total - best.loss).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature<M = UnitUniform> {
    probability: f64,
    magnitude: M,
}

/// A mean squared error per feature and its two parts: `total = (1 − p) off + p on`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Loss {
    /// `(1 − p) off + p on`: the mean squared error per feature.
    pub total: f64,
    /// `E[(u − y)²]` while the feature is on.
    pub on: f64,
    /// `E[y²]` while the feature is off.
    pub off: f64,
}

/// The first derivatives of a row's loss `E (x − (c x + β + I)₊)²`, `I ~ N(0, s²)`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChannelGradient {
    /// The slope in `c`, `∂L/∂c = −2E[(x − Y)x; Y > 0]`.
    pub slope: f64,
    /// The slope in `β`, `∂L/∂β = −2E[x − Y; Y > 0]`.
    pub shift: f64,
    /// `∂L/∂(s²) = P[Y > 0] − E x δ(Y)`, by the heat equation; `∂L/∂s` is `2s` times this.
    pub variance: f64,
}

/// The first derivatives of the total loss of the symmetric model, [`Feature::loss`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LossGradient {
    /// `∂L/∂a`; at `a = 0` the derivative from above.
    pub gain: f64,
    /// The slope `∂L/∂β` in the shift.
    pub shift: f64,
    /// The slope `∂L/∂σ` in the interference.
    pub sigma: f64,
    /// The slope `∂L/∂p = L_on − L_off` in the probability.
    pub probability: f64,
}

impl Feature {
    /// The paper's feature: `u ~ U[0, 1]`.
    ///
    /// # Errors
    /// [`Error::Probability`](crate::Error::Probability) outside (0, 1].
    pub fn uniform(probability: f64) -> Result<Self> {
        Self::new(probability, UnitUniform)
    }
}

impl<M: Integrable> Feature<M> {
    /// A feature that is on with the given probability and then has a magnitude of the given law.
    ///
    /// # Errors
    /// [`Error::Probability`](crate::Error::Probability) outside (0, 1];
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a magnitude whose `E u²` is not finite in
    /// f64; [`Error::OutOfRange`](crate::Error::OutOfRange) for a magnitude that may be negative.
    pub fn new(probability: f64, magnitude: M) -> Result<Self> {
        error::probability(probability)?;
        error::finite("E u²", magnitude.second_moment())?;
        let given = magnitude.support().0;
        if given < 0.0 {
            return Err(Error::OutOfRange { what: "the least magnitude", given, allowed: "[0, ∞)" });
        }
        Ok(Self { probability, magnitude })
    }

    /// A feature of a probability in [0, 1] whose magnitude may be negative. Its [row
    /// losses](Self::row_loss) are accurate, since no more cancels in them for `u < 0`.
    pub(crate) fn of_any_sign(probability: f64, magnitude: M) -> Self {
        Self { probability, magnitude }
    }

    /// The probability `p` that the feature is on.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    /// The law of the magnitude `u`.
    pub fn magnitude(&self) -> &M {
        &self.magnitude
    }

    /// The mean `E x = p E u`.
    pub fn mean(&self) -> f64 {
        self.probability * self.magnitude.mean()
    }

    /// The second moment `E x² = p E u²`, which is the loss of the output 0.
    pub fn second_moment(&self) -> f64 {
        self.probability * self.magnitude.second_moment()
    }

    /// The variance `Var x`, which is the loss of the best constant output and so the loss at ratio
    /// 0 (section 4.3.1).
    pub fn variance(&self) -> f64 {
        self.second_moment() - self.mean() * self.mean()
    }

    /// The probability, mean and second moment of `x`.
    pub fn moments(&self) -> Moments {
        Moments { probability: self.probability, mean: self.mean(), second_moment: self.second_moment() }
    }

    /// The loss of the output `ReLU(a (x + ν + β))`, `ν ~ N(0, σ²)`, for the gain `a`, the shift
    /// `β` and the interference `σ`; at `σ = 0` its limit.
    ///
    /// All three losses have a relative error of at most 1e-12 for `|β|/σ ≤ 40`, since they are
    /// sums that do not cancel.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
    pub fn loss(&self, gain: f64, shift: f64, sigma: f64) -> Result<Loss> {
        let (gain, channel) = oriented(gain, shift, sigma)?;
        Ok(self.symmetric_loss(&channel, gain))
    }

    /// The loss of one output of any weights, `E (x − (c x + β + I)₊)²` with `I ~ N(0, s²)`; `c`
    /// may be 0 or negative.
    pub fn row_loss(&self, channel: &Channel) -> Loss {
        self.symmetric_loss(channel, 1.0)
    }

    /// The loss of one output, [`row_loss`](Self::row_loss), and its first derivatives in slope,
    /// shift and variance.
    ///
    /// At `s = 0` the derivative in the variance is its limit from above. The limit is finite
    /// unless the rectifier's edge falls on a magnitude `u > 0` of positive probability.
    pub fn row_gradient(&self, channel: &Channel) -> (f64, ChannelGradient) {
        let noise = if channel.noise < SILENT { SILENT } else { channel.noise };
        let channel = Channel { noise, ..*channel };
        let terms = self.terms(&channel);
        let gradient = ChannelGradient {
            slope: -2.0 * terms.residual_signal(),
            shift: -2.0 * terms.residual(1.0),
            variance: terms.mass() - terms.edge(),
        };
        (terms.loss(1.0), gradient)
    }

    pub(crate) fn symmetric_loss(&self, channel: &Channel, gain: f64) -> Loss {
        self.symmetric_loss_at(channel, Gain { value: gain, rest: 1.0 - gain * channel.slope })
    }

    pub(crate) fn symmetric_loss_at(&self, channel: &Channel, gain: Gain) -> Loss {
        let (on, off) = (self.on_terms(channel).loss_at(gain), off_terms(channel).loss_at(gain));
        Loss { total: self.probability * on + (1.0 - self.probability) * off, on, off }
    }

    /// The first derivatives of [`loss`](Self::loss); at `σ = 0` their limits, with `L_σ = 0`.
    ///
    /// ```math
    /// L_a = -2E[(x - aY)Y; Y>0], \quad L_\beta = -2a\,E[(x - aY); Y>0], \quad
    /// L_\sigma = 2a\sigma\,(a P[Y>0] - E\,x\,\delta(Y)), \quad L_p = L_{on} - L_{off},
    /// ```
    /// with `Y = x + ν + β` (the third by the heat equation `∂_σ E f(ν) = σ E f''(ν)`).
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
    pub fn gradient(&self, gain: f64, shift: f64, sigma: f64) -> Result<LossGradient> {
        let sign = if gain < 0.0 { -1.0 } else { 1.0 };
        let (gain, channel) = oriented(gain, shift, sigma)?;
        let terms = self.terms(&channel);
        let on = self.on_terms(&channel);
        let (on_loss, off_loss) = (on.loss(gain), off_terms(&channel).loss(gain));
        let probability = match self.magnitude.on_less_off(&on, gain) {
            Some((difference, size)) if size < on_loss.max(off_loss) => difference,
            _ => on_loss - off_loss,
        };
        Ok(LossGradient {
            gain: -2.0 * sign * terms.residual_product(gain),
            shift: -2.0 * sign * gain * terms.residual(gain),
            sigma: 2.0 * gain * sigma * (gain * terms.mass() - terms.edge()),
            probability,
        })
    }

    /// `∂L/∂σ² = a (a P[Y > 0] − E x δ(Y))` at a gain `a ≥ 0`. It equals `L_σ/(2σ)` of
    /// [`gradient`](Self::gradient), but does not underflow where `L_σ` does.
    pub(crate) fn by_variance(&self, gain: f64, shift: f64, sigma: f64) -> f64 {
        let terms = self.terms(&Channel::unchecked(1.0, shift, sigma));
        gain * (gain * terms.mass() - terms.edge())
    }

    /// The scale in which to measure the channel of a symmetric model: the unit of the magnitudes,
    /// or the noise where `p σ²` comes near underflow.
    pub(crate) fn scale(&self, sigma: f64) -> Scale {
        const LEAST: f64 = 1e-200;
        if sigma < 1.0 && self.probability * sigma * sigma < LEAST {
            self.noise_scale(sigma)
        } else {
            Scale::plain(sigma)
        }
    }

    /// The scale in units of the noise where it is below 1, and in the unit of the magnitudes
    /// elsewhere.
    pub(crate) fn noise_scale(&self, sigma: f64) -> Scale {
        if sigma < 1.0 { Scale::noise(sigma, self.magnitude.largest()) } else { Scale::plain(sigma) }
    }

    /// The gain of least loss at a given shift, `a* = N/D` with `N = E x Y₊` and `D = E Y₊²`
    /// (equation 16).
    ///
    /// It is the quotient of scaled integrals, so that it is accurate even where `N` and `D`
    /// underflow. It is 0 if `Y₊` is always 0.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
    pub fn best_gain(&self, shift: f64, sigma: f64) -> Result<f64> {
        let (_, channel) = oriented(1.0, shift, sigma)?;
        Ok(self.scaled_terms(&channel).best_gain().value)
    }

    /// Returns `(N, D)` of equation 16, `N = E x Y₊` and `D = E Y₊²`; either is 0 where it
    /// underflows.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
    pub fn products(&self, shift: f64, sigma: f64) -> Result<(f64, f64)> {
        let (_, channel) = oriented(1.0, shift, sigma)?;
        let terms = self.terms(&channel);
        Ok((terms.product(), terms.square()))
    }

    /// The terms of the feature while it is on.
    pub(crate) fn on_terms(&self, channel: &Channel) -> Terms {
        let mut terms = Terms::new(*channel);
        self.magnitude.add_to(1.0, &mut terms);
        terms
    }

    /// The terms of `x` itself, on with probability `p` and otherwise off.
    pub(crate) fn terms(&self, channel: &Channel) -> Terms {
        let mut terms = Terms::new(*channel);
        self.magnitude.add_to(self.probability, &mut terms);
        terms.add_point(1.0 - self.probability, 0.0);
        terms
    }

    /// The [`terms`](Self::terms) of `x`, multiplied by a common factor such that they do not
    /// underflow.
    pub(crate) fn scaled_terms(&self, channel: &Channel) -> Terms {
        self.terms(&channel.scaled(self.magnitude.largest()))
    }
}

/// The noise that stands for `s = 0` where it is divided by.
const SILENT: f64 = 1e-150;

/// The terms of the feature while it is off.
fn off_terms(channel: &Channel) -> Terms {
    let mut terms = Terms::new(*channel);
    terms.add_point(1.0, 0.0);
    terms
}

/// Returns `|a|` and the channel with `ReLU(a(x + ν + β)) = |a| (± (x + ν + β))₊`, where the sign
/// is that of `a`.
fn oriented(gain: f64, shift: f64, sigma: f64) -> Result<(f64, Channel)> {
    error::finite("gain", gain)?;
    let sign = if gain < 0.0 { -1.0 } else { 1.0 };
    Ok((gain.abs(), Channel::new(sign, sign * shift, sigma)?))
}
