//! The interference on one output, `I = Σ_{j≠i} W_ij x_j`, as a law: a sum of independent terms.
//!
//! ```text
//! K(s) = E e^{sI} = Π_j K_j(s) ,   K_j(s) = 1 − p_j + p_j φ(s w_j) ,   φ(z) = E e^{zu} ,
//! κ_r(I) = Σ_j w_jʳ κ_r(x_j) ,
//! ```
//! with an atom at 0, where no feature is on, and n parts in which exactly one feature is on, with
//! the law of `w_j u`. Equal terms are kept once with their number, and zero weights are left out.
//! Features that depend on each other come in [blocks](super::block), each of which is one factor
//! of `K` and one term of `κ_r`.
//!
//! Here `w_j = W_ij`, and `p_j` are the probabilities (sections 2 and 4.2 of the paper).

use super::block::{Own, RowBlock};
use super::law::Prepared;
use super::periodic::BINOMIAL;
use super::piecewise::Given;
use super::unit::Unit;

/// Equal terms of the interference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) weight: f64,
    pub(super) probability: f64,
    pub(super) count: i32,
    /// The probability that one given member is on and all other features are off.
    pub(super) alone: f64,
    /// The index of the series of its probability.
    pub(super) class: usize,
}

/// The number of powers of `s w` in the expansion of the logarithm of `K_j`.
pub(super) const ORDER: usize = 24;

/// The law of the interference on one output.
#[derive(Debug, Clone)]
pub(super) struct Interference<'a> {
    /// The law of the magnitudes.
    pub(super) unit: &'a Unit,
    /// The groups of independent features, in order of falling `|w|`.
    pub(super) groups: Vec<Group>,
    /// The independent features, in the order of the groups.
    pub(super) members: Vec<usize>,
    /// The blocks of all other features.
    pub(super) blocks: Vec<RowBlock<'a>>,
    /// The coefficients `λ_r` of `log K_j = Σ_r λ_r (s w_j)ʳ`, one table per distinct probability.
    pub(super) series: Vec<[f64; ORDER + 1]>,
    /// The probability that no feature is on.
    pub(super) silent: f64,
    /// The cumulants `κ_1 … κ_4`.
    pub(super) cumulants: [f64; 4],
    /// The least and the greatest value, either of which may be infinite.
    pub(super) support: [f64; 2],
}

/// The coefficients of `log(1 + Σ_{r≥1} p zʳ/(r+1)!)`.
///
/// Its nearest singularity, a zero of `1 − p + p (eᶻ − 1)/z`, has `|z| > 4.83` for every p in (0,
/// 1]. So at `|z| ≤ 1` the remainder is below `10⁻¹⁸`.
fn logarithm(p: f64) -> [f64; ORDER + 1] {
    let mut factor = [0.0; ORDER + 1];
    let mut factorial = 1.0;
    for (r, f) in factor.iter_mut().enumerate().skip(1) {
        factorial *= (r + 1) as f64;
        *f = p / factorial;
    }
    let mut log = [0.0; ORDER + 1];
    for r in 1..=ORDER {
        let known: f64 = (1..r).map(|k| k as f64 * log[k] * factor[r - k]).sum();
        log[r] = factor[r] - known / r as f64;
    }
    log
}

