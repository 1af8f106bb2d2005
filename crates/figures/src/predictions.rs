//! Predicted against sampled loss of the same weights: the losses with the line y = x in the upper
//! part, and their relative deviation in the lower part.

use crate::axis::{Axis, Scale};
use crate::colour::{Colour, INK, SLATE};
use crate::frame;
use crate::marker::{Shape, series};
use crate::output::{self, Written};
use crate::page::{Key, Page};
use crate::scene::{Scene, Stroke};
use crate::{Result, validate};
use std::path::Path;

/// Exact, Edgeworth and Gaussian predictions of the loss of trained models, against the sampled
/// loss.
///
/// The upper part shows the losses with the line y = x, and the lower part the relative deviation.
///
/// ```
/// use toy_superposition_figures::{PredictedLoss, Predictions, predictions};
///
/// let model = PredictedLoss {
///     probability: 0.05,
///     sampled: 4.61e-3,
///     error: 2e-5,
///     exact: Some(4.60e-3),
///     edgeworth: None,
///     gaussian: Some(4.71e-3),
/// };
/// let figure = Predictions { models: vec![model], ..Predictions::default() };
/// let folder = tempfile::tempdir()?;
/// assert!(predictions(&figure, folder.path().join("predicted"))?.png.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// The losses, one entry per model.
    pub models: Vec<PredictedLoss>,
    /// The largest deviation that the lower part shows, in per cent. `None` shows all.
    pub deviation: Option<f64>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// The losses of one model, each per feature and **not** divided by p. The figure divides them by
/// p.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PredictedLoss {
    /// The feature probability p.
    pub probability: f64,
    /// The mean loss over fresh samples.
    pub sampled: f64,
    /// The standard error of `sampled`.
    pub error: f64,
    /// The exact expectation of the loss.
    pub exact: Option<f64>,
    /// The Gaussian prediction with its first Edgeworth corrections.
    pub edgeworth: Option<f64>,
    /// The prediction with Gaussian interference.
    pub gaussian: Option<f64>,
}

type Kind = (&'static str, fn(&PredictedLoss) -> Option<f64>, bool);
const KINDS: [Kind; 3] =
    [("Gaussian", |m| m.gaussian, true), ("Edgeworth", |m| m.edgeworth, true), ("exact", |m| m.exact, false)];

fn style(k: usize) -> (Shape, Colour) {
    // The order from back to front is Gaussian, Edgeworth, exact.
    series(KINDS.len() - 1 - k)
}

/// Draws the comparison into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no model or no prediction;
/// [`NotFinite`](crate::Error::NotFinite) for a NaN or an infinity;
/// [`NotPositive`](crate::Error::NotPositive) for a loss or probability ≤ 0;
/// [`Negative`](crate::Error::Negative) for a negative error; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn predictions(figure: &Predictions, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &Predictions) -> Result<()> {
    let models = &figure.models;
    validate::filled("models", models)?;
    validate::positive("largest deviation", figure.deviation)?;
    validate::positive("probabilities", models.iter().map(|m| m.probability))?;
    validate::positive("sampled loss", models.iter().map(|m| m.sampled))?;
    validate::not_negative("errors of the sampled loss", models.iter().map(|m| m.error))?;
    // A missing prediction is replaced by 1, so that the index in an error is that of the model.
    validate::positive("exact loss", models.iter().map(|m| m.exact.unwrap_or(1.0)))?;
    validate::positive("Edgeworth loss", models.iter().map(|m| m.edgeworth.unwrap_or(1.0)))?;
    validate::positive("Gaussian loss", models.iter().map(|m| m.gaussian.unwrap_or(1.0)))?;
    let over_p = |m: &PredictedLoss| {
        let losses = [Some(m.sampled), m.exact, m.edgeworth, m.gaussian];
        losses.map(|loss| loss.unwrap_or(0.0) / m.probability)
    };
    validate::finite("losses / p", models.iter().flat_map(over_p))?;
    let any = models.iter().filter_map(|m| m.exact.or(m.edgeworth).or(m.gaussian)).collect::<Vec<_>>();
    validate::filled("predictions", &any)
}

fn scene(figure: &Predictions) -> Result<Scene> {
    check(figure)?;
    let models = &figure.models;
    let sampled = models.iter().map(|m| m.sampled / m.probability);
    let predicted = || {
        models
            .iter()
            .flat_map(|m| KINDS.iter().filter_map(move |(_, of, _)| Some((m, of(m)? / m.probability))))
    };
    let range = Scale::Log.around(sampled.chain(predicted().map(|(_, v)| v)), 0.05);
    let deviation = |m: &PredictedLoss, v: f64| 100.0 * (v / (m.sampled / m.probability) - 1.0);
    let bars = models.iter().flat_map(|m| [-1.0, 1.0].map(|s| s * 100.0 * m.error / m.sampled));
    let around =
        Scale::Linear.around(predicted().map(|(m, v)| deviation(m, v)).chain(bars).chain([0.0]), 0.08);
    let around = figure.deviation.map_or(around, |most| (-most, most));
    let x = Axis::new("sampled loss / $p$ (dimensionless)", Scale::Log, range, 6);
    let y = Axis::new("predicted loss / $p$", Scale::Log, range, 6);
    let below = Axis::new("deviation (%)", Scale::Linear, around, 4);

    let mut page = Page::new();
    page.legend(&legend(figure));
    let margin = frame::left_margin(&y).max(frame::left_margin(&below));
    let upper = page.frame(&x, &y, margin, 150.0, false);
    let lower = page.frame(&x, &below, margin, 66.0, true);
    let equal = Stroke { dash: vec![4.0, 2.0], ..Stroke::solid(INK, 0.8) };
    for frame in [&upper, &lower] {
        frame.grid(&mut page.scene);
    }
    upper.line(&mut page.scene, &[[x.lo, x.lo], [x.hi, x.hi]], &equal);
    lower.line(&mut page.scene, &[[x.lo, 0.0], [x.hi, 0.0]], &equal);
    for (k, (_, of, hollow)) in KINDS.iter().enumerate() {
        let (shape, colour) = style(k);
        for model in models {
            let Some(loss) = of(model) else { continue };
            let (s, v) = (model.sampled / model.probability, loss / model.probability);
            upper.marker(&mut page.scene, [s, v], shape, colour, *hollow);
            lower.marker(&mut page.scene, [s, deviation(model, v)], shape, colour, *hollow);
        }
    }
    // The error bars are drawn over the markers, which are often larger.
    for model in models {
        let at = [model.sampled / model.probability, 0.0];
        lower.error_bar(&mut page.scene, at, 100.0 * model.error / model.sampled, SLATE);
    }
    upper.draw(&mut page.scene, false, true);
    lower.draw(&mut page.scene, true, true);
    for frame in [&upper, &lower] {
        frame.label_y(&mut page.scene);
    }
    lower.label_x(&mut page.scene);
    Ok(page.finish(&figure.caption))
}

fn legend(figure: &Predictions) -> Vec<(Key, String)> {
    let drawn = |of: fn(&PredictedLoss) -> Option<f64>| figure.models.iter().any(|m| of(m).is_some());
    let mut entries: Vec<(Key, String)> = KINDS
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, (_, of, _))| drawn(*of))
        .map(|(k, (label, _, hollow))| {
            let (shape, colour) = style(k);
            (Key::Marker { shape, colour, hollow: *hollow }, (*label).to_owned())
        })
        .collect();
    let equal = Stroke { dash: vec![4.0, 2.0], ..Stroke::solid(SLATE, 0.8) };
    entries.push((Key::Line(equal), "equal".to_owned()));
    entries
}
