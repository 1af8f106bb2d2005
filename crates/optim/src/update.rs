//! One step of an optimizer, which is applied to every parameter exactly once, as a whole or in
//! pieces.

use crate::{
    adam::AdamStep,
    error::{Result, require_length},
    real::Real,
    sgd::SgdStep,
};

/// One step of an optimizer on a range of the parameters, as
/// [`Optimizer::begin_step`](crate::Optimizer::begin_step) returns it.
///
/// The range may be split [in two](Self::split_at) or [into chunks](Self::chunks), and the pieces
/// may be applied in any order and on any thread, for instance where the gradient is computed. The
/// result has the same bits as one step on the whole range.
///
/// ```
/// # fn main() -> Result<(), toy_superposition_optim::Error> {
/// use toy_superposition_optim::{Adam, AdamConfig, Optimizer};
/// let mut adam = Adam::new(4, AdamConfig::default())?;
/// let (mut parameters, gradient) = ([1.0f32; 4], [0.1, 0.2, 0.3, 0.4]);
/// let pieces = adam.begin_step(0.01)?.chunks(3);
/// for ((parameters, gradient), piece) in parameters.chunks_mut(3).zip(gradient.chunks(3)).zip(pieces) {
///     piece.apply(parameters, gradient)?;
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Update<'a, F> {
    rule: Rule<F>,
    parameters: usize,
    /// The optimizer's slots for the range, each with one number per parameter or empty.
    slots: [&'a mut [F]; 2],
}

/// The update of each parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule<F> {
    Adam(AdamStep<F>),
    Sgd(SgdStep<F>),
}

impl<'a, F: Real> Update<'a, F> {
    pub(crate) fn new(rule: Rule<F>, parameters: usize, slots: [&'a mut [F]; 2]) -> Self {
        Self { rule, parameters, slots }
    }

    /// Splits the update into pieces of `size` parameters; the last piece may be smaller. A size of
    /// 0 counts as 1.
    pub fn chunks(self, size: usize) -> Vec<Self> {
        let Self { rule, parameters, slots } = self;
        let size = size.max(1);
        let mut rest = slots.map(|slot| slot.chunks_mut(size));
        let piece = |first| {
            let slots = rest.each_mut().map(|slot| slot.next().unwrap_or_default());
            Self { rule, parameters: size.min(parameters - first), slots }
        };
        (0..parameters).step_by(size).map(piece).collect()
    }

    /// Splits the update into that of the first `middle` parameters and that of the others. If
    /// there are fewer parameters than `middle`, the first update has all of them.
    pub fn split_at(self, middle: usize) -> (Self, Self) {
        let Self { rule, parameters, slots } = self;
        let middle = middle.min(parameters);
        // A slot has one number per parameter, or none.
        let [(a, b), (c, d)] = slots.map(|slot| slot.split_at_mut(middle.min(slot.len())));
        (
            Self { rule, parameters: middle, slots: [a, c] },
            Self { rule, parameters: parameters - middle, slots: [b, d] },
        )
    }

    /// Updates `parameters`, the range of this update, using the same range of the gradient.
    ///
    /// The gradient is not checked: a NaN in it becomes a NaN in the parameters and in the state of
    /// the optimizer. The function is always inlined, so that its loop is compiled for the
    /// instruction set of the caller.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) if a length differs from that of the range. In that
    /// case nothing has changed.
    #[inline(always)]
    pub fn apply(self, parameters: &mut [F], gradient: &[F]) -> Result<()> {
        require_length("parameters", parameters.len(), self.parameters)?;
        require_length("gradient", gradient.len(), self.parameters)?;
        let [first, second] = self.slots;
        match self.rule {
            Rule::Adam(step) => step.apply(parameters, gradient, first, second),
            Rule::Sgd(step) => step.apply(parameters, gradient, first),
        }
        Ok(())
    }
}
