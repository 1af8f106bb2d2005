//! Training recipes: the paper's two recipes, which stop differently (that of its text, section 3,
//! and that of its released code), and a faster one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use toy_superposition_data::{SampleRange, Stream};
use toy_superposition_model::{Activation, Autoencoder, Initialisation, Scalar, Shape};
use toy_superposition_optim::{AdamConfig, OptimizerConfig, Schedule, StopRule, WeightDecay};

use crate::{Error, Result, initial_model};

/// The learning rate of the fast recipe times √(n_s n_d).
const FAST_RATE: f64 = 2.2;
/// The reciprocal of the share of its steps that warm up, and the smallest number of warm-up steps.
const WARM_UP: (u64, u64) = (20, 30);

/// The number of samples of each step.
///
/// ```
/// use toy_superposition_train::Batches;
///
/// let batches = Batches::new(1024, Some(2500))?;
/// // Step 2 is the last of an epoch, and has the 2500 − 2 · 1024 samples that remain.
/// assert_eq!([1, 2, 3].map(|step| batches.at(step)), [(1024, 1024), (2048, 452), (2500, 1024)]);
/// assert_eq!(batches.to_string(), "1024 in epochs of 2500");
/// # Ok::<(), toy_superposition_train::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batches {
    pub(crate) batch: usize,
    pub(crate) epoch: Option<usize>,
}

/// Writes `1024`, or `1024 in epochs of 30000`, which is part of the identity of a run.
impl fmt::Display for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.batch)?;
        self.epoch.map_or(Ok(()), |epoch| write!(f, " in epochs of {epoch}"))
    }
}

impl Batches {
    /// Returns batches of `batch` samples per step. With `epoch`, the last step of each epoch draws
    /// only the remaining samples of the epoch.
    ///
    /// # Errors
    /// [`Error::Batches`] if either number is 0.
    pub fn new(batch: usize, epoch: Option<usize>) -> Result<Self> {
        if batch == 0 || epoch == Some(0) {
            return Err(Error::Batches { batch, epoch });
        }
        Ok(Self { batch, epoch })
    }

    /// Returns the number of samples drawn before step `step` (at most 2⁶⁴ − 1), and the number
    /// drawn in it.
    pub fn at(self, step: u64) -> (u64, usize) {
        let batch = self.batch as u64;
        match self.epoch {
            None => (step.saturating_mul(batch), self.batch),
            Some(epoch) => {
                let epoch = epoch as u64;
                let steps = epoch.div_ceil(batch);
                let within = (step % steps) * batch;
                (
                    (step / steps).saturating_mul(epoch).saturating_add(within),
                    batch.min(epoch - within) as usize,
                )
            }
        }
    }

    /// Returns the samples of step `step`: those of [`Stream::Training`] of `seed` that follow the
    /// samples of all previous steps.
    pub fn samples(self, seed: u64, step: u64) -> SampleRange {
        let (first, samples) = self.at(step);
        Stream::Training.samples(seed, first..first.saturating_add(samples as u64))
    }
}

/// The settings of a run other than its model, its data and its seed.
///
/// | | text | code |
/// |---|---|---|
/// | Adam (the text gives only the name) | rate 3e-3/√n_s, β 0.9 and 0.999, ε 1e-7 | the same |
/// | batches | 1024 fresh samples | per epoch 29 of 1024 fresh samples and one of 304 |
/// | stop | mean of 100 losses not below that of the 100 before | 200 losses, once per epoch |
/// | at most | | 1500 epochs |
///
/// A recipe is validated when a [`Trainer`](crate::Trainer) is built. Training on fresh batches
/// requires `batches` and allows `importance`; other objectives would ignore both, so they are
/// refused there.
///
/// ```
/// use toy_superposition_model::Shape;
/// use toy_superposition_optim::StopRule;
/// use toy_superposition_train::Recipe;
/// // The recipe of the paper's released code, stopped after 100 steps.
/// let recipe = Recipe { stop: StopRule::Steps { steps: 100 }, ..Recipe::code(512)? };
/// assert_eq!(recipe.schedule.learning_rate(0), 3e-3 / 512_f64.sqrt());
/// // A faster one, for 600 steps.
/// assert_eq!(Recipe::fast(Shape::new(512, 128)?, Some(600))?.most_steps(), Some(600));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Number of samples of each step; `None` for an objective that does not average over samples
    /// of the recipe.
    pub batches: Option<Batches>,
    /// Importance of each feature: the squared error of feature `i` has weight `importance[i]`.
    /// `None` stands for weights of 1.
    pub importance: Option<Vec<f64>>,
    /// Distribution of the weights of a new model, used by [`initial_model`](Self::initial_model).
    /// The [`Identity`](crate::Identity) of a run has the weights that were drawn in its place.
    pub weights: Initialisation,
    /// Optimizer and its settings.
    pub optimizer: OptimizerConfig,
    /// Learning rate of each step.
    pub schedule: Schedule,
    /// Rule that stops the run.
    pub stop: StopRule,
    /// Length of the cooling relative to the run, in [0, 1000]; 0 for none. If the stop rule
    /// applies after K steps, the run continues for ⌈K `cooling`⌉ steps, in which the learning rate
    /// falls from that of the schedule to 0 along half a cosine.
    pub cooling: f64,
}

