//! Comparisons over seeds and over n_s at the same (p, r).

use std::fmt::Write;

use toy_superposition::sweep::figures::Quantity;
use toy_superposition::sweep::{Model, Record};

use crate::compare::{KINDS, number, percent, quantiles, trained};
use crate::report::Section;

/// Records that differ only in their seeds.
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

/// Returns whether two models of different n_s are at the same point, given that n_d is a whole
/// number.
fn same_point(a: &Record, b: &Record) -> bool {
    let step = 1.0 / a.features.min(b.features) as f64;
    a.probability == b.probability && (a.ratio - b.ratio).abs() < step
}

/// Returns the section on how much seeds differ, and how the loss depends on n_s at the points
/// where several n_s were run, or `None` if there are no such points.
pub(crate) fn seeds(records: &[Record]) -> Option<Section> {
    let (mut rows, mut moved) = (String::new(), Vec::<String>::new());
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
        rows.extend(shown.iter().map(|group| row(name, group)));
        let points = shown.chunk_by(|a, b| same_point(a[0], b[0])).filter(|sizes| sizes.len() > 1);
        let ends: Vec<[f64; 2]> =
            points.map(|sizes| [sizes[0], sizes[sizes.len() - 1]].map(|group| distance(group))).collect();
        // At r = 1 the theory's loss is 0, and no distance to it is relative.
        let ends: Vec<_> = ends.into_iter().filter(|ends| ends.iter().all(|end| end.is_finite())).collect();
        let mean = |end: usize| ends.iter().map(|ends| ends[end].abs()).sum::<f64>() / ends.len() as f64;
        if !ends.is_empty() {
            moved.push(format!(
                "from {:.1} % to {:.1} % for {name} models",
                100.0 * mean(0),
                100.0 * mean(1)
            ));
        }
    }
    (!rows.is_empty()).then(|| Section {
        title: "Seeds and sizes",
        paper: "As n_s grows, trained models, rugs and theory come to have the same loss (§3.3).",
        finding: match moved.as_slice() {
            [] => "Only one n_s was run at the points with several seeds.".to_owned(),
            moved => format!(
                "From the least n_s of a point to the largest, the distance to the theory goes, in the mean over the \
                 points, {}.",
                moved.join(", ")
            ),
        },
        figures: &["finite_size"],
        numbers: format!(
            "Losses are divided by p, and exact where every row was seen: mean ± standard error over the seeds, and \
             their standard deviation. *Dropped*, *Λ* (of the worst row) and *steps* are means over the seeds.\n\n\
             | kind | p | r | n_s | seeds | loss / p | deviation | theory | (loss − theory)/theory | dropped | Λ | steps |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n{rows}"
        ),
    })
}

/// Returns the mean loss relative to the theory.
fn distance(group: &Group<'_>) -> f64 {
    group.iter().map(|record| record.relative_to_theory().0).sum::<f64>() / group.len() as f64
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

/// Returns the section on whether symmetry emerges as n_s grows (Figs. 4 to 7), by comparing means
/// over seeds at one n_s and at twice that n_s, or `None` if no models were trained.
pub(crate) fn symmetry(records: &[Record]) -> Option<Section> {
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
    let &largest = sizes.last()?;
    let here = trained(records).filter(|record| record.features == largest);
    let lyapunov = quantiles(here.clone().filter_map(|record| record.lyapunov));
    let [least, median, most] = lyapunov.unwrap_or([f64::NAN; 3]).map(|value| number(value, 3));
    let finding = format!(
        "At the largest n_s, {largest}, Λ of a model's worst row is {least} to {most}, with a median of {median}, and {} \
         of {} models dropped features. Where features are dropped or pair off, the symmetry is broken.",
        here.clone().filter(|record| record.dropped > Some(0)).count(),
        here.count(),
    );
    let numbers = if rows.is_empty() {
        String::new()
    } else {
        format!(
            "At points that both n_s have: how often the quantity is smaller at twice the n_s, and by what factor it \
             changes.\n\n\
             | n_s | quantity | fell in | median factor | range |\n|---|---|---|---|---|\n{rows}"
        )
    };
    Some(Section {
        title: "Symmetry as n_s grows",
        paper: "As n_s grows, the diagonal of W, the bias and the variance of the interference become the same for all \
                features, and the interference becomes Gaussian, so that its Lyapunov ratio Λ goes to 0 (§3.2, Figs. 3 \
                to 7).",
        finding,
        figures: &["figure3", "figure4", "figure5", "figure6", "figure7", "map_dropped"],
        numbers,
    })
}
