//! The generating function of the interference at the nodes `s_n = 2πi n/P` in order, for
//! magnitudes `U[0, 1]`.
//!
//! At `s = iω`, with `A(s) = Σ_j P[only j on] (e^{s w_j} − 1)/(s w_j)`,
//! ```text
//! K(iω) = exp(Σ_r C_r (iω)ʳ) Π_{|w_j| large} (1 − p_j + p_j (sin ωw_j + i (1 − cos ωw_j))/(ωw_j)) .
//! ```
//! - All terms with `ω|w_j| ≤ 1` are evaluated together by the series of their logarithms, with 24
//!   powers of ω.
//! - The others are evaluated by the recurrence `e^{i(ω+h)w} = e^{iωw} e^{ihw}`, one complex
//!   product per node and weight. It starts afresh from sine and cosine every few hundred nodes.
//!
//! `P` is the period, `h = 2π/P`, and `w_j` are the weights.

use nalgebra::Complex;
use pulp::Arch;

use super::block::Scratch;
use super::interference::{Group, Interference, ORDER};
use super::waves::Waves;

/// The number of weights that are computed side by side.
const LANES: usize = 8;
/// The number of nodes after which the recurrence starts afresh.
const RENEW: u32 = 512;

/// The generating function at one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) omega: f64,
    /// The generating function `K(iω)`.
    pub(super) full: Complex<f64>,
    /// The part of `K` with at most one feature on.
    pub(super) few: Complex<f64>,
}

/// A block of weights that are followed by recurrence, one lane each.
#[derive(Debug, Clone, Copy)]
struct Lanes {
    /// In order `p/w`, `1 − p` and `P[only this on]/w`.
    scaled: [f64; LANES],
    off: [f64; LANES],
    alone: [f64; LANES],
    weight: [f64; LANES],
    turn: [[f64; LANES]; 2],
    wave: [[f64; LANES]; 2],
}

impl Lanes {
    /// Sets the waves to those of the node before `omega`.
    fn renew(&mut self, omega: f64, step: f64) {
        for lane in 0..LANES {
            let (sin, cos) = ((omega - step) * self.weight[lane]).sin_cos();
            (self.wave[0][lane], self.wave[1][lane]) = (cos, sin);
        }
    }
}

/// A walk through the nodes in order.
#[derive(Debug)]
pub(super) struct Nodes<'a> {
    law: &'a Interference<'a>,
    step: f64,
    next: u32,
    renewed: u32,
    /// Weights that occur once, then those that occur more often, each in order of falling `|w|`.
    single: Vec<Lanes>,
    single_weights: Vec<Group>,
    repeated: Vec<Group>,
    /// The numbers of single and of repeated weights that are beyond the series.
    beyond: [usize; 2],
    followed: usize,
    /// For each block, the waves of its members and a buffer for their φ.
    blocks: Vec<(Waves<'a>, Vec<Complex<f64>>)>,
    scratch: Scratch<Complex<f64>>,
    scale: f64,
    log_series: [f64; ORDER + 1],
    few_series: [f64; ORDER + 1],
}

impl<'a> Nodes<'a> {
    /// The nodes of one period.
    pub(super) fn new(law: &'a Interference<'a>, period: f64) -> Self {
        let step = 2.0 * std::f64::consts::PI / period;
        let (single_weights, repeated): (Vec<Group>, Vec<Group>) =
            law.groups.iter().partition(|group| group.count == 1);
        let single = single_weights
            .chunks(LANES)
            .map(|chunk| {
                let mut lanes = Lanes {
                    scaled: [0.0; LANES],
                    off: [1.0; LANES],
                    alone: [0.0; LANES],
                    weight: [0.0; LANES],
                    turn: [[1.0; LANES], [0.0; LANES]],
                    wave: [[1.0; LANES], [0.0; LANES]],
                };
                for (lane, group) in chunk.iter().enumerate() {
                    lanes.scaled[lane] = group.probability / group.weight;
                    lanes.off[lane] = 1.0 - group.probability;
                    lanes.alone[lane] = group.alone / group.weight;
                    lanes.weight[lane] = group.weight;
                }
                lanes
            })
            .collect();
        let waves = law.blocks.iter().map(|block| {
            let weights: Vec<f64> = block.members.iter().map(|member| member.weight).collect();
            let phi = vec![Complex::ONE; weights.len()];
            (Waves::new(law.unit, weights, step), phi)
        });
        let blocks = waves.collect();
        Self {
            law,
            step,
            next: 1,
            renewed: 0,
            single,
            single_weights,
            repeated,
            beyond: [usize::MAX; 2],
            followed: 0,
            blocks,
            scratch: Scratch::default(),
            scale: 0.0,
            log_series: [0.0; ORDER + 1],
            few_series: [0.0; ORDER + 1],
        }
    }

