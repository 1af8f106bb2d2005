//! OAMP on rugs: one sample of 2²⁰ features, 256 samples of 8192; OMP there.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nalgebra::DMatrix;
use toy_superposition::data::{Features, Stream, sample_dense};
use toy_superposition::recovery::{Decoder, Limits, LinearOperator, Oamp, Omp, RugOperator, SparsePrior};
use toy_superposition::rug::PersianRug;

const PROBABILITY: f64 = 0.05;

fn problem(features: usize, samples: u64) -> (RugOperator, DMatrix<f64>) {
    let rug = PersianRug::random(features, features / 4, &mut Stream::Draws.rng(1, 0)).unwrap();
    let operator = RugOperator::new(rug);
    let law = Features::paper(features, PROBABILITY).unwrap();
    let x = sample_dense(&law, Stream::Evaluation.samples(1, 0..samples)).unwrap();
    let mut y = DMatrix::zeros(features / 4, x.ncols());
    operator.apply_into(&x, &mut y).unwrap();
    (operator, y)
}

fn oamp(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("OAMP");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let prior = SparsePrior::paper(PROBABILITY).unwrap();
    // A tolerance out of reach, so that all 20 iterations are made.
    let twenty = Oamp::new(&prior).with_limits(Limits::new(20, 1e-30).unwrap());
    for (name, features, samples) in
        [("one sample of 2^20, 20 iterations", 1 << 20, 1), ("256 samples of 8192, 20 iterations", 8192, 256)]
    {
        let (operator, y) = problem(features, samples);
        group.bench_function(name, |bencher| {
            bencher.iter(|| twenty.decode(&operator, black_box(&y)).unwrap());
        });
    }
    let (operator, y) = problem(8192, 8);
    let omp = Omp::new(1e-6).unwrap();
    group.bench_function("OMP, 8 samples of 8192", |bencher| {
        bencher.iter(|| omp.decode(&operator, black_box(&y)).unwrap());
    });
}

criterion_group!(benches, oamp);
criterion_main!(benches);
