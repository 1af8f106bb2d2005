//! Graphs whose vertices are the vectors over a finite field, in which the neighbours of a vertex
//! are its sums with the vectors of a set `S = −S`.
//!
//! | graph | vertices | S |
//! |---|---|---|
//! | Paley(q), q ≡ 1 (mod 4) | GF(q) | the squares |
//! | affine polar VO⁻(2m, q) | GF(q)²ᵐ | the zeros of an elliptic form |
//! | Clebsch, Brouwer–Haemers | | VO⁻(4, 2), VO⁻(4, 3) |
//! | Berlekamp–van Lint–Seidel | GF(3⁵) | the 22nd roots of 1 |
//! | Delsarte | GF(3⁵) | the powers of a generator whose exponents are not squares modulo 11 |
//! | Games | GF(3⁶) | ± Hill's cap |
//!
//! The last three belong to projective codes with two weights. Two of these codes come from the
//! ternary Golay code. The third comes from Hill's 56 points of the projective space over GF(3)⁶,
//! no three of which lie on one line.
//!
//! R. Calderbank and W. M. Kantor, "The geometry of two-weight codes", Bull. London Math. Soc. 18
//! (1986); R. Hill, "On the largest size of cap in S₅,₃", Rend. Accad. Naz. Lincei 54 (1973).

use super::StronglyRegular;
use crate::Result;
use crate::field::Field;
use crate::quadric::elliptic_quadric;

/// Returns the graph on the first `vertices` vectors over the field whose edges add an element of
/// `set`.
fn cayley(name: &str, field: &Field, vertices: usize, set: &[usize]) -> Result<StronglyRegular> {
    let neighbours: Vec<Vec<usize>> =
        (0..vertices).map(|x| set.iter().map(|&s| field.sum(x, s)).collect()).collect();
    StronglyRegular::new(name, &neighbours)
}

/// Returns the powers of the generator whose exponents satisfy a condition.
fn powers(field: &Field, condition: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..field.order() - 1).filter(|&e| condition(e)).map(|e| field.power_of_generator(e)).collect()
}

/// Returns Paley's graph.
pub(super) fn paley(name: &str, field: &Field) -> Result<StronglyRegular> {
    cayley(name, field, field.order(), &powers(field, |e| e % 2 == 0))
}

/// Returns the affine polar graph on the vectors of GF(q)ⁿ, n even.
pub(super) fn affine_polar(name: &str, field: &Field, dimension: u32) -> Result<StronglyRegular> {
    cayley(name, field, field.order().pow(dimension), &elliptic_quadric(field, dimension))
}

/// Returns the Berlekamp–van Lint–Seidel graph, in the field of 243 elements.
pub(super) fn berlekamp_van_lint_seidel(name: &str, field: &Field) -> Result<StronglyRegular> {
    cayley(name, field, field.order(), &powers(field, |e| e % 11 == 0))
}

/// Returns Delsarte's graph, in the field of 243 elements. Its set consists of the vectors at which
/// the characters of the Berlekamp–van Lint–Seidel graph have their smallest sum.
pub(super) fn delsarte(name: &str, field: &Field) -> Result<StronglyRegular> {
    const NO_SQUARES: [usize; 5] = [2, 6, 7, 8, 10];
    cayley(name, field, field.order(), &powers(field, |e| NO_SQUARES.contains(&(e % 11))))
}

/// Returns the Games graph, in the field of 729 elements. The generator of this field satisfies
/// `g⁶ = g + 1`.
pub(super) fn games(name: &str, field: &Field) -> Result<StronglyRegular> {
    // Hill's cap has a symmetry of order 7, x → g¹⁰⁴ x, and one of order 3, x → x⁹, which
    // multiplies exponents by 9. The cap consists of four orbits of the latter on the classes
    // modulo 52 = 728/14.
    const CAP: [usize; 8] = [0, 13, 10, 38, 30, 23, 51, 43];
    cayley(name, field, field.order(), &powers(field, |e| CAP.contains(&(e % 52))))
}
