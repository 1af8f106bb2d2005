//! Minimisation of the loss itself, without samples: the mean-field loss, or the exact loss of a
//! small model.

mod curve;
mod start;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use command_line::{importance, law, note, say};
use serde_json::json;
use toy_superposition::data::{LawSpec, Moments, Stream};
use toy_superposition::figures;
use toy_superposition::files::check_writable;
use toy_superposition::model::{
    Activation, Autoencoder, Initialisation, Names, Objective, Shape, Weights, check_memory,
};
use toy_superposition::optim::{Lbfgs, LbfgsConfig, StopReason};
use toy_superposition::rug::PersianRug;
use toy_superposition::theory::{self, Envelope, ExactObjective, Feature, MeanField, Product, Statistics};
use toy_superposition::train::{Ended, Recipe, Run, Task, Trainer, descend, initial_model};

use crate::start::Start;

/// Minimises the expected loss over all weights, in double precision and without samples.
///
/// The mean-field loss assumes Gaussian interference; its minimum is known in closed form. The
/// exact loss, for up to 256 features, makes no such assumption, and accepts other laws of the
/// features (--law). The same arguments give the same weights to the bit.
#[derive(Parser)]
struct Arguments {
    /// Number of features n_s.
    #[arg(long)]
    features: usize,
    /// Number of hidden dimensions n_d.
    #[arg(long)]
    hidden: usize,
    /// The law of the features; other laws than the paper's are for --objective exact.
    #[command(flatten)]
    law: law::LawArguments,
    #[command(flatten)]
    importance: importance::ImportanceArguments,
    /// Seed of the initial weights, or of the noise added to the starting point.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Loss to minimise.
    #[arg(long, value_enum, default_value_t = Which::MeanField)]
    objective: Which,
    /// Number of steps of Adam.
    #[arg(long, default_value_t = 520)]
    steps: u64,
    /// Initial learning rate of Adam, which falls to 0 along half a cosine.
    #[arg(long, default_value_t = RATE)]
    rate: f64,
    /// Number of iterations of L-BFGS after the last step of Adam; with --steps 0, from the initial
    /// weights.
    #[arg(long, default_value_t = 0)]
    polish: u64,
    /// Stop the mean-field descent once the loss is within this relative distance of the least loss
    /// in closed form, which is that of the symmetric optimum or, where some features are better
    /// dropped, of the envelope.
    #[arg(long, default_value_t = TOLERANCE, value_parser = |text: &str| command_line::number(text, 0.0..=1e300))]
    tolerance: f64,
    /// Start from the weights in this file (safetensors) instead of random ones, or from a design
    /// of this shape at its best gain and bias: from the catalogue, from the atlas, or `atlas`, the
    /// best direct sum. The beginning of a name suffices, as in design:rug. Adam and L-BFGS on the
    /// weights cannot reach the lengths in a hierarchy; use `atlas --descend` for those.
    #[arg(long, value_name = "design:NAME|FILE")]
    start: Option<Start>,
    /// Noise added to each initial weight, drawn with the seed, in units of the root mean square of
    /// the encoder. A symmetric design is a stationary point, which a noise of 0.01 leaves.
    #[arg(long, default_value_t = 0.0, requires = "start", value_parser = |text: &str| command_line::number(text, 0.0..=1e300))]
    noise: f64,
    /// Write the weights to this file (safetensors).
    #[arg(long)]
    out: Option<std::path::PathBuf>,
    /// Draw the loss during the descent into CURVE.png and CURVE.svg; for the paper's law only.
    #[arg(long)]
    curve: Option<std::path::PathBuf>,
    /// Print one JSON object on the last line.
    #[arg(long)]
    json: bool,
}

const RATE: f64 = 0.004;
const TOLERANCE: f64 = 1e-10;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Which {
    MeanField,
    Exact,
}

/// The end of a descent, the number of evaluations of the gradient, and why it ended.
struct Descent {
    model: Autoencoder<f64>,
    steps: u64,
    ended: String,
    /// Losses of all evaluations, Adam's first, and the number of Adam's.
    losses: Vec<f64>,
    adam: usize,
}

