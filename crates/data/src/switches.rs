//! Which features are on: the joint law of the switches `c_i ∈ {0, 1}`.

use nalgebra::Complex;
#[cfg(feature = "sampling")]
use rand::Rng;

use crate::{Block, Error, Result, SwitchesSpec};

/// The joint law of the switches `c_i ∈ {0, 1}`.
///
/// [`Independent`](crate::Independent), [`Exactly`](crate::Exactly), [`Pairs`](crate::Pairs),
/// [`Groups`](crate::Groups) and [`Graph`](crate::Graph) implement it.
pub trait Switches: Sync {
    /// The number of features n_s.
    fn features(&self) -> usize;

    /// `P[c_i = 1]`, exact, in (0, 1].
    ///
    /// # Panics
    /// If `feature ≥ features()`.
    fn probability(&self, feature: usize) -> f64;

    /// `Cov(c_i, c_j) = P[c_i = c_j = 1] − P[c_i = 1] P[c_j = 1]`, exact. For `i = j` this is the
    /// variance `p_i (1 − p_i)`.
    ///
    /// # Panics
    /// If `i ≥ features()` or `j ≥ features()`.
    fn covariance(&self, i: usize, j: usize) -> f64;

    /// The probability that all the given features are on together, where a feature that is given
    /// twice counts once. `None` if the law has no method to compute it, or none for this many
    /// features.
    ///
    /// # Panics
    /// If a feature is `≥ features()`.
    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        match distinct(features)[..] {
            [] => Some(1.0),
            [i] => Some(self.probability(i)),
            [i, j] => Some(self.probability(i) * self.probability(j) + self.covariance(i, j)),
            _ => None,
        }
    }

    /// The law as independent blocks, each a sum over hidden variables. Each feature is in one
    /// block.
    ///
    /// # Errors
    /// [`Error::NoBlocks`] for a law that has no such form, and [`Error::Wide`] for a law whose
    /// sums have too many terms.
    fn blocks(&self) -> Result<Vec<Block>> {
        Err(Error::NoBlocks)
    }

    /// `E Π_i factors[i]^{c_i}`, the generating function of the switches, computed from their
    /// [`blocks`](Self::blocks). `None` if `blocks` returns an error.
    ///
    /// # Panics
    /// If `factors.len() ≠ features()`.
    fn generating_function(&self, factors: &[Complex<f64>]) -> Option<Complex<f64>> {
        assert_eq!(factors.len(), self.features(), "one factor per feature");
        Some(self.blocks().ok()?.iter().map(|block| block.average(factors)).product())
    }

    /// The law as data.
    fn spec(&self) -> SwitchesSpec;
}

/// Switches that samples can be drawn from.
#[cfg(feature = "sampling")]
pub trait SampleSwitches: Switches {
    /// Appends the features that are on in one sample to `on`, in increasing order.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>);
}

/// Returns the given features in increasing order and without repetitions.
pub(crate) fn distinct(features: &[usize]) -> Vec<usize> {
    let mut features = features.to_vec();
    features.sort_unstable();
    features.dedup();
    features
}

/// Returns the number of features, or an error if it is 0 or does not fit a 32-bit index.
pub(crate) fn checked_features(given: usize) -> Result<usize> {
    if given == 0 || given > u32::MAX as usize { Err(Error::Features { given }) } else { Ok(given) }
}
