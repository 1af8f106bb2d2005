//! How losses compare with the theory, over many records.

use toy_superposition::sweep::{Model, Record};

pub(crate) const KINDS: [(Model, &str); 3] =
    [(Model::Trained, "trained"), (Model::Rug, "Persian rug"), (Model::MeanField, "mean-field")];

/// Relative differences up to this count as none.
pub(crate) const TOLERANCE: f64 = 0.01;
/// Standard errors from which a difference counts.
pub(crate) const SIGNIFICANT: f64 = 3.0;

pub(crate) fn trained(records: &[Record]) -> impl Iterator<Item = &Record> + Clone {
    records.iter().filter(|record| record.kind == Model::Trained)
}

/// The record of another kind at the same point.
pub(crate) fn beside<'a>(records: &'a [Record], record: &Record, kind: Model) -> Option<&'a Record> {
    let here = |other: &&Record| {
        other.kind == kind
            && (other.features, other.hidden, other.seed) == (record.features, record.hidden, record.seed)
            && other.probability == record.probability
    };
    records.iter().find(here)
}

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

/// What the records of one kind, called `what`, say; `None` if there are none.
pub(crate) fn compare(records: &[&Record], (kind, what): (Model, &str)) -> Option<String> {
    let records: Vec<&Record> = records.iter().copied().filter(|record| record.kind == kind).collect();
    let count = |wanted| records.iter().filter(|record| side(record) == wanted).count();
    let (below, within, above) = (count(Side::Below), count(Side::Within), count(Side::Above));
    // All differences are infinite where the theory has no loss.
    let difference = quantiles(records.iter().map(|record| record.relative_to_theory().0));
    let difference = difference.map(|values| values.map(percent)).map(|[least, median, largest]| {
        format!("; relative difference {least} … {largest}, median {median}")
    });
    (!records.is_empty()).then(|| {
        format!(
            "{what}: {below} of {} below the theory, {within} at it, {above} above{}.",
            records.len(),
            difference.unwrap_or_default()
        )
    })
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
