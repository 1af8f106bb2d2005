//! Distance from the theory against n_s, and predicted against measured losses.

use std::cell::Cell;

use toy_superposition_figures::{FiniteSize, FiniteSizePoint, FiniteSizeSeries, PredictedLoss, Predictions};

use super::{distinct, leaving_out, of_kind, over_seeds, seeds_of, sizes_of};
use crate::{Model, Record};

/// Greatest number of series that can be told apart.
const MOST_SERIES: usize = 6;

/// Returns `(L − L*)/L*` against n_s, with one series per (p, r) that has trained models of two or
/// more n_s. At most six series are shown, those with the most n_s and models, and none with less
/// than half as many n_s as another. Ratios that differ by at most one hidden dimension of the
/// smaller model count as the same, since n_d is a whole number; each model is compared with the
/// theory at its own ratio. Returns `None` if there is no such (p, r).
pub fn finite_size(records: &[Record], how: &str) -> Option<FiniteSize> {
    let sizes = sizes_of(records);
    // Each with its weight in the ranking and the number of its points that are left out.
    let mut candidates: Vec<(usize, FiniteSizeSeries, usize)> = Vec::new();
    for probability in distinct(of_kind(records, Model::Trained).map(|record| record.probability)) {
        let at = |kind| of_kind(records, kind).filter(move |record| record.probability == probability);
        // From the largest model on, whose ratio is nearest to the requested one.
        let mut seen: Vec<f64> = Vec::new();
        for &largest in sizes.iter().rev() {
            let of_size = at(Model::Trained).filter(|record| record.features == largest);
            for ratio in distinct(of_size.map(|record| record.ratio)) {
                let same = |record: &&Record| (record.ratio - ratio).abs() < 1.0 / record.features as f64;
                if seen.iter().any(|other| (other - ratio).abs() < 1.0 / largest as f64) {
                    continue;
                }
                seen.push(ratio);
                let points = |kind| -> (Vec<FiniteSizePoint>, usize) {
                    let point = |&features: &usize| {
                        let records = at(kind).filter(same).filter(|record| record.features == features);
                        // Of two ratios within the tolerance, the nearer one counts.
                        let nearest = records
                            .clone()
                            .min_by(|a, b| (a.ratio - ratio).abs().total_cmp(&(b.ratio - ratio).abs()))?
                            .ratio;
                        let records = records.filter(|record| record.ratio == nearest);
                        let (relative, error) =
                            over_seeds(records, |record| Some(record.relative_to_theory()))?;
                        Some(FiniteSizePoint { features, relative, error })
                    };
                    let finite =
                        |point: &FiniteSizePoint| point.relative.is_finite() && point.error.is_finite();
                    let (finite, odd): (Vec<_>, Vec<_>) = sizes.iter().filter_map(point).partition(finite);
                    (finite, odd.len())
                };
                let ((trained, odd), (rugs, odd_rugs)) = (points(Model::Trained), points(Model::Rug));
                if trained.len() >= 2 {
                    let models = at(Model::Trained).filter(same).count();
                    let weight = 1000 * trained.len() + models;
                    let series = FiniteSizeSeries { probability, ratio, points: trained, rugs };
                    candidates.push((weight, series, odd + odd_rugs));
                }
            }
        }
    }
    let most = candidates.iter().map(|(_, series, _)| series.points.len()).max()?;
    candidates.retain(|(_, series, _)| 2 * series.points.len() >= most);
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.0));
    candidates.truncate(MOST_SERIES);
    let left_out = candidates.iter().map(|(.., odd)| odd).sum();
    let mut series: Vec<_> = candidates.into_iter().map(|(_, series, _)| series).collect();
    series.sort_by(|a, b| a.probability.total_cmp(&b.probability).then(a.ratio.total_cmp(&b.ratio)));
    let caption = format!(
        "Loss relative to the symmetric optimum for Gaussian interference: {}; {how}; bars one standard error over \
         seeds, where there are several.",
        seeds_of(of_kind(records, Model::Trained))
    );
    Some(FiniteSize { series, caption: leaving_out(caption, left_out) })
}

/// Returns the exact loss (where every row was evaluated), Edgeworth loss and Gaussian loss of each
/// trained model against the measured loss. Returns `None` if no trained model has a measured and a
/// predicted loss above 0.
pub fn predictions(records: &[Record], how: &str) -> Option<Predictions> {
    let left_out = Cell::new(0);
    let mut models = Vec::new();
    for record in of_kind(records, Model::Trained) {
        let placed = |loss: &f64| {
            let placed = *loss > 0.0 && (loss / record.probability).is_finite();
            left_out.set(left_out.get() + usize::from(!placed));
            placed
        };
        if placed(&record.loss) {
            models.push(PredictedLoss {
                probability: record.probability,
                sampled: record.loss,
                error: record.standard_error,
                exact: record.exact_loss.filter(|_| record.exact_standard_error == Some(0.0)).filter(placed),
                edgeworth: record.edgeworth_loss.filter(placed),
                gaussian: record.gaussian_loss.filter(placed),
            });
        }
    }
    let predicted = models.iter().any(|model| model.exact.or(model.edgeworth).or(model.gaussian).is_some());
    let caption = format!(
        "Predicted from the weights against measured: {} trained models, {}; {how}. Below: deviations up to 10 %.",
        models.len(),
        seeds_of(of_kind(records, Model::Trained))
    );
    let caption = leaving_out(caption, left_out.get());
    // The upper part of the figure shows how far the others deviate.
    predicted.then_some(Predictions { models, deviation: Some(10.0), caption })
}
