//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod engine;
mod grid;
#[cfg(feature = "figures")]
mod paper;
