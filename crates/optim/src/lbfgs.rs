//! L-BFGS, a limited-memory quasi-Newton method.

use std::collections::VecDeque;

use crate::{
    error::{Error, Result, require},
    line_search::{LineSearchFailure, Sample, Search, Wolfe, search},
    real::{Real, all_finite, dot, epsilon, largest, norm, real, require_finite},
};

/// The settings of [`Lbfgs`].
///
/// | Name | Default | Range |
/// |---|---|---|
/// | `history` | 10 | 1 … 1000 |
/// | `max_iterations` | 1000 | 0 … 2⁶⁴ − 1 |
/// | `gradient_tolerance` | 1e-8 | [0, ∞) |
/// | `step_tolerance` | 1e-15 | [0, ∞) |
/// | `decrease` | 1e-4 | (0, `curvature`) |
/// | `curvature` | 0.9 | (`decrease`, 1) |
/// | `line_search_evaluations` | 30 | 10 … 1000 |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LbfgsConfig {
    /// The number of pairs (s, y) that are kept.
    pub history: usize,
    /// The greatest number of iterations. Each iteration is one line search.
    pub max_iterations: u64,
    /// The minimisation has converged when no component of the gradient exceeds this in magnitude.
    pub gradient_tolerance: f64,
    /// The minimisation ends without convergence when a step has $\max|s_i| ≤ τ \max(1,
    /// \max|x_i|)$, where $τ$ is this number. With 0, only a step that changes no parameter ends
    /// it.
    pub step_tolerance: f64,
    /// The Wolfe constant $c_1$ of sufficient decrease.
    pub decrease: f64,
    /// The Wolfe constant $c_2$ of curvature.
    pub curvature: f64,
    /// The greatest number of evaluations of the objective in one line search.
    pub line_search_evaluations: usize,
}

impl Default for LbfgsConfig {
    fn default() -> Self {
        Self {
            history: 10,
            max_iterations: 1000,
            gradient_tolerance: 1e-8,
            step_tolerance: 1e-15,
            decrease: 1e-4,
            curvature: 0.9,
            line_search_evaluations: 30,
        }
    }
}

/// Why [`Lbfgs::minimise`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The gradient is within its tolerance. This is the only outcome that counts as convergence to
    /// a stationary point.
    GradientTolerance,
    /// The last step is within its tolerance but the gradient is not. This happens where the loss
    /// cannot be resolved further in its precision, or where it has a kink, as $|x|$ has at 0.
    StepTolerance,
    /// The greatest number of iterations was reached.
    MaxIterations,
    /// The line search failed even along the direction of steepest descent.
    LineSearchFailed(LineSearchFailure),
}

impl Outcome {
    /// Returns true if the gradient is within its tolerance. If it is not, [`Minimum::gradient`]
    /// says how large it is.
    pub fn converged(&self) -> bool {
        matches!(self, Self::GradientTolerance)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::GradientTolerance => f.write_str("the gradient is within its tolerance"),
            Self::StepTolerance => f.write_str("the steps became too small while the gradient was not"),
            Self::MaxIterations => f.write_str("the bound on iterations was reached"),
            Self::LineSearchFailed(reason) => write!(f, "the line search failed: {reason}"),
        }
    }
}

/// The result of [`Lbfgs::minimise`]. The parameters are in the slice that it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// Why the minimisation ended.
    pub outcome: Outcome,
    /// The objective at the final parameters.
    pub loss: f64,
    /// The largest magnitude of a component of the gradient at the final parameters.
    pub gradient: f64,
    /// The number of iterations.
    pub iterations: u64,
    /// The number of evaluations of the objective.
    pub evaluations: u64,
}

/// The L-BFGS minimiser, for objectives without noise, such as a mean-field loss.
///
/// ```math
/// x_{k+1} = x_k - t_k H_k g_k, \quad s_k = x_{k+1} - x_k, \quad y_k = g_{k+1} - g_k
/// ```
///
/// where x are the parameters, g is the gradient, and H is the approximation of the inverse Hessian
/// that BFGS makes from the last m pairs (s, y) and the initial scale $s·y / y·y$. It is applied by
/// the two-loop recursion (Nocedal and Wright, "Numerical optimization", algorithms 7.4 and 7.5).
/// The line search looks for a step t that satisfies the strong Wolfe conditions along the
/// direction $d = -H_k g_k$,
///
/// ```math
/// φ(t) ≤ φ(0) + c_1 t φ'(0), \quad |φ'(t)| ≤ c_2 |φ'(0)|, \qquad φ(t) = f(x_k + t d),
/// ```
///
/// up to a few units of rounding error of the loss. The minimiser has no state between two calls.
///
/// ```
/// use toy_superposition_optim::{Error, Lbfgs};
/// let mut parameters = [-1.2, 1.0];
/// // Rosenbrock's function.
/// let minimum = Lbfgs::default().minimise(&mut parameters, |x, gradient| {
///     let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
///     gradient.copy_from_slice(&[-2.0 * a - 400.0 * x[0] * b, 200.0 * b]);
///     Ok::<_, Error>(a * a + 100.0 * b * b)
/// })?;
/// assert!(minimum.outcome.converged());
/// assert!((parameters[0] - 1.0).abs() < 1e-6 && (parameters[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), toy_superposition_optim::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lbfgs {
    config: LbfgsConfig,
}

