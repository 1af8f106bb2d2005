//! Trains a network that computes a function of features in superposition, or repeats an experiment
//! with such networks.

mod absolute;
mod conjunction;
mod depth;
mod experiment;
mod labels;
mod noise;
mod one;
mod probes;
mod residual;
mod setting;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use command_line::{importance, law};

/// Trains a network on fresh samples to compute --target of features in superposition, in single
/// precision, and measures it on other samples.
///
/// The n_s features x are embedded in n_d dimensions; layers of ReLU neurons follow, and a
/// read-out. Losses are means over samples and outputs. The same arguments give the same weights to
/// the bit, on any number of threads. --experiment repeats one of the experiments of
/// docs/computation.md instead, over several seeds.
#[derive(Parser)]
struct Arguments {
    /// Function to compute: identity, relu, abs, identity+relu or tent of each feature, applied K
    /// times for NAME^K; or and, product or parity of groups of features.
    #[arg(long, default_value = "relu", value_name = "NAME[^K]")]
    target: String,
    /// Number of features in each group, for and, product and parity.
    #[arg(long, default_value_t = 2)]
    group: usize,
    /// Number of random groups [default: all pairs].
    #[arg(long)]
    groups: Option<usize>,
    /// Number of features n_s.
    #[arg(long, default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 20))]
    features: usize,
    /// Number of dimensions n_d of the embedding [default: n_s].
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 20))]
    hidden: Option<usize>,
    /// Number of neurons in each layer.
    #[arg(long, default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 20))]
    width: usize,
    /// Number of layers.
    #[arg(long, default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(0..=1000))]
    layers: usize,
    /// Embedding: identity, rug, ovoid, graph, haar or random.
    #[arg(long, default_value = "identity")]
    embedding: String,
    /// Whether each layer adds to the stream of n_d dimensions (which is read by the transposed
    /// embedding if there is one output per feature), or sees only the previous layer.
    #[arg(long, value_enum, default_value_t = StackName::Plain)]
    stack: StackName,
    /// Also learn the embedding, which is initialised with the one named.
    #[arg(long)]
    learn_embedding: bool,
    /// Use no biases in layers and outputs.
    #[arg(long)]
    no_bias: bool,
    /// Apply a ReLU to the outputs.
    #[arg(long)]
    output_relu: bool,
    #[command(flatten)]
    law: law::LawArguments,
    /// Use magnitudes U[−1, 1] instead of U[0, 1], with --probability.
    #[arg(long, requires = "probability")]
    signed: bool,
    #[command(flatten)]
    importance: importance::ImportanceArguments,
    /// Number of training steps.
    #[arg(long)]
    steps: Option<u64>,
    /// Number of samples per step.
    #[arg(long, default_value_t = 2048)]
    batch: usize,
    /// Highest learning rate.
    #[arg(long, default_value_t = 3e-3)]
    rate: f64,
    /// AdamW's weight decay.
    #[arg(long, default_value_t = 0.01)]
    weight_decay: f64,
    /// Seed of the embedding, the weights and the samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of fresh samples that the loss is measured on.
    #[arg(long, default_value_t = 102_400, value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000_000))]
    samples: usize,
    /// Write the weights to this file (safetensors).
    #[arg(long, value_name = "FILE")]
    save_weights: Option<PathBuf>,
    /// Repeat an experiment of docs/computation.md.
    #[arg(long, value_enum, conflicts_with_all = ["target", "features", "hidden", "width", "layers", "embedding", "law", "probability", "group", "groups", "stack", "learn_embedding", "no_bias", "output_relu", "importance", "batch", "rate", "weight_decay", "seed", "samples", "save_weights"])]
    experiment: Option<Experiment>,
    /// Number of seeds of an experiment, from 0; its error bars are standard errors over them.
    #[arg(long, default_value_t = 3, value_parser = RangedU64ValueParser::<u64>::new().range(2..=1000), requires = "experiment")]
    seeds: u64,
    /// Draw the loss of each step, or the experiment's figure, into this file (PNG, and SVG beside
    /// it).
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
    /// Print one JSON object on the last line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StackName {
    Plain,
    Residual,
}

#[derive(Clone, Copy, ValueEnum)]
enum Experiment {
    /// |x| of 3 features by 6 neurons, and of 100 by 40 with importance 0.8^i (Elhage et al. 2022).
    Absolute,
    /// The residual network of Braun et al. (2025).
    Residual,
    /// Labels that contain a linear map (Bhagat et al. 2025).
    Labels,
    /// The AND of all pairs against the width.
    Conjunction,
    /// Linear probes layer by layer against state evolution.
    Probes,
    /// Effects of width, depth, and the depth of the target.
    Depth,
    /// The gain of noise added before a layer.
    Noise,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // The output is tested before minutes of training.
    if let Some(path) = &arguments.out {
        toy_superposition::figures::check_writable(path.with_extension(""))?;
    }
    if let Some(path) = &arguments.save_weights {
        toy_superposition::files::check_writable(path)?;
    }
    match arguments.experiment {
        None => one::run(arguments),
        Some(Experiment::Absolute) => absolute::run(arguments),
        Some(Experiment::Residual) => residual::run(arguments),
        Some(Experiment::Labels) => labels::run(arguments),
        Some(Experiment::Conjunction) => conjunction::run(arguments),
        Some(Experiment::Probes) => probes::run(arguments),
        Some(Experiment::Depth) => depth::run(arguments),
        Some(Experiment::Noise) => noise::run(arguments),
    }
}

fn main() -> ExitCode {
    command_line::start(run)
}
