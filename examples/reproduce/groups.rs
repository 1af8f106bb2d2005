//! The same (p, r) over seeds, and over n_s.

use std::fmt::Write;

use toy_superposition::sweep::figures::Quantity;
use toy_superposition::sweep::{Model, Record};

use crate::compare::{number, percent, quantiles};
use crate::report::{KINDS, trained};

/// Records that differ by their seeds alone.
type Group<'a> = Vec<&'a Record>;

fn groups(records: &[Record], kind: Model) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for record in records.iter().filter(|record| record.kind == kind) {
        let same = |group: &&mut Group<'_>| {
            (group[0].features, group[0].hidden) == (record.features, record.hidden)
                && group[0].probability == record.probability
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups
}

/// Whether two models of different n_s are at the same point: n_d is a whole number.
fn same_point(a: &Record, b: &Record) -> bool {
    let step = 1.0 / a.features.min(b.features) as f64;
    a.probability == b.probability && (a.ratio - b.ratio).abs() < step
}

/// How much seeds differ, and how n_s matters at the points where several were run.
pub(crate) fn seeds(text: &mut String, records: &[Record]) {
    let mut rows: Vec<String> = Vec::new();
    for (kind, name) in KINDS {
        let all = groups(records, kind);
        let repeated = |group: &&Group<'_>| {
            group.len() > 1 || all.iter().any(|other| other.len() > 1 && same_point(other[0], group[0]))
        };
        let mut shown: Vec<&Group<'_>> = all.iter().filter(repeated).collect();
        shown.sort_by(|a, b| {
            let by_p = a[0].probability.total_cmp(&b[0].probability);
            by_p.then((a[0].ratio * 50.0).round().total_cmp(&(b[0].ratio * 50.0).round()))
                .then(a[0].features.cmp(&b[0].features))
        });
        rows.extend(shown.into_iter().map(|group| row(name, group)));
    }
    if !rows.is_empty() {
        text.push_str(
            "\n## Seeds and sizes\n\nLosses (exact, where every row was seen) divided by p; mean ± standard error over \
             seeds, and their standard deviation; the mean fraction of dropped features, of the largest Λ, of the \
             steps.\n\n\
             | kind | p | r | n_s | seeds | loss / p | deviation | theory | (loss − theory)/theory | dropped | Λ | steps |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        text.extend(rows);
    }
}

fn row(name: &str, group: &Group<'_>) -> String {
    let (first, count) = (group[0], group.len() as f64);
    let mean = |of: &dyn Fn(&Record) -> f64| group.iter().map(|record| of(record)).sum::<f64>() / count;
    let loss = |record: &Record| record.best_loss().0 / record.probability;
    let average = mean(&loss);
    let squares = mean(&|record| (loss(record) - average).powi(2));
    let (losses, deviation) = if group.len() > 1 {
        let deviation = (squares * count / (count - 1.0)).sqrt();
        let error = number(deviation / count.sqrt(), 5);
        (format!("{} ± {error}", number(average, 5)), number(deviation, 5))
    } else {
        (number(average, 5), String::new())
    };
    let theory = first.theory_loss.unwrap_or(f64::NAN) / first.probability;
    format!(
        "| {name} | {} | {:.4} | {} | {} | {losses} | {deviation} | {} | {} | {:.1} % | {} | {:.0} |\n",
        number(first.probability, 4),
        first.ratio,
        first.features,
        group.len(),
        number(theory, 5),
        percent(average / theory - 1.0),
        100.0 * mean(&|record| record.dropped.unwrap_or(0) as f64 / record.features as f64),
        number(mean(&|record| record.lyapunov.unwrap_or(f64::NAN)), 3),
        mean(&|record| record.steps.unwrap_or(0) as f64),
    )
}

/// Whether symmetry emerges as n_s grows (Figs. 4 to 7): trained models of one n_s against those of
/// twice as many features at the same point, means over seeds.
pub(crate) fn symmetry(text: &mut String, records: &[Record]) {
    let all = groups(records, Model::Trained);
    let mut sizes: Vec<usize> = trained(records).map(|record| record.features).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut rows = String::new();
    for &size in &sizes {
        for (quantity, name) in [
            (Quantity::DiagonalVariance, "variance of W_ii"),
            (Quantity::BiasVariance, "variance of b_i"),
            (Quantity::DeltaVariance, "variance of Var ν_i"),
            (Quantity::Lyapunov, "Λ"),
            (Quantity::Dropped, "fraction dropped"),
        ] {
            let value = |group: &Group<'_>| {
                let values: Vec<f64> = group.iter().filter_map(|record| quantity.of(record)).collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            let of_size = |wanted: usize| all.iter().filter(move |group| group[0].features == wanted);
            let ratios = of_size(size).filter_map(|small| {
                let large = of_size(2 * size).find(|large| same_point(small[0], large[0]))?;
                let (small, large) = (value(small)?, value(large)?);
                (small > 0.0).then(|| large / small)
            });
            let ratios: Vec<f64> = ratios.collect();
            if let Some([least, median, most]) = quantiles(ratios.iter().copied()) {
                let fell = ratios.iter().filter(|&&ratio| ratio < 1.0).count();
                let _ = writeln!(
                    rows,
                    "| {size} → {} | {name} | {fell} of {} | {} | {} … {} |",
                    2 * size,
                    ratios.len(),
                    number(median, 2),
                    number(least, 3),
                    number(most, 1),
                );
            }
        }
    }
    if !rows.is_empty() {
        let _ = write!(
            text,
            "\n## Symmetry as n_s grows\n\nAt points that both n_s have: how often the quantity is smaller at twice the \
             n_s, and by what factor it changes.\n\n\
             | n_s | quantity | fell in | median factor | range |\n|---|---|---|---|---|\n{rows}"
        );
    }
}