impl Lbfgs {
    /// A minimiser with the given settings.
    ///
    /// # Errors
    /// [`Error::Setting`] or [`Error::Count`] for a setting outside its range in [`LbfgsConfig`].
    pub fn new(config: LbfgsConfig) -> Result<Self> {
        let count = |name, given: usize, least| {
            let (given, most) = (given as u64, 1000);
            let valid = (least..=most).contains(&given);
            if valid { Ok(()) } else { Err(Error::Count { name, given, least, most }) }
        };
        let tolerance = |name, given: f64| require(given.is_finite() && given >= 0.0, name, given, "[0, ∞)");
        let LbfgsConfig { decrease, curvature, .. } = config;
        count("history", config.history, 1)?;
        count("line search evaluations", config.line_search_evaluations, 10)?;
        tolerance("gradient tolerance", config.gradient_tolerance)?;
        tolerance("step tolerance", config.step_tolerance)?;
        require(curvature > 0.0 && curvature < 1.0, "curvature", curvature, "(decrease, 1)")?;
        require(decrease > 0.0 && decrease < curvature, "decrease", decrease, "(0, curvature)")?;
        Ok(Self { config })
    }

    /// The settings of the minimiser.
    pub fn config(&self) -> &LbfgsConfig {
        &self.config
    }

    /// Minimises `objective`, starting from `parameters`, and writes the result to `parameters`.
    /// The objective returns the loss at its first argument and writes the gradient there to its
    /// second argument.
    ///
    /// From one iterate to the next the loss never rises by more than rounding error. Points where
    /// the loss or gradient is not finite are rejected by the line search. The bits of the result
    /// depend only on the arguments.
    ///
    /// # Errors
    /// The errors of the objective, with the parameters left at the last iterate;
    /// [`Error::NotFinite`] if the loss or the gradient at the starting point is not finite.
    pub fn minimise<F, E>(
        &self,
        parameters: &mut [F],
        mut objective: impl FnMut(&[F], &mut [F]) -> std::result::Result<f64, E>,
    ) -> std::result::Result<Minimum, E>
    where
        F: Real,
        E: From<Error>,
    {
        let config = &self.config;
        let zeros = || vec![F::zero(); parameters.len()];
        let (mut gradient, mut direction) = (zeros(), zeros());
        let (mut trial, mut trial_gradient) = (zeros(), zeros());
        let mut history = History::new(config.history);

        let mut loss = objective(parameters, &mut gradient)?;
        if !loss.is_finite() {
            return Err(Error::NotFinite { what: "loss at the start", index: 0, given: loss }.into());
        }
        require_finite("gradient at the start", &gradient)?;
        let (mut iterations, mut evaluations) = (0, 1);
        let outcome = loop {
            if largest(&gradient) <= config.gradient_tolerance {
                break Outcome::GradientTolerance;
            }
            if iterations >= config.max_iterations {
                break Outcome::MaxIterations;
            }
            iterations += 1;

            history.direction(&gradient, &mut direction);
            let mut slope = dot(&direction, &gradient);
            if !(slope < 0.0 && slope.is_finite()) {
                history.clear();
                history.direction(&gradient, &mut direction);
                slope = dot(&direction, &gradient);
            }
            let start = Sample { step: 0.0, loss, slope };
            // Without a history, the length of the direction is that of the gradient, which is not
            // a suitable length for a step.
            let first = if history.is_empty() { (1.0 / norm(&gradient)).min(1.0) } else { 1.0 };
            let wolfe = Wolfe {
                decrease: config.decrease,
                curvature: config.curvature,
                rounding: 8.0 * epsilon::<F>() * loss.abs(),
                evaluations: config.line_search_evaluations,
            };
            let mut evaluate = |step: f64| {
                evaluations += 1;
                let length: F = real(step);
                for ((trial, &x), &d) in trial.iter_mut().zip(&*parameters).zip(&direction) {
                    *trial = x + length * d;
                }
                let loss = objective(&trial, &mut trial_gradient)?;
                let finite = loss.is_finite() && all_finite(&trial_gradient);
                let slope = dot(&direction, &trial_gradient);
                Ok::<_, E>(Sample { step, loss: if finite { loss } else { f64::NAN }, slope })
            };
            let found = if !(slope < 0.0 && slope.is_finite()) {
                Err(LineSearchFailure::Slope)
            } else {
                match search(start, first, wolfe, &mut evaluate)? {
                    Search::Found(end) => Ok(end),
                    // A step that lowers the loss is progress, even if it violates the curvature
                    // condition.
                    Search::Failed { reason, low }
                        if low.loss < loss && reason != LineSearchFailure::Unbounded =>
                    {
                        Ok(evaluate(low.step)?)
                    }
                    Search::Failed { reason, .. } => Err(reason),
                }
            };
            let end = match found {
                // A noisy objective may return a different value at the second evaluation. A NaN is
                // not accepted.
                Ok(end) if end.loss.is_finite() => end,
                Ok(_) => break Outcome::LineSearchFailed(LineSearchFailure::NotFinite),
                Err(_) if !history.is_empty() => {
                    history.clear();
                    continue;
                }
                Err(reason) => break Outcome::LineSearchFailed(reason),
            };
            let moved = history.push(parameters, &trial, &gradient, &trial_gradient);
            parameters.copy_from_slice(&trial);
            std::mem::swap(&mut gradient, &mut trial_gradient);
            loss = end.loss;
            if moved <= config.step_tolerance * largest(parameters).max(1.0) {
                // As at the top of the loop, the test of the gradient comes first.
                let small = largest(&gradient) <= config.gradient_tolerance;
                break if small { Outcome::GradientTolerance } else { Outcome::StepTolerance };
            }
        };
        Ok(Minimum { outcome, loss, gradient: largest(&gradient), iterations, evaluations })
    }
}

