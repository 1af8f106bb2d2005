//! Magnitudes without a closed form: any list of points, and any density by Gauss–Legendre quadrature.
//!
//! ```math
//! E f(u) = \int f(u)\,\rho(u)\,du \approx \sum_{panels} \sum_{k=1}^{16} w_k\, \rho(u_k)\, f(u_k).
//! ```
//!
//! For each magnitude `u` the Gaussian expectation is in closed form; only the average over `u` is a sum. Its panels
//! begin at the rectifier's edge `u* = −β/c` with the width over which the tails change there, double away from it,
//! and are at most a sixteenth of the support. So the stated error does not depend on the noise.

use crate::error::{Error, Result, finite};
use crate::gaussian::channel::Channel;
use crate::gaussian::terms::Terms;
use crate::magnitude::Magnitude;

/// Points of a panel.
const POINTS: usize = 16;
/// No panel is longer than the support over this.
const PANELS: f64 = 16.0;

/// No panel is shorter than the longest times this.
const SHORTEST: f64 = 1e-12;

/// A magnitude that takes finitely many values.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    points: Vec<(f64, f64)>,
}

impl Points {
    /// Values `u ≥ 0` with their probabilities, which are divided by their sum.
    ///
    /// # Errors
    /// [`Error::Empty`] for no points; [`Error::OutOfRange`] for a value or a weight below 0 or not finite, or weights
    /// that are all 0.
    pub fn new(points: &[(f64, f64)]) -> Result<Self> {
        if points.is_empty() {
            return Err(Error::Empty { what: "points" });
        }
        let allowed = "[0, ∞)";
        for &(value, weight) in points {
            for (what, given) in [("a magnitude", value), ("a weight", weight)] {
                if !(given >= 0.0 && given.is_finite()) {
                    return Err(Error::OutOfRange { what, given, allowed });
                }
            }
        }
        let total: f64 = points.iter().map(|point| point.1).sum();
        if !(total > 0.0 && total.is_finite()) {
            return Err(Error::OutOfRange {
                what: "the sum of the weights",
                given: total,
                allowed: "(0, ∞)",
            });
        }
        Ok(Self { points: points.iter().map(|&(value, weight)| (value, weight / total)).collect() })
    }
}

impl Magnitude for Points {
    fn mean(&self) -> f64 {
        self.points.iter().map(|(u, weight)| weight * u).sum()
    }

    fn second_moment(&self) -> f64 {
        self.points.iter().map(|(u, weight)| weight * u * u).sum()
    }

    fn largest(&self) -> f64 {
        self.points.iter().fold(0.0, |most, point| point.0.max(most))
    }

    fn add_to(&self, weight: f64, terms: &mut Terms) {
        for &(u, share) in &self.points {
            terms.add_point(weight * share, u);
        }
    }
}

/// A magnitude with a smooth density on a bounded interval.
///
/// Relative error 1e-12 for a density that a polynomial of degree 20 follows to that on each sixteenth of its
/// interval (tested on `U[0, 1]` against its closed form and on the exponential law against 40 digits).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density<F> {
    density: F,
    low: f64,
    high: f64,
    /// What the density is divided by.
    total: f64,
    mean: f64,
    second_moment: f64,
}

impl<F: Fn(f64) -> f64> Density<F> {
    /// The law proportional to `density ≥ 0` on `[low, high]`, `0 ≤ low < high`.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::OutOfRange`] unless `0 ≤ low`, `high − low ≥ 4e-295` and the density's integral lies in
    /// (0, ∞).
    pub fn new(density: F, low: f64, high: f64) -> Result<Self> {
        finite("low", low)?;
        finite("high", high)?;
        if low < 0.0 {
            return Err(Error::OutOfRange { what: "low", given: low, allowed: "[0, high)" });
        }
        if high <= low {
            return Err(Error::OutOfRange { what: "high", given: high, allowed: "(low, ∞)" });
        }
        // The shortest panel has a length: the panels come to an end.
        if !((high - low) / PANELS * SHORTEST).is_normal() {
            return Err(Error::OutOfRange {
                what: "high",
                given: high,
                allowed: "above low by at least 4e-295",
            });
        }
        let mut law = Self { density, low, high, total: 1.0, mean: 0.0, second_moment: 0.0 };
        let (mut total, mut mean, mut square) = (0.0, 0.0, 0.0);
        law.panels(&Channel::unchecked(0.0, 0.0, 1.0), |u, weight| {
            total += weight;
            mean += weight * u;
            square += weight * u * u;
        });
        if !(total > 0.0 && total.is_finite()) {
            return Err(Error::OutOfRange {
                what: "the density's integral",
                given: total,
                allowed: "(0, ∞)",
            });
        }
        (law.total, law.mean, law.second_moment) = (total, mean / total, square / total);
        Ok(law)
    }

    /// Visits the points of all panels with their weights.
    fn panels(&self, channel: &Channel, mut visit: impl FnMut(f64, f64)) {
        let longest = (self.high - self.low) / PANELS;
        let edge = if channel.slope == 0.0 { self.low } else { -channel.shift / channel.slope };
        let near = edge.clamp(self.low, self.high);
        // Where the tails start, they change over a z of 4/(1 + y).
        let scale = channel.noise / channel.slope.abs();
        let first = (4.0 * scale / (1.0 + channel.z(near).abs())).clamp(SHORTEST * longest, longest);
        let first = if first.is_nan() { longest } else { first };
        let rule = gauss_legendre();
        for (length, sign) in [(near - self.low, -1.0), (self.high - near, 1.0)] {
            let (mut done, mut width) = (0.0, first);
            while done < length {
                // A sliver at the end joins the last panel.
                let width_here = if length - done < 1.25 * width { length - done } else { width };
                for (node, weight) in rule {
                    let u = near + sign * (done + 0.5 * width_here * (1.0 + node));
                    visit(u, 0.5 * width_here * weight * (self.density)(u) / self.total);
                }
                done = if width_here == width { done + width } else { length };
                width = (2.0 * width).min(longest);
            }
        }
    }
}

/// The exponential law `e^{−u/scale}/scale`, cut where 1e-19 of it is left (`u = 44 scale`).
///
/// # Errors
/// [`Error::NotFinite`], [`Error::OutOfRange`] unless `scale > 0`.
pub fn exponential(scale: f64) -> Result<Density<impl Fn(f64) -> f64>> {
    finite("scale", scale)?;
    Density::new(move |u: f64| (-u / scale).exp(), 0.0, 44.0 * scale)
}

impl<F: Fn(f64) -> f64> Magnitude for Density<F> {
    fn mean(&self) -> f64 {
        self.mean
    }

    fn second_moment(&self) -> f64 {
        self.second_moment
    }

    fn largest(&self) -> f64 {
        self.high
    }

    fn add_to(&self, weight: f64, terms: &mut Terms) {
        let channel = *terms.channel();
        self.panels(&channel, |u, share| terms.add_point(weight * share, u));
    }
}

/// Nodes and weights of 16-point Gauss–Legendre quadrature on `[−1, 1]`, by Newton's method on `P_16`.
pub(crate) fn gauss_legendre() -> [(f64, f64); POINTS] {
    let n = POINTS as f64;
    std::array::from_fn(|k| {
        let mut x = (std::f64::consts::PI * (k as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..6 {
            let (mut before, mut here) = (1.0, x);
            for degree in 2..=POINTS {
                let m = degree as f64;
                (before, here) = (here, ((2.0 * m - 1.0) * x * here - (m - 1.0) * before) / m);
            }
            slope = n * (x * here - before) / (x * x - 1.0);
            x -= here / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    })
}
