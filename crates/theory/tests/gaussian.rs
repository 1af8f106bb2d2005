//! The Gaussian loss, its derivatives and its building blocks, against 120-digit goldens and against each other.

use toy_superposition_theory::{Channel, Error, Feature, Interval, Magnitude, RectifiedMoments};

/// The largest error over the rows, relative to the value or to the scale that Cauchy–Schwarz gives a derivative.
#[test]
fn agrees_with_120_digits() {
    let mut worst = [0.0f64; 8];
    let mut rows = 0;
    for line in include_str!("golden/gaussian.tsv").lines().filter(|line| !line.starts_with('#')) {
        let v: Vec<f64> = line.split('\t').map(|x| x.parse().unwrap()).collect();
        let [a, b, sigma, p, on, off, total, da, db, ds, dp, gain] = v[..] else { panic!("columns") };
        let feature = Feature::uniform(p).unwrap();
        let loss = feature.loss(a, b, sigma).unwrap();
        let gradient = feature.gradient(a, b, sigma).unwrap();
        let (_, square) = feature.products(b, sigma).unwrap();
        // |L_a| ≤ 2 √(L D), |L_β| ≤ 2a √L, |L_σ| ≤ 2aσ (a + E x δ(Y)) ≤ 2aσ (a + p/ σ).
        let scale = |value: f64, natural: f64| value.abs().max(1e-2 * natural).max(1e-290);
        let errors = [
            (loss.on - on).abs() / scale(on, 0.0),
            (loss.off - off).abs() / scale(off, 0.0),
            (loss.total - total).abs() / scale(total, 0.0),
            (gradient.gain - da).abs() / scale(da, 2.0 * (total * square).sqrt()),
            (gradient.shift - db).abs() / scale(db, 2.0 * a * total.sqrt()),
            (gradient.sigma - ds).abs() / scale(ds, 2.0 * a * a * sigma * p),
            (gradient.probability - dp).abs() / scale(dp, on.max(off)),
            (feature.best_gain(b, sigma).unwrap() - gain).abs() / gain,
        ];
        for (k, (worst, error)) in worst.iter_mut().zip(errors).enumerate() {
            if error > 1e-12 {
                eprintln!("{k}: {error:e} at a={a} b={b} z={} sigma={sigma} p={p}", b / sigma);
            }
            *worst = worst.max(error);
        }
        rows += 1;
    }
    eprintln!("{worst:?}");
    assert_eq!(rows, 204);
    for error in worst {
        assert!(error < 1e-12, "{worst:?}");
    }
}
