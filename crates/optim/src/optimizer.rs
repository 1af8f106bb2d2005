//! The interface of an optimizer, and its state as plain data.
//!
//! An optimizer maps `(θ, g, η)` to a new `θ`: parameters, gradient and learning rate, with `θ` and `g` slices
//! of one fixed length. What it remembers between steps is a step count and named slots of that same length.

use crate::{
    error::{Error, Result, require, require_length},
    real::{Real, require_finite},
};

/// A rule that moves parameters against a gradient, one step at a time.
pub trait Optimizer<F: Real>: Send + Sync {
    /// Takes one step in place.
    ///
    /// `parameters` and `gradient` have the length the optimizer was built for. The learning rate is a number
    /// in [0, ∞), free to change from step to step; see [`Schedule`](crate::Schedule).
    ///
    /// # Errors
    /// A wrong length, a learning rate out of range, or a gradient with a NaN or an infinity
    /// ([`Error::NotFinite`] names the first); then neither the parameters nor the state have changed.
    fn step(&mut self, parameters: &mut [F], gradient: &[F], learning_rate: f64) -> Result<()>;

    /// What must be kept for [`restore`](Self::restore) to go on with the same bits.
    fn state(&self) -> State<'_, F>;

    /// Takes over a saved state; the optimizer must have been built with the same length and config.
    ///
    /// # Errors
    /// A slot missing, unknown, of another length, not finite, or negative where it holds squares; then
    /// the optimizer has not changed.
    fn restore(&mut self, state: &State<'_, F>) -> Result<()>;
}

/// The state of an [`Optimizer`]: how many steps it took, and its slots by name.
#[derive(Debug, Clone, PartialEq)]
pub struct State<'a, F> {
    /// Steps taken so far.
    pub steps: u64,
    /// Name and values of each slot, one value a parameter.
    pub slots: Vec<(&'a str, &'a [F])>,
}

impl<'a, F: Real> State<'a, F> {
    /// The slots of the given names, and no others, each finite and of the given length.
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

/// The checks that every optimizer makes before a step.
pub(crate) fn check_step<F: Real>(length: usize, parameters: &[F], gradient: &[F]) -> Result<()> {
    require_length("parameters", parameters.len(), length)?;
    require_length("gradient", gradient.len(), length)?;
    require_finite("gradient", gradient)
}

/// Refuses a learning rate outside [0, ∞).
pub(crate) fn check_learning_rate(learning_rate: f64) -> Result<()> {
    require(learning_rate.is_finite() && learning_rate >= 0.0, "learning rate", learning_rate, "[0, ∞)")
}
