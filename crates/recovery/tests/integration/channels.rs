//! Posteriors against sums over a fine grid, straight from the definitions.

use nalgebra::DMatrix;
use toy_superposition_data::{
    AnyMagnitude, Constant, Exponential, Features, Groups, Independent, Interval, LawSpec, Magnitude, Points,
    Stream, UnitUniform, sample_dense,
};
use toy_superposition_recovery::{
    Belief, Decoder, Error, Evolution, LinearOperator, Oamp, Prior, SparsePrior,
};

/// `u` at the middles of cells with their weights.
fn grid(magnitude: &AnyMagnitude) -> Vec<(f64, f64)> {
    const CELLS: usize = 200_000;
    if let AnyMagnitude::Points(law) = magnitude {
        return law.iter().collect();
    }
    if let AnyMagnitude::Constant(law) = magnitude {
        return vec![(law.mean(), 1.0)];
    }
    let (low, high) = magnitude.support();
    let high = if high.is_finite() { high } else { 12.0 };
    let width = (high - low) / CELLS as f64;
    let middle = |k: usize| low + (k as f64 + 0.5) * width;
    (0..CELLS).map(|k| (middle(k), magnitude.density(middle(k)).unwrap() * width)).collect()
}

/// Density of r, mean and variance.
fn naive(p: f64, grid: &[(f64, f64)], r: f64, tau: f64) -> (f64, Belief) {
    let noise = |x: f64| (-0.5 * ((r - x) / tau).powi(2)).exp();
    let parts = || grid.iter().map(|&(u, w)| (u, p * w * noise(u))).chain([(0.0, (1.0 - p) * noise(0.0))]);
    let total: f64 = parts().map(|(_, w)| w).sum();
    let mean = parts().map(|(u, w)| u * w).sum::<f64>() / total;
    let variance = parts().map(|(u, w)| (u - mean).powi(2) * w).sum::<f64>() / total;
    (total / (tau * std::f64::consts::TAU.sqrt()), Belief { mean, variance })
}

fn magnitudes() -> [(f64, AnyMagnitude); 9] {
    [
        (0.05, AnyMagnitude::Uniform(toy_superposition_data::UnitUniform)),
        (0.1, AnyMagnitude::Interval(Interval::new(0.4, 1.3).unwrap())),
        (0.07, AnyMagnitude::Exponential(Exponential::new(1.7).unwrap())),
        (0.2, AnyMagnitude::Points(Points::new(&[0.5, 1.5], &[0.3, 0.7]).unwrap())),
        (0.3, AnyMagnitude::Constant(Constant::new(0.8).unwrap())),
        (0.1, AnyMagnitude::Interval(Interval::new(-1.0, 1.0).unwrap())),
        (0.2, AnyMagnitude::Interval(Interval::new(-0.4, 1.3).unwrap())),
        (0.15, AnyMagnitude::Interval(Interval::new(-1.3, -0.4).unwrap())),
        (0.1, AnyMagnitude::Points(Points::new(&[-0.5, 1.5], &[0.3, 0.7]).unwrap())),
    ]
}

/// The nodes of a prior give the moments of its law. The panels are so short that the quadrature
/// has no error but rounding, and the exponential is cut off where almost nothing is left.
#[test]
fn nodes_have_the_moments_of_the_law() {
    for (magnitude, tolerance) in [
        (AnyMagnitude::Uniform(UnitUniform), 1e-13),
        (AnyMagnitude::Interval(Interval::new(-0.4, 1.7).unwrap()), 1e-13),
        (AnyMagnitude::Constant(Constant::new(0.7).unwrap()), 1e-14),
        (AnyMagnitude::Exponential(Exponential::new(0.3).unwrap()), 1e-10),
    ] {
        let p = 0.2;
        let raw = magnitude.raw_moments();
        let nodes = SparsePrior::new(p, magnitude).unwrap().nodes(64);
        let moment = |k: i32| nodes.iter().map(|(x, weight)| weight * x.powi(k)).sum::<f64>();
        assert!((moment(0) - 1.0).abs() < tolerance, "{raw:?} {}", moment(0));
        assert!((moment(1) - p * raw[0]).abs() < tolerance, "{raw:?}");
        assert!((moment(2) - p * raw[1]).abs() < tolerance, "{raw:?}");
        assert_eq!(nodes[0], (0.0, 1.0 - p));
    }
}

#[test]
fn posteriors_are_those_of_the_definition() {
    for (p, magnitude) in magnitudes() {
        let (points, prior) = (grid(&magnitude), SparsePrior::new(p, magnitude).unwrap());
        for tau in [0.05, 0.3, 1.5] {
            for r in [-0.4, -0.05, 0.02, 0.11, 0.6, 1.05, 2.3] {
                let (density, expected) = naive(p, &points, r, tau);
                if density == 0.0 {
                    // Too far from every value for the sum.
                    continue;
                }
                let found = prior.given(r, tau);
                // The midpoint rule leaves (h/l)²/24 of a density that falls by e over l ≥ τ²/|r| =
                // 0.006, h ≤ 6e-5.
                let close = |a: f64, b: f64| (a - b).abs() <= 3e-5 * b.abs() + 1e-14;
                assert!(close(found.mean, expected.mean), "{prior:?} {r} {tau}: {found:?} {expected:?}");
                assert!(
                    close(found.variance, expected.variance),
                    "{prior:?} {r} {tau}: {found:?} {expected:?}"
                );
                assert!(close(prior.density(r, tau), density), "{prior:?} {r} {tau}");
            }
        }
    }
}

