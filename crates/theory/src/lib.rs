#![doc = include_str!("../README.md")]

mod averages;
mod channel;
mod error;
mod feature;
mod magnitude;
mod tail;
mod terms;

pub use channel::Channel;
pub use error::{Error, Result};
pub use feature::{Feature, Loss, LossGradient};
pub use magnitude::{Interval, Magnitude, UnitUniform};
pub use tail::RectifiedMoments;
pub use terms::Terms;
