//! A page 85 mm wide, the width of one journal column. It has a legend, a figure, colour bars and a
//! caption, from top to bottom.

use crate::colour::{BLANK, Colour, HATCH, INK, SLATE, WHITE};
use crate::colour_map::ColourMap;
use crate::frame::{self, Frame, LABEL, LABEL_BELOW, TICK, TICKS_BELOW};
use crate::marker::Shape;
use crate::scene::{MILLIMETRES, Outline, RESOLUTION, Raster, Rect, Scene, Stroke};
use crate::text::{self, Anchor, Turn};

pub(crate) const WIDTH: f64 = 85.0 / MILLIMETRES;
/// The width of the blank margins at the left and right of the page.
pub(crate) const EDGE: f64 = 4.0;

/// The sample that is drawn before the text of a legend entry.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Marker { shape: Shape, colour: Colour, hollow: bool },
    Line(Stroke),
    Patch(Colour),
    Hatched,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) scene: Scene,
    /// The y coordinate where the next part begins.
    pub(crate) y: f64,
}

impl Page {
    pub(crate) fn new() -> Self {
        let scene = Scene { width: WIDTH, height: 0.0, resolution: RESOLUTION, marks: Vec::new() };
        Self { scene, y: 5.0 }
    }

    /// Draws the legend: in one row if all entries fit there, and otherwise in columns of equal
    /// width.
    pub(crate) fn legend(&mut self, entries: &[(Key, String)]) {
        const GAP: f64 = 9.0;
        const LEADING: f64 = 10.0;
        let key = entries.iter().map(|(key, _)| key.width()).fold(0.0, f64::max);
        let widths = entries.iter().map(|(_, label)| text::width(label, TICK)).collect::<Vec<_>>();
        let room = WIDTH - 2.0 * EDGE + GAP;
        let single: f64 = entries.iter().zip(&widths).map(|((key, _), w)| key.width() + 3.0 + w + GAP).sum();
        let column = key + 3.0 + widths.iter().copied().fold(0.0, f64::max) + GAP;
        let columns = ((room / column) as usize).clamp(1, entries.len().max(1));
        let even = entries.len().div_ceil(entries.len().div_ceil(columns).max(1)).max(1);
        let one_row = single <= room;
        let width = if one_row { single } else { column * even as f64 };
        let left = ((WIDTH - (width - GAP)) / 2.0).max(EDGE);
        let (mut x, mut y) = (left, self.y + 4.5);
        for (k, ((mark, label), width)) in entries.iter().zip(&widths).enumerate() {
            if !one_row && k > 0 && k % even == 0 {
                (x, y) = (left, y + LEADING);
            }
            let key = if one_row { mark.width() } else { key };
            mark.draw(&mut self.scene, x + (key - mark.width()) / 2.0, y);
            let at = [x + key + 3.0, y + 0.35 * TICK];
            self.scene.text(label, at, TICK, INK, Anchor::Start, Turn::Level);
            x += if one_row { key + 3.0 + width + GAP } else { column };
        }
        self.y = y + LEADING - 4.5 + 3.0;
    }

    /// Returns a frame over the width of the page, and leaves room for the label of the horizontal
    /// axis below it if `last`.
    pub(crate) fn frame<'a>(
        &mut self,
        x: &'a crate::axis::Axis,
        y: &'a crate::axis::Axis,
        margin: f64,
        height: f64,
        last: bool,
    ) -> Frame<'a> {
        let rect = Rect { x: EDGE + margin, y: self.y, width: WIDTH - 2.0 * EDGE - 2.0 - margin, height };
        self.y += height + if last { TICKS_BELOW + LABEL_BELOW } else { 8.0 };
        Frame { rect, x, y }
    }

    /// Draws a horizontal colour bar below `across`, with its ticks and its label.
    pub(crate) fn colour_bar(&mut self, across: &Rect, map: &ColourMap) {
        const HEIGHT: f64 = 7.0;
        const CELLS: usize = 256;
        let tip = if map.saturates { HEIGHT } else { 0.0 };
        let rect =
            Rect { x: across.x + tip, y: self.y + 6.0, width: across.width - 2.0 * tip, height: HEIGHT };
        let pixels = (0..CELLS).map(|k| map.shade((k as f64 + 0.5) / CELLS as f64)).collect();
        let raster = Raster { width: CELLS, height: 1, pixels };
        self.scene.marks.push(crate::scene::Mark::Picture { rect, raster });
        let ends = [(rect.x, -tip, 0.0), (rect.right(), tip, 1.0)];
        for (x, reach, t) in ends.into_iter().filter(|_| map.saturates) {
            let corners = [[x, rect.y], [x + reach, rect.y + HEIGHT / 2.0], [x, rect.bottom()]];
            let rim = Some(Stroke::solid(INK, 0.6));
            self.scene.shape(Outline::polygon(&corners), Some(map.shade(t)), rim);
        }
        let nothing = crate::axis::Axis {
            label: String::new(),
            scale: crate::axis::Scale::Linear,
            lo: 0.0,
            hi: 1.0,
            ticks: Vec::new(),
        };
        let bar = Frame { rect, x: &map.axis, y: &nothing };
        bar.draw(&mut self.scene, true, false);
        bar.label_x(&mut self.scene);
        self.y = rect.bottom() + TICKS_BELOW + LABEL_BELOW;
    }

    /// Draws the caption over the width of the page and returns the finished scene.
    pub(crate) fn finish(mut self, caption: &str) -> Scene {
        const LEADING: f64 = 9.2;
        let lines = text::wrap(caption, TICK, WIDTH - 2.0 * EDGE);
        for line in lines.iter().filter(|_| !caption.is_empty()) {
            let at = [EDGE, self.y + 5.0 + TICK];
            self.scene.text(line, at, TICK, SLATE, Anchor::Start, Turn::Level);
            self.y += LEADING;
        }
        self.scene.height = self.y + 9.0;
        self.scene
    }

    /// Draws the title of a panel above its frame.
    pub(crate) fn title(&mut self, over: &Rect, title: &str) {
        let at = [over.x + over.width / 2.0, over.y - 3.0];
        self.scene.text(title, at, LABEL, INK, Anchor::Middle, Turn::Level);
    }
}

