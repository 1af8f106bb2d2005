//! A line search for the strong Wolfe conditions.
//!
//! ```math
//! φ(t) = f(x + t d): \quad φ(t) ≤ φ(0) + c_1 t φ'(0) + δ, \quad |φ'(t)| ≤ c_2 |φ'(0)|
//! ```
//!
//! t step, φ(0) and φ′(0) < 0 loss and slope at the start, δ a few units of rounding error of φ(0):
//! near a minimum the decrease drowns in rounding, and without δ the search would fail there
//! instead of converging (compare the approximate conditions of Hager and Zhang 2005).
//!
//! Bracket and zoom (Nocedal and Wright, "Numerical optimization", algorithms 3.5 and 3.6) in one
//! loop: `low` satisfies the first condition and points into the interval, `high` ends it (or is
//! absent while the interval is unbounded), cubic interpolation chooses the next step, bisection
//! takes over where it shrinks too slowly. A point where the loss or the gradient is not finite
//! only ends the interval.

/// Why a line search found no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineSearchFailure {
    /// The direction does not descend: the slope is zero within the range of f64.
    Slope,
    /// The loss or its gradient was not finite at every point tried.
    NotFinite,
    /// The loss kept falling, ever farther out, until the bound on evaluations was reached.
    Unbounded,
    /// The bound on evaluations was reached: the loss is noisy or not the integral of the gradient.
    Evaluations,
    /// The interval shrank to nothing: the loss is noisy or not the integral of the gradient.
    Interval,
}

impl std::fmt::Display for LineSearchFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Slope => "the direction does not descend",
            Self::NotFinite => "no finite loss and gradient along the direction",
            Self::Unbounded => "the loss falls without end",
            Self::Evaluations => "too many evaluations",
            Self::Interval => "the interval shrank to nothing",
        })
    }
}

/// φ and φ′ at one step; the loss is NaN where the loss or the gradient is not finite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) step: f64,
    pub(crate) loss: f64,
    pub(crate) slope: f64,
}

/// The constants of the two conditions, and how often φ may be evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wolfe {
    pub(crate) decrease: f64,
    pub(crate) curvature: f64,
    pub(crate) rounding: f64,
    pub(crate) evaluations: usize,
}

#[derive(Debug)]
pub(crate) enum Search {
    /// Both conditions hold at the last point evaluated.
    Found(Sample),
    /// They hold at none; `low` is the best that satisfies the first (its step is 0 if there is no
    /// other).
    Failed { reason: LineSearchFailure, low: Sample },
}

/// Searches from `start` (step 0, negative slope), trying `first` first.
pub(crate) fn search<E>(
    start: Sample,
    first: f64,
    wolfe: Wolfe,
    mut evaluate: impl FnMut(f64) -> Result<Sample, E>,
) -> Result<Search, E> {
    let (mut low, mut high): (Sample, Option<Sample>) = (start, None);
    let (mut step, mut width, mut finite) = (first, f64::INFINITY, false);
    for _ in 0..wolfe.evaluations {
        let trial = evaluate(step)?;
        let ceiling = start.loss + wolfe.decrease * step * start.slope;
        finite |= trial.loss.is_finite();
        // False for NaN.
        let descends = trial.loss <= ceiling.min(low.loss) + wolfe.rounding && trial.slope.is_finite();
        let previous = low;
        if !descends {
            high = Some(trial);
        } else if trial.slope.abs() <= -wolfe.curvature * start.slope {
            return Ok(Search::Found(trial));
        } else {
            let forward = high.is_none_or(|high| high.step > low.step);
            if (trial.slope >= 0.0) == forward {
                high = Some(low);
            }
            low = trial;
        }
        step = match high {
            None => {
                let stride = low.step - previous.step;
                let (least, most) = (low.step + 1.1 * stride, low.step + 4.0 * stride);
                let guess = minimum(previous, low, wolfe.rounding);
                // Behind, or NaN: the loss falls ever faster.
                if guess > low.step { guess.clamp(least, most) } else { most }
            }
            Some(high) => {
                let (left, right) = (low.step.min(high.step), low.step.max(high.step));
                let slow = right - left > 0.5 * width;
                width = right - left;
                if width <= f64::EPSILON * right {
                    return Ok(Search::Failed { reason: LineSearchFailure::Interval, low });
                }
                let guess = minimum(low, high, wolfe.rounding);
                if slow || !guess.is_finite() {
                    0.5 * (left + right)
                } else {
                    guess.clamp(left + 0.1 * width, right - 0.1 * width)
                }
            }
        };
    }
    let reason = match high {
        None => LineSearchFailure::Unbounded,
        Some(_) if finite => LineSearchFailure::Evaluations,
        Some(_) => LineSearchFailure::NotFinite,
    };
    Ok(Search::Failed { reason, low })
}

/// Where two points with their slopes put the minimum; by the slopes alone where the losses differ
/// by rounding.
fn minimum(a: Sample, b: Sample, rounding: f64) -> f64 {
    if (a.loss - b.loss).abs() <= rounding { secant(a, b) } else { cubic(a, b) }
}

/// The local minimum of the cubic through two points with their slopes; NaN or infinite where there
/// is none.
fn cubic(a: Sample, b: Sample) -> f64 {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.step - b.step);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt().copysign(b.step - a.step);
    b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2)
}

