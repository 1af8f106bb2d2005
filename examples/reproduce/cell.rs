//! One model of the family: trained, measured, and set beside the rug, the linear model and the theory.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use toy_superposition::data::{Features, Moments, sample_rng};
use toy_superposition::model::{Autoencoder, Names, Shape, Weights, sampled_loss, write_atomically};
use toy_superposition::optim::StopRule;
use toy_superposition::rug::PersianRug;
use toy_superposition::theory;
use toy_superposition::train::{EVALUATION, Ended, Recipe, Run, Trainer, initial_model};

use crate::family::Family;

type AnyError = Box<dyn Error + Send + Sync>;

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) features: usize,
    pub(crate) hidden: usize,
    pub(crate) probability: f64,
    pub(crate) seed: u64,
}

/// What came out; losses are per feature, not divided by p.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) features: usize,
    pub(crate) hidden: usize,
    pub(crate) ratio: f64,
    pub(crate) probability: f64,
    pub(crate) seed: u64,
    pub(crate) steps: u64,
    pub(crate) trained_loss: f64,
    pub(crate) trained_standard_error: f64,
    pub(crate) rug_loss: f64,
    pub(crate) rug_standard_error: f64,
    pub(crate) linear_loss: f64,
    pub(crate) theory_loss: f64,
    pub(crate) gaussian_loss: f64,
    pub(crate) dropped: usize,
    pub(crate) diagonal_mean: f64,
    pub(crate) diagonal_variance: f64,
    pub(crate) bias_variance: f64,
    pub(crate) delta_variance: f64,
    pub(crate) lyapunov: f64,
    pub(crate) welch_gap: Option<f64>,
}

impl Cell {
    fn name(&self, family: &Family) -> String {
        let Self { features, hidden, probability, seed } = self;
        let (epochs, samples) = (family.max_epochs, family.samples);
        format!("features{features}_hidden{hidden}_p{probability}_seed{seed}_epochs{epochs}_samples{samples}")
    }

    /// Where its trained weights are kept.
    pub(crate) fn weights_path(&self, family: &Family, folder: &Path) -> PathBuf {
        folder.join(self.name(family) + ".safetensors")
    }

    /// The outcome, from the folder if it is there, otherwise by training (going on from a checkpoint if there is one).
    pub(crate) fn outcome(
        &self,
        family: &Family,
        folder: &Path,
        interrupt: &AtomicBool,
    ) -> Result<Outcome, AnyError> {
        let done = folder.join(self.name(family) + ".json");
        if let Ok(bytes) = std::fs::read(&done)
            && let Ok(outcome) = serde_json::from_slice(&bytes)
        {
            return Ok(outcome);
        }
        let checkpoint = folder.join(self.name(family) + ".checkpoint");
        let (model, steps) = self.train(family, &checkpoint, interrupt)?;
        let outcome = self.measure(family, &model, steps)?;
        Weights::new(model).save(self.weights_path(family, folder), Names::Own)?;
        write_atomically(&done, &serde_json::to_vec_pretty(&outcome)?)?;
        // The outcome is safe; a checkpoint that stays behind does no harm.
        let _ = std::fs::remove_file(&checkpoint);
        Ok(outcome)
    }

    fn train(
        &self,
        family: &Family,
        checkpoint: &Path,
        interrupt: &AtomicBool,
    ) -> Result<(Autoencoder<f32>, u64), AnyError> {
        let mut recipe = Recipe::code(self.features)?;
        if let StopRule::EpochWindows { max_epochs, .. } = &mut recipe.stop {
            *max_epochs = family.max_epochs;
        }
        let model = initial_model(Shape::new(self.features, self.hidden, false)?, self.seed);
        let data = Features::paper(self.features, self.probability)?;
        let mut trainer = Trainer::on_fresh_batches(model, data, &recipe, self.seed)?;
        trainer.resume(checkpoint)?;
        let run =
            Run { checkpoint: Some(checkpoint.to_owned()), interrupt: Some(interrupt), ..Run::default() };
        match trainer.run(&run, |_| {})? {
            Ended::Stopped => {
                let steps = trainer.steps();
                Ok((trainer.into_model(), steps))
            }
            Ended::Interrupted => Err("interrupted; the same command goes on from here".into()),
        }
    }

    fn measure(&self, family: &Family, model: &Autoencoder<f32>, steps: u64) -> Result<Outcome, AnyError> {
        let Self { features, hidden, probability, seed } = *self;
        let ratio = hidden as f64 / features as f64;
        let data = Features::paper(features, probability)?;
        let measure = |model: &_| sampled_loss(model, &data, seed, EVALUATION, family.samples);
        let optimum = theory::optimum_at_ratio(probability, ratio)?;
        let rug = PersianRug::random(features, hidden, &mut sample_rng(seed, hidden as u64))?;
        let bias = rug.raw_bias(optimum.a, optimum.b, &Moments::uniform(probability)?);
        let rug = rug.autoencoder::<f32>(optimum.a, bias)?;
        let (trained, rug) = (measure(model)?, measure(&rug)?);
        let check = theory::check(model, probability)?;
        Ok(Outcome {
            features,
            hidden,
            ratio,
            probability,
            seed,
            steps,
            trained_loss: trained.mean(),
            trained_standard_error: trained.standard_error(),
            rug_loss: rug.mean(),
            rug_standard_error: rug.standard_error(),
            linear_loss: theory::linear_loss(probability, ratio)?,
            theory_loss: optimum.loss,
            gaussian_loss: check.gaussian_loss,
            dropped: check.statistics.dropped,
            diagonal_mean: check.statistics.diagonal.mean,
            diagonal_variance: check.statistics.diagonal.variance,
            bias_variance: check.statistics.bias.variance,
            delta_variance: check.statistics.sigma_squared.variance,
            lyapunov: check.statistics.lyapunov_max,
            welch_gap: check.statistics.welch.map(|welch| welch.gap),
        })
    }
}
