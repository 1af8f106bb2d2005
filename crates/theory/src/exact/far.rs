//! The loss of one output, and its periodic form, for magnitudes of any law.
//!
//! As [`piecewise`](super::piecewise) and the *far* form of [`periodic`](super::periodic), with `E_u` over the law of the own
//! magnitude:
//! ```text
//! g(t) = (1−p) t₊² + p E_u (u − (cu + t)₊)² = (1−p) t₊² + p [E u² + E_u (t+cu)₊² − 2 E_u u (t+cu)₊] ,
//! ĝ(s) = 2 [1 − p + p φ(sc)]/s³ − 2 p φ′(sc)/s² ,   ∂ĝ/∂c = 2 p [φ′(sc)/s² − φ″(sc)/s] .
//! ```
//! Where magnitudes have atoms neither φ nor `K` falls off. There the terms have a window,
//! ```text
//! ŵ(ωδ) ,   ŵ(x) = e^{−x²/2} (1 + x²/2) ,
//! ```
//! which smooths `g` over the width δ with a kernel whose moments 1 to 3 are 0. It changes `g` at its kinks alone:
//! `|t₊ * w − t₊| ≤ (δ/2) n(t/δ)` and `|t₊² * w − t₊²| ≤ 0.35 δ² n(t/δ)`, `n` the density of N(0, 1). So the error is at most
//! ```text
//! E_R b(T) ,   b(t) = 0.35 δ² [(1−p) n(t/δ) + p E_u n((t+cu)/δ)] + δ p E_u |u| n((t+cu)/δ) ,
//! ```
//! which is a sum over the same nodes.

use nalgebra::Complex;

use super::periodic::{BINOMIAL, Form, imaginary};
use super::piecewise::{Given, Jet, Piecewise};
use super::row::Output;
use super::unit::Unit;

/// The loss of one output given its offset `t`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Average<'a> {
    pub(super) loss: Piecewise,
    pub(super) unit: &'a Unit,
}

impl Given for Average<'_> {
    fn at(&self, t: f64) -> Jet {
        let Piecewise { probability: p, own: c } = self.loss;
        let positive = t.max(0.0);
        let mut jet = [(1.0 - p) * positive * positive, 2.0 * (1.0 - p) * positive, 0.0];
        self.unit.visit(&[-t / c], |u, weight| {
            let (y, share) = ((c * u + t).max(0.0), p * weight);
            let residual = u - y;
            jet[0] += share * residual * residual;
            if y > 0.0 {
                jet[1] -= 2.0 * share * residual;
                jet[2] -= 2.0 * share * residual * u;
            }
        });
        jet
    }

    fn along(&self, m: f64, w: f64) -> [f64; 4] {
        let [low, high] = self.unit.ends().map(|end| -self.loss.own * end);
        let mut total = [0.0; 4];
        self.unit.visit(&[-m / w, (low - m) / w, (high - m) / w], |u, weight| {
            let [value, slope, own] = self.at(m + w * u);
            for (sum, term) in total.iter_mut().zip([value, slope, own, slope * u]) {
                *sum += weight * term;
            }
        });
        total
    }
}

/// The window of a series that does not fall off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// δ.
    pub(super) width: f64,
    /// The last node.
    pub(super) last: u32,
}

impl Window {
    /// The window that ends at node `last` of a period.
    pub(super) fn new(period: f64, last: u32) -> Self {
        Self { width: EDGE * period / (2.0 * std::f64::consts::PI * f64::from(last)), last }
    }

    /// `ŵ(ωδ)`.
    pub(super) fn at(&self, omega: f64) -> f64 {
        let half = (omega * self.width).powi(2) / 2.0;
        (-half).exp() * (1.0 + half)
    }
}

/// The window's end, in units of 1/δ: `ŵ = 6e-10`.
const EDGE: f64 = 7.0;

/// The far form of `g` with one period `P`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Far<'a> {
    pub(super) of: Average<'a>,
    pub(super) period: f64,
    pub(super) window: Option<Window>,
}

