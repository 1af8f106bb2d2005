//! The atlas of the best known weights: the best at a ratio, and their construction.

mod draw;
mod extend;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use command_line::say;
use serde_json::{Value, json};
use toy_superposition::data::LawSpec;
use toy_superposition::designs::{Atlas, Entry, Store, Trained};
use toy_superposition::figures;
use toy_superposition::files::check_writable;
use toy_superposition::model::{Names, Weights};
use toy_superposition::theory;

/// The best known weights for independent features with one probability, at any ratio.
///
/// The losses of direct sums add up, so mixtures of two blocks reach every loss on the lower convex
/// hull of all known blocks, in the limit of many features. With --features, the best sum of the
/// hull's blocks with that many features is printed.
///
/// The blocks are designs, whose gain and bias are optimised here, and weights that were found by
/// search or by descent of the exact loss, from a file (--store, or the one included in the
/// library). --descend and --add extend such a file; blocks that do not improve on the hull are
/// refused.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Probability p that a feature is on, in (0, 1].
    #[arg(long)]
    probability: f64,
    /// Ratio n_d/n_s, in (0, 1] [default: the whole hull].
    #[arg(long)]
    ratio: Option<f64>,
    /// Number of features n_s of the direct sum; n_d is the ratio times this, rounded.
    #[arg(long, default_value_t = 1000, requires = "ratio", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_048_576))]
    features: usize,
    /// Draw the hull beside the Gaussian optimum and its Bayes bound, the best linear model,
    /// trained models, and the lower bound into FIGURE.png and FIGURE.svg.
    #[arg(long, conflicts_with_all = ["ratio", "descend", "add"])]
    figure: Option<PathBuf>,
    /// Draw the weights R of the block whose name begins with NAME into FIGURE instead.
    #[arg(long, value_name = "NAME", requires = "figure")]
    picture: Option<String>,
    /// Write the weights of the direct sum to this file (safetensors).
    #[arg(long, requires = "ratio")]
    out: Option<PathBuf>,
    /// File of found blocks. With --descend or --add it is created from the library's if it does
    /// not exist.
    #[arg(long)]
    store: Option<PathBuf>,
    /// Descend the exact loss from the blocks near the hull, with this number of iterations of
    /// L-BFGS.
    #[arg(long, requires = "store", conflicts_with = "ratio")]
    descend: Option<u64>,
    /// Descend from random weights of the shape N,D instead; may be given several times.
    #[arg(long, value_name = "N,D", requires = "descend", value_parser = extend::shape_of)]
    shape: Vec<(usize, usize)>,
    /// Number of random weights of each shape.
    #[arg(long, default_value_t = 8, requires = "shape", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    random: u64,
    /// Add the weights in this file.
    #[arg(long, requires = "store", conflicts_with_all = ["ratio", "descend"])]
    add: Option<PathBuf>,
    /// Greatest number of features of a block to descend from.
    #[arg(long, default_value_t = 128)]
    block: usize,
    /// Seed of random weights, and of the small noise with which a descent leaves a symmetric
    /// block.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let p = arguments.probability;
    if let Some(path) = &arguments.out {
        check_writable(path)?;
    }
    if let Some(stem) = &arguments.figure {
        figures::check_writable(stem)?;
    }
    if arguments.descend.is_some() || arguments.add.is_some() {
        let store = extend::extend(arguments, p)?;
        return hull(arguments, &Atlas::with_store(p, &store)?, &store);
    }
    let store = arguments.store.as_deref().map_or_else(Store::builtin, Store::load)?;
    let atlas = Atlas::with_store(p, &store)?;
    if let Some(stem) = &arguments.figure {
        return match &arguments.picture {
            Some(name) => draw::block(&atlas, name, stem),
            None => draw::hull(&atlas, stem),
        };
    }
    let Some(ratio) = arguments.ratio else { return hull(arguments, &atlas, &store) };
    let mixture = atlas.best(ratio)?;
    let optimum = theory::optimum_at_ratio(p, ratio)?;
    let features = arguments.features;
    let hidden = ((ratio * features as f64).round() as usize).clamp(1, features);
    let (sum, blocks) = atlas.sum_and_blocks(features, hidden)?;
    let trained = Trained::builtin()?;
    let trained = Trained::at(&trained, p, ratio);
    if let Some(path) = &arguments.out {
        let mut weights = Weights::new(sum.design.autoencoder(&sum.best.settings)?);
        let law = LawSpec::paper(features, p).to_string();
        weights.metadata.insert(LawSpec::METADATA_KEY.to_owned(), law);
        weights.save(path, Names::Own)?;
    }
    if arguments.json {
        let block = |entry: &Entry, key: &str, share: Value| {
            let design = &entry.design;
            let (features, hidden) = (design.features(), design.hidden());
            json!({ "name": entry.name, "features": features, "hidden": hidden, key: share, "loss": entry.best.loss })
        };
        let limit = mixture.parts.iter().map(|part| block(&part.entry, "share", json!(part.share)));
        let blocks = blocks.iter().map(|(entry, count)| block(entry, "count", json!(count)));
        let mut object = json!({
            "probability": p, "ratio": ratio, "loss": mixture.loss, "gaussian_loss": optimum.loss,
            "mixture": limit.collect::<Vec<_>>(), "blocks": blocks.collect::<Vec<_>>(),
            "sum": { "name": sum.name, "features": features, "hidden": hidden, "loss": sum.best.loss },
        });
        if let Some(trained) = trained {
            object["trained_loss"] = json!(trained.mean());
        }
        say!("{object}");
        return Ok(());
    }
    say!("p = {p}, r = {ratio}; losses per feature over p");
    say!("{:>10.6}  the best known, in the limit of many features", mixture.loss / p);
    say!("{:>10.6}  Gaussian optimum, all features alike", optimum.loss / p);
    if let Some(trained) = trained {
        let Trained { features, hidden, losses, .. } = trained;
        let seeds = losses.len();
        say!(
            "{:>10.6}  trained, n_s = {features}, n_d = {hidden}, mean of {seeds} seeds",
            trained.mean() / p
        );
    }
    say!("");
    for part in &mixture.parts {
        say!(
            "{:>9.2} %  of the features in {}: {:.6}",
            100.0 * part.share,
            part.entry.name,
            part.entry.best.loss / p
        );
    }
    let own = hidden as f64 / features as f64;
    let own = if (own / ratio - 1.0).abs() > 0.01 { format!(", a ratio of {own}") } else { String::new() };
    say!("\n{:>10.6}  with n_s = {features}, n_d = {hidden}{own}: {}", sum.best.loss / p, sum.name);
    Ok(())
}

