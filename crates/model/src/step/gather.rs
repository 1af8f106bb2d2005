//! A table times a sparse matrix: column `c` of the result is `Σ value · (row index of the table)` over list `c`.
//!
//! From a table in [panels](super::panels) a column is kept in registers while its list is read. Multiplication and
//! addition round separately, so that the bits are the same whatever the instruction set.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::Scalar;

/// Lists of (index, value): list `k` is `offsets[k]..offsets[k + 1]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lists<'a, T, I, O> {
    pub(crate) offsets: &'a [O],
    pub(crate) indices: &'a [I],
    pub(crate) values: &'a [T],
}

/// An unsigned integer that indexes.
pub(crate) trait Index: Copy + Send + Sync {
    fn index(self) -> usize;
}

macro_rules! index {
    ($($type:ty),*) => {$(
        impl Index for $type {
            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }
        }
    )*};
}

index!(u8, u16, u32, usize);

impl<T, I: Index, O: Index> Lists<'_, T, I, O> {
    #[inline(always)]
    fn range(&self, list: usize) -> Range<usize> {
        self.offsets[list].index()..self.offsets[list + 1].index()
    }
}

/// Which lists make which columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The list of the first column.
    pub(crate) first: usize,
    /// From the list of one column to that of the next.
    pub(crate) step: usize,
    /// The length of a row of the table and of a column of the result: 16, 32 or 64.
    pub(crate) width: usize,
}

/// Adds to each column of `out`, from one panel of a table.
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
        match self.plan.width {
            64 => self.run::<64>(),
            32 => self.run::<32>(),
            _ => self.run::<16>(),
        }
    }
}

impl<T: Scalar, I: Index, O: Index> Gather<'_, T, I, O> {
    #[inline(always)]
    fn run<const W: usize>(self) {
        let Self { out, table, lists, plan } = self;
        let table = table.as_chunks::<W>().0;
        let mut list = plan.first;
        for column in out.as_chunks_mut::<W>().0 {
            accumulate(column, table, &lists, lists.range(list));
            list += plan.step;
        }
    }
}

#[inline(always)]
fn accumulate<T: Scalar, I: Index, O, const W: usize>(
    column: &mut [T; W],
    table: &[[T; W]],
    lists: &Lists<'_, T, I, O>,
    range: Range<usize>,
) {
    let mut sum = *column;
    for (&index, &value) in lists.indices[range.clone()].iter().zip(&lists.values[range]) {
        let row = &table[index.index()];
        for lane in 0..W {
            sum[lane] += value * row[lane];
        }
    }
    *column = sum;
}

/// Adds to each column of `out` (`length` entries) the rows, of as many numbers, that the lists from `first` on name.
pub(crate) fn gather_rows<T: Scalar, I: Index, O: Index>(
    arch: Arch,
    out: &mut [T],
    length: usize,
    table: &[T],
    lists: Lists<'_, T, I, O>,
    first: usize,
) {
    arch.dispatch(GatherRows { out, length, table, lists, first });
}

struct GatherRows<'a, T, I, O> {
    out: &'a mut [T],
    length: usize,
    table: &'a [T],
    lists: Lists<'a, T, I, O>,
    first: usize,
}

impl<T: Scalar, I: Index, O: Index> WithSimd for GatherRows<'_, T, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, length, table, lists, first } = self;
        for (list, column) in (first..).zip(out.chunks_exact_mut(length)) {
            let range = lists.range(list);
            for (&index, &value) in lists.indices[range.clone()].iter().zip(&lists.values[range]) {
                let row = &table[index.index() * length..][..length];
                column.iter_mut().zip(row).for_each(|(sum, &entry)| *sum += value * entry);
            }
        }
    }
}
