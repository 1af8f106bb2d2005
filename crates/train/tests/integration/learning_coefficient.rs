//! Local learning coefficients against what is known: reduced-rank regression, normal crossings, quadratic losses.
//!
//! At a finite inverse temperature the mean that is estimated is an integral, taken here by quadrature: the estimate must agree
//! with it within its own standard error (|z| < 5, α = 6e-7 each), and with λ itself within 5 %.

use std::convert::Infallible;

use toy_superposition_model::{Model, Objective};
use toy_superposition_optim::SgldConfig;
use toy_superposition_train::{
    Error, LearningCoefficient, LearningCoefficientConfig, ReducedRank, learning_coefficient,
};

/// `L = Π_i w_i^{2 k_i}` for the exponents k; all 1 and one factor: a parabola.
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

    fn loss_and_gradient(
        &mut self,
        model: &Crossing<N>,
        gradient: &mut Vec<f64>,
    ) -> Result<f64, Infallible> {
        for i in 0..N {
            let others = (0..N).filter(|&j| j != i).map(|j| model.0[j].powi(2 * self.0[j]));
            gradient[i] =
                f64::from(2 * self.0[i]) * model.0[i].powi(2 * self.0[i] - 1) * others.product::<f64>();
        }
        self.loss(model)
    }
}

fn config(sampler: [f64; 3], steps: u64) -> LearningCoefficientConfig {
    let [inverse_temperature, localisation, step] = sampler;
    let mut config =
        LearningCoefficientConfig::new(SgldConfig { inverse_temperature, localisation, step });
    (config.burn_in, config.steps) = (steps / 10, steps);
    config
}

fn assert_agrees(found: &LearningCoefficient, finite: f64, limit: f64) {
    let z = (found.estimate - finite) / found.standard_error;
    assert!(z.abs() < 5.0, "{found:?}: expected {finite}, z = {z}");
    assert!(found.standard_error < 0.02 * limit, "{found:?}");
    assert!(found.r_hat < 1.02, "{found:?}");
    assert!((found.estimate / limit - 1.0).abs() < 0.05, "{found:?}: limit {limit}, at this nβ {finite}");
}

/// `∫ f` over [0, far] by midpoints of `u = x^{1/4}`, which are dense at 0.
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
    let density =
        |s: f64| s.powf(0.5 * m - 1.0) * (-0.5 * gamma * s).exp() * (gamma + t * s).powf(-0.5 * n);
    let far = 80.0 / gamma;
    integral(far, |s| density(s) * 0.5 * n * t * s / (gamma + t * s)) / integral(far, density)
}

#[test]
fn reduced_rank_regression_within_five_per_cent() {
    for (inputs, outputs, t, gamma, step) in [(3, 1, 2e3, 1.0, 4e-4), (2, 4, 2e3, 1.0, 2e-4)] {
        let model = ReducedRank::new(inputs, 1, outputs).unwrap();
        let config = config([t, gamma, step], 400_000);
        let found = learning_coefficient(&model, &model.objective(), &config, 7).unwrap();
        let finite = one_hidden(inputs, outputs, t, gamma);
        assert_agrees(&found, finite, model.learning_coefficient().lambda);
    }
}
