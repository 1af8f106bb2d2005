//! A table of the posterior mean of a [`Prior`] at one noise level, which takes a few nanoseconds
//! per feature.
//!
//! Between two nodes `η` is the cubic that has the values of `η` and its slopes `η' = Var/τ²` at
//! both; its error is `h⁴/384 · max |η⁗|` for nodes at the distance `h`. Nodes are `τ/2` apart
//! where such a cubic is right in its middle, where that error is greatest. Elsewhere their
//! distance is halved until the cubic is right or `h = τ/32`. The error is about 1e-5 τ where the
//! posterior switches, and about 2e-6 τ elsewhere. The slope that is returned is that of the cubic,
//! so that it is the divergence of the function that is used. Tables reach from `10 τ` below a bend
//! to `18 τ` above it, or the other way round for a bend below 0. Further away either the function
//! is straight and the line is used, or the prior is asked.

use toy_superposition_model::Scalar;

use crate::Prior;

/// The number of cells per `τ`.
const NODES: f64 = 32.0;
/// The number of cells between the nodes that are tried first.
const COARSE: usize = 16;
/// The largest error of a cubic in its middle, in units of `τ`. The slope may be off by a hundred
/// times as much.
const CLOSE: f64 = 2e-6;
/// The number of values that are looked up together.
pub(crate) const TOGETHER: usize = 64;
/// The number of partial sums, which a processor adds at once.
const STRANDS: usize = 8;
/// The distances that a table reaches from a bend, towards 0 and away from it, in units of `τ`.
const REACH: (f64, f64) = (10.0, 18.0);
/// The number of noise levels per octave.
const LEVELS: f64 = 32.0;

/// The level k to which a noise belongs, with `τ = 2^{k/32}` to the nearest k, so that `τ` is off
/// by at most 1.1 %.
pub(crate) fn level(tau: f64) -> i32 {
    (LEVELS * tau.log2()).round() as i32
}

/// The noise of a level.
pub(crate) fn noise(level: i32) -> f64 {
    (f64::from(level) / LEVELS).exp2()
}

/// A run of cubics.
struct Run {
    start: f64,
    end: f64,
    /// The coefficients of `Σ_k c_k s^k`, with `s` from 0 to 1 across the cell.
    cells: Vec<[f64; 4]>,
}

/// The function between two runs, or after the last.
#[derive(Clone, Copy)]
enum Gap {
    /// The line `mean + slope · (r − start)`.
    Line {
        start: f64,
        mean: f64,
        slope: f64,
    },
    Ask,
}

