//! What a network is to compute of a sample: functions of one feature each.

use crate::error::check_length;
use crate::{Error, Result};

/// A function of a sample, `x ↦ F(x)`: one number per feature to one number per output.
///
/// [`Elementwise`], [`Joint`](crate::Joint) and [`WithLinear`](crate::WithLinear) implement it.
pub trait Target: Send + Sync {
    /// The number of features of `x`.
    fn features(&self) -> usize;

    /// The number of outputs of `F`.
    fn outputs(&self) -> usize;

    /// Writes `F(x)` into `out`, of length [`outputs`](Self::outputs), whatever it held. `indices`
    /// (increasing) and `values` are the features that are not 0.
    fn evaluate(&self, indices: &[u32], values: &[f64], out: &mut [f64]);

    /// What distinguishes this function from any other; part of the identity of a run.
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
    /// `2 min(x, 1 − x)`, which takes [0, 1] twice onto itself. Iterated `k` times it has `2^k`
    /// linear pieces there: one layer needs as many neurons, `k` layers need two each.
    Tent,
}

impl Function {
    /// The names under which [`from_name`](Self::from_name) knows them.
    pub const NAMES: [&'static str; 5] = ["identity", "relu", "abs", "identity+relu", "tent"];

    const ALL: [Self; 5] = [Self::Identity, Self::Relu, Self::Absolute, Self::IdentityPlusRelu, Self::Tent];

    /// The function of a name; `None` for any other name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|k| Self::ALL[k])
    }

    /// Its value at `x`.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Absolute => x.abs(),
            Self::IdentityPlusRelu => x + x.max(0.0),
            Self::Tent => 2.0 * x.min(1.0 - x),
        }
    }

    /// How many ReLU neurons on x compute it exactly: of signed features or of nonnegative ones,
    /// the tent on [0, 1] alone.
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

/// Its name.
impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// `F_i(x) = f(f(… f(x_i)))`: one output per feature, `f` applied a number of times.
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
    /// `F_i(x) = f(x_i)`.
    ///
    /// # Errors
    /// [`Error::Size`] for no features, or more than `u32::MAX`.
    pub fn new(features: usize, function: Function) -> Result<Self> {
        Self::iterated(features, function, 1)
    }

    /// `f` applied `times` times; the identity for 0.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn iterated(features: usize, function: Function, times: usize) -> Result<Self> {
        checked_features(features).map(|features| Self { features, function, times })
    }

    /// The function, and how often it is applied.
    pub fn function(&self) -> (Function, usize) {
        (self.function, self.times)
    }

    /// The value at one feature.
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

/// `F(x)` for each column of a dense `features × samples` matrix: outputs × samples.
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
