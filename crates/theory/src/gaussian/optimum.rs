//! The best gain and bias of the symmetric model (sections 3.3 and 4.2).

use crate::error::{self, Error, Result};
use crate::gaussian::channel::Scale;
use crate::gaussian::feature::Feature;
use crate::gaussian::line::Gain;
use crate::gaussian::terms::Terms;
use crate::magnitude::Integrable;

/// Two regimes whose losses differ by less than this, relative to the loss, are not told apart.
const REGIME_TOLERANCE: f64 = 1e-6;

/// Beyond this `β/σ` the rectifier clips with a probability of at most about 1e-19, and the optimum
/// is the affine one up to rounding.
const NEVER_CLIPS: f64 = 9.0;

/// A gain below this is subnormal or nearly so, and would lose digits.
const LEAST_GAIN: f64 = 1e-305;

/// How the optimum uses its rectifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Regime {
    /// The loss is within a relative 1e-6 of that of the best constant output: the feature is in
    /// effect dropped.
    Off,
    /// The loss is below those of the best constant and of the best affine output.
    Rectified,
    /// The loss is within a relative 1e-6 of that of the best affine output, since the rectifier
    /// hardly clips. The identity at `σ = 0` counts as linear.
    Linear,
}

/// The symmetric model of least loss, over its gain `a` and its bias (sections 3.3 and 4.2).
///
/// ```math
/// \min_{a, \beta}\; L(a, \beta; \sigma, p), \qquad a^*(\beta) = N/D, \qquad
/// 0 = S(\beta) = E\,[(x - a^* Y);\, Y > 0], \quad Y = x + \nu + \beta.
/// ```
///
/// The derivative is `∂L/∂β = −2a S`. The gain is eliminated (equation 16), so that the loss is a
/// function of `β` alone.
///
/// The shift is scanned from below the rectified optimum, which lies near `−σ√(2 ln 1/p)` (equation
/// 12, with the 2 that the paper's text lacks), to beyond the affine optimum `β = E x σ²/V`. So the
/// global minimum is taken if there are several; for the paper's features none of 24,200 pairs (p,
/// σ) over twelve and eight decades showed a second. Two points of the scan bracket the root of
/// `S`, which is then found by Newton's method kept inside the bracket.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Optimum {
    /// The probability `p` that the feature is on.
    pub probability: f64,
    /// `σ`, the standard deviation of the interference at unit diagonal.
    pub sigma: f64,
    /// The gain `a`: the diagonal of `W`.
    pub a: f64,
    /// The effective bias `b = aβ` in `ReLU(a(x + ν) + b)`, where `ν` has mean 0 (equation 4). It
    /// is finite in every regime.
    pub effective_bias: f64,
    /// The shift `β = b/a`: the effective bias in units of the diagonal; infinite where `a = 0`.
    pub shift: f64,
    /// The loss per feature; 0 where it is below the least positive number of f64.
    pub loss: f64,
    /// The loss while the feature is on.
    pub loss_on: f64,
    /// The loss while the feature is off.
    pub loss_off: f64,
    /// How the optimum uses its rectifier.
    pub regime: Regime,
}

/// The optimum for the paper's features at interference `sigma`.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn optimum(probability: f64, sigma: f64) -> Result<Optimum> {
    Feature::uniform(probability)?.optimum(sigma)
}

