//! The products of one training step.
//!
//! Everything is "n_d numbers a feature" or "n_d numbers a sample", stored without gaps, so that each product
//! but one has the same form: a table with n_d rows times a matrix that is mostly zero.
//!
//! | product | shape | table | matrix |
//! |---|---|---|---|
//! | hidden `H = W_in X` | n_d × B | W_in, by feature | X, by sample |
//! | preactivation `Z = W_out H + b` | n_s × B | dense | dense |
//! | `∂L/∂H = W_outᵀ Δ` | n_d × B | W_outᵀ, by feature | Δ, by sample |
//! | `∂L/∂W_outᵀ = H Δᵀ` | n_d × n_s | H, by sample | Δᵀ, by feature |
//! | `∂L/∂W_in = (∂L/∂H) Xᵀ` | n_d × n_s | ∂L/∂H, by sample | Xᵀ, by feature |
//!
//! [`gather`] does the sparse ones, [`multiply_columns`] the dense ones. Both split the columns of the result
//! among threads in blocks of fixed size, and each column is summed in one order by one thread: the bits of the
//! result do not depend on the number of threads.

use faer::{MatMut, MatRef};
use pulp::Arch;

use crate::{Scalar, Shape};

/// Columns that one thread works on at a time.
const BLOCK: usize = 64;

/// Entries of a column that [`gather`] keeps in registers at a time.
const LANES: usize = 64;

/// n_d × n_s: the encoder, or the transposed decoder.
pub(crate) fn columns<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(values, shape.hidden(), shape.features())
}

/// n_s × n_d: the decoder.
pub(crate) fn transposed<T: Scalar>(values: &[T], shape: Shape) -> MatRef<'_, T> {
    columns(values, shape).transpose()
}

/// Runs `work(first, chunk)` on each chunk of `width * BLOCK` entries, in parallel; `first` counts columns.
pub(crate) fn for_each_block<T: Send>(
    values: &mut [T],
    width: usize,
    work: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    let size = width * BLOCK;
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        values.par_chunks_mut(size).enumerate().for_each(|(block, chunk)| work(block * BLOCK, chunk));
    }
    #[cfg(not(feature = "parallel"))]
    for (block, chunk) in values.chunks_mut(size).enumerate() {
        work(block * BLOCK, chunk);
    }
}

/// `out = left · right`, column-major, each block of columns by one thread.
pub(crate) fn multiply_columns<T: Scalar>(out: &mut [T], left: MatRef<'_, T>, right: MatRef<'_, T>) {
    for_each_block(out, left.nrows(), |first, chunk| {
        let count = chunk.len() / left.nrows();
        let out = MatMut::from_column_major_slice_mut(chunk, left.nrows(), count);
        T::multiply(out, left, right.subcols(first, count), false);
    });
}

/// Lists of (index, value): list `k` is `offsets[k]..offsets[k + 1]`.
#[derive(Debug, Default)]
pub(crate) struct Lists<T> {
    pub(crate) offsets: Vec<usize>,
    pub(crate) indices: Vec<u32>,
    pub(crate) values: Vec<T>,
}

/// Borrowed [`Lists`].
#[derive(Clone, Copy)]
pub(crate) struct ListsRef<'a, T> {
    pub(crate) offsets: &'a [usize],
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [T],
}

impl<T: Scalar> Lists<T> {
    pub(crate) fn as_ref(&self) -> ListsRef<'_, T> {
        ListsRef { offsets: &self.offsets, indices: &self.indices, values: &self.values }
    }

    /// The non-zeros of each column of a dense matrix with `rows` rows; `counts[k]` of them in column `k`.
    pub(crate) fn compress(&mut self, dense: &[T], rows: usize, counts: &[usize]) {
        self.offsets.clear();
        self.offsets.push(0);
        self.indices.clear();
        self.values.clear();
        for (column, &count) in dense.chunks_exact(rows).zip(counts) {
            let start = self.indices.len();
            // One slot more than needed: each entry is written, and kept only if it is not zero.
            self.indices.resize(start + count + 1, 0);
            self.values.resize(start + count + 1, T::zero());
            let (indices, values) = (&mut self.indices[start..], &mut self.values[start..]);
            let mut used = 0;
            for (row, &value) in column.iter().enumerate() {
                indices[used] = row as u32;
                values[used] = value;
                used += usize::from(value != T::zero());
            }
            self.indices.truncate(start + count);
            self.values.truncate(start + count);
            self.offsets.push(start + count);
        }
    }

    /// The same entries by index: list `i` of the result holds (k, value) for each (i, value) in list `k`,
    /// in order of `k`.
    pub(crate) fn transpose(&mut self, lists: ListsRef<'_, T>, indices: usize) {
        self.offsets.clear();
        self.offsets.resize(indices + 2, 0);
        // Shifted by one, so that filling list i moves offsets[i + 1] from its start to its end.
        for &index in lists.indices {
            self.offsets[index as usize + 2] += 1;
        }
        for i in 2..self.offsets.len() {
            self.offsets[i] += self.offsets[i - 1];
        }
        self.indices.clear();
        self.indices.resize(lists.indices.len(), 0);
        self.values.clear();
        self.values.resize(lists.values.len(), T::zero());
        for (list, range) in lists.offsets.windows(2).enumerate() {
            for entry in range[0]..range[1] {
                let slot = &mut self.offsets[lists.indices[entry] as usize + 1];
                self.indices[*slot] = list as u32;
                self.values[*slot] = lists.values[entry];
                *slot += 1;
            }
        }
        self.offsets.pop();
    }
}

