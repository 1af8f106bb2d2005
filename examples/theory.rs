//! The symmetric optimum in closed form, at one probability and one ratio.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use command_line::table::{line, print};
use toy_superposition::theory;

/// The best symmetric weights at one (p, n_d/n_s), from closed forms: nothing is sampled or
/// trained.
///
/// The output is ReLU(a(x + ν) + b), where the interference ν is Gaussian with the least standard
/// deviation σ that weights of rank n_d allow. Losses are per feature.
#[derive(Parser)]
struct Arguments {
    /// Probability p that a feature is on, in (0, 1].
    #[arg(long)]
    probability: f64,
    /// Ratio n_d/n_s, in (0, 1].
    #[arg(long)]
    ratio: f64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let (p, r) = (arguments.probability, arguments.ratio);
    let optimum = theory::optimum_at_ratio(p, r)?;
    let others = theory::decoders_at_ratio(p, r)?;
    let mixture = theory::envelope(p, r)?;
    let regime = format!("{:?}", optimum.regime).to_lowercase();
    let lines = [
        line("probability", p, "p"),
        line("ratio", r, "r = n_d/n_s"),
        line("sigma", optimum.sigma, "interference σ at the Welch bound (eq. 6)"),
        line("a", optimum.a, "diagonal of W"),
        line("b", optimum.effective_bias, "bias b in ReLU(a(x + ν) + b), ν of mean 0"),
        line("loss", optimum.loss, "per feature"),
        line("loss_on", optimum.loss_on, "while the feature is on"),
        line("loss_off", optimum.loss_off, "while it is off"),
        line("linear_loss", theory::linear_loss(p, r)?, "optimal linear model"),
        line("initial_loss", theory::initial_loss(p)?, "best constant (ratio 0)"),
        line("bayes_loss", others.bayes, "best decoder of the same interference, E[x|x + ν]"),
        line("threshold_loss", others.threshold, "best JumpReLU of the same interference"),
        line("envelope_loss", mixture.loss, "best mixture of models (features dropped or kept apart)"),
        line("dropped_fraction", mixture.dropped_fraction, "features that this mixture drops"),
        line(
            "regime",
            regime,
            "rectified; or off or linear, if hardly better than the best constant or linear output",
        ),
    ];
    print(arguments.json, &lines);
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