impl Form for Far<'_> {
    fn period(&self) -> f64 {
        self.period
    }

    fn polynomial(&self) -> [[f64; 5]; 2] {
        let Average { loss: Piecewise { probability: p, own: c }, unit } = self.of;
        let period = self.period;
        // t₊ and t₊² without their series, as in the form for U[0, 1].
        let first = [period / 12.0, 0.5, 0.5 / period];
        let second = [0.0, period / 6.0, 0.5, 1.0 / (3.0 * period)];
        let [_, m1, m2, m3, _] = unit.path_moments(0.0, 1.0);
        let moments = [1.0, m1, m2, m3];
        let (mut value, mut slope) = ([p * m2, 0.0, 0.0, 0.0, 0.0], [0.0; 5]);
        for (a, b) in value.iter_mut().zip(second) {
            *a += (1.0 - p) * b;
        }
        // p E (t+cu)ᵏ and −2 p E u (t+cu)ᵏ.
        for (coefficients, factor, extra) in [(&second[..], p, 0), (&first[..], -2.0 * p, 1)] {
            for (k, b) in coefficients.iter().enumerate() {
                for j in 0..=k {
                    let term = factor * b * BINOMIAL[k][j] * moments[j + extra];
                    value[k - j] += term * c.powi(j as i32);
                    if j > 0 {
                        slope[k - j] += term * j as f64 * c.powi(j as i32 - 1);
                    }
                }
            }
        }
        [value, slope]
    }

    fn transform(&self, omega: f64) -> [Complex<f64>; 2] {
        let Piecewise { probability: p, own: c } = self.of.loss;
        let inverse = imaginary(-1.0 / omega);
        let square = inverse * inverse;
        let [zeroth, first, second] = self.of.unit.transforms(omega * c);
        [
            square * inverse * 2.0 * (zeroth * p + (1.0 - p)) - square * first * (2.0 * p),
            (square * first - inverse * second) * (2.0 * p),
        ]
    }

    /// `|φ| ≤ 1` and `|φ′| ≤ E |u| ≤ 1`, and both are below `D/(ω|c|)`.
    fn tail(&self, omega: f64) -> f64 {
        let Piecewise { probability: p, own: c } = self.of.loss;
        let (decay, square) = (self.of.unit.decay() / c.abs(), omega * omega);
        (1.0 - p) / square
            + p * (1.0 / square).min(2.0 * decay / (3.0 * square * omega))
            + p * (2.0 / omega).min(decay / square)
    }

    fn window(&self) -> Option<Window> {
        self.window
    }

    /// With `|u| ≤ 1`, as atoms have.
    fn missed(&self, omega: f64) -> Complex<f64> {
        let Piecewise { probability: p, own: c } = self.of.loss;
        let width = self.window.map_or(0.0, |window| window.width);
        let own = self.of.unit.transforms(omega * c)[0] * p;
        let jumps = (own + (1.0 - p)) * (0.35 * width * width) + own * width;
        jumps * (width * (-(omega * width).powi(2) / 2.0).exp())
    }
}

impl Output<'_> {
    /// The far form whose aliases are below `tolerance`.
    pub(super) fn far(&self, tolerance: f64) -> Far<'_> {
        let of = Average { loss: self.loss, unit: self.law.unit };
        let Piecewise { probability: p, own: c } = self.loss;
        let [below, above] = if p > 0.0 { of.unit.range(c) } else { [0.0; 2] };
        let reach = |upwards: bool| {
            let (sign, most) = if upwards { (1.0, above) } else { (-1.0, -below) };
            if most.is_finite() {
                let prefactor = |theta: f64| (2.0 / theta + 2.0 * p) / theta;
                return self.law.reach(upwards, sign * self.bias + most, prefactor, tolerance);
            }
            // φ′ = φ² for the exponential law.
            let prefactor = |theta: f64| {
                let own = of.unit.average(sign * theta * c);
                (2.0 * (1.0 - p + p * own) / theta + 2.0 * p * own * own) / theta
            };
            self.law.reach_within(upwards, sign * self.bias, f64::INFINITY, prefactor, tolerance)
        };
        Far { of, period: reach(false).max(reach(true)), window: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::law::FeatureLaw;
    use toy_superposition_data::{Exponential, Features, Independent};

    #[test]
    fn debug() {
        let law = Features::new(Independent::new(6, 0.2).unwrap(), Exponential::new(1.0).unwrap());
        let row = [0.3, 0.9, -0.2, 0.15, 0.4, -0.33];
        let prepared = FeatureLaw::from(&law).of(6).unwrap();
        let output = Output::new(&row, 1, -0.1, &prepared, None);
        println!("{:?} {:?}", output.law.cumulants, output.law.support);
        println!("few {:?} settled {:?}", output.few(), output.settled());
        let far = output.far(1e-10);
        println!("{far:?} {:?} {:?}", far.polynomial(), far.transform(3.0));
        println!("{:?}", output.law.remaining_moments(-0.1));
        println!("{:?}", output.solve(1e-10, 0.0));
    }
}