/// The optimum for the paper's features at the Welch bound of a ratio, `σ² = (p/3 − p²/4)(1/r − 1)`
/// (equation 6).
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Ratio`](crate::Error::Ratio) outside
/// (0, 1].
pub fn optimum_at_ratio(probability: f64, ratio: f64) -> Result<Optimum> {
    Feature::uniform(probability)?.optimum_at_ratio(ratio)
}

/// The optima of a grid in row-major order, with one row per probability and one column per ratio.
///
/// # Errors
/// The errors of [`optimum_at_ratio`].
pub fn phase_map(probabilities: &[f64], ratios: &[f64]) -> Result<Vec<Optimum>> {
    let pairs = probabilities.iter().flat_map(|&p| ratios.iter().map(move |&r| (p, r)));
    pairs.map(|(p, r)| optimum_at_ratio(p, r)).collect()
}

impl<M: Integrable> Feature<M> {
    /// The optimum at the Welch bound of a ratio; at ratio 1 the loss is 0.
    ///
    /// # Errors
    /// [`Error::Ratio`](crate::Error::Ratio) outside (0, 1], and the errors of
    /// [`optimum`](Self::optimum).
    pub fn optimum_at_ratio(&self, ratio: f64) -> Result<Optimum> {
        self.optimum(self.welch_sigma(ratio)?)
    }

    /// The optimum at interference `σ`; at `σ = 0` it is the identity, with the loss 0.
    ///
    /// # Errors
    /// [`Error::Sigma`]; [`Error::NotSettled`] for a law of the magnitude for which the search does
    /// not settle.
    pub fn optimum(&self, sigma: f64) -> Result<Optimum> {
        error::sigma(sigma)?;
        self.optimum_in(sigma, self.scale(sigma)).map(|(optimum, _)| optimum)
    }

    /// Returns the optimum, which is found in the units of `scale`, and its loss in those units.
    pub(crate) fn optimum_in(&self, sigma: f64, scale: Scale) -> Result<(Optimum, f64)> {
        let (mean, variance) = (self.mean(), self.variance());
        if sigma == 0.0 {
            return Ok(self.describe(sigma, Scale::plain(0.0), Gain { value: 1.0, rest: 0.0 }, 0.0));
        }
        let affine = variance / (variance + sigma * sigma);
        // Here the feature does not vary (a constant that is always on), or the noise is far above
        // the signal and the gain is about V/σ². The best output is a constant.
        if variance <= 1e-15 * self.second_moment()
            || sigma > 1e100
            || (sigma > 1.0 && variance / sigma / sigma < LEAST_GAIN)
        {
            let loss = variance.max(0.0);
            let (a, b, shift) = (0.0, mean, f64::INFINITY);
            let u = self.magnitude().mean();
            let loss_on = self.magnitude().second_moment() - mean * (2.0 * u - mean);
            let (probability, loss_off, regime) = (self.probability(), mean * mean, Regime::Off);
            return Ok((
                Optimum { probability, sigma, a, effective_bias: b, shift, loss, loss_on, loss_off, regime },
                loss / scale.length / scale.length,
            ));
        }
        let search = Search { feature: self, scale };
        let affine_z = mean * (sigma / variance);
        let best = search.scan(affine_z)?;
        let (z, gain) = if best.best > NEVER_CLIPS {
            (affine_z, Gain { value: affine, rest: sigma * sigma / (variance + sigma * sigma) })
        } else {
            let z = search.polish(best)?;
            (z, search.terms(z).best_gain())
        };
        Ok(self.describe(sigma, scale, gain, z))
    }

    /// Returns the optimum, and its loss divided by `min(1, σ²)`.
    pub(crate) fn relative_optimum(&self, sigma: f64) -> Result<(Optimum, f64)> {
        let (scale, unit) = (self.scale(sigma), sigma.min(1.0));
        let (optimum, loss) = self.optimum_in(sigma, scale)?;
        Ok((optimum, if sigma == 0.0 { 0.0 } else { loss * (scale.length / unit) * (scale.length / unit) }))
    }

    fn describe(&self, sigma: f64, scale: Scale, gain: Gain, z: f64) -> (Optimum, f64) {
        let loss = self.symmetric_loss_at(&scale.channel(z), gain);
        let variance = self.variance();
        // The loss of the best affine output, V σ²/(V + σ²).
        let linear = scale.noise * scale.noise / (1.0 + (sigma / variance) * sigma);
        let regime = if sigma == 0.0 {
            Regime::Linear
        } else if scale.loss(loss.total) >= variance * (1.0 - REGIME_TOLERANCE) {
            Regime::Off
        } else if loss.total >= linear * (1.0 - REGIME_TOLERANCE) {
            Regime::Linear
        } else {
            Regime::Rectified
        };
        let shift = z * sigma;
        let optimum = Optimum {
            probability: self.probability(),
            sigma,
            a: gain.value,
            effective_bias: gain.value * shift,
            shift,
            loss: scale.loss(loss.total),
            loss_on: scale.loss(loss.on),
            loss_off: scale.loss(loss.off),
            regime,
        };
        (optimum, loss.total)
    }
}

/// The one-dimensional problem in `z = β/σ`.
struct Search<'a, M> {
    feature: &'a Feature<M>,
    scale: Scale,
}

/// The largest number of steps of the scan, more than it takes from the least to the greatest
/// number of f64 by doubling.
const SCAN: u32 = 4096;
/// The largest number of doublings of the step by which an end of the scan is moved out.
const DOUBLINGS: u32 = 60;
/// The largest number of steps of Newton's method and of bisection.
const POLISH: u32 = 200;

/// A point of the scan with its neighbours.
struct Bracket {
    low: f64,
    best: f64,
    high: f64,
}

/// The quality of a shift. Two shifts are compared by their losses where these are small, and
/// otherwise by what they gain on the output 0.
#[derive(Clone, Copy)]
struct Score {
    /// The loss divided by `p`.
    loss: f64,
    /// The gain on the loss of the output 0, divided by `p²`. The gain is of order `p²` where the
    /// noise hides the feature.
    gained: f64,
}

impl Score {
    fn better_than(&self, other: &Self, probability: f64) -> bool {
        let small = |score: &Self| score.loss < score.gained * probability;
        if small(self) || small(other) { self.loss < other.loss } else { self.gained > other.gained }
    }
}

impl<M: Integrable> Search<'_, M> {
    fn terms(&self, z: f64) -> Terms {
        self.feature.scaled_terms(&self.scale.channel(z))
    }

    fn score(&self, z: f64) -> Score {
        let (terms, p) = (self.terms(z), self.feature.probability());
        let gain = terms.best_gain();
        let gained = (gain.value / p) * (terms.product() / p) * terms.unscale();
        Score { loss: terms.loss_at(gain) / p, gained }
    }

    /// The best point of the scan, with two neighbours that are no better.
    fn scan(&self, affine_z: f64) -> Result<Bracket> {
        const WHAT: &str = "the best bias";
        let p = self.feature.probability();
        let lowest = -(-2.0 * p.ln()).sqrt() - 1.0;
        let highest = affine_z + 1.0;
        let next = |z: f64| if z < 2.0 { z + 1.25 } else { 2.0 * z };
        let mut bracket = Bracket { low: lowest, best: lowest, high: next(lowest) };
        let mut best = self.score(lowest);
        let mut z = lowest;
        for step in 0.. {
            if z >= highest {
                break;
            }
            if step == SCAN {
                return Err(Error::NotSettled { what: WHAT, steps: SCAN });
            }
            let previous = z;
            z = next(z);
            let score = self.score(z);
            if score.better_than(&best, p) {
                best = score;
                bracket = Bracket { low: previous, best: z, high: next(z) };
            }
        }
        // The ends of the scan are moved out until they are worse than the best point.
        for doubling in 0..DOUBLINGS {
            let step = f64::from(1 << doubling.min(30));
            if bracket.best == bracket.low {
                bracket.low -= step;
                let score = self.score(bracket.low);
                if score.better_than(&best, p) {
                    best = score;
                    bracket = Bracket { low: bracket.low, best: bracket.low, high: bracket.best };
                }
            } else if bracket.best >= highest {
                let score = self.score(bracket.high);
                if !score.better_than(&best, p) {
                    return Ok(bracket);
                }
                best = score;
                bracket = Bracket { low: bracket.best, best: bracket.high, high: bracket.high + step };
            } else {
                return Ok(bracket);
            }
        }
        Err(Error::NotSettled { what: WHAT, steps: DOUBLINGS })
    }

    /// The zero of `S` in a bracket.
    fn polish(&self, bracket: Bracket) -> Result<f64> {
        let Bracket { mut low, best: mut z, mut high } = bracket;
        for _ in 0..POLISH {
            let terms = self.terms(z);
            let gain = terms.best_gain();
            let residual = terms.residual_at(gain);
            if residual == 0.0 {
                return Ok(z);
            }
            if residual > 0.0 {
                low = z
            } else {
                high = z
            }
            let first = terms.first();
            let slope = terms.edge()
                - gain.value * terms.mass()
                - (first / terms.square()) * (residual - gain.value * first);
            let newton = z - residual / (slope * self.scale.noise);
            let good = slope < 0.0 && newton > low && newton < high;
            let next = if good { newton } else { 0.5 * (low + high) };
            let step = (next - z).abs();
            z = next;
            // The error of Newton's method squares at each step, so that after such a step it is
            // below rounding.
            if (step <= 1e-9 * z.abs() || step <= 1e-15)
                && (good || high - low <= 4.0 * f64::EPSILON * (1.0 + z.abs()))
            {
                return Ok(z);
            }
        }
        Err(Error::NotSettled { what: "the best bias", steps: POLISH })
    }
}
