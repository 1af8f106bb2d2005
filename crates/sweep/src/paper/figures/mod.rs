//! The figures of the paper, and further ones, from a sweep's records.
//!
//! | figure | needs |
//! |---|---|
//! | 1: a rug | nothing |
//! | 2a, 2b: loss against r, full range and around r = p | a block with four ratios or more |
//! | 3: weights and bias | kept weights; the model nearest to the paper's |
//! | 4 to 7: variances and Λ over (p, r) | a block with three p and three ratios or more |
//! | maps of the distance to the theory and of dropped features | a block with three p and three ratios or more |
//! | distance to the theory against n_s | the same p and ratio at two n_s or more |
//! | predicted against measured loss | any trained model |
//! | phase map with the convex envelope | nothing |
//! | losses of a law against r | trained models of the law at two ratios or more |
//! | losses against the correlation of pairs | trained models of pairs at two correlations or more |
//!
//! Where several seeds were run, a point is their mean and its bar their standard error; where one
//! was, the bar is the standard error of the measurement. Values that a figure's scale cannot show,
//! such as a loss of 0 on a logarithmic one, are left out and counted in the caption.

mod curves;
mod laws;
mod maps;
mod phases;
mod sizes;
mod weights;

use std::path::Path;

use crate::{Reason, Sweep};
use toy_superposition_figures as figures;

pub use curves::{initial_drop, loss_curves};
pub use laws::{correlation_curves, law_curves};
pub use maps::{Quantity, heat_maps};
pub use phases::phase_map;
pub use sizes::{finite_size, predictions};
pub use weights::{example_rug, weight_block};

use super::{Model, Record, Superposition};
use crate::RecipeName;

/// A figure of any kind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is a figure of the figures crate")]
pub enum Figure {
    Rug(figures::Rug),
    LossCurves(figures::LossCurves),
    WeightBlock(figures::WeightBlock),
    HeatMaps(figures::HeatMaps),
    FiniteSize(figures::FiniteSize),
    Predictions(figures::Predictions),
    PhaseMap(figures::PhaseMap),
    Chart(figures::Chart),
}

/// A figure and the name of its files.
///
/// ```
/// use toy_superposition_sweep::figures::{Drawing, Figure, example_rug};
///
/// let drawing = Drawing { name: "figure1_rug".to_owned(), figure: Figure::Rug(example_rug(7)?) };
/// assert!(drawing.caption().contains("seed 7"));
/// let folder = tempfile::tempdir()?;
/// assert!(drawing.draw(folder.path())?.png.ends_with("figure1_rug.png"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Name of the files, without extension.
    pub name: String,
    /// The figure.
    pub figure: Figure,
}

impl Drawing {
    /// Returns the caption, which names parameters and seeds.
    pub fn caption(&self) -> &str {
        match &self.figure {
            Figure::Rug(figure) => &figure.caption,
            Figure::LossCurves(figure) => &figure.caption,
            Figure::WeightBlock(figure) => &figure.caption,
            Figure::HeatMaps(figure) => &figure.caption,
            Figure::FiniteSize(figure) => &figure.caption,
            Figure::Predictions(figure) => &figure.caption,
            Figure::PhaseMap(figure) => &figure.caption,
            Figure::Chart(figure) => &figure.caption,
        }
    }

    /// Writes the figure as PNG and SVG into a folder.
    ///
    /// # Errors
    /// The errors of the figure's own function.
    pub fn draw(&self, folder: &Path) -> figures::Result<figures::Written> {
        let stem = folder.join(&self.name);
        match &self.figure {
            Figure::Rug(figure) => figures::rug(figure, stem),
            Figure::LossCurves(figure) => figures::loss_curves(figure, stem),
            Figure::WeightBlock(figure) => figures::weight_block(figure, stem),
            Figure::HeatMaps(figure) => figures::heat_maps(figure, stem),
            Figure::FiniteSize(figure) => figures::finite_size(figure, stem),
            Figure::Predictions(figure) => figures::predictions(figure, stem),
            Figure::PhaseMap(figure) => figures::phase_map(figure, stem),
            Figure::Chart(figure) => figures::chart(figure, stem),
        }
    }
}

/// The figures of a sweep. One that fails does not affect the others.
#[derive(Debug, Default)]
pub struct Drawings {
    /// The figures that the records suffice for.
    pub ready: Vec<Drawing>,
    /// Names of the figures that the records do not suffice for, or have no value for that the
    /// figure's scale can show.
    pub absent: Vec<String>,
    /// Names of the figures that failed, and why.
    pub failed: Vec<(String, Reason)>,
}

impl Drawings {
    fn add(&mut self, name: impl Into<String>, figure: Result<Option<Figure>, Reason>) {
        let name = name.into();
        match figure {
            Ok(Some(figure)) => self.ready.push(Drawing { name, figure }),
            Ok(None) => self.absent.push(name),
            Err(reason) => self.failed.push((name, reason)),
        }
    }
}

