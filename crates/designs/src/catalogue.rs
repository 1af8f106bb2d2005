//! The catalogue of designs: designs of a whole shape, and blocks of direct sums.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rand::Rng;
use toy_superposition_data::{Law, Stream, parallel};
use toy_superposition_model::Autoencoder;
use toy_superposition_rug::{
    BoxedDesign, Design, DirectSum, Dropped, Eigenspace, Frame, KnownGraph, Lossless, PersianRug,
    construction,
};
use toy_superposition_theory::FeatureLaw;

use crate::alike::{Kinds, MOST};
use crate::optimise::{optimise_classes, rough_loss};
use crate::{Arranged, Arrangement, Error, Learned, Optimised, PrincipalComponents, Result, optimise};

/// A design with shared ownership.
pub type Shared = Arc<dyn Design + Send + Sync>;

/// Kinds of designs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Family {
    /// Features with a dimension each, and dropped features.
    Apart,
    /// Antipodal pairs.
    Pairs,
    /// Regular simplices of three corners or more.
    Simplices,
    /// Harmonic frames: polygons and other cyclic frames.
    Cyclic,
    /// Equiangular tight frames other than simplices.
    Equiangular,
    /// Eigenspaces of strongly regular graphs, including ovoids.
    Graphs,
    /// Rugs that are made of rows of a Hadamard matrix.
    Rugs,
    /// Random projectors.
    Haar,
    /// Principal components of the features.
    Components,
    /// Louder features that silence quieter ones.
    Hierarchies,
    /// Weights that were found by descent.
    Descended,
}

impl Family {
    /// All families, in order.
    pub const ALL: [Self; 11] = [
        Self::Apart,
        Self::Pairs,
        Self::Simplices,
        Self::Cyclic,
        Self::Equiangular,
        Self::Graphs,
        Self::Rugs,
        Self::Haar,
        Self::Components,
        Self::Hierarchies,
        Self::Descended,
    ];
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apart => "apart or dropped",
            Self::Pairs => "antipodal pairs",
            Self::Simplices => "simplices",
            Self::Cyclic => "cyclic frames",
            Self::Equiangular => "equiangular frames",
            Self::Graphs => "strongly regular graphs",
            Self::Rugs => "rugs",
            Self::Haar => "Haar projectors",
            Self::Components => "principal components",
            Self::Hierarchies => "hierarchies",
            Self::Descended => "weights by descent",
        })
    }
}

/// One or more designs of one shape and family, of which [`best`](Self::best) finds the best.
///
/// The families hold these designs, as blocks of sums ([`blocks`]) and of a whole shape
/// ([`whole`]):
///
/// | family | blocks | of the whole shape |
/// |---|---|---|
/// | apart | a feature without loss, a dropped one | the optimal linear model |
/// | pairs | antipodal pair | |
/// | simplices | 3 … 12, 16 corners | n_d = n_s − 1 |
/// | cyclic | the best harmonic frames of up to 12 features, polygons among them | random frequencies |
/// | equiangular | Paley's, Steiner's with their complements, difference sets | where they fit |
/// | graphs | both eigenspaces of every strongly regular graph of `rug` with `r < 1/2` | where one fits; ovoids |
/// | rugs | of 8, 16, 32 and 64 features | n_s a power of two, or the order of another Hadamard matrix |
/// | Haar | | a random projector |
/// | components | | the principal components of a law |
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The family of all of these designs.
    pub family: Family,
    /// The designs, at least one, each with a name of a few words.
    designs: Vec<(String, Shared)>,
    /// The order in which the features of a law take the places of the design.
    arrangement: Arrangement,
    /// `true` if the coefficient of the all-ones direction is free. It is not free in a sum, which
    /// has no such direction.
    ones: bool,
}

/// A design with its best settings and their loss.
#[derive(Clone)]
pub struct Entry {
    /// The family of the design. For a mixture it is the family of its largest part that is not
    /// apart.
    pub family: Family,
    /// The name of the design, in a few words.
    pub name: String,
    /// The design.
    pub design: Shared,
    /// The best settings of the design and their loss.
    pub best: Optimised,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, name, design, best } = self;
        f.debug_struct("Entry")
            .field("family", family)
            .field("name", name)
            .field("design", &design.name())
            .field("best", best)
            .finish()
    }
}

