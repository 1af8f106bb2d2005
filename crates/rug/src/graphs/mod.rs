//! Strongly regular graphs.

mod blocks;
mod cayley;
mod eigenspace;
mod error;
mod known;
mod pairs;
mod parameters;
mod quadrangles;

use std::fmt;
use std::sync::Arc;

use toy_superposition_model::check_memory;

pub use eigenspace::EigenspaceFrame;
pub use error::GraphError;
pub use known::KnownGraph;
pub use parameters::{Eigenspace, Eigenvalue, Parameters, Spectrum};

use crate::Result;

/// The largest number of vertices. All pairs of vertices are checked, in O(v³/64).
const MOST_VERTICES: usize = 1 << 14;

/// A strongly regular graph. Its definition is checked for all vertices and all pairs of vertices
/// when it is constructed, so that every value of this type is strongly regular.
///
/// ```math
/// A J = k J, \qquad A^2 = k 1 + \lambda A + \mu (J - 1 - A)
/// ```
///
/// Here `A` is the adjacency matrix (v × v), `J` is the matrix of ones, and (v, k, λ, μ) are the
/// [`Parameters`]. Two neighbours have λ common neighbours, and two other vertices have μ. Each of
/// the two eigenspaces of `A` that are orthogonal to the vector of ones gives a tight frame, an
/// [`EigenspaceFrame`]. [`KnownGraph`] lists the graphs that this crate can construct.
///
/// ```
/// use toy_superposition_rug::{Design, Eigenspace, KnownGraph, Parameters};
///
/// # fn main() -> toy_superposition_rug::Result<()> {
/// let graph = KnownGraph::HigmanSims.graph()?;
/// assert_eq!(graph.parameters(), Parameters::new(100, 22, 0, 6));
/// assert_eq!(graph.spectrum().least.value, -8.0);
///
/// // 100 unit vectors in 22 dimensions: −8/22 for neighbours, 7/77 for the others.
/// let frame = graph.frame(Eigenspace::Least);
/// assert_eq!((frame.features(), frame.hidden()), (100, 22));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct StronglyRegular {
    name: String,
    parameters: Parameters,
    spectrum: Spectrum,
    /// Row `i` of the adjacency matrix is stored in the words from `i · words` on, 64 entries per
    /// word.
    bits: Arc<[u64]>,
    words: usize,
}

impl StronglyRegular {
    /// Returns the graph on the vertices `0..neighbours.len()` in which vertex `i` has the given
    /// neighbours, in any order. A neighbour that is given twice counts once.
    ///
    /// # Errors
    /// [`Error::Graph`](crate::Error::Graph) with a [`GraphError`] that names the first vertex or
    /// pair for which the graph is not simple, not regular or not strongly regular, and
    /// [`Error::Model`](crate::Error::Model) if there is no memory for v² bits.
    pub fn new(name: &str, neighbours: &[Vec<usize>]) -> Result<Self> {
        let vertices = neighbours.len();
        let words = words_per_row(vertices)?;
        let mut bits = vec![0; words * vertices];
        for (vertex, list) in neighbours.iter().enumerate() {
            for &neighbour in list {
                if neighbour >= vertices {
                    return Err(GraphError::NoSuchVertex { vertex, neighbour, vertices }.into());
                }
                bits[vertex * words + neighbour / 64] |= 1 << (neighbour % 64);
            }
        }
        Self::verified(name.to_owned(), vertices, words, bits)
    }

    /// Returns the graph on the vertices `0..vertices` in which `i` and `j` are neighbours if
    /// `adjacent(i, j)` is true. The function is called for all ordered pairs, including `i = j`.
    ///
    /// # Errors
    /// Returns the errors of [`new`](Self::new).
    pub fn from_fn(
        name: &str,
        vertices: usize,
        mut adjacent: impl FnMut(usize, usize) -> bool,
    ) -> Result<Self> {
        let words = words_per_row(vertices)?;
        let mut bits = vec![0; words * vertices];
        for i in 0..vertices {
            for j in 0..vertices {
                bits[i * words + j / 64] |= u64::from(adjacent(i, j)) << (j % 64);
            }
        }
        Self::verified(name.to_owned(), vertices, words, bits)
    }

