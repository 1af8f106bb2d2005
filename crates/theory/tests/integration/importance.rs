//! Losses weighted by the importance of each feature, and their gradients by differences.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{Features, Pairs, UnitUniform};
use toy_superposition_model::{Activation, Autoencoder, Objective, Parameters};
use toy_superposition_theory::{
    Error, ExactObjective, Feature, MeanField, exact_loss, exact_row_loss, weighted_exact_gradient,
    weighted_exact_loss,
};

const IMPORTANCE: [f64; 6] = [1.0, 0.3, 0.0, 2.5, 0.09, 0.7];

fn weights(rng: &mut ChaCha8Rng) -> (DMatrix<f64>, Vec<f64>) {
    let w = DMatrix::from_fn(
        6,
        6,
        |i, j| if i == j { 0.8 + 0.1 * i as f64 } else { rng.random_range(-0.5..0.5) },
    );
    (w, (0..6).map(|i| 0.1 - 0.05 * i as f64).collect())
}

#[test]
fn the_weighted_loss_is_the_weighted_mean_of_the_rows() {
    let mut rng = ChaCha8Rng::seed_from_u64(61);
    let (w, bias) = weights(&mut rng);
    let law = Features::new(Pairs::new(3, 0.2, 0.5).unwrap(), UnitUniform);
    let row = |i: usize| {
        let row: Vec<f64> = w.row(i).iter().copied().collect();
        IMPORTANCE[i] * exact_row_loss(&row, i, bias[i], &law).unwrap().loss
    };
    let expected = (0..6).map(row).sum::<f64>() / 6.0;
    let found = weighted_exact_loss(&w, &bias, &law, &IMPORTANCE).unwrap();
    assert_relative_eq!(found.loss, expected, epsilon = 0.0, max_relative = 1e-14);
    assert!(found.error > 0.0 && found.error < 1e-9 * found.loss);
    let ones = weighted_exact_loss(&w, &bias, &law, &[1.0; 6]).unwrap();
    assert_eq!(ones, exact_loss(&w, &bias, &law).unwrap());
}

/// Fourth-order differences of the weighted loss in each weight and bias.
#[test]
fn the_weighted_gradient_is_the_difference_quotient() {
    let mut rng = ChaCha8Rng::seed_from_u64(62);
    let (w, bias) = weights(&mut rng);
    let law = Features::new(Pairs::new(3, 0.2, 0.5).unwrap(), UnitUniform);
    let (mut by_w, mut by_bias) = (DMatrix::from_element(6, 6, f64::NAN), vec![f64::NAN; 6]);
    let found = weighted_exact_gradient(&w, &bias, &law, &IMPORTANCE, 1e-9, &mut by_w, &mut by_bias).unwrap();
    let loss = |w: &DMatrix<f64>, bias: &[f64]| weighted_exact_loss(w, bias, &law, &IMPORTANCE).unwrap().loss;
    assert_relative_eq!(found.loss, loss(&w, &bias), epsilon = 0.0, max_relative = 1e-8);
    let step = 1e-3;
    let quotient = |at: &dyn Fn(f64) -> f64| {
        (8.0 * (at(step) - at(-step)) - at(2.0 * step) + at(-2.0 * step)) / (12.0 * step)
    };
    for i in 0..6 {
        for j in 0..6 {
            let at = |by: f64| {
                let mut moved = w.clone();
                moved[(i, j)] += by;
                loss(&moved, &bias)
            };
            assert!((by_w[(i, j)] - quotient(&at)).abs() < 1e-7, "({i}, {j}): {}", by_w[(i, j)]);
        }
        let at = |by: f64| {
            let mut moved = bias.clone();
            moved[i] += by;
            loss(&w, &moved)
        };
        assert!((by_bias[i] - quotient(&at)).abs() < 1e-7, "{i}: {}", by_bias[i]);
    }
    assert!(by_w.row(2).iter().all(|slope| *slope == 0.0) && by_bias[2] == 0.0);
}

