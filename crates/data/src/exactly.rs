//! Exactly `k` of the n_s features on, every subset of that size equally likely.
//!
//! ```text
//! p = k / n_s,    Cov(c_i, c_j) = −p (1 − p) / (n_s − 1)
//! P[m given features on] = k (k − 1) … (k − m + 1) / (n_s (n_s − 1) … (n_s − m + 1))
//! ```
//!
//! For `k ≤ n_s / 8`: draw as many features as are missing, sort, drop repetitions, until `k` are there (about
//! `n_s ln(n_s / (n_s − k)) ≤ 1.07 k` draws). The law does not change when the features are renamed, so every
//! subset is as likely as any other. For larger `k`: go through the features and take one with probability
//! (still to take) / (still to come) — Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S.

use nalgebra::Complex;
#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::SampleSwitches;
#[cfg(feature = "sampling")]
use crate::stream::below;
use crate::switches::{checked_features, distinct};
use crate::{Error, Result, Switches, SwitchesSpec};

/// Exactly `on` features on, a uniformly random subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exactly {
    features: u32,
    on: u32,
}

impl Exactly {
    /// `on` of `features` features are on in every sample.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ features ≤ u32::MAX`; [`Error::Count`] unless `1 ≤ on ≤ features`.
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

    /// In time `n_s k`, feature by feature: with `j` on so far, feature `i` is on with probability `(k − j)/(n_s − i)`.
    fn generating_function(&self, factors: &[Complex<f64>]) -> Option<Complex<f64>> {
        assert_eq!(factors.len(), self.features(), "one factor per feature");
        let on = self.on as usize;
        let mut by_count = vec![Complex::ZERO; on + 1];
        by_count[0] = Complex::ONE;
        for (i, factor) in factors.iter().enumerate() {
            let rest = (self.features() - i) as f64;
            for j in (0..=on.min(i)).rev() {
                let probability = (on - j) as f64 / rest;
                let before = by_count[j];
                if j < on {
                    by_count[j + 1] += before * factor * probability;
                }
                by_count[j] = before * (1.0 - probability).max(0.0);
            }
        }
        Some(by_count[on])
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
            // Written always and kept by the next position: whether a feature is on is no branch to mispredict.
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
