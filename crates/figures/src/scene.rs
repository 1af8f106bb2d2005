//! A figure independent of the file format: a list of marks, which are drawn in order. Coordinates
//! are in points (1/72 inch), with x to the right and y **down**.
//!
//! Each figure builds one [`Scene`]. The modules `svg` and `bitmap` each convert a scene to the
//! contents of a file, so that the two formats differ only in resolution.

use crate::colour::Colour;

/// Millimetres per point.
pub(crate) const MILLIMETRES: f64 = 25.4 / 72.0;
/// Pixels per point at 400 dots per inch.
pub(crate) const RESOLUTION: f64 = 400.0 / 72.0;

/// A rectangle, given by its upper left corner and its size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The rectangle with two given opposite corners.
    pub(crate) fn between(a: [f64; 2], b: [f64; 2]) -> Self {
        let (x, y) = (a[0].min(b[0]), a[1].min(b[1]));
        Self { x, y, width: (a[0] - b[0]).abs(), height: (a[1] - b[1]).abs() }
    }

    pub(crate) fn outline(&self) -> Outline {
        let (l, t, r, b) = (self.x, self.y, self.right(), self.bottom());
        Outline::polygon(&[[l, t], [r, t], [r, b], [l, b]])
    }
}

/// One step of an outline.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Segment {
    Move([f64; 2]),
    Line([f64; 2]),
    Quad([f64; 2], [f64; 2]),
    Cubic([f64; 2], [f64; 2], [f64; 2]),
    Close,
}

/// An outline of lines and curves, open or closed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline(pub(crate) Vec<Segment>);

impl Outline {
    /// An open line through the points.
    pub(crate) fn polyline(points: &[[f64; 2]]) -> Self {
        let mut segments: Vec<_> = points.iter().map(|&p| Segment::Line(p)).collect();
        if let Some(&p) = points.first() {
            segments[0] = Segment::Move(p);
        }
        Self(segments)
    }

    /// A closed line through the points.
    pub(crate) fn polygon(points: &[[f64; 2]]) -> Self {
        let mut outline = Self::polyline(points);
        outline.0.push(Segment::Close);
        outline
    }

    /// A circle of four cubic arcs, which deviate from it by at most 3e-4 of the radius.
    pub(crate) fn circle([x, y]: [f64; 2], r: f64) -> Self {
        let k = 0.552_284_749_8 * r;
        Self(vec![
            Segment::Move([x + r, y]),
            Segment::Cubic([x + r, y + k], [x + k, y + r], [x, y + r]),
            Segment::Cubic([x - k, y + r], [x - r, y + k], [x - r, y]),
            Segment::Cubic([x - r, y - k], [x - k, y - r], [x, y - r]),
            Segment::Cubic([x + k, y - r], [x + r, y - k], [x + r, y]),
            Segment::Close,
        ])
    }

    /// The outline with `map` applied to each point.
    pub(crate) fn mapped(&self, map: impl Fn([f64; 2]) -> [f64; 2]) -> Self {
        Self(
            self.0
                .iter()
                .map(|segment| match *segment {
                    Segment::Move(p) => Segment::Move(map(p)),
                    Segment::Line(p) => Segment::Line(map(p)),
                    Segment::Quad(c, p) => Segment::Quad(map(c), map(p)),
                    Segment::Cubic(c, d, p) => Segment::Cubic(map(c), map(d), map(p)),
                    Segment::Close => Segment::Close,
                })
                .collect(),
        )
    }
}

/// The style of a line. An empty `dash` is a solid line.
#[derive(Debug, Clone)]
pub(crate) struct Stroke {
    pub(crate) colour: Colour,
    pub(crate) width: f64,
    pub(crate) dash: Vec<f64>,
}

impl Stroke {
    pub(crate) fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, dash: Vec::new() }
    }
}

/// A picture of `width × height` pixels, row by row from the top.
#[derive(Debug, Clone)]
pub(crate) struct Raster {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<Colour>,
}

/// One element of a scene.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    /// An outline, filled, stroked or both.
    Shape { outline: Outline, fill: Option<Colour>, stroke: Option<Stroke> },
    /// A filled rectangle whose edges are rounded to pixels, so that neighbours meet without a
    /// seam.
    Cell { rect: Rect, fill: Colour },
    /// A bitmap stretched over a rectangle without smoothing, so that each pixel is a sharp
    /// rectangle.
    Picture { rect: Rect, raster: Raster },
    /// A label: its plain text and the outlines of its glyphs, in position.
    Text { plain: String, outline: Outline, fill: Colour },
}

/// All marks of a figure, its size in points, and the resolution of the bitmap in pixels per point.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) resolution: f64,
    pub(crate) marks: Vec<Mark>,
}

impl Scene {
    pub(crate) fn line(&mut self, points: &[[f64; 2]], stroke: Stroke) {
        if points.len() > 1 {
            self.shape(Outline::polyline(points), None, Some(stroke));
        }
    }

    pub(crate) fn shape(&mut self, outline: Outline, fill: Option<Colour>, stroke: Option<Stroke>) {
        self.marks.push(Mark::Shape { outline, fill, stroke });
    }
}
