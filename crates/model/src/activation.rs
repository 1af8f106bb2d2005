//! Activations `f` of the output layer, `y = f(z)`, `z = W_out W_in x + b` (paper, eq. 1).
//!
//! An activation sees the whole preactivation of one sample, so that one that is not element-wise fits too.

use crate::Scalar;

/// The function between the preactivation `z` and the reconstruction `y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// `y = z`: the linear model.
    Identity,
    /// `y = max(z, 0)`: the model of the paper. The derivative at 0 is taken as 0.
    #[default]
    Relu,
}

impl Activation {
    /// Every activation, with its name in weight files.
    pub(crate) const NAMES: [&'static str; 2] = ["identity", "relu"];

    /// The name in weight files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => Self::NAMES[0],
            Self::Relu => Self::NAMES[1],
        }
    }

    /// The activation of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "identity" => Some(Self::Identity),
            "relu" => Some(Self::Relu),
            _ => None,
        }
    }

    /// Replaces the preactivation `z` of one sample (length n_s) by `y = f(z)`.
    #[inline]
    pub fn apply<T: Scalar>(self, sample: &mut [T]) {
        match self {
            Self::Identity => {}
            Self::Relu => sample.iter_mut().for_each(|z| *z = if *z > T::zero() { *z } else { T::zero() }),
        }
    }

    /// Replaces `∂L/∂y` of one sample by `∂L/∂z`, given the preactivation `z` (both of length n_s).
    pub fn backpropagate<T: Scalar>(self, preactivation: &[T], gradient: &mut [T]) {
        match self {
            Self::Identity => {}
            Self::Relu => {
                for (&z, g) in preactivation.iter().zip(gradient) {
                    if z <= T::zero() {
                        *g = T::zero();
                    }
                }
            }
        }
    }
}