/// One pair (s, y) with s·y and y·y.
struct Pair<F> {
    s: Vec<F>,
    y: Vec<F>,
    sy: f64,
    yy: f64,
}

/// The last pairs (s, y), oldest first.
struct History<F> {
    capacity: usize,
    pairs: VecDeque<Pair<F>>,
    /// Memory for the next pair.
    spare: Option<Pair<F>>,
    /// The coefficients α of the two-loop recursion.
    alphas: Vec<f64>,
}

impl<F: Real> History<F> {
    fn new(capacity: usize) -> Self {
        let (pairs, alphas) = (VecDeque::with_capacity(capacity), Vec::with_capacity(capacity));
        Self { capacity, pairs, spare: None, alphas }
    }

    fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn clear(&mut self) {
        self.pairs.clear();
    }

    /// Writes −H g, computed by the two-loop recursion, to `direction`. Without a history this is
    /// −g.
    fn direction(&mut self, gradient: &[F], direction: &mut [F]) {
        for (d, &g) in direction.iter_mut().zip(gradient) {
            *d = -g;
        }
        self.alphas.clear();
        for pair in self.pairs.iter().rev() {
            let alpha = dot(&pair.s, direction) / pair.sy;
            add(direction, -alpha, &pair.y);
            self.alphas.push(alpha);
        }
        if let Some(last) = self.pairs.back() {
            let scale: F = real(last.sy / last.yy);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, &alpha) in self.pairs.iter().zip(self.alphas.iter().rev()) {
            let beta = dot(&pair.y, direction) / pair.sy;
            add(direction, alpha - beta, &pair.s);
        }
    }

    /// Adds the step s from `x` to `next` to the history if the curvature along it is positive
    /// beyond rounding, s·y > ε ‖s‖ ‖y‖, and returns max |s_i|.
    fn push(&mut self, x: &[F], next: &[F], gradient: &[F], next_gradient: &[F]) -> f64 {
        let mut pair = self.spare.take().unwrap_or_else(|| Pair {
            s: vec![F::zero(); x.len()],
            y: vec![F::zero(); x.len()],
            sy: 0.0,
            yy: 0.0,
        });
        let subtract = |to: &mut [F], a: &[F], b: &[F]| {
            for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
                *to = a - b;
            }
        };
        subtract(&mut pair.s, next, x);
        subtract(&mut pair.y, next_gradient, gradient);
        pair.sy = dot(&pair.s, &pair.y);
        pair.yy = dot(&pair.y, &pair.y);
        let moved = largest(&pair.s);
        let curved = pair.yy > 0.0 && pair.sy > epsilon::<F>() * norm(&pair.s) * norm(&pair.y);
        if !curved {
            self.spare = Some(pair);
            return moved;
        }
        if self.pairs.len() == self.capacity {
            self.spare = self.pairs.pop_front();
        }
        self.pairs.push_back(pair);
        moved
    }
}

/// Computes `to += factor · values`.
fn add<F: Real>(to: &mut [F], factor: f64, values: &[F]) {
    let factor: F = real(factor);
    for (to, &value) in to.iter_mut().zip(values) {
        *to += factor * value;
    }
}
