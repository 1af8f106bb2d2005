//! The paper's Figs. 1 and 3: matrices as pictures, with blue below 0 and orange above.

use crate::axis::Axis;
use crate::colour::Colour;
use crate::colour_map::ColourMap;
use crate::frame::{self, Frame};
use crate::output::{self, Written};
use crate::page::{EDGE, Page, WIDTH};
use crate::scene::{Mark, RESOLUTION, Raster, Rect, Scene};
use crate::{Result, validate};
use std::path::Path;

/// The paper's Fig. 1: the Persian rug, or any square matrix, with blue below 0 and orange above.
///
/// ```
/// use toy_superposition_figures::{Error, Rug, rug};
///
/// let mut figure = Rug {
///     features: 2,
///     values: vec![1.0, -0.3, -0.3, 1.0],
///     limit: None,
///     caption: "Two features in less than two dimensions.".to_owned(),
/// };
/// let folder = tempfile::tempdir()?;
/// assert!(rug(&figure, folder.path().join("pair"))?.png.exists());
/// figure.features = 3;
/// let refused = rug(&figure, folder.path().join("pair"));
/// assert!(matches!(refused, Err(Error::Length { given: 4, expected: 9, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rug {
    /// The number n of rows and columns of the matrix.
    pub features: usize,
    /// The n² elements **row by row**: element (i, j) is `values[i * features + j]`.
    pub values: Vec<f64>,
    /// The magnitude at which colours saturate. If elements are beyond it, the ends of the colour
    /// bar are pointed. `None` uses the largest off-diagonal magnitude, so that a large diagonal
    /// does not make the pattern pale.
    pub limit: Option<f64>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// The paper's Fig. 3: a block of W = W_out W_in with the bias beside it, on the same colour scale.
///
/// ```
/// use toy_superposition_figures::{WeightBlock, weight_block};
///
/// let figure = WeightBlock {
///     features: 2,
///     values: vec![1.0, -0.3, -0.2, 0.9],
///     bias: vec![-0.1, 0.05],
///     caption: "Two rows of $W$ and their biases.".to_owned(),
/// };
/// let folder = tempfile::tempdir()?;
/// assert!(weight_block(&figure, folder.path().join("block"))?.svg.ends_with("block.svg"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WeightBlock {
    /// The number of rows and columns of the block (30 in the paper).
    pub features: usize,
    /// The elements of the block **row by row**.
    pub values: Vec<f64>,
    /// The bias of each row.
    pub bias: Vec<f64>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// The greatest side of the bitmap in pixels. A larger matrix is averaged over blocks.
const LARGEST: usize = 2048;

/// Draws Fig. 1 into `stem.png` and `stem.svg`.
///
/// The matrix is one bitmap with one pixel per element (above n = 2048, per block of elements,
/// which are averaged). The resolution of the PNG is raised until each of them covers whole pixels.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no element; [`Length`](crate::Error::Length) unless
/// there are n² elements; [`NotFinite`](crate::Error::NotFinite) for a NaN or an infinity;
/// [`NotPositive`](crate::Error::NotPositive) for a limit ≤ 0; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn rug(figure: &Rug, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&rug_scene(figure)?, &figure.caption, stem.as_ref())
}

/// Draws Fig. 3 into `stem.png` and `stem.svg`.
///
/// # Errors
/// As for [`rug`], and [`Length`](crate::Error::Length) unless there is one bias per row.
pub fn weight_block(figure: &WeightBlock, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&block_scene(figure)?, &figure.caption, stem.as_ref())
}

pub(crate) fn check(features: usize, values: &[f64]) -> Result<()> {
    validate::filled("matrix", values)?;
    validate::length("matrix", values.len(), features.saturating_mul(features))?;
    validate::finite("matrix", values.iter().copied())
}

pub(crate) fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |m, v| m.max(v.abs()))
}

fn rug_scene(figure: &Rug) -> Result<Scene> {
    let (n, values) = (figure.features, &figure.values);
    check(n, values)?;
    validate::positive("colour limit", figure.limit)?;
    let all = largest(values.iter().copied());
    let beside = largest(values.iter().enumerate().filter(|(k, _)| k / n != k % n).map(|(_, &v)| v));
    let limit = figure.limit.unwrap_or(if beside > 0.0 { beside } else { all });
    let map = ColourMap::symmetric("matrix element", 0.0, limit, all > limit * (1.0 + 1e-9));

    let (x, y) = (Axis::index("feature index $j$", n, false), Axis::index("feature index $i$", n, true));
    let mut page = Page::new();
    let margin = frame::left_margin(&y);
    let side = WIDTH - 2.0 * EDGE - margin - 4.0;
    let raster = picture(n, n, values, |v| map.colour(v));
    page.scene.resolution = (side * RESOLUTION / raster.width as f64).ceil() * raster.width as f64 / side;
    let frame = Frame { rect: Rect { x: EDGE + margin, y: page.y, width: side, height: side }, x: &x, y: &y };
    page.scene.marks.push(Mark::Picture { rect: frame.rect, raster });
    frame.draw(&mut page.scene, true, true);
    frame.label_x(&mut page.scene);
    frame.label_y(&mut page.scene);
    page.y = frame.rect.bottom() + frame::TICKS_BELOW + frame::LABEL_BELOW;
    page.colour_bar(&frame.rect, &map);
    Ok(page.finish(&figure.caption))
}

