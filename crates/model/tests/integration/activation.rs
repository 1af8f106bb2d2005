//! Tests JumpReLU and top-k: values, gradients, the fast implementation against the plain one,
//! names in weight files, and parameters that must be refused.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::TensorView;
use toy_superposition_model::{
    Activation, Autoencoder, Error, Initialisation, MinibatchLoss, Names, Parameters, Scalar, Shape, Weights,
    plain,
};

fn jump(threshold: f64) -> Activation {
    Activation::jump_relu(threshold).unwrap()
}

fn top(count: usize) -> Activation {
    Activation::top_k(count).unwrap()
}

fn example<T: Scalar>(
    (features, hidden, tied): (usize, usize, bool),
    samples: usize,
    density: f64,
    activation: Activation,
    seed: u64,
) -> (Autoencoder<T>, DMatrix<T>, DVector<T>) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let model = Initialisation::PyTorch
        .sample(
            if tied { Shape::tied(features, hidden) } else { Shape::new(features, hidden) }.unwrap(),
            activation,
            rng,
        )
        .unwrap();
    let x = DMatrix::from_fn(features, samples, |_, _| {
        if rng.random_bool(density) { T::round_from(rng.random::<f64>() * 1.7 - 0.3) } else { T::zero() }
    });
    let importance = DVector::from_fn(features, |_, _| T::round_from(0.2 + rng.random::<f64>()));
    (model, x, importance)
}

#[test]
fn a_threshold_has_the_value_that_it_was_built_with() {
    let Activation::JumpRelu(threshold) = jump(0.3) else { panic!("a JumpReLU has a threshold") };
    assert_eq!(threshold.value(), 0.3);
}

