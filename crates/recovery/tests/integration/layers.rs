//! The unrolled network and the iterative decoders against state evolution and against each other.

use nalgebra::DMatrix;
use toy_superposition_data::{AnyMagnitude, Exponential, Features, Independent, Stream, sample_dense};
use toy_superposition_recovery::{
    Amp, Decoder, Evolution, Limits, LinearOperator, Oamp, Prior, SparsePrior, StopReason,
};

use crate::{gaussian, problem, rug};

/// Layers' losses and their standard errors over the samples.
fn losses(
    operator: &dyn LinearOperator<f64>,
    prior: &dyn Prior,
    x: &DMatrix<f64>,
    y: &DMatrix<f64>,
) -> Vec<(f64, f64)> {
    let mut losses = Vec::new();
    let each = |answer: &DMatrix<f64>| {
        let errors = answer - x;
        let values: Vec<f64> =
            errors.column_iter().map(|error| error.norm_squared() / error.len() as f64).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (square / count).sqrt())
    };
    Oamp::new(prior).unrolled(operator, y, 3, |_, answer| losses.push(each(answer))).unwrap();
    losses
}

/// The first three layers on a random rug of 4096 features, 24 samples, within 4 standard errors
/// and the 3 % that one draw of S and the finite size are worth. Without the orthogonalisation the
/// second layer is 2.4 times off.
#[test]
fn layers_follow_state_evolution() {
    for (p, hidden, seed) in [(0.05, 1024, 1), (0.2, 2048, 2)] {
        let operator = rug(4096, hidden, seed);
        let (x, y) = problem(&operator, p, 24, seed);
        let prior = SparsePrior::paper(p).unwrap();
        let expected = Evolution::Orthogonal.losses(&prior, hidden as f64 / 4096.0, 3).unwrap();
        let found = losses(&operator, &prior, &x, &y);
        for ((loss, error), expected) in found.iter().zip(&expected) {
            assert!((loss - expected).abs() < 4.0 * error + 0.03 * expected, "{p}: {found:?} {expected:?}");
        }
    }
}

/// With magnitudes of another law, and an A without orthogonal rows, whose pseudo-inverse makes it
/// so.
#[test]
fn layers_follow_state_evolution_for_other_laws_and_operators() {
    let prior = SparsePrior::new(0.08, AnyMagnitude::Exponential(Exponential::new(1.7).unwrap())).unwrap();
    let operator = gaussian(1024, 384, 5);
    let law = Features::new(Independent::new(1024, 0.08).unwrap(), Exponential::new(1.7).unwrap());
    let x = sample_dense(&law, Stream::Evaluation.samples(5, 0..32)).unwrap();
    let mut y = DMatrix::zeros(384, 32);
    operator.apply_into(&x, &mut y).unwrap();
    let expected = Evolution::Orthogonal.losses(&prior, 0.375, 3).unwrap();
    let found = losses(&operator, &prior, &x, &y);
    for ((loss, error), expected) in found.iter().zip(&expected) {
        assert!((loss - expected).abs() < 4.0 * error + 0.05 * expected, "{found:?} {expected:?}");
    }
}

fn largest_error(found: &DMatrix<f64>, x: &DMatrix<f64>) -> f64 {
    (found - x).amax()
}

