//! Langevin steps: the law of one increment, the stationary law with and without the Metropolis
//! test, and errors.
//!
//! Each statistical test compares numbers whose law is known, at a significance level of α = 1e-6
//! with a Bonferroni correction: |z| < 5.5 for up to 20 comparisons. Seeds are fixed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use toy_superposition_optim::{Error, Place, Sgld, SgldConfig};

const MOST: f64 = 5.5;

const CONFIG: SgldConfig = SgldConfig { inverse_temperature: 7.0, localisation: 3.0, step: 0.02 };

/// Returns the mean, the variance (around the sample mean) and the number of values.
fn moments(values: &[f64]) -> (f64, f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0), count)
}

/// Asserts that independent normal numbers have this mean and this variance. The sample variance
/// has the variance 2σ⁴/(n − 1).
fn assert_normal(values: &[f64], mean: f64, variance: f64) {
    let (found, spread, count) = moments(values);
    let z = (found - mean) / (variance / count).sqrt();
    assert!(z.abs() < MOST, "mean {found}, expected {mean}: z = {z}");
    let z = (spread / variance - 1.0) / (2.0 / (count - 1.0)).sqrt();
    assert!(z.abs() < MOST, "variance {spread}, expected {variance}: z = {z}");
}

#[test]
fn an_increment_has_the_stated_mean_and_variance() {
    let (centre, start, gradient) = ([0.5, -1.0, 2.0], [0.7, 0.4, -2.0], [-0.3, 2.0, 0.0]);
    let sampler = Sgld::new(&centre, CONFIG).unwrap();
    assert_eq!((sampler.centre(), *sampler.config()), (&centre[..], CONFIG));
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut increments = vec![Vec::new(); 3];
    for _ in 0..40_000 {
        let mut w = start;
        sampler.step(&mut w, &gradient, &mut rng).unwrap();
        (0..3).for_each(|k| increments[k].push(w[k] - start[k]));
    }
    // The means −ε/2 (nβ g + γ (w − w*)) were computed by hand.
    for (increments, mean) in increments.iter().zip([0.015, -0.182, 0.12]) {
        assert_normal(increments, mean, 0.02);
    }
    for (i, j) in [(0, 1), (0, 2), (1, 2)] {
        let (x, y) = (moments(&increments[i]), moments(&increments[j]));
        let products: Vec<f64> =
            increments[i].iter().zip(&increments[j]).map(|(a, b)| (a - x.0) * (b - y.0)).collect();
        let z = moments(&products).0 / (x.1 * y.1 / x.2).sqrt();
        assert!(z.abs() < MOST, "parameters {i} and {j} move together: z = {z}");
    }
}

#[test]
fn a_step_is_its_formula_with_the_numbers_drawn_in_order() {
    let (centre, start, gradient) = ([0.5_f32, -1.0], [0.7_f32, 0.4], [-0.3_f32, 2.0]);
    let sampler = Sgld::new(&centre, CONFIG).unwrap();
    let mut w = start;
    sampler.step(&mut w, &gradient, &mut ChaCha8Rng::seed_from_u64(9)).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for k in 0..2 {
        let [here, slope, centre] = [start[k], gradient[k], centre[k]].map(f64::from);
        let normal: f64 = rng.sample(StandardNormal);
        let expected = here - 0.01 * (7.0 * slope + 3.0 * (here - centre)) + 0.02_f64.sqrt() * normal;
        assert_eq!(w[k], expected as f32);
    }
}

/// Returns the last points of independent chains, after enough steps to be independent of the
/// start.
fn ends(
    config: SgldConfig,
    centre: f64,
    loss: impl Fn(f64) -> [f64; 2],
    (chains, steps): (u32, u32),
    metropolis: bool,
) -> Vec<f64> {
    let sampler = Sgld::new(&[centre], config).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut chain = |_| {
        let mut here = [centre];
        for _ in 0..steps {
            let (from, mut to) = (loss(here[0]), here);
            sampler.step(&mut to, &[from[1]], &mut rng).unwrap();
            let after = loss(to[0]);
            let place = |parameters, [loss, _]: [f64; 2], gradient| Place { parameters, loss, gradient };
            let (slope, slope_after) = ([from[1]], [after[1]]);
            let log =
                sampler.log_acceptance(place(&here, from, &slope), place(&to, after, &slope_after)).unwrap();
            if !metropolis || rng.random::<f64>().ln() < log {
                here = to;
            }
        }
        here[0]
    };
    (0..chains).map(&mut chain).collect()
}

