//! The search for the Persian rug of least exact loss over its set S, by simulated annealing.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use toy_superposition_data::{Stream, parallel};
use toy_superposition_optim::{Lbfgs, LbfgsConfig};
use toy_superposition_rug::{Orbits, PersianRug};
use toy_superposition_theory::{self as theory, CountedLoss};

use crate::{Error, Optimised, Result, optimise};

/// The configuration of a search: the shape of the rug, its features, and the length of the search.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SearchConfig {
    /// The number of features n_s, a power of two from 4 to 2¹⁵.
    pub features: usize,
    /// The number of hidden dimensions n_d, from 2 to n_s − 2.
    pub hidden: usize,
    /// The order t of a group under which the sets must be [invariant](Orbits); 1 allows any set.
    /// It must divide n_s − 1, n_d must be a multiple of it or one more, and there may be at most
    /// 4096 orbits.
    pub symmetry: usize,
    /// The probability p that a feature is on, in (0, 1].
    pub probability: f64,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The number of annealings, each from a random set of its own. The search returns the best
    /// result of all.
    pub restarts: usize,
    /// The number of swaps that each annealing tries.
    pub swaps: u64,
}

impl SearchConfig {
    /// The search for rugs of this shape: two restarts of 200,000 swaps, seed 0.
    pub fn new(features: usize, hidden: usize, probability: f64) -> Self {
        Self { features, hidden, symmetry: 1, probability, seed: 0, restarts: 2, swaps: 200_000 }
    }
}

/// The number of stages of an annealing. Stages have equal numbers of swaps, and the temperature
/// falls from each to the next.
pub const STAGES: u32 = 40;
/// The temperatures of the first and the last stage, in units of the mean change of the loss by a
/// swap of a random set.
const TEMPERATURES: [f64; 2] = [0.5, 0.005];
/// The number of swaps from which that mean is computed.
const TRIALS: usize = 400;
/// The relative error of the loss by which sets are compared.
const TOLERANCE: f64 = 1e-5;
/// The largest number of features, since values up to n_s are stored in two bytes.
const MOST_FEATURES: usize = 1 << 15;
/// The largest number of orbits. The table of their characters has the square of this number of
/// entries, of two bytes each.
const MOST_ORBITS: usize = 4096;

/// The state of one annealing between two stages, from which it can be resumed.
#[derive(Debug, Clone, PartialEq)]
pub struct Annealing {
    /// The number of stages that are done.
    pub stage: u32,
    /// The set S as the numbers of its [orbits](Orbits::elements), which are its elements if there
    /// is no symmetry. With symmetry the orbit of 0 is left out.
    pub set: Vec<usize>,
    /// The set of least loss so far, in the same form.
    pub best: Vec<usize>,
    /// The loss of the best set divided by p, with a relative error of about 1e-5; infinite before
    /// the first stage.
    pub loss: f64,
    /// The temperature of the first stage, in units of the loss divided by p; 0 before the first
    /// stage.
    pub temperature: f64,
    /// The gain a and the bias b at which the last stage compared sets; 0 before the first stage.
    pub gain_and_bias: [f64; 2],
}

/// The result of a search.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found {
    /// The rug of least loss.
    pub rug: PersianRug,
    /// The best settings of the rug and their exact loss.
    pub optimised: Optimised,
    /// The index of the annealing that found the rug, counted from 0.
    pub restart: usize,
}

/// A search for the Persian rug of least exact loss by simulated annealing over its set S.
///
/// ```math
/// g_j = \frac1{n_d} \sum_{s \in S} (-1)^{s \cdot j}, \qquad L(S) = \min_{a, b} \;
///   \mathrm E\Big(x_0 - \mathrm{ReLU}\Big(a \sum_j g_j x_j + b\Big)\Big)^2
/// ```
///
/// All rows of a rug are alike, so that `L` is the loss of row 0. It depends only on how often each
/// of the integers `n_d g_j` occurs, as a [`CountedLoss`](theory::CountedLoss). A swap of one
/// element of S for another changes these integers by 0 or ±2, in O(n_s) operations. The gain and
/// the bias are optimised anew at each stage.
///
/// ```
/// use toy_superposition_designs::{Search, SearchConfig};
///
/// let mut config = SearchConfig::new(16, 5, 0.05);
/// config.swaps = 2_000;
/// let found = Search::new(config)?.run(|_| true)?;
/// // The frame of the Clebsch graph is the best of this shape.
/// assert!((found.optimised.loss / 0.05 - 0.05327).abs() < 1e-5);
/// # Ok::<(), toy_superposition_designs::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Search {
    config: SearchConfig,
    table: Table,
    annealings: Vec<Annealing>,
}

