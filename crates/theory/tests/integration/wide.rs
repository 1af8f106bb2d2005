//! The closed forms far outside ordinary ranges, σ from 1e-300 to 1e4 and p from 5e-324 to 1:
//! against 50-digit goldens, and finite or refused.

use std::collections::BTreeMap;

use toy_superposition_theory::{
    Decoders, Envelope, Error, Feature, Optimum, Regime, asymptotic_loss, blind_optimum, decoders,
    decoders_at_ratio, envelope, linear_loss, lower_bound, optimum, optimum_at_ratio, relative_decoders,
    threshold_optimum, upper_bound, welch_sigma,
};

#[test]
fn decoders_agree_with_50_digits() {
    let (mut rows, mut with_jump) = (0, 0);
    // What is compared: how often, and the worst relative error.
    let mut found = BTreeMap::<&str, (usize, f64)>::new();
    let mut compare = |what: &'static str, given: f64, expected: f64| {
        let (count, worst) = found.entry(what).or_default();
        *count += 1;
        *worst = worst.max((given / expected - 1.0).abs());
    };
    for line in include_str!("../golden/decoders_wide.tsv").lines().filter(|line| !line.starts_with('#')) {
        let v: Vec<f64> = line.split('\t').map(|x| x.parse().unwrap()).collect();
        let [p, sigma, oracle, bayes, threshold, relu, gain, shift, slope, jump, cut] = v[..] else {
            panic!("columns")
        };
        rows += 1;
        with_jump += usize::from(jump != 0.0);
        let relative = relative_decoders(p, sigma).unwrap();
        let unit = sigma.min(1.0);
        let (variance, square) = (p / 3.0 - p * p / 4.0, (sigma / unit).powi(2));
        let linear = square / (1.0 + sigma / variance * sigma);
        let plain = decoders(p, sigma).unwrap();
        for (what, given, expected, loss) in [
            ("oracle", relative.oracle, oracle, plain.oracle),
            ("bayes", relative.bayes, bayes, plain.bayes),
            ("threshold", relative.threshold, threshold, plain.threshold),
            ("relu", relative.relu, relu, plain.relu),
            ("linear", relative.linear, linear, plain.linear),
        ] {
            compare(what, given, expected);
            // The loss itself, where it is a number of full precision; below, what is nearest to
            // it.
            let expected = expected * unit * unit;
            if expected >= f64::MIN_POSITIVE {
                compare("plain", loss, expected);
            } else {
                assert!((loss - expected).abs() <= 4.0 * 5e-324, "{what} {p:e} {sigma:e}: {loss:e}");
            }
        }
        let relu = optimum(p, sigma).unwrap();
        compare("gain", relu.a, gain);
        // It may pass through 0.
        compare("shift", 1.0 + (relu.shift / sigma - shift).abs() / (1.0 + shift.abs()), 1.0);
        let best = threshold_optimum(p, sigma).unwrap();
        if jump == 0.0 {
            assert_eq!(best.decoder.threshold, 0.0, "{p:e} {sigma:e}");
            assert_eq!((best.decoder.gain, best.loss), (relu.a, relu.loss), "{p:e} {sigma:e}");
        } else {
            compare("slope", best.decoder.gain, slope);
            compare("jump", best.decoder.threshold / sigma, jump);
            compare("cut", best.cut / sigma, cut);
        }
    }
    for (what, (count, worst)) in &found {
        println!("{what}: {worst:e} in {count} rows");
    }
    assert!(rows > 80 && with_jump > 30, "{rows} {with_jump}");
    for (what, expected, allowed) in [
        ("oracle", rows, 1e-13),
        ("bayes", rows, 1e-13),
        ("threshold", rows, 1e-13),
        ("relu", rows, 1e-12),
        ("linear", rows, 1e-14),
        ("gain", rows, 1e-12),
        ("shift", rows, 1e-12),
        ("slope", with_jump, 1e-12),
        ("jump", with_jump, 1e-11),
        ("cut", with_jump, 1e-11),
    ] {
        let (count, worst) = found[what];
        assert!(count == expected && worst <= allowed, "{what}: {worst:e} in {count} rows");
    }
}

