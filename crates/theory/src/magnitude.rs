//! The law of a feature's magnitude `u` while it is on.

pub use toy_superposition_data::UnitUniform;

use crate::error::{Error, Result, finite};
use crate::gaussian::terms::Terms;

/// A law of `u ≥ 0`: its moments, and its average of the closed forms for one magnitude.
///
/// The paper's is [`UnitUniform`]. In closed form: [`Interval`] (a constant among them), [`Points`](crate::Points),
/// and what an implementation builds from [`Terms::add_point`] and [`Terms::add_interval`]. Any other by quadrature:
/// [`Density`](crate::Density), [`exponential`](crate::exponential).
pub trait Magnitude {
    /// `E u`.
    fn mean(&self) -> f64;

    /// `E u²`.
    fn second_moment(&self) -> f64;

    /// The largest `u` that is possible; infinite if there is none.
    fn largest(&self) -> f64;

    /// Adds `weight` times the law's terms.
    fn add_to(&self, weight: f64, terms: &mut Terms);

    /// `L_on − L_off` from the law's terms at a gain `≥ 0`, if there is a form that does not cancel where both are large,
    /// with the size of what cancels in that form; where the two losses are smaller than that, or for `None`, they are
    /// subtracted.
    fn on_less_off(&self, _terms: &Terms, _gain: f64) -> Option<(f64, f64)> {
        None
    }
}

impl Magnitude for UnitUniform {
    fn mean(&self) -> f64 {
        0.5
    }

    fn second_moment(&self) -> f64 {
        1.0 / 3.0
    }

    fn largest(&self) -> f64 {
        1.0
    }

    fn add_to(&self, weight: f64, terms: &mut Terms) {
        terms.add_interval(weight, 0.0, 1.0);
    }

    fn on_less_off(&self, terms: &Terms, gain: f64) -> Option<(f64, f64)> {
        Some(terms.rise_over_unit(gain))
    }
}

/// `u ~ U[low, high]`, `0 ≤ low ≤ high`; a constant if they are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// The law on `[low, high]`.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::OutOfRange`] unless `0 ≤ low ≤ high` and `high > 0`.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        finite("low", low)?;
        finite("high", high)?;
        if low < 0.0 {
            return Err(Error::OutOfRange { what: "low", given: low, allowed: "[0, high]" });
        }
        if high < low || high == 0.0 {
            return Err(Error::OutOfRange { what: "high", given: high, allowed: "[low, ∞) and above 0" });
        }
        Ok(Self { low, high })
    }

    /// Always `value`.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::OutOfRange`] unless `value > 0`.
    pub fn constant(value: f64) -> Result<Self> {
        Self::new(value, value)
    }
}

impl Magnitude for Interval {
    fn mean(&self) -> f64 {
        0.5 * (self.low + self.high)
    }

    fn second_moment(&self) -> f64 {
        (self.low * self.low + self.low * self.high + self.high * self.high) / 3.0
    }

    fn largest(&self) -> f64 {
        self.high
    }

    fn add_to(&self, weight: f64, terms: &mut Terms) {
        if self.low == self.high {
            terms.add_point(weight, self.low);
        } else {
            terms.add_interval(weight, self.low, self.high);
        }
    }
}
