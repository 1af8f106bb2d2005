//! A grid: blocks of cells, each the Cartesian product of its axes.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toy_superposition_data::{Law, LawSpec};

use crate::cell::{name, named};
use crate::{Cell, Experiment, Kind, Values};
use crate::{Error, Result};

/// An experiment's settings and the cells to evaluate it at, as read from a TOML file.
///
/// ```toml
/// [experiment]                    # the experiment's own settings
/// samples = 4096
///
/// [[block]]
/// name = "heat maps"
/// kinds = ["trained"]
/// features = [128, 256]
/// probabilities = { linspace = [0.002001, 0.8, 20] }
/// ratios = [0.1, 0.25, 0.5]       # or: hidden = [16, 64]
/// seeds = [0, 1]                  # left out: [0]
///
/// [[block]]
/// name = "features of other laws, in place of `features` and `probabilities`"
/// kinds = ["trained"]
/// ratios = [0.25]
/// [[block.laws]]
/// features = 128
/// switches = { kind = "pairs", probability = 0.1, correlation = 0.5 }
/// ```
///
/// | Name | Range |
/// |---|---|
/// | `kinds`, `seeds` | not empty |
/// | `features` | at least 1 |
/// | `probabilities` | in (0, 1] |
/// | `laws` | as [`LawSpec`]; for kinds that [take laws](Kind::takes_laws) |
/// | `ratios` | in (0, 1]; n_d = max(1, ⌊n_s r⌋), as in the paper's released code |
/// | `hidden` | 1 … the least of `features` |
///
/// Cells are listed block by block. Within a block they are ordered by features and probability (or
/// by law), then ratio, kind and seed, the last varying fastest. A cell that an earlier block
/// contains is not listed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "E: Experiment")]
pub struct Grid<E: Experiment> {
    /// The experiment's settings, the same for all cells.
    pub experiment: E,
    /// The blocks, the most important first: a sweep evaluates them in this order.
    #[serde(rename = "block")]
    pub blocks: Vec<Block<E::Kind>>,
}

/// The Cartesian product of its axes. [`Grid`] lists the allowed values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "K: Kind")]
pub struct Block<K> {
    /// Description of the block, which error messages repeat.
    #[serde(default)]
    pub name: String,
    /// What is evaluated at each point.
    pub kinds: Vec<K>,
    /// Numbers of features, n_s; empty if `laws` are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<usize>,
    /// Probabilities p; empty if `laws` are given.
    #[serde(default, skip_serializing_if = "Values::is_empty")]
    pub probabilities: Values,
    /// The laws of the features; empty if `features` and `probabilities` are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<LawSpec>,
    /// Ratios n_d/n_s; empty if `hidden` is given.
    #[serde(default)]
    pub ratios: Values,
    /// Hidden dimensions, n_d; empty if `ratios` are given.
    #[serde(default)]
    pub hidden: Vec<usize>,
    /// Seeds of the kinds that draw random numbers.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
}

/// The number of features, the mean of their probabilities, and their law if the block gives
/// `laws`.
type Data = (usize, f64, Option<Arc<LawSpec>>);

fn one_seed() -> Vec<u64> {
    vec![0]
}

/// Greatest number of cells of a grid; a cell that several blocks contain is counted in each.
const MOST_CELLS: usize = 1_000_000;

impl<E: Experiment> Grid<E> {
    /// Reads a grid from TOML text.
    ///
    /// # Errors
    /// [`Error::GridSyntax`], with line and column, if the text is not TOML, or has an unknown key
    /// or kind or lacks a key. Values are checked by [`cells`](Self::cells).
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_from(text, None)
    }

    /// Reads a grid file.
    ///
    /// # Errors
    /// [`Error::File`], and the errors of [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse_from(&std::fs::read_to_string(path).map_err(Error::file(path))?, Some(path))
    }

    fn parse_from(text: &str, path: Option<&Path>) -> Result<Self> {
        let path = path.map(Path::to_owned);
        toml::from_str(text).map_err(|source| Error::GridSyntax { path, source: source.into() })
    }

    /// Returns all cells in the grid's order, without repetition.
    ///
    /// # Errors
    /// [`Error::NoBlocks`] for a grid without blocks; [`Error::GridEmpty`], [`Error::GridValue`],
    /// [`Error::GridWidths`], [`Error::GridLaws`], [`Error::GridLaw`], [`Error::GridLawKind`] or
    /// [`Error::GridKind`] if a block is invalid; [`Error::Settings`] if the experiment refuses its
    /// settings.
    pub fn cells(&self) -> Result<Vec<Cell<E::Kind>>> {
        self.experiment.check().map_err(|source| Error::Settings { source })?;
        if self.blocks.is_empty() {
            return Err(Error::NoBlocks);
        }
        let (mut cells, mut seen, mut count) = (Vec::new(), HashSet::new(), 0);
        for (index, block) in self.blocks.iter().enumerate() {
            count += block.check(index, MOST_CELLS - count)?;
            for cell in block.cells(index)? {
                if seen.insert(cell.id()) {
                    cells.push(cell);
                }
            }
        }
        Ok(cells)
    }
}

