//! The law of a feature before and after its noisy value is seen: the scalar channel of AMP and
//! OAMP.
//!
//! ```math
//! r = x + \tau Z, \qquad \eta(r) = E[x|r], \qquad \eta'(r) = \frac{\mathrm{Var}(x|r)}{\tau^2}, \qquad
//! \mathrm{mmse}(\tau^2) = E\,\mathrm{Var}(x|r), \qquad x = c\,u, \; c \sim B(p), \; Z \sim N(0, 1).
//! ```
//!
//! | magnitude u | given that the feature is on |
//! |---|---|
//! | uniform on `[l, h]` | a Gaussian cut to the interval: `theory`'s [`Posterior`](toy_superposition_theory::Posterior), moved and scaled; of `l < 0 < h` the two halves |
//! | finitely many values | weights `w_k exp(u_k (2r − u_k)/(2τ²))` against 1 for off |
//! | exponential, rate λ | a Gaussian about `r − λτ²` cut to [0, ∞) |

use toy_superposition_data::{AnyMagnitude, Law, Magnitude};
use toy_superposition_theory::Feature;

use crate::quadrature::{Panels, gauss, nodes};
use crate::{Error, Result};

/// The mean and the variance of a feature x, before or after its noisy value r is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// The mean `E x` or `E[x|r]`.
    pub mean: f64,
    /// The variance `Var x` or `Var(x|r)`.
    pub variance: f64,
}

/// The law of one feature, as far as a decoder needs it. Implement this trait for laws that
/// [`SparsePrior`] does not cover.
///
/// The scalar channel is `r = x + τZ` with `Z ~ N(0, 1)`. A decoder uses the posterior mean
/// `η(r) = E[x|r]`, its slope `η'(r) = Var(x|r)/τ²`, and `mmse(τ²) = E Var(x|r)`.
pub trait Prior: Sync {
    /// The mean `E x` and the variance `Var x`.
    fn before(&self) -> Belief;

    /// The mean `E[x|r]` and the variance `Var(x|r)` for `r = x + τZ`, `τ > 0`. They are NaN for an
    /// `r` or `τ` that is NaN.
    fn given(&self, r: f64, tau: f64) -> Belief;

    /// The points at which `E[x|r]` bends when the noise is small, in increasing order: 0, and the
    /// ends or values of the magnitude. Further than 18τ from all of them `E[x|r]` must be straight
    /// up to rounding, or such an `r` must never occur.
    fn bends(&self) -> Vec<f64>;

    /// The density of `r = x + τZ`.
    fn density(&self, r: f64, tau: f64) -> f64;

    /// The largest `x` that is not negligible.
    fn largest(&self) -> f64;

    /// The least mean squared error `E Var(x|r)` at noise `τ ≥ 0`.
    ///
    /// The default is a quadrature of `density` times the variance, with an error of about 1e-10.
    fn mmse(&self, tau: f64) -> f64 {
        if tau == 0.0 {
            return 0.0;
        }
        let bends = self.bends();
        let ends = (bends[0] - 12.0 * tau, self.largest() + 12.0 * tau);
        Panels { ends, bends: &bends, width: 0.125 * tau, near: 20.0 * tau, longest: f64::INFINITY }
            .integrate(|r| self.density(r, tau) * self.given(r, tau).variance)
    }

    /// The average `E f(x)`.
    fn average(&self, f: &dyn Fn(f64) -> f64) -> f64;
}

/// The law of a feature `x = c u` that is on with probability p and then has one of the magnitudes
/// of `data`.
///
/// The law of u given r and that the feature is on is, for each magnitude: for a uniform u, a
/// Gaussian cut to the interval, as in [`Posterior`](toy_superposition_theory::Posterior); for
/// finitely many values `u_k`, weights proportional to `w_k exp(u_k (2r − u_k)/(2τ²))`; for an
/// exponential u of rate λ, a Gaussian about `r − λτ²` cut to [0, ∞).
///
/// ```
/// use toy_superposition_recovery::{Prior, SparsePrior};
///
/// let paper = SparsePrior::paper(0.05)?;
/// // At little noise a value well above it is believed, and a value well below 0 is not.
/// assert!((paper.given(0.5, 0.01).mean - 0.5).abs() < 1e-12);
/// assert!(paper.given(-0.05, 0.01).mean < 1e-5);
/// # Ok::<(), toy_superposition_recovery::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparsePrior {
    probability: f64,
    magnitude: AnyMagnitude,
    /// The paper's feature of the same probability.
    unit: Feature,
}

