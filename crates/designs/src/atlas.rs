//! The atlas of the best known weights for each ratio, in the limit of many features.

use std::collections::HashSet;

use toy_superposition_model::Autoencoder;
use toy_superposition_rug::{Design, PersianRug};
use toy_superposition_theory::Feature;

use crate::catalogue::{Candidate, Entry, Family, blocks, each, graphs};
use crate::{Error, Mixtures, Result, Store, hierarchies};

/// The best known blocks for one probability p, and their lower convex hull.
///
/// ```math
/// L^*(r) = \lim_{n_s \to \infty} \min_W L \;\le\; \min_{\lambda} \sum_k \lambda_k L_k, \qquad
///   \sum_k \lambda_k r_k = r, \quad \sum_k \lambda_k = 1, \quad \lambda_k \ge 0
/// ```
///
/// The losses of direct sums add. So the lower convex hull of all known blocks, in the plane of the
/// ratio `r_k` and the loss per feature `L_k`, is an upper bound on the least loss at every ratio.
///
/// ```
/// use toy_superposition_designs::Atlas;
///
/// let atlas = Atlas::new(0.05)?;
/// // A quarter of a dimension per feature.
/// let mixture = atlas.best(0.25)?;
/// assert!(mixture.loss < 0.0735 * 0.05);
/// let shares: f64 = mixture.parts.iter().map(|part| part.share).sum();
/// assert!((shares - 1.0).abs() < 1e-12);
/// # Ok::<(), toy_superposition_designs::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Atlas {
    probability: f64,
    /// All blocks, by rising ratio.
    entries: Vec<Entry>,
    /// The places of the blocks on the hull, among all blocks.
    hull: Vec<usize>,
}

/// A point of the hull: one block, or two side by side.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AtlasMixture {
    /// The loss per feature in the limit of many features.
    pub loss: f64,
    /// The blocks, with their shares of the features.
    pub parts: Vec<AtlasPart>,
}

/// A block of a mixture.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AtlasPart {
    /// The block.
    pub entry: Entry,
    /// The share of the features that are in copies of the block.
    pub share: f64,
}

/// The number of features of the largest block.
const LARGEST: usize = 352;

impl Atlas {
    /// The atlas of this crate: the catalogue, the [hierarchies], all strongly regular graphs of up
    /// to 352 vertices that [`KnownGraph`](toy_superposition_rug::KnownGraph) constructs, ovoids,
    /// and the weights of [`Store::builtin`], which were found by descent of the exact loss and
    /// apply to the p that they were made for.
    ///
    /// # Errors
    /// [`Error::Theory`] unless `0 < p ≤ 1`.
    pub fn new(probability: f64) -> Result<Self> {
        Self::with_store(probability, &Store::builtin()?)
    }

