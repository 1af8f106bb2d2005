//! Trained weights, measured by the same exact loss.

use command_line::bar as steps;
use rand::RngExt;
use toy_superposition::data::{Features, LawSpec, Stream};
use toy_superposition::designs::Entry;
use toy_superposition::model::{Activation, Autoencoder, Initialisation, Objective, Scalar, Shape};
use toy_superposition::optim::{Lbfgs, LbfgsConfig, Minimum, StopRule};
use toy_superposition::theory::{self, ExactObjective, Feature, MeanField};
use toy_superposition::train::{Ended, Recipe, Run, Task, Trainer, descend, initial_model};

use crate::leaderboard::Line;
use crate::{AnyError, Arguments};

/// Greatest number of rows that the exact loss is evaluated for.
const MOST_ROWS: usize = 256;

/// Returns the rows of models trained on minibatches and on the mean-field loss, and of descents of
/// the exact loss from there and from the best design.
pub(crate) fn lines(
    arguments: &Arguments,
    p: f64,
    hidden: usize,
    best: &Entry,
) -> Result<Vec<Line>, AnyError> {
    let (features, seed) = (arguments.features, arguments.seed);
    let shape = Shape::new(features, hidden)?;

    let mut recipe = Recipe::code(features)?;
    if let Some(steps) = arguments.steps {
        recipe.stop = StopRule::Steps { steps };
    }
    let model = initial_model::<f32>(shape, Initialisation::PyTorch, Activation::Relu, seed)?;
    let mut trainer = Trainer::on_fresh_batches(model, Features::paper(features, p)?, &recipe, seed)?;
    let bar = steps::bar("minibatches", recipe.stop.most_steps());
    let ended = trainer.run(&Run::default(), |_, step| steps::advance(&bar, step))?;
    bar.finish_and_clear();
    let steps = trainer.steps();
    let minibatch = trainer.into_model();

    let objective = MeanField::new(Feature::uniform(p)?);
    let least = theory::envelope(p, hidden as f64 / features as f64)?.loss;
    let task = Task::new("mean field", LawSpec::paper(features, p));
    let (mean_field, settled) = mean_field(
        initial_model::<f64>(shape, Initialisation::PyTorch, Activation::Relu, seed)?,
        objective,
        task,
        least,
    )?;

    let mut lines = vec![
        line(format!("trained on minibatches, {steps} steps ({ended})"), &minibatch, p)?,
        line(format!("trained on the mean-field loss ({settled})"), &mean_field, p)?,
    ];
    if let Some(iterations) = arguments.polish {
        if features > MOST_ROWS {
            return Err(format!("{features} features: the exact loss is descended for at most 256").into());
        }
        let mut polish = |name: &str, model: Autoencoder<f64>| -> Result<(), AnyError> {
            let (model, minimum) = exact(model, p, iterations)?;
            let name = format!(
                "{name}, then {} iterations on the exact loss ({})",
                minimum.iterations, minimum.outcome
            );
            lines.push(line(name, &model, p)?);
            Ok(())
        };
        polish("trained on minibatches", minibatch.cast()?)?;
        polish("trained on the mean-field loss", mean_field)?;
        // Noise is added because a symmetric design may be stationary without being a minimum.
        let mut model = best.design.autoencoder(&best.best.settings)?;
        let mut rng = Stream::Perturbation.rng(seed, 0);
        for parameter in model.parameters_mut().as_mut_slice() {
            *parameter += 0.01 * (rng.random::<f64>() - 0.5);
        }
        polish("the best design and noise", model)?;
    }
    Ok(lines)
}

/// Descends the mean-field loss for at most 600 steps, until it is within 1e-10 of the least value
/// in closed form. Returns the model and why the descent ended.
fn mean_field(
    model: Autoencoder<f64>,
    objective: MeanField<f64>,
    task: Task,
    least: f64,
) -> Result<(Autoencoder<f64>, Ended), AnyError> {
    const STEPS: u64 = 600;
    let recipe = Recipe::without_samples(0.003, STEPS)?;
    let mut trainer = Trainer::new(model, objective, &recipe, task)?;
    let bar = steps::bar("mean field", Some(STEPS));
    let goal = Some(least * (1.0 + 1e-10));
    let ended = trainer.run(&Run { goal, ..Run::default() }, |_, step| steps::advance(&bar, step))?;
    bar.finish_and_clear();
    Ok((trainer.into_model(), ended))
}

/// Descends the exact loss by L-BFGS.
fn exact(
    mut model: Autoencoder<f64>,
    p: f64,
    iterations: u64,
) -> Result<(Autoencoder<f64>, Minimum), AnyError> {
    /// An objective that counts its evaluations.
    struct Counted(ExactObjective, indicatif::ProgressBar);

    impl Objective<Autoencoder<f64>> for Counted {
        type Error = theory::Error;

        fn loss(&mut self, model: &Autoencoder<f64>) -> theory::Result<f64> {
            self.0.loss(model)
        }

        fn loss_and_gradient(
            &mut self,
            model: &Autoencoder<f64>,
            gradient: &mut toy_superposition::model::Parameters<f64>,
        ) -> theory::Result<f64> {
            self.1.inc(1);
            self.0.loss_and_gradient(model, gradient)
        }
    }

    let bar = steps::bar("exact loss", Some(iterations));
    let config = LbfgsConfig {
        max_iterations: iterations,
        gradient_tolerance: 0.0,
        history: 20,
        ..LbfgsConfig::default()
    };
    let mut objective = Counted(ExactObjective::new(p)?, bar.clone());
    let minimum = descend(&mut model, &mut objective, &Lbfgs::new(config)?)?;
    bar.finish_and_clear();
    Ok((model, minimum))
}

/// Returns the row of a model: its exact loss over all rows, or over evenly spaced ones.
fn line<T: Scalar>(name: String, model: &Autoencoder<T>, p: f64) -> Result<Line, AnyError> {
    let rows: Vec<usize> = (0..model.features()).step_by(model.features().div_ceil(MOST_ROWS)).collect();
    let exact = theory::exact_model_loss(model, &rows, p)?;
    Ok(Line { name, loss: exact.loss, standard_error: exact.standard_error, entry: None })
}
