//! Dimensions per feature of models of many features, against sparsity.

use std::error::Error;

use serde_json::{Value, json};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};

use crate::options::Options;
use crate::trained::{BATCH, Size, Trained, densities, family};

pub(crate) const FIGURES: &[&str] = &["geometry", "geometry_features"];

/// Dimensionalities at which features concentrate, by arrangement.
const LEVELS: [(&str, f64); 5] = [
    ("tetrahedron 3/4", 0.75),
    ("triangle 2/3", 2.0 / 3.0),
    ("pair 1/2", 0.5),
    ("pentagon 2/5", 0.4),
    ("antiprism 3/8", 0.375),
];
/// Greatest distance from a level at which a feature counts as on it.
const NEAR: f64 = 0.015;

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let large = Size { features: 400, hidden: 30, steps: 2500 };
    let size = options.size(large, Size { features: 40, hidden: 6, steps: 300 });
    let densities = densities(options.size(16, 4), options.size(30.0, 10.0));
    let models = family(size, &densities, options.seed)?;

    options.tell(format_args!(
        "{} features in {} dimensions, {} steps of {BATCH} samples; features near each level:\n{:>9}{:>8}{:>7}{:>12}  {:>6}{:>6}{:>6}{:>6}{:>6}{:>6}",
        size.features, size.hidden, size.steps, "1/(1−S)", "p", "D*", "represented", "1", "3/4", "2/3", "1/2", "2/5", "3/8"
    ));
    let mut list = Vec::new();
    for trained in &models {
        let Trained { density, geometry, .. } = trained;
        let represented = geometry.clusters.iter().map(|cluster| cluster.features.len()).sum::<usize>();
        let near = |level: f64| geometry.dimensionality.iter().filter(|&&d| (d - level).abs() < NEAR).count();
        let counts: Vec<_> = [1.0].into_iter().chain(LEVELS.map(|(_, level)| level)).map(near).collect();
        options.tell(format_args!(
            "{:>9.2}{density:>8.4}{:>7.3}{represented:>12}  {:>6}{:>6}{:>6}{:>6}{:>6}{:>6}",
            density.recip(),
            geometry.dimensions_per_feature.unwrap_or(f64::NAN),
            counts[0],
            counts[1],
            counts[2],
            counts[3],
            counts[4],
            counts[5],
        ));
        list.push(json!({
            "probability": density,
            "dimensions_per_feature": geometry.dimensions_per_feature,
            "represented": represented,
            "feature_dimensionality": geometry.dimensionality,
            "near": { "1": counts[0], "3/4": counts[1], "2/3": counts[2], "1/2": counts[3], "2/5": counts[4], "3/8": counts[5] },
        }));
    }
    let trained = format!(
        "$n_s = {}$ features of equal importance in $n_d = {}$ dimensions, tied weights, {} steps of {BATCH} samples, seed {}",
        size.features, size.hidden, size.steps, options.seed
    );
    options.figure(FIGURES[0], |stem| chart(&average(&models, &trained), stem))?;
    options.figure(FIGURES[1], |stem| chart(&scattered(&models, &trained), stem))?;
    Ok(json!({ "features": size.features, "hidden": size.hidden, "steps": size.steps, "models": list }))
}

fn level((name, y): (&str, f64)) -> ChartSeries {
    let points = vec![ChartPoint { x: 0.0, y, error: 0.0 }];
    ChartSeries { name: name.to_owned(), points, mark: ChartMark::Level }
}

fn axes(y_label: &str, series: Vec<ChartSeries>, caption: String) -> Chart {
    Chart {
        x_label: "$1/(1 − S)$".to_owned(),
        y_label: y_label.to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Linear,
        series,
        caption,
    }
}

fn average(models: &[Trained], trained: &str) -> Chart {
    let point = |model: &Trained| {
        let y = model.geometry.dimensions_per_feature?;
        Some(ChartPoint { x: model.density.recip(), y, error: 0.0 })
    };
    let points = models.iter().filter_map(point).collect();
    let found = ChartSeries { name: "trained".to_owned(), points, mark: ChartMark::Joined };
    let levels = [("1", 1.0), ("1/2", 0.5)].map(level);
    axes(
        "dimensions per feature $D^* = n_d/‖W‖_F^2$",
        [found].into_iter().chain(levels).collect(),
        format!("{trained}."),
    )
}

fn scattered(models: &[Trained], trained: &str) -> Chart {
    let of = |model: &Trained| {
        let x = model.density.recip();
        let features = model.geometry.dimensionality.clone();
        // Drawn side by side in sorted order, so that equal values can be told apart.
        let mut sorted = features;
        sorted.sort_by(f64::total_cmp);
        let width = sorted.len() as f64;
        let place = move |(k, y): (usize, f64)| ChartPoint {
            x: x * 1.12_f64.powf(k as f64 / width - 0.5),
            y,
            error: 0.0,
        };
        sorted.into_iter().enumerate().map(place).collect::<Vec<_>>()
    };
    let dots = ChartSeries {
        name: "one feature".to_owned(),
        points: models.iter().flat_map(of).collect(),
        mark: ChartMark::Dots,
    };
    axes(
        "dimensionality of a feature $D_i$",
        [dots].into_iter().chain(LEVELS.map(level)).collect(),
        format!("{trained}. A column of dots per model, its features in the order of their $D_i$."),
    )
}