/// For L = 2 (w − 1)² with nβ = 3 and γ = 4 around −0.5, the curvature is a = 16 and the minimum of
/// U is at (12 − 2)/16. At εa = 1.6 each step reduces the distance to the minimum to a fifth, and
/// the variance of the chain is 1/0.6 times that of the density.
#[test]
fn the_law_on_a_quadratic_loss_at_a_finite_step() {
    let config = SgldConfig { inverse_temperature: 3.0, localisation: 4.0, step: 0.1 };
    let loss = |w: f64| [2.0 * (w - 1.0).powi(2), 4.0 * (w - 1.0)];
    let values = ends(config, -0.5, loss, (20_000, 30), false);
    assert_normal(&values, 0.625, 1.0 / (16.0 * (1.0 - 1.6 / 4.0)));
    let values = ends(config, -0.5, loss, (20_000, 60), true);
    assert_normal(&values, 0.625, 1.0 / 16.0);
}

/// For the density exp(−nβ w⁴/4), nβ L has a Gamma distribution with mean and variance 1/4.
#[test]
fn metropolis_gives_the_density_of_a_quartic_loss() {
    let config = SgldConfig { inverse_temperature: 40.0, localisation: 0.0, step: 0.12 };
    let values = ends(config, 0.0, |w| [w.powi(4) / 4.0, w.powi(3)], (10_000, 80), true);
    let losses: Vec<f64> = values.iter().map(|w| 10.0 * w.powi(4)).collect();
    let (mean, _, count) = moments(&losses);
    let z = (mean - 0.25) / (0.25 / count).sqrt();
    assert!(z.abs() < MOST, "{mean}: z = {z}");
    let z = moments(&values).0 / (moments(&values).1 / count).sqrt();
    assert!(z.abs() < MOST, "not symmetric: z = {z}");
}

#[test]
fn the_acceptance_is_the_quotient_of_the_densities() {
    let sampler = Sgld::new(&[0.5, -1.0], CONFIG).unwrap();
    let place = |parameters, loss, gradient| Place { parameters, loss, gradient };
    let here = place(&[0.7, 0.4], 0.3, &[-0.3, 2.0]);
    let there = place(&[0.6, 0.9], 0.5, &[1.3, -0.2]);
    let potential = |at: Place<'_, f64>| {
        7.0 * at.loss + 1.5 * ((at.parameters[0] - 0.5).powi(2) + (at.parameters[1] + 1.0).powi(2))
    };
    assert_eq!(sampler.potential(here.parameters, here.loss).unwrap(), potential(here));
    let log_step = |from: Place<'_, f64>, to: Place<'_, f64>| -> f64 {
        let centre = [0.5, -1.0];
        let square = |k: usize| {
            let force = 7.0 * from.gradient[k] + 3.0 * (from.parameters[k] - centre[k]);
            (to.parameters[k] - from.parameters[k] + 0.01 * force).powi(2) / 0.04
        };
        -square(0) - square(1)
    };
    let expected = potential(here) - potential(there) + log_step(there, here) - log_step(here, there);
    let found = sampler.log_acceptance(here, there).unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    assert!((found + sampler.log_acceptance(there, here).unwrap()).abs() < 1e-12);
}

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let with = |config: SgldConfig| Sgld::new(&[0.0], config).unwrap_err();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = with(SgldConfig { inverse_temperature: bad, ..CONFIG });
        assert!(matches!(error, Error::Setting { name: "inverse temperature", .. }));
        assert!(matches!(with(SgldConfig { step: bad, ..CONFIG }), Error::Setting { name: "step", .. }));
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = with(SgldConfig { localisation: bad, ..CONFIG });
        assert!(matches!(error, Error::Setting { name: "localisation", .. }));
    }
    let error = Sgld::new(&[0.0, f64::NAN], CONFIG).unwrap_err();
    assert!(matches!(error, Error::NotFinite { what: "centre", index: 1, .. }));

    let sampler = Sgld::new(&[0.0, 0.0], SgldConfig { localisation: 0.0, ..CONFIG }).unwrap();
    let (mut w, mut rng) = ([1.0, 2.0], ChaCha8Rng::seed_from_u64(1));
    let error = sampler.step(&mut w, &[0.0, f64::INFINITY], &mut rng).unwrap_err();
    assert!(matches!(error, Error::NotFinite { what: "gradient", index: 1, .. }));
    let error = sampler.step(&mut w, &[0.0], &mut rng).unwrap_err();
    assert_eq!(error, Error::Length { what: "gradient", given: 1, expected: 2 });
    let error = sampler.step(&mut w[1..], &[0.0, 0.0], &mut rng).unwrap_err();
    assert_eq!(error, Error::Length { what: "parameters", given: 1, expected: 2 });
    assert_eq!((w, rng), ([1.0, 2.0], ChaCha8Rng::seed_from_u64(1)));
    let good = Place { parameters: &w[..], loss: 0.0, gradient: &[0.0, 0.0] };
    let error = sampler.log_acceptance(good, Place { gradient: &[0.0], ..good }).unwrap_err();
    assert_eq!(error, Error::Length { what: "gradient", given: 1, expected: 2 });
    let error = sampler.potential(&[0.0], 1.0).unwrap_err();
    assert_eq!(error, Error::Length { what: "parameters", given: 1, expected: 2 });
}
