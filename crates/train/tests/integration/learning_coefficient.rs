//! Tests local learning coefficients against known ones: reduced-rank regression, normal crossings
//! and quadratic losses.
//!
//! The mean that is estimated at a finite inverse temperature is an integral, which is computed
//! here by quadrature. The estimate must agree with it within its own standard error (|z| < 5, α =
//! 6e-7 each), and with λ itself within 5 %.

use std::convert::Infallible;

use toy_superposition_model::{Model, Objective};
use toy_superposition_optim::{Error as OptimError, SgldConfig};
use toy_superposition_train::{
    Error, LearningCoefficient, LearningCoefficientConfig, ReducedRank, learning_coefficient,
};

/// `L = Π_i w_i^{2 k_i}` for the exponents k. A single exponent 1 gives a parabola.
#[derive(Debug, Clone)]
struct Crossing<const N: usize>([f64; N]);

impl<const N: usize> Model for Crossing<N> {
    type Scalar = f64;
    type Gradient = Vec<f64>;

    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("w", vec![N])]
    }

    fn as_slice(&self) -> &[f64] {
        &self.0
    }

    fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.0
    }

    fn zero_gradient(&self) -> toy_superposition_model::Result<Vec<f64>> {
        Ok(vec![0.0; N])
    }
}

#[derive(Debug, Clone)]
struct Powers<const N: usize>([i32; N]);

impl<const N: usize> Objective<Crossing<N>> for Powers<N> {
    type Error = Infallible;

    fn loss(&mut self, model: &Crossing<N>) -> Result<f64, Infallible> {
        Ok(model.0.iter().zip(self.0).map(|(w, k)| w.powi(2 * k)).product())
    }

    fn loss_and_gradient(&mut self, model: &Crossing<N>, gradient: &mut Vec<f64>) -> Result<f64, Infallible> {
        for (i, slope) in gradient.iter_mut().enumerate() {
            let others = (0..N).filter(|&j| j != i).map(|j| model.0[j].powi(2 * self.0[j]));
            let own = f64::from(2 * self.0[i]) * model.0[i].powi(2 * self.0[i] - 1);
            *slope = own * others.product::<f64>();
        }
        self.loss(model)
    }
}

fn config(sampler: [f64; 3], steps: u64) -> LearningCoefficientConfig {
    let [inverse_temperature, localisation, step] = sampler;
    let mut config = LearningCoefficientConfig::new(SgldConfig { inverse_temperature, localisation, step });
    (config.burn_in, config.steps) = (steps / 10, steps);
    config
}

fn assert_agrees(found: &LearningCoefficient, finite: f64, limit: f64) {
    let z = (found.estimate - finite) / found.standard_error;
    assert!(z.abs() < 5.0, "{found:?}: expected {finite}, z = {z}");
    assert!(found.standard_error < 0.025 * limit, "{found:?}");
    assert!(found.r_hat < 1.03, "{found:?}");
    assert!((found.estimate / limit - 1.0).abs() < 0.05, "{found:?}: limit {limit}, at this nβ {finite}");
}

/// Returns `∫ f` over [0, far] by the midpoint rule in `u = x^{1/4}`, whose points are dense at 0.
fn integral(far: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (count, end) = (40_000, far.powf(0.25));
    let width = end / f64::from(count);
    (0..count)
        .map(|k| {
            let u = (f64::from(k) + 0.5) * width;
            4.0 * u.powi(3) * width * f(u.powi(4))
        })
        .sum()
}

/// With one hidden dimension and target 0, integrating out B leaves `s = |A|²` with the density
/// `s^{m/2 − 1} e^{−γs/2} (γ + ts)^{−n/2}`, and `E tL = E (n/2) ts/(γ + ts)`, t = nβ.
fn one_hidden(inputs: usize, outputs: usize, t: f64, gamma: f64) -> f64 {
    let (m, n) = (inputs as f64, outputs as f64);
    let density = |s: f64| s.powf(0.5 * m - 1.0) * (-0.5 * gamma * s).exp() * (gamma + t * s).powf(-0.5 * n);
    let far = 80.0 / gamma;
    integral(far, |s| density(s) * 0.5 * n * t * s / (gamma + t * s)) / integral(far, density)
}

