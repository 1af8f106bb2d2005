//! The gradient of the exact loss of one output in its row of W and its bias.
//!
//! From the same series as the loss, term by term: with `c = W_ii`, `w_j = W_ij`, `U_1(z) = ∫₀¹ u e^{zu} du`,
//! ```text
//! ∂K/∂w_j = p_j s U_1(s w_j) Π_{k≠j} K_k ,   ∂E(e^{sT})/∂b = s e^{sb} K ,   ∂ĝ/∂c in closed form ,
//! ∂E Tᵏ/∂κ_r = C(k, r) E Tᵏ⁻ʳ ,   ∂κ_r(I)/∂w_j = r w_jʳ⁻¹ κ_r(x_j) ,
//! ```
//! and the parts with at most one feature on by exact integrals. The products without one factor are built from
//! the left and from the right, so that no factor is divided by (a factor may be 0). Time O(nodes × n_s).

use nalgebra::Complex;

use super::interference::{Group, feature_cumulants};
use super::periodic::{BINOMIAL, Periodic, imaginary, uniform_transforms};
use super::row::Output;
use super::{ExactLoss, Probability};

/// More nodes than the loss needs by this factor: a derivative's terms fall off one power of ω later.
const LONGER: f64 = 1.5;

/// `φ(z) = ∫ e^{zu} du` and `U_1(z)` for all groups at the current node.
struct Waves {
    wave: Vec<Complex<f64>>,
    turn: Vec<Complex<f64>>,
    step: f64,
}

impl Waves {
    fn new(groups: &[Group], step: f64) -> Self {
        let turn: Vec<_> = groups.iter().map(|group| Complex::cis(step * group.weight)).collect();
        Self { wave: turn.clone(), turn, step }
    }

    /// Moves to node `n`.
    fn advance(&mut self, groups: &[Group], n: u32) {
        if n.is_multiple_of(256) {
            for (wave, group) in self.wave.iter_mut().zip(groups) {
                *wave = Complex::cis(self.step * f64::from(n) * group.weight);
            }
        } else if n > 1 {
            for (wave, turn) in self.wave.iter_mut().zip(&self.turn) {
                *wave *= turn;
            }
        }
    }

