//! `report.md`: every number with its error, and in words where the paper's claim holds and where
//! it does not.

use std::fmt::Write;
use std::path::Path;

use toy_superposition::sweep::{Counts, Model, Record, Superposition, Sweep};

use crate::compare::{SIGNIFICANT, Side, TOLERANCE, compare, number, percent, quantiles, side};
use crate::{Figures, best, groups, laws, time};

/// More rows are left to records.csv.
const MOST_ROWS: usize = 150;

pub(crate) const KINDS: [(Model, &str); 3] =
    [(Model::Trained, "trained"), (Model::Rug, "Persian rug"), (Model::MeanField, "mean-field")];

/// The sentences that matter most, by n_s.
pub(crate) fn summary(records: &[Record]) -> String {
    let mut text = String::new();
    let records: Vec<Record> = records.iter().filter(|record| record.law.is_none()).cloned().collect();
    for (features, sentences) in sentences(&records) {
        let _ = writeln!(text, "n_s = {features}");
        text.extend(sentences.iter().map(|sentence| format!("  {sentence}\n")));
    }
    text
}

fn sentences(records: &[Record]) -> Vec<(usize, Vec<String>)> {
    let mut sizes: Vec<usize> = records.iter().map(|record| record.features).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let of_size = |features| {
        let records: Vec<&Record> = records.iter().filter(|record| record.features == features).collect();
        let sentence = |(kind, name): &(_, &str)| Some(compare(&records, *kind)?.sentence(name));
        (features, KINDS.iter().filter_map(sentence).collect())
    };
    sizes.into_iter().map(of_size).collect()
}

pub(crate) fn text(
    sweep: &Sweep<Superposition>,
    records: &[Record],
    counts: Counts,
    figures: &Figures,
) -> Result<String, toy_superposition::designs::Error> {
    let settings = &sweep.grid().experiment;
    let mut text = format!(
        "# Trained models, Persian rugs, linear models and theory\n\n\
         {} cells: {} finished, {} failed, {} left. Models are trained by the recipe `{}` and measured on {} fresh \
         samples, as are the rugs (random S, and a and b from the theory); the exact loss is evaluated for all rows of \
         models of up to {} features. The theory is the symmetric optimum for Gaussian interference at the Welch bound. \
         A loss is *at* the theory if it differs by at most {} % or {SIGNIFICANT} standard errors. Losses are per \
         feature.\n",
        sweep.cells().len(),
        counts.finished,
        counts.failed,
        counts.left,
        format!("{:?}", settings.recipe).to_lowercase(),
        settings.samples,
        settings.exact_rows,
        100.0 * TOLERANCE,
    );
    let (of_laws, records): (Vec<Record>, Vec<Record>) =
        records.iter().cloned().partition(|record| record.law.is_some());
    let records = records.as_slice();
    if !records.is_empty() {
        text.push_str("\n## In short\n\n");
        for (features, sentences) in sentences(records) {
            text.extend(sentences.iter().map(|sentence| format!("- n_s = {features}, {sentence}\n")));
        }
        text.push_str("\n## What trained models do\n\n");
        verdict(&mut text, records);
        predictions(&mut text, records);
        groups::seeds(&mut text, records);
        groups::symmetry(&mut text, records);
    }
    if trained(records).next().is_some() {
        best::section(&mut text, records)?;
    }
    laws::section(&mut text, &of_laws);
    time::section(&mut text, sweep);
    text.push_str("\n## Figures\n");
    for (caption, path) in &figures.drawn {
        let name = path.file_name().map(Path::new).unwrap_or(path).display();
        let _ = write!(text, "\n![{caption}]({name})\n\n*{caption}*\n");
    }
    for (name, reason) in &figures.failed {
        let _ = write!(text, "\n`{name}` could not be drawn: {reason}.\n");
    }
    if !figures.absent.is_empty() {
        let _ = write!(
            text,
            "\nNot drawn, for want of records with values that their scales can show: {}.\n",
            figures.absent.join(", ")
        );
    }
    if !records.is_empty() {
        table(&mut text, records);
    }
    Ok(text)
}

pub(crate) fn trained(records: &[Record]) -> impl Iterator<Item = &Record> + Clone {
    records.iter().filter(|record| record.kind == Model::Trained)
}

/// The record of another kind at the same point.
fn beside<'a>(records: &'a [Record], record: &Record, kind: Model) -> Option<&'a Record> {
    let here = |other: &&Record| {
        other.kind == kind
            && (other.features, other.hidden, other.seed) == (record.features, record.hidden, record.seed)
            && other.probability == record.probability
    };
    records.iter().find(here)
}

