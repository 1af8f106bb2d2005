//! The macroscopic statistics of a Persian rug and the cumulants of its interference, exactly and
//! in O(n_s log n_s).

use std::fmt;

use toy_superposition_data::Cumulants;

use crate::PersianRug;

/// The sums over the off-diagonal entries of any row of a rug, from which the cumulants of its
/// interference follow.
///
/// ```math
/// \nu_i = \sum_{j \ne i} R_{ij} x_j, \qquad
/// \kappa_m(\nu_i) = \kappa_m(x) \sum_{j \ne 0} g(j)^m
/// ```
///
/// The features `x_j` are independent and identically distributed, so their cumulants add. Every
/// row of `R` holds the same entries `g(j)`, so all features have the same cumulants, and the
/// fluctuation Δvar(ν) over the rows (paper, figure 6) is exactly zero.
///
/// | sum over j ≠ 0 | value |
/// |---|---|
/// | `g(j)` | `(n_s/n_d)·[0 ∈ S] − 1` |
/// | `g(j)²` | `n_s/n_d − 1`: every `S` attains the bound (6) on σ² |
/// | `g(j)³` | `n_s/n_d³ · #{(k, l, m) ∈ S³: k⊕l⊕m = 0} − 1`, which depends on `S` |
/// | `g(j)⁴` | `n_s/n_d⁴ · #{(k, l, m, q) ∈ S⁴: k⊕l⊕m⊕q = 0} − 1`, which depends on `S` |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Statistics {
    /// `Σ_{j≠0} g(j)`.
    pub sum: f64,
    /// `Σ_{j≠0} g(j)²`.
    pub squares: f64,
    /// `Σ_{j≠0} g(j)³`.
    pub cubes: f64,
    /// `Σ_{j≠0} g(j)⁴`.
    pub fourths: f64,
    /// `Σ_{j≠0} |g(j)|³`.
    pub absolute_cubes: f64,
    /// The coherence `max_{j≠0} |g(j)|`, or 0 if there is only one feature.
    pub coherence: f64,
}

impl Statistics {
    /// Returns the cumulants of `ν_i = Σ_{j≠i} R_ij x_j` for independent features that all have the
    /// given cumulants.
    ///
    /// The interference of `W = a R` is `a ν_i`, and its m-th cumulant is `aᵐ` times that of ν_i.
    pub fn interference(&self, feature: &Cumulants) -> Cumulants {
        Cumulants {
            mean: feature.mean * self.sum,
            variance: feature.variance * self.squares,
            third: feature.third * self.cubes,
            fourth: feature.fourth * self.fourths,
        }
    }

    /// Returns `Λ = Σ_{j≠i} |W_ij|³ / (Σ_{j≠i} W_ij²)^{3/2}`, which is the same for every row
    /// (paper, eq. 3), or `None` for a rug without interference, n_d = n_s.
    pub fn lyapunov(&self) -> Option<f64> {
        finite(self.absolute_cubes / (self.squares * self.squares.sqrt()))
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Returns the Welch bound (1974), the smallest coherence that n_s unit vectors in n_d ≤ n_s
/// dimensions can have: `√((n_s − n_d)/(n_d(n_s − 1)))`.
///
/// A rug attains it if all `|g(j)|`, j ≠ 0, are equal, which makes it an equiangular tight frame.
/// The bound is 0 for `features = 1` and `None` for `hidden = 0`.
pub fn welch_coherence(features: usize, hidden: usize) -> Option<f64> {
    let (features, hidden) = (features as f64, hidden as f64);
    match (features == 1.0, hidden == 0.0) {
        (_, true) => None,
        (true, _) => Some(0.0),
        _ => Some(((features - hidden).max(0.0) / (hidden * (features - 1.0))).sqrt()),
    }
}

/// The span of the rows `S` in the vector space of the m bits of an index over the field of two
/// elements.
///
/// Features `i` and `j` have the same column of the encoder exactly if `i ⊕ j` is orthogonal to
/// every `k ∈ S`. If `S` does not span the space, features come in groups of 2^(m − rank) that no
/// decoder can distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Span {
    /// The dimension m = log₂ n_s of the space.
    pub dimension: u32,
    /// The dimension of the span of `S`.
    pub rank: u32,
    /// Whether features come in pairs with opposite columns, `R_ij = −1`. Such a pair can still be
    /// decoded: if one of its features is on alone, only that feature's output is positive.
    pub antipodal: bool,
}

impl Span {
    /// Returns the number of features that share each column of the encoder, which is 1 if `S`
    /// spans the space.
    pub fn aliases(&self) -> usize {
        1 << (self.dimension - self.rank)
    }