impl<'a> Interference<'a> {
    /// The interference from one row of W without its own feature, given the own switch. `None` is
    /// for a feature that is independent of all others, so that its switch does not matter.
    pub(super) fn new(row: &[f64], feature: usize, probability: &'a Prepared<'_>, own: Option<bool>) -> Self {
        let unit = &probability.unit;
        let independent = |j: usize| j != feature && row[j] != 0.0 && probability.block_of(j).is_none();
        let mut members: Vec<usize> = (0..row.len()).filter(|&j| independent(j)).collect();
        members.sort_unstable_by(|&a, &b| {
            row[b]
                .abs()
                .total_cmp(&row[a].abs())
                .then(row[a].total_cmp(&row[b]))
                .then(probability.of(a).total_cmp(&probability.of(b)))
        });
        let mut classes: Vec<f64> = match probability.shared() {
            Some(p) => vec![p],
            None => members.iter().map(|&j| probability.of(j)).collect(),
        };
        classes.sort_unstable_by(f64::total_cmp);
        classes.dedup();
        let series = classes.iter().map(|&p| logarithm(p)).collect();
        let cumulant_table: Vec<[f64; 4]> = classes.iter().map(|&p| unit.cumulants(p)).collect();

        let mut groups: Vec<Group> = Vec::with_capacity(members.len());
        let (mut log_silent, mut always) = (0.0, 0);
        let mut cumulants = [0.0; 4];
        let mut support = [0.0; 2];
        for &j in &members {
            let (weight, p) = (row[j], probability.of(j));
            let class = classes.partition_point(|&q| q < p);
            if p < 1.0 {
                log_silent += (-p).ln_1p();
            } else {
                always += 1;
            }
            let mut power = 1.0;
            for (sum, kappa) in cumulants.iter_mut().zip(cumulant_table[class]) {
                power *= weight;
                *sum += power * kappa;
            }
            support.iter_mut().zip(unit.range(weight)).for_each(|(sum, end)| *sum += end);
            match groups.last_mut() {
                Some(group) if group.weight == weight && group.probability == p => group.count += 1,
                _ => groups.push(Group { weight, probability: p, count: 1, alone: 0.0, class }),
            }
        }
        let own = own.map(|on| {
            let p = probability.of(feature);
            Own { feature, on, probability: if on { p } else { 1.0 - p } }
        });
        let mut blocks: Vec<_> =
            probability.blocks().iter().map(|block| RowBlock::new(block, unit, row, own)).collect();
        let left: Vec<f64> = running(blocks.iter().map(|block| block.silent));
        let right: Vec<f64> = running(blocks.iter().rev().map(|block| block.silent));
        let all_silent = left[blocks.len()];
        for group in &mut groups {
            let p = group.probability;
            group.alone = all_silent
                * match always {
                    0 => p * (log_silent - (-p).ln_1p()).exp(),
                    1 if p >= 1.0 => log_silent.exp(),
                    _ => 0.0,
                };
            if group.alone < unit.rare() * p {
                group.alone = 0.0;
            }
        }
        let silent = if always == 0 { log_silent.exp() } else { 0.0 };
        let count = blocks.len();
        for (b, block) in blocks.iter_mut().enumerate() {
            let others = silent * left[b] * right[count - 1 - b];
            for member in &mut block.members {
                member.alone *= others;
                if member.alone < unit.rare() * member.probability {
                    member.alone = 0.0;
                }
                support.iter_mut().zip(unit.range(member.weight)).for_each(|(sum, end)| *sum += end);
            }
            cumulants.iter_mut().zip(block.cumulants).for_each(|(sum, kappa)| *sum += kappa);
        }
        let silent = silent * all_silent;
        Self { unit, groups, members, blocks, series, silent, cumulants, support }
    }

    /// The number of features that take part: those with a non-zero weight, and those that depend
    /// on others.
    pub(super) fn features(&self) -> usize {
        self.members.len() + self.blocks.iter().map(|block| block.members.len()).sum::<usize>()
    }

    /// The number of factors that are evaluated at one node.
    pub(super) fn work(&self) -> usize {
        self.groups.len() + self.blocks.iter().map(RowBlock::work).sum::<usize>()
    }

    /// The rounding error of a sum over nodes, where `sum` is the sum of the absolute values of its
    /// terms. Each factor of K is rounded once, and their number enters as for independent errors.
    pub(super) fn rounding(&self, sum: f64) -> f64 {
        let magnified = self.blocks.iter().map(|block| block.magnified).fold(1.0, f64::max);
        f64::EPSILON * (4.0 + (self.features() as f64).sqrt()) * magnified * sum
    }

