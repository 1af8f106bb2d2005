//! Comparison of losses with the theory over many records.

use toy_superposition::sweep::{Model, Record};

pub(crate) const KINDS: [(Model, &str); 3] =
    [(Model::Trained, "trained"), (Model::Rug, "Persian rug"), (Model::MeanField, "mean-field")];

/// Relative differences up to this size count as none.
pub(crate) const TOLERANCE: f64 = 0.01;
/// Number of standard errors from which a difference counts.
pub(crate) const SIGNIFICANT: f64 = 3.0;

pub(crate) fn trained(records: &[Record]) -> impl Iterator<Item = &Record> + Clone {
    records.iter().filter(|record| record.kind == Model::Trained)
}

/// Returns the record of another kind at the same point.
pub(crate) fn beside<'a>(records: &'a [Record], record: &Record, kind: Model) -> Option<&'a Record> {
    let here = |other: &&Record| {
        other.kind == kind
            && (other.features, other.hidden, other.seed) == (record.features, record.hidden, record.seed)
            && other.probability == record.probability
    };
    records.iter().find(here)
}

/// Position of a loss relative to the theory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Below,
    Within,
    Above,
}

/// Returns whether the loss is below the theory, above it, or within the larger of the tolerance
/// and three standard errors; `None` for a law without a theory.
pub(crate) fn side(record: &Record) -> Option<Side> {
    // Absolute differences, since the theory's loss is 0 at r = 1.
    let (loss, error) = record.best_loss();
    let theory = record.theory_loss?;
    Some(match loss - theory {
        difference if difference.abs() <= (TOLERANCE * theory).max(SIGNIFICANT * error) => Side::Within,
        difference if difference < 0.0 => Side::Below,
        _ => Side::Above,
    })
}

/// Returns a summary of the records of one kind, called `what`, or `None` if there are none.
pub(crate) fn compare(records: &[&Record], (kind, what): (Model, &str)) -> Option<String> {
    let records: Vec<&Record> = records.iter().copied().filter(|record| record.kind == kind).collect();
    let count = |wanted| records.iter().filter(|record| side(record) == Some(wanted)).count();
    let (below, within, above) = (count(Side::Below), count(Side::Within), count(Side::Above));
    // All differences are infinite where the theory's loss is 0.
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

/// Returns the least value, the median and the greatest value.
pub(crate) fn quantiles(values: impl Iterator<Item = f64>) -> Option<[f64; 3]> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let median = 0.5 * (values[last / 2] + values[last.div_ceil(2)]);
    Some([values[0], median, values[last]])
}

/// Returns a number with this many decimals, with an exponent if it is large or would be rounded to
/// 0, or a dash if it is not a number.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let digits = format!("{value:.decimals$}");
    match value {
        _ if !value.is_finite() => "–".to_owned(),
        _ if value.abs() >= 1e6 || (value != 0.0 && digits.parse() == Ok(0.0)) => format!("{value:.3e}"),
        _ => digits,
    }
}

/// Returns a relative difference in per cent.
pub(crate) fn percent(relative: f64) -> String {
    if relative.is_finite() { format!("{:+.1} %", 100.0 * relative) } else { number(relative, 1) }
}
