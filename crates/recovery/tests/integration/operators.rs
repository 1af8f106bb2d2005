//! Products against matrices, adjoints by inner products.

use nalgebra::DMatrix;
use toy_superposition_recovery::{Dense, LinearOperator};
use toy_superposition_rug::{Frame, PersianRug};

use crate::{gaussian, rug};

/// Numbers without a pattern.
fn numbers(rows: usize, columns: usize, phase: f64) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| ((i * 7 + j * 31) as f64 * 0.734 + phase).sin() + 0.1)
}

/// `⟨A x, y⟩ = ⟨x, Aᵀ y⟩` column by column, `A A⁺ y = y`, and Gram entries, on outputs that hold
/// other numbers.
fn check(operator: &dyn LinearOperator<f64>) {
    let (hidden, features) = operator.shape();
    let (x, y) = (numbers(features, 5, 0.3), numbers(hidden, 5, 1.1));
    let dirty = |rows| DMatrix::from_element(rows, 5, f64::NAN);
    let (mut ax, mut aty, mut inverse) = (dirty(hidden), dirty(features), dirty(features));
    operator.apply_into(&x, &mut ax).unwrap();
    operator.adjoint_into(&y, &mut aty).unwrap();
    for k in 0..5 {
        let (left, right) = (ax.column(k).dot(&y.column(k)), x.column(k).dot(&aty.column(k)));
        assert!((left - right).abs() < 1e-11 * ax.column(k).norm() * y.column(k).norm());
    }
    let matrix = operator.to_dense().unwrap();
    assert!((&matrix * &x - &ax).amax() < 1e-12 * ax.amax());
    let sparse = x.map(|x| if x > 0.9 { x } else { 0.0 });
    let mut image = dirty(hidden);
    operator.apply_sparse_into(&sparse, &mut image).unwrap();
    assert!((&matrix * &sparse - &image).amax() < 1e-12 * ax.amax());
    operator.pseudo_inverse_into(&y, &mut inverse).unwrap();
    assert!((&matrix * &inverse - &y).amax() < 1e-10);
    // The shortest solution has no part that A does not see.
    let coefficients = (&matrix * matrix.transpose()).lu().solve(&y).unwrap();
    assert!((matrix.transpose() * coefficients - &inverse).amax() < 1e-9);
    let rows = [0, features - 1, features / 3];
    let mut gram = [f64::NAN; 3];
    operator.gram_into(features / 2, &rows, &mut gram);
    for (&i, entry) in rows.iter().zip(gram) {
        assert!((matrix.column(i).dot(&matrix.column(features / 2)) - entry).abs() < 1e-12);
    }
    let block = operator.gram(features / 3..features);
    let expected = matrix.tr_mul(&matrix.columns(features / 3, features - features / 3));
    assert!((block - expected).amax() < 1e-12);
    assert!((operator.mean_square() * features as f64 / matrix.norm_squared() - 1.0).abs() < 1e-12);
    let largest = matrix.singular_values().max();
    assert!((operator.norm() / largest - 1.0).abs() < 1e-6, "{} {largest}", operator.norm());
}

#[test]
fn products_are_those_of_the_matrix() {
    check(&rug(64, 24, 3));
    check(&gaussian(70, 33, 4));
    check(&Dense::of_design(&Frame::paley(26).unwrap()).unwrap());
    check(&Dense::of_design(&PersianRug::ovoid(256).unwrap()).unwrap());
    // A ratio of 1, and one row.
    check(&gaussian(9, 9, 5));
    check(&gaussian(9, 1, 5));
}

#[test]
fn a_rug_is_its_dense_encoder_in_both_precisions() {
    let fast = rug(128, 50, 7);
    let dense = Dense::<f32>::of_design(fast.rug()).unwrap();
    let x = numbers(128, 3, 0.7).map(|x| x as f32);
    let (mut a, mut b) = (DMatrix::zeros(50, 3), DMatrix::zeros(50, 3));
    fast.apply_into(&x, &mut a).unwrap();
    dense.apply_into(&x, &mut b).unwrap();
    // 128 terms of size up to 0.15, each right to 2⁻²⁴.
    assert!((a - b).amax() < 1e-5);
}