/// From the least number on: whatever is in its interval has an answer of finite numbers, and an
/// end.
#[test]
fn all_is_finite() {
    let check = |what: &str, p: f64, at: f64, values: &[f64]| {
        assert!(values.iter().all(|value| value.is_finite()), "{what} {p:e} {at:e}: {values:?}");
    };
    let losses = |d: Decoders| [d.sigma, d.linear, d.relu, d.threshold, d.bayes, d.oracle];
    let best =
        |best: Optimum| [best.sigma, best.a, best.effective_bias, best.loss, best.loss_on, best.loss_off];
    for p in [5e-324, 1e-308, 1e-300, 1e-216, 1e-100, 1e-16, 0.01, 0.9, 1.0] {
        let feature = Feature::uniform(p).unwrap();
        for r in [5e-324, 1e-300, 1e-30, 1e-4, 0.25, 0.9, 1.0 - f64::EPSILON / 2.0, 1.0] {
            check("optimum", p, r, &best(optimum_at_ratio(p, r).unwrap()));
            check("decoders", p, r, &losses(decoders_at_ratio(p, r).unwrap()));
            let mix = envelope(p, r).unwrap();
            check(
                "envelope",
                p,
                r,
                &[mix.loss, mix.dropped_fraction, mix.lossless_fraction, mix.superposed_ratio],
            );
            let sigma = welch_sigma(p, r).unwrap();
            check(
                "bounds",
                p,
                r,
                &[
                    sigma,
                    linear_loss(p, r).unwrap(),
                    lower_bound(p, sigma).unwrap(),
                    asymptotic_loss(p, sigma.min(1.0)).unwrap(),
                    upper_bound(p, sigma.min(1.0)).unwrap(),
                    blind_optimum(p, 0.0, sigma).unwrap().1,
                ],
            );
            if r < 1.0 {
                match feature.exponents(r) {
                    Ok(found) => check("exponents", p, r, &[found.probability, found.ratio, found.sigma]),
                    Err(error) => {
                        assert!(
                            p < 1e-307 && matches!(error, Error::NotFinite { .. }),
                            "{p:e} {r:e}: {error}"
                        );
                    }
                }
            }
            match relative_decoders(p, sigma) {
                Ok(found) => check("relative", p, r, &losses(found)),
                Err(error) => {
                    assert!(sigma == 0.0 && matches!(error, Error::OutOfRange { what: "sigma", .. }))
                }
            }
        }
        for sigma in [5e-324, 1e-310, 1e-200, 1e-20, 1.0, 1e20, 1e99, 1e101, 1e200, 1.7e308] {
            check("optimum", p, sigma, &best(optimum(p, sigma).unwrap()));
            check("decoders", p, sigma, &losses(decoders(p, sigma).unwrap()));
            check("relative", p, sigma, &losses(relative_decoders(p, sigma).unwrap()));
            for y in [-1.7e308, -1.0, -3.0 * sigma.min(1.0), 0.0, 0.5, 1.0, 1.5, 1.7e308] {
                let given = feature.posterior(y, sigma).unwrap();
                check("posterior", p, sigma, &[given.on, given.off, given.magnitude, given.variance_on, y]);
            }
        }
    }
}

/// The tangent of the envelope is found however small `p` is: by its chord, no ratio near it does
/// better.
#[test]
fn dropping_pays_below_a_tangent() {
    for p in [1e-300, 1e-216, 1e-40, 1e-12, 0.03] {
        let feature = Feature::uniform(p).unwrap();
        let (variance, hull) = (feature.variance(), Envelope::new(feature).unwrap());
        let tangent = hull.dropping_below();
        let at = |r: f64| feature.optimum_at_ratio(r).unwrap().loss / variance;
        assert!(tangent > 0.0 && at(tangent) < 0.99, "{p:e}: {tangent:e}");
        for k in (-40..=40).filter(|&k| k != 0) {
            let r = tangent * 1.1f64.powi(k);
            let chord = 1.0 - r / tangent * (1.0 - at(tangent));
            // A twelfth of the distance of a parabola: a tangent at another ratio would cut it.
            assert!(
                r > 1.0 || at(r) - chord > 1e-5 * f64::from(k * k).min(1.0),
                "{p:e} {k}: {:e}",
                at(r) - chord
            );
        }
    }
}

#[test]
fn the_regime_outlives_rounding() {
    // 1 − V/(V + σ²) is 0 in f64.
    for sigma in [1e-9, 1e-30, 1e-200] {
        assert_eq!(optimum(0.3, sigma).unwrap().regime, Regime::Rectified);
    }
    assert_eq!(optimum(1.0, 1e-9).unwrap().regime, Regime::Linear);
}
