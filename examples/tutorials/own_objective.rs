//! A user-defined objective: the mean-field loss plus a penalty on the biases, minimised by L-BFGS
//! and by Adam. The loss has several minima, and without a penalty (λ = 0) the two end in different
//! ones.

use std::error::Error;

use toy_superposition::data::LawSpec;
use toy_superposition::model::{Activation, Autoencoder, Initialisation, Objective, Parameters, Shape};
use toy_superposition::optim::Lbfgs;
use toy_superposition::theory::{self, Feature, MeanField};
use toy_superposition::train::{Recipe, Run, Task, Trainer, descend, initial_model};

/// The objective `L(W, b) + λ |b|²`.
struct Penalised {
    mean_field: MeanField<f64>,
    lambda: f64,
}

impl Objective<Autoencoder<f64>> for Penalised {
    type Error = theory::Error;

    fn loss(&mut self, model: &Autoencoder<f64>) -> theory::Result<f64> {
        Ok(self.mean_field.loss(model)? + self.lambda * model.bias().norm_squared())
    }

    fn loss_and_gradient(
        &mut self,
        model: &Autoencoder<f64>,
        gradient: &mut Parameters<f64>,
    ) -> theory::Result<f64> {
        let loss = self.mean_field.loss_and_gradient(model, gradient)?;
        let (_, _, bias) = gradient.split_mut();
        bias.iter_mut().zip(model.bias().iter()).for_each(|(slope, b)| *slope += 2.0 * self.lambda * b);
        Ok(loss + self.lambda * model.bias().norm_squared())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for lambda in [0.0, 0.01, 0.1] {
        let objective = || -> theory::Result<_> {
            Ok(Penalised { mean_field: MeanField::new(Feature::uniform(0.1)?), lambda })
        };
        let start = initial_model::<f64>(Shape::new(32, 8)?, Initialisation::UnitNorm, Activation::Relu, 1)?;

        let mut model = start.clone();
        let minimum = descend(&mut model, &mut objective()?, &Lbfgs::default())?;

        // 300 steps of Adam at a learning rate of 0.01. A trainer takes any objective and any
        // model.
        let (recipe, law) = (Recipe::without_samples(0.01, 300)?, LawSpec::paper(32, 0.1));
        let task = Task::new("mean-field loss with a penalty", law);
        let mut trainer = Trainer::new(start, objective()?, &recipe, task)?;
        trainer.run(&Run::default(), |_, _| {})?;
        let adam = objective()?.loss(trainer.model())?;

        let (loss, bias) = (minimum.loss, model.bias().norm());
        println!("λ = {lambda}: L-BFGS {loss:.6} ({}), Adam {adam:.6}, |b| = {bias:.4}", minimum.outcome);
    }
    Ok(())
}
