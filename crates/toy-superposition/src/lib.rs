#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The matrices in the interfaces of all crates, in the version that they use.
#[cfg(feature = "data")]
pub use nalgebra;
/// The random number generators that samplers take, in the version that they take.
#[cfg(feature = "model")]
pub use rand;

/// Networks that compute functions of features in superposition.
#[cfg(feature = "computation")]
#[doc(inline)]
pub use toy_superposition_computation as computation;
/// What features look like: laws with exact moments, and samples of them by counted streams.
#[cfg(feature = "data")]
#[doc(inline)]
pub use toy_superposition_data as data;
/// Which weights lose least: every design at its best, mixtures, the search, and the atlas of the
/// best known.
#[cfg(feature = "designs")]
#[doc(inline)]
pub use toy_superposition_designs as designs;
/// Figures from plain numbers, as PNG and SVG.
#[cfg(feature = "figures")]
#[doc(inline)]
pub use toy_superposition_figures as figures;
/// Files that are written whole or not at all.
#[cfg(feature = "files")]
#[doc(inline)]
pub use toy_superposition_files as files;
/// The autoencoder: loss, analytic gradients, activations, weight files.
#[cfg(feature = "model")]
#[doc(inline)]
pub use toy_superposition_model as model;
/// Adam, SGD, L-BFGS, schedules and stop rules, on slices.
#[cfg(feature = "optim")]
#[doc(inline)]
pub use toy_superposition_optim as optim;
/// Decoders of more than one layer, and state evolution.
#[cfg(feature = "recovery")]
#[doc(inline)]
pub use toy_superposition_recovery as recovery;
/// Weights that are made: the Persian rug, fast transforms, frames and strongly regular graphs.
#[cfg(feature = "rug")]
#[doc(inline)]
pub use toy_superposition_rug as rug;
/// An experiment at every cell of a grid, resumable after any kill.
#[cfg(feature = "sweep")]
#[doc(inline)]
pub use toy_superposition_sweep as sweep;
/// The model solved on paper, and the check of any weights against it. Start with
/// [`optimum_at_ratio`](theory::optimum_at_ratio) and [`check`](theory::check()).
#[cfg(feature = "theory")]
#[doc(inline)]
pub use toy_superposition_theory as theory;
/// Recipes, trainers and checkpoints.
#[cfg(feature = "train")]
#[doc(inline)]
pub use toy_superposition_train as train;