/// Where the plain iteration diverges (small n_s, small errors), the decoder must not.
#[test]
fn small_sizes_converge_above_the_threshold() {
    for (features, hidden, p) in [(1024, 256, 0.05), (256, 96, 0.05), (64, 40, 0.1)] {
        let operator = rug(features, hidden, 11);
        let (x, y) = problem(&operator, p, 16, 11);
        let prior = SparsePrior::paper(p).unwrap();
        let found = Oamp::new(&prior).decode(&operator, &y).unwrap();
        for (k, outcome) in found.outcomes.iter().enumerate() {
            let (rest, scale) = (&y.column(k), y.column(k).norm());
            assert_eq!(outcome.stopped, StopReason::Converged, "{features} {k}: {outcome:?}");
            assert!(outcome.residual <= 2e-6 * scale && rest.len() == hidden);
        }
        assert!(largest_error(&found.estimate, &x) < 1e-4);
    }
    let operator = gaussian(512, 192, 3);
    let (x, y) = problem(&operator, 0.05, 8, 3);
    let prior = SparsePrior::paper(0.05).unwrap();
    let found = Amp::new(&prior).decode(&operator, &y).unwrap();
    assert!(found.outcomes.iter().all(|outcome| outcome.stopped == StopReason::Converged));
    assert!(largest_error(&found.estimate, &x) < 1e-4);
}

/// Below δ* the decoders stick, say so, and return no worse than what state evolution promises.
#[test]
fn below_the_threshold_the_outcome_says_so() {
    let operator = rug(2048, 512, 4);
    let (x, y) = problem(&operator, 0.2, 8, 4);
    let prior = SparsePrior::paper(0.2).unwrap();
    let found = Oamp::new(&prior).decode(&operator, &y).unwrap();
    for outcome in &found.outcomes {
        assert!(matches!(outcome.stopped, StopReason::Stuck | StopReason::Iterations | StopReason::Diverged));
    }
    let loss = (&found.estimate - &x).norm_squared() / x.len() as f64;
    let limit = Evolution::Orthogonal.limit(&prior, 0.25).unwrap();
    assert!((loss / limit - 1.0).abs() < 0.05, "{loss} {limit}");
    let few = Oamp::new(&prior).with_limits(Limits::new(2, 1e-6).unwrap()).decode(&operator, &y).unwrap();
    assert!(few.outcomes.iter().all(|o| o.iterations == 2 && o.stopped == StopReason::Iterations));
}

/// The residual that is reported is the norm of `y − A x̂`, whatever the damping; damping changes
/// the way, not the end.
#[test]
fn residuals_are_measured_and_damping_changes_the_way_only() {
    let operator = rug(256, 128, 9);
    let (x, y) = problem(&operator, 0.05, 4, 9);
    let prior = SparsePrior::paper(0.05).unwrap();
    let mut iterations = Vec::new();
    for damping in [1.0, 0.6] {
        let found = Oamp::new(&prior).with_damping(damping).unwrap().decode(&operator, &y).unwrap();
        let rest = &y - operator.to_dense().unwrap() * &found.estimate;
        for (rest, outcome) in rest.column_iter().zip(&found.outcomes) {
            assert!((rest.norm() - outcome.residual).abs() < 1e-13);
            assert!(outcome.residual <= 1e-6 * y.column(0).norm() * 3.0);
        }
        assert!(largest_error(&found.estimate, &x) < 1e-4);
        iterations.push(found.outcomes[0].iterations);
    }
    assert!(iterations[1] > iterations[0], "{iterations:?}");
}

/// Single precision finds the same features, to its own digits.
#[test]
fn single_precision() {
    let operator = rug(512, 192, 6);
    let (x, y) = problem(&operator, 0.05, 4, 6);
    let prior = SparsePrior::paper(0.05).unwrap();
    let limits = Limits::new(60, 1e-5).unwrap();
    let found = Oamp::new(&prior).with_limits(limits).decode(&operator, &y.map(|y| y as f32)).unwrap();
    assert!((found.estimate.map(f64::from) - x).amax() < 1e-3);
}

/// A ratio of 1 leaves nothing to guess, and y = 0 is the sample without features.
#[test]
fn nothing_to_guess() {
    let operator = gaussian(32, 32, 8);
    let (x, y) = problem(&operator, 0.3, 3, 8);
    let prior = SparsePrior::paper(0.3).unwrap();
    let found = Oamp::new(&prior).decode(&operator, &y).unwrap();
    assert!(largest_error(&found.estimate, &x) < 1e-6, "{:?}", found.outcomes);
}
