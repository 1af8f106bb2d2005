//! What features look like: `x_i = c_i u_i`, switches times magnitudes (paper, section 2).

use nalgebra::Complex;
#[cfg(feature = "sampling")]
use rand::Rng;

use crate::{Cumulants, Independent, LawSpec, Magnitude, Moments, Result, Switches, UnitUniform};
#[cfg(feature = "sampling")]
use crate::{SampleMagnitude, SampleSwitches, Scalar};

/// The law of one sample `x ∈ ℝ^n_s`: moments, cumulants, joint probabilities and, where it has a
/// closed form, the generating function of a weighted sum.
///
/// ```text
/// c ∈ {0, 1}^n_s   switches, independent or not          trait Switches
/// u_i              magnitudes, i.i.d., independent of c  trait Magnitude
/// x                the sample                            trait Law, struct Features
/// ```
///
/// These traits give moments, cumulants and probabilities and draw no samples. With the feature
/// `sampling`, a subtrait of each draws samples: `SampleSwitches`, `SampleMagnitude` and
/// `Distribution`.
///
/// ```
/// use toy_superposition_data::{Features, Groups, Independent, Law, UnitUniform};
///
/// // Features 0 and 1 switch together; feature 2 is independent of both.
/// let groups = Groups::new(&[vec![0, 1], vec![2]], Independent::new(2, 0.25)?)?;
/// let law: Box<dyn Law> = Box::new(Features::new(groups, UnitUniform));
/// assert_eq!(law.joint_probability(&[0, 1]), Some(0.25));
/// assert_eq!(law.joint_probability(&[0, 2]), Some(0.0625));
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
pub trait Law: Sync {
    /// The number of features n_s.
    fn features(&self) -> usize;

    /// The probability that the feature is on, and its moments `E x_i`, `E x_i²`.
    ///
    /// # Panics
    /// If `feature ≥ features()`.
    fn moments(&self, feature: usize) -> Moments;

    /// `Cov(x_i, x_j)`, which is the variance of `x_i` if `i = j`.
    ///
    /// # Panics
    /// If `i ≥ features()` or `j ≥ features()`.
    fn covariance(&self, i: usize, j: usize) -> f64;

    /// The first four cumulants of `x_i`.
    ///
    /// # Panics
    /// If `feature ≥ features()`.
    fn cumulants(&self, feature: usize) -> Cumulants;

    /// The probability that all the given features are on together, where a feature that is given
    /// twice counts once. `None` if the law has no method to compute it, or none for this many
    /// features.
    ///
    /// # Panics
    /// If a feature is `≥ features()`.
    fn joint_probability(&self, features: &[usize]) -> Option<f64>;

    /// `E exp(s Σ_i w_i x_i)`; the characteristic function of the sum at `t` is its value at
    /// `s = it`. `None` where it does not converge, and for a law without a closed form.
    ///
    /// # Panics
    /// If `weights.len() ≠ features()`.
    fn generating_function(&self, _weights: &[f64], _s: Complex<f64>) -> Option<Complex<f64>> {
        None
    }

    /// The switches and the magnitude of a law that is their product. `None` for any other law.
    fn parts(&self) -> Option<(&dyn Switches, &dyn Magnitude)> {
        None
    }

    /// The law as data.
    fn spec(&self) -> LawSpec;
}

/// A law that samples can be drawn from.
///
/// Implement it for data that [`Features`] does not cover, such as magnitudes that depend on each
/// other.
#[cfg(feature = "sampling")]
pub trait Distribution: Law {
    /// Appends one sample: the features that are on, in increasing order, to `indices`, and the
    /// value of each, computed in `f64` and rounded to `T`, to `values`. The entries that the
    /// vectors already hold must not change.
    fn sample<T: Scalar, R: Rng + ?Sized>(&self, rng: &mut R, indices: &mut Vec<u32>, values: &mut Vec<T>);
}

/// Switches times independent magnitudes, `x_i = c_i u_i`.
///
/// ```math
/// \mathbb E x_i = p_i\,\mathbb E u,\qquad \mathbb E x_i^2 = p_i\,\mathbb E u^2,\qquad
/// \mathrm{Cov}(x_i, x_j) = \mathrm{Cov}(c_i, c_j)\,(\mathbb E u)^2 \quad (i \ne j),
/// ```
/// ```math
/// \mathbb E e^{s \sum_i w_i x_i} = \mathbb E \prod_i \varphi(s w_i)^{c_i}, \qquad
/// \varphi(s) = \mathbb E e^{su}.
/// ```
///
/// A sample draws all its switches from its stream first and then one magnitude per non-zero, in
/// increasing order of the features.
#[derive(Debug, Clone, PartialEq)]
pub struct Features<S, M = UnitUniform> {
    switches: S,
    magnitude: M,
}

impl Features<Independent, UnitUniform> {
    /// The data of the paper (section 2): `c_i ~ Bernoulli(probability)`, `u_i ~ U[0, 1]`, all
    /// independent.
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

impl<S: Switches, M: Magnitude> Law for Features<S, M> {
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

    fn cumulants(&self, feature: usize) -> Cumulants {
        self.magnitude.feature_cumulants(self.switches.probability(feature))
    }

    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        self.switches.joint_probability(features)
    }

    fn generating_function(&self, weights: &[f64], s: Complex<f64>) -> Option<Complex<f64>> {
        assert_eq!(weights.len(), self.features(), "one weight per feature");
        let factors: Option<Vec<_>> =
            weights.iter().map(|&weight| self.magnitude.generating_function(s * weight)).collect();
        self.switches.generating_function(&factors?)
    }

    fn parts(&self) -> Option<(&dyn Switches, &dyn Magnitude)> {
        Some((&self.switches, &self.magnitude))
    }

    fn spec(&self) -> LawSpec {
        LawSpec {
            features: self.features(),
            switches: self.switches.spec(),
            magnitude: self.magnitude.spec(),
        }
    }
}

#[cfg(feature = "sampling")]
impl<S: SampleSwitches, M: SampleMagnitude> Distribution for Features<S, M> {
    #[inline]
    fn sample<T: Scalar, R: Rng + ?Sized>(&self, rng: &mut R, indices: &mut Vec<u32>, values: &mut Vec<T>) {
        let start = indices.len();
        self.switches.sample(rng, indices);
        values.extend((start..indices.len()).map(|_| T::round_from(self.magnitude.sample(rng))));
    }
}
