#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use std::time::{Duration, Instant};
use rayon::prelude::*;
use toy_superposition_rug::transform;
fn time(f: impl FnOnce()) -> f64 { let s = Instant::now(); f(); s.elapsed().as_secs_f64() * 1e3 }
fn main() {
    let lg: u32 = std::env::args().nth(1).map_or(22, |a| a.parse().unwrap());
    let n = 1usize << lg;
    let mut x = vec![0f32; n]; let mut y = vec![0f32; n]; let src = vec![1f32; n];
    let mut z = vec![0f64; n]; let srcd = vec![1f64; n]; let mut zz = vec![0f64; n];
    toy_superposition_rug::TOP.store(std::env::args().nth(3).map_or(8, |a| a.parse().unwrap()), std::sync::atomic::Ordering::Relaxed);
    let shift: usize = std::env::args().nth(2).map_or(0, |a| a.parse().unwrap());
    let mut x = vec![0f32; n + 32]; let off = x.as_ptr().align_offset(64); let x = &mut x[off + shift..off + shift + n];
    let mut z = vec![0f64; n + 32]; let off = z.as_ptr().align_offset(64); let z = &mut z[off + shift..off + shift + n];
    let (mut a, mut b, mut c, mut d) = (vec![], vec![], vec![], vec![]);
    for _ in 0..600 {
        a.push(time(|| transform(std::hint::black_box(&mut *x)).unwrap()));
        b.push(time(|| y.par_chunks_mut(n / 16).zip(std::hint::black_box(&src).par_chunks(n / 16)).for_each(|(a, b)| a.copy_from_slice(b))));
        std::thread::sleep(Duration::from_millis(2));
        c.push(time(|| transform(std::hint::black_box(&mut *z)).unwrap()));
        d.push(time(|| zz.par_chunks_mut(n / 16).zip(std::hint::black_box(&srcd).par_chunks(n / 16)).for_each(|(a, b)| a.copy_from_slice(b))));
        std::thread::sleep(Duration::from_millis(2));
    }
    for (name, v) in [("f32 transform", &mut a), ("f32 copy", &mut b), ("f64 transform", &mut c), ("f64 copy", &mut d)] {
        v.sort_by(f64::total_cmp);
        println!("2^{lg} top {} {name}: min {:.3} p10 {:.3} median {:.3} ms", toy_superposition_rug::TOP.load(std::sync::atomic::Ordering::Relaxed), v[0], v[60], v[300]);
    }
}
