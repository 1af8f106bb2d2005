//! Any quantity against any other: many series, each a line, markers with error bars, or both.

use std::path::Path;

use crate::axis::{Axis, Scale};
use crate::frame;
use crate::marker::series;
use crate::output::{self, Written};
use crate::page::{Key, Page};
use crate::scene::{Scene, Stroke};
use crate::{Result, validate};

/// Series of points over two axes that the caller names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// The horizontal axis: what it shows and its unit. Mathematics stands between dollar signs.
    pub x_label: String,
    /// The vertical axis, in the same way.
    pub y_label: String,
    /// The scale of the horizontal axis.
    pub x_scale: Scale,
    /// The scale of the vertical axis.
    pub y_scale: Scale,
    /// In the order of the legend; later ones are drawn over earlier ones.
    pub series: Vec<ChartSeries>,
    /// Parameters and seed, wrapped below the figure.
    pub caption: String,
}

/// One series of a [`Chart`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChartSeries {
    /// In the legend.
    pub name: String,
    /// In the order in which a line joins them.
    pub points: Vec<ChartPoint>,
    /// How the points are shown.
    pub mark: ChartMark,
}

/// One point of a [`ChartSeries`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChartPoint {
    /// On the horizontal axis.
    pub x: f64,
    /// On the vertical axis.
    pub y: f64,
    /// Half the error bar of `y`; no bar is drawn for 0 or on a line.
    pub error: f64,
}

/// How a series is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChartMark {
    /// A line through the points.
    Line,
    /// A dashed line through the points, for what is not measured, such as a bound.
    Dashed,
    /// A marker with an error bar at each point.
    Points,
    /// Markers with error bars, joined by a thin line.
    #[default]
    Joined,
}

impl ChartMark {
    /// The stroke of the line, if there is one.
    fn stroke(self, k: usize) -> Option<Stroke> {
        let solid = |width| Stroke::solid(series(k).1, width);
        match self {
            Self::Line => Some(solid(1.1)),
            Self::Dashed => Some(Stroke { dash: vec![3.0, 2.0], ..solid(0.9) }),
            Self::Points => None,
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
/// [`Empty`](crate::Error::Empty) without a series or with an empty one, [`NotFinite`](crate::Error::NotFinite),
/// [`Negative`](crate::Error::Negative) errors, [`NotPositive`](crate::Error::NotPositive) values on a logarithmic scale,
/// and [`FileName`](crate::Error::FileName), [`Write`](crate::Error::Write) for the files.
pub fn chart(figure: &Chart, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &Chart) -> Result<()> {
    validate::filled("series", &figure.series)?;
    for series in &figure.series {
        validate::filled("points", &series.points)?;
        let of = |axis: usize| series.points.iter().map(move |point| [point.x, point.y][axis]);
        for (axis, what, scale) in [(0, "x", figure.x_scale), (1, "y", figure.y_scale)] {
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
        // On a logarithmic scale a bar may run down to 0 and below.
        let shown = lower > 0.0 || figure.y_scale == Scale::Linear;
        [if shown { lower } else { point.y }, point.y + point.error]
    });
    let across = figure.x_scale.around(points().map(|point| point.x), 0.03);
    let x = Axis::new(&figure.x_label, figure.x_scale, across, 7);
    let y = Axis::new(&figure.y_label, figure.y_scale, figure.y_scale.around(ends, 0.05), 7);

    let mut page = Page::new();
    page.legend(&figure.series.iter().enumerate().map(key).collect::<Vec<_>>());
    let frame = page.frame(&x, &y, frame::left_margin(&y), 165.0, true);
    frame.grid(&mut page.scene);
    for (k, s) in figure.series.iter().enumerate() {
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

fn key((k, s): (usize, &ChartSeries)) -> (Key, String) {
    let (shape, colour) = series(k);
    let key = match s.mark.stroke(k) {
        Some(stroke) if !s.mark.has_markers() => Key::Line(stroke),
        _ => Key::Marker { shape, colour, hollow: false },
    };
    (key, s.name.clone())
}
