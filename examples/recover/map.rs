//! The gain of further layers, the effect of the design of A, and the threshold of exact recovery,
//! over (p, r).
//!
//! `map.csv` has a row per (p, r, n_s), operator and quantity: losses over p of the best ReLU, of
//! the first layers of OAMP, of l1 and in the limit, and the shares of samples that OAMP and l1
//! recover.

use std::error::Error;
use std::path::Path;

use command_line::{note, say};
use toy_superposition::data::LawSpec;
use toy_superposition::figures::{self, Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
use toy_superposition::files::{check_writable, create_folder, write_atomically};
use toy_superposition::recovery::{
    Dense, Evolution, LinearOperator, RugOperator, Sign, SparsePrior, donoho_tanner, l1_loss, threshold,
};
use toy_superposition::rug::{Design, Eigenspace, KnownGraph, PersianRug};
use toy_superposition::theory::optimum_at_ratio;

use crate::Arguments;
use crate::problem::{Name, Problem, operator};

type AnyError = Box<dyn Error>;

/// Points (p, r) of the table of layers.
const POINTS: [(f64, f64); 8] =
    [(0.01, 0.1), (0.05, 0.15), (0.05, 0.25), (0.05, 0.5), (0.1, 0.25), (0.2, 0.25), (0.2, 0.5), (0.4, 0.5)];
/// Number of layers in the table.
const LAYERS: usize = 6;
/// Probabilities in the figure of phases.
const PROBABILITIES: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.4];
/// Ratios as multiples of the threshold for n_s → ∞.
const MULTIPLES: [f64; 9] = [0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.35, 1.5];
/// Greatest numbers of iterations of OAMP and of l1.
const MOST: [usize; 2] = [300, 5000];
/// Number of layers in which designs are compared.
const COMPARED: usize = 4;
/// Names of the files in the folder.
const TABLE: &str = "map.csv";
const FIGURES: [&str; 2] = ["layers", "phases"];

/// The table, which is written as it grows.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn write(&mut self, problem: &Problem, quantity: &str, value: (f64, f64)) -> Result<(), AnyError> {
        let (features, hidden) = (problem.x.nrows(), problem.y.nrows());
        self.0.write_record([
            features.to_string(),
            hidden.to_string(),
            problem.prior.probability().to_string(),
            problem.description.clone(),
            quantity.to_owned(),
            value.0.to_string(),
            value.1.to_string(),
        ])?;
        Ok(())
    }
}

pub(crate) fn run(arguments: &Arguments, folder: &Path) -> Result<(), AnyError> {
    let features = arguments.features.unwrap_or(8192);
    if !features.is_power_of_two() || features < 128 {
        return Err(format!("{features} features: a map needs a power of two from 128 on").into());
    }
    create_folder(folder)?;
    check_writable(folder.join(TABLE))?;
    for figure in FIGURES {
        figures::check_writable(folder.join(figure))?;
    }
    let mut table = Table(csv::Writer::from_writer(Vec::new()));
    table.0.write_record([
        "features",
        "hidden",
        "probability",
        "operator",
        "quantity",
        "value",
        "standard_error",
    ])?;
    let drawn = |features: usize, p: f64, r: f64| -> Result<Problem, AnyError> {
        let hidden = ((features as f64 * r).round() as usize).clamp(1, features);
        let (law, seed) = (LawSpec::paper(features, p), arguments.seed);
        let operator = operator("rug", features, hidden, seed)?;
        Problem::of(operator, "random rug".to_owned(), &law, arguments.samples(), seed)
    };
    let mut layers = Vec::new();
    for (p, r) in POINTS {
        layers.push(layer_losses(&drawn(features, p, r)?, &mut table)?);
        note!("layers at p = {p}, r = {r}");
    }
    designs(arguments, &mut table)?;
    let sizes = [features / 8, features];
    let mut phases = Vec::new();
    for (name, most) in [Name::Oamp, Name::L1].into_iter().zip(MOST) {
        for size in sizes {
            let mut half = Vec::new();
            for p in PROBABILITIES {
                let limit = match name {
                    Name::L1 => donoho_tanner(p, Sign::Nonnegative)?,
                    _ => threshold(&SparsePrior::paper(p)?).ratio,
                };
                let mut shares = Vec::new();
                for r in MULTIPLES.map(|multiple| multiple * limit).into_iter().filter(|&r| r < 0.98) {
                    let problem = drawn(size, p, r)?;
                    let share = problem.measure(name, Some(most))?.success;
                    let error = (share * (1.0 - share) / arguments.samples() as f64).sqrt();
                    table.write(&problem, &format!("{name} recovers"), (share, error))?;
                    shares.push((problem.ratio(), share, error));
                    if share == 1.0 {
                        break;
                    }
                }
                half.extend(crossing(&shares).map(|(r, error)| ChartPoint { x: p, y: r, error }));
            }
            let shown = if name == Name::L1 { "$l_1$" } else { "OAMP" };
            phases.push((format!("{shown}, $n_s = {size}$"), half));
            note!("phases of {name} at {size} features");
        }
    }
    write_atomically(folder.join(TABLE), &table.0.into_inner()?)?;
    let [layers_stem, phases_stem] = FIGURES.map(|figure| folder.join(figure));
    for written in [
        draw_layers(layers, features, arguments, &layers_stem)?,
        draw_phases(phases, arguments, &phases_stem)?,
    ] {
        say!("{}\n{}", written.png.display(), written.svg.display());
    }
    Ok(())
}

