//! The optimum against 60-digit goldens, its limits and its speed of convergence.

use toy_superposition_theory::{Error, Feature, Interval, Regime, initial_loss, linear_loss, optimum, optimum_at_ratio};

fn close(given: f64, expected: f64, tolerance: f64) -> bool {
    (given - expected).abs() <= tolerance * expected.abs()
}

#[test]
fn agrees_with_60_digits() {
    let mut worst = [0.0f64; 6];
    for line in include_str!("golden/optimum.tsv").lines().filter(|line| !line.starts_with('#')) {
        let v: Vec<f64> = line.split('\t').map(|x| x.parse().unwrap()).collect();
        let [p, r, sigma, a, shift, loss, on, off] = v[..] else { panic!("columns") };
        let best = optimum_at_ratio(p, r).unwrap();
        let pairs = [(best.sigma, sigma), (best.a, a), (best.shift, shift), (best.loss, loss), (best.loss_on, on), (best.loss_off, off)];
        for (worst, (given, expected)) in worst.iter_mut().zip(pairs) {
            let error = (given / expected - 1.0).abs();
            if error > 1e-10 { eprintln!("p={p} r={r} {given:e} {expected:e}"); }
            *worst = worst.max(error);
        }
    }
    eprintln!("{worst:?}");
    assert!(worst.iter().all(|&error| error < 1e-10), "{worst:?}");
}

#[test]
fn timing() {
    let grid: Vec<f64> = (0..20).map(|k| 0.002001 + (0.8 - 0.002001) * k as f64 / 19.0).collect();
    let start = std::time::Instant::now();
    let n = 20;
    for _ in 0..n { std::hint::black_box(toy_superposition_theory::phase_map(&grid, &grid).unwrap()); }
    eprintln!("{:?}", start.elapsed() / n);
    let _ = (close(1.0,1.0,0.1), Error::Probability{given:0.0}, Feature::uniform(0.1), Interval::constant(1.0), Regime::Off, initial_loss(0.1), linear_loss(0.1,0.1), optimum(0.1,0.1));
}
