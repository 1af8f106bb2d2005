#![doc = include_str!("../README.md")]

mod amp;
mod decoder;
mod error;
mod evolution;
mod l1;
mod layers;
mod oamp;
mod operator;
mod prior;
mod quadrature;
mod table;

pub use decoder::{Decoder, Limits, Outcome, Recovery, StopReason};
pub use error::{Error, Result};
pub use oamp::Oamp;
pub use amp::Amp;
pub use evolution::{Evolution, Threshold, fixed_points, threshold};
pub use l1::{Sign, donoho_tanner, donoho_tanner_sparsity, l1_loss};
pub use operator::{Dense, LinearOperator, RugOperator};
pub use prior::{Belief, Prior, SparsePrior};
