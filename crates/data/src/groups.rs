//! Groups of features that switch together: `c_i = C_{g(i)}`.
//!
//! The group switches `C` follow any law of switches, in which groups take the role of features:
//!
//! ```text
//! P[c_i = 1] = P[C_{g(i)} = 1],    Cov(c_i, c_j) = Cov(C_{g(i)}, C_{g(j)})
//! ```
//!
//! so that two features of one group have correlation 1. The magnitudes stay independent.

#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::SampleSwitches;
use crate::switches::checked_features;
use crate::{Block, Error, Independent, Result, Switches, SwitchesSpec};

/// Disjoint groups that together hold all features. Each group is on or off as a whole.
///
/// The group switches follow the law `S`, so that `P[c_i = 1] = P[C_{g(i)} = 1]` for a feature `i`
/// of the group `g(i)`, and `Cov(c_i, c_j) = Cov(C_{g(i)}, C_{g(j)})`. The magnitudes are
/// independent.
///
/// ```
/// use toy_superposition_data::{Groups, Independent, Switches};
/// // Four groups of three features, each group on with probability 0.1.
/// let groups = Groups::equal(3, Independent::new(4, 0.1)?)?;
/// assert_eq!(groups.features(), 12);
/// assert_eq!(groups.joint_probability(&[0, 1, 2]), Some(0.1));
/// assert_eq!(groups.covariance(0, 3), 0.0);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Groups<S = Independent> {
    switches: S,
    /// The members of group `g` are `members[starts[g]..starts[g + 1]]`, in increasing order.
    members: Vec<u32>,
    starts: Vec<usize>,
    group_of: Vec<u32>,
    /// True if `members` is 0, 1, 2, …, so that groups in increasing order give features in
    /// increasing order.
    in_order: bool,
}

impl<S: Switches> Groups<S> {
    /// Group `g` consists of the features `groups[g]`, in any order, and has switch `g` of
    /// `switches`. The number of features n_s is the sum of the groups' sizes, and each feature in
    /// `0..n_s` must be in exactly one group, which may have a single member.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ n_s ≤ u32::MAX`; [`Error::Length`] unless `switches` has as
    /// many features as there are groups; [`Error::EmptyGroup`]; [`Error::Member`] for a member not
    /// below `n_s`; [`Error::Overlap`] for a feature that occurs twice.
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

    /// Groups of `size` consecutive features: group `g` has switch `g` of `switches` and consists
    /// of the `size` features that start at `g size`.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ n_s ≤ u32::MAX` for `n_s = size` times the number of groups;
    /// [`Error::Memory`] if the lists of the groups do not fit in memory.
    pub fn equal(size: usize, switches: S) -> Result<Self> {
        let groups = switches.features();
        let features = checked_features(groups.saturating_mul(size))?;
        let (mut members, mut group_of, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        let reserved = members.try_reserve_exact(features);
        reserved
            .and_then(|()| group_of.try_reserve_exact(features))
            .and_then(|()| starts.try_reserve_exact(groups + 1))
            .map_err(|_| Error::Memory { what: "groups", bytes: 8 * (features + groups + 1) })?;
        members.extend(0..features as u32);
        group_of.extend((0..features).map(|feature| (feature / size) as u32));
        starts.extend((0..=groups).map(|group| group * size));
        Ok(Self { switches, members, starts, group_of, in_order: true })
    }

    fn members(&self, group: usize) -> &[u32] {
        &self.members[self.starts[group]..self.starts[group + 1]]
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

    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        let groups: Vec<_> = features.iter().map(|&feature| self.group_of[feature] as usize).collect();
        self.switches.joint_probability(&groups)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let expand = |block: Block| block.expanded(|group| self.members(group as usize));
        Ok(self.switches.blocks()?.into_iter().map(expand).collect())
    }

    fn spec(&self) -> SwitchesSpec {
        let lists = || (0..self.switches.features()).map(|group| self.members(group));
        let size = self.starts[1];
        let equal = self.in_order && lists().all(|list| list.len() == size);
        let (probability, of) = match self.switches.spec() {
            SwitchesSpec::Independent { probability } => (Some(probability), None),
            other => (None, Some(Box::new(other))),
        };
        SwitchesSpec::Groups {
            size: equal.then_some(size),
            groups: (!equal).then(|| lists().map(<[u32]>::to_vec).collect()),
            probability,
            of,
        }
    }
}

#[cfg(feature = "sampling")]
impl<S: SampleSwitches> SampleSwitches for Groups<S> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        let start = on.len();
        self.switches.sample(rng, on);
        // The list holds the groups first. Their members are appended, and then the groups are
        // removed.
        let groups = on.len() - start;
        for position in start..start + groups {
            let group = on[position] as usize;
            on.extend_from_slice(self.members(group));
        }
        on.drain(start..start + groups);
        if !self.in_order {
            on[start..].sort_unstable();
        }
    }
}