#[test]
fn values_and_derivatives() {
    let z = [0.5, -1.0, 0.3, 0.5, 0.0, 2.0, 0.3, -0.0];
    let cases: [(Activation, [f64; 8]); 8] = [
        (jump(0.3), [0.5, 0.0, 0.0, 0.5, 0.0, 2.0, 0.0, 0.0]),
        (jump(0.0), [0.5, 0.0, 0.3, 0.5, 0.0, 2.0, 0.3, 0.0]),
        (jump(2.0), [0.0; 8]),
        (top(1), [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]),
        // Of equal values the first is kept.
        (top(2), [0.5, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]),
        (top(4), [0.5, 0.0, 0.3, 0.5, 0.0, 2.0, 0.0, 0.0]),
        // Fewer than k values are positive.
        (top(6), [0.5, 0.0, 0.3, 0.5, 0.0, 2.0, 0.3, 0.0]),
        (top(8), [0.5, 0.0, 0.3, 0.5, 0.0, 2.0, 0.3, 0.0]),
    ];
    for (activation, expected) in cases {
        let mut y = z;
        activation.apply(&mut y);
        assert_eq!(y, expected, "{activation}");
        let mut gradient = [7.0; 8];
        activation.backpropagate(&z, &mut gradient);
        assert_eq!(gradient, expected.map(|y| if y == 0.0 { 0.0 } else { 7.0 }), "{activation}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Values are small integers, so that most samples have ties.
    #[test]
    fn top_k_is_a_sort(values in prop::collection::vec(-3i8..5, 1..40), count in 1usize..45) {
        let z: Vec<f32> = values.iter().map(|&v| f32::from(v)).collect();
        let mut order: Vec<usize> = (0..z.len()).collect();
        order.sort_by_key(|&i| (-values[i], i));
        let mut expected = vec![0.0; z.len()];
        for &i in order.iter().take(count) {
            expected[i] = z[i].max(0.0);
        }
        let mut y = z.clone();
        top(count).apply(&mut y);
        prop_assert_eq!(&y, &expected);
        let mut gradient = vec![2.0; z.len()];
        top(count).backpropagate(&z, &mut gradient);
        for (g, y) in gradient.iter().zip(expected) {
            prop_assert_eq!(*g, if y > 0.0 { 2.0 } else { 0.0 });
        }
    }

    /// Between two jumps the loss is quadratic along each parameter. For tied weights it is
    /// quartic, which one extrapolation takes into account.
    #[test]
    fn plain_gradient_is_the_central_difference(
        features in 2usize..8,
        hidden_less in 0usize..4,
        samples in 1usize..5,
        tied: bool,
        parameter in 0usize..4,
        seed: u64,
    ) {
        let hidden = features.saturating_sub(hidden_less).max(1);
        let activation =
            [jump(0.05), jump(0.3), top(1), top(2)][parameter];
        let (model, x, importance) = example::<f64>((features, hidden, tied), samples, 0.6, activation, seed);
        let step = 1e-4;
        // A step changes z by at most 4 step (8 step if tied), so a difference of two z changes by
        // at most twice that.
        let mut z = model.preactivation(&x).unwrap();
        for mut column in z.column_iter_mut() {
            let column = column.as_mut_slice();
            column.sort_by(f64::total_cmp);
            let apart = match activation {
                Activation::TopK(count) => {
                    let (rest, kept) = column.split_at(features - count.get());
                    let gap = rest.last().map_or(f64::INFINITY, |&rest| kept[0] - rest.max(0.0));
                    gap > 16.0 * step || kept[0] < 0.0
                }
                _ => true,
            };
            let edge = if let Activation::JumpRelu(threshold) = activation { threshold.value() } else { 0.0 };
            prop_assume!(apart && column.iter().all(|z| (z - edge).abs() > 8.0 * step));
        }

        let (loss, gradient) = plain::loss_and_gradient(&model, &x, Some(&importance)).unwrap();
        let at = |k: usize, change: f64| {
            let mut moved = model.clone();
            moved.parameters_mut().as_mut_slice()[k] += change;
            plain::loss_and_gradient(&moved, &x, Some(&importance)).unwrap().0
        };
        for (k, &exact) in gradient.as_slice().iter().enumerate() {
            let difference = |h: f64| (at(k, h) - at(k, -h)) / (2.0 * h);
            let numeric = (4.0 * difference(step / 2.0) - difference(step)) / 3.0;
            let rounding = 64.0 * f64::EPSILON * loss / step;
            prop_assert!((numeric - exact).abs() <= 1e-7 * exact.abs() + rounding, "{k}: {numeric} {exact}");
        }
    }
}

/// Compares the fast implementation with the plain one on one example. Returns the share of outputs
/// that are on, from which a test can tell which products ran.
fn compare<T: Scalar>(
    shape: (usize, usize, bool),
    samples: usize,
    density: f64,
    activation: Activation,
    tolerance: f64,
) -> f64 {
    let (model, x, importance) = example::<T>(shape, samples, density, activation, 3);
    let (loss, gradient) = plain::loss_and_gradient(&model, &x, Some(&importance)).unwrap();
    let mut fast = MinibatchLoss::with_importance(&importance).unwrap();
    let dirty = vec![T::round_from(7.0); model.shape().parameters()];
    let mut out = Parameters::from_values(model.shape(), dirty).unwrap();
    let fast_loss = fast.loss_and_gradient_dense(&model, &x, &mut out).unwrap();
    approx::assert_relative_eq!(fast_loss, loss.to_f64(), epsilon = 0.0, max_relative = tolerance);
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let pairs = || out.as_slice().iter().zip(gradient.as_slice());
    let distance = norm(&mut pairs().map(|(a, b)| a.to_f64() - b.to_f64()));
    let size = norm(&mut pairs().map(|(_, b)| b.to_f64()));
    assert!(distance <= tolerance * size, "{shape:?} {density} {activation}: {distance:e} of {size:e}");
    let y = model.forward(&x).unwrap();
    y.iter().filter(|y| **y != T::zero()).count() as f64 / y.len() as f64
}

#[test]
fn fast_is_plain() {
    let (mut fewest, mut most) = (1.0f64, 0.0f64);
    for tied in [false, true] {
        for density in [0.02, 0.9] {
            for activation in [jump(0.02), jump(0.2), top(1), top(5), top(40)] {
                for (features, hidden, samples) in [(40, 3, 5), (65, 33, 70), (130, 64, 129)] {
                    let shape = (features, hidden, tied);
                    let on = compare::<f64>(shape, samples, density, activation, 1e-12);
                    compare::<f32>(shape, samples, density, activation, 1e-5);
                    (fewest, most) = (fewest.min(on), most.max(on));
                }
            }
        }
    }
    // Both kinds of product after the activation were used.
    assert!(fewest < 0.05 && most > 0.3, "{fewest} {most}");
}

#[test]
fn names_carry_the_parameter() {
    let written = [
        (jump(0.25), "jump_relu(0.25)"),
        (jump(0.0), "jump_relu(0.0)"),
        (jump(-0.0), "jump_relu(0.0)"),
        (jump(1.0 / 3.0), "jump_relu(0.3333333333333333)"),
        (jump(f64::MIN_POSITIVE), "jump_relu(2.2250738585072014e-308)"),
        (top(3), "top_k(3)"),
        (Activation::Relu, "relu"),
        (Activation::Identity, "identity"),
    ];
    for (activation, text) in written {
        assert_eq!(activation.to_string(), text);
        assert_eq!(Activation::from_name(text), Some(activation));
        let (model, ..) = example::<f64>((7, 3, true), 1, 0.5, activation, 1);
        let weights = Weights::new(model);
        let bytes = weights.to_bytes(Names::Own).unwrap();
        assert_eq!(Weights::from_bytes(&bytes).unwrap(), weights);
    }
}

/// Returns a file of a small model (n_s = 3, n_d = 2) with the given activation.
fn file(activation: &str) -> Vec<u8> {
    let zeros = [0; 24];
    let view = |shape: &[usize]| {
        let bytes = &zeros[..4 * shape.iter().product::<usize>()];
        TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap()
    };
    let tensors = [("encoder", view(&[2, 3])), ("decoder", view(&[3, 2])), ("bias", view(&[3]))];
    let metadata = [("activation".to_owned(), activation.to_owned())].into();
    safetensors::serialize(tensors, Some(metadata)).unwrap()
}

#[test]
fn bad_parameters_are_refused() {
    assert_eq!(Weights::<f32>::from_bytes(&file("top_k(3)")).unwrap().model.activation(), top(3));
    for hostile in [
        "jump_relu",
        "jump_relu()",
        "jump_relu(nan)",
        "jump_relu(-0.1)",
        "jump_relu(inf)",
        "jump_relu(1e999)",
        "jump_relu(0.1",
        "jump_relu(0.1))",
        "jump_relu((0.1)",
        "jump_relu( 0.1)",
        "JumpReLU(0.1)",
        "relu(0.1)",
        "relu)",
        ")",
        "",
        "top_k",
        "top_k(0)",
        "top_k(-1)",
        "top_k(1.5)",
        "top_k(18446744073709551616)",
    ] {
        assert_eq!(Activation::from_name(hostile), None, "{hostile}");
        assert!(
            matches!(
                Weights::<f32>::from_bytes(&file(hostile)),
                Err(Error::Metadata { key: "activation", given, .. }) if given == hostile
            ),
            "{hostile}"
        );
    }
    for threshold in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300] {
        assert!(matches!(
            Activation::jump_relu(threshold),
            Err(Error::Threshold { given }) if given.to_bits() == threshold.to_bits()
        ));
    }
    assert!(matches!(Activation::top_k(0), Err(Error::TopK { given: 0, features: None })));

    let (encoder, bias) = (DMatrix::<f64>::zeros(2, 3), DVector::zeros(3));
    let decoder = encoder.transpose();
    let too_many = |result| matches!(result, Err(Error::TopK { given: 4, features: Some(3) }));
    assert!(too_many(Autoencoder::new(&encoder, &decoder, &bias, top(4)).map(|_| ())));
    assert!(too_many(Autoencoder::tied(&encoder, &bias, top(4)).map(|_| ())));
    assert!(too_many(Weights::<f32>::from_bytes(&file("top_k(4)")).map(|_| ())));
    assert!(Autoencoder::tied(&encoder, &bias, top(3)).is_ok());
    // Where no error can be returned, k is reduced to the number of features of the model.
    let parameters = Parameters::<f64>::zeros(Shape::tied(3, 2).unwrap()).unwrap();
    assert_eq!(Autoencoder::from_parameters(parameters, top(4)).activation(), top(3));
}

#[test]
fn nan_is_not_hidden_by_the_rectifier() {
    for activation in [Activation::Relu, jump(0.1), top(2), Activation::Identity] {
        let (mut model, x, _) = example::<f64>((5, 3, false), 4, 0.5, activation, 2);
        let end = model.parameters().as_slice().len() - 1;
        model.parameters_mut().as_mut_slice()[end] = f64::NAN;
        let loss = MinibatchLoss::new().loss_dense(&model, &x);
        assert!(matches!(loss, Err(Error::NotFinite { what: "loss", .. })), "{activation}: {loss:?}");
        assert!(plain::loss_and_gradient(&model, &x, None).unwrap().0.is_nan(), "{activation}");
    }
}

/// The simplified activation is the same function on every sample of the given size, and no simpler
/// one is.
#[test]
fn what_is_a_relu_is_simplified_to_it() {
    for (activation, expected) in [
        (jump(0.0), Activation::Relu),
        (jump(-0.0), Activation::Relu),
        (jump(f64::MIN_POSITIVE), jump(f64::MIN_POSITIVE)),
        (top(4), Activation::Relu),
        (top(5), Activation::Relu),
        (top(3), top(3)),
        (Activation::Relu, Activation::Relu),
        (Activation::Identity, Activation::Identity),
    ] {
        assert_eq!(activation.simplified(4), expected, "{activation}");
        let sample = [0.5, -1.0, f64::MIN_POSITIVE, 2.0];
        for z in [sample, sample.map(f64::abs)] {
            let (mut y, mut simple) = (z, z);
            activation.apply(&mut y);
            expected.apply(&mut simple);
            assert_eq!(y, simple, "{activation}");
        }
    }
}
