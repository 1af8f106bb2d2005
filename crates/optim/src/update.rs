//! One step of an optimizer, to be applied to every parameter exactly once, whole or in pieces.

use crate::{
    adam::AdamStep,
    error::{Result, require_length},
    real::Real,
    sgd::SgdStep,
};

/// One step over a range of the parameters; from
/// [`Optimizer::begin_step`](crate::Optimizer::begin_step).
///
/// The range may be cut, [in two](Self::split_at) or [in chunks](Self::chunks), and the pieces
/// applied in any order, on any thread, inside any other pass over the gradient: the bits are those
/// of the whole.
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
    /// What the rule remembers about the range: one number per parameter, or none.
    slots: [&'a mut [F]; 2],
}

/// What is done to each parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule<F> {
    Adam(AdamStep<F>),
    Sgd(SgdStep<F>),
}

impl<'a, F: Real> Update<'a, F> {
    pub(crate) fn new(rule: Rule<F>, parameters: usize, slots: [&'a mut [F]; 2]) -> Self {
        Self { rule, parameters, slots }
    }

    /// The update in pieces of `size` parameters, the last one of what remains. A size of 0 counts
    /// as 1.
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

    /// The update of the first `middle` parameters and that of the others; all of them are in the
    /// first if there are not so many.
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

    /// Updates `parameters`, the range of this update, by the same range of the gradient.
    ///
    /// The gradient is taken as it is: a NaN in it becomes a NaN in the parameters and in what the
    /// optimizer remembers. Inlined, so that the loop is compiled for the instruction set of the
    /// function that calls it.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) where either has another length than the range;
    /// nothing has changed then.
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
