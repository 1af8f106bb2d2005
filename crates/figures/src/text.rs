//! Labels as the outlines of glyphs of the embedded font.
//!
//! Between two `$` signs, Latin and Greek letters are slanted, `_` makes the next character or
//! `{group}` a subscript, and `^` makes it a superscript: `ratio $n_d/n_s$`, `$10^{−3}$`. A hyphen
//! there becomes a minus sign. A single `$` is a dollar sign.

use crate::colour::Colour;
use crate::scene::{Mark, Outline, Scene, Segment};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

const UPRIGHT: &[u8] = include_bytes!("../assets/rug-figure-sans-regular.ttf");
const SLANTED: &[u8] = include_bytes!("../assets/rug-figure-sans-italic.ttf");

/// The part of the text that is placed at the given point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The direction of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// From left to right.
    Level,
    /// From bottom to top.
    Upward,
}

/// One character and its style.
#[derive(Debug, Clone, Copy)]
struct Letter {
    glyph: char,
    slanted: bool,
    /// The size as a fraction of the text's size.
    size: f64,
    /// The upward shift as a fraction of the text's size.
    rise: f64,
}

fn letters(markup: &str) -> Vec<Letter> {
    let signs = markup.matches('$').count();
    let (mut list, mut seen, mut mathematics) = (Vec::new(), 0, false);
    let mut level = (1.0, 0.0);
    let (mut grouped, mut next_only) = (false, false);
    let mut characters = markup.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '$' {
            seen += 1;
            if mathematics || seen < signs {
                mathematics = !mathematics;
                (level, grouped, next_only) = ((1.0, 0.0), false, false);
                continue;
            }
        }
        if mathematics && (c == '_' || c == '^') && level.0 == 1.0 {
            level = if c == '_' { (0.7, -0.18) } else { (0.7, 0.36) };
            grouped = characters.next_if_eq(&'{').is_some();
            next_only = !grouped;
            continue;
        }
        if grouped && c == '}' {
            (level, grouped) = ((1.0, 0.0), false);
            continue;
        }
        list.push(Letter {
            glyph: if mathematics && c == '-' { '−' } else { c },
            slanted: mathematics && c.is_alphabetic(),
            size: level.0,
            rise: level.1,
        });
        if next_only {
            (level, next_only) = ((1.0, 0.0), false);
        }
    }
    list
}

/// The text without its `$` signs and braces, such as `ratio n_d/n_s`.
pub(crate) fn plain(markup: &str) -> String {
    if markup.matches('$').count() < 2 {
        return markup.to_owned();
    }
    markup.chars().filter(|c| !matches!(c, '$' | '{' | '}')).collect()
}

struct Pen<'a> {
    segments: &'a mut Vec<Segment>,
    x: f64,
    y: f64,
    scale: f64,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> [f64; 2] {
        [self.x + f64::from(x) * self.scale, self.y - f64::from(y) * self.scale]
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let p = self.at(x, y);
        self.segments.push(Segment::Move(p));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let p = self.at(x, y);
        self.segments.push(Segment::Line(p));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (c, p) = (self.at(x1, y1), self.at(x, y));
        self.segments.push(Segment::Quad(c, p));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (c, d, p) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.segments.push(Segment::Cubic(c, d, p));
    }

    fn close(&mut self) {
        self.segments.push(Segment::Close);
    }
}

fn faces() -> [Face<'static>; 2] {
    [UPRIGHT, SLANTED]
        .map(|data| Face::parse(data, 0).expect("the embedded fonts are valid; a test parses them"))
}

/// Returns the outlines, whose baseline starts at the origin, and the width.
fn outlines(markup: &str, size: f64) -> (Outline, f64) {
    let faces = faces();
    let (mut segments, mut x) = (Vec::new(), 0.0);
    for letter in letters(markup) {
        let face = &faces[usize::from(letter.slanted)];
        let scale = letter.size * size / f64::from(face.units_per_em());
        // Glyph 0 is the font's glyph for missing characters.
        let glyph = face.glyph_index(letter.glyph).unwrap_or(GlyphId(0));
        let mut pen = Pen { segments: &mut segments, x, y: -letter.rise * size, scale };
        face.outline_glyph(glyph, &mut pen);
        x += f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * scale;
    }
    (Outline(segments), x)
}