impl Candidate {
    fn of(family: Family, designs: Vec<(String, Shared)>) -> Self {
        Self { family, designs, arrangement: Arrangement::Given, ones: false }
    }

    pub(crate) fn one(family: Family, design: impl Design + Send + Sync + 'static) -> Self {
        Self::of(family, vec![(design.name(), Arc::new(design))])
    }

    /// Several designs, of which the best is found for each p. Designs whose rows hold the same
    /// entries have the same loss, and only the first of them is kept. `None` for an empty list.
    fn several<D: Design + Send + Sync + 'static>(
        family: Family,
        name: &str,
        designs: Vec<D>,
    ) -> Option<Self> {
        let mut seen = BTreeSet::new();
        let new = |design: &D| seen.insert(signature(design));
        let designs: Vec<_> = designs.into_iter().filter(new).collect();
        let count = designs.len();
        let name = if count > 1 { format!("{name}, best of {count}") } else { name.to_owned() };
        let named = |design| (name.clone(), Arc::new(design) as Shared);
        (count > 0).then(|| Self::of(family, designs.into_iter().map(named).collect()))
    }

    /// This candidate with another name for all of its designs.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.designs.iter_mut().for_each(|design| name.clone_into(&mut design.0));
        self
    }

    /// The name of the first design, in a few words.
    pub fn name(&self) -> &str {
        &self.designs[0].0
    }

    /// The designs of this candidate.
    pub fn designs(&self) -> impl Iterator<Item = &Shared> {
        self.designs.iter().map(|design| &design.1)
    }

    /// The design of least loss under a law, with its best settings. Its features are
    /// [arranged](Arranged) where the law tells them apart. Several designs are compared by their
    /// exact losses at common starting points, and the one of least loss is optimised.
    ///
    /// # Errors
    /// The errors of [`optimise`].
    pub fn best<'a>(&self, law: impl Into<FeatureLaw<'a>>) -> Result<Entry> {
        let law = law.into();
        let arranged = |(name, design): &(String, Shared)| -> Result<(String, Shared)> {
            let design = Arc::clone(design);
            Ok((
                name.clone(),
                match law {
                    FeatureLaw::Shared(_) => design,
                    law => Arc::new(Arranged::new(design, law, self.arrangement)?),
                },
            ))
        };
        let (mut loss, mut least) = (f64::INFINITY, arranged(&self.designs[0])?);
        if self.designs.len() > 1 {
            for design in &self.designs {
                let design = arranged(design)?;
                let found = rough_loss(&design.1, law)?;
                if found < loss {
                    (loss, least) = (found, design);
                }
            }
        }
        let (name, design) = least;
        let best = optimise_classes(&design, law, self.ones)?;
        Ok(Entry { family: self.family, name, best, design })
    }
}

impl Entry {
    /// The weights of a model as they are, with their exact loss.
    pub(crate) fn learned(
        family: Family,
        name: &str,
        model: &Autoencoder<f64>,
        probability: f64,
    ) -> Result<Self> {
        let learned = Learned::new(name, model)?;
        let best = learned.optimised(probability)?;
        Ok(Self { family, name: name.to_owned(), design: Arc::new(learned), best })
    }

    /// The direct sum of this design and `count` dropped features, each of which has the loss of
    /// the best constant.
    ///
    /// # Errors
    /// The errors of [`optimise`], and [`Error::Rug`] for `count = 0`.
    pub fn with_dropped(self, count: usize, p: f64) -> Result<Self> {
        let sum = DirectSum::new(vec![(1, Box::new(self.design)), (1, Box::new(Dropped(count)))])?;
        let name = format!("{} ({}) + {count} dropped", self.name, sum.features() - count);
        Ok(Self { family: self.family, name, best: optimise(&sum, p, false)?, design: Arc::new(sum) })
    }
}

/// The entries of a list in order, computed on all threads.
pub(crate) fn each<T: Sync>(list: &[T], entry: impl Fn(&T) -> Result<Entry> + Sync) -> Result<Vec<Entry>> {
    let mut entries: Vec<Option<Result<Entry>>> = list.iter().map(|_| None).collect();
    parallel::for_each(&mut entries, |k, found| *found = Some(entry(&list[k])));
    entries.into_iter().flatten().collect()
}

