//! s
use toy_superposition_theory::{Feature, optimum_at_ratio};
#[test]
fn explore() {
    for i in 0..25 {
        let p = 0.52 + 0.02 * i as f64;
        let f = Feature::uniform(p).unwrap();
        let n = 400;
        // points in r: log + near 1
        let mut rs: Vec<f64> = (0..n).map(|k| 1.0/(1.0+10f64.powf(9.0 - 15.0*k as f64/(n-1) as f64))).collect();
        rs.push(1.0);
        let fs: Vec<f64> = rs.iter().map(|&r| optimum_at_ratio(p, r).unwrap().loss).collect();
        let v = f.variance();
        // tangent
        let (mut kt, mut st) = (0, 0.0);
        let mut nmax = 0;
        let sl: Vec<f64> = (0..rs.len()).map(|k| (v - fs[k]) / rs[k]).collect();
        for k in 0..rs.len() { if sl[k] > st { st = sl[k]; kt = k; } if k>0 && k+1<sl.len() && sl[k] > sl[k-1]*(1.0+1e-9) && sl[k] > sl[k+1] *(1.0+1e-12){ nmax += 1; } }
        let mut viol = vec![];
        for k in kt.max(1)..rs.len() - 1 {
            let d1 = (fs[k] - fs[k-1]) / (rs[k] - rs[k-1]); let d2 = (fs[k+1] - fs[k]) / (rs[k+1] - rs[k]);
            if d2 < d1 - 1e-7*d1.abs() { viol.push((rs[k], d1, d2)); }
        }
        eprintln!("p {p:.2e} r_t {:.4e} loss {:.4e}/V maxima {nmax} nonconvex {}: {:?}", rs[kt], fs[kt] / v, viol.len(), viol.first());
    }
}
