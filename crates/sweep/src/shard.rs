//! A part of a sweep, for one of several machines.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Part `index` of `count`, counted from 1. Cells are dealt out in the order of work, like cards,
/// so that every part has its share of expensive ones. Written `2/8`.
///
/// ```
/// use toy_superposition_sweep::Shard;
/// assert_eq!("2/8".parse::<Shard>()?, Shard::new(2, 8)?);
/// # Ok::<(), toy_superposition_sweep::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Part `index` of `count`.
    ///
    /// # Errors
    /// [`Error::Shard`] unless `1 ≤ index ≤ count`.
    pub fn new(index: usize, count: usize) -> Result<Self> {
        if index == 0 || index > count {
            return Err(Error::Shard { given: format!("{index}/{count}") });
        }
        Ok(Self { index, count })
    }

    /// Whether the cell at this place of the order of work is in the part.
    pub(crate) fn holds(self, place: usize) -> bool {
        place % self.count == self.index - 1
    }

    pub(crate) fn journal_name(self) -> String {
        format!("journal-{}-of-{}.jsonl", self.index, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || Error::Shard { given: text.to_owned() };
        let (index, count) = text.split_once('/').ok_or_else(refused)?;
        Self::new(index.trim().parse().map_err(|_| refused())?, count.trim().parse().map_err(|_| refused())?)
    }
}
