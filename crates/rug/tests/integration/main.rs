//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bits;
mod designs;
mod graphs;
mod persian;
