//! The law of a feature given its pre-activation `y = c u + ν` (appendix D, equations 25 and 26,
//! with the off state).

use std::sync::LazyLock;

use crate::error::{self, Result};
use crate::gaussian::feature::Feature;
use crate::gaussian::tail::{PHI_0, Tail};
use crate::quadrature::gauss_legendre;

/// The 16 nodes of Gauss–Legendre quadrature on (0, 1) with their weights.
pub(crate) static RULE: LazyLock<[(f64, f64); 16]> =
    LazyLock::new(|| gauss_legendre().map(|(x, weight)| (0.5 * (1.0 + x), 0.5 * weight)));

/// Where `h (d + 3/2)` is below this, the error of Gauss's rule is below 1e-15; above it the tails
/// hardly cancel.
const SHORT: f64 = 6.0;

/// The law of a feature `x = c u` given `y = x + ν`, for the paper's `u ~ U[0, 1]` and
/// `ν ~ N(0, σ²)` (appendix D, equations 25 and 26, with the off state).
///
/// In units of the noise, let `t = y/σ` and `h = 1/σ`. The densities of `t` while the feature is on
/// (`q`) and off (`φ`), and the mean `μ` and variance `v` of `u` while it is on (a Gaussian of mean
/// `y` and variance `σ²` cut to [0, 1]), are
///
/// ```math
/// q(t) = \int_0^1 \varphi(t - hs)\,ds, \qquad \varphi(t), \qquad
/// \mu = \frac1q \int_0^1 s\,\varphi(t - hs)\,ds, \qquad v = \frac1q \int_0^1 (s - \mu)^2\,\varphi(t - hs)\,ds,
/// ```
/// ```math
/// \pi = P[c = 1 \mid y] = \frac{p\,q}{p\,q + (1-p)\,\varphi}, \qquad E[x|y] = \pi\mu, \qquad
/// \mathrm{Var}(x|y) = \pi v + \pi(1-\pi)\mu^2.
/// ```
///
/// The integrals are differences of the scaled Gaussian tails `r_k` of
/// [`RectifiedMoments`](crate::RectifiedMoments) at the distance of `t` from [0, h]. Where the
/// interval is short and the differences would cancel, the integrals are summed by Gauss's rule.
/// `q/φ` is kept as its logarithm. So nothing underflows however far `y` lies from [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Posterior {
    /// `π = P[c = 1 | y]`: the probability that the feature is on.
    pub on: f64,
    /// `1 − π`, as accurate relative to itself as `π` is.
    pub off: f64,
    /// `μ = E[u | y, c = 1]`: the mean of the magnitude while the feature is on.
    pub magnitude: f64,
    /// `v = Var(u | y, c = 1)`: the variance of the magnitude while the feature is on.
    pub variance_on: f64,
}

impl Posterior {
    /// `E[x|y] = πμ`: the output of the decoder of least squared error.
    pub fn mean(&self) -> f64 {
        self.on * self.magnitude
    }

    /// `Var(x|y) = π (v + (1 − π) μ²)`: the squared error of that decoder at this `y`.
    pub fn variance(&self) -> f64 {
        self.on * (self.variance_on + self.off * self.magnitude * self.magnitude)
    }
}

impl Feature {
    /// The posterior of `x` given `y = x + ν`, `ν ~ N(0, σ²)`; its [`mean`](Posterior::mean) is
    /// Bayes's decoder.
    ///
    /// At `σ = 0` the limit is returned: the feature is on and known for `y` in (0, 1], and off for
    /// `y ≤ 0` unless `p = 1`; a `y > 1` is taken as 1. All four numbers have a relative error of
    /// at most 2e-13 for `y` from `−40σ` to `1 + 30σ` and `σ` from 1e-4 to 1e2.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for `y`, [`Error::Sigma`](crate::Error::Sigma)
    /// for a `σ` outside [0, ∞).
    pub fn posterior(&self, y: f64, sigma: f64) -> Result<Posterior> {
        error::finite("y", y)?;
        error::sigma(sigma)?;
        let p = self.probability();
        if sigma == 0.0 {
            let on = if y > 0.0 || p == 1.0 { 1.0 } else { 0.0 };
            return Ok(Posterior { on, off: 1.0 - on, magnitude: y.clamp(0.0, 1.0), variance_on: 0.0 });
        }
        // Smaller noise makes no difference.
        let sigma = sigma.max(SILENT);
        let scaled = |x: f64| (x / sigma).clamp(-FARTHEST, FARTHEST);
        let given = Conditional::new(scaled(y), scaled(1.0 - y), interval(sigma));
        let (on, off) = given.states(p);
        Ok(Posterior { on, off, magnitude: given.mean, variance_on: given.variance })
    }
}

/// The least standard deviation of the noise; a smaller one is replaced by this, which changes no
/// result.
const SILENT: f64 = 1e-305;
/// The largest distance in units of the noise; a larger one is replaced by this, which changes no
/// result.
const FARTHEST: f64 = 1e306;

/// `h = 1/σ`, bounded where it would overflow.
pub(crate) fn interval(sigma: f64) -> f64 {
    sigma.max(SILENT).recip()
}

