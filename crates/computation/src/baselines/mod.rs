//! Exact losses of simple ways to compute a function of each feature, without training.
//!
//! ```math
//! y_i = f(x_i), \qquad x_i = c_i u_i, \quad c_i \sim B(p) \text{ independent}, \qquad
//! L = \frac1n \sum_i \mathrm E\,(\hat y_i - y_i)^2
//! ```
//!
//! The n features are independent and identically distributed, f is any function of one number, and
//! u has any magnitude of `data`, of either sign. All losses are per feature; divided by p they are
//! the L/p of Bhagat et al., "Compressed computation is (probably) not computation in
//! superposition" (2025), and of Braun et al. (2025), whose features are `U[−1, 1]`.
//!
//! | Estimator | Loss | Method |
//! |---|---|---|
//! | m of the n outputs computed, 0 for the others | `(1 − m/n) E f²` | [`naive`](ElementwiseBaselines::naive) |
//! | the same, with the best constant for the others | `(1 − m/n) Var f` | [`naive_with_constant`](ElementwiseBaselines::naive_with_constant) |
//! | the same without a constant, but with the best multiple of the sum of the computed outputs | in the method's documentation | [`naive_with_offset`](ElementwiseBaselines::naive_with_offset) |
//! | the best linear map of rank d, without and with a constant | in the methods' documentation | [`linear`](ElementwiseBaselines::linear), [`affine`](ElementwiseBaselines::affine) |
//! | the Bayes estimate of f(x) from `x + ν`, `ν ~ N(0, σ²)` | `E Var(f(x) \| x + ν)` | [`bayes`](ElementwiseBaselines::bayes) |
//! | the same at the least σ that n_d dimensions allow | at `σ² = Var x (1/r − 1)` | [`bayes_at_ratio`](ElementwiseBaselines::bayes_at_ratio) |
//! | the same at the noise that iterative recovery of x leaves | at the fixed point of state evolution | [`evolution_limit`](ElementwiseBaselines::evolution_limit) |
//!
//! [`random_directions`] and [`kept_apart`] are baselines for linear read-outs of many binary
//! features from few dimensions.

mod bayes;
mod linear;
mod naive;
mod readout;

pub use naive::Offset;
pub use readout::{kept_apart, random_directions};

use serde::{Deserialize, Serialize};
use toy_superposition_data::{AnyMagnitude, Law};
use toy_superposition_recovery::SparsePrior;

use crate::{Error, Result};

/// Exact baselines of a target `y_i = f(x_i)` of independent, identically distributed features.
///
/// ```math
/// y_i = f(x_i), \qquad x_i = c_i u_i, \quad c_i \sim B(p) \text{ independent}, \qquad
/// L = \frac1n \sum_i \mathrm E\,(\hat y_i - y_i)^2
/// ```
///
/// All losses are per feature. Divided by p they are the L/p of Bhagat et al., "Compressed
/// computation is (probably) not computation in superposition" (2025), and of Braun et al. (2025),
/// whose features are `U[−1, 1]`.
///
/// | Estimator | Method |
/// |---|---|
/// | m of the n outputs computed, 0 for the others | [`naive`](Self::naive) |
/// | the same, with the best constant for the others | [`naive_with_constant`](Self::naive_with_constant) |
/// | the same, with the best multiple of the sum of the computed outputs | [`naive_with_offset`](Self::naive_with_offset) |
/// | the best linear map of rank d, without and with a constant | [`linear`](Self::linear), [`affine`](Self::affine) |
/// | the Bayes estimate of f(x) from `x + ν`, `ν ~ N(0, σ²)` | [`bayes`](Self::bayes) |
/// | the same at the least σ that n_d dimensions allow | [`bayes_at_ratio`](Self::bayes_at_ratio) |
/// | the same at the noise that iterative recovery of x leaves | [`evolution_limit`](Self::evolution_limit) |
///
/// ```
/// use toy_superposition_computation::{ElementwiseBaselines, Function};
/// use toy_superposition_data::{AnyMagnitude, Interval};
///
/// // ReLU of x ~ U[−1, 1], on with p = 0.01, by 50 neurons for 100 features: as good as x/2.
/// let signed = AnyMagnitude::Interval(Interval::new(-1.0, 1.0)?);
/// let relu = ElementwiseBaselines::new(0.01, signed, |x| Function::Relu.at(x))?;
/// assert!((relu.naive(100, 50)? / 0.01 - 1.0 / 12.0).abs() < 1e-12);
/// assert!((relu.linear(100, 100)? / 0.01 - 1.0 / 12.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ElementwiseBaselines<F> {
    prior: SparsePrior,
    function: F,
    moments: TargetMoments,
}

