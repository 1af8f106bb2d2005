//! Nonnegative basis pursuit, the linear program `min 1ᵀx` over `A x = y`, `x ≥ 0`.

use nalgebra::DMatrix;
use toy_superposition_data::parallel::for_each;
use toy_superposition_model::Scalar;

use crate::decoder::{check_measured, in_parts, norms, residuals, subtract_from};
use crate::{Decoder, Limits, LinearOperator, Outcome, Recovery, Result, StopReason};

/// Nonnegative basis pursuit, the linear program `min 1ᵀx` over `A x = y`, `x ≥ 0`.
///
/// It is solved by the splitting of Douglas and Rachford (Lions and Mercier, 1979), which needs
/// only products with A and A⁺:
///
/// ```math
/// x = u + A^+(y - A u), \qquad w = (2x - u - \gamma)_+, \qquad u \leftarrow u + w - x.
/// ```
///
/// Here `x` satisfies `A x = y`, `w` is nonnegative, and the two agree in the limit. With
/// `Aᵀν = (x − u)/γ` the dual program `max yᵀν` over `Aᵀν ≤ 1` has the feasible point
/// `ν/max(1, max Aᵀν)`, and `yᵀν = xᵀ(x − u)/γ`. So the duality gap
///
/// ```math
/// \text{gap} = \Bigl| 1^\top w - \frac{x^\top (x - u)/\gamma}{\max(1, \max (x-u)/\gamma)} \Bigr|
/// ```
///
/// bounds the distance of `1ᵀw` from the least sum, up to the residual of `w`. The estimate is `w`,
/// once both the gap and the residual are small.
///
/// It has converged once `‖y − A w‖ ≤ ε‖y‖` and the gap is at most `ε 1ᵀw`. Otherwise the estimate
/// is not the solution of the program, and the outcome says so; a sample that diverges has the
/// estimate 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BasisPursuit {
    limits: Limits,
}

/// The default is up to 20 000 iterations and a tolerance ε of 1e-6.
impl Default for BasisPursuit {
    fn default() -> Self {
        Self { limits: Limits { iterations: 20_000, tolerance: 1e-6 } }
    }
}

impl BasisPursuit {
    /// This decoder with `limits` for its iterations and its tolerance.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits }
    }
}

/// The step `γ` as a share of the largest entry of `A⁺y`.
const STEP: f64 = 0.3;
/// The number of iterations between two tests for the end.
const LOOK: usize = 10;

/// The vectors of one sample.
struct Item<'a, T> {
    /// The vector `u`, which a step overwrites with the next one.
    u: &'a mut [T],
    /// The difference `x − u = A⁺(y − A u)`.
    move_: &'a [T],
    w: &'a mut [T],
    step: T,
    /// The values `1ᵀw` of the program and of its dual.
    values: (f64, f64),
}

impl<T: Scalar> Item<'_, T> {
    fn run(&mut self) {
        let (mut sum, mut product, mut most) = (0.0, 0.0, 1.0_f64);
        let scale = self.step.to_f64().recip();
        for ((u, &q), w) in self.u.iter_mut().zip(self.move_).zip(&mut *self.w) {
            let x = *u + q;
            *w = (x + q - self.step).max(T::zero());
            *u += *w - x;
            let dual = q.to_f64() * scale;
            sum += w.to_f64();
            product += x.to_f64() * dual;
            most = most.max(dual);
        }
        self.values = (sum, product / most);
    }
}

impl<T: Scalar> Decoder<T> for BasisPursuit {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        self.limits.check()?;
        in_parts(operator, y, |y| self.decode_part(operator, y))
    }
}

impl BasisPursuit {
    fn decode_part<T: Scalar>(
        &self,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
    ) -> Result<Recovery<T>> {
        let (features, samples) = (operator.shape().1, y.ncols());
        let mut estimate: DMatrix<T> = DMatrix::zeros(features, samples);
        let mut ends: Vec<Option<(usize, StopReason)>> =
            norms(y).iter().map(|&norm| (norm == 0.0).then_some((0, StopReason::Converged))).collect();
        let mut left: Vec<usize> = (0..samples).filter(|&k| ends[k].is_none()).collect();
        let mut y_left = y.select_columns(&left);
        let mut u: DMatrix<T> = DMatrix::zeros(features, left.len());
        operator.pseudo_inverse_into(&y_left, &mut u)?;
        let mut steps: Vec<T> = u.column_iter().map(|column| column.amax() * T::round_from(STEP)).collect();
        let (mut q, mut w, mut rest) = (u.clone(), u.clone(), y_left.clone());
        for iteration in 1..=self.limits.iterations {
            if left.is_empty() {
                break;
            }
            operator.apply_into(&u, &mut rest)?;
            subtract_from(&y_left, &mut rest);
            operator.pseudo_inverse_into(&rest, &mut q)?;
            let columns = u.as_mut_slice().chunks_mut(features).zip(q.as_slice().chunks(features));
            let columns = columns.zip(w.as_mut_slice().chunks_mut(features)).zip(&steps);
            let items =
                columns.map(|(((u, move_), w), &step)| Item { u, move_, w, step, values: (0.0, 0.0) });
            let mut items: Vec<_> = items.collect();
            for_each(&mut items, |_, item| item.run());
            let values: Vec<(f64, f64)> = items.iter().map(|item| item.values).collect();
            if iteration % LOOK > 0 && iteration < self.limits.iterations {
                continue;
            }
            let (residuals, scales) = (residuals(operator, &w, &y_left)?, norms(&y_left));
            let mut keep = Vec::new();
            for (k, &sample) in left.iter().enumerate() {
                let ((sum, dual), tolerance) = (values[k], self.limits.tolerance);
                let close = residuals[k] <= tolerance * scales[k] && (sum - dual).abs() <= tolerance * sum;
                let last = iteration == self.limits.iterations;
                if !residuals[k].is_finite() {
                    ends[sample] = Some((iteration, StopReason::Diverged));
                } else if close || last {
                    let stopped = if close { StopReason::Converged } else { StopReason::Iterations };
                    estimate.column_mut(sample).copy_from(&w.column(k));
                    ends[sample] = Some((iteration, stopped));
                } else {
                    keep.push(k);
                }
            }
            if keep.len() < left.len() {
                left = keep.iter().map(|&k| left[k]).collect();
                steps = keep.iter().map(|&k| steps[k]).collect();
                for matrix in [&mut y_left, &mut u, &mut q, &mut w, &mut rest] {
                    *matrix = matrix.select_columns(&keep);
                }
            }
        }
        let residuals = residuals(operator, &estimate, y)?;
        let outcomes = ends.into_iter().zip(residuals).map(|(end, residual)| {
            let (iterations, stopped) = end.unwrap_or((self.limits.iterations, StopReason::Iterations));
            Outcome { iterations, residual, stopped }
        });
        let outcomes = outcomes.collect();
        Ok(Recovery { estimate, outcomes })
    }
}
