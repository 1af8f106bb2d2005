//! The exact loss of an output where exactly one feature is on at a time, as a sum of elementary
//! integrals.
//!
//! ```text
//! L = p_i ∫ (u − (c u + b)₊)² + Σ_{j≠i} p_j ∫ (w_j u + b)₊² ,   Σ_j p_j = 1 ,
//! ```
//! over the law of u, with `c = W_ii` and `w_j = W_ij`. The time is O(n_s), while the series would
//! take hundreds of nodes.

use super::ExactLoss;
use super::far::Average;
use super::law::Prepared;
use super::piecewise::{Given, Piecewise};
use super::unit::Unit;

/// Returns the loss and its slope in the bias, and writes its slopes in the entries of `row` to
/// `slopes`.
pub(super) fn one_on_gradient(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: &Prepared<'_>,
    slopes: &mut [f64],
) -> (ExactLoss, f64) {
    let given = |on: f64| Piecewise { probability: on, own: row[feature] };
    match &law.unit {
        Unit::Uniform => sum(row, feature, bias, law, [given(1.0), given(0.0)], slopes),
        unit => {
            let average = |on| Average { loss: given(on), unit };
            sum(row, feature, bias, law, [average(1.0), average(0.0)], slopes)
        }
    }
}

fn sum<G: Given>(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: &Prepared<'_>,
    [on, off]: [G; 2],
    slopes: &mut [f64],
) -> (ExactLoss, f64) {
    // Magnitudes are `scale` times those of the unit law.
    let (m, square) = (bias / law.scale, law.scale * law.scale);
    let (mut loss, mut by_bias) = (0.0, 0.0);
    for (j, slope) in slopes.iter_mut().enumerate() {
        let [value, by_m, by_weight] = if j == feature {
            on.at(m)
        } else {
            let [value, by_m, _, by_weight] = off.along(m, row[j]);
            [value, by_m, by_weight]
        };
        let p = law.of(j);
        loss += p * square * value;
        by_bias += p * law.scale * by_m;
        *slope = p * square * by_weight;
    }
    // A smooth density is known to a relative 1e-11, and differences of its integrals less
    // accurately.
    let relative = if matches!(law.unit, Unit::Smooth(_)) { 1e-10 } else { 8.0 * f64::EPSILON };
    (ExactLoss { loss, error: relative * loss }, by_bias)
}
