//! Trained weights by the same exact loss.

use rand::RngExt;
use toy_superposition::data::{Features, sample_rng};
use toy_superposition::designs::Entry;
use toy_superposition::model::{Autoencoder, Objective, Scalar, Shape};
use toy_superposition::optim::{Lbfgs, LbfgsConfig, StopRule};
use toy_superposition::theory::{self, ExactObjective, Feature, MeanField};
use toy_superposition::train::{Recipe, Run, Trainer, descend, initial_model};

use crate::leaderboard::Line;
use crate::{AnyError, Arguments};

/// The exact loss is found from no more rows than this.
const MOST_ROWS: usize = 256;

/// Trained by minibatches and by the mean field, and descents of the exact loss from there and from the best design.
pub(crate) fn lines(
    arguments: &Arguments,
    p: f64,
    hidden: usize,
    best: &Entry,
) -> Result<Vec<Line>, AnyError> {
    let (features, seed) = (arguments.features, arguments.seed);
    let shape = Shape::new(features, hidden, false)?;

    let mut recipe = Recipe::code(features)?;
    if let Some(steps) = arguments.steps {
        recipe.stop = StopRule::Steps { steps };
    }
    let model = initial_model::<f32>(shape, seed)?;
    let mut trainer = Trainer::on_fresh_batches(model, Features::paper(features, p)?, &recipe, seed)?;
    trainer.run(&Run { progress: Run::bar("minibatches"), ..Run::default() }, |_, _| {})?;
    let steps = trainer.steps();
    let minibatch = trainer.into_model();

    let objective = MeanField::new(Feature::uniform(p)?);
    let least = theory::envelope(p, hidden as f64 / features as f64)?.loss;
    let mean_field = mean_field(initial_model::<f64>(shape, seed)?, objective, least)?;

    let mut lines = vec![
        line(format!("trained on minibatches, {steps} steps"), &minibatch, p)?,
        line("trained on the mean-field loss".to_owned(), &mean_field, p)?,
    ];
    if let Some(iterations) = arguments.polish {
        if features > MOST_ROWS {
            return Err(format!("{features} features: the exact loss is descended for at most 256").into());
        }
        let mut polish = |name: &str, model: Autoencoder<f64>| -> Result<(), AnyError> {
            let model = exact(model, p, iterations)?;
            lines.push(line(format!("{name}, then {iterations} iterations on the exact loss"), &model, p)?);
            Ok(())
        };
        polish("trained on minibatches", wide(&minibatch)?)?;
        polish("trained on the mean-field loss", mean_field)?;
        // A symmetric design may be stationary without being a minimum.
        let mut model = best.design.autoencoder(&best.best.settings)?;
        let mut rng = sample_rng(seed, u64::MAX - 1);
        for parameter in model.parameters_mut().as_mut_slice() {
            *parameter += 0.01 * (rng.random::<f64>() - 0.5);
        }
        polish("the best design and noise", model)?;
    }
    Ok(lines)
}

/// Descent of the mean-field loss until it is within 1e-10 of the least in closed form, 600 steps at most.
fn mean_field(
    model: Autoencoder<f64>,
    objective: MeanField<f64>,
    least: f64,
) -> Result<Autoencoder<f64>, AnyError> {
    const STEPS: u64 = 600;
    let recipe = Recipe::without_samples(0.003, STEPS)?;
    let mut trainer = Trainer::new(model, objective, &recipe, "mean field".to_owned())?;
    let bar = Run::bar("mean field");
    bar.set_length(STEPS);
    while !trainer.stopped() && trainer.step()?.loss > least * (1.0 + 1e-10) {
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(trainer.into_model())
}

/// L-BFGS on the exact loss.
fn exact(mut model: Autoencoder<f64>, p: f64, iterations: u64) -> Result<Autoencoder<f64>, AnyError> {
    /// Counts evaluations.
    struct Counted(ExactObjective, indicatif::ProgressBar);

    impl Objective<f64> for Counted {
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

    let bar = Run::bar("exact loss");
    bar.set_length(iterations);
    let config = LbfgsConfig {
        max_iterations: iterations,
        gradient_tolerance: 0.0,
        history: 20,
        ..LbfgsConfig::default()
    };
    descend(&mut model, &mut Counted(ExactObjective::new(p)?, bar.clone()), &Lbfgs::new(config)?)?;
    bar.finish_and_clear();
    Ok(model)
}

/// The exact loss of a model: of all rows, or of some at even distances.
fn line<T: Scalar>(name: String, model: &Autoencoder<T>, p: f64) -> Result<Line, AnyError> {
    let rows: Vec<usize> = (0..model.features()).step_by(model.features().div_ceil(MOST_ROWS)).collect();
    let exact = theory::exact_model_loss(model, &rows, p)?;
    Ok(Line { name, loss: exact.loss, standard_error: exact.standard_error, entry: None })
}

/// In double precision.
fn wide(model: &Autoencoder<f32>) -> Result<Autoencoder<f64>, AnyError> {
    let (encoder, decoder) = (model.encoder().map(f64::from), model.decoder().map(f64::from));
    Ok(Autoencoder::new(&encoder, &decoder, &model.bias().map(f64::from), model.activation())?)
}
