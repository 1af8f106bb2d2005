//! The gradient of the exact loss of one output in its row of W and its bias.
//!
//! It follows from the series of the loss, term by term. With `c = W_ii`, `w_j = W_ij` and
//! `U_1(z) = E u e^{zu}`,
//! ```text
//! ∂K/∂w_j = p_j s U_1(s w_j) Π_{k≠j} K_k ,   ∂E(e^{sT})/∂b = s e^{sb} K ,   ∂ĝ/∂c in closed form ,
//! ∂E Tᵏ/∂κ_r = C(k, r) E Tᵏ⁻ʳ ,   ∂κ_r(I)/∂w_j = r w_jʳ⁻¹ κ_r(x_j) ,
//! ```
//! and the parts with at most one feature on are exact integrals. The products without one factor
//! are built from the left and from the right, so that nothing is divided by a factor, which may
//! be 0. The time is O(nodes × n_s).

use nalgebra::Complex;

use super::ExactLoss;
use super::factors::{BlockWaves, Repeated};
use super::far::{Average, WINDOWED};
use super::lanes::Lanes;
use super::law::Prepared;
use super::one_on::one_on_gradient;
use super::periodic::{BINOMIAL, Form, imaginary};
use super::piecewise::Given;
use super::row::{MOST_NODES, Output};
use super::shortened::Shortened;
use super::unit::Unit;

/// Returns the loss of one output and its slope in the bias, and writes its slopes in the entries
/// of `row` to `slopes`.
pub(super) fn exact_gradient(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: &Prepared<'_>,
    tolerance: f64,
    slopes: &mut [f64],
) -> (ExactLoss, f64) {
    if law.one_on {
        return one_on_gradient(row, feature, bias, law, slopes);
    }
    let (square, unit) = (law.scale * law.scale, bias / law.scale);
    if let Some(shortened) = Shortened::new(row, feature, unit, law) {
        let goal = (tolerance, shortened.least());
        let (value, slope) = shortened.output().gradient(shortened.law(), feature, goal, slopes);
        let value = shortened.loss(value);
        let by_bias = law.scale * shortened.slopes(slopes, slope);
        slopes.iter_mut().for_each(|slope| *slope *= square);
        return (ExactLoss { loss: square * value.loss, error: square * value.error }, by_bias);
    }
    let (mut value, mut by_bias) = (ExactLoss { loss: 0.0, error: 0.0 }, 0.0);
    let mut part = vec![0.0; row.len()];
    slopes.fill(0.0);
    let states: Vec<_> = Output::states(row, feature, unit, law).collect();
    let scale = Output::scale(&states);
    for (share, output) in &states {
        let (state, slope) = output.gradient(law, feature, (tolerance, scale), &mut part);
        value.loss += square * share * state.loss;
        value.error += square * share * state.error;
        by_bias += law.scale * share * slope;
        slopes.iter_mut().zip(&part).for_each(|(sum, part)| *sum += square * share * part);
    }
    (value, by_bias)
}

/// The loss of one output and its slopes, while they are summed.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) loss: f64,
    pub(super) bias: f64,
    pub(super) own: f64,
    /// For each group, the slope in the weight of one member.
    pub(super) groups: Vec<f64>,
    /// For each member of each block, the slope in its weight.
    pub(super) blocks: Vec<Vec<f64>>,
}

