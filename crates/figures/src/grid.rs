//! Cells over (p, r), whose edges lie between the values of a grid.

use crate::axis::{Axis, Scale};
use crate::scene::Rect;
use crate::{Result, frame::Frame, validate};

pub(crate) const PROBABILITY: &str = "feature probability $p$";
pub(crate) const RATIO: &str = "ratio $n_d/n_s$";

/// Returns the edges of the cells, which are half-way between neighbouring centres on the scale of
/// the axis. The outer cells are symmetric about their centres but end at 0 on a linear axis, since
/// probabilities and ratios are not negative.
pub(crate) fn edges(centres: &[f64], scale: Scale) -> Vec<f64> {
    let even: Vec<f64> = centres.iter().map(|&c| scale.even(c)).collect();
    let mut edges: Vec<f64> = even.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
    let (first, last) = (even[0], even[even.len() - 1]);
    let lone = if scale == Scale::Linear { first.abs() / 2.0 + f64::from(first == 0.0) } else { 0.25 };
    let below = edges.first().map_or(lone, |e| e - first);
    let above = edges.last().map_or(lone, |e| last - e);
    edges.insert(0, first - below);
    edges.push(last + above);
    let mut edges: Vec<f64> = edges.into_iter().map(|e| scale.value(e)).collect();
    if scale == Scale::Linear && first >= 0.0 {
        edges[0] = edges[0].max(0.0);
    }
    edges
}

/// Requires two lists that can be drawn and a matching number of cells.
pub(crate) fn check(
    probabilities: &[f64],
    ratios: &[f64],
    cells: usize,
    [probability_scale, ratio_scale]: [Scale; 2],
) -> Result<()> {
    for (what, list, scale) in
        [("probabilities", probabilities, probability_scale), ("ratios", ratios, ratio_scale)]
    {
        validate::increasing(what, list)?;
        if scale == Scale::Log {
            validate::positive(what, list.iter().copied())?;
        }
    }
    validate::length("cells", cells, probabilities.len() * ratios.len())
}

/// Returns the axis over all cells of several lists.
pub(crate) fn axis<'a>(
    label: &str,
    scale: Scale,
    lists: impl Iterator<Item = &'a [f64]>,
    most: usize,
) -> Axis {
    let ends = lists.flat_map(|list| edges(list, scale)).collect::<Vec<_>>();
    let range = ends.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &e| (lo.min(e), hi.max(e)));
    Axis::new(label, scale, range, most)
}

/// Returns the rectangle of each cell in the frame; the ratio varies fastest.
pub(crate) fn cells(frame: &Frame<'_>, probabilities: &[f64], ratios: &[f64]) -> Vec<Rect> {
    let (p, r) = (edges(probabilities, frame.x.scale), edges(ratios, frame.y.scale));
    p.windows(2)
        .flat_map(|p| r.windows(2).map(move |r| (p[0], p[1], r[0], r[1])))
        .map(|(p0, p1, r0, r1)| Rect::between(frame.at(p0, r0), frame.at(p1, r1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_between_centres() {
        assert_eq!(edges(&[0.25, 0.75, 1.25], Scale::Linear), [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(edges(&[0.01, 0.5], Scale::Linear)[0], 0.0);
        let log = edges(&[0.01, 1.0], Scale::Log);
        for (edge, want) in log.iter().zip([0.001, 0.1, 10.0]) {
            assert!((edge / want - 1.0).abs() < 1e-12);
        }
        assert_eq!(edges(&[0.4], Scale::Linear), [0.2, 0.6000000000000001]);
    }
}
