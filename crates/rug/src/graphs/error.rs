//! The errors of strongly regular graphs.

use super::Parameters;

/// The reason why a graph is not the expected strongly regular graph. It states what was found and
/// what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// More vertices than this crate checks.
    #[error("{given} vertices are more than {most}")]
    TooManyVertices {
        /// Number of vertices.
        given: usize,
        /// Largest number of vertices that is allowed.
        most: usize,
    },
    /// A neighbour that is not a vertex.
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
    /// An edge in one direction only.
    #[error("vertex {to} is a neighbour of {from}, but {from} is none of {to}")]
    NotSymmetric {
        /// The vertex that lists the other as a neighbour.
        from: usize,
        /// The vertex that does not.
        to: usize,
    },
    /// A graph without edges, or in which all pairs are edges, so that λ or μ is undefined.
    #[error("{vertices} vertices of degree {degree}: the degree must be in 1..={vertices} − 2")]
    Trivial {
        /// The number of vertices.
        vertices: usize,
        /// The degree of vertex 0.
        degree: usize,
    },
    /// A vertex whose number of neighbours differs from that of vertex 0.
    #[error("vertex {vertex} has {degree} neighbours, and vertex 0 has {expected}")]
    NotRegular {
        /// The vertex.
        vertex: usize,
        /// Its number of neighbours.
        degree: usize,
        /// The number of neighbours of vertex 0.
        expected: usize,
    },
    /// Two vertices whose number of common neighbours differs from that of the first pair of their
    /// kind.
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
        /// Their number of common neighbours.
        found: usize,
        /// The expected number.
        expected: usize,
    },
    /// A strongly regular graph with other parameters than expected.
    #[error("the graph has the parameters {found}, not {expected}")]
    Parameters {
        /// The parameters that were found.
        found: Parameters,
        /// The parameters that were expected.
        expected: Parameters,
    },
    /// An index for which a family of graphs has no member.
    #[error("{family}: no graph for {given}; it needs {needs}")]
    NoSuchGraph {
        /// The family.
        family: &'static str,
        /// The index: an order of a field, a number of points or a dimension.
        given: usize,
        /// The indices for which there is a graph.
        needs: &'static str,
    },
}
