//! The convergence of trained models and rugs to the theory as n_s grows: `(L − L*)/L*` against n_s
//! with error bars.

use crate::axis::{Axis, Scale, mathematics};
use crate::colour::{INK, SLATE};
use crate::frame;
use crate::marker::{Shape, series};
use crate::output::{self, Written};
use crate::page::{Key, Page};
use crate::scene::{Scene, Stroke};
use crate::{Result, validate};
use std::path::Path;

/// The relative difference `(L − L*)/L*` between the loss L of trained models or rugs and that of
/// the theory, L*, against n_s, with one series per pair (p, r).
///
/// ```
/// use toy_superposition_figures::{FiniteSize, FiniteSizePoint, FiniteSizeSeries, finite_size};
///
/// let relative = |features: usize| 1.0 / features as f64;
/// let point = |features| FiniteSizePoint { features, relative: relative(features), error: 1e-4 };
/// let series = FiniteSizeSeries {
///     probability: 0.05,
///     ratio: 0.25,
///     points: [64, 256, 1024].map(point).to_vec(),
///     rugs: Vec::new(),
/// };
/// let figure = FiniteSize { series: vec![series], caption: "Distances like $1/n_s$.".to_owned() };
/// let folder = tempfile::tempdir()?;
/// assert!(finite_size(&figure, folder.path().join("sizes"))?.png.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FiniteSize {
    /// The series, in the order of the legend.
    pub series: Vec<FiniteSizeSeries>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// The series of one pair (p, r).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FiniteSizeSeries {
    /// The feature probability p.
    pub probability: f64,
    /// The ratio r = n_d/n_s.
    pub ratio: f64,
    /// Trained models, joined by a line in this order, which should be that of increasing n_s.
    pub points: Vec<FiniteSizePoint>,
    /// Persian rugs in the same order, with hollow markers and dotted lines. The list may be empty.
    pub rugs: Vec<FiniteSizePoint>,
}

/// The relative difference at one n_s.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FiniteSizePoint {
    /// The number of features n_s.
    pub features: usize,
    /// `(L − L*)/L*` as a plain number. The figure shows it in per cent.
    pub relative: f64,
    /// Half the length of the error bar of `relative`, such as one standard error over seeds.
    pub error: f64,
}

/// Draws the differences into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there are no series or no points;
/// [`NotFinite`](crate::Error::NotFinite) for a NaN or an infinity;
/// [`Negative`](crate::Error::Negative) for a negative error;
/// [`NotPositive`](crate::Error::NotPositive) for n_s = 0; and [`FileName`](crate::Error::FileName)
/// or [`Write`](crate::Error::Write) for the files.
pub fn finite_size(figure: &FiniteSize, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &FiniteSize) -> Result<()> {
    validate::filled("series", &figure.series)?;
    for s in &figure.series {
        validate::filled("points", &s.points)?;
        validate::finite("probability and ratio", [s.probability, s.ratio])?;
        for points in [&s.points, &s.rugs] {
            validate::positive("features", points.iter().map(|p| p.features as f64))?;
            validate::finite("relative differences", points.iter().map(|p| p.relative))?;
            validate::not_negative("errors", points.iter().map(|p| p.error))?;
        }
    }
    Ok(())
}

