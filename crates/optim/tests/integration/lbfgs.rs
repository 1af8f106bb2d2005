//! L-BFGS on functions whose minima are known.

use toy_superposition_optim::{Error, Lbfgs, LbfgsConfig, LineSearchFailure, Minimum, Outcome, Real, Result};

/// Rosenbrock's chained function, whose minimum is 0 at (1, …, 1): Σ 100 (x_{i+1} − x_i²)² + (1 −
/// x_i)².
fn rosenbrock<F: Real>(x: &[F], gradient: &mut [F]) -> f64 {
    gradient.fill(F::zero());
    let number = |value: f64| F::from_f64(value).unwrap();
    let mut sum = F::zero();
    for i in 0..x.len() - 1 {
        let (valley, rest) = (x[i + 1] - x[i] * x[i], F::one() - x[i]);
        sum = sum + number(100.0) * valley * valley + rest * rest;
        gradient[i] = gradient[i] - number(400.0) * x[i] * valley - number(2.0) * rest;
        gradient[i + 1] += number(200.0) * valley;
    }
    sum.into()
}

fn minimise<F: Real>(
    config: LbfgsConfig,
    x: &mut [F],
    mut f: impl FnMut(&[F], &mut [F]) -> f64,
) -> Result<Minimum> {
    Lbfgs::new(config)?.minimise(x, |x, gradient| Ok(f(x, gradient)))
}

#[test]
fn rosenbrock_in_several_dimensions() {
    for (dimension, most) in [(2, 60), (10, 120), (100, 700)] {
        // The start is not the usual (−1.2, 1, …), which for n ≥ 4 may lead to a local minimum near
        // (−1, 1, …).
        let mut x: Vec<f64> = (0..dimension).map(|i| if i % 2 == 0 { 0.2 } else { -0.4 }).collect();
        let config = LbfgsConfig { gradient_tolerance: 1e-9, ..LbfgsConfig::default() };
        let minimum = minimise(config, &mut x, rosenbrock).unwrap();
        assert_eq!(minimum.outcome, Outcome::GradientTolerance);
        assert!(minimum.evaluations <= most, "{} evaluations in {dimension} dimensions", minimum.evaluations);
        // The least eigenvalue of the Hessian is ≥ 0.3 here, so |x − 1| ≤ 1e-9 √n / 0.3.
        assert!(x.iter().all(|x| (x - 1.0).abs() <= 4e-9 * f64::from(dimension).sqrt()), "{x:?}");
        assert_eq!(minimum.loss, rosenbrock(&x, &mut vec![0.0; x.len()]));
    }
}

#[test]
fn rosenbrock_from_the_classic_start() {
    let mut x = [-1.2f64, 1.0];
    let minimum = minimise(LbfgsConfig::default(), &mut x, rosenbrock).unwrap();
    assert!(minimum.outcome == Outcome::GradientTolerance && minimum.evaluations <= 60, "{minimum:?}");
    assert!((x[0] - 1.0).abs() <= 1e-7 && (x[1] - 1.0).abs() <= 1e-7);
}

#[test]
fn rosenbrock_in_f32() {
    let mut x = [-1.2f32, 1.0];
    let minimum = minimise(LbfgsConfig::default(), &mut x, rosenbrock).unwrap();
    assert!(minimum.outcome.converged() && minimum.evaluations <= 100, "{minimum:?}");
    // The loss is at the level of its rounding errors, and x is uncertain along the valley by
    // √(loss/λ_min).
    assert!((x[0] - 1.0).abs() <= 1e-4 && (x[1] - 1.0).abs() <= 2e-4, "{x:?}");
}

