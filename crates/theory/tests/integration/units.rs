//! Laws of magnitudes that must agree, large laws against samples, and the Gaussian predictions.

use approx::assert_relative_eq;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{
    AnyMagnitude, Constant, Distribution, Exactly, Exponential, Features, Groups, Independent, Interval, Law,
    Pairs, Points, Stream, Switches, WithMoments,
};
use toy_superposition_theory::{Density, Error, edgeworth_row_loss, exact_row_gradient, exact_row_loss};

use crate::laws::Any;
use crate::magnitudes::{POINTS, average, magnitudes};

fn rows(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|j| if j == 5 { 1.1 } else { rng.random_range(-0.4..0.4) }).collect()
}

/// The general series on an interval that is all but [0, 1] is the special one, gradient and all;
/// for independent features, for blocks, and for equal weights.
#[test]
fn an_interval_next_to_the_unit_interval() {
    let n = 24;
    let mut row = rows(n, 27);
    (row[7], row[8]) = (row[6], row[6]);
    let switches: [Box<dyn Switches>; 3] = [
        Box::new(Independent::new(n, 0.15).unwrap()),
        Box::new(Pairs::new(n / 2, 0.1, 0.5).unwrap()),
        Box::new(Exactly::new(n, 4).unwrap()),
    ];
    for switches in &switches {
        for own in [1.1, -0.3, 1e-3] {
            row[5] = own;
            let at = |low: f64, row: &[f64]| {
                let law = Features::new(Any(switches.as_ref()), Interval::new(low, 1.0).unwrap());
                let mut slopes = vec![f64::NAN; n];
                let found = exact_row_gradient(row, 5, -0.12, &law, 1e-9, &mut slopes).unwrap();
                slopes.extend([found.bias, exact_row_loss(row, 5, -0.12, &law).unwrap().loss]);
                slopes
            };
            for (a, b) in at(0.0, &row).into_iter().zip(at(1e-13, &row)) {
                assert_relative_eq!(a, b, epsilon = 1e-9, max_relative = 2e-9);
            }
        }
    }
}

/// As an interval shrinks to a point, the loss approaches that of the constant like the square of
/// its width.
#[test]
fn narrow_intervals_approach_the_constant() {
    let row = [0.31, 0.9, -0.44, 0.23, -0.12, 0.57];
    let switches = || Independent::new(6, 0.3).unwrap();
    let loss = |law: &dyn Law| exact_row_loss(&row, 1, -0.17, law).unwrap().loss;
    let limit = loss(&Features::new(switches(), Constant::new(0.8).unwrap()));
    let distance =
        |half: f64| loss(&Features::new(switches(), Interval::new(0.8 - half, 0.8 + half).unwrap())) - limit;
    for half in [0.02, 0.01] {
        let ratio = distance(half) / distance(half / 2.0);
        assert!((ratio - 4.0).abs() < 1e-3, "{half}: {ratio}");
    }
    let point = loss(&Features::new(switches(), Points::new(&[0.8], &[3.0]).unwrap()));
    assert_eq!(point, limit);
}

/// Points on a fine grid are close to the uniform law: equal ones merge, so that 64 points a
/// feature are few outcomes in all.
#[test]
fn many_points_approach_the_interval() {
    // Multiples of one weight, so that outcomes lie on a grid.
    let row = [0.2, 1.0, -0.4, 0.2, 0.6, -0.2, 0.4, -0.6];
    let loss = |law: &dyn Law| exact_row_loss(&row, 1, -0.13, law).unwrap().loss;
    let uniform = loss(&Features::new(Independent::new(8, 0.3).unwrap(), Interval::new(0.0, 1.0).unwrap()));
    let distance = |count: u32| {
        let values: Vec<f64> = (0..count).map(|k| (f64::from(k) + 0.5) / f64::from(count)).collect();
        let points = Points::new(&values, &vec![1.0; count as usize]).unwrap();
        (loss(&Features::new(Independent::new(8, 0.3).unwrap(), points)) - uniform).abs()
    };
    let (few, many) = (distance(16), distance(64));
    assert!(many < 1e-3 * uniform && many < few / 8.0, "{few:e} {many:e} of {uniform}");
}

