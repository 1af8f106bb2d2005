//! s
use toy_superposition_theory::Feature;
#[test]
fn explore() {
    let mut hist = [0usize; 6];
    for i in 0..121 {
        let p = if i == 120 { 1.0 } else { 10f64.powf(-12.0 + 0.1 * i as f64)};
        let f = Feature::uniform(p).unwrap();
        for i in 0..200 {
            let sigma = 10f64.powf(-4.0 + 8.0 * i as f64 / 199.0);
            let l = |z: f64| { let b = z * sigma; let (n,d)=f.products(b, sigma).unwrap(); n*n/d };
            let mut m = vec![];
            let zs: Vec<f64> = (-360..=1200).map(|k| { let k = k as f64 / 100.0; k.signum()*(k.abs().exp_m1()) }).collect();
            let v: Vec<f64> = zs.iter().map(|&z| if z < -36.0 {0.0} else {l(z)}).collect();
            for k in 1..v.len() - 1 { if v[k] > v[k - 1]*(1.0+1e-13) && v[k] >= v[k + 1]*(1.0+1e-14) { m.push((zs[k], v[k])); } }
            hist[m.len().min(5)] += 1;
            let var=p/3.0-p*p/4.0;
            let lin = (var) * sigma*sigma/(sigma*sigma+var);
            if m.len() != 1 || i % 40 == 0 { eprintln!("p {p:.3e} sigma {sigma:.4} r {:.3e} lin {:.6e} affz {:.4}: {m:?}", 1.0/(1.0+sigma*sigma/var), lin, p/2.0*sigma/var); }
        }
    }
    eprintln!("{hist:?}");
}
