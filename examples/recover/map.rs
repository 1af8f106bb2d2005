//! How many layers buy how much, and where recovery is exact, over (p, r).
//!
//! `map.csv` has a line for each (p, r, n_s) and quantity: the losses over p of one ReLU, of layers 1 to 6 of OAMP, of l1 and in the limit,
//! and the shares of samples that OAMP and l1 recover.

use std::error::Error;
use std::path::Path;

use toy_superposition::data::LawSpec;
use toy_superposition::figures::{self, Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
use toy_superposition::files::{check_writable, create_folder, write_atomically};
use toy_superposition::recovery::{Evolution, Sign, SparsePrior, donoho_tanner, l1_loss, threshold};
use toy_superposition::theory::{envelope, optimum_at_ratio};

use crate::Arguments;
use crate::problem::{Name, Problem, operator};

/// Of the table of layers.
const POINTS: [(f64, f64); 8] =
    [(0.01, 0.1), (0.05, 0.15), (0.05, 0.25), (0.05, 0.5), (0.1, 0.25), (0.2, 0.25), (0.2, 0.5), (0.4, 0.5)];
/// Layers of the table.
const LAYERS: usize = 6;
/// Of the figure of phases.
const PROBABILITIES: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.4];
/// Ratios as multiples of `δ*`, around it and around Donoho and Tanner's.
const MULTIPLES: [f64; 9] = [0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.35, 1.5];
/// The ratio at which half of the samples are recovered is looked for by as many trials.
const TABLE: &str = "map.csv";
const FIGURES: [&str; 2] = ["layers", "phases"];

pub(crate) fn run(arguments: &Arguments, folder: &Path) -> Result<(), Box<dyn Error>> {
    let features = arguments.features.unwrap_or(1024);
    if !features.is_power_of_two() {
        return Err(format!("{features} features: a rug needs a power of two").into());
    }
    create_folder(folder)?;
    check_writable(folder.join(TABLE))?;
    for figure in FIGURES {
        figures::check_writable(folder.join(figure))?;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["features", "hidden", "probability", "ratio", "quantity", "value", "standard_error"])?;
    let problem = |p: f64, r: f64| -> Result<Problem, Box<dyn Error>> {
        let hidden = ((features as f64 * r).round() as usize).clamp(1, features);
        let law = LawSpec::paper(features, p);
        let operator = operator("rug", features, hidden, arguments.seed)?;
        Problem::of(operator, "a random rug".to_owned(), &law, arguments.samples, arguments.seed)
    };
    let mut write = |problem: &Problem, quantity: &str, value: f64, error: f64| {
        let shape = (problem.x.nrows(), problem.y.nrows());
        let row = [shape.0.to_string(), shape.1.to_string()].into_iter();
        let numbers = [problem.prior.probability(), problem.ratio()].map(|number| number.to_string());
        let row = row.chain(numbers).chain([quantity.to_owned(), value.to_string(), error.to_string()]);
        writer.write_record(row.collect::<Vec<_>>())
    };
    let mut layers = Vec::new();
    for (p, r) in POINTS {
        let problem = problem(p, r)?;
        let r = problem.ratio();
        let evolution = Evolution::Orthogonal.losses(&problem.prior, r, LAYERS)?;
        write(&problem, "relu", optimum_at_ratio(p, r)?.loss / p, 0.0)?;
        write(&problem, "relu envelope", envelope(p, r)?.loss / p, 0.0)?;
        let measured = problem.layers(LAYERS)?;
        for (k, (limit, (loss, error))) in evolution.iter().zip(&measured).enumerate() {
            write(&problem, &format!("layer {}, state evolution", k + 1), limit / p, 0.0)?;
            write(&problem, &format!("layer {}", k + 1), loss / p, error / p)?;
        }
        for name in [Name::Oamp, Name::L1] {
            let found = problem.measure(name, Some(2000))?;
            write(&problem, &name.to_string(), found.loss / p, found.standard_error / p)?;
        }
        write(&problem, "limit", Evolution::Orthogonal.limit(&problem.prior, r)? / p, 0.0)?;
        write(&problem, "l1 limit", l1_loss(&problem.prior, r)? / p, 0.0)?;
        note!("layers at ({p}, {r:.4})");
        layers.push((p, r, evolution, measured));
    }
    let mut halves = [Vec::new(), Vec::new()];
    for p in PROBABILITIES {
        let prior = SparsePrior::paper(p)?;
        for (half, name, critical) in [
            (0, Name::Oamp, threshold(&prior).ratio),
            (1, Name::L1, donoho_tanner(p, Sign::Nonnegative)?),
        ] {
            let mut shares = Vec::new();
            for multiple in MULTIPLES {
                let r = critical * multiple;
                if r > 0.98 {
                    continue;
                }
                let problem = problem(p, r)?;
                let found = problem.measure(name, Some(if name == Name::L1 { 2000 } else { 300 }))?;
                let share = found.success;
                let error = (share * (1.0 - share) / arguments.samples as f64).sqrt();
                write(&problem, &format!("{name} recovered"), share, error)?;
                shares.push((problem.ratio(), share, error));
                if share == 1.0 && multiple > 1.0 {
                    break;
                }
            }
            halves[half].extend(crossing(&shares).map(|(r, error)| ChartPoint { x: p, y: r, error }));
            note!("phases of {name} at {p}");
        }
    }
    write_atomically(folder.join(TABLE), &writer.into_inner()?)?;
    for written in [
        draw_layers(&layers, features, arguments, &folder.join(FIGURES[0]))?,
        draw_phases(halves, features, arguments, &folder.join(FIGURES[1]))?,
    ] {
        say!("{}\n{}", written.png.display(), written.svg.display());
    }
    Ok(())
}

