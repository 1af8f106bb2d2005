//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(feature = "models")]
mod attribution;
#[cfg(feature = "models")]
mod bits;
#[cfg(feature = "models")]
mod check;
mod decoders;
#[cfg(feature = "models")]
mod dependence;
#[cfg(feature = "models")]
mod exact;
mod gaussian;
mod gaussianity;
mod geometry;
#[cfg(feature = "models")]
mod importance;
mod laws;
mod magnitude;
mod magnitudes;
#[cfg(feature = "models")]
mod mean_field;
#[cfg(feature = "models")]
mod memory;
#[cfg(feature = "models")]
mod one_short;
mod optimum;
mod polygon;
mod scaling;
mod smooth;
mod units;
mod wide;

/// The product of a matrix and a bias.
fn product_of(w: &nalgebra::DMatrix<f64>, bias: &[f64]) -> toy_superposition_theory::Product {
    toy_superposition_theory::Product::from_matrix(w, bias).unwrap()
}