/// Adds the losses of the layers at one point to the table, and returns the measured ones as a
/// series.
fn layer_losses(problem: &Problem, table: &mut Table) -> Result<ChartSeries, AnyError> {
    const LEAST: f64 = 1e-6;
    let (p, r) = (problem.prior.probability(), problem.ratio());
    let over = |(loss, error): (f64, f64)| (loss / p, error / p);
    table.write(problem, "ReLU", over((optimum_at_ratio(p, r)?.loss, 0.0)))?;
    let evolution = Evolution::Orthogonal.losses(&problem.prior, r, LAYERS)?;
    let mut points = Vec::new();
    for (k, (limit, loss)) in evolution.into_iter().zip(problem.layers(LAYERS)?).enumerate() {
        table.write(problem, &format!("layer {}, state evolution", k + 1), over((limit, 0.0)))?;
        table.write(problem, &format!("layer {}", k + 1), over(loss))?;
        points.push(ChartPoint { x: k as f64 + 1.0, y: loss.0 / p, error: loss.1 / p });
    }
    for (name, most) in [Name::Oamp, Name::L1].into_iter().zip(MOST) {
        let found = problem.measure(name, Some(most))?;
        table.write(
            problem,
            &format!("{name}, {most} iterations"),
            over((found.loss, found.standard_error)),
        )?;
    }
    let limit = Evolution::Orthogonal.limit(&problem.prior, r)?;
    table.write(problem, "limit", over((limit, 0.0)))?;
    table.write(problem, "l1, limit", over((l1_loss(&problem.prior, r)?, 0.0)))?;
    points.retain(|point| point.y > LEAST);
    Ok(ChartSeries { name: format!("({p}, {r:.2})"), points, mark: ChartMark::Joined })
}

