//! Switches correlated along a sparse graph. (The paper's section 5.3, "Correlated Data", does not
//! specify a law.)
//!
//! Each feature has an independent source `z_m ~ Bernoulli(s_m)`. A source that fires turns its own
//! feature on. It also turns on each feature `j` to which it has an edge `m → j`, independently
//! with probability `t_mj` (a noisy OR). A feature that is turned on by an edge does not transmit
//! further. With `t_jj = 1`:
//!
//! ```text
//! P[c_j = 0] = Π_m (1 − s_m t_mj)
//! P[c_j = c_k = 0] = Π_m (1 − s_m + s_m (1 − t_mj)(1 − t_mk))
//! Cov(c_j, c_k) = P[c_j = 0] P[c_k = 0] (Π_m (1 + d_m) − 1),
//!     d_m = s_m (1 − s_m) t_mj t_mk / ((1 − s_m t_mj)(1 − s_m t_mk))
//! ```
//!
//! where `d_m ≠ 0` only for sources that reach both features. Correlations are never negative, and
//! features with a common source are correlated.

use std::collections::BTreeMap;

#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::SampleSwitches;
use crate::elimination::{MOST_WIDTH, Plan, Table};
use crate::error::checked_probability;
#[cfg(feature = "sampling")]
use crate::exactly::drop_repetitions;
use crate::independent::Classes;
#[cfg(feature = "sampling")]
use crate::stream::unit;
use crate::switches::{checked_features, distinct};
use crate::{Block, Error, PerFeature, Result, Switches, SwitchesSpec};

/// An edge of a [`Graph`]: when the source of feature `from` fires, it turns feature `to` on with
/// probability `transmission`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Edge {
    /// The feature whose source transmits.
    pub from: u32,
    /// The feature that it turns on.
    pub to: u32,
    /// The probability `t` that a firing source turns the feature on, in (0, 1].
    pub transmission: f64,
}

/// Switches correlated along a sparse graph of independent sources.
///
/// Each feature `m` has a source `z_m`. A source that fires turns its own feature on, and turns
/// each feature `j` to which it has an edge on with probability `t_mj`, independently (a noisy OR):
///
/// ```math
/// c_j = 1 - \prod_m (1 - z_m e_{mj}),\quad z_m \sim \mathrm{Bernoulli}(s_m),\quad
/// e_{mj} \sim \mathrm{Bernoulli}(t_{mj}),\ t_{jj} = 1;
/// ```
/// ```math
/// p_j = 1 - \prod_m (1 - s_m t_{mj}),\qquad
/// \mathrm{Cov}(c_j, c_k) = (1 - p_j)(1 - p_k)
/// \Bigl(\prod_m \frac{1 - s_m + s_m (1 - t_{mj})(1 - t_{mk})}
/// {(1 - s_m t_{mj})(1 - s_m t_{mk})} - 1\Bigr).
/// ```
///
/// Correlations are never negative. Two features are correlated if a source reaches both.
/// Drawing a sample takes time proportional to the number of its non-zeros and of the edges from
/// sources that fire, plus a sort.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    sources: Vec<f64>,
    #[cfg_attr(not(feature = "sampling"), allow(dead_code))]
    law: Classes,
    probabilities: Vec<f64>,
    /// The edges, sorted by `(from, to)`; those of `from` start at `out_starts[from]`.
    outgoing: Vec<Edge>,
    out_starts: Vec<usize>,
    /// The edges together with one edge of transmission 1 from each feature to itself, sorted by
    /// `(to, from)`; those of `to` start at `in_starts[to]`.
    incoming: Vec<Edge>,
    in_starts: Vec<usize>,
}

