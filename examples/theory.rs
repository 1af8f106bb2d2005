//! The symmetric optimum in closed form, at one probability and one ratio.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use command_line::say;
use serde_json::json;
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
    let rows = [
        ("probability", p, "p"),
        ("ratio", r, "r = n_d/n_s"),
        ("sigma", optimum.sigma, "interference σ at the Welch bound (eq. 6)"),
        ("a", optimum.a, "diagonal of W"),
        ("b", optimum.effective_bias, "bias b in ReLU(a(x + ν) + b), ν of mean 0"),
        ("loss", optimum.loss, "per feature"),
        ("loss_on", optimum.loss_on, "while the feature is on"),
        ("loss_off", optimum.loss_off, "while it is off"),
        ("linear_loss", theory::linear_loss(p, r)?, "optimal linear model"),
        ("initial_loss", theory::initial_loss(p)?, "best constant (ratio 0)"),
        ("bayes_loss", others.bayes, "best decoder of the same interference, E[x|x + ν]"),
        ("threshold_loss", others.threshold, "best JumpReLU of the same interference"),
        ("envelope_loss", mixture.loss, "best mixture of models (features dropped or kept apart)"),
        ("dropped_fraction", mixture.dropped_fraction, "features that this mixture drops"),
    ];
    if arguments.json {
        let object: serde_json::Map<_, _> =
            rows.iter().map(|(key, value, _)| ((*key).to_owned(), json!(value))).collect();
        say!("{}", serde_json::Value::Object(object));
    } else {
        for (key, value, meaning) in rows {
            say!("{key:<18}{value:>24.15e}  {meaning}");
        }
        say!("{:<18}{:>24?}", "regime", optimum.regime);
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
