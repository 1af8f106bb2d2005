//! The greedy and the convex decoders against scikit-learn and SciPy, and against what they
//! promise.

use nalgebra::DMatrix;
use serde_json::Value;
use toy_superposition_data::{AnyMagnitude, Interval};
use toy_superposition_recovery::{
    Amp, BasisPursuit, BatchOmp, Decoder, Dense, HardThresholding, Lasso, Limits, LinearOperator, Oamp, Omp,
    Sign, SparsePrior, StopReason,
};

use crate::{gaussian, problem, rug};

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

/// The problems of tools/golden/recovery.py.
fn golden() -> Vec<(Dense<f64>, Value)> {
    let golden: Value = serde_json::from_str(include_str!("../golden/problems.json")).unwrap();
    let problems = golden["problems"].as_array().unwrap().clone();
    problems
        .into_iter()
        .map(|problem| (Dense::new(DMatrix::from_vec(12, 30, list(&problem["a"]))).unwrap(), problem))
        .collect()
}

fn column(value: &Value) -> DMatrix<f64> {
    let list = list(value);
    DMatrix::from_vec(list.len(), 1, list)
}

#[test]
fn omp_is_scikit_learns() {
    for (operator, problem) in golden() {
        let (y, expected) = (column(&problem["hard"]), column(&problem["omp"]));
        let omp = Omp::new(1e-12).unwrap().with_most(6).with_sign(Sign::Any);
        let found = omp.decode(&operator, &y).unwrap();
        assert!((&found.estimate - &expected).amax() < 1e-12);
        assert_eq!((found.outcomes[0].iterations, found.outcomes[0].stopped), (6, StopReason::Support));
        let batch = BatchOmp::new(&operator, 1e-12).unwrap().with_most(6).with_sign(Sign::Any);
        assert!((batch.decode(&operator, &y).unwrap().estimate - expected).amax() < 1e-12);
    }
}

#[test]
fn the_lasso_is_scikit_learns() {
    for (operator, problem) in golden() {
        let limits = Limits::new(100_000, 1e-13).unwrap();
        let found =
            Lasso::new(0.1).unwrap().with_limits(limits).decode(&operator, &column(&problem["y"])).unwrap();
        assert_eq!(found.outcomes[0].stopped, StopReason::Converged);
        // The gap is quadratic in the distance: 1e-13 allows 1e-6.
        assert!((found.estimate - column(&problem["lasso"])).amax() < 2e-6);
        let few = Lasso::new(0.1).unwrap().with_limits(Limits::new(7, 1e-13).unwrap());
        let outcome = &few.decode(&operator, &column(&problem["y"])).unwrap().outcomes[0];
        assert_eq!((outcome.iterations, outcome.stopped), (7, StopReason::Iterations));
    }
}

#[test]
fn basis_pursuit_is_the_linear_program() {
    for (operator, problem) in golden() {
        let limits = Limits::new(200_000, 1e-8).unwrap();
        let y = column(&problem["hard"]);
        let found = BasisPursuit::default().with_limits(limits).decode(&operator, &y).unwrap();
        assert_eq!(found.outcomes[0].stopped, StopReason::Converged);
        let expected = problem["l1_sum"].as_f64().unwrap();
        assert!((found.estimate.sum() / expected - 1.0).abs() < 1e-7);
        assert!((found.estimate - column(&problem["l1"])).amax() < 1e-5);
    }
}

/// Every decoder finds few features exactly, on a rug and on a dense matrix, and returns nothing
/// negative.
#[test]
fn few_features_are_recovered_by_all() {
    let (fast, dense) = (rug(256, 128, 5), gaussian(200, 100, 6));
    for operator in [&fast as &dyn LinearOperator<f64>, &dense] {
        let (x, y) = problem(operator, 0.04, 6, 5);
        let most = x.column_iter().map(|x| x.iter().filter(|x| **x > 0.0).count()).max().unwrap();
        let omp = Omp::new(1e-8).unwrap();
        let batch = BatchOmp::new(operator, 1e-7).unwrap();
        let decoders: [(&dyn Decoder<f64>, f64); 6] = [
            (&omp, 1e-9),
            (&batch, 1e-9),
            (&HardThresholding::cosamp(most), 1e-5),
            (&HardThresholding::iht(most), 1e-4),
            (&HardThresholding::htp(most), 1e-5),
            (&BasisPursuit::default(), 1e-4),
        ];
        for (k, (decoder, tolerance)) in decoders.into_iter().enumerate() {
            let found = decoder.decode(operator, &y).unwrap();
            assert!((&found.estimate - &x).amax() < tolerance, "decoder {k}: {:?}", found.outcomes);
            assert!(found.estimate.min() >= 0.0);
            assert!(
                found.outcomes.iter().all(|outcome| outcome.stopped == StopReason::Converged),
                "decoder {k}"
            );
        }
    }
}

