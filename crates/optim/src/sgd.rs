//! Stochastic gradient descent with momentum.

use crate::{
    error::{Error, Result, require},
    optimizer::{Optimizer, State},
    real::{Real, real},
    schedule::check_learning_rate,
    update::{Rule, Update},
};

/// The settings of [`Sgd`]. The default is plain gradient descent (the paper uses
/// [`Adam`](crate::Adam)).
///
/// | Name | Default | Range |
/// |---|---|---|
/// | `momentum` | 0 | [0, ∞) |
/// | `dampening` | 0 | (−∞, ∞) |
/// | `nesterov` | false | true only with momentum > 0 and dampening 0 |
/// | `weight_decay` | 0 | [0, ∞) |
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct SgdConfig {
    /// The factor $μ$ of the previous momentum buffer in the new one.
    pub momentum: f64,
    /// The part $τ$ of the gradient that does not enter the momentum buffer after the first step.
    pub dampening: f64,
    /// `true` for Nesterov momentum, with $h_k + μ b_k$ instead of $b_k$.
    pub nesterov: bool,
    /// The factor $λ$ of the term $λθ$ that is added to the gradient (L2 weight decay).
    pub weight_decay: f64,
}

/// Gradient descent with momentum over a fixed number of parameters.
///
/// ```math
/// h_k = g_k + λ θ_{k-1}, \quad b_1 = h_1, \quad b_k = μ b_{k-1} + (1-τ) h_k, \quad
/// θ_k = θ_{k-1} - η \, (b_k \text{ or, with Nesterov, } h_k + μ b_k)
/// ```
///
/// where θ are the parameters, g the gradient and b the momentum buffer (all of one length), η the
/// learning rate, μ the momentum, τ the dampening, λ the weight decay, and k = 1, 2, … the step.
/// This is PyTorch's `SGD`, whose first step is not dampened.
///
/// ```
/// use toy_superposition_optim::{Optimizer, Sgd, SgdConfig};
/// let mut sgd = Sgd::<f64>::new(1, SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
/// let mut parameters = [1.0];
/// sgd.step(&mut parameters, &[1.0], 0.1)?;
/// sgd.step(&mut parameters, &[1.0], 0.1)?;
/// assert!((parameters[0] - (1.0 - 0.1 - 0.1 * 1.9)).abs() < 1e-15);
/// # Ok::<(), toy_superposition_optim::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd<F> {
    config: SgdConfig,
    parameters: usize,
    steps: u64,
    /// The momentum buffer: as long as the parameters, or empty without momentum.
    momentum: Vec<F>,
}

const MOMENTUM: &str = "momentum";

impl<F: Real> Sgd<F> {
    /// An optimizer for `parameters` numbers that has taken no step.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting outside its range in [`SgdConfig`], and [`Error::Nesterov`]
    /// for Nesterov momentum with zero momentum or non-zero dampening.
    pub fn new(parameters: usize, config: SgdConfig) -> Result<Self> {
        let SgdConfig { momentum, dampening, nesterov, weight_decay } = config;
        require(momentum.is_finite() && momentum >= 0.0, "momentum", momentum, "[0, ∞)")?;
        require(dampening.is_finite(), "dampening", dampening, "(−∞, ∞)")?;
        require(weight_decay.is_finite() && weight_decay >= 0.0, "weight decay", weight_decay, "[0, ∞)")?;
        if nesterov && (momentum == 0.0 || dampening != 0.0) {
            return Err(Error::Nesterov { momentum, dampening });
        }
        let kept = if momentum > 0.0 { parameters } else { 0 };
        Ok(Self { config, parameters, steps: 0, momentum: vec![F::zero(); kept] })
    }

    /// The settings that the optimizer was built with.
    pub fn config(&self) -> &SgdConfig {
        &self.config
    }
}

/// The coefficients of one step, the same for every parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SgdStep<F> {
    rate: F,
    decay: F,
    /// The factors of the old momentum and of the gradient in the new momentum.
    keep: F,
    take: F,
    /// The factors of the gradient and of the momentum in the step.
    fresh: F,
    carried: F,
}

impl<F: Real> SgdStep<F> {
    /// Updates slices of one length in one pass. Without momentum, `momentum` is empty.
    #[inline(always)]
    pub(crate) fn apply(&self, parameters: &mut [F], gradient: &[F], momentum: &mut [F]) {
        let Self { rate, decay, keep, take, fresh, carried } = *self;
        if momentum.is_empty() {
            for (parameter, &gradient) in parameters.iter_mut().zip(gradient) {
                *parameter -= rate * (gradient + decay * *parameter);
            }
        } else {
            for ((parameter, &gradient), buffer) in parameters.iter_mut().zip(gradient).zip(momentum) {
                let gradient = gradient + decay * *parameter;
                *buffer = keep * *buffer + take * gradient;
                *parameter -= rate * (fresh * gradient + carried * *buffer);
            }
        }
    }
}

impl<F: Real> Optimizer<F> for Sgd<F> {
    fn parameters(&self) -> usize {
        self.parameters
    }

    fn begin_step(&mut self, learning_rate: f64) -> Result<Update<'_, F>> {
        check_learning_rate(learning_rate)?;
        let SgdConfig { momentum, dampening, nesterov, weight_decay } = self.config;
        let (keep, take) = if self.steps == 0 { (0.0, 1.0) } else { (momentum, 1.0 - dampening) };
        let (fresh, carried) = if nesterov { (1.0, momentum) } else { (0.0, 1.0) };
        let step = SgdStep {
            rate: real(learning_rate),
            decay: real(weight_decay),
            keep: real(keep),
            take: real(take),
            fresh: real(fresh),
            carried: real(carried),
        };
        self.steps += 1;
        Ok(Update::new(Rule::Sgd(step), self.parameters, [&mut self.momentum, &mut []]))
    }

    fn state(&self) -> State<'_, F> {
        let slots = if self.momentum.is_empty() { Vec::new() } else { vec![(MOMENTUM, &self.momentum[..])] };
        State { steps: self.steps, slots }
    }

    fn restore(&mut self, state: &State<'_, F>) -> Result<()> {
        if self.momentum.is_empty() {
            state.read([], 0)?;
        } else {
            let [momentum] = state.read([MOMENTUM], self.momentum.len())?;
            self.momentum.copy_from_slice(momentum);
        }
        self.steps = state.steps;
        Ok(())
    }
}
