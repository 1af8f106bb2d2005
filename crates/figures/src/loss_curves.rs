//! The paper's Fig. 2: loss/p against r = n_d/n_s of trained models, Persian rugs, optimal linear
//! models and theory.
//!
//! Colour and shape show p. Filled or hollow markers and solid or dashed lines show the kind of
//! model.

use crate::axis::{Axis, Scale, mathematics};
use crate::colour::SLATE;
use crate::frame;
use crate::grid::RATIO;
use crate::marker::{Shape, series};
use crate::output::{self, Written};
use crate::page::{Key, Page};
use crate::scene::{Scene, Stroke};
use crate::{Result, validate};
use std::path::Path;

/// The paper's Fig. 2: loss/p against r = n_d/n_s, with one series per probability p.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossCurves {
    /// The series, in the order of the legend.
    pub series: Vec<LossSeries>,
    /// The scale of the vertical axis, such as logarithmic for losses over several decades.
    pub loss_scale: Scale,
    /// The scale of the horizontal axis. A logarithmic scale shows r ≈ p for several p (Fig. 2b).
    pub ratio_scale: Scale,
    /// The least and the greatest ratio r that is shown. `None` shows all.
    pub ratios: Option<(f64, f64)>,
    /// The least and the greatest loss/p that is shown. `None` shows all.
    pub losses: Option<(f64, f64)>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// The losses at one probability. Each list may be empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossSeries {
    /// The feature probability p.
    pub probability: f64,
    /// Losses of trained models, drawn as filled markers with error bars.
    pub trained: Vec<LossPoint>,
    /// Losses of Persian rugs, drawn as hollow markers with error bars.
    pub rug: Vec<LossPoint>,
    /// Losses of optimal linear models, joined by a dashed line in this order.
    pub linear: Vec<LossPoint>,
    /// Losses of the symmetric optimum, joined by a solid line in this order.
    pub theory: Vec<LossPoint>,
}

/// The loss at one ratio.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LossPoint {
    /// The ratio r = n_d/n_s.
    pub ratio: f64,
    /// The loss per feature, **not** divided by p. The figure divides it by p.
    pub loss: f64,
    /// Half the length of the error bar, such as one standard error of `loss`. No bar is drawn for
    /// 0, or on a line.
    pub error: f64,
}

/// Draws Fig. 2a or 2b into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no point; [`NotFinite`](crate::Error::NotFinite) for
/// a NaN or an infinity; [`Negative`](crate::Error::Negative) for a negative error;
/// [`NotPositive`](crate::Error::NotPositive) for a probability ≤ 0 or, on a logarithmic axis, a
/// loss or ratio ≤ 0; [`Order`](crate::Error::Order) for a range whose ends do not increase; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn loss_curves(figure: &LossCurves, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &LossCurves) -> Result<()> {
    validate::filled("series", &figure.series)?;
    validate::positive("probabilities", figure.series.iter().map(|s| s.probability))?;
    let lists = |s: &LossSeries| [s.trained.clone(), s.rug.clone(), s.linear.clone(), s.theory.clone()];
    let all = figure.series.iter().flat_map(|s| lists(s).concat()).collect::<Vec<_>>();
    validate::filled("points", &all)?;
    for series in &figure.series {
        let kinds = ["trained loss", "rug loss", "linear loss", "theory loss"];
        for (what, list) in kinds.into_iter().zip(lists(series)) {
            match figure.ratio_scale {
                Scale::Linear => validate::finite("ratios", list.iter().map(|p| p.ratio))?,
                Scale::Log => validate::positive("ratios", list.iter().map(|p| p.ratio))?,
            }
            validate::finite(what, list.iter().map(|p| p.loss))?;
            validate::not_negative("loss errors", list.iter().map(|p| p.error))?;
            let over_p = |p: &LossPoint| [p.loss, p.error].map(|value| value / series.probability);
            validate::finite("losses and errors / p", list.iter().flat_map(over_p))?;
            if figure.loss_scale == Scale::Log {
                validate::positive(what, list.iter().map(|p| p.loss))?;
            }
        }
    }
    let ranges = [
        ("range of ratios", figure.ratios, figure.ratio_scale),
        ("range of losses", figure.losses, figure.loss_scale),
    ];
    for (what, range, scale) in ranges {
        let Some((from, to)) = range else { continue };
        if scale == Scale::Log {
            validate::positive(what, [from, to])?;
        }
        validate::increasing(what, &[from, to])?;
    }
    Ok(())
}

