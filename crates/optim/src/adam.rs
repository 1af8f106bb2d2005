//! Adam and AdamW.

use std::array::{from_mut, from_ref};

use crate::{
    error::{Error, Result, require},
    optimizer::{Optimizer, State},
    real::{Real, is_finite, real, root},
    schedule::check_learning_rate,
    update::{Rule, Update},
};

/// The weight decay of [`Adam`], with its factor λ.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WeightDecay {
    /// $λθ$ is added to the gradient: PyTorch's `Adam(weight_decay=λ)`.
    #[cfg_attr(feature = "serde", serde(rename = "l2"))]
    L2(f64),
    /// Each step first multiplies the parameters by $1 - ηλ$: AdamW, PyTorch's
    /// `AdamW(weight_decay=λ)`.
    #[cfg_attr(feature = "serde", serde(rename = "decoupled"))]
    Decoupled(f64),
}

/// The settings of [`Adam`]. The defaults are those of the paper's released code.
///
/// | Name | Default | Range |
/// |---|---|---|
/// | `beta1` | 0.9 | [0, 1) |
/// | `beta2` | 0.999 | [0, 1) |
/// | `epsilon` | 1e-7 | (0, ∞), not rounding to 0 in `F` |
/// | `weight_decay` | `L2(0.0)` | λ in [0, ∞) |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct AdamConfig {
    /// Decay $β_1$ of the first moment.
    pub beta1: f64,
    /// Decay $β_2$ of the second moment.
    pub beta2: f64,
    /// The constant $ε$ that is added to the root of the second moment (PyTorch's default is 1e-8).
    pub epsilon: f64,
    /// Weight decay; [`WeightDecay::Decoupled`] makes this AdamW.
    pub weight_decay: WeightDecay,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weight_decay: WeightDecay::L2(0.0) }
    }
}

/// Adam, or AdamW, over a fixed number of parameters.
///
/// ```math
/// m_k = β_1 m_{k-1} + (1-β_1) g_k, \quad v_k = β_2 v_{k-1} + (1-β_2) g_k^2, \quad
/// θ_k = θ_{k-1} - \frac{η}{1-β_1^k} \frac{m_k}{\sqrt{v_k}/\sqrt{1-β_2^k} + ε}
/// ```
///
/// where θ are the parameters, g the gradient, m and v the first and second moments (all of one
/// length), η the learning rate, and k = 1, 2, … the step. The method is from Kingma and Ba,
/// "Adam", 2015, and AdamW from Loshchilov and Hutter, "Decoupled weight decay", 2019. The
/// operations are in PyTorch's order. The paper trains with Adam (section 3).
///
/// ```
/// use toy_superposition_optim::{Adam, AdamConfig, Optimizer, WeightDecay};
/// let adamw = AdamConfig { weight_decay: WeightDecay::Decoupled(0.01), ..AdamConfig::default() };
/// let mut adam = Adam::<f64>::new(1, adamw)?;
/// let mut parameters = [1.0];
/// // The length of the first step is the learning rate for any gradient. Decay comes before it.
/// adam.step(&mut parameters, &[123.0], 0.1)?;
/// assert!((parameters[0] - (1.0 - 0.1 * 0.01 - 0.1)).abs() < 1e-9);
/// # Ok::<(), toy_superposition_optim::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Adam<F> {
    config: AdamConfig,
    steps: u64,
    first: Vec<F>,
    second: Vec<F>,
}

/// The number of parameters that are updated together in one vector.
const LANES: usize = 16;

const FIRST: &str = "first_moment";
const SECOND: &str = "second_moment";

impl<F: Real> Adam<F> {
    /// An optimizer for `parameters` numbers that has taken no step.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting outside its range in [`AdamConfig`].
    pub fn new(parameters: usize, config: AdamConfig) -> Result<Self> {
        let AdamConfig { beta1, beta2, epsilon, weight_decay } = config;
        require((0.0..1.0).contains(&beta1), "beta1", beta1, "[0, 1)")?;
        require((0.0..1.0).contains(&beta2), "beta2", beta2, "[0, 1)")?;
        let rounded: F = real(epsilon);
        require(is_finite(rounded) && rounded > F::zero(), "epsilon", epsilon, "(0, ∞)")?;
        let (WeightDecay::L2(decay) | WeightDecay::Decoupled(decay)) = weight_decay;
        require(decay.is_finite() && decay >= 0.0, "weight decay", decay, "[0, ∞)")?;
        let zeros = vec![F::zero(); parameters];
        Ok(Self { config, steps: 0, first: zeros.clone(), second: zeros })
    }

