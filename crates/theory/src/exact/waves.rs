//! The transforms φ and φ′ of several weights at the nodes `ω = nh`, one node after the other.

use nalgebra::Complex;

use super::periodic::{imaginary, uniform_transforms};
use super::unit::Unit;

/// The number of nodes after which the recurrence `e^{i(ω+h)v} = e^{iωv} e^{ihv}` starts afresh.
const RENEW: u32 = 256;

/// The waves of some weights at the current node.
#[derive(Debug, Clone)]
pub(super) struct Waves<'a> {
    unit: &'a Unit,
    weights: Vec<f64>,
    /// The `v` of all waves, with the same number of waves for each weight.
    values: Vec<f64>,
    wave: Vec<Complex<f64>>,
    turn: Vec<Complex<f64>>,
    step: f64,
    omega: f64,
}

impl<'a> Waves<'a> {
    pub(super) fn new(unit: &'a Unit, weights: Vec<f64>, step: f64) -> Self {
        let values: Vec<f64> = match unit {
            Unit::Uniform => weights.clone(),
            Unit::Interval(_) => {
                let [low, high] = unit.ends();
                weights.iter().flat_map(|w| [w * (high - low), w * low]).collect()
            }
            Unit::Exponential(_) | Unit::Smooth(_) => Vec::new(),
            Unit::Points(law) => {
                weights.iter().flat_map(|w| law.iter().map(move |(value, _)| w * value)).collect()
            }
        };
        let turn: Vec<_> = values.iter().map(|value| Complex::cis(step * value)).collect();
        Self { unit, weights, values, wave: turn.clone(), turn, step, omega: step }
    }

    /// Moves to node `n ≥ 1`, which must be the first node or follow the last one.
    pub(super) fn advance(&mut self, n: u32) {
        self.omega = self.step * f64::from(n);
        if n.is_multiple_of(RENEW) {
            for (wave, value) in self.wave.iter_mut().zip(&self.values) {
                *wave = Complex::cis(self.omega * value);
            }
        } else if n > 1 {
            for (wave, turn) in self.wave.iter_mut().zip(&self.turn) {
                *wave *= turn;
            }
        }
    }

    /// `E e^{iωwu}` and `E u e^{iωwu}` for weight `k`.
    pub(super) fn transforms(&self, k: usize) -> [Complex<f64>; 2] {
        match self.unit {
            Unit::Uniform => self.uniform(k),
            Unit::Interval(_) => {
                let [low, high] = self.unit.ends();
                let [zeroth, first] = self.uniform(2 * k);
                [zeroth, zeroth * low + first * (high - low)].map(|term| term * self.wave[2 * k + 1])
            }
            Unit::Exponential(_) => {
                let y = self.omega * self.weights[k];
                let pole = (imaginary(y) + 1.0) / (1.0 + y * y);
                [pole, pole * pole]
            }
            Unit::Smooth(law) => {
                let [zeroth, first, _] = law.transforms(self.omega * self.weights[k]);
                [zeroth, first]
            }
            Unit::Points(law) => {
                let waves = self.wave.chunks_exact(self.values.len() / self.weights.len()).nth(k);
                let sum = |sums: [Complex<f64>; 2], ((value, share), wave): ((f64, f64), &Complex<f64>)| {
                    [sums[0] + wave * share, sums[1] + wave * (share * value)]
                };
                law.iter().zip(waves.unwrap_or_default()).fold([Complex::ZERO; 2], sum)
            }
        }
    }

    /// `∫₀¹ e^{iωvu} du` and `∫₀¹ u e^{iωvu} du` for wave `k`.
    fn uniform(&self, k: usize) -> [Complex<f64>; 2] {
        let y = self.omega * self.values[k];
        if y.abs() < 0.5 {
            let [zeroth, first, _] = uniform_transforms(y);
            return [zeroth, first];
        }
        let (wave, inverse) = (self.wave[k], 1.0 / y);
        let zeroth = Complex::new(wave.im * inverse, (1.0 - wave.re) * inverse);
        let rest = (wave - zeroth) * inverse;
        [zeroth, Complex::new(rest.im, -rest.re)]
    }
}