    fn transforms(&self, k: usize, y: f64) -> [Complex<f64>; 2] {
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

impl Output {
    /// The loss, its slope in the bias, and its gradient in the row, which is overwritten.
    pub(super) fn gradient(
        &self,
        probability: Probability<'_>,
        feature: usize,
        row: &mut [f64],
    ) -> (ExactLoss, f64) {
        let (law, m) = (&self.law, self.bias);
        let solution = self.solve();
        if let Some(passes) = self.settled() {
            let bias = if passes { self.settled_gradient(probability, feature, row) } else { 0.0 };
            if !passes {
                row.fill(0.0);
            }
            return (solution.value, bias);
        }
        let groups = &law.groups;
        let [_, mut bias, mut own] = law.few(&self.loss, m);
        let mut slopes: Vec<f64> =
            groups.iter().map(|group| group.alone * self.loss.along(m, group.weight)[3]).collect();
        if let Some((form, nodes)) = solution.form {
            let [polynomial_bias, polynomial_own] = self.polynomial_gradient(&form, &mut slopes);
            bias += polynomial_bias;
            own += polynomial_own;
            let [series_bias, series_own] = self.series_gradient(&form, nodes, &mut slopes);
            bias += series_bias;
            own += series_own;
        }
        row.fill(0.0);
        let mut members = law.members.iter();
        for (group, slope) in groups.iter().zip(slopes) {
            for &j in members.by_ref().take(group.count as usize) {
                row[j] = slope;
            }
        }
        // Weights that are 0 still have a slope, p_j ∫ u E g′: as if the feature were alone beside the others.
        self.silent_slopes(probability, feature, row, bias);
        row[feature] = own;
        (solution.value, bias)
    }

    /// The slopes of an output that always passes, `L = mean² + (1 − c)² Var x + Σ_j w_j² Var x_j`: the slope in the
    /// bias is returned, `row` is overwritten.
    fn settled_gradient(&self, probability: Probability<'_>, feature: usize, row: &mut [f64]) -> f64 {
        let bias = -2.0 * self.open_mean();
        row.fill(0.0);
        let mut members = self.law.members.iter();
        for group in &self.law.groups {
            members.by_ref().take(group.count as usize).for_each(|&j| row[j] = group.weight);
        }
        row[feature] = self.loss.own - 1.0;
        for (j, slope) in row.iter_mut().enumerate() {
            let [mean, variance, ..] = feature_cumulants(probability.of(j));
            *slope = bias * mean + 2.0 * *slope * variance;
        }
        bias
    }

    /// `∂L/∂w_j = E[x_j g′(T)]` at `w_j = 0`, where `x_j` and `T` are independent: `(p_j/2) ∂L/∂b`.
    fn silent_slopes(&self, probability: Probability<'_>, feature: usize, row: &mut [f64], bias: f64) {
        let mut present = vec![false; row.len()];
        for &j in &self.law.members {
            present[j] = true;
        }
        for (j, slope) in row.iter_mut().enumerate().filter(|&(j, _)| j != feature && !present[j]) {
            *slope = probability.of(j) / 2.0 * bias;
        }
    }

    /// The polynomial part: slopes in the bias and in c; those in the weights are added to `slopes`.
    fn polynomial_gradient(&self, form: &Periodic, slopes: &mut [f64]) -> [f64; 2] {
        let (law, m) = (&self.law, self.bias);
        let [value, own] = form.polynomial();
        let derivative: [f64; 4] = std::array::from_fn(|k| (k + 1) as f64 * value[k + 1]);
        let (moments, rest) = (law.moments(m), law.remaining_moments(m));
        // ∂(Σ a_k E Tᵏ)/∂κ_r
        let by_cumulant: [f64; 4] = std::array::from_fn(|r| {
            (r + 1..=4).map(|k| value[k] * BINOMIAL[k][r + 1] * moments[k - r - 1]).sum()
        });
        for (group, slope) in law.groups.iter().zip(slopes) {
            let mut power = 1.0;
            for (r, (kappa, by)) in
                feature_cumulants(group.probability).into_iter().zip(by_cumulant).enumerate()
            {
                *slope += by * kappa * (r + 1) as f64 * power;
                power *= group.weight;
            }
            if group.alone > 0.0 {
                // ∫ u (Σ a_k t^k)′ du along t = m + w u: degree 4 at most, three points.
                for (x, weight) in GAUSS_3 {
                    let u = 0.5 + x / 2.0;
                    let t = m + group.weight * u;
                    let at = derivative.iter().rev().fold(0.0, |sum, a| sum * t + a);
                    *slope -= group.alone * weight / 2.0 * u * at;
                }
            }
        }
        let bias = derivative.iter().zip(rest).map(|(a, moment)| a * moment).sum();
        let own = own.iter().zip(rest).map(|(a, moment)| a * moment).sum();
        [bias, own]
    }

    /// The series: likewise.
    fn series_gradient(&self, form: &Periodic, nodes: u32, slopes: &mut [f64]) -> [f64; 2] {
        let (groups, m) = (&self.law.groups, self.bias);
        let step = 2.0 * std::f64::consts::PI / form.period;
        let mut waves = Waves::new(groups, step);
        let one = Complex::new(1.0, 0.0);
        let mut firsts = vec![one; groups.len()];
        let mut factors = vec![one; groups.len()];
        // left[k]: the product of the factors before k.
        let mut left = vec![one; groups.len()];
        let (mut bias, mut own) = (0.0, 0.0);
        let last = (LONGER * f64::from(nodes)).ceil() as u32;
        for n in 1..=last {
            waves.advance(groups, n);
            let omega = step * f64::from(n);
            let (mut product, mut few) = (one, Complex::new(self.law.silent, 0.0));
            for (k, group) in groups.iter().enumerate() {
                let [zeroth, first] = waves.transforms(k, omega * group.weight);
                let factor = zeroth * group.probability + (1.0 - group.probability);
                left[k] = product;
                (firsts[k], factors[k]) = (first, factor);
                product *= if group.count == 1 { factor } else { factor.powi(group.count) };
                few += zeroth * (f64::from(group.count) * group.alone);
            }
            let [transform, transform_own] = form.transform(omega);
            let wave = Complex::cis(omega * m) * (2.0 / form.period);
            let slope = wave * transform * imaginary(omega);
            bias += (slope * (product - few)).re;
            own += (wave * transform_own * (product - few)).re;
            let mut right = one;
            for (k, group) in groups.iter().enumerate().rev() {
                let mut without = left[k] * right;
                if group.count > 1 {
                    let power = factors[k].powi(group.count - 1);
                    without *= power;
                    right *= power;
                }
                right *= factors[k];
                slopes[k] += (slope * firsts[k] * (without * group.probability - group.alone)).re;
            }
        }
        [bias, own]
    }
}

/// The abscissas and weights of three-point Gauss–Legendre on [−1, 1].
const GAUSS_3: [(f64, f64); 3] =
    [(-0.774_596_669_241_483_4, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669_241_483_4, 5.0 / 9.0)];

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use crate::exact::{exact_row_gradient, exact_row_loss};

    /// Fourth-order central differences of the loss itself, every entry, every case of the series.
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
                    exact_row_gradient(row, feature, bias, &probabilities[..], &mut gradient).unwrap();
                let value = exact_row_loss(row, feature, bias, &probabilities[..]).unwrap();
                assert_relative_eq!(found.value.loss, value.loss, epsilon = 0.0, max_relative = 1e-15);
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
                // Fourth-order differences of a C² function err by its higher kinks; the loss by 1e-11 over a step.
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