impl Search {
    /// A search that starts from random sets. The same configuration finds the same rug on any
    /// number of threads.
    ///
    /// # Errors
    /// [`Error::Search`] unless the numbers are in the ranges of [`SearchConfig`]; [`Error::Rug`]
    /// for a symmetry that does not divide n_s − 1; [`Error::Theory`] for p outside (0, 1].
    pub fn new(config: SearchConfig) -> Result<Self> {
        let SearchConfig { features, hidden, symmetry, restarts, .. } = config;
        let shape = features.is_power_of_two()
            && (4..=MOST_FEATURES).contains(&features)
            && (2..=features - 2).contains(&hidden);
        if !shape || restarts == 0 || symmetry == 0 || (symmetry > 1 && hidden % symmetry > 1) {
            return Err(Error::Search { features, hidden, symmetry, restarts });
        }
        theory::Feature::uniform(config.probability)?;
        let table = Table::new(&config)?;
        let annealings = (0..restarts).map(|restart| {
            let mut set: Vec<usize> = table.free().collect();
            set.shuffle(&mut rng(&config, restart, 0));
            set.truncate(hidden / symmetry);
            Annealing {
                stage: 0,
                best: set.clone(),
                set,
                loss: f64::INFINITY,
                temperature: 0.0,
                gain_and_bias: [0.0; 2],
            }
        });
        Ok(Self { annealings: annealings.collect(), config, table })
    }

    /// A search that resumes the annealings of a search with the same configuration, and ends with
    /// the same result as that search.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), and [`Error::Annealing`] for annealings that do not fit
    /// the configuration.
    pub fn resume(config: SearchConfig, annealings: Vec<Annealing>) -> Result<Self> {
        let mut fresh = Self::new(config)?;
        let free = fresh.table.free();
        let is_set = |set: &[usize]| {
            let mut seen = std::collections::HashSet::new();
            let mut new = |&orbit: &usize| free.contains(&orbit) && seen.insert(orbit);
            set.len() == fresh.annealings[0].set.len() && set.iter().all(&mut new)
        };
        let fits = |a: &Annealing| {
            let finite = a.temperature.is_finite() && a.gain_and_bias.iter().all(|x| x.is_finite());
            is_set(&a.set) && is_set(&a.best) && a.stage <= STAGES && !a.loss.is_nan() && finite
        };
        if annealings.len() != fresh.annealings.len() || !annealings.iter().all(fits) {
            return Err(fresh.strange());
        }
        fresh.annealings = annealings;
        Ok(fresh)
    }

    fn strange(&self) -> Error {
        let SearchConfig { features, hidden, symmetry, restarts, .. } = self.config;
        Error::Annealing { features, hidden, symmetry, restarts }
    }

    /// The configuration of the search.
    pub fn config(&self) -> &SearchConfig {
        &self.config
    }

    /// The states of the annealings, one per restart.
    pub fn annealings(&self) -> &[Annealing] {
        &self.annealings
    }

    /// Returns `true` once every annealing of the search has done all of its stages.
    pub fn is_finished(&self) -> bool {
        self.annealings.iter().all(|annealing| annealing.stage >= STAGES)
    }

