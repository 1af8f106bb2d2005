//! Sets `S` with structure: equiangular or nearly so, sparse, or with interference that is rarely
//! positive. The table in the documentation of [`PersianRug`] lists them.
//!
//! Up to complement and shift, the sets of quadratic type have the only parameters of non-trivial
//! difference sets in a group `Z₂ᵐ` (Mann 1965). A simplex of all features, c = n_s, is the trivial
//! difference set.

use rand::Rng;
use rand::seq::index;

use crate::field::Field;
use crate::persian::order;
use crate::quadric::elliptic_quadric;
use crate::{Error, PersianRug, Result, transform};

impl PersianRug {
    /// Returns the rug of a difference set, `S = {k: Q(k) = q}`, for a quadratic form `Q` without
    /// radical on the m = 2k bits of an index (the support of a bent function, or its complement).
    ///
    /// ```math
    /// Q_+(k) = k_0 k_1 + k_2 k_3 + \dots, \qquad Q_-(k) = Q_+(k) + k_0 + k_1 \pmod 2
    /// ```
    ///
    /// All off-diagonal entries of `R` are `±2^{k−1}/n_d`, which gives n_s equiangular lines. There
    /// are two sizes, `n_s/2 ± √n_s/2`. For each, `zero` selects whether `S` contains row 0, the
    /// row of ones, which determines the row sum.
    ///
    /// # Errors
    /// [`Error::NoSuchSet`] unless n_s = 4ᵏ with k ≥ 1 and n_d is one of the two sizes.
    pub fn difference_set(features: usize, hidden: usize, zero: bool) -> Result<Self> {
        let none = Error::NoSuchSet {
            family: "difference set",
            features,
            needs: "a power of four above 1, and features/2 ± √features/2 hidden dimensions",
        };
        let bits = order(features)?;
        if bits == 0 || bits % 2 != 0 || hidden.abs_diff(features / 2) != 1 << (bits / 2 - 1) {
            return Err(none);
        }
        // Q₊ is 0 more often than 1, Q₋ less often, and both are 0 at 0.
        let hyperbolic = (hidden > features / 2) == zero;
        let even = 0x5555_5555 & (features - 1);
        let form = |k: usize| {
            let products = (k & even & (k >> 1)).count_ones();
            let linear = if hyperbolic { 0 } else { (k & 3).count_ones() };
            (products + linear) & 1
        };
        let rows: Vec<_> = (0..features).filter(|&k| (form(k) == 0) == zero).collect();
        Self::new(features, &rows)
    }

    /// Returns the direct sum of regular simplices, `S = {k: k mod c ≠ 0}`. The features form
    /// groups of `c` (a power of two). Each group is the corners of a regular simplex in its own
    /// `c − 1` dimensions: `R_ij = −1/(c − 1)` within a group and 0 outside.
    ///
    /// `c = 2` gives antipodal pairs, r = 1/2, and `c = n_s` gives one simplex. The interference is
    /// never positive.
    ///
    /// # Errors
    /// [`Error::NotPowerOfTwo`] unless n_s is a power of two in `1..=2³¹`, [`Error::NoSuchSet`]
    /// unless `corners` is a power of two in `2..=n_s`.
    pub fn simplices(features: usize, corners: usize) -> Result<Self> {
        order(features)?;
        if !corners.is_power_of_two() || !(2..=features).contains(&corners) {
            let needs = "a power of two, and groups of a power of two in 2..=features";
            return Err(Error::NoSuchSet { family: "simplices", features, needs });
        }
        let rows: Vec<_> = (0..features).filter(|&k| k % corners != 0).collect();
        Self::new(features, &rows)
    }

    /// Returns the rug of `S = {(x, x³): x ∈ GF(2ᵏ)}`, with `n_s = 4ᵏ` and `n_d = 2ᵏ` (the dual of
    /// a two-error-correcting BCH code).
    ///
    /// The cube is Gold's function. For odd k the off-diagonal entries are 0 and `±√(2/n_d)`; for
    /// even k they may also be `±2/√n_d` and `±1/√n_d`. The Welch bound is about `1/√n_d`, and a
    /// random set of this size has a coherence of about `√(2 ln n_s / n_d)`.
    ///
    /// # Errors
    /// [`Error::NoSuchSet`] unless `n_s = 4ᵏ` with `3 ≤ k ≤ 10` (for k < 3 the set does not span).
    pub fn cubes(features: usize) -> Result<Self> {
        let bits = order(features)?;
        let none = Error::NoSuchSet { family: "cubes", features, needs: "a power of four in 4^3..=4^10" };
        let degree = bits / 2;
        let possible = bits % 2 == 0 && (3..=10).contains(&degree);
        let field = possible.then(|| Field::new(1 << degree)).flatten().ok_or(none)?;
        let cube = |x| field.product(field.product(x, x), x);
        let rows: Vec<_> = (0..field.order()).map(|x| cube(x) << degree | x).collect();
        Self::new(features, &rows)
    }

