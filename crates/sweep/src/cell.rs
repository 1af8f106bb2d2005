//! One cell of a grid: its kind, sizes, law of the features and seed.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toy_superposition_data::LawSpec;
use toy_superposition_files::fingerprint;

/// What can be done at a point of the grid, such as training a model or evaluating a formula.
///
/// Derive `Serialize` and `Deserialize` for an enum without fields: the name that serde gives to a
/// variant is its name in grid files, in [`Cell::id`] and so in file names. It has 1 to 64 ASCII
/// letters, digits and hyphens; any other name is [`Error::GridKind`](crate::Error::GridKind).
pub trait Kind: Copy + Eq + Serialize + DeserializeOwned + Send + Sync {
    /// Returns whether the kind draws random numbers (the default: true). A kind that draws none
    /// has a single cell for all seeds, with seed 0.
    fn is_random(self) -> bool {
        true
    }

    /// Returns whether the kind can be evaluated for features of any law (the default: false). A
    /// kind that cannot is refused in a block with `laws`: it needs independent features with one
    /// probability and magnitudes `U[0, 1]`.
    fn takes_laws(self) -> bool {
        false
    }
}

/// Returns the name that serde gives to a kind, or an empty string, which no grid may hold, if
/// serde does not make a string of it.
pub(crate) fn name<K: Kind>(kind: K) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Returns the kind of a name, or `None` if there is none.
pub(crate) fn named<K: Kind>(name: &str) -> Option<K> {
    serde_json::from_value(name.into()).ok()
}

/// One cell of a grid.
///
/// ```
/// use toy_superposition_sweep::{Cell, Model};
///
/// let (kind, probability) = (Model::Trained, 0.05);
/// let cell = Cell { kind, features: 512, hidden: 128, probability, law: None, seed: 3, block: 0 };
/// assert_eq!(cell.id(), "trained-n512-d128-p0.05-s3");
/// assert_eq!(cell.ratio(), 0.25);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cell<K> {
    /// What is evaluated.
    pub kind: K,
    /// Number of features, n_s.
    pub features: usize,
    /// Number of hidden dimensions, n_d.
    pub hidden: usize,
    /// Probability p that a feature is on; for a [`law`](Self::law), its mean over the features.
    pub probability: f64,
    /// The law of the features, in a block that has `laws`. Otherwise the law is that [of the
    /// paper](LawSpec::paper).
    pub law: Option<Arc<LawSpec>>,
    /// Seed of all random numbers of the cell.
    pub seed: u64,
    /// Index, from 0, of the first block of the grid that contains the cell.
    pub block: usize,
}

impl<K: Kind> Cell<K> {
    /// Returns the ratio n_d/n_s.
    pub fn ratio(&self) -> f64 {
        self.hidden as f64 / self.features as f64
    }

    /// Returns the law of the features.
    pub fn law(&self) -> LawSpec {
        let paper = || LawSpec::paper(self.features, self.probability);
        self.law.as_deref().cloned().unwrap_or_else(paper)
    }

    /// Returns the cell's name, such as `trained-n512-d128-p0.05-s3`. A cell has the same name in
    /// every grid, and no two cells of a grid share one. The probability is written as the shortest
    /// decimal that reads back as the same number; below 1e-10 it has an exponent, as in `p1e-225`,
    /// because file names are limited to 255 bytes. A law is written as the fingerprint of its
    /// JSON, as in `trained-n512-d128-law0123456789abcdef-s3`.
    pub fn id(&self) -> String {
        let Self { kind, features, hidden, probability, seed, .. } = self;
        let law = match &self.law {
            Some(law) => format!("law{:016x}", fingerprint(law.to_string().bytes())),
            None if *probability < 1e-10 => format!("p{probability:e}"),
            None => format!("p{probability}"),
        };
        format!("{}-n{features}-d{hidden}-{law}-s{seed}", name(*kind))
    }
}
