//! A plotting area: the axes around it, and the map from values to points inside it.

use crate::axis::Axis;
use crate::colour::{Colour, INK, MIST, SLATE, WHITE};
use crate::marker::Shape;
use crate::scene::{Outline, Rect, Scene, Stroke};
use crate::text::{self, Anchor, Turn};

/// Type sizes in points, for a page 85 mm wide.
pub(crate) const LABEL: f64 = 8.0;
pub(crate) const TICK: f64 = 7.0;

const LINE: f64 = 0.6;
const LONG: f64 = 2.8;
const SHORT: f64 = 1.6;

/// The width that a vertical axis with its label needs to the left of its frame.
pub(crate) fn left_margin(y: &Axis) -> f64 {
    LABEL * 1.35 + tick_label_width(y) + LONG + 5.0
}

fn tick_label_width(axis: &Axis) -> f64 {
    axis.ticks.iter().flat_map(|t| &t.label).map(|l| text::width(l, TICK)).fold(0.0, f64::max)
}

/// The height that a horizontal axis needs below its frame: first for its ticks and their labels,
/// then for its label.
pub(crate) const TICKS_BELOW: f64 = LONG + 1.5 + TICK;
pub(crate) const LABEL_BELOW: f64 = LABEL * 1.45;

#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) rect: Rect,
    pub(crate) x: &'a Axis,
    pub(crate) y: &'a Axis,
}

