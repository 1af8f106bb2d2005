use nalgebra::DMatrix;
use toy_superposition_data::{Features, Stream, sample_dense};
use toy_superposition_recovery::*;
use toy_superposition_rug::PersianRug;

#[test]
fn scratch() {
    for (n, p, r, b) in [(8192, 0.05, 0.25, 16), (8192, 0.2, 0.25, 16), (1024, 0.05, 0.25, 64), (1024, 0.05, 0.5, 64), (1024, 0.05, 0.15, 64)] {
        let d = (n as f64 * r) as usize;
        let rug = RugOperator::new(PersianRug::random(n, d, &mut Stream::Draws.rng(1, 0)).unwrap());
        let x: DMatrix<f64> =
            sample_dense(&Features::paper(n, p).unwrap(), Stream::Evaluation.samples(1, 0..b as u64)).unwrap();
        let mut y = DMatrix::zeros(d, b);
        rug.apply_into(&x, &mut y).unwrap();
        let prior = SparsePrior::paper(p).unwrap();
        let oamp = Oamp::new(&prior);
        print!("{n} {p} {r}:");
        oamp.unrolled(&rug, &y, 16, |_, a| print!(" {:.5}", (a - &x).norm_squared() / (n * b) as f64 / p)).unwrap();
        let t = std::time::Instant::now();
        let found = oamp.decode(&rug, &y).unwrap();
        println!("\n loss/p {:.3e} in {:.3}s", (&found.estimate - &x).norm_squared() / (n * b) as f64 / p, t.elapsed().as_secs_f64());
        for o in found.outcomes.iter().take(12) { print!(" {}:{:.1e}:{:?}", o.iterations, o.residual, o.stopped); }
        let ok = (0..b).filter(|&k| (found.estimate.column(k) - x.column(k)).amax() < 1e-3).count();
        println!(" success {ok}/{b}");
    }
}