    /// Advances each annealing by one stage, in parallel.
    ///
    /// # Errors
    /// [`Error::Theory`] for p; [`Error::Optim`].
    pub fn advance(&mut self) -> Result<()> {
        let Self { config, table, .. } = &*self;
        let mut work: Vec<(Annealing, Result<()>)> =
            self.annealings.iter().map(|annealing| (annealing.clone(), Ok(()))).collect();
        parallel::for_each(&mut work, |restart, (annealing, end)| {
            if annealing.stage < STAGES {
                *end = annealing.advance(config, restart, table);
            }
        });
        for (annealing, (advanced, end)) in self.annealings.iter_mut().zip(work) {
            end?;
            *annealing = advanced;
        }
        Ok(())
    }

    /// Runs to the end, or until `go_on`, which is called after each stage, returns false. Returns
    /// the best rug so far.
    ///
    /// # Errors
    /// The errors of [`advance`](Self::advance).
    pub fn run(mut self, mut go_on: impl FnMut(&Self) -> bool) -> Result<Found> {
        while !self.is_finished() {
            self.advance()?;
            if !go_on(&self) {
                break;
            }
        }
        self.best()
    }

    /// The best rug so far.
    ///
    /// # Errors
    /// [`Error::Theory`] for p; [`Error::Optim`].
    pub fn best(&self) -> Result<Found> {
        let SearchConfig { features, probability, .. } = self.config;
        let mut best: Option<Found> = None;
        for (restart, annealing) in self.annealings.iter().enumerate() {
            let rug = PersianRug::new(features, &self.table.elements(&annealing.best))?;
            let optimised = optimise(&rug, probability, false)?;
            if best.as_ref().is_none_or(|best| optimised.loss < best.optimised.loss) {
                best = Some(Found { rug, optimised, restart });
            }
        }
        best.ok_or(self.strange())
    }
}

/// The random numbers of a stage, counted from 1, or of the first set, for stage 0.
fn rng(config: &SearchConfig, restart: usize, stage: u32) -> impl Rng + use<> {
    Stream::Draws.rng(config.seed, (restart as u64) << 16 | u64::from(stage))
}

/// The sums `Σ_s (−1)^{s·j}` over each orbit of rows s, for one index j per orbit of entries.
#[derive(Debug, Clone)]
struct Table {
    orbits: Orbits,
    symmetric: bool,
    /// `true` if 0 is in every set. With symmetry this follows from n_d; without it, 0 is like any
    /// other element.
    zero: bool,
    characters: Vec<i16>,
}

impl Table {
    fn new(config: &SearchConfig) -> Result<Self> {
        let &SearchConfig { features, hidden, symmetry, restarts, .. } = config;
        if (features - 1) / symmetry >= MOST_ORBITS {
            return Err(Error::Search { features, hidden, symmetry, restarts });
        }
        let orbits = Orbits::new(features, symmetry)?;
        let sign = |s: usize, j: usize| 1 - 2 * ((s & j).count_ones() & 1) as i16;
        let sum = |orbit: &Vec<usize>, j: usize| orbit.iter().map(|&s| sign(s, j)).sum();
        let characters = orbits
            .elements()
            .iter()
            .flat_map(|orbit| orbits.duals().iter().map(move |dual| sum(orbit, dual.0)));
        let characters = characters.collect();
        let symmetric = symmetry > 1;
        Ok(Self { orbits, symmetric, zero: symmetric && hidden % symmetry == 1, characters })
    }

    /// The orbits of which a set is chosen.
    fn free(&self) -> std::ops::Range<usize> {
        usize::from(self.symmetric)..self.orbits.elements().len()
    }

    fn of(&self, orbit: usize) -> &[i16] {
        let duals = self.orbits.duals().len();
        &self.characters[orbit * duals..(orbit + 1) * duals]
    }

    /// All orbits of a set, including that of 0.
    fn all<'a>(&self, set: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        self.zero.then_some(0).into_iter().chain(set.iter().copied())
    }

    /// The elements of a set.
    fn elements(&self, set: &[usize]) -> Vec<usize> {
        self.all(set).flat_map(|orbit| self.orbits.elements()[orbit].iter().copied()).collect()
    }
}

/// The integers `n_d g_j` of a set, with the number of times that each occurs off the diagonal.
#[derive(Clone)]
struct Spectrum {
    /// The integer for one index per orbit of entries.
    values: Vec<i16>,
    /// The counts of the integers −n_d, −n_d + 2, …, n_d.
    counts: Vec<u32>,
}

