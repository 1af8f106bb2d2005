//! Training on fresh samples: the objective of [`Trainer`] for a network and its target.

use std::sync::Arc;

use toy_superposition_data::{Distribution, Sampler, SparseBatch};
use toy_superposition_files::fingerprint;
use toy_superposition_model::{Objective, Scalar, Stochastic};
use toy_superposition_train::{Batches, Recipe, Task, Trainer};

use crate::error::check_length;
use crate::{Error, Network, NetworkLoss, Result, Target};

/// The stochastic objective whose value is the loss on the [samples](Batches::samples) of each
/// step.
#[derive(Debug)]
pub struct FreshSamples<T: Scalar, D> {
    law: D,
    batches: Batches,
    seed: u64,
    sampler: Sampler<T>,
    batch: SparseBatch<T>,
    loss: NetworkLoss<T>,
}

/// The objective whose value is the loss on one batch.
#[derive(Debug)]
pub struct OnBatch<'a, T: Scalar> {
    batch: &'a SparseBatch<T>,
    loss: &'a mut NetworkLoss<T>,
}

impl<'a, T: Scalar> OnBatch<'a, T> {
    /// Returns the loss on `batch` as an objective.
    pub fn new(batch: &'a SparseBatch<T>, loss: &'a mut NetworkLoss<T>) -> Self {
        Self { batch, loss }
    }
}

impl<T: Scalar> Objective<Network<T>> for OnBatch<'_, T> {
    type Error = Error;

    fn not_finite(error: &Error) -> Option<f64> {
        error.non_finite_loss()
    }

    fn loss(&mut self, network: &Network<T>) -> Result<f64> {
        self.loss.loss(network, self.batch)
    }

    fn loss_and_gradient(&mut self, network: &Network<T>, gradient: &mut Vec<T>) -> Result<f64> {
        self.loss.loss_and_gradient(network, self.batch, gradient)
    }
}

impl<T: Scalar, D: Distribution> Stochastic<Network<T>> for FreshSamples<T, D> {
    type Error = Error;
    type Drawn<'a>
        = OnBatch<'a, T>
    where
        Self: 'a;

    fn at(&mut self, step: u64) -> Result<OnBatch<'_, T>> {
        self.sampler.sample_into(&self.law, self.batches.samples(self.seed, step), &mut self.batch)?;
        Ok(OnBatch { batch: &self.batch, loss: &mut self.loss })
    }
}

/// Returns a training run of `network` on fresh samples of `law` against `target`, by `recipe`,
/// whose importance has one number per output.
///
/// ```
/// use std::sync::Arc;
///
/// use nalgebra::DMatrix;
/// use toy_superposition_computation::{Architecture, Elementwise, Function, Network, Training, trainer};
/// use toy_superposition_data::{Features, Independent, Interval, Stream};
/// use toy_superposition_train::Run;
///
/// // |x| of 3 signed features by 6 neurons (Elhage et al., 2022).
/// let law = Features::new(Independent::new(3, 0.5)?, Interval::new(-1.0, 1.0)?);
/// let target = Arc::new(Elementwise::new(3, Function::Absolute)?);
/// let architecture = Architecture::plain(3, 3, 3).with_layers(1).with_width(6);
/// let network = Network::<f32>::random(architecture, &DMatrix::identity(3, 3), &mut Stream::Weights.rng(1, 0))?;
/// let mut training = Training::default();
/// (training.batch, training.steps, training.rate) = (256, 500, 0.02);
/// let mut run = trainer(network, law, target, &training.recipe()?, 1)?;
/// run.run(&Run::default(), |_, _| ())?;
/// assert!(run.losses()[499] < 0.1 * run.losses()[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Length`] if network, law, target and importance do not match; [`Error::OutOfRange`] for
/// an importance that is negative or not finite; [`Error::Train`], with `Missing` for a recipe
/// without batches, and with the errors of [`Trainer::new`].
pub fn trainer<T: Scalar, D: Distribution + Send>(
    network: Network<T>,
    law: D,
    target: Arc<dyn Target>,
    recipe: &Recipe,
    seed: u64,
) -> Result<Trainer<Network<T>, FreshSamples<T, D>>> {
    let architecture = network.architecture();
    check_length("features of the law", law.features(), architecture.features)?;
    check_length("features of the target", target.features(), architecture.features)?;
    check_length("outputs of the target", target.outputs(), architecture.outputs)?;
    let batches = recipe.batches.ok_or(toy_superposition_train::Error::Missing { what: "batches" })?;
    let mut objective = format!("computation of {}, batches of {batches}", target.describe());
    let loss = match &recipe.importance {
        None => NetworkLoss::new(target),
        Some(importance) => {
            objective += &format!(
                ", importance {:016x}",
                fingerprint(importance.iter().flat_map(|iota| iota.to_bits().to_le_bytes()))
            );
            NetworkLoss::with_importance(target, importance)?
        }
    };
    let task = Task { objective, law: Some(law.spec()), seed: Some(seed) };
    let batch = SparseBatch::new(law.features())?;
    let samples = FreshSamples { law, batches, seed, sampler: Sampler::new(), batch, loss };
    // The task holds these parts of the recipe.
    let recipe = Recipe { batches: None, importance: None, ..recipe.clone() };
    Ok(Trainer::new(network, samples, &recipe, task)?)
}
