//! Embeddings: unit vectors in n_d dimensions, one per feature.

use nalgebra::DMatrix;
use rand::Rng;
use toy_superposition_data::standard_normal;
use toy_superposition_rug::{Design, Eigenspace, Frame, KnownGraph, PersianRug};

use crate::{Error, Result};

/// Kinds of embeddings `W_E` (hidden × features). All columns have norm 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbeddingKind {
    /// Each feature has a dimension of its own; hidden = features.
    Identity,
    /// n_d random rows of the Hadamard matrix of order n_s, a power of two: the Persian rug.
    Rug,
    /// The rug of an ovoid; n_s = 16ᵉ, with the n_d of [`PersianRug::ovoid`].
    Ovoid,
    /// The tight frame of the least eigenvalue of a strongly regular graph, if one is known for
    /// these sizes.
    Graph,
    /// n_d rows of a random orthogonal matrix, with columns divided by their norms.
    Haar,
    /// Independent random directions.
    Random,
}

impl EmbeddingKind {
    /// The names that [`from_name`](Self::from_name) accepts.
    pub const NAMES: [&'static str; 6] = ["identity", "rug", "ovoid", "graph", "haar", "random"];

    const ALL: [Self; 6] = [Self::Identity, Self::Rug, Self::Ovoid, Self::Graph, Self::Haar, Self::Random];

    /// Returns the kind with this name, or `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|k| Self::ALL[k])
    }

    fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Returns `W_E`, hidden × features. Only [`Rug`](Self::Rug), [`Haar`](Self::Haar) and
    /// [`Random`](Self::Random) draw random numbers.
    ///
    /// # Errors
    /// [`Error::Embedding`] for sizes that the kind does not have, and [`Error::Rug`] for sizes
    /// that no design has.
    pub fn matrix<R: Rng + ?Sized>(
        self,
        features: usize,
        hidden: usize,
        rng: &mut R,
    ) -> Result<DMatrix<f64>> {
        let needs = |needs| Error::Embedding { kind: self.name(), features, hidden, needs };
        if features == 0 || hidden == 0 {
            return Err(needs("at least one of each"));
        }
        let of = |design: &dyn Design| {
            if design.hidden() == hidden {
                Ok(design.encoder())
            } else {
                Err(needs("the dimensions that the design has"))
            }
        };
        let mut matrix = match self {
            Self::Identity if features == hidden => DMatrix::identity(hidden, features),
            Self::Identity => return Err(needs("as many dimensions as features")),
            Self::Rug => PersianRug::random(features, hidden, rng)?.encoder(),
            Self::Ovoid => of(&PersianRug::ovoid(features)?)?,
            Self::Graph => {
                let known = KnownGraph::up_to(features).into_iter();
                let sized = known.filter(|graph| graph.parameters().is_ok_and(|p| p.v == features));
                let frames = sized.filter_map(|graph| Some(graph.graph().ok()?.frame(Eigenspace::Least)));
                let found = frames.into_iter().find(|frame| frame.hidden() == hidden);
                found.ok_or(needs("a strongly regular graph that is known"))?.encoder()
            }
            Self::Haar => Frame::haar(features, hidden, rng)?.encoder(),
            Self::Random => DMatrix::from_fn(hidden, features, |_, _| standard_normal(rng)),
        };
        matrix.column_iter_mut().for_each(|mut column| {
            let norm = column.norm();
            if norm > 0.0 {
                column /= norm;
            }
        });
        Ok(matrix)
    }
}
