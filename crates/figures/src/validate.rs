//! Checks of a figure's numbers before it is drawn.

use crate::{Error, Result};

/// Requires a list that is not empty.
pub(crate) fn filled<T>(what: &'static str, list: &[T]) -> Result<()> {
    if list.is_empty() { Err(Error::Empty { what }) } else { Ok(()) }
}

/// Requires exactly `expected` values.
pub(crate) fn length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}

/// Requires finite values.
pub(crate) fn finite(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<()> {
    first(values, |v| !v.is_finite(), |index, given| Error::NotFinite { what, index, given })
}

/// Requires finite values above zero.
pub(crate) fn positive(what: &'static str, values: impl IntoIterator<Item = f64> + Clone) -> Result<()> {
    finite(what, values.clone())?;
    first(values, |v| v <= 0.0, |index, given| Error::NotPositive { what, index, given })
}

/// Requires finite values that are not negative.
pub(crate) fn not_negative(what: &'static str, values: impl IntoIterator<Item = f64> + Clone) -> Result<()> {
    finite(what, values.clone())?;
    first(values, |v| v < 0.0, |index, given| Error::Negative { what, index, given })
}

/// Requires a list that is not empty and whose values are finite and strictly increasing.
pub(crate) fn increasing(what: &'static str, values: &[f64]) -> Result<()> {
    filled(what, values)?;
    finite(what, values.iter().copied())?;
    match values.windows(2).position(|pair| pair[1] <= pair[0]) {
        Some(k) => Err(Error::Order { what, index: k + 1, given: values[k + 1] }),
        None => Ok(()),
    }
}

fn first(
    values: impl IntoIterator<Item = f64>,
    wrong: impl Fn(f64) -> bool,
    error: impl Fn(usize, f64) -> Error,
) -> Result<()> {
    match values.into_iter().enumerate().find(|&(_, v)| wrong(v)) {
        Some((index, given)) => Err(error(index, given)),
        None => Ok(()),
    }
}
