//! The settings of the experiment, and the evaluation of each kind of cell.

use std::fmt;

use serde::{Deserialize, Serialize};
use toy_superposition_data::{LawSpec, Moments, Stream};
use toy_superposition_model::{
    Activation, Autoencoder, Initialisation, Names, Scalar, Shape, Stochastic, Weights,
};
use toy_superposition_optim::StopRule;
use toy_superposition_rug::PersianRug;
use toy_superposition_theory::{self as theory, Feature, MeanField};
use toy_superposition_train::{
    Ended, Error as TrainError, Recipe, RecipeName, Run, Task, Trainer, initial_model,
};

use super::record::Record;
use crate::{Cell, Context, Effort, Experiment, Kind, Reason};

/// The kinds of models and predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Model {
    /// Minibatch training by the experiment's recipe, in single precision.
    Trained,
    /// The Persian rug of a random set of rows, with diagonal and bias from the theory; n_s must be
    /// a power of two.
    Rug,
    /// Descent of the mean-field loss in double precision: Gaussian interference and no samples.
    MeanField,
    /// The optimal linear model in closed form: [`theory::linear_loss`], or [`theory::Spectrum`]
    /// for a law.
    Linear,
    /// The symmetric optimum for Gaussian interference, in closed form.
    Theory,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trained => "trained",
            Self::Rug => "rug",
            Self::MeanField => "mean-field",
            Self::Linear => "linear",
            Self::Theory => "theory",
        })
    }
}

impl Kind for Model {
    fn is_random(self) -> bool {
        matches!(self, Self::Trained | Self::Rug | Self::MeanField)
    }

    fn takes_laws(self) -> bool {
        matches!(self, Self::Trained | Self::Linear)
    }
}

/// The experiment of the paper: how models are made and how they are measured. Trained and linear
/// models accept features of [any law](crate::Block::laws); the other kinds need the paper's
/// features.
///
/// | Name | Default | Range |
/// |---|---|---|
/// | `recipe` | `code` | `text`, `code`, `fast` |
/// | `max_epochs` | the recipe's | at least 1; for `code` alone |
/// | `steps` | none: until a test finds no more descent | at least 1; for `fast` alone |
/// | `mean_field_steps` | 600 | at least 1 |
/// | `samples` | 102,400 | at least 2 |
/// | `exact_rows` | 512 | at least 2 |
/// | `keep_weights` | yes | |
///
/// ```
/// use toy_superposition_model::Shape;
/// use toy_superposition_sweep::{Experiment, RecipeName, Superposition};
///
/// let mut experiment =
///     Superposition { recipe: RecipeName::Fast, steps: Some(600), ..Superposition::default() };
/// experiment.check()?;
/// assert_eq!(experiment.recipe(Shape::new(512, 128)?)?.most_steps(), Some(600));
/// // The steps belong to the fast recipe.
/// experiment.recipe = RecipeName::Code;
/// assert!(experiment.check().is_err());
/// # Ok::<(), toy_superposition_sweep::Reason>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Superposition {
    /// Recipe of the trained models.
    pub recipe: RecipeName,
    /// Greatest number of epochs, of 30 steps each.
    pub max_epochs: Option<u64>,
    /// Number of steps that the fast recipe's schedule is scaled to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Greatest number of steps of a mean-field descent.
    pub mean_field_steps: u64,
    /// Number of fresh samples that each model's loss is measured on.
    pub samples: usize,
    /// Greatest number of rows of a model whose exact loss is evaluated. In models with more
    /// features this many rows are drawn with the cell's seed.
    pub exact_rows: usize,
    /// Whether weights are kept, at 4 bytes per number (8 for mean-field models).
    pub keep_weights: bool,
}

impl Default for Superposition {
    fn default() -> Self {
        Self {
            recipe: RecipeName::default(),
            max_epochs: None,
            steps: None,
            mean_field_steps: 600,
            samples: 102_400,
            exact_rows: 512,
            keep_weights: true,
        }
    }
}

const MEAN_FIELD_RATE: f64 = 0.003;
/// A descent stops at this relative distance from the lower convex envelope, which is the least
/// loss.
const MEAN_FIELD_TOLERANCE: f64 = 1e-10;

