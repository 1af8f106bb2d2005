//! The figures: the hull between its bounds, and the weights of a block.

use std::error::Error;
use std::path::Path;

use command_line::note;
use toy_superposition::designs::{Atlas, Trained, lower_bound};
use toy_superposition::figures::{self, Chart, ChartMark, ChartPoint, ChartSeries};
use toy_superposition::theory;

/// Draws the losses of the hull, of the theory, of trained models and of the lower bound.
pub(crate) fn hull(atlas: &Atlas, stem: &Path) -> Result<(), Box<dyn Error>> {
    let p = atlas.probability();
    let point = |x: f64, loss: f64| ChartPoint { x, y: loss / p, error: 0.0 };
    let hull = atlas.hull().map(|entry| point(entry.design.ratio(), entry.best.loss)).collect();
    let line = |of: &dyn Fn(f64) -> Result<f64, Box<dyn Error>>| -> Result<Vec<ChartPoint>, Box<dyn Error>> {
        (1..=100).map(|k| Ok(point(f64::from(k) / 100.0, of(f64::from(k) / 100.0)?))).collect()
    };
    let measured = Trained::builtin()?
        .into_iter()
        .filter(|trained| trained.probability == p && !trained.losses.is_empty());
    let measured: Vec<ChartPoint> = measured
        .map(|trained| {
            let squares: f64 = trained.losses.iter().map(|loss| (loss - trained.mean()).powi(2)).sum();
            let spread = (squares / (trained.losses.len().max(2) - 1) as f64).sqrt();
            ChartPoint { error: spread / p, ..point(trained.ratio(), trained.mean()) }
        })
        .collect();
    let series = |name: &str, points, mark| ChartSeries { name: name.to_owned(), points, mark };
    let figure = Chart {
        x_label: "ratio of hidden dimensions to features $n_d/n_s$".to_owned(),
        y_label: "loss per feature / $p$ (dimensionless)".to_owned(),
        series: vec![
            series(
                "best linear model",
                line(&|ratio| Ok(theory::linear_loss(p, ratio)?))?,
                ChartMark::Dashed,
            ),
            series(
                "Gaussian interference: optimum",
                line(&|ratio| Ok(theory::optimum_at_ratio(p, ratio)?.loss))?,
                ChartMark::Line,
            ),
            series(
                "Gaussian interference: Bayes bound",
                line(&|ratio| Ok(theory::bayes_loss(p, theory::welch_sigma(p, ratio)?)?))?,
                ChartMark::Dashed,
            ),
            series("best known weights", hull, ChartMark::Joined),
            series(
                "lower bound for all weights (one step checked on a grid)",
                line(&|ratio| Ok(lower_bound(p, ratio)?.checked))?,
                ChartMark::Line,
            ),
            series("trained, $n_s = 512$", measured, ChartMark::Points),
        ]
        .into_iter()
        .filter(|series| !series.points.is_empty())
        .collect(),
        caption: format!(
            "The lower convex hull of all known blocks: $p = {p}$, {} blocks, exact losses. Trained: recipe of the paper's code, mean and deviation over seeds.",
            atlas.entries().len()
        ),
        ..Chart::default()
    };
    let written = figures::chart(&figure, stem)?;
    note!("wrote {} and {}", written.png.display(), written.svg.display());
    Ok(())
}

/// Draws R of the block whose name begins with `name`; of several, the one with most features.
pub(crate) fn block(atlas: &Atlas, name: &str, stem: &Path) -> Result<(), Box<dyn Error>> {
    let begins = |other: &str| other.to_lowercase().starts_with(&name.to_lowercase());
    let found = atlas.entries().iter().filter(|entry| begins(&entry.name));
    let Some(entry) = found.max_by_key(|entry| entry.design.features()) else {
        return Err(format!("no block of the atlas has a name that begins with {name:?}").into());
    };
    let (features, hidden) = (entry.design.features(), entry.design.hidden());
    let mut values = vec![0.0; features * features];
    for (i, row) in values.chunks_mut(features).enumerate() {
        entry.design.write_row(i, row);
    }
    let (p, loss) = (atlas.probability(), entry.best.loss);
    let caption = format!(
        "{}: $n_s = {features}$, $n_d = {hidden}$, $R_{{ii}} = 1$; exact loss {:.4} $p$ at $p = {p}$.",
        entry.name,
        loss / p
    );
    let written = figures::rug(&figures::Rug { features, values, limit: None, caption }, stem)?;
    note!("wrote {} and {}", written.png.display(), written.svg.display());
    Ok(())
}