/// For each class, the number of its members and the sorted entries of its rows, rounded to 1e-9.
fn signature(design: &impl Design) -> Vec<(usize, Vec<Vec<i64>>)> {
    let mut row = vec![0.0; design.features()];
    let mut entries = |&(i, _): &(usize, usize)| {
        design.write_row(i, &mut row);
        let mut entries: Vec<i64> = row.iter().map(|entry| (entry * 1e9).round() as i64).collect();
        entries.sort_unstable();
        entries
    };
    design
        .classes()
        .iter()
        .map(|class| (class.members, class.rows.iter().map(&mut entries).collect()))
        .collect()
}

/// The number of features of the largest block.
pub(super) const LARGEST: usize = 128;
/// The largest number of features for which harmonic frames are tried with all sets of frequencies.
const CYCLIC: usize = 12;
/// The number of random sets of rows that are tried for a block.
const DRAWS: usize = 8;

/// The blocks of the catalogue with at most `most` features, for any p. No block has more than 128
/// features. The same seed gives the same blocks.
///
/// # Errors
/// No input is known for which this fails.
pub fn blocks(most: usize, seed: u64) -> Result<Vec<Candidate>> {
    let mut blocks = vec![
        Candidate::one(Family::Apart, Lossless(1)),
        Candidate::one(Family::Apart, Dropped(1)),
        Candidate::one(Family::Pairs, Frame::simplex(2)?),
    ];
    for corners in (3..=CYCLIC).chain([16]) {
        blocks.push(Candidate::one(Family::Simplices, Frame::simplex(corners)?));
    }
    for features in 5..=CYCLIC.min(most) {
        blocks.extend(cyclic(features)?);
    }
    blocks.extend(equiangular()?);
    blocks.extend(graphs(most.min(LARGEST), |_, _| true)?);
    for features in [8, 16, 32, 64].into_iter().filter(|&features| features <= most) {
        let step = if features == 64 { 4 } else { 1 };
        for hidden in (2..features - 1).step_by(step) {
            let rng = &mut Stream::Draws.rng(seed, (features * features + hidden) as u64);
            let rugs = (0..DRAWS)
                .map(|_| Ok(PersianRug::random(features, hidden, rng)?.least_skewed()))
                .collect::<Result<_>>()?;
            let name = format!("rug ({features}, {hidden})");
            blocks.extend(Candidate::several(Family::Rugs, &name, rugs).map(|rugs| rugs.named(&name)));
        }
    }
    blocks.retain(|block| block.designs[0].1.features() <= most.min(LARGEST));
    Ok(blocks)
}

/// The eigenspaces of ratios below 1/2 of all strongly regular graphs of at most `most` vertices,
/// each under the name of its graph.
///
/// Above 1/2, antipodal pairs together with lossless features are always better. Frames are left
/// out if their entries off the diagonal are all positive, since a rectifier removes none of them,
/// or all the same, since such frames are simplices. `wanted` is asked about each shape
/// `(n_s, n_d)` before its graph is constructed.
pub(crate) fn graphs(most: usize, wanted: impl Fn(usize, usize) -> bool) -> Result<Vec<Candidate>> {
    let mut frames = Vec::new();
    for known in KnownGraph::up_to(most) {
        let (v, spectrum) = (known.parameters()?.v, known.parameters()?.spectrum());
        let fits = |&space: &Eigenspace| {
            let dimensions = spectrum.map_or(v, |spectrum| spectrum.of(space).multiplicity);
            dimensions > 1 && 2 * dimensions < v && wanted(v, dimensions)
        };
        let spaces: Vec<Eigenspace> = Eigenspace::ALL.into_iter().filter(fits).collect();
        if spaces.is_empty() {
            continue;
        }
        let graph = known.graph()?;
        for space in spaces {
            let frame = graph.frame(space);
            let entries = frame.entries();
            if entries.0.min(entries.1) < 0.0 && entries.0 != entries.1 {
                let name = format!("{known} ({v}, {})", frame.hidden());
                frames.push(Candidate::one(Family::Graphs, frame).named(&name));
            }
        }
    }
    Ok(frames)
}

