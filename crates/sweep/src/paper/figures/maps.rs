//! Figs. 4 to 7 and further quantities of trained models over (p, r): one map per n_s.

use toy_superposition_figures::{Colours, HeatMap, HeatMaps, Scale};

use super::{distinct, leaving_out, of_kind, over_seeds, seeds_of, sizes_of};
use crate::{Model, Record};

/// Least number of p, and of ratios, of a map.
const LEAST: usize = 3;

/// A quantity of trained models that a map shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Fig. 4: the variance of `W_ii` over i.
    DiagonalVariance,
    /// Fig. 5: the variance of `b_i`.
    BiasVariance,
    /// Fig. 6: the variance over i of `Var ν_i`.
    DeltaVariance,
    /// Fig. 7: `Λ`, the largest of `Λ_i`.
    Lyapunov,
    /// `log₁₀(L/L*)`: the loss relative to the theory.
    Distance,
    /// The fraction of features that are dropped.
    Dropped,
}

impl Quantity {
    /// All quantities.
    pub const ALL: [Self; 6] = [
        Self::DiagonalVariance,
        Self::BiasVariance,
        Self::DeltaVariance,
        Self::Lyapunov,
        Self::Distance,
        Self::Dropped,
    ];

    /// Returns the name of the figure's files.
    pub fn name(self) -> &'static str {
        match self {
            Self::DiagonalVariance => "figure4_diagonal",
            Self::BiasVariance => "figure5_bias",
            Self::DeltaVariance => "figure6_interference",
            Self::Lyapunov => "figure7_lyapunov",
            Self::Distance => "map_distance",
            Self::Dropped => "map_dropped",
        }
    }

    /// Returns the value of a trained model, or `None` if it has none that the colours can show.
    pub fn of(self, record: &Record) -> Option<f64> {
        self.value(record).filter(|&value| self.shows(value))
    }

    fn value(self, record: &Record) -> Option<f64> {
        match self {
            Self::DiagonalVariance => record.diagonal_variance,
            Self::BiasVariance => record.bias_variance,
            Self::DeltaVariance => record.delta_variance,
            Self::Lyapunov => record.lyapunov,
            Self::Distance => record.theory_loss.map(|theory| (record.best_loss().0 / theory).log10()),
            Self::Dropped => Some(record.dropped? as f64 / record.features as f64),
        }
    }

    fn shows(self, value: f64) -> bool {
        value.is_finite() && (self.colours() != Colours::Log || value > 0.0)
    }

    fn colours(self) -> Colours {
        match self {
            Self::Distance => Colours::Diverging { centre: 0.0, reach: Some(0.5) },
            Self::Dropped => Colours::Linear,
            _ => Colours::Log,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::DiagonalVariance => "variance of the diagonal, $W_{ii}$",
            Self::BiasVariance => "variance of the bias, $b_i$",
            Self::DeltaVariance => "variance of var $ν_i$ over features",
            Self::Lyapunov => "$Λ$, the largest over features",
            Self::Distance => "trained / theory, decimal logarithm of losses",
            Self::Dropped => "fraction of features dropped",
        }
    }
}

/// Returns one map per n_s that has enough cells in one of the blocks, from the block with most
/// cells. Returns `None` if there is no such n_s or no value to show.
pub fn heat_maps(blocks: &[Vec<Record>], quantity: Quantity, how: &str) -> Option<HeatMaps> {
    let mut used: Vec<&Record> = Vec::new();
    let mut panels = Vec::new();
    for features in sizes_of(&blocks.concat()) {
        let trained = |block: &'_ [Record]| -> Vec<Record> {
            of_kind(block, Model::Trained).filter(|record| record.features == features).cloned().collect()
        };
        let axes = |records: &[Record]| {
            let probabilities = distinct(records.iter().map(|record| record.probability));
            (probabilities, distinct(records.iter().map(|record| record.ratio)))
        };
        let cells = |block: &&Vec<Record>| {
            let (probabilities, ratios) = axes(&trained(block));
            if probabilities.len().min(ratios.len()) < LEAST { 0 } else { probabilities.len() * ratios.len() }
        };
        let Some(block) = blocks.iter().rev().max_by_key(cells).filter(|block| cells(block) > 0) else {
            continue;
        };
        let records = trained(block);
        let (probabilities, ratios) = axes(&records);
        let value = |p: f64, ratio: f64| {
            let here = records.iter().filter(|record| record.probability == p && record.ratio == ratio);
            over_seeds(here, |record| Some((quantity.of(record)?, 0.0))).map(|(value, _)| value)
        };
        let values = probabilities.iter().flat_map(|&p| ratios.iter().map(move |&ratio| (p, ratio)));
        let values = values.map(|(p, ratio)| value(p, ratio)).collect();
        used.extend(of_kind(block, Model::Trained).filter(|record| record.features == features));
        panels.push(HeatMap { title: format!("$n_s = {features}$"), probabilities, ratios, values });
    }
    let known = panels.iter().flat_map(|panel| &panel.values).flatten().count();
    let scale = |of: fn(&HeatMap) -> &Vec<f64>| {
        if panels.iter().all(|panel| is_even(of(panel))) { Scale::Linear } else { Scale::Log }
    };
    let (probability_scale, ratio_scale) =
        (scale(|panel| &panel.probabilities), scale(|panel| &panel.ratios));
    let left_out =
        used.iter().filter_map(|record| quantity.value(record)).filter(|&v| !quantity.shows(v)).count();
    let seeds = seeds_of(used.into_iter());
    let caption = format!("Trained models: {}; {seeds}; {how}.", quantity.label());
    (known > 0).then(|| HeatMaps {
        quantity: quantity.label().to_owned(),
        colours: quantity.colours(),
        probability_scale,
        ratio_scale,
        caption: leaving_out(caption, left_out),
        panels,
    })
}

/// Returns whether the spacing is about even; it is not exact because n_d is rounded.
fn is_even(values: &[f64]) -> bool {
    let step = (values[values.len() - 1] - values[0]) / (values.len() - 1) as f64;
    values.windows(2).all(|pair| ((pair[1] - pair[0]) / step - 1.0).abs() < 0.5)
}
