//! The closed forms (optimum, phase map, envelope, other decoders) and the exact loss of a matrix
//! with its gradient.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use toy_superposition::rug::PersianRug;
use toy_superposition::theory;

fn closed_forms(criterion: &mut Criterion) {
    // The paper's grid: p and r from 0.002001 to 0.8.
    let grid: Vec<f64> = (0..20).map(|k| 0.002001 + f64::from(k) * (0.8 - 0.002001) / 19.0).collect();
    criterion.bench_function("phase map 20 × 20", |bencher| {
        bencher.iter(|| theory::phase_map(black_box(&grid), black_box(&grid)).unwrap());
    });
    criterion.bench_function("optimum", |bencher| {
        bencher.iter(|| theory::optimum_at_ratio(black_box(0.05), black_box(0.25)).unwrap());
    });
    criterion.bench_function("envelope", |bencher| {
        bencher.iter(|| theory::envelope(black_box(0.05), black_box(0.1)).unwrap());
    });
    criterion.bench_function("Bayes loss", |bencher| {
        bencher.iter(|| theory::bayes_loss(black_box(0.05), black_box(0.219)).unwrap());
    });
}

/// Weights like trained ones at n_d = n_s/4: `W_ii` at the optimum, the rest Gaussian at the Welch
/// bound, effective biases too.
fn weights(features: usize, p: f64) -> (DMatrix<f64>, Vec<f64>) {
    let best = theory::optimum_at_ratio(p, 0.25).unwrap();
    let deviation = best.a * (3.0 / (features as f64 - 1.0)).sqrt();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let w = DMatrix::from_fn(features, features, |i, j| {
        let entry: f64 = StandardNormal.sample(&mut rng);
        if i == j { best.a } else { deviation * entry }
    });
    let bias = (0..features).map(|i| best.effective_bias - 0.5 * p * (w.row(i).sum() - w[(i, i)])).collect();
    (w, bias)
}

fn exact(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exact loss, all rows of n_s = 512");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for p in [0.001, 0.05] {
        let (w, bias) = weights(512, p);
        group.bench_function(format!("p = {p}"), |bencher| {
            bencher.iter(|| theory::exact_loss(black_box(&w), &bias, p).unwrap());
        });
        let (mut in_w, mut in_bias) = (w.clone(), bias.clone());
        group.bench_function(format!("with its gradient, p = {p}"), |bencher| {
            bencher.iter(|| {
                theory::exact_gradient(black_box(&w), &bias, p, 1e-8, &mut in_w, &mut in_bias).unwrap()
            });
        });
    }
}

/// Structured weights, a little disturbed so that no two entries are equal: what a descent of the
/// exact loss walks through.
///
/// n_s = 81: the projection on the eigenspace of dimension 20 of the strongly regular graph (81,
/// 20, 1, 6), whose vertices are F_3⁴ and whose neighbours differ by a zero of `x² + y² + zw`; else
/// a Persian rug.
fn structured(features: usize, hidden: usize, p: f64) -> (DMatrix<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut w = if features == 81 {
        let digit = |i: usize, k: u32| i / 3_usize.pow(k) % 3;
        DMatrix::from_fn(81, 81, |i, j| {
            let [x, y, z, t] = [0, 1, 2, 3].map(|k| (digit(i, k) + 3 - digit(j, k)) % 3);
            if i == j {
                1.0
            } else if (x * x + y * y + z * t) % 3 == 0 {
                -0.35
            } else {
                0.1
            }
        })
    } else {
        PersianRug::random(features, hidden, &mut rng).unwrap().to_matrix::<f64>()
    };
    for entry in &mut w {
        let noise: f64 = StandardNormal.sample(&mut rng);
        *entry += 1e-4 * noise;
    }
    let sigma = (0..features).filter(|&j| j != 0).map(|j| w[(0, j)].powi(2)).sum::<f64>().sqrt();
    let best = theory::optimum(p, sigma * (p / 3.0 - p * p / 4.0).sqrt()).unwrap();
    w *= best.a;
    let bias = (0..features).map(|i| best.effective_bias - 0.5 * p * (w.row(i).sum() - w[(i, i)])).collect();
    (w, bias)
}

fn descent(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exact loss and gradient, structured weights, p = 0.05");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for (features, hidden) in [(81, 20), (128, 32), (256, 64)] {
        let (w, bias) = structured(features, hidden, 0.05);
        let (mut in_w, mut in_bias) = (w.clone(), bias.clone());
        let at = |tolerance| {
            let (mut in_w, mut in_bias) = (w.clone(), bias.clone());
            theory::exact_gradient(&w, &bias, 0.05, tolerance, &mut in_w, &mut in_bias).unwrap();
            in_w
        };
        let fine = at(1e-9);
        for tolerance in [1e-4, 1e-5, 1e-6] {
            let error = (at(tolerance) - &fine).norm() / fine.norm();
            println!(
                "({features}, {hidden}), tolerance {tolerance:e}: relative error of the gradient {error:.1e}"
            );
            group.bench_function(format!("({features}, {hidden}), tolerance {tolerance:e}"), |bencher| {
                bencher.iter(|| {
                    theory::exact_gradient(black_box(&w), &bias, 0.05, tolerance, &mut in_w, &mut in_bias)
                        .unwrap()
                });
            });
        }
    }
}

criterion_group!(benches, closed_forms, exact, descent);
criterion_main!(benches);
