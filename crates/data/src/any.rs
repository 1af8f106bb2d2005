//! Laws whose kind is known only at run time, as [`LawSpec::build`](crate::LawSpec::build) makes
//! them.

use nalgebra::Complex;
#[cfg(feature = "sampling")]
use rand::Rng;

use crate::{
    Block, Constant, Cumulants, Exactly, Exponential, Features, Graph, Groups, Independent, Interval,
    Magnitude, MagnitudeSpec, Pairs, Points, Result, Switches, SwitchesSpec, UnitUniform,
};
#[cfg(feature = "sampling")]
use crate::{SampleMagnitude, SampleSwitches};

/// A law whose switches and magnitudes are known only at run time, as
/// [`LawSpec::build`](crate::LawSpec::build) makes it.
pub type AnyLaw = Features<AnySwitches, AnyMagnitude>;

/// One of the crate's laws of switches, chosen at run time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnySwitches {
    /// Independent switches.
    Independent(Independent),
    /// A fixed number of features on.
    Exactly(Exactly),
    /// Correlated pairs.
    Pairs(Pairs),
    /// Groups that switch together.
    Groups(Box<Groups<AnySwitches>>),
    /// Switches correlated along a graph.
    Graph(Graph),
}

impl AnySwitches {
    fn inner(&self) -> &dyn Switches {
        match self {
            Self::Independent(law) => law,
            Self::Exactly(law) => law,
            Self::Pairs(law) => law,
            Self::Groups(law) => law.as_ref(),
            Self::Graph(law) => law,
        }
    }
}

impl Switches for AnySwitches {
    fn features(&self) -> usize {
        self.inner().features()
    }

    fn probability(&self, feature: usize) -> f64 {
        self.inner().probability(feature)
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        self.inner().covariance(i, j)
    }

    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        self.inner().joint_probability(features)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        self.inner().blocks()
    }

    fn spec(&self) -> SwitchesSpec {
        self.inner().spec()
    }
}

#[cfg(feature = "sampling")]
impl SampleSwitches for AnySwitches {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        match self {
            Self::Independent(law) => law.sample(rng, on),
            Self::Exactly(law) => law.sample(rng, on),
            Self::Pairs(law) => law.sample(rng, on),
            Self::Groups(law) => law.sample(rng, on),
            Self::Graph(law) => law.sample(rng, on),
        }
    }
}

/// One of the crate's laws of magnitudes, chosen at run time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnyMagnitude {
    /// `U[0, 1]`.
    Uniform(UnitUniform),
    /// Uniform on an interval.
    Interval(Interval),
    /// A constant.
    Constant(Constant),
    /// The exponential law.
    Exponential(Exponential),
    /// Finitely many values.
    Points(Points),
}

impl AnyMagnitude {
    fn inner(&self) -> &dyn Magnitude {
        match self {
            Self::Uniform(law) => law,
            Self::Interval(law) => law,
            Self::Constant(law) => law,
            Self::Exponential(law) => law,
            Self::Points(law) => law,
        }
    }
}

impl Magnitude for AnyMagnitude {
    fn raw_moments(&self) -> [f64; 4] {
        self.inner().raw_moments()
    }

    fn feature_cumulants(&self, probability: f64) -> Cumulants {
        self.inner().feature_cumulants(probability)
    }

    fn support(&self) -> (f64, f64) {
        self.inner().support()
    }

    fn density(&self, u: f64) -> Option<f64> {
        self.inner().density(u)
    }

    fn distribution_function(&self, at: f64) -> Option<f64> {
        self.inner().distribution_function(at)
    }

    fn generating_function(&self, s: Complex<f64>) -> Option<Complex<f64>> {
        self.inner().generating_function(s)
    }

    fn spec(&self) -> MagnitudeSpec {
        self.inner().spec()
    }
}

#[cfg(feature = "sampling")]
impl SampleMagnitude for AnyMagnitude {
    #[inline]
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        match self {
            Self::Uniform(law) => law.sample(rng),
            Self::Interval(law) => law.sample(rng),
            Self::Constant(law) => law.sample(rng),
            Self::Exponential(law) => law.sample(rng),
            Self::Points(law) => law.sample(rng),
        }
    }
}