/// The least standard deviation of the noise in units of the magnitude; a smaller one is replaced
/// by this, which changes no result.
const SILENT: f64 = 1e-100;

impl SparsePrior {
    /// A feature that is on with `probability` and then has the law `magnitude`.
    ///
    /// # Errors
    /// [`Error::Channel`] for a probability outside (0, 1].
    pub fn new(probability: f64, magnitude: AnyMagnitude) -> Result<Self> {
        Ok(Self { probability, magnitude, unit: Feature::uniform(probability)? })
    }

    /// The paper's feature, `u ~ U[0, 1]`.
    ///
    /// # Errors
    /// [`Error::Channel`] for a probability outside (0, 1].
    pub fn paper(probability: f64) -> Result<Self> {
        Self::new(probability, AnyMagnitude::Uniform(toy_superposition_data::UnitUniform))
    }

    /// The feature of a law whose features are all alike. Their dependence on each other is
    /// ignored.
    ///
    /// # Errors
    /// [`Error::Prior`] if the features differ in their probabilities; [`Error::Law`] if no
    /// magnitude can be built from the description of the law.
    pub fn of_law(law: &dyn Law) -> Result<Self> {
        let probability = law.moments(0).probability;
        if (1..law.features()).any(|i| law.moments(i).probability != probability) {
            return Err(Error::Prior { what: "features of different probabilities" });
        }
        Self::new(probability, law.spec().magnitude.build()?)
    }

    /// The probability `p` that the feature is on.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    /// The law of the magnitude `u`.
    pub fn magnitude(&self) -> &AnyMagnitude {
        &self.magnitude
    }

    /// The law of x as values x with weights w, where the off state comes first.
    /// `Σ w g(x) = E g(x)` for any `g` if u takes finitely many values. Otherwise it holds if a
    /// polynomial of degree 15 follows `g`, times the density of u, on each of `panels` equal parts
    /// of the support of u (up to 44 means for the exponential law). At least one part is taken.
    ///
    /// ```
    /// use toy_superposition_recovery::SparsePrior;
    ///
    /// let nodes = SparsePrior::paper(0.05)?.nodes(1);
    /// let square: f64 = nodes.iter().map(|(x, weight)| weight * x * x).sum();
    /// assert_eq!(nodes[0], (0.0, 0.95));
    /// assert!((square - 0.05 / 3.0).abs() < 1e-15);
    /// # Ok::<(), toy_superposition_recovery::Error>(())
    /// ```
    pub fn nodes(&self, panels: u32) -> Vec<(f64, f64)> {
        let p = self.probability;
        let on: Vec<(f64, f64)> = match &self.magnitude {
            AnyMagnitude::Points(law) => law.iter().collect(),
            AnyMagnitude::Constant(law) => vec![(law.mean(), 1.0)],
            other => {
                let high =
                    if let AnyMagnitude::Exponential(_) = other { self.largest() } else { other.support().1 };
                let ends = (other.support().0, high);
                nodes(ends, panels.max(1))
                    .map(|(u, w)| (u, w * other.density(u).unwrap_or(f64::NAN)))
                    .collect()
            }
        };
        [(0.0, 1.0 - p)].into_iter().chain(on.into_iter().map(|(u, w)| (u, p * w))).collect()
    }

    /// The unit `√E u²` of lengths.
    fn scale(&self) -> f64 {
        self.magnitude.second_moment().sqrt()
    }

    /// For a feature that is on, the logarithm of the density of `r` divided by that of the noise
    /// alone, and `E[u|r]` and `Var(u|r)`.
    fn on(&self, r: f64, tau: f64) -> (f64, Belief) {
        match &self.magnitude {
            AnyMagnitude::Exponential(law) => exponential(r, tau, law.mean().recip()),
            AnyMagnitude::Points(law) => points(r, tau, || law.iter()),
            AnyMagnitude::Constant(law) => points(r, tau, || std::iter::once((law.mean(), 1.0))),
            other => {
                let (low, high) = other.support();
                let mirrored = |(log, belief): (f64, Belief)| (log, Belief { mean: -belief.mean, ..belief });
                if low >= 0.0 {
                    interval(r, tau, (low, high))
                } else if high <= 0.0 {
                    mirrored(interval(-r, tau, (-high, -low)))
                } else {
                    let halves = [interval(r, tau, (0.0, high)), mirrored(interval(-r, tau, (0.0, -low)))];
                    either(halves, [high, -low].map(|length| length / (high - low)))
                }
            }
        }
    }
}

