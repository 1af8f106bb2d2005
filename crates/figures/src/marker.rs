//! Series differ by shape as well as by colour.

use crate::colour::{Colour, SERIES};
use crate::scene::Outline;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Nabla,
    Pentagon,
}

const SHAPES: [Shape; 6] =
    [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond, Shape::Nabla, Shape::Pentagon];

/// The shape and colour of the k-th series. The first 42 pairs are distinct.
pub(crate) fn series(k: usize) -> (Shape, Colour) {
    (SHAPES[k % SHAPES.len()], SERIES[k % SERIES.len()])
}

impl Shape {
    /// The outline of the shape around `at`, with about the area of a circle of radius `r`.
    pub(crate) fn outline(self, at: [f64; 2], r: f64) -> Outline {
        let (corners, radius, turn) = match self {
            Self::Circle => return Outline::circle(at, r),
            Self::Square => (4, 1.25 * r, 0.125),
            Self::Diamond => (4, 1.3 * r, 0.0),
            Self::Triangle => (3, 1.45 * r, 0.0),
            Self::Nabla => (3, 1.45 * r, 0.5),
            Self::Pentagon => (5, 1.2 * r, 0.0),
        };
        let corner = |k: i32| {
            let (sin, cos) = (std::f64::consts::TAU * (f64::from(k) / f64::from(corners) + turn)).sin_cos();
            [at[0] + radius * sin, at[1] - radius * cos]
        };
        Outline::polygon(&(0..corners).map(corner).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_series_differ_twice_and_pairs_do_not_repeat_early() {
        for k in 0..41 {
            let ((shape, colour), (next_shape, next_colour)) = (series(k), series(k + 1));
            assert!(shape != next_shape && colour != next_colour, "{k}");
            assert!((0..k).all(|j| series(j) != series(k)), "{k}");
        }
    }
}
