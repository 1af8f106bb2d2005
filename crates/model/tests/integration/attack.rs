//! Tests the analytic attack against closed forms, and against a plain twin that evaluates the
//! whole model.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use toy_superposition_data::{Features, Stream, sample_dense};
use toy_superposition_model::{Activation, Autoencoder, Error, Estimate, attack};

/// Of four features the first two have a dimension each and no bias, so for every sample the worst
/// change moves one output by ε.
#[test]
fn without_superposition_the_loss_rises_by_the_square_of_the_change() {
    let encoder = DMatrix::from_row_slice(2, 4, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let bias = DVector::from_row_slice(&[0.0, 0.0, 0.15, 0.15]);
    let model = Autoencoder::tied(&encoder, &bias, Activation::Relu).unwrap();
    let law = Features::paper(4, 0.3).unwrap();
    let found = attack(&model, &law, Stream::Evaluation.samples(3, 0..700), 0.2).unwrap();
    assert_relative_eq!(found.size, 0.2 * found.norm.mean(), max_relative = 1e-14);
    assert_relative_eq!(found.rise.mean(), found.size * found.size / 4.0, max_relative = 1e-12);
    assert!(found.rise.standard_error() < 1e-12 && found.rise.count() == 700);
    assert_relative_eq!(found.vulnerability(4), 1.0, max_relative = 1e-12);
}

#[test]
fn each_number_is_that_of_the_model_on_changed_inputs() {
    let entry = |i: usize, j: usize| ((7 * i + 3 * j + i * j) % 11) as f64 / 6.0 - 0.8;
    let bias = DVector::from_fn(5, |i, _| 0.1 - 0.05 * i as f64);
    for activation in [Activation::Relu, Activation::Identity] {
        let (encoder, decoder) =
            (DMatrix::from_fn(3, 5, entry), DMatrix::from_fn(5, 3, |i, j| entry(j, i + 2)));
        let model = Autoencoder::new(&encoder, &decoder, &bias, activation).unwrap();
        let law = Features::paper(5, 0.4).unwrap();
        let range = Stream::Evaluation.samples(1, 20..320);
        let found = attack(&model, &law, range, 0.5).unwrap();

        let x: DMatrix<f64> = sample_dense(&law, range).unwrap();
        let norms: Estimate = x.column_iter().map(|x| x.norm()).collect();
        let size = 0.5 * norms.mean();
        let w = model.product();
        let (mut clean, mut rises) = (Vec::new(), Vec::new());
        for x in x.column_iter() {
            let x = DMatrix::from_columns(&[x]);
            let loss = |at: &DMatrix<f64>| (model.forward(at).unwrap() - &x).norm_squared() / 5.0;
            let changed = |i: usize, sign: f64| {
                let row = w.row(i).transpose();
                loss(&(&x + DMatrix::from_columns(&[sign * size / row.norm() * row])))
            };
            let worst = (0..5).flat_map(|i| [changed(i, 1.0), changed(i, -1.0)]).fold(0.0, f64::max);
            clean.push(loss(&x));
            rises.push(worst - loss(&x));
        }
        for (given, expected) in [(found.clean, clean), (found.rise, rises), (found.norm, vec![norms.mean()])]
        {
            let expected: Estimate = expected.into_iter().collect();
            assert_relative_eq!(given.mean(), expected.mean(), epsilon = 0.0, max_relative = 1e-10);
            if expected.count() > 1 {
                let error = expected.standard_error();
                assert_relative_eq!(given.standard_error(), error, epsilon = 0.0, max_relative = 1e-9);
            }
        }
    }
}

#[test]
fn attacks_that_mean_nothing_are_refused() {
    let model = Autoencoder::tied(&DMatrix::identity(2, 2), &DVector::zeros(2), Activation::Relu).unwrap();
    let (law, other) = (Features::paper(2, 0.3).unwrap(), Features::paper(3, 0.3).unwrap());
    let range = |samples| Stream::Evaluation.samples(0, 0..samples);
    for share in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(attack::<f64, _>(&model, &law, range(9), share), Err(Error::Attack { .. })));
    }
    assert!(matches!(attack::<f64, _>(&model, &law, range(0), 0.1), Err(Error::EmptyBatch)));
    assert!(matches!(attack::<f64, _>(&model, &other, range(9), 0.1), Err(Error::Mismatch { .. })));
}
