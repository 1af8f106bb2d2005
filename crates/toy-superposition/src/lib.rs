#![doc = include_str!("../README.md")]

#[cfg(feature = "designs")]
pub mod designs;
#[cfg(feature = "sweep")]
pub mod sweep;

#[cfg(feature = "data")]
#[doc(inline)]
pub use toy_superposition_data as data;
#[cfg(feature = "figures")]
#[doc(inline)]
pub use toy_superposition_figures as figures;
#[cfg(feature = "files")]
#[doc(inline)]
pub use toy_superposition_files as files;
#[cfg(feature = "model")]
#[doc(inline)]
pub use toy_superposition_model as model;
#[cfg(feature = "optim")]
#[doc(inline)]
pub use toy_superposition_optim as optim;
#[cfg(feature = "rug")]
#[doc(inline)]
pub use toy_superposition_rug as rug;
#[cfg(feature = "theory")]
#[doc(inline)]
pub use toy_superposition_theory as theory;
#[cfg(feature = "train")]
#[doc(inline)]
pub use toy_superposition_train as train;
