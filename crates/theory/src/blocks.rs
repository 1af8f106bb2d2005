//! Work on a matrix in blocks of columns that threads share.
//!
//! A block is a fixed number of columns, each summed in one order: the bits do not depend on the threads.

#[cfg(feature = "parallel")]
use rayon::prelude::*;
use toy_superposition_model::Scalar;

use crate::error::{Error, Result};

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

/// [`toy_superposition_model::multiply`], with this crate's error.
pub(crate) fn multiply<T: Scalar>(out: &mut [T], left: &[T], right: &[T], inner: usize) -> Result<()> {
    let (given, expected) = (out.len(), left.len() / inner.max(1) * (right.len() / inner.max(1)));
    toy_superposition_model::multiply(out, left, right, inner).map_err(|_| Error::Size {
        what: "product",
        given,
        expected,
    })
}
