#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod any;
mod blocks;
mod cumulants;
mod elimination;
mod error;
mod exactly;
mod graph;
mod groups;
mod independent;
mod law;
mod magnitude;
mod magnitudes;
mod moments;
mod pairs;
pub mod parallel;
#[cfg(feature = "sampling")]
mod sampler;
mod scalar;
#[cfg(feature = "sampling")]
mod sparse;
mod spec;
#[cfg(feature = "sampling")]
mod stream;
mod switches;
#[cfg_attr(not(feature = "sampling"), allow(dead_code))]
mod trials;

pub use any::{AnyLaw, AnyMagnitude, AnySwitches};
pub use blocks::{Block, Factor, Message, Sum};
pub use cumulants::Cumulants;
pub use error::{Error, Result};
pub use exactly::Exactly;
pub use graph::{Edge, Graph};
pub use groups::Groups;
pub use independent::Independent;
#[cfg(feature = "sampling")]
pub use law::Distribution;
pub use law::{Features, Law};
#[cfg(feature = "sampling")]
pub use magnitude::SampleMagnitude;
pub use magnitude::{Magnitude, UnitUniform, WithMoments};
pub use magnitudes::{Constant, Exponential, Interval, Points};
pub use moments::Moments;
pub use pairs::Pairs;
#[cfg(feature = "sampling")]
pub use sampler::{Sampler, sample_dense, sample_into};
pub use scalar::{FloatsMut, Scalar};
#[cfg(feature = "sampling")]
pub use sparse::SparseBatch;
pub use spec::{LawSpec, MagnitudeSpec, PerFeature, SwitchesSpec};
#[cfg(feature = "sampling")]
pub use stream::{SampleRange, Stream, standard_normal};
#[cfg(feature = "sampling")]
pub use switches::SampleSwitches;
pub use switches::Switches;