/// The name of a recipe, as it is written in a grid file or on a command line.
///
/// ```
/// use toy_superposition_model::Shape;
/// use toy_superposition_train::{Recipe, RecipeName};
///
/// let name: RecipeName = "fast".parse()?;
/// let shape = Shape::new(512, 128)?;
/// assert_eq!(name.recipe(shape, Some(600))?, Recipe::fast(shape, Some(600))?);
/// assert_eq!(RecipeName::default().to_string(), "code");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipeName {
    /// `text`: the recipe of the paper's text, [`Recipe::text`].
    Text,
    /// `code`: the recipe of the paper's released code, [`Recipe::code`].
    #[default]
    Code,
    /// `fast`: fewer steps at a higher learning rate, [`Recipe::fast`].
    Fast,
}

impl RecipeName {
    const ALL: [Self; 3] = [Self::Text, Self::Code, Self::Fast];

    /// Returns the recipe for models of a shape. With `steps` it stops after that many steps and by
    /// no other rule, and the schedule of the fast recipe is scaled to them.
    ///
    /// # Errors
    /// The errors of [`Recipe::text`], [`Recipe::code`] and [`Recipe::fast`].
    pub fn recipe(self, shape: Shape, steps: Option<u64>) -> Result<Recipe> {
        let mut recipe = match self {
            Self::Text => Recipe::text(shape.features())?,
            Self::Code => Recipe::code(shape.features())?,
            Self::Fast => Recipe::fast(shape, steps)?,
        };
        if let Some(steps) = steps {
            recipe.stop = StopRule::Steps { steps };
        }
        Ok(recipe)
    }
}

impl fmt::Display for RecipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Code => "code",
            Self::Fast => "fast",
        })
    }
}

impl FromStr for RecipeName {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|name| name.to_string() == given);
        named.ok_or_else(|| Error::RecipeName { given: given.to_owned() })
    }
}

impl Recipe {
    /// Returns the recipe of the paper's text, for n_s = `features`.
    ///
    /// # Errors
    /// [`Error::Count`] for no features.
    pub fn text(features: usize) -> Result<Self> {
        Self::paper(features, None, StopRule::PAPER_TEXT)
    }

    /// Returns the recipe of the paper's released code, for n_s = `features`.
    ///
    /// # Errors
    /// [`Error::Count`] for no features.
    pub fn code(features: usize) -> Result<Self> {
        Self::paper(features, Some(30_000), StopRule::RELEASED_CODE)
    }