    /// Returns the rug of `S = {v ≠ 0: Q(v) = 0}`, the vectors on the ovoid of an elliptic
    /// quadratic form `Q` over GF(q)⁴, q = 2ᵉ. Their 4e bits are those of an index. The sizes are
    /// `n_s = q⁴` and `n_d = (q² + 1)(q − 1)`, so that r ≈ 1/q.
    ///
    /// ```math
    /// Q(x, y, z, w) = x^2 + x y + c y^2 + z w, \qquad
    /// g(j) = \begin{cases} (q - 1 - q^2)/n_d & n_d \text{ times} \\ (q - 1)/n_d & \text{else}
    /// \end{cases} \quad (j \ne 0)
    /// ```
    ///
    /// Here `t² + t + c` is irreducible. Up to the order of the features, `R` is the frame of the
    /// least eigenvalue of the graph [`AffinePolar`](crate::KnownGraph::AffinePolar) of order q and
    /// dimension 4, with few large negative entries and many small positive ones. Unlike that
    /// frame, the rug stores no matrix.
    ///
    /// | n_s | 16 | 256 | 4096 | 65536 | 1048576 |
    /// |---|---|---|---|---|---|
    /// | n_d | 5 | 51 | 455 | 3855 | 31775 |
    ///
    /// # Errors
    /// [`Error::NotPowerOfTwo`] unless n_s is a power of two in `1..=2³¹`, [`Error::NoSuchSet`]
    /// unless it is 16ᵉ with e ≥ 1.
    pub fn ovoid(features: usize) -> Result<Self> {
        let bits = order(features)?;
        let needs = "a power of sixteen above 1";
        let possible = bits % 4 == 0 && bits > 0;
        let field = possible.then(|| Field::new(1 << (bits / 4))).flatten();
        let field = field.ok_or(Error::NoSuchSet { family: "ovoid", features, needs })?;
        Self::new(features, &elliptic_quadric(&field, 4))
    }

    /// Draws the rug of n_d odd rows without replacement. No two of them add up to a third, bit by
    /// bit, so the third cumulant of the interference is the smallest that a set of this size can
    /// have:
    ///
    /// ```math
    /// \sum_{j \ne 0} g(j)^3
    ///   = \frac{n_s}{n_d^3} \#\{(k, l, m) \in S^3: k \oplus l \oplus m = 0\} - 1
    ///   = -1
    /// ```
    ///
    /// Features `2i` and `2i + 1` are antipodal, `R_{2i, 2i+1} = −1`. For n_d = n_s/2 the set
    /// contains all odd rows, and the rug is [`simplices(n_s, 2)`](Self::simplices), the antipodal
    /// pairs.
    ///
    /// # Errors
    /// [`Error::NotPowerOfTwo`] unless n_s is a power of two in `1..=2³¹`, [`Error::SumFree`]
    /// unless `1 ≤ n_d ≤ n_s/2`, since larger sets are never sum-free.
    pub fn sum_free<R: Rng + ?Sized>(features: usize, hidden: usize, rng: &mut R) -> Result<Self> {
        order(features)?;
        let most = features / 2;
        if !(1..=most).contains(&hidden) {
            return Err(Error::SumFree { given: hidden, most });
        }
        let rows: Vec<_> = index::sample(rng, most, hidden).into_iter().map(|k| 2 * k + 1).collect();
        Self::new(features, &rows)
    }

    /// Returns the shift of this rug whose interference has the smallest third cumulant, in
    /// O(n_s log n_s). Of equal shifts it is that with the smallest `t`. For the rows `S ⊕ t`,
    ///
    /// ```math
    /// \sum_{j \ne 0} \bigl(g(j) H_{jt}\bigr)^3 = \bigl(H g^3\bigr)_t - 1
    /// ```
    ///
    /// so one transform of `g³` gives the cumulants of all shifts. All shifts have the same
    /// magnitudes, hence the same σ and Λ. They differ in loss because the rectifier removes
    /// negative interference but passes positive interference as an error.
    #[must_use]
    pub fn least_skewed(&self) -> Self {
        let mut cubes = self.first_row();
        cubes.iter_mut().for_each(|g| *g = g.powi(3));
        transform(&mut cubes).expect("the order is a power of two");
        // Equal sums differ by rounding only.
        let slack = 1e-9 / (self.hidden() as f64).powi(2);
        let least = cubes.iter().copied().fold(f64::INFINITY, f64::min);
        self.shifted(cubes.iter().position(|&sum| sum <= least + slack).unwrap_or(0))
    }

