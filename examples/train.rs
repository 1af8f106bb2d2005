//! Trains one model by one of the paper's recipes, or by a faster one.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use command_line::{bar, importance, law, note, say};
use nalgebra::DVector;
use serde_json::json;
use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::files::check_writable;
use toy_superposition::model::{MinibatchLoss, Names, Shape, Weights, sampled_loss};
use toy_superposition::optim::{OptimizerConfig, Schedule, SgdConfig};
use toy_superposition::theory;
use toy_superposition::train::{Ended, Recipe, RecipeName, Run, Trainer};

/// Trains one autoencoder on fresh samples, in single precision, and measures it on fresh data.
///
/// The same arguments give the same weights to the bit, on any number of threads. With
/// --checkpoint, Ctrl-C and kill -9 lose at most the work since the last checkpoint, and the same
/// command continues from there.
#[derive(Parser)]
struct Arguments {
    /// Number of features n_s.
    #[arg(long)]
    features: usize,
    /// Number of hidden dimensions n_d.
    #[arg(long)]
    hidden: usize,
    #[command(flatten)]
    law: law::LawArguments,
    #[command(flatten)]
    importance: importance::ImportanceArguments,
    /// Seed of the weights and the samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of steps, instead of stopping by the recipe's rule; the fast recipe's schedule is
    /// scaled to it.
    #[arg(long)]
    steps: Option<u64>,
    /// Time to train for, in seconds. The number of steps is estimated from the time of the first
    /// 40, and so differs between machines.
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["steps", "checkpoint"], value_parser = command_line::seconds)]
    budget: Option<Duration>,
    /// Recipe: that of the paper's text, that of its released code, or the fast one.
    #[arg(long, value_name = "text|code|fast", default_value_t = RecipeName::Code)]
    recipe: RecipeName,
    /// Optimizer: the recipe's Adam, or gradient descent with momentum 0.9, which needs --rate.
    #[arg(long, value_enum, default_value_t = Method::Adam)]
    optimizer: Method,
    /// Constant learning rate, instead of the recipe's schedule.
    #[arg(long, value_name = "RATE", required_if_eq("optimizer", "sgd"))]
    rate: Option<f64>,
    /// Write the weights to this file (safetensors).
    #[arg(long)]
    out: Option<PathBuf>,
    /// Keep a checkpoint in this file, and continue from it if it exists.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Seconds between two checkpoints.
    #[arg(long, default_value = "30", requires = "checkpoint", value_parser = command_line::seconds)]
    checkpoint_every: Duration,
    /// Number of fresh samples that the loss is measured on.
    #[arg(long, default_value_t = 102_400, value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000_000))]
    samples: usize,
    /// Number of steps to leave out of the median times.
    #[arg(long, default_value_t = 0)]
    warmup: usize,
    /// Print one JSON object on the last line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    Adam,
    Sgd,
}

impl Arguments {
    /// Returns the recipe, for `steps` steps if they are given.
    fn recipe(&self, shape: Shape, steps: Option<u64>) -> Result<Recipe, Box<dyn Error>> {
        let mut recipe = self.recipe.recipe(shape, steps)?;
        if let Method::Sgd = self.optimizer {
            recipe.optimizer = OptimizerConfig::Sgd(SgdConfig { momentum: 0.9, ..SgdConfig::default() });
        }
        if let Some(rate) = self.rate {
            recipe.schedule = Schedule::constant(rate)?;
        }
        recipe.importance = self.importance.list(shape.features())?;
        Ok(recipe)
    }
}