/// Samples per minibatch in every recipe.
const BATCH: usize = 1024;
/// Number of multiplications of a pass through a model above which two or more threads are used
/// well.
const WHOLE_MACHINE: f64 = 1e6;
/// Greatest n_s n_d of a model, 2³⁰: a larger one could exhaust the memory and end the process.
const MOST_WEIGHTS: usize = 1 << 30;

impl Experiment for Superposition {
    type Kind = Model;
    type Record = Record;

    fn check(&self) -> Result<(), Reason> {
        for (name, given, recipe) in
            [("max_epochs", self.max_epochs, RecipeName::Code), ("steps", self.steps, RecipeName::Fast)]
        {
            if given.is_some() && self.recipe != recipe {
                return Err(format!("{name} is for the recipe `{recipe}`, not `{}`", self.recipe).into());
            }
        }
        for (name, given, least) in [
            ("max_epochs", self.max_epochs.unwrap_or(1), 1),
            ("steps", self.steps.unwrap_or(1), 1),
            ("mean_field_steps", self.mean_field_steps, 1),
            ("samples", self.samples as u64, 2),
            ("exact_rows", self.exact_rows as u64, 2),
        ] {
            if given < least {
                return Err(format!("{name} is {given}; it must be at least {least}").into());
            }
        }
        Ok(())
    }

    fn effort(&self, cell: &Cell<Model>) -> Effort {
        let (features, hidden) = (cell.features as f64, cell.hidden as f64);
        let product = features * hidden;
        // Rough measurements on one thread: overhead per sample, residual, products.
        let pass = 1e-9 * (500.0 + 6.0 * features + product * (0.035 + 0.1 * cell.probability));
        let sampling = self.samples as f64 * pass;
        let exact = 1e-6 * features * features.min(self.exact_rows as f64) + 1e-10 * features * product;
        let epochs = self.max_epochs.unwrap_or(1500).min(280) as f64;
        let trained = self.steps.map_or(30_000.0 * epochs, |steps| BATCH as f64 * steps as f64);
        let seconds = match cell.kind {
            Model::Trained => trained * pass + sampling + exact,
            Model::MeanField => self.mean_field_steps as f64 * 1e-10 * product * hidden + sampling + exact,
            Model::Rug => sampling + 1e-6 * features,
            Model::Linear | Model::Theory => 1e-4,
        };
        let entries = BATCH as f64 * features * cell.probability;
        let multiplies_out =
            Shape::new(cell.features, cell.hidden).is_ok_and(|shape| shape.multiplies_out(BATCH, entries));
        let way = match cell.kind {
            Model::Trained if multiplies_out => "training through W",
            Model::Trained => "training through the hidden vectors",
            Model::MeanField => "mean field",
            Model::Rug | Model::Linear | Model::Theory => "evaluation",
        };
        let whole_machine = cell.kind.is_random() && product > WHOLE_MACHINE;
        Effort::new(seconds, way).with_whole_machine(whole_machine)
    }

    fn evaluate(&self, cell: &Cell<Model>, context: &Context<'_>) -> Result<Option<Record>, Reason> {
        if cell.kind.is_random() && cell.features.saturating_mul(cell.hidden) > MOST_WEIGHTS {
            return Err(format!("a model of {} × {} weights is too large", cell.features, cell.hidden).into());
        }
        Ok(match cell.kind {
            Model::Theory => Some(Record::of_cell(cell)?),
            Model::Linear => {
                let record = Record::of_cell(cell)?;
                Some(Record { loss: record.linear_loss, ..record })
            }
            Model::Rug => Some(self.rug(cell)?),
            Model::Trained => match self.train(cell, context)? {
                Some((model, steps)) => Some(self.finish(cell, context, model, steps)?),
                None => None,
            },
            Model::MeanField => match self.descend(cell, context)? {
                Some((model, steps)) => Some(self.finish(cell, context, model, steps)?),
                None => None,
            },
        })
    }
}

impl Superposition {
    /// Returns the recipe for models of a shape.
    ///
    /// # Errors
    /// The errors of [`RecipeName::recipe`].
    pub fn recipe(&self, shape: Shape) -> Result<Recipe, toy_superposition_train::Error> {
        let mut recipe = self.recipe.recipe(shape, self.steps)?;
        if let (StopRule::EpochWindows { max_epochs, .. }, Some(most)) = (&mut recipe.stop, self.max_epochs) {
            *max_epochs = most;
        }
        Ok(recipe)
    }

