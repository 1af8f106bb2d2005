#![doc = include_str!("../README.md")]

#[cfg(feature = "computation")]
#[doc(inline)]
pub use toy_superposition_computation as computation;
#[cfg(feature = "data")]
#[doc(inline)]
pub use toy_superposition_data as data;
#[cfg(feature = "designs")]
#[doc(inline)]
pub use toy_superposition_designs as designs;
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
#[cfg(feature = "recovery")]
#[doc(inline)]
pub use toy_superposition_recovery as recovery;
#[cfg(feature = "rug")]
#[doc(inline)]
pub use toy_superposition_rug as rug;
#[cfg(feature = "sweep")]
#[doc(inline)]
pub use toy_superposition_sweep as sweep;
#[cfg(feature = "theory")]
#[doc(inline)]
pub use toy_superposition_theory as theory;
#[cfg(feature = "train")]
#[doc(inline)]
pub use toy_superposition_train as train;
