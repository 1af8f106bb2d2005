//! What a step computes, to the bit. `.ci/run` prints this with the feature `parallel` and without, and compares.

#![allow(clippy::unwrap_used)]

use nalgebra::DMatrix;
use toy_superposition_data::SparseBatch;
use toy_superposition_model::{Activation, Autoencoder, MinibatchLoss, Parameters, Scalar, Shape};

/// FNV-1a of the bits of the values as f64.
fn digest<T: Scalar>(values: &[T]) -> u64 {
    let bytes = values.iter().flat_map(|value| value.to_f64().to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn print<T: Scalar>(kind: &str) {
    // By the hidden vectors and by the product; several blocks of features and samples.
    for (features, hidden, samples) in [(420, 130, 530), (60, 9, 700)] {
        let shape = Shape::new(features, hidden, false).unwrap();
        let number = |k: usize| T::round_from(0.4 * (k as f64 * 0.7).sin() / (hidden as f64).sqrt());
        let values = (0..shape.parameters()).map(number).collect();
        let parameters = Parameters::from_values(shape, values).unwrap();
        let model = Autoencoder::from_parameters(parameters, Activation::Relu);
        let x = DMatrix::from_fn(features, samples, |i, j| {
            let on = (i * 31 + j * 17) % 11 == 0;
            T::round_from(if on { ((i + 3 * j) as f64).cos().abs() } else { 0.0 })
        });
        let batch = SparseBatch::from_dense(&x).unwrap();
        let (mut loss, mut gradient) = (MinibatchLoss::new(), Parameters::zeros(shape));
        let mean = loss.loss_and_gradient(&model, &batch, &mut gradient).unwrap();
        let (y, product) = (model.forward(&x).unwrap(), model.product());
        println!(
            "bits {kind} {features} {:016x} {:016x} {:016x} {:016x}",
            mean.to_bits(),
            digest(gradient.as_slice()),
            digest(y.as_slice()),
            digest(product.as_slice())
        );
        assert!(mean > 0.0 && gradient.as_slice().iter().any(|&g| g != T::zero()));
    }
}

#[test]
fn bits() {
    print::<f32>("f32");
    print::<f64>("f64");
}