/// The harmonic frames of `features` features with every set of frequencies, grouped by their
/// dimensions, without simplices.
fn cyclic(features: usize) -> Result<Vec<Candidate>> {
    let frequencies = features / 2 + 1;
    let mut by_hidden = vec![Vec::new(); features];
    for set in 1_usize..1 << frequencies {
        let chosen: Vec<usize> = (0..frequencies).filter(|k| set >> k & 1 == 1).collect();
        let frame = Frame::harmonic(features, &chosen)?;
        if (2..features - 1).contains(&frame.hidden()) {
            by_hidden[frame.hidden()].push(frame);
        }
    }
    let candidate = |(hidden, frames)| {
        let name = match hidden {
            2 => format!("{features}-gon"),
            _ => format!("cyclic frame ({features}, {hidden})"),
        };
        Candidate::several(Family::Cyclic, &name, frames).map(|frames| frames.named(&name))
    };
    Ok(by_hidden.into_iter().enumerate().filter_map(candidate).collect())
}

/// Paley's frames, Steiner's frames with their complements, and difference sets, of at most
/// [`LARGEST`] features.
fn equiangular() -> Result<Vec<Candidate>> {
    let mut frames: Vec<Frame> =
        (6..=62).step_by(4).filter_map(|features| Frame::paley(features).ok()).collect();
    for (points, block) in [(4, 2), (8, 2), (7, 3), (15, 3)] {
        let frame = Frame::steiner(points, block)?;
        frames.push(frame.complement()?);
        frames.push(frame);
    }
    let named = |frame: Frame| {
        let (features, hidden) = (frame.features(), frame.hidden());
        let name = format!("{} ({features}, {hidden})", frame.name());
        Candidate::one(Family::Equiangular, frame).named(&name)
    };
    let mut all: Vec<Candidate> = frames.into_iter().map(named).collect();
    for (features, sizes) in [(16, [6, 10]), (64, [28, 36])] {
        for hidden in sizes {
            let sets = [true, false].map(|zero| PersianRug::difference_set(features, hidden, zero));
            let rugs = sets.into_iter().map(|set| Ok(set?.least_skewed())).collect::<Result<_>>()?;
            let name = format!("difference set ({features}, {hidden})");
            all.extend(Candidate::several(Family::Equiangular, &name, rugs).map(|rugs| rugs.named(&name)));
        }
    }
    Ok(all)
}

/// The largest number of features of a dense design.
const DENSE: usize = 1024;

/// The designs with n_s = `features` features in n_d = `hidden` dimensions that are not sums of
/// blocks. Each random design is the best of `draws` random sets. Designs without a fast transform
/// are included only up to n_s = 1024. The same seed gives the same designs.
///
/// # Errors
/// [`Error::Shape`] unless `1 ≤ n_d ≤ n_s`.
pub fn whole(features: usize, hidden: usize, draws: usize, seed: u64) -> Result<Vec<Candidate>> {
    if !(1..=features).contains(&hidden) {
        return Err(Error::Shape { features, hidden });
    }
    let mut all = Vec::new();
    let rng = &mut Stream::Draws.rng(seed, 0);
    if features.is_power_of_two() {
        all.extend(rugs(features, hidden, draws, rng)?);
    } else if features <= DENSE && construction(features).is_some() {
        let mut draw =
            || Frame::hadamard(features, &rand::seq::index::sample(rng, features, hidden).into_vec());
        let frames = (0..draws).map(|_| draw()).collect::<std::result::Result<_, _>>()?;
        all.extend(Candidate::several(Family::Rugs, "Hadamard rug", frames));
    }
    if features <= DENSE {
        all.extend(graphs(features, |v, dimensions| (v, dimensions) == (features, hidden))?);
        all.extend(dense(features, hidden, draws, seed)?);
    }
    all.iter_mut().for_each(|candidate| candidate.ones = true);
    Ok(all)
}

/// The number of sums of each family that are compared under a law.
const RATED: usize = 3;

