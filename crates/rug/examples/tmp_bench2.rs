#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use std::time::Instant;
use nalgebra::DMatrix;
use rand::SeedableRng;
use toy_superposition_data::SparseBatch;
use toy_superposition_rug::*;
fn best(n: usize, mut f: impl FnMut()) -> f64 { let mut t = f64::MAX; for _ in 0..n { let s = Instant::now(); f(); t = t.min(s.elapsed().as_secs_f64()); } t }
fn main() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let rug = PersianRug::random(8192, 4096, &mut rng).unwrap();
    let x = DMatrix::from_fn(8192, 1024, |i, k| if (i * 2654435761 + k * 40503) % 1009 < 50 { ((i * 7 + k) % 64) as f32 / 64.0 } else { 0.0 });
    let mut y = x.clone();
    let model = MatrixFreeRug::<f32>::new(rug, 1.2, -0.4).unwrap();
    println!("forward_into x {:.2} ms", best(20, || model.forward_into(&x, &mut y).unwrap()) * 1e3);
    let sparse = SparseBatch::from_dense(&x).unwrap();
    println!("forward_sparse_into x {:.2} ms nnz {}", best(20, || model.forward_sparse_into(&sparse, &mut y).unwrap()) * 1e3, sparse.non_zeros());
    println!("forward (allocating) {:.2} ms", best(10, || { model.forward(&x).unwrap(); }) * 1e3);
    let dense = model.to_autoencoder().unwrap();
    println!("dense x {:.2} ms", best(2, || { dense.forward(&x).unwrap(); }) * 1e3);
    for hidden in [1 << 10, 1 << 18] {
        let rug = PersianRug::random(1 << 20, hidden, &mut rng).unwrap();
        println!("n_s=2^20 n_d={hidden} statistics x {:.2} ms, span {:.2} ms, draw {:.2}", best(5, || { std::hint::black_box(rug.statistics()); }) * 1e3, best(5, || { std::hint::black_box(rug.span()); }) * 1e3,
          best(2, || { PersianRug::random(1 << 20, hidden, &mut rng).unwrap(); }) * 1e3);
    }
}