/// Where the slope through two points vanishes.
fn secant(a: Sample, b: Sample) -> f64 {
    a.step - a.slope * (b.step - a.step) / (b.slope - a.slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: f64, f: impl Fn(f64) -> (f64, f64)) -> Sample {
        let (loss, slope) = f(step);
        Sample { step, loss, slope }
    }

    #[test]
    fn cubic_is_exact_on_cubics() {
        // f = t³ − 3t² has its minimum at 2; from either side, in either order.
        let f = |t: f64| (t * t * t - 3.0 * t * t, 3.0 * t * t - 6.0 * t);
        for (a, b) in [(0.5, 3.0), (3.0, 0.5), (1.2, 1.7), (5.0, 2.5)] {
            approx::assert_relative_eq!(cubic(at(a, f), at(b, f)), 2.0, epsilon = 0.0, max_relative = 1e-12);
        }
        let parabola = |t: f64| ((t - 0.7) * (t - 0.7), 2.0 * (t - 0.7));
        approx::assert_relative_eq!(
            secant(at(0.0, parabola), at(3.0, parabola)),
            0.7,
            epsilon = 0.0,
            max_relative = 1e-15
        );
    }

    #[test]
    fn both_conditions_hold_whatever_the_first_step() {
        // Moré and Thuente 1994, functions (5.1) and (5.2), from 1e-3 to 1e3, with their tight c₂.
        let first = |t: f64| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2));
        let second = |t: f64| {
            let s = t + 0.004;
            (s.powi(5) - 2.0 * s.powi(4), 5.0 * s.powi(4) - 8.0 * s.powi(3))
        };
        let wolfe = Wolfe { decrease: 1e-4, curvature: 0.1, rounding: 0.0, evaluations: 40 };
        for function in [&first as &dyn Fn(f64) -> (f64, f64), &second] {
            for exponent in -3..=3 {
                let start = at(0.0, function);
                let mut calls = 0;
                let end = search::<()>(start, 10f64.powi(exponent), wolfe, |t| {
                    calls += 1;
                    Ok(at(t, function))
                });
                let Ok(Search::Found(end)) = end else { panic!("no step from 1e{exponent}: {end:?}") };
                assert!(end.loss <= start.loss + 1e-4 * end.step * start.slope);
                assert!(end.slope.abs() <= -0.1 * start.slope);
                assert!(calls <= 20, "{calls} evaluations from 1e{exponent}");
            }
        }
    }

    #[test]
    fn where_the_loss_is_rounding_error_the_slope_leads() {
        // 64 + 5e-16 (t − 3)², hidden by the two units of rounding that every point but the start
        // has on top.
        let f = |t: f64| (64.0 + if t > 0.0 { 2.0 * 64.0 * f64::EPSILON } else { 0.0 }, 1e-15 * (t - 3.0));
        for first in [1e-2, 1.0, 3.0, 100.0] {
            let run = |rounding| {
                let mut calls = 0;
                let wolfe = Wolfe { decrease: 1e-4, curvature: 0.1, rounding, evaluations: 40 };
                let end = search::<()>(at(0.0, f), first, wolfe, |t| {
                    calls += 1;
                    Ok(at(t, f))
                });
                (end, calls)
            };
            let (end, _) = run(0.0);
            assert!(matches!(end, Ok(Search::Failed { low: Sample { step: 0.0, .. }, .. })), "{end:?}");
            let (end, calls) = run(8.0 * 64.0 * f64::EPSILON);
            assert!(matches!(end, Ok(Search::Found(s)) if (s.step - 3.0).abs() <= 0.3), "{end:?}");
            assert!(calls <= 6, "{calls} evaluations from {first}");
        }
    }

    #[test]
    fn a_trial_is_no_nearer_to_an_end_than_a_tenth() {
        // −t/1000 + 1000 t³: the minimum is at 5.8e-4, where the cubic puts it.
        let f = |t: f64| (-1e-3 * t + 1e3 * t.powi(3), -1e-3 + 3e3 * t * t);
        let wolfe = Wolfe { decrease: 1e-4, curvature: 0.1, rounding: 0.0, evaluations: 40 };
        let mut steps = Vec::new();
        let end = search::<()>(at(0.0, f), 1.0, wolfe, |t| {
            steps.push(t);
            Ok(at(t, f))
        });
        assert!(matches!(end, Ok(Search::Found(_))), "{end:?}");
        assert_eq!(steps[..3], [1.0, 0.1, 0.1 * 0.1]);
    }

    #[test]
    fn a_wall_of_nan_is_backed_away_from() {
        let f =
            |t: f64| if t > 0.01 { (f64::NAN, f64::NAN) } else { ((t - 0.008).powi(2), 2.0 * (t - 0.008)) };
        let wolfe = Wolfe { decrease: 1e-4, curvature: 0.1, rounding: 0.0, evaluations: 40 };
        let end = search::<()>(at(0.0, f), 1e3, wolfe, |t| Ok(at(t, f)));
        assert!(matches!(end, Ok(Search::Found(s)) if (s.step - 0.008).abs() <= 0.1 * 0.008), "{end:?}");
    }
}