    /// The number of the next node.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// The frequency ω of the next node.
    pub(super) fn omega(&self) -> f64 {
        self.step * f64::from(self.next)
    }

    /// Calls `visitor` with each of the next `count` nodes.
    pub(super) fn visit(&mut self, count: u32, visitor: impl FnMut(Node)) {
        self.prepare(count);
        // This uses the widest instructions of the processor. The result has the same bits with any
        // of them.
        Arch::new().dispatch(|| self.walk(count, visitor));
    }

    #[inline(always)]
    fn walk(&mut self, count: u32, mut visitor: impl FnMut(Node)) {
        let chunks = self.followed;
        for _ in 0..count {
            let omega = self.omega();
            let (mut full, mut few) = self.series(omega);
            let inverse = 1.0 / omega;
            let mut product = [[1.0; LANES], [0.0; LANES]];
            let mut alone = [[0.0; LANES]; 2];
            for lanes in &mut self.single[..chunks] {
                follow(lanes, inverse, &mut product, &mut alone);
            }
            for lane in 0..LANES {
                full *= Complex::new(product[0][lane], product[1][lane]);
                few += Complex::new(alone[0][lane], alone[1][lane]);
            }
            let direct = &self.single_weights[(chunks * LANES).min(self.beyond[0])..self.beyond[0]];
            for group in direct.iter().chain(&self.repeated[..self.beyond[1]]) {
                let y = omega * group.weight;
                let (sin, cos) = y.sin_cos();
                let uniform = Complex::new(sin / y, (1.0 - cos) / y);
                full *= (uniform * group.probability + (1.0 - group.probability)).powi(group.count);
                few += uniform * (f64::from(group.count) * group.alone);
            }
            for (block, (waves, phi)) in self.law.blocks.iter().zip(&mut self.blocks) {
                waves.advance(self.next);
                for (k, (phi, member)) in phi.iter_mut().zip(&block.members).enumerate() {
                    [*phi, _] = waves.transforms(k);
                    if member.weight != 0.0 {
                        few += *phi * member.alone;
                    }
                }
                full *= block.average(phi, &mut self.scratch);
            }
            visitor(Node { omega, full, few });
            self.next += 1;
        }
    }

    /// Chooses the weights that are followed by recurrence over the next `count` nodes, and sums
    /// the series of the others.
    fn prepare(&mut self, count: u32) {
        let last = self.step * f64::from(self.next + count);
        let large = |groups: &[Group]| groups.partition_point(|group| group.weight.abs() * last > 1.0);
        // Weights are followed in whole chunks of lanes. The weights that fill up the last chunk
        // are followed as well, unless their 1 − cos would lose digits.
        let (single, repeated) = (large(&self.single_weights), large(&self.repeated));
        let whole = (single.div_ceil(LANES) * LANES).min(self.single_weights.len());
        let fits = whole == single || self.single_weights[whole - 1].weight.abs() * self.omega() > 0.05;
        let single = if fits { whole } else { single };
        let beyond = [single, repeated];
        if beyond != self.beyond {
            self.beyond = beyond;
            self.sum_series();
        }
        // The weights of a last chunk that does not fit are evaluated directly.
        let followed = if fits { single.div_ceil(LANES) } else { single / LANES };
        let omega = self.omega();
        if self.next - self.renewed >= RENEW {
            self.followed = 0;
            self.renewed = self.next;
        }
        for lanes in &mut self.single[self.followed.min(followed)..followed] {
            lanes.renew(omega, self.step);
            for lane in 0..LANES {
                let (sin, cos) = (self.step * lanes.weight[lane]).sin_cos();
                (lanes.turn[0][lane], lanes.turn[1][lane]) = (cos, sin);
            }
        }
        self.followed = followed;
    }

