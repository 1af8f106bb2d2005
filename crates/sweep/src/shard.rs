//! A part of a sweep, to be run by one of several processes.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Part `index` of `count`, counted from 1 and written `2/8`. Cells are dealt out in turn in the
/// order of evaluation, so that each part has its share of the expensive ones.
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
    /// Returns part `index` of `count`.
    ///
    /// # Errors
    /// [`Error::Shard`] unless `1 ≤ index ≤ count`.
    pub fn new(index: usize, count: usize) -> Result<Self> {
        if index == 0 || index > count {
            return Err(Error::Shard { given: format!("{index}/{count}") });
        }
        Ok(Self { index, count })
    }

    /// Returns whether the part contains the cell at position `place` of the order of evaluation.
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
