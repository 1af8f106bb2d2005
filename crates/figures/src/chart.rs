//! Any quantity against any other, as several series, each with a line, markers with error bars, or
//! both.

use std::path::Path;

use crate::axis::{Axis, Scale};
use crate::frame;
use crate::marker::{Shape, series};
use crate::output::{self, Written};
use crate::page::{Key, Page};
use crate::scene::{Scene, Stroke};
use crate::{Result, validate};

/// A chart of several series of points, with any quantities on its two axes.
///
/// ```
/// use toy_superposition_figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
///
/// let point = |x: f64| ChartPoint { x, y: 1.0 / x, error: 0.0 };
/// let figure = Chart {
///     x_label: "dimensions $n_d$".to_owned(),
///     y_label: "loss".to_owned(),
///     x_scale: Scale::Log,
///     y_scale: Scale::Log,
///     series: vec![ChartSeries {
///         name: "one over $n_d$".to_owned(),
///         points: [1.0, 10.0, 100.0].map(point).to_vec(),
///         mark: ChartMark::Line,
///     }],
///     caption: "A straight line on two logarithmic axes.".to_owned(),
/// };
/// let folder = tempfile::tempdir()?;
/// let written = chart(&figure, folder.path().join("line"))?;
/// assert!(std::fs::read_to_string(written.svg)?.contains("A straight line"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// The label of the horizontal axis: the quantity and its unit. Mathematics is written between
    /// dollar signs.
    pub x_label: String,
    /// The label of the vertical axis.
    pub y_label: String,
    /// The scale of the horizontal axis.
    pub x_scale: Scale,
    /// The scale of the vertical axis.
    pub y_scale: Scale,
    /// The series, in the order of the legend. Later series are drawn over earlier ones.
    pub series: Vec<ChartSeries>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// One series of a [`Chart`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChartSeries {
    /// The name in the legend.
    pub name: String,
    /// The points, in the order in which a line joins them.
    pub points: Vec<ChartPoint>,
    /// The way in which the points are drawn.
    pub mark: ChartMark,
}

/// One point of a [`ChartSeries`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChartPoint {
    /// The coordinate on the horizontal axis.
    pub x: f64,
    /// The coordinate on the vertical axis.
    pub y: f64,
    /// Half the length of the error bar of `y`. No bar is drawn for 0, or on a line.
    pub error: f64,
}

/// The way in which a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChartMark {
    /// A line through the points.
    Line,
    /// A dashed line through the points, for quantities that are not measured, such as a bound.
    Dashed,
    /// A marker with an error bar at each point.
    Points,
    /// Markers with error bars, joined by a thin line.
    #[default]
    Joined,
    /// A small dot at each point, without error bars, for hundreds of points.
    Dots,
    /// A thin dashed line over the whole width at the height of each point, whose `x` is ignored.
    /// The name of the series is at its right end and not in the legend.
    Level,
}

impl ChartMark {
    /// The stroke of the line, if there is one.
    fn stroke(self, k: usize) -> Option<Stroke> {
        let solid = |width| Stroke::solid(series(k).1, width);
        match self {
            Self::Line => Some(solid(1.1)),
            Self::Dashed => Some(Stroke { dash: vec![3.0, 2.0], ..solid(0.9) }),
            Self::Points | Self::Dots | Self::Level => None,
            Self::Joined => Some(solid(0.7)),
        }
    }

    fn has_markers(self) -> bool {
        matches!(self, Self::Points | Self::Joined)
    }
}

