//! The best rectifier with a jump, a JumpReLU: a hard threshold with a gain and a bias.

use super::posterior::{Conditional, interval};
use crate::error::{self, Result};
use crate::gaussian::channel::{Channel, Scale};
use crate::gaussian::feature::Feature;
use crate::gaussian::line::{Gain, Line};
use crate::gaussian::optimum::Optimum;
use crate::gaussian::terms::Terms;
use crate::magnitude::Integrable;

/// The decoder `z 1[z > θ]` with `z = a y + b`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct JumpRelu {
    /// The gain `a`.
    pub gain: f64,
    /// The bias `b`.
    pub bias: f64,
    /// The threshold `θ`: the output is 0 where `z ≤ θ`.
    pub threshold: f64,
}

/// The JumpReLU of least loss.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ThresholdOptimum {
    /// The probability `p` that the feature is on.
    pub probability: f64,
    /// `σ`, the standard deviation of the interference at unit diagonal.
    pub sigma: f64,
    /// The gain `a`, the bias `b` and the threshold `θ ≥ 0`; `θ = 0` where no jump is best.
    pub decoder: JumpRelu,
    /// The cut `τ = (θ − b)/a`: the output is 0 for `y ≤ τ`.
    pub cut: f64,
    /// The loss per feature.
    pub loss: f64,
}

/// The best JumpReLU for the paper's features at interference `sigma`.
///
/// ```math
/// f(y) = z\,1[z > \theta], \quad z = a y + b; \qquad
/// f(y) = (a Y + \theta)\,1[Y > 0], \quad Y = y - \tau, \quad \theta = a\tau + b \quad (a > 0).
/// ```
///
/// The ReLU is the case `θ = 0`. Given the cut `τ`, the loss is least for the linear regression of
/// `x` on `Y` where `Y > 0`: two normal equations in the integrals of [`Terms`]. Then the loss is a
/// function of `τ` alone, with
///
/// ```math
/// \frac{dL}{d\tau} = f_y(\tau)\,\theta\,(2E[x|y = \tau] - \theta).
/// ```
///
/// So a minimum is of one of two kinds. Either it has no jump, and then it is the optimum of the
/// ReLU; or its output just above the cut is twice the mean that Bayes's decoder gives there. No
/// other decoder can be best: negative outputs are worse than 0, and an output that falls with `y`
/// is worse than a constant, since `E[x|y]` grows with `y`.
///
/// The optimum of the ReLU is known. The other kind is found by a scan of the cuts over the range
/// where `y` has any mass, followed by bisection. The better of the two is returned: the one with a
/// jump at small `p` (below 0.0098 at a ratio of 0.1, 0.075 at 0.5, 0.37 at 0.9), the ReLU at
/// larger `p`.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Sigma`](crate::Error::Sigma).
pub fn threshold_optimum(probability: f64, sigma: f64) -> Result<ThresholdOptimum> {
    Feature::uniform(probability)?.threshold_optimum(sigma)
}

impl JumpRelu {
    /// The output `z 1[z > θ]`, `z = a y + b`, at the pre-activation `y`.
    pub fn output(&self, y: f64) -> f64 {
        let z = self.gain * y + self.bias;
        if z > self.threshold { z } else { 0.0 }
    }
}

impl<M: Integrable> Feature<M> {
    /// The loss per feature of any JumpReLU, `E (x − f(x + ν))²` with `ν ~ N(0, σ²)`, in closed
    /// form; at `σ = 0` its limit.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::Sigma`](crate::Error::Sigma).
    pub fn jump_loss(&self, decoder: &JumpRelu, sigma: f64) -> Result<f64> {
        let &JumpRelu { gain, bias, threshold } = decoder;
        for (what, given) in [("gain", gain), ("bias", bias), ("threshold", threshold)] {
            error::finite(what, given)?;
        }
        error::sigma(sigma)?;
        // Y = ± (y − τ)
        let shift = (bias - threshold) / gain.abs();
        if !shift.is_finite() {
            // The gain is 0 or so small that the output is a constant.
            let distance = decoder.output(0.0) - self.mean();
            return Ok(self.variance() + distance * distance);
        }
        let channel = Channel::new(gain.signum(), shift, sigma)?;
        let gain = Gain { value: gain.abs(), rest: 1.0 - gain };
        Ok(self.terms(&channel).line_loss(&Line { gain, bias, jump: threshold }))
    }
}

