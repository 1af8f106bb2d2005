//! A table times a sparse matrix: column `c` of the result is `Σ value · (row index of the table)` over list `c`.
//!
//! A column is kept in registers while its list is read. Multiplication and addition round separately, so that
//! the bits are the same whatever the instruction set.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::Scalar;

/// Lists of (index, value): list `k` is `offsets[k]..offsets[k + 1]`.
#[derive(Debug)]
pub(crate) struct Lists<'a, T, I, O> {
    pub(crate) offsets: &'a [O],
    pub(crate) indices: &'a [I],
    pub(crate) values: &'a [T],
}

/// An unsigned integer that indexes.
pub(crate) trait Index: Copy + Send + Sync {
    fn index(self) -> usize;
}

impl Index for u8 {
    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

impl Index for u32 {
    #[inline(always)]
    fn index(self) -> usize {
        self as usize
    }
}

impl Index for usize {
    #[inline(always)]
    fn index(self) -> usize {
        self
    }
}

/// Which lists make which columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The list of the first column.
    pub(crate) first: usize,
    /// From the list of one column to that of the next.
    pub(crate) step: usize,
    /// From one column of the result to the next.
    pub(crate) stride: usize,
    /// How many entries of each column there are; the table's rows may be longer.
    pub(crate) lanes: usize,
    /// The length of a row of the table: 16, 32, 64 or 128.
    pub(crate) width: usize,
}

/// Adds to each column of `out` (`plan.lanes` entries every `plan.stride`).
pub(crate) fn gather<T: Scalar, I: Index, O: Index>(
    arch: Arch,
    out: &mut [T],
    table: &[T],
    lists: Lists<'_, T, I, O>,
    plan: Plan,
) {
    arch.dispatch(Gather { out, table, lists, plan });
}

struct Gather<'a, T, I, O> {
    out: &'a mut [T],
    table: &'a [T],
    lists: Lists<'a, T, I, O>,
    plan: Plan,
}

impl<T: Scalar, I: Index, O: Index> WithSimd for Gather<'_, T, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // With 32 registers 128 single-precision numbers stay in eight of them; with 16 registers, 64 do.
        let lanes = if S::REGISTER_COUNT >= 32 { 128 } else { 64 };
        match self.plan.width.min(lanes) {
            128 => self.run::<128>(),
            64 => self.run::<64>(),
            32 => self.run::<32>(),
            _ => self.run::<16>(),
        }
    }
}

impl<T: Scalar, I: Index, O: Index> Gather<'_, T, I, O> {
    #[inline(always)]
    fn run<const L: usize>(self) {
        let Self { out, table, lists, plan } = self;
        for lane in (0..plan.lanes).step_by(L) {
            let used = L.min(plan.lanes - lane);
            let mut list = plan.first;
            for column in out.chunks_mut(plan.stride) {
                let range = lists.offsets[list].index()..lists.offsets[list + 1].index();
                list += plan.step;
                let column = &mut column[lane..lane + used];
                match <&mut [T; L]>::try_from(&mut *column) {
                    Ok(column) => accumulate(column, &table[lane..], plan.width, &lists, range),
                    Err(_) => {
                        let mut sum = [T::zero(); L];
                        sum[..used].copy_from_slice(column);
                        accumulate(&mut sum, &table[lane..], plan.width, &lists, range);
                        column.copy_from_slice(&sum[..used]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn accumulate<T: Scalar, I: Index, O, const L: usize>(
    column: &mut [T; L],
    table: &[T],
    width: usize,
    lists: &Lists<'_, T, I, O>,
    range: Range<usize>,
) {
    let mut sum = *column;
    for (&index, &value) in lists.indices[range.clone()].iter().zip(&lists.values[range]) {
        for (sum, &entry) in sum.iter_mut().zip(&table[index.index() * width..][..L]) {
            *sum += value * entry;
        }
    }
    *column = sum;
}
