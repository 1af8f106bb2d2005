//! Magnitudes with closed-form moments and generating functions, besides the paper's
//! [`UnitUniform`](crate::UnitUniform).

#[cfg(feature = "sampling")]
use rand::Rng;

use nalgebra::Complex;

#[cfg(feature = "sampling")]
use crate::magnitude::SampleMagnitude;
use crate::magnitude::{Magnitude, checked_moments, mean_exponential};
#[cfg(feature = "sampling")]
use crate::stream::unit;
use crate::{Error, MagnitudeSpec, Result};

/// The uniform law `u ~ U[low, high]`.
///
/// With `a = low` and `b = high`: `E uᵏ = Σ_{i ≤ k} aⁱ bᵏ⁻ⁱ / (k + 1)` and
/// `E e^{su} = e^{sa} (e^{s(b − a)} − 1)/(s(b − a))`.
///
/// ```
/// use toy_superposition_data::{Interval, Magnitude};
/// let signed = Interval::new(-1.0, 1.0)?;
/// assert_eq!((signed.mean(), signed.second_moment()), (0.0, 1.0 / 3.0));
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// The uniform law on `[low, high]`.
    ///
    /// # Errors
    /// [`Error::Interval`] unless `low < high` and both are finite; [`Error::Moments`] where `E u⁴`
    /// overflows or `E u²` underflows.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        if !(low < high && low.is_finite() && high.is_finite()) {
            return Err(Error::Interval { low, high });
        }
        let law = Self { low, high };
        checked_moments(law.raw_moments()).map(|_| law)
    }
}

impl Magnitude for Interval {
    fn raw_moments(&self) -> [f64; 4] {
        let (mut power, mut sum) = (1.0, 1.0);
        std::array::from_fn(|index| {
            // Updates Σ_{i ≤ k} lowⁱ highᵏ⁻ⁱ from the sum for k − 1.
            power *= self.low;
            sum = sum * self.high + power;
            sum / (index as f64 + 2.0)
        })
    }

    fn support(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some(if (self.low..=self.high).contains(&u) { 1.0 / (self.high - self.low) } else { 0.0 })
    }

    fn distribution_function(&self, at: f64) -> Option<f64> {
        Some(((at - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }

    fn generating_function(&self, s: Complex<f64>) -> Option<Complex<f64>> {
        Some((s * self.low).exp() * mean_exponential(s * (self.high - self.low)))
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Interval { low: self.low, high: self.high }
    }
}

#[cfg(feature = "sampling")]
impl SampleMagnitude for Interval {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.low + (self.high - self.low) * unit(rng)
    }
}

/// A magnitude that always has the same value v, so that `E uᵏ = vᵏ` and `E e^{su} = e^{sv}`.
/// Sampling it takes nothing from the RNG.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant(f64);

impl Constant {
    /// The magnitude `value`.
    ///
    /// # Errors
    /// [`Error::Moments`] unless `value` is finite, its fourth power does not overflow and its
    /// square is not 0.
    pub fn new(value: f64) -> Result<Self> {
        checked_moments(Self(value).raw_moments()).map(|_| Self(value))
    }
}

impl Magnitude for Constant {
    fn raw_moments(&self) -> [f64; 4] {
        let square = self.0 * self.0;
        [self.0, square, square * self.0, square * square]
    }

    fn support(&self) -> (f64, f64) {
        (self.0, self.0)
    }

    fn distribution_function(&self, at: f64) -> Option<f64> {
        Some(if at >= self.0 { 1.0 } else { 0.0 })
    }

    fn generating_function(&self, s: Complex<f64>) -> Option<Complex<f64>> {
        Some((s * self.0).exp())
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Constant { value: self.0 }
    }
}

#[cfg(feature = "sampling")]
impl SampleMagnitude for Constant {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, _: &mut R) -> f64 {
        self.0
    }
}

/// The exponential law with density `λ e^{−λu}` for `u ≥ 0`, so that `E uᵏ = k!/λᵏ` and
/// `E e^{su} = λ/(λ − s)` for `Re s < λ`.
///
/// ```
/// use toy_superposition_data::{Exponential, Magnitude};
/// assert_eq!(Exponential::new(2.0)?.mean(), 0.5);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    rate: f64,
}