/// The functions `η` and `η'` at one noise level.
pub(crate) struct Table<'a> {
    prior: &'a dyn Prior,
    tau: f64,
    /// The number of cells per unit of `r`.
    scale: f64,
    runs: Vec<Run>,
    /// The gaps, one after each run.
    gaps: Vec<Gap>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(prior: &'a dyn Prior, tau: f64) -> Self {
        let mut spans: Vec<(f64, f64)> = Vec::new();
        let bends = prior.bends();
        for &bend in &bends {
            // At a bend of 0 the table reaches farther to the sides on which features are.
            let below = if bend < 0.0 || bends[0] < 0.0 && bend == 0.0 { REACH.1 } else { REACH.0 };
            let above = if bend < 0.0 { REACH.0 } else { REACH.1 };
            let (start, end) = (bend - below * tau, bend + above * tau);
            match spans.last_mut() {
                Some(last) if last.1 >= start => last.1 = end,
                _ => spans.push((start, end)),
            }
        }
        let runs: Vec<Run> = spans.iter().map(|&span| Run::new(prior, tau, span)).collect();
        let next = runs.iter().skip(1).map(|run| run.start).chain([f64::INFINITY]);
        let gaps = runs.iter().zip(next).map(|(run, next)| Gap::new(prior, tau, run.end, next)).collect();
        Self { prior, tau, scale: NODES / tau, runs, gaps }
    }

    /// Writes `η` of each `r` to `answer`, and returns the sum of `η'`.
    ///
    /// All values are first looked up in the first run, as if they were in it, in loops without a
    /// branch. Then the few values that are not in it are looked up again.
    #[inline(always)]
    pub(crate) fn apply<T: Scalar>(&self, r: &[T; TOGETHER], answer: &mut [T; TOGETHER]) -> f64 {
        const N: usize = TOGETHER;
        let Run { start, cells, .. } = &self.runs[0];
        let last = cells.len() as f64 - 0.5;
        let (mut cell, mut s, mut inside) = ([0; N], [0.0; N], [0.0; N]);
        for k in 0..N {
            let position = (r[k].to_f64() - start) * self.scale;
            // A NaN is placed in the first cell.
            let within = if position > 0.0 { position } else { 0.0 };
            let within = if within < last { within } else { last };
            (cell[k], s[k]) = place(within);
            inside[k] = if within == position { 1.0 } else { 0.0 };
        }
        let mut found = [[0.0; N]; 4];
        let (mut outside, mut count) = ([0_u8; N], 0);
        for k in 0..N {
            let [a, b, c, d] = cells[cell[k] as usize];
            (found[0][k], found[1][k], found[2][k], found[3][k]) = (a, b, c, d);
            outside[count] = k as u8;
            count += usize::from(inside[k] == 0.0);
        }
        let mut strands = [0.0; STRANDS];
        for first in (0..N).step_by(STRANDS) {
            for (k, strand) in (first..N).zip(&mut strands) {
                let (mean, rise) = cubic([found[0][k], found[1][k], found[2][k], found[3][k]], s[k]);
                answer[k] = T::round_from(mean);
                *strand += inside[k] * rise;
            }
        }
        let mut slope = strands.iter().sum::<f64>() * self.scale;
        for &k in &outside[..count] {
            let (mean, rise) = self.at(r[usize::from(k)].to_f64());
            answer[usize::from(k)] = T::round_from(mean);
            slope += rise;
        }
        slope
    }

    /// Returns `(η(r), η'(r))`. Below the first run, where no `r` of the channel lies, `η` is
    /// constant.
    pub(crate) fn at(&self, r: f64) -> (f64, f64) {
        let k = self.runs.partition_point(|run| run.start <= r).saturating_sub(1);
        let Run { start, cells, .. } = &self.runs[k];
        let position = (r - start) * self.scale;
        if position < 0.0 {
            return (cells[0][0], 0.0);
        }
        if position < cells.len() as f64 {
            let (cell, s) = place(position);
            let (mean, rise) = cubic(cells[cell as usize], s);
            return (mean, rise * self.scale);
        }
        match self.gaps[k] {
            Gap::Line { start, mean, slope } => (mean + slope * (r - start), slope),
            Gap::Ask => {
                let belief = self.prior.given(r, self.tau);
                (belief.mean, belief.variance / (self.tau * self.tau))
            }
        }
    }
}

/// The cell of a `position ≥ 0` in units of cells, and the position within the cell, from 0 to 1.
#[inline(always)]
fn place(position: f64) -> (u64, f64) {
    // Adding this number rounds to an integer. On a tie s is 0 or 1, where both cells agree.
    const SHIFT: f64 = (1_u64 << 52) as f64;
    let back = position - 0.5;
    let shifted = if back > 0.0 { back } else { 0.0 } + SHIFT;
    (shifted.to_bits() & u64::from(u32::MAX), position - (shifted - SHIFT))
}

/// The value of a cell and its slope per cell, at `s` from 0 to 1.
#[inline(always)]
fn cubic([a, b, c, d]: [f64; 4], s: f64) -> (f64, f64) {
    (a + s * (b + s * (c + s * d)), b + s * (2.0 * c + 3.0 * s * d))
}

/// A value, and a slope per cell.
type Node = (f64, f64);

impl Run {
    fn new(prior: &dyn Prior, tau: f64, (start, end): (f64, f64)) -> Self {
        let step = tau / NODES;
        // There is at least one cell, even where a run is shorter than rounding or τ is infinite.
        let count = (((end - start) / step).ceil() as usize).max(1);
        let node = |k: usize| {
            let belief = prior.given(start + k as f64 * step, tau);
            (belief.mean, belief.variance / (tau * tau) * step)
        };
        let mut cells = Vec::with_capacity(count);
        let mut left = node(0);
        for first in (0..count).step_by(COARSE) {
            let last = (first + COARSE).min(count);
            let right = node(last);
            fill(&node, (first, last), (left, right), CLOSE * tau, &mut cells);
            left = right;
        }
        Self { start, end: start + count as f64 * step, cells }
    }
}

