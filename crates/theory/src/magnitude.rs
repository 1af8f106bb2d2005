//! Averages over the magnitude of a feature while it is on.

use toy_superposition_data::{Constant, Exponential, Interval, Magnitude, Points, UnitUniform};

use crate::gaussian::terms::Terms;
use crate::quadrature::panels;

/// A law of `u ≥ 0` over which the closed forms for one magnitude can be averaged.
///
/// The laws of [`toy_superposition_data`] implement it, all in closed form except the exponential
/// law, which is averaged by quadrature. Any [`Density`](crate::Density) implements it too. An
/// implementation for another law is a sum of [`Terms::add_point`] and [`Terms::add_interval`].
pub trait Integrable: Magnitude {
    /// The largest `u` that is averaged over; infinite if the law has no bound.
    fn largest(&self) -> f64 {
        self.support().1
    }

    /// Adds to `terms` the average of the terms over this law, times `weight ≥ 0`.
    fn add_to(&self, weight: f64, terms: &mut Terms);

    /// Returns `L_on − L_off` from the law's terms at a gain `≥ 0`, and the size of the numbers
    /// that cancel in it, if the law has a form of the difference in which less cancels than in the
    /// plain subtraction of two large losses.
    ///
    /// The two losses are subtracted where this returns `None`, and where the larger of them is not
    /// above the size that is returned.
    fn on_less_off(&self, _terms: &Terms, _gain: f64) -> Option<(f64, f64)> {
        None
    }
}

impl Integrable for UnitUniform {
    fn add_to(&self, weight: f64, terms: &mut Terms) {
        terms.add_interval(weight, 0.0, 1.0);
    }

    fn on_less_off(&self, terms: &Terms, gain: f64) -> Option<(f64, f64)> {
        Some(terms.rise_over_unit(gain))
    }
}

impl Integrable for Interval {
    fn add_to(&self, weight: f64, terms: &mut Terms) {
        let (low, high) = self.support();
        terms.add_interval(weight, low, high);
    }
}

impl Integrable for Constant {
    fn add_to(&self, weight: f64, terms: &mut Terms) {
        terms.add_point(weight, self.mean());
    }
}

impl Integrable for Points {
    fn add_to(&self, weight: f64, terms: &mut Terms) {
        for (u, share) in self.iter() {
            terms.add_point(weight * share, u);
        }
    }
}

/// Averages by quadrature up to 44 means, beyond which 1e-19 of the law lies.
impl Integrable for Exponential {
    fn largest(&self) -> f64 {
        44.0 * self.mean()
    }

    fn add_to(&self, weight: f64, terms: &mut Terms) {
        let (channel, mean) = (*terms.channel(), self.mean());
        panels((0.0, self.largest()), &channel, |u, width| {
            terms.add_point(weight * (width / mean * (-u / mean).exp()), u);
        });
    }
}