impl Key {
    fn width(&self) -> f64 {
        match self {
            Self::Marker { .. } => 6.0,
            Self::Line(_) => 15.0,
            Self::Patch(_) | Self::Hatched => 10.0,
        }
    }

    fn draw(&self, scene: &mut Scene, x: f64, y: f64) {
        let width = self.width();
        let patch = Rect { x, y: y - 3.2, width, height: 6.4 };
        let rim = Some(Stroke::solid(INK, 0.5));
        match self {
            Self::Marker { shape, colour, hollow } => {
                frame::mark(scene, [x + width / 2.0, y], *shape, *colour, *hollow);
            }
            Self::Line(stroke) => scene.line(&[[x, y], [x + width, y]], stroke.clone()),
            Self::Patch(fill) => scene.shape(patch.outline(), Some(*fill), rim),
            Self::Hatched => {
                hatch(scene, &patch);
                scene.shape(patch.outline(), None, rim);
            }
        }
    }
}

/// Fills a rectangle with grey and slanted lines, which continue from one rectangle to the next.
pub(crate) fn hatch(scene: &mut Scene, rect: &Rect) {
    const APART: f64 = 3.2;
    scene.marks.push(crate::scene::Mark::Cell { rect: *rect, fill: BLANK });
    let (first, last) = ((rect.x + rect.y) / APART, (rect.right() + rect.bottom()) / APART);
    for k in first.ceil() as i64..=last.floor() as i64 {
        // The part of the line x + y = sum inside the rectangle.
        let sum = k as f64 * APART;
        let (from, to) = (rect.x.max(sum - rect.bottom()), rect.right().min(sum - rect.y));
        if from < to {
            scene.line(&[[from, sum - from], [to, sum - to]], Stroke::solid(HATCH, 0.5));
        }
    }
}

/// Draws a line with a white rim, so that it is visible on any background.
pub(crate) fn rimmed(frame: &Frame<'_>, scene: &mut Scene, values: &[[f64; 2]], stroke: &Stroke) {
    frame.line(scene, values, &Stroke::solid(WHITE, stroke.width + 1.2));
    frame.line(scene, values, stroke);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Mark, Segment};

    #[test]
    fn the_tips_of_a_colour_bar_that_saturates_point_outward() {
        let mut page = Page::new();
        let across = Rect { x: 20.0, y: 0.0, width: 100.0, height: 0.0 };
        page.colour_bar(&across, &ColourMap::symmetric("", 0.0, 1.0, true));
        let tips = page.scene.marks.iter().filter_map(|mark| match mark {
            Mark::Shape { outline, fill: Some(_), .. } => match outline.0[..] {
                [Segment::Move([base, _]), Segment::Line([tip, _]), ..] => Some((base, tip)),
                _ => None,
            },
            _ => None,
        });
        assert_eq!(tips.collect::<Vec<_>>(), [(27.0, 20.0), (113.0, 120.0)]);
    }

    #[test]
    fn hatching_slants_and_ends_at_the_edges_of_its_rectangle() {
        let mut scene = Page::new().scene;
        let rect = Rect { x: 20.0, y: 30.0, width: 40.0, height: 10.0 };
        hatch(&mut scene, &rect);
        let mut lines = 0;
        for mark in &scene.marks {
            let Mark::Shape { outline, .. } = mark else { continue };
            let [Segment::Move(from), Segment::Line(to)] = outline.0[..] else { panic!("{outline:?}") };
            assert!((from[0] + from[1] - to[0] - to[1]).abs() < 1e-9, "{from:?} {to:?}");
            for [x, y] in [from, to] {
                let ends = [x - rect.x, rect.right() - x, y - rect.y, rect.bottom() - y];
                assert!(ends.into_iter().fold(f64::MAX, f64::min).abs() < 1e-9, "({x}, {y})");
            }
            lines += 1;
        }
        assert!(lines > 10, "{lines}");
    }
}
