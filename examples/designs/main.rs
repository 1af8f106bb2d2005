//! The leaderboard of designs: constructed weights at their best settings, beside trained ones.

mod leaderboard;
mod map;
mod trained;
mod under_law;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use command_line::law;
use indicatif::{ProgressBar, ProgressStyle};

/// Every known design at one point (p, n_d/n_s) by its exact loss, or a map of which design is best
/// where.
///
/// Each design has the gain, the bias and, where it helps, the coefficient of the all-ones
/// direction that minimise its exact loss per feature. Nothing is sampled except rows of designs
/// that are not symmetric, whose standard error is given. Losses are compared with the optimum for
/// Gaussian interference at the Welch bound, and with the envelope of its mixtures with dropped and
/// lossless features. Under a law (--law) they are compared with the best affine model, and each
/// output has settings of its own. The same arguments give the same table.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Probability p that a feature is on, in (0, 1].
    #[arg(long, requires = "ratio", required_unless_present_any = ["map", "law"])]
    probability: Option<f64>,
    /// Law of the features instead of a probability, from a TOML file: features, [switches],
    /// [magnitude] (see the README of crates/data; examples/laws has some). The table has each
    /// design with dependent features as neighbours and apart, and the principal components; at
    /// most 1024 features.
    #[arg(
        long,
        value_name = "FILE.toml",
        requires = "ratio",
        conflicts_with_all = ["probability", "features", "map", "train", "steps", "polish"],
    )]
    law: Option<PathBuf>,
    /// Ratio n_d/n_s, in (0, 1].
    #[arg(long, conflicts_with = "map")]
    ratio: Option<f64>,
    /// Number of features n_s; n_d is the ratio times this, rounded.
    #[arg(long, default_value_t = 256, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_048_576))]
    features: usize,
    /// Number of random sets tried for each random design.
    #[arg(long, default_value_t = 8, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    draws: usize,
    /// Greatest size of a block of a direct sum, at most 128.
    #[arg(long, default_value_t = 128, value_parser = RangedU64ValueParser::<usize>::new().range(1..=128))]
    block: usize,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also train models: on minibatches by the recipe of the paper's code, and on the mean-field
    /// loss without samples.
    #[arg(long)]
    train: bool,
    /// Number of minibatch steps, instead of stopping by the recipe's rule.
    #[arg(long, requires = "train")]
    steps: Option<u64>,
    /// Number of iterations of L-BFGS on the exact loss, from the trained weights and from the best
    /// design; at most 256 features.
    #[arg(long, requires = "train")]
    polish: Option<u64>,
    /// Write the best design over (p, r) into this folder: designs.csv and the figures best and
    /// gain (PNG and SVG).
    #[arg(long, conflicts_with_all = ["probability", "train", "json"])]
    map: Option<PathBuf>,
    /// Number of cells of the map along each axis.
    #[arg(long, default_value_t = 16, conflicts_with = "probability")]
    cells: u32,
    /// Print one JSON object instead of a table. At a ratio of 1 the least loss is 0, and relative
    /// losses are omitted.
    #[arg(long)]
    json: bool,
}

type AnyError = Box<dyn Error + Send + Sync>;

/// Returns a progress bar on standard error, which is hidden unless that is a terminal.
pub(crate) fn bar(label: &str, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    bar.set_prefix(label.to_owned());
    bar
}

fn run(arguments: &Arguments) -> Result<(), AnyError> {
    match (arguments.probability, arguments.ratio, &arguments.law, &arguments.map) {
        (_, _, _, Some(folder)) => map::draw(arguments, folder),
        (Some(p), Some(ratio), None, _) => leaderboard::print(arguments, p, ratio),
        (_, Some(ratio), Some(path), _) => under_law::print(arguments, &law::read(path)?, ratio),
        _ => Err("a probability or a law and a ratio, or a map".into()),
    }
}

fn main() -> ExitCode {
    command_line::start(|arguments| run(arguments).map_err(|error| error as Box<dyn Error>))
}
