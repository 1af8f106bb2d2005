//! A table times a sparse matrix: column `c` of the result is the sum of
//! `value · (row index of the table)` over the entries (index, value) of list `c`.
//!
//! A column, or a tile of it, stays in registers while its list is read. Multiplication and
//! addition round separately, so the bits are the same for every instruction set.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::SparseBatch;

use crate::Scalar;

/// Lists of (index, value): list `k` is `offsets[k]..offsets[k + 1]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lists<'a, T, I, O> {
    pub(crate) offsets: &'a [O],
    pub(crate) indices: &'a [I],
    pub(crate) values: &'a [T],
}

/// An unsigned integer used as an index.
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

impl<'a, T: Scalar> Lists<'a, T, u32, usize> {
    /// Returns one list per sample, with its features.
    pub(crate) fn of(batch: &'a SparseBatch<T>) -> Self {
        Self { offsets: batch.offsets(), indices: batch.indices(), values: batch.values() }
    }
}

/// The assignment of lists to columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The list of the first column.
    pub(crate) first: usize,
    /// The distance from the list of one column to that of the next.
    pub(crate) step: usize,
    /// The length of a row of the table and of a column of the result, which is 16, 32 or 64.
    pub(crate) width: usize,
}

/// Adds the sums over the lists to the columns of `out`, from one panel of a table.
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
            let range = lists.range(list);
            let (indices, values) = (&lists.indices[range.clone()], &lists.values[range]);
            accumulate(column, indices, values, true, |index| &table[index.index()][..]);
            list += plan.step;
        }
    }
}

/// Sets each column of `out` (`length` entries) to `Σ value · row` over its list, with table rows
/// of `length` numbers. If `add`, the sum is added to the column instead. Lists count from `first`.
pub(crate) fn gather_rows<T: Scalar, I: Index, O: Index>(
    arch: Arch,
    out: &mut [T],
    length: usize,
    table: &[T],
    (lists, first): (Lists<'_, T, I, O>, usize),
    add: bool,
) {
    arch.dispatch(GatherRows { out, length, table, lists, first, add });
}

struct GatherRows<'a, T, I, O> {
    out: &'a mut [T],
    length: usize,
    table: &'a [T],
    lists: Lists<'a, T, I, O>,
    first: usize,
    add: bool,
}

impl<T: Scalar, I: Index, O: Index> WithSimd for GatherRows<'_, T, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, length, table, lists, first, add } = self;
        for (list, column) in (first..).zip(out.chunks_exact_mut(length)) {
            let range = lists.range(list);
            let (indices, values) = (&lists.indices[range.clone()], &lists.values[range]);
            let row = |index: I, lane: usize| &table[index.index() * length..][lane..length];
            let mut rest = column;
            // The tile is as long as the registers of every instruction set can hold.
            if size_of::<T>() == size_of::<f32>() {
                rest = tiles::<96, _, _>(rest, length, indices, values, add, row);
                rest = tiles::<64, _, _>(rest, length, indices, values, add, row);
            }
            let rest = tiles::<32, _, _>(rest, length, indices, values, add, row);
            let rest = tiles::<16, _, _>(rest, length, indices, values, add, row);
            let rest = tiles::<4, _, _>(rest, length, indices, values, add, row);
            tiles::<1, _, _>(rest, length, indices, values, add, row);
        }
    }
}

/// Sums as many tiles of W entries as fit, in registers, of the column of `length` entries that
/// ends with `rest`. Returns the entries that are not summed.
#[inline(always)]
fn tiles<'a, 'r, const W: usize, T: Scalar, I: Index>(
    rest: &'r mut [T],
    length: usize,
    indices: &[I],
    values: &[T],
    add: bool,
    row: impl Fn(I, usize) -> &'a [T],
) -> &'r mut [T] {
    let first = length - rest.len();
    let (tiles, rest) = rest.as_chunks_mut::<W>();
    for (lane, sums) in (first..).step_by(W).zip(tiles) {
        accumulate(sums, indices, values, add, |index| row(index, lane));
    }
    rest
}

#[inline(always)]
fn accumulate<'a, T: Scalar, I: Index, const W: usize>(
    column: &mut [T; W],
    indices: &[I],
    values: &[T],
    add: bool,
    row: impl Fn(I) -> &'a [T],
) {
    let mut sum = if add { *column } else { [T::zero(); W] };
    for (&index, &value) in indices.iter().zip(values) {
        let row = &row(index)[..W];
        for lane in 0..W {
            sum[lane] += value * row[lane];
        }
    }
    *column = sum;
}
