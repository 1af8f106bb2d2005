//! timing
use rand::RngExt; use rand::SeedableRng;
use toy_superposition_theory::*;
#[test] #[ignore]
fn timing() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let mut gauss = move || -> f64 { (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0 };
    for (n, d) in [(512usize, 128.0f64), (8192, 2048.0)] {
        for p in [0.001, 0.01, 0.05, 0.5, 1.0] {
            let rows = if n == 512 { 64 } else { 1 };
            let (mut worst, mut t, mut mean) = (0.0f64, 0.0, 0.0);
            for i in 0..rows {
                let mut row: Vec<f64> = (0..n).map(|_| gauss() / d.sqrt()).collect();
                row[i] = 1.0;
                let b = -0.5 * p * row.iter().sum::<f64>() - 0.2;
                let start = std::time::Instant::now();
                let e = exact_row_loss(&row, i, b, p).unwrap();
                t += start.elapsed().as_secs_f64();
                worst = worst.max(e.error / e.loss); mean += e.loss / rows as f64;
            }
            eprintln!("n={n} p={p} {:.4} ms/row; {:.3} s all rows 1 core; worst est {worst:.1e} mean {mean:.5e}", t / rows as f64 * 1e3, t / rows as f64 * n as f64);
        }
    }
    // two large plus tiny
    for eps in [1e-2, 1e-3, 1e-4, 1e-5, 1e-7] { for p in [0.001, 0.05, 0.3] {
        let mut row: Vec<f64> = (0..512).map(|_| gauss() * eps).collect();
        row[0] = 1.0; row[1] = -0.95; row[2] = 0.1;
        let start = std::time::Instant::now();
        let e = exact_row_loss(&row, 0, -0.01, p).unwrap();
        eprintln!("eps={eps} p={p} {:.2} ms {:e} rel {:.1e}", start.elapsed().as_secs_f64() * 1e3, e.loss, e.error / e.loss);
    }}
}
