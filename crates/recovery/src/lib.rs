#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod active;
mod amp;
mod basis_pursuit;
mod decoder;
mod error;
mod evolution;
mod l1;
mod lasso;
mod layers;
mod oamp;
mod omp;
mod operator;
mod prior;
mod quadrature;
mod sign;
mod table;
mod thresholding;

pub use amp::Amp;
pub use basis_pursuit::BasisPursuit;
pub use decoder::{Decoder, Limits, Outcome, Recovery, StopReason};
pub use error::{Error, Result};
pub use evolution::{Evolution, Threshold, fixed_points, threshold};
pub use l1::{donoho_tanner, donoho_tanner_sparsity, l1_loss};
pub use lasso::Lasso;
pub use oamp::Oamp;
pub use omp::{BatchOmp, Omp};
pub use operator::{Dense, LinearOperator, RugOperator};
pub use prior::{Belief, Prior, SparsePrior};
pub use sign::Sign;
pub use thresholding::HardThresholding;