/// One case of each row of the table, except multiplicity 2, where the logarithm converges too
/// slowly.
#[test]
fn reduced_rank_regression_within_five_per_cent() {
    for (inputs, outputs, t, gamma, step) in [(3, 1, 1e3, 1.0, 1e-3), (4, 2, 1e3, 0.8, 6e-4)] {
        let model = ReducedRank::new(inputs, 1, outputs).unwrap();
        let config = config([t, gamma, step], 150_000);
        let found = learning_coefficient(&model, &model.objective(), &config, 7).unwrap();
        assert_agrees(&found, one_hidden(inputs, outputs, t, gamma), model.learning_coefficient().lambda);
    }
    // Both models have two hidden dimensions; the second has three inputs and a target of rank 1.
    for (model, lambda, step) in [
        (ReducedRank::new(2, 2, 2).unwrap(), 1.5, 2e-4),
        (ReducedRank::new(3, 2, 2).unwrap().with_rank(1).unwrap(), 2.5, 2e-4),
    ] {
        let config = config([5e3, 1.0, step], 200_000);
        let found = learning_coefficient(&model, &model.objective(), &config, 3).unwrap();
        assert_eq!(
            (model.learning_coefficient().lambda, model.learning_coefficient().multiplicity),
            (lambda, 1)
        );
        assert!((found.estimate / lambda - 1.0).abs() < 0.05 && found.r_hat < 1.03, "{found:?}");
    }
}

/// Returns the mean of `t w^{2k}` under `exp(−t w^{2k} − γw²/2)`.
fn power(k: i32, t: f64, gamma: f64) -> f64 {
    let density = |w: f64| (-t * w.powi(2 * k) - 0.5 * gamma * w * w).exp();
    let far = (700.0 / t).powf(0.5 / f64::from(k));
    integral(far, |w| density(w) * t * w.powi(2 * k)) / integral(far, density)
}

#[test]
fn powers_have_half_the_inverse_exponent() {
    for (k, t, step) in [(1, 40.0, 0.03), (2, 300.0, 0.03), (3, 1e3, 0.02)] {
        let found =
            learning_coefficient(&Crossing([0.0]), &Powers([k]), &config([t, 0.02, step], 200_000), 11);
        assert_agrees(&found.unwrap(), power(k, t, 0.02), 0.5 / f64::from(k));
    }
}

/// For `v² w⁴`, integrating out v leaves `e^{−γw²/2} (γ + 2t w⁴)^{−1/2}`, and
/// `E tL = E t w⁴/(γ + 2t w⁴)` approaches 1/4 like `t^{−1/4}`.
#[test]
fn a_crossing_has_the_mean_of_its_density() {
    let (t, gamma) = (300.0, 1.0);
    let density = |w: f64| (-0.5 * gamma * w * w).exp() * (gamma + 2.0 * t * w.powi(4)).powf(-0.5);
    let mean = |w: f64| density(w) * t * w.powi(4) / (gamma + 2.0 * t * w.powi(4));
    let finite = integral(12.0, mean) / integral(12.0, density);
    let found =
        learning_coefficient(&Crossing([0.0, 0.0]), &Powers([1, 2]), &config([t, gamma, 4e-3], 300_000), 5)
            .unwrap();
    let z = (found.estimate - finite) / found.standard_error;
    assert!(z.abs() < 5.0 && found.standard_error < 0.025 * finite, "{found:?} {finite}: z = {z}");
}

/// On `w²`, a = 2t: λ̂ is 1/2 with Metropolis–Hastings, and `1/(2 (1 − εa/4))` = 1 without it at εa
/// = 2.
#[test]
fn without_metropolis_the_step_shows() {
    let mut config = config([50.0, 0.0, 0.02], 100_000);
    let found = |config: &LearningCoefficientConfig| {
        learning_coefficient(&Crossing([0.0]), &Powers([1]), config, 2).unwrap()
    };
    assert_agrees(&found(&config), 0.5, 0.5);
    config.metropolis = false;
    assert_agrees(&found(&config), 1.0, 1.0);
    assert_eq!((found(&config).acceptance, found(&config).loss), (1.0, 0.0));
}

