//! Targets of several features: the AND, the product or the parity of each group of a list.

use rand::Rng;
use rand::seq::index;
use toy_superposition_files::fingerprint;

use crate::target::checked_features;
use crate::{Error, Result, Target};

/// The function of a group of features that makes an output. A feature is on if it is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// 1 if all features are on, else 0.
    And,
    /// Product of the values.
    Product,
    /// 1 if an odd number of features is on, else 0.
    Parity,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::And => "and",
            Self::Product => "product",
            Self::Parity => "parity",
        })
    }
}

/// A target with one output per group of features.
///
/// ```
/// use toy_superposition_computation::{Joint, Rule, Target};
///
/// let pairs = Joint::all_pairs(3, Rule::And)?;
/// let mut out = [0.0; 3];
/// pairs.evaluate(&[0, 2], &[0.5, 1.0], &mut out);
/// assert_eq!(out, [0.0, 1.0, 0.0]);
/// # Ok::<(), toy_superposition_computation::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joint {
    features: usize,
    rule: Rule,
    groups: Vec<Vec<u32>>,
    /// The groups that contain each feature.
    of: Vec<Vec<u32>>,
}

impl Joint {
    /// Returns a target with one output per group, in order. The edges of a graph are groups of
    /// two.
    ///
    /// # Errors
    /// [`Error::Size`] for no features, no groups or more than `u32::MAX` of either;
    /// [`Error::Feature`] for a feature that does not exist; [`Error::Group`] for a group that is
    /// empty or names a feature twice.
    pub fn new(features: usize, rule: Rule, groups: Vec<Vec<u32>>) -> Result<Self> {
        checked_features(features)?;
        if groups.is_empty() || groups.len() > u32::MAX as usize {
            return Err(Error::Size { name: "groups", given: groups.len(), least: 1 });
        }
        let mut of = vec![Vec::new(); features];
        for (group, members) in groups.iter().enumerate() {
            if members.is_empty() {
                return Err(Error::Group { group });
            }
            for &given in members {
                let of = of.get_mut(given as usize).ok_or(Error::Feature { group, given, features })?;
                if of.last() == Some(&(group as u32)) {
                    return Err(Error::Group { group });
                }
                of.push(group as u32);
            }
        }
        Ok(Self { features, rule, groups, of })
    }

    /// Returns the target of all `n(n − 1)/2` pairs, `(0, 1), (0, 2), …, (1, 2), …`. With
    /// [`Rule::And`] it is the universal AND.
    ///
    /// # Errors
    /// [`Error::Size`] for fewer than two features, and [`Error::Model`] with `TooLarge` if there
    /// is not enough memory for all pairs.
    pub fn all_pairs(features: usize, rule: Rule) -> Result<Self> {
        let n = checked_features(features)? as u32;
        toy_superposition_model::check_memory("all pairs of features", 24 * (features as u128).pow(2))?;
        Self::new(features, rule, (0..n).flat_map(|i| (i + 1..n).map(move |j| vec![i, j])).collect())
    }

    /// Returns a target of groups of `size` features that are drawn independently. Features within
    /// a group are in increasing order.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `1 ≤ size ≤ features`, and the errors of [`new`](Self::new).
    pub fn random<R: Rng + ?Sized>(
        features: usize,
        rule: Rule,
        size: usize,
        groups: usize,
        rng: &mut R,
    ) -> Result<Self> {
        if size == 0 || size > checked_features(features)? {
            let allowed = "1 to the number of features";
            return Err(Error::OutOfRange { name: "features of a group", given: size as f64, allowed });
        }
        let mut draw = |_| {
            let mut group: Vec<u32> = index::sample(rng, features, size).iter().map(|i| i as u32).collect();
            group.sort_unstable();
            group
        };
        Self::new(features, rule, (0..groups).map(&mut draw).collect())
    }

    /// Returns the groups.
    pub fn groups(&self) -> &[Vec<u32>] {
        &self.groups
    }
}

impl Target for Joint {
    fn features(&self) -> usize {
        self.features
    }

    fn outputs(&self) -> usize {
        self.groups.len()
    }

    fn evaluate(&self, indices: &[u32], values: &[f64], out: &mut [f64]) {
        // First count how many features of each group are on.
        out.fill(0.0);
        for &index in indices {
            self.of[index as usize].iter().for_each(|&group| out[group as usize] += 1.0);
        }
        let value = |feature: &u32| indices.binary_search(feature).map_or(0.0, |k| values[k]);
        for (out, members) in out.iter_mut().zip(&self.groups).filter(|(out, _)| **out > 0.0) {
            let all = *out == members.len() as f64;
            *out = match self.rule {
                Rule::Parity => *out % 2.0,
                Rule::And => f64::from(u8::from(all)),
                Rule::Product if all => members.iter().map(value).product(),
                Rule::Product => 0.0,
            };
        }
    }

    fn describe(&self) -> String {
        let hash = fingerprint(format!("{:?}", self.groups).bytes());
        format!("{} of {} groups {hash:016x}", self.rule, self.groups.len())
    }
}
