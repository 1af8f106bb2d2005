//! The loss of each layer, measured and in the limit.

use std::error::Error;
use std::path::Path;

use command_line::note;
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
use toy_superposition::recovery::{Evolution, l1_loss};
use toy_superposition::theory::optimum_at_ratio;

use crate::problem::{Found, Problem};

/// Number of layers drawn.
const LAYERS: usize = 12;
/// Losses below this multiple of p are not drawn.
const LEAST: f64 = 1e-8;

pub(crate) fn layers(
    problem: &Problem,
    found: &Found,
    limit: f64,
    stem: &Path,
) -> Result<(), Box<dyn Error>> {
    let (p, r) = (problem.prior.probability(), problem.ratio());
    let at =
        |k: usize, loss: f64, error: f64| ChartPoint { x: (k + 1) as f64, y: loss / p, error: error / p };
    let level = |name: &str, value: f64| ChartSeries {
        name: name.to_owned(),
        points: [1.0, LAYERS as f64].map(|x| ChartPoint { x, y: value, error: 0.0 }).to_vec(),
        mark: ChartMark::Dashed,
    };
    let evolution = Evolution::Orthogonal.losses(&problem.prior, r, LAYERS)?;
    let mut series = vec![
        ChartSeries {
            name: "OAMP, $n_s → ∞$".to_owned(),
            points: evolution.iter().enumerate().map(|(k, &loss)| at(k, loss, 0.0)).collect(),
            mark: ChartMark::Line,
        },
        ChartSeries {
            name: "OAMP, measured".to_owned(),
            points: problem
                .layers(LAYERS)?
                .iter()
                .enumerate()
                .map(|(k, loss)| at(k, loss.0, loss.1))
                .collect(),
            mark: ChartMark::Points,
        },
        level(&format!("{}, measured", found.name), found.loss / p),
        level("limit", limit),
        level("$l_1$ limit", l1_loss(&problem.prior, r)? / p),
    ];
    if matches!(problem.prior.magnitude(), toy_superposition::data::AnyMagnitude::Uniform(_)) {
        series.push(level("ReLU, one layer", optimum_at_ratio(p, r)?.loss / p));
    }
    series.iter_mut().for_each(|series| series.points.retain(|point| point.y >= LEAST));
    series.retain(|series| !series.points.is_empty());
    let (features, hidden, samples) = (problem.x.nrows(), problem.y.nrows(), problem.x.ncols());
    let figure = Chart {
        x_label: "layer".to_owned(),
        y_label: "loss$/p$".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "Features recovered from $n_d = {hidden}$ of $n_s = {features}$ numbers by {}, $p = {p}$; {samples} samples, seed {}, \
             error bars of one standard error. Losses below $10^{{-8}} p$ are left out.",
            problem.description, problem.seed
        ),
    };
    let written = chart(&figure, stem)?;
    note!("wrote {} and {}", written.png.display(), written.svg.display());
    Ok(())
}
