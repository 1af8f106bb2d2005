//! The integration tests in one binary, since linking takes longer than most of them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod any_model;
mod learning_coefficient;
mod mean_field;
mod memory;
mod resume;
