#![doc = include_str!("../README.md")]

#[cfg(feature = "sampling")]
mod distribution;
mod error;
#[cfg(feature = "sampling")]
mod exactly;
#[cfg(feature = "sampling")]
mod graph;
#[cfg(feature = "sampling")]
mod groups;
#[cfg(feature = "sampling")]
mod independent;
#[cfg(feature = "sampling")]
mod magnitude;
mod moments;
#[cfg(feature = "sampling")]
mod pairs;
#[cfg(feature = "sampling")]
mod sampler;
mod scalar;
#[cfg(feature = "sampling")]
mod sparse;
#[cfg(feature = "sampling")]
mod stream;
#[cfg(feature = "sampling")]
mod trials;

#[cfg(feature = "sampling")]
pub use distribution::{Distribution, Features, Switches};
pub use error::{Error, Result};
#[cfg(feature = "sampling")]
pub use exactly::Exactly;
#[cfg(feature = "sampling")]
pub use graph::{Edge, Graph};
#[cfg(feature = "sampling")]
pub use groups::Groups;
#[cfg(feature = "sampling")]
pub use independent::Independent;
#[cfg(feature = "sampling")]
pub use magnitude::{Constant, Magnitude, UnitUniform, WithMoments};
pub use moments::Moments;
#[cfg(feature = "sampling")]
pub use pairs::Pairs;
#[cfg(feature = "sampling")]
pub use sampler::{Sampler, sample_dense, sample_into};
pub use scalar::Scalar;
#[cfg(feature = "sampling")]
pub use sparse::SparseBatch;
#[cfg(feature = "sampling")]
pub use stream::{SampleRange, Stream};
