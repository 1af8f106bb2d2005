//! The exact expected loss of one output: the sum over the nodes, and the rule that ends it.
//!
//! ```text
//! L = P[none on] g(m) + Σ_j P[only j on] ∫₀¹ g(m + w_j u) du                       (exact)
//!   + Σ_k a_k E_R Tᵏ + (2/P) Re Σ_{n≥1} e^{s_n m} ĝ(s_n) R(s_n) ,   R = K − (at most one on) .
//! ```
//! For magnitudes `U[0, 1]`, `R` falls off at least like `ω⁻²`, in addition to the `ω⁻³` of `ĝ`
//! (`ω⁻²` if `c = 0`), and like a Gaussian where many features are on. The error has three terms:
//! the aliases, which the choice of `P` bounds by Chernoff's inequality; the tail, which is
//! `max |R|` over the last quarter of the nodes times a bound on `∫|ĝ|/π`; and rounding, which is
//! `ε` times the sum of the absolute values of the terms.

use nalgebra::Complex;

use super::ExactLoss;
use super::far::Average;
use super::interference::Interference;
use super::law::Prepared;
use super::nodes::Nodes;
use super::one_on::one_on_gradient;
use super::periodic::Periodic;
use super::piecewise::Piecewise;
use super::shortened::Shortened;
use super::unit::Unit;

/// The relative error that is aimed at where only the loss is asked for.
pub(super) const FINEST: f64 = 1e-10;
/// The largest number of nodes; beyond it the estimate of the error contains the tail.
pub(super) const MOST_NODES: u32 = 1 << 20;

/// The largest period, in units of the own weight, for which the near form is used.
const NEAR: f64 = 30.0;

/// The exact loss of output `feature` of the row `row` of W.
pub(super) fn exact_loss(row: &[f64], feature: usize, bias: f64, law: &Prepared<'_>) -> ExactLoss {
    if law.one_on {
        return one_on_gradient(row, feature, bias, law, &mut vec![0.0; row.len()]).0;
    }
    let unit = bias / law.scale;
    let value = if let Some(shortened) = Shortened::new(row, feature, unit, law) {
        shortened.loss(shortened.output().solve(FINEST, shortened.least()))
    } else {
        let states: Vec<_> = Output::states(row, feature, unit, law).collect();
        let scale = Output::scale(&states);
        let mut value = ExactLoss { loss: 0.0, error: 0.0 };
        for (share, output) in &states {
            let state = output.solve(FINEST, scale);
            value =
                ExactLoss { loss: value.loss + share * state.loss, error: value.error + share * state.error };
        }
        value
    };
    let square = law.scale * law.scale;
    ExactLoss { loss: square * value.loss, error: square * value.error }
}

/// One output, prepared. If other features depend on its own feature, it is given the own switch;
/// otherwise it covers both states of that switch.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) law: Interference<'a>,
    pub(super) loss: Piecewise,
    pub(super) bias: f64,
}

impl<'a> Output<'a> {
    /// Output `feature` of the row `row` of W.
    pub(super) fn new(
        row: &[f64],
        feature: usize,
        bias: f64,
        law: &'a Prepared<'_>,
        own: Option<bool>,
    ) -> Self {
        let probability = match own {
            None => law.of(feature),
            Some(on) => f64::from(u8::from(on)),
        };
        let loss = Piecewise { probability, own: row[feature] };
        Self { law: Interference::new(row, feature, law, own), loss, bias }
    }

    /// The states of the own switch whose mean loss is that of the output, each with its
    /// probability.
    pub(super) fn states(
        row: &'a [f64],
        feature: usize,
        bias: f64,
        law: &'a Prepared<'_>,
    ) -> impl Iterator<Item = (f64, Self)> {
        let p = law.of(feature);
        let states = match law.block_of(feature) {
            None => [(1.0, None), (0.0, None)],
            Some(_) => [(1.0 - p, Some(false)), (p, Some(true))],
        };
        let states = states.into_iter().filter(|&(share, _)| share > 0.0);
        states.map(move |(share, own)| (share, Self::new(row, feature, bias, law, own)))
    }

    /// Returns `Some(true)` if the rectifier passes every sample, `Some(false)` if it passes none,
    /// and `None` if it may do either.
    pub(super) fn settled(&self) -> Option<bool> {
        let [below, above] = self.law.support;
        let [least, most] = self.law.unit.range(self.loss.own);
        if self.bias + above + most <= 0.0 {
            Some(false)
        } else if self.bias + below + least >= 0.0 {
            Some(true)
        } else {
            None
        }
    }