    /// Returns a warning if some features cannot be distinguished, and `None` if `S` spans the
    /// space.
    pub fn warning(&self) -> Option<Aliasing> {
        let Self { dimension, rank, .. } = *self;
        (rank < dimension).then(|| Aliasing { dimension, rank, aliases: self.aliases() })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.warning() {
            None => write!(f, "S spans all {} dimensions", self.dimension),
            Some(warning) => warning.fmt(f),
        }
    }
}

/// A warning, not an error: the rows `S` do not span the space, so no decoder can distinguish some
/// features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[error("S spans {rank} of {dimension} dimensions: groups of {aliases} features are indistinguishable")]
#[non_exhaustive]
pub struct Aliasing {
    /// The dimension m = log₂ n_s of the space.
    pub dimension: u32,
    /// The dimension of the span of `S`.
    pub rank: u32,
    /// Number of features that share each column of the encoder, at least 2.
    pub aliases: usize,
}

impl PersianRug {
    /// Returns the sums over the off-diagonal entries of a row, in O(n_s log n_s), without forming
    /// `R`.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = Statistics {
            sum: 0.0,
            squares: 0.0,
            cubes: 0.0,
            fourths: 0.0,
            absolute_cubes: 0.0,
            coherence: 0.0,
        };
        for &g in &self.first_row()[1..] {
            let square = g * g;
            statistics.sum += g;
            statistics.squares += square;
            statistics.cubes += square * g;
            statistics.fourths += square * square;
            statistics.absolute_cubes += square * g.abs();
            statistics.coherence = statistics.coherence.max(g.abs());
        }
        statistics
    }

    /// Returns the span of `S`, by elimination over the field of two elements in O(n_d log n_s).
    ///
    /// Antipodal pairs `i`, `i ⊕ d` have odd `popcount(d ∧ k)` for every `k ∈ S`. Such a `d` exists
    /// exactly if no sum of an even number of rows equals a sum of an odd number. The elimination
    /// therefore carries this parity in one more bit, below the others.
    pub fn span(&self) -> Span {
        let dimension = self.features().ilog2();
        let mut basis = vec![0; dimension as usize + 1];
        for &row in self.rows() {
            let mut vector = row << 1 | 1;
            while vector != 0 {
                let pivot = &mut basis[vector.ilog2() as usize];
                if *pivot == 0 {
                    *pivot = vector;
                    break;
                }
                vector ^= *pivot;
            }
        }
        let rank = basis[1..].iter().filter(|&&vector| vector != 0).count() as u32;
        Span { dimension, rank, antipodal: basis[0] == 0 }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn rug(features: usize, hidden: usize, seed: u64) -> PersianRug {
        PersianRug::random(features, hidden, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
    }

    /// Computes the sums from Parseval's identity, and by counting the solutions of k⊕l⊕m = 0 and
    /// k⊕l⊕m⊕q = 0 in S.
    #[test]
    fn power_sums_count_additive_relations() {
        for (features, hidden, seed) in
            [(64, 9, 1), (64, 40, 2), (128, 17, 3), (2, 1, 4), (16, 16, 5), (1, 1, 6)]
        {
            let rug = rug(features, hidden, seed);
            let (rows, statistics) = (rug.rows(), rug.statistics());
            let (mut sums, mut triples) = (vec![0_u32; features], 0_u32);
            for &k in rows {
                for &l in rows {
                    sums[k ^ l] += 1;
                    triples += u32::from(rows.contains(&(k ^ l)));
                }
            }
            let quadruples: u32 = sums.iter().map(|count| count * count).sum();
            let (n, d) = (features as f64, hidden as f64);
            assert_relative_eq!(statistics.sum + 1.0, rug.off_diagonal_sum() + 1.0, epsilon = 1e-13 * n);
            assert_relative_eq!(statistics.squares + 1.0, n / d, epsilon = 0.0, max_relative = 1e-13);
            let cubes = n / d.powi(3) * f64::from(triples);
            assert_relative_eq!(statistics.cubes + 1.0, cubes, epsilon = 1e-13 * n, max_relative = 1e-13);
            let fourths = n / d.powi(4) * f64::from(quadruples);
            assert_relative_eq!(statistics.fourths + 1.0, fourths, epsilon = 0.0, max_relative = 1e-13);
        }
    }

    #[test]
    fn statistics_are_those_of_every_dense_row() {
        let rug = rug(64, 11, 8);
        let (dense, statistics) = (rug.to_matrix::<f64>(), rug.statistics());
        for i in [0, 1, 37, 63] {
            let others = || (0..64).filter(move |&j| j != i).map(|j| dense[(i, j)]);
            let sum = |f: fn(f64) -> f64| others().map(f).sum::<f64>();
            assert_relative_eq!(statistics.sum, sum(|w| w), epsilon = 1e-13);
            assert_relative_eq!(statistics.squares, sum(|w| w * w), epsilon = 0.0, max_relative = 1e-13);
            assert_relative_eq!(statistics.cubes, sum(|w| w.powi(3)), epsilon = 1e-13);
            assert_relative_eq!(statistics.fourths, sum(|w| w.powi(4)), epsilon = 0.0, max_relative = 1e-13);
            let third = sum(|w| w.abs().powi(3));
            assert_relative_eq!(statistics.absolute_cubes, third, epsilon = 0.0, max_relative = 1e-13);
            let lyapunov = third / sum(|w| w * w).powf(1.5);
            assert_relative_eq!(
                statistics.lyapunov().unwrap(),
                lyapunov,
                epsilon = 0.0,
                max_relative = 1e-13
            );
            assert_eq!(statistics.coherence, others().map(f64::abs).fold(0.0, f64::max));
        }
    }

    /// The interference of antipodal pairs is −x, so the cumulants of odd order change sign and
    /// those of even order do not.
    #[test]
    fn interference_of_antipodal_pairs_is_minus_the_partner() {
        let x = Cumulants::uniform(0.1).unwrap();
        let nu = PersianRug::simplices(32, 2).unwrap().statistics().interference(&x);
        assert_eq!(nu, Cumulants { mean: -x.mean, variance: x.variance, third: -x.third, fourth: x.fourth });
        assert_eq!(nu.skewness(), x.skewness().map(|skewness| -skewness));
    }

    #[test]
    fn a_rug_without_interference_has_no_lyapunov_ratio() {
        assert_eq!(PersianRug::new(1, &[0]).unwrap().statistics().lyapunov(), None);
    }

    #[test]
    fn span_finds_aliases_and_antipodes_as_the_first_row_shows_them() {
        let sets: [&[usize]; 7] =
            [&[0], &[5], &[1, 2, 4, 8], &[1, 2, 3], &[3, 5, 6, 0], &[8, 9, 10, 12], &[0, 1, 2, 4, 8]];
        for rows in sets {
            let rug = PersianRug::new(16, rows).unwrap();
            let (row, span) = (rug.first_row(), rug.span());
            assert_eq!(span.aliases(), row.iter().filter(|&&g| g == 1.0).count(), "{rows:?}");
            assert_eq!(span.antipodal, row.contains(&-1.0), "{rows:?}");
        }
        let span = PersianRug::new(16, &[1, 2, 3]).unwrap().span();
        assert_eq!(span, Span { dimension: 4, rank: 2, antipodal: false });
        assert_eq!(span.warning(), Some(Aliasing { dimension: 4, rank: 2, aliases: 4 }));
        assert!(span.to_string().contains("groups of 4 features"));
        assert_eq!(rug(16, 12, 3).span().warning(), None);
        assert_eq!(rug(16, 12, 3).span().to_string(), "S spans all 4 dimensions");
    }

    #[test]
    fn welch_bound_holds_for_every_rug() {
        for (hidden, seed) in [(1, 1), (5, 2), (20, 3), (31, 4), (32, 5)] {
            let coherence = rug(32, hidden, seed).statistics().coherence;
            assert!(coherence >= welch_coherence(32, hidden).unwrap() * (1.0 - 1e-14), "{hidden}");
        }
        assert_relative_eq!(welch_coherence(16, 6).unwrap(), 1.0 / 3.0, max_relative = 1e-15);
        assert_eq!((welch_coherence(8, 8), welch_coherence(1, 1)), (Some(0.0), Some(0.0)));
        assert_eq!((welch_coherence(8, 0), welch_coherence(1, 0)), (None, None));
    }
}
