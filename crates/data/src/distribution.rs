//! What features look like: `x_i = c_i u_i`, switches times magnitudes (paper, section 2).
//!
//! ```text
//! c ∈ {0, 1}^n_s   switches, independent or not        trait Switches
//! u_i              magnitudes, i.i.d., independent of c  trait Magnitude
//! x                the sample                            trait Distribution, struct Features
//! ```

use rand::Rng;

use crate::{Independent, Magnitude, Moments, Result, Scalar, UnitUniform};

/// The joint law of the switches `c_i ∈ {0, 1}`.
pub trait Switches: Sync {
    /// The number of features n_s.
    fn features(&self) -> usize;

    /// `P[c_i = 1]`, exact, in (0, 1].
    ///
    /// # Panics
    /// If `feature ≥ features()`.
    fn probability(&self, feature: usize) -> f64;

    /// `Cov(c_i, c_j) = P[c_i = c_j = 1] − P[c_i = 1] P[c_j = 1]`, exact; for `i = j` the variance `p_i (1 − p_i)`.
    ///
    /// # Panics
    /// If `i ≥ features()` or `j ≥ features()`.
    fn covariance(&self, i: usize, j: usize) -> f64;

    /// Appends the features that are on in one sample to `on`, in increasing order.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>);
}

/// The law of one sample `x ∈ ℝ^n_s`, with exact first and second moments.
///
/// Implement it for data that [`Features`] does not cover, such as magnitudes that depend on each other.
pub trait Distribution: Sync {
    /// The number of features n_s.
    fn features(&self) -> usize;

    /// The probability that the feature is on, and its moments `E x_i`, `E x_i²`.
    ///
    /// # Panics
    /// If `feature ≥ features()`.
    fn moments(&self, feature: usize) -> Moments;

    /// `Cov(x_i, x_j)`; for `i = j` the variance.
    ///
    /// # Panics
    /// If `i ≥ features()` or `j ≥ features()`.
    fn covariance(&self, i: usize, j: usize) -> f64;

    /// Appends one sample: the features that are on, in increasing order, to `indices`, and the value of each,
    /// found in `f64` and rounded to `T`, to `values`. What the vectors hold already stays as it is.
    fn sample<T: Scalar, R: Rng + ?Sized>(&self, rng: &mut R, indices: &mut Vec<u32>, values: &mut Vec<T>);
}

/// Switches times independent magnitudes, `x_i = c_i u_i`.
///
/// ```math
/// \mathbb E x_i = p_i\,\mathbb E u,\qquad \mathbb E x_i^2 = p_i\,\mathbb E u^2,\qquad
/// \mathrm{Cov}(x_i, x_j) = \mathrm{Cov}(c_i, c_j)\,(\mathbb E u)^2 \quad (i \ne j).
/// ```
///
/// A sample draws all its switches from its stream first and then one magnitude a non-zero, in increasing order of
/// the features.
#[derive(Debug, Clone, PartialEq)]
pub struct Features<S, M = UnitUniform> {
    switches: S,
    magnitude: M,
}

impl Features<Independent, UnitUniform> {
    /// The data of the paper (section 2): `c_i ~ Bernoulli(probability)`, `u_i ~ U[0, 1]`, all independent.
    ///
    /// # Errors
    /// As [`Independent::new`].
    pub fn paper(features: usize, probability: f64) -> Result<Self> {
        Ok(Self::new(Independent::new(features, probability)?, UnitUniform))
    }
}

impl<S: Switches, M: Magnitude> Features<S, M> {
    /// `switches` times magnitudes of the law `magnitude`.
    pub fn new(switches: S, magnitude: M) -> Self {
        Self { switches, magnitude }
    }

    /// The law of the switches.
    pub fn switches(&self) -> &S {
        &self.switches
    }

    /// The law of each magnitude.
    pub fn magnitude(&self) -> &M {
        &self.magnitude
    }
}

impl<S: Switches, M: Magnitude> Distribution for Features<S, M> {
    fn features(&self) -> usize {
        self.switches.features()
    }

    fn moments(&self, feature: usize) -> Moments {
        let probability = self.switches.probability(feature);
        Moments {
            probability,
            mean: probability * self.magnitude.mean(),
            second_moment: probability * self.magnitude.second_moment(),
        }
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        if i == j {
            self.moments(i).variance()
        } else {
            self.switches.covariance(i, j) * self.magnitude.mean().powi(2)
        }
    }

    #[inline]
    fn sample<T: Scalar, R: Rng + ?Sized>(&self, rng: &mut R, indices: &mut Vec<u32>, values: &mut Vec<T>) {
        let start = indices.len();
        self.switches.sample(rng, indices);
        values.extend((start..indices.len()).map(|_| T::round_from(self.magnitude.sample(rng))));
    }
}

/// Refuses no features, and more than a 32-bit index can name.
pub(crate) fn checked_features(given: usize) -> Result<usize> {
    if given == 0 || given > u32::MAX as usize { Err(crate::Error::Features { given }) } else { Ok(given) }
}
