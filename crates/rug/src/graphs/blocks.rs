//! Graphs from the extended binary Golay code and the Steiner systems in it.
//!
//! The words of weight 8 of the code are the 759 octads of S(5, 8, 24): any five of the 24 points
//! are in just one octad. Those that contain one given point are, without it, the 253 heptads of
//! S(4, 7, 23), and those that contain two are the 77 hexads of S(3, 6, 22).
//!
//! | graph | vertices | neighbours |
//! |---|---|---|
//! | M₂₂ | 77 hexads | disjoint ones |
//! | Gewirtz | the 56 hexads that miss a point | disjoint ones |
//! | Higman–Sims | a vertex ∞, 22 points, 77 hexads | see [`higman_sims`] |
//! | heptads | the 253, 176 or 120 heptads that miss 0, 1 or 2 points | those with one common point |
//! | McLaughlin | 22 points, 253 heptads | see [`mclaughlin`] |
//! | U₄(3) | the 162 that are no neighbours of a vertex of McLaughlin's graph | as there |
//! | Goethals–Seidel | the 105 that are no neighbours of a vertex of U₄(3)'s graph | as there |
//!
//! J. H. Conway and N. J. A. Sloane, "Sphere Packings, Lattices and Groups", chapters 10 and 11;
//! A. E. Brouwer and H. Van Maldeghem, "Strongly Regular Graphs" (2022), chapter 10.

use super::StronglyRegular;
use crate::Result;

/// The points of the octads are bits; this one is in all heptads, and left out of them.
const OF_HEPTADS: u32 = 1 << 23;
/// This one is in all hexads too, and left out of them.
const OF_HEXADS: u32 = 1 << 22;
/// A point that some hexads and some heptads miss.
const ANOTHER: u32 = 1 << 21;

/// The octads that contain all points of `inside` and none of `outside`.
///
/// The code is the quadratic-residue code of length 23 with a parity bit: it is spanned by the sets
/// `{n + i: n no square modulo 23} ∪ {∞}`, i modulo 23, where ∞ is bit 23.
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

/// How many points two octads share.
fn common(a: u32, b: u32) -> u32 {
    (a & b).count_ones()
}

/// The graph of blocks two of which are neighbours where they share so many points.
fn sharing(name: &str, blocks: &[u32], points: u32) -> Result<StronglyRegular> {
    StronglyRegular::from_fn(name, blocks.len(), |i, j| common(blocks[i], blocks[j]) == points)
}

/// The graph of the hexads.
pub(super) fn m22(name: &str) -> Result<StronglyRegular> {
    sharing(name, &octads(OF_HEPTADS | OF_HEXADS, 0), 2)
}

/// Gewirtz's graph.
pub(super) fn gewirtz(name: &str) -> Result<StronglyRegular> {
    sharing(name, &octads(OF_HEPTADS | OF_HEXADS, ANOTHER), 2)
}

/// The graph of the heptads that miss up to two points.
pub(super) fn heptads(name: &str, missed: usize) -> Result<StronglyRegular> {
    let outside = [OF_HEXADS, ANOTHER].iter().take(missed).sum();
    sharing(name, &octads(OF_HEPTADS, outside), 2)
}

/// The Higman–Sims graph: ∞ has the 22 points as its neighbours, a point has ∞ and the hexads that
/// contain it, and a hexad has its points and the hexads that are disjoint from it.
pub(super) fn higman_sims(name: &str) -> Result<StronglyRegular> {
    let hexads = octads(OF_HEPTADS | OF_HEXADS, 0);
    StronglyRegular::from_fn(name, 1 + 22 + hexads.len(), |i, j| match [i.min(j), i.max(j)] {
        [0, other] => (1..=22).contains(&other),
        [_, 0..=22] => false,
        [point @ 0..=22, hexad] => hexads[hexad - 23] >> (point - 1) & 1 == 1,
        [one, other] => common(hexads[one - 23], hexads[other - 23]) == 2,
    })
}

/// McLaughlin's graph. One of the 23 points is special, and the vertices are the other 22 and all
/// heptads. No two points are neighbours. A point and a heptad are, where the heptad contains
/// either that point or the special one. Two heptads that both contain the special point, or both
/// miss it, are neighbours where they have one point in common, and any other two where they have
/// three.
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

/// The graph of U₄(3): what is left of McLaughlin's graph without a vertex and its neighbours.
pub(super) fn u43(name: &str) -> Result<StronglyRegular> {
    without_a_vertex_and_its_neighbours(name, &mclaughlin(name)?)
}

/// The Goethals–Seidel graph: what is left of the graph of U₄(3) in the same way.
pub(super) fn goethals_seidel(name: &str) -> Result<StronglyRegular> {
    without_a_vertex_and_its_neighbours(name, &u43(name)?)
}

fn without_a_vertex_and_its_neighbours(name: &str, graph: &StronglyRegular) -> Result<StronglyRegular> {
    let rest: Vec<usize> = (1..graph.parameters().v).filter(|&i| !graph.adjacent(0, i)).collect();
    StronglyRegular::from_fn(name, rest.len(), |i, j| graph.adjacent(rest[i], rest[j]))
}
