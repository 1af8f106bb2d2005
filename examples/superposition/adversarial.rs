//! Effect of small changes of the input, with and without superposition.

use std::error::Error;

use serde_json::{Value, json};
use toy_superposition::data::{Features, Stream};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
use toy_superposition::model::{Attack, attack};
use toy_superposition::train::side_by_side;

use crate::options::Options;
use crate::trained::{BATCH, Size, Trained, densities, family};

pub(crate) const FIGURES: &[&str] = &["adversarial"];

/// Length ε of the change over the mean norm of an input.
const SHARE: f64 = 0.1;

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let large = Size { features: 100, hidden: 20, steps: 3000 };
    let size = options.size(large, Size { features: 20, hidden: 5, steps: 300 });
    let densities = densities(options.size(14, 4), options.size(200.0, 20.0));
    let samples = options.size(2048, 512);
    let models = family(size, &densities, options.seed)?;
    let measure = |trained: &Trained| -> Result<Attack, Box<dyn Error + Send + Sync>> {
        let law = Features::paper(size.features, trained.density)?;
        Ok(attack(&trained.model, &law, Stream::Evaluation.samples(options.seed, 0..samples), SHARE)?)
    };
    let attacks: Vec<Attack> = side_by_side(&models, None, measure)?
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| error as Box<dyn Error>)?;

    options.tell(format_args!(
        "{} features in {} dimensions, {} steps of {BATCH} samples; changes of length {SHARE} E‖x‖ along the rows of W:\n{:>9}{:>9}{:>8}{:>9}{:>12}{:>12}{:>15}",
        size.features, size.hidden, size.steps, "1/(1−S)", "p", "D*", "1/D*", "loss", "rise", "vulnerability"
    ));
    let (mut list, mut points) = (Vec::new(), Vec::new());
    for (trained, attack) in models.iter().zip(&attacks) {
        let vulnerability = attack.vulnerability(size.features);
        let error = vulnerability * attack.rise.standard_error() / attack.rise.mean();
        let per_feature = trained.geometry.dimensions_per_feature;
        let reciprocal = per_feature.map(f64::recip);
        options.tell(format_args!(
            "{:>9.2}{:>9.4}{:>8.3}{:>9.3}{:>12.4e}{:>12.4e}{vulnerability:>9.3} ± {error:.3}",
            trained.density.recip(),
            trained.density,
            per_feature.unwrap_or(f64::NAN),
            reciprocal.unwrap_or(f64::NAN),
            attack.clean.mean(),
            attack.rise.mean(),
        ));
        list.push(json!({
            "probability": trained.density,
            "dimensions_per_feature": per_feature,
            "loss": attack.clean.mean(),
            "rise": attack.rise.mean(),
            "size": attack.size,
            "vulnerability": vulnerability,
            "vulnerability_standard_error": error,
        }));
        points.push((reciprocal, ChartPoint { x: trained.density.recip(), y: vulnerability, error }));
    }
    options.figure(FIGURES[0], |stem| {
        let line = |name: &str, mark, points| ChartSeries { name: name.to_owned(), points, mark };
        let features = points.iter().filter_map(|&(y, point)| Some(ChartPoint { y: y?, error: 0.0, ..point }));
        let figure = Chart {
            x_label: "$1/(1 − S)$".to_owned(),
            y_label: "over that without superposition".to_owned(),
            x_scale: Scale::Log,
            y_scale: Scale::Linear,
            series: vec![
                line("features per dimension, $1/D^*$", ChartMark::Line, features.collect()),
                line("vulnerability", ChartMark::Joined, points.iter().map(|(_, point)| *point).collect()),
            ],
            caption: format!(
                "Rise of the loss by the worst change of length ${SHARE}$ E$‖x‖$ along a row of $W$, over $ε^2/n_s$: $n_s = {}$, \
                 $n_d = {}$, tied weights, {} steps of {BATCH} samples, seed {}; {samples} samples.",
                size.features, size.hidden, size.steps, options.seed
            ),
        };
        chart(&figure, stem)
    })?;
    Ok(
        json!({ "features": size.features, "hidden": size.hidden, "steps": size.steps, "share": SHARE, "models": list }),
    )
}