impl Spectrum {
    fn of(set: &[usize], table: &Table) -> Self {
        let mut values = vec![0; table.orbits.duals().len()];
        for orbit in table.all(set) {
            values.iter_mut().zip(table.of(orbit)).for_each(|(value, sum)| *value += sum);
        }
        let hidden = values[0] as usize;
        let mut spectrum = Self { values, counts: vec![0; hidden + 1] };
        spectrum.count(table);
        spectrum
    }

    /// Sets this spectrum to that of the set of `other` with orbit `new` in place of `old`.
    fn swap(&mut self, other: &Self, [old, new]: [usize; 2], table: &Table) {
        let changes = table.of(old).iter().zip(table.of(new));
        for ((value, before), (old, new)) in self.values.iter_mut().zip(&other.values).zip(changes) {
            *value = before - old + new;
        }
        self.count(table);
    }

    fn count(&mut self, table: &Table) {
        self.counts.fill(0);
        let hidden = self.counts.len() as i32 - 1;
        for (&value, &(_, count)) in self.values.iter().zip(table.orbits.duals()).skip(1) {
            self.counts[((i32::from(value) + hidden) / 2) as usize] += count as u32;
        }
    }
}

impl Spectrum {
    /// The gain and the bias of least loss near the given ones, as accurately as the comparison of
    /// sets needs.
    fn optimum(&self, from: [f64; 2], p: f64) -> Result<[f64; 2]> {
        let hidden = self.counts.len() as f64 - 1.0;
        let entries = self.counts.iter().enumerate();
        let others = entries.flat_map(|(v, &count)| {
            let entry = 2.0 * v as f64 / hidden - 1.0;
            (0..count).map(move |_| entry)
        });
        let row: Vec<f64> = std::iter::once(1.0).chain(others).collect();
        let (mut weights, mut slopes) = (row.clone(), row.clone());
        let scale = p.sqrt();
        let mut x = [from[0], from[1] / scale];
        let config = LbfgsConfig { max_iterations: 20, gradient_tolerance: 1e-5, ..LbfgsConfig::default() };
        Lbfgs::new(config)?.minimise(&mut x, |x: &[f64], gradient: &mut [f64]| {
            weights.iter_mut().zip(&row).for_each(|(weight, entry)| *weight = x[0] * entry);
            let at = theory::exact_row_gradient(&weights, 0, x[1] * scale, p, TOLERANCE, &mut slopes)?;
            let by_gain: f64 = slopes.iter().zip(&row).map(|(slope, entry)| slope * entry).sum();
            gradient.copy_from_slice(&[by_gain / p, at.bias * scale / p]);
            Ok::<_, Error>(at.value.loss / p)
        })?;
        Ok([x[0], x[1] * scale])
    }
}

