//! Every decoder on the encoder of a trained model: how much of its loss is due to its decoder.

use std::error::Error;
use std::path::Path;

use clap::ValueEnum;
use command_line::table::{line, print};
use command_line::{note, say};
use serde_json::json;
use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::model::{Weights, sampled_loss};
use toy_superposition::recovery::Dense;

use crate::Arguments;
use crate::problem::{Name, Problem};

pub(crate) fn run(arguments: &Arguments, path: &Path) -> Result<(), Box<dyn Error>> {
    let Weights { model, metadata, .. } = Weights::<f64>::load(path)?;
    let law =
        arguments.law.spec(model.features(), metadata.get(LawSpec::METADATA_KEY).map(String::as_str))?;
    let samples = arguments.samples.unwrap_or((16_384 / model.features()).clamp(16, 512));
    let range = Stream::Evaluation.samples(arguments.seed, 0..samples as u64);
    let own = sampled_loss(&model, &law.build()?, range)?;
    let lengths: Vec<f64> = model.encoder().column_iter().map(|column| column.norm()).collect();
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let short = lengths.iter().filter(|&&length| length <= 0.1 * longest).count();
    if short > 0 {
        note!(
            "note: columns of the encoder with at most a tenth of the length of the longest: {short}. Decoders that do not know \
             how large features are, such as omp and htp, may take noise for those features."
        );
    }
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
        let found = match problem.measure(name, arguments.iterations) {
            Ok(found) => found,
            // Of few dimensions, CoSaMP cannot have as many features as are on.
            Err(error) => {
                note!("note: {name} cannot decode this encoder: {}", command_line::chain(&*error));
                continue;
            }
        };
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
        line("features", model.features(), "n_s"),
        line("hidden", model.hidden(), "n_d"),
        line("probability", p, "p"),
        line("loss", own.mean(), "of the model with its own decoder"),
        line("loss_over_p", own.mean() / p, "the same over p"),
        line("standard_error", own.standard_error(), "of that loss"),
        line("decoders_fault", share, "share of the loss that the best decoder tried does not have"),
    ];
    if arguments.json {
        rows.push(line("decoders", decoders, "each with its loss"));
        print(true, &rows);
        return Ok(());
    }
    print(false, &rows);
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
    say!(
        "\nloss/p is the mean squared error per feature over p, and +- its standard error. recovered is the share of samples\n\
         with an error of at most a thousandth of their norm; iterations are the mean over the samples. One layer is the first of oamp."
    );
    Ok(())
}
