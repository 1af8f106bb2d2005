//! Products of matrices, with the error of this crate.

use toy_superposition_model::Scalar;

use crate::error::{Error, Result};

/// [`toy_superposition_model::multiply`] with the error of this crate: [`Error::Size`] where the
/// lengths do not fit.
pub(crate) fn multiply<T: Scalar>(out: &mut [T], left: &[T], right: &[T], inner: usize) -> Result<()> {
    let (given, expected) = (out.len(), left.len() / inner.max(1) * (right.len() / inner.max(1)));
    toy_superposition_model::multiply(out, left, right, inner).map_err(|_| Error::Size {
        what: "product",
        given,
        expected,
    })
}
