//! How far from the theory: against n_s, and by the predictions for each model's own weights.

use std::cell::Cell;

use toy_superposition_figures::{FiniteSize, FiniteSizePoint, FiniteSizeSeries, PredictedLoss, Predictions};

use super::{distinct, leaving_out, of_kind, over_seeds, seeds_of, sizes_of};
use crate::{Model, Record};

/// More series would not be told apart.
const MOST_SERIES: usize = 6;

/// `(L − L*)/L*` against n_s, a series for each (p, r) that has trained models of two n_s or more:
/// at most six, those with the most n_s and models, none with less than half as many n_s as
/// another. Ratios count as the same within one hidden dimension of the smaller model, since n_d is
/// a whole number; each model is set against the theory at its own. `None` if there is no such (p,
/// r).
pub fn finite_size(records: &[Record], how: &str) -> Option<FiniteSize> {
    let sizes = sizes_of(records);
    // With their weights, and with how many of their points are left out.
    let mut candidates: Vec<(usize, FiniteSizeSeries, usize)> = Vec::new();
    for probability in distinct(of_kind(records, Model::Trained).map(|record| record.probability)) {
        let at = |kind| of_kind(records, kind).filter(move |record| record.probability == probability);
        // From the largest model on, whose ratio is nearest to what was asked for.
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
                        // Of two ratios within the tolerance, the nearer.
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

/// The exact (where every row was evaluated), Edgeworth and Gaussian loss of each trained model
/// against the measured one. `None` without a trained model that has a measured and a predicted
/// loss above 0.
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
    // The upper part shows by how much the others are off.
    predicted.then_some(Predictions { models, deviation: Some(10.0), caption })
}
