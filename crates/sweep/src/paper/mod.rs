//! The paper's experiment: trained models, rugs, mean-field models, the linear optimum and the
//! theory at each cell.

mod experiment;
#[cfg(feature = "figures")]
pub mod figures;
mod record;

pub use experiment::{Model, Superposition, random_rug};
pub use record::Record;
