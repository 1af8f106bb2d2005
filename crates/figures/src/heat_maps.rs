//! The paper's Figs. 4–7: maps of any quantity over (p, r), side by side with one colour bar.

use crate::axis::Scale;
use crate::colour_map::{ColourMap, Colours};
use crate::frame::{self, Frame};
use crate::grid::{self, PROBABILITY, RATIO};
use crate::output::{self, Written};
use crate::page::{EDGE, Key, Page, WIDTH, hatch};
use crate::scene::{Mark, Rect, Scene};
use crate::{Result, validate};
use std::path::Path;

/// Maps of one quantity over the probability p and the ratio r = n_d/n_s, such as one map per n_s.
/// Up to three maps are in a row. The paper's Figs. 4–7 are of this kind.
///
/// ```
/// use toy_superposition_figures::{Colours, HeatMap, HeatMaps, heat_maps};
///
/// let panel = |features: u32, values: [Option<f64>; 4]| HeatMap {
///     title: format!("$n_s = {features}$"),
///     probabilities: vec![0.05, 0.1],
///     ratios: vec![0.25, 0.5],
///     values: values.to_vec(),
/// };
/// let figure = HeatMaps {
///     quantity: "loss over the optimum's".to_owned(),
///     panels: vec![
///         panel(64, [Some(1.1), Some(1.2), Some(0.9), None]),
///         panel(512, [Some(1.0), Some(1.1), Some(1.0), Some(1.0)]),
///     ],
///     colours: Colours::Diverging { centre: 1.0, reach: None },
///     ..HeatMaps::default()
/// };
/// let folder = tempfile::tempdir()?;
/// assert!(heat_maps(&figure, folder.path().join("ratios"))?.svg.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMaps {
    /// The label of the colour bar, such as `variance of the diagonal of $W$`.
    pub quantity: String,
    /// The maps, in reading order.
    pub panels: Vec<HeatMap>,
    /// The colours of all panels.
    pub colours: Colours,
    /// The scale of the horizontal axis, p.
    pub probability_scale: Scale,
    /// The scale of the vertical axis, r.
    pub ratio_scale: Scale,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// One map of a [`HeatMaps`] figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMap {
    /// The title above the map, such as `$n_s = 512$`. It may be empty.
    pub title: String,
    /// The probabilities p of the cells, increasing.
    pub probabilities: Vec<f64>,
    /// The ratios r = n_d/n_s of the cells, increasing.
    pub ratios: Vec<f64>,
    /// The values: that at (p_i, r_j) is `values[i * ratios.len() + j]`. A cell with `None` is
    /// hatched.
    pub values: Vec<Option<f64>>,
}

/// Draws the maps into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) if there is no panel or no value;
/// [`Length`](crate::Error::Length) unless each panel has a value (or `None`) for each pair (p, r);
/// [`Order`](crate::Error::Order) unless p and r increase; [`NotFinite`](crate::Error::NotFinite)
/// for a NaN or an infinity; [`NotPositive`](crate::Error::NotPositive) for a value ≤ 0 on a
/// logarithmic scale or with logarithmic colours; and [`FileName`](crate::Error::FileName) or
/// [`Write`](crate::Error::Write) for the files.
pub fn heat_maps(figure: &HeatMaps, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &HeatMaps) -> Result<()> {
    validate::filled("panels", &figure.panels)?;
    let scales = [figure.probability_scale, figure.ratio_scale];
    for panel in &figure.panels {
        grid::check(&panel.probabilities, &panel.ratios, panel.values.len(), scales)?;
        // A missing value is replaced by 1, so that the index in an error is that of the cell.
        let values = panel.values.iter().map(|v| v.unwrap_or(1.0));
        match figure.colours {
            Colours::Log => validate::positive("cells", values)?,
            Colours::Linear => validate::finite("cells", values)?,
            Colours::Diverging { centre, reach } => {
                validate::finite("centre of the colours", [centre])?;
                validate::positive("reach of the colours", reach)?;
                validate::finite("cells", values)?;
            }
        }
    }
    let known = figure.panels.iter().flat_map(|p| &p.values).flatten().collect::<Vec<_>>();
    validate::filled("cells with a value", &known)
}

fn scene(figure: &HeatMaps) -> Result<Scene> {
    check(figure)?;
    let panels = &figure.panels;
    let known = panels.iter().flat_map(|p| &p.values).flatten().copied();
    let map = ColourMap::new(&figure.quantity, figure.colours, known);
    // The rows have equal lengths where possible: four maps are in two rows of two.
    let columns = panels.len().div_ceil(panels.len().div_ceil(3));
    let (most_x, most_y) = [(6, 6), (5, 6), (3, 5)][columns - 1];
    let lists = |of: fn(&HeatMap) -> &Vec<f64>| panels.iter().map(move |p| of(p).as_slice());
    let x = grid::axis(PROBABILITY, figure.probability_scale, lists(|p| &p.probabilities), most_x);
    let y = grid::axis(RATIO, figure.ratio_scale, lists(|p| &p.ratios), most_y);

    let mut page = Page::new();
    let missing = panels.iter().any(|p| p.values.iter().any(Option::is_none));
    if missing {
        page.legend(&[(Key::Hatched, "no value".to_owned())]);
    }
    let margin = frame::left_margin(&y);
    let (gap, titled) = (8.0, panels.iter().any(|p| !p.title.is_empty()));
    let all = WIDTH - 2.0 * EDGE - margin - 4.0;
    let side = (all - gap * (columns - 1) as f64) / columns as f64;
    let height = side.min(170.0);
    let top = page.y + if titled { 9.0 } else { 0.0 };
    let apart = height + if titled { 16.0 } else { gap };
    let mut area = Rect { x: EDGE + margin, y: top, width: all, height };
    for (k, panel) in panels.iter().enumerate() {
        let (row, column) = (k / columns, k % columns);
        let rect = Rect {
            x: area.x + (side + gap) * column as f64,
            y: top + apart * row as f64,
            width: side,
            height,
        };
        let frame = Frame { rect, x: &x, y: &y };
        for (cell, value) in
            grid::cells(&frame, &panel.probabilities, &panel.ratios).into_iter().zip(&panel.values)
        {
            match value {
                Some(v) => page.scene.marks.push(Mark::Cell { rect: cell, fill: map.colour(*v) }),
                None => hatch(&mut page.scene, &cell),
            }
        }
        let lowest = k + columns >= panels.len();
        frame.draw(&mut page.scene, lowest, column == 0);
        page.title(&rect, &panel.title);
        area.height = rect.bottom() - top;
    }
    let whole = Frame { rect: area, x: &x, y: &y };
    whole.label_y(&mut page.scene);
    whole.label_x(&mut page.scene);
    page.y = area.bottom() + frame::TICKS_BELOW + frame::LABEL_BELOW;
    page.colour_bar(&area, &map);
    Ok(page.finish(&figure.caption))
}
