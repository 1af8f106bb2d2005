//! One cell of a grid: what is made, how large, from which data and which seed.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be done at a point of the grid, such as training a model or evaluating a formula.
///
/// In a grid file a kind is what serde makes of it; in [`Cell::id`], and so in file names, it is what [`Display`] makes
/// of it: ASCII letters, digits and hyphens.
pub trait Kind: Copy + Eq + Display + Serialize + DeserializeOwned + Send + Sync {
    /// Whether it draws random numbers. A kind that draws none has one cell for all seeds, of seed 0.
    fn is_random(self) -> bool;
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell<K> {
    /// What is done.
    pub kind: K,
    /// n_s.
    pub features: usize,
    /// n_d.
    pub hidden: usize,
    /// p.
    pub probability: f64,
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

    /// The cell's name, such as `trained-n512-d128-p0.05-s3`: the same in every grid, and no two cells of a grid share
    /// one. The p is the shortest decimal that reads back as the same number; below 1e-10 it has an exponent, as in
    /// `p1e-225`, since a file name has room for 255 bytes.
    pub fn id(&self) -> String {
        let Self { kind, features, hidden, probability, seed, .. } = self;
        let probability =
            if *probability < 1e-10 { format!("{probability:e}") } else { probability.to_string() };
        format!("{kind}-n{features}-d{hidden}-p{probability}-s{seed}")
    }
}
