//! The mean-field and the exact objective against central differences, the check of weights, and
//! their minima.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_model::{Activation, Autoencoder, Objective, Parameters, Shape};
use toy_superposition_theory::{
    Channel, Error, ExactObjective, Feature, Interval, MeanField, Points, Product, check, exact_model_loss,
    exact_row_loss,
};

/// A model with nothing at its default; its diagonal has both signs, and row 0 of W_out is 0 if it
/// can be.
fn example(
    (features, hidden, tied): (usize, usize, bool),
    activation: Activation,
    seed: u64,
) -> Autoencoder<f64> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let shape = if tied { Shape::tied(features, hidden) } else { Shape::new(features, hidden) }.unwrap();
    let scale = 1.5 / (hidden as f64).sqrt();
    let values = (0..shape.parameters()).map(|_| scale * (2.0 * rng.random::<f64>() - 1.0)).collect();
    let mut parameters = Parameters::from_values(shape, values).unwrap();
    if !tied && features > 1 {
        let start = features * hidden;
        parameters.as_mut_slice()[start..start + hidden].fill(1e-9);
    }
    Autoencoder::from_parameters(parameters, activation)
}

fn moved(model: &Autoencoder<f64>, index: usize, by: f64) -> Autoencoder<f64> {
    let mut model = model.clone();
    model.parameters_mut().as_mut_slice()[index] += by;
    model
}

