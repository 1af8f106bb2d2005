//! The interface of all decoders: their input, their result, and the reason why they stopped.

use nalgebra::DMatrix;
use toy_superposition_data::parallel::{for_each, for_each_chunk};
use toy_superposition_model::Scalar;

use crate::error::{check_length, check_positive};
use crate::{Error, LinearOperator, Result};

/// A decoder: a method that finds sparse `x ≥ 0` from `y = A x`.
pub trait Decoder<T: Scalar> {
    /// Returns the estimates of all samples, where `y` is n_d × B with one column per sample.
    ///
    /// Each column is decoded by itself. Its result does not depend on the other columns, up to
    /// rounding.
    ///
    /// # Errors
    /// [`Error::Length`] unless `y` has n_d rows; [`Error::Entry`] for a `y` that is not finite;
    /// and the errors of the decoder's own settings.
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>>;
}

/// The result of a decoder.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recovery<T: Scalar> {
    /// The estimates, n_s × B.
    pub estimate: DMatrix<T>,
    /// The outcome for each of the B columns.
    pub outcomes: Vec<Outcome>,
}

/// How the search for the estimate of one sample ended, and how well the estimate fits.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Outcome {
    /// The number of iterations, or for the greedy decoders the number of chosen features.
    pub iterations: usize,
    /// The norm `‖y − A x̂‖₂` for the estimate that is returned, not its square.
    pub residual: f64,
    /// Why the decoder stopped.
    pub stopped: StopReason,
}

/// Why a decoder stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum StopReason {
    /// The norm of the residual is at most the tolerance times that of `y`. For
    /// [`BasisPursuit`](crate::BasisPursuit) the duality gap is small as well; for
    /// [`Lasso`](crate::Lasso) the duality gap alone is small.
    Converged,
    /// The residual no longer falls, but is above the tolerance, as at a fixed point that is not a
    /// solution.
    Stuck,
    /// The largest number of iterations was reached.
    Iterations,
    /// The largest number of features was reached, or no other feature reduces the residual.
    Support,
    /// A number was no longer finite, or the residual had grown. The best estimate before that is
    /// returned; [`BasisPursuit`](crate::BasisPursuit) returns 0.
    Diverged,
}

/// The limits at which an iterative decoder ends.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest number of iterations.
    pub iterations: usize,
    /// The tolerance `ε`: the residual is small enough once `‖y − A x̂‖₂ ≤ ε ‖y‖₂`, in norms, not
    /// their squares.
    pub tolerance: f64,
}

impl Limits {
    /// The limits of at most `iterations` iterations and of a `tolerance` relative to the norm of
    /// `y`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless there is at least one iteration and the tolerance is positive
    /// and finite.
    pub fn new(iterations: usize, tolerance: f64) -> Result<Self> {
        let limits = Self { iterations, tolerance };
        limits.check()?;
        Ok(limits)
    }

    /// Returns an error for 0 iterations, and for a tolerance that is not positive and finite.
    pub(crate) fn check(&self) -> Result<()> {
        if self.iterations == 0 {
            return Err(Error::OutOfRange {
                what: "the number of iterations",
                given: 0.0,
                allowed: "1, 2, …",
            });
        }
        check_positive("the tolerance", self.tolerance)
    }
}

/// The default is 200 iterations and a tolerance of 1e-6.
impl Default for Limits {
    fn default() -> Self {
        Self { iterations: 200, tolerance: 1e-6 }
    }
}

/// Returns an error for a `y` that is not n_d × B or not finite.
pub(crate) fn check_measured<T: Scalar>(operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<()> {
    check_length("rows of y", y.nrows(), operator.shape().0)?;
    match y.iter().position(|entry| !entry.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let (row, column) = (at % y.nrows(), at / y.nrows());
            Err(Error::Entry { what: "y", row, column, given: y[at].to_f64() })
        }
    }
}

/// Decodes `y` in parts of as many columns as the operator prefers, on all threads.
pub(crate) fn in_parts<T: Scalar>(
    operator: &dyn LinearOperator<T>,
    y: &DMatrix<T>,
    decode: impl Fn(&DMatrix<T>) -> Result<Recovery<T>> + Sync,
) -> Result<Recovery<T>> {
    let (samples, size) = (y.ncols(), operator.together().max(1));
    if samples <= size {
        return decode(y);
    }
    let starts = (0..samples).step_by(size);
    let part = |start: usize| y.columns(start, size.min(samples - start)).into_owned();
    let mut parts: Vec<(DMatrix<T>, Option<_>)> = starts.map(|start| (part(start), None)).collect();
    for_each(&mut parts, |_, (y, found)| *found = Some(decode(y)));
    let mut whole = Recovery {
        estimate: DMatrix::zeros(operator.shape().1, samples),
        outcomes: Vec::with_capacity(samples),
    };
    for found in parts.into_iter().filter_map(|part| part.1) {
        let Recovery { estimate, outcomes } = found?;
        whole.estimate.columns_mut(whole.outcomes.len(), outcomes.len()).copy_from(&estimate);
        whole.outcomes.extend(outcomes);
    }
    Ok(whole)
}

/// The norm of each column.
pub(crate) fn norms<T: Scalar>(matrix: &DMatrix<T>) -> Vec<f64> {
    matrix.column_iter().map(|column| norm(column.as_slice())).collect()
}

/// The norm `‖x‖₂` in double precision.
pub(crate) fn norm<T: Scalar>(x: &[T]) -> f64 {
    // There are eight partial sums, which a processor adds at once.
    let mut strands = [0.0; 8];
    let chunks = x.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|x| x.to_f64() * x.to_f64()).sum();
    for chunk in chunks {
        for (strand, x) in strands.iter_mut().zip(chunk) {
            *strand += x.to_f64() * x.to_f64();
        }
    }
    (strands.iter().sum::<f64>() + rest).sqrt()
}

/// Computes `to ← to + Σ c a` over columns `a` of the length of `to` with factors `c`, four at a
/// time and in order.
pub(crate) fn add_columns<T: Scalar>(terms: &[(&[T], T)], to: &mut [T]) {
    let (fours, rest) = terms.as_chunks::<4>();
    for &[(a, s), (b, t), (c, u), (d, v)] in fours {
        for ((((to, &a), &b), &c), &d) in to.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *to = *to + a * s + b * t + c * u + d * v;
        }
    }
    for &(a, s) in rest {
        to.iter_mut().zip(a).for_each(|(to, &a)| *to += a * s);
    }
}

/// Computes `rest ← y − rest` on all threads.
pub(crate) fn subtract_from<T: Scalar>(y: &DMatrix<T>, rest: &mut DMatrix<T>) {
    const CHUNK: usize = 8192;
    let y = y.as_slice();
    for_each_chunk(rest.as_mut_slice(), CHUNK, |k, rest| {
        rest.iter_mut().zip(&y[k * CHUNK..]).for_each(|(rest, &y)| *rest = y - *rest);
    });
}

/// The norms of the columns of `y − A x`.
pub(crate) fn residuals<T: Scalar>(
    operator: &dyn LinearOperator<T>,
    x: &DMatrix<T>,
    y: &DMatrix<T>,
) -> Result<Vec<f64>> {
    let mut rest = DMatrix::zeros(y.nrows(), y.ncols());
    operator.apply_into(x, &mut rest)?;
    subtract_from(y, &mut rest);
    Ok(norms(&rest))
}
