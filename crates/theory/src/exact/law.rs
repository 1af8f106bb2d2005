//! The law of the features, as the exact loss takes it and as it is prepared.

use std::borrow::Cow;
use std::fmt;

#[cfg(doc)]
use toy_superposition_data::Magnitude;
use toy_superposition_data::{Block, Law, SwitchesSpec};

use super::unit::Unit;
use crate::error::probability as check_probability;
use crate::{Error, Result};

/// The law of the features as the exact loss takes it.
///
/// The first two are the paper's features, `x_j = c_j u_j` with independent `c_j ~ Bernoulli(p_j)`
/// and `u_j ~ U[0, 1]`. The third is any law whose switches have
/// [blocks](toy_superposition_data::Switches::blocks): independent switches, pairs, groups, exactly
/// k on, and graphs whose sources can be summed over one after the other, in tables of at most 16
/// sources at once and 2²² factors in all. Chains, rings and trees of many thousand features are
/// such graphs, and most graphs whose components have at most 16 sources.
///
/// The magnitudes of that law are uniform on an interval, constant, exponential, of finitely many
/// values, or custom with a [density](Magnitude::density) that is smooth between its
/// [breaks](Magnitude::breaks). The transform of such a density is found by quadrature. A
/// [support](Magnitude::support) that is not bounded is cut where about 1e-15 of `E u²` lies
/// beyond.
///
/// ```
/// use toy_superposition_data::{Features, Pairs, UnitUniform};
/// use toy_superposition_theory::exact_row_loss;
///
/// // An antipodal pair loses P[both on]/6 per feature: nothing where the two are never on together.
/// let never = Features::new(Pairs::new(1, 0.2, -0.25)?, UnitUniform);
/// assert!(exact_row_loss(&[1.0, -1.0], 0, 0.0, &never)?.loss < 1e-16);
/// let independent = exact_row_loss(&[1.0, -1.0], 0, 0.0, 0.2)?.loss;
/// assert!((independent - 0.04 / 6.0).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub enum FeatureLaw<'a> {
    /// One probability p in (0, 1] for all features, as in the paper.
    Shared(f64),
    /// One probability p_j in (0, 1] per feature (n_s numbers).
    Each(&'a [f64]),
    /// A law of [`toy_superposition_data`].
    Law(&'a dyn Law),
}

impl fmt::Debug for FeatureLaw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared(p) => f.debug_tuple("Shared").field(p).finish(),
            Self::Each(p) => f.debug_tuple("Each").field(p).finish(),
            Self::Law(law) => f.debug_tuple("Law").field(&law.spec()).finish(),
        }
    }
}

impl From<f64> for FeatureLaw<'_> {
    fn from(p: f64) -> Self {
        Self::Shared(p)
    }
}

impl<'a> From<&'a [f64]> for FeatureLaw<'a> {
    fn from(probabilities: &'a [f64]) -> Self {
        Self::Each(probabilities)
    }
}

impl<'a, L: Law> From<&'a L> for FeatureLaw<'a> {
    fn from(law: &'a L) -> Self {
        Self::Law(law)
    }
}

impl<'a> From<&'a dyn Law> for FeatureLaw<'a> {
    fn from(law: &'a dyn Law) -> Self {
        Self::Law(law)
    }
}

