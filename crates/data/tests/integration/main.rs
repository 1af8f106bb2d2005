//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(feature = "sampling")]
mod errors;
mod laws;
#[cfg(feature = "sampling")]
mod sampling;
#[cfg(feature = "serde")]
mod spec;
#[cfg(feature = "sampling")]
mod statistics;
#[cfg(feature = "sampling")]
mod value_stability;
