#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use std::time::Instant;
use rayon::prelude::*;
use toy_superposition_rug::transform;
fn best(mut f: impl FnMut()) -> f64 { let mut t = f64::MAX; for _ in 0..60 { let s = Instant::now(); f(); t = t.min(s.elapsed().as_secs_f64()); } t }
fn main() {
    for lg in [6, 8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24] {
        let n = 1usize << lg;
        let mut x = vec![0f32; n]; let mut z = vec![0f64; n];
        let reps = ((1 << 20) / n).max(1);
        let per = 1e9 / (n * reps) as f64;
        let a = best(|| for _ in 0..reps { transform(std::hint::black_box(&mut x)).unwrap() }) * per;
        let b = best(|| for _ in 0..reps { transform(std::hint::black_box(&mut z)).unwrap() }) * per;
        let src = vec![1f32; n];
        let c = best(|| for _ in 0..reps { if n < 1 << 16 { x.copy_from_slice(std::hint::black_box(&src)) } else { x.par_chunks_mut(n / 16).zip(std::hint::black_box(&src).par_chunks(n / 16)).for_each(|(a, b)| a.copy_from_slice(b)) } }) * per;
        x.fill(0.0);
        println!("2^{lg}: f32 {a:.3} ns/el ({:.4} ms)  f64 {b:.3}   f32 copy {c:.3}  ratio {:.2}", a * n as f64 / 1e6, a / c);
    }
}