    /// Returns `true` if at most one other feature has a weight, so that the states with at most
    /// one feature on give the whole loss.
    pub(super) fn is_few(&self) -> bool {
        let members = self.blocks.iter().flat_map(|block| &block.members);
        self.members.len() + members.filter(|member| member.weight != 0.0).count() < 2
    }

    /// The weights of the features that may be on alone, each with the probability of that, where
    /// the features of a group are counted together.
    fn alone(&self) -> impl Iterator<Item = (f64, f64)> {
        let groups = self.groups.iter().map(|group| (group.weight, f64::from(group.count) * group.alone));
        let members = self.blocks.iter().flat_map(|block| &block.members);
        let members =
            members.filter(|member| member.weight != 0.0).map(|member| (member.weight, member.alone));
        groups.chain(members).filter(|&(_, mass)| mass > 0.0)
    }

    /// `log K(θ)` at a real θ, as accurately as a bound needs it.
    fn log_generating(&self, theta: f64) -> f64 {
        let (mut log, mut product) = (0.0, 1.0_f64);
        for group in &self.groups {
            let (z, p) = (theta * group.weight, group.probability);
            let excess = match () {
                () if !self.unit.is_uniform() => self.unit.average(z) - 1.0,
                () if z.abs() < 1e-3 => z / 2.0 + z * z / 6.0,
                () => (z.exp() - 1.0) / z - 1.0,
            };
            let factor = 1.0 + p * excess;
            if group.count == 1 {
                product *= factor;
                if !(1e-200..1e200).contains(&product) {
                    log += product.ln();
                    product = 1.0;
                }
            } else {
                log += f64::from(group.count) * factor.ln();
            }
        }
        log + product.ln() + self.blocks.iter().map(|block| block.log_bound(theta)).sum::<f64>()
    }

    /// The least `P` found for which `E (± I + shift − P)₊ᵏ`, with its prefactor, is below
    /// `tolerance`.
    ///
    /// It follows from `(t − P)₊ᵏ ≤ k! θ⁻ᵏ e^{θ(t−P)}`, where `prefactor(θ)` is the sum of the
    /// factors `k! θ⁻ᵏ` that apply, by a search for the best θ. The support of the interference
    /// bounds `P` as well.
    pub(super) fn reach(
        &self,
        upwards: bool,
        shift: f64,
        prefactor: impl Fn(f64) -> f64,
        tolerance: f64,
    ) -> f64 {
        let sign = if upwards { 1.0 } else { -1.0 };
        let hard = sign * self.support[usize::from(upwards)] + shift;
        self.reach_within(upwards, shift, hard, prefactor, tolerance)
    }

    /// The least `P ≤ hard` found for which `E (± I + shift − P)₊ᵏ`, with its prefactor, is below
    /// `tolerance`, as in [`reach`](Self::reach).
    pub(super) fn reach_within(
        &self,
        upwards: bool,
        shift: f64,
        hard: f64,
        prefactor: impl Fn(f64) -> f64,
        tolerance: f64,
    ) -> f64 {
        let sign = if upwards { 1.0 } else { -1.0 };
        let members = self.blocks.iter().flat_map(|block| &block.members).map(|member| member.weight.abs());
        let single = self.groups.first().map_or(0.0, |group| group.weight.abs());
        let largest = members.fold(single, f64::max);
        if largest == 0.0 && hard.is_finite() {
            return hard;
        }
        let bound = |theta: f64| {
            let value = self.log_generating(sign * theta) + (prefactor(theta) / tolerance).ln();
            if value.is_finite() { shift + value / theta } else { f64::INFINITY }
        };
        let sigma = self.cumulants[1].sqrt().max(f64::MIN_POSITIVE);
        let depth = (prefactor(1.0 / sigma) / tolerance).ln().clamp(2.0, 700.0);
        let mut theta = ((2.0 * depth).sqrt() / sigma).min(2.0 * depth / largest);
        let mut best = bound(theta);
        for ratio in [1.8, 1.3] {
            for direction in [1.0 / ratio, ratio] {
                let mut moved = false;
                loop {
                    let next = bound(theta * direction);
                    if !(next < best || best.is_infinite() && direction < 1.0 && theta > 1e-300) {
                        break;
                    }
                    (best, theta, moved) = (next, theta * direction, true);
                }
                if moved {
                    break;
                }
            }
        }
        best.min(hard)
    }