/// Returns all figures of the records of a sweep, which need not be finished.
///
/// # Errors
/// The errors of [`Sweep::outcomes`].
pub fn drawings(sweep: &Sweep<Superposition>) -> Result<Drawings, crate::Error> {
    let (of_laws, records): (Vec<_>, Vec<_>) =
        sweep.records()?.into_iter().partition(|record| record.law.is_some());
    let mut blocks = sweep.records_by_block()?;
    blocks.iter_mut().for_each(|block| block.retain(|record| record.law.is_none()));
    let how = how_made(&sweep.grid().experiment);
    let mut drawings = Drawings::default();
    for (name, charts) in
        [("law", law_curves(&of_laws, &how)), ("correlation", correlation_curves(&of_laws, &how))]
    {
        for (number, chart) in charts.into_iter().enumerate() {
            drawings.add(format!("{name}_{}", number + 1), Ok(Some(Figure::Chart(chart))));
        }
    }
    if records.is_empty() && !of_laws.is_empty() {
        return Ok(drawings);
    }
    let seed = records.first().map_or(0, |record| record.seed);
    let rug = example_rug(seed).map(|rug| Some(Figure::Rug(rug)));
    drawings.add("figure1_rug", rug.map_err(Into::into));
    for features in sizes_of(&records) {
        let curves = blocks.iter().find_map(|block| loss_curves(block, features, &how));
        drawings.add(format!("figure2a_loss_{features}"), Ok(curves.map(Figure::LossCurves)));
        let drop = blocks.iter().find_map(|block| initial_drop(block, features, &how));
        drawings.add(format!("figure2b_drop_{features}"), Ok(drop.map(Figure::LossCurves)));
    }
    drawings.add("figure3_weights", weight_block(sweep).map(|block| block.map(Figure::WeightBlock)));
    for quantity in Quantity::ALL {
        let maps = heat_maps(&blocks, quantity, &how);
        drawings.add(quantity.name(), Ok(maps.map(Figure::HeatMaps)));
    }
    drawings.add("finite_size", Ok(finite_size(&records, &how).map(Figure::FiniteSize)));
    drawings.add("predictions", Ok(predictions(&records, &how).map(Figure::Predictions)));
    let phases = phase_map().map(|map| Some(Figure::PhaseMap(map)));
    drawings.add("phase_map", phases.map_err(Into::into));
    Ok(drawings)
}

/// Adds to a caption how many values the figure leaves out.
fn leaving_out(caption: String, count: usize) -> String {
    let values = match count {
        0 => return caption,
        1 => "1 value that is 0, negative or not finite has".to_owned(),
        count => format!("{count} values that are 0, negative or not finite have"),
    };
    format!("{caption} {values} no place on the scale.")
}

/// Returns, for captions, how the models were made and measured.
fn how_made(experiment: &Superposition) -> String {
    let recipe = match experiment.recipe {
        RecipeName::Text => "recipe of the paper's text",
        RecipeName::Code => "recipe of the paper's released code",
        RecipeName::Fast => "fast recipe",
    };
    let most = experiment.max_epochs.map(|most| format!(" (at most {most} epochs)")).unwrap_or_default();
    let steps = experiment.steps.map(|steps| format!(" ({steps} steps)")).unwrap_or_default();
    format!("{recipe}{most}{steps}, {} fresh samples per model", experiment.samples)
}

/// Returns the n_s of the trained models in increasing order.
fn sizes_of(records: &[Record]) -> Vec<usize> {
    let mut sizes: Vec<usize> = of_kind(records, Model::Trained).map(|record| record.features).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

fn of_kind(records: &[Record], kind: Model) -> impl Iterator<Item = &Record> + Clone {
    records.iter().filter(move |record| record.kind == kind)
}

/// Returns the numbers in increasing order, without repetitions.
fn distinct(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    numbers
}

/// Returns the seeds as text: `seed 3` or `seeds 0, 1, 2`.
fn seeds_of<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    let mut seeds: Vec<u64> = records.map(|record| record.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let list: Vec<String> = seeds.iter().map(u64::to_string).collect();
    format!("{} {}", if list.len() == 1 { "seed" } else { "seeds" }, list.join(", "))
}

/// Returns the mean of a value over seeds and its standard error: that over the seeds if there are
/// several (which contains the error of each measurement), otherwise the single record's own.
fn over_seeds<'a>(
    records: impl Iterator<Item = &'a Record>,
    of: impl Fn(&Record) -> Option<(f64, f64)>,
) -> Option<(f64, f64)> {
    let values: Vec<(f64, f64)> = records.filter_map(of).collect();
    match values.as_slice() {
        [] => None,
        [one] => Some(*one),
        several => {
            let count = several.len() as f64;
            let mean = several.iter().map(|(value, _)| value).sum::<f64>() / count;
            let squares: f64 = several.iter().map(|(value, _)| (value - mean).powi(2)).sum();
            Some((mean, (squares / (count * (count - 1.0))).sqrt()))
        }
    }
}

#[cfg(test)]
mod tests;