/// Descends until the loss is at most `goal`, if one is given.
fn minimise<O: Objective<Autoencoder<f64>> + Send + Clone>(
    arguments: &Arguments,
    law: &LawSpec,
    objective: O,
    goal: Option<f64>,
) -> Result<Descent, Box<dyn Error>> {
    let losses = curve::Losses::default();
    let mut objective = curve::Recorded { objective, losses: losses.clone() };
    let recorded = || losses.lock().map(|losses| losses.clone()).unwrap_or_default();
    let shape = Shape::new(arguments.features, arguments.hidden)?;
    let mut model = match &arguments.start {
        Some(start) => {
            let model = start.model(law, arguments.features, arguments.hidden)?;
            start::disturbed(model, arguments.noise, arguments.seed)
        }
        None => initial_model::<f64>(shape, Initialisation::PyTorch, Activation::Relu, arguments.seed)?,
    };
    if model.shape() != shape {
        let size = |shape: Shape| format!("{} features in {} dimensions", shape.features(), shape.hidden());
        return Err(format!("the weights have {}, not {}", size(model.shape()), size(shape)).into());
    }
    let (mut steps, mut ended) = (0, Ended::Stopped(StopReason::Steps).to_string());
    if arguments.steps > 0 {
        let recipe = Recipe::without_samples(arguments.rate, arguments.steps)?;
        let name = match arguments.objective {
            Which::MeanField => "mean field",
            Which::Exact => "exact loss",
        };
        let task = Task::new(name, law.clone());
        let mut trainer = Trainer::new(model, objective.clone(), &recipe, task)?;
        ended = trainer.run(&Run { goal, ..Run::default() }, |_, _| {})?.to_string();
        steps = trainer.steps();
        model = trainer.into_model();
    }
    let adam = recorded().len();
    if arguments.polish > 0 {
        let config = LbfgsConfig {
            max_iterations: arguments.polish,
            gradient_tolerance: 0.0,
            ..LbfgsConfig::default()
        };
        let minimum = descend(&mut model, &mut objective, &Lbfgs::new(config)?)?;
        steps += minimum.evaluations;
        ended = format!("{}, largest slope {:.1e}", minimum.outcome, minimum.gradient);
    }
    Ok(Descent { model, steps, ended, losses: recorded(), adam })
}