impl Output<'_> {
    /// Returns the loss and its slope in the bias, and overwrites `row` with the gradient in the
    /// row.
    fn gradient(
        &self,
        probability: &Prepared<'_>,
        feature: usize,
        (tolerance, least): (f64, f64),
        row: &mut [f64],
    ) -> (ExactLoss, f64) {
        let law = &self.law;
        if let Some(passes) = self.settled() {
            row.fill(0.0);
            let value = self.settled_loss(passes);
            return (value, if passes { self.settled_gradient(probability, feature, row) } else { 0.0 });
        }
        let (sums, error) = self.slopes(tolerance, least, true);
        // Independent features of weight 0 have the slope p_j E u E g′, since x_j and T are
        // independent.
        let [d1, ..] = law.unit.divisors();
        for (j, slope) in row.iter_mut().enumerate() {
            *slope = probability.of(j) / d1 * sums.bias;
        }
        let mut members = law.members.iter();
        for (group, slope) in law.groups.iter().zip(sums.groups) {
            for &j in members.by_ref().take(group.count as usize) {
                row[j] = slope;
            }
        }
        for (block, slopes) in law.blocks.iter().zip(sums.blocks) {
            for (member, slope) in block.members.iter().zip(slopes) {
                row[member.feature] = slope;
            }
        }
        row[feature] = sums.own;
        (ExactLoss { loss: sums.loss, error }, sums.bias)
    }

    /// Returns the loss of an output that does not settle with, if `for_slopes`, all slopes, and an
    /// estimate of the error of the loss. The error is about `tolerance` relative to the larger of
    /// the loss and `least`.
    pub(super) fn slopes(&self, tolerance: f64, least: f64, for_slopes: bool) -> (Sums, f64) {
        let sums = |tolerance| self.sums(tolerance, for_slopes);
        let refined = |tolerance| self.refined(tolerance, least, sums, |(sums, _): &(Sums, f64)| sums.loss);
        match self.law.unit {
            Unit::Points(points) => {
                self.by_atoms(points, for_slopes).unwrap_or_else(|| refined(tolerance.max(WINDOWED)))
            }
            _ => refined(tolerance),
        }
    }

    /// The loss and the slopes with an absolute error of about `tolerance`, and an estimate of the
    /// error of the loss.
    pub(super) fn sums(&self, tolerance: f64, for_slopes: bool) -> (Sums, f64) {
        let alias = tolerance / 100.0;
        let few = match self.law.unit {
            Unit::Uniform => self.few_sums(&self.loss),
            unit => self.few_sums(&Average { loss: self.loss, unit }),
        };
        if self.law.features() < 2 {
            let error = 8.0 * f64::EPSILON * few.loss;
            return (few, error);
        }
        let (sums, error) = match self.law.unit {
            Unit::Uniform => self.finished(&self.form(alias), tolerance, for_slopes, few),
            Unit::Points(_) => self.windowed(self.far(alias), tolerance, for_slopes, &few),
            _ => self.finished(&self.far(alias), tolerance, for_slopes, few),
        };
        (sums, error + 2.0 * alias)
    }

    /// Adds the polynomial and the series to the part with at most one feature on.
    pub(super) fn finished(
        &self,
        form: &impl Form,
        tolerance: f64,
        for_slopes: bool,
        mut sums: Sums,
    ) -> (Sums, f64) {
        self.add_polynomial(form, &mut sums);
        let error = self.add_series(form, tolerance, for_slopes, &mut sums);
        (sums, error)
    }

    /// The part with at most one feature on, from which the sums start.
    fn few_sums(&self, loss: &impl Given) -> Sums {
        let (law, m) = (&self.law, self.bias);
        let [few, bias, own] = law.few(loss, m);
        let along =
            |weight: f64, alone: f64| if alone > 0.0 { alone * loss.along(m, weight)[3] } else { 0.0 };
        let blocks = law
            .blocks
            .iter()
            .map(|block| block.members.iter().map(|member| along(member.weight, member.alone)).collect());
        Sums {
            loss: few,
            bias,
            own,
            groups: law.groups.iter().map(|group| along(group.weight, group.alone)).collect(),
            blocks: blocks.collect(),
        }
    }

    /// The slopes of an output that always passes, `L = mean² + (1 − c)² Var x + Var I`. Returns
    /// the slope in the bias, and writes the others to `row`.
    fn settled_gradient(&self, probability: &Prepared<'_>, feature: usize, row: &mut [f64]) -> f64 {
        let bias = -2.0 * self.open_mean();
        let mut members = self.law.members.iter();
        for group in &self.law.groups {
            members.by_ref().take(group.count as usize).for_each(|&j| row[j] = group.weight);
        }
        row[feature] = self.loss.own - 1.0;
        for (j, slope) in row.iter_mut().enumerate() {
            let p = if j == feature { self.loss.probability } else { probability.of(j) };
            let [mean, variance, ..] = self.law.unit.cumulants(p);
            *slope = bias * mean + 2.0 * *slope * variance;
        }
        for block in &self.law.blocks {
            let mut slopes = vec![[0.0; 4]; block.members.len()];
            block.cumulants_and_slopes(Some(&mut slopes));
            for (member, [mean, variance, ..]) in block.members.iter().zip(slopes) {
                row[member.feature] = bias * mean + variance;
            }
        }
        bias
    }

    /// Adds the polynomial part of the form to the sums.
    fn add_polynomial(&self, form: &impl Form, sums: &mut Sums) {
        let (law, m) = (&self.law, self.bias);
        let [value, own] = form.polynomial();
        let derivative: [f64; 4] = std::array::from_fn(|k| (k + 1) as f64 * value[k + 1]);
        let (moments, rest) = (law.moments(m), law.remaining_moments(m));
        // These are ∂(Σ a_k E Tᵏ)/∂κ_r.
        let by_cumulant: [f64; 4] = std::array::from_fn(|r| {
            (r + 1..=4).map(|k| value[k] * BINOMIAL[k][r + 1] * moments[k - r - 1]).sum()
        });
        // The integral of u (Σ a_k t^k)′ along t = m + w u. Its degree is at most 4, so that three
        // points are exact.
        let along = |weight: f64| -> f64 {
            if !law.unit.is_uniform() {
                let slopes = law.unit.path_slopes(m, weight);
                return derivative.iter().zip(slopes).map(|(a, slope)| a * slope).sum();
            }
            let point = |(x, share): (f64, f64)| {
                let u = 0.5 + x / 2.0;
                let t = m + weight * u;
                share / 2.0 * u * derivative.iter().rev().fold(0.0, |sum, a| sum * t + a)
            };
            GAUSS_3.into_iter().map(point).sum()
        };
        for (group, slope) in law.groups.iter().zip(&mut sums.groups) {
            let mut power = 1.0;
            for (r, (kappa, by)) in
                law.unit.cumulants(group.probability).into_iter().zip(by_cumulant).enumerate()
            {
                *slope += by * kappa * (r + 1) as f64 * power;
                power *= group.weight;
            }
            *slope -= group.alone * along(group.weight);
        }
        for (block, slopes) in law.blocks.iter().zip(&mut sums.blocks) {
            let mut by_weight = vec![[0.0; 4]; slopes.len()];
            block.cumulants_and_slopes(Some(&mut by_weight));
            for ((slope, member), by_weight) in slopes.iter_mut().zip(&block.members).zip(by_weight) {
                *slope += by_weight.iter().zip(by_cumulant).map(|(kappa, by)| kappa * by).sum::<f64>();
                *slope -= member.alone * along(member.weight);
            }
        }
        let total = |a: &[f64]| -> f64 { a.iter().zip(rest).map(|(a, moment)| a * moment).sum() };
        sums.loss += total(&value);
        sums.bias += total(&derivative);
        sums.own += total(&own);
    }

    /// Adds as many nodes of the series as the tolerance needs, and returns an estimate of the
    /// error of the loss.
    fn add_series(&self, form: &impl Form, tolerance: f64, for_slopes: bool, sums: &mut Sums) -> f64 {
        let (law, m) = (&self.law, self.bias);
        let step = 2.0 * std::f64::consts::PI / form.period();
        let mut lanes = Lanes::new(if law.unit.is_uniform() { &law.groups } else { &[] }, step);
        let mut repeated = Repeated::new(law, step);
        let window = form.window();
        // A bound on the change by the window, beginning with the node 0.
        let mut missed = (form.missed(0.0) * law.remaining_moments(m)[0]).re / form.period();
        let mut blocks: Vec<_> = law.blocks.iter().map(|block| BlockWaves::new(block, step)).collect();
        let one = Complex::new(1.0, 0.0);
        // Entry b of `left` is the product of the blocks before b.
        let mut left = vec![one; blocks.len()];
        let mut recent: Vec<Stretch> = Vec::new();
        let (mut next, mut rounding, mut slope_rounding) = (1, 0.0, 0.0);
        let tail = loop {
            let end = next + (next / 4).max(4);
            let mut stretch = Stretch::new(window.map_or(end, |window| end.min(window.last + 1)));
            for n in next..stretch.end {
                let omega = step * f64::from(n);
                let (single, mut few) = lanes.forward(n);
                few += law.silent;
                let equal = repeated.forward(n, &mut few);
                let mut product = one;
                for (before, block) in left.iter_mut().zip(&mut blocks) {
                    *before = product;
                    product *= block.forward(n, &mut few);
                }
                let full = single * equal * product;
                let rest = full - few;
                let [transform, transform_own] = form.transform(omega);
                let wave = Complex::cis(omega * m) * (2.0 / form.period());
                let wave = window.map_or(wave, |window| {
                    missed += (wave * form.missed(omega) * rest).re;
                    wave * window.at(omega)
                });
                let slope = wave * transform * imaginary(omega);
                sums.loss += (wave * transform * rest).re;
                sums.bias += (slope * rest).re;
                sums.own += (wave * transform_own * rest).re;
                let size = size_of(wave * transform) * (size_of(full) + size_of(few));
                rounding += size;
                slope_rounding += omega * size;
                if !for_slopes {
                    stretch.add(size_of(rest), [sums.bias, sums.own, 0.0]);
                    continue;
                }
                lanes.backward(slope, equal * product);
                repeated.backward(slope, single * product);
                let mut right = single * equal;
                for (&before, block) in left.iter().zip(&mut blocks).rev() {
                    block.backward(slope, before * right);
                    right *= block.value;
                }
                // Features of weight 0 may still have slopes that move where all other sums have
                // settled.
                let dependent = blocks.iter().flat_map(|block| &block.sums).chain(&repeated.sums).sum();
                stretch.add(size_of(rest), [sums.bias, sums.own, dependent]);
            }
            next = stretch.end;
            recent.push(stretch);
            recent.retain(|stretch| f64::from(stretch.end) > 0.75 * f64::from(next));
            let last = recent.iter().fold(Stretch::new(next), |all, stretch| all.joined(stretch));
            let omega = step * f64::from(next);
            let tail = last.largest * form.tail(omega) / std::f64::consts::PI;
            if let Some(window) = window {
                if next > window.last {
                    break tail * window.at(omega) + missed.max(0.0);
                }
                continue;
            }
            // More nodes do not reduce the rounding error.
            let enough = |error: f64, rounding: f64| error <= (2.0 * tolerance).max(law.rounding(rounding));
            let slopes = if for_slopes { LEFT * last.spread() } else { 0.0 };
            if enough(tail, rounding) && enough(slopes, slope_rounding) || next > MOST_NODES {
                break tail;
            }
        };
        lanes.add_to(&mut sums.groups);
        repeated.add_to(&mut sums.groups);
        for (slopes, block) in sums.blocks.iter_mut().zip(&blocks) {
            slopes.iter_mut().zip(&block.sums).for_each(|(slope, sum)| *slope += sum);
        }
        tail + law.rounding(rounding)
    }
}