/// `x = a x′`: `a² L(W, b/a)`.
#[test]
fn the_unit_of_length_does_not_matter() {
    let row = rows(12, 28);
    for a in [1e-3, 0.7, 40.0] {
        let scaled = [
            (
                Interval::new(0.5, 2.0).map(AnyMagnitude::Interval),
                Interval::new(0.5 * a, 2.0 * a).map(AnyMagnitude::Interval),
            ),
            (
                Constant::new(1.3).map(AnyMagnitude::Constant),
                Constant::new(1.3 * a).map(AnyMagnitude::Constant),
            ),
            (
                Points::new(&POINTS.0, &POINTS.1).map(AnyMagnitude::Points),
                Points::new(&POINTS.0.map(|u| a * u), &POINTS.1).map(AnyMagnitude::Points),
            ),
            (
                Exponential::new(1.6).map(AnyMagnitude::Exponential),
                Exponential::new(1.6 / a).map(AnyMagnitude::Exponential),
            ),
        ];
        for (one, other) in scaled {
            let law = |magnitude| Features::new(Independent::new(12, 0.2).unwrap(), magnitude);
            let (one, other) = (law(one.unwrap()), law(other.unwrap()));
            let expected = a * a * exact_row_loss(&row, 5, -0.2, &one).unwrap().loss;
            let found = exact_row_loss(&row, 5, -0.2 * a, &other).unwrap().loss;
            assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 1e-9);
            let expected = edgeworth_row_loss(&row, 5, -0.2, &one).unwrap();
            let found = edgeworth_row_loss(&row, 5, -0.2 * a, &other).unwrap();
            assert_relative_eq!(found.corrected, a * a * expected.corrected, max_relative = 1e-9);
            assert_relative_eq!(found.cumulants[3], a.powi(4) * expected.cumulants[3], max_relative = 1e-9);
        }
    }
}

/// Rows of a Persian rug have few different weights: any number of features has few outcomes.
/// Against the sum over the two binomial laws.
#[test]
fn rows_of_two_weights() {
    let (half, w, p, bias, value) = (300_i32, 0.05, 0.1, -0.2, 1.2);
    let mut row = vec![w; half as usize];
    row.extend(vec![-w; half as usize]);
    row.push(0.95);
    let law = Features::new(Independent::new(row.len(), p).unwrap(), Constant::new(value).unwrap());
    let mut binomial = vec![1.0];
    for _ in 0..half {
        let mut next = vec![0.0; binomial.len() + 1];
        for (k, share) in binomial.iter().enumerate() {
            next[k] += share * (1.0 - p);
            next[k + 1] += share * p;
        }
        binomial = next;
    }
    let mut expected = 0.0;
    for (k, a) in binomial.iter().enumerate() {
        for (l, b) in binomial.iter().enumerate() {
            let t = bias + w * value * (k as f64 - l as f64);
            let on = value - (0.95 * value + t).max(0.0);
            expected += a * b * ((1.0 - p) * t.max(0.0).powi(2) + p * on * on);
        }
    }
    let mut slopes = vec![f64::NAN; row.len()];
    let found = exact_row_gradient(&row, 600, bias, &law, 1e-6, &mut slopes).unwrap().value;
    assert_relative_eq!(found.loss, expected, epsilon = 0.0, max_relative = 1e-12);
    assert!((found.loss - expected).abs() <= found.error && found.error < 1e-11, "{found:?}");
    let mut at = |d: f64| {
        row[7] = w + d;
        exact_row_loss(&row, 600, bias, &law).unwrap().loss
    };
    let quotient = (at(1e-6) - at(-1e-6)) / 2e-6;
    assert_relative_eq!(slopes[7], quotient, epsilon = 0.0, max_relative = 1e-4);
}