/// Where recovery fails, what is returned is still nonnegative, its residual is what is said, and
/// no one claims to have converged to a solution that does not fit.
#[test]
fn hard_problems_fail_in_words() {
    let operator = rug(128, 32, 2);
    let (_, y) = problem(&operator, 0.5, 4, 2);
    let limits = Limits::new(50, 1e-6).unwrap();
    let omp = Omp::new(1e-6).unwrap().with_most(20);
    let decoders: [&dyn Decoder<f64>; 5] = [
        &omp,
        &HardThresholding::cosamp(10).with_limits(limits),
        &HardThresholding::iht(20).with_limits(limits),
        &HardThresholding::htp(20).with_limits(limits),
        &BasisPursuit::default().with_limits(limits),
    ];
    for (k, decoder) in decoders.into_iter().enumerate() {
        let found = decoder.decode(&operator, &y).unwrap();
        assert!(found.estimate.min() >= 0.0);
        let rest = &y - operator.to_dense().unwrap() * &found.estimate;
        for (rest, (outcome, y)) in rest.column_iter().zip(found.outcomes.iter().zip(y.column_iter())) {
            assert!((rest.norm() / outcome.residual - 1.0).abs() < 1e-9, "decoder {k}");
            assert!(outcome.stopped != StopReason::Converged || outcome.residual <= 1.01e-6 * y.norm());
        }
        assert!(found.outcomes.iter().any(|outcome| outcome.stopped != StopReason::Converged), "decoder {k}");
    }
}

/// A greater penalty gives a sparser answer, the greatest gives none.
#[test]
fn penalties_shrink() {
    let operator = gaussian(60, 30, 1);
    let (_, y) = problem(&operator, 0.1, 1, 1);
    let sum = |penalty: f64| Lasso::new(penalty).unwrap().decode(&operator, &y).unwrap().estimate.sum();
    assert!(sum(0.01) > sum(0.3) && sum(0.3) > 0.0 && sum(1.0) == 0.0);
}

/// y = 0 is answered by 0, at once.
#[test]
fn nothing_is_recovered_from_nothing() {
    let operator = rug(32, 16, 1);
    let y = DMatrix::<f64>::zeros(16, 2);
    let decoders: [&dyn Decoder<f64>; 3] =
        [&Omp::new(1e-6).unwrap(), &BasisPursuit::default(), &HardThresholding::iht(3)];
    for decoder in decoders {
        let found = decoder.decode(&operator, &y).unwrap();
        assert_eq!(found.estimate.amax(), 0.0);
        assert!(found.outcomes.iter().all(|outcome| outcome.residual == 0.0));
    }
}

/// Signed magnitudes, of which 0 is the mean, and noise that is 0; and numbers whose squares
/// overflow.
#[test]
fn noise_of_no_size_and_of_every_size_is_taken() {
    let prior = SparsePrior::new(0.1, AnyMagnitude::Interval(Interval::new(-1.0, 1.0).unwrap())).unwrap();
    let operator = rug(128, 64, 1);
    for size in [0.0, 1e160] {
        let y = DMatrix::<f64>::from_element(64, 2, size);
        let decoders: [&dyn Decoder<f64>; 2] = [&Amp::new(&prior), &Oamp::new(&prior)];
        for decoder in decoders {
            let found = decoder.decode(&operator, &y).unwrap();
            assert!(size > 0.0 || found.estimate.amax() < 1e-12, "{}", found.estimate);
        }
        let mut layers = 0;
        Oamp::new(&prior).unrolled(&operator, &y, 3, |_, _| layers += 1).unwrap();
        assert_eq!(layers, 3);
    }
}