/// An estimate of `|z|`. It is not exact to the last digit and is 0 below 1e-162, but it avoids the
/// function `hypot`, which takes a tenth of the time of a node.
fn size_of(z: Complex<f64>) -> f64 {
    z.norm_sqr().sqrt()
}

/// A bound on the remainder of the slopes, in units of how far their sums moved over the last
/// quarter of the nodes. It is 4 for terms of one sign that fall off like ω⁻², and less for any
/// faster decay and for terms that alternate in sign.
const LEFT: f64 = 4.0;

/// The range of the sums over a stretch of nodes.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// The node after the last.
    end: u32,
    /// The largest |R|.
    largest: f64,
    /// The least and the greatest value of each sum.
    least: [f64; 3],
    most: [f64; 3],
}

impl Stretch {
    fn new(end: u32) -> Self {
        Self { end, largest: 0.0, least: [f64::INFINITY; 3], most: [f64::NEG_INFINITY; 3] }
    }

    fn add(&mut self, rest: f64, sums: [f64; 3]) {
        *self = self.joined(&Self { end: self.end, largest: rest, least: sums, most: sums });
    }

    fn joined(&self, other: &Self) -> Self {
        Self {
            end: self.end,
            largest: self.largest.max(other.largest),
            least: std::array::from_fn(|k| self.least[k].min(other.least[k])),
            most: std::array::from_fn(|k| self.most[k].max(other.most[k])),
        }
    }