impl Feature {
    /// The JumpReLU of least loss at interference `σ`, over all gains, biases and thresholds;
    /// `σ = 0` gives the identity.
    ///
    /// # Errors
    /// [`Error::Sigma`](crate::Error::Sigma).
    pub fn threshold_optimum(&self, sigma: f64) -> Result<ThresholdOptimum> {
        error::sigma(sigma)?;
        let (relu, loss) = self.relative_optimum(sigma)?;
        Ok(self.best_threshold(&relu, loss).0)
    }

    /// The JumpReLU of least loss, found from the optimum of the ReLU at the same interference and
    /// that optimum's loss divided by `min(1, σ²)`. Also returns the loss of the JumpReLU divided
    /// by `min(1, σ²)`.
    pub(crate) fn best_threshold(&self, relu: &Optimum, relu_loss: f64) -> (ThresholdOptimum, f64) {
        let &Optimum { probability, sigma, a, effective_bias: b, shift, loss, .. } = relu;
        let decoder = JumpRelu { gain: a, bias: b, threshold: 0.0 };
        let smooth = ThresholdOptimum { probability, sigma, decoder, cut: -shift, loss };
        if sigma == 0.0 || !shift.is_finite() {
            return (smooth, relu_loss);
        }
        let scale = self.noise_scale(sigma);
        let search = Search { feature: self, scale, sigma, h: interval(sigma) };
        let Some(z) = search.scan() else { return (smooth, relu_loss) };
        let line = self.scaled_terms(&scale.channel(-z)).best_line();
        let loss = self.terms(&scale.channel(-z)).line_loss(&line);
        if loss >= relu_loss {
            return (smooth, relu_loss);
        }
        let Line { gain, bias, jump } = line;
        let [bias, threshold] = [bias, jump].map(|length| length * scale.length);
        let decoder = JumpRelu { gain: gain.value, bias, threshold };
        (ThresholdOptimum { decoder, cut: z * sigma, loss: scale.loss(loss), ..smooth }, loss)
    }
}

/// The one-dimensional problem in `z = τ/σ`.
struct Search<'a> {
    feature: &'a Feature,
    scale: Scale,
    sigma: f64,
    h: f64,
}

impl Search<'_> {
    fn terms(&self, z: f64) -> Terms {
        self.feature.scaled_terms(&self.scale.channel(-z))
    }

    /// The loss that the best line above a cut saves compared with the output 0, divided by the
    /// loss of that line. The larger it is, the better the cut; it is exact where either loss is
    /// small.
    fn merit(&self, z: f64) -> f64 {
        let terms = self.terms(z);
        let line = terms.best_line();
        let [product, signal] = [terms.product(), terms.residual(0.0)].map(|x| x / terms.line_loss(&line));
        (line.gain.value * product + line.jump * signal) * terms.unscale()
    }

    /// A number with the sign of `dL/dτ` where there is a jump.
    fn slope(&self, z: f64) -> f64 {
        let given = Conditional::new(z, self.h - z, self.h);
        let mean = given.states(self.feature.probability()).0 * given.mean / self.scale.length;
        2.0 * mean - self.terms(z).best_line().jump
    }

    /// The cut `z = τ/σ` of the best minimum with a jump, if there is one.
    fn scan(&self) -> Option<f64> {
        const LOWEST: f64 = -8.0;
        const STEP: f64 = 0.25;
        // Beyond this range every feature that is dropped is on: τ > √(2 ln(1/(pσ))) σ, or τ > 1 +
        // 4σ. For f64 the end of the range is at most 58.
        let rare = -2.0 * (self.feature.probability().ln() + self.sigma.ln());
        let highest = 4.0 + self.h.min(rare.max(0.0).sqrt());
        let steps = ((highest - LOWEST) / STEP).ceil() as u32;
        let mut best: Option<(f64, f64)> = None;
        let (mut low, mut falling) = (LOWEST, self.slope(LOWEST) < 0.0);
        for step in 1..=steps {
            let high = LOWEST + STEP * f64::from(step);
            let falls = self.slope(high) < 0.0;
            if falling && !falls {
                let z = self.root(low, high);
                let merit = self.merit(z);
                if best.is_none_or(|(_, most)| merit > most) {
                    best = Some((z, merit));
                }
            }
            (low, falling) = (high, falls);
        }
        best.map(|(z, _)| z)
    }

    /// The zero of the slope by bisection, where the slope is negative at `low` and not at `high`.
    fn root(&self, mut low: f64, mut high: f64) -> f64 {
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.slope(middle) < 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}
