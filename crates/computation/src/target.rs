//! Targets: the function of a sample that a network is to compute. Functions of one feature each.

use crate::error::check_length;
use crate::{Error, Result};

/// A function of a sample, `x ↦ F(x)`, from one number per feature to one number per output.
///
/// [`Elementwise`], [`Joint`](crate::Joint) and [`WithLinear`](crate::WithLinear) implement it.
pub trait Target: Send + Sync {
    /// Returns the number of features of `x`.
    fn features(&self) -> usize;

    /// Returns the number of outputs of `F`.
    fn outputs(&self) -> usize;

    /// Overwrites `out`, of length [`outputs`](Self::outputs), with `F(x)`. `indices` (increasing)
    /// and `values` are the features of `x` that are not 0.
    fn evaluate(&self, indices: &[u32], values: &[f64], out: &mut [f64]);

    /// Returns a text that distinguishes this function from any other. It is part of the identity
    /// of a run.
    fn describe(&self) -> String;
}

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// `x`.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `|x|`.
    Absolute,
    /// `x + max(x, 0)`.
    IdentityPlusRelu,
    /// `2 min(x, 1 − x)`, which maps [0, 1] twice onto itself. Its `k`-th iterate has `2^k` linear
    /// pieces there, for which one layer needs as many neurons, but `k` layers need two each.
    Tent,
}

impl Function {
    /// The names that [`from_name`](Self::from_name) accepts.
    pub const NAMES: [&'static str; 5] = ["identity", "relu", "abs", "identity+relu", "tent"];

    const ALL: [Self; 5] = [Self::Identity, Self::Relu, Self::Absolute, Self::IdentityPlusRelu, Self::Tent];

    /// Returns the function with this name, or `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|k| Self::ALL[k])
    }

    /// Returns the value at `x`.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Absolute => x.abs(),
            Self::IdentityPlusRelu => x + x.max(0.0),
            Self::Tent => 2.0 * x.min(1.0 - x),
        }
    }

    /// Returns the number of ReLU neurons on x that compute the function exactly, for signed or for
    /// nonnegative features. For the tent this holds on [0, 1].
    ///
    /// ```
    /// use toy_superposition_computation::Function;
    /// assert_eq!((Function::Absolute.neurons(true), Function::Absolute.neurons(false)), (2, 1));
    /// ```
    pub fn neurons(self, signed: bool) -> usize {
        match (self, signed) {
            (Self::Relu, _) => 1,
            (Self::Tent, _) | (_, true) => 2,
            (_, false) => 1,
        }
    }
}

/// Writes the function's name.
impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// The target `F_i(x) = f(f(… f(x_i)))`: one output per feature, with `f` applied a fixed number of
/// times.
///
/// ```
/// use toy_superposition_computation::{Elementwise, Function, Target};
///
/// let target = Elementwise::iterated(3, Function::Tent, 2)?;
/// let mut out = [9.0; 3];
/// target.evaluate(&[1], &[0.3], &mut out);
/// assert!(out[0] == 0.0 && (out[1] - 0.8).abs() < 1e-12);
/// # Ok::<(), toy_superposition_computation::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elementwise {
    features: usize,
    function: Function,
    times: usize,
}

impl Elementwise {
    /// Returns the target `F_i(x) = f(x_i)`.
    ///
    /// # Errors
    /// [`Error::Size`] for no features, or more than `u32::MAX`.
    pub fn new(features: usize, function: Function) -> Result<Self> {
        Self::iterated(features, function, 1)
    }

    /// Returns the target that applies `f` `times` times; the identity for 0.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new).
    pub fn iterated(features: usize, function: Function, times: usize) -> Result<Self> {
        checked_features(features).map(|features| Self { features, function, times })
    }

    /// Returns the function and how often it is applied.
    pub fn function(&self) -> (Function, usize) {
        (self.function, self.times)
    }

    /// Returns the value of an output whose feature is `x`.
    pub fn at(&self, x: f64) -> f64 {
        (0..self.times).fold(x, |x, _| self.function.at(x))
    }
}

pub(crate) fn checked_features(given: usize) -> Result<usize> {
    let possible = (1..=u32::MAX as usize).contains(&given);
    if possible { Ok(given) } else { Err(Error::Size { name: "features", given, least: 1 }) }
}

impl Target for Elementwise {
    fn features(&self) -> usize {
        self.features
    }

    fn outputs(&self) -> usize {
        self.features
    }

    fn evaluate(&self, indices: &[u32], values: &[f64], out: &mut [f64]) {
        out.fill(self.at(0.0));
        for (&index, &x) in indices.iter().zip(values) {
            out[index as usize] = self.at(x);
        }
    }

    fn describe(&self) -> String {
        match self.times {
            1 => self.function.to_string(),
            times => format!("{}^{times}", self.function),
        }
    }
}

/// Returns `F(x)`, outputs × samples, for each column of a dense features × samples matrix.
///
/// # Errors
/// [`Error::Length`] for another number of features.
pub fn evaluate_dense(target: &dyn Target, x: &nalgebra::DMatrix<f64>) -> Result<nalgebra::DMatrix<f64>> {
    check_length("features of the samples", x.nrows(), target.features())?;
    let mut out = nalgebra::DMatrix::zeros(target.outputs(), x.ncols());
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for (x, mut out) in x.column_iter().zip(out.column_iter_mut()) {
        indices.clear();
        values.clear();
        for (index, &value) in x.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            indices.push(index as u32);
            values.push(value);
        }
        target.evaluate(&indices, &values, out.as_mut_slice());
    }
    Ok(out)
}
