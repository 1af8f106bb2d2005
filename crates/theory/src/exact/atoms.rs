//! The exact loss of one output where magnitudes take finitely many values, as a finite sum.
//!
//! The interference is the sum of two independent halves. Each is a list of outcomes in rising
//! order, with equal outcomes merged. Let `I` be one half, `d` an outcome of the other and
//! `t = m + d`. With the sums `S_k(v) = Σ P wᵏ` over the outcomes `w > v` of `I` and their
//! probabilities P,
//! ```text
//! E (t + I)₊² = S_2 + 2 t S_1 + t² S_0 at −t ,
//! E (u − (cu + t + I)₊)² = u² (1 − S_0) + (u − s)² S_0 − 2 (u − s) S_1 + S_2 at −s ,   s = cu + t ,
//! ```
//! where each sum is found by one binary search. The function `g` has a slope almost everywhere, so
//! that the gradient is the sum of those slopes; where an outcome falls on a kink the slope from
//! below is taken. The sum is exact up to rounding. Its time is linear in the number of outcomes of
//! the halves, up to a logarithm. It reaches to some 30 features of different weights and one
//! magnitude, or to any number of features with few different weights.

use toy_superposition_data::Points;

use super::block::RowBlock;
use super::gradient::Sums;
use super::interference::{Group, Interference};
use super::piecewise::Piecewise;
use super::row::Output;

/// The largest number of outcomes of one half.
const MOST: usize = 1 << 16;
/// The largest number of entries in the slopes of one half.
const MOST_SLOPES: usize = 1 << 20;

/// The values that a part of the interference can take.
#[derive(Debug, Clone)]
struct Outcomes {
    /// The values in rising order.
    values: Vec<f64>,
    /// The probability of each value.
    shares: Vec<f64>,
    /// For each slope, `E[x_j; value]` of one feature at each value.
    columns: Vec<Vec<f64>>,
    /// The largest distance by which rounding may have moved a value.
    slack: f64,
}

impl Outcomes {
    /// The part that is always 0.
    fn zero() -> Self {
        Self { values: vec![0.0], shares: vec![1.0], columns: Vec::new(), slack: 0.0 }
    }

    /// The outcomes in rising order, with equal values merged and values of probability 0 left out.
    fn sorted(values: &[f64], shares: &[f64], columns: &[Vec<f64>], slack: f64) -> Self {
        let mut order: Vec<usize> = (0..values.len()).filter(|&k| shares[k] != 0.0).collect();
        // The stable sort is fast where the values are a few rising runs.
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let size = |k: Option<&usize>| k.map_or(0.0, |&k| values[k].abs());
        let near = 4.0 * f64::EPSILON * size(order.first()).max(size(order.last()));
        let mut found =
            Self { values: Vec::new(), shares: Vec::new(), columns: vec![Vec::new(); columns.len()], slack };
        for k in order {
            match (found.values.last(), found.shares.last_mut()) {
                (Some(last), Some(share)) if values[k] - last <= near => {
                    *share += shares[k];
                    for (sums, column) in found.columns.iter_mut().zip(columns) {
                        sums.last_mut().into_iter().for_each(|sum| *sum += column[k]);
                    }
                }
                _ => {
                    found.values.push(values[k]);
                    found.shares.push(shares[k]);
                    for (sums, column) in found.columns.iter_mut().zip(columns) {
                        sums.push(column[k]);
                    }
                }
            }
        }
        found.slack += near;
        found
    }

