//! Exactly `k` of the n_s features are on, and every subset of that size is equally likely.

use nalgebra::Complex;
#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::SampleSwitches;
#[cfg(feature = "sampling")]
use crate::stream::below;
use crate::switches::{checked_features, distinct};
use crate::{Block, Error, Result, Switches, SwitchesSpec};

/// Exactly `k` features are on in every sample, and every subset of that size is equally likely.
///
/// ```text
/// p = k / n_s,    Cov(c_i, c_j) = −p (1 − p) / (n_s − 1)
/// P[m given features on] = k (k − 1) … (k − m + 1) / (n_s (n_s − 1) … (n_s − m + 1))
/// ```
///
/// For `k ≤ n_s / 8`, sampling draws as many features as are missing, sorts them and drops
/// repetitions, until there are `k` (about `n_s ln(n_s / (n_s − k)) ≤ 1.07 k` draws). This
/// procedure treats all features alike, so every subset is equally likely. For larger `k`, it goes
/// through the features and takes each with the probability (number still to take) / (number still
/// to come): algorithm S of Knuth, The Art of Computer Programming 2, section 3.4.2.
///
/// ```
/// use toy_superposition_data::{Exactly, Switches};
/// let three = Exactly::new(10, 3)?;
/// assert_eq!(three.probability(0), 0.3);
/// // A feature that is on makes the others less likely: 3 · 2/(10 · 9) − 0.3².
/// assert!((three.covariance(0, 1) - (6.0 / 90.0 - 0.09)).abs() < 1e-15);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exactly {
    features: u32,
    on: u32,
}

impl Exactly {
    /// The law by which `on` of `features` features are on in every sample.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ features ≤ u32::MAX`; [`Error::Count`] unless
    /// `1 ≤ on ≤ features`.
    pub fn new(features: usize, on: usize) -> Result<Self> {
        checked_features(features)?;
        if on == 0 || on > features {
            return Err(Error::Count { given: on, features });
        }
        Ok(Self { features: features as u32, on: on as u32 })
    }
}

impl Switches for Exactly {
    fn features(&self) -> usize {
        self.features as usize
    }

    fn probability(&self, feature: usize) -> f64 {
        assert!(feature < self.features(), "feature {feature} of {}", self.features);
        f64::from(self.on) / f64::from(self.features)
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        let (p, _) = (self.probability(i), self.probability(j));
        let off = f64::from(self.features - self.on) / f64::from(self.features);
        if i == j { p * off } else { -p * off / f64::from(self.features - 1) }
    }

    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        let features = distinct(features);
        let count = features.last().map_or(1, |&last| last + 1);
        assert!(count <= self.features(), "feature {} of {}", count - 1, self.features);
        let ratio =
            |taken: usize| self.on.saturating_sub(taken as u32) as f64 / (self.features() - taken) as f64;
        Some((0..features.len()).map(ratio).product())
    }

    /// One block, from the law of independent switches of probability `p = k/n_s` given that `k` of
    /// them are on. With `z_a = e^{2πi a/N}`,
    ///
    /// ```text
    /// E Π f_i^{c_i} = (1/(N P)) Σ_{a < N} z_a^{−k} Π_i (1 − p + p z_a f_i) ,   P = P[k are on] .
    /// ```
    ///
    /// The sum also includes the states with `k ± N, k ± 2N, …` features on. For `N = n_s + 1`
    /// there are none. A smaller `N` suffices if, by Bernstein's inequality, the probability of
    /// these states is below `e^{−46}`.
    fn blocks(&self) -> Result<Vec<Block>> {
        let (n, k) = (f64::from(self.features), f64::from(self.on));
        let p = k / n;
        let depth = 46.0;
        let enough = depth / 3.0 + (depth * depth / 9.0 + 2.0 * depth * k * (1.0 - p)).sqrt();
        let count = (enough.ceil() as usize).min(self.features() + 1);
        let root = |turns: f64| {
            // The angle is reduced first, since the sine of a large angle loses digits.
            let turns = turns / count as f64;
            Complex::cis(2.0 * std::f64::consts::PI * (turns - turns.round()))
        };
        let turns = |a: usize, times: u32| root(((a * times as usize) % count) as f64);
        let off = Complex::from(1.0 - p);
        let mut weights: Vec<_> = (0..count).map(|a| turns(a, self.on).conj()).collect();
        let all = |a: usize| weights[a] * (off + turns(a, 1) * p).powu(self.features);
        let total = (0..count).map(all).sum::<Complex<f64>>().re;
        weights.iter_mut().for_each(|weight| *weight /= total);
        let units = (0..self.features).map(|i| vec![i]).collect();
        let factors = (0..count).map(|a| [off, turns(a, 1) * p]).collect();
        Ok(vec![Block::mixture(units, weights, vec![factors])])
    }

    fn spec(&self) -> SwitchesSpec {
        SwitchesSpec::Exactly { on: self.on as usize }
    }
}

#[cfg(feature = "sampling")]
impl SampleSwitches for Exactly {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        let (start, end) = (on.len(), on.len() + self.on as usize);
        if self.on > self.features / 8 {
            // Each feature is written, and the position advances only if the feature is on. This
            // avoids a branch that would often be mispredicted.
            on.resize(end, 0);
            let (mut next, mut feature) = (start, 0);
            while next < end {
                on[next] = feature;
                next += usize::from(below(rng, self.features - feature) < (end - next) as u32);
                feature += 1;
            }
            return;
        }
        while on.len() < end {
            on.extend((on.len()..end).map(|_| below(rng, self.features)));
            on[start..].sort_unstable();
            drop_repetitions(on, start);
        }
    }
}

/// Shortens the sorted tail `list[start..]` to its distinct entries.
#[cfg(feature = "sampling")]
pub(crate) fn drop_repetitions(list: &mut Vec<u32>, start: usize) {
    let mut kept = start;
    for read in start..list.len() {
        if kept == start || list[kept - 1] != list[read] {
            list[kept] = list[read];
            kept += 1;
        }
    }
    list.truncate(kept);
}