    /// The largest distance over which a sum moved.
    fn spread(&self) -> f64 {
        (0..3).map(|k| self.most[k] - self.least[k]).fold(0.0, f64::max)
    }
}

/// The abscissas and weights of three-point Gauss–Legendre on [−1, 1].
const GAUSS_3: [(f64, f64); 3] =
    [(-0.774_596_669_241_483_4, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669_241_483_4, 5.0 / 9.0)];

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use crate::exact::{exact_row_gradient, exact_row_loss};

    /// The gradient agrees with fourth-order central differences of the loss in every entry, for
    /// every case of the series.
    #[test]
    fn gradient_is_the_difference_quotient() {
        let rows: [(&[f64], usize, f64); 5] = [
            (&[0.3, 0.8, -0.45, 0.15, 0.15, 0.15, -0.06, -0.37, 0.0], 1, -0.12),
            (&[0.3, -0.5, -0.45, 0.15, 0.15, 0.25, -0.06, -0.37, 0.41], 1, 0.2),
            (&[1e-3, -2e-3, 1.5e-3, 0.9, 3e-3, 2.2e-3, -4e-4, 8e-4, 1.1e-3], 3, -1e-3),
            (&[1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0, 0.1),
            (&[0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1, -0.05),
        ];
        let each = [0.03, 0.2, 0.4, 0.1, 0.1, 0.1, 0.7, 0.05, 1.0];
        for (row, feature, bias) in rows {
            for probabilities in [[0.02; 9], each, [1.0; 9]] {
                let mut gradient = vec![f64::NAN; row.len()];
                let found =
                    exact_row_gradient(row, feature, bias, &probabilities[..], 1e-10, &mut gradient).unwrap();
                let value = exact_row_loss(row, feature, bias, &probabilities[..]).unwrap();
                assert_relative_eq!(found.value.loss, value.loss, epsilon = 0.0, max_relative = 1e-9);
                let step = 1e-2
                    * row
                        .iter()
                        .enumerate()
                        .filter(|&(j, w)| j != feature && *w != 0.0)
                        .map(|(_, w)| w.abs())
                        .fold(f64::INFINITY, f64::min)
                        .min(0.1);
                let quotient = |entry: Option<usize>| {
                    let at = |steps: f64| {
                        let (mut row, mut bias) = (row.to_vec(), bias);
                        match entry {
                            Some(j) => row[j] += steps * step,
                            None => bias += steps * step,
                        }
                        exact_row_loss(&row, feature, bias, &probabilities[..]).unwrap().loss
                    };
                    (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step)
                };
                // The kinks in higher derivatives of a C² function limit fourth-order differences,
                // and the loss has an error of 1e-11 divided by the step.
                let size = gradient.iter().chain([&found.bias]).fold(0.0, |most: f64, g| most.max(g.abs()));
                let tolerance = 2e-5 * size;
                assert!((found.bias - quotient(None)).abs() < tolerance, "{row:?} {probabilities:?} bias");
                for (j, &slope) in gradient.iter().enumerate() {
                    let expected = quotient(Some(j));
                    assert!(
                        (slope - expected).abs() < tolerance,
                        "{row:?} {j}: {slope:e} {expected:e} of {size:e}"
                    );
                }
            }
        }
    }
}