/// The designs for features of a law in n_d = `hidden` dimensions.
///
/// These are the principal components, unless all features are alike; the designs of [`whole`]
/// without random projectors; and for each family one candidate of up to three sums of copies of
/// one of the `blocks` with lossless and dropped features. The three are those of least loss for
/// independent features, according to the losses of the `blocks`. Designs with superposition come
/// in two orders, one with dependent features as neighbours and one with independent features as
/// neighbours, unless the law makes no difference between the two.
///
/// # Errors
/// [`Error::Shape`] unless `1 ≤ n_d ≤ n_s`; [`Error::Large`] for more than 1024 features;
/// [`Error::Theory`] for a law that has no exact loss.
pub fn under_law(
    law: &dyn Law,
    hidden: usize,
    blocks: &[Entry],
    draws: usize,
    seed: u64,
) -> Result<Vec<Candidate>> {
    let features = law.features();
    if features > MOST {
        return Err(Error::Large { given: features, most: MOST });
    }
    let [within, across] = [Arrangement::Within, Arrangement::Across];
    let differ = within.order(law, features)? != across.order(law, features)?;
    let arrangements = if differ { vec![within, across] } else { vec![within] };
    // A random projector in another order is another random projector, and is never the best.
    let mut plain = whole(features, hidden, draws, seed)?;
    plain.retain(|candidate| candidate.family != Family::Haar);
    for family in Family::ALL {
        let own = blocks.iter().filter(|block| block.family == family);
        let sums = own.filter_map(|block| copies(block, law, hidden).transpose());
        let mut sums = sums.collect::<Result<Vec<_>>>()?;
        sums.sort_by(|a, b| a.0.total_cmp(&b.0));
        sums.truncate(RATED);
        if !sums.is_empty() {
            plain.push(Candidate::of(family, sums.into_iter().map(|sum| sum.1).collect()));
        }
    }
    let mut apart: Vec<(usize, BoxedDesign)> = vec![(1, Box::new(Lossless(hidden)))];
    if hidden < features {
        apart.push((1, Box::new(Dropped(features - hidden))));
    }
    let apart = Candidate { arrangement: within, ..Candidate::one(Family::Apart, DirectSum::new(apart)?) };
    let mut all = vec![apart];
    // Where all features are alike, no component is distinguished.
    if Kinds::of(law.into(), features)?.is_some() {
        all.push(Candidate::one(Family::Components, PrincipalComponents::new(law, hidden)?));
    }
    for candidate in plain {
        for &arrangement in &arrangements {
            let mut candidate = Candidate { arrangement, ..candidate.clone() };
            if differ {
                candidate.designs.iter_mut().for_each(|design| design.0 += &format!(", {arrangement}"));
            }
            all.push(candidate);
        }
    }
    Ok(all)
}

/// The direct sum of as many copies of a block as there is room for, with lossless and dropped
/// features in the rest; `None` if there is room for none.
///
/// It comes with the loss of all copies plus the variance of the dropped features. Where features
/// have several variances the lossless places come first, so that features of large variance take
/// them.
fn copies(block: &Entry, law: &dyn Law, hidden: usize) -> Result<Option<(f64, (String, Shared))>> {
    let (features, design) = (law.features(), &block.design);
    let (n, d) = (design.features(), design.hidden());
    if d == 0 || d >= n {
        return Ok(None);
    }
    let copies = (hidden / d).min((features - hidden) / (n - d));
    if copies == 0 {
        return Ok(None);
    }
    let lossless = hidden - copies * d;
    let dropped = features - copies * n - lossless;
    let mut parts: Vec<(String, usize, BoxedDesign)> =
        vec![(times(copies, &block.name), copies, Box::new(Arc::clone(design)))];
    let variance = |j| law.moments(j).variance();
    let mean = (0..features).map(variance).sum::<f64>() / features as f64;
    let loss = (copies * n) as f64 * block.best.loss + dropped as f64 * mean;
    if lossless > 0 {
        let at = if (0..features).all(|j| variance(j) == variance(0)) { 1 } else { 0 };
        parts.insert(at, (format!("{lossless} lossless"), 1, Box::new(Lossless(lossless))));
    }
    if dropped > 0 {
        parts.push((format!("{dropped} dropped"), 1, Box::new(Dropped(dropped))));
    }
    let name = parts.iter().map(|part| part.0.as_str()).collect::<Vec<_>>().join(" + ");
    let parts = parts.into_iter().map(|(_, copies, part)| (copies, part)).collect();
    Ok(Some((loss, (name, Arc::new(DirectSum::new(parts)?)))))
}

