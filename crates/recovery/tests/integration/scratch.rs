use nalgebra::DMatrix;
use rand::RngExt;
use toy_superposition_data::{Features, Stream, sample_dense};
use toy_superposition_recovery::*;
use toy_superposition_rug::PersianRug;

fn run(name: &str, op: &dyn LinearOperator<f64>, x: &DMatrix<f64>, y: &DMatrix<f64>, d: &dyn Decoder<f64>, p: f64) {
    let t = std::time::Instant::now();
    let found = d.decode(op, y).unwrap();
    let (n, b) = x.shape();
    let ok = (0..b).filter(|&k| (found.estimate.column(k) - x.column(k)).amax() < 1e-3).count();
    let o = found.outcomes[0];
    println!("{name:10} loss/p {:.3e} in {:.3}s ok {ok}/{b} min {:.1e} {}:{:.1e}:{:?}", (&found.estimate - x).norm_squared() / (n * b) as f64 / p, t.elapsed().as_secs_f64(), found.estimate.min(), o.iterations, o.residual, o.stopped);
}

#[test]
fn scratch() {
    for (n, p, r, b, gauss) in [(1024, 0.05, 0.25, 16, false), (1024, 0.05, 0.25, 16, true), (1024, 0.2, 0.25, 16, false), (8192, 0.05, 0.25, 8, false)] {
        let d = (n as f64 * r) as usize;
        let rug = RugOperator::new(PersianRug::random(n, d, &mut Stream::Draws.rng(1, 0)).unwrap());
        let mut rng = Stream::Draws.rng(2, 0);
        let g = Dense::new(DMatrix::from_fn(if gauss { d } else {1}, if gauss {n} else {1}, |_, _| rng.sample::<f64, _>(rand_distr::StandardNormal) / (d as f64).sqrt())).unwrap();
        let op: &dyn LinearOperator<f64> = if gauss { &g } else { &rug };
        println!("{n} {p} {r} {gauss} norm {}", op.norm());
        let x: DMatrix<f64> =
            sample_dense(&Features::paper(n, p).unwrap(), Stream::Evaluation.samples(1, 0..b as u64)).unwrap();
        let mut y = DMatrix::zeros(d, b);
        op.apply_into(&x, &mut y).unwrap();
        let prior = SparsePrior::paper(p).unwrap();
        let k = (n as f64 * p) as usize + 10;
        run("oamp", op, &x, &y, &Oamp::new(&prior), p);
        run("amp", op, &x, &y, &Amp::new(&prior), p);
        run("omp", op, &x, &y, &Omp::new(1e-6).unwrap(), p);
        run("omp any", op, &x, &y, &Omp::new(1e-6).unwrap().with_sign(Sign::Any), p);
        if n < 2000 { run("batch omp", op, &x, &y, &BatchOmp::new(op, 1e-6).unwrap(), p); }
        if 3 * k <= d { run("cosamp", op, &x, &y, &HardThresholding::cosamp(k), p); }
        run("iht", op, &x, &y, &HardThresholding::iht(k), p);
        run("htp", op, &x, &y, &HardThresholding::htp(k), p);
        run("lasso", op, &x, &y, &Lasso::new(1e-3).unwrap(), p);
        run("bp", op, &x, &y, &BasisPursuit::default(), p);
    }
}