/// Column `k` of `out` (`width` rows) `= Σ value · table column index` over list `k` (`+=` if `add`).
pub(crate) fn gather<T: Scalar>(out: &mut [T], width: usize, table: &[T], lists: ListsRef<'_, T>, add: bool) {
    let arch = Arch::new();
    for_each_block(out, width, |first, chunk| {
        arch.dispatch(|| {
            for (k, column) in chunk.chunks_exact_mut(width).enumerate() {
                let range = lists.offsets[first + k]..lists.offsets[first + k + 1];
                gather_column(column, table, &lists.indices[range.clone()], &lists.values[range], add);
            }
        });
    });
}

#[inline(always)]
fn gather_column<T: Scalar>(column: &mut [T], table: &[T], indices: &[u32], values: &[T], add: bool) {
    let width = column.len();
    let mut pieces = column.chunks_exact_mut(LANES);
    let mut offset = 0;
    for piece in &mut pieces {
        let mut sum = [T::zero(); LANES];
        if add {
            sum.copy_from_slice(piece);
        }
        for (&index, &value) in indices.iter().zip(values) {
            let start = index as usize * width + offset;
            for (sum, &entry) in sum.iter_mut().zip(&table[start..start + LANES]) {
                *sum += value * entry;
            }
        }
        piece.copy_from_slice(&sum);
        offset += LANES;
    }
    let rest = pieces.into_remainder();
    if !add {
        rest.fill(T::zero());
    }
    for (&index, &value) in indices.iter().zip(values) {
        let start = index as usize * width + offset;
        for (sum, &entry) in rest.iter_mut().zip(&table[start..]) {
            *sum += value * entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    fn example(rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |i, j| {
            let hash = (i * 31 + j * 17) % 11;
            if hash < 4 { hash as f64 - 1.5 } else { 0.0 }
        })
    }

    fn lists_of(dense: &DMatrix<f64>) -> Lists<f64> {
        let counts: Vec<_> = dense.column_iter().map(|c| c.iter().filter(|v| **v != 0.0).count()).collect();
        let mut lists = Lists { offsets: vec![9], indices: vec![7; 3], values: vec![f64::NAN; 3] };
        lists.compress(dense.as_slice(), dense.nrows(), &counts);
        lists
    }

    #[test]
    fn transposed_lists_are_the_lists_of_the_transpose() {
        let dense = example(13, 70);
        let mut transposed = Lists { offsets: vec![3], indices: vec![1], values: vec![f64::NAN] };
        transposed.transpose(lists_of(&dense).as_ref(), 13);
        let expected = lists_of(&dense.transpose());
        assert_eq!(transposed.offsets, expected.offsets);
        assert_eq!(transposed.indices, expected.indices);
        assert_eq!(transposed.values, expected.values);
    }

    #[test]
    fn gather_is_the_dense_product() {
        for width in [1, 31, 32, 33, 100] {
            let table = example(width, 13);
            let matrix = example(13, 150);
            let start = DMatrix::from_element(width, 150, 0.25);
            let mut out = start.clone();
            gather(out.as_mut_slice(), width, table.as_slice(), lists_of(&matrix).as_ref(), true);
            approx::assert_relative_eq!(out, &start + &table * &matrix, max_relative = 1e-13);
            gather(out.as_mut_slice(), width, table.as_slice(), lists_of(&matrix).as_ref(), false);
            approx::assert_relative_eq!(out, &table * &matrix, max_relative = 1e-13);
        }
    }
}
