//! The dense product of the training step, for use outside this crate.

use faer::MatRef;

use crate::error::check_shape;
use crate::{Result, Scalar, step};

/// Overwrites `out` (m × n) with the product of `left` (m × k) and `right` (k × n), where k is
/// `inner`. The matrices are column-major.
///
/// Threads share the work by blocks of columns. Each column is summed in a fixed order, so the bits
/// do not depend on the number of threads.
///
/// # Errors
/// [`Error::Mismatch`](crate::Error::Mismatch) unless `left`, `right` and `out` have m k, k n and m
/// n entries.
pub fn multiply<T: Scalar>(out: &mut [T], left: &[T], right: &[T], inner: usize) -> Result<()> {
    let of = |length: usize| length.checked_div(inner).unwrap_or(0);
    let (m, n) = (of(left.len()), of(right.len()));
    check_shape("left factor", (left.len(), 1), (m * inner, 1))?;
    check_shape("right factor", (right.len(), 1), (inner * n, 1))?;
    check_shape("product", (out.len(), 1), (m * n, 1))?;
    if !out.is_empty() {
        let left = MatRef::from_column_major_slice(left, m, inner);
        step::multiply_columns(out, left, MatRef::from_column_major_slice(right, inner, n));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::multiply;
    use crate::Error;

    #[test]
    fn the_product_is_that_of_nalgebra() {
        for (m, k, n) in [(1, 1, 1), (3, 70, 200), (130, 5, 64), (2, 3, 0)] {
            let entry = |i: usize, j: usize| (i * 31 + j * 17) as f64 % 13.0 - 5.0;
            let (left, right) =
                (DMatrix::from_fn(m, k, entry), DMatrix::from_fn(k, n, |i, j| entry(j, i + 1)));
            let mut out = vec![7.0; m * n];
            multiply(&mut out, left.as_slice(), right.as_slice(), k).unwrap();
            assert_eq!(out, (&left * &right).as_slice());
        }
        let refused = |out: usize, left: usize, right: usize, inner: usize| {
            multiply(&mut vec![0.0; out], &vec![0.0; left], &vec![0.0; right], inner)
        };
        assert!(matches!(refused(4, 5, 4, 2), Err(Error::Mismatch { what: "left factor", .. })));
        assert!(matches!(refused(4, 4, 3, 2), Err(Error::Mismatch { what: "right factor", .. })));
        assert!(matches!(refused(3, 4, 4, 2), Err(Error::Mismatch { what: "product", .. })));
        assert!(matches!(refused(0, 4, 0, 0), Err(Error::Mismatch { what: "left factor", .. })));
    }
}
