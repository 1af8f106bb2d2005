//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod lbfgs;
mod pytorch;
mod sgld;
mod state;
mod stop;
#[cfg(feature = "serde")]
mod written;