/// The mixture of two laws with these probabilities.
fn either(parts: [(f64, Belief); 2], shares: [f64; 2]) -> (f64, Belief) {
    let logs = [0, 1].map(|k| parts[k].0 + shares[k].ln());
    let most = logs[0].max(logs[1]);
    if !most.is_finite() {
        // Either both densities vanish, or one of them is infinitely larger than the other and
        // stands alone.
        return (most, parts[usize::from(logs[1] > logs[0])].1);
    }
    let weights = logs.map(|log| (log - most).exp());
    let sum = weights[0] + weights[1];
    let [a, b] = weights.map(|weight| weight / sum);
    let (first, second) = (parts[0].1, parts[1].1);
    let variance = a * first.variance + b * second.variance + a * b * (first.mean - second.mean).powi(2);
    (most + sum.ln(), Belief { mean: a * first.mean + b * second.mean, variance })
}

/// The law for a magnitude that is uniform on an interval with `l ≥ 0`, by the posterior of
/// `U[0, 1]` in units of the length of the interval. The factor `exp(l (2r − l)/(2τ²))` moves the
/// off state from `l` to 0.
fn interval(r: f64, tau: f64, (low, high): (f64, f64)) -> (f64, Belief) {
    let length = high - low;
    let half = Feature::uniform(0.5).and_then(|even| even.posterior((r - low) / length, tau / length));
    let Ok(known) = half else { return (f64::NAN, Belief { mean: f64::NAN, variance: f64::NAN }) };
    let log = known.on.ln() - known.off.ln() + low * (2.0 * r - low) / (2.0 * tau * tau);
    let mean = low + length * known.magnitude;
    (log, Belief { mean, variance: length * length * known.variance_on })
}

fn points<I: Iterator<Item = (f64, f64)>>(r: f64, tau: f64, points: impl Fn() -> I) -> (f64, Belief) {
    let logs = || points().map(|(u, weight)| (u, weight.ln() + u * (2.0 * r - u) / (2.0 * tau * tau)));
    let most = logs().map(|(_, log)| log).fold(f64::NEG_INFINITY, f64::max);
    let (mut sum, mut mean) = (0.0, 0.0);
    for (u, log) in logs() {
        let weight = (log - most).exp();
        sum += weight;
        mean += weight * u;
    }
    mean /= sum;
    let variance = logs().map(|(u, log)| (log - most).exp() * (u - mean) * (u - mean)).sum::<f64>() / sum;
    (most + sum.ln(), Belief { mean, variance })
}

/// The law for an exponential magnitude. With `z = r/τ − λτ` and `h = φ(z)/Φ(z)`, the density
/// divided by that of the noise is `λτ Φ(z)/φ(z)`, the mean is `τ (z + h)`, and the variance is
/// `τ² (1 − h (z + h))`.
fn exponential(r: f64, tau: f64, rate: f64) -> (f64, Belief) {
    let z = r / tau - rate * tau;
    let (log_ratio, above, spread) = half_line(z);
    let log = (rate * tau).ln() + log_ratio;
    (log, Belief { mean: tau * above, variance: tau * tau * spread })
}

/// For a unit Gaussian about `z` that is cut to [0, ∞), returns `ln (Φ(z)/φ(z))`, the mean and the
/// variance.
fn half_line(z: f64) -> (f64, f64, f64) {
    const LOG_SQRT_TAU: f64 = 0.918_938_533_204_672_7;
    if z > -5.0 {
        let mass = 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2);
        let log = mass.ln() + 0.5 * z * z + LOG_SQRT_TAU;
        let h = (-log).exp();
        (log, z + h, 1.0 - h * (z + h))
    } else {
        // Mills' ratio is the continued fraction 1/(y + 1/(y + 2/(y + 3/(y + …)))), and `tails[k]`
        // is the fraction from k on.
        let y = -z;
        let mut tails = [0.0; 3];
        let mut tail = y;
        for k in (1..=60).rev() {
            tail = y + f64::from(k) / tail;
            if k <= 3 {
                tails[k as usize - 1] = tail;
            }
        }
        // Here h = tails[0], mean = h − y = 1/tails[1] and variance = 1 − h (h − y) = (2/tails[2] −
        // 1/tails[1])/tails[1].
        let mean = tails[1].recip();
        let variance = (2.0 / tails[2] - mean) * mean;
        (-tails[0].ln(), mean, variance)
    }
}

