//! The search for a good set, its progress and its checkpoint.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use command_line::note;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use toy_superposition::designs::{Annealing, STAGES, Search, SearchConfig};
use toy_superposition::files::write_atomically;
use toy_superposition::rug::PersianRug;

/// Returns the rug that the search finds. It continues from the checkpoint if there is one, and
/// removes it at the end.
pub(crate) fn search(
    config: SearchConfig,
    checkpoint: Option<&Path>,
    interrupt: &AtomicBool,
) -> Result<PersianRug, Box<dyn Error>> {
    let p = config.probability;
    let mut search = match checkpoint.map(|path| read(path, &config)).transpose()?.flatten() {
        Some(annealings) => Search::resume(config, annealings)?,
        None => Search::new(config)?,
    };
    let bar = ProgressBar::new(STAGES.into());
    if let Ok(style) = ProgressStyle::with_template("search {wide_bar} {pos}/{len} {msg} {eta} left") {
        bar.set_style(style);
    }
    while !search.is_finished() {
        search.advance()?;
        let least = search.annealings().iter().map(|annealing| annealing.loss).fold(f64::INFINITY, f64::min);
        bar.set_position(search.annealings().iter().map(|a| a.stage).min().unwrap_or(0).into());
        bar.set_message(format!("{least:.5} p"));
        if let Some(path) = checkpoint {
            write_atomically(path, text(&search).as_bytes())?;
        }
        if interrupt.load(Ordering::Relaxed) && !search.is_finished() {
            return Err(match checkpoint {
                Some(_) => "interrupted; the same command goes on from here",
                None => "interrupted",
            }
            .into());
        }
    }
    bar.finish_and_clear();
    let found = search.best()?;
    note!(
        "annealing {} of {}: {:.6} p",
        found.restart + 1,
        search.annealings().len(),
        found.optimised.loss / p
    );
    if let Some(path) = checkpoint {
        std::fs::remove_file(path)?;
    }
    Ok(found.rug)
}

/// Returns what two searches must have in common to continue from each other's checkpoints.
fn identity(config: &SearchConfig) -> Value {
    json!({
        "features": config.features, "hidden": config.hidden, "symmetry": config.symmetry,
        "probability": config.probability, "seed": config.seed, "restarts": config.restarts,
        "swaps": config.swaps,
    })
}

fn text(search: &Search) -> String {
    let annealings = search.annealings().iter().map(|annealing| {
        let Annealing { stage, set, best, loss, temperature, gain_and_bias } = annealing;
        json!({
            "stage": stage, "set": set, "best": best, "loss": loss, "temperature": temperature,
            "gain_and_bias": gain_and_bias,
        })
    });
    let annealings: Vec<Value> = annealings.collect();
    json!({ "format": 1, "search": identity(search.config()), "annealings": annealings }).to_string()
}

/// Returns the annealings in a checkpoint, or `None` if there is no such file.
fn read(path: &Path, config: &SearchConfig) -> Result<Option<Vec<Annealing>>, Box<dyn Error>> {
    let refuse = |what: &str| format!("{}: {what}", path.display());
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(&error.to_string()).into()),
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| refuse(&error.to_string()))?;
    if value["format"] != 1 || value["search"] != identity(config) {
        return Err(refuse("the checkpoint of another search").into());
    }
    let annealings = value["annealings"].as_array().map(|list| list.iter().map(annealing).collect());
    let annealings: Option<Option<Vec<Annealing>>> = annealings;
    Ok(Some(annealings.flatten().ok_or_else(|| refuse("not a checkpoint of a search"))?))
}

fn annealing(value: &Value) -> Option<Annealing> {
    let set = |key: &str| -> Option<Vec<usize>> {
        value[key].as_array()?.iter().map(|orbit| orbit.as_u64()?.try_into().ok()).collect()
    };
    Some(Annealing {
        stage: value["stage"].as_u64()?.try_into().ok()?,
        set: set("set")?,
        best: set("best")?,
        loss: value["loss"].as_f64()?,
        temperature: value["temperature"].as_f64()?,
        gain_and_bias: [value["gain_and_bias"][0].as_f64()?, value["gain_and_bias"][1].as_f64()?],
    })
}