#[test]
fn ill_conditioned_quadratics() {
    // f = ½ Σ λ_i (x_i − c_i)², λ from 1 to 10^exponent; SciPy's L-BFGS-B takes `scipy` evaluations
    // for the same tolerance and history.
    let n = 30;
    for (exponent, history, scipy) in [(4.0, 10, 760), (4.0, 20, 543), (4.0, 40, 225), (6.0, 40, 724)] {
        let lambda = |i: usize| 10f64.powf(exponent * i as f64 / (n - 1) as f64);
        let centre = |i: usize| 1.0 + (i as f64).sin();
        let config = LbfgsConfig { history, gradient_tolerance: 1e-6, ..LbfgsConfig::default() };
        let mut x = vec![0.0; n];
        let minimum = minimise(config, &mut x, |x, gradient| {
            let mut sum = 0.0;
            for i in 0..n {
                gradient[i] = lambda(i) * (x[i] - centre(i));
                sum += 0.5 * gradient[i] * (x[i] - centre(i));
            }
            sum
        })
        .unwrap();
        assert_eq!(minimum.outcome, Outcome::GradientTolerance, "{minimum:?}");
        assert!(minimum.evaluations <= scipy * 5 / 4, "{} evaluations, SciPy {scipy}", minimum.evaluations);
        // |x_i − c_i| = |g_i|/λ_i.
        for (i, x) in x.iter().enumerate() {
            assert!((x - centre(i)).abs() <= 1e-6 / lambda(i) + 4.0 * f64::EPSILON * centre(i), "{i}: {x}");
        }
    }
}

/// f = ½ · scale · Σ λ_i (x_i − 1)², λ from 1 to 100, in single precision: whether a pair is kept does
/// not depend on the scale of the loss. Steepest descent needs hundreds of iterations.
#[test]
fn steep_quadratics_in_f32() {
    let n = 20;
    for scale in [1.0, 2f32.powi(27), 2f32.powi(-27)] {
        let lambda = |i: usize| scale * 100f32.powf(i as f32 / (n - 1) as f32);
        let config = LbfgsConfig { gradient_tolerance: 1e-3 * f64::from(scale), ..LbfgsConfig::default() };
        let mut x = vec![0.0f32; n];
        let minimum = minimise(config, &mut x, |x, gradient| {
            let mut sum = 0.0;
            for i in 0..n {
                gradient[i] = lambda(i) * (x[i] - 1.0);
                sum += 0.5 * f64::from(gradient[i]) * f64::from(x[i] - 1.0);
            }
            sum
        })
        .unwrap();
        assert_eq!(minimum.outcome, Outcome::GradientTolerance, "{scale}: {minimum:?}");
        assert!(minimum.iterations <= 60, "{scale}: {minimum:?}");
    }
}

#[test]
fn a_positive_minimum_is_reached_to_the_last_bits() {
    // f = Σ (1.1 + λ_i (cosh(x_i − 1) − 1)), λ from 1 to 1000. The sum is near 66 and has rounding
    // errors of several units of 1.4e-14, which hide its decrease at |x_i − 1| ~ 1e-7. The gradient
    // is accurate down to 1e-13.
    let n = 60;
    let lambda = |i: usize| 1000f64.powf(i as f64 / (n - 1) as f64);
    let config = LbfgsConfig { gradient_tolerance: 1e-11, ..LbfgsConfig::default() };
    for shift in 0..20 {
        let mut x: Vec<f64> = (0..n).map(|i| 1.0 + (0.1 * f64::from(shift) + i as f64).sin()).collect();
        let minimum = minimise(config, &mut x, |x, gradient| {
            let mut sum = 0.0;
            for i in 0..n {
                gradient[i] = lambda(i) * (x[i] - 1.0).sinh();
                sum += 1.1 + lambda(i) * ((x[i] - 1.0).cosh() - 1.0);
            }
            sum
        })
        .unwrap();
        assert_eq!(minimum.outcome, Outcome::GradientTolerance, "{minimum:?}");
        assert!(x.iter().enumerate().all(|(i, x)| (x - 1.0).abs() <= 1.01e-11 / lambda(i)), "{x:?}");
    }
}

#[test]
fn a_maximum_above_the_start_is_not_taken() {
    // The function is 1 − x + 5x² − 3x³. The first step, of length 1, ends at the maximum, where
    // the slope is 0 and the loss is 2. The minimum is at 1/9.
    let mut x = [0.0];
    let minimum = minimise(LbfgsConfig::default(), &mut x, |x, gradient| {
        let x = x[0];
        gradient[0] = -1.0 + 10.0 * x - 9.0 * x * x;
        1.0 - x + 5.0 * x * x - 3.0 * x * x * x
    })
    .unwrap();
    assert!(minimum.outcome.converged() && (x[0] - 1.0 / 9.0).abs() < 1e-6, "{minimum:?} {x:?}");
}