    /// The sum of two independent parts, with the slopes of this part first; `None` if there are
    /// too many outcomes.
    fn plus(&self, other: &Self) -> Option<Self> {
        let count = self.values.len().saturating_mul(other.values.len());
        let slopes = self.columns.len() + other.columns.len();
        if count > 8 * MOST || count.saturating_mul(slopes) > MOST_SLOPES {
            return None;
        }
        let pairs = |of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
            let others = 0..other.values.len();
            others.flat_map(|k| (0..self.values.len()).map(move |i| of(i, k))).collect()
        };
        let values = pairs(&|i, k| self.values[i] + other.values[k]);
        let shares = pairs(&|i, k| self.shares[i] * other.shares[k]);
        let ours = self.columns.iter().map(|column| pairs(&|i, k| column[i] * other.shares[k]));
        let others = other.columns.iter().map(|column| pairs(&|i, k| self.shares[i] * column[k]));
        let columns: Vec<_> = ours.chain(others).collect();
        let found = Self::sorted(&values, &shares, &columns, self.slack + other.slack);
        (found.values.len() <= MOST).then_some(found)
    }

    /// The sum of the equal independent terms of a group, with the slope in the weight of one of
    /// them.
    fn of_group(group: &Group, points: &Points, for_slopes: bool) -> Option<Self> {
        let (w, p) = (group.weight, group.probability);
        let (values, shares): (Vec<f64>, Vec<f64>) =
            points.iter().map(|(value, share)| (w * value, p * share)).chain([(0.0, 1.0 - p)]).unzip();
        let one = Self::sorted(&values, &shares, &[], 0.0);
        let mut sum = one.clone();
        // Outcomes of a probability below 1e-40 p² are left out. They are negligible beside one
        // feature that is on.
        let least = p * p * 1e-40;
        for _ in 1..group.count {
            sum = sum.plus(&one)?;
            let kept = |k: &usize| sum.shares[*k] >= least;
            let (values, shares) =
                (0..sum.values.len()).filter(kept).map(|k| (sum.values[k], sum.shares[k])).unzip();
            (sum.values, sum.shares) = (values, shares);
        }
        if for_slopes {
            // E[Σ x; value] = value/w times its probability, of which each feature has an equal
            // share.
            let each = 1.0 / (w * f64::from(group.count));
            sum.columns =
                vec![sum.values.iter().zip(&sum.shares).map(|(v, share)| v * share * each).collect()];
        }
        Some(sum)
    }

    /// The sum of the terms of a block, with the slope in the weight of each member.
    fn of_block(block: &RowBlock<'_>, points: &Points, for_slopes: bool) -> Option<Self> {
        let members = block.members.len();
        let (mut values, mut shares) = (Vec::new(), Vec::new());
        let mut columns = vec![Vec::new(); if for_slopes { members } else { 0 }];
        for (pattern, &probability) in block.patterns(MOST)?.iter().enumerate() {
            if probability == 0.0 {
                continue;
            }
            let on: Vec<usize> = block.on(pattern).collect();
            let mut sum = Self::zero();
            for &j in &on {
                let (weight, law) = (block.members[j].weight, || points.iter());
                let values: Vec<f64> = law().map(|(value, _)| weight * value).collect();
                let shares: Vec<f64> = law().map(|(_, share)| share).collect();
                let column = for_slopes.then(|| law().map(|(value, share)| value * share).collect());
                let columns: Vec<Vec<f64>> = column.into_iter().collect();
                sum = sum.plus(&Self::sorted(&values, &shares, &columns, 0.0))?;
            }
            values.extend(&sum.values);
            shares.extend(sum.shares.iter().map(|share| probability * share));
            for (j, column) in columns.iter_mut().enumerate() {
                match on.iter().position(|&k| k == j) {
                    Some(place) => column.extend(sum.columns[place].iter().map(|x| probability * x)),
                    None => column.resize(values.len(), 0.0),
                }
            }
            if values.len() > 8 * MOST || values.len() * columns.len() > MOST_SLOPES {
                return None;
            }
        }
        // The values of a pattern with k members on were rounded k times.
        let found = Self::sorted(&values, &shares, &columns, 0.0);
        Some(Self { slack: (members + 1) as f64 * found.slack, ..found })
    }
}

/// The two halves, each with the indices of the groups and blocks that it is made of. Indices count
/// the groups first and then the blocks.
fn halves(law: &Interference<'_>, points: &Points, for_slopes: bool) -> Option<[(Outcomes, Vec<usize>); 2]> {
    let mut halves = [(Outcomes::zero(), Vec::new()), (Outcomes::zero(), Vec::new())];
    for k in 0..law.groups.len() + law.blocks.len() {
        let part = match law.groups.get(k) {
            Some(group) => Outcomes::of_group(group, points, for_slopes)?,
            None => Outcomes::of_block(&law.blocks[k - law.groups.len()], points, for_slopes)?,
        };
        let smaller = usize::from(halves[1].0.values.len() < halves[0].0.values.len());
        let (half, parts) = &mut halves[smaller];
        *half = half.plus(&part)?;
        parts.push(k);
    }
    Some(halves)
}