/// What the numbers say of the paper's claim that trained models, rugs and theory agree.
fn verdict(text: &mut String, records: &[Record]) {
    let all = trained(records).count();
    let on = |wanted| trained(records).filter(move |record| side(record) == wanted);
    let differs = |difference: f64, error: f64| difference > SIGNIFICANT * error && difference > 0.0;
    // Were these rows' interference Gaussian, they would do worse than they do.
    let heavy_tailed = on(Side::Below).filter(|record| {
        let (loss, error) = record.best_loss();
        record.gaussian_loss.is_some_and(|gaussian| differs(gaussian - loss, error))
    });
    let dropping = on(Side::Above).filter(|record| record.dropped > Some(0));
    let better_dropped = on(Side::Below).filter(|record| record.envelope_dropped > Some(0.0));
    let pairs = trained(records).filter_map(|record| Some((record, beside(records, record, Model::Rug)?)));
    let beaten = pairs.clone().filter(|(record, rug)| {
        let ((loss, error), (rug, rug_error)) = (record.best_loss(), rug.best_loss());
        differs(rug - loss, error.hypot(rug_error))
    });
    let nonlinear = trained(records).filter(|record| {
        let (loss, error) = record.best_loss();
        differs(record.linear_loss - loss, error)
    });
    let _ = write!(
        text,
        "- {} of {all} models are at the theory.\n\
         - {} are **below** it. In {} of these, Gaussian interference with the mean and variance of the model's own rows \
         would give a higher loss than theirs: their gain comes from interference that is not Gaussian, which the theory \
         does not cover. In {} the theory itself says that dropping features is better than the symmetric optimum.\n\
         - {} are **above** it; {} of these have dropped features (`dropped` in records.csv).\n\
         - {} of {} models beat the rug beside them, {} of {all} beat the optimal linear model.\n",
        on(Side::Within).count(),
        on(Side::Below).count(),
        heavy_tailed.count(),
        better_dropped.count(),
        on(Side::Above).count(),
        dropping.count(),
        beaten.count(),
        pairs.count(),
        nonlinear.count(),
    );
}

/// How well losses are predicted from the weights.
fn predictions(text: &mut String, records: &[Record]) {
    let scores = trained(records).filter(|record| record.exact_standard_error == Some(0.0));
    let scores = scores.filter_map(|r| Some((r.loss - r.exact_loss?) / r.standard_error));
    // Where no sample has a feature that is on, there is no standard error.
    let scores = scores.filter(|score| score.is_finite());
    if let Some([least, _, largest]) = quantiles(scores.clone()) {
        let squares: f64 = scores.clone().map(|score| score * score).sum();
        let _ = writeln!(
            text,
            "- Measured minus exact loss, in standard errors: {least:+.1} … {largest:+.1}, root mean square {:.2} over {} \
             models (models of one seed and n_s share their samples).",
            (squares / scores.clone().count() as f64).sqrt(),
            scores.count()
        );
    }
    for (name, of) in [
        ("Gaussian", (|r: &Record| r.gaussian_loss) as fn(&Record) -> Option<f64>),
        ("Edgeworth", |r: &Record| r.edgeworth_loss),
    ] {
        let relative = trained(records).filter_map(|r| Some((of(r)? / r.best_loss().0 - 1.0).abs()));
        if let Some([_, median, largest]) = quantiles(relative) {
            let _ = writeln!(
                text,
                "- The {name} prediction from a model's own weights is off by {} % in the median, at most {} %.",
                number(100.0 * median, 2),
                number(100.0 * largest, 1)
            );
        }
    }
}

fn table(text: &mut String, records: &[Record]) {
    let mut models: Vec<&Record> = trained(records).collect();
    if models.len() > MOST_ROWS {
        let _ = write!(text, "\n## Every model\n\n{} trained models: see records.csv.\n", models.len());
        return;
    }
    models.sort_by(|a, b| {
        let by_p = a.probability.total_cmp(&b.probability);
        a.features.cmp(&b.features).then(by_p).then(a.hidden.cmp(&b.hidden)).then(a.seed.cmp(&b.seed))
    });
    text.push_str(
        "\n## Every model\n\nMeasured losses divided by p, ± one standard error of the measurement.\n\n\
         | n_s | p | n_d | r | seed | steps | trained | rug | theory | linear | (trained − theory)/theory |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for record in models {
        let p = record.probability;
        let loss = |record: &Record| {
            format!("{} ± {}", number(record.loss / p, 5), number(record.standard_error / p, 5))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.4} | {} | {} | {} | {} | {} | {} | {} |",
            record.features,
            number(p, 4),
            record.hidden,
            record.ratio,
            record.seed,
            record.steps.unwrap_or_default(),
            loss(record),
            beside(records, record, Model::Rug).map(loss).unwrap_or_default(),
            record.theory_loss.map(|loss| number(loss / p, 5)).unwrap_or_default(),
            number(record.linear_loss / p, 5),
            percent(record.relative_to_theory().0),
        );
    }
}
