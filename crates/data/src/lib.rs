#![doc = include_str!("../README.md")]

mod distribution;
mod error;
mod exactly;
mod graph;
mod groups;
mod independent;
mod magnitude;
mod moments;
mod pairs;
mod sampler;
mod scalar;
mod sparse;
mod stream;
mod trials;

pub use distribution::{Distribution, Features, Switches};
pub use error::{Error, Result};
pub use exactly::Exactly;
pub use graph::{Edge, Graph};
pub use groups::Groups;
pub use independent::Independent;
pub use magnitude::{Constant, Magnitude, UnitUniform, WithMoments};
pub use moments::Moments;
pub use pairs::Pairs;
pub use sampler::{Sampler, sample_dense, sample_into};
pub use scalar::Scalar;
pub use sparse::SparseBatch;
pub use stream::sample_rng;
