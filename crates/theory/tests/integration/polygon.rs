//! The closed form for regular polygons against the exact loss of the same weights, and against
//! sums over the inputs.

use nalgebra::DMatrix;
use toy_superposition_data::{AnyMagnitude, Exactly, Features, Interval, Points, UnitUniform};
use toy_superposition_theory::{Error, exact_loss, exact_row_gradient, exact_row_loss, polygon_loss};

/// Settings with every sign of the bias, short and long, far from the best.
const SETTINGS: [(usize, usize, f64, f64); 7] = [
    (3, 3, 0.8, 0.1),
    (3, 7, 1.1, -0.2),
    (4, 4, 1.3, 0.0),
    (5, 6, 1.17, -0.28),
    (5, 9, 0.6, 0.3),
    (6, 6, 1.32, -0.6),
    (8, 11, 1.9, -2.9),
];

/// W and b of a polygon beside dropped features.
fn weights(corners: usize, features: usize, length: f64, bias: f64) -> (DMatrix<f64>, Vec<f64>) {
    let w = DMatrix::from_fn(features, features, |i, j| {
        let angle = std::f64::consts::TAU * (i as f64 - j as f64) / corners as f64;
        if i < corners && j < corners { length * length * angle.cos() } else { 0.0 }
    });
    let unused = 0.5 / features as f64;
    (w, (0..features).map(|i| if i < corners { bias } else { unused }).collect())
}

#[test]
fn it_is_the_exact_loss_of_the_weights() {
    for (corners, features, length, bias) in SETTINGS {
        let (w, b) = weights(corners, features, length, bias);
        let law = Features::new(Exactly::new(features, 1).unwrap(), UnitUniform);
        let exact = exact_loss(&w, &b, &law).unwrap().loss;
        let closed = polygon_loss(corners, features, length, bias).unwrap();
        assert!((closed / exact - 1.0).abs() < 1e-13, "{corners} of {features}: {closed} {exact}");
    }
}

/// By midpoints, whose error is below max|f″|/(24 n²) on each piece and n⁻² times a slope's jump at
/// each kink: 1e-7.
#[test]
fn it_is_the_sum_over_the_inputs() {
    for (corners, features, length, bias) in SETTINGS {
        let (w, b) = weights(corners, features, length, bias);
        let (points, mut sum) = (20_000, 0.0);
        for j in 0..features {
            for k in 0..points {
                let u = (f64::from(k) + 0.5) / f64::from(points);
                for i in 0..features {
                    let x = if i == j { u } else { 0.0 };
                    sum += (x - (w[(i, j)] * u + b[i]).max(0.0)).powi(2);
                }
            }
        }
        let mean = sum / (f64::from(points) * (features * features) as f64);
        let closed = polygon_loss(corners, features, length, bias).unwrap();
        assert!((closed - mean).abs() < 1e-7, "{corners} of {features}: {closed} {mean}");
    }
}

#[test]
fn bad_input_is_refused() {
    assert!(matches!(polygon_loss(2, 6, 1.0, 0.0), Err(Error::Size { given: 2, expected: 3, .. })));
    assert!(matches!(polygon_loss(7, 6, 1.0, 0.0), Err(Error::Size { given: 7, expected: 6, .. })));
    assert!(matches!(polygon_loss(5, 6, f64::NAN, 0.0), Err(Error::NotFinite { what: "length", .. })));
    assert!(matches!(polygon_loss(5, 6, 1.0, f64::INFINITY), Err(Error::NotFinite { what: "bias", .. })));
    assert!(matches!(polygon_loss(5, 6, 1e200, 0.0), Err(Error::NotFinite { what: "loss", .. })));
}

/// Any row, where one feature is on at a time, with magnitudes of three kinds: a plain sum over
/// features and magnitudes, and its central differences.
#[test]
fn one_feature_on_at_a_time_is_a_sum_over_the_features() {
    let (row, feature) = ([0.9, -0.4, 0.0, 0.6, -1.3], 3);
    let points = Points::new(&[0.3, 0.8, 1.7], &[0.5, 0.2, 0.3]).unwrap();
    let cells = |low: f64, high: f64| -> Vec<(f64, f64)> {
        let width = (high - low) / 20_000.0;
        (0..20_000).map(|k| (low + (f64::from(k) + 0.5) * width, 1.0 / 20_000.0)).collect()
    };
    let laws: [(AnyMagnitude, Vec<(f64, f64)>); 3] = [
        (AnyMagnitude::Points(points.clone()), points.iter().collect()),
        (AnyMagnitude::Interval(Interval::new(0.4, 1.3).unwrap()), cells(0.4, 1.3)),
        (AnyMagnitude::Interval(Interval::new(0.0, 2.0).unwrap()), cells(0.0, 2.0)),
    ];
    for (magnitude, values) in laws {
        let law = Features::new(Exactly::new(5, 1).unwrap(), magnitude.clone());
        for bias in [-0.35, 0.0123, 0.2] {
            let plain = |row: &[f64; 5], bias: f64| -> f64 {
                let at = |j: usize, u: f64| {
                    let x = if j == feature { u } else { 0.0 };
                    (x - (row[j] * u + bias).max(0.0)).powi(2)
                };
                let sum = |j: usize| values.iter().map(|&(u, w)| w * at(j, u)).sum::<f64>();
                (0..5).map(sum).sum::<f64>() / 5.0
            };
            let mut slopes = [f64::NAN; 5];
            let found = exact_row_gradient(&row, feature, bias, &law, 1e-6, &mut slopes).unwrap();
            assert_eq!(found.value.loss, exact_row_loss(&row, feature, bias, &law).unwrap().loss);
            let expected = plain(&row, bias);
            assert!((found.value.loss / expected - 1.0).abs() < 1e-7, "{magnitude:?} {bias}");
            // A kink between two cells moves by steps of one: 1e-4 of a slope.
            let close = |found: f64, expected: f64| (found - expected).abs() < 2e-5;
            let difference = (plain(&row, bias + 1e-5) - plain(&row, bias - 1e-5)) / 2e-5;
            assert!(close(found.bias, difference), "{magnitude:?} {bias}: {} {difference}", found.bias);
            for j in 0..5 {
                let moved = |by: f64| {
                    let mut row = row;
                    row[j] += by;
                    plain(&row, bias)
                };
                let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!(close(slopes[j], difference), "{magnitude:?} {bias} {j}: {} {difference}", slopes[j]);
            }
        }
    }
}
