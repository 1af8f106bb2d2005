//! The loss during a descent, as a figure.

use std::path::Path;
use std::sync::{Arc, Mutex};

use toy_superposition::figures::{self, Chart, ChartMark, ChartPoint, ChartSeries, Scale};
use toy_superposition::model::{Model, Objective};

/// Losses of all evaluations of a gradient, in order.
pub(crate) type Losses = Arc<Mutex<Vec<f64>>>;

/// An objective that records its losses.
#[derive(Clone)]
pub(crate) struct Recorded<O> {
    pub(crate) objective: O,
    pub(crate) losses: Losses,
}

impl<M: Model, O: Objective<M>> Objective<M> for Recorded<O> {
    type Error = O::Error;

    fn not_finite(error: &O::Error) -> Option<f64> {
        O::not_finite(error)
    }

    fn loss(&mut self, model: &M) -> Result<f64, O::Error> {
        self.objective.loss(model)
    }

    fn loss_and_gradient(&mut self, model: &M, gradient: &mut M::Gradient) -> Result<f64, O::Error> {
        let loss = self.objective.loss_and_gradient(model, gradient)?;
        if let Ok(mut losses) = self.losses.lock() {
            losses.push(loss);
        }
        Ok(loss)
    }
}

/// Draws the least loss so far over p against the number of evaluations, the first `steps` of which
/// are Adam's and the others those of L-BFGS.
pub(crate) fn draw(
    stem: &Path,
    losses: &[f64],
    steps: usize,
    p: f64,
    optimum: f64,
    what: &str,
) -> figures::Result<figures::Written> {
    let mut least = f64::INFINITY;
    // A logarithmic scale cannot show a loss of 0.
    let losses = losses.iter().enumerate().filter(|(_, loss)| **loss > 0.0);
    let points = losses.map(|(k, &loss)| {
        least = least.min(loss);
        ChartPoint { x: (k + 1) as f64, y: least / p, error: 0.0 }
    });
    let points: Vec<ChartPoint> = points.collect();
    let (adam, rest) = points.split_at(steps.min(points.len()));
    let series = |name: &str, points: &[ChartPoint], mark| ChartSeries {
        name: name.to_owned(),
        points: points.to_vec(),
        mark,
    };
    let ends = [1.0, points.len().max(2) as f64];
    let line = ends.map(|x| ChartPoint { x, y: optimum / p, error: 0.0 });
    let line = if optimum > 0.0 { &line[..] } else { &[] };
    let all = [
        series("Gaussian optimum", line, ChartMark::Dashed),
        series("Adam", adam, ChartMark::Line),
        series("L-BFGS", rest, ChartMark::Line),
    ];
    let figure = Chart {
        x_label: "evaluations of the gradient".to_owned(),
        y_label: "least loss so far, per feature / $p$ (dimensionless)".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series: all.into_iter().filter(|series| !series.points.is_empty()).collect(),
        caption: what.to_owned(),
    };
    figures::chart(&figure, stem)
}