    /// The power sums of the weights that are not followed, in units of the largest of them.
    fn sum_series(&mut self) {
        let rest = self.single_weights[self.beyond[0]..].iter().chain(&self.repeated[self.beyond[1]..]);
        self.scale = rest.clone().map(|group| group.weight.abs()).fold(0.0, f64::max);
        self.log_series = [0.0; ORDER + 1];
        self.few_series = [0.0; ORDER + 1];
        for group in rest {
            let ratio = group.weight / self.scale;
            let (mut power, mut alone) = (f64::from(group.count), f64::from(group.count) * group.alone);
            self.few_series[0] += alone;
            for (r, lambda) in self.law.series[group.class].iter().enumerate().skip(1) {
                power *= ratio;
                alone *= ratio / (r + 1) as f64;
                self.log_series[r] += lambda * power;
                self.few_series[r] += alone;
            }
        }
    }

    /// The factor of `K` from the weights of the series, and their part of `K` with at most one
    /// feature on.
    fn series(&self, omega: f64) -> (Complex<f64>, Complex<f64>) {
        let tau = omega * self.scale;
        let square = -tau * tau;
        let horner = |series: &[f64; ORDER + 1]| {
            let even = series.iter().step_by(2).rev().fold(0.0, |sum, a| sum * square + a);
            let odd = series.iter().skip(1).step_by(2).rev().fold(0.0, |sum, a| sum * square + a);
            Complex::new(even, odd * tau)
        };
        (horner(&self.log_series).exp(), horner(&self.few_series) + self.law.silent)
    }
}

/// Advances one chunk by one node: turns the waves, multiplies the factors in, and adds the terms
/// with one feature on.
#[inline(always)]
fn follow(lanes: &mut Lanes, inverse: f64, product: &mut [[f64; LANES]; 2], alone: &mut [[f64; LANES]; 2]) {
    for lane in 0..LANES {
        let (cos, sin) = (lanes.wave[0][lane], lanes.wave[1][lane]);
        let (turn_cos, turn_sin) = (lanes.turn[0][lane], lanes.turn[1][lane]);
        let (cos, sin) = (cos * turn_cos - sin * turn_sin, cos * turn_sin + sin * turn_cos);
        lanes.wave[0][lane] = cos;
        lanes.wave[1][lane] = sin;
        let (real, imaginary) = (sin * inverse, (1.0 - cos) * inverse);
        let factor = [lanes.off[lane] + lanes.scaled[lane] * real, lanes.scaled[lane] * imaginary];
        let before = [product[0][lane], product[1][lane]];
        product[0][lane] = before[0] * factor[0] - before[1] * factor[1];
        product[1][lane] = before[0] * factor[1] + before[1] * factor[0];
        alone[0][lane] += lanes.alone[lane] * real;
        alone[1][lane] += lanes.alone[lane] * imaginary;
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::Complex;

    use super::Nodes;
    use crate::exact::interference::Interference;
    use crate::exact::law::Prepared;
    use crate::exact::periodic::uniform_transforms;

    /// Every node agrees with the plain product, for weights over six decades, some of them
    /// repeated.
    #[test]
    fn nodes_agree_with_the_product() {
        let mut row: Vec<f64> =
            (0..57).map(|k| (-1.0_f64).powi(k) * 10.0_f64.powf(-f64::from(k % 29) / 5.0)).collect();
        row.extend([0.3, 0.3, 0.3, -2e-3, -2e-3, 0.0]);
        let probabilities: Vec<f64> = (0..row.len()).map(|k| [0.02, 0.3, 0.7][k % 3]).collect();
        let prepared = Prepared::each(probabilities.clone());
        let law = Interference::new(&row, 4, &prepared, None);
        let mut nodes = Nodes::new(&law, 3.3);
        let mut visited = 0;
        for count in [4, 9, 30, 200, 500, 900] {
            nodes.visit(count, |node| {
                visited += 1;
                let omega = 2.0 * std::f64::consts::PI * f64::from(visited) / 3.3;
                assert!((node.omega / omega - 1.0).abs() < 1e-14);
                let (mut full, mut few) = (Complex::new(1.0, 0.0), Complex::new(0.0, 0.0));
                let mut silent = 1.0;
                for j in (0..row.len()).filter(|&j| j != 4) {
                    let uniform = uniform_transforms(omega * row[j])[0];
                    let p = probabilities[j];
                    full *= uniform * p + (1.0 - p);
                    if row[j] != 0.0 {
                        silent *= 1.0 - p;
                        few += uniform * p / (1.0 - p);
                    }
                }
                few = (few + 1.0) * silent;
                assert!((node.full - full).norm() < 3e-14 * full.norm().max(1e-3), "{visited}");
                assert!((node.few - few).norm() < 3e-14 * few.norm(), "{visited}");
            });
        }
    }
}