impl Graph {
    /// The graph whose source `i` fires with probability `sources[i]`, which may be 0 for a feature
    /// that only edges turn on.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ sources.len() ≤ u32::MAX`; [`Error::Source`] unless
    /// `0 ≤ s ≤ 1`; [`Error::Edge`] for an end outside the graph or an edge from a feature to
    /// itself; [`Error::Transmission`] unless `0 < t ≤ 1`; [`Error::DuplicateEdge`];
    /// [`Error::Probability`] for a feature that is never on.
    pub fn new(sources: &[f64], edges: &[Edge]) -> Result<Self> {
        let features = checked_features(sources.len())?;
        for (feature, &given) in sources.iter().enumerate() {
            if !(0.0..=1.0).contains(&given) {
                return Err(Error::Source { feature, given });
            }
        }
        for &Edge { from, to, transmission: given } in edges {
            let (from, to) = (from as usize, to as usize);
            if from == to || from >= features || to >= features {
                return Err(Error::Edge { from, to, features });
            }
            if !(given > 0.0 && given <= 1.0) {
                return Err(Error::Transmission { from, to, given });
            }
        }
        let mut outgoing = edges.to_vec();
        outgoing.sort_unstable_by_key(|edge| (edge.from, edge.to));
        for pair in outgoing.windows(2) {
            if (pair[0].from, pair[0].to) == (pair[1].from, pair[1].to) {
                return Err(Error::DuplicateEdge { from: pair[0].from as usize, to: pair[0].to as usize });
            }
        }
        let mut incoming = outgoing.clone();
        incoming.extend((0..features as u32).map(|own| Edge { from: own, to: own, transmission: 1.0 }));
        incoming.sort_unstable_by_key(|edge| (edge.to, edge.from));

        let out_starts = starts(features, outgoing.iter().map(|edge| edge.from));
        let in_starts = starts(features, incoming.iter().map(|edge| edge.to));
        let mut probabilities = Vec::with_capacity(features);
        for feature in 0..features {
            // This computes 1 − Π (1 − q) without cancellation.
            let into = &incoming[in_starts[feature]..in_starts[feature + 1]];
            let probability = into.iter().fold(0.0, |on, edge| {
                let q = sources[edge.from as usize] * edge.transmission;
                on + q * (1.0 - on)
            });
            probabilities.push(checked_probability(feature, probability)?);
        }
        let (sources, law) = (sources.to_vec(), Classes::new(sources));
        Ok(Self { sources, law, probabilities, outgoing, out_starts, incoming, in_starts })
    }

    /// The probabilities `s_m` that the sources fire.
    pub fn sources(&self) -> &[f64] {
        &self.sources
    }

    /// The edges, sorted by `(from, to)`.
    pub fn edges(&self) -> &[Edge] {
        &self.outgoing
    }

    fn reaching(&self, feature: usize) -> &[Edge] {
        &self.incoming[self.in_starts[feature]..self.in_starts[feature + 1]]
    }

    fn leaving(&self, feature: usize) -> &[Edge] {
        &self.outgoing[self.out_starts[feature]..self.out_starts[feature + 1]]
    }