#[test]
fn a_chain_depends_on_the_seed_and_its_number_alone() {
    let model = ReducedRank::new(2, 2, 3).unwrap();
    let mut config = config([500.0, 1.0, 1e-3], 64);
    config.chains = 2;
    let run = |config: &_, seed| learning_coefficient(&model, &model.objective(), config, seed).unwrap();
    let two = run(&config, 4);
    assert_eq!(run(&config, 4), two);
    config.chains = 5;
    let five = run(&config, 4);
    assert_eq!(five.chains[..2], two.chains[..]);
    assert!(five.chains.windows(2).all(|pair| pair[0] != pair[1]));
    assert_ne!(run(&config, 5).chains[0], two.chains[0]);
}

/// Removing the regular part of a target of rank s leaves the problem of rank 0 with each size
/// reduced by s. This is an identity between the rows of the table.
#[test]
fn the_exact_coefficients_are_those_of_the_table() {
    let exact = |m, h, n, s| {
        let model = ReducedRank::new(m, h, n).unwrap().with_rank(s).unwrap();
        let found = model.learning_coefficient();
        (found.lambda, found.multiplicity)
    };
    for (m, h, n, lambda, multiplicity) in [
        (1, 1, 1, 0.5, 2),
        (2, 2, 2, 1.5, 1),
        (2, 1, 2, 1.0, 2),
        (3, 2, 3, 2.5, 1),
        (4, 2, 4, 3.5, 1),
        (2, 1, 4, 1.0, 1),
        (5, 1, 3, 1.5, 1),
        (2, 7, 3, 3.0, 1),
        (3, 4, 5, 5.5, 1),
    ] {
        assert_eq!(exact(m, h, n, 0), (lambda, multiplicity), "{m} {h} {n}");
        for s in 1..m.min(h).min(n) {
            let (lambda, multiplicity) = exact(m - s, h - s, n - s, 0);
            let expected = (lambda + (s * (m + n - s)) as f64 / 2.0, multiplicity);
            assert_eq!(exact(m, h, n, s), expected, "{m} {h} {n}, rank {s}");
        }
    }
}

#[test]
fn the_gradient_of_reduced_rank_regression_is_its_slope() {
    let start = ReducedRank::new(3, 2, 4).unwrap();
    let mut model = start.clone().with_rank(2).unwrap();
    let mut objective = model.objective();
    assert_eq!(objective.loss(&model).unwrap(), 0.0);
    model.as_mut_slice().iter_mut().enumerate().for_each(|(k, w)| *w += (k as f64 * 0.7).sin());
    let mut gradient = model.zero_gradient().unwrap();
    let loss = objective.loss_and_gradient(&model, &mut gradient).unwrap();
    assert_eq!(loss, objective.loss(&model).unwrap());
    for (k, &slope) in gradient.iter().enumerate() {
        let mut at = |shift: f64| {
            let mut moved = model.clone();
            moved.as_mut_slice()[k] += shift;
            objective.loss(&moved).unwrap()
        };
        // The loss is quadratic in each entry, so central differences have only rounding errors.
        approx::assert_relative_eq!(slope, at(0.5) - at(-0.5), epsilon = 1e-12, max_relative = 1e-12);
    }
    let other = ReducedRank::new(3, 2, 3).unwrap();
    let refused = objective.loss(&other);
    assert!(matches!(refused, Err(Error::Length { what: "outputs", given: 3, expected: 4 })), "{refused:?}");
    let refused = objective.loss_and_gradient(&model, &mut vec![0.0; 3]);
    assert!(
        matches!(refused, Err(Error::Length { what: "gradient", given: 3, expected: 14 })),
        "{refused:?}"
    );
    // The rank of the target does not depend on its scale.
    let mut small = start.clone().with_rank(2).unwrap();
    let exact = small.learning_coefficient();
    assert_ne!(exact, start.learning_coefficient());
    small.as_mut_slice().iter_mut().for_each(|weight| *weight *= 1e-6);
    assert_eq!(small.learning_coefficient(), exact);
    small.as_mut_slice()[0] = f64::INFINITY;
    assert!(small.learning_coefficient().lambda.is_nan());
    assert!(matches!(ReducedRank::new(3, 0, 4), Err(Error::Count { given: 0, least: 1, .. })));
    assert!(matches!(start.with_rank(3), Err(Error::Count { given: 2, least: 3, .. })));
}

