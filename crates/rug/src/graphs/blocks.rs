//! Graphs from the extended binary Golay code and the Steiner systems in it.
//!
//! The words of weight 8 of the code are the 759 octads of S(5, 8, 24): any five of the 24 points
//! lie in exactly one octad. The octads that contain a given point are, without that point, the 253
//! heptads of S(4, 7, 23). Those that contain two given points are the 77 hexads of S(3, 6, 22).
//!
//! | graph | vertices | neighbours |
//! |---|---|---|
//! | M₂₂ | 77 hexads | disjoint hexads |
//! | Gewirtz | the 56 hexads that miss a point | disjoint hexads |
//! | Higman–Sims | a vertex ∞, 22 points, 77 hexads | see [`higman_sims`] |
//! | heptads | 253, 176 or 120 heptads that miss 0, 1 or 2 points | those with one common point |
//! | McLaughlin | 22 points, 253 heptads | see [`mclaughlin`] |
//! | U₄(3) | 162 vertices of McLaughlin's graph not adjacent to a given one | as there |
//! | Goethals–Seidel | 105 vertices of U₄(3)'s graph not adjacent to a given one | as there |
//!
//! J. H. Conway and N. J. A. Sloane, "Sphere Packings, Lattices and Groups", chapters 10 and 11;
//! A. E. Brouwer and H. Van Maldeghem, "Strongly Regular Graphs" (2022), chapter 10.

use super::StronglyRegular;
use crate::Result;

/// The points of the octads are bits. This point lies in all heptads, and is omitted from them.
const OF_HEPTADS: u32 = 1 << 23;
/// This point lies in all hexads too, and is omitted from them.
const OF_HEXADS: u32 = 1 << 22;
/// A point that some hexads and some heptads do not contain.
const ANOTHER: u32 = 1 << 21;

/// Returns the octads that contain all points of `inside` and none of `outside`.
///
/// The code is the quadratic-residue code of length 23 with a parity bit. It is spanned by the sets
/// `{n + i: n not a square modulo 23} ∪ {∞}`, i modulo 23, where ∞ is bit 23.
fn octads(inside: u32, outside: u32) -> Vec<u32> {
    let squares: Vec<usize> = (1..23).map(|x| x * x % 23).collect();
    let mut words = vec![0];
    for i in 0..23 {
        let rest = (1..23).filter(|n| !squares.contains(n));
        let word = rest.fold(1 << 23, |word, n| word | 1 << ((n + i) % 23));
        if !words.contains(&word) {
            words.extend(words.clone().into_iter().map(|other| other ^ word));
        }
    }
    words.retain(|word: &u32| word.count_ones() == 8 && word & inside == inside && word & outside == 0);
    words
}

/// Returns the number of points that two octads share.
fn common(a: u32, b: u32) -> u32 {
    (a & b).count_ones()
}

/// Returns the graph of the given blocks, in which two blocks are neighbours if they share exactly
/// `points` points.
fn sharing(name: &str, blocks: &[u32], points: u32) -> Result<StronglyRegular> {
    StronglyRegular::from_fn(name, blocks.len(), |i, j| common(blocks[i], blocks[j]) == points)
}

/// Returns the graph of the hexads.
pub(super) fn m22(name: &str) -> Result<StronglyRegular> {
    sharing(name, &octads(OF_HEPTADS | OF_HEXADS, 0), 2)
}

/// Returns Gewirtz's graph.
pub(super) fn gewirtz(name: &str) -> Result<StronglyRegular> {
    sharing(name, &octads(OF_HEPTADS | OF_HEXADS, ANOTHER), 2)
}

/// Returns the graph of the heptads that miss up to two points.
pub(super) fn heptads(name: &str, missed: usize) -> Result<StronglyRegular> {
    let outside = [OF_HEXADS, ANOTHER].iter().take(missed).sum();
    sharing(name, &octads(OF_HEPTADS, outside), 2)
}

/// Returns the Higman–Sims graph. The neighbours of ∞ are the 22 points. The neighbours of a point
/// are ∞ and the hexads that contain it. The neighbours of a hexad are its points and the hexads
/// disjoint from it.
pub(super) fn higman_sims(name: &str) -> Result<StronglyRegular> {
    let hexads = octads(OF_HEPTADS | OF_HEXADS, 0);
    StronglyRegular::from_fn(name, 1 + 22 + hexads.len(), |i, j| match [i.min(j), i.max(j)] {
        [0, other] => (1..=22).contains(&other),
        [_, 0..=22] => false,
        [point @ 0..=22, hexad] => hexads[hexad - 23] >> (point - 1) & 1 == 1,
        [one, other] => common(hexads[one - 23], hexads[other - 23]) == 2,
    })
}

/// Returns McLaughlin's graph. One of the 23 points is special, and the vertices are the other 22
/// points and all heptads. No two points are neighbours. A point and a heptad are neighbours if the
/// heptad contains either that point or the special one, but not both. Two heptads of which both or
/// neither contain the special point are neighbours if they have one point in common, and any other
/// two heptads if they have three.
pub(super) fn mclaughlin(name: &str) -> Result<StronglyRegular> {
    let heptads = octads(OF_HEPTADS, 0);
    let special = |heptad: u32| heptad & OF_HEXADS != 0;
    StronglyRegular::from_fn(name, 22 + heptads.len(), |i, j| match [i.min(j), i.max(j)] {
        [_, 0..=21] => false,
        [point @ 0..=21, heptad] => {
            let heptad = heptads[heptad - 22];
            special(heptad) != (heptad >> point & 1 == 1)
        }
        [one, other] => {
            let (one, other) = (heptads[one - 22], heptads[other - 22]);
            common(one, other) == if special(one) == special(other) { 2 } else { 4 }
        }
    })
}

/// Returns the graph of U₄(3): McLaughlin's graph without one vertex and its neighbours.
pub(super) fn u43(name: &str) -> Result<StronglyRegular> {
    without_a_vertex_and_its_neighbours(name, &mclaughlin(name)?)
}

/// Returns the Goethals–Seidel graph: the graph of U₄(3) without one vertex and its neighbours.
pub(super) fn goethals_seidel(name: &str) -> Result<StronglyRegular> {
    without_a_vertex_and_its_neighbours(name, &u43(name)?)
}

fn without_a_vertex_and_its_neighbours(name: &str, graph: &StronglyRegular) -> Result<StronglyRegular> {
    let rest: Vec<usize> = (1..graph.parameters().v).filter(|&i| !graph.adjacent(0, i)).collect();
    StronglyRegular::from_fn(name, rest.len(), |i, j| graph.adjacent(rest[i], rest[j]))
}
