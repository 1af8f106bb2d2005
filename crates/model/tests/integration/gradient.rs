//! Tests the fast loss and gradient against the plain twin, and the plain twin against central
//! differences.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::SparseBatch;
use toy_superposition_model::{
    Activation, Autoencoder, BatchObjective, Error, Initialisation, MinibatchLoss, Objective, Parameters,
    Scalar, Shape, plain,
};

/// Returns a model, a batch and an importance in which nothing has its default value.
fn example<T: Scalar>(
    (features, hidden, tied): (usize, usize, bool),
    samples: usize,
    density: f64,
    activation: Activation,
    seed: u64,
) -> (Autoencoder<T>, DMatrix<T>, DVector<T>) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let shape = if tied { Shape::tied(features, hidden) } else { Shape::new(features, hidden) }.unwrap();
    let model = Initialisation::PyTorch.sample(shape, activation, rng).unwrap();
    let x = DMatrix::from_fn(features, samples, |_, _| {
        if rng.random_bool(density) { T::round_from(rng.random::<f64>() * 1.7 - 0.3) } else { T::zero() }
    });
    let importance = DVector::from_fn(features, |_, _| T::round_from(0.2 + rng.random::<f64>()));
    (model, x, importance)
}

fn relative_distance<T: Scalar>(a: &Parameters<T>, b: &Parameters<T>) -> f64 {
    let square = |v: f64| v * v;
    let (mut distance, mut norm) = (0.0, 0.0);
    for (&a, &b) in a.as_slice().iter().zip(b.as_slice()) {
        distance += square(a.to_f64() - b.to_f64());
        norm += square(b.to_f64());
    }
    // For two lists of zeros the result is 0; for a non-zero list that should be zero it is
    // infinite.
    if distance == 0.0 { 0.0 } else { (distance / norm).sqrt() }
}

/// Compares the fast implementation with the plain one on one example. The scratch memory was used
/// on another shape before, and the gradient is not zero at the start.
fn compare<T: Scalar>(
    shape: (usize, usize, bool),
    samples: usize,
    density: f64,
    activation: Activation,
    tolerance: f64,
) {
    let (model, x, importance) = example::<T>(shape, samples, density, activation, 3);
    let (loss, gradient) = plain::loss_and_gradient(&model, &x, Some(&importance)).unwrap();
    let mut fast = MinibatchLoss::with_importance(&importance).unwrap();
    let dirty = vec![T::round_from(7.0); model.shape().parameters()];
    let mut out = Parameters::from_values(model.shape(), dirty).unwrap();
    for _ in 0..2 {
        let fast_loss = fast.loss_and_gradient_dense(&model, &x, &mut out).unwrap();
        approx::assert_relative_eq!(fast_loss, loss.to_f64(), epsilon = 0.0, max_relative = tolerance);
        let distance = relative_distance(&out, &gradient);
        assert!(distance <= tolerance, "{shape:?} {density} {activation:?}: {distance:e}");
    }
    approx::assert_relative_eq!(
        fast.loss_dense(&model, &x).unwrap(),
        loss.to_f64(),
        epsilon = 0.0,
        max_relative = tolerance
    );
}

#[test]
fn fast_is_plain_for_sparse_and_dense_data_and_residuals() {
    for activation in [Activation::Relu, Activation::Identity] {
        for tied in [false, true] {
            for density in [0.02, 0.9] {
                for (features, hidden, samples) in
                    [(1, 1, 1), (7, 3, 5), (65, 33, 70), (130, 64, 129), (30, 11, 600)]
                {
                    let shape = (features, hidden, tied);
                    compare::<f64>(shape, samples, density, activation, 1e-12);
                    compare::<f32>(shape, samples, density, activation, 1e-5);
                }
            }
        }
    }
}

