//! Fig. 2: the loss against the ratio for several p.

use toy_superposition_figures::{LossCurves, LossPoint, LossSeries, Scale};
use toy_superposition_theory as theory;

use super::{distinct, leaving_out, of_kind, over_seeds, seeds_of};
use crate::{Model, Record};

/// Least number of ratios of a curve.
const LEAST_RATIOS: usize = 4;
/// Greatest number of curves that can be told apart.
const MOST_PROBABILITIES: usize = 4;

/// Returns Fig. 2a: the losses of trained models and rugs with `features` features, and lines for
/// the theory and the optimal linear model, for at most four p. Returns `None` if the records have
/// too few ratios. The text `how` says in the caption how the models were made.
pub fn loss_curves(records: &[Record], features: usize, how: &str) -> Option<LossCurves> {
    let (series, seeds) = all_series(records, features, (0.0, 1.0))?;
    let caption = format!("Loss against ratio: $n_s = {features}$, {seeds}; {how}; bars one standard error.");
    Some(drawable(LossCurves {
        series,
        loss_scale: Scale::Linear,
        ratio_scale: Scale::Linear,
        ratios: None,
        losses: None,
        caption,
    }))
}

/// Returns Fig. 2b: the same losses around `r = p`, where the loss begins to drop, on logarithmic
/// axes, for p within the range of the ratios and up to 1/2. Returns `None` if there are too few
/// ratios.
pub fn initial_drop(records: &[Record], features: usize, how: &str) -> Option<LossCurves> {
    /// For larger p, Fig. 2a shows everything.
    const MOST: f64 = 0.5;
    let trained = of_kind(records, Model::Trained).filter(|record| record.features == features);
    let ratios = distinct(trained.map(|record| record.ratio).filter(|&ratio| ratio <= MOST));
    if ratios.len() < LEAST_RATIOS {
        return None;
    }
    let (series, seeds) = all_series(records, features, (ratios[0], MOST))?;
    let caption = format!(
        "The initial drop, $r$ near $p$: $n_s = {features}$, {seeds}; {how}; bars one standard error."
    );
    Some(drawable(LossCurves {
        series,
        loss_scale: Scale::Log,
        ratio_scale: Scale::Log,
        ratios: Some((0.8 * ratios[0], MOST)),
        losses: None,
        caption,
    }))
}

/// Returns the series of one n_s for p in a range, and a text that names their seeds.
fn all_series(records: &[Record], features: usize, range: (f64, f64)) -> Option<(Vec<LossSeries>, String)> {
    let records: Vec<Record> = records
        .iter()
        .filter(|record| record.features == features && (range.0..=range.1).contains(&record.probability))
        .cloned()
        .collect();
    let trained = || of_kind(&records, Model::Trained);
    let probabilities = distinct(trained().map(|record| record.probability));
    let chosen: Vec<f64> = match probabilities.len() {
        count if count <= MOST_PROBABILITIES => probabilities,
        // Evenly spaced, both ends included.
        count => (0..MOST_PROBABILITIES)
            .map(|k| probabilities[k * (count - 1) / (MOST_PROBABILITIES - 1)])
            .collect(),
    };
    let series: Vec<LossSeries> = chosen.iter().map(|&p| series(&records, p)).collect();
    let enough = series.iter().any(|series| series.trained.len() >= LEAST_RATIOS);
    enough.then(|| (series, seeds_of(trained())))
}

/// Removes the points that a logarithmic scale of losses cannot show, and counts them in the
/// caption.
fn drawable(mut figure: LossCurves) -> LossCurves {
    let (scale, mut left_out) = (figure.loss_scale, 0);
    for LossSeries { probability, trained, rug, .. } in &mut figure.series {
        for points in [trained, rug] {
            let before = points.len();
            points.retain(|point| {
                let loss = point.loss / *probability;
                let placed = loss > 0.0 || (scale == Scale::Linear && loss == 0.0);
                placed && loss.is_finite() && (point.error / *probability).is_finite()
            });
            left_out += before - points.len();
        }
    }
    figure.caption = leaving_out(figure.caption, left_out);
    without_outliers(figure)
}

/// Limits the range of losses where rugs lie far above everything else, and counts those rugs in
/// the caption. Where hardly any feature is on at a time, the interference of a rug is far from
/// Gaussian.
fn without_outliers(mut figure: LossCurves) -> LossCurves {
    let shown =
        |point: &&LossPoint| figure.ratios.is_none_or(|(low, high)| (low..=high).contains(&point.ratio));
    let over_p = |of: fn(&LossSeries) -> &Vec<LossPoint>| {
        let points = |series| of(series).iter().filter(shown).map(|point| point.loss / series.probability);
        figure.series.iter().flat_map(points).collect::<Vec<f64>>()
    };
    let others =
        [over_p(|series| &series.trained), over_p(|series| &series.linear), over_p(|series| &series.theory)];
    let (least, most) = others
        .iter()
        .flatten()
        .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), &loss| (least.min(loss), most.max(loss)));
    let rugs = over_p(|series| &series.rug);
    let outliers = rugs.iter().filter(|&&loss| loss > 1.5 * most).count();
    if outliers > 0 && most > 0.0 {
        let least = rugs.iter().copied().fold(least, f64::min);
        figure.losses = Some(match figure.loss_scale {
            Scale::Linear => (0.0, 1.1 * most),
            Scale::Log => (0.8 * least, 1.4 * most),
        });
        let rugs = if outliers == 1 { "rug lies" } else { "rugs lie" };
        figure.caption = format!("{} {outliers} {rugs} above the range.", figure.caption);
    }
    figure
}

fn series(records: &[Record], probability: f64) -> LossSeries {
    let points = |kind| {
        let records = of_kind(records, kind).filter(|record| record.probability == probability);
        let loss = |record: &Record| Some((record.loss, record.standard_error));
        let point = |ratio: f64| {
            let (loss, error) = over_seeds(records.clone().filter(|record| record.ratio == ratio), loss)?;
            Some(LossPoint { ratio, loss, error })
        };
        distinct(records.clone().map(|record| record.ratio)).into_iter().filter_map(point).collect::<Vec<_>>()
    };
    let (trained, rug) = (points(Model::Trained), points(Model::Rug));
    let ends = trained
        .iter()
        .fold((1.0, 0.0), |(low, high): (f64, f64), point| (low.min(point.ratio), high.max(point.ratio)));
    // Both lines are defined everywhere.
    let line = |of: fn(f64, f64) -> theory::Result<f64>| {
        let (low, high) = (0.8 * ends.0, (1.02 * ends.1).min(1.0));
        let even = (0..=100).map(|k| low + (high - low) * f64::from(k) / 100.0);
        let even_ratios = (1..100).map(|k| low * (high / low).powf(f64::from(k) / 100.0));
        let point = |ratio| Some(LossPoint { ratio, loss: of(probability, ratio).ok()?, error: 0.0 });
        let drawable = |point: &LossPoint| point.loss > 0.0;
        distinct(even.chain(even_ratios)).into_iter().filter_map(point).filter(drawable).collect()
    };
    LossSeries {
        probability,
        trained,
        rug,
        linear: line(theory::linear_loss),
        theory: line(|p, r| Ok(theory::optimum_at_ratio(p, r)?.loss)),
    }
}
