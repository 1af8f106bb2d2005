//! Features in the plane, n_d = 2: the best of several descents of the exact loss.

use std::error::Error;

use serde_json::{Value, json};
use toy_superposition::figures::{Plane, PlaneVector, Planes, planes};

use crate::options::Options;
use crate::solve::{Found, Task, best, shape};

pub(crate) const FIGURES: &[&str] = &["polygons_density", "polygons_features"];

/// Densities at which models of five features are drawn.
const DENSITIES: [f64; 8] = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9];
/// Numbers of features of the models drawn at the density [`SPARSE`].
const FEATURES: [usize; 8] = [2, 3, 4, 5, 6, 7, 8, 10];
const SPARSE: f64 = 0.05;

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let densities = options.size(&DENSITIES[..], &DENSITIES[1..5]);
    let features = options.size(&FEATURES[..], &FEATURES[1..3]);
    let tasks: Vec<_> = densities
        .iter()
        .map(|&p| Task::paper(5, 2, p))
        .chain(features.iter().map(|&n| Task::paper(n, 2, SPARSE)))
        .collect();
    let starts = options.size(16, 5);
    let found = best(&tasks, starts, options.seed)?;
    let (by_density, by_features) = found.split_at(densities.len());

    options.tell(format_args!("{:>9}{:>7}{:>14}{:>7}{:>8}  shape", "features", "p", "loss/p", "D*", "agree"));
    let mut list = Vec::new();
    for (task, found) in tasks.iter().zip(&found) {
        let (n, p) = (task.law.features, task.law.paper_probability().unwrap_or(f64::NAN));
        let (geometry, shape) = (&found.geometry, shape(&found.geometry));
        let per_feature = geometry.dimensions_per_feature;
        options.tell(format_args!(
            "{n:>9}{p:>7}{:>14.6e}{:>7.3}{:>8.2}  {shape}",
            found.loss / p,
            per_feature.unwrap_or(f64::NAN),
            found.agreement
        ));
        list.push(json!({
            "features": n,
            "probability": p,
            "loss": found.loss,
            "dimensions_per_feature": per_feature,
            "feature_dimensionality": geometry.dimensionality,
            "norms": geometry.norm,
            "bias": found.model.bias().as_slice(),
            "shape": shape,
            "agreement": found.agreement,
        }));
    }
    let seeded = format!("best of {starts} starts on the exact loss, seed {}", options.seed);
    let titled = |found: &[Found], title: &dyn Fn(usize) -> String| {
        let panel = |(k, found): (usize, &Found)| plane(title(k), found);
        found.iter().enumerate().map(panel).collect::<Vec<_>>()
    };
    options.figure(FIGURES[0], |stem| {
        let figure = Planes {
            groups: Vec::new(),
            panels: titled(by_density, &|k| format!("$p = {}$", densities[k])),
            caption: format!("Five features of equal importance in the plane, by density $p$; {seeded}."),
        };
        planes(&figure, stem)
    })?;
    options.figure(FIGURES[1], |stem| {
        let figure = Planes {
            groups: Vec::new(),
            panels: titled(by_features, &|k| format!("$n_s = {}$", features[k])),
            caption: format!("Features of equal importance in the plane, $p = {SPARSE}$; {seeded}."),
        };
        planes(&figure, stem)
    })?;
    Ok(json!({ "models": list }))
}

/// Returns the feature vectors of a model with two hidden dimensions.
fn plane(title: String, found: &Found) -> Plane {
    let columns = found.model.encoder();
    let vector = |column: usize| PlaneVector {
        tip: [columns[(0, column)], columns[(1, column)]],
        ..PlaneVector::default()
    };
    let note =
        shape(&found.geometry).replace("antipodal pair", "pair").replace("dimension of its own", "alone");
    Plane { title, note, vectors: (0..columns.ncols()).map(vector).collect() }
}
