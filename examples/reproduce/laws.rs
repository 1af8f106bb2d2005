//! Features of another law than the paper's: their grid, and their section of the report.

use std::fmt::Write;

use toy_superposition::data::LawSpec;
use toy_superposition::sweep::{Block, Grid, Model, Record, Superposition, Values};

use crate::compare::{number, trained};
use crate::report::Section;

/// Reduces a grid to one block: trained and linear models for features of `law`, with all ratios
/// and seeds of the grid.
pub(crate) fn put(grid: &mut Grid<Superposition>, law: LawSpec) {
    let mut ratios: Vec<f64> = grid.blocks.iter().flat_map(|block| block.ratios.numbers()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.dedup();
    let mut seeds: Vec<u64> = grid.blocks.iter().flat_map(|block| block.seeds.clone()).collect();
    seeds.sort_unstable();
    seeds.dedup();
    grid.blocks = vec![Block {
        name: "one law".to_owned(),
        kinds: vec![Model::Trained, Model::Linear],
        features: Vec::new(),
        probabilities: Values::default(),
        laws: vec![law],
        ratios: Values::List(ratios),
        hidden: Vec::new(),
        seeds,
    }];
}

/// Returns a table of the models of each law, or `None` if there are none.
pub(crate) fn section(records: &[Record]) -> Option<Section> {
    let (mut numbers, mut last) = (String::new(), None);
    for record in trained(records) {
        let Some(law) = &record.law else { continue };
        if last.replace(law) != Some(law) {
            let _ = write!(
                numbers,
                "{}`{law}`\n\nLosses are divided by p = {}, the mean probability of the features: measured ± one \
                 standard error; exact and Gaussian for the trained weights; the Gaussian optimum at the least \
                 interference that the covariance allows; the best linear model.\n\n\
                 | n_s | n_d | r | seed | steps | trained | exact | Gaussian | Gaussian optimum | linear |\n\
                 |---|---|---|---|---|---|---|---|---|---|\n",
                if numbers.is_empty() { "" } else { "\n" },
                number(record.probability, 4)
            );
        }
        let over_p = |loss: f64| number(loss / record.probability, 5);
        let known = |loss: Option<f64>| loss.map(over_p).unwrap_or_default();
        let _ = writeln!(
            numbers,
            "| {} | {} | {:.4} | {} | {} | {} ± {} | {} | {} | {} | {} |",
            record.features,
            record.hidden,
            record.ratio,
            record.seed,
            record.steps.unwrap_or_default(),
            over_p(record.loss),
            over_p(record.standard_error),
            known(record.exact_loss),
            known(record.gaussian_loss),
            known(record.theory_loss),
            over_p(record.linear_loss),
        );
    }
    let best = |record: &&Record| record.best_loss().0;
    let below =
        trained(records).filter(|record| record.theory_loss.is_some_and(|theory| best(record) < theory));
    let nonlinear = trained(records).filter(|record| best(record) < record.linear_loss);
    (!numbers.is_empty()).then(|| Section {
        title: "Features of another law",
        paper: "The paper's features are independent of each other; correlated ones are left open (§5.3).",
        finding: format!(
            "{} of {} trained models lose less than the Gaussian optimum of their law, and {} less than its best linear \
             model.",
            below.count(),
            trained(records).count(),
            nonlinear.count()
        ),
        figures: &["law_", "correlation_"],
        numbers,
    })
}
