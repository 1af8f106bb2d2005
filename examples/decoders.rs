//! The loss of decoders better than the ReLU, for the same interference.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use command_line::note;
use command_line::table::{self, line};
use toy_superposition::figures::{self, Colours, HeatMap, HeatMaps, Scale, heat_maps};
use toy_superposition::files::{check_writable, create_folder, write_atomically};
use toy_superposition::theory::{Decoders, decoders_at_ratio, relative_decoders, threshold_optimum};

/// The least losses of five element-wise decoders of x + ν, from closed forms: nothing is sampled
/// or trained.
///
/// The interference ν is Gaussian with the least standard deviation σ that weights of rank n_d
/// allow. The decoders are the linear one, the ReLU, JumpReLU (a ReLU with a threshold), the Bayes
/// decoder E[x | x + ν], and an oracle that is told which features are on. Losses are per feature.
#[derive(Parser)]
struct Arguments {
    /// Probability p that a feature is on, in (0, 1].
    #[arg(long, requires = "ratio", required_unless_present = "out")]
    probability: Option<f64>,
    /// Ratio n_d/n_s, in (0, 1].
    #[arg(long, requires = "probability")]
    ratio: Option<f64>,
    /// Folder for decoders.csv and the figure of the losses of ReLU and JumpReLU over that of the
    /// Bayes decoder, for p from 1e-6 to 0.8 and r from 1e-3 to 1.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print one JSON object instead of a table. At a ratio of 1, where every decoder's loss is 0,
    /// relu_over_bayes is omitted.
    #[arg(long, requires = "probability")]
    json: bool,
}

/// Ranges of the cells of the table and the figure on logarithmic scales, and their numbers.
const PROBABILITIES: (f64, f64, u32) = (1e-6, 0.8, 36);
const RATIOS: (f64, f64, u32) = (1e-3, 1.0, 30);

/// Names of the files in the folder.
const TABLE: &str = "decoders.csv";
const FIGURE: &str = "decoders";

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = &arguments.out {
        create_folder(folder)?;
        check_writable(folder.join(TABLE))?;
        figures::check_writable(folder.join(FIGURE))?;
    }
    if let (Some(probability), Some(ratio)) = (arguments.probability, arguments.ratio) {
        print(&decoders_at_ratio(probability, ratio)?, ratio, arguments.json)?;
    }
    match &arguments.out {
        Some(folder) => write(folder),
        None => Ok(()),
    }
}

fn print(losses: &Decoders, ratio: f64, json: bool) -> Result<(), Box<dyn Error>> {
    let &Decoders { probability, sigma, linear, relu, threshold, bayes, oracle, .. } = losses;
    let best = threshold_optimum(probability, sigma)?.decoder;
    // Losses may be too small for f64 where their quotient is not. At a ratio of 1 all are 0, and
    // there is no quotient.
    let relative = if sigma > 0.0 { Some(relative_decoders(probability, sigma)?) } else { None };
    let over_bayes =
        relative.map(|losses| losses.relu / losses.bayes).filter(|quotient| quotient.is_finite());
    let lines = [
        line("probability", probability, "p"),
        line("ratio", ratio, "r = n_d/n_s"),
        line("sigma", sigma, "interference σ at the Welch bound (eq. 6)"),
        line("linear_loss", linear, "a y + b, y = x + ν"),
        line("relu_loss", relu, "z where z > 0, z = a y + b: the paper's"),
        line("threshold_loss", threshold, "z where z > θ, z = a y + b: JumpReLU"),
        line("bayes_loss", bayes, "E[x|y]: the best of all functions of y"),
        line("oracle_loss", oracle, "E[x|y], told whether the feature is on"),
        line("threshold", best.threshold, "θ of the best JumpReLU; 0: no better than the ReLU"),
        line("relu_over_bayes", over_bayes, "loss of the best ReLU over the least"),
    ];
    table::print(json, &lines);
    Ok(())
}

/// Writes the table and the figure.
fn write(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (probabilities, ratios) = (cells(PROBABILITIES), cells(RATIOS));
    let pairs = probabilities.iter().flat_map(|&p| ratios.iter().map(move |&r| (p, r)));
    let grid =
        pairs.map(|(p, r)| Ok((r, decoders_at_ratio(p, r)?))).collect::<Result<Vec<_>, Box<dyn Error>>>()?;

    let table = folder.join(TABLE);
    write_atomically(&table, &csv(&grid)?)?;
    let map = |title: &str, of: fn(&Decoders) -> f64| HeatMap {
        title: title.to_owned(),
        probabilities: probabilities.clone(),
        ratios: ratios.clone(),
        values: grid.iter().map(|(_, losses)| Some(of(losses) / losses.bayes)).collect(),
    };
    let figure = HeatMaps {
        quantity: "least loss over that of Bayes's decoder".to_owned(),
        panels: vec![map("ReLU", |losses| losses.relu), map("JumpReLU", |losses| losses.threshold)],
        colours: Colours::Log,
        probability_scale: Scale::Log,
        ratio_scale: Scale::Log,
        caption: format!(
            "Element-wise decoders of $x + ν$ with Gaussian $ν$ at the Welch bound: the best ReLU$(ay + b)$ and the best \
             $z 1[z > θ]$, $z = ay + b$, against $E[x|y]$. Closed forms and quadrature on {} × {} cells; no samples.",
            probabilities.len(),
            ratios.len()
        ),
    };
    let written = heat_maps(&figure, folder.join(FIGURE))?;
    note!("wrote {}, {} and {}", table.display(), written.png.display(), written.svg.display());
    Ok(())
}

/// Returns the centres of the cells.
fn cells((from, to, count): (f64, f64, u32)) -> Vec<f64> {
    let at = |k: u32| from * (to / from).powf((f64::from(k) + 0.5) / f64::from(count));
    (0..count).map(at).collect()
}

fn csv(grid: &[(f64, Decoders)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "probability",
        "ratio",
        "sigma",
        "linear",
        "relu",
        "threshold",
        "bayes",
        "oracle",
        "relu_over_bayes",
    ])?;
    for &(ratio, Decoders { probability, sigma, linear, relu, threshold, bayes, oracle, .. }) in grid {
        let row = [probability, ratio, sigma, linear, relu, threshold, bayes, oracle, relu / bayes];
        writer.write_record(row.map(|value| value.to_string()))?;
    }
    Ok(writer.into_inner()?)
}

fn main() -> ExitCode {
    command_line::start(run)
}
