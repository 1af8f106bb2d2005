//! Integration tests of the recovery of sparse features.
#![allow(clippy::unwrap_used)]

mod bits;
mod channels;
mod decoders;
mod errors;
mod evolution;
mod layers;
mod operators;

use nalgebra::DMatrix;
use rand::RngExt;
use toy_superposition_data::{Features, Stream, sample_dense};
use toy_superposition_recovery::{Dense, LinearOperator, RugOperator};
use toy_superposition_rug::PersianRug;

/// A random rug.
fn rug(features: usize, hidden: usize, seed: u64) -> RugOperator {
    RugOperator::new(PersianRug::random(features, hidden, &mut Stream::Draws.rng(seed, 0)).unwrap())
}

/// Independent normal entries of variance 1/n_d.
fn gaussian(features: usize, hidden: usize, seed: u64) -> Dense<f64> {
    let mut rng = Stream::Draws.rng(seed, 1);
    let mut entry = || rng.sample::<f64, _>(rand_distr::StandardNormal) / (hidden as f64).sqrt();
    Dense::new(DMatrix::from_fn(hidden, features, |_, _| entry())).unwrap()
}

/// The paper's features, and what is measured of them.
fn problem(
    operator: &dyn LinearOperator<f64>,
    probability: f64,
    samples: u64,
    seed: u64,
) -> (DMatrix<f64>, DMatrix<f64>) {
    let (hidden, features) = operator.shape();
    let law = Features::paper(features, probability).unwrap();
    let x = sample_dense(&law, Stream::Evaluation.samples(seed, 0..samples)).unwrap();
    let mut y = DMatrix::zeros(hidden, x.ncols());
    operator.apply_into(&x, &mut y).unwrap();
    (x, y)
}