    /// The moments `E Tʳ`, r = 0 … 4, of `T = m + I`.
    pub(super) fn moments(&self, m: f64) -> [f64; 5] {
        moments(self.cumulants, m)
    }

    /// The part of the moments `E Tʳ` from states with two or more features on.
    pub(super) fn remaining_moments(&self, m: f64) -> [f64; 5] {
        let mut moments = self.moments(m);
        let mut power = 1.0;
        for moment in &mut moments {
            *moment -= self.silent * power;
            power *= m;
        }
        for (weight, mass) in self.alone() {
            for (moment, average) in moments.iter_mut().zip(self.path_moments(m, weight)) {
                *moment -= mass * average;
            }
        }
        moments
    }

    /// The moments `E_u (m + w u)ʳ`, r = 0 … 4.
    fn path_moments(&self, m: f64, w: f64) -> [f64; 5] {
        if self.unit.is_uniform() { path_moments(m, w) } else { self.unit.path_moments(m, w) }
    }

    /// A rough `E g(T)` by five Gauss–Hermite points, or the part with at most one feature on if
    /// that is larger.
    pub(super) fn rough_loss(&self, loss: &impl Given, m: f64) -> f64 {
        let (mean, sigma) = (m + self.cumulants[0], self.cumulants[1].sqrt());
        let gaussian: f64 = [(0.0, 8.0 / 15.0), (1.355_626, 0.222_076), (2.856_97, 0.011_257_4)]
            .iter()
            .map(|&(x, weight)| {
                let pair = loss.at(mean + sigma * x)[0] + loss.at(mean - sigma * x)[0];
                if x == 0.0 { weight * pair / 2.0 } else { weight * pair }
            })
            .sum();
        gaussian.max(self.few(loss, m)[0])
    }

    /// The part with at most one feature on of the loss, of its slope in `m` and of its slope in
    /// `c`. It is exact up to rounding.
    pub(super) fn few(&self, loss: &impl Given, m: f64) -> [f64; 3] {
        let mut total = loss.at(m).map(|part| part * self.silent);
        for (weight, mass) in self.alone() {
            for (sum, part) in total.iter_mut().zip(loss.along(m, weight)) {
                *sum += mass * part;
            }
        }
        total
    }
}

/// The moments `E Tʳ`, r = 0 … 4, of `T = m + I` from the cumulants `κ_1 … κ_4` of `I`.
pub(super) fn moments([mean, second, third, fourth]: [f64; 4], m: f64) -> [f64; 5] {
    let mean = m + mean;
    let central = [1.0, 0.0, second, third, fourth + 3.0 * second * second];
    let mut moments = [0.0; 5];
    for (r, moment) in moments.iter_mut().enumerate() {
        *moment = (0..=r).map(|k| BINOMIAL[r][k] * central[k] * mean.powi((r - k) as i32)).sum();
    }
    moments
}

/// The running products `1, a, a b, a b c, …`.
fn running(factors: impl Iterator<Item = f64>) -> Vec<f64> {
    let products = factors.scan(1.0, |product, factor| {
        *product *= factor;
        Some(*product)
    });
    std::iter::once(1.0).chain(products).collect()
}

