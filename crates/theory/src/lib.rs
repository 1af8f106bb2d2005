#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "models")]
mod blocks;
mod check;
mod error;
mod estimators;
mod exact;
mod gaussian;
mod magnitude;
mod one_short;
mod product;
mod quadrature;
mod sample;

pub use check::{
    Attribution, Check, Cluster, Gaussianity, Geometry, NormalTest, PaperCode, Polytope, Representation, Row,
    Spread, Statistics, check_product, feature_excess_kurtosis, lilliefors, lilliefors_p_value,
    lyapunov_factor,
};
#[cfg(feature = "models")]
pub use check::{LawCheck, check, check_law, check_rows};
pub use error::{Error, Result};
pub use estimators::{
    Decoders, JumpRelu, Posterior, ThresholdOptimum, bayes_loss, decoders, decoders_at_ratio, oracle_loss,
    relative_decoders, threshold_optimum,
};
pub use exact::{
    CountedLoss, EdgeworthLoss, ExactLoss, FeatureLaw, RowGradient, SampledLoss, edgeworth_row_loss,
    exact_gradient, exact_loss, exact_loss_of_rows, exact_losses, exact_row_gradient, exact_row_loss,
    polygon_loss, weighted_exact_gradient, weighted_exact_loss,
};
#[cfg(feature = "models")]
pub use exact::{ExactObjective, exact_model_loss};
#[cfg(feature = "models")]
pub use gaussian::MeanField;
pub use gaussian::{
    Allocation, CONDITIONAL_VARIANCE, Channel, ChannelGradient, Envelope, Exponents, Feature, Loss,
    LossGradient, Mixture, Optimum, RectifiedMoments, Regime, Spectrum, Terms, WelchCheck, asymptotic_loss,
    blind_optimum, envelope, initial_loss, linear_loss, lower_bound, off_bound, optimum, optimum_at_ratio,
    phase_map, principal_components, screening_bias, sparse_scale, upper_bound, welch_check, welch_sigma,
};
pub use magnitude::Integrable;
pub use one_short::{Sacrifice, antipodal_above, one_short};
pub use product::Product;
pub use quadrature::Density;
pub use toy_superposition_data::{Constant, Exponential, Interval, Magnitude, Points, UnitUniform};
