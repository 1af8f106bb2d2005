//! The product of the factors of all weights that occur once, and the slopes in those weights, at
//! one node after the other. Eight weights are computed side by side.
//!
//! ```text
//! K_j = 1 − p_j + p_j φ_j ,  φ_j = ∫₀¹ e^{iωw_j u} du ,  U_j = ∫₀¹ u e^{iωw_j u} du ,
//! slope_j += Re z U_j (p_j Π_{k≠j} K_k − P[only j on]) .
//! ```
//! The product without one factor is the product of the chunks before and after it in its lane,
//! times the product of the other lanes. φ and U follow from `e^{iωw}`, which is found by
//! recurrence; for small `ω|w|` they are found by their power series.

use nalgebra::Complex;
use pulp::Arch;

use super::interference::Group;

/// The number of weights that are computed side by side.
const LANES: usize = 8;
/// The number of nodes after which the recurrence starts afresh.
const RENEW: u32 = 256;
/// Below this `ω|w|` the closed forms would lose digits that matter.
const CLOSED_FROM: f64 = 0.05;
/// The number of terms of each power series, which reach to the power 17. The remainder at 1 is
/// below 1e-16.
const TERMS: usize = 9;

type Lane = [f64; LANES];
/// Real and imaginary parts.
type Pair = [Lane; 2];

const ONES: Pair = [[1.0; LANES], [0.0; LANES]];

/// Eight weights in order of falling magnitude.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    weight: Lane,
    /// The reciprocals 1/w, and 0 where the lane is empty.
    inverse: Lane,
    probability: Lane,
    off: Lane,
    alone: Lane,
    turn: Pair,
    wave: Pair,
    first: Pair,
    factor: Pair,
    left: Pair,
    sum: Lane,
    largest: f64,
    smallest: f64,
}

/// All weights that occur once.
#[derive(Debug)]
pub(super) struct Lanes {
    chunks: Vec<Chunk>,
    /// The place of each weight among all groups.
    places: Vec<usize>,
    /// The product over the chunks, lane by lane.
    product: Pair,
    step: f64,
}

impl Lanes {
    pub(super) fn new(groups: &[Group], step: f64) -> Self {
        let places: Vec<usize> = (0..groups.len()).filter(|&k| groups[k].count == 1).collect();
        let chunk = |places: &[usize]| {
            let zeros = [0.0; LANES];
            let mut chunk = Chunk {
                weight: zeros,
                inverse: zeros,
                probability: zeros,
                off: [1.0; LANES],
                alone: zeros,
                turn: ONES,
                wave: ONES,
                first: [zeros; 2],
                factor: ONES,
                left: ONES,
                sum: zeros,
                largest: 0.0,
                smallest: f64::INFINITY,
            };
            for (lane, &place) in places.iter().enumerate() {
                let Group { weight, probability, alone, .. } = groups[place];
                (chunk.weight[lane], chunk.inverse[lane]) = (weight, 1.0 / weight);
                (chunk.probability[lane], chunk.off[lane]) = (probability, 1.0 - probability);
                chunk.alone[lane] = alone;
                let (sin, cos) = (step * weight).sin_cos();
                (chunk.turn[0][lane], chunk.turn[1][lane]) = (cos, sin);
                chunk.largest = chunk.largest.max(weight.abs());
                chunk.smallest = chunk.smallest.min(weight.abs());
            }
            chunk
        };
        let chunks = places.chunks(LANES).map(chunk).collect();
        Self { chunks, places, product: ONES, step }
    }

    /// The product of all factors at node `n ≥ 1`, which follows the last one, and
    /// `Σ_j P[only j on] φ_j`.
    pub(super) fn forward(&mut self, n: u32) -> (Complex<f64>, Complex<f64>) {
        let omega = self.step * f64::from(n);
        if n.is_multiple_of(RENEW) || n == 1 {
            for chunk in &mut self.chunks {
                for lane in 0..LANES {
                    let (sin, cos) = ((omega - self.step) * chunk.weight[lane]).sin_cos();
                    (chunk.wave[0][lane], chunk.wave[1][lane]) = (cos, sin);
                }
            }
        }
        let chunks = &mut self.chunks;
        // This uses the widest instructions of the processor. The result has the same bits with any
        // of them.
        let (product, few) = Arch::new().dispatch(|| forward(chunks, omega));
        self.product = product;
        let whole = (0..LANES).fold(Complex::new(1.0, 0.0), |whole, lane| whole * at(&product, lane));
        (whole, (0..LANES).map(|lane| at(&few, lane)).sum())
    }