/// The width of the text in points.
pub(crate) fn width(markup: &str, size: f64) -> f64 {
    let faces = faces();
    let advance = |letter: &Letter| {
        let face = &faces[usize::from(letter.slanted)];
        let glyph = face.glyph_index(letter.glyph).unwrap_or(GlyphId(0));
        let units = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0));
        units * letter.size * size / f64::from(face.units_per_em())
    };
    letters(markup).iter().map(advance).sum()
}

/// Breaks the text into lines no wider than `limit`, at spaces outside `$…$`. A word that is wider
/// gets a line of its own.
pub(crate) fn wrap(markup: &str, size: f64, limit: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in markup.lines() {
        let mut line = String::new();
        for word in words(paragraph) {
            let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
            if line.is_empty() || width(&longer, size) <= limit {
                line = longer;
            } else {
                lines.push(std::mem::replace(&mut line, word));
            }
        }
        lines.push(line);
    }
    lines
}

fn words(paragraph: &str) -> Vec<String> {
    let (mut list, mut word, mut mathematics) = (Vec::new(), String::new(), false);
    for c in paragraph.chars() {
        mathematics ^= c == '$';
        if c == ' ' && !mathematics {
            list.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        } else {
            word.push(c);
        }
    }
    list.extend((!word.is_empty()).then_some(word));
    list
}

impl Scene {
    /// Draws text of `size` points with its baseline at `at`.
    pub(crate) fn text(
        &mut self,
        markup: &str,
        at: [f64; 2],
        size: f64,
        fill: Colour,
        anchor: Anchor,
        turn: Turn,
    ) {
        let (outline, width) = outlines(markup, size);
        let start = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let outline = outline.mapped(|[x, y]| match turn {
            Turn::Level => [at[0] + start + x, at[1] + y],
            Turn::Upward => [at[0] + y, at[1] - start - x],
        });
        self.marks.push(Mark::Text { plain: plain(markup), outline, fill });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_hold_every_character_the_figures_use() {
        let [upright, slanted] = faces();
        for c in "0123456789.,;:−–×±≤≥≈%()/[]=νσΛΔµ→√’".chars() {
            assert!(upright.glyph_index(c).is_some(), "{c:?}");
        }
        for c in ('a'..='z').chain('A'..='Z').chain("νσΛΔ".chars()) {
            assert!(slanted.glyph_index(c).is_some(), "{c:?}");
        }
    }

    #[test]
    fn markup_is_read_as_documented() {
        let read = |s: &str| {
            letters(s).iter().map(|l| (l.glyph, l.slanted, l.rise.partial_cmp(&0.0))).collect::<Vec<_>>()
        };
        use std::cmp::Ordering::{Equal, Greater, Less};
        let want = [('r', false), (' ', false)].map(|(c, s)| (c, s, Some(Equal))).to_vec();
        let sub = [('n', true, Some(Equal)), ('d', true, Some(Less)), ('/', false, Some(Equal))];
        assert_eq!(read("r $n_d/$"), [want, sub.to_vec()].concat());
        let power = [('1', false, Some(Equal)), ('−', false, Some(Greater)), ('2', false, Some(Greater))];
        assert_eq!(read("$1^{-2}$"), power);
        assert_eq!(read("$5"), [('$', false, Some(Equal)), ('5', false, Some(Equal))]);
        assert_eq!(read("a_b").len(), 3);
        assert_eq!(plain("ratio $n_d/n_{s}$"), "ratio n_d/n_s");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "Persian rug of $n_s = 256$ features and $n_d = 40$ dimensions, signs drawn with seed 7.";
        let lines = wrap(text, 7.0, 100.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| width(line, 7.0) <= 100.0));
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrap("incomprehensibilities", 7.0, 5.0), ["incomprehensibilities"]);
    }
}
