//! The posterior mean of a [`Prior`] at one noise level, tabulated: a few nanoseconds per feature.
//!
//! Between nodes `h = τ/32` apart, `η` is the cubic that has its values and slopes `η' = Var/τ²` at
//! both; its error is below `h⁴/384 · max |η⁗|`, about 1e-5 τ where the posterior switches and far
//! less elsewhere. The slope that is returned is the cubic's own, so that what is called the
//! divergence of the function is that of the function used. Tables reach from `10 τ` below a bend
//! to `18 τ` above it (of a bend below 0 the other way round). Further away the function is either
//! straight, and the line is used, or the prior is asked.

use crate::Prior;

/// Nodes per `τ`.
const NODES: f64 = 32.0;
/// How far a table reaches from a bend towards 0 and away from it, in units of `τ`.
const REACH: (f64, f64) = (10.0, 18.0);
/// Levels of noise per octave.
const LEVELS: f64 = 32.0;

/// Which level a noise belongs to: `τ = 2^{k/32}`, to the nearest, so that `τ` is off by at most
/// 1.1 %.
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
    /// `Σ_k c_k s^k` with `s` from 0 to 1 across the cell.
    cells: Vec<[f64; 4]>,
}

/// What lies between two runs, or after the last.
#[derive(Clone, Copy)]
enum Gap {
    /// `mean + slope · (r − start)`.
    Line {
        start: f64,
        mean: f64,
        slope: f64,
    },
    Ask,
}

/// `η` and `η'` at one noise level.
pub(crate) struct Table<'a> {
    prior: &'a dyn Prior,
    tau: f64,
    runs: Vec<Run>,
    /// One after each run.
    gaps: Vec<Gap>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(prior: &'a dyn Prior, tau: f64) -> Self {
        let mut spans: Vec<(f64, f64)> = Vec::new();
        let bends = prior.bends();
        for &bend in &bends {
            // At 0 towards where features are.
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
        Self { prior, tau, runs, gaps }
    }

    /// `(η(r), η'(r))`. Below the first table, where no `r` of the channel lies, `η` is constant.
    #[inline]
    pub(crate) fn at(&self, r: f64) -> (f64, f64) {
        let scale = NODES / self.tau;
        let first = &self.runs[0];
        let position = (r - first.start) * scale;
        if position < first.cells.len() as f64 {
            return if position > 0.0 { first.cubic(position, scale) } else { (first.cells[0][0], 0.0) };
        }
        self.beyond(r, scale)
    }

    fn beyond(&self, r: f64, scale: f64) -> (f64, f64) {
        let k = self.runs.partition_point(|run| run.start <= r).saturating_sub(1);
        let run = &self.runs[k];
        let position = (r - run.start) * scale;
        if position < run.cells.len() as f64 {
            return run.cubic(position, scale);
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

impl Run {
    fn new(prior: &dyn Prior, tau: f64, (start, end): (f64, f64)) -> Self {
        let step = tau / NODES;
        let count = ((end - start) / step).ceil() as usize;
        let node = |k: usize| {
            let belief = prior.given(start + k as f64 * step, tau);
            (belief.mean, belief.variance / (tau * tau) * step)
        };
        let mut cells = Vec::with_capacity(count);
        let mut left = node(0);
        for k in 1..=count {
            let right = node(k);
            let rise = right.0 - left.0;
            cells.push([left.0, left.1, 3.0 * rise - 2.0 * left.1 - right.1, left.1 + right.1 - 2.0 * rise]);
            left = right;
        }
        Self { start, end: start + count as f64 * step, cells }
    }

    #[inline]
    fn cubic(&self, position: f64, scale: f64) -> (f64, f64) {
        let cell = position as usize;
        let s = position - cell as f64;
        let [a, b, c, d] = self.cells[cell];
        (a + s * (b + s * (c + s * d)), (b + s * (2.0 * c + 3.0 * s * d)) * scale)
    }
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
                    // Between two values the mean jumps over less than a node, where no r ever
                    // lies.
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
            }
        }
    }
}
