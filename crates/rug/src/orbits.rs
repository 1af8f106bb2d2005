//! Sets of rows that are invariant under a group.

use crate::field::Field;
use crate::persian::order;
use crate::{Error, Result};

/// The orbits of a subgroup of the multiplicative group of GF(n_s), on the rows from which a
/// [`PersianRug`](crate::PersianRug) selects and on the entries of its first row.
///
/// ```math
/// \alpha \in \mathrm{GF}(2^m)^\times, \quad \alpha^t = 1: \qquad
/// S \alpha = S \;\Rightarrow\; g(\alpha^\top j) = g(j), \quad
/// g(j) = \frac1{n_d} \sum_{s \in S} (-1)^{s \cdot j}
/// ```
///
/// Multiplication by `α` is a linear map of the m bits of an index, and `α^⊤` is its transpose. A
/// union of orbits of `α` has a row `g` that is constant on the orbits of `α^⊤`. A search
/// restricted to such sets has t times fewer rows to select and t times fewer entries to evaluate.
/// The ovoid of order q is invariant, up to a change of basis, with `t = (q² + 1)(q − 1)`.
///
/// ```
/// use toy_superposition_rug::{Orbits, PersianRug};
///
/// // Three of the 17 orbits of 15 elements of GF(256) give a rug whose row has few values.
/// let orbits = Orbits::new(256, 15)?;
/// let rows: Vec<usize> = orbits.elements()[1..4].concat();
/// let row = PersianRug::new(256, &rows)?.first_row();
/// let values: std::collections::BTreeSet<i64> =
///     row.iter().map(|g| (g * 45.0).round() as i64).collect();
/// assert!(orbits.duals().len() == 18 && values.len() <= 18);
/// # Ok::<(), toy_superposition_rug::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orbits {
    elements: Vec<Vec<usize>>,
    duals: Vec<(usize, usize)>,
}

impl Orbits {
    /// Returns the orbits of the group with `group` elements. The group of one element gives single
    /// rows.
    ///
    /// # Errors
    /// [`Error::NotPowerOfTwo`] unless n_s is a power of two in `1..=2³¹`, [`Error::NoSuchSet`]
    /// unless `group` divides `n_s − 1` and n_s is from 2 to 2²⁰.
    pub fn new(features: usize, group: usize) -> Result<Self> {
        let bits = order(features)?;
        let needs = "2 to 2^20, and a group whose order divides features − 1";
        let none = Error::NoSuchSet { family: "invariant set", features, needs };
        if !(1..=20).contains(&bits) || group == 0 || !(features - 1).is_multiple_of(group) {
            return Err(none);
        }
        let field = Field::new(features).ok_or(none)?;
        let generator = field.power_of_generator((features - 1) / group);
        let times = |x: usize| field.product(generator, x);
        let columns: Vec<usize> = (0..bits).map(|bit| times(1 << bit)).collect();
        // Bit k of the transposed map is the product of column k with the index.
        let transposed = |j: usize| {
            columns
                .iter()
                .enumerate()
                .map(|(k, column)| (((column & j).count_ones() & 1) as usize) << k)
                .sum()
        };
        let duals = orbits(features, transposed);
        Ok(Self {
            elements: orbits(features, times),
            duals: duals.into_iter().map(|orbit| (orbit[0], orbit.len())).collect(),
        })
    }

    /// Returns the orbits of rows, each beginning with its smallest element, in the order of these
    /// elements. The first orbit is that of 0 alone; all others have as many elements as the group.
    pub fn elements(&self) -> &[Vec<usize>] {
        &self.elements
    }

    /// Returns the smallest element and the size of each orbit of entries of the first row. The
    /// first orbit is the diagonal entry 0 alone.
    pub fn duals(&self) -> &[(usize, usize)] {
        &self.duals
    }
}

/// Returns the orbits of a permutation of `0..count`.
fn orbits(count: usize, next: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; count];
    let mut orbits = Vec::new();
    for first in 0..count {
        let (mut orbit, mut at) = (Vec::new(), first);
        while !std::mem::replace(&mut seen[at], true) {
            orbit.push(at);
            at = next(at);
        }
        if !orbit.is_empty() {
            orbits.push(orbit);
        }
    }
    orbits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PersianRug;

    /// Unions of orbits have rows that are constant on the dual orbits, for every group.
    #[test]
    fn invariant_sets_have_invariant_rows() {
        for (features, groups) in
            [(16, vec![1, 3, 5, 15]), (64, vec![1, 7, 9, 21]), (256, vec![5, 17, 51, 85, 255])]
        {
            for group in groups {
                let orbits = Orbits::new(features, group).unwrap();
                let sizes: Vec<usize> = orbits.elements().iter().map(Vec::len).collect();
                assert_eq!(sizes[0], 1);
                assert!(sizes[1..].iter().all(|&size| size == group), "{sizes:?}");
                assert_eq!(orbits.duals().iter().map(|dual| dual.1).sum::<usize>(), features);
                assert_eq!(orbits.duals().len(), (features - 1) / group + 1);
                let rows = orbits.elements().iter().skip(1).step_by(2).flatten().copied();
                let row = PersianRug::new(features, &rows.collect::<Vec<_>>()).unwrap().first_row();
                // Each value occurs as often as its dual orbit has entries.
                let mut values: Vec<f64> = row.clone();
                let mut expected: Vec<f64> =
                    orbits.duals().iter().flat_map(|&(j, count)| vec![row[j]; count]).collect();
                values.sort_by(f64::total_cmp);
                expected.sort_by(f64::total_cmp);
                let close = values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
                assert!(close, "{features} {group}");
            }
        }
    }

    #[test]
    fn groups_that_are_none_are_refused() {
        for (features, group) in [(256, 7), (256, 0), (1, 1), (1 << 21, 1), (16, 30)] {
            assert!(matches!(Orbits::new(features, group), Err(Error::NoSuchSet { .. })));
        }
        assert!(matches!(Orbits::new(48, 1), Err(Error::NotPowerOfTwo { .. })));
    }
}
