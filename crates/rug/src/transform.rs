//! The fast Walsh–Hadamard transform in O(n log n), in place.
//!
//! ```math
//! y_i = \sum_{j=0}^{n-1} (-1)^{\mathrm{popcount}(i \wedge j)}\, x_j, \qquad n = 2^m
//! ```
//!
//! Unnormalised everywhere in this crate: twice the transform is `n` times the identity.
//! A slice is cut so that each part of the work stays in the fastest cache that holds it: the longest strides first,
//! across the slices that remain, then each of those by itself. The order of the sums never changes, so neither do the
//! bits, whatever the number of threads.

use nalgebra::DMatrix;
use pulp::Arch;

use crate::error::log2;
use crate::kernels::{Across, Block, Scalar, split};
use crate::{Error, Result};

/// Bytes of a slice that is transformed without being cut further.
const INNER: usize = 1 << 15;
/// Bytes of a slice that is worth more than one thread.
#[cfg(feature = "parallel")]
const PARALLEL: usize = 1 << 18;

/// `x ← H x` in place: Sylvester order, unnormalised (twice is `n` times the identity), O(n log n), on all threads.
///
/// The plain twin is [`transform_naive`](crate::transform_naive). NaN and infinities propagate.
///
/// # Errors
/// [`Error::NotPowerOfTwo`] unless the length is a power of two in `1..=2³¹`; `x` is then unchanged.
pub fn transform<T: Scalar>(x: &mut [T]) -> Result<()> {
    log2(x.len())?;
    let arch = Arch::new();
    #[cfg(feature = "parallel")]
    if size_of_val(x) >= PARALLEL && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        across_parallel(arch, split::<T, 8>(x));
        let part = x.len() / 8;
        x.par_chunks_exact_mut(part).for_each(|part| serial(arch, part));
        return Ok(());
    }
    serial(arch, x);
    Ok(())
}

/// The transform on the calling thread; the length is a power of two.
pub(crate) fn serial<T: Scalar>(arch: Arch, x: &mut [T]) {
    if size_of_val(x) <= INNER {
        return arch.dispatch(Block(x));
    }
    let radix = (size_of_val(x) / INNER).min(8);
    match radix {
        8 => arch.dispatch(Across::<T, 8>(split(x))),
        4 => arch.dispatch(Across::<T, 4>(split(x))),
        _ => arch.dispatch(Across::<T, 2>(split(x))),
    }
    let part = x.len() / radix;
    for part in x.chunks_exact_mut(part) {
        serial(arch, part);
    }
}

/// The transform across `rows`, which all have the same length, in pieces on all threads.
#[cfg(feature = "parallel")]
fn across_parallel<T: Scalar, const R: usize>(arch: Arch, rows: [&mut [T]; R]) {
    let length = rows[0].len();
    if size_of::<T>() * length <= INNER {
        return arch.dispatch(Across(rows));
    }
    let mut right: [&mut [T]; R] = std::array::from_fn(|_| Default::default());
    let mut r = 0;
    let left = rows.map(|row| {
        let (left, rest) = row.split_at_mut(length / 2);
        right[r] = rest;
        r += 1;
        left
    });
    rayon::join(|| across_parallel(arch, left), || across_parallel(arch, right));
}
