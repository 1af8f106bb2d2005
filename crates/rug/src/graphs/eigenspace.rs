//! The tight frame of an eigenspace of a strongly regular graph.

use nalgebra::DMatrix;

use super::{Eigenspace, StronglyRegular};
use crate::design::{Class, Design};
use crate::frame::factor;

/// The tight frame of an eigenspace of a strongly regular graph, with n_s = v features in n_d = f
/// dimensions.
///
/// ```math
/// R = 1 + \frac{\theta}{k} A + \frac{-1 - \theta}{v - k - 1} (J - 1 - A), \qquad
/// R^2 = \frac{v}{f} R
/// ```
///
/// This is v/f times the projection onto the eigenspace of `θ`, one of the eigenvalues r and s of
/// the adjacency matrix `A` (v × v), of multiplicity f. It consists of v unit vectors in f
/// dimensions with two different inner products. The least eigenvalue gives few large negative
/// inner products and many small positive ones.
///
/// P. Delsarte, J. M. Goethals and J. J. Seidel, "Spherical codes and designs", Geom. Dedicata 6
/// (1977).
///
/// The frame keeps the graph, v² bits. The encoder is factored on request, in O(v f²).
#[derive(Debug, Clone, PartialEq)]
pub struct EigenspaceFrame {
    graph: StronglyRegular,
    eigenspace: Eigenspace,
    /// The entry of `R` for two neighbours.
    neighbours: f64,
    /// The entry of `R` for two vertices that are not neighbours.
    others: f64,
}

impl EigenspaceFrame {
    pub(super) fn new(graph: StronglyRegular, eigenspace: Eigenspace) -> Self {
        let (parameters, value) = (graph.parameters(), graph.spectrum().of(eigenspace).value);
        let neighbours = value / parameters.k as f64;
        let others = (-1.0 - value) / (parameters.v - parameters.k - 1) as f64;
        Self { graph, eigenspace, neighbours, others }
    }

    /// Returns the graph.
    pub fn graph(&self) -> &StronglyRegular {
        &self.graph
    }

    /// Returns the eigenspace onto which `R` projects.
    pub fn eigenspace(&self) -> Eigenspace {
        self.eigenspace
    }

    /// Returns the entries of `R`: `θ/k` for two neighbours and `(−1 − θ)/(v − k − 1)` for two
    /// other vertices.
    pub fn entries(&self) -> (f64, f64) {
        (self.neighbours, self.others)
    }
}

/// All rows hold the same entries. The name is that of the graph, with an addition if the
/// eigenspace is not that of the least eigenvalue.
impl Design for EigenspaceFrame {
    fn name(&self) -> String {
        match self.eigenspace {
            Eigenspace::Least => self.graph.name().to_owned(),
            Eigenspace::Second => format!("{}, second eigenvalue", self.graph.name()),
        }
    }

    fn features(&self) -> usize {
        self.graph.parameters().v
    }

    fn hidden(&self) -> usize {
        self.graph.spectrum().of(self.eigenspace).multiplicity
    }

    fn encoder(&self) -> DMatrix<f64> {
        factor(self.features(), self.hidden(), |i, row| self.write_row(i, row))
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        for (entries, &word) in row.chunks_mut(64).zip(self.graph.row(i)) {
            for (j, entry) in entries.iter_mut().enumerate() {
                *entry = if word >> j & 1 == 1 { self.neighbours } else { self.others };
            }
        }
        row[i] = 1.0;
    }

    fn classes(&self) -> Vec<Class> {
        vec![Class { members: self.features(), rows: vec![(0, self.features())] }]
    }
}