    /// Adds the terms of the node of the last [`forward`](Self::forward) to the slopes, where `z`
    /// is the factor of the node and `others` is the product of the factors that are not in the
    /// lanes.
    pub(super) fn backward(&mut self, z: Complex<f64>, others: Complex<f64>) {
        // Entry k is the product of all lanes but k and of `others`.
        let mut rest = [others; LANES];
        let (mut before, mut after) = (Complex::new(1.0, 0.0), Complex::new(1.0, 0.0));
        for lane in 0..LANES {
            rest[lane] *= before;
            before *= at(&self.product, lane);
            rest[LANES - 1 - lane] *= after;
            after *= at(&self.product, LANES - 1 - lane);
        }
        let rest = [rest.map(|z| z.re), rest.map(|z| z.im)];
        let chunks = &mut self.chunks;
        Arch::new().dispatch(|| backward(chunks, z, rest));
    }

    /// Adds the slopes that were summed to those of the groups.
    pub(super) fn add_to(&self, slopes: &mut [f64]) {
        let sums = self.chunks.iter().flat_map(|chunk| chunk.sum);
        for (&place, sum) in self.places.iter().zip(sums) {
            slopes[place] += sum;
        }
    }
}

fn at(pair: &Pair, lane: usize) -> Complex<f64> {
    Complex::new(pair[0][lane], pair[1][lane])
}

#[inline(always)]
fn multiply(a: &Pair, b: &Pair) -> Pair {
    let mut product = [[0.0; LANES]; 2];
    for lane in 0..LANES {
        product[0][lane] = a[0][lane] * b[0][lane] - a[1][lane] * b[1][lane];
        product[1][lane] = a[0][lane] * b[1][lane] + a[1][lane] * b[0][lane];
    }
    product
}

#[inline(always)]
fn forward(chunks: &mut [Chunk], omega: f64) -> (Pair, Pair) {
    let (mut product, mut few) = (ONES, [[0.0; LANES]; 2]);
    for chunk in chunks {
        chunk.wave = multiply(&chunk.wave, &chunk.turn);
        let (zeroth, first) = if omega * chunk.largest < 1.0 {
            by_series(&chunk.weight, omega)
        } else if omega * chunk.smallest >= CLOSED_FROM {
            closed(chunk, omega)
        } else {
            let (series, closed) = (by_series(&chunk.weight, omega), closed(chunk, omega));
            let mut chosen = closed;
            for lane in 0..LANES {
                if omega * chunk.weight[lane].abs() < CLOSED_FROM {
                    for part in 0..2 {
                        chosen.0[part][lane] = series.0[part][lane];
                        chosen.1[part][lane] = series.1[part][lane];
                    }
                }
            }
            chosen
        };
        for part in 0..2 {
            for lane in 0..LANES {
                let scaled = chunk.probability[lane] * zeroth[part][lane];
                chunk.factor[part][lane] = if part == 0 { chunk.off[lane] + scaled } else { scaled };
                few[part][lane] += chunk.alone[lane] * zeroth[part][lane];
            }
        }
        chunk.first = first;
        chunk.left = product;
        product = multiply(&product, &chunk.factor);
    }
    (product, few)
}

#[inline(always)]
fn backward(chunks: &mut [Chunk], z: Complex<f64>, rest: Pair) {
    let mut right = rest;
    for chunk in chunks.iter_mut().rev() {
        let without = multiply(&chunk.left, &right);
        let (p, alone, first) = (&chunk.probability, &chunk.alone, &chunk.first);
        for (lane, sum) in chunk.sum.iter_mut().enumerate() {
            let re = p[lane] * without[0][lane] - alone[lane];
            let im = p[lane] * without[1][lane];
            let (u, v) = (first[0][lane], first[1][lane]);
            *sum += z.re * (u * re - v * im) - z.im * (u * im + v * re);
        }
        right = multiply(&right, &chunk.factor);
    }
}

