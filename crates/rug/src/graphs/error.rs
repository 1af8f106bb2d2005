//! What can be wrong with a strongly regular graph.

use super::Parameters;

/// Why a graph is not the strongly regular graph that was asked for: what was found and what is
/// allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// More vertices than the check of all their pairs is meant for.
    #[error("{given} vertices are more than {most}")]
    TooManyVertices {
        /// The number of vertices that was given.
        given: usize,
        /// The most that are allowed.
        most: usize,
    },
    /// A neighbour that is no vertex.
    #[error("vertex {vertex} has the neighbour {neighbour}, and the vertices are below {vertices}")]
    NoSuchVertex {
        /// The vertex whose neighbours were given.
        vertex: usize,
        /// Its neighbour.
        neighbour: usize,
        /// The number of vertices.
        vertices: usize,
    },
    /// A vertex that is its own neighbour.
    #[error("vertex {vertex} is its own neighbour; loops are not allowed")]
    Loop {
        /// The vertex.
        vertex: usize,
    },
    /// An edge that has one direction only.
    #[error("vertex {to} is a neighbour of {from}, but {from} is none of {to}")]
    NotSymmetric {
        /// The vertex that has the other as a neighbour.
        from: usize,
        /// The vertex that has not.
        to: usize,
    },
    /// A graph without edges or without pairs that are no edges, for which λ or μ has no meaning.
    #[error("{vertices} vertices of degree {degree}: the degree must be in 1..={vertices} − 2")]
    Trivial {
        /// The number of vertices.
        vertices: usize,
        /// The degree of vertex 0.
        degree: usize,
    },
    /// A vertex with another number of neighbours than vertex 0.
    #[error("vertex {vertex} has {degree} neighbours, and vertex 0 has {expected}")]
    NotRegular {
        /// The vertex.
        vertex: usize,
        /// How many neighbours it has.
        degree: usize,
        /// How many vertex 0 has.
        expected: usize,
    },
    /// Two vertices with another number of common neighbours than the first pair of their kind.
    #[error(
        "{first} and {second} ({}) have {found} common neighbours, not {expected}",
        if *.adjacent { "neighbours" } else { "no neighbours" }
    )]
    CommonNeighbours {
        /// The first vertex.
        first: usize,
        /// The second vertex.
        second: usize,
        /// Whether they are neighbours.
        adjacent: bool,
        /// How many common neighbours they have.
        found: usize,
        /// How many they must have.
        expected: usize,
    },
    /// A strongly regular graph that is not the expected one.
    #[error("the graph has the parameters {found}, not {expected}")]
    Parameters {
        /// Those that were found.
        found: Parameters,
        /// Those of the graph that was wanted.
        expected: Parameters,
    },
    /// A family of graphs that has no member of this index.
    #[error("{family}: no graph for {given}; it needs {needs}")]
    NoSuchGraph {
        /// The family.
        family: &'static str,
        /// The index that was given: an order of a field, a number of points, a dimension.
        given: usize,
        /// Which indices there are.
        needs: &'static str,
    },
}
