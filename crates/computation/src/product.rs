//! Dense products by faer, in parallel over blocks of columns.

use std::ops::Range;

use faer::{MatMut, MatRef};
use toy_superposition_data::parallel::for_each_chunk;
use toy_superposition_model::Scalar;

/// Number of columns of the result that one thread computes at a time.
const COLUMNS: usize = 32;

/// Returns `start..start + length`.
pub(crate) fn slice(start: usize, length: usize) -> Range<usize> {
    start..start + length
}

/// Writes into `out`, which is column-major with the given number of rows, the product of each left
/// factor with `right`, from the row on that is given with the factor: `out = left · right`, or
/// `out += left · right`. The left factors cover all rows.
///
/// Each column is summed in one order by one thread, so that the bits do not depend on the number
/// of threads.
pub(crate) fn product<T: Scalar>(
    out: &mut [T],
    rows: usize,
    add: bool,
    left: &[(usize, MatRef<'_, T>)],
    right: MatRef<'_, T>,
) {
    if out.is_empty() {
        return;
    }
    for_each_chunk(out, rows * COLUMNS, |k, chunk| {
        let count = chunk.len() / rows;
        let mut out = MatMut::from_column_major_slice_mut(chunk, rows, count);
        for &(row, left) in left {
            let out = out.as_mut().subrows_mut(row, left.nrows());
            T::multiply(out, left, right.subcols(k * COLUMNS, count), add);
        }
    });
}
