#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod architecture;
mod baselines;
mod circuit;
mod embedding;
mod error;
mod files;
mod fresh;
mod joint;
mod labels;
mod loss;
mod network;
mod pass;
pub mod plain;
mod probe;
mod product;
mod target;
mod training;

pub use architecture::{Architecture, Readout, Stack};
pub use baselines::{ElementwiseBaselines, Offset, TargetMoments, kept_apart, random_directions};
pub use embedding::EmbeddingKind;
pub use error::{Error, Result};
pub use fresh::{FreshSamples, OnBatch, trainer};
pub use joint::{Joint, Rule};
pub use labels::WithLinear;
pub use loss::NetworkLoss;
pub use network::Network;
pub use probe::LinearProbe;
pub use target::{Elementwise, Function, Target, evaluate_dense};
pub use training::Training;
