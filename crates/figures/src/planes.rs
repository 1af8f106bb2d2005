//! Vectors in the plane: the features of a model with two hidden dimensions, one panel per model.

use std::path::Path;

use crate::axis::{Axis, Scale};
use crate::colour::{HATCH, INK, MIST, SLATE};
use crate::frame::{Frame, TICK};
use crate::marker::series;
use crate::output::{self, Written};
use crate::page::{EDGE, Key, Page, WIDTH};
use crate::scene::{Outline, Rect, Scene, Stroke};
use crate::text::{Anchor, Turn};
use crate::{Error, Result, validate};

/// Vectors from the origin in panels with the same scale, such as the features of models with two
/// hidden dimensions, one panel per model. Up to four panels are in a row. A dashed circle has
/// radius 1.
///
/// ```
/// use toy_superposition_figures::{Plane, PlaneVector, Planes, planes};
///
/// let corner = |k: u32| {
///     let angle = f64::from(k) * std::f64::consts::TAU / 5.0;
///     PlaneVector { tip: [angle.cos(), angle.sin()], ..PlaneVector::default() }
/// };
/// let pentagon = Plane {
///     title: "$p = 0.05$".to_owned(),
///     note: "five features in two dimensions".to_owned(),
///     vectors: (0..5).map(corner).collect(),
/// };
/// let figure = Planes { panels: vec![pentagon], ..Planes::default() };
/// let folder = tempfile::tempdir()?;
/// assert!(planes(&figure, folder.path().join("pentagon"))?.svg.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Planes {
    /// The names of the groups, each with its colour, in the order of the legend. If the list is
    /// empty, all vectors have the same colour and there is no legend.
    pub groups: Vec<String>,
    /// The panels, in reading order.
    pub panels: Vec<Plane>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// One panel of a [`Planes`] figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plane {
    /// The title above the panel, such as `$p = 0.05$`.
    pub title: String,
    /// A note below the panel, such as the result. It may be empty.
    pub note: String,
    /// The vectors, which are drawn in this order.
    pub vectors: Vec<PlaneVector>,
}

/// One vector of a [`Plane`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlaneVector {
    /// The end of the vector, which starts at the origin.
    pub tip: [f64; 2],
    /// The group of the vector, an index into [`Planes::groups`], or 0 if there are no groups.
    pub group: usize,
    /// Earlier positions of the tip, joined by a thin line in this order.
    pub trail: Vec<[f64; 2]>,
}

/// Draws the panels into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no panel; [`NotFinite`](crate::Error::NotFinite) for
/// a NaN or an infinity; [`Group`](crate::Error::Group) for a group without a name; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn planes(figure: &Planes, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &Planes) -> Result<()> {
    validate::filled("panels", &figure.panels)?;
    for (index, vector) in figure.panels.iter().flat_map(|panel| &panel.vectors).enumerate() {
        let (given, names) = (vector.group, figure.groups.len());
        if given >= names.max(1) {
            return Err(Error::Group { index, given, names });
        }
        validate::finite("vectors", vector.trail.iter().chain([&vector.tip]).flatten().copied())?;
    }
    Ok(())
}

fn scene(figure: &Planes) -> Result<Scene> {
    const GAP: f64 = 6.0;
    const ABOVE: f64 = 12.0;
    check(figure)?;
    let vectors = figure.panels.iter().flat_map(|panel| &panel.vectors);
    let places = vectors.flat_map(|vector| vector.trail.iter().chain([&vector.tip]));
    let farthest = places.map(|[x, y]| x.hypot(*y)).fold(1.0, f64::max).min(f64::MAX / 4.0);
    let reach = 1.12 * farthest;
    let mut axis = Axis::new("", Scale::Linear, (-reach, reach), 3);
    axis.ticks.clear();

    let mut page = Page::new();
    let marker = |k: usize| Key::Marker { shape: series(k).0, colour: series(k).1, hollow: false };
    let entries: Vec<_> =
        figure.groups.iter().enumerate().map(|(k, name)| (marker(k), name.clone())).collect();
    if !entries.is_empty() {
        page.legend(&entries);
    }
    let columns = figure.panels.len().div_ceil(figure.panels.len().div_ceil(4));
    let side = ((WIDTH - 2.0 * EDGE - GAP * (columns - 1) as f64) / columns as f64).min(120.0);
    let left = (WIDTH - side * columns as f64 - GAP * (columns - 1) as f64) / 2.0;
    let below = if figure.panels.iter().any(|panel| !panel.note.is_empty()) { 9.0 } else { 2.0 };
    let apart = side + ABOVE + below;
    for (k, panel) in figure.panels.iter().enumerate() {
        let (row, column) = ((k / columns) as f64, (k % columns) as f64);
        let rect = Rect {
            x: left + column * (side + GAP),
            y: page.y + ABOVE + row * apart,
            width: side,
            height: side,
        };
        draw(&mut page.scene, &Frame { rect, x: &axis, y: &axis }, &panel.vectors);
        page.title(&rect, &panel.title);
        let under = [rect.x + side / 2.0, rect.bottom() + 1.2 + 0.85 * TICK];
        page.scene.text(&panel.note, under, 0.85 * TICK, SLATE, Anchor::Middle, Turn::Level);
    }
    page.y += apart * figure.panels.len().div_ceil(columns) as f64;
    Ok(page.finish(&figure.caption))
}

fn draw(scene: &mut Scene, frame: &Frame<'_>, vectors: &[PlaneVector]) {
    let origin = frame.at(0.0, 0.0);
    let (rect, thin) = (&frame.rect, Stroke::solid(MIST, 0.6));
    scene.line(&[[rect.x, origin[1]], [rect.right(), origin[1]]], thin.clone());
    scene.line(&[[origin[0], rect.y], [origin[0], rect.bottom()]], thin);
    let unit = frame.at(1.0, 0.0)[0] - origin[0];
    let dashed = Stroke { dash: vec![2.0, 1.6], ..Stroke::solid(HATCH, 0.5) };
    scene.shape(Outline::circle(origin, unit), None, Some(dashed));
    for vector in vectors {
        let (shape, colour) = series(vector.group);
        frame.line(scene, &vector.trail, &Stroke::solid(colour, 0.5));
        frame.line(scene, &[[0.0, 0.0], vector.tip], &Stroke::solid(colour, 1.1));
        frame.marker(scene, vector.tip, shape, colour, false);
    }
    scene.shape(rect.outline(), None, Some(Stroke::solid(INK, 0.6)));
}