impl Frame<'_> {
    pub(crate) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        [
            self.rect.x + self.x.fraction(x) * self.rect.width,
            self.rect.bottom() - self.y.fraction(y) * self.rect.height,
        ]
    }

    /// Draws pale grid lines at the labelled ticks, below everything else.
    pub(crate) fn grid(&self, scene: &mut Scene) {
        for tick in self.x.ticks.iter().filter(|t| t.label.is_some() && self.x.holds(t.at)) {
            let x = self.at(tick.at, self.y.lo)[0];
            scene.line(&[[x, self.rect.y], [x, self.rect.bottom()]], Stroke::solid(MIST, LINE));
        }
        for tick in self.y.ticks.iter().filter(|t| t.label.is_some() && self.y.holds(t.at)) {
            let y = self.at(self.x.lo, tick.at)[1];
            scene.line(&[[self.rect.x, y], [self.rect.right(), y]], Stroke::solid(MIST, LINE));
        }
    }

    /// Draws the frame, the ticks outside it and, if requested, their labels.
    pub(crate) fn draw(&self, scene: &mut Scene, label_x: bool, label_y: bool) {
        let (left, bottom) = (self.rect.x, self.rect.bottom());
        for tick in self.x.ticks.iter().filter(|t| self.x.holds(t.at)) {
            let x = self.at(tick.at, self.y.lo)[0];
            let length = if tick.label.is_some() { LONG } else { SHORT };
            scene.line(&[[x, bottom], [x, bottom + length]], Stroke::solid(INK, LINE));
            if let (true, Some(label)) = (label_x, &tick.label) {
                let at = [x, bottom + LONG + 1.2 + 0.78 * TICK];
                scene.text(label, at, TICK, INK, Anchor::Middle, Turn::Level);
            }
        }
        for tick in self.y.ticks.iter().filter(|t| self.y.holds(t.at)) {
            let y = self.at(self.x.lo, tick.at)[1];
            let length = if tick.label.is_some() { LONG } else { SHORT };
            scene.line(&[[left, y], [left - length, y]], Stroke::solid(INK, LINE));
            if let (true, Some(label)) = (label_y, &tick.label) {
                let at = [left - LONG - 1.6, y + 0.35 * TICK];
                scene.text(label, at, TICK, INK, Anchor::End, Turn::Level);
            }
        }
        scene.shape(self.rect.outline(), None, Some(Stroke::solid(INK, LINE)));
    }

    /// Draws the label of the vertical axis, running upward, left of the tick labels.
    pub(crate) fn label_y(&self, scene: &mut Scene) {
        let at = [self.rect.x - left_margin(self.y) + LABEL * 0.95, self.rect.y + self.rect.height / 2.0];
        scene.text(&self.y.label, at, LABEL, INK, Anchor::Middle, Turn::Upward);
    }

    /// Draws the label of the horizontal axis below the tick labels.
    pub(crate) fn label_x(&self, scene: &mut Scene) {
        let at = [self.rect.x + self.rect.width / 2.0, self.rect.bottom() + TICKS_BELOW + LABEL];
        scene.text(&self.x.label, at, LABEL, INK, Anchor::Middle, Turn::Level);
    }

    /// Draws the line through the values, clipped at the frame.
    pub(crate) fn line(&self, scene: &mut Scene, values: &[[f64; 2]], stroke: &Stroke) {
        let mut run: Vec<[f64; 2]> = Vec::new();
        for pair in values.windows(2) {
            let [a, b] = [self.at(pair[0][0], pair[0][1]), self.at(pair[1][0], pair[1][1])];
            let Some([from, to]) = self.cut(a, b) else { continue };
            if run.last() != Some(&from) {
                scene.line(&run, stroke.clone());
                run = vec![from];
            }
            run.push(to);
        }
        scene.line(&run, stroke.clone());
    }

    /// Returns the part of the segment inside the frame, by the Liang–Barsky algorithm. `None` if
    /// there is no such part or an end has no position on the axes.
    fn cut(&self, a: [f64; 2], b: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let (mut from, mut to) = (0.0f64, 1.0f64);
        if a.iter().chain(&b).any(|place| !place.is_finite()) {
            return None;
        }
        let sides = [(self.rect.x, self.rect.right()), (self.rect.y, self.rect.bottom())];
        for (k, (low, high)) in sides.into_iter().enumerate() {
            let step = b[k] - a[k];
            for (distance, direction) in [(low - a[k], step), (a[k] - high, -step)] {
                if direction == 0.0 {
                    if distance > 0.0 {
                        return None;
                    }
                } else if direction > 0.0 {
                    from = from.max(distance / direction);
                } else {
                    to = to.min(distance / direction);
                }
            }
        }
        let point = |t: f64| match t {
            0.0 => a,
            1.0 => b,
            t => [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])],
        };
        (from < to).then(|| [point(from), point(to)])
    }

    /// Draws an error bar with caps from y − error to y + error, clipped at the frame. Nothing is
    /// drawn if the error is 0.
    pub(crate) fn error_bar(&self, scene: &mut Scene, [x, y]: [f64; 2], error: f64, colour: Colour) {
        if error == 0.0 || !self.x.holds(x) {
            return;
        }
        let (top, bottom) = (self.rect.y, self.rect.bottom());
        let middle = self.at(x, y);
        let end = |v: f64| {
            let place = self.at(x, v)[1];
            // Values at or below zero have no position on a logarithmic axis; the bar then reaches
            // the frame.
            if place.is_nan() { bottom } else { place }
        };
        let (high, low) = (end(y + error), end(y - error));
        if !(high <= bottom && low >= top) {
            return;
        }
        let stroke = Stroke::solid(colour, 0.8);
        scene.line(&[[middle[0], high.max(top)], [middle[0], low.min(bottom)]], stroke.clone());
        for cap in [high, low].into_iter().filter(|cap| (top..=bottom).contains(cap)) {
            scene.line(&[[middle[0] - 1.5, cap], [middle[0] + 1.5, cap]], stroke.clone());
        }
    }

    /// Draws a thin dashed line over the whole width, with its name above or below its right end.
    pub(crate) fn level(&self, scene: &mut Scene, y: f64, name: &str, below: bool) {
        if !self.y.holds(y) {
            return;
        }
        let (at, right) = (self.at(self.x.lo, y)[1], self.rect.right());
        let stroke = Stroke { dash: vec![2.0, 1.6], ..Stroke::solid(SLATE, LINE) };
        scene.line(&[[self.rect.x, at], [right, at]], stroke);
        let at = if below { at + 0.75 * TICK } else { at - 1.6 };
        scene.text(name, [right - 2.0, at], 0.85 * TICK, SLATE, Anchor::End, Turn::Level);
    }

    /// Draws a small dot, unless it is outside the frame.
    pub(crate) fn dot(&self, scene: &mut Scene, [x, y]: [f64; 2], colour: Colour) {
        if self.x.holds(x) && self.y.holds(y) {
            scene.shape(Outline::circle(self.at(x, y), 0.6), Some(colour), None);
        }
    }

    /// Draws a filled marker with a thin white rim, or a hollow marker, unless it is outside the
    /// frame.
    pub(crate) fn marker(
        &self,
        scene: &mut Scene,
        [x, y]: [f64; 2],
        shape: Shape,
        colour: Colour,
        hollow: bool,
    ) {
        if self.x.holds(x) && self.y.holds(y) {
            mark(scene, self.at(x, y), shape, colour, hollow);
        }
    }
}

