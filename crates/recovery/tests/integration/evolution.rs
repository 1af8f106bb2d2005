//! State evolution, thresholds and the limits of l1 against published and independent numbers.

use toy_superposition_recovery::{
    Belief, Evolution, Prior, Sign, SparsePrior, donoho_tanner, donoho_tanner_sparsity, fixed_points,
    l1_loss, threshold,
};
use toy_superposition_theory::decoders_at_ratio;

/// A Gaussian of variance 1 with probability ρ, else 0: not sparse in sign, and none of the crate's
/// own laws.
struct GaussBernoulli(f64);

impl Prior for GaussBernoulli {
    fn before(&self) -> Belief {
        Belief { mean: 0.0, variance: self.0 }
    }

    fn given(&self, r: f64, tau: f64) -> Belief {
        let square = tau * tau;
        let gain = 1.0 / (1.0 + square);
        let log = 0.5 * r * r * gain / square - 0.5 * (1.0 / square).ln_1p() + (self.0 / (1.0 - self.0)).ln();
        let (on, off) = (1.0 / (1.0 + (-log).exp()), 1.0 / (1.0 + log.exp()));
        let mean = gain * r;
        Belief { mean: on * mean, variance: on * (gain * square + off * mean * mean) }
    }

    fn bends(&self) -> Vec<f64> {
        vec![0.0]
    }

    fn density(&self, r: f64, tau: f64) -> f64 {
        let normal =
            |variance: f64| (-0.5 * r * r / variance).exp() / (std::f64::consts::TAU * variance).sqrt();
        (1.0 - self.0) * normal(tau * tau) + self.0 * normal(1.0 + tau * tau)
    }

    fn largest(&self) -> f64 {
        9.0
    }

    /// Twice the positive half, by Simpson's rule on cells that are finer near 0.
    fn mmse(&self, tau: f64) -> f64 {
        const CELLS: u32 = 1500;
        let top = 9.0 * (1.0 + tau * tau).sqrt();
        let at = |k: u32| tau * ((f64::from(k) / f64::from(CELLS)) * (top / tau).asinh()).sinh();
        let f = |r: f64| self.density(r, tau) * self.given(r, tau).variance;
        let cell = |k: u32| {
            let (a, b) = (at(k), at(k + 1));
            (b - a) / 6.0 * (f(a) + 4.0 * f(0.5 * (a + b)) + f(b))
        };
        2.0 * (0..CELLS).map(cell).sum::<f64>()
    }

    fn average(&self, _f: &dyn Fn(f64) -> f64) -> f64 {
        f64::NAN
    }
}

/// Thresholds of Gauss–Bernoulli features, published with the package `tramp` (to 1e-3), and the
/// same formula's values elsewhere.
#[test]
fn thresholds_of_gauss_bernoulli_features() {
    for (rho, published, formula) in
        [(0.1, 0.2075, 0.207_559), (0.3, 0.4810, 0.480_209), (0.6, 0.7720, 0.771_155)]
    {
        let found = threshold(&GaussBernoulli(rho)).ratio;
        assert!((found - published).abs() < 1.1e-3, "{rho}: {found}");
        assert!((found - formula).abs() < 2e-6, "{rho}: {found}");
    }
}

#[test]
fn the_first_layer_is_the_welch_channel_and_later_layers_match_the_table() {
    let table = [
        (0.05, 0.25, [0.10795, 0.03625, 0.01021]),
        (0.044, 0.25, [0.09779, 0.02818, 0.00664]),
        (0.05, 0.5, [0.03126, 0.00251, 0.00016]),
        (0.2, 0.5, [0.08569, 0.03675, 0.01487]),
        (0.2, 0.25, [0.18341, 0.16696, 0.16112]),
        (0.05, 0.1, [0.23847, 0.21625, 0.20621]),
    ];
    for (p, r, expected) in table {
        let prior = SparsePrior::paper(p).unwrap();
        let losses = Evolution::Orthogonal.losses(&prior, r, 3).unwrap();
        assert!((losses[0] / decoders_at_ratio(p, r).unwrap().bayes - 1.0).abs() < 1e-13);
        for (loss, expected) in losses.iter().zip(expected) {
            assert!((loss / p - expected).abs() < 5.1e-6, "{p} {r}: {losses:?}");
        }
    }
    let prior = SparsePrior::paper(0.05).unwrap();
    let losses = Evolution::Independent.losses(&prior, 0.25, 2).unwrap();
    assert!((losses[0] / 0.05 - 0.14207).abs() < 5.1e-6 && (losses[1] / 0.05 - 0.06045).abs() < 5.1e-6);
}

