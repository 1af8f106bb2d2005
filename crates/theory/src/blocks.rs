//! The product of matrices, with this crate's error.

use toy_superposition_model::Scalar;

use crate::error::{Error, Result};

/// [`toy_superposition_model::multiply`], with this crate's error.
pub(crate) fn multiply<T: Scalar>(out: &mut [T], left: &[T], right: &[T], inner: usize) -> Result<()> {
    let (given, expected) = (out.len(), left.len() / inner.max(1) * (right.len() / inner.max(1)));
    toy_superposition_model::multiply(out, left, right, inner).map_err(|_| Error::Size {
        what: "product",
        given,
        expected,
    })
}
