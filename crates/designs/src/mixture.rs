//! The best direct sum of given blocks with n_s features in n_d dimensions.

use std::sync::Arc;

use toy_superposition_rug::{DirectSum, Setting};

use crate::catalogue::{LARGEST, times};
use crate::{Entry, Error, Family, Optimised, Result};

/// The best direct sums of given blocks, as a table over the number of features n and of dimensions
/// d.
///
/// ```math
/// T(n, d) = \min_k \left\{ n_k L_k + T(n - n_k, d - d_k) \right\}, \qquad T(0, 0) = 0
/// ```
///
/// Here block `k` has `n_k` features in `d_k` dimensions, with the loss `L_k` per feature. Features
/// of different blocks do not interfere, so that losses add. In the limit of many features the
/// least loss is the lower convex envelope of the points `(d_k/n_k, L_k)`. For shapes beyond the
/// table, the two blocks whose chord is lowest at the ratio fill most of the features, and the
/// table fills the rest.
#[derive(Debug)]
pub struct Mixtures<'a> {
    blocks: &'a [Entry],
    size: usize,
    /// The least total loss of n features in d dimensions and the last block of that sum, at the
    /// index `n (size + 1) + d`.
    table: Vec<(f64, u16)>,
}

/// The number of features up to which every sum is tried, in units of the largest block.
const SIZE: usize = 4;
/// The largest number of features of a block.
const MOST: usize = 512;
/// Losses whose relative difference is below this count as equal, and the block that comes first in
/// the list is taken.
const TIE: f64 = 1e-7;

impl<'a> Mixtures<'a> {
    /// The table for up to `features` features. Its size is at most 512 features or four times the
    /// largest block, whichever is more; larger sums are completed by copies of the two best
    /// blocks.
    ///
    /// # Errors
    /// [`Error::Block`] for a block of more than 512 features.
    pub fn new(blocks: &'a [Entry], features: usize) -> Result<Self> {
        let largest = blocks.iter().map(|block| block.design.features()).fold(LARGEST, usize::max);
        if largest > MOST {
            return Err(Error::Block { given: largest, most: MOST });
        }
        let size = features.min(SIZE * largest);
        let width = size + 1;
        let mut table = vec![(f64::INFINITY, u16::MAX); width * width];
        table[0].0 = 0.0;
        for n in 1..width {
            for (k, block) in blocks.iter().enumerate().take(u16::MAX.into()) {
                let (features, hidden) = (block.design.features(), block.design.hidden());
                if features > n {
                    continue;
                }
                let (before, row) = table.split_at_mut(n * width);
                let from = &before[(n - features) * width..][..width];
                let cost = block.best.loss * features as f64;
                for (at, rest) in row[hidden..=n].iter_mut().zip(from) {
                    if rest.0 + cost < at.0 * (1.0 - TIE) {
                        *at = (rest.0 + cost, k as u16);
                    }
                }
            }
        }
        Ok(Self { blocks, size, table })
    }

    /// The best sum with n_s features in n_d dimensions. Its family is that of its largest part
    /// that is neither lossless nor dropped.
    ///
    /// # Errors
    /// The errors of [`counts`](Self::counts).
    pub fn at(&self, features: usize, hidden: usize) -> Result<Entry> {
        self.sum(&self.counts(features, hidden)?)
    }

    /// The number of copies of each block in the best sum, in the order of the blocks.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `n_d ≤ n_s` and `n_s ≥ 1`; [`Error::Table`] for more features than
    /// the table was made for; [`Error::NoSum`] if no sum has this shape.
    pub fn counts(&self, features: usize, hidden: usize) -> Result<Vec<usize>> {
        let mut copies = vec![0; self.blocks.len()];
        if hidden > features || features == 0 {
            return Err(Error::Shape { features, hidden });
        }
        let most = if self.size < SIZE * LARGEST { self.size } else { u32::MAX as usize };
        if features > most {
            return Err(Error::Table { given: features, most });
        }
        let none = || Error::NoSum { blocks: self.blocks.len(), features, hidden };
        let (mut n, mut d) = (features, hidden);
        if n > self.size {
            let bulk = (features - self.size / 2) as f64;
            for (k, share) in self.chord(hidden as f64 / features as f64).ok_or_else(none)? {
                let block = &self.blocks[k].design;
                let count = (share * bulk / block.features() as f64) as usize;
                copies[k] += count;
                n -= count * block.features();
                d -= count * block.hidden();
            }
        }
        while n > 0 {
            let k = usize::from(self.table[n * (self.size + 1) + d].1);
            let block = &self.blocks.get(k).ok_or_else(none)?.design;
            copies[k] += 1;
            n -= block.features();
            d -= block.hidden();
        }
        Ok(copies)
    }

    /// The two blocks whose chord is lowest at a ratio, each with its share of the features.
    fn chord(&self, ratio: f64) -> Option<[(usize, f64); 2]> {
        let at = |k: usize| (self.blocks[k].design.ratio(), self.blocks[k].best.loss);
        let all = 0..self.blocks.len();
        let (below, above): (Vec<_>, Vec<_>) = all.partition(|&k| at(k).0 <= ratio);
        let mut best = (f64::INFINITY, None);
        for &low in &below {
            for &high in above.iter().chain([&low]) {
                let ((r0, l0), (r1, l1)) = (at(low), at(high));
                let share = if r1 > r0 { (ratio - r0) / (r1 - r0) } else { 0.0 };
                let loss = l0 + share * (l1 - l0);
                if (r1 > r0 || r0 == ratio) && loss < best.0 {
                    best = (loss, Some([(low, 1.0 - share), (high, share)]));
                }
            }
        }
        best.1
    }

    /// The direct sum of these numbers of copies of the blocks, with the largest part first.
    fn sum(&self, copies: &[usize]) -> Result<Entry> {
        let features = |&(k, count): &(usize, usize)| count * self.blocks[k].design.features();
        let mut parts: Vec<(usize, usize)> =
            copies.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(features(part)));
        let main = parts.iter().find(|part| self.blocks[part.0].family != Family::Apart);
        let family = main.map_or(Family::Apart, |part| self.blocks[part.0].family);
        let name = |&(k, count): &(usize, usize)| match (count, self.blocks[k].name.as_str()) {
            (count, "1 dropped") => format!("{count} dropped"),
            (count, "1 lossless") => format!("{count} lossless"),
            (count, name) => times(count, name),
        };
        let total: usize = parts.iter().map(features).sum();
        let share = |part: &(usize, usize)| features(part) as f64 / total as f64;
        let error = |part: &(usize, usize)| share(part) * self.blocks[part.0].best.standard_error;
        let settings = |part: &(usize, usize)| -> Vec<Setting> { self.blocks[part.0].best.settings.clone() };
        let boxed = |&(k, count): &(usize, usize)| (count, Box::new(Arc::clone(&self.blocks[k].design)) as _);
        let design = DirectSum::new(parts.iter().map(boxed).collect())?;
        Ok(Entry {
            family,
            name: parts.iter().map(name).collect::<Vec<_>>().join(" + "),
            design: Arc::new(design),
            best: Optimised {
                settings: parts.iter().flat_map(settings).collect(),
                loss: parts.iter().map(|part| share(part) * self.blocks[part.0].best.loss).sum(),
                standard_error: parts.iter().map(error).fold(0.0, f64::hypot),
                converged: parts.iter().all(|part| self.blocks[part.0].best.converged),
            },
        })
    }
}
