//! Tests the distribution of initial weights, and that a seed always gives the same weights.

use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use toy_superposition_model::{Activation, Autoencoder, Initialisation, Shape};

#[test]
fn pytorch_bounds_and_variances() {
    let shape = Shape::new(4000, 100).unwrap();
    let model = Initialisation::PyTorch
        .sample::<f64, _>(shape, Activation::Relu, &mut ChaCha8Rng::seed_from_u64(1))
        .unwrap();
    // The sample variance of n uniform values has relative standard error √(4/5 / n). The bound of
    // 4 of these is a two-sided α = 6e-5 for each of the three.
    for (values, bound) in [
        (model.encoder().iter().copied().collect::<Vec<_>>(), 4000f64.sqrt().recip()),
        (model.decoder().iter().copied().collect(), 0.1),
        (model.bias().iter().copied().collect(), 0.1),
    ] {
        let n = values.len() as f64;
        assert!(values.iter().all(|v| v.abs() <= bound));
        let relative = values.iter().map(|v| v * v).sum::<f64>() / n / (bound * bound / 3.0) - 1.0;
        let tolerance = 4.0 * (0.8 / n).sqrt();
        assert!(tolerance < 0.1 && relative.abs() < tolerance, "{relative}");
    }
}

#[test]
fn a_seed_gives_the_same_weights_for_good() {
    let shape = Shape::new(3, 2).unwrap();
    let sample = |rng| Initialisation::PyTorch.sample::<f64, _>(shape, Activation::Relu, rng).unwrap();
    let model = sample(&mut ChaCha8Rng::seed_from_u64(2));
    let single = Initialisation::PyTorch
        .sample::<f32, _>(shape, Activation::Relu, &mut ChaCha8Rng::seed_from_u64(2))
        .unwrap();
    for (wide, narrow) in model.parameters().as_slice().iter().zip(single.parameters().as_slice()) {
        assert_eq!(*wide as f32, *narrow);
    }
    let first = &model.parameters().as_slice()[..3];
    assert_eq!(first, STABLE, "Value-breaking change: say so in the changelog");
    let unit = Initialisation::UnitNorm
        .sample::<f64, _>(shape, Activation::Relu, &mut ChaCha8Rng::seed_from_u64(2))
        .unwrap();
    assert!(unit.bias().iter().all(|b| *b == 0.0));
}

const STABLE: [f64; 3] = [0.4403343454870472, 0.05592326317004286, 0.3339980622000445];

#[test]
fn any_projector_has_the_linear_models_loss() {
    // For independent x with mean m, E‖(I − W)(x − m)‖²/n_s = (1 − n_d/n_s) Var x. The mean over
    // the 2n samples m ± √Var·√n·e_j is exactly that.
    let (n, mean, variance) = (4, 0.3, 0.07);
    let rows = DMatrix::from_row_slice(2, 4, &[0.5, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, -0.5]);
    let model = Autoencoder::projector(&rows, mean).unwrap();
    let step = (variance * n as f64).sqrt();
    let x = DMatrix::from_fn(n, 2 * n, |i, s| {
        mean + if i == s / 2 { if s % 2 == 0 { step } else { -step } } else { 0.0 }
    });
    let loss = toy_superposition_model::MinibatchLoss::new().loss_dense(&model, &x).unwrap();
    approx::assert_relative_eq!(loss, 0.5 * variance, epsilon = 0.0, max_relative = 1e-12);
}
