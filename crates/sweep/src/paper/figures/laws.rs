//! Features of other laws: loss against the ratio, and against the correlation within pairs.

use toy_superposition_data::{LawSpec, MagnitudeSpec, SwitchesSpec};
use toy_superposition_figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale};

use super::{distinct, of_kind, over_seeds, seeds_of};
use crate::{Model, Record};

/// A value of a record and its standard error.
type Of = fn(&Record) -> Option<(f64, f64)>;

const SERIES: [(&str, ChartMark, Of); 5] = [
    ("best linear model", ChartMark::Dashed, |r| Some((r.linear_loss, 0.0))),
    ("Gaussian optimum", ChartMark::Dashed, |r| Some((r.theory_loss?, 0.0))),
    ("Gaussian, for the trained weights", ChartMark::Line, |r| Some((r.gaussian_loss?, 0.0))),
    ("exact, for the trained weights", ChartMark::Line, |r| Some((r.exact_loss?, 0.0))),
    ("trained, measured", ChartMark::Points, |r| Some((r.loss, r.standard_error))),
];

/// Greatest length of a law's JSON in a caption.
const MOST_TEXT: usize = 160;

/// Returns one chart per law that has trained models of two or more ratios: their losses over p
/// against r.
pub fn law_curves(records: &[Record], how: &str) -> Vec<Chart> {
    let charts = grouped(records, |record| record.law.clone()).into_iter().filter_map(|(law, own)| {
        // The spaces allow line breaks.
        let law = law.replace('"', "").replace(',', ", ");
        let mut text: String = law.chars().take(MOST_TEXT).collect();
        if text.len() < law.len() {
            text.push('…');
        }
        let caption = format!("Features of the law {text}; {}; {how}.", seeds_of(own.iter().copied()));
        chart(&own, "ratio of hidden dimensions to features $n_d/n_s$", |record| record.ratio, caption)
    });
    charts.collect()
}

/// Returns one chart per n_s, n_d and p that has trained models of pairs of features with two or
/// more correlations: their losses over p against the correlation of the switches.
pub fn correlation_curves(records: &[Record], how: &str) -> Vec<Chart> {
    let shape = |record: &Record| {
        let (probability, _, magnitude) = pairs(record)?;
        Some((record.features, record.hidden, probability, magnitude))
    };
    let charts = grouped(records, shape).into_iter().filter_map(|(shape, own)| {
        let (features, hidden, probability, magnitude) = shape;
        let magnitude = match magnitude {
            MagnitudeSpec::Uniform {} => String::new(),
            other => format!(", magnitudes {other:?}"),
        };
        let caption = format!(
            "Trained models of pairs of features against the correlation within a pair: $n_s = {features}$, \
             $n_d = {hidden}$, $p = {probability}${magnitude}, {}; {how}.",
            seeds_of(own.iter().copied())
        );
        let correlation = |record: &Record| pairs(record).map_or(f64::NAN, |(_, correlation, _)| correlation);
        chart(&own, "correlation of the two switches of a pair (dimensionless)", correlation, caption)
    });
    charts.collect()
}

/// Returns p, the correlation and the magnitude if the features are pairs.
fn pairs(record: &Record) -> Option<(f64, f64, MagnitudeSpec)> {
    let law: LawSpec = record.law.as_ref()?.parse().ok()?;
    match law.switches {
        SwitchesSpec::Pairs { probability, correlation } => Some((probability, correlation, law.magnitude)),
        _ => None,
    }
}

/// Returns the trained models that have a key, grouped by key in the order of first occurrence.
fn grouped<K: PartialEq>(records: &[Record], key: impl Fn(&Record) -> Option<K>) -> Vec<(K, Vec<&Record>)> {
    let mut groups: Vec<(K, Vec<&Record>)> = Vec::new();
    for record in of_kind(records, Model::Trained) {
        let Some(key) = key(record) else { continue };
        match groups.iter_mut().find(|group| group.0 == key) {
            Some(group) => group.1.push(record),
            None => groups.push((key, vec![record])),
        }
    }
    groups
}

/// Returns `None` unless there are records at two or more places of the horizontal axis.
fn chart(records: &[&Record], x_label: &str, x: impl Fn(&Record) -> f64, caption: String) -> Option<Chart> {
    let places = distinct(records.iter().map(|record| x(record)));
    let series = SERIES.iter().filter_map(|&(name, mark, of)| {
        let point = |&place: &f64| {
            let here = records.iter().copied().filter(|record| x(record) == place);
            let p = here.clone().next()?.probability;
            let (loss, error) = over_seeds(here, of)?;
            let point = ChartPoint { x: place, y: loss / p, error: error / p };
            (point.y.is_finite() && point.error.is_finite()).then_some(point)
        };
        let points: Vec<_> = places.iter().filter_map(point).collect();
        (!points.is_empty()).then(|| ChartSeries { name: name.to_owned(), points, mark })
    });
    let chart = Chart {
        x_label: x_label.to_owned(),
        y_label: "loss per feature / $p$ (dimensionless)".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        series: series.collect(),
        caption,
    };
    (places.len() >= 2 && !chart.series.is_empty()).then_some(chart)
}
