//! A grid: blocks of cells, each block the product of its axes.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Cell, Experiment, Kind, Values};
use crate::{Error, Result};

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

/// The most cells of a grid, those that several blocks have counted in each.
const MOST_CELLS: usize = 1_000_000;

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
    /// [`Error::GridEmpty`], [`Error::GridValue`], [`Error::GridWidths`], [`Error::GridKind`] for what a block may not
    /// hold, and [`Error::Settings`] for what the experiment refuses.
    pub fn cells(&self) -> Result<Vec<Cell<E::Kind>>> {
        self.experiment.check().map_err(|source| Error::Settings { source })?;
        if self.blocks.is_empty() {
            return Err(Error::GridEmpty { block: String::new(), what: "blocks" });
        }
        let (mut cells, mut seen, mut count) = (Vec::new(), HashMap::new(), 0);
        for (index, block) in self.blocks.iter().enumerate() {
            count += block.check(index, MOST_CELLS - count)?;
            for cell in block.cells(index) {
                match seen.insert(cell.id(), cell.kind) {
                    None => cells.push(cell),
                    Some(kind) if kind == cell.kind => {}
                    Some(kind) => {
                        return Err(Error::GridKind { block: block.label(index), given: kind.to_string() });
                    }
                }
            }
        }
        Ok(cells)
    }
}

impl<K: Kind> Block<K> {
    /// The cells of the block, which has been checked, as block number `index`; those of earlier blocks too.
    pub(crate) fn cells(&self, index: usize) -> Vec<Cell<K>> {
        let widths = |features: usize| -> Vec<usize> {
            let ratio = |ratio: f64| ((features as f64 * ratio) as usize).max(1);
            if self.hidden.is_empty() {
                self.ratios.numbers().map(ratio).collect()
            } else {
                self.hidden.clone()
            }
        };
        let mut cells = Vec::new();
        for &features in &self.features {
            let widths = widths(features);
            for probability in self.probabilities.numbers() {
                for &hidden in &widths {
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
        cells
    }

    /// The block's number, from 1, and its name.
    fn label(&self, index: usize) -> String {
        match self.name.as_str() {
            "" => format!("{}", index + 1),
            name => format!("{} ({name})", index + 1),
        }
    }

    /// Refuses what a block may not hold, and more cells than `most`. Returns how many it has at most.
    fn check(&self, index: usize, most: usize) -> Result<usize> {
        let block = || self.label(index);
        let lists = [
            ("kinds", self.kinds.len()),
            ("features", self.features.len()),
            ("probabilities", self.probabilities.count()),
            ("seeds", self.seeds.len()),
        ];
        if let Some(&(what, _)) = lists.iter().find(|(_, count)| *count == 0) {
            return Err(Error::GridEmpty { block: block(), what });
        }
        let (ratios, hidden) = (self.ratios.count(), self.hidden.len());
        if (ratios == 0) == (hidden == 0) {
            return Err(Error::GridWidths { block: block() });
        }
        // Before the numbers are looked at, of which there may be 10¹⁸.
        let cells =
            lists.iter().fold(ratios.max(hidden), |product, (_, count)| product.saturating_mul(*count));
        if cells > most {
            let (given, most) = (cells as f64, most as f64);
            return Err(Error::GridValue { block: block(), what: "cells", given, least: 1.0, most });
        }
        let name = |kind: &K| kind.to_string();
        let fits = |name: &String| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if let Some(given) = self.kinds.iter().map(name).find(|name| !fits(name)) {
            return Err(Error::GridKind { block: block(), given });
        }
        let fractions = self.probabilities.numbers().map(|p| ("probabilities", p));
        for (what, given) in fractions.chain(self.ratios.numbers().map(|ratio| ("ratios", ratio))) {
            if !(given > 0.0 && given <= 1.0) {
                let (least, most) = (f64::MIN_POSITIVE, 1.0);
                return Err(Error::GridValue { block: block(), what, given, least, most });
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
        Ok(cells)
    }
}