/// The largest error of the gradient, by differences of fourth order, over what is allowed: 1e-7 of
/// the largest entry and the quotient's own rounding, a few ε L/h, which is all there is where
/// every output is off.
fn gradient_error<O: Objective<Autoencoder<f64>>>(
    objective: &mut O,
    model: &Autoencoder<f64>,
    step: f64,
) -> f64 {
    let mut gradient = Parameters::zeros(model.shape()).unwrap();
    gradient.as_mut_slice().fill(7.0);
    let loss = objective.loss_and_gradient(model, &mut gradient).unwrap();
    assert_eq!(loss, objective.loss(model).unwrap());
    let largest = gradient.as_slice().iter().fold(0.0, |most: f64, g| most.max(g.abs()));
    let mut error: f64 = 0.0;
    for (index, found) in gradient.as_slice().iter().enumerate() {
        let mut at = |steps: f64| objective.loss(&moved(model, index, steps * step)).unwrap();
        let expected = (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step);
        error = error.max((found - expected).abs());
    }
    error / (1e-7 * largest + 8.0 * f64::EPSILON * loss / step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Fourth-order differences with step h err by about h⁴ L⁽⁵⁾/30; L⁽⁵⁾ grows as noise⁻³.
    #[test]
    fn gradient_is_the_difference_quotient(
        features in 2usize..9, hidden in 1usize..9, tied: bool, relu: bool, p in 0.05..1.0f64, seed: u64,
    ) {
        let activation = if relu { Activation::Relu } else { Activation::Identity };
        let model = example((features, hidden.min(features), tied), activation, seed);
        // Where a row has next to no noise the loss has a kink, harmless only far from the
        // rectifier's edge.
        let (silent, rows): (Vec<_>, Vec<_>) =
            check(&model, p).unwrap().statistics.rows.into_iter().partition(|row| row.noise < 1e-6);
        prop_assume!(silent.iter().all(|row| row.effective_bias.abs() > 0.1));
        let noise = rows.iter().map(|row| row.noise).fold(f64::INFINITY, f64::min);
        prop_assume!(noise > 0.03);
        let error = gradient_error(&mut MeanField::new(Feature::uniform(p).unwrap()), &model, 3e-3 * noise.min(0.1));
        prop_assert!(error < 1.0, "{error:e}");
    }

    #[test]
    fn loss_is_that_of_the_check(features in 1usize..140, part in 0.01..1.0f64, tied: bool, relu: bool, p in 0.001..1.0f64, seed: u64) {
        let activation = if relu { Activation::Relu } else { Activation::Identity };
        let hidden = ((features as f64 * part) as usize).max(1);
        let model = example((features, hidden, tied), activation, seed);
        let found = MeanField::new(Feature::uniform(p).unwrap()).loss(&model).unwrap();
        assert_relative_eq!(found, check(&model, p).unwrap().gaussian_loss, epsilon = 0.0, max_relative = 1e-11);
    }
}

#[test]
fn row_gradient_is_the_difference_quotient_for_any_law() {
    // Slopes of both signs, zero and next to it; noise from small to large; shifts on both sides.
    fn compare<M: toy_superposition_theory::Integrable>(feature: &Feature<M>) {
        for slope in [1.3, 0.4, 1e-6, 0.0, -1e-3, -0.8] {
            for noise in [0.05, 0.3, 2.0] {
                for shift in [-0.9, -0.1, 0.0, 0.3] {
                    let loss = |c: f64, b: f64, v: f64| {
                        feature.row_loss(&Channel::new(c, b, v.sqrt()).unwrap()).total
                    };
                    let (value, found) = feature.row_gradient(&Channel::new(slope, shift, noise).unwrap());
                    let v = noise * noise;
                    assert_relative_eq!(value, loss(slope, shift, v), epsilon = 0.0, max_relative = 1e-12);
                    let h = 1e-2 * noise;
                    let difference = |f: &dyn Fn(f64) -> f64, h: f64| {
                        (8.0 * (f(h) - f(-h)) - f(2.0 * h) + f(-2.0 * h)) / (12.0 * h)
                    };
                    let expected = [
                        difference(&|h| loss(slope + h, shift, v), h),
                        difference(&|h| loss(slope, shift + h, v), h),
                        difference(&|h| loss(slope, shift, v + h), 1e-2 * v),
                    ];
                    let found = [found.slope, found.shift, found.variance];
                    for (found, expected) in found.iter().zip(expected) {
                        // h⁴ L⁽⁵⁾/30 is at most 1e-8/noise, rounding 1e-16/(0.01 v) at most 1e-11.
                        let error = (found - expected).abs();
                        assert!(
                            error < 1e-7 * (1.0 + 0.1 / noise),
                            "{slope} {noise} {shift}: {found:e} {expected:e}"
                        );
                    }
                }
            }
        }
    }
    compare(&Feature::uniform(0.3).unwrap());
    compare(&Feature::new(0.7, Interval::new(0.4, 1.7).unwrap()).unwrap());
    compare(&Feature::new(0.2, Points::new(&[0.25, 0.75], &[0.5, 2.0]).unwrap()).unwrap());
}

/// Without noise `L = p ∫ (u − (cu + β)₊)² du + (1 − p) β₊²`; the slope in the variance is its
/// limit.
#[test]
fn a_row_without_noise_has_the_limit_gradient() {
    let feature = Feature::uniform(0.3).unwrap();
    let at = |noise: f64| feature.row_gradient(&Channel::new(0.9, -0.2, noise).unwrap());
    let ((loss, silent), (near_loss, near)) = (at(0.0), at(1e-6));
    assert_relative_eq!(loss, near_loss, epsilon = 0.0, max_relative = 1e-9);
    assert_relative_eq!(silent.slope, near.slope, epsilon = 0.0, max_relative = 1e-9);
    assert_relative_eq!(silent.shift, near.shift, epsilon = 0.0, max_relative = 1e-9);
    // P[u > u₀] p − p u₀/c, u₀ = 2/9 where the output starts.
    let expected = 0.3 * (1.0 - 2.0 / 9.0 - 2.0 / 9.0 / 0.9);
    assert_relative_eq!(silent.variance, expected, epsilon = 0.0, max_relative = 1e-12);
    assert_relative_eq!(near.variance, expected, epsilon = 0.0, max_relative = 1e-6);
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let mut wide = MeanField::new(Feature::uniform(0.1).unwrap());
    let mut narrow = MeanField::new(Feature::uniform(0.1).unwrap());
    // The second model reuses the scratch of the first.
    for shape in [(150, 70, false), (90, 33, true)] {
        let model = example(shape, Activation::Relu, 5);
        let values = model.parameters().as_slice().iter().map(|&v| v as f32).collect();
        let parameters = Parameters::from_values(model.shape(), values).unwrap();
        let single = Autoencoder::from_parameters(parameters, Activation::Relu);
        let mut gradients =
            (Parameters::zeros(model.shape()).unwrap(), Parameters::zeros(model.shape()).unwrap());
        let loss = wide.loss_and_gradient(&model, &mut gradients.0).unwrap();
        let rounded = narrow.loss_and_gradient(&single, &mut gradients.1).unwrap();
        assert_relative_eq!(rounded, loss, epsilon = 0.0, max_relative = 1e-5);
        let largest = gradients.0.as_slice().iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        for (a, b) in gradients.0.as_slice().iter().zip(gradients.1.as_slice()) {
            assert!((a - f64::from(*b)).abs() < 1e-5 * largest, "{a:e} {b:e}");
        }
    }
}

/// Along random directions, since an exact loss takes its time.
#[test]
fn exact_gradient_of_the_weights_is_the_difference_quotient() {
    for (shape, p) in [((7, 3, false), 0.5), ((6, 2, true), 0.4), ((5, 5, false), 0.6)] {
        let mut model = example(shape, Activation::Relu, 11);
        let rng = &mut ChaCha8Rng::seed_from_u64(13);
        if !shape.2 {
            // No row next to 0, where the loss has kinks closer than a step.
            let start = shape.0 * shape.1;
            for entry in &mut model.parameters_mut().as_mut_slice()[start..start + shape.1] {
                *entry = 0.5 + 0.3 * rng.random::<f64>();
            }
        }
        let mut objective = ExactObjective::new(p).unwrap().with_tolerance(1e-10).unwrap();
        let rows: Vec<usize> = (0..model.features()).collect();
        let mut gradient = Parameters::zeros(model.shape()).unwrap();
        gradient.as_mut_slice().fill(7.0);
        let loss = objective.loss_and_gradient(&model, &mut gradient).unwrap();
        let expected = exact_model_loss(&model, &rows, p).unwrap().loss;
        // Two sums over other nodes, each within 1e-10.
        assert_relative_eq!(loss, expected, epsilon = 0.0, max_relative = 2e-10);
        let norm = gradient.as_slice().iter().map(|g| g * g).sum::<f64>().sqrt();
        for _ in 0..3 {
            let direction: Vec<f64> =
                gradient.as_slice().iter().map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
            let mut at = |step: f64| {
                let mut model = model.clone();
                for (parameter, d) in model.parameters_mut().as_mut_slice().iter_mut().zip(&direction) {
                    *parameter += step * d;
                }
                objective.loss(&model).unwrap()
            };
            let h = 1e-3;
            let quotient = (8.0 * (at(h) - at(-h)) - at(2.0 * h) + at(-2.0 * h)) / (12.0 * h);
            let slope: f64 = gradient.as_slice().iter().zip(&direction).map(|(g, d)| g * d).sum();
            // The loss is known to 1e-10; the quotient of a C² function errs by its higher kinks.
            assert!((slope - quotient).abs() < 1e-5 * norm, "{shape:?}: {slope:e} {quotient:e} of {norm:e}");
        }
    }
}

#[test]
fn the_symmetric_optimum_is_stationary() {
    // A simplex: n_s = 5 in 4 dimensions, W = a (4/5)⁻¹ (1 − J/5), a tight frame at the Welch
    // bound.
    let (features, hidden, p) = (5, 4, 0.3);
    let best = toy_superposition_theory::optimum_at_ratio(p, 0.8).unwrap();
    let helmert = DMatrix::from_fn(hidden, features, |k, j| {
        let n = (k + 1) as f64;
        let unit = (n * (n + 1.0)).sqrt();
        if j <= k {
            1.0 / unit
        } else if j == k + 1 {
            -n / unit
        } else {
            0.0
        }
    });
    let decoder = helmert.transpose() * (best.a / 0.8);
    let off_diagonal = -best.a / 0.8 * 0.2 * 4.0;
    let bias = DVector::from_element(features, best.effective_bias - p / 2.0 * off_diagonal);
    let model = Autoencoder::new(&helmert, &decoder, &bias, Activation::Relu).unwrap();
    let mut gradient = Parameters::zeros(model.shape()).unwrap();
    let loss = MeanField::new(Feature::uniform(p).unwrap()).loss_and_gradient(&model, &mut gradient).unwrap();
    assert_relative_eq!(loss, best.loss, epsilon = 0.0, max_relative = 1e-13);
    // The optimum is found to about 1e-10 in a and b.
    let largest = gradient.as_slice().iter().fold(0.0, |most: f64, g| most.max(g.abs()));
    assert!(largest < 1e-9, "{largest:e}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let model = example((6, 3, false), Activation::Relu, 1);
    let mut objective = MeanField::new(Feature::uniform(0.2).unwrap());
    for shape in [Shape::tied(6, 3), Shape::new(6, 2), Shape::new(5, 3)].map(Result::unwrap) {
        let mut gradient = Parameters::zeros(shape).unwrap();
        let refused = objective.loss_and_gradient(&model, &mut gradient);
        assert!(matches!(refused, Err(Error::Size { .. })), "{shape:?}");
        let refused = ExactObjective::new(0.2).unwrap().loss_and_gradient(&model, &mut gradient);
        assert!(matches!(refused, Err(Error::Size { .. })), "{shape:?}");
    }
    for value in [f64::NAN, f64::INFINITY, 1e200] {
        for index in [0, 20, 37] {
            let refused = objective.loss(&moved(&model, index, value));
            assert!(
                matches!(refused, Err(Error::NotFinite { what: "loss", .. })),
                "{value} {index}: {refused:?}"
            );
        }
    }
    // A row orthogonal to its column, whose norm overflows to a NaN in single precision.
    let encoder = DMatrix::from_element(2, 2, 1e20_f32);
    let decoder = DMatrix::from_row_slice(2, 2, &[1.0, -1.0, 1.0, -1.0]);
    let overflowing = Autoencoder::new(&encoder, &decoder, &DVector::zeros(2), Activation::Relu).unwrap();
    let refused = MeanField::new(Feature::uniform(0.2).unwrap()).loss(&overflowing);
    assert!(matches!(refused, Err(Error::NotFinite { what: "loss", .. })), "{refused:?}");
    assert!(matches!(ExactObjective::new(0.0), Err(Error::Probability { .. })));
    let identity = example((6, 3, false), Activation::Identity, 1);
    assert!(matches!(
        ExactObjective::new(0.2).unwrap().loss(&identity),
        Err(Error::Activation { given: "identity" })
    ));
}

/// `jump_relu(0)` and a top-k that keeps every output are the ReLU, and have its losses to the bit.
#[test]
fn outputs_that_are_a_relu_by_another_name_are_taken() {
    let encoder = DMatrix::from_row_slice(1, 2, &[0.9, -0.4]);
    let of = |activation| {
        let model = Autoencoder::tied(&encoder, &DVector::from_vec(vec![-0.1, 0.2]), activation).unwrap();
        let mut mean_field = MeanField::new(Feature::uniform(0.1).unwrap());
        (
            exact_model_loss(&model, &[0], 0.1).unwrap(),
            mean_field.loss(&model).unwrap(),
            ExactObjective::new(0.1).unwrap().loss(&model).unwrap(),
            check(&model, 0.1).unwrap(),
        )
    };
    let relu = of(Activation::Relu);
    assert_eq!(of(Activation::jump_relu(0.0).unwrap()), relu);
    assert_eq!(of(Activation::top_k(2).unwrap()), relu);
}

/// The Welch bound is for n_d ≤ n_s: a wider model has an exact loss, and no comparison with the
/// bound.
#[test]
fn a_model_with_more_hidden_dimensions_than_features_has_a_loss_and_no_bound() {
    let encoder = DMatrix::from_row_slice(3, 2, &[0.9, -0.4, 0.1, 0.3, -0.2, 0.7]);
    let model = Autoencoder::tied(&encoder, &DVector::from_vec(vec![-0.1, 0.2]), Activation::Relu).unwrap();
    let product = Product::of_model(&model).unwrap();
    let row = |i: usize| exact_row_loss(product.row(i), i, product.bias()[i], 0.1).unwrap().loss;
    let loss = exact_model_loss(&model, &[0, 1], 0.1).unwrap().loss;
    assert_relative_eq!(loss, (row(0) + row(1)) / 2.0, epsilon = 0.0, max_relative = 1e-13);
    assert!(matches!(check(&model, 0.1), Err(Error::SizeRange { given: 3, most: 2, .. })));
}
