//! Probes against their known losses.

use nalgebra::DMatrix;
use toy_superposition_computation::{EmbeddingKind, Error, LinearProbe};
use toy_superposition_data::{Features, Stream, sample_dense};

/// From the dimensions of a tight embedding the best linear map loses `(1 − n_d/n_s) Var x`. The
/// probe is fitted to 20000 samples and measured on another 20000. It has 25 numbers per feature,
/// so that the fit increases the loss by about 25/20000. The loss of a sample varies by about as
/// much as the loss itself, so that 3 % is more than six standard errors.
#[test]
fn a_probe_of_the_embedding_is_the_best_linear_map() {
    let (features, hidden, p) = (64, 24, 0.1);
    let embedding = EmbeddingKind::Rug.matrix(features, hidden, &mut Stream::Draws.rng(1, 0)).unwrap();
    let law = Features::paper(features, p).unwrap();
    let draw = |first: u64| -> DMatrix<f64> {
        sample_dense(&law, Stream::Evaluation.samples(2, first..first + 20_000)).unwrap()
    };
    let (x, fresh) = (draw(0), draw(20_000));
    let probe = LinearProbe::fit(&(&embedding * &x), &x, 1e-9).unwrap();
    let expected = (1.0 - 24.0 / 64.0) * (p / 3.0 - p * p / 4.0);
    let loss = probe.loss(&(&embedding * &fresh), &fresh).unwrap();
    assert!((loss / expected - 1.0).abs() < 0.03, "{loss} {expected}");
    // At the minimum, errors are orthogonal to the read values and have mean 0.
    let errors = probe.read(&(&embedding * &x)).unwrap() - &x;
    assert!(errors.column_mean().amax() < 1e-12);
    let along = &errors * (&embedding * &x).transpose() / 20_000.0;
    assert!(along.amax() < 1e-6, "{}", along.amax());
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let h = DMatrix::from_fn(3, 5, |i, j| (i * j) as f64);
    assert!(matches!(LinearProbe::fit(&h, &h, 0.0), Err(Error::Probe { inputs: 3, samples: 5 })));
    let same = DMatrix::zeros(2, 50);
    assert!(matches!(LinearProbe::fit(&same, &same, 0.0), Err(Error::Probe { .. })));
    assert!(matches!(LinearProbe::fit(&same, &same, -1.0), Err(Error::OutOfRange { .. })));
    assert!(matches!(LinearProbe::fit(&same, &h, 0.1), Err(Error::Length { .. })));
}