#[test]
fn sparse_residuals_take_the_sparse_products() {
    // With a strongly negative bias almost every residual is zero.
    let (mut model, x, importance) = example::<f64>((90, 40, false), 80, 0.05, Activation::Relu, 5);
    let start = 2 * 90 * 40;
    model.parameters_mut().as_mut_slice()[start..].fill(-0.25);
    let z = model.preactivation(&x).unwrap();
    let density = z.iter().filter(|z| **z > 0.0).count() as f64 / z.len() as f64;
    assert!(density > 0.0 && density < 0.1, "{density}");
    let (loss, gradient) = plain::loss_and_gradient(&model, &x, Some(&importance)).unwrap();
    let mut out = Parameters::zeros(model.shape()).unwrap();
    let mut fast = MinibatchLoss::with_importance(&importance).unwrap();
    let fast_loss = fast.loss_and_gradient_dense(&model, &x, &mut out).unwrap();
    approx::assert_relative_eq!(fast_loss, loss, epsilon = 0.0, max_relative = 1e-12);
    assert!(relative_distance(&out, &gradient) <= 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Between two kinks the loss is quadratic along each parameter, so central differences have no
    /// truncation error. Only rounding remains, about `ε L / step`.
    #[test]
    fn plain_gradient_is_the_central_difference(
        features in 1usize..7,
        hidden_less in 0usize..4,
        samples in 1usize..5,
        tied: bool,
        relu: bool,
        seed: u64,
    ) {
        let hidden = features.saturating_sub(hidden_less).max(1);
        let activation = if relu { Activation::Relu } else { Activation::Identity };
        let (model, x, importance) = example::<f64>((features, hidden, tied), samples, 0.6, activation, seed);
        let step = 1e-4;
        let z = model.preactivation(&x).unwrap();
        // A step changes z by at most step · max(|h|, |W_out| |x|, 1) ≤ 4 step here (8 step if
        // tied).
        prop_assume!(!relu || z.iter().all(|z| z.abs() > 8.0 * step));

        let (loss, gradient) = plain::loss_and_gradient(&model, &x, Some(&importance)).unwrap();
        let at = |k: usize, change: f64| {
            let mut moved = model.clone();
            moved.parameters_mut().as_mut_slice()[k] += change;
            plain::loss_and_gradient(&moved, &x, Some(&importance)).unwrap().0
        };
        for (k, &exact) in gradient.as_slice().iter().enumerate() {
            // For tied weights the loss is quartic in the encoder, and one extrapolation is exact
            // for it.
            let difference = |h: f64| (at(k, h) - at(k, -h)) / (2.0 * h);
            let numeric = (4.0 * difference(step / 2.0) - difference(step)) / 3.0;
            let rounding = 64.0 * f64::EPSILON * loss / step;
            prop_assert!((numeric - exact).abs() <= 1e-7 * exact.abs() + rounding, "{k}: {numeric} {exact}");
        }
    }
}

#[test]
fn a_one_by_one_model_by_hand() {
    // y = max(2·3·0.5 − 1, 0) = 2, x = 0.5, L = 2.25, δ = 3.
    let one = |v: f64| DMatrix::from_element(1, 1, v);
    let bias = DVector::from_element(1, -1.0);
    let model = Autoencoder::new(&one(2.0), &one(3.0), &bias, Activation::Relu).unwrap();
    let mut gradient = Parameters::zeros(model.shape()).unwrap();
    let mut loss = MinibatchLoss::new();
    let batch = SparseBatch::from_dense(&one(0.5)).unwrap();
    assert_eq!(loss.loss_and_gradient(&model, &batch, &mut gradient).unwrap(), 2.25);
    assert_eq!(gradient.as_slice(), [3.0 * 3.0 * 0.5, 3.0 * 2.0 * 0.5, 3.0]);
    let mut objective = BatchObjective::new(batch, loss).unwrap();
    assert_eq!(objective.loss(&model).unwrap(), 2.25);
}

/// A model of zeros answers 0, so that the loss is the mean of `importance · x²`.
#[test]
fn a_feature_of_importance_0_costs_nothing() {
    let model = Autoencoder::from_parameters(
        Parameters::<f64>::zeros(Shape::new(2, 1).unwrap()).unwrap(),
        Activation::Relu,
    );
    let x = DMatrix::from_column_slice(2, 1, &[0.75, 0.5]);
    let mut loss = MinibatchLoss::with_importance(&DVector::from_row_slice(&[0.0, 2.0])).unwrap();
    assert_eq!(loss.loss_dense(&model, &x).unwrap(), 2.0 * 0.25 / 2.0);
}

#[test]
fn a_feature_that_is_on_but_not_seen_costs_its_square() {
    let model =
        Autoencoder::new(&DMatrix::zeros(1, 2), &DMatrix::zeros(2, 1), &DVector::zeros(2), Activation::Relu)
            .unwrap();
    let mut batch = SparseBatch::new(2).unwrap();
    batch.push_sample(&[1], &[0.5]).unwrap();
    batch.push_sample(&[0, 1], &[0.25, 1.0]).unwrap();
    let estimate = MinibatchLoss::<f64>::new().estimate(&model, &batch).unwrap();
    assert_eq!(estimate.mean(), (0.25 + 0.0625 + 1.0) / 4.0);
    assert_eq!(estimate.standard_error(), (1.0625 - 0.25) / 2.0 / 2.0);
}

#[test]
fn thread_counts_do_not_change_a_bit() {
    for (samples, density) in [(300, 0.02), (300, 0.5), (900, 0.02)] {
        let (model, x, _) = example::<f32>((200, 70, false), samples, density, Activation::Relu, 11);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut gradient = Parameters::zeros(model.shape()).unwrap();
                let loss = MinibatchLoss::new().loss_and_gradient_dense(&model, &x, &mut gradient).unwrap();
                (loss.to_bits(), gradient.as_slice().iter().map(|g| g.to_bits()).collect::<Vec<_>>())
            })
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(5));
    }
}