    /// The atlas with the blocks of another store in place of [`Store::builtin`].
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), and those of the store's blocks.
    pub fn with_store(probability: f64, store: &Store) -> Result<Self> {
        Feature::uniform(probability)?;
        let mut candidates = blocks(LARGEST.min(128), 0)?;
        candidates.extend(graphs(LARGEST, |v, _| v > 128)?);
        let ovoid = PersianRug::ovoid(256)?;
        candidates.push(Candidate::one(Family::Graphs, ovoid).named("ovoid (256, 51)"));
        for (features, rows) in store.sets() {
            let rug = PersianRug::new(features, rows)?;
            let name = format!("searched rug ({features}, {})", rows.len());
            candidates.push(Candidate::one(Family::Rugs, rug).named(&name));
        }
        let mut entries = each(&candidates, |candidate| candidate.best(probability))?;
        entries.extend(hierarchies(LARGEST, probability)?);
        entries.extend(each(&store.weights(probability)?, |(name, model)| {
            Entry::learned(Family::Descended, name, model, probability)
        })?);
        entries.sort_by(|a, b| {
            let by_ratio = a.design.ratio().total_cmp(&b.design.ratio());
            // Of blocks whose losses are equal up to rounding, the smallest comes first.
            let digits = |entry: &Entry| (entry.best.loss / probability * 1e7).round();
            let by_loss = digits(a).total_cmp(&digits(b));
            by_ratio.then(by_loss).then(a.design.features().cmp(&b.design.features()))
        });
        Ok(Self::of(probability, entries))
    }

    /// The atlas of these entries, which must be in order of rising ratio.
    fn of(probability: f64, entries: Vec<Entry>) -> Self {
        let points: Vec<(f64, f64)> =
            entries.iter().map(|entry| (entry.design.ratio(), entry.best.loss)).collect();
        Self { probability, hull: lower_hull(&points), entries }
    }

    /// The atlas of some blocks only: those for which `keep` returns true, and dropped and lossless
    /// features.
    pub fn among(&self, keep: impl Fn(&Entry) -> bool) -> Self {
        let kept = |entry: &&Entry| entry.family == Family::Apart || keep(entry);
        Self::of(self.probability, self.entries.iter().filter(kept).cloned().collect())
    }

    /// The probability p.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    /// All blocks, by rising ratio.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The best block of each shape, by rising ratio.
    pub fn of_each_shape(&self) -> Vec<Entry> {
        let mut seen = HashSet::new();
        let new = |entry: &&Entry| seen.insert((entry.design.features(), entry.design.hidden()));
        self.entries.iter().filter(new).cloned().collect()
    }

    /// The blocks on the hull by rising ratio, from a dropped feature at ratio 0 to a lossless one
    /// at ratio 1.
    pub fn hull(&self) -> impl Iterator<Item = &Entry> {
        self.hull.iter().map(|&k| &self.entries[k])
    }

    /// The best known mixture at a ratio, in the limit of many features.
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `0 ≤ r ≤ 1`.
    pub fn best(&self, ratio: f64) -> Result<AtlasMixture> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(Error::Ratio { given: ratio });
        }
        let hull: Vec<&Entry> = self.hull().collect();
        let above = hull.iter().position(|entry| entry.design.ratio() >= ratio).unwrap_or(hull.len() - 1);
        let (low, high) = (hull[above.saturating_sub(1)], hull[above]);
        let (r0, r1) = (low.design.ratio(), high.design.ratio());
        let share = if r1 > r0 { (ratio - r0) / (r1 - r0) } else { 1.0 };
        let parts = [(low, 1.0 - share), (high, share)].into_iter().filter(|part| part.1 > 0.0);
        let parts: Vec<_> = parts.map(|(entry, share)| AtlasPart { entry: entry.clone(), share }).collect();
        Ok(AtlasMixture { loss: parts.iter().map(|part| part.share * part.entry.best.loss).sum(), parts })
    }

    /// The best direct sum of copies of the best block of each shape, with n_s features in n_d
    /// dimensions.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `1 ≤ n_d ≤ n_s`.
    pub fn sum(&self, features: usize, hidden: usize) -> Result<Entry> {
        Ok(self.sum_and_blocks(features, hidden)?.0)
    }

    /// The best direct sum as in [`sum`](Self::sum), and its blocks, each with the number of its
    /// copies.
    ///
    /// # Errors
    /// The errors of [`sum`](Self::sum).
    pub fn sum_and_blocks(&self, features: usize, hidden: usize) -> Result<(Entry, Vec<(Entry, usize)>)> {
        let mut blocks = self.of_each_shape();
        blocks.sort_by_key(|entry| entry.family);
        let mixtures = Mixtures::new(&blocks, features)?;
        let counts = mixtures.counts(features, hidden)?;
        let sum = mixtures.at(features, hidden)?;
        let parts = blocks.iter().cloned().zip(counts).filter(|(_, count)| *count > 0);
        Ok((sum, parts.collect()))
    }

    /// The weights of [`sum`](Self::sum) for `n_d = max(1, ⌊r n_s⌉)`, where `⌊·⌉` rounds to the
    /// nearest integer.
    ///
    /// # Errors
    /// [`Error::Ratio`] unless `0 < r ≤ 1`; [`Error::Rug`] if there is no memory for the weights.
    pub fn weights(&self, ratio: f64, features: usize) -> Result<Autoencoder<f64>> {
        if !(ratio > 0.0 && ratio <= 1.0) {
            return Err(Error::Ratio { given: ratio });
        }
        let sum = self.sum(features, ((ratio * features as f64).round() as usize).max(1))?;
        Ok(sum.design.autoencoder(&sum.best.settings)?)
    }
}

/// The places of the corners of the lower convex hull of points, which must be sorted by x and then
/// by y, by Andrew's monotone chain.
fn lower_hull(points: &[(f64, f64)]) -> Vec<usize> {
    let mut hull: Vec<usize> = Vec::new();
    for (k, &(x, y)) in points.iter().enumerate() {
        if hull.last().is_some_and(|&last| points[last].0 == x) {
            continue;
        }
        while let [.., a, b] = hull[..] {
            let ((ax, ay), (bx, by)) = (points[a], points[b]);
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(k);
    }
    hull
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::lower_hull;

    /// At every x the hull equals the least of all chords, which are tried one by one.
    #[test]
    fn the_hull_is_the_least_of_all_chords() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for _ in 0..50 {
            let mut points: Vec<(f64, f64)> = (0..25)
                .map(|_| (f64::from(rng.random_range(0..12_u8)) / 11.0, rng.random_range(0.0..1.0)))
                .collect();
            points.extend([(0.0, 1.0), (1.0, 0.0)]);
            points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let hull: Vec<(f64, f64)> = lower_hull(&points).into_iter().map(|k| points[k]).collect();
            let value = |list: &[(f64, f64)], x: f64| {
                let mut least = f64::INFINITY;
                for &(x0, y0) in list.iter().filter(|point| point.0 <= x) {
                    for &(x1, y1) in list.iter().filter(|point| point.0 >= x) {
                        let share = if x1 > x0 { (x - x0) / (x1 - x0) } else { 0.0 };
                        least = least.min(if x1 > x0 { y0 + share * (y1 - y0) } else { y0.min(y1) });
                    }
                }
                least
            };
            for step in 0..=40 {
                let x = f64::from(step) / 40.0;
                assert!((value(&hull, x) - value(&points, x)).abs() < 1e-12, "{x}: {points:?}");
            }
            assert!(hull.windows(2).all(|pair| pair[0].0 < pair[1].0), "{hull:?}");
        }
    }
}
