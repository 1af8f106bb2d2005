//! Recovery of sparse features from `y = A x` by more than one layer.

mod figure;
mod map;
mod problem;
mod weights;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use command_line::law;
use command_line::table::{line, print};
use problem::{Name, Problem};
use serde_json::json;
use toy_superposition::recovery::{Evolution, Sign, SparsePrior, donoho_tanner, threshold};

/// Recovers n_s sparse features from n_d hidden numbers with iterative decoders, and prints the
/// loss, as measured and by state evolution.
///
/// There is no noise in y = A x, and x has independent features that are on with probability p. The
/// paper's model decodes with one linear map and one ReLU; OAMP (oamp) is a network of many layers,
/// the first of which is the best decoder with a single layer if the interference is Gaussian and
/// alike for all features. Losses are per feature. A sample counts as recovered if its error is at
/// most a thousandth of its norm. Decoders that need the number of features that are on (cosamp,
/// iht, htp) get the largest number in any sample, at most n_d.
///
/// With --weights the encoder is that of a trained model, and every decoder is tried on it. With
/// --threshold only the ratios n_d/n_s above which recovery is exact are printed. With --map a
/// table and two figures are measured over (p, n_d/n_s).
#[derive(Parser)]
struct Arguments {
    /// Number of features n_s; a power of two for a rug.
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 24))]
    features: Option<usize>,
    /// Number of hidden dimensions n_d, at most n_s.
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1 << 24))]
    hidden: Option<usize>,
    #[command(flatten)]
    law: law::LawArguments,
    /// Decoder to use.
    #[arg(long, value_enum, default_value = "oamp")]
    decoder: Name,
    /// Encoder A: rug (random rows of a Hadamard matrix), gaussian (independent entries), haar (a
    /// random subspace), or a weight file.
    #[arg(long, default_value = "rug", value_name = "rug|gaussian|haar|FILE")]
    operator: String,
    /// Number of samples to recover [default: 16; with --weights up to 512, fewer for more features].
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    samples: Option<usize>,
    /// Greatest number of layers or iterations [default: depends on the decoder].
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    iterations: Option<usize>,
    /// Seed of A and of the samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Try every decoder on the encoder of this weight file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["features", "hidden", "operator", "threshold", "map", "decoder", "out"])]
    weights: Option<PathBuf>,
    /// Print the least ratios at which recovery is exact for n_s → ∞, and nothing else.
    #[arg(long, conflicts_with_all = ["features", "hidden", "map", "decoder", "out"])]
    threshold: bool,
    /// Measure layers and phases over (p, n_d/n_s), and write map.csv and the figures layers and
    /// phases (PNG and SVG) into this folder. Layers are measured for --features [default: 8192],
    /// phases for that number and an eighth of it.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["probability", "law", "hidden"])]
    map: Option<PathBuf>,
    /// Draw the loss of each layer into this file (PNG, and SVG beside it).
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Number of layers whose state evolution is printed.
const LAYERS: usize = 8;

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(path) = &arguments.out {
        toy_superposition::figures::check_writable(path.with_extension(""))?;
    }
    if let Some(folder) = &arguments.map {
        return map::run(arguments, folder);
    }
    if arguments.threshold {
        let prior = SparsePrior::of_law(&arguments.law.spec(1, None)?.build()?)?;
        let limit = threshold(&prior);
        let on = prior.probability();
        print(
            arguments.json,
            &[
                line("probability", on, "p"),
                line("delta_star", limit.ratio, "n_d/n_s above which AMP and OAMP recover exactly"),
                line("tau_star", limit.noise, "noise at which they stick just below it"),
                line(
                    "donoho_tanner",
                    donoho_tanner(on, Sign::Nonnegative)?,
                    "n_d/n_s above which nonnegative l1 does (DT⁺)",
                ),
            ],
        );
        return Ok(());
    }
    if let Some(path) = &arguments.weights {
        return weights::run(arguments, path);
    }
    let problem = Problem::new(arguments)?;
    let found = problem.measure(arguments.decoder, arguments.iterations)?;
    let (p, r) = (problem.prior.probability(), problem.ratio());
    let evolution = match arguments.decoder {
        Name::Amp => Evolution::Independent,
        _ => Evolution::Orthogonal,
    };
    let evolution_of = match arguments.decoder {
        Name::Amp => "loss/p of layers 1, 2, … of amp for n_s → ∞, independent entries and features",
        _ => "loss/p of layers 1, 2, … of oamp for n_s → ∞ and independent features",
    };
    let losses = evolution.losses(&problem.prior, r, LAYERS)?;
    let losses: Vec<f64> = losses.iter().map(|loss| loss / p).collect();
    let limit = match arguments.decoder {
        Name::L1 => toy_superposition::recovery::l1_loss(&problem.prior, r)?,
        _ => evolution.limit(&problem.prior, r)?,
    };
    let layers = losses.iter().map(|loss| format!("{loss:.4e}")).collect::<Vec<_>>().join(", ");
    let stopped = found.stopped.iter().map(|(why, samples)| format!("{why}: {samples}"));
    let stopped = stopped.collect::<Vec<_>>().join(", ");
    print(
        arguments.json,
        &[
            line("features", problem.x.nrows(), "n_s"),
            line("hidden", problem.y.nrows(), "n_d"),
            line("probability", p, "p"),
            line("decoder", found.name.to_string(), "its name"),
            line("loss", found.loss, "mean squared error per feature"),
            line("loss_over_p", found.loss / p, "the same over p"),
            line("standard_error", found.standard_error, "of the loss"),
            line("iterations", found.iterations, "mean over the samples"),
            line(
                "success_fraction",
                found.success,
                "samples with an error of at most a thousandth of their norm",
            ),
            line("stopped", json!(found.stopped), "number of samples by why their decoder stopped")
                .shown(stopped),
            line("state_evolution", json!(losses), evolution_of).shown(layers),
            line("limit_over_p", limit / p, "loss/p after infinitely many of those layers; of l1, its own"),
            line("seconds", found.seconds, "for decoding"),
        ],
    );
    match &arguments.out {
        Some(path) => figure::layers(&problem, &found, limit / p, &path.with_extension("")),
        None => Ok(()),
    }
}

impl Arguments {
    /// Returns the number of samples without --weights.
    fn samples(&self) -> usize {
        self.samples.unwrap_or(16)
    }
}

fn main() -> ExitCode {
    command_line::start(run)
}