/// Compares designs with random rugs or subspaces of the same shape, at p = r/4.
fn designs(arguments: &Arguments, table: &mut Table) -> Result<(), AnyError> {
    let rugs = [
        ("ovoid", PersianRug::ovoid(4096)?),
        ("ovoid", PersianRug::ovoid(256)?),
        ("difference set", PersianRug::difference_set(1024, 496, false)?),
        ("rug of cubes", PersianRug::cubes(256)?),
    ];
    let mut shapes: Vec<(String, Box<dyn LinearOperator<f64>>)> = Vec::new();
    for (name, rug) in rugs {
        shapes.push((name.to_owned(), Box::new(RugOperator::new(rug))));
    }
    // The largest graphs of at most 512 vertices whose least eigenvalue has a multiplicity of a
    // tenth to a third of the number of vertices.
    let mut graphs = 0;
    for known in KnownGraph::up_to(512).into_iter().rev() {
        let frame = known.graph()?.frame(Eigenspace::Least);
        if graphs < 3 && (0.1..0.34).contains(&frame.ratio()) && frame.features() > 100 {
            shapes.push((known.to_string(), Box::new(Dense::of_design(&frame)?)));
            graphs += 1;
        }
    }
    for (name, design) in shapes {
        let (hidden, features) = design.shape();
        let p = hidden as f64 / features as f64 / 4.0;
        let kind = if features.is_power_of_two() { "rug" } else { "haar" };
        let random = operator(kind, features, hidden, arguments.seed)?;
        for (name, operator) in [(name.clone(), design), (format!("random, beside {name}"), random)] {
            let law = LawSpec::paper(features, p);
            let problem = Problem::of(operator, name, &law, arguments.samples() * 4, arguments.seed)?;
            let evolution = Evolution::Orthogonal.losses(&problem.prior, problem.ratio(), COMPARED)?;
            for (k, (limit, (loss, error))) in
                evolution.into_iter().zip(problem.layers(COMPARED)?).enumerate()
            {
                table.write(&problem, &format!("layer {}, state evolution", k + 1), (limit / p, 0.0))?;
                table.write(&problem, &format!("layer {}", k + 1), (loss / p, error / p))?;
            }
            let share = problem.measure(Name::Oamp, Some(MOST[0]))?.success;
            let error = (share * (1.0 - share) / problem.x.ncols() as f64).sqrt();
            table.write(&problem, "oamp recovers", (share, error))?;
        }
        note!("design {name}");
    }
    Ok(())
}

/// Returns the ratio at which the share of recovered samples crosses a half, by linear
/// interpolation, with the standard error of the shares divided by the slope.
fn crossing(shares: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let pair = shares.windows(2).find(|pair| pair[0].1 < 0.5 && pair[1].1 >= 0.5)?;
    let ((low, a, e), (high, b, f)) = (pair[0], pair[1]);
    let slope = (b - a) / (high - low);
    Some((low + (0.5 - a) / slope, e.max(f) / slope))
}

fn draw_layers(
    series: Vec<ChartSeries>,
    features: usize,
    arguments: &Arguments,
    stem: &Path,
) -> Result<figures::Written, AnyError> {
    let figure = Chart {
        x_label: "layer".to_owned(),
        y_label: "loss$/p$".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "Measured loss of the first {LAYERS} layers of OAMP on a random rug of $n_s = {features}$ for several $(p, n_d/n_s)$: {} \
             samples, seed {}, error bars of one standard error. Losses below $10^{{-6}} p$ are left out.",
            arguments.samples(),
            arguments.seed
        ),
    };
    Ok(chart(&figure, stem)?)
}

fn draw_phases(
    measured: Vec<(String, Vec<ChartPoint>)>,
    arguments: &Arguments,
    stem: &Path,
) -> Result<figures::Written, AnyError> {
    let (mut exact, mut convex) = (Vec::new(), Vec::new());
    for p in (0..=60).map(|k| 0.01 * 60.0_f64.powf(f64::from(k) / 60.0)) {
        let point = |y: f64| ChartPoint { x: p, y, error: 0.0 };
        exact.push(point(threshold(&SparsePrior::paper(p)?).ratio));
        convex.push(point(donoho_tanner(p, Sign::Nonnegative)?));
    }
    let line = |name: &str, points, mark| ChartSeries { name: name.to_owned(), points, mark };
    let mut series = vec![
        line("$δ^*$: OAMP, $n_s → ∞$", exact, ChartMark::Line),
        line("DT$^+$: $l_1$, $n_s → ∞$", convex, ChartMark::Dashed),
    ];
    series.extend(measured.into_iter().map(|(name, points)| line(&name, points, ChartMark::Points)));
    series.retain(|series| !series.points.is_empty());
    let figure = Chart {
        x_label: "probability $p$".to_owned(),
        y_label: "ratio $n_d/n_s$".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "Lines: the ratio above which recovery is exact for $n_s → ∞$. Markers: where half of the samples are recovered (an error \
             of at most a thousandth of the norm) from a random rug; {} samples for each ratio, seed {}, error bars of one standard error.",
            arguments.samples(),
            arguments.seed
        ),
    };
    Ok(chart(&figure, stem)?)
}
