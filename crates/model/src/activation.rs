//! Activations `f` of the output layer, `y = f(z)`, `z = W_out W_in x + b` (paper, eq. 1).

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroUsize;

use crate::{Error, Result, Scalar};

/// The function f that maps the preactivation `z` to the reconstruction `y`.
///
/// | name in weight files | `y_i` |
/// |---|---|
/// | `identity` | `z_i` |
/// | `relu` | `z_i` if `z_i > 0`, else 0 |
/// | `jump_relu(θ)`, `0 ≤ θ < ∞` | `z_i` if `z_i > θ`, else 0 |
/// | `top_k(k)`, `1 ≤ k ≤ n_s` | `z_i` if `z_i > 0` and it is among the `k` largest of its sample, else 0 |
///
/// The derivative is taken as 1 where `y_i = z_i` and 0 elsewhere, which is the derivative of the
/// function wherever that exists. At a kink or a jump, and where two preactivations tie for the
/// last place, it is a one-sided derivative. Every activation but the identity thus has derivative
/// 0 where its output is 0. `θ` and `k` are not trained.
///
/// JumpReLU is that of Rajamanoharan et al. (2024), without their estimator of the gradient in `θ`.
/// Top-k is that of Gao et al. (2024), rectified. Since top-k is not element-wise, an activation is
/// applied to the whole preactivation of one sample.
///
/// ```
/// use toy_superposition_model::Activation;
/// let mut sample = [0.4, -0.2, 0.9, 0.1];
/// Activation::jump_relu(0.3)?.apply(&mut sample);
/// assert_eq!(sample, [0.4, 0.0, 0.9, 0.0]);
/// Activation::top_k(1)?.apply(&mut sample);
/// assert_eq!(sample, [0.0, 0.0, 0.9, 0.0]);
/// # Ok::<(), toy_superposition_model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// `y = z`, which gives a linear model.
    Identity,
    /// `y = max(z, 0)`, as in the paper. The derivative at 0 is taken as 0.
    #[default]
    Relu,
    /// `y = z` above a threshold `θ ≥ 0`, else 0. Built by [`Activation::jump_relu`].
    JumpRelu(Threshold),
    /// `y = max(z, 0)` for the `k` largest `z` of each sample, else 0. Built by
    /// [`Activation::top_k`].
    ///
    /// Of equal preactivations, those of lower index are kept. A model has `k ≤ n_s`.
    TopK(NonZeroUsize),
}

/// A threshold `θ` in [0, ∞).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold(f64);

// The value is never NaN.
impl Eq for Threshold {}

impl Threshold {
    /// Returns the threshold with the given value.
    ///
    /// # Errors
    /// [`Error::Threshold`] for a NaN, an infinity or a value below 0.
    pub fn new(given: f64) -> Result<Self> {
        // Adding 0 turns −0 into 0.
        if given >= 0.0 && given.is_finite() {
            Ok(Self(given + 0.0))
        } else {
            Err(Error::Threshold { given })
        }
    }

    /// Returns `θ`, which a model in single precision rounds.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Writes the name used in weight files, with its parameter: `jump_relu(0.25)`.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Identity | Self::Relu => f.write_str(name),
            // The shortest digits that read back as the same number.
            Self::JumpRelu(threshold) => write!(f, "{name}({:?})", threshold.0),
            Self::TopK(count) => write!(f, "{name}({count})"),
        }
    }
}