#[test]
fn a_kink_is_not_convergence() {
    // |x| + |y| has no gradient at its minimum; elsewhere the gradient is (±1, ±1).
    for start in [[0.7, -0.3], [1.0, 1.0], [1e-3, 5.0]] {
        let mut x = start;
        let minimum = minimise(LbfgsConfig::default(), &mut x, |x, gradient| {
            gradient.copy_from_slice(&[1f64.copysign(x[0]), 1f64.copysign(x[1])]);
            x[0].abs() + x[1].abs()
        })
        .unwrap();
        assert!(!minimum.outcome.converged(), "{minimum:?}");
        assert!(matches!(minimum.outcome, Outcome::StepTolerance | Outcome::LineSearchFailed(_)));
        assert_eq!(minimum.gradient, 1.0);
        assert!(!minimum.outcome.to_string().is_empty() && minimum.loss <= start[0].abs() + start[1].abs());
    }
}

#[test]
fn a_domain_with_an_edge_is_not_left() {
    // x − ln x is NaN for x < 0 and infinite at 0. The first step from 1e-3 is far too long.
    let mut x = [1e-3f64, 50.0];
    let minimum = minimise(LbfgsConfig::default(), &mut x, |x, gradient| {
        gradient[0] = 1.0 - 1.0 / x[0];
        gradient[1] = 1.0 - 1.0 / x[1];
        x[0] - x[0].ln() + x[1] - x[1].ln()
    })
    .unwrap();
    assert_eq!(minimum.outcome, Outcome::GradientTolerance, "{minimum:?}");
    assert!(x.iter().all(|x: &f64| (x - 1.0).abs() <= 1e-7), "{x:?}");
}

#[test]
fn nan_everywhere_else_is_a_typed_failure() {
    let start = [0.5, -0.25];
    let mut x = start;
    let minimum = minimise(LbfgsConfig::default(), &mut x, |x, gradient| {
        gradient.fill(if x == start { 1.0 } else { f64::NAN });
        1.0
    })
    .unwrap();
    assert_eq!(minimum.outcome, Outcome::LineSearchFailed(LineSearchFailure::NotFinite));
    assert_eq!((x, minimum.loss, minimum.evaluations), (start, 1.0, 31));
}

#[test]
fn not_finite_at_the_start_is_an_error() {
    let config = LbfgsConfig::default();
    let error = minimise(config, &mut [1.0f64], |_, _| f64::NAN).unwrap_err();
    assert!(matches!(error, Error::NotFinite { what: "loss at the start", .. }));
    let error = minimise(config, &mut [1.0f64, 1.0], |_, gradient| {
        gradient[1] = f64::INFINITY;
        1.0
    })
    .unwrap_err();
    assert_eq!(error, Error::NotFinite { what: "gradient at the start", index: 1, given: f64::INFINITY });
}

#[test]
fn noise_ends_in_an_outcome() {
    // A quadratic with noise of 1e-3 in the loss and the gradient. No tolerance can be met, but the
    // parameters must approach the centre.
    let mut state = 1u64;
    let mut noise = move || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        1e-3 * (state as f64 / 2f64.powi(31) - 0.5)
    };
    let mut x = [3.0f64, -2.0, 1.0];
    let config = LbfgsConfig {
        gradient_tolerance: 0.0,
        step_tolerance: 0.0,
        max_iterations: 200,
        ..Default::default()
    };
    let minimum = minimise(config, &mut x, |x, gradient| {
        for (g, x) in gradient.iter_mut().zip(x) {
            *g = 2.0 * x + noise();
        }
        x.iter().map(|x| x * x).sum::<f64>() + noise()
    })
    .unwrap();
    assert_ne!(minimum.outcome, Outcome::GradientTolerance, "{minimum:?}");
    assert!(x.iter().all(|x| x.abs() <= 0.1), "{x:?}");
}

