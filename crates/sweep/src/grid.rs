//! A grid: blocks of cells, each block the product of its axes.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Cell, Error, Experiment, Kind, Result};

/// What is to be done, and where; a TOML file.
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
/// ```
///
/// | Name | Range |
/// |---|---|
/// | `kinds`, `seeds` | not empty |
/// | `features` | at least 1 |
/// | `probabilities` | in (0, 1] |
/// | `ratios` | in (0, 1]; n_d = max(1, ⌊n_s r⌋), as in the paper's released code |
/// | `hidden` | 1 … the least of `features` |
///
/// Cells are listed block by block, within a block by features, probability, ratio, kind and seed, the last fastest. A
/// cell that an earlier block has is not listed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "E: Experiment")]
pub struct Grid<E: Experiment> {
    /// The experiment's settings, the same for all cells.
    pub experiment: E,
    /// The blocks, the most important first: a sweep works on them in this order.
    #[serde(rename = "block")]
    pub blocks: Vec<Block<E::Kind>>,
}

/// The product of its axes; see [`Grid`] for what they may hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "K: Kind")]
pub struct Block<K> {
    /// What the block is for, in words; errors name it.
    #[serde(default)]
    pub name: String,
    /// What is done at each point.
    pub kinds: Vec<K>,
    /// n_s.
    pub features: Vec<usize>,
    /// p.
    pub probabilities: Values,
    /// n_d/n_s; empty if `hidden` is given.
    #[serde(default)]
    pub ratios: Values,
    /// n_d; empty if `ratios` are given.
    #[serde(default)]
    pub hidden: Vec<usize>,
    /// The seeds of the kinds that draw.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

/// The numbers along an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// Listed.
    List(Vec<f64>),
    /// From the first to the second in even steps, both included.
    Even {
        /// First, last, how many.
        linspace: (f64, f64, usize),
    },
    /// From the first to the second in even ratios, both included.
    EvenRatios {
        /// First, last, how many.
        logspace: (f64, f64, usize),
    },
}

impl Default for Values {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// The most cells of a block.
const MOST_CELLS: usize = 1_000_000;

impl Values {
    /// How many there are.
    fn count(&self) -> usize {
        match *self {
            Self::List(ref numbers) => numbers.len(),
            Self::Even { linspace: (.., count) } | Self::EvenRatios { logspace: (.., count) } => count,
        }
    }

    /// The numbers.
    pub fn numbers(&self) -> Vec<f64> {
        let fractions = |count: usize| (0..count).map(move |k| k as f64 / (count.max(2) - 1) as f64);
        match *self {
            Self::List(ref numbers) => numbers.clone(),
            Self::Even { linspace: (first, last, count) } => {
                fractions(count).map(|x| first + (last - first) * x).collect()
            }
            Self::EvenRatios { logspace: (first, last, count) } => {
                fractions(count).map(|x| first * (last / first).powf(x)).collect()
            }
        }
    }
}

impl<E: Experiment> Grid<E> {
    /// Reads a grid from TOML text.
    ///
    /// # Errors
    /// [`Error::GridSyntax`] with line and column: not TOML, an unknown key or kind, a missing key. Values are checked
    /// by [`cells`](Self::cells).
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|source| Error::GridSyntax { source: Box::new(source) })
    }

    /// Reads a grid file.
    ///
    /// # Errors
    /// [`Error::File`], and as [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&std::fs::read_to_string(path).map_err(Error::file(path))?)
    }

    /// All cells, in the grid's order, none twice.
    ///
    /// # Errors
    /// [`Error::GridEmpty`], [`Error::GridValue`], [`Error::GridWidths`] for what a block may not hold, and
    /// [`Error::Settings`] for what the experiment refuses.
    pub fn cells(&self) -> Result<Vec<Cell<E::Kind>>> {
        self.experiment.check().map_err(|source| Error::Settings { source })?;
        if self.blocks.is_empty() {
            return Err(Error::GridEmpty { block: String::new(), what: "blocks" });
        }
        let (mut cells, mut seen) = (Vec::new(), HashSet::new());
        for (index, block) in self.blocks.iter().enumerate() {
            cells.extend(block.cells(index)?.into_iter().filter(|cell| seen.insert(cell.id())));
        }
        Ok(cells)
    }
}

impl<K: Kind> Block<K> {
    /// The block's own cells, those of earlier blocks included, as block number `index`.
    pub(crate) fn cells(&self, index: usize) -> Result<Vec<Cell<K>>> {
        self.check(index)?;
        let widths = |features: usize| {
            let ratio = |ratio: f64| ((features as f64 * ratio) as usize).max(1);
            let hidden: Vec<usize> = self.ratios.numbers().into_iter().map(ratio).collect();
            if hidden.is_empty() { self.hidden.clone() } else { hidden }
        };
        let mut cells = Vec::new();
        for &features in &self.features {
            for probability in self.probabilities.numbers() {
                for hidden in widths(features) {
                    for &kind in &self.kinds {
                        let seeds = if kind.is_random() { self.seeds.as_slice() } else { &[0] };
                        cells.extend(seeds.iter().map(|&seed| Cell {
                            kind,
                            features,
                            hidden,
                            probability,
                            seed,
                            block: index,
                        }));
                    }
                }
            }
        }
        Ok(cells)
    }

    fn check(&self, index: usize) -> Result<()> {
        let block = || match self.name.as_str() {
            "" => format!("{}", index + 1),
            name => format!("{} ({name})", index + 1),
        };
        let widths = self.ratios.count().max(self.hidden.len());
        let lists =
            [self.features.len(), self.probabilities.count(), widths, self.kinds.len(), self.seeds.len()];
        let cells = lists.into_iter().fold(1, usize::saturating_mul);
        if cells > MOST_CELLS {
            let (given, most) = (cells as f64, MOST_CELLS as f64);
            return Err(Error::GridValue { block: block(), what: "cells", given, least: 1.0, most });
        }
        let (probabilities, ratios) = (self.probabilities.numbers(), self.ratios.numbers());
        for (what, empty) in [
            ("kinds", self.kinds.is_empty()),
            ("features", self.features.is_empty()),
            ("probabilities", probabilities.is_empty()),
            ("seeds", self.seeds.is_empty()),
        ] {
            if empty {
                return Err(Error::GridEmpty { block: block(), what });
            }
        }
        if ratios.is_empty() == self.hidden.is_empty() {
            return Err(Error::GridWidths { block: block() });
        }
        let fractions =
            probabilities.iter().map(|p| ("probabilities", *p)).chain(ratios.iter().map(|r| ("ratios", *r)));
        for (what, given) in fractions {
            if !(given > 0.0 && given <= 1.0) {
                return Err(Error::GridValue {
                    block: block(),
                    what,
                    given,
                    least: f64::MIN_POSITIVE,
                    most: 1.0,
                });
            }
        }
        let least = self.features.iter().copied().min().unwrap_or(0);
        let counts = [("features", &self.features, 1 << 31), ("hidden", &self.hidden, least)];
        for (what, list, most) in counts {
            if let Some(&given) = list.iter().find(|&&given| given == 0 || given > most) {
                let (given, most) = (given as f64, most as f64);
                return Err(Error::GridValue { block: block(), what, given, least: 1.0, most });
            }
        }
        Ok(())
    }
}
