//! Independent switches, `c_i ~ Bernoulli(p_i)` (paper, section 2), in time proportional to the
//! non-zeros.
//!
//! With one `p` for all features, a sample is one run of [`Trials`]. With one `p_i` per feature,
//! the features are sorted once into classes. Those with `p_i ≥ 1/16` are tried one by one. Those
//! with `2⁻ᵏ ≤ p_i < 2⁻ᵏ⁺¹` are tried together with the greatest of their probabilities, `p̂`, and
//! a success is kept with probability `p_i / p̂ > 1/2`. A sample then costs at most 16 words (tried
//! one by one) or about 4 words (classes) per expected non-zero, a word per class, and a sort.

#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::SampleSwitches;
use crate::error::checked_probability;
#[cfg(feature = "sampling")]
use crate::stream::unit;
use crate::switches::{checked_features, distinct};
use crate::trials::Trials;
use crate::{Block, PerFeature, Result, Switches, SwitchesSpec};

/// Features with at least this probability are tried one by one.
const FREQUENT_FROM: f64 = 1.0 / 16.0;

/// Independent switches, `c_i ~ Bernoulli(p_i)`, with one probability for all features or one per
/// feature.
///
/// Drawing a sample takes time proportional to the expected number of non-zeros. With one
/// probability per feature, it also takes a sort, and a random word per factor of two in the range
/// of the probabilities below 1/16.
///
/// ```
/// use toy_superposition_data::{Independent, Switches};
/// let rarer = Independent::per_feature(&[0.2, 0.1, 0.05])?;
/// assert_eq!((rarer.features(), rarer.probability(2)), (3, 0.05));
/// assert_eq!(rarer.covariance(0, 1), 0.0);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Independent(Law);

#[derive(Debug, Clone, PartialEq)]
enum Law {
    Same { probability: f64, trials: Trials },
    PerFeature(Classes),
}

impl Independent {
    /// `features` switches, each on with probability `probability`.
    ///
    /// # Errors
    /// [`Error::Features`](crate::Error::Features) unless `1 ≤ features ≤ u32::MAX`;
    /// [`Error::Probability`](crate::Error::Probability) unless `0 < probability ≤ 1`.
    pub fn new(features: usize, probability: f64) -> Result<Self> {
        let trials = Trials::new(checked_features(features)?, checked_probability(0, probability)?);
        Ok(Self(Law::Same { probability, trials }))
    }

    /// Switch `i` is on with probability `probabilities[i]`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn per_feature(probabilities: &[f64]) -> Result<Self> {
        checked_features(probabilities.len())?;
        for (feature, &given) in probabilities.iter().enumerate() {
            checked_probability(feature, given)?;
        }
        Ok(Self(Law::PerFeature(Classes::new(probabilities))))
    }
}

impl Switches for Independent {
    fn features(&self) -> usize {
        match &self.0 {
            Law::Same { trials, .. } => trials.count(),
            Law::PerFeature(law) => law.probabilities.len(),
        }
    }

    fn probability(&self, feature: usize) -> f64 {
        assert!(feature < self.features(), "feature {feature} of {}", self.features());
        match &self.0 {
            Law::Same { probability, .. } => *probability,
            Law::PerFeature(law) => law.probabilities[feature],
        }
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        let (p, _) = (self.probability(i), self.probability(j));
        if i == j { p * (1.0 - p) } else { 0.0 }
    }

    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        Some(distinct(features).into_iter().map(|feature| self.probability(feature)).product())
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let block = |i| Block::unit(vec![i as u32], self.probability(i));
        Ok((0..self.features()).map(block).collect())
    }

    fn spec(&self) -> SwitchesSpec {
        let probability = match &self.0 {
            Law::Same { probability, .. } => PerFeature::Same(*probability),
            Law::PerFeature(law) => PerFeature::Each(law.probabilities.clone()),
        };
        SwitchesSpec::Independent { probability }
    }
}

#[cfg(feature = "sampling")]
impl SampleSwitches for Independent {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        match &self.0 {
            Law::Same { trials, .. } => trials.each(rng, |_, feature| on.push(feature)),
            Law::PerFeature(law) => law.sample(rng, on),
        }
    }
}

/// Independent switches with probabilities in [0, 1], sorted into classes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Classes {
    probabilities: Vec<f64>,
    frequent: Vec<u32>,
    rare: Vec<Class>,
}

/// Features of similar probability: `members[k]` is on if trial `k` succeeds and is kept.
#[derive(Debug, Clone, PartialEq)]
struct Class {
    trials: Trials,
    members: Vec<u32>,
    /// `p_i / p̂`, in (1/2, 1].
    kept: Vec<f64>,
}

impl Classes {
    /// Sorts the features into classes. The caller must have checked that the probabilities are in
    /// [0, 1] and that there are at most `u32::MAX` of them.
    pub(crate) fn new(probabilities: &[f64]) -> Self {
        let mut frequent = Vec::new();
        // The key is the binary exponent, so that the classes are in the order of their exponents.
        let mut members = std::collections::BTreeMap::<i32, Vec<u32>>::new();
        for (feature, &probability) in probabilities.iter().enumerate() {
            if probability >= FREQUENT_FROM {
                frequent.push(feature as u32);
            } else if probability > 0.0 {
                members.entry(libm::ilogb(probability)).or_default().push(feature as u32);
            }
        }
        let rare = members.into_values().map(|members| {
            let greatest =
                members.iter().fold(0.0, |greatest, &i| f64::max(greatest, probabilities[i as usize]));
            let kept = members.iter().map(|&i| probabilities[i as usize] / greatest).collect();
            Class { trials: Trials::new(members.len(), greatest), members, kept }
        });
        let rare = rare.collect();
        Self { probabilities: probabilities.to_vec(), frequent, rare }
    }

    /// Appends the features that are on, in increasing order.
    #[cfg(feature = "sampling")]
    pub(crate) fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        let start = on.len();
        // Each feature is written, and the position advances only if the feature is on. This avoids
        // a branch that would often be mispredicted.
        let mut next = start;
        on.resize(start + self.frequent.len(), 0);
        for &feature in &self.frequent {
            on[next] = feature;
            next += usize::from(unit(rng) < self.probabilities[feature as usize]);
        }
        on.truncate(next);
        for Class { trials, members, kept } in &self.rare {
            trials.each(rng, |rng, member| {
                if unit(rng) < kept[member as usize] {
                    on.push(members[member as usize]);
                }
            });
        }
        if self.rare.len() + usize::from(!self.frequent.is_empty()) > 1 {
            on[start..].sort_unstable();
        }
    }
}
