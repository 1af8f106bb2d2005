//! A map of the optimal regime over (p, r) or another pair of quantities, with lines between the
//! regimes, such as those of the convex envelope.

use crate::axis::Scale;
use crate::colour::{INK, REGIONS};
use crate::frame::{self, Frame};
use crate::grid::{self, PROBABILITY, RATIO};
use crate::output::{self, Written};
use crate::page::{EDGE, Key, Page, WIDTH, hatch, rimmed};
use crate::scene::{Mark, Rect, Scene, Stroke};
use crate::{Error, Result, validate};
use std::path::Path;

/// A map of regimes over the probability p and the ratio r = n_d/n_s, with boundary lines.
///
/// ```
/// use toy_superposition_figures::{Boundary, Error, PhaseMap, phase_map};
///
/// let mut figure = PhaseMap {
///     names: vec!["rectified".to_owned(), "linear".to_owned()],
///     probabilities: vec![0.1, 0.9],
///     ratios: vec![0.25, 0.5, 0.75],
///     regimes: vec![Some(0), Some(0), Some(0), None, Some(1), Some(1)],
///     boundaries: vec![Boundary {
///         name: "between".to_owned(),
///         points: vec![(0.5, 0.25), (0.5, 0.75)],
///     }],
///     ..PhaseMap::default()
/// };
/// let folder = tempfile::tempdir()?;
/// assert!(phase_map(&figure, folder.path().join("phases"))?.png.exists());
/// // A third regime has no name.
/// figure.regimes[3] = Some(2);
/// let refused = phase_map(&figure, folder.path().join("phases"));
/// assert!(matches!(refused, Err(Error::Regime { index: 3, given: 2, names: 2 })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PhaseMap {
    /// The names of the regimes, in the order of the legend. Up to six regimes have distinct
    /// colours.
    pub names: Vec<String>,
    /// The probabilities p of the cells, increasing.
    pub probabilities: Vec<f64>,
    /// The ratios r = n_d/n_s of the cells, increasing.
    pub ratios: Vec<f64>,
    /// The regimes, as indices into `names`: that of (p_i, r_j) is `regimes[i * ratios.len() + j]`.
    /// A cell with `None` is hatched.
    pub regimes: Vec<Option<usize>>,
    /// Lines over the map. The first is solid, and the others have shorter and shorter dashes.
    pub boundaries: Vec<Boundary>,
    /// The scale of the horizontal axis, p.
    pub probability_scale: Scale,
    /// The scale of the vertical axis, r.
    pub ratio_scale: Scale,
    /// The label of the vertical axis, if `ratios` holds a quantity other than r.
    pub ratio_label: Option<String>,
    /// The caption, such as parameters and seed. It is wrapped below the figure.
    pub caption: String,
}

/// A line over a [`PhaseMap`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Boundary {
    /// The name in the legend.
    pub name: String,
    /// The points (p, r) of the line, joined in this order.
    pub points: Vec<(f64, f64)>,
}

/// Draws the map into `stem.png` and `stem.svg`.
///
/// # Errors
/// [`Empty`](crate::Error::Empty) for an empty list; [`Length`](crate::Error::Length) unless there
/// is a regime (or `None`) for each pair (p, r); [`Order`](crate::Error::Order) unless p and r
/// increase; [`Regime`](crate::Error::Regime) for a regime without a name;
/// [`NotFinite`](crate::Error::NotFinite) for a NaN or an infinity;
/// [`NotPositive`](crate::Error::NotPositive) for a value ≤ 0 on a logarithmic scale; and
/// [`FileName`](crate::Error::FileName) or [`Write`](crate::Error::Write) for the files.
pub fn phase_map(figure: &PhaseMap, stem: impl AsRef<Path>) -> Result<Written> {
    output::write(&scene(figure)?, &figure.caption, stem.as_ref())
}

fn check(figure: &PhaseMap) -> Result<()> {
    let scales = [figure.probability_scale, figure.ratio_scale];
    grid::check(&figure.probabilities, &figure.ratios, figure.regimes.len(), scales)?;
    let names = figure.names.len();
    for (index, &regime) in figure.regimes.iter().enumerate() {
        if let Some(given) = regime.filter(|&given| given >= names) {
            return Err(Error::Regime { index, given, names });
        }
    }
    for boundary in &figure.boundaries {
        let of = [
            ("boundary probabilities", boundary.points.iter().map(|p| p.0).collect::<Vec<_>>()),
            ("boundary ratios", boundary.points.iter().map(|p| p.1).collect()),
        ];
        for ((what, values), scale) in of.into_iter().zip(scales) {
            validate::finite(what, values.iter().copied())?;
            if scale == Scale::Log {
                validate::positive(what, values.iter().copied())?;
            }
        }
    }
    Ok(())
}

fn line(k: usize) -> Stroke {
    let dash = match k {
        0 => Vec::new(),
        k => vec![6.0 / k as f64, 2.0],
    };
    Stroke { dash, ..Stroke::solid(INK, 1.3) }
}

fn scene(figure: &PhaseMap) -> Result<Scene> {
    check(figure)?;
    let x = grid::axis(
        PROBABILITY,
        figure.probability_scale,
        std::iter::once(figure.probabilities.as_slice()),
        6,
    );
    let label = figure.ratio_label.as_deref().unwrap_or(RATIO);
    let y = grid::axis(label, figure.ratio_scale, std::iter::once(figure.ratios.as_slice()), 6);
    let region = |regime: usize| REGIONS[regime % REGIONS.len()];

    let mut page = Page::new();
    let mut entries: Vec<(Key, String)> =
        figure.names.iter().enumerate().map(|(k, name)| (Key::Patch(region(k)), name.clone())).collect();
    entries.extend(figure.boundaries.iter().enumerate().map(|(k, b)| (Key::Line(line(k)), b.name.clone())));
    if figure.regimes.iter().any(Option::is_none) {
        entries.push((Key::Hatched, "no value".to_owned()));
    }
    page.legend(&entries);
    let margin = frame::left_margin(&y);
    let rect = Rect { x: EDGE + margin, y: page.y, width: WIDTH - 2.0 * EDGE - margin - 4.0, height: 180.0 };
    let frame = Frame { rect, x: &x, y: &y };
    let cells = grid::cells(&frame, &figure.probabilities, &figure.ratios);
    let column = figure.ratios.len();
    for (cells, regimes) in cells.chunks(column).zip(figure.regimes.chunks(column)) {
        // Neighbouring cells of the same regime are drawn as one rectangle.
        let mut cells = cells.iter();
        for run in regimes.chunk_by(PartialEq::eq) {
            let (Some(lowest), rest) = (cells.next(), cells.by_ref().take(run.len() - 1)) else { break };
            let top = rest.last().unwrap_or(lowest).y;
            let rect = Rect { y: top, height: lowest.bottom() - top, ..*lowest };
            match run[0] {
                Some(k) => page.scene.marks.push(Mark::Cell { rect, fill: region(k) }),
                None => hatch(&mut page.scene, &rect),
            }
        }
    }
    for (k, boundary) in figure.boundaries.iter().enumerate() {
        let points: Vec<_> = boundary.points.iter().map(|&(p, r)| [p, r]).collect();
        rimmed(&frame, &mut page.scene, &points, &line(k));
    }
    frame.draw(&mut page.scene, true, true);
    frame.label_x(&mut page.scene);
    frame.label_y(&mut page.scene);
    page.y = rect.bottom() + frame::TICKS_BELOW + frame::LABEL_BELOW;
    Ok(page.finish(&figure.caption))
}
