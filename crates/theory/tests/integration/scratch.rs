use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;
use toy_superposition_data::*;
use toy_superposition_theory::{exact_row_gradient, exact_row_loss};
#[test]
fn timing() {
    for n in [30usize, 40, 64, 256, 1024] {
        let mut rng = ChaCha8Rng::seed_from_u64(29);
        let scale = 0.35 * (64.0 / n as f64).sqrt().min(1.0);
        let mut row: Vec<f64> = (0..n).map(|_| rng.random_range(-scale..scale)).collect();
        row[7] = 1.2;
        for p in [0.01, 0.05, 0.3] {
            let kinds: Vec<(&str, AnyMagnitude)> = vec![
                ("U", AnyMagnitude::Uniform(UnitUniform)),
                ("I", AnyMagnitude::Interval(Interval::new(0.5, 1.5).unwrap())),
                ("E", AnyMagnitude::Exponential(Exponential::new(1.5).unwrap())),
                ("C", AnyMagnitude::Constant(Constant::new(1.2).unwrap())),
            ];
            for (name, kind) in kinds {
                let law = Features::new(Independent::new(n, p).unwrap(), kind);
                let t = Instant::now();
                let l = exact_row_loss(&row, 7, -0.2, &law).unwrap();
                let t1 = t.elapsed();
                let mut g = vec![0.0; n];
                let t = Instant::now();
                let f = exact_row_gradient(&row, 7, -0.2, &law, 1e-6, &mut g).unwrap();
                println!(
                    "n {n} p {p} {name}: loss {:.6e} rel err {:.1e} {:?}; gradient diff {:.1e} err {:.1e} {:?}",
                    l.loss,
                    l.error / l.loss,
                    t1,
                    (f.value.loss - l.loss).abs() / l.loss,
                    f.value.error / l.loss,
                    t.elapsed()
                );
            }
        }
    }
}