fn scene(figure: &LossCurves) -> Result<Scene> {
    check(figure)?;
    let shown = |r: f64| figure.ratios.is_none_or(|(from, to)| (from..=to).contains(&r));
    let (mut ratios, mut losses) = (Vec::new(), Vec::new());
    for series in &figure.series {
        for list in [&series.trained, &series.rug, &series.linear, &series.theory] {
            for point in list.iter().filter(|point| shown(point.ratio)) {
                ratios.push(point.ratio);
                let lower = point.loss - point.error;
                let lower =
                    if lower > 0.0 || figure.loss_scale == Scale::Linear { lower } else { point.loss };
                losses.extend([lower, point.loss + point.error].map(|l| l / series.probability));
            }
        }
    }
    if figure.loss_scale == Scale::Linear {
        losses.push(0.0);
    }
    let across = figure.ratios.unwrap_or_else(|| figure.ratio_scale.around(ratios, 0.03));
    let mut range = figure.loss_scale.around(losses.iter().copied(), 0.04);
    if figure.loss_scale == Scale::Linear && losses.iter().all(|&l| l >= 0.0) {
        range.0 = 0.0;
    }
    let range = figure.losses.unwrap_or(range);
    let x = Axis::new(RATIO, figure.ratio_scale, across, 6);
    let y = Axis::new("loss per feature / $p$ (dimensionless)", figure.loss_scale, range, 7);

    let mut page = Page::new();
    page.legend(&kinds(figure));
    page.legend(&probabilities(figure));
    let frame = page.frame(&x, &y, frame::left_margin(&y), 165.0, true);
    frame.grid(&mut page.scene);
    let values = |list: &[LossPoint], p: f64| list.iter().map(|q| [q.ratio, q.loss / p]).collect::<Vec<_>>();
    for (k, s) in figure.series.iter().enumerate() {
        let colour = series(k).1;
        let dashed = Stroke { dash: vec![3.0, 2.0], ..Stroke::solid(colour, 0.9) };
        frame.line(&mut page.scene, &values(&s.linear, s.probability), &dashed);
        frame.line(&mut page.scene, &values(&s.theory, s.probability), &Stroke::solid(colour, 1.1));
    }
    // The hollow markers of rugs are larger than those of trained models, which are drawn over
    // them, so that both are visible where they coincide.
    for hollow in [true, false] {
        let points = |s: &LossSeries| if hollow { s.rug.clone() } else { s.trained.clone() };
        let place = |s: &LossSeries, q: &LossPoint| [q.ratio, q.loss / s.probability];
        for (k, s) in figure.series.iter().enumerate() {
            for q in points(s) {
                frame.error_bar(&mut page.scene, place(s, &q), q.error / s.probability, series(k).1);
            }
        }
        for (k, s) in figure.series.iter().enumerate() {
            let (shape, colour) = series(k);
            for q in points(s) {
                frame.marker(&mut page.scene, place(s, &q), shape, colour, hollow);
            }
        }
    }
    frame.draw(&mut page.scene, true, true);
    frame.label_x(&mut page.scene);
    frame.label_y(&mut page.scene);
    Ok(page.finish(&figure.caption))
}

fn kinds(figure: &LossCurves) -> Vec<(Key, String)> {
    let any = |list: fn(&LossSeries) -> &Vec<LossPoint>| figure.series.iter().any(|s| !list(s).is_empty());
    let marker = |hollow| Key::Marker { shape: Shape::Circle, colour: SLATE, hollow };
    let dashed = Stroke { dash: vec![3.0, 2.0], ..Stroke::solid(SLATE, 0.9) };
    [
        (any(|s| &s.trained), marker(false), "trained"),
        (any(|s| &s.rug), marker(true), "Persian rug"),
        (any(|s| &s.theory), Key::Line(Stroke::solid(SLATE, 1.1)), "theory"),
        (any(|s| &s.linear), Key::Line(dashed), "optimal linear"),
    ]
    .into_iter()
    .filter(|(any, ..)| *any)
    .map(|(_, key, label)| (key, label.to_owned()))
    .collect()
}

fn probabilities(figure: &LossCurves) -> Vec<(Key, String)> {
    let entry = |(k, s): (usize, &LossSeries)| {
        let (shape, colour) = series(k);
        (Key::Marker { shape, colour, hollow: false }, format!("$p = {}$", mathematics(s.probability)))
    };
    figure.series.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Mark, Segment};

    /// Returns the centres of the markers filled with the colour of the k-th series, including
    /// those in the legend.
    fn markers(scene: &Scene, k: usize) -> Vec<[f64; 2]> {
        let filled = scene.marks.iter().filter_map(|mark| match mark {
            Mark::Shape { outline, fill: Some(fill), .. } if *fill == series(k).1 => Some(outline),
            _ => None,
        });
        let middle = |corners: Vec<[f64; 2]>| {
            let n = corners.len() as f64;
            [0, 1].map(|c| corners.iter().map(|p| p[c]).sum::<f64>() / n)
        };
        filled
            .map(|outline| {
                let ends = outline.0.iter().filter_map(|segment| match *segment {
                    Segment::Line(p) | Segment::Cubic(_, _, p) => Some(p),
                    // The first corner of a polygon, which a circle returns to at its end.
                    Segment::Move(p) => (k > 0).then_some(p),
                    _ => None,
                });
                middle(ends.collect())
            })
            .collect()
    }

    #[test]
    fn losses_are_divided_by_p_and_ratios_run_to_the_right() {
        let point = |ratio, loss| LossPoint { ratio, loss, error: 0.0 };
        let series = |probability: f64, ratio, over_p: f64| LossSeries {
            probability,
            trained: vec![point(ratio, over_p * probability)],
            ..LossSeries::default()
        };
        let mut figure = LossCurves {
            series: vec![series(0.3, 0.2, 0.1), series(0.02, 0.7, 0.1)],
            ..LossCurves::default()
        };
        let drawn = scene(&figure).unwrap();
        let (a, b) = (markers(&drawn, 0), markers(&drawn, 1));
        let (a, b) = (a.last().unwrap(), b.last().unwrap());
        assert!((a[1] - b[1]).abs() < 1e-9, "{a:?} {b:?}");
        assert!(b[0] > a[0] + 50.0);
        // A higher loss is drawn higher up, and points outside the range are left out.
        figure.series[1].trained[0].loss *= 1.5;
        let drawn = scene(&figure).unwrap();
        let (a, b) = (markers(&drawn, 0), markers(&drawn, 1));
        assert!(b.last().unwrap()[1] < a.last().unwrap()[1] - 10.0);
        figure.ratios = Some((0.5, 0.9));
        let zoomed = scene(&figure).unwrap();
        assert_eq!((markers(&zoomed, 0).len(), markers(&zoomed, 1).len()), (1, 2));
    }
}