/// The law of `u` while the feature is on, at one `t`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditional {
    /// `q`, the density of `t`.
    pub(crate) density: f64,
    /// The logarithm `ln (q/φ(t))`.
    log_ratio: f64,
    /// The mean `μ` of `u`.
    pub(crate) mean: f64,
    /// The variance `v` of `u`.
    pub(crate) variance: f64,
}

impl Conditional {
    /// The law at `t`. `beyond = h − t` is given separately, so that it is accurate where it is
    /// small.
    pub(crate) fn new(t: f64, beyond: f64, h: f64) -> Self {
        // u ↦ 1 − u makes t ≤ h/2.
        let near = t.min(beyond);
        let Slice { distance, ratio, mean, variance } = Slice::new(near, h);
        let mean = if t <= beyond { mean } else { 1.0 - mean };
        let density = PHI_0 * ratio * (-0.5 * distance * distance).exp();
        // (t² − d²)/2 with d = −t, 0 or t − h.
        let log = if t <= 0.0 {
            0.0
        } else if beyond >= 0.0 {
            0.5 * t * t
        } else {
            0.5 * h * (t - beyond)
        };
        Self { density, log_ratio: ratio.max(f64::MIN_POSITIVE).ln() + log, mean, variance }
    }

    /// Returns `π` and `1 − π` for a feature that is on with this probability.
    pub(crate) fn states(&self, probability: f64) -> (f64, f64) {
        let odds = (probability.ln() - (-probability).ln_1p() + self.log_ratio).exp();
        let off = 1.0 / (1.0 + odds);
        (if odds > 1.0 { 1.0 - off } else { odds * off }, off)
    }
}

/// A Gaussian of unit variance cut to an interval of length `h`, which is then scaled to [0, 1].
struct Slice {
    /// The distance `d` of the Gaussian's middle from the interval.
    distance: f64,
    /// The ratio `q/φ(d)`.
    ratio: f64,
    mean: f64,
    variance: f64,
}

impl Slice {
    /// The slice whose Gaussian has its middle at `t ≤ h/2`.
    fn new(t: f64, h: f64) -> Self {
        let distance = (-t).max(0.0);
        let (ratio, mean, variance) = if h * (distance + 1.5) < SHORT {
            short(t, distance, h)
        } else if t < 0.0 {
            outside(distance, h)
        } else {
            inside(t, h)
        };
        Self { distance, ratio, mean, variance }
    }
}

/// The ratio, mean and variance of a slice by Gauss's rule, as sums of positive terms.
fn short(t: f64, distance: f64, h: f64) -> (f64, f64, f64) {
    let points = RULE.map(|(s, weight)| {
        let x = h * s;
        // ((t − x)² − d²)/2
        let exponent = if t < 0.0 { x * (distance + 0.5 * x) } else { 0.5 * (t - x) * (t - x) };
        (s, weight * (-exponent).exp())
    });
    let ratio: f64 = points.iter().map(|(_, weight)| weight).sum();
    let mean = points.iter().map(|(s, weight)| s * weight).sum::<f64>() / ratio;
    let variance = points.iter().map(|(s, weight)| weight * (s - mean) * (s - mean)).sum::<f64>() / ratio;
    (ratio, mean, variance)
}

/// The ratio, mean and variance where the interval lies on one side of the middle, from `d` to
/// `d + h`: `∫ xᵏ φ(d + x) dx / (k! φ(d))` is `r_k(d)` less the part beyond `d + h`, which has the
/// factor `e = exp(−h(d + h/2))`.
fn outside(d: f64, h: f64) -> (f64, f64, f64) {
    let Tail([_, mut m0, mut m1, mut m2, _]) = Tail::new(d);
    let e = (-h * (d + 0.5 * h)).exp();
    if e > 0.0 {
        let Tail([_, r0, r1, r2, _]) = Tail::new(d + h);
        m0 -= e * r0;
        m1 -= e * (r1 + h * r0);
        m2 -= e * (r2 + h * (r1 + 0.5 * h * r0));
    }
    let mean = m1 / m0;
    (m0 / (PHI_0 * h), mean / h, (2.0 * (m2 / m0) - mean * mean) / h / h)
}

/// The ratio, mean and variance where the middle lies inside, at `t ≤ h/2`: those of the whole
/// Gaussian less both tails.
fn inside(t: f64, h: f64) -> (f64, f64, f64) {
    let side = |x: f64| {
        let phi = PHI_0 * (-0.5 * x * x).exp();
        let tail = if phi > 0.0 { Tail::new(x).0[1] * phi / PHI_0 } else { 0.0 };
        (tail, phi, if phi > 0.0 { x * phi } else { 0.0 })
    };
    let ((low, phi_low, x_low), (high, phi_high, x_high)) = (side(t), side(h - t));
    let mass = 1.0 - low - high;
    let shift = (phi_low - phi_high) / mass;
    let variance = 1.0 - (x_low + x_high) / mass - shift * shift;
    (mass / (PHI_0 * h), (t + shift) / h, variance / h / h)
}