/// Draws a marker, in a frame or in a legend.
pub(crate) fn mark(scene: &mut Scene, at: [f64; 2], shape: Shape, colour: Colour, hollow: bool) {
    let outline = shape.outline(at, if hollow { 2.6 } else { 2.1 });
    if hollow {
        scene.shape(outline, Some(WHITE), Some(Stroke::solid(colour, 0.9)));
    } else {
        scene.shape(outline, Some(colour), Some(Stroke::solid(WHITE, 0.4)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Scale;
    use crate::scene::{Mark, Segment};

    fn end(segment: &Segment) -> Option<[f64; 2]> {
        match *segment {
            Segment::Move(p) | Segment::Line(p) | Segment::Quad(_, p) | Segment::Cubic(_, _, p) => Some(p),
            Segment::Close => None,
        }
    }

    #[test]
    fn tick_labels_keep_clear_of_the_ticks() {
        let axis = Axis::new("", Scale::Linear, (0.0, 10.0), 5);
        let rect = Rect { x: 30.0, y: 10.0, width: 50.0, height: 50.0 };
        let labels = |x: bool, y: bool| {
            let mut scene = Scene { width: 100.0, height: 100.0, resolution: 1.0, marks: Vec::new() };
            Frame { rect, x: &axis, y: &axis }.draw(&mut scene, x, y);
            let points = |mark: &Mark| match mark {
                Mark::Text { outline, .. } => outline.0.iter().filter_map(end).collect(),
                _ => Vec::new(),
            };
            let points: Vec<[f64; 2]> = scene.marks.iter().flat_map(points).collect();
            assert!(!points.is_empty());
            points
        };
        assert!(labels(true, false).iter().all(|point| point[1] > rect.bottom() + LONG));
        assert!(labels(false, true).iter().all(|point| point[0] < rect.x - LONG));
    }

    #[test]
    fn lines_are_cut_at_the_frame() {
        let axis = Axis::new("", Scale::Linear, (0.0, 10.0), 5);
        let rect = Rect { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };
        let frame = Frame { rect, x: &axis, y: &axis };
        // The line enters the frame, passes a vertex inside it and leaves at the top.
        let cut = frame.cut([-5.0, 5.0], [5.0, 5.0]);
        assert_eq!(cut, Some([[0.0, 5.0], [5.0, 5.0]]));
        assert_eq!(frame.cut([-5.0, 5.0], [-1.0, 5.0]), None);
        assert_eq!(frame.cut([5.0, -5.0], [5.0, 15.0]), Some([[5.0, 0.0], [5.0, 10.0]]));
        assert_eq!(frame.cut([5.0, 5.0], [5.0, f64::INFINITY]), None);
        let mut scene = Scene { width: 10.0, height: 10.0, resolution: 1.0, marks: Vec::new() };
        let stroke = Stroke::solid(INK, 1.0);
        frame.line(&mut scene, &[[1.0, 1.0], [2.0, 20.0], [3.0, 1.0], [4.0, 2.0]], &stroke);
        let lengths: Vec<_> = scene
            .marks
            .iter()
            .map(|m| match m {
                Mark::Shape { outline, .. } => outline.0.len(),
                _ => 0,
            })
            .collect();
        assert_eq!(lengths, [2, 3]);
    }
}