    /// The settings that the optimizer was built with.
    pub fn config(&self) -> &AdamConfig {
        &self.config
    }
}

/// The coefficients of one Adam step, the same for every parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdamStep<F> {
    keep_first: F,
    take_first: F,
    keep_second: F,
    take_second: F,
    root_scale: F,
    epsilon: F,
    step_size: F,
    l2: F,
    shrink: F,
}

impl<F: Real> AdamStep<F> {
    /// Updates four slices of one length in one pass.
    #[inline(always)]
    pub(crate) fn apply(&self, parameters: &mut [F], gradient: &[F], first: &mut [F], second: &mut [F]) {
        let (parameters, last_parameters) = parameters.as_chunks_mut::<LANES>();
        let (gradient, last_gradient) = gradient.as_chunks::<LANES>();
        let (first, last_first) = first.as_chunks_mut::<LANES>();
        let (second, last_second) = second.as_chunks_mut::<LANES>();
        let all = parameters.iter_mut().zip(gradient).zip(first).zip(second);
        all.for_each(|(((p, g), m), v)| self.update(p, g, m, v));
        let last = last_parameters.iter_mut().zip(last_gradient).zip(last_first).zip(last_second);
        last.for_each(|(((p, g), m), v)| self.update(from_mut(p), from_ref(g), from_mut(m), from_mut(v)));
    }

    /// Reads all lists before it writes any. The lists often start at the same offset within a
    /// memory page, and then a processor may stall because it mistakes a load from one list for a
    /// load of what was just stored to another (4K aliasing).
    #[inline(always)]
    fn update<const N: usize>(
        &self,
        parameters: &mut [F; N],
        gradient: &[F; N],
        first: &mut [F; N],
        second: &mut [F; N],
    ) {
        let (mut theta, mut m, mut v) = (*parameters, *first, *second);
        for k in 0..N {
            // Without weight decay, l2 is 0 and shrink is 1, and these two lines change no bit.
            let g = gradient[k] + self.l2 * theta[k];
            let shrunk = self.shrink * theta[k];
            m[k] = self.keep_first * m[k] + self.take_first * g;
            v[k] = self.keep_second * v[k] + self.take_second * g * g;
            theta[k] = shrunk - self.step_size * m[k] / (root(v[k]) * self.root_scale + self.epsilon);
        }
        (*parameters, *first, *second) = (theta, m, v);
    }
}

impl<F: Real> Optimizer<F> for Adam<F> {
    fn parameters(&self) -> usize {
        self.first.len()
    }

    fn begin_step(&mut self, learning_rate: f64) -> Result<Update<'_, F>> {
        check_learning_rate(learning_rate)?;
        self.steps += 1;
        let AdamConfig { beta1, beta2, epsilon, weight_decay } = self.config;
        let count = self.steps as f64;
        let (l2, shrink) = match weight_decay {
            WeightDecay::L2(decay) => (decay, 1.0),
            WeightDecay::Decoupled(decay) => (0.0, 1.0 - learning_rate * decay),
        };
        let step = AdamStep {
            keep_first: real(beta1),
            take_first: real(1.0 - beta1),
            keep_second: real(beta2),
            take_second: real(1.0 - beta2),
            root_scale: real(1.0 / (1.0 - beta2.powf(count)).sqrt()),
            epsilon: real(epsilon),
            step_size: real(learning_rate / (1.0 - beta1.powf(count))),
            l2: real(l2),
            shrink: real(shrink),
        };
        Ok(Update::new(Rule::Adam(step), self.first.len(), [&mut self.first, &mut self.second]))
    }

    fn state(&self) -> State<'_, F> {
        State { steps: self.steps, slots: vec![(FIRST, &self.first), (SECOND, &self.second)] }
    }

    fn restore(&mut self, state: &State<'_, F>) -> Result<()> {
        let [first, second] = state.read([FIRST, SECOND], self.first.len())?;
        if let Some(index) = second.iter().position(|&square| square < F::zero()) {
            return Err(Error::Negative { what: SECOND, index, given: crate::real::wide(second[index]) });
        }
        self.first.copy_from_slice(first);
        self.second.copy_from_slice(second);
        self.steps = state.steps;
        Ok(())
    }
}
