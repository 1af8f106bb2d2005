//! Bad input is refused with what was given and what is allowed.

use nalgebra::DMatrix;
use toy_superposition_data::AnyMagnitude;
use toy_superposition_recovery::{
    Amp, BasisPursuit, BatchOmp, Decoder, Dense, Error, Evolution, HardThresholding, Lasso, Limits,
    LinearOperator, Oamp, Omp, Sign, SparsePrior, donoho_tanner, fixed_points, l1_loss,
};

use crate::rug;

#[test]
fn matrices_that_are_no_operators() {
    let ones = |rows, columns| DMatrix::from_element(rows, columns, 1.0);
    assert!(matches!(Dense::new(ones(3, 2)), Err(Error::Shape { hidden: 3, features: 2 })));
    assert!(matches!(Dense::new(ones(0, 2)), Err(Error::Shape { hidden: 0, .. })));
    let mut matrix = ones(2, 3);
    matrix[(1, 2)] = f64::NAN;
    assert!(matches!(Dense::new(matrix), Err(Error::Entry { row: 1, column: 2, .. })));
    let mut matrix = ones(2, 3);
    matrix.column_mut(1).fill(0.0);
    assert!(matches!(Dense::new(matrix), Err(Error::ZeroColumn { column: 1 })));
    let twice = Dense::new(ones(2, 3)).unwrap();
    let prior = SparsePrior::paper(0.1).unwrap();
    let found = Oamp::new(&prior).decode(&twice, &ones(2, 1));
    assert!(matches!(found, Err(Error::Dependent { rows: 2 })));
}

#[test]
fn measurements_that_do_not_fit() {
    let operator = rug(16, 8, 1);
    let prior = SparsePrior::paper(0.1).unwrap();
    let (oamp, amp, omp) = (Oamp::new(&prior), Amp::new(&prior), Omp::new(1e-6).unwrap());
    let batch = BatchOmp::new::<f64>(&operator, 1e-6).unwrap();
    let (iht, lasso) = (HardThresholding::iht(2), Lasso::new(0.1).unwrap());
    let decoders: [&dyn Decoder<f64>; 7] =
        [&oamp, &amp, &omp, &batch, &iht, &lasso, &BasisPursuit::default()];
    for decoder in decoders {
        let wrong = decoder.decode(&operator, &DMatrix::zeros(9, 2));
        assert!(matches!(wrong, Err(Error::Length { given: 9, expected: 8, .. })));
        let mut y = DMatrix::zeros(8, 2);
        y[(3, 1)] = f64::INFINITY;
        assert!(matches!(
            decoder.decode(&operator, &y),
            Err(Error::Entry { what: "y", row: 3, column: 1, .. })
        ));
    }
    let mut x = DMatrix::<f64>::zeros(16, 2);
    assert!(matches!(operator.adjoint_into(&DMatrix::zeros(8, 3), &mut x), Err(Error::Length { .. })));
    let other = rug(32, 8, 1);
    assert!(matches!(batch.decode(&other, &DMatrix::<f64>::zeros(8, 1)), Err(Error::Length { .. })));
}

#[test]
fn settings_outside_their_intervals() {
    let prior = SparsePrior::paper(0.1).unwrap();
    for damping in [0.0, -0.5, 1.5, f64::NAN] {
        assert!(matches!(Oamp::new(&prior).with_damping(damping), Err(Error::OutOfRange { .. })));
        assert!(matches!(Amp::new(&prior).with_damping(damping), Err(Error::OutOfRange { .. })));
    }
    for tolerance in [0.0, -1e-6, f64::NAN, f64::INFINITY] {
        assert!(matches!(Limits::new(10, tolerance), Err(Error::OutOfRange { .. })));
        assert!(matches!(Omp::new(tolerance), Err(Error::OutOfRange { .. })));
    }
    assert!(matches!(Limits::new(0, 1e-6), Err(Error::OutOfRange { given: 0.0, .. })));
    let mut limits = Limits::default();
    limits.tolerance = -1.0;
    let (operator, y) = (rug(16, 8, 1), DMatrix::from_element(8, 1, 1.0));
    assert!(matches!(
        Oamp::new(&prior).with_limits(limits).decode(&operator, &y),
        Err(Error::OutOfRange { given: -1.0, .. })
    ));
    for penalty in [0.0, 1.01, f64::NAN] {
        assert!(matches!(Lasso::new(penalty), Err(Error::OutOfRange { .. })));
    }
    for most in [0, 9] {
        let omp = Omp::new(1e-6).unwrap().with_most(most);
        assert!(matches!(omp.decode(&operator, &y), Err(Error::Support { most: 8, .. })));
        let htp = HardThresholding::htp(most);
        assert!(matches!(htp.decode(&operator, &y), Err(Error::Support { most: 8, .. })));
    }
    let cosamp = HardThresholding::cosamp(3);
    assert!(matches!(cosamp.decode(&operator, &y), Err(Error::Support { given: 3, most: 2, .. })));
    for ratio in [0.0, 1.5, f64::NAN] {
        assert!(matches!(Evolution::Orthogonal.losses(&prior, ratio, 2), Err(Error::OutOfRange { .. })));
        assert!(matches!(fixed_points(&prior, ratio), Err(Error::OutOfRange { .. })));
        assert!(matches!(l1_loss(&prior, ratio), Err(Error::OutOfRange { .. })));
        assert!(matches!(donoho_tanner(ratio, Sign::Any), Err(Error::OutOfRange { .. })));
    }
    let either = AnyMagnitude::Interval(toy_superposition_data::Interval::new(-1.0, 1.0).unwrap());
    let either = SparsePrior::new(0.1, either).unwrap();
    assert!(matches!(l1_loss(&either, 0.2), Err(Error::Prior { .. })));
    for probability in [0.0, 1.1, f64::NAN] {
        let uniform = AnyMagnitude::Uniform(toy_superposition_data::UnitUniform);
        assert!(matches!(SparsePrior::new(probability, uniform), Err(Error::Channel(_))));
    }
}