    /// Returns the best of `draws` rugs that `draw` returns one by one: the first with the smallest
    /// `cost`, such as an exact loss or the coherence. A cost that is NaN counts as the worst.
    ///
    /// # Errors
    /// Returns the errors of `draw`, and [`Error::Length`] for `draws = 0`.
    pub fn best_of(
        draws: usize,
        mut draw: impl FnMut() -> Result<Self>,
        mut cost: impl FnMut(&Self) -> f64,
    ) -> Result<Self> {
        let mut best: Option<(f64, Self)> = None;
        for _ in 0..draws {
            let rug = draw()?;
            let cost = cost(&rug);
            if best.as_ref().is_none_or(|(least, _)| cost < *least || least.is_nan()) {
                best = Some((cost, rug));
            }
        }
        best.map(|(_, rug)| rug).ok_or(Error::Length { what: "number of draws", given: 0, expected: 1 })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::welch_coherence;

    #[test]
    fn difference_sets_are_equiangular_of_both_sizes_with_and_without_zero() {
        for k in 1..=6 {
            let features = 1 << (2 * k);
            for hidden in [features / 2 - (1 << (k - 1)), features / 2 + (1 << (k - 1))] {
                for zero in [false, true] {
                    let rug = PersianRug::difference_set(features, hidden, zero).unwrap();
                    assert_eq!(rug.hidden(), hidden);
                    assert_eq!(rug.rows().contains(&0), zero);
                    let magnitude = (1 << (k - 1)) as f64 / hidden as f64;
                    assert!(rug.first_row()[1..].iter().all(|g| g.abs() == magnitude));
                    let welch = welch_coherence(features, hidden).unwrap();
                    assert_relative_eq!(magnitude, welch, epsilon = 0.0, max_relative = 1e-14);
                }
            }
        }
        for (features, hidden) in [(1, 1), (2, 1), (32, 16), (64, 32), (64, 29), (16, 16)] {
            let error = PersianRug::difference_set(features, hidden, false);
            assert!(matches!(error, Err(Error::NoSuchSet { .. })), "{features} {hidden}");
        }
        assert!(matches!(PersianRug::difference_set(48, 20, true), Err(Error::NotPowerOfTwo { given: 48 })));
    }

    /// By the definition, every non-zero element is a difference equally often; here this is
    /// counted.
    #[test]
    fn difference_set_has_its_defining_property() {
        let rug = PersianRug::difference_set(64, 28, true).unwrap();
        let mut counts = [0; 64];
        rug.rows().iter().for_each(|k| rug.rows().iter().for_each(|l| counts[k ^ l] += 1));
        assert_eq!(counts[0], 28);
        assert!(counts[1..].iter().all(|&count| count == 12));
    }

    #[test]
    fn simplices_are_blocks() {
        for (features, corners) in [(2, 2), (64, 2), (64, 8), (32, 32)] {
            let rug = PersianRug::simplices(features, corners).unwrap();
            assert_eq!(rug.hidden() * corners, features * (corners - 1));
            assert_eq!(rug.span().aliases(), 1);
            assert_eq!(rug.span().antipodal, corners == 2);
            for (j, &g) in rug.first_row().iter().enumerate() {
                let expected = if j == 0 {
                    1.0
                } else if j < corners {
                    -1.0 / (corners - 1) as f64
                } else {
                    0.0
                };
                assert_relative_eq!(g, expected, epsilon = 0.0, max_relative = 1e-15);
            }
        }
        for (features, corners) in [(8, 0), (8, 1), (8, 3), (8, 16), (1, 1)] {
            assert!(matches!(PersianRug::simplices(features, corners), Err(Error::NoSuchSet { .. })));
        }
    }

    #[test]
    fn cubes_are_within_two_of_the_welch_bound_and_span() {
        for k in 3..=10_i32 {
            let rug = PersianRug::cubes(1 << (2 * k)).unwrap();
            assert_eq!(rug.hidden(), 1 << k);
            assert_eq!(rug.span().aliases(), 1);
            let exponent = if k % 2 == 1 { (1 - k) / 2 } else { (2 - k) / 2 };
            assert_eq!(rug.statistics().coherence, 2_f64.powi(exponent), "k = {k}");
        }
        for features in [1, 4, 16, 32, 128, 1 << 22] {
            assert!(matches!(PersianRug::cubes(features), Err(Error::NoSuchSet { .. })), "{features}");
        }
    }

    /// Compares with the cumulant of each shift computed separately.
    #[test]
    fn least_skewed_is_the_least_of_all_shifts() {
        for (hidden, seed) in [(5, 1), (13, 2), (32, 3), (40, 4), (64, 5)] {
            let rug = PersianRug::random(64, hidden, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
            let cubes = |rug: &PersianRug| rug.statistics().cubes;
            let least = (0..64).map(|t| cubes(&rug.shifted(t))).fold(f64::INFINITY, f64::min);
            let best = rug.least_skewed();
            assert!((cubes(&best) - least).abs() < 1e-12, "{} {least}", cubes(&best));
            assert!((0..64).any(|t| rug.shifted(t) == best));
            assert_eq!(rug.shifted(77), rug.shifted(13));
        }
        assert_eq!(
            PersianRug::simplices(16, 2).unwrap().least_skewed(),
            PersianRug::simplices(16, 2).unwrap()
        );
    }

    /// Compares with the two values, at all sizes in the table of [`PersianRug::ovoid`].
    #[test]
    fn ovoids_have_two_values() {
        for (bits, hidden) in [(4, 5), (8, 51), (12, 455), (16, 3855), (20, 31775)] {
            let rug = PersianRug::ovoid(1 << bits).unwrap();
            let q = 1 << (bits / 4);
            assert_eq!(((q * q + 1) * (q - 1), rug.hidden()), (hidden, hidden as usize));
            let [few, many] = [q - 1 - q * q, q - 1].map(|sum| f64::from(sum) / f64::from(hidden));
            let row = rug.first_row();
            assert_eq!(row[1..].iter().filter(|&&g| g == few).count(), hidden as usize, "{bits}");
            assert!(row[1..].iter().all(|&g| g == few || g == many), "{bits}");
            assert_eq!(rug.span().aliases(), 1);
            assert_eq!(rug.off_diagonal_sum(), -1.0);
        }
        for features in [1, 2, 4, 8, 32, 64, 128, 512, 1 << 14] {
            assert!(matches!(PersianRug::ovoid(features), Err(Error::NoSuchSet { .. })), "{features}");
        }
        assert!(matches!(PersianRug::ovoid(81), Err(Error::NotPowerOfTwo { given: 81 })));
    }

    #[test]
    fn sum_free_sets_have_no_sums_and_the_least_third_cumulant() {
        for (features, hidden, seed) in [(2, 1, 0), (64, 1, 1), (64, 9, 2), (64, 32, 3), (1024, 300, 4)] {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let rug = PersianRug::sum_free(features, hidden, rng).unwrap();
            assert_eq!((rug.features(), rug.hidden()), (features, hidden));
            let rows = rug.rows();
            let sums = rows.iter().flat_map(|k| rows.iter().map(move |l| k ^ l));
            assert!(sums.into_iter().all(|sum| rows.binary_search(&sum).is_err()));
            assert!(rug.span().antipodal && rug.first_row()[1] == -1.0);
            assert_relative_eq!(rug.statistics().cubes, -1.0, epsilon = 0.0, max_relative = 1e-11);
        }
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let two = [0; 2].map(|_| PersianRug::sum_free(64, 9, rng).unwrap());
        assert_ne!(two[0], two[1]);
        let pairs = PersianRug::simplices(64, 2).unwrap();
        assert_eq!(PersianRug::sum_free(64, 32, rng).unwrap(), pairs);
        for (features, hidden) in [(64, 0), (64, 33), (1, 0), (1, 1)] {
            let error = PersianRug::sum_free(features, hidden, rng);
            let right = matches!(error, Err(Error::SumFree { given, most })
                if given == hidden && most == features / 2);
            assert!(right, "{features} {hidden}");
        }
        assert!(matches!(PersianRug::sum_free(48, 3, rng), Err(Error::NotPowerOfTwo { given: 48 })));
    }

    #[test]
    fn best_of_is_the_least_of_its_draws() {
        let cost = |rug: &PersianRug| rug.statistics().coherence;
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let draws: Vec<_> = (0..10).map(|_| PersianRug::random(64, 20, &mut rng).unwrap()).collect();
        let again = || {
            let mut draws = draws.iter().cloned();
            move || Ok(draws.next().unwrap())
        };
        let least = draws.iter().map(cost).fold(f64::INFINITY, f64::min);
        let best = PersianRug::best_of(10, again(), cost).unwrap();
        assert_eq!(cost(&best), least);
        assert_eq!(Some(&best), draws.iter().find(|rug| cost(rug) == least));
        assert!(draws.iter().any(|rug| cost(rug) > least));
        let mut calls = 0;
        let late = |_: &PersianRug| {
            calls += 1;
            if calls < 4 { f64::NAN } else { 0.0 }
        };
        assert_eq!(PersianRug::best_of(10, again(), late).unwrap(), draws[3]);
        assert!(matches!(PersianRug::best_of(0, again(), cost), Err(Error::Length { given: 0, .. })));
        let none = || PersianRug::random(64, 65, &mut rng);
        assert!(matches!(PersianRug::best_of(3, none, cost), Err(Error::Hidden { given: 65, .. })));
    }
}
