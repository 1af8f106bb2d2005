//! One cell of a grid: what is made, how large, from which data and which seed.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toy_superposition_data::LawSpec;
use toy_superposition_files::fingerprint;

/// What can be done at a point of the grid, such as training a model or evaluating a formula.
///
/// Derive `Serialize` and `Deserialize` for an enum without fields: the name that serde gives to a
/// variant is its name in grid files, in [`Cell::id`] and so in file names. It consists of ASCII
/// letters, digits and hyphens.
pub trait Kind: Copy + Eq + Serialize + DeserializeOwned + Send + Sync {
    /// Whether it draws random numbers, which is the default. A kind that draws none has one cell
    /// for all seeds, of seed 0.
    fn is_random(self) -> bool {
        true
    }

    /// Whether it can be done for features of any law. If not, which is the default, a block with
    /// `laws` may not have it: it needs independent features with one probability and magnitudes
    /// `U[0, 1]`.
    fn takes_laws(self) -> bool {
        false
    }
}

/// The name of a kind by serde: empty for what serde makes no string of, which no grid may hold.
pub(crate) fn name<K: Kind>(kind: K) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// One cell.
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
    /// What is done.
    pub kind: K,
    /// n_s.
    pub features: usize,
    /// n_d.
    pub hidden: usize,
    /// p; of a [`law`](Self::law), the mean over the features.
    pub probability: f64,
    /// The law of the features, in a block that has `laws`. Otherwise the law is that [of the
    /// paper](LawSpec::paper).
    pub law: Option<Arc<LawSpec>>,
    /// The seed of all that is random.
    pub seed: u64,
    /// The first block of the grid that asks for the cell, counted from 0.
    pub block: usize,
}

impl<K: Kind> Cell<K> {
    /// n_d/n_s.
    pub fn ratio(&self) -> f64 {
        self.hidden as f64 / self.features as f64
    }

    /// The law of the features.
    pub fn law(&self) -> LawSpec {
        let paper = || LawSpec::paper(self.features, self.probability);
        self.law.as_deref().cloned().unwrap_or_else(paper)
    }

    /// The cell's name, such as `trained-n512-d128-p0.05-s3`: the same in every grid, and no two
    /// cells of a grid share one. The p is the shortest decimal that reads back as the same number;
    /// below 1e-10 it has an exponent, as in `p1e-225`, since a file name has room for 255 bytes. A
    /// law stands in its place with the fingerprint of its JSON, as in
    /// `trained-n512-d128-law0123456789abcdef-s3`.
    pub fn id(&self) -> String {
        let Self { kind, features, hidden, probability, seed, .. } = self;
        let law = match &self.law {
            Some(law) => format!("law{:016x}", fingerprint(&law.to_string())),
            None if *probability < 1e-10 => format!("p{probability:e}"),
            None => format!("p{probability}"),
        };
        format!("{}-n{features}-d{hidden}-{law}-s{seed}", name(*kind))
    }
}
