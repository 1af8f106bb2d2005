//! Means over rows that were drawn without replacement.
//!
//! The mean of `k` of `n` values has the standard error `√((1 − k/n) s²/k)`, where `s²` is the
//! variance of the `k` values with the divisor `k − 1`.

use crate::error::{Error, Result};

/// Returns the mean of values drawn without replacement from a population of the given size, and
/// its standard error. The error is 0 if all were drawn, and infinite if only one of several was.
pub(crate) fn mean_of_sample(values: &[f64], population: usize) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let standard_error = match values.len() {
        all if all == population => 0.0,
        1 => f64::INFINITY,
        _ => ((1.0 - count / population as f64) * squares / (count * (count - 1.0))).sqrt(),
    };
    (mean, standard_error)
}

/// Returns an error if a list of rows is empty, holds a row that does not exist, or holds a row
/// twice.
pub(crate) fn check_sample(rows: &[usize], features: usize) -> Result<()> {
    if rows.is_empty() {
        return Err(Error::Empty { what: "list of rows" });
    }
    let mut seen = vec![false; features];
    for &given in rows {
        match seen.get_mut(given) {
            None => return Err(Error::Row { given, features }),
            Some(true) => return Err(Error::Repeated { given }),
            Some(seen) => *seen = true,
        }
    }
    Ok(())
}