/// The moments of x and f(x) that determine the losses of constants and linear maps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TargetMoments {
    /// `E x`.
    pub input: f64,
    /// `E x²`.
    pub input_square: f64,
    /// `E f(x)`.
    pub value: f64,
    /// `E f(x)²`.
    pub value_square: f64,
    /// `E x f(x)`.
    pub product: f64,
}

impl TargetMoments {
    /// Returns `Var x`.
    pub fn input_variance(&self) -> f64 {
        self.input_square - self.input * self.input
    }

    /// Returns `Var f(x)`, the loss of the best constant.
    pub fn value_variance(&self) -> f64 {
        self.value_square - self.value * self.value
    }

    /// Returns `Cov(x, f(x))`.
    pub fn covariance(&self) -> f64 {
        self.product - self.input * self.value
    }
}

/// Number of equal panels of the magnitude's support for the moments. Kinks of f at their ends cost
/// no precision.
const PANELS: u32 = 1024;

impl<F: Fn(f64) -> f64> ElementwiseBaselines<F> {
    /// Returns the baselines of the target `function` for features that are on with `probability`
    /// and then have `magnitude`.
    ///
    /// Where the magnitude has a density, f should be smooth except for jumps and kinks at 0, at
    /// the ends of the support and at multiples of 1/1024 of its length. Kinks elsewhere cause
    /// relative errors of about 1e-8 in the losses, jumps about 1e-4.
    ///
    /// # Errors
    /// [`Error::Recovery`] for a probability outside (0, 1], and [`Error::OutOfRange`] where f is
    /// not finite.
    pub fn new(probability: f64, magnitude: AnyMagnitude, function: F) -> Result<Self> {
        Self::of(SparsePrior::new(probability, magnitude)?, function)
    }

    /// Returns the baselines for the features of a law, which must be identically distributed. They
    /// are treated as independent.
    ///
    /// # Errors
    /// [`Error::Recovery`] for features that are not identically distributed or a magnitude that is
    /// not one of `data`'s, and the errors of [`new`](Self::new).
    pub fn of_law(law: &dyn Law, function: F) -> Result<Self> {
        Self::of(SparsePrior::of_law(law)?, function)
    }

    fn of(prior: SparsePrior, function: F) -> Result<Self> {
        let mut moments =
            TargetMoments { input: 0.0, input_square: 0.0, value: 0.0, value_square: 0.0, product: 0.0 };
        for (x, weight) in prior.nodes(PANELS) {
            let value = function(x);
            if !value.is_finite() {
                return Err(Error::OutOfRange { name: "f(x)", given: value, allowed: "(−∞, ∞)" });
            }
            moments.input += weight * x;
            moments.input_square += weight * x * x;
            moments.value += weight * value;
            moments.value_square += weight * value * value;
            moments.product += weight * x * value;
        }
        Ok(Self { prior, function, moments })
    }

    /// Returns the law of a feature.
    pub fn prior(&self) -> &SparsePrior {
        &self.prior
    }

    /// Returns the moments of x and f(x).
    pub fn moments(&self) -> TargetMoments {
        self.moments
    }
}

impl<F> std::fmt::Debug for ElementwiseBaselines<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut fields = f.debug_struct("ElementwiseBaselines");
        fields.field("prior", &self.prior).field("moments", &self.moments).finish_non_exhaustive()
    }
}

/// Checks that there is at least one feature, and that `part` is at most the number of features.
fn check_part(name: &'static str, part: usize, features: usize) -> Result<()> {
    if features == 0 {
        return Err(Error::Size { name: "features", given: 0, least: 1 });
    }
    if part > features {
        return Err(Error::OutOfRange { name, given: part as f64, allowed: "[0, the number of features]" });
    }
    Ok(())
}
