//! Graphs whose vertices are pairs of numbers.
//!
//! | graph | vertices | neighbours |
//! |---|---|---|
//! | triangular T(n) | pairs of n points | those with a point in common |
//! | Kneser K(n, 2) | pairs of n points | those without one; K(5, 2) is Petersen's graph |
//! | lattice L₂(n) | squares of an n × n board | those in one row or one column |
//! | Hoffman–Singleton | 5 pentagons, 5 pentagrams | see [`hoffman_singleton`] |

use super::StronglyRegular;
use crate::Result;

/// All pairs of `points` points; two of them are neighbours where they meet, or where they do not.
pub(super) fn pairs(name: &str, points: usize, meeting: bool) -> Result<StronglyRegular> {
    let pairs: Vec<[usize; 2]> = (0..points).flat_map(|x| (0..x).map(move |y| [x, y])).collect();
    StronglyRegular::from_fn(name, pairs.len(), |i, j| {
        i != j && meeting == pairs[i].iter().any(|point| pairs[j].contains(point))
    })
}

/// The squares of a board of `n` rows and columns; a rook goes from each one to its neighbours.
pub(super) fn lattice(name: &str, n: usize) -> Result<StronglyRegular> {
    StronglyRegular::from_fn(name, n * n, |i, j| i != j && (i / n == j / n || i % n == j % n))
}

/// Robertson's pentagons `P_h` and pentagrams `Q_i`, h and i modulo 5: in `P_h` the vertices `j`
/// and `j ± 1` are neighbours, in `Q_i` the vertices `j` and `j ± 2`, and vertex `j` of `P_h` has
/// the neighbour `h i + j` in each `Q_i`.
pub(super) fn hoffman_singleton(name: &str) -> Result<StronglyRegular> {
    let within = |i: usize, j: usize, step: usize| (i + step) % 5 == j % 5 || (j + step) % 5 == i % 5;
    StronglyRegular::from_fn(name, 50, |first, second| {
        let ([p, q], [i, j]) = ([first % 25, second % 25], [first / 25, second / 25]);
        match (i, j) {
            (0, 1) => (p / 5 * (q / 5) + p) % 5 == q % 5,
            (1, 0) => (q / 5 * (p / 5) + q) % 5 == p % 5,
            (side, _) => p / 5 == q / 5 && within(p, q, side + 1),
        }
    })
}
