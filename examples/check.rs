//! Any weights against the theory.

mod command_line;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use toy_superposition::data::Features;
use toy_superposition::model::{Weights, sampled_loss};
use toy_superposition::theory;

/// Measures the weights of a safetensors file, trained here or elsewhere, against the theory.
///
/// Reads the names encoder, decoder, bias, or those of the paper's released code (initial_layer.weight,
/// final_layer.weight, final_layer.bias). Losses are per feature.
#[derive(Parser)]
struct Arguments {
    /// The weight file.
    weights: PathBuf,
    /// Probability p that a feature is on.
    #[arg(long)]
    probability: f64,
    /// Seed of the fresh samples.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Fresh samples to measure the loss on.
    #[arg(long, default_value_t = 102_400)]
    samples: usize,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let p = arguments.probability;
    let model = Weights::<f32>::load(&arguments.weights)?.model;
    let data = Features::paper(model.features(), p)?;
    let sampled = sampled_loss(&model, &data, arguments.seed, 0, arguments.samples)?;
    let check = theory::check(&model, p)?;
    let statistics = &check.statistics;
    let rows = [
        ("features", json!(model.features()), "n_s"),
        ("hidden", json!(model.hidden()), "n_d"),
        ("probability", json!(p), "p"),
        ("diagonal_mean", json!(statistics.diagonal.mean), "mean of W_ii"),
        ("diagonal_variance", json!(statistics.diagonal.variance), "their variance (Fig. 4)"),
        ("bias_mean", json!(statistics.bias.mean), "mean of b_i, raw"),
        ("bias_variance", json!(statistics.bias.variance), "their variance (Fig. 5)"),
        ("effective_bias_mean", json!(statistics.effective_bias.mean), "mean of b_i + Σ_j≠i W_ij E x_j"),
        ("sigma_mean", json!(statistics.sigma.mean), "mean of the std of ν_i"),
        ("dropped", json!(statistics.dropped), "features with W_ii ≤ 1 % of the largest; they have no σ"),
        ("lyapunov", json!(statistics.lyapunov_max), "Λ, worst row (eq. 3, Fig. 7)"),
        ("delta_variance", json!(statistics.sigma_squared.variance), "Δvar(ν) (Fig. 6)"),
        ("gaussian_loss", json!(check.gaussian_loss), "predicted from its own rows, Gaussian interference"),
        ("sampled_loss", json!(sampled.mean()), "measured on fresh samples"),
        ("sampled_standard_error", json!(sampled.standard_error()), "of that"),
        ("optimum_loss", json!(check.optimum.loss), "symmetric optimum at this n_d/n_s"),
    ];
    if arguments.json {
        let object: serde_json::Map<_, _> =
            rows.into_iter().map(|(key, value, _)| (key.to_owned(), value)).collect();
        println!("{}", Value::Object(object));
    } else {
        for (key, value, meaning) in rows {
            println!("{key:<24}{:>24}  {meaning}", value.to_string());
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::finish(run(&Arguments::parse()))
}
