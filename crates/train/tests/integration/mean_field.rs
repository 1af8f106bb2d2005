//! Tests that the minimisation of the mean-field loss from random weights reaches the optimum in
//! closed form.

use toy_superposition_data::LawSpec;
use toy_superposition_model::{Activation, Initialisation, Shape};
use toy_superposition_theory::{Feature, MeanField, optimum_at_ratio};
use toy_superposition_train::{Recipe, Task, Trainer, initial_model};

#[test]
fn descent_ends_at_the_closed_form_optimum() {
    for (features, hidden, p) in [(64, 16, 0.05), (64, 32, 0.05), (48, 17, 0.08)] {
        let least = optimum_at_ratio(p, hidden as f64 / features as f64).unwrap().loss;
        for seed in 0..3 {
            let model = initial_model::<f64>(
                Shape::new(features, hidden).unwrap(),
                Initialisation::PyTorch,
                Activation::Relu,
                seed,
            )
            .unwrap();
            let objective = MeanField::new(Feature::uniform(p).unwrap());
            let recipe = Recipe::without_samples(0.004, 520).unwrap();
            let mut trainer =
                Trainer::new(model, objective, &recipe, Task::new("mean field", LawSpec::paper(features, p)))
                    .unwrap();
            let mut loss = f64::INFINITY;
            while !trainer.stopped() {
                loss = loss.min(trainer.step().unwrap().loss);
            }
            // No loss is below the optimum except by rounding.
            let gap = loss / least - 1.0;
            assert!((-1e-13..1e-9).contains(&gap), "({features}, {hidden}, {p}), seed {seed}: {gap:e}");
        }
    }
}
