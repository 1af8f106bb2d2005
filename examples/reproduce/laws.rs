//! Features of another law than the paper's: their grid, and their part of the report.

use std::fmt::Write;

use toy_superposition::data::LawSpec;
use toy_superposition::sweep::{Block, Grid, Model, Record, Superposition, Values};

use crate::compare::number;

/// Makes one block of a grid: trained and linear models for features of `law`, with all its ratios
/// and seeds.
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

/// A table of the models of each law; nothing if there are none.
pub(crate) fn section(text: &mut String, records: &[Record]) {
    let mut last = None;
    for record in records.iter().filter(|record| record.kind == Model::Trained) {
        let Some(law) = &record.law else { continue };
        if last.replace(law) != Some(law) {
            let _ = write!(
                text,
                "\n## Features of another law\n\n`{law}`\n\nLosses divided by p = {}, the mean probability of the \
                 features: measured ± one standard error; exact and Gaussian for the trained weights; the Gaussian optimum \
                 at the least interference that the covariance allows; the best linear model.\n\n\
                 | n_s | n_d | r | seed | steps | trained | exact | Gaussian | Gaussian optimum | linear |\n\
                 |---|---|---|---|---|---|---|---|---|---|\n",
                number(record.probability, 4)
            );
        }
        let over_p = |loss: f64| number(loss / record.probability, 5);
        let known = |loss: Option<f64>| loss.map(over_p).unwrap_or_default();
        let _ = writeln!(
            text,
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
}
