//! How strongly a feature is on: the magnitude `u` of `x = c u`, independent of the switch `c`.

#[cfg(feature = "sampling")]
use rand::Rng;

use nalgebra::Complex;

use crate::{Cumulants, Error, MagnitudeSpec, Result};

/// The law of a magnitude `u`: its moments and, where they have a closed form, its density and
/// generating function.
///
/// The paper's magnitude is [`UnitUniform`]. Other laws of this crate are
/// [`Interval`](crate::Interval), [`Constant`](crate::Constant),
/// [`Exponential`](crate::Exponential), [`Points`](crate::Points), and [`WithMoments`] for anything
/// that implements `rand_distr::Distribution<f64>`. Or implement the trait for a type of your own.
///
/// The exact losses of the crate `theory` need the following from a user-defined implementation: a
/// [`density`](Self::density) that is smooth between its [`breaks`](Self::breaks), its
/// [`support`](Self::support) and, if the support is unbounded, the second of its
/// [`raw_moments`](Self::raw_moments).
pub trait Magnitude: Sync {
    /// The first four raw moments, `[E u, E u², E u³, E u⁴]`.
    fn raw_moments(&self) -> [f64; 4];

    /// `E u`.
    fn mean(&self) -> f64 {
        self.raw_moments()[0]
    }

    /// `E u²`.
    fn second_moment(&self) -> f64 {
        self.raw_moments()[1]
    }

    /// The cumulants of `x = c u` with `P[c = 1] = probability`.
    fn feature_cumulants(&self, probability: f64) -> Cumulants {
        Cumulants::of_feature(probability, self.raw_moments())
    }

    /// An interval `[least, greatest]` that holds every possible `u`; its ends may be infinite.
    fn support(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The density at `u`. `None` for a law that has no density or does not implement it.
    fn density(&self, _u: f64) -> Option<f64> {
        None
    }

    /// The points inside the support, in increasing order, where the density or one of its
    /// derivatives jumps; between them the density is smooth. The list is empty for most laws.
    fn breaks(&self) -> Vec<f64> {
        Vec::new()
    }

    /// The distribution function `P[u ≤ at]`. `None` for a law that does not implement it.
    fn distribution_function(&self, _at: f64) -> Option<f64> {
        None
    }

    /// `E e^{su}`; the characteristic function at `t` is its value at `s = it`.
    ///
    /// `None` where it does not converge, and for a law without a closed form.
    fn generating_function(&self, _s: Complex<f64>) -> Option<Complex<f64>> {
        None
    }

    /// The law as data.
    fn spec(&self) -> MagnitudeSpec;
}

/// A magnitude that samples can be drawn from.
#[cfg(feature = "sampling")]
pub trait SampleMagnitude: Magnitude {
    /// Draws one magnitude.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64;
}

/// The paper's magnitude, `u ~ U[0, 1]` (section 2): mean 1/2, second moment 1/3. Samples lie
/// strictly between 0 and 1.
///
/// ```
/// use toy_superposition_data::{Magnitude, UnitUniform};
/// assert_eq!(UnitUniform.raw_moments(), [1.0 / 2.0, 1.0 / 3.0, 1.0 / 4.0, 1.0 / 5.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitUniform;

impl Magnitude for UnitUniform {
    fn raw_moments(&self) -> [f64; 4] {
        [0.5, 1.0 / 3.0, 0.25, 0.2]
    }

    fn feature_cumulants(&self, probability: f64) -> Cumulants {
        Cumulants::of_unit_uniform(probability)
    }

    fn support(&self) -> (f64, f64) {
        (0.0, 1.0)
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some(if (0.0..=1.0).contains(&u) { 1.0 } else { 0.0 })
    }

    fn distribution_function(&self, at: f64) -> Option<f64> {
        Some(at.clamp(0.0, 1.0))
    }

    fn generating_function(&self, s: Complex<f64>) -> Option<Complex<f64>> {
        Some(mean_exponential(s))
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Uniform {}
    }
}

#[cfg(feature = "sampling")]
impl SampleMagnitude for UnitUniform {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        crate::stream::unit(rng)
    }
}

/// A user-defined law: a name, its first four moments and, to draw from it, a distribution `D` of
/// [`rand_distr`].
///
/// ```
/// use toy_superposition_data::{Magnitude, WithMoments};
/// let beta = WithMoments::new("beta(2, 3)", rand_distr::Beta::new(2.0, 3.0)?, [0.4, 0.2, 4.0 / 35.0, 1.0 / 14.0])?;
/// assert_eq!(beta.mean(), 0.4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WithMoments<D> {
    #[cfg_attr(not(feature = "sampling"), allow(dead_code))]
    distribution: D,
    name: String,
    moments: [f64; 4],
}

impl<D> WithMoments<D> {
    /// The law `distribution`, with the moments `moments[k − 1] = E uᵏ`. The caller must ensure
    /// that these are the moments of `distribution` and that `name` identifies it: two runs with
    /// the same name, moments and other settings count as the same run.
    ///
    /// # Errors
    /// [`Error::Moments`] for moments that no magnitude can have, and for those of a magnitude that
    /// is always 0.
    pub fn new(name: impl Into<String>, distribution: D, moments: [f64; 4]) -> Result<Self> {
        Ok(Self { distribution, name: name.into(), moments: checked_moments(moments)? })
    }
}

impl<D: Sync> Magnitude for WithMoments<D> {
    fn raw_moments(&self) -> [f64; 4] {
        self.moments
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Custom { name: self.name.clone(), moments: Some(self.moments) }
    }
}

#[cfg(feature = "sampling")]
impl<D: rand_distr::Distribution<f64> + Sync> SampleMagnitude for WithMoments<D> {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        self.distribution.sample(rng)
    }
}

/// Returns the moments, or an error if they are not finite or violate, by more than rounding,
/// `E u² > 0` or one of the Cauchy–Schwarz inequalities `(E u)² ≤ E u²`, `(E u²)² ≤ E u⁴`,
/// `(E u³)² ≤ E u² E u⁴`.
pub(crate) fn checked_moments(moments: [f64; 4]) -> Result<[f64; 4]> {
    let [m1, m2, m3, m4] = moments;
    let at_least = |greater: f64, less: f64| greater * (1.0 + 1e-12) >= less;
    let possible = moments.iter().all(|moment| moment.is_finite())
        && m2 > 0.0
        && at_least(m2, m1 * m1)
        && at_least(m4, m2 * m2)
        && at_least(m4, m3 / m2 * m3);
    if possible { Ok(moments) } else { Err(Error::Moments { moments }) }
}

/// `(eᶻ − 1)/z = ∫₀¹ e^{zu} du`, computed without cancellation near 0.
pub(crate) fn mean_exponential(z: Complex<f64>) -> Complex<f64> {
    if z == Complex::ZERO {
        return Complex::ONE;
    }
    let half_sine = (0.5 * z.im).sin();
    let less_one = libm::expm1(z.re) * z.im.cos() - 2.0 * half_sine * half_sine;
    Complex::new(less_one, z.re.exp() * z.im.sin()) / z
}