/// `∫₀¹ (m + w u)ʳ du`, r = 0 … 4, without cancellation for small w.
pub(super) fn path_moments(m: f64, w: f64) -> [f64; 5] {
    let mut moments = [0.0; 5];
    for (r, moment) in moments.iter_mut().enumerate() {
        // This is (Σ_k end^k start^{r−k})/(r+1).
        let end = m + w;
        *moment = (0..=r).map(|k| end.powi(k as i32) * m.powi((r - k) as i32)).sum::<f64>() / (r + 1) as f64;
    }
    moments
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::Interference;
    use crate::exact::law::Prepared;

    fn each(probabilities: &[f64]) -> Prepared<'static> {
        Prepared::each(probabilities.to_vec())
    }

    const ROW: [f64; 6] = [0.4, -0.9, 0.4, 0.0, 1.5, 0.2];

    #[test]
    fn masses_and_moments_by_enumeration() {
        for probabilities in [[0.3, 0.2, 0.3, 0.9, 0.05, 0.6], [0.3, 0.2, 0.3, 0.9, 1.0, 0.6]] {
            let prepared = each(&probabilities);
            let law = Interference::new(&ROW, 5, &prepared, None);
            assert_eq!(law.groups.len(), 3);
            let active = [0, 1, 2, 4];
            let (mut mass, mut mean, mut square) = (0.0, 0.0, 0.0);
            let mut alone = 0.0;
            for pattern in 0..16_u32 {
                let on = |k: usize| pattern >> k & 1 == 1;
                let chance: f64 = (0..4)
                    .map(|k| if on(k) { probabilities[active[k]] } else { 1.0 - probabilities[active[k]] })
                    .product();
                let centre = -0.25 + (0..4).filter(|&k| on(k)).map(|k| ROW[active[k]] / 2.0).sum::<f64>();
                let spread = (0..4).filter(|&k| on(k)).map(|k| ROW[active[k]].powi(2) / 12.0).sum::<f64>();
                if pattern.count_ones() > 1 {
                    mass += chance;
                    mean += chance * centre;
                    square += chance * (centre * centre + spread);
                } else if pattern > 0 {
                    alone += chance;
                }
            }
            let moments = law.remaining_moments(-0.25);
            assert_relative_eq!(moments[0], mass, epsilon = 0.0, max_relative = 1e-14);
            assert_relative_eq!(moments[1], mean, epsilon = 0.0, max_relative = 1e-14);
            assert_relative_eq!(moments[2], square, epsilon = 0.0, max_relative = 1e-14);
            let ours: f64 = law.groups.iter().map(|group| f64::from(group.count) * group.alone).sum();
            assert_relative_eq!(ours, alone, epsilon = 0.0, max_relative = 1e-14);
        }
    }

    #[test]
    fn the_series_is_the_logarithm() {
        for p in [1e-3, 0.437, 0.9, 1.0] {
            for z in [-1.0_f64, 0.7, 1.0] {
                let prepared = each(&[p; 2]);
                let law = Interference::new(&[1.0, 0.3], 1, &prepared, None);
                let sum = law.series[0].iter().rev().fold(0.0, |sum, a| sum * z + a);
                assert_relative_eq!(
                    sum,
                    (p * (z.exp_m1() / z - 1.0)).ln_1p(),
                    epsilon = 0.0,
                    max_relative = 1e-14
                );
            }
        }
    }

    #[test]
    fn reach_bounds_the_tail() {
        // For one feature of weight 2 and p = 0.01, E (I − P)₊² = p (2 − P)³/6.
        let prepared = each(&[0.01; 2]);
        let law = Interference::new(&[0.0, 2.0], 0, &prepared, None);
        let reach = law.reach(true, 0.0, |theta| 2.0 / (theta * theta), 1e-4);
        assert!(0.01 * (2.0 - reach).powi(3) / 6.0 <= 1e-4 && reach < 2.0);
        let reach = law.reach(false, 0.5, |theta| 2.0 / (theta * theta), 1e-12);
        assert!((0.499..=0.5).contains(&reach), "{reach}");
        // For many features the reach is close to that of a Gaussian.
        let prepared = each(&[0.5; 4_001]);
        let row = vec![0.1; 4_001];
        let law = Interference::new(&row, 0, &prepared, None);
        let (mean, sigma) = (law.cumulants[0], law.cumulants[1].sqrt());
        let depth = (law.reach(true, -mean, |theta| 2.0 / (theta * theta), 1e-12) / sigma).abs();
        assert!((6.5..9.0).contains(&depth), "{depth}");
    }
}