    fn train(
        &self,
        cell: &Cell<Model>,
        context: &Context<'_>,
    ) -> Result<Option<(Autoencoder<f32>, u64)>, Reason> {
        let shape = Shape::new(cell.features, cell.hidden)?;
        let recipe = self.recipe(shape)?;
        let model = recipe.initial_model(shape, cell.seed)?;
        let trainer = Trainer::on_fresh_batches(model, cell.law().build()?, &recipe, cell.seed)?;
        run_to_end(trainer, None, context)
    }

    fn descend(
        &self,
        cell: &Cell<Model>,
        context: &Context<'_>,
    ) -> Result<Option<(Autoencoder<f64>, u64)>, Reason> {
        let steps = self.mean_field_steps;
        let recipe = Recipe::without_samples(MEAN_FIELD_RATE, steps)?;
        let model = initial_model(
            Shape::new(cell.features, cell.hidden)?,
            Initialisation::PyTorch,
            Activation::Relu,
            cell.seed,
        )?;
        let objective = MeanField::new(Feature::uniform(cell.probability)?);
        let goal = theory::envelope(cell.probability, cell.ratio())?.loss * (1.0 + MEAN_FIELD_TOLERANCE);
        let task = Task::new("mean field", cell.law());
        run_to_end(Trainer::new(model, objective, &recipe, task)?, Some(goal), context)
    }

    /// Measures a model, and keeps its weights if the experiment does.
    fn finish<T: Scalar>(
        &self,
        cell: &Cell<Model>,
        context: &Context<'_>,
        model: Autoencoder<T>,
        steps: u64,
    ) -> Result<Record, Reason> {
        let record = Record { steps: Some(steps), ..self.measure(cell, &model)? };
        if self.keep_weights {
            let mut weights = Weights::new(model);
            for (key, value) in [
                ("kind", cell.kind.to_string()),
                (LawSpec::METADATA_KEY, cell.law().to_string()),
                ("p", cell.probability.to_string()),
                ("seed", cell.seed.to_string()),
                ("steps", steps.to_string()),
            ] {
                weights.metadata.insert(key.to_owned(), value);
            }
            weights.save(context.weights(), Names::Own)?;
        }
        Ok(record)
    }

    fn rug(&self, cell: &Cell<Model>) -> Result<Record, Reason> {
        let rug = random_rug(cell)?;
        let optimum = theory::optimum_at_ratio(cell.probability, cell.ratio())?;
        let bias = rug.raw_bias(optimum.a, optimum.effective_bias, &Moments::uniform(cell.probability)?);
        self.measure_rug(cell, &rug, optimum.a, bias)
    }
}

/// Continues a run from the cell's checkpoint, if there is one that can be used, to its end or to the
/// loss `goal`, and returns its model and its number of steps; `None` if it was interrupted.
fn run_to_end<T: Scalar, O: Stochastic<Autoencoder<T>> + Send>(
    mut trainer: Trainer<Autoencoder<T>, O>,
    goal: Option<f64>,
    context: &Context<'_>,
) -> Result<Option<(Autoencoder<T>, u64)>, Reason> {
    // A checkpoint that cannot be used, such as one of an older version, is replaced in time.
    let resumed = trainer.resume(context.checkpoint());
    if let Err(error @ TrainError::Model(toy_superposition_model::Error::File { .. })) = resumed {
        return Err(error.into());
    }
    let run = Run {
        goal,
        checkpoint: Some(context.checkpoint()),
        every: context.checkpoint_every(),
        interrupt: Some(context.interrupt()),
    };
    let ended = trainer.run(&run, |_, _| {})?;
    let steps = trainer.steps();
    Ok((ended != Ended::Interrupted).then(|| (trainer.into_model(), steps)))
}

/// Returns the rug with the cell's n_s and n_d that is drawn with the cell's seed.
///
/// # Errors
/// The errors of [`PersianRug::random`].
pub fn random_rug(cell: &Cell<Model>) -> Result<PersianRug, toy_superposition_rug::Error> {
    PersianRug::random(cell.features, cell.hidden, &mut Stream::Draws.rng(cell.seed, cell.hidden as u64))
}