    /// The connected components of the graph, ignoring the direction of its edges.
    fn components(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.sources.len()];
        let mut components = Vec::new();
        for start in 0..seen.len() {
            if std::mem::replace(&mut seen[start], true) {
                continue;
            }
            let (mut component, mut next) = (vec![start], 0);
            while let Some(&feature) = component.get(next) {
                next += 1;
                let after = self.leaving(feature).iter().map(|edge| edge.to as usize);
                let before = self.reaching(feature).iter().map(|edge| edge.from as usize);
                for neighbour in after.chain(before) {
                    if !std::mem::replace(&mut seen[neighbour], true) {
                        component.push(neighbour);
                    }
                }
            }
            components.push(component);
        }
        components
    }

    /// The law of one component as a sum over hidden switches. Given which sources fire, the
    /// switches of the features are independent, so the hidden switches are the sources that have
    /// edges. A feature that few of them reach contributes a function of those,
    ///
    /// ```text
    /// off(z) + (1 − off(z)) f ,   off(z) = (1 − s) Π_m (1 − t_m)^{z_m} ,
    /// ```
    ///
    /// with the factor `1 − s` only if its own source has no edges. A feature that many sources
    /// reach has a hidden switch `h` of its own, which splits the product into functions of two
    /// switches:
    ///
    /// ```text
    /// Σ_h [f, (1 − f)(1 − s)]_h Π_m (1 − t_m)^{h z_m} .
    /// ```
    ///
    /// Several values of the threshold between few and many are tried, and the cheapest plan is
    /// taken.
    fn block(&self, component: &[usize]) -> Result<Block> {
        let units = component.iter().map(|&feature| vec![feature as u32]).collect();
        let mut sources = component.to_vec();
        sources.retain(|&source| !self.leaving(source).is_empty());
        sources.sort_unstable();
        if sources.is_empty() {
            return Ok(Block::unit(vec![component[0] as u32], self.probabilities[component[0]]));
        }
        let reached: Vec<Reached> =
            component.iter().map(|&feature| self.reached(feature, &sources)).collect();
        let scopes = |few: usize| {
            let (mut switches, mut weights, mut factors) = (sources.len(), Vec::new(), Vec::new());
            weights.extend((0..sources.len()).map(|z| vec![z]));
            for Reached { by, .. } in &reached {
                if by.len() > few {
                    weights.extend(by.iter().map(|&(z, _)| vec![z, switches]));
                    factors.push(vec![switches]);
                    switches += 1;
                } else {
                    factors.push(by.iter().map(|&(z, _)| z).collect());
                }
            }
            weights.extend(factors);
            Plan::new(switches, weights)
        };
        let (mut best, mut width): (Option<(usize, Plan)>, _) = (None, usize::MAX);
        for few in [MOST_WIDTH, 8, 4, 2, 0] {
            match scopes(few) {
                Err(wide) => width = width.min(wide),
                Ok(plan) if best.as_ref().is_none_or(|(_, best)| plan.factors < best.factors) => {
                    best = Some((few, plan));
                }
                Ok(_) => {}
            }
        }
        let Some((few, plan)) = best else {
            let factors = 2.0_f64.powi(width.min(1023) as i32);
            return Err(Error::Wide { sources: sources.len(), width, factors });
        };
        if plan.factors > MOST_FACTORS {
            return Err(Error::Wide { sources: sources.len(), width: plan.width, factors: plan.factors });
        }
        let prior = |(z, &source): (usize, &usize)| {
            let s = self.sources[source];
            Table { scope: vec![z], values: vec![1.0 - s, s] }
        };
        let mut weights: Vec<_> = sources.iter().enumerate().map(prior).collect();
        let (mut factors, mut switches) = (Vec::with_capacity(reached.len()), sources.len());
        for Reached { by, own } in &reached {
            if by.len() > few {
                let pair = |&(z, t): &(usize, f64)| Table {
                    scope: vec![z, switches],
                    values: vec![1.0, 1.0, 1.0, 1.0 - t],
                };
                weights.extend(by.iter().map(pair));
                factors
                    .push(Table { scope: vec![switches], values: vec![[0.0, 1.0], [1.0 - own, own - 1.0]] });
                switches += 1;
                continue;
            }
            let value = |state: usize| {
                let fired = by.iter().enumerate().filter(|(b, _)| state >> b & 1 == 1);
                let (off, on) = fired
                    .fold((1.0 - own, *own), |(off, on), (_, (_, t))| (off * (1.0 - t), on + t * (1.0 - on)));
                [off, on]
            };
            factors.push(Table {
                scope: by.iter().map(|&(z, _)| z).collect(),
                values: (0..1 << by.len()).map(value).collect(),
            });
        }
        Ok(Block::new(units, plan.sums(&weights, &factors)))
    }

    /// Returns what can turn `feature` on, where `sources` are the sources with edges, in
    /// increasing order.
    fn reached(&self, feature: usize, sources: &[usize]) -> Reached {
        let hidden =
            |edge: &Edge| sources.binary_search(&(edge.from as usize)).ok().map(|z| (z, edge.transmission));
        let own = if self.leaving(feature).is_empty() { self.sources[feature] } else { 0.0 };
        Reached { by: self.reaching(feature).iter().filter_map(hidden).collect(), own }
    }
}

/// The sources that can turn a feature on.
struct Reached {
    /// The indices, among the sources with edges, of those that reach the feature, with their
    /// transmissions.
    by: Vec<(usize, f64)>,
    /// The probability of the feature's own source if that has no edges, and 0 otherwise.
    own: f64,
}

/// The greatest number of features whose joint probability is computed, as a sum over their
/// subsets.
const MOST: usize = 16;

/// The greatest number of factors in all products of a block.
pub(crate) const MOST_FACTORS: f64 = (1 << 22) as f64;

