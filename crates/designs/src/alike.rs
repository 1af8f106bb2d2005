//! Which features and which rows are alike under a law.
//!
//! The loss of a row depends on the joint law of its entries. Two rows are alike if a renaming of
//! the features takes one into the other and leaves the law as it is. The search compares the
//! [blocks](toy_superposition_data::Switches::blocks) of dependent features by the entries of their
//! units. Units are alike if they enter the same sum with the same factors.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use toy_superposition_data::{Block, Error as DataError, Moments};
use toy_superposition_rug::{Class, Design};
use toy_superposition_theory::{self as theory, FeatureLaw};

use crate::{Error, Result};

/// The largest number of features of a law that tells features apart. The search for rows that are
/// alike reads all rows.
pub(super) const MOST: usize = 1024;

/// The blocks of dependent features, with equal names for blocks and units that are alike.
pub(super) struct Kinds {
    blocks: Vec<Kind>,
}

/// A block. Blocks with the same weights have the same name, and units with the same factors have
/// the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    name: u64,
    units: Vec<(u64, Vec<usize>)>,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn to_usize(unit: &[u32]) -> Vec<usize> {
    unit.iter().map(|&j| j as usize).collect()
}

impl Kind {
    fn new(block: &Block) -> Self {
        let bits = |z: nalgebra::Complex<f64>| [z.re.to_bits(), z.im.to_bits()];
        let mut units: Vec<_> = block.units().iter().map(|unit| (0, to_usize(unit))).collect();
        let mut sums = Vec::new();
        for (s, sum) in block.sums().iter().enumerate() {
            let entries = || 0..sum.weights().len();
            for factor in sum.factors() {
                let values: Vec<_> = entries().map(|entry| factor.at(entry).map(bits)).collect();
                units[factor.unit()].0 = hash((s, values));
            }
            let messages = sum.messages().iter();
            let messages: Vec<_> = messages
                .map(|message| (message.sum(), entries().map(|entry| message.at(entry)).collect::<Vec<_>>()))
                .collect();
            let weights: Vec<_> = sum.weights().iter().copied().map(bits).collect();
            sums.push((sum.states(), weights, messages));
        }
        Self { name: hash(sums), units }
    }

    /// A hash that is the same for two rows whose entries in this block are alike.
    fn of_row(&self, row: &[f64], own: usize) -> u64 {
        let entry = |&j: &usize| ((row[j] * 1e9).round() as i64, j == own);
        let unit = |(name, members): &(u64, Vec<usize>)| {
            let mut entries: Vec<_> = members.iter().map(entry).collect();
            entries.sort_unstable();
            (*name, entries)
        };
        let mut units: Vec<_> = self.units.iter().map(unit).collect();
        units.sort_unstable();
        hash((self.name, units))
    }
}

impl Kinds {
    /// The kinds of a law of `features` features; `None` for a law that treats all features alike.
    ///
    /// # Errors
    /// [`Error::Features`] for a law of another number of features; [`Error::Theory`] for a law
    /// without blocks; [`Error::Large`] for more than 1024 features that are not alike.
    pub(super) fn of(law: FeatureLaw<'_>, features: usize) -> Result<Option<Self>> {
        let blocks: Vec<Kind> = match law {
            FeatureLaw::Shared(_) => return Ok(None),
            FeatureLaw::Each(each) => {
                check_features(each.len(), features)?;
                let alone = |(j, p): (usize, &f64)| Kind { name: 0, units: vec![(p.to_bits(), vec![j])] };
                each.iter().enumerate().map(alone).collect()
            }
            FeatureLaw::Law(law) => {
                check_features(law.features(), features)?;
                let none = theory::Error::Law(DataError::NoBlocks);
                let (switches, _) = law.parts().ok_or(none)?;
                switches.blocks().map_err(theory::Error::Law)?.iter().map(Kind::new).collect()
            }
        };
        let alone = |block: &Kind| block.units.iter().all(|unit| unit.1.len() == 1);
        let names = |block: &Kind| (block.name, block.units.iter().map(|unit| unit.0).collect::<Vec<_>>());
        let alike = match &blocks[..] {
            [one] => alone(one) && one.units.iter().all(|unit| unit.0 == one.units[0].0),
            many => many
                .iter()
                .all(|block| block.units.len() == 1 && alone(block) && names(block) == names(&many[0])),
        };
        if alike {
            return Ok(None);
        }
        if features > MOST {
            return Err(Error::Large { given: features, most: MOST });
        }
        Ok(Some(Self { blocks }))
    }

    /// The classes of a design, split such that the rows of each class are alike, and the class of
    /// each feature.
    pub(super) fn classes<D: Design + ?Sized>(&self, design: &D) -> (Vec<Class>, Vec<usize>) {
        let features = design.features();
        let mut row = vec![0.0; features];
        let (mut names, mut classes) = (BTreeMap::new(), Vec::<Class>::new());
        let mut class_of = Vec::with_capacity(features);
        for i in 0..features {
            design.write_row(i, &mut row);
            let mut blocks: Vec<_> = self.blocks.iter().map(|block| block.of_row(&row, i)).collect();
            blocks.sort_unstable();
            let class = *names.entry((design.class_of(i), hash(blocks))).or_insert(classes.len());
            match classes.get_mut(class) {
                Some(class) => (class.members, class.rows[0].1) = (class.members + 1, class.members + 1),
                None => classes.push(Class { members: 1, rows: vec![(i, 1)] }),
            }
            class_of.push(class);
        }
        (classes, class_of)
    }

    /// Lists of features that depend on each other: the blocks, or the units of the only block.
    pub(super) fn dependent(&self) -> Vec<Vec<usize>> {
        let members = |units: &[(u64, Vec<usize>)]| units.iter().flat_map(|unit| unit.1.clone()).collect();
        match &self.blocks[..] {
            [one] => one.units.iter().map(|unit| unit.1.clone()).collect(),
            many => many.iter().map(|block| members(&block.units)).collect(),
        }
    }
}

fn check_features(given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Features { given, expected }) }
}

/// The moments of a feature.
pub(super) fn moments(law: FeatureLaw<'_>, feature: usize) -> Result<Moments> {
    Ok(match law {
        FeatureLaw::Shared(p) => Moments::uniform(p)?,
        FeatureLaw::Each(each) => Moments::uniform(each[feature])?,
        FeatureLaw::Law(law) => law.moments(feature),
    })
}