impl Activation {
    /// The names that may stand in a weight file.
    pub(crate) const NAMES: [&'static str; 4] =
        ["identity", "relu", "jump_relu(θ) with 0 ≤ θ < ∞", "top_k(k) with 1 ≤ k ≤ n_s"];

    /// Returns the JumpReLU with threshold `θ`.
    ///
    /// # Errors
    /// [`Error::Threshold`] unless `0 ≤ θ < ∞`.
    pub fn jump_relu(threshold: f64) -> Result<Self> {
        Threshold::new(threshold).map(Self::JumpRelu)
    }

    /// Returns the top-k activation that keeps `k` outputs.
    ///
    /// # Errors
    /// [`Error::TopK`] for `k = 0`. The bound `k ≤ n_s` is checked when a model is built.
    pub fn top_k(count: usize) -> Result<Self> {
        NonZeroUsize::new(count).map(Self::TopK).ok_or(Error::TopK { given: 0, features: None })
    }

    /// Returns the name without the parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Relu => "relu",
            Self::JumpRelu(_) => "jump_relu",
            Self::TopK(_) => "top_k",
        }
    }

    /// Returns the activation with the given name and parameter, in the format of `to_string`, or
    /// `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        let (name, parameter) = match name.strip_suffix(')') {
            None => (name, None),
            Some(open) => open.split_once('(').map(|(name, parameter)| (name, Some(parameter)))?,
        };
        match (name, parameter) {
            ("identity", None) => Some(Self::Identity),
            ("relu", None) => Some(Self::Relu),
            ("jump_relu", Some(parameter)) => Self::jump_relu(parameter.parse().ok()?).ok(),
            ("top_k", Some(parameter)) => Self::top_k(parameter.parse().ok()?).ok(),
            _ => None,
        }
    }

    /// Refuses an activation that does not fit a model with `features` features.
    pub(crate) fn check(self, features: usize) -> Result<()> {
        match self {
            Self::TopK(count) if count.get() > features => {
                Err(Error::TopK { given: count.get(), features: Some(features) })
            }
            _ => Ok(()),
        }
    }

    /// Returns the activation that has the same effect on a sample of `features` values and fits a
    /// model of that size.
    pub(crate) fn fitted(self, features: usize) -> Self {
        match (self, NonZeroUsize::new(features)) {
            (Self::TopK(count), Some(features)) => Self::TopK(count.min(features)),
            _ => self,
        }
    }

    /// Returns the simplest activation that has the same effect on a sample of `features` values.
    /// `jump_relu(0)`, and a top-k that keeps every output, become the ReLU.
    ///
    /// ```
    /// use toy_superposition_model::Activation;
    ///
    /// assert_eq!(Activation::top_k(5)?.simplified(5), Activation::Relu);
    /// assert_eq!(Activation::top_k(4)?.simplified(5), Activation::top_k(4)?);
    /// # Ok::<(), toy_superposition_model::Error>(())
    /// ```
    pub fn simplified(self, features: usize) -> Self {
        match self {
            Self::JumpRelu(Threshold(0.0)) => Self::Relu,
            Self::TopK(count) if count.get() >= features => Self::Relu,
            other => other,
        }
    }

    /// Returns whether an output of 0 has derivative 0, so that no gradient flows where `y = 0`.
    pub(crate) fn is_flat_at_zero(self) -> bool {
        !matches!(self, Self::Identity)
    }

    /// Replaces the preactivation `z` of one sample (length n_s) by `y = f(z)`.
    #[inline(always)]
    pub fn apply<T: Scalar>(self, sample: &mut [T]) {
        match self {
            Self::Identity => {}
            Self::Relu => cut(sample, T::zero()),
            Self::JumpRelu(threshold) => cut(sample, T::round_from(threshold.0)),
            Self::TopK(count) => {
                let mut largest = Largest::new(sample, count);
                sample.iter_mut().filter(|z| !largest.keep(**z)).for_each(|z| *z = T::zero());
            }
        }
    }

    /// Replaces `∂L/∂y` of one sample by `∂L/∂z`, given the preactivation `z` (both of length n_s).
    pub fn backpropagate<T: Scalar>(self, preactivation: &[T], gradient: &mut [T]) {
        let mut largest;
        let keep: &mut dyn FnMut(T) -> bool = match self {
            Self::Identity => return,
            Self::Relu => &mut |z| z > T::zero(),
            Self::JumpRelu(threshold) => &mut move |z| z > T::round_from(threshold.0),
            Self::TopK(count) => {
                largest = Largest::new(preactivation, count);
                &mut |z| largest.keep(z)
            }
        };
        for (&z, g) in preactivation.iter().zip(gradient) {
            if !keep(z) {
                *g = T::zero();
            }
        }
    }
}

/// Sets every value that does not exceed the threshold to 0, and leaves NaN unchanged.
#[inline(always)]
fn cut<T: Scalar>(sample: &mut [T], threshold: T) {
    sample.iter_mut().for_each(|z| *z = if *z <= threshold { T::zero() } else { *z });
}

/// The k largest positive values of a list: those above `cut` and the first `ties` that equal it.
/// [`keep`](Self::keep) must be called on the values in the order of the list.
struct Largest<T> {
    cut: T,
    ties: usize,
}

impl<T: Scalar> Largest<T> {
    fn new(values: &[T], count: NonZeroUsize) -> Self {
        let mut positive: Vec<T> = values.iter().copied().filter(|&z| z > T::zero()).collect();
        if positive.len() <= count.get() {
            return Self { cut: T::zero(), ties: 0 };
        }
        let descending = |a: &T, b: &T| b.partial_cmp(a).unwrap_or(Ordering::Equal);
        let (above, &mut cut, _) = positive.select_nth_unstable_by(count.get() - 1, descending);
        let ties = count.get() - above.iter().filter(|&&z| z > cut).count();
        Self { cut, ties }
    }

    fn keep(&mut self, z: T) -> bool {
        let tied = z == self.cut && self.ties > 0;
        self.ties -= usize::from(tied);
        // NaN is kept.
        tied || z.partial_cmp(&self.cut).is_none_or(Ordering::is_gt)
    }
}