impl Exponential {
    /// The law of rate `λ`, whose mean is `1/λ`.
    ///
    /// # Errors
    /// [`Error::Rate`] unless `λ` is positive and finite; [`Error::Moments`] where `E u⁴ = 24/λ⁴`
    /// overflows or `E u²` underflows.
    pub fn new(rate: f64) -> Result<Self> {
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(Error::Rate { given: rate });
        }
        let law = Self { rate };
        checked_moments(law.raw_moments()).map(|_| law)
    }
}

impl Magnitude for Exponential {
    fn raw_moments(&self) -> [f64; 4] {
        let mut moment = 1.0;
        std::array::from_fn(|index| {
            moment *= (index as f64 + 1.0) / self.rate;
            moment
        })
    }

    fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some(if u < 0.0 { 0.0 } else { self.rate * (-self.rate * u).exp() })
    }

    fn distribution_function(&self, at: f64) -> Option<f64> {
        Some(-libm::expm1(-self.rate * at.max(0.0)))
    }

    fn generating_function(&self, s: Complex<f64>) -> Option<Complex<f64>> {
        (s.re < self.rate).then(|| Complex::from(self.rate) / (Complex::from(self.rate) - s))
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Exponential { rate: self.rate }
    }
}

#[cfg(feature = "sampling")]
impl SampleMagnitude for Exponential {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        -libm::log(unit(rng)) / self.rate
    }
}

/// A magnitude that takes finitely many values `v_i`, with probabilities `q_i`, so that
/// `E uᵏ = Σ_i q_i v_iᵏ` and `E e^{su} = Σ_i q_i e^{s v_i}`.
///
/// ```
/// use toy_superposition_data::{Magnitude, Points};
/// assert_eq!(Points::new(&[0.5, 1.0], &[1.0, 1.0])?.mean(), 0.75);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    values: Vec<f64>,
    weights: Vec<f64>,
    total: f64,
}

impl Points {
    /// The magnitude is `values[i]` with probability `weights[i]` divided by the sum of the
    /// weights.
    ///
    /// # Errors
    /// [`Error::Length`] unless there are as many weights as values, and at least one;
    /// [`Error::Weight`] for a weight below 0 or not finite; [`Error::Moments`] for values that are
    /// not finite or all 0, for weights that are all 0, and where `E u⁴` overflows.
    pub fn new(values: &[f64], weights: &[f64]) -> Result<Self> {
        if weights.len() != values.len() || values.is_empty() {
            let expected = values.len().max(1);
            return Err(Error::Length { what: "weights of the points", given: weights.len(), expected });
        }
        if let Some(point) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return Err(Error::Weight { point, given: weights[point] });
        }
        let total = weights.iter().sum();
        let law = Self { values: values.to_vec(), weights: weights.to_vec(), total };
        checked_moments(law.raw_moments()).map(|_| law)
    }

    /// The values with their probabilities.
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> {
        self.values.iter().zip(&self.weights).map(|(&value, weight)| (value, weight / self.total))
    }
}

impl Magnitude for Points {
    fn raw_moments(&self) -> [f64; 4] {
        let moment = |index: usize| self.iter().map(|(value, q)| q * value.powi(index as i32 + 1)).sum();
        std::array::from_fn(moment)
    }

    fn support(&self) -> (f64, f64) {
        let fold = |of: fn(f64, f64) -> f64, start| self.values.iter().fold(start, |a, &b| of(a, b));
        (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY))
    }

    fn distribution_function(&self, at: f64) -> Option<f64> {
        Some(self.iter().filter(|&(value, _)| value <= at).map(|(_, q)| q).sum())
    }

    fn generating_function(&self, s: Complex<f64>) -> Option<Complex<f64>> {
        Some(self.iter().map(|(value, q)| (s * value).exp() * q).sum())
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Points { values: self.values.clone(), weights: self.weights.clone() }
    }
}

#[cfg(feature = "sampling")]
impl SampleMagnitude for Points {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let mut left = unit(rng) * self.total;
        let last = self.weights.iter().rposition(|&weight| weight > 0.0).unwrap_or_default();
        let point = self.weights[..last].iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        self.values[point.unwrap_or(last)]
    }
}
