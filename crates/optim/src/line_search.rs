//! A line search for the strong Wolfe conditions.
//!
//! ```math
//! φ(t) = f(x + t d): \quad φ(t) ≤ φ(0) + c_1 t φ'(0) + δ, \quad |φ'(t)| ≤ c_2 |φ'(0)|
//! ```
//!
//! where t is the step, φ(0) and φ′(0) < 0 are the loss and the slope at the start, and δ is a few
//! units of rounding error of φ(0). Near a minimum the decrease is smaller than the rounding
//! errors, and without δ the search would fail there instead of converging (compare the approximate
//! conditions of Hager and Zhang 2005).
//!
//! The bracketing and zoom phases (Nocedal and Wright, "Numerical optimization", algorithms 3.5 and
//! 3.6) are one loop. `low` satisfies the first condition and the loss falls from it into the
//! interval; `high` is the other end of the interval, or `None` while the interval is unbounded.
//! Cubic interpolation chooses the next step, or bisection if the interval shrinks too slowly. A
//! point where the loss or the gradient is not finite can only be `high`.

/// Why a line search found no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineSearchFailure {
    /// The loss does not fall along the direction: its slope underflows to zero or is not finite.
    Slope,
    /// The loss or its gradient was not finite at every point tried.
    NotFinite,
    /// The loss was still falling at the farthest point when the bound on evaluations was reached.
    Unbounded,
    /// The bound on evaluations was reached. The loss is noisy, or the gradient is not its
    /// derivative.
    Evaluations,
    /// The interval shrank to the resolution of f64. The loss is noisy, or the gradient is not its
    /// derivative.
    Interval,
}

impl std::fmt::Display for LineSearchFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Slope => "the loss does not fall along the direction",
            Self::NotFinite => "no point that was tried had a finite loss and gradient",
            Self::Unbounded => "the loss seems to be unbounded below",
            Self::Evaluations => "the bound on evaluations was reached",
            Self::Interval => "the interval shrank to the resolution of f64",
        })
    }
}

/// φ and φ′ at one step. `loss` is NaN if the loss or the gradient is not finite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) step: f64,
    pub(crate) loss: f64,
    pub(crate) slope: f64,
}

/// The constants of the two conditions, and the greatest number of evaluations of φ.
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
    /// Both conditions hold at no point that was evaluated. `low` is the best point that satisfies
    /// the first condition; its step is 0 if that is only the start.
    Failed { reason: LineSearchFailure, low: Sample },
}

/// Searches from `start`, which has step 0 and a negative slope. The first step tried is `first`.
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
        // This is false if the loss is NaN.
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
                // If the estimate is behind `low` or NaN, the loss falls ever faster.
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

/// Estimates the position of the minimum from two points with their slopes, or from the slopes
/// alone if the losses differ only by rounding.
fn minimum(a: Sample, b: Sample, rounding: f64) -> f64 {
    if (a.loss - b.loss).abs() <= rounding { secant(a, b) } else { cubic(a, b) }
}

/// The local minimum of the cubic through two points with their slopes. It is NaN or infinite if
/// there is none.
fn cubic(a: Sample, b: Sample) -> f64 {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.step - b.step);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt().copysign(b.step - a.step);
    b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2)
}

/// The zero of the linear interpolation of the slopes at two points.
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
        // f = t³ − 3t² has its minimum at 2. The two points may be on either side and in either
        // order.
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
        // The function is 64 + 5e-16 (t − 3)², plus two units of rounding error at every point but
        // the start.
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
        // The function is −t/1000 + 1000 t³. Its minimum, which the cubic finds, is at 5.8e-4.
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