    /// The mean `E (x − c x − T)` of the residual of an output that always passes.
    pub(super) fn open_mean(&self) -> f64 {
        let Piecewise { probability: p, own: c } = self.loss;
        (1.0 - c) * p / self.law.unit.divisors()[0] - (self.bias + self.law.cumulants[0])
    }

    /// The loss of an output whose rectifier never acts. It is `p E u²` if the output is always 0,
    /// and mean² plus variance of `(1 − c) x − T` if it always passes.
    pub(super) fn settled_loss(&self, passes: bool) -> ExactLoss {
        let Piecewise { probability: p, own: c } = self.loss;
        let [d1, d2, ..] = self.law.unit.divisors();
        let second = 2.0 * p / d2;
        if !passes {
            return ExactLoss { loss: second, error: f64::EPSILON * p };
        }
        let variance = second - p * p / (d1 * d1);
        let mean = self.open_mean();
        let loss = mean * mean + (1.0 - c).powi(2) * variance + self.law.cumulants[1];
        let terms = self.law.features() as f64 + 8.0;
        let [below, above] = self.law.support;
        let size = (1.0 - c).abs() * p / d1.abs() + self.bias.abs() + above - below;
        let size = if size.is_finite() { size } else { mean.abs() + self.bias.abs() + loss.sqrt() };
        ExactLoss { loss, error: terms.sqrt() * f64::EPSILON * (loss + mean.abs() * size) }
    }

    /// A rough loss of all states together, against which their errors are measured even if the
    /// loss of one state is far smaller. It is 0 for a single state.
    pub(super) fn scale(states: &[(f64, Self)]) -> f64 {
        match states {
            [_] => 0.0,
            _ => states.iter().map(|(share, state)| share * state.rough_loss()).sum(),
        }
    }

    pub(super) fn rough_loss(&self) -> f64 {
        match self.law.unit {
            Unit::Uniform => self.law.rough_loss(&self.loss, self.bias),
            unit => self.law.rough_loss(&Average { loss: self.loss, unit }, self.bias),
        }
    }

    /// The part of the loss, of its slope in the bias and of its slope in `c` with at most one
    /// feature on.
    pub(super) fn few(&self) -> [f64; 3] {
        match self.law.unit {
            Unit::Uniform => self.law.few(&self.loss, self.bias),
            unit => self.law.few(&Average { loss: self.loss, unit }, self.bias),
        }
    }

    /// The exact loss, with an error of about `tolerance` relative to the larger of the loss and
    /// `least`.
    pub(super) fn solve(&self, tolerance: f64, least: f64) -> ExactLoss {
        if let Some(passes) = self.settled() {
            return self.settled_loss(passes);
        }
        let [few, ..] = self.few();
        if self.law.is_few() {
            return ExactLoss { loss: few, error: 8.0 * f64::EPSILON * few };
        }
        if !self.law.unit.is_uniform() {
            let (sums, error) = self.slopes(tolerance, least, false);
            return ExactLoss { loss: sums.loss, error };
        }
        self.refined(tolerance, least, |tolerance| self.sum(few, tolerance), |found| found.loss)
    }

    /// Calls `of` with an absolute tolerance, which is `tolerance` times the larger of the loss and
    /// `least`. The rough loss only sets the tolerance of the first call; the call is repeated if
    /// that tolerance was far too high.
    pub(super) fn refined<S>(
        &self,
        tolerance: f64,
        least: f64,
        of: impl Fn(f64) -> S,
        loss: impl Fn(&S) -> f64,
    ) -> S {
        let bounded = |scale: f64| scale.max(least).max(f64::MIN_POSITIVE / FINEST);
        let mut scale = bounded(self.rough_loss());
        let mut found = of(tolerance * scale);
        for _ in 0..3 {
            let better = bounded(loss(&found).abs());
            if better > 0.4 * scale {
                break;
            }
            scale = better;
            found = of(tolerance * scale);
        }
        found
    }