impl Annealing {
    fn advance(&mut self, config: &SearchConfig, restart: usize, table: &Table) -> Result<()> {
        let SearchConfig { features, hidden, probability: p, swaps, .. } = *config;
        let mut rng = rng(config, restart, self.stage + 1);
        let mut now = Spectrum::of(&self.set, table);
        if self.stage == 0 {
            let optimum = theory::optimum_at_ratio(p, hidden as f64 / features as f64)?;
            // This is Σ_j g_j. It is n_s/n_d if the column of ones is in S, and 0 otherwise.
            let ones = if table.all(&self.set).any(|orbit| orbit == 0) {
                features as f64 / hidden as f64
            } else {
                0.0
            };
            self.gain_and_bias = [optimum.a, optimum.effective_bias - optimum.a * (ones - 1.0) * p / 2.0];
        }
        self.gain_and_bias = now.optimum(self.gain_and_bias, p)?;
        let [a, bias] = self.gain_and_bias;
        let weights: Vec<f64> =
            (0..=hidden).map(|v| a * (2.0 * v as f64 - hidden as f64) / hidden as f64).collect();
        let losses = CountedLoss::new(&weights, &now.counts, a, bias, p, TOLERANCE)?;
        let mut loss = losses.at(&now.counts) / p;
        let held: std::collections::HashSet<usize> = self.set.iter().copied().collect();
        let mut others: Vec<usize> = table.free().filter(|orbit| !held.contains(orbit)).collect();
        let mut next = now.clone();
        if self.stage == 0 {
            let mut sum = 0.0;
            for _ in 0..TRIALS {
                let [k, l] = [rng.random_range(0..self.set.len()), rng.random_range(0..others.len())];
                next.swap(&now, [self.set[k], others[l]], table);
                sum += (losses.at(&next.counts) / p - loss).abs();
            }
            self.temperature = TEMPERATURES[0] * sum / TRIALS as f64;
        }
        let fall = (TEMPERATURES[1] / TEMPERATURES[0]).powf(f64::from(self.stage) / f64::from(STAGES - 1));
        let temperature = self.temperature * fall;
        // The loss of the best set belongs to an earlier gain and bias. At those of this stage it
        // may be lower or higher.
        if loss < self.loss {
            (self.loss, self.best) = (loss, self.set.clone());
        }
        let until = |stage: u32| u128::from(swaps) * u128::from(stage) / u128::from(STAGES);
        for _ in until(self.stage)..until(self.stage + 1) {
            let [k, l] = [rng.random_range(0..self.set.len()), rng.random_range(0..others.len())];
            next.swap(&now, [self.set[k], others[l]], table);
            let found = losses.at(&next.counts) / p;
            // A worse set is taken if a uniform random number is below e^{−Δ/T}.
            if found <= loss || rng.random::<f64>() < ((loss - found) / temperature).exp() {
                std::mem::swap(&mut self.set[k], &mut others[l]);
                std::mem::swap(&mut now, &mut next);
                loss = found;
                if loss < self.loss {
                    (self.loss, self.best) = (loss, self.set.clone());
                }
            }
        }
        self.stage += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::seq::index;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn config(features: usize, hidden: usize, probability: f64, swaps: u64) -> SearchConfig {
        SearchConfig { seed: 3, swaps, ..SearchConfig::new(features, hidden, probability) }
    }

    /// A swapped spectrum is that of the other set, and n_d times the first row of its rug.
    #[test]
    fn spectra_are_those_of_the_rugs() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (hidden, symmetry) in [(2, 1), (17, 1), (40, 1), (21, 7), (22, 7), (36, 9)] {
            let table = Table::new(&SearchConfig { symmetry, ..config(64, hidden, 0.1, 0) }).unwrap();
            let free = table.free();
            let draw = index::sample(&mut rng, free.len(), hidden / symmetry);
            let mut set: Vec<usize> = draw.into_iter().map(|k| free.start + k).collect();
            let before = Spectrum::of(&set, &table);
            let (old, new) = (set[1], free.clone().find(|orbit| !set.contains(orbit)).unwrap());
            set[1] = new;
            let mut swapped = before.clone();
            swapped.swap(&before, [old, new], &table);
            let rows = table.elements(&set);
            assert_eq!((rows.len(), swapped.counts.len()), (hidden, hidden + 1));
            let row = PersianRug::new(64, &rows).unwrap().first_row();
            for (v, &count) in swapped.counts.iter().enumerate() {
                let entry = 2.0 * v as f64 / hidden as f64 - 1.0;
                let occurrences = row[1..].iter().filter(|other| (*other - entry).abs() < 1e-9).count();
                assert_eq!(count as usize, occurrences, "{hidden} {symmetry}: {entry}");
            }
        }
    }