/// Returns φ and U from `e^{iωw}`.
#[inline(always)]
fn closed(chunk: &Chunk, omega: f64) -> (Pair, Pair) {
    let (mut zeroth, mut first) = ([[0.0; LANES]; 2], [[0.0; LANES]; 2]);
    let scale = 1.0 / omega;
    for lane in 0..LANES {
        let inverse = scale * chunk.inverse[lane];
        let (cos, sin) = (chunk.wave[0][lane], chunk.wave[1][lane]);
        let (re, im) = (sin * inverse, (1.0 - cos) * inverse);
        (zeroth[0][lane], zeroth[1][lane]) = (re, im);
        (first[0][lane], first[1][lane]) = ((sin - im) * inverse, (re - cos) * inverse);
    }
    (zeroth, first)
}

/// Returns φ and U by the series `Σ_k (iy)ᵏ/(k+1)!` and `Σ_k (iy)ᵏ/(k! (k+2))`, for `|y| ≤ 1`.
#[inline(always)]
fn by_series(weight: &Lane, omega: f64) -> (Pair, Pair) {
    let (mut zeroth, mut first) = ([[0.0; LANES]; 2], [[0.0; LANES]; 2]);
    for lane in 0..LANES {
        let y = omega * weight[lane];
        let square = -y * y;
        let horner = |table: &[f64; TERMS]| table.iter().rev().fold(0.0, |sum, a| sum * square + a);
        (zeroth[0][lane], zeroth[1][lane]) = (horner(&SERIES[0]), y * horner(&SERIES[1]));
        (first[0][lane], first[1][lane]) = (horner(&SERIES[2]), y * horner(&SERIES[3]));
    }
    (zeroth, first)
}

/// The even and the odd coefficients of φ, then those of U.
const SERIES: [[f64; TERMS]; 4] = {
    let mut series = [[0.0; TERMS]; 4];
    let (mut k, mut factorial) = (0, 1.0);
    while k < 2 * TERMS {
        if k > 0 {
            factorial *= k as f64;
        }
        series[k % 2][k / 2] = 1.0 / (factorial * (k + 1) as f64);
        series[2 + k % 2][k / 2] = 1.0 / (factorial * (k + 2) as f64);
        k += 1;
    }
    series
};

#[cfg(test)]
mod tests {
    use nalgebra::Complex;

    use super::Lanes;
    use crate::exact::interference::Group;
    use crate::exact::periodic::uniform_transforms;

    /// Products, parts and slopes agree with the plain sums at many nodes. The weights span six
    /// decades; some are repeated and so not in the lanes, and one factor is 0.
    #[test]
    fn lanes_agree_with_the_plain_product() {
        let weight =
            |k: usize| (if k.is_multiple_of(3) { -1.0 } else { 1.0 }) * 10.0_f64.powf(-(k as f64) / 4.0);
        let group = |k: usize| Group {
            weight: weight(k),
            probability: if k == 0 { 1.0 } else { 0.3 / (1.0 + k as f64) },
            count: if k % 5 == 4 { 3 } else { 1 },
            alone: 0.01 * k as f64,
            class: 0,
        };
        let groups: Vec<Group> = (0..26).map(group).collect();
        // The first weight is −1, so that node 4 n has e^{iωw} = 1 and a factor of 0.
        let step = std::f64::consts::FRAC_PI_2;
        let mut lanes = Lanes::new(&groups, step);
        let (z, others) = (Complex::new(0.3, -0.8), Complex::new(-0.2, 0.7));
        let mut expected = vec![0.0; groups.len()];
        for n in 1..700 {
            let singles = || (0..groups.len()).filter(|&k| groups[k].count == 1);
            let transforms = |k: usize| uniform_transforms(step * f64::from(n) * groups[k].weight);
            let factor = |k: usize| transforms(k)[0] * groups[k].probability + (1.0 - groups[k].probability);
            let (product, few) = lanes.forward(n);
            let plain: Complex<f64> = singles().map(factor).product();
            assert!((product - plain).norm() < 1e-13, "{n}: {product} {plain}");
            let plain: Complex<f64> = singles().map(|k| transforms(k)[0] * groups[k].alone).sum();
            assert!((few - plain).norm() < 1e-12, "{n}: {few} {plain}");
            lanes.backward(z, others);
            for k in singles() {
                let without: Complex<f64> = singles().filter(|&j| j != k).map(factor).product();
                let by_phi = without * others * groups[k].probability - groups[k].alone;
                expected[k] += (z * transforms(k)[1] * by_phi).re;
            }
        }
        let mut found = vec![0.0; groups.len()];
        lanes.add_to(&mut found);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        }
    }
}