/// Both recursions end at the same fixed points, and the largest one below the start is where many
/// layers are.
#[test]
fn limits_are_fixed_points() {
    for (p, r, expected) in [(0.2, 0.25, 0.1570), (0.05, 0.1, 0.1944)] {
        let prior = SparsePrior::paper(p).unwrap();
        for evolution in [Evolution::Orthogonal, Evolution::Independent] {
            let limit = evolution.limit(&prior, r).unwrap();
            assert!((limit / p - expected).abs() < 5.1e-5);
            let last = *evolution.losses(&prior, r, 2000).unwrap().last().unwrap();
            assert!((last / limit - 1.0).abs() < 1e-6, "{p} {r} {evolution:?}: {last} {limit}");
        }
        for tau in fixed_points(&prior, r).unwrap() {
            assert!((prior.mmse(tau) / (r * tau * tau) - 1.0).abs() < 1e-12);
        }
    }
    let prior = SparsePrior::paper(0.05).unwrap();
    assert_eq!(Evolution::Orthogonal.limit(&prior, 0.25).unwrap(), 0.0);
    assert!(fixed_points(&prior, 0.25).unwrap().is_empty());
    assert_eq!(Evolution::Orthogonal.losses(&prior, 1.0, 2).unwrap(), [0.0, 0.0]);
}

/// Just above δ* the recursion reaches 0, just below it does not; the table's digits.
#[test]
fn thresholds_part_success_from_failure() {
    for (p, expected) in
        [(0.01, 0.0314), (0.044, 0.101_805), (0.05, 0.112_227), (0.2, 0.305_257), (0.5, 0.5721)]
    {
        let prior = SparsePrior::paper(p).unwrap();
        let found = threshold(&prior);
        let digits = if expected == 0.0314 || expected == 0.5721 { 5e-5 } else { 6e-7 };
        assert!((found.ratio - expected).abs() < digits, "{p}: {found:?}");
        let limit = |change: f64| Evolution::Orthogonal.limit(&prior, found.ratio * (1.0 + change)).unwrap();
        assert_eq!(limit(1e-6), 0.0);
        assert!(limit(-1e-6) > 0.5 * found.ratio * found.noise * found.noise);
    }
    // To 1e-8: at δ* itself the two fixed points are one, so that F's slope is 0 there.
    let prior = SparsePrior::paper(0.05).unwrap();
    let found = threshold(&prior);
    let near = |factor: f64| prior.mmse(factor * found.noise) / (factor * found.noise).powi(2);
    let slope = (near(1.0 + 1e-4) - near(1.0 - 1e-4)) / 2e-4;
    let bend = (near(1.0 + 1e-2) + near(1.0 - 1e-2) - 2.0 * near(1.0)) / 1e-4;
    assert!(bend < 0.0 && slope * slope / (-2.0 * bend) < 1e-9, "{slope} {bend}");
}

#[test]
fn donoho_and_tanners_curves() {
    let table = [
        (0.1, 0.240_976, 0.189_429),
        (0.25, 0.365_089, 0.267_384),
        (0.5, 0.558_228, 0.385_690),
        (0.75, 0.765_884, 0.533_712),
        (0.9, 0.902_657, 0.678_169),
    ];
    for (delta, positive, signed) in table {
        for (sign, expected) in [(Sign::Nonnegative, positive), (Sign::Any, signed)] {
            let rho = donoho_tanner_sparsity(delta, sign).unwrap();
            assert!((rho - expected).abs() < 6e-7, "{delta} {sign:?}: {rho}");
            // The least ratio for so many non-zeros, by another formula, is the ratio.
            assert!((donoho_tanner(rho * delta, sign).unwrap() / delta - 1.0).abs() < 1e-9);
        }
    }
    for (p, expected) in [(0.01, 0.0522), (0.05, 0.1671), (0.2, 0.4099), (0.8, 0.8929)] {
        assert!((donoho_tanner(p, Sign::Nonnegative).unwrap() - expected).abs() < 5.1e-5);
    }
}

/// Against the two equations of state evolution solved at 20 digits (tools/golden/recovery.py).
#[test]
fn the_loss_of_l1() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("../golden/problems.json")).unwrap();
    for row in golden["l1"].as_array().unwrap() {
        let [p, r, expected] = [0, 1, 2].map(|k| row[k].as_f64().unwrap());
        let found = l1_loss(&SparsePrior::paper(p).unwrap(), r).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{p} {r}: {found} {expected}");
    }
    let prior = SparsePrior::paper(0.2).unwrap();
    assert_eq!(l1_loss(&prior, 0.42).unwrap(), 0.0);
    assert!(l1_loss(&prior, 0.40).unwrap() > 0.0);
}
