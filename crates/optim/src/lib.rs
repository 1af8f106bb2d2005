#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod adam;
mod clip;
mod error;
mod lbfgs;
mod line_search;
mod optimizer;
mod real;
mod schedule;
mod sgd;
mod sgld;
mod stop;
mod trend;
mod update;

pub use adam::{Adam, AdamConfig, WeightDecay};
pub use clip::{clip_norm, clip_value};
pub use error::{Error, Result};
pub use lbfgs::{Lbfgs, LbfgsConfig, Minimum, Outcome};
pub use line_search::LineSearchFailure;
pub use optimizer::{Optimizer, OptimizerConfig, State};
pub use real::Real;
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdConfig};
pub use sgld::{Place, Sgld, SgldConfig};
pub use stop::{StopReason, StopRule, Stopper};
pub use update::Update;
