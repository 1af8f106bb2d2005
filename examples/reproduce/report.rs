//! `report.md`: the findings of this run on each of the paper's claims, the headline first.

use std::error::Error;
use std::fmt::Write;

use toy_superposition::recovery::{SparsePrior, threshold};
use toy_superposition::sweep::{Counts, Model, Record, Superposition, Sweep};

use crate::compare::{beside, number, percent, trained};
use crate::figures::Figures;
use crate::{best, groups, laws, losses, predictions, time};

/// Greatest number of rows of a table; the others are in records.csv.
const MOST_ROWS: usize = 150;

/// A claim and its findings.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// The paper's claim.
    pub(crate) paper: &'static str,
    /// The finding of this run.
    pub(crate) finding: String,
    /// Prefixes of the names of the section's figures.
    pub(crate) figures: &'static [&'static str],
    pub(crate) numbers: String,
}

impl Section {
    fn write(&self, text: &mut String, figures: &mut Figures) {
        let Self { title, paper, finding, numbers, .. } = self;
        let figures = figures.take(self.figures);
        let _ = write!(text, "\n## {title}\n\n**The paper.** {paper}\n\n**This run.** {finding}\n{figures}");
        if !numbers.is_empty() {
            let _ = write!(text, "\n{numbers}");
        }
    }
}

pub(crate) fn text(
    sweep: &Sweep<Superposition>,
    records: &[Record],
    counts: Counts,
    figures: &mut Figures,
) -> Result<String, Box<dyn Error>> {
    let (of_laws, records): (Vec<Record>, Vec<Record>) =
        records.iter().cloned().partition(|record| record.law.is_some());
    let records = records.as_slice();
    let points = best::points(records)?;
    let mut text = "# Results: the claims of *The Persian Rug*, measured\n".to_owned();
    if trained(records).next().is_some() {
        let _ = write!(text, "\n## In short\n\n");
        let nearest = best::nearest(&points);
        if let Some(headline) = nearest.and_then(best::Point::headline) {
            let _ = writeln!(text, "- {headline}");
        }
        let _ = writeln!(text, "- {}", losses::headline(records, &sweep.grid().experiment));
        if let Some(point) = nearest {
            let p = point.probability();
            let _ = writeln!(
                text,
                "- **What iteration buys.** Read back by many layers in place of one, a large rug loses nothing if n_d/n_s \
                 is above {} at p = {}. That is theory and was not measured in this run: see `docs/recovery.md`.",
                number(threshold(&SparsePrior::paper(p)?).ratio, 3),
                number(p, 4)
            );
        }
    }
    text.push_str(
        "\nThe paper is Cowsik, Dolev and Infanger (2024). A model squeezes n_s features, each of which is on with \
         probability p, into n_d dimensions; r = n_d/n_s. Losses are per feature. The *theory* is the least loss of \
         weights that treat all features alike, if interference is Gaussian and as small as it can be (the Welch bound). A \
         *Persian rug* is made from a random set S of rows of a Hadamard matrix, with the gain and bias of the theory. \
         *Mean-field* models descend the loss for Gaussian interference over all weights.\n",
    );
    let sections = [
        best::section(&points),
        losses::section(records),
        groups::seeds(records),
        groups::symmetry(records),
        predictions::section(records),
        laws::section(&of_laws),
    ];
    sections.into_iter().flatten().for_each(|section| section.write(&mut text, figures));
    run(&mut text, sweep, counts);
    figures.rest(&mut text);
    if !records.is_empty() {
        table(&mut text, records);
    }
    Ok(text)
}

/// Appends what was run, and how long it took.
fn run(text: &mut String, sweep: &Sweep<Superposition>, counts: Counts) {
    let settings = &sweep.grid().experiment;
    let cut = settings.max_epochs.map(|most| format!(" for at most {most} epochs"));
    let cut = cut.or(settings.steps.map(|steps| format!(" for {steps} steps"))).unwrap_or_default();
    let _ = write!(
        text,
        "\n## What was run\n\n\
         Of {} cells {} are finished, {} failed and {} are left. Models are trained by the recipe `{}`{cut}. All models \
         are measured on {} fresh samples. The exact loss is evaluated from all rows of models of up to {} features, and \
         from that many rows of larger ones. `records.csv` holds every number.\n",
        sweep.cells().len(),
        counts.finished,
        counts.failed,
        counts.left,
        settings.recipe,
        settings.samples,
        settings.exact_rows,
    );
    time::section(text, sweep);
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
