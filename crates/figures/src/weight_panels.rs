//! W = W_out W_in and the bias of several models on the same colour scale, with blue below 0 and
//! orange above.

use std::path::Path;

use crate::axis::Axis;
use crate::colour_map::ColourMap;
use crate::frame::Frame;
use crate::matrix::{check, largest, picture};
use crate::output::{self, Written};
use crate::page::{EDGE, Page, WIDTH};
use crate::scene::{Mark, Rect, Scene};
use crate::{Result, validate};

/// W = W_out W_in and the bias of several models on the same colour scale, with blue below 0 and
/// orange above. Up to three models are in a row.
///
/// ```
/// use toy_superposition_figures::{Error, WeightPanel, WeightPanels, weight_panels};
///
/// let panel = |off: f64| WeightPanel {
///     title: format!("${off}$ off the diagonal"),
///     features: 2,
///     values: vec![1.0, off, off, 1.0],
///     bias: vec![0.0, 0.1],
/// };
/// let panels = vec![panel(-0.1), panel(-1.0)];
/// let mut figure = WeightPanels { panels, ..WeightPanels::default() };
/// let folder = tempfile::tempdir()?;
/// assert!(weight_panels(&figure, folder.path().join("panels"))?.png.exists());
/// figure.panels[1].bias.pop();
/// let refused = weight_panels(&figure, folder.path().join("panels"));
/// assert!(matches!(refused, Err(Error::Length { given: 1, expected: 2, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WeightPanels {
    /// The panels, in reading order.
    pub panels: Vec<WeightPanel>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// W of one model, with its bias beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WeightPanel {
    /// The title above the matrix, such as `$p = 0.1$`.
    pub title: String,
    /// The number n of rows and columns of the matrix.
    pub features: usize,
    /// The n² elements **row by row**: element (i, j) is `values[i * features + j]`.
    pub values: Vec<f64>,
    /// The bias of each row.
    pub bias: Vec<f64>,
}

/// Draws the panels into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no panel or a panel has no elements;
/// [`Length`](crate::Error::Length) unless each panel has n² elements and n biases;
/// [`NotFinite`](crate::Error::NotFinite) for a NaN or an infinity; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn weight_panels(figure: &WeightPanels, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn scene(figure: &WeightPanels) -> Result<Scene> {
    const GAP: f64 = 10.0;
    const ABOVE: f64 = 12.0;
    validate::filled("panels", &figure.panels)?;
    for panel in &figure.panels {
        check(panel.features, &panel.values)?;
        validate::length("bias", panel.bias.len(), panel.features)?;
        validate::finite("bias", panel.bias.iter().copied())?;
    }
    let all = figure.panels.iter().flat_map(|panel| panel.values.iter().chain(&panel.bias)).copied();
    let map = ColourMap::symmetric("weight or bias", 0.0, largest(all), false);

    let columns = figure.panels.len().div_ceil(figure.panels.len().div_ceil(3));
    let mut page = Page::new();
    let mut single = Axis::index("", 1, false);
    single.ticks.clear();
    let room = WIDTH - 2.0 * EDGE - GAP * (columns - 1) as f64;
    // Each panel has the matrix, a small gap, and the bias as a column.
    let whole = room / columns as f64;
    let (beside, between) = (0.08 * whole, 0.03 * whole);
    let side = whole - beside - between;
    for (k, panel) in figure.panels.iter().enumerate() {
        let (row, column) = ((k / columns) as f64, (k % columns) as f64);
        let rect = Rect {
            x: EDGE + column * (whole + GAP),
            y: page.y + ABOVE + row * (side + ABOVE + 3.0),
            width: side,
            height: side,
        };
        let bias = Rect { x: rect.right() + between, width: beside, ..rect };
        let mut index = Axis::index("", panel.features, false);
        index.ticks.clear();
        let n = panel.features;
        for (rect, columns, values) in [(rect, n, &panel.values), (bias, 1, &panel.bias)] {
            let raster = picture(columns, n, values, |v| map.colour(v));
            page.scene.marks.push(Mark::Picture { rect, raster });
            Frame { rect, x: &single, y: &index }.draw(&mut page.scene, false, false);
        }
        page.title(&Rect { width: whole, ..rect }, &panel.title);
    }
    let rows = figure.panels.len().div_ceil(columns) as f64;
    page.y += rows * (side + ABOVE + 3.0);
    let across = Rect { x: EDGE + 4.0, y: page.y, width: WIDTH - 2.0 * EDGE - 8.0, height: 0.0 };
    page.colour_bar(&across, &map);
    Ok(page.finish(&figure.caption))
}
