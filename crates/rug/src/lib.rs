#![doc = include_str!("../README.md")]

mod error;
mod hadamard;
mod kernels;
mod matrix_free;
mod persian;
mod sets;
mod statistics;
mod transform;

pub use error::{Error, Result};
pub use hadamard::{hadamard_entry, hadamard_matrix, transform_naive};
pub use kernels::Scalar;
pub use matrix_free::MatrixFreeRug;
pub use persian::PersianRug;
pub use statistics::{Cumulants, Span, Statistics, welch_coherence};
pub use transform::{transform, transform_columns, transform_into, transform_rows};
