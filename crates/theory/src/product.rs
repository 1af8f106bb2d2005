//! Dense products, `C = A B`, in blocks of columns that threads share; all matrices lie without gaps.
//!
//! A block is a fixed number of columns, each summed in one order: the bits do not depend on the threads.

use nalgebra::{DMatrixView, DMatrixViewMut};
#[cfg(feature = "parallel")]
use rayon::prelude::*;
use toy_superposition_model::Scalar;

/// Columns that one thread works on at a time.
const BLOCK: usize = 64;

/// Runs `work(first, chunk)` on each chunk of `BLOCK` columns of `height` entries; `first` counts columns.
pub(crate) fn for_each_block<T: Send>(
    values: &mut [T],
    height: usize,
    work: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    #[cfg(feature = "parallel")]
    let chunks = values.par_chunks_mut(height * BLOCK);
    #[cfg(not(feature = "parallel"))]
    let chunks = values.chunks_mut(height * BLOCK);
    chunks.enumerate().for_each(|(block, chunk)| work(block * BLOCK, chunk));
}

/// `out = left · right`, `out` column-major.
pub(crate) fn multiply<T: Scalar>(out: &mut [T], left: DMatrixView<'_, T>, right: DMatrixView<'_, T>) {
    for_each_block(out, left.nrows(), |first, chunk| {
        let count = chunk.len() / left.nrows();
        DMatrixViewMut::from_slice(chunk, left.nrows(), count).gemm(
            T::one(),
            &left,
            &right.columns(first, count),
            T::zero(),
        );
    });
}
