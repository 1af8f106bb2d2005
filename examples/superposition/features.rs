//! Importance and sparsity: which features are represented, and at what cost for the others.

use std::error::Error;

use serde_json::{Value, json};
use toy_superposition::figures::{WeightPanel, WeightPanels, weight_panels};
use toy_superposition::theory::Representation;

use crate::options::Options;
use crate::solve::{Found, Task, best};

pub(crate) const FIGURES: &[&str] = &["features"];

const DENSITIES: [f64; 6] = [1.0, 0.5, 0.3, 0.1, 0.03, 0.01];
/// Base of the importance, ι_i = 0.7^i.
const IMPORTANCE: f64 = 0.7;

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let (features, hidden) = options.size((20, 5), (8, 3));
    let densities = options.size(&DENSITIES[..], &DENSITIES[1..4]);
    let importance: Vec<f64> = (0..features).map(|i| IMPORTANCE.powi(i)).collect();
    let task =
        |&p: &f64| Task { importance: importance.clone(), ..Task::paper(features as usize, hidden, p) };
    let tasks: Vec<_> = densities.iter().map(task).collect();
    let starts = options.size(6, 2);
    let found = best(&tasks, starts, options.seed)?;

    options.tell(format_args!(
        "{features} features in {hidden} dimensions, importance {IMPORTANCE}^i, best of {starts} starts:\n\
         {:>7}{:>16}{:>13}{:>11}{:>9}{:>7}  bias of feature 0 … {}",
        "p",
        "weighted loss/p",
        "represented",
        "superposed",
        "dropped",
        "D*",
        features - 1
    ));
    let mut list = Vec::new();
    for (&p, found) in densities.iter().zip(&found) {
        let geometry = &found.geometry;
        let count = |what| geometry.representation.iter().filter(|&&found| found == what).count();
        let [dropped, dedicated, superposed] =
            [Representation::Absent, Representation::Dedicated, Representation::Superposed].map(count);
        let bias = found.model.bias();
        options.tell(format_args!(
            "{p:>7}{:>16.6e}{:>13}{superposed:>11}{dropped:>9}{:>7.3}  {:.3} … {:.3}",
            found.loss / p,
            dedicated + superposed,
            geometry.dimensions_per_feature.unwrap_or(f64::NAN),
            bias[0],
            bias[bias.len() - 1],
        ));
        list.push(json!({
            "probability": p,
            "weighted_loss": found.loss,
            "represented": dedicated + superposed,
            "superposed": superposed,
            "dropped": dropped,
            "dimensions_per_feature": geometry.dimensions_per_feature,
            "feature_dimensionality": geometry.dimensionality,
            "norms": geometry.norm,
            "bias": bias.as_slice(),
        }));
    }
    options.figure(FIGURES[0], |stem| {
        let panel = |(p, found): (&f64, &Found)| WeightPanel {
            title: format!("$p = {p}$"),
            features: features as usize,
            values: found.product.rows().flatten().copied().collect(),
            bias: found.model.bias().iter().copied().collect(),
        };
        let figure = WeightPanels {
            panels: densities.iter().zip(&found).map(panel).collect(),
            caption: format!(
                "$W^T W$ and $b$ of $n_s = {features}$ features in $n_d = {hidden}$ dimensions, importance ${IMPORTANCE}^i$ \
                 falling downward; best of {starts} starts on the exact loss, seed {}.",
                options.seed
            ),
        };
        weight_panels(&figure, stem)
    })?;
    Ok(
        json!({ "features": features, "hidden": hidden, "importance_ratio": IMPORTANCE, "starts": starts, "models": list }),
    )
}
