#![doc = include_str!("../README.md")]

mod error;
mod hadamard;
mod kernels;
mod persian;
mod transform;

pub use error::{Error, Result};
pub use hadamard::{hadamard_entry, hadamard_matrix, transform_naive};
pub use kernels::Scalar;
pub use persian::PersianRug;
pub use transform::{transform, transform_columns, transform_into, transform_rows};