impl Switches for Graph {
    fn features(&self) -> usize {
        self.sources.len()
    }

    fn probability(&self, feature: usize) -> f64 {
        self.probabilities[feature]
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        let (p, q) = (self.probabilities[i], self.probabilities[j]);
        if i == j {
            return p * (1.0 - p);
        }
        if p == 1.0 || q == 1.0 {
            return 0.0;
        }
        // This computes Π (1 + d) − 1 over the common sources without cancellation. Both lists are
        // sorted by source.
        let (mut to_i, mut to_j) = (self.reaching(i).iter().peekable(), self.reaching(j).iter().peekable());
        let mut excess = 0.0;
        while let (Some(a), Some(b)) = (to_i.peek(), to_j.peek()) {
            if a.from == b.from {
                let (s, t, u) = (self.sources[a.from as usize], a.transmission, b.transmission);
                let d = s * (1.0 - s) * t * u / ((1.0 - s * t) * (1.0 - s * u));
                excess += d * (1.0 + excess);
            }
            let (from_a, from_b) = (a.from, b.from);
            if from_a <= from_b {
                to_i.next();
            }
            if from_b <= from_a {
                to_j.next();
            }
        }
        (1.0 - p) * (1.0 - q) * excess
    }

    /// Goes through the sources and keeps the probability of each subset of the given features that
    /// the sources so far turn on, so that all terms are positive. `None` for more than 16
    /// features.
    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        let features = distinct(features);
        if features.len() > MOST {
            return None;
        }
        let mut reached = BTreeMap::<u32, Vec<(usize, f64)>>::new();
        for (bit, &feature) in features.iter().enumerate() {
            for edge in self.reaching(feature) {
                reached.entry(edge.from).or_default().push((1 << bit, edge.transmission));
            }
        }
        let mut by_subset = vec![0.0; 1 << features.len()];
        by_subset[0] = 1.0;
        for (source, targets) in reached {
            let mut fired = by_subset.clone();
            for (bit, t) in targets {
                for subset in (0..fired.len()).filter(|subset| subset & bit == 0) {
                    let before = fired[subset];
                    fired[subset] = before * (1.0 - t);
                    fired[subset | bit] += before * t;
                }
            }
            let s = self.sources[source as usize];
            by_subset
                .iter_mut()
                .zip(fired)
                .for_each(|(total, fired)| *total = (1.0 - s) * *total + s * fired);
        }
        by_subset.last().copied()
    }

    /// One block per component, from the elimination of its sources one after the other. This works
    /// for chains, rings and trees of many thousand features.
    ///
    /// # Errors
    /// [`Error::Wide`] if a component needs a table of more than 16 switches, or tables of more
    /// than 2²² factors in total. A component with at most 16 sources that have edges never needs a
    /// table of more than 16 switches.
    fn blocks(&self) -> Result<Vec<Block>> {
        self.components().iter().map(|component| self.block(component)).collect()
    }

    fn spec(&self) -> SwitchesSpec {
        let same = self.sources.iter().all(|source| *source == self.sources[0]);
        let sources = match same {
            true => PerFeature::Same(self.sources[0]),
            false => PerFeature::Each(self.sources.clone()),
        };
        SwitchesSpec::Graph { sources, edges: self.outgoing.clone() }
    }
}

#[cfg(feature = "sampling")]
impl SampleSwitches for Graph {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        let start = on.len();
        self.law.sample(rng, on);
        let end = on.len();
        for position in start..end {
            let source = on[position] as usize;
            for edge in self.leaving(source) {
                if unit(rng) < edge.transmission {
                    on.push(edge.to);
                }
            }
        }
        if on.len() > end {
            on[start..].sort_unstable();
            drop_repetitions(on, start);
        }
    }
}

/// Returns where each key of `0..count` starts in the sorted `keys`, and their number: `count + 1`
/// entries.
fn starts(count: usize, keys: impl Iterator<Item = u32>) -> Vec<usize> {
    let mut starts = vec![0; count + 1];
    keys.for_each(|key| starts[key as usize + 1] += 1);
    for key in 0..count {
        starts[key + 1] += starts[key];
    }
    starts
}
