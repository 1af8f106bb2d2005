//! How far from the theory: against n_s, and by the predictions for each model's own weights.

use toy_superposition_figures::{FiniteSize, FiniteSizePoint, FiniteSizeSeries, PredictedLoss, Predictions};

use super::{distinct, of_kind, over_seeds, seeds_of, sizes_of};
use crate::{Model, Record};

/// More series would not be told apart.
const MOST_SERIES: usize = 6;

/// `(L − L*)/L*` against n_s, a series for each (p, r) that has trained models of two n_s or more: at most six, those with
/// the most n_s and models, none with less than half as many n_s as another. Ratios count as the same within one hidden dimension of the smaller model, since n_d is a whole
/// number; each model is set against the theory at its own. `None` if there is no such (p, r).
pub fn finite_size(records: &[Record], how: &str) -> Option<FiniteSize> {
    let sizes = sizes_of(records);
    let mut candidates: Vec<(usize, FiniteSizeSeries)> = Vec::new();
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
                let points = |kind| -> Vec<FiniteSizePoint> {
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
                        let finite = relative.is_finite() && error.is_finite();
                        finite.then_some(FiniteSizePoint { features, relative, error })
                    };
                    sizes.iter().filter_map(point).collect()
                };
                let (trained, rugs) = (points(Model::Trained), points(Model::Rug));
                if trained.len() >= 2 {
                    let models = at(Model::Trained).filter(same).count();
                    let weight = 1000 * trained.len() + models;
                    candidates.push((weight, FiniteSizeSeries { probability, ratio, points: trained, rugs }));
                }
            }
        }
    }
    let most = candidates.iter().map(|(_, series)| series.points.len()).max()?;
    candidates.retain(|(_, series)| 2 * series.points.len() >= most);
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.0));
    candidates.truncate(MOST_SERIES);
    let mut series: Vec<_> = candidates.into_iter().map(|(_, series)| series).collect();
    series.sort_by(|a, b| a.probability.total_cmp(&b.probability).then(a.ratio.total_cmp(&b.ratio)));
    let caption = format!(
        "Loss relative to the symmetric optimum for Gaussian interference: {}; {how}; bars one standard error over \
         seeds, where there are several.",
        seeds_of(of_kind(records, Model::Trained))
    );
    Some(FiniteSize { series, caption })
}

/// The exact (where every row was evaluated), Edgeworth and Gaussian loss of each trained model against the measured
/// one. `None` without a trained model.
pub fn predictions(records: &[Record], how: &str) -> Option<Predictions> {
    let positive = |loss: Option<f64>| loss.filter(|&loss| loss > 0.0);
    let model = |record: &Record| PredictedLoss {
        probability: record.probability,
        sampled: record.loss,
        error: record.standard_error,
        exact: positive(record.exact_loss.filter(|_| record.exact_standard_error == Some(0.0))),
        edgeworth: positive(record.edgeworth_loss),
        gaussian: positive(record.gaussian_loss),
    };
    let models: Vec<PredictedLoss> = of_kind(records, Model::Trained).map(model).collect();
    let caption = format!(
        "Predicted from the weights against measured: {} trained models, {}; {how}. Below: deviations up to 10 %.",
        models.len(),
        seeds_of(of_kind(records, Model::Trained))
    );
    // The upper part shows by how much the others are off.
    (!models.is_empty()).then_some(Predictions { models, deviation: Some(10.0), caption })
}
