//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod activation;
mod attack;
mod bits;
mod gradient;
mod initialisation;
mod memory;
mod weights;
#[cfg(feature = "serde")]
mod written;