/// The objectives of a model: each slope by differences of their own losses.
#[test]
fn objectives_are_weighted() {
    let mut rng = ChaCha8Rng::seed_from_u64(63);
    let encoder = DMatrix::from_fn(3, 6, |_, _| rng.random_range(-0.8..0.8));
    let decoder = DMatrix::from_fn(6, 3, |_, _| rng.random_range(-0.8..0.8));
    let bias = DVector::from_element(6, -0.03);
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
    fn agrees(model: &Autoencoder<f64>, objective: &mut impl Objective<Autoencoder<f64>, Error = Error>) {
        let mut gradient = Parameters::zeros(model.shape()).unwrap();
        let loss = objective.loss_and_gradient(model, &mut gradient).unwrap();
        assert_relative_eq!(loss, objective.loss(model).unwrap(), epsilon = 0.0, max_relative = 1e-5);
        let step = 1e-4;
        for k in 0..gradient.as_slice().len() {
            let mut at = |by: f64| {
                let mut moved = model.clone();
                moved.parameters_mut().as_mut_slice()[k] += by;
                objective.loss(&moved).unwrap()
            };
            let quotient = (at(step) - at(-step)) / (2.0 * step);
            assert!((gradient.as_slice()[k] - quotient).abs() < 1e-6, "{k}: {quotient}");
        }
    }
    let mut exact = ExactObjective::new(0.2).unwrap().with_tolerance(1e-9).unwrap();
    exact = exact.with_importance(IMPORTANCE.to_vec()).unwrap();
    agrees(&model, &mut exact);
    let product = toy_superposition_theory::Product::of_model(&model).unwrap();
    let w = DMatrix::from_fn(6, 6, |i, j| product.row(i)[j]);
    let expected = weighted_exact_loss(&w, product.bias(), 0.2, &IMPORTANCE).unwrap().loss;
    assert_relative_eq!(exact.loss(&model).unwrap(), expected, max_relative = 1e-12);

    let mean_field = || MeanField::new(Feature::uniform(0.2).unwrap());
    let mut weighted = mean_field().with_importance(IMPORTANCE.to_vec()).unwrap();
    agrees(&model, &mut weighted);
    // Linear in the importances.
    let of = |importance: Vec<f64>| mean_field().with_importance(importance).unwrap().loss(&model).unwrap();
    let unit = |i: usize| (0..6).map(|j| f64::from(u8::from(i == j))).collect();
    let sum: f64 = (0..6).map(|i| IMPORTANCE[i] * of(unit(i))).sum();
    assert_relative_eq!(weighted.loss(&model).unwrap(), sum, max_relative = 1e-12);
    assert_relative_eq!(of(vec![1.0; 6]), mean_field().loss(&model).unwrap(), epsilon = 0.0);
}

#[test]
fn importances_that_mean_nothing_are_refused() {
    let (w, bias) = (DMatrix::identity(3, 3), [0.0; 3]);
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let given = [1.0, bad, 1.0];
        let refused = |error: Error| matches!(error, Error::OutOfRange { what: "importance", .. });
        assert!(refused(weighted_exact_loss(&w, &bias, 0.1, &given).unwrap_err()));
        assert!(refused(ExactObjective::new(0.1).unwrap().with_importance(given.to_vec()).unwrap_err()));
        let mean_field = MeanField::<f64>::new(Feature::uniform(0.1).unwrap());
        assert!(refused(mean_field.with_importance(given.to_vec()).unwrap_err()));
    }
    let short = weighted_exact_loss(&w, &bias, 0.1, &[1.0; 2]);
    assert!(matches!(short, Err(Error::Size { what: "importance", given: 2, expected: 3 })));
    let model = Autoencoder::tied(&w, &DVector::zeros(3), Activation::Relu).unwrap();
    let mut mean_field =
        MeanField::new(Feature::uniform(0.1).unwrap()).with_importance(vec![1.0; 4]).unwrap();
    assert!(matches!(mean_field.loss(&model), Err(Error::Size { what: "importance", given: 4, .. })));
}
