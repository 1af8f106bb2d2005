//! The model with Gaussian interference: losses in closed form, their optimum, bounds and scalings,
//! and the same loss as a function of all weights.

pub(crate) mod averages;
pub(crate) mod channel;
pub(crate) mod envelope;
pub(crate) mod feature;
pub(crate) mod importance;
pub(crate) mod line;
#[cfg(feature = "models")]
pub(crate) mod mean_field;
pub(crate) mod optimum;
pub(crate) mod parts;
pub(crate) mod scaling;
pub(crate) mod spectrum;
pub(crate) mod tail;
pub(crate) mod terms;
pub(crate) mod welch;

pub use channel::Channel;
pub use envelope::{Envelope, Mixture, envelope};
pub use feature::{ChannelGradient, Feature, Loss, LossGradient};
pub use importance::Allocation;
#[cfg(feature = "models")]
pub use mean_field::MeanField;
pub use optimum::{Optimum, Regime, optimum, optimum_at_ratio, phase_map};
pub use scaling::{
    CONDITIONAL_VARIANCE, Exponents, asymptotic_loss, blind_optimum, lower_bound, off_bound, screening_bias,
    sparse_scale, upper_bound,
};
pub use spectrum::{Spectrum, principal_components};
pub use tail::RectifiedMoments;
pub use terms::Terms;
pub use welch::{WelchCheck, initial_loss, linear_loss, welch_check, welch_sigma};
