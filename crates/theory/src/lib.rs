#![doc = include_str!("../README.md")]

mod averages;
mod channel;
mod check;
mod error;
mod exact;
mod feature;
mod magnitude;
mod optimum;
mod statistics;
mod tail;
mod terms;
mod welch;

pub use channel::Channel;
pub use check::{Check, check, check_product};
pub use error::{Error, Result};
pub use exact::{ExactLoss, Probability, exact_row_loss};
pub use feature::{Feature, Loss, LossGradient};
pub use magnitude::{Interval, Magnitude, UnitUniform};
pub use optimum::{Optimum, Regime, optimum, optimum_at_ratio, phase_map};
pub use statistics::{PaperCode, Row, Spread, Statistics};
pub use tail::RectifiedMoments;
pub use terms::Terms;
pub use welch::{WelchCheck, initial_loss, linear_loss, welch_check, welch_sigma};