/// Draws the chart into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no series or a series has no points;
/// [`NotFinite`](crate::Error::NotFinite) for a NaN or an infinity;
/// [`Negative`](crate::Error::Negative) for a negative error;
/// [`NotPositive`](crate::Error::NotPositive) for a value ≤ 0 on a logarithmic scale; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn chart(figure: &Chart, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &Chart) -> Result<()> {
    validate::filled("series", &figure.series)?;
    for series in &figure.series {
        validate::filled("points", &series.points)?;
        let of = |axis: usize| series.points.iter().map(move |point| [point.x, point.y][axis]);
        let axes = [(0, "x", figure.x_scale), (1, "y", figure.y_scale)];
        let level = series.mark == ChartMark::Level;
        for (axis, what, scale) in axes.into_iter().filter(|(axis, ..)| !level || *axis == 1) {
            match scale {
                Scale::Linear => validate::finite(what, of(axis))?,
                Scale::Log => validate::positive(what, of(axis))?,
            }
        }
        validate::not_negative("errors", series.points.iter().map(|point| point.error))?;
    }
    Ok(())
}

fn scene(figure: &Chart) -> Result<Scene> {
    check(figure)?;
    let points = || figure.series.iter().flat_map(|series| &series.points);
    let ends = points().flat_map(|point| {
        let lower = point.y - point.error;
        // On a logarithmic scale an error bar may reach down to 0 or below.
        let shown = lower > 0.0 || figure.y_scale == Scale::Linear;
        [if shown { lower } else { point.y }, point.y + point.error]
    });
    let placed = figure.series.iter().filter(|series| series.mark != ChartMark::Level);
    let across = placed.flat_map(|series| &series.points).map(|point| point.x);
    let across = figure.x_scale.around(across, 0.03);
    let x = Axis::new(&figure.x_label, figure.x_scale, across, 7);
    let y = Axis::new(&figure.y_label, figure.y_scale, figure.y_scale.around(ends, 0.05), 7);

    let mut page = Page::new();
    page.legend(&figure.series.iter().enumerate().filter_map(key).collect::<Vec<_>>());
    let frame = page.frame(&x, &y, frame::left_margin(&y), 165.0, true);
    frame.grid(&mut page.scene);
    let levels = figure.series.iter().filter(|series| series.mark == ChartMark::Level);
    let levels: Vec<f64> = levels.flat_map(|series| &series.points).map(|point| point.y).collect();
    for (k, s) in figure.series.iter().enumerate() {
        if s.mark == ChartMark::Level {
            for point in &s.points {
                // If another level is close above this one, the name is below the line.
                let height = |y| frame.at(x.lo, y)[1];
                let above = |&y: &f64| (0.1..8.0).contains(&(height(point.y) - height(y)));
                let below = levels.iter().any(above);
                frame.level(&mut page.scene, point.y, &s.name, below);
            }
            continue;
        }
        if s.mark == ChartMark::Dots {
            s.points.iter().for_each(|point| frame.dot(&mut page.scene, [point.x, point.y], series(k).1));
            continue;
        }
        let line: Vec<_> = s.points.iter().map(|point| [point.x, point.y]).collect();
        if let Some(stroke) = s.mark.stroke(k) {
            frame.line(&mut page.scene, &line, &stroke);
        }
        if s.mark.has_markers() {
            let (shape, colour) = series(k);
            for (&at, point) in line.iter().zip(&s.points) {
                frame.error_bar(&mut page.scene, at, point.error, colour);
                frame.marker(&mut page.scene, at, shape, colour, false);
            }
        }
    }
    frame.draw(&mut page.scene, true, true);
    frame.label_x(&mut page.scene);
    frame.label_y(&mut page.scene);
    Ok(page.finish(&figure.caption))
}

/// The legend entry of a series, if it has one.
fn key((k, s): (usize, &ChartSeries)) -> Option<(Key, String)> {
    let (shape, colour) = series(k);
    let key = match s.mark {
        ChartMark::Level => return None,
        ChartMark::Dots => Key::Marker { shape: Shape::Circle, colour, hollow: false },
        ChartMark::Points | ChartMark::Joined => Key::Marker { shape, colour, hollow: false },
        ChartMark::Line | ChartMark::Dashed => Key::Line(s.mark.stroke(k)?),
    };
    Some((key, s.name.clone()))
}