    /// Returns a recipe of few steps with a high learning rate. It differs from the paper's recipes
    /// as follows:
    ///
    /// - **All initial biases are 0.** PyTorch's initial biases are spread. An output that starts
    ///   below the others switches off and stays off, so that the paper's recipe drops features.
    /// - **The learning rate is `2.2/√(n_s n_d)`**, 17 to 35 times the paper's at a ratio of 1/4. The
    ///   factor `1/√n_d` is the size of the weights, since a trained feature has `W_ii ≈ 1` as a sum
    ///   of n_d products. A step changes the weights by `2.2/√n_s` of that size. The factor `1/√n_s`
    ///   is needed for the mean of all features, in which the loss is steeper by about `p n_s` than
    ///   in other directions. Without it, at a rate of `0.1/√n_d`, all outputs of a model of 1024
    ///   features with p = 0.2 switched off permanently within 35 steps; at `0.07/√n_d` none did.
    /// - **The rate rises along a warm-up and falls to 0** at the end along half a cosine, which
    ///   removes the noise of the batches from the weights.
    /// - **Adam's β₂ is 0.95** and its ε 1e-12. With a longer memory, large early gradients delay
    ///   later steps, and the outputs switch off at lower rates.
    ///
    /// With `steps`, the rate rises in the first twentieth of the steps (but in at least 30, or in
    /// half of the steps if there are fewer than 60) and falls to 0 at the last step along half a
    /// cosine. Without `steps`, the rate stays constant after the warm-up until
    /// [`StopRule::Descent`] finds that the loss falls by less than 2 % in 2000 steps, with a
    /// probability of 1 % of stopping too early. The run then [cools](Recipe::cooling) for a third
    /// of the steps taken so far.
    ///
    /// # Errors
    /// [`Error::Optim`] for no steps, or more than 2⁵³.
    pub fn fast(shape: Shape, steps: Option<u64>) -> Result<Self> {
        let rate = FAST_RATE / (shape.features() as f64 * shape.hidden() as f64).sqrt();
        let (share, least) = WARM_UP;
        let (schedule, stop, cooling) = match steps {
            Some(steps) => {
                let warm_up = (steps / share).max(least).min(steps / 2);
                let schedule = match warm_up {
                    0 => Schedule::cosine(rate, 0.0, steps)?,
                    _ => Schedule::warm_up_cosine(rate, warm_up, 0.0, steps - warm_up)?,
                };
                (schedule, StopRule::Steps { steps }, 0.0)
            }
            None => {
                let stop = StopRule::Descent { window: 2000, fall: 0.02, false_stop: 0.01 };
                (Schedule::warm_up(rate, 100)?, stop, 1.0 / 3.0)
            }
        };
        let adam = AdamConfig { beta2: 0.95, epsilon: 1e-12, ..AdamConfig::default() };
        Ok(Self {
            batches: Some(Batches::new(1024, None)?),
            importance: None,
            weights: Initialisation::ZeroBias,
            optimizer: OptimizerConfig::Adam(adam),
            schedule,
            stop,
            cooling,
        })
    }

    /// Returns the [initial model](initial_model) of a seed with ReLU, with weights drawn from the
    /// distribution [`weights`](Self::weights).
    ///
    /// # Errors
    /// [`TooLarge`](toy_superposition_model::Error::TooLarge) if there is no memory for it.
    pub fn initial_model<T: Scalar>(&self, shape: Shape, seed: u64) -> Result<Autoencoder<T>> {
        initial_model(shape, self.weights, Activation::Relu, seed)
    }

    /// Returns the largest possible number of steps, including cooling, or `None` if the stop rule
    /// has no bound.
    pub fn most_steps(&self) -> Option<u64> {
        self.stop.most_steps().map(|steps| self.last_step(steps))
    }

    /// Returns the number of steps of a run whose stop rule applies after `stop` steps.
    pub(crate) fn last_step(&self, stop: u64) -> u64 {
        stop.saturating_add((stop as f64 * self.cooling).ceil() as u64)
    }

    /// Returns a recipe for objectives without samples, such as the mean-field loss: Adam for
    /// `steps` steps, with a learning rate that falls from `rate` to 0 along half a cosine.
    ///
    /// Adam's averages are short (β 0.7 and 0.8), since there is no noise to average. With the
    /// usual β the large gradients of the first steps delay the last ones, and some features are
    /// switched off permanently by a step that is too long. The epsilon (1e-15) is far below the
    /// gradients, which are as small as p/n_s².
    ///
    /// # Errors
    /// [`Error::Optim`] if the rate is not positive and finite, or if there are no steps.
    pub fn without_samples(rate: f64, steps: u64) -> Result<Self> {
        let adam = AdamConfig { beta1: 0.7, beta2: 0.8, epsilon: 1e-15, weight_decay: WeightDecay::L2(0.0) };
        Ok(Self {
            batches: None,
            importance: None,
            weights: Initialisation::default(),
            optimizer: OptimizerConfig::Adam(adam),
            schedule: Schedule::cosine(rate, 0.0, steps)?,
            stop: StopRule::Steps { steps },
            cooling: 0.0,
        })
    }