fn scene(figure: &FiniteSize) -> Result<Scene> {
    check(figure)?;
    let points = || figure.series.iter().flat_map(|s| s.points.iter().chain(&s.rugs));
    let mut sizes: Vec<f64> = points().map(|p| p.features as f64).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let ends = points().flat_map(|p| [p.relative - p.error, p.relative + p.error]).chain([0.0]);
    let x =
        Axis::listed("number of features $n_s$", &sizes, Scale::Log.around(sizes.iter().copied(), 0.08), 8);
    let range = Scale::Linear.around(ends.map(|v| 100.0 * v), 0.06);
    let y = Axis::new("loss relative to theory (%)", Scale::Linear, range, 7);

    let mut page = Page::new();
    if figure.series.iter().any(|s| !s.rugs.is_empty()) {
        let marker = |hollow| Key::Marker { shape: Shape::Circle, colour: SLATE, hollow };
        page.legend(&[(marker(false), "trained".to_owned()), (marker(true), "Persian rug".to_owned())]);
    }
    page.legend(&legend(figure));
    let frame = page.frame(&x, &y, frame::left_margin(&y), 150.0, true);
    frame.grid(&mut page.scene);
    let theory = Stroke { dash: vec![4.0, 2.0], ..Stroke::solid(INK, 0.9) };
    frame.line(&mut page.scene, &[[x.lo, 0.0], [x.hi, 0.0]], &theory);
    // The series are shifted slightly along the axis, so that their error bars do not overlap.
    let step = (x.hi / x.lo).powf(0.012);
    let middle = (figure.series.len() - 1) as f64 / 2.0;
    for (k, s) in figure.series.iter().enumerate() {
        let (shape, colour) = series(k);
        let place =
            |p: &FiniteSizePoint| [p.features as f64 * step.powf(k as f64 - middle), 100.0 * p.relative];
        let dotted = Stroke { dash: vec![1.0, 1.6], ..Stroke::solid(colour, 0.7) };
        for (points, hollow, stroke) in
            [(&s.rugs, true, dotted), (&s.points, false, Stroke::solid(colour, 0.7))]
        {
            let line: Vec<_> = points.iter().map(place).collect();
            frame.line(&mut page.scene, &line, &stroke);
            for point in points {
                frame.error_bar(&mut page.scene, place(point), 100.0 * point.error, colour);
                frame.marker(&mut page.scene, place(point), shape, colour, hollow);
            }
        }
    }
    frame.draw(&mut page.scene, true, true);
    frame.label_x(&mut page.scene);
    frame.label_y(&mut page.scene);
    Ok(page.finish(&figure.caption))
}

fn legend(figure: &FiniteSize) -> Vec<(Key, String)> {
    let entry = |(k, s): (usize, &FiniteSizeSeries)| {
        let (shape, colour) = series(k);
        let label = format!("$p = {}$, $r = {}$", mathematics(s.probability), mathematics(s.ratio));
        (Key::Marker { shape, colour, hollow: false }, label)
    };
    let theory = Stroke { dash: vec![4.0, 2.0], ..Stroke::solid(SLATE, 0.9) };
    let series = figure.series.iter().enumerate().map(entry);
    series.chain([(Key::Line(theory), "theory".to_owned())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Mark, Segment};

    /// The frame is less than 240 points wide, of which the shift is 1.2 %. A single series is not
    /// shifted.
    #[test]
    fn two_series_are_side_by_side_at_each_size() {
        let points =
            [128, 512].map(|features| FiniteSizePoint { features, relative: 0.1, error: 0.05 }).to_vec();
        let of = |probability| FiniteSizeSeries { probability, points: points.clone(), ..Default::default() };
        // The upright line of each error bar.
        let places = |of: &[FiniteSizeSeries], k: usize| {
            let drawn = scene(&FiniteSize { series: of.to_vec(), ..Default::default() }).unwrap();
            let upright = |mark: &Mark| match mark {
                Mark::Shape { outline, stroke: Some(stroke), .. } if stroke.colour == series(k).1 => {
                    match outline.0[..] {
                        [Segment::Move([x, _]), Segment::Line([to, _])] => (x == to).then_some(x),
                        _ => None,
                    }
                }
                _ => None,
            };
            drawn.marks.iter().filter_map(upright).collect::<Vec<f64>>()
        };
        let (both, alone) = ([of(0.1), of(0.2)], [of(0.1)]);
        let (first, second, alone) = (places(&both, 0), places(&both, 1), places(&alone, 0));
        assert_eq!((first.len(), second.len(), alone.len()), (2, 2, 2));
        for ((first, second), alone) in first.into_iter().zip(second).zip(alone) {
            assert!((1.0..3.0).contains(&(second - first)), "{first} {second}");
            assert!((0.5 * (first + second) - alone).abs() < 0.01, "{first} {second} {alone}");
        }
    }
}
