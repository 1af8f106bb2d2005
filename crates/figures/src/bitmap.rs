//! Draws a scene as a PNG file.

use crate::colour::Colour;
use crate::scene::{Mark, Outline, Raster, Rect, Scene, Segment, Stroke};
use crate::{Error, Result};
use tiny_skia::{
    FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, StrokeDash, Transform,
};

fn path(outline: &Outline, scale: f64) -> Option<Path> {
    let at = |p: [f64; 2]| ((p[0] * scale) as f32, (p[1] * scale) as f32);
    let mut builder = PathBuilder::new();
    for segment in &outline.0 {
        match *segment {
            Segment::Move(p) => {
                let (x, y) = at(p);
                builder.move_to(x, y);
            }
            Segment::Line(p) => {
                let (x, y) = at(p);
                builder.line_to(x, y);
            }
            Segment::Quad(c, p) => {
                let ((cx, cy), (x, y)) = (at(c), at(p));
                builder.quad_to(cx, cy, x, y);
            }
            Segment::Cubic(c, d, p) => {
                let ((cx, cy), (dx, dy), (x, y)) = (at(c), at(d), at(p));
                builder.cubic_to(cx, cy, dx, dy, x, y);
            }
            Segment::Close => builder.close(),
        }
    }
    builder.finish()
}

fn paint(Colour([r, g, b]): Colour) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, 255);
    paint
}

/// Returns the pixel columns or rows from `from` to `to`, restricted to 0 … `limit`.
fn span(from: f64, to: f64, limit: u32) -> std::ops::Range<usize> {
    let pixel = |v: f64| v.round().clamp(0.0, f64::from(limit)) as usize;
    pixel(from)..pixel(to)
}

/// Fills a snapped rectangle with `colour(column fraction, row fraction)`.
fn block(pixmap: &mut Pixmap, rect: &Rect, scale: f64, colour: impl Fn(f64, f64) -> Colour) {
    let width = pixmap.width() as usize;
    let columns = span(rect.x * scale, rect.right() * scale, pixmap.width());
    let rows = span(rect.y * scale, rect.bottom() * scale, pixmap.height());
    let pixels = pixmap.pixels_mut();
    for row in rows.clone() {
        let v = (row - rows.start) as f64 + 0.5;
        for column in columns.clone() {
            let u = (column - columns.start) as f64 + 0.5;
            let Colour([r, g, b]) = colour(u / columns.len() as f64, v / rows.len() as f64);
            if let Some(value) = PremultipliedColorU8::from_rgba(r, g, b, 255) {
                pixels[row * width + column] = value;
            }
        }
    }
}

fn stroke_style(stroke: &Stroke, scale: f64) -> tiny_skia::Stroke {
    let dash = stroke.dash.iter().map(|&d| (d * scale) as f32).collect::<Vec<_>>();
    tiny_skia::Stroke {
        width: (stroke.width * scale) as f32,
        line_join: LineJoin::Round,
        dash: StrokeDash::new(dash, 0.0),
        ..tiny_skia::Stroke::default()
    }
}

/// Returns the scene as an opaque PNG of `round(size · resolution)` pixels, with its resolution in
/// dots per metre.
pub(crate) fn file(scene: &Scene) -> Result<Vec<u8>> {
    let scale = scene.resolution;
    let (width, height) = ((scene.width * scale).round() as u32, (scene.height * scale).round() as u32);
    let mut pixmap = Pixmap::new(width, height).ok_or(Error::Size { width, height })?;
    pixmap.fill(tiny_skia::Color::WHITE);
    for mark in &scene.marks {
        match mark {
            Mark::Shape { outline, fill, stroke } => {
                let Some(path) = path(outline, scale) else { continue };
                if let Some(fill) = fill {
                    pixmap.fill_path(&path, &paint(*fill), FillRule::Winding, Transform::identity(), None);
                }
                if let Some(stroke) = stroke {
                    let style = stroke_style(stroke, scale);
                    pixmap.stroke_path(&path, &paint(stroke.colour), &style, Transform::identity(), None);
                }
            }
            Mark::Text { outline, fill, .. } => {
                if let Some(path) = path(outline, scale) {
                    pixmap.fill_path(&path, &paint(*fill), FillRule::Winding, Transform::identity(), None);
                }
            }
            Mark::Cell { rect, fill } => block(&mut pixmap, rect, scale, |_, _| *fill),
            Mark::Picture { rect, raster } => block(&mut pixmap, rect, scale, |u, v| {
                let column = (u * raster.width as f64) as usize;
                let row = (v * raster.height as f64) as usize;
                raster.pixels[row.min(raster.height - 1) * raster.width + column.min(raster.width - 1)]
            }),
        }
    }
    let rgb = pixmap.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect::<Vec<u8>>();
    encoded(width, height, &rgb, Some(scale))
}

/// Returns a raster as a PNG with one pixel per element.
pub(crate) fn embedded(raster: &Raster) -> Result<Vec<u8>> {
    let rgb = raster.pixels.iter().flat_map(|c| c.0).collect::<Vec<u8>>();
    encoded(raster.width as u32, raster.height as u32, &rgb, None)
}

fn encoded(width: u32, height: u32, rgb: &[u8], resolution: Option<f64>) -> Result<Vec<u8>> {
    let refused = |error: png::EncodingError| Error::Encode { source: error.into() };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(pixels_a_point) = resolution {
        let a_metre = (pixels_a_point * 72.0 / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: a_metre,
            yppu: a_metre,
            unit: png::Unit::Meter,
        }));
    }
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(rgb).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(bytes)
}