/// 64 features, far more outcomes than can be listed for the constant: 4·10⁵ samples each, α = 6e-5
/// (4 standard errors); the gradient against differences of the loss.
#[test]
fn large_laws_agree_with_samples() {
    let n = 64;
    let mut rng = ChaCha8Rng::seed_from_u64(29);
    let mut row: Vec<f64> = (0..n).map(|_| rng.random_range(-0.35..0.35)).collect();
    row[7] = 1.2;
    let bias = -0.2;
    let groups = || Groups::equal(4, Independent::new(n / 4, 0.07).unwrap()).unwrap();
    fn check<L: Distribution>(law: &L, row: &[f64], bias: f64) {
        let exact = exact_row_loss(row, 7, bias, law).unwrap_or_else(|e| panic!("{:?} {e}", law.spec()));
        assert!(exact.error < 3e-8 * exact.loss, "{:?}: {exact:?}", law.spec());
        let rng = &mut Stream::Evaluation.rng(3, 0);
        let (mut sum, mut squares, samples) = (0.0, 0.0, 400_000);
        let (mut on, mut values) = (Vec::new(), Vec::<f64>::new());
        for _ in 0..samples {
            on.clear();
            values.clear();
            law.sample(rng, &mut on, &mut values);
            let own = on.iter().position(|&k| k == 7).map_or(0.0, |k| values[k]);
            let y: f64 = bias + on.iter().zip(&values).map(|(&j, x)| row[j as usize] * x).sum::<f64>();
            let loss = (own - y.max(0.0)).powi(2);
            sum += loss;
            squares += loss * loss;
        }
        let mean = sum / f64::from(samples);
        let deviation = ((squares / f64::from(samples) - mean * mean) / f64::from(samples)).sqrt();
        assert!(deviation < 0.05 * mean);
        assert!((mean - exact.loss).abs() < 4.0 * deviation, "{:?}: {mean} ± {deviation}", law.spec());
        let mut slopes = vec![f64::NAN; row.len()];
        let found = exact_row_gradient(row, 7, bias, law, 1e-6, &mut slopes).unwrap();
        assert!((found.value.loss - exact.loss).abs() <= found.value.error + exact.error);
        let step = 1e-3;
        for j in [3, 7, 40] {
            let at = |d: f64| {
                let mut row = row.to_vec();
                row[j] += d;
                exact_row_loss(&row, 7, bias, law).unwrap().loss
            };
            let quotient = (at(step) - at(-step)) / (2.0 * step);
            let size = slopes.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
            assert!((slopes[j] - quotient).abs() < 2e-3 * size, "{j}: {} {quotient}", slopes[j]);
        }
    }
    check(&Features::new(Independent::new(n, 0.05).unwrap(), Exponential::new(1.5).unwrap()), &row, bias);
    check(&Features::new(Independent::new(n, 0.05).unwrap(), Constant::new(1.2).unwrap()), &row, bias);
    check(&Features::new(groups(), Constant::new(0.9).unwrap()), &row, bias);
    check(&Features::new(groups(), Exponential::new(1.0).unwrap()), &row, bias);
}

/// The Gaussian loss of one output with magnitudes of any sign against Gauss quadrature of its
/// definition; and both expansions approach the exact loss for many small weights.
#[test]
fn gaussian_predictions_know_the_magnitude() {
    let n = 300;
    let mut rng = ChaCha8Rng::seed_from_u64(30);
    let row: Vec<f64> = (0..n).map(|j| if j == 9 { 1.0 } else { rng.random_range(-0.08..0.08) }).collect();
    for magnitude in magnitudes() {
        let law = Features::new(Independent::new(n, 0.3).unwrap(), magnitude.clone());
        let found = edgeworth_row_loss(&row, 9, -0.1, &law).unwrap();
        let exact = exact_row_loss(&row, 9, -0.1, &law).unwrap();
        let error = |loss: f64| (loss / exact.loss - 1.0).abs();
        assert!(error(found.gaussian) < 0.02, "{magnitude:?}: {found:?} {exact:?}");
        assert!(
            error(found.corrected) < 0.2 * error(found.gaussian).max(1e-5),
            "{magnitude:?}: {found:?} {exact:?}"
        );
        let moments = law.cumulants(0);
        let weights = |r: i32| -> f64 { (0..n).filter(|&j| j != 9).map(|j| row[j].powi(r)).sum() };
        let expected = [moments.mean, moments.variance, moments.third, moments.fourth];
        for (r, (found, kappa)) in (1..).zip(found.cumulants.into_iter().zip(expected)) {
            assert_relative_eq!(found, weights(r) * kappa, epsilon = 1e-12, max_relative = 1e-10);
        }
        // Blocks of two features that are independent all the same.
        let pairs = Features::new(Pairs::new(n / 2, 0.3, 0.0).unwrap(), magnitude.clone());
        let blocks = edgeworth_row_loss(&row, 9, -0.1, &pairs).unwrap();
        assert_relative_eq!(blocks.corrected, found.corrected, max_relative = 1e-9);
        for (a, b) in blocks.cumulants.into_iter().zip(found.cumulants) {
            assert_relative_eq!(a, b, epsilon = 1e-12, max_relative = 1e-9);
        }
        let (mean, sigma) = (-0.1 + found.cumulants[0], found.cumulants[1].sqrt());
        let given = |u: f64, on: bool| {
            let (mut sum, steps) = (0.0, 20_000);
            for k in 0..steps {
                let z = 20.0 * ((f64::from(k) + 0.5) / f64::from(steps)) - 10.0;
                let y = (if on { u } else { 0.0 } + mean + sigma * z).max(0.0);
                let residual = if on { u } else { 0.0 } - y;
                sum += residual * residual * (-z * z / 2.0).exp();
            }
            sum * 20.0 / f64::from(steps) / (2.0 * std::f64::consts::PI).sqrt()
        };
        let cut = -mean;
        let near = (-20..=20).map(|k| cut + 0.3 * sigma * f64::from(k)).collect::<Vec<_>>();
        let on = average(&magnitude, &near, |u| given(u, true));
        let expected = 0.7 * given(0.0, false) + 0.3 * on;
        assert_relative_eq!(found.gaussian, expected, epsilon = 0.0, max_relative = 1e-6);
    }
}

