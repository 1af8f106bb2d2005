#![doc = include_str!("../README.md")]

mod error;
mod hadamard;
mod kernels;
mod transform;

pub use error::{Error, Result};
pub use hadamard::{hadamard_entry, hadamard_matrix, transform_naive};
pub use kernels::Scalar;
pub use transform::transform;