/// Returns the number of steps that fit into `budget`, by the median time of steps 20 … 39; at
/// least 1.
fn affordable(
    arguments: &Arguments,
    shape: Shape,
    law: &LawSpec,
    budget: Duration,
) -> Result<u64, Box<dyn Error>> {
    let recipe = arguments.recipe(shape, Some(40))?;
    let model = recipe.initial_model::<f32>(shape, arguments.seed)?;
    let mut trainer = Trainer::on_fresh_batches(model, law.build()?, &recipe, arguments.seed)?;
    let mut times = Vec::new();
    for _ in 0..40 {
        let start = Instant::now();
        trainer.step()?;
        times.push(start.elapsed().as_secs_f64());
    }
    let late = &mut times[20..];
    late.sort_by(f64::total_cmp);
    Ok(((budget.as_secs_f64() / late[late.len() / 2]) as u64).max(1))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let (features, hidden) = (arguments.features, arguments.hidden);
    let shape = Shape::new(features, hidden)?;
    // The outputs are tested before hours of training.
    for path in arguments.out.iter().chain(&arguments.checkpoint) {
        check_writable(path)?;
    }
    let law = arguments.law.spec(features, None)?;
    let ratio = command_line::ratio(features, hidden)?;
    let theory = match law.paper_probability() {
        Some(p) => Some((p, theory::optimum_at_ratio(p, ratio)?.loss, theory::linear_loss(p, ratio)?)),
        None => None,
    };
    let steps = match arguments.budget {
        Some(budget) => Some(affordable(arguments, shape, &law, budget)?),
        None => arguments.steps,
    };
    let recipe = arguments.recipe(shape, steps)?;
    let model = recipe.initial_model::<f32>(shape, arguments.seed)?;
    let mut trainer = Trainer::on_fresh_batches(model, law.build()?, &recipe, arguments.seed)?;
    if let Some(path) = &arguments.checkpoint
        && trainer.resume(path)?
    {
        note!("resumed after step {} from {}", trainer.steps(), path.display());
    }

    let run = Run {
        checkpoint: arguments.checkpoint.clone(),
        every: arguments.checkpoint_every,
        interrupt: Some(command_line::interrupt()?),
        ..Run::default()
    };
    let bar = bar::bar("training", recipe.most_steps());
    let (start, mut last) = (Instant::now(), Instant::now());
    let mut times = Times { warmup: arguments.warmup, steps: Vec::new(), stages: BTreeMap::new() };
    let ended = trainer.run(&run, |trainer, step| {
        bar::advance(&bar, step);
        times.add(last.elapsed(), trainer.stages());
        last = Instant::now();
    })?;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    if ended == Ended::Interrupted {
        return Err(format!("interrupted after step {}", trainer.steps()).into());
    }

    let fresh = Stream::Evaluation.samples(arguments.seed, 0..arguments.samples as u64);
    let loss = sampled_loss(trainer.model(), &law.build()?, fresh)?;
    let weighted = match &recipe.importance {
        None => None,
        Some(importance) => {
            let importance = importance.iter().map(|&iota| iota as f32);
            let mut loss = MinibatchLoss::with_importance(&DVector::from_iterator(features, importance))?;
            Some(loss.sampled(trainer.model(), &law.build()?, fresh)?)
        }
    };
    let steps = trainer.steps();
    let (median, stages) = times.medians();
    if median.is_none() && arguments.warmup > 0 {
        note!("no times: --warmup {} leaves none of the steps of this run", arguments.warmup);
    }
    if arguments.json {
        let mut object = json!({
            "features": features, "hidden": hidden, "law": law, "seed": arguments.seed,
            "steps": steps, "ended": ended.to_string(), "seconds": seconds, "milliseconds_per_step": median, "stages": stages,
            "loss": loss.mean(), "loss_standard_error": loss.standard_error(),
        });
        if let Some(weighted) = &weighted {
            object["importance"] = json!(recipe.importance);
            object["weighted_loss"] = json!(weighted.mean());
            object["weighted_loss_standard_error"] = json!(weighted.standard_error());
        }
        if let Some((p, optimum, linear)) = theory {
            for (key, value) in [("probability", p), ("theory_loss", optimum), ("linear_loss", linear)] {
                object[key] = json!(value);
            }
        }
        say!("{object}");
    } else {
        say!(
            "steps            {steps} in {seconds:.1} s ({ended}), median {}",
            median.map_or("unknown".into(), |ms| format!("{ms:.3} ms"))
        );
        say!("loss per feature {:.6e} ± {:.1e}", loss.mean(), loss.standard_error());
        if let Some(weighted) = &weighted {
            say!("weighted loss    {:.6e} ± {:.1e}", weighted.mean(), weighted.standard_error());
        }
        if let Some((p, optimum, _)) = theory {
            say!("loss/p           {:.5} ± {:.5}", loss.mean() / p, loss.standard_error() / p);
            say!("theory loss/p    {:.5} (Gaussian interference, symmetric optimum)", optimum / p);
        }
    }
    if let Some(path) = &arguments.out {
        let mut weights = Weights::new(trainer.into_model());
        for (key, value) in [
            (LawSpec::METADATA_KEY, law.to_string()),
            ("seed", arguments.seed.to_string()),
            ("steps", steps.to_string()),
            ("n_sparse", features.to_string()),
            ("n_dense", hidden.to_string()),
        ] {
            weights.metadata.insert(key.to_owned(), value);
        }
        if let Some(importance) = &recipe.importance {
            weights.metadata.insert("importance".to_owned(), json!(importance).to_string());
        }
        if let Some((p, ..)) = theory {
            weights.metadata.insert("p".to_owned(), p.to_string());
        }
        weights.save(path, Names::Own)?;
    }
    Ok(())
}

/// Milliseconds of each step after the first `warmup`, in total and by stage.
struct Times {
    warmup: usize,
    steps: Vec<f64>,
    stages: BTreeMap<&'static str, Vec<f64>>,
}

impl Times {
    fn add(&mut self, step: Duration, stages: Vec<(&'static str, Duration)>) {
        if self.warmup > 0 {
            self.warmup -= 1;
            return;
        }
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        self.steps.push(milliseconds(step));
        for (name, time) in stages {
            self.stages.entry(name).or_default().push(milliseconds(time));
        }
    }

    /// Returns the medians; none without steps. Stages that most steps do not have are left out,
    /// since a step is computed in one of two ways, depending on its number of samples.
    fn medians(&self) -> (Option<f64>, serde_json::Map<String, serde_json::Value>) {
        let median = |times: &[f64]| {
            let mut times = times.to_vec();
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied()
        };
        let stages = self.stages.iter().filter(|(_, times)| 2 * times.len() > self.steps.len());
        let stages = stages.map(|(name, times)| (name.replace(' ', "_"), json!(median(times))));
        (median(&self.steps), stages.collect())
    }
}

fn main() -> ExitCode {
    command_line::start(run)
}
