//! `e^{iωw}` and the transforms of the uniform law for several weights at the nodes `ω = nh`, one after the other.

use nalgebra::Complex;

use super::periodic::uniform_transforms;

/// After how many nodes the recurrence `e^{i(ω+h)w} = e^{iωw} e^{ihw}` is begun afresh.
const RENEW: u32 = 256;

/// The waves of some weights at the current node.
#[derive(Debug, Clone)]
pub(super) struct Waves {
    weights: Vec<f64>,
    wave: Vec<Complex<f64>>,
    turn: Vec<Complex<f64>>,
    step: f64,
    omega: f64,
}

impl Waves {
    pub(super) fn new(weights: Vec<f64>, step: f64) -> Self {
        let turn: Vec<_> = weights.iter().map(|weight| Complex::cis(step * weight)).collect();
        Self { weights, wave: turn.clone(), turn, step, omega: step }
    }

    /// Moves to node `n ≥ 1`, which follows the last one or is the first.
    pub(super) fn advance(&mut self, n: u32) {
        self.omega = self.step * f64::from(n);
        if n.is_multiple_of(RENEW) {
            for (wave, weight) in self.wave.iter_mut().zip(&self.weights) {
                *wave = Complex::cis(self.omega * weight);
            }
        } else if n > 1 {
            for (wave, turn) in self.wave.iter_mut().zip(&self.turn) {
                *wave *= turn;
            }
        }
    }

    /// `∫₀¹ e^{iωwu} du` and `∫₀¹ u e^{iωwu} du` for weight `k`.
    pub(super) fn transforms(&self, k: usize) -> [Complex<f64>; 2] {
        let y = self.omega * self.weights[k];
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