impl<K: Kind> Block<K> {
    /// Returns the cells of the block, whose index is `index` and which has been checked. Cells
    /// that earlier blocks contain are included.
    pub(crate) fn cells(&self, index: usize) -> Result<Vec<Cell<K>>> {
        let mut cells = Vec::new();
        for (features, probability, law) in self.data(index)? {
            // Spaced ratios have rounding errors: 0.01 · 1000 may be just below 10.
            let ratio = |ratio: f64| ((features as f64 * ratio * (1.0 + 1e-12)) as usize).max(1);
            let widths: Vec<usize> = match self.hidden.as_slice() {
                [] => self.ratios.numbers().map(ratio).collect(),
                hidden => hidden.to_vec(),
            };
            for &hidden in &widths {
                for &kind in &self.kinds {
                    let seeds = if kind.is_random() { self.seeds.as_slice() } else { &[0] };
                    cells.extend(seeds.iter().map(|&seed| {
                        let law = law.clone();
                        Cell { kind, features, hidden, probability, law, seed, block: index }
                    }));
                }
            }
        }
        Ok(cells)
    }

    /// Returns the number of features, mean probability and law of each point along the block's
    /// data axes.
    fn data(&self, index: usize) -> Result<Vec<Data>> {
        let mut data = Vec::new();
        for &features in &self.features {
            data.extend(self.probabilities.numbers().map(|probability| (features, probability, None)));
        }
        for (number, spec) in self.laws.iter().enumerate() {
            let refused = |source| Error::GridLaw { block: self.label(index), law: number + 1, source };
            let law = spec.build().map_err(refused)?;
            let probability = |i| law.moments(i).probability;
            // The mean is computed from differences to the first, so that it is exact where all are
            // equal.
            let more: f64 = (1..spec.features).map(|i| probability(i) - probability(0)).sum();
            let mean = probability(0) + more / spec.features as f64;
            data.push((spec.features, mean, Some(Arc::new(spec.clone()))));
        }
        Ok(data)
    }

    /// Returns the block's number, from 1, and its name.
    fn label(&self, index: usize) -> String {
        match self.name.as_str() {
            "" => format!("{}", index + 1),
            name => format!("{} ({name})", index + 1),
        }
    }

    /// Checks the block, including that it has at most `most` cells, and returns an upper bound of
    /// their number.
    fn check(&self, index: usize, most: usize) -> Result<usize> {
        let block = || self.label(index);
        let (features, probabilities) = (self.features.len(), self.probabilities.count());
        if !self.laws.is_empty() && features + probabilities > 0 {
            return Err(Error::GridLaws { block: block() });
        }
        let mut lists = vec![("kinds", self.kinds.len()), ("seeds", self.seeds.len())];
        if self.laws.is_empty() {
            lists.extend([("features", features), ("probabilities", probabilities)]);
        } else {
            lists.push(("laws", self.laws.len()));
            if let Some(kind) = self.kinds.iter().find(|kind| !kind.takes_laws()) {
                return Err(Error::GridLawKind { block: block(), kind: name(*kind) });
            }
        }
        if let Some(&(what, _)) = lists.iter().find(|(_, count)| *count == 0) {
            return Err(Error::GridEmpty { block: block(), what });
        }
        let (ratios, hidden) = (self.ratios.count(), self.hidden.len());
        if (ratios == 0) == (hidden == 0) {
            return Err(Error::GridWidths { block: block() });
        }
        // This precedes the checks of the values, of which there may be 10¹⁸.
        let cells =
            lists.iter().fold(ratios.max(hidden), |product, (_, count)| product.saturating_mul(*count));
        if cells > most {
            let (given, most) = (cells as f64, most as f64);
            return Err(Error::GridValue { block: block(), what: "cells", given, least: 1.0, most });
        }
        let fits = |name: &String| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        for &kind in &self.kinds {
            let given = name(kind);
            if !fits(&given) || named(&given) != Some(kind) {
                return Err(Error::GridKind { block: block(), given });
            }
        }
        let fractions = self.probabilities.numbers().map(|p| ("probabilities", p));
        for (what, given) in fractions.chain(self.ratios.numbers().map(|ratio| ("ratios", ratio))) {
            if !(given > 0.0 && given <= 1.0) {
                let (least, most) = (f64::MIN_POSITIVE, 1.0);
                return Err(Error::GridValue { block: block(), what, given, least, most });
            }
        }
        let laws = self.laws.iter().map(|law| law.features);
        let features: Vec<usize> = self.features.iter().copied().chain(laws).collect();
        let least = features.iter().copied().min().unwrap_or(0);
        for (what, list, most) in [("features", &features, 1 << 31), ("hidden", &self.hidden, least)] {
            if let Some(&given) = list.iter().find(|&&given| given == 0 || given > most) {
                let (given, most) = (given as f64, most as f64);
                return Err(Error::GridValue { block: block(), what, given, least: 1.0, most });
            }
        }
        Ok(cells)
    }
}