/// The name of a number of copies of a block.
pub(super) fn times(copies: usize, name: &str) -> String {
    if copies == 1 { name.to_owned() } else { format!("{copies} × {name}") }
}

/// The designs of [`whole`] that are given by their encoders.
fn dense(features: usize, hidden: usize, draws: usize, seed: u64) -> Result<Vec<Candidate>> {
    let mut all = Vec::new();
    let rng = &mut Stream::Draws.rng(seed, 1);
    let frames = (0..draws).map(|_| Frame::random_harmonic(features, hidden, rng));
    all.extend(Candidate::several(
        Family::Cyclic,
        "harmonic frame",
        frames.collect::<std::result::Result<_, _>>()?,
    ));
    all.push(Candidate::one(Family::Haar, Frame::haar(features, hidden, &mut Stream::Draws.rng(seed, 2))?));
    if features > 2 && hidden == features - 1 {
        all.push(Candidate::one(Family::Simplices, Frame::simplex(features)?));
    }
    all.extend(
        equiangular_of(features, hidden).into_iter().map(|frame| Candidate::one(Family::Equiangular, frame)),
    );
    Ok(all)
}

/// The rugs for a power of two features: random sets with the row of ones, without it, and shifted
/// to the least skewness; and known sets.
fn rugs<R: Rng + ?Sized>(
    features: usize,
    hidden: usize,
    draws: usize,
    rng: &mut R,
) -> Result<Vec<Candidate>> {
    let random = (0..draws)
        .map(|_| PersianRug::random(features, hidden, rng))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    // A set that is shifted by one of its rows contains row 0; a set that is shifted by another row
    // does not.
    let with = random.iter().map(|rug| rug.shifted(rug.rows()[0])).collect();
    let other = |rug: &PersianRug| (0..features).find(|k| rug.rows().binary_search(k).is_err());
    let without = random.iter().filter_map(|rug| Some(rug.shifted(other(rug)?))).collect();
    let least = random.iter().map(PersianRug::least_skewed).collect();
    let mut all = Vec::new();
    all.extend(Candidate::several(Family::Rugs, "rug, 0 ∉ S", without));
    all.extend(Candidate::several(Family::Rugs, "rug, 0 ∈ S", with));
    all.extend(Candidate::several(Family::Rugs, "rug, least skewed", least));
    let sets = [true, false].map(|zero| PersianRug::difference_set(features, hidden, zero));
    let sets = sets.into_iter().flatten().map(|set| set.least_skewed()).collect();
    all.extend(Candidate::several(Family::Equiangular, "difference set", sets));
    let cubes = PersianRug::cubes(features).ok().filter(|rug| rug.hidden() == hidden);
    let cubes = cubes.map(|rug| rug.least_skewed()).into_iter().collect();
    all.extend(Candidate::several(Family::Rugs, "rug of cubes", cubes));
    let ovoid = PersianRug::ovoid(features).ok().filter(|rug| rug.hidden() == hidden);
    all.extend(Candidate::several(Family::Graphs, "ovoid", ovoid.into_iter().collect()));
    if hidden <= features / 2 {
        let free = (0..draws).map(|_| PersianRug::sum_free(features, hidden, rng));
        let free = free.collect::<std::result::Result<_, _>>()?;
        all.extend(Candidate::several(Family::Rugs, "rug, sum-free", free));
    }
    Ok(all)
}

/// The equiangular frames of this shape.
fn equiangular_of(features: usize, hidden: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    if features == 2 * hidden {
        frames.extend(Frame::paley(features));
    }
    for (block, points) in (2..=3).flat_map(|block| (block..64).map(move |points| (block, points))) {
        // The shape is compared first, so that only frames that fit are constructed.
        let degree = (points - 1) / (block - 1);
        let shape = (points * (degree + 1), points * degree / block);
        if shape == (features, hidden) {
            frames.extend(Frame::steiner(points, block));
        } else if shape == (features, features - hidden) {
            frames.extend(Frame::steiner(points, block).and_then(|frame| frame.complement()));
        }
    }
    frames
}
