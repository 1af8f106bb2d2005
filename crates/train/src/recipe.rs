//! How the paper trains: its text (section 3) and its released code, which differ in when they stop.
//!
//! | | text | code |
//! |---|---|---|
//! | Adam | lr 3e-3/√n_s, β 0.9 and 0.999, ε 1e-7 (the text names Adam only) | the same |
//! | batches | 1024 fresh samples | 29 of 1024 and one of 304 fresh samples an epoch |
//! | stop | mean of the last 100 losses not below that of the 100 before | the same with 200, looked at once an epoch |
//! | at most | | 1500 epochs |

use toy_superposition_optim::{AdamConfig, OptimizerConfig, Schedule, StopRule, WeightDecay};

use crate::{Error, Result};

/// How many samples each step draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batches {
    pub(crate) batch: usize,
    pub(crate) epoch: Option<usize>,
}

impl Batches {
    /// `batch` samples per step. With `epoch`, the last step of each epoch draws only what is left of that many.
    ///
    /// # Errors
    /// [`Error::Batches`] if either is 0.
    pub fn new(batch: usize, epoch: Option<usize>) -> Result<Self> {
        if batch == 0 || epoch == Some(0) {
            return Err(Error::Batches { batch, epoch });
        }
        Ok(Self { batch, epoch })
    }

    /// The number of samples drawn before step `step`, and in it.
    pub fn at(self, step: u64) -> (u64, usize) {
        let batch = self.batch as u64;
        match self.epoch {
            None => (step * batch, self.batch),
            Some(epoch) => {
                let epoch = epoch as u64;
                let steps = epoch.div_ceil(batch);
                let within = (step % steps) * batch;
                ((step / steps) * epoch + within, batch.min(epoch - within) as usize)
            }
        }
    }
}

/// Everything about a run except its model, its data and its seed.
///
/// It is checked where a [`Trainer`](crate::Trainer) is built: batches and importance are needed or allowed on fresh
/// batches, and refused where an objective would ignore them.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The samples of each step; `None` for an objective that is not an average over samples of the recipe.
    pub batches: Option<Batches>,
    /// The importance of each feature: the squared error of feature `i` counts `importance[i]` times. `None` for 1.
    pub importance: Option<Vec<f64>>,
    /// The optimizer and its settings.
    pub optimizer: OptimizerConfig,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// When to stop.
    pub stop: StopRule,
}

impl Recipe {
    /// The recipe of the paper's text, for n_s = `features`.
    ///
    /// # Errors
    /// None for `features ≥ 1`.
    pub fn text(features: usize) -> Result<Self> {
        Self::paper(features, None, StopRule::PAPER_TEXT)
    }

    /// The recipe of the paper's released code, for n_s = `features`.
    ///
    /// # Errors
    /// None for `features ≥ 1`.
    pub fn code(features: usize) -> Result<Self> {
        Self::paper(features, Some(30_000), StopRule::RELEASED_CODE)
    }

    /// Descent without samples, say of the mean-field loss: Adam for so many steps, whose rate falls to 0 along half a cosine.
    ///
    /// Adam's memory is short (β 0.7 and 0.8), since there is no noise to average out: with the usual one the large gradients
    /// of the first steps hold back the last ones, and some features are switched off by too long a stride and stay off. The
    /// epsilon (1e-15) lies far below the gradients, which are as small as p/n_s².
    ///
    /// # Errors
    /// If the rate is not positive and finite, or there are no steps.
    pub fn without_samples(rate: f64, steps: u64) -> Result<Self> {
        let adam = AdamConfig { beta1: 0.7, beta2: 0.8, epsilon: 1e-15, weight_decay: WeightDecay::L2(0.0) };
        Ok(Self {
            batches: None,
            importance: None,
            optimizer: OptimizerConfig::Adam(adam),
            schedule: Schedule::cosine(rate, 0.0, steps)?,
            stop: StopRule::Steps { steps },
        })
    }

    fn paper(features: usize, epoch: Option<usize>, stop: StopRule) -> Result<Self> {
        Ok(Self {
            batches: Some(Batches::new(1024, epoch)?),
            importance: None,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::constant(3e-3 / (features as f64).sqrt())?,
            stop,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(matches!(Batches::new(0, None), Err(Error::Batches { .. })));
        assert!(matches!(Batches::new(5, Some(0)), Err(Error::Batches { .. })));
    }

    #[test]
    fn the_learning_rate_falls_with_the_root_of_the_features() {
        assert_eq!(Recipe::text(10_000).unwrap().schedule.learning_rate(5), 3e-5);
        assert_eq!(Recipe::code(10_000).unwrap().schedule.learning_rate(0), 3e-5);
    }
}