fn block_scene(figure: &WeightBlock) -> Result<Scene> {
    let n = figure.features;
    check(n, &figure.values)?;
    validate::length("bias", figure.bias.len(), n)?;
    validate::finite("bias", figure.bias.iter().copied())?;
    let all = largest(figure.values.iter().chain(&figure.bias).copied());
    let map = ColourMap::symmetric("weight or bias", 0.0, all, false);

    let (x, y) = (Axis::index("feature index $j$", n, false), Axis::index("feature index $i$", n, true));
    let mut single = Axis::index("", 1, false);
    single.ticks.clear();
    let mut page = Page::new();
    page.y += 9.0;
    let margin = frame::left_margin(&y);
    let (gap, column) = (10.0, 11.0);
    let side = WIDTH - 2.0 * EDGE - margin - gap - column - 4.0;
    let rect = Rect { x: EDGE + margin, y: page.y, width: side, height: side };
    let beside = Rect { x: rect.right() + gap, width: column, ..rect };
    let parts = [
        (Frame { rect, x: &x, y: &y }, n, &figure.values, "$W$"),
        (Frame { rect: beside, x: &single, y: &y }, 1, &figure.bias, "$b$"),
    ];
    for (k, (frame, columns, values, title)) in parts.iter().enumerate() {
        let raster = picture(*columns, n, values, |v| map.colour(v));
        page.scene.marks.push(Mark::Picture { rect: frame.rect, raster });
        frame.draw(&mut page.scene, k == 0, k == 0);
        page.title(&frame.rect, title);
    }
    parts[0].0.label_x(&mut page.scene);
    parts[0].0.label_y(&mut page.scene);
    page.y = rect.bottom() + frame::TICKS_BELOW + frame::LABEL_BELOW;
    page.colour_bar(&Rect { width: beside.right() - rect.x, ..rect }, &map);
    Ok(page.finish(&figure.caption))
}

/// Returns a picture with one pixel per element, or per block of elements, whose mean it shows.
pub(crate) fn picture(columns: usize, rows: usize, values: &[f64], colour: impl Fn(f64) -> Colour) -> Raster {
    let factor = columns.max(rows).div_ceil(LARGEST);
    let (width, height) = (columns.div_ceil(factor), rows.div_ceil(factor));
    let mut pixels = Vec::with_capacity(width * height);
    for row in 0..height {
        let down = row * factor..((row + 1) * factor).min(rows);
        for column in 0..width {
            let across = column * factor..((column + 1) * factor).min(columns);
            let count = (down.len() * across.len()) as f64;
            let lines = down.clone().map(|i| &values[i * columns..][across.clone()]);
            pixels.push(colour(lines.flatten().map(|v| v / count).sum()));
        }
    }
    Raster { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_matrix_is_averaged_over_blocks() {
        let n = 2 * LARGEST + 1;
        // With 3×3 blocks, the mean of (column index mod 3) is 1 in each complete block.
        let row: Vec<f64> = (0..n).map(|j| (j % 3) as f64).collect();
        let shade = |v: f64| Colour([(v * 100.0).round() as u8; 3]);
        let raster = picture(n, 1, &row, shade);
        assert_eq!((raster.width, raster.height), (n.div_ceil(3), 1));
        assert!(raster.pixels[..n / 3].iter().all(|p| p.0[0] == 100));
    }

    #[test]
    fn every_element_covers_whole_pixels() {
        for n in [1, 3, 30, 200, 256, 700] {
            let figure = Rug { features: n, values: vec![0.5; n * n], limit: None, caption: String::new() };
            let scene = rug_scene(&figure).unwrap();
            let Some(Mark::Picture { rect, raster }) = scene.marks.first() else { panic!("no picture") };
            let pixels = rect.width * scene.resolution / raster.width as f64;
            assert!((pixels - pixels.round()).abs() < 1e-9 && pixels >= 1.0, "{n}: {pixels}");
            assert!(scene.resolution > RESOLUTION * (1.0 - 1e-9));
        }
    }
}