/// Returns the mean and the least exact loss of ten random rugs, with gain and bias from the
/// theory. All rows of a rug are alike.
fn rugs(arguments: &Arguments, p: f64, optimum: &theory::Optimum) -> Result<(f64, f64), Box<dyn Error>> {
    let loss = |draw| -> Result<f64, Box<dyn Error>> {
        let rug = PersianRug::random(arguments.features, arguments.hidden, &mut Stream::Draws.rng(0, draw))?;
        let bias = rug.raw_bias(optimum.a, optimum.effective_bias, &Moments::uniform(p)?);
        Ok(theory::exact_model_loss(&rug.to_autoencoder::<f64>(optimum.a, bias)?, &[0], p)?.loss)
    };
    let losses = (0..10).map(loss).collect::<Result<Vec<_>, _>>()?;
    Ok((losses.iter().sum::<f64>() / 10.0, losses.into_iter().fold(f64::INFINITY, f64::min)))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let &Arguments { features, hidden, .. } = arguments;
    if let Some(path) = &arguments.out {
        check_writable(path)?;
    }
    if let Some(stem) = &arguments.curve {
        figures::check_writable(stem)?;
    }
    check_memory("the product of the weights", 8 * (features as u128).pow(2))?;
    if arguments.steps == 0 && arguments.rate != RATE {
        return Err("--rate is for Adam, which takes no steps".into());
    }
    if arguments.seed != 0 && arguments.start.is_some() && arguments.noise == 0.0 {
        return Err("--seed draws nothing: --start is without --noise".into());
    }
    if arguments.tolerance != TOLERANCE && (arguments.steps == 0 || arguments.objective == Which::Exact) {
        return Err("--tolerance is for Adam's descent of the mean-field loss".into());
    }
    let law = arguments.law.spec(features, None)?;
    if let Some(importance) = arguments.importance.list(features)? {
        return weighted(arguments, &law, importance);
    }
    let Some(p) = law.paper_probability() else { return other_law(arguments, &law) };
    let ratio = command_line::ratio(features, hidden)?;
    let optimum = theory::optimum_at_ratio(p, ratio)?;
    let mixture = theory::envelope(p, ratio)?;
    let feature = Feature::uniform(p)?;
    let start = Instant::now();
    let Descent { model, steps, ended, losses, adam } = match arguments.objective {
        Which::MeanField => {
            let goal = mixture.loss * (1.0 + arguments.tolerance);
            minimise(arguments, &law, MeanField::new(feature), Some(goal))?
        }
        Which::Exact if features <= MOST => minimise(arguments, &law, ExactObjective::new(p)?, None)?,
        Which::Exact => return Err(too_many(features)),
    };
    let seconds = start.elapsed().as_secs_f64();

    let mean_field = MeanField::new(feature).loss(&model)?;
    let rows: Vec<usize> = (0..features).step_by(features.div_ceil(1024)).collect();
    let exact = theory::exact_model_loss(&model, &rows, p)?.loss;
    let loss = if arguments.objective == Which::Exact { exact } else { mean_field };
    // At a ratio of 1 the optimum has no loss, and no gap is relative to it.
    let gap = Some(loss / optimum.loss - 1.0).filter(|gap| gap.is_finite());
    let statistics = Statistics::of_model(&model, &vec![feature.moments(); features])?;
    let welch = theory::welch_sigma(p, ratio)?;
    let rugs = (arguments.objective == Which::Exact && features.is_power_of_two())
        .then(|| rugs(arguments, p, &optimum))
        .transpose()?;

    if arguments.json {
        let mut object = json!({
            "features": features, "hidden": hidden, "probability": p, "seed": arguments.seed,
            "steps": steps, "ended": ended, "seconds": seconds, "loss": loss, "optimum_loss": optimum.loss,
            "sigma_mean": statistics.sigma.mean, "welch_sigma": welch, "exact_loss": exact,
            "mean_field_loss": mean_field, "envelope_loss": mixture.loss, "dropped": statistics.dropped,
            "envelope_dropped": mixture.dropped_fraction * features as f64,
            "rug_loss": rugs.map(|rugs| rugs.0), "rug_best": rugs.map(|rugs| rugs.1),
        });
        if let Some(gap) = gap {
            object["relative_gap"] = json!(gap);
        }
        say!("{object}");
    } else {
        say!("steps            {steps} in {seconds:.2} s ({ended})");
        say!("loss/p           {:.10}", loss / p);
        let relative = gap.map_or(String::new(), |gap| format!("; relative gap {gap:.2e}"));
        say!("optimum/p        {:.10} (Gaussian, all features alike{relative})", optimum.loss / p);
        say!("envelope/p       {:.10} (the best mixture)", mixture.loss / p);
        say!("exact loss/p     {:.10}", exact / p);
        say!("mean-field/p     {:.10}", mean_field / p);
        if let Some((mean, best)) = rugs {
            say!("rug/p            {:.10} (exact, mean of ten; the best {:.10})", mean / p, best / p);
        }
        say!("sigma            {:.8} (Welch bound {welch:.8})", statistics.sigma.mean);
    }
    let far = gap
        .filter(|gap| arguments.objective == Which::MeanField && gap.abs() > arguments.tolerance.max(1e-9));
    if let Some(gap) = far {
        let side = if gap < 0.0 { "below" } else { "above" };
        note!(
            "settled elsewhere: {:.2e} {side} the symmetric optimum, {:+.2e} from the envelope; {} of {features} \
             features dropped (the best mixture drops {:.1})",
            gap.abs(),
            loss / mixture.loss - 1.0,
            statistics.dropped,
            mixture.dropped_fraction * features as f64,
        );
    }
    save(arguments, &law, None, model)?;
    if let Some(stem) = &arguments.curve {
        let objective = if arguments.objective == Which::Exact { "exact" } else { "mean-field" };
        let start = arguments
            .start
            .as_ref()
            .map_or(format!("seed {}", arguments.seed), |start| format!("from {start}"));
        let caption = format!(
            "Descent of the {objective} loss: $n_s = {features}$, $n_d = {hidden}$, $p = {p}$, {start}, {seconds:.0} s."
        );
        let written = curve::draw(stem, &losses, adam, p, optimum.loss, &caption)?;
        note!("wrote {} and {}", written.png.display(), written.svg.display());
    }
    Ok(())
}

/// Writes the weights to the file given by the arguments, with the law that they were found for.
fn save(
    arguments: &Arguments,
    law: &LawSpec,
    importance: Option<&[f64]>,
    model: Autoencoder<f64>,
) -> Result<(), Box<dyn Error>> {
    if let Some(path) = &arguments.out {
        let mut weights = Weights::new(model);
        weights.metadata.insert(LawSpec::METADATA_KEY.to_owned(), law.to_string());
        if let Some(importance) = importance {
            weights.metadata.insert("importance".to_owned(), json!(importance).to_string());
        }
        weights.save(path, Names::Own)?;
    }
    Ok(())
}

/// Greatest number of features for a descent of the exact loss.
const MOST: usize = 256;

const FOR_PAPER: &str = "the mean-field loss is for the paper's law; other laws are for --objective exact";

fn too_many(features: usize) -> Box<dyn Error> {
    format!("{features} features: the exact loss is for at most {MOST}").into()
}