/// Where the share of recovered samples goes through a half, between two ratios, with half the distance to them as its error.
fn crossing(shares: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let pair = shares.windows(2).find(|pair| pair[0].1 < 0.5 && pair[1].1 >= 0.5)?;
    let ((low, a, e), (high, b, f)) = (pair[0], pair[1]);
    let slope = (b - a) / (high - low);
    Some((low + (0.5 - a) / slope, (e.max(f) / slope).max(0.0)))
}

type Layers = (f64, f64, Vec<f64>, Vec<(f64, f64)>);

fn draw_layers(
    layers: &[Layers],
    features: usize,
    arguments: &Arguments,
    stem: &Path,
) -> Result<figures::Written, Box<dyn Error>> {
    const LEAST: f64 = 1e-6;
    let mut series = Vec::new();
    for (p, r, evolution, measured) in layers {
        let point = |k: usize, loss: f64, error: f64| ChartPoint { x: k as f64 + 1.0, y: loss / p, error: error / p };
        let mut points: Vec<_> = measured.iter().enumerate().map(|(k, loss)| point(k, loss.0, loss.1)).collect();
        points.retain(|point| point.y > LEAST);
        series.push(ChartSeries { name: format!("({p}, {r:.2})"), points, mark: ChartMark::Joined });
        let _ = evolution;
    }
    let caption = format!(
        "Loss of the first {LAYERS} layers of OAMP on a random rug of $n_s = {features}$ for several $(p, n_d/n_s)$: {} samples, \
         seed {}, error bars of one standard error.",
        arguments.samples, arguments.seed
    );
    let figure = Chart {
        x_label: "layer".to_owned(),
        y_label: "loss$/p$".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        caption,
    };
    Ok(chart(&figure, stem)?)
}

fn draw_phases(
    halves: [Vec<ChartPoint>; 2],
    features: usize,
    arguments: &Arguments,
    stem: &Path,
) -> Result<figures::Written, Box<dyn Error>> {
    let grid = (0..=60).map(|k| 0.01 * 60.0_f64.powf(f64::from(k) / 60.0));
    let (mut exact, mut convex) = (Vec::new(), Vec::new());
    for p in grid {
        let point = |y: f64| ChartPoint { x: p, y, error: 0.0 };
        exact.push(point(threshold(&SparsePrior::paper(p)?).ratio));
        convex.push(point(donoho_tanner(p, Sign::Nonnegative)?));
    }
    let [oamp, l1] = halves;
    let line = |name: &str, points, mark| ChartSeries { name: name.to_owned(), points, mark };
    let mut series = vec![
        line("$δ^*$: OAMP, $n_s → ∞$", exact, ChartMark::Line),
        line("DT$^+$: $l_1$, $n_s → ∞$", convex, ChartMark::Dashed),
        line("OAMP recovers half", oamp, ChartMark::Points),
        line("$l_1$ recovers half", l1, ChartMark::Points),
    ];
    series.retain(|series| !series.points.is_empty());
    let caption = format!(
        "The ratio above which recovery is exact, and where half of the samples are recovered (an error of at most a thousandth of the \
         norm) from a random rug of $n_s = {features}$: {} samples for each point, seed {}.",
        arguments.samples, arguments.seed
    );
    let figure = Chart {
        x_label: "probability $p$".to_owned(),
        y_label: "ratio $n_d/n_s$".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series,
        caption,
    };
    Ok(chart(&figure, stem)?)
}
