//! How strongly a feature is on: the magnitude `u` of `x = c u`, independent of the switch `c`.

use rand::Rng;

use crate::stream::unit;
use crate::{Error, Result};

/// The law of a magnitude `u`, with its exact first two moments.
pub trait Magnitude: Sync {
    /// `E u`.
    fn mean(&self) -> f64;

    /// `E u²`.
    fn second_moment(&self) -> f64;

    /// One magnitude.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64;
}

/// The paper's magnitude, `u ~ U[0, 1]` (section 2): mean 1/2, second moment 1/3. The ends do not occur in `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitUniform;

impl Magnitude for UnitUniform {
    fn mean(&self) -> f64 {
        0.5
    }

    fn second_moment(&self) -> f64 {
        1.0 / 3.0
    }

    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        unit(rng)
    }
}

/// A magnitude that is always the same number; it draws nothing from the RNG.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant(f64);

impl Constant {
    /// The magnitude `value`.
    ///
    /// # Errors
    /// [`Error::Moments`] unless `value` is finite and its square neither overflows nor is zero.
    pub fn new(value: f64) -> Result<Self> {
        checked(value, value * value).map(|_| Self(value))
    }
}

impl Magnitude for Constant {
    fn mean(&self) -> f64 {
        self.0
    }

    fn second_moment(&self) -> f64 {
        self.0 * self.0
    }

    #[inline]
    fn sample<R: Rng + ?Sized>(&self, _: &mut R) -> f64 {
        self.0
    }
}

/// Any distribution of [`rand_distr`], together with its moments, which that crate does not know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WithMoments<D> {
    distribution: D,
    mean: f64,
    second_moment: f64,
}

impl<D: rand_distr::Distribution<f64> + Sync> WithMoments<D> {
    /// `distribution`, whose mean is `mean = E u` and whose second moment is `second_moment = E u²` (not the
    /// variance). That they are those of `distribution` is the caller's promise.
    ///
    /// # Errors
    /// [`Error::Moments`] unless both are finite, `second_moment > 0` and `second_moment ≥ mean²`.
    pub fn new(distribution: D, mean: f64, second_moment: f64) -> Result<Self> {
        checked(mean, second_moment).map(|(mean, second_moment)| Self { distribution, mean, second_moment })
    }
}

impl<D: rand_distr::Distribution<f64> + Sync> Magnitude for WithMoments<D> {
    fn mean(&self) -> f64 {
        self.mean
    }

    fn second_moment(&self) -> f64 {
        self.second_moment
    }

    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.distribution.sample(rng)
    }
}

fn checked(mean: f64, second_moment: f64) -> Result<(f64, f64)> {
    // A NaN fails both comparisons; an infinite mean has an infinite square.
    let possible = second_moment > 0.0 && second_moment >= mean * mean && second_moment.is_finite();
    if possible { Ok((mean, second_moment)) } else { Err(Error::Moments { mean, second_moment }) }
}
