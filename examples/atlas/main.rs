//! The atlas of the best known weights: what is best at a ratio, and how it is made.

#[macro_use]
#[path = "../command_line/mod.rs"]
mod command_line;

mod extend;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use serde_json::json;
use toy_superposition::data::LawSpec;
use toy_superposition::designs::{Atlas, Store};
use toy_superposition::figures::{self, Chart, ChartMark, ChartPoint, ChartSeries};
use toy_superposition::files::check_writable;
use toy_superposition::model::{Names, Weights};
use toy_superposition::theory;

/// The best known weights for independent features with one probability, at any ratio.
///
/// Direct sums add losses, so that mixtures of two blocks reach every loss on the lower convex hull of all known blocks, in
/// the limit of many features. With --features, the best sum of the hull's blocks with so many.
///
/// The blocks are designs, whose gain and bias are optimised here, and weights from a file (--store, or the one that comes with
/// the library) that were found by search or by descent of the exact loss. --descend and --add extend such a file; what is not
/// better than the hull is refused.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Probability p that a feature is on, in (0, 1].
    #[arg(long)]
    probability: f64,
    /// Ratio n_d/n_s, in (0, 1]; the whole hull if left out.
    #[arg(long)]
    ratio: Option<f64>,
    /// Features n_s; n_d is the ratio times this, rounded.
    #[arg(long, requires = "ratio", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_048_576))]
    features: Option<usize>,
    /// Draw the hull beside the Gaussian optimum and the best linear model into FIGURE.png and FIGURE.svg.
    #[arg(long, conflicts_with_all = ["ratio", "descend", "add"])]
    figure: Option<PathBuf>,
    /// Write the weights of these features here.
    #[arg(long, requires = "features")]
    out: Option<PathBuf>,
    /// The file of found blocks; with --descend or --add it is made from the library's if it is not there.
    #[arg(long)]
    store: Option<PathBuf>,
    /// Descend the exact loss from the blocks near the hull, with so many steps of Adam and half as many iterations of L-BFGS.
    #[arg(long, requires = "store", conflicts_with = "ratio")]
    descend: Option<u64>,
    /// Descend from random weights of this shape N,D instead; several times for several shapes.
    #[arg(long, value_name = "N,D", requires = "descend", value_parser = extend::shape_of)]
    shape: Vec<(usize, usize)>,
    /// So many random weights of each shape.
    #[arg(long, default_value_t = 8, requires = "shape", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    random: u64,
    /// Add the weights in this file.
    #[arg(long, requires = "store", conflicts_with_all = ["ratio", "descend"])]
    add: Option<PathBuf>,
    /// The largest block to descend from.
    #[arg(long, default_value_t = 128)]
    block: usize,
    /// Seed of random weights, and of the small noise by which a descent leaves a symmetric block.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object.
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
        draw(&atlas, stem)?;
    }
    let Some(ratio) = arguments.ratio else { return hull(arguments, &atlas, &store) };
    let mixture = atlas.best(ratio)?;
    let optimum = theory::optimum_at_ratio(p, ratio)?;
    let sum = arguments.features.map(|features| {
        let hidden = ((ratio * features as f64).round() as usize).clamp(1, features);
        atlas.sum(features, hidden)
    });
    let sum = sum.transpose()?;
    if let (Some(path), Some(features)) = (&arguments.out, arguments.features) {
        let mut weights = Weights::new(atlas.weights(ratio, features)?);
        let law = LawSpec::paper(features, p).to_string();
        weights.metadata.insert(LawSpec::METADATA_KEY.to_owned(), law);
        weights.save(path, Names::Own)?;
    }
    if arguments.json {
        let blocks: Vec<_> = mixture
            .parts
            .iter()
            .map(|part| {
                let design = &part.entry.design;
                json!({
                    "name": part.entry.name, "features": design.features(), "hidden": design.hidden(),
                    "share": part.share, "loss": part.entry.best.loss,
                })
            })
            .collect();
        let sum = sum.map(|sum| {
            json!({ "name": sum.name, "features": sum.design.features(), "hidden": sum.design.hidden(), "loss": sum.best.loss })
        });
        say!(
            "{}",
            json!({
                "probability": p, "ratio": ratio, "loss": mixture.loss, "gaussian_loss": optimum.loss,
                "blocks": blocks, "sum": sum,
            })
        );
        return Ok(());
    }
    say!("p = {p}, r = {ratio}; losses per feature over p");
    say!("{:>10.6}  the best known, in the limit of many features", mixture.loss / p);
    say!("{:>10.6}  Gaussian optimum, all features alike\n", optimum.loss / p);
    for part in &mixture.parts {
        say!(
            "{:>9.2} %  of the features in {}: {:.6}",
            100.0 * part.share,
            part.entry.name,
            part.entry.best.loss / p
        );
    }
    if let Some(sum) = sum {
        let (n, d) = (sum.design.features(), sum.design.hidden());
        say!("\n{:>10.6}  with n_s = {n}, n_d = {d}: {}", sum.best.loss / p, sum.name);
    }
    Ok(())
}

/// Draws the losses of the hull, of the Gaussian optimum and of the best linear model.
fn draw(atlas: &Atlas, stem: &Path) -> Result<(), Box<dyn Error>> {
    let p = atlas.probability();
    let point = |x: f64, loss: f64| ChartPoint { x, y: loss / p, error: 0.0 };
    let hull = atlas.hull().map(|entry| point(entry.design.ratio(), entry.best.loss)).collect();
    let line = |of: fn(f64, f64) -> theory::Result<f64>| -> theory::Result<Vec<ChartPoint>> {
        (1..=100).map(|k| Ok(point(f64::from(k) / 100.0, of(p, f64::from(k) / 100.0)?))).collect()
    };
    let series = |name: &str, points, mark| ChartSeries { name: name.to_owned(), points, mark };
    let figure = Chart {
        x_label: "ratio of hidden dimensions to features $n_d/n_s$".to_owned(),
        y_label: "loss per feature / $p$ (dimensionless)".to_owned(),
        series: vec![
            series("best linear model", line(theory::linear_loss)?, ChartMark::Dashed),
            series(
                "Gaussian optimum",
                line(|p, ratio| Ok(theory::optimum_at_ratio(p, ratio)?.loss))?,
                ChartMark::Line,
            ),
            series("best known weights", hull, ChartMark::Joined),
        ],
        caption: format!(
            "The lower convex hull of all known blocks: $p = {p}$, {} blocks, exact losses, no samples.",
            atlas.entries().len()
        ),
        ..Chart::default()
    };
    let written = figures::chart(&figure, stem)?;
    note!("wrote {} and {}", written.png.display(), written.svg.display());
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
