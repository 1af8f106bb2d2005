//! The interface of an optimizer, and its state as plain data.
//!
//! An optimizer maps parameters `θ`, a gradient `g` and a learning rate `η` to new parameters,
//! where `θ` and `g` are slices of one fixed length. Between steps it keeps a step count and named
//! slots of that same length.

use std::fmt::Debug;

use crate::{
    adam::{Adam, AdamConfig},
    error::{Error, Result, require_length},
    real::{Real, require_finite},
    sgd::{Sgd, SgdConfig},
    update::Update,
};

/// An optimizer that updates parameters by a gradient, one step at a time.
///
/// A step maps parameters `θ`, a gradient `g` and a learning rate `η` to new parameters, where `θ`
/// and `g` are slices of one fixed length.
pub trait Optimizer<F: Real>: Debug + Send + Sync {
    /// The number of parameters that the optimizer was built for.
    fn parameters(&self) -> usize;

    /// Counts one more step and returns the update that it makes to the parameters.
    /// [`step`](Self::step) is this call followed by [`Update::apply`]. Here the update can be
    /// split and applied on several threads.
    ///
    /// The learning rate is a number in [0, ∞), which may change from step to step; see
    /// [`Schedule`](crate::Schedule).
    ///
    /// # Errors
    /// [`Error::Setting`] for a learning rate outside [0, ∞); the step is then not counted.
    fn begin_step(&mut self, learning_rate: f64) -> Result<Update<'_, F>>;

    /// Takes one step in place. `parameters` and `gradient` have the length that the optimizer was
    /// built for.
    ///
    /// # Errors
    /// [`Error::Length`] for a wrong length, [`Error::NotFinite`] for a gradient with a NaN or an
    /// infinity (it gives the index of the first), and [`Error::Setting`] for a learning rate
    /// outside [0, ∞). After an error neither the parameters nor the state have changed.
    fn step(&mut self, parameters: &mut [F], gradient: &[F], learning_rate: f64) -> Result<()> {
        require_length("parameters", parameters.len(), self.parameters())?;
        require_length("gradient", gradient.len(), self.parameters())?;
        require_finite("gradient", gradient)?;
        self.begin_step(learning_rate)?.apply(parameters, gradient)
    }

    /// The state from which [`restore`](Self::restore) continues with the same bits.
    fn state(&self) -> State<'_, F>;

    /// Replaces the state by a saved one. The optimizer must have been built with the same number
    /// of parameters and the same settings.
    ///
    /// # Errors
    /// [`Error::Slots`] or [`Error::MissingSlot`] for slots other than this optimizer's,
    /// [`Error::Length`] for a slot of a wrong length, [`Error::NotFinite`] for a NaN or an
    /// infinity, and [`Error::Negative`] for a negative mean of squares. After an error the
    /// optimizer has not changed.
    fn restore(&mut self, state: &State<'_, F>) -> Result<()>;
}

/// An optimizer with its settings, as training recipes hold it. The default is the paper's Adam.
///
/// With the feature `serde`, `kind = "adam"` or `kind = "sgd"` is written beside the settings.
///
/// ```
/// use toy_superposition_optim::{OptimizerConfig, SgdConfig};
/// let mut optimizer = OptimizerConfig::Sgd(SgdConfig::default()).build::<f32>(2)?;
/// let mut parameters = [1.0, 2.0];
/// optimizer.step(&mut parameters, &[1.0, 0.0], 0.5)?;
/// assert_eq!(parameters, [0.5, 2.0]);
/// # Ok::<(), toy_superposition_optim::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(tag = "kind"))]
#[non_exhaustive]
pub enum OptimizerConfig {
    /// [`Adam`], or AdamW with [decoupled](crate::WeightDecay::Decoupled) weight decay.
    #[cfg_attr(feature = "serde", serde(rename = "adam"))]
    Adam(AdamConfig),
    /// [`Sgd`].
    #[cfg_attr(feature = "serde", serde(rename = "sgd"))]
    Sgd(SgdConfig),
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(AdamConfig::default())
    }
}

impl OptimizerConfig {
    /// The optimizer for `parameters` numbers, before its first step.
    ///
    /// # Errors
    /// The errors of [`Adam::new`] or [`Sgd::new`] for the configuration.
    pub fn build<F: Real>(&self, parameters: usize) -> Result<Box<dyn Optimizer<F>>> {
        Ok(match *self {
            Self::Adam(config) => Box::new(Adam::new(parameters, config)?),
            Self::Sgd(config) => Box::new(Sgd::new(parameters, config)?),
        })
    }
}

/// The state of an [`Optimizer`]: the number of steps it has taken, and its slots by name.
#[derive(Debug, Clone, PartialEq)]
pub struct State<'a, F> {
    /// Number of steps taken so far.
    pub steps: u64,
    /// Name and values of each slot, one value per parameter.
    pub slots: Vec<(&'static str, &'a [F])>,
}

impl<'a, F: Real> State<'a, F> {
    /// Returns the slots of the given names. It is an error if there are other slots, or if a slot
    /// is not finite or not of the given length.
    pub(crate) fn read<const N: usize>(
        &self,
        names: [&'static str; N],
        length: usize,
    ) -> Result<[&'a [F]; N]> {
        if self.slots.len() != N {
            return Err(Error::Slots { given: self.slots.len(), expected: N });
        }
        let mut found: [&'a [F]; N] = [&[]; N];
        for (place, name) in found.iter_mut().zip(names) {
            let slot = self.slots.iter().find(|slot| slot.0 == name).ok_or(Error::MissingSlot { name })?;
            require_length(name, slot.1.len(), length)?;
            require_finite(name, slot.1)?;
            *place = slot.1;
        }
        Ok(found)
    }
}