impl<'a> FeatureLaw<'a> {
    /// The law, validated for this number of features.
    pub(super) fn of(self, features: usize) -> Result<Prepared<'a>> {
        let prepared = self.prepare()?;
        prepared.check(features)?;
        Ok(prepared)
    }

    /// For each block, its features j, each with `(E|x_j − E x_j|³)^{1/3}`. An independent feature
    /// is a block by itself.
    pub(crate) fn thirds(self, features: usize) -> Result<Vec<Vec<(usize, f64)>>> {
        let law = self.of(features)?;
        let mut blocks = vec![Vec::new(); law.blocks.len()];
        for j in 0..features {
            let third = (j, law.scale * law.unit.third_absolute_moment(law.of(j)).cbrt());
            match law.block_of(j) {
                Some(block) => blocks[block].push(third),
                None => blocks.push(vec![third]),
            }
        }
        Ok(blocks)
    }

    /// The law, validated apart from the number of its features, which [`Prepared::check`]
    /// compares.
    pub(super) fn prepare(self) -> Result<Prepared<'a>> {
        let law = match self {
            Self::Shared(p) => {
                check_probability(p)?;
                return Ok(Prepared::independent(Probabilities::Shared(p)));
            }
            Self::Each(each) => {
                each.iter().try_for_each(|&p| check_probability(p))?;
                return Ok(Prepared::independent(Probabilities::Each(Cow::Borrowed(each))));
            }
            Self::Law(law) => law,
        };
        let features = law.features();
        let none = toy_superposition_data::Error::NoBlocks;
        let (switches, magnitude) = law.parts().ok_or(Error::Law(none))?;
        let (unit, scale) = Unit::new(magnitude)?;
        let each = (0..features).map(|j| switches.probability(j)).collect();
        let mut prepared = Prepared::independent(Probabilities::Each(Cow::Owned(each)));
        (prepared.unit, prepared.scale) = (unit, scale);
        prepared.block_of = vec![None; features];
        prepared.one_on = matches!(switches.spec(), SwitchesSpec::Exactly { on: 1 });
        for block in switches.blocks().map_err(Error::Law)? {
            if block.units().iter().map(Vec::len).sum::<usize>() > 1 {
                for &j in block.units().iter().flatten() {
                    prepared.block_of[j as usize] = Some(prepared.blocks.len());
                }
                prepared.blocks.push(block);
            }
        }
        Ok(prepared)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Probabilities<'a> {
    Shared(f64),
    Each(Cow<'a, [f64]>),
}

/// A validated law.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prepared<'a> {
    probabilities: Probabilities<'a>,
    /// The blocks of more than one feature, and for each feature the index of its block. Both are
    /// empty if there are no blocks.
    blocks: Vec<Block>,
    block_of: Vec<Option<usize>>,
    /// `true` if exactly one feature is on at a time.
    pub(super) one_on: bool,
    /// Magnitudes are `scale` times a magnitude of the law `unit`.
    pub(super) unit: Unit,
    pub(super) scale: f64,
}

impl<'a> Prepared<'a> {
    fn independent(probabilities: Probabilities<'a>) -> Self {
        let (blocks, block_of) = (Vec::new(), Vec::new());
        Self { probabilities, blocks, block_of, one_on: false, unit: Unit::Uniform, scale: 1.0 }
    }

    /// Returns an error if the law is for another number of features.
    pub(super) fn check(&self, features: usize) -> Result<()> {
        match &self.probabilities {
            Probabilities::Each(each) if each.len() != features => {
                Err(Error::Size { what: "features of the law", given: each.len(), expected: features })
            }
            _ => Ok(()),
        }
    }

    /// This law, with copies of all data that it borrows.
    #[cfg(feature = "models")]
    pub(super) fn into_owned(self) -> Prepared<'static> {
        let probabilities = match self.probabilities {
            Probabilities::Shared(p) => Probabilities::Shared(p),
            Probabilities::Each(each) => Probabilities::Each(Cow::Owned(each.into_owned())),
        };
        let Self { blocks, block_of, one_on, unit, scale, .. } = self;
        Prepared { probabilities, blocks, block_of, one_on, unit, scale }
    }

    /// Independent features with these probabilities and magnitudes `U[0, 1]`.
    pub(super) fn each(probabilities: Vec<f64>) -> Self {
        Self::independent(Probabilities::Each(Cow::Owned(probabilities)))
    }

    /// The probability of feature `feature`.
    pub(super) fn of(&self, feature: usize) -> f64 {
        match &self.probabilities {
            Probabilities::Shared(p) => *p,
            Probabilities::Each(each) => each[feature],
        }
    }

    /// The common probability of all features, if the law was given by one.
    pub(super) fn shared(&self) -> Option<f64> {
        if let Probabilities::Shared(p) = self.probabilities { Some(p) } else { None }
    }

    /// The blocks of more than one feature.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The block that feature `feature` is in; `None` if the feature is independent of all others.
    pub(super) fn block_of(&self, feature: usize) -> Option<usize> {
        self.block_of.get(feature).copied().flatten()
    }
}