    /// Checks every property of a strongly regular graph. `bits` holds the rows of the adjacency
    /// matrix.
    fn verified(name: String, vertices: usize, words: usize, bits: Vec<u64>) -> Result<Self> {
        let row = |i: usize| &bits[i * words..(i + 1) * words];
        let adjacent = |i: usize, j: usize| row(i)[j / 64] >> (j % 64) & 1 == 1;
        let degree = |i: usize| row(i).iter().map(|word| word.count_ones() as usize).sum::<usize>();
        let expected = if vertices > 0 { degree(0) } else { 0 };
        if expected == 0 || expected + 2 > vertices {
            return Err(GraphError::Trivial { vertices, degree: expected }.into());
        }
        // The numbers of common neighbours of two neighbours and of two other vertices, once they
        // are known.
        let (mut lambda, mut mu) = (None, None);
        for i in 0..vertices {
            if adjacent(i, i) {
                return Err(GraphError::Loop { vertex: i }.into());
            }
            if degree(i) != expected {
                return Err(GraphError::NotRegular { vertex: i, degree: degree(i), expected }.into());
            }
            for j in 0..i {
                let neighbours = adjacent(i, j);
                if neighbours != adjacent(j, i) {
                    let [from, to] = if neighbours { [i, j] } else { [j, i] };
                    return Err(GraphError::NotSymmetric { from, to }.into());
                }
                let found = common_bits(row(i), row(j));
                let common = *if neighbours { &mut lambda } else { &mut mu }.get_or_insert(found);
                if common != found {
                    return Err(GraphError::CommonNeighbours {
                        first: j,
                        second: i,
                        adjacent: neighbours,
                        found,
                        expected: common,
                    }
                    .into());
                }
            }
        }
        let trivial = GraphError::Trivial { vertices, degree: expected };
        let (Some(lambda), Some(mu)) = (lambda, mu) else { return Err(trivial.into()) };
        let parameters = Parameters { v: vertices, k: expected, lambda, mu };
        let spectrum = parameters.spectrum().ok_or(trivial)?;
        Ok(Self { name, parameters, spectrum, bits: bits.into(), words })
    }

    /// Returns this graph if its parameters are the expected ones.
    fn expect(self, expected: Parameters) -> Result<Self> {
        if self.parameters == expected {
            Ok(self)
        } else {
            Err(GraphError::Parameters { found: self.parameters, expected }.into())
        }
    }

    /// Returns the same graph under another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Returns the name of the graph.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the parameters (v, k, λ, μ).
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Returns the eigenvalues r > s of the adjacency matrix other than k, with their
    /// multiplicities.
    pub fn spectrum(&self) -> Spectrum {
        self.spectrum
    }

    /// Returns whether two vertices are neighbours, and `false` if one of them is not below v.
    pub fn adjacent(&self, i: usize, j: usize) -> bool {
        i < self.parameters.v && j < self.parameters.v && self.row(i)[j / 64] >> (j % 64) & 1 == 1
    }

    /// Returns the neighbours of vertex `i` in increasing order, and none if `i` is not below v.
    pub fn neighbours(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.parameters.v).filter(move |&j| self.adjacent(i, j))
    }

    /// Returns the complement, in which two vertices are neighbours if they are not neighbours
    /// here. It is strongly regular too. Its two eigenspaces are those of this graph, with their
    /// names exchanged.
    ///
    /// # Errors
    /// The complement is checked like every graph, but the check does not fail.
    /// [`Error::Model`](crate::Error::Model) if there is no memory for v² bits.
    pub fn complement(&self) -> Result<Self> {
        let name = format!("complement of {}", self.name);
        Self::from_fn(&name, self.parameters.v, |i, j| i != j && !self.adjacent(i, j))
    }

    /// Returns the tight frame of v unit vectors that projects onto one of the two eigenspaces.
    pub fn frame(&self, eigenspace: Eigenspace) -> EigenspaceFrame {
        EigenspaceFrame::new(self.clone(), eigenspace)
    }

    /// Returns the words that hold row `i` of the adjacency matrix.
    fn row(&self, i: usize) -> &[u64] {
        &self.bits[i * self.words..(i + 1) * self.words]
    }
}

/// Writes the name, the parameters and the spectrum, without the v² bits.
impl fmt::Debug for StronglyRegular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StronglyRegular")
            .field("name", &self.name)
            .field("parameters", &self.parameters)
            .field("spectrum", &self.spectrum)
            .finish_non_exhaustive()
    }
}

/// Returns the number of words that hold a row of `vertices` bits.
fn words_per_row(vertices: usize) -> Result<usize> {
    if vertices > MOST_VERTICES {
        return Err(GraphError::TooManyVertices { given: vertices, most: MOST_VERTICES }.into());
    }
    let words = vertices.div_ceil(64);
    check_memory("the adjacency matrix of a graph", 2 * 8 * (words * vertices) as u128)?;
    Ok(words)
}

/// Returns the number of bits that are 1 in both rows.
fn common_bits(a: &[u64], b: &[u64]) -> usize {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn another_graph_than_the_expected_one_is_refused() {
        let petersen = KnownGraph::Kneser(5).graph().unwrap();
        let found = petersen.parameters();
        assert_eq!(petersen.clone().expect(found).unwrap(), petersen);
        let expected = Parameters::new(10, 6, 3, 4);
        let error = petersen.expect(expected).unwrap_err();
        let right = |error: &GraphError| *error == GraphError::Parameters { found, expected };
        assert!(matches!(&error, Error::Graph(graph) if right(graph)));
        let message = "the graph has the parameters (10, 3, 0, 1), not (10, 6, 3, 4)";
        assert_eq!(error.to_string(), message);
    }
}