/// Minimises the exact loss under another law than the paper's.
fn other_law(arguments: &Arguments, law: &LawSpec) -> Result<(), Box<dyn Error>> {
    let &Arguments { features, hidden, .. } = arguments;
    if arguments.objective == Which::MeanField {
        return Err(FOR_PAPER.into());
    }
    if features > MOST {
        return Err(too_many(features));
    }
    if arguments.curve.is_some() {
        return Err("--curve is for the paper's law".into());
    }
    let data = law.build()?;
    let start = Instant::now();
    let Descent { model, steps, ended, .. } = minimise(arguments, law, ExactObjective::new(&data)?, None)?;
    let seconds = start.elapsed().as_secs_f64();
    let rows: Vec<usize> = (0..features).collect();
    let check = theory::check_law(&model, &data, &rows)?;
    let (exact, sigma) = (check.exact?.loss, check.statistics.sigma.mean);
    let optimum = check.optimum.map(|optimum| optimum.loss);
    if arguments.json {
        let mut object = json!({
            "features": features, "hidden": hidden, "law": law, "seed": arguments.seed, "steps": steps,
            "ended": ended, "seconds": seconds, "loss": exact, "exact_loss": exact,
            "gaussian_loss": check.gaussian_loss, "linear_loss": check.linear_loss,
            "sigma_mean": sigma, "welch_sigma": check.welch_sigma,
        });
        if let Some(optimum) = optimum {
            object["optimum_loss"] = json!(optimum);
        }
        say!("{object}");
    } else {
        say!("steps            {steps} in {seconds:.2} s ({ended})");
        say!("exact loss       {exact:.10}");
        if let Some(gaussian) = check.gaussian_loss {
            say!("Gaussian loss    {gaussian:.10} (its own rows, with the covariance)");
        }
        if let Some(optimum) = optimum {
            say!("optimum          {optimum:.10} (Gaussian, at the least σ that the covariance allows)");
        }
        say!("linear loss      {:.10} (the discarded eigenvalues)", check.linear_loss);
        say!("sigma            {sigma:.8} (bound {:.8})", check.welch_sigma);
    }
    save(arguments, law, None, model)
}

/// Minimises the loss weighted by the importance of each feature, under any law.
fn weighted(arguments: &Arguments, law: &LawSpec, importance: Vec<f64>) -> Result<(), Box<dyn Error>> {
    let &Arguments { features, hidden, .. } = arguments;
    if arguments.tolerance != TOLERANCE || arguments.curve.is_some() {
        return Err("--tolerance and --curve are for features of one importance".into());
    }
    if features > MOST {
        return Err(too_many(features));
    }
    let (data, paper) = (law.build()?, law.paper_probability());
    let start = Instant::now();
    let Descent { model, steps, ended, .. } = match (arguments.objective, paper) {
        (Which::Exact, _) => {
            let objective = ExactObjective::new(&data)?.with_importance(importance.clone())?;
            minimise(arguments, law, objective, None)?
        }
        (Which::MeanField, Some(p)) => {
            let objective = MeanField::new(Feature::uniform(p)?).with_importance(importance.clone())?;
            minimise(arguments, law, objective, None)?
        }
        (Which::MeanField, None) => return Err(FOR_PAPER.into()),
    };
    let seconds = start.elapsed().as_secs_f64();
    let exact = ExactObjective::new(&data)?.with_importance(importance.clone())?.loss(&model)?;
    // Each feature's share of the dimensions for Gaussian interference.
    let shares = match paper {
        Some(p) => Some(Envelope::new(Feature::uniform(p)?)?.allocate(&importance, hidden)?),
        None => None,
    };
    let statistics = Statistics::under_law(&Product::of_model(&model)?, hidden, &data)?;
    if arguments.json {
        let mut object = json!({
            "features": features, "hidden": hidden, "law": law, "seed": arguments.seed, "steps": steps,
            "ended": ended, "seconds": seconds, "importance": importance, "weighted_loss": exact,
            "dropped": statistics.dropped,
        });
        if let Some(shares) = &shares {
            object["weighted_optimum"] = json!(shares.loss);
            object["ratios"] = json!(shares.ratios);
        }
        say!("{object}");
    } else {
        say!("steps            {steps} in {seconds:.2} s ({ended})");
        say!("weighted loss    {exact:.10} (exact, mean of the importance times the loss)");
        if let Some(shares) = &shares {
            say!("optimum          {:.10} (Gaussian, the dimensions shared out at their best)", shares.loss);
        }
        say!("dropped          {} of {features}", statistics.dropped);
    }
    save(arguments, law, Some(&importance), model)
}

fn main() -> ExitCode {
    command_line::start(run)
}