/// Prints all blocks on the hull.
fn hull(arguments: &Arguments, atlas: &Atlas, store: &Store) -> Result<(), Box<dyn Error>> {
    let p = atlas.probability();
    let optimum = |ratio: f64| Ok::<_, theory::Error>(theory::optimum_at_ratio(p, ratio)?.loss);
    if arguments.json {
        let mut blocks = Vec::new();
        for entry in atlas.hull() {
            let design = &entry.design;
            blocks.push(json!({
                "name": entry.name, "features": design.features(), "hidden": design.hidden(), "ratio": design.ratio(),
                "loss": entry.best.loss, "made": store.note(p, &entry.name),
            }));
        }
        say!("{}", json!({ "probability": p, "known": atlas.entries().len(), "blocks": blocks }));
        return Ok(());
    }
    say!("p = {p}: the hull of {} blocks; losses per feature over p", atlas.entries().len());
    say!("{:>8}  {:>10}  {:>12}  block", "r", "loss/p", "/Gaussian");
    for entry in atlas.hull() {
        let ratio = entry.design.ratio();
        let over = if ratio > 0.0 && ratio < 1.0 {
            format!("{:.4}", entry.best.loss / optimum(ratio)?)
        } else {
            String::new()
        };
        say!("{ratio:>8.4}  {:>10.6}  {over:>12}  {}", entry.best.loss / p, entry.name);
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
