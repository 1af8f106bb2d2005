//! Draws a scene as an SVG document. Text consists of outlines with an `aria-label`, and bitmaps
//! are embedded as PNG.

use crate::Result;
use crate::bitmap;
use crate::colour::Colour;
use crate::scene::{MILLIMETRES, Mark, Outline, Scene, Segment, Stroke};
use crate::text::plain;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// Formats a number with at most two decimals, which resolve 1/7200 of an inch, and without
/// trailing zeros.
fn number(v: f64) -> String {
    let text = format!("{v:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn hex(Colour([r, g, b]): Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn path(outline: &Outline) -> String {
    let mut data = String::new();
    for segment in &outline.0 {
        let (letter, points): (_, &[[f64; 2]]) = match segment {
            Segment::Move(p) => ('M', &[*p]),
            Segment::Line(p) => ('L', &[*p]),
            Segment::Quad(c, p) => ('Q', &[*c, *p]),
            Segment::Cubic(c, d, p) => ('C', &[*c, *d, *p]),
            Segment::Close => ('Z', &[]),
        };
        data.push(letter);
        let numbers: Vec<String> = points.iter().flatten().map(|&v| number(v)).collect();
        data.push_str(&numbers.join(" "));
    }
    data
}

fn stroke_attributes(stroke: &Stroke) -> String {
    let mut text = format!(
        r#" stroke="{}" stroke-width="{}" stroke-linejoin="round""#,
        hex(stroke.colour),
        number(stroke.width)
    );
    if !stroke.dash.is_empty() {
        let dash: Vec<String> = stroke.dash.iter().map(|&d| number(d)).collect();
        text += &format!(r#" stroke-dasharray="{}""#, dash.join(" "));
    }
    text
}

/// Escapes text for an attribute or an element. Characters that XML 1.0 forbids are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
    out
}

/// Returns the whole document, with `description` as the text for screen readers.
pub(crate) fn document(scene: &Scene, description: &str) -> Result<String> {
    let (w, h) = (number(scene.width), number(scene.height));
    let (mm_w, mm_h) = (number(scene.width * MILLIMETRES), number(scene.height * MILLIMETRES));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{mm_w}mm\" height=\"{mm_h}mm\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\">\n<desc>{}</desc>\n<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n",
        escaped(&plain(description))
    );
    for mark in &scene.marks {
        // Writing to a String cannot fail.
        let _ = match mark {
            Mark::Shape { outline, fill, stroke } => writeln!(
                out,
                r#"<path d="{}" fill="{}"{}/>"#,
                path(outline),
                fill.map_or("none".to_owned(), hex),
                stroke.as_ref().map_or(String::new(), stroke_attributes)
            ),
            Mark::Cell { rect, fill } => writeln!(
                out,
                r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{}" shape-rendering="crispEdges"/>"#,
                number(rect.x),
                number(rect.y),
                number(rect.width),
                number(rect.height),
                hex(*fill)
            ),
            Mark::Picture { rect, raster } => writeln!(
                out,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                 style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
                number(rect.x),
                number(rect.y),
                number(rect.width),
                number(rect.height),
                STANDARD.encode(bitmap::embedded(raster)?)
            ),
            Mark::Text { plain: label, outline, fill } => writeln!(
                out,
                r#"<g role="img" aria-label="{}"><path d="{}" fill="{}"/></g>"#,
                escaped(label),
                path(outline),
                hex(*fill)
            ),
        };
    }
    out.push_str("</svg>\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_text_is_escaped() {
        assert_eq!(number(1.0), "1");
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(0.125), "0.12");
        assert_eq!(number(100.0), "100");
        assert_eq!(escaped("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;");
    }
}
