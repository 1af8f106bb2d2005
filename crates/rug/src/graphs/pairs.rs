//! Graphs whose vertices are pairs of numbers.
//!
//! | graph | vertices | neighbours |
//! |---|---|---|
//! | triangular T(n) | pairs of n points | pairs with a point in common |
//! | Kneser K(n, 2) | pairs of n points | pairs without one; K(5, 2) is Petersen's graph |
//! | lattice L₂(n) | squares of an n × n board | squares in one row or one column |
//! | Hoffman–Singleton | 5 pentagons, 5 pentagrams | see [`hoffman_singleton`] |

use super::StronglyRegular;
use crate::Result;

/// Returns the graph of all pairs of `points` points. Two pairs are neighbours if they have a point
/// in common (`meeting`), or if they have none.
pub(super) fn pairs(name: &str, points: usize, meeting: bool) -> Result<StronglyRegular> {
    let pairs: Vec<[usize; 2]> = (0..points).flat_map(|x| (0..x).map(move |y| [x, y])).collect();
    StronglyRegular::from_fn(name, pairs.len(), |i, j| {
        i != j && meeting == pairs[i].iter().any(|point| pairs[j].contains(point))
    })
}

/// Returns the graph of the squares of a board of `n` rows and columns, with the moves of a rook as
/// edges.
pub(super) fn lattice(name: &str, n: usize) -> Result<StronglyRegular> {
    StronglyRegular::from_fn(name, n * n, |i, j| i != j && (i / n == j / n || i % n == j % n))
}

/// Returns the Hoffman–Singleton graph, as Robertson's pentagons `P_h` and pentagrams `Q_i`, h and
/// i modulo 5. In `P_h` the vertices `j` and `j ± 1` are neighbours, and in `Q_i` the vertices `j`
/// and `j ± 2`. Vertex `j` of `P_h` has the neighbour `h i + j` in each `Q_i`.
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
