use toy_superposition_recovery::*;
#[test]
fn scratch2() {
    for p in [0.01, 0.044, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8] {
        let prior = SparsePrior::paper(p).unwrap();
        let t = threshold(&prior);
        println!("{p} {:.9} {:.4} {:.4}", t.ratio, t.noise, donoho_tanner(p, Sign::Nonnegative).unwrap());
    }
    for d in [0.1, 0.25, 0.5, 0.75, 0.9] {
        println!("{d} {:.6} {:.6}", donoho_tanner_sparsity(d, Sign::Nonnegative).unwrap(), donoho_tanner_sparsity(d, Sign::Any).unwrap());
    }
    for (p, r) in [(0.05, 0.25), (0.044, 0.25), (0.05, 0.5), (0.2, 0.5), (0.2, 0.25), (0.05, 0.1)] {
        let prior = SparsePrior::paper(p).unwrap();
        let l = Evolution::Orthogonal.losses(&prior, r, 4).unwrap();
        let g = Evolution::Independent.losses(&prior, r, 3).unwrap();
        println!("{p} {r} {:.5?} gauss {:.5?} limit {:.5} {:.5} l1 {:.5}", l.iter().map(|x| x / p).collect::<Vec<_>>(), g.iter().map(|x| x / p).collect::<Vec<_>>(), Evolution::Orthogonal.limit(&prior, r).unwrap() / p,Evolution::Independent.limit(&prior, r).unwrap() / p, l1_loss(&prior, r).unwrap() / p);
    }
}
