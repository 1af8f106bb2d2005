//! The nonnegative LASSO by FISTA with restarts.

use nalgebra::DMatrix;
use toy_superposition_model::Scalar;

use crate::decoder::{check_measured, in_parts, norms, residuals, subtract_from};
use crate::error::check_share;
use crate::{Decoder, Limits, LinearOperator, Outcome, Recovery, Result, StopReason};

/// The nonnegative LASSO by FISTA with restarts. It has converged once the duality gap is at most
/// `tolerance · ‖y‖²/2`.
///
/// ```math
/// \min_{x \ge 0}\; \tfrac12 \lVert y - A x \rVert^2 + \lambda\, 1^\top x, \qquad
/// x_{t+1} = \Bigl(z_t + \tfrac1L \bigl(A^\top(y - A z_t) - \lambda\bigr)\Bigr)_+, \qquad L \ge \lVert A \rVert^2,
/// ```
/// ```math
/// z_{t+1} = x_{t+1} + \frac{s_t - 1}{s_{t+1}} (x_{t+1} - x_t), \qquad s_{t+1} = \tfrac12 \bigl(1 + \sqrt{1 + 4 s_t^2}\bigr),
/// ```
///
/// where `s` is set to 1 again whenever `⟨z_t − x_{t+1}, x_{t+1} − x_t⟩ > 0` (Beck and Teboulle,
/// 2009; O'Donoghue and Candès, 2015). The distance of the objective from its minimum is bounded by
/// the duality gap, with `ρ = y − A x` and `θ = ρ · min(1, λ/max(Aᵀρ))`:
///
/// ```math
/// \text{gap} = \tfrac12 \lVert \rho \rVert^2 + \lambda\, 1^\top x - \tfrac12 \lVert y \rVert^2 + \tfrac12 \lVert y - \theta \rVert^2.
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lasso {
    penalty: f64,
    limits: Limits,
}

/// The number of iterations between two evaluations of the gap.
const LOOK: usize = 10;

impl Lasso {
    /// The LASSO with `λ = penalty · max(Aᵀy)` for each sample, up to 10 000 iterations and a
    /// tolerance of 1e-8. At a penalty of 1 the estimate is 0.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) unless `0 < penalty ≤ 1`.
    pub fn new(penalty: f64) -> Result<Self> {
        check_share("the penalty", penalty)?;
        Ok(Self { penalty, limits: Limits { iterations: 10_000, tolerance: 1e-8 } })
    }

    /// This decoder with `limits` for its iterations and its tolerance.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

impl<T: Scalar> Decoder<T> for Lasso {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        self.limits.check()?;
        in_parts(operator, y, |y| self.decode_part(operator, y))
    }
}

impl Lasso {
    fn decode_part<T: Scalar>(
        &self,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
    ) -> Result<Recovery<T>> {
        let (features, samples) = (operator.shape().1, y.ncols());
        // The step is a little below 1/‖A‖², since ‖A‖ is known to a relative 1e-6.
        let step = (operator.norm().powi(2) * (1.0 + 1e-5)).recip();
        let mut gradient = DMatrix::zeros(features, samples);
        operator.adjoint_into(y, &mut gradient)?;
        let penalties: Vec<f64> = gradient
            .column_iter()
            .map(|column| self.penalty * column.iter().fold(0.0, |most: f64, g| most.max(g.to_f64())))
            .collect();
        let squares: Vec<f64> = norms(y).into_iter().map(|norm| norm * norm).collect();
        let mut x: DMatrix<T> = DMatrix::zeros(features, samples);
        let (mut z, mut rest) = (x.clone(), y.clone());
        let mut momentum = vec![1.0_f64; samples];
        let mut ends: Vec<Option<(usize, StopReason)>> = vec![None; samples];
        // The least gap of each sample so far, and its estimate.
        let mut best = (vec![f64::INFINITY; samples], x.clone());
        for iteration in 1..=self.limits.iterations {
            operator.apply_into(&z, &mut rest)?;
            subtract_from(y, &mut rest);
            operator.adjoint_into(&rest, &mut gradient)?;
            for k in (0..samples).filter(|&k| ends[k].is_none()) {
                momentum[k] = advance(
                    x.column_mut(k).as_mut_slice(),
                    z.column_mut(k).as_mut_slice(),
                    gradient.column(k).as_slice(),
                    (T::round_from(step), T::round_from(penalties[k])),
                    momentum[k],
                );
            }
            if iteration % LOOK == 0 || iteration == self.limits.iterations {
                operator.apply_into(&x, &mut rest)?;
                subtract_from(y, &mut rest);
                operator.adjoint_into(&rest, &mut gradient)?;
                let open: Vec<usize> = (0..samples).filter(|&k| ends[k].is_none()).collect();
                for k in open {
                    let columns = [&x, &rest, &gradient].map(|matrix| matrix.column(k));
                    let gap = gap(
                        columns.each_ref().map(|column| column.as_slice()),
                        y.column(k).as_slice(),
                        penalties[k],
                    );
                    if gap < best.0[k] {
                        best.0[k] = gap;
                        best.1.column_mut(k).copy_from(&x.column(k));
                    }
                    if gap <= 0.5 * self.limits.tolerance * squares[k] {
                        ends[k] = Some((iteration, StopReason::Converged));
                    } else if !gap.is_finite() {
                        ends[k] = Some((iteration, StopReason::Diverged));
                    }
                }
                if ends.iter().all(Option::is_some) {
                    break;
                }
            }
        }
        let residuals = residuals(operator, &best.1, y)?;
        let outcomes = ends.into_iter().zip(residuals).map(|(end, residual)| {
            let (iterations, stopped) = end.unwrap_or((self.limits.iterations, StopReason::Iterations));
            Outcome { iterations, residual, stopped }
        });
        Ok(Recovery { outcomes: outcomes.collect(), estimate: best.1 })
    }
}

/// Makes one iteration of one sample, and returns the momentum after it.
fn advance<T: Scalar>(
    x: &mut [T],
    z: &mut [T],
    gradient: &[T],
    (step, penalty): (T, T),
    momentum: f64,
) -> f64 {
    let mut uphill = 0.0;
    // z holds the new x for a moment.
    for ((x, z), &g) in x.iter().zip(&mut *z).zip(gradient) {
        let next = (*z + step * (g - penalty)).max(T::zero());
        uphill += (*z - next).to_f64() * (next - *x).to_f64();
        *z = next;
    }
    let momentum = if uphill > 0.0 { 1.0 } else { momentum };
    let next = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
    let share = T::round_from((momentum - 1.0) / next);
    for (x, z) in x.iter_mut().zip(z) {
        let new = *z;
        *z = new + share * (new - *x);
        *x = new;
    }
    next
}

/// The duality gap at `[x, ρ, Aᵀρ]`.
fn gap<T: Scalar>([x, rest, gradient]: [&[T]; 3], y: &[T], penalty: f64) -> f64 {
    let sum: f64 = x.iter().map(|x| x.to_f64()).sum();
    let most = gradient.iter().fold(0.0, |most: f64, g| most.max(g.to_f64()));
    let scale = if most > penalty { penalty / most } else { 1.0 };
    // ½‖ρ‖² − ½‖y‖² + ½‖y − sρ‖² = ½(1 + s²)‖ρ‖² − s⟨y, ρ⟩.
    let (mut square, mut product) = (0.0, 0.0);
    for (rest, y) in rest.iter().zip(y) {
        let rest = rest.to_f64();
        square += rest * rest;
        product += rest * y.to_f64();
    }
    0.5 * (1.0 + scale * scale) * square - scale * product + penalty * sum
}
