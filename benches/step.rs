//! A training step against n_s, n_d and p, and each of its stages.
//!
//! Every model has taken [`WARM_UP`] steps of the paper's recipe, and takes one more in each
//! iteration, data included.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DMatrix;
use toy_superposition::data::{Distribution, Features};
use toy_superposition::model::{Activation, Autoencoder, Initialisation, Shape};
use toy_superposition::train::{FreshBatches, Recipe, Trainer, initial_model};

/// Steps before the clock starts.
const WARM_UP: u64 = 300;

/// (n_s, n_d).
const SHAPES: [(usize, usize); 3] = [(512, 128), (2048, 512), (2048, 1024)];
const PROBABILITIES: [f64; 3] = [0.01, 0.1, 0.8];

fn trainer(
    features: usize,
    hidden: usize,
    p: f64,
    warm_up: u64,
) -> Trainer<Autoencoder<f32>, FreshBatches<f32, impl Distribution>> {
    let shape = Shape::new(features, hidden).unwrap();
    let (data, recipe) = (Features::paper(features, p).unwrap(), Recipe::code(features).unwrap());
    let mut trainer = Trainer::on_fresh_batches(
        initial_model(shape, Initialisation::PyTorch, Activation::Relu, 1).unwrap(),
        data,
        &recipe,
        1,
    )
    .unwrap();
    for _ in 0..warm_up {
        trainer.step().unwrap();
    }
    trainer
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(2));
    group
}

fn whole(criterion: &mut Criterion) {
    let mut group = group(criterion, "step");
    for (features, hidden) in SHAPES {
        for p in PROBABILITIES {
            let mut run = None;
            group.throughput(Throughput::Elements(1024));
            group.bench_function(format!("({features}, {hidden}), p = {p}"), |b| {
                let run = run.get_or_insert_with(|| trainer(features, hidden, p, WARM_UP));
                b.iter(|| run.step().unwrap());
            });
        }
    }
    group.finish();
}

/// How the cost grows with n_s at n_d = n_s/4.
fn growth(criterion: &mut Criterion) {
    let mut group = group(criterion, "growth, p = 0.01, n_d = n_s/4");
    for features in [128, 256, 512, 1024, 2048, 4096] {
        let mut run = None;
        group.bench_function(format!("n_s = {features}"), |b| {
            let run = run.get_or_insert_with(|| trainer(features, features / 4, 0.01, 60));
            b.iter(|| run.step().unwrap());
        });
    }
    group.finish();
}

/// The stages, each by its own clock within whole steps, of both ways that a step may go. (One step
/// in 30 has 304 samples, and may go the other way.)
fn stages(criterion: &mut Criterion) {
    let by_hidden = ["encode", "decode and residual", "hidden gradient"];
    let by_product = ["product of the weights", "decode and residual", "gradient of the product"];
    let both = ["sample", "decoder gradient", "encoder gradient", "optimizer"];
    for ((features, hidden), names) in [((512, 128), by_product), ((2048, 512), by_hidden)] {
        let mut group = group(criterion, &format!("stages of ({features}, {hidden}), p = 0.01"));
        let mut run = None;
        for name in names.into_iter().chain(both) {
            group.bench_function(name, |b| {
                let run = run.get_or_insert_with(|| trainer(features, hidden, 0.01, WARM_UP));
                b.iter_custom(|iterations| {
                    let step = |_| {
                        run.step().unwrap();
                        let stages: BTreeMap<_, _> = run.stages().into_iter().collect();
                        stages.get(name).copied().unwrap_or_default()
                    };
                    (0..iterations).map(step).sum()
                });
            });
        }
        group.finish();
    }
}

/// The floor: the decode product alone, W_out (n_s × n_d) times H (n_d × 1024), by the library that
/// the step uses, in the blocks in which it ran fastest.
fn floor(criterion: &mut Criterion) {
    let mut group = group(criterion, "decode product alone");
    for (features, hidden) in SHAPES {
        let decoder = DMatrix::from_fn(hidden, features, |i, j| ((i * 7 + j * 13) % 31) as f32 / 31.0 - 0.5);
        let h = DMatrix::from_fn(hidden, 1024, |i, j| ((i * 5 + j * 3) % 29) as f32 / 29.0 - 0.5);
        group.throughput(Throughput::Elements(2 * 1024 * (features * hidden) as u64));
        group.bench_function(format!("({features}, {hidden})"), |b| {
            b.iter_custom(|iterations| {
                // On a thread of the pool, as a step.
                rayon::scope(|_| {
                    let start = Instant::now();
                    for _ in 0..iterations {
                        std::hint::black_box(decode(&decoder, &h));
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

fn decode(decoder: &DMatrix<f32>, h: &DMatrix<f32>) -> f32 {
    use faer::linalg::matmul::matmul;
    use faer::{Accum, MatMut, MatRef, Par};
    use rayon::prelude::*;

    const ROWS: usize = 96;
    const COLUMNS: usize = 512;
    let (hidden, features) = decoder.shape();
    let decoder = MatRef::from_column_major_slice(decoder.as_slice(), hidden, features).transpose();
    let h = MatRef::from_column_major_slice(h.as_slice(), hidden, h.ncols());
    let blocks = features.div_ceil(ROWS);
    let work: Vec<usize> = (0..blocks * h.ncols().div_ceil(COLUMNS)).collect();
    let last = |k: usize| {
        let (row, column) = (k % blocks * ROWS, k / blocks * COLUMNS);
        let (rows, columns) = (ROWS.min(features - row), COLUMNS.min(h.ncols() - column));
        SCRATCH.with_borrow_mut(|z| {
            z.resize(rows * columns, 0.0);
            let out = MatMut::from_column_major_slice_mut(z, rows, columns);
            let (left, right) = (decoder.subrows(row, rows), h.subcols(column, columns));
            matmul(out, Accum::Replace, left, right, 1.0, Par::Seq);
            z[0]
        })
    };
    work.into_par_iter().with_max_len(1).map(last).sum()
}

thread_local! {
    static SCRATCH: std::cell::RefCell<Vec<f32>> = const { std::cell::RefCell::new(Vec::new()) };
}

criterion_group!(benches, floor, whole, growth, stages);
criterion_main!(benches);