#[test]
fn bad_input_is_named() {
    let (model, x, _) = example::<f64>((6, 2, false), 3, 0.5, Activation::Relu, 1);
    let mut loss = MinibatchLoss::new();
    let wrong = DMatrix::zeros(5, 3);
    assert!(matches!(loss.loss_dense(&model, &wrong), Err(Error::Mismatch { what: "batch", .. })));
    assert!(matches!(model.forward(&wrong), Err(Error::Mismatch { what: "x", .. })));
    assert!(matches!(loss.loss_dense(&model, &DMatrix::zeros(6, 0)), Err(Error::EmptyBatch)));
    let mut nan = x.clone();
    nan[(4, 2)] = f64::NAN;
    assert!(matches!(loss.loss_dense(&model, &nan), Err(Error::Data(_))));
    let mut other = Parameters::zeros(Shape::new(6, 3).unwrap()).unwrap();
    let error = loss.loss_and_gradient_dense(&model, &x, &mut other);
    assert!(matches!(error, Err(Error::Mismatch { what: "gradient", .. })));
    let negative = MinibatchLoss::with_importance(&DVector::from_vec(vec![1.0, -2.0]));
    assert!(matches!(negative, Err(Error::Importance { feature: 1, .. })));
    let infinite = MinibatchLoss::with_importance(&DVector::from_vec(vec![f64::INFINITY]));
    assert!(matches!(infinite, Err(Error::NotFinite { what: "importance", .. })));
    let mut short = MinibatchLoss::with_importance(&DVector::from_element(4, 1.0)).unwrap();
    assert!(matches!(short.loss_dense(&model, &x), Err(Error::Mismatch { what: "importance", .. })));
    let mut huge = model.clone();
    huge.parameters_mut().as_mut_slice().fill(1e200);
    assert!(matches!(loss.loss_dense(&huge, &x), Err(Error::NotFinite { what: "loss", .. })));
    for (features, hidden) in [(0, 0), (4, 0), (0, 4), (1 << 32, 1), (1, 1 << 32)] {
        assert!(matches!(Shape::new(features, hidden), Err(Error::Shape { .. })));
        assert!(matches!(Shape::tied(features, hidden), Err(Error::Shape { .. })));
    }
    let (encoder, bias) = (DMatrix::<f32>::zeros(2, 4), DVector::zeros(4));
    let new = |d: &DMatrix<f32>, b: &DVector<f32>| Autoencoder::new(&encoder, d, b, Activation::Relu);
    assert!(matches!(new(&DMatrix::zeros(2, 4), &bias), Err(Error::Mismatch { what: "decoder", .. })));
    assert!(matches!(
        new(&DMatrix::zeros(4, 2), &DVector::zeros(3)),
        Err(Error::Mismatch { what: "bias", .. })
    ));
    let nan = DMatrix::from_element(4, 2, f32::NAN);
    assert!(
        matches!(new(&nan, &bias), Err(Error::NotFinite { what: "decoder", index, .. }) if index == [0, 0])
    );
}

#[test]
fn importance_of_another_size_is_refused_where_the_objective_is_built() {
    let batch = SparseBatch::from_dense(&DMatrix::from_element(3, 2, 0.5)).unwrap();
    let loss = |features| MinibatchLoss::with_importance(&DVector::from_element(features, 0.25)).unwrap();
    assert_eq!(loss(3).importance(), Some(&[0.25; 3][..]));
    assert!(BatchObjective::new(batch.clone(), loss(3)).is_ok());
    let refused = BatchObjective::new(batch, loss(4)).unwrap_err();
    assert!(matches!(refused, Error::Mismatch { what: "importance", given: (4, 1), expected: (3, 1) }));
    let empty = BatchObjective::new(SparseBatch::new(3).unwrap(), MinibatchLoss::<f64>::new());
    assert!(matches!(empty, Err(Error::EmptyBatch)));
}

/// A model with more hidden dimensions than features has the loss and gradient of the plain twin.
#[test]
fn the_hidden_layer_may_be_the_wider_one() {
    for tied in [false, true] {
        for samples in [5, 200] {
            compare::<f64>((7, 30, tied), samples, 0.3, Activation::Relu, 1e-12);
        }
    }
}

#[test]
fn blocks_are_views_of_the_flat_list() {
    for tied in [false, true] {
        let (mut model, x, _) = example::<f64>((5, 2, tied), 3, 0.5, Activation::Relu, 4);
        let h = model.encode(&x).unwrap();
        approx::assert_relative_eq!(h, model.encoder() * &x, epsilon = 0.0, max_relative = 1e-14);
        assert!(matches!(model.encode(&DMatrix::zeros(4, 3)), Err(Error::Mismatch { what: "x", .. })));

        let parameters = model.parameters_mut();
        parameters.encoder_mut()[(1, 3)] = 10.0;
        parameters.decoder_transpose_mut()[(0, 4)] = 20.0;
        parameters.bias_mut()[2] = 30.0;
        assert_eq!(model.encoder()[(1, 3)], 10.0);
        assert_eq!(model.decoder()[(4, 0)], 20.0);
        assert_eq!(model.bias()[2], 30.0);
        assert_eq!(model.encoder()[(0, 4)] == 20.0, tied);
        let (encoder, decoder, bias) = model.parameters_mut().split_mut();
        assert_eq!((encoder.len(), decoder.map(|d| d.len()), bias.len()), (10, (!tied).then_some(10), 5));
    }
}