    fn paper(features: usize, epoch: Option<usize>, stop: StopRule) -> Result<Self> {
        if features == 0 {
            return Err(Error::Count { what: "features", given: 0, least: 1 });
        }
        Ok(Self {
            batches: Some(Batches::new(1024, epoch)?),
            importance: None,
            weights: Initialisation::default(),
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::constant(3e-3 / (features as f64).sqrt())?,
            stop,
            cooling: 0.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_has_one_name() {
        for name in RecipeName::ALL {
            assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{name}\""));
            assert_eq!(name.to_string().parse::<RecipeName>().unwrap(), name);
            let shape = Shape::new(32, 8).unwrap();
            assert_eq!(name.recipe(shape, Some(7)).unwrap().stop, StopRule::Steps { steps: 7 });
        }
        let shape = Shape::new(32, 8).unwrap();
        let recipe = |name: &str| name.parse::<RecipeName>().unwrap().recipe(shape, None).unwrap();
        assert_eq!(recipe("text"), Recipe::text(32).unwrap());
        assert_eq!(recipe("code"), Recipe::code(32).unwrap());
        assert_eq!(recipe("fast"), Recipe::fast(shape, None).unwrap());
        let error = "slow".parse::<RecipeName>().unwrap_err().to_string();
        assert!(RecipeName::ALL.into_iter().all(|name| error.contains(&name.to_string())), "{error}");
    }

    #[test]
    fn the_codes_epoch_is_29_full_batches_and_one_of_304() {
        let batches = Recipe::code(128).unwrap().batches.unwrap();
        let mut next = 0;
        for step in 0..65 {
            let (first, count) = batches.at(step);
            assert_eq!(first, next);
            assert_eq!(count, if step % 30 == 29 { 304 } else { 1024 });
            next += count as u64;
        }
        assert_eq!(batches.at(60).0, 60_000);
        assert_eq!(Recipe::text(128).unwrap().batches.unwrap().at(7), (7 * 1024, 1024));
        // Counts that do not fit stop at the greatest number.
        assert_eq!(Batches::new(1 << 63, None).unwrap().at(2), (u64::MAX, 1 << 63));
        assert_eq!(Batches::new(4, Some(1 << 62)).unwrap().at(u64::MAX).0, u64::MAX);
        assert!(matches!(Recipe::text(0), Err(Error::Count { what: "features", given: 0, least: 1 })));
        assert!(matches!(Batches::new(0, None), Err(Error::Batches { .. })));
        assert!(matches!(Batches::new(5, Some(0)), Err(Error::Batches { .. })));
    }

    #[test]
    fn the_learning_rate_falls_with_the_root_of_the_features() {
        assert_eq!(Recipe::text(10_000).unwrap().schedule.learning_rate(5), 3e-5);
        assert_eq!(Recipe::code(10_000).unwrap().schedule.learning_rate(0), 3e-5);
    }

    #[test]
    fn the_fast_recipe_warms_up_and_falls_to_zero_over_the_steps_it_is_given() {
        let shape = Shape::new(484, 400).unwrap();
        let close = |found: f64, expected: f64| {
            approx::assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 1e-12)
        };
        for (steps, warm_up) in [(1000, 50), (400, 30), (40, 20), (2, 1), (1, 0)] {
            let recipe = Recipe::fast(shape, Some(steps)).unwrap();
            assert_eq!(recipe.stop, StopRule::Steps { steps });
            let rate = |step| recipe.schedule.learning_rate(step);
            if warm_up > 0 {
                close(rate(0), 0.005 / warm_up as f64);
                close(rate(warm_up - 1), 0.005);
            }
            close(rate(warm_up), 0.005);
            let middle = warm_up + (steps - warm_up) / 2;
            close(
                rate(middle),
                0.0025
                    * (1.0
                        + (std::f64::consts::PI * (middle - warm_up) as f64 / (steps - warm_up) as f64)
                            .cos()),
            );
            assert_eq!((rate(steps), recipe.most_steps()), (0.0, Some(steps)));
        }
        assert!(matches!(Recipe::fast(shape, Some(0)), Err(Error::Optim(_))));
        let open = Recipe::fast(shape, None).unwrap();
        assert_eq!((open.schedule.learning_rate(1 << 40), open.most_steps()), (0.005, None));
        assert_eq!((open.last_step(3000), open.last_step(1)), (4000, 2));
    }

    #[test]
    fn the_fast_recipes_weights_are_pytorchs_without_the_bias() {
        let shape = Shape::new(30, 7).unwrap();
        let model = Recipe::fast(shape, None).unwrap().initial_model::<f32>(shape, 5).unwrap();
        let paper = initial_model::<f32>(shape, Initialisation::PyTorch, Activation::Relu, 5).unwrap();
        assert_eq!((model.encoder(), model.decoder()), (paper.encoder(), paper.decoder()));
        assert!(model.bias().iter().all(|&bias| bias == 0.0) && paper.bias().iter().all(|&bias| bias != 0.0));
        assert_eq!(Recipe::code(30).unwrap().initial_model::<f32>(shape, 5).unwrap(), paper);
    }
}
