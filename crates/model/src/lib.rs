#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod activation;
mod attachments;
mod attack;
mod autoencoder;
mod error;
mod evaluation;
mod initialisation;
mod loss;
mod memory;
mod names;
mod objective;
mod parameters;
pub mod plain;
mod product;
mod scalar;
mod step;
mod tensors;
mod weights;

pub use activation::{Activation, Threshold};
pub use attachments::{Attachments, Vector};
pub use attack::{Attack, attack};
pub use autoencoder::Autoencoder;
pub use error::{Cause, Error, Result};
pub use evaluation::{Estimate, sampled_loss};
pub use initialisation::Initialisation;
pub use loss::MinibatchLoss;
pub use memory::check_memory;
pub use names::Names;
pub use objective::{BatchObjective, Model, Objective, Stochastic};
pub use parameters::{Parameters, Shape};
pub use product::multiply;
pub use scalar::Scalar;
pub use weights::Weights;
