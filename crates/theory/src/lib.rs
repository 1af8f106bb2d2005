#![doc = include_str!("../README.md")]

mod averages;
mod channel;
mod check;
mod envelope;
mod error;
mod exact;
mod feature;
mod magnitude;
mod mean_field;
mod optimum;
mod product;
mod quadrature;
mod scaling;
mod statistics;
mod tail;
mod terms;
mod welch;

pub use channel::Channel;
pub use check::{Check, check, check_product};
pub use envelope::{Envelope, Mixture, envelope};
pub use error::{Error, Result};
pub use exact::{
    EdgeworthLoss, ExactLoss, ExactObjective, Probability, RowGradient, SampledLoss, edgeworth_row_loss,
    exact_gradient, exact_loss, exact_loss_of_rows, exact_losses, exact_model_loss, exact_row_gradient,
    exact_row_loss,
};
pub use feature::{ChannelGradient, Feature, Loss, LossGradient};
pub use magnitude::{Interval, Magnitude, UnitUniform};
pub use mean_field::MeanField;
pub use optimum::{Optimum, Regime, optimum, optimum_at_ratio, phase_map};
pub use quadrature::{Density, Points, exponential};
pub use scaling::{
    CONDITIONAL_VARIANCE, Exponents, asymptotic_loss, blind_optimum, lower_bound, off_bound, screening_bias,
    sparse_scale, upper_bound,
};
pub use statistics::{PaperCode, Row, Spread, Statistics};
pub use tail::RectifiedMoments;
pub use terms::Terms;
pub use welch::{WelchCheck, initial_loss, linear_loss, welch_check, welch_sigma};