#[test]
fn magnitudes_of_ones_own_are_refused_by_name() {
    let switches = || Independent::new(3, 0.1).unwrap();
    let own = WithMoments::new("mine", (), [0.4, 0.2, 4.0 / 35.0, 1.0 / 14.0]).unwrap();
    let law = Features::new(switches(), own);
    let error = exact_row_loss(&[0.1; 3], 0, 0.0, &law).unwrap_err();
    assert!(matches!(error, Error::Magnitude { .. }) && error.to_string().contains("mine"), "{error}");
    assert!(matches!(edgeworth_row_loss(&[0.1; 3], 0, 0.0, &law), Err(Error::Magnitude { .. })));
    let density = Density::new(|u: f64| u.powf(-0.3), 0.0, 1.0).unwrap();
    let law = Features::new(switches(), density);
    let mut slopes = [0.0; 3];
    let refused = exact_row_gradient(&[0.1; 3], 0, 0.0, &law, 1e-6, &mut slopes);
    assert!(matches!(refused, Err(Error::Magnitude { .. })));
    let law = Features::new(switches(), Exponential::new(1.0).unwrap());
    assert!(matches!(exact_row_loss(&[0.1; 2], 0, 0.0, &law), Err(Error::Size { given: 3, .. })));
    assert!(matches!(exact_row_loss(&[f64::NAN; 3], 0, 0.0, &law), Err(Error::Entry { .. })));
}

/// The check of a model says what the exact loss of its rows is, for any law of the features.
#[cfg(feature = "models")]
#[test]
fn a_model_is_checked_for_its_law() {
    use nalgebra::{DMatrix, DVector};
    use toy_superposition_model::{Activation, Autoencoder};
    use toy_superposition_theory::{ExactObjective, check_law, exact_model_loss};

    let entry = |i: usize, j: usize| ((3 * i + 7 * j) as f64).sin() * 0.7;
    let encoder = DMatrix::from_fn(3, 6, entry);
    let model = Autoencoder::tied(&encoder, &DVector::from_element(6, -0.05), Activation::Relu).unwrap();
    for magnitude in magnitudes() {
        let law = Features::new(Pairs::new(3, 0.2, 0.3).unwrap(), magnitude);
        let rows: Vec<usize> = (0..6).collect();
        let found = check_law(&model, &law, &rows).unwrap();
        let expected = exact_model_loss(&model, &rows, &law).unwrap();
        let exact = found.exact.unwrap();
        assert_relative_eq!(exact.loss, expected.loss, max_relative = 1e-9);
        assert!(exact.error < 1e-9 * exact.loss && found.optimum.is_none());
        let mut objective = ExactObjective::new(&law).unwrap();
        let loss = toy_superposition_model::Objective::loss(&mut objective, &model).unwrap();
        assert_relative_eq!(loss, expected.loss, max_relative = 1e-9);
    }
}
