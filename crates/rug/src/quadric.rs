//! The vectors over a finite field that lie on an elliptic quadric.
//!
//! ```math
//! Q(x) = x_0^2 + x_0 x_1 + c\, x_1^2 + \sum_{k=1}^{m-1} x_{2k} x_{2k+1}, \qquad
//! t^2 + t + c \text{ irreducible over } \mathrm{GF}(q)
//! ```
//!
//! GF(q)²ᵐ contains `(qᵐ + 1)(qᵐ⁻¹ − 1)` vectors `x ≠ 0` with `Q(x) = 0`. For m = 2 their `q² + 1`
//! lines through 0 are an ovoid: no three of them lie in one plane.
//!
//! A. E. Brouwer and H. Van Maldeghem, "Strongly Regular Graphs" (2022), section 2.5.

use crate::field::Field;

/// Returns the codes, in increasing order, of all vectors `x ≠ 0` of GF(q)ⁿ with `Q(x) = 0`, where
/// n is even and at least 2.
pub(crate) fn elliptic_quadric(field: &Field, dimension: u32) -> Vec<usize> {
    let q = field.order();
    let value = |x: usize, c: usize| {
        let [first, second] = [x % q, x / q % q];
        let square = field.product(first, field.sum(first, second));
        let mut sum = field.sum(square, field.product(c, field.product(second, second)));
        let mut rest = x / (q * q);
        while rest > 0 {
            sum = field.sum(sum, field.product(rest % q, rest / q % q));
            rest /= q * q;
        }
        sum
    };
    // A polynomial of degree 2 without a zero is irreducible, and every field has one of this form.
    let irreducible = |&c: &usize| (0..q).all(|t| value(t + q, c) != 0);
    let Some(c) = (1..q).find(irreducible) else { return Vec::new() };
    (1..q.pow(dimension)).filter(|&x| value(x, c) == 0).collect()
}

/// Returns those of the given vectors of GF(q)ⁿ whose first non-zero coordinate is 1: one vector
/// for each line through 0.
pub(crate) fn projective(field: &Field, vectors: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let q = field.order();
    let leading = |mut x: usize| {
        while x > 0 && x.is_multiple_of(q) {
            x /= q;
        }
        x % q
    };
    vectors.into_iter().filter(|&x| leading(x) == 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrics_have_their_numbers_of_vectors_and_of_lines() {
        for (q, m) in [(2, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 2), (4, 3), (5, 2), (7, 2), (8, 2), (9, 2)]
        {
            let field = Field::new(q).unwrap();
            let vectors = elliptic_quadric(&field, 2 * m);
            assert_eq!(vectors.len(), (q.pow(m) + 1) * (q.pow(m - 1) - 1), "{q} {m}");
            assert_eq!(projective(&field, vectors.clone()).len() * (q - 1), vectors.len(), "{q} {m}");
        }
    }

    /// No third point of an ovoid lies on the line of two others, so their sums are not on the
    /// quadric.
    #[test]
    fn no_three_points_of_an_ovoid_are_on_one_line() {
        for q in [2, 3, 4, 5, 8] {
            let field = Field::new(q).unwrap();
            let points = projective(&field, elliptic_quadric(&field, 4));
            for (i, &x) in points.iter().enumerate() {
                for &y in &points[..i] {
                    assert!(!points.contains(&field.sum(x, y)));
                }
            }
        }
    }
}