impl Prior for SparsePrior {
    fn before(&self) -> Belief {
        let [first, second, ..] = self.magnitude.raw_moments();
        let mean = self.probability * first;
        Belief { mean, variance: self.probability * second - mean * mean }
    }

    fn given(&self, r: f64, tau: f64) -> Belief {
        if let AnyMagnitude::Uniform(_) = self.magnitude {
            let known = self.unit.posterior(r, tau);
            return known.map_or(Belief { mean: f64::NAN, variance: f64::NAN }, |known| Belief {
                mean: known.mean(),
                variance: known.variance(),
            });
        }
        let tau = tau.max(SILENT * self.scale());
        let (log, Belief { mean, variance }) = self.on(r, tau);
        let log = log + self.probability.ln() - (-self.probability).ln_1p();
        let (on, off) = (1.0 / (1.0 + (-log).exp()), 1.0 / (1.0 + log.exp()));
        Belief { mean: on * mean, variance: on * (variance + off * mean * mean) }
    }

    fn bends(&self) -> Vec<f64> {
        let mut bends = vec![0.0];
        match &self.magnitude {
            AnyMagnitude::Exponential(_) => (),
            AnyMagnitude::Points(law) => bends.extend(law.iter().map(|(u, _)| u)),
            other => bends.extend([other.support().0, other.support().1]),
        }
        bends.sort_by(f64::total_cmp);
        bends.dedup();
        bends
    }

    fn density(&self, r: f64, tau: f64) -> f64 {
        let noise = -0.5 * (r / tau) * (r / tau);
        let unit = (tau * std::f64::consts::TAU.sqrt()).recip();
        let on = match &self.magnitude {
            AnyMagnitude::Uniform(_) | AnyMagnitude::Interval(_) => {
                let (low, high) = self.magnitude.support();
                let below = |end: f64| 0.5 * libm::erfc((end - r) / tau * std::f64::consts::FRAC_1_SQRT_2);
                (below(low) - below(high)) / (high - low)
            }
            // The exponents are added first, since the logarithm may be large where the density of
            // the noise is small.
            _ => unit * (noise + self.on(r, tau).0).exp(),
        };
        (1.0 - self.probability) * unit * noise.exp() + self.probability * on
    }

    fn largest(&self) -> f64 {
        match &self.magnitude {
            AnyMagnitude::Exponential(law) => 44.0 * law.mean(),
            other => other.support().1.max(0.0),
        }
    }

    fn mmse(&self, tau: f64) -> f64 {
        if let AnyMagnitude::Uniform(_) = self.magnitude {
            return self.unit.bayes_loss(tau).unwrap_or(f64::NAN);
        }
        if tau == 0.0 {
            return 0.0;
        }
        let (bends, longest) = (self.bends(), self.scale() / 16.0);
        let ends = (bends[0] - 12.0 * tau, self.largest() + 12.0 * tau);
        Panels { ends, bends: &bends, width: 0.125 * tau, near: 20.0 * tau, longest }
            .integrate(|r| self.density(r, tau) * self.given(r, tau).variance)
    }

    fn average(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        let on = match &self.magnitude {
            AnyMagnitude::Points(law) => law.iter().map(|(u, weight)| weight * f(u)).sum(),
            AnyMagnitude::Constant(law) => f(law.mean()),
            AnyMagnitude::Exponential(law) => {
                let rate = law.mean().recip();
                gauss((0.0, self.largest()), 512, |u| f(u) * rate * (-rate * u).exp())
            }
            other => {
                let (low, high) = other.support();
                gauss((low, high), 512, f) / (high - low)
            }
        };
        (1.0 - self.probability) * f(0.0) + self.probability * on
    }
}