#[test]
fn bad_input_and_runaway_chains_are_refused() {
    let good = config([50.0, 0.0, 0.02], 64);
    let run = |model: f64, config: &_| learning_coefficient(&Crossing([model]), &Powers([2]), config, 1);
    let mut config = good;
    config.chains = 1;
    assert!(matches!(
        run(0.0, &config),
        Err(Error::Optim(OptimError::Count { name: "chains", given: 1, least: 2, .. }))
    ));
    config.chains = usize::MAX;
    let most = 1_000_000;
    assert!(
        matches!(run(0.0, &config), Err(Error::Optim(OptimError::Count { name: "chains", most: m, .. })) if m == most)
    );
    config = good;
    config.steps = 31;
    assert!(matches!(
        run(0.0, &config),
        Err(Error::Optim(OptimError::Count { name: "steps", given: 31, least: 32, .. }))
    ));
    config.steps = u64::MAX;
    assert!(matches!(run(0.0, &config), Err(Error::Optim(OptimError::Count { name: "steps", .. }))));
    config = good;
    config.sampler.step = -1.0;
    assert!(matches!(run(0.0, &config), Err(Error::Optim(_))));
    assert!(matches!(run(f64::NAN, &good), Err(Error::Optim(_))));
    // From 1e100 the loss overflows.
    let refused = run(1e100, &good);
    assert!(matches!(refused, Err(Error::Diverged { step: 0, .. })), "{refused:?}");
    // The chain diverges at a step that is too long for the quartic; with Metropolis–Hastings it
    // does not.
    config = good;
    (config.sampler.step, config.burn_in, config.metropolis) = (4.0, 200, false);
    let refused = run(0.0, &config);
    assert!(matches!(refused, Err(Error::Diverged { learning_rate: 4.0, .. })), "{refused:?}");
    config.metropolis = true;
    assert!(run(0.0, &config).unwrap().acceptance < 0.2);
    let (model, other) = (ReducedRank::new(2, 1, 2).unwrap(), ReducedRank::new(3, 1, 2).unwrap());
    let refused = learning_coefficient(&model, &other.objective(), &good, 1);
    assert!(matches!(refused, Err(Error::Objective { step: 0, .. })), "{refused:?}");
}

#[test]
fn settings_and_estimates_are_read_as_they_were_written() {
    use serde_json::{from_str, from_value, to_string, to_value};
    let mut config = config([500.0, 1.5, 1e-3], 64);
    (config.chains, config.metropolis) = (3, false);
    assert_eq!(from_str::<LearningCoefficientConfig>(&to_string(&config).unwrap()).unwrap(), config);
    let mut written = to_value(config).unwrap();
    assert_eq!((&written["burn_in"], &written["sampler"]["localisation"]), (&6.into(), &1.5.into()));
    written["seed"] = 1.into();
    assert!(from_value::<LearningCoefficientConfig>(written).is_err());

    let model = ReducedRank::new(2, 2, 3).unwrap();
    let mut found = learning_coefficient(&model, &model.objective(), &config, 4).unwrap();
    assert_eq!(from_str::<LearningCoefficient>(&to_string(&found).unwrap()).unwrap(), found);
    found.r_hat = f64::INFINITY;
    assert_eq!(from_str::<LearningCoefficient>(&to_string(&found).unwrap()).unwrap(), found);
}
