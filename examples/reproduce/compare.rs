//! How losses compare with the theory, and predictions with measurements, over many cells.

use toy_superposition::sweep::{Model, Record};

/// Relative differences up to this count as none.
pub(crate) const TOLERANCE: f64 = 0.01;
/// Standard errors from which a difference counts.
pub(crate) const SIGNIFICANT: f64 = 3.0;

/// Where a loss lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Below,
    Within,
    Above,
}

/// Below the theory, above it, or within the tolerance or three standard errors, whichever is more.
pub(crate) fn side(record: &Record) -> Side {
    let (relative, error) = record.relative_to_theory();
    match relative {
        _ if relative.abs() <= TOLERANCE.max(SIGNIFICANT * error) => Side::Within,
        _ if relative < 0.0 => Side::Below,
        _ => Side::Above,
    }
}

/// What the cells of one kind and n_s say.
pub(crate) struct Comparison {
    cells: usize,
    below: usize,
    within: usize,
    above: usize,
    /// Least, median, largest relative difference; none if all are infinite, where the theory has
    /// no loss.
    quantiles: Option<[f64; 3]>,
}

/// Of the records of one kind; `None` if there are none.
pub(crate) fn compare(records: &[&Record], kind: Model) -> Option<Comparison> {
    let records: Vec<&Record> = records.iter().copied().filter(|record| record.kind == kind).collect();
    if records.is_empty() {
        return None;
    }
    let count = |wanted| records.iter().filter(|record| side(record) == wanted).count();
    let quantiles = quantiles(records.iter().map(|record| record.relative_to_theory().0));
    let (below, within, above) = (count(Side::Below), count(Side::Within), count(Side::Above));
    Some(Comparison { cells: records.len(), below, within, above, quantiles })
}

impl Comparison {
    pub(crate) fn sentence(&self, what: &str) -> String {
        let Self { cells, below, within, above, quantiles } = self;
        let counts = format!("{what}: {below} of {cells} below the theory, {within} at it, {above} above");
        match *quantiles {
            Some([least, median, largest]) => format!(
                "{counts}; relative difference {} … {}, median {}.",
                percent(least),
                percent(largest),
                percent(median)
            ),
            None => format!("{counts}."),
        }
    }
}

/// Least, median and largest.
pub(crate) fn quantiles(values: impl Iterator<Item = f64>) -> Option<[f64; 3]> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let median = *values.get(values.len() / 2)?;
    Some([values[0], median, values[values.len() - 1]])
}

/// A number with this many decimals, or with an exponent where it is large or would come out as 0;
/// a dash for none.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let digits = format!("{value:.decimals$}");
    match value {
        _ if !value.is_finite() => "–".to_owned(),
        _ if value.abs() >= 1e6 || (value != 0.0 && digits.parse() == Ok(0.0)) => format!("{value:.3e}"),
        _ => digits,
    }
}

/// A relative difference in per cent.
pub(crate) fn percent(relative: f64) -> String {
    if relative.is_finite() { format!("{:+.1} %", 100.0 * relative) } else { number(relative, 1) }
}
