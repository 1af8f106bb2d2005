//! The closed form for regular polygons against the exact loss of the same weights, and against
//! sums over the inputs.

use nalgebra::DMatrix;
use toy_superposition_data::{AnyMagnitude, Exactly, Features, Interval, Magnitude, Points, UnitUniform};
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
    assert!(matches!(polygon_loss(2, 6, 1.0, 0.0), Err(Error::SizeRange { given: 2, least: 3, .. })));
    assert!(matches!(polygon_loss(7, 6, 1.0, 0.0), Err(Error::SizeRange { given: 7, most: 6, .. })));
    assert!(matches!(polygon_loss(5, 6, f64::NAN, 0.0), Err(Error::NotFinite { what: "length", .. })));
    assert!(matches!(polygon_loss(5, 6, 1.0, f64::INFINITY), Err(Error::NotFinite { what: "bias", .. })));
    assert!(matches!(polygon_loss(5, 6, 1e200, 0.0), Err(Error::NotFinite { what: "loss", .. })));
}

/// `E(x − ReLU(wu + m))²` for the magnitude u: x = u of the output's own feature, x = 0 of another.
fn term(magnitude: &AnyMagnitude, own: bool, w: f64, m: f64) -> f64 {
    let square = |u: f64| (if own { u } else { 0.0 } - (w * u + m).max(0.0)).powi(2);
    match magnitude {
        AnyMagnitude::Points(points) => points.iter().map(|(u, weight)| weight * square(u)).sum(),
        AnyMagnitude::Interval(interval) => {
            let (low, high) = interval.support();
            // Pieces between the kink and the ends hold a quadratic, of which Simpson's rule is
            // exact.
            let kink = (-m / w).clamp(low, high);
            let middle = if w == 0.0 { low } else { kink };
            let simpson =
                |a: f64, b: f64| (b - a) / 6.0 * (square(a) + 4.0 * square(0.5 * (a + b)) + square(b));
            (simpson(low, middle) + simpson(middle, high)) / (high - low)
        }
        other => panic!("{other:?}"),
    }
}

/// Any row, where one feature is on at a time, with magnitudes of three kinds: a sum over features
/// in closed form, and its central differences, each of the one term that a weight is in.
#[test]
fn one_feature_on_at_a_time_is_a_sum_over_the_features() {
    const STEP: f64 = 1e-6;
    let (row, feature) = ([0.9, -0.4, 0.0, 0.6, -1.3], 3);
    for magnitude in [
        AnyMagnitude::Points(Points::new(&[0.3, 0.8, 1.7], &[0.5, 0.2, 0.3]).unwrap()),
        AnyMagnitude::Interval(Interval::new(0.4, 1.3).unwrap()),
        AnyMagnitude::Interval(Interval::new(0.0, 2.0).unwrap()),
    ] {
        let law = Features::new(Exactly::new(5, 1).unwrap(), magnitude.clone());
        for bias in [-0.35, 0.0123, 0.2] {
            let at = |j: usize, w: f64, m: f64| term(&magnitude, j == feature, w, m) / 5.0;
            let mut slopes = [f64::NAN; 5];
            let found = exact_row_gradient(&row, feature, bias, &law, 1e-6, &mut slopes).unwrap();
            assert_eq!(found.value.loss, exact_row_loss(&row, feature, bias, &law).unwrap().loss);
            let expected: f64 = (0..5).map(|j| at(j, row[j], bias)).sum();
            assert!((found.value.loss / expected - 1.0).abs() < 1e-13, "{magnitude:?} {bias}");
            let difference = |f: &dyn Fn(f64) -> f64| (f(STEP) - f(-STEP)) / (2.0 * STEP);
            let mut by_bias = 0.0;
            for j in 0..5 {
                by_bias += difference(&|by| at(j, row[j], bias + by));
                let expected = difference(&|by| at(j, row[j] + by, bias));
                // The term is right to 1e-16 of it, its difference to 1e-10 of the term.
                let allowed = 1e-8 * expected.abs() + 1e-9 * at(j, row[j], bias);
                assert!(
                    (slopes[j] - expected).abs() <= allowed,
                    "{magnitude:?} {bias} {j}: {} {expected}",
                    slopes[j]
                );
            }
            assert!(
                (found.bias - by_bias).abs() < 1e-9 * expected.max(by_bias.abs()),
                "{magnitude:?} {bias}"
            );
        }
    }
}
