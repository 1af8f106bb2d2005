#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod design;
mod encoder;
mod error;
mod field;
mod frame;
mod graphs;
mod hadamard;
mod kernels;
mod matrix_free;
mod orbits;
mod orders;
mod persian;
mod quadric;
mod sets;
mod statistics;
mod sum;
mod transform;

pub use design::{Class, Design, Diagnostics, RowMean, Setting, mean_over_rows};
pub use encoder::RugEncoder;
pub use error::{Error, Result};
pub use frame::Frame;
pub use graphs::{
    Eigenspace, EigenspaceFrame, Eigenvalue, GraphError, KnownGraph, Parameters, Spectrum, StronglyRegular,
};
pub use hadamard::{hadamard_entry, hadamard_matrix, transform_naive};
pub use matrix_free::MatrixFreeRug;
pub use orbits::Orbits;
pub use orders::{Construction, conference_matrix, construction, hadamard_of_order};
pub use persian::PersianRug;
pub use statistics::{Aliasing, Span, Statistics, welch_coherence};
pub use sum::{BoxedDesign, DirectSum, Dropped, Lossless};
pub use toy_superposition_data::Cumulants;
pub use transform::{transform, transform_columns, transform_into, transform_rows};
