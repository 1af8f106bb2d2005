#![doc = include_str!("../README.md")]

mod attribution;
mod averages;
#[cfg(feature = "models")]
mod blocks;
mod channel;
mod check;
mod decoder;
mod envelope;
mod error;
mod exact;
mod feature;
mod gaussianity;
mod magnitude;
#[cfg(feature = "models")]
mod mean_field;
mod normality;
mod optimum;
mod quadrature;
mod scaling;
mod statistics;
mod tail;
mod terms;
mod welch;

pub use attribution::Attribution;
pub use channel::Channel;
pub use check::{Check, check_product};
#[cfg(feature = "models")]
pub use check::{check, check_rows};
pub use decoder::{
    Decoders, JumpRelu, Posterior, ThresholdOptimum, bayes_loss, decoders, decoders_at_ratio, oracle_loss,
    relative_decoders, threshold_optimum,
};
pub use envelope::{Envelope, Mixture, envelope};
pub use error::{Error, Result};
pub use exact::{
    EdgeworthLoss, ExactLoss, Probability, RowGradient, SampledLoss, edgeworth_row_loss, exact_gradient,
    exact_loss, exact_loss_of_rows, exact_losses, exact_row_gradient, exact_row_loss,
};
#[cfg(feature = "models")]
pub use exact::{ExactObjective, exact_model_loss};
pub use feature::{ChannelGradient, Feature, Loss, LossGradient};
pub use gaussianity::{Gaussianity, feature_excess_kurtosis, lyapunov_factor};
pub use magnitude::{Interval, Magnitude, UnitUniform};
#[cfg(feature = "models")]
pub use mean_field::MeanField;
pub use normality::{NormalTest, lilliefors, lilliefors_p_value};
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
