//! The fast transform against a copy, the rug's forward pass without its matrices against two dense
//! products, and the statistics of a large rug.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use toy_superposition::data::{Features, Sampler, SparseBatch, Stream};
use toy_superposition::model::Scalar;
use toy_superposition::rug::{MatrixFreeRug, PersianRug, transform};

/// Features n_s, hidden dimensions n_d, samples and probability of the forward pass.
const FEATURES: usize = 8192;
const HIDDEN: usize = 4096;
const SAMPLES: usize = 1024;
const PROBABILITY: f64 = 0.01;

fn rug(features: usize, hidden: usize) -> PersianRug {
    PersianRug::random(features, hidden, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
}

fn samples() -> SparseBatch<f32> {
    let mut batch = SparseBatch::new(FEATURES).unwrap();
    let features = Features::paper(FEATURES, PROBABILITY).unwrap();
    Sampler::new()
        .sample_into(&features, Stream::Training.samples(1, 0..SAMPLES as u64), &mut batch)
        .unwrap();
    batch
}

/// `x ← H x` in place, on all threads; a copy of as many bytes, on all threads too, is what memory
/// allows.
///
/// In turn on `ARRAYS` arrays: with 2²² elements none is in a cache when its turn comes.
fn transforms(criterion: &mut Criterion) {
    const ARRAYS: usize = 8;

    fn of<T: Scalar>(criterion: &mut Criterion, name: &str, powers: &[u32]) {
        let mut group = criterion.benchmark_group(name);
        for &m in powers {
            let n = 1_usize << m;
            group.throughput(Throughput::Bytes(size_of::<T>() as u64 * n as u64));
            // Zeros stay zeros however often they are transformed; the time does not depend on the
            // values.
            let mut arrays = vec![vec![T::zero(); n]; ARRAYS];
            let mut turn = 0;
            group.bench_function(BenchmarkId::new("transform", m), |bencher| {
                bencher.iter(|| {
                    turn = (turn + 1) % ARRAYS;
                    transform(black_box(&mut arrays[turn])).unwrap();
                });
            });
            let (sources, targets) = arrays.split_at_mut(ARRAYS / 2);
            group.bench_function(BenchmarkId::new("copy", m), |bencher| {
                bencher.iter(|| {
                    turn = (turn + 1) % sources.len();
                    let (from, to) = (black_box(&sources[turn]), black_box(&mut targets[turn]));
                    let part = n.div_ceil(8);
                    to.par_chunks_mut(part)
                        .zip(from.par_chunks(part))
                        .for_each(|(to, from)| to.copy_from_slice(from));
                });
            });
        }
    }
    of::<f32>(criterion, "transform f32", &[10, 13, 16, 19, 22]);
    of::<f64>(criterion, "transform f64", &[22]);
}

fn forward(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forward 1024 samples (8192, 4096)");
    group.sample_size(20);
    let model = MatrixFreeRug::<f32>::new(rug(FEATURES, HIDDEN), 1.1, -0.3).unwrap();
    let sparse = samples();
    let dense = sparse.to_dense();
    let mut y = dense.clone();
    group.bench_function("matrix-free, sparse samples", |bencher| {
        bencher.iter(|| model.forward_sparse_into(black_box(&sparse), black_box(&mut y)).unwrap());
    });
    group.bench_function("matrix-free, dense samples", |bencher| {
        bencher.iter(|| model.forward_into(black_box(&dense), black_box(&mut y)).unwrap());
    });
    group.sample_size(10);
    let weights = model.to_autoencoder().unwrap();
    group.bench_function("two dense products", |bencher| {
        bencher.iter(|| weights.forward(black_box(&dense)).unwrap());
    });
}

fn statistics(criterion: &mut Criterion) {
    let rug = rug(1 << 20, 1 << 18);
    criterion.bench_function("statistics of n_s = 2^20", |bencher| {
        bencher.iter(|| black_box(&rug).statistics());
    });
}

criterion_group!(benches, transforms, forward, statistics);
criterion_main!(benches);
