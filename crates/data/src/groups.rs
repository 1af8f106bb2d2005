//! Groups of features that switch together: `c_i = C_{g(i)}`.
//!
//! The group switches `C` follow any law of switches, with the groups in the place of the features:
//!
//! ```text
//! P[c_i = 1] = P[C_{g(i)} = 1],    Cov(c_i, c_j) = Cov(C_{g(i)}, C_{g(j)})
//! ```
//!
//! so that two features of one group have correlation 1. The magnitudes stay independent.

use rand::Rng;

use crate::distribution::{Switches, checked_features};
use crate::{Error, Independent, Result};

/// Disjoint groups that hold every feature; each group is on or off as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups<S = Independent> {
    switches: S,
    /// Members of group `g`: `members[starts[g]..starts[g + 1]]`, increasing.
    members: Vec<u32>,
    starts: Vec<usize>,
    group_of: Vec<u32>,
    /// Whether `members` is 0, 1, 2, …, so that groups in order give features in order.
    in_order: bool,
}

impl<S: Switches> Groups<S> {
    /// Group `g` has the features `groups[g]`, in any order, and switch `g` of `switches`. The number of features is
    /// the sum of the groups' sizes, and each of `0..n_s` is in exactly one group; a feature that keeps to itself
    /// is a group of one.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ n_s ≤ u32::MAX`; [`Error::Length`] unless `switches` has as many features
    /// as there are groups; [`Error::EmptyGroup`]; [`Error::Member`] for a member not below `n_s`;
    /// [`Error::Overlap`] for a feature that occurs twice.
    pub fn new<G: AsRef<[u32]>>(groups: &[G], switches: S) -> Result<Self> {
        let features = checked_features(groups.iter().map(|group| group.as_ref().len()).sum())?;
        if switches.features() != groups.len() {
            let (given, expected) = (switches.features(), groups.len());
            return Err(Error::Length { what: "switches of the groups", given, expected });
        }
        const NONE: u32 = u32::MAX;
        let mut group_of = vec![NONE; features];
        let (mut members, mut starts) = (Vec::with_capacity(features), vec![0]);
        for (group, list) in groups.iter().map(AsRef::as_ref).enumerate() {
            if list.is_empty() {
                return Err(Error::EmptyGroup { group });
            }
            for &member in list {
                let feature = member as usize;
                match group_of.get_mut(feature) {
                    None => return Err(Error::Member { group, feature, features }),
                    Some(slot) if *slot == NONE => *slot = group as u32,
                    Some(slot) => {
                        return Err(Error::Overlap { feature, first: *slot as usize, second: group });
                    }
                }
            }
            members.extend_from_slice(list);
            members[starts[group]..].sort_unstable();
            starts.push(members.len());
        }
        let in_order = members.is_sorted();
        Ok(Self { switches, members, starts, group_of, in_order })
    }
}

impl<S: Switches> Switches for Groups<S> {
    fn features(&self) -> usize {
        self.members.len()
    }

    fn probability(&self, feature: usize) -> f64 {
        self.switches.probability(self.group_of[feature] as usize)
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        self.switches.covariance(self.group_of[i] as usize, self.group_of[j] as usize)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        let start = on.len();
        self.switches.sample(rng, on);
        // The groups, then behind them their members; then the groups go.
        let groups = on.len() - start;
        for position in start..start + groups {
            let group = on[position] as usize;
            on.extend_from_slice(&self.members[self.starts[group]..self.starts[group + 1]]);
        }
        on.drain(start..start + groups);
        if !self.in_order {
            on[start..].sort_unstable();
        }
    }
}
