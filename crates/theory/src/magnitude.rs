//! Averages over the magnitude of a feature while it is on.

use toy_superposition_data::{Constant, Exponential, Interval, Magnitude, Points, UnitUniform};

use crate::gaussian::terms::Terms;
use crate::quadrature::panels;

/// A law of `u ≥ 0` over which the closed forms for one magnitude can be averaged.
///
/// The laws of [`toy_superposition_data`] can: in closed form, the exponential law by quadrature.
/// So can any [`Density`](crate::Density), and what an implementation builds from
/// [`Terms::add_point`] and [`Terms::add_interval`].
pub trait Integrable: Magnitude {
    /// The largest `u` that counts; infinite if there is none.
    fn largest(&self) -> f64 {
        self.support().1
    }

    /// Adds `weight` times the law's terms.
    fn add_to(&self, weight: f64, terms: &mut Terms);

    /// `L_on − L_off` from the law's terms at a gain `≥ 0`, if there is a form that does not cancel
    /// where both are large, with the size of what cancels in that form; where the two losses are
    /// smaller than that, or for `None`, they are subtracted.
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

/// By quadrature up to 44 means, where 1e-19 of the law is left.
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
