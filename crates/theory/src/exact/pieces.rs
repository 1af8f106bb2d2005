//! The cuts of a density into pieces on each of which it is smooth.
//!
//! A bounded side of the support is cut at its end. An unbounded side is cut where little of the
//! second moment lies beyond. Outwards from the other end, or from 0 if that is not bounded either,
//! the cuts are at
//! ```text
//! e_k = origin ± 2ᵏ √(E u²) ,   k = 0, 1, … ,   until E[u²; e_k < |u − origin| < e_{k+1}] < 1e-15 E u² ,
//! ```
//! so that the loss changes by about 1e-15 of `E u²` times the squares of the weights. Less lies
//! beyond the last octave than within it for a density that falls off like `u⁻⁴` or faster. The
//! pieces end at these cuts and at the [breaks](Magnitude::breaks).

use toy_superposition_data::Magnitude;

use crate::quadrature::gauss_legendre;

/// The largest share of the second moment in the last octave.
const LEFT: f64 = 1e-15;
/// The largest number of octaves.
const MOST: usize = 24;
/// The number of panels per octave in the integral of its second moment.
const PANELS: usize = 8;

/// The ends of the pieces in increasing order; `None` for a magnitude without a density, and for a
/// density whose tail does not come to an end.
pub(super) fn ends(magnitude: &dyn Magnitude) -> Option<Vec<f64>> {
    let (low, high) = magnitude.support();
    let mut ends = Vec::new();
    for (end, other, sign) in [(low, high, -1.0), (high, low, 1.0)] {
        if end.is_finite() {
            ends.push(end);
        } else if end == sign * f64::INFINITY {
            tail(magnitude, if other.is_finite() { other } else { 0.0 }, sign, &mut ends)?;
        } else {
            return None;
        }
    }
    let [least, most] = [f64::min, f64::max].map(|best| ends.iter().copied().reduce(best));
    let inside = |at: &f64| least.is_some_and(|least| *at > least) && most.is_some_and(|most| *at < most);
    ends.extend(magnitude.breaks().into_iter().filter(inside));
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    (ends.len() > 1).then_some(ends)
}

/// Adds the ends of the octaves on one side of `origin`.
fn tail(magnitude: &dyn Magnitude, origin: f64, sign: f64, ends: &mut Vec<f64>) -> Option<()> {
    let second = magnitude.second_moment();
    let unit = second.sqrt();
    if !(unit > 0.0 && unit.is_finite()) {
        return None;
    }
    let rule = gauss_legendre();
    let at = |k: usize| origin + sign * unit * 2.0_f64.powi(k as i32);
    // A density may have a gap, so that the cut lies beyond all of its breaks.
    let furthest = magnitude.breaks().into_iter().map(|at| sign * (at - origin)).fold(0.0, f64::max);
    ends.extend([origin, at(0)]);
    for k in 0..MOST {
        let half = (at(k + 1) - at(k)) / (2 * PANELS) as f64;
        let mut share = 0.0;
        for panel in 0..PANELS {
            let middle = at(k) + half * (2 * panel + 1) as f64;
            for (x, weight) in rule {
                let u = middle + half * x;
                share += half.abs() * weight * u * u * magnitude.density(u)?;
            }
        }
        if share < LEFT * second && sign * (at(k) - origin) >= furthest {
            return Some(());
        }
        ends.push(at(k + 1));
    }
    None
}

#[cfg(test)]
mod tests {
    use toy_superposition_data::{Exponential, Interval, Magnitude, MagnitudeSpec};

    use super::ends;

    /// Pareto's law `3 u⁻⁴` from 1 on, with one break, and a second moment of 3.
    struct Pareto;

    impl Magnitude for Pareto {
        fn raw_moments(&self) -> [f64; 4] {
            [1.5, 3.0, f64::INFINITY, f64::INFINITY]
        }
        fn support(&self) -> (f64, f64) {
            (1.0, f64::INFINITY)
        }
        fn density(&self, u: f64) -> Option<f64> {
            Some(3.0 * u.powi(-4))
        }
        fn breaks(&self) -> Vec<f64> {
            vec![1.0, 2.0]
        }
        fn spec(&self) -> MagnitudeSpec {
            MagnitudeSpec::Custom { name: "Pareto".to_owned(), moments: None }
        }
    }

    #[test]
    fn pieces_end_where_little_is_left() {
        assert_eq!(ends(&Interval::new(-1.0, 0.5).unwrap()), Some(vec![-1.0, 0.5]));
        // Here √(E u²) = √2/λ.
        let law = Exponential::new(0.5).unwrap();
        let found = ends(&law).unwrap();
        let root = 8.0_f64.sqrt();
        assert_eq!(found[..3], [0.0, root, 2.0 * root]);
        let last = found[found.len() - 1] * 0.5;
        // At rate 1, E[u²; u > R] = e^{−R} (R² + 2R + 2), and E u² = 2.
        assert!((-last).exp() * (last * last + 2.0 * last + 2.0) < 2e-15, "{last}");
        assert!(found.len() < 9);
        assert_eq!(ends(&Pareto), None);
    }
}
