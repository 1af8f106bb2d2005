//! The points of generalised quadrangles, where two points are neighbours if a line joins them.
//!
//! | quadrangle | points | v | k |
//! |---|---|---|---|
//! | W(3, q), of order (q, q) | all points over GF(q)⁴ | (q + 1)(q² + 1) | q(q + 1) |
//! | Q⁻(5, q), of order (q, q²) | an elliptic quadric in GF(q)⁶ | (q + 1)(q³ + 1) | q(q² + 1) |
//!
//! Each line has q + 1 points. A point outside a line is joined to exactly one point of that line.
//! Hence `λ = q − 1`, and μ is the number of lines through a point.
//!
//! S. E. Payne and J. A. Thas, "Finite Generalized Quadrangles" (1984), chapter 3.

use super::StronglyRegular;
use crate::Result;
use crate::field::Field;
use crate::quadric::{elliptic_quadric, projective};

/// Returns the graph of the points of W(3, q), with edges where `x₀y₁ − x₁y₀ + x₂y₃ − x₃y₂ = 0`.
pub(super) fn symplectic(name: &str, field: &Field) -> Result<StronglyRegular> {
    let q = field.order();
    let points = projective(field, 0..q.pow(4));
    let digit = |x: usize, place: u32| x / q.pow(place) % q;
    let minor = |x: usize, y: usize, place: u32| {
        let [first, second] =
            [(x, y), (y, x)].map(|(x, y)| field.product(digit(x, place), digit(y, place + 1)));
        field.difference(first, second)
    };
    StronglyRegular::from_fn(name, points.len(), |i, j| {
        i != j && field.sum(minor(points[i], points[j], 0), minor(points[i], points[j], 2)) == 0
    })
}

/// Returns the graph of the points of Q⁻(5, q), with edges where the form is also 0 at the sum.
pub(super) fn elliptic(name: &str, field: &Field) -> Result<StronglyRegular> {
    let vectors = elliptic_quadric(field, 6);
    let mut on_quadric = vec![false; field.order().pow(6)];
    vectors.iter().for_each(|&x| on_quadric[x] = true);
    let points = projective(field, vectors);
    StronglyRegular::from_fn(name, points.len(), |i, j| i != j && on_quadric[field.sum(points[i], points[j])])
}