#[test]
fn unbounded_and_contradictory_objectives_fail_by_name() {
    let config = LbfgsConfig::default();
    let line = |_: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1.0;
    };
    let mut x = [0.25];
    let minimum = minimise(config, &mut x, |x, g| {
        line(x, g);
        x[0]
    })
    .unwrap();
    assert_eq!(minimum.outcome, Outcome::LineSearchFailed(LineSearchFailure::Unbounded));
    assert_eq!(x, [0.25]);
    let mut x = [0.25];
    let minimum = minimise(config, &mut x, |x, g| {
        line(x, g);
        1.0 - x[0]
    })
    .unwrap();
    let reasons =
        [LineSearchFailure::Interval, LineSearchFailure::Evaluations].map(Outcome::LineSearchFailed);
    assert!(reasons.contains(&minimum.outcome), "{minimum:?}");
    assert_eq!(x, [0.25]);
}

#[test]
fn bounds_on_work_are_kept() {
    let mut x = [-1.2f64, 1.0];
    let config = LbfgsConfig { max_iterations: 3, ..LbfgsConfig::default() };
    let minimum = minimise(config, &mut x, rosenbrock).unwrap();
    assert_eq!((minimum.outcome, minimum.iterations), (Outcome::MaxIterations, 3));
    assert!(minimum.loss < rosenbrock(&[-1.2, 1.0], &mut [0.0; 2]));
    let mut x = [-1.2f64, 1.0];
    let config = LbfgsConfig { step_tolerance: 0.1, ..LbfgsConfig::default() };
    assert_eq!(minimise(config, &mut x, rosenbrock).unwrap().outcome, Outcome::StepTolerance);
    let minimum = minimise(LbfgsConfig::default(), &mut [1.0, 1.0], rosenbrock).unwrap();
    assert_eq!((minimum.outcome, minimum.evaluations), (Outcome::GradientTolerance, 1));
    let minimum = minimise::<f64>(LbfgsConfig::default(), &mut [], |_, _| 7.0).unwrap();
    assert_eq!((minimum.outcome, minimum.loss), (Outcome::GradientTolerance, 7.0));
}

#[test]
fn the_callers_error_comes_through() {
    #[derive(Debug, PartialEq)]
    enum Mine {
        Broke,
        Optim(Error),
    }
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            Self::Optim(error)
        }
    }
    let mut calls = 0;
    let mut x = [-1.2f64, 1.0];
    let result = Lbfgs::default().minimise(&mut x, |x, gradient| {
        calls += 1;
        if calls == 5 { Err(Mine::Broke) } else { Ok(rosenbrock(x, gradient)) }
    });
    assert_eq!(result, Err(Mine::Broke));
    assert!(rosenbrock(&x, &mut [0.0; 2]) <= rosenbrock(&[-1.2, 1.0], &mut [0.0; 2]));
    let result = Lbfgs::default().minimise(&mut x, |_, _| Ok::<_, Mine>(f64::INFINITY));
    assert!(matches!(result, Err(Mine::Optim(Error::NotFinite { .. }))));
}

#[test]
fn settings_are_checked() {
    let default = LbfgsConfig::default();
    for config in [
        LbfgsConfig { history: 0, ..default },
        LbfgsConfig { history: 1001, ..default },
        LbfgsConfig { line_search_evaluations: 9, ..default },
    ] {
        assert!(matches!(Lbfgs::new(config), Err(Error::Count { .. })), "{config:?}");
    }
    for (config, name) in [
        (LbfgsConfig { gradient_tolerance: -1.0, ..default }, "gradient tolerance"),
        (LbfgsConfig { step_tolerance: f64::NAN, ..default }, "step tolerance"),
        (LbfgsConfig { decrease: 0.95, ..default }, "decrease"),
        (LbfgsConfig { decrease: 0.0, ..default }, "decrease"),
        (LbfgsConfig { curvature: 1.0, ..default }, "curvature"),
    ] {
        let error = Lbfgs::new(config).unwrap_err();
        assert!(matches!(error, Error::Setting { name: n, .. } if n == name), "{config:?}: {error}");
    }
}