/// Far from where any r lies, posteriors stay between the ends of the magnitude and variances
/// positive.
#[test]
fn posteriors_are_finite_far_away() {
    for (p, magnitude) in magnitudes() {
        let prior = SparsePrior::new(p, magnitude).unwrap();
        for tau in [1e-120, 1e-8, 1e-3, 1.0, 1e4] {
            for r in [-1e6, -30.0 * tau, -1e-9, 0.0, 0.3, 0.9, 7.0] {
                let Belief { mean, variance } = prior.given(r, tau);
                let least = prior.magnitude().support().0.min(0.0);
                assert!(
                    mean >= least && mean <= prior.largest().max(r).max(0.0) && variance >= 0.0,
                    "{prior:?} {r} {tau}"
                );
            }
        }
    }
}

/// `E x²` less the mean square of the posterior mean, by a sum over r: another formula than that of
/// the crate.
#[test]
fn least_errors_are_those_of_the_definition() {
    for (p, magnitude) in magnitudes() {
        let prior = SparsePrior::new(p, magnitude).unwrap();
        let Belief { mean, variance } = prior.before();
        for tau in [0.05, 0.4] {
            let low = prior.magnitude().support().0.min(0.0) - 9.0 * tau;
            let high = prior.largest().clamp(0.0, 20.0) + 9.0 * tau;
            let step = tau / 100.0;
            let square: f64 = (0..((high - low) / step) as usize)
                .map(|k| low + (k as f64 + 0.5) * step)
                .map(|r| prior.density(r, tau) * prior.given(r, tau).mean.powi(2) * step)
                .sum();
            let expected = variance + mean * mean - square;
            let found = prior.mmse(tau);
            // The difference on this side rounds to 1e-15.
            assert!((found - expected).abs() < 1e-5 * found + 1e-14, "{prior:?} {tau}: {found} {expected}");
        }
    }
}

#[test]
fn averages_are_moments() {
    for (p, magnitude) in magnitudes() {
        let moments = magnitude.raw_moments();
        let prior = SparsePrior::new(p, magnitude).unwrap();
        for (k, moment) in moments.iter().enumerate() {
            let found = prior.average(&|x| x.powi(k as i32 + 1));
            assert!((found - p * moment).abs() < 1e-12 * moment.abs() + 1e-15, "{prior:?} {k}");
        }
        assert!((prior.average(&|x| f64::from(u8::from(x == 0.0))) - (1.0 - p)).abs() < 1e-12);
    }
}

/// Layer by layer, the loss of OAMP on features of either sign is that of state evolution, to 5
/// standard errors over 12 samples and 2 % for the finite size; and in the end it recovers them.
#[test]
fn features_of_either_sign_are_recovered_as_state_evolution_says() {
    let magnitude = Interval::new(-0.7, 1.2).unwrap();
    let law = Features::new(Independent::new(2048, 0.1).unwrap(), magnitude);
    let x: DMatrix<f64> = sample_dense(&law, Stream::Evaluation.samples(3, 0..12)).unwrap();
    let operator = crate::rug(2048, 819, 5);
    let mut y = DMatrix::zeros(819, 12);
    operator.apply_into(&x, &mut y).unwrap();
    let prior = SparsePrior::of_law(&law).unwrap();
    let expected = Evolution::Orthogonal.losses(&prior, 819.0 / 2048.0, 3).unwrap();
    let mut layers = Vec::new();
    let each = |estimate: &DMatrix<f64>| -> Vec<f64> {
        (estimate - &x).column_iter().map(|error| error.norm_squared() / 2048.0).collect()
    };
    Oamp::new(&prior).unrolled(&operator, &y, 3, |_, estimate| layers.push(each(estimate))).unwrap();
    for (layer, (losses, expected)) in layers.iter().zip(&expected).enumerate() {
        let mean = losses.iter().sum::<f64>() / 12.0;
        let variance = losses.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / 11.0;
        let allowed = 5.0 * (variance / 12.0).sqrt() + 0.02 * expected;
        assert!((mean - expected).abs() < allowed, "layer {layer}: {mean} {expected}");
    }
    assert!((Oamp::new(&prior).decode(&operator, &y).unwrap().estimate - &x).amax() < 1e-4);
}

#[test]
fn a_prior_is_read_from_a_law_of_features_that_are_alike() {
    let law = LawSpec::paper(5, 0.2).build().unwrap();
    assert_eq!(SparsePrior::of_law(&law).unwrap(), SparsePrior::paper(0.2).unwrap());
    let pairs = Groups::new(&[vec![0, 1]], Independent::new(1, 0.3).unwrap()).unwrap();
    let pairs = toy_superposition_data::Features::new(pairs, Interval::new(0.5, 2.0).unwrap());
    let prior = SparsePrior::of_law(&pairs).unwrap();
    assert_eq!((prior.probability(), prior.magnitude().support()), (0.3, (0.5, 2.0)));
    let unlike = Independent::per_feature(&[0.1, 0.2]).unwrap();
    let unlike = toy_superposition_data::Features::new(unlike, Interval::new(0.0, 1.0).unwrap());
    assert!(matches!(SparsePrior::of_law(&unlike), Err(Error::Prior { .. })));
}