    /// The loss at which an annealing ends is that of its set at its gain and bias, divided by p,
    /// and no more than 1e-3 above the least.
    #[test]
    fn the_ovoid_is_found_among_symmetric_sets() {
        let config = SearchConfig { symmetry: 17, ..config(256, 51, 0.05, 2_000) };
        let found = Search::new(config).unwrap().run(|_| true).unwrap();
        let ovoid = PersianRug::ovoid(256).unwrap();
        let expected = optimise(&ovoid, 0.05, false).unwrap().loss;
        assert!((found.optimised.loss / expected - 1.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn an_annealing_ends_at_the_exact_loss_of_its_set() {
        let mut search = Search::new(config(64, 20, 0.1, 20_000)).unwrap();
        while !search.is_finished() {
            search.advance().unwrap();
        }
        for annealing in search.annealings() {
            let rug = PersianRug::new(64, &annealing.best).unwrap();
            let least = optimise(&rug, 0.1, false).unwrap().loss / 0.1;
            assert!(annealing.loss >= least * (1.0 - 1e-5), "{} {least}", annealing.loss);
            assert!(annealing.loss <= least * (1.0 + 1e-3), "{} {least}", annealing.loss);
        }
        let found = search.best().unwrap();
        let random = Search::new(config(64, 20, 0.1, 20_000)).unwrap().best().unwrap();
        assert!(found.optimised.loss < 0.8 * random.optimised.loss, "{found:?} {random:?}");
        assert_eq!(found.rug.rows().len(), 20);
    }

    #[test]
    fn a_search_that_goes_on_ends_where_one_that_was_not_cut_does() {
        let config = SearchConfig { restarts: 3, ..config(32, 9, 0.2, 3_000) };
        let mut whole = Search::new(config.clone()).unwrap();
        let mut cut = whole.clone();
        for stage in 0..STAGES {
            whole.advance().unwrap();
            cut.advance().unwrap();
            if stage % 7 == 3 {
                cut = Search::resume(config.clone(), cut.annealings().to_vec()).unwrap();
            }
        }
        assert_eq!(whole.annealings(), cut.annealings());
        assert!(whole.is_finished());
        // A restart does not depend on the number of restarts, and different seeds give different
        // sets.
        let two = SearchConfig { restarts: 2, ..config.clone() };
        let mut two = Search::new(two).unwrap();
        two.advance().unwrap();
        let mut other = Search::new(SearchConfig { seed: 4, ..config.clone() }).unwrap();
        let mut again = Search::new(config).unwrap();
        assert_ne!(other.annealings()[0].set, again.annealings()[0].set);
        other.advance().unwrap();
        again.advance().unwrap();
        assert_eq!(two.annealings(), &again.annealings()[..2]);
    }

    #[test]
    fn bad_input_is_refused() {
        for (features, hidden) in [(0, 0), (2, 1), (48, 8), (8192, 100), (65_536, 9), (64, 1), (64, 63)] {
            let error = Search::new(SearchConfig::new(features, hidden, 0.1)).unwrap_err();
            assert!(
                matches!(error, Error::Search { features: n, hidden: d, .. } if (n, d) == (features, hidden))
            );
        }
        let none = SearchConfig { restarts: 0, ..SearchConfig::new(64, 16, 0.1) };
        assert!(matches!(Search::new(none), Err(Error::Search { restarts: 0, .. })));
        let symmetric = |symmetry| SearchConfig { symmetry, ..SearchConfig::new(64, 16, 0.1) };
        assert!(matches!(Search::new(symmetric(7)), Err(Error::Search { symmetry: 7, .. })));
        assert!(matches!(Search::new(symmetric(8)), Err(Error::Rug(_))));
        assert!(matches!(Search::new(symmetric(0)), Err(Error::Search { symmetry: 0, .. })));
        for p in [0.0, 1.5, f64::NAN] {
            assert!(matches!(Search::new(SearchConfig::new(64, 16, p)), Err(Error::Theory(_))));
        }
        let good = Search::new(SearchConfig::new(64, 16, 0.1)).unwrap();
        let changes: [fn(&mut Annealing); 5] = [
            |a| a.set[0] = a.set[1],
            |a| a.best[0] = 64,
            |a| a.set.truncate(15),
            |a| a.stage = STAGES + 1,
            |a| a.gain_and_bias[1] = f64::NAN,
        ];
        for change in changes {
            let mut annealings = good.annealings().to_vec();
            change(&mut annealings[1]);
            let error = Search::resume(good.config().clone(), annealings).unwrap_err();
            assert!(matches!(error, Error::Annealing { .. }));
        }
    }
}
