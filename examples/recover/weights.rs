//! Every decoder on the encoder of a trained model: how much of its loss is due to its decoder.

use std::error::Error;
use std::path::Path;

use clap::ValueEnum;
use command_line::say;
use serde_json::json;
use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::model::{Weights, sampled_loss};
use toy_superposition::recovery::Dense;

use crate::problem::{Name, Problem};
use crate::{Arguments, print};

pub(crate) fn run(arguments: &Arguments, path: &Path) -> Result<(), Box<dyn Error>> {
    let Weights { model, metadata, .. } = Weights::<f64>::load(path)?;
    let law =
        arguments.law.spec(model.features(), metadata.get(LawSpec::METADATA_KEY).map(String::as_str))?;
    let samples = arguments.samples.unwrap_or((16_384 / model.features()).clamp(16, 512));
    let range = Stream::Evaluation.samples(arguments.seed, 0..samples as u64);
    let own = sampled_loss(&model, &law.build()?, range)?;
    let operator = Box::new(Dense::new(model.encoder().into_owned())?);
    let description = format!("the encoder of {}", path.display());
    let problem = Problem::of(operator, description, &law, samples, arguments.seed)?;
    let p = problem.prior.probability();
    let first = problem.layers(1)?[0];
    let mut decoders = vec![json!({
        "decoder": "one layer", "loss": first.0, "loss_over_p": first.0 / p, "standard_error": first.1,
    })];
    let mut least = own.mean().min(first.0);
    for &name in Name::value_variants() {
        let found = problem.measure(name, arguments.iterations)?;
        least = least.min(found.loss);
        decoders.push(json!({
            "decoder": name.to_string(),
            "loss": found.loss,
            "loss_over_p": found.loss / p,
            "standard_error": found.standard_error,
            "iterations": found.iterations,
            "success_fraction": found.success,
            "stopped": found.stopped,
            "seconds": found.seconds,
        }));
    }
    let share = 1.0 - least / own.mean();
    let mut rows = vec![
        ("features", json!(model.features()), "n_s"),
        ("hidden", json!(model.hidden()), "n_d"),
        ("probability", json!(p), "p"),
        ("loss", json!(own.mean()), "of the model with its own decoder"),
        ("loss_over_p", json!(own.mean() / p), ""),
        ("standard_error", json!(own.standard_error()), "of that loss"),
        ("decoders_fault", json!(share), "share of the loss that the best decoder tried does not have"),
    ];
    if arguments.json {
        rows.push(("decoders", json!(decoders), ""));
        return print(true, &rows);
    }
    print(false, &rows)?;
    say!("\n{:<12}{:>14}{:>14}{:>12}{:>12}", "decoder", "loss/p", "+-", "recovered", "iterations");
    for decoder in &decoders {
        let of = |key: &str, scale: f64| decoder[key].as_f64().map(|value| value * scale);
        let name = decoder["decoder"].as_str().unwrap_or_default();
        let (loss, error) = (of("loss_over_p", 1.0), of("standard_error", p.recip()));
        let (loss, error) = (loss.unwrap_or(f64::NAN), error.unwrap_or(f64::NAN));
        let or_none = |value: Option<f64>, digits: usize| {
            value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
        };
        let (recovered, iterations) =
            (or_none(of("success_fraction", 1.0), 3), or_none(of("iterations", 1.0), 1));
        say!("{name:<12}{loss:>14.5e}{error:>14.1e}{recovered:>12}{iterations:>12}");
    }
    Ok(())
}