/// Sums over the upper outcomes of one half.
struct Above<'a> {
    values: &'a [f64],
    /// For each outcome, `S_0, S_1, S_2` over it and all larger outcomes.
    sums: Vec<[f64; 3]>,
}

impl<'a> Above<'a> {
    fn new(half: &'a Outcomes) -> Self {
        let mut sums = vec![[0.0; 3]; half.values.len() + 1];
        for (k, (v, share)) in half.values.iter().zip(&half.shares).enumerate().rev() {
            let after = sums[k + 1];
            sums[k] = [after[0] + share, after[1] + share * v, after[2] + share * v * v];
        }
        Self { values: &half.values, sums }
    }

    fn at(&self, cut: f64) -> [f64; 3] {
        self.sums[self.values.partition_point(|&v| v <= cut)]
    }

    /// The averages of `g(t + ·)`, `g′(t + ·)` and `∂g/∂c` over this half, and the sum of the
    /// absolute values of the terms.
    fn jet(&self, loss: &Piecewise, points: &Points, t: f64) -> [f64; 4] {
        let Piecewise { probability: p, own: c } = *loss;
        let [zeroth, first, second] = self.at(-t);
        let square = second + 2.0 * t * first + t * t * zeroth;
        let mut jet = [(1.0 - p) * square.max(0.0), 2.0 * (1.0 - p) * (first + t * zeroth), 0.0, 0.0];
        jet[3] = (1.0 - p) * (second + t * t * zeroth);
        for (u, share) in points.iter() {
            let (s, share) = (c * u + t, p * share);
            let [zeroth, first, second] = self.at(-s);
            let (rest, shut) = (u - s, u * u * (self.sums[0][0] - zeroth));
            let square = second - 2.0 * rest * first + rest * rest * zeroth;
            let residual = rest * zeroth - first;
            jet[0] += share * (shut + square.max(0.0));
            jet[1] -= 2.0 * share * residual;
            jet[2] -= 2.0 * share * u * residual;
            jet[3] += share * (u * u + second + rest * rest * zeroth);
        }
        jet
    }
}

impl Output<'_> {
    /// Returns the loss with, if `for_slopes`, all slopes, and a bound on the rounding error of the
    /// loss. `None` if there are too many outcomes.
    pub(super) fn by_atoms(&self, points: &Points, for_slopes: bool) -> Option<(Sums, f64)> {
        let (law, m) = (&self.law, self.bias);
        let halves = halves(law, points, for_slopes)?;
        let [(first, _), (second, _)] = &halves;
        let averages = [Above::new(second), Above::new(first)];
        let mut sums = Sums {
            loss: 0.0,
            bias: 0.0,
            own: 0.0,
            groups: vec![0.0; law.groups.len()],
            blocks: law.blocks.iter().map(|block| vec![0.0; block.members.len()]).collect(),
        };
        let mut size = 0.0;
        for (side, ((half, parts), others)) in halves.iter().zip(&averages).enumerate() {
            if side == 1 && !for_slopes {
                break;
            }
            let mut slopes = vec![0.0; half.columns.len()];
            for (k, (v, share)) in half.values.iter().zip(&half.shares).enumerate() {
                let [value, slope, own, terms] = others.jet(&self.loss, points, m + v);
                if side == 0 {
                    sums.loss += share * value;
                    sums.bias += share * slope;
                    sums.own += share * own;
                    size += share * terms;
                }
                slopes.iter_mut().zip(&half.columns).for_each(|(sum, column)| *sum += column[k] * slope);
            }
            let mut slopes = slopes.into_iter();
            for &part in parts {
                let out = match part.checked_sub(law.groups.len()) {
                    None => std::slice::from_mut(&mut sums.groups[part]),
                    Some(block) => &mut sums.blocks[block][..],
                };
                out.iter_mut().zip(slopes.by_ref()).for_each(|(out, slope)| *out = slope);
            }
        }
        // A value that moves by δ moves the loss by at most δ |E g′|, and |E g′| ≤ 2 √E g.
        let moved = 2.0 * sums.loss.sqrt() * (first.slack + second.slack);
        let error = law.rounding(8.0 * size) + moved;
        Some((sums, error))
    }
}