/// Appends the cells between two nodes. They are of one cubic if that is right in the middle, and
/// otherwise each half is filled by itself.
fn fill(
    node: &impl Fn(usize) -> Node,
    (first, last): (usize, usize),
    (left, right): (Node, Node),
    tolerance: f64,
    cells: &mut Vec<[f64; 4]>,
) {
    let (count, length) = (last - first, (last - first) as f64);
    let (rise, slopes) = (right.0 - left.0, (left.1 * length, right.1 * length));
    let (c, d) = (3.0 * rise - 2.0 * slopes.0 - slopes.1, slopes.0 + slopes.1 - 2.0 * rise);
    let along = |s| cubic([left.0, slopes.0, c, d], s);
    if count > 1 {
        let (half, s) = (count / 2, (count / 2) as f64 / length);
        let middle = node(first + half);
        let (mean, slope) = along(s);
        let apart = (slope / length - middle.1).abs();
        let close = (mean - middle.0).abs() <= tolerance && apart * NODES <= 100.0 * tolerance;
        if !close {
            fill(node, (first, first + half), (left, middle), tolerance, cells);
            return fill(node, (first + half, last), (middle, right), tolerance, cells);
        }
    }
    let step = length.recip();
    cells.extend((0..count).map(|k| {
        let s = k as f64 * step;
        let (value, slope) = along(s);
        [value, step * slope, step * step * (c + 3.0 * s * d), step * step * step * d]
    }));
}

impl Gap {
    fn new(prior: &dyn Prior, tau: f64, start: f64, end: f64) -> Self {
        let end = if end.is_finite() { end } else { prior.largest().max(start) + 10.0 * tau };
        let at = |share: f64| prior.given(start + share * (end - start), tau);
        let (first, square) = (at(0.0), tau * tau);
        let slope = at(0.5).variance / square;
        let straight = [0.25, 0.5, 0.75, 1.0].into_iter().all(|share| {
            let (belief, along) = (at(share), share * (end - start));
            (belief.mean - first.mean - slope * along).abs() <= 1e-7 * tau
                && (belief.variance / square - slope).abs() <= 1e-7
        });
        if straight { Self::Line { start, mean: first.mean, slope } } else { Self::Ask }
    }
}

#[cfg(test)]
mod tests {
    use toy_superposition_data::{AnyMagnitude, Exponential, Interval, Points};

    use super::*;
    use crate::SparsePrior;

    #[test]
    fn tables_are_the_priors() {
        let magnitudes = [
            AnyMagnitude::Uniform(toy_superposition_data::UnitUniform),
            AnyMagnitude::Interval(Interval::new(0.4, 1.3).unwrap()),
            AnyMagnitude::Exponential(Exponential::new(1.7).unwrap()),
            AnyMagnitude::Points(Points::new(&[0.5, 1.5], &[0.3, 0.7]).unwrap()),
            AnyMagnitude::Interval(Interval::new(-1.0, 1.0).unwrap()),
            AnyMagnitude::Points(Points::new(&[-0.5, 1.5], &[0.3, 0.7]).unwrap()),
        ];
        for magnitude in magnitudes {
            let prior = SparsePrior::new(0.07, magnitude).unwrap();
            for k in [-3, -60, -200, -500] {
                let tau = noise(k);
                assert_eq!(level(tau), k);
                let table = Table::new(&prior, tau);
                for j in 0..4000 {
                    let low = prior.bends()[0];
                    let r = low - 8.0 * tau + (1.6 - low + 24.0 * tau) * f64::from(j) / 4000.0;
                    // Between two values the mean jumps within one cell, where no r ever lies.
                    if prior.density(r, tau) * tau < 1e-12 {
                        continue;
                    }
                    let (belief, (mean, slope)) = (prior.given(r, tau), table.at(r));
                    assert!(
                        (mean - belief.mean).abs() < 2e-5 * tau,
                        "{prior:?} {tau} {r}: {mean} {belief:?}"
                    );
                    let expected = belief.variance / (tau * tau);
                    assert!((slope - expected).abs() < 2e-3 * (1.0 + expected), "{prior:?} {tau} {r}");
                }
                // Many values at once give the same values, and the sum of the same slopes.
                let low = prior.bends()[0] - 8.0 * tau;
                let r: [f64; TOGETHER] =
                    std::array::from_fn(|j| low + (1.6 - low + 24.0 * tau) * (j as f64 / 63.0).powi(3));
                let mut means = [f64::NAN; TOGETHER];
                let sum = table.apply(&r, &mut means);
                assert_eq!(means, r.map(|r| table.at(r).0));
                let expected: f64 = r.iter().map(|&r| table.at(r).1).sum();
                assert!((sum - expected).abs() <= 1e-12 * expected.abs(), "{prior:?} {tau}");
                table.apply(&[f64::NAN; TOGETHER], &mut means);
                assert!(means.iter().all(|mean| mean.is_nan()));
            }
        }
    }
}
