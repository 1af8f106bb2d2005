//! The default training of a network.

use toy_superposition_model::Initialisation;
use toy_superposition_optim::{AdamConfig, OptimizerConfig, Schedule, StopRule, WeightDecay};
use toy_superposition_train::{Batches, Recipe};

use crate::Result;

/// Settings of AdamW on fresh samples for a number of steps. The learning rate rises linearly
/// during the first fiftieth of the steps and then falls to 0 along half a cosine. The defaults are
/// those of Braun et al. (2025).
///
/// ```
/// use toy_superposition_computation::Training;
///
/// let mut training = Training::default();
/// training.steps = 500;
/// assert_eq!(training.recipe()?.most_steps(), Some(500));
/// # Ok::<(), toy_superposition_computation::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Training {
    /// Fresh samples per step. The default is 2048.
    pub batch: usize,
    /// Number of steps. The default is 10,000.
    pub steps: u64,
    /// Highest learning rate. The default is 0.003.
    pub rate: f64,
    /// AdamW's decay λ: each step multiplies the parameters by `1 − rate λ`. The default is 0.01.
    pub weight_decay: f64,
    /// Weight of the squared error of each output; `None` for weights of 1.
    pub importance: Option<Vec<f64>>,
}

impl Default for Training {
    fn default() -> Self {
        Self { batch: 2048, steps: 10_000, rate: 3e-3, weight_decay: 0.01, importance: None }
    }
}

impl Training {
    /// Returns the recipe for [`trainer`](crate::trainer).
    ///
    /// # Errors
    /// [`Error::Train`](crate::Error::Train) for no samples or no steps, and for a learning rate or
    /// a decay that is out of range.
    pub fn recipe(&self) -> Result<Recipe> {
        let train = toy_superposition_train::Error::from;
        let warm_up = self.steps / 50;
        let schedule = match warm_up {
            0 => Schedule::cosine(self.rate, 0.0, self.steps),
            _ => Schedule::warm_up_cosine(self.rate, warm_up, 0.0, self.steps - warm_up),
        };
        let weight_decay = WeightDecay::Decoupled(self.weight_decay);
        // Gradients of a loss per output are small, and none should be rounded to 0 by epsilon.
        let adam = AdamConfig { epsilon: 1e-12, weight_decay, ..AdamConfig::default() };
        Ok(Recipe {
            batches: Some(Batches::new(self.batch, None)?),
            importance: self.importance.clone(),
            weights: Initialisation::default(),
            optimizer: OptimizerConfig::Adam(adam),
            schedule: schedule.map_err(train)?,
            stop: StopRule::Steps { steps: self.steps },
            cooling: 0.0,
        })
    }
}
