//! The paper's bounds and limits against the exact loss.

use toy_superposition_theory::{
    CONDITIONAL_VARIANCE, Error, Feature, asymptotic_loss, blind_optimum, lower_bound, off_bound, optimum,
    optimum_at_ratio, screening_bias, sparse_scale, upper_bound,
};

#[test]
fn bounds_hold_on_both_sides() {
    for exponent in 0..=48 {
        let p = 10f64.powf(-0.25 * f64::from(exponent));
        for k in 0..=40 {
            let sigma = 10f64.powf(-6.0 + 0.2 * f64::from(k));
            let best = optimum(p, sigma).unwrap();
            let (low, high) = (lower_bound(p, sigma).unwrap(), upper_bound(p, sigma).unwrap());
            assert!(low <= best.loss && low <= p * best.loss_on, "p={p} sigma={sigma}: {low:e} {best:?}");
            assert!(best.loss <= high, "p={p} sigma={sigma}: {high:e} {best:?}");
            // The upper bound is that of a = 1 at the screening bias.
            let mu = screening_bias(p, sigma).unwrap();
            let plain = Feature::uniform(p).unwrap().loss(1.0, -mu, sigma).unwrap();
            assert!(plain.total <= high);
            assert!(plain.off <= off_bound(mu, sigma).unwrap() * (1.0 + 1e-14));
            assert!((off_bound(mu, sigma).unwrap() / (0.5 * p * sigma * sigma) - 1.0).abs() < 1e-12);
        }
    }
}

/// C, C₁(1/4) and C′ of appendix D, from their definitions.
#[test]
fn constants_of_appendix_d() {
    // ∫_{−1}^{1} t² φ(t) dt by Simpson's rule.
    let n = 2000;
    let phi = |t: f64| t * t * (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let integral: f64 = (0..=n)
        .map(|k| {
            phi(-1.0 + 2.0 * f64::from(k) / f64::from(n))
                * if k == 0 || k == n { 1.0 } else { f64::from(2 + 2 * (k % 2)) }
        })
        .sum::<f64>()
        * 2.0
        / f64::from(3 * n);
    assert!((CONDITIONAL_VARIANCE / integral - 1.0).abs() < 1e-12);
    let quarter = lower_bound(0.01, 0.25).unwrap() / (0.01 * 0.0625);
    assert!(
        (quarter - 0.0911).abs() < 5e-5 && (quarter / CONDITIONAL_VARIANCE - 0.4585).abs() < 5e-5,
        "{quarter}"
    );
    assert!(lower_bound(0.01, 0.1).unwrap() / (0.01 * 0.01) > quarter);
    assert_eq!(lower_bound(0.3, 0.5).unwrap(), 0.0);
}

/// Equation (8): what is left as σ → ∞ at fixed shift/σ, by the exact loss at a large σ
/// (corrections O(1/σ)).
#[test]
fn blind_limit() {
    let (p, sigma) = (0.3, 1e7);
    let feature = Feature::uniform(p).unwrap();
    for z in [-3.0, 0.0, 1.7] {
        let (gain, loss) = blind_optimum(p, z * sigma, sigma).unwrap();
        assert!((gain / feature.best_gain(z * sigma, sigma).unwrap() - 1.0).abs() < 1e-5);
        assert!((loss / feature.loss(gain, z * sigma, sigma).unwrap().total - 1.0).abs() < 1e-6);
        assert!(loss > feature.variance());
    }
    assert!((blind_optimum(p, 1e5, 1.0).unwrap().1 / feature.variance() - 1.0).abs() < 1e-9);
}

/// ½ ln(1/p) p σ²: approached from below like ln ln(1/p)/ln(1/p), so slowly; the remainder shrinks
/// in that measure.
#[test]
fn the_logarithm_of_the_sparse_limit() {
    let mut last = 0.0;
    for exponent in [4, 8, 16, 32, 64, 128, 256] {
        let p = 10f64.powi(-exponent);
        let sigma = 1e-3 / f64::from(exponent);
        let ratio = optimum(p, sigma).unwrap().loss / asymptotic_loss(p, sigma).unwrap();
        let log = -p.ln();
        assert!((ratio - 1.0).abs() < 2.5 * log.ln() / log, "p={p:e}: {ratio}");
        assert!(ratio > last || (ratio - 1.0).abs() < 0.1, "p={p:e}: {ratio} after {last}");
        last = ratio;
    }
    assert!((last - 1.0).abs() < 0.03, "{last}");
}

/// The analytic exponents against differences of the optimum, and their limits (section 4.3).
#[test]
fn exponents_are_the_slopes() {
    for (p, r) in [(0.05, 0.25), (0.001, 0.02), (0.7, 0.4), (0.3, 0.05)] {
        let found = Feature::uniform(p).unwrap().exponents(r).unwrap();
        let h = 1e-4f64;
        let ln = |p: f64, r: f64| optimum_at_ratio(p, r).unwrap().loss.ln();
        let by_p = (ln(p * h.exp(), r) - ln(p / h.exp(), r)) / (2.0 * h);
        let by_r = (ln(p, r * h.exp()) - ln(p, r / h.exp())) / (2.0 * h);
        // Central differences: h²/6 third derivatives, of order 1.
        assert!(
            (found.probability - by_p).abs() < 1e-7 && (found.ratio - by_r).abs() < 1e-7,
            "{found:?} {by_p} {by_r}"
        );
        let best = optimum_at_ratio(p, r).unwrap();
        let ln = |s: f64| optimum(p, s).unwrap().loss.ln();
        let by_sigma = (ln(best.sigma * h.exp()) - ln(best.sigma / h.exp())) / (2.0 * h);
        assert!((found.sigma - by_sigma).abs() < 1e-7);
    }
    let sparse = Feature::uniform(1e-10).unwrap().exponents(0.3).unwrap();
    assert!((sparse.probability - 2.0).abs() < 0.05 && (sparse.sigma - 2.0).abs() < 0.01, "{sparse:?}");
    let blind = Feature::uniform(1e-4).unwrap().exponents(1e-6).unwrap();
    assert!((blind.probability - 1.0).abs() < 1e-3 && blind.ratio.abs() < 1e-3, "{blind:?}");
}

#[test]
fn sparse_scale_is_p_sigma_squared() {
    let (p, r) = (1e-5, 0.2);
    let sigma = optimum_at_ratio(p, r).unwrap().sigma;
    assert!((sparse_scale(p, r).unwrap() / (p * sigma * sigma) - 1.0).abs() < p);
    assert!(matches!(sparse_scale(p, 0.0), Err(Error::Ratio { .. })));
    assert!(matches!(Feature::uniform(p).unwrap().exponents(1.0), Err(Error::Ratio { .. })));
    assert!(matches!(upper_bound(0.1, f64::NAN), Err(Error::Sigma { .. })));
    assert!(matches!(lower_bound(2.0, 0.1), Err(Error::Probability { .. })));
    assert!(matches!(off_bound(f64::NAN, 0.1), Err(Error::NotFinite { .. })));
}