    /// The periodic form whose aliases are below `tolerance`.
    pub(super) fn form(&self, tolerance: f64) -> Periodic {
        let Piecewise { probability: p, own: c } = self.loss;
        let m = self.bias;
        if c > 0.0 {
            let cubic = 2.0 * p * (1.0 + c) / (c * c);
            let prefactor = |theta: f64| (2.0 + 2.0 * p / c + cubic / theta) / (theta * theta);
            let below = self.law.reach(false, -m, prefactor, tolerance);
            if below <= c {
                let period = below.max(self.law.reach(true, m, prefactor, tolerance));
                // The coefficients of the cubic grow like (P/c)³ and would cancel at larger
                // periods.
                if period <= NEAR * c {
                    return Periodic { loss: self.loss, period, near: true };
                }
            }
        }
        let prefactor = |theta: f64| (2.0 / theta + 2.0 * p) / theta;
        let below = self.law.reach(false, -m - c.min(0.0), prefactor, tolerance);
        let above = self.law.reach(true, m + c.max(0.0), prefactor, tolerance);
        Periodic { loss: self.loss, period: below.max(above), near: false }
    }

    /// The loss as a sum over nodes, with an absolute error of about `tolerance`.
    fn sum(&self, few: f64, tolerance: f64) -> ExactLoss {
        let m = self.bias;
        let alias = tolerance / 100.0;
        let form = self.form(alias);
        let [coefficients, _] = form.polynomial();
        let (mut total, mut rounding) = (0.0, few);
        for (a, moment) in coefficients.into_iter().zip(self.law.remaining_moments(m)) {
            total += a * moment;
            rounding += (a * moment).abs();
        }
        let weight = 2.0 / form.period;
        let mut nodes = Nodes::new(&self.law, form.period);
        // The largest |R| of each recent block, with the node at which the block ended.
        let mut recent: Vec<(u32, f64)> = Vec::new();
        let tail = loop {
            let count = (nodes.next() / 4).max(4);
            let mut largest: f64 = 0.0;
            nodes.visit(count, |node| {
                let [transform, _] = form.transform(node.omega);
                let rest = node.full - node.few;
                total += weight * (Complex::cis(node.omega * m) * transform * rest).re;
                rounding += weight * transform.norm() * (node.full.norm() + node.few.norm());
                largest = largest.max(rest.norm());
            });
            recent.push((nodes.next(), largest));
            recent.retain(|&(end, _)| f64::from(end) > 0.75 * f64::from(nodes.next()));
            let envelope = recent.iter().map(|&(_, largest)| largest).fold(0.0, f64::max);
            let tail = envelope * form.tail(nodes.omega()) / std::f64::consts::PI;
            // More nodes do not reduce the rounding error.
            if tail <= (2.0 * tolerance).max(self.law.rounding(rounding)) || nodes.next() > MOST_NODES {
                break tail;
            }
        };
        let rounding = self.law.rounding(rounding);
        let error = tail + 2.0 * alias + rounding;
        ExactLoss { loss: few + total, error }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::FINEST;
    use super::Output;
    use crate::exact::law::Prepared;

    /// The error that is returned covers the distance to a result with a hundredth of the
    /// tolerance. The rows are of every kind: weights over four decades, p from 1e-3 to 1, and any
    /// own weight and bias.
    #[test]
    fn the_error_covers_what_is_left_out() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut most: f64 = 0.0;
        for case in 0..400 {
            let features = rng.random_range(3..30);
            let decades = rng.random_range(0.0..4.0);
            let row: Vec<f64> = (0..features)
                .map(|_| {
                    10.0_f64.powf(-decades * rng.random::<f64>()) * if rng.random() { 1.0 } else { -1.0 }
                })
                .collect();
            let p = if case % 9 == 0 { 1.0 } else { 10.0_f64.powf(-3.0 * rng.random::<f64>()) };
            let bias = rng.random_range(-1.0..0.6) * if case % 2 == 0 { 1.0 } else { 1e-2 };
            let law = Prepared::each(vec![p; features]);
            let output = Output::new(&row, case % features, bias, &law, None);
            let value = output.solve(FINEST, 0.0);
            let [few, ..] = output.law.few(&output.loss, bias);
            let finer = output.sum(few, FINEST * value.loss / 100.0);
            let distance = (value.loss - finer.loss).abs();
            // A settled output has no series that could be truncated; there the series is the
            // rougher of the two.
            let settled = output.settled().is_some();
            let allowed = value.error + if settled { finer.error } else { 0.0 };
            assert!(distance <= allowed, "{row:?} {bias} {p}: {value:?} {finer:?}");
            assert!(value.error <= 1e-9 * value.loss, "{row:?} {bias} {p}: {value:?}");
            if !settled {
                most = most.max(distance / value.error);
            }
        }
        // The estimate is not far above every error.
        assert!(most > 1e-3, "{most}");
    }
}
