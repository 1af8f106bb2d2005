//! Correlated and anticorrelated features, compared with the exact losses of the arrangements that
//! Elhage et al. describe.
//!
//! Features that are on together should not be antipodal, and features that are never on together
//! should be. For pairs that are on together with probability p, in one dimension per pair, two
//! arrangements compete. Vectors that are orthogonal within pairs and antipodal across them lose
//! `p²/6` per feature. If both features of a pair lie along one direction and their outputs are
//! their mean, the loss is `p E(u − u')²/4 = p/24`, which is less for `p > 1/4`.

use std::error::Error;

use nalgebra::DMatrix;
use serde_json::{Value, json};
use toy_superposition::data::{LawSpec, MagnitudeSpec, PerFeature, SwitchesSpec};
use toy_superposition::figures::{
    Chart, ChartMark, ChartPoint, ChartSeries, Plane, PlaneVector, Planes, Scale, chart, planes,
};
use toy_superposition::theory::exact_loss;

use crate::options::Options;
use crate::solve::{Found, Task, best, shape};

pub(crate) const FIGURES: &[&str] = &["correlated", "correlated_mean"];

/// Density of the first experiments.
const SPARSE: f64 = 0.05;
/// Densities at which pairs may or may not collapse to their mean.
const DENSITIES: [f64; 10] = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 0.8];

/// A law and the arrangement that is expected for it.
struct Case {
    name: &'static str,
    task: Task,
    /// Unit vectors as columns; the biases are 0.
    ideal: DMatrix<f64>,
    /// Number of consecutive features in a pair or set.
    set: usize,
}

fn law(features: usize, switches: SwitchesSpec) -> LawSpec {
    LawSpec { features, switches, magnitude: MagnitudeSpec::default() }
}

fn pairs(p: f64, correlation: f64) -> LawSpec {
    law(4, SwitchesSpec::Pairs { probability: p, correlation })
}

fn sets(size: usize, p: f64) -> LawSpec {
    let probability = Some(PerFeature::Same(p));
    law(2 * size, SwitchesSpec::Groups { size: Some(size), groups: None, probability, of: None })
}

/// Returns the columns `e_0 … e_{d−1}, −e_0 … −e_{d−1}`, in which antipodes are d apart.
fn across(dimensions: usize) -> DMatrix<f64> {
    DMatrix::from_fn(dimensions, 2 * dimensions, |row, i| {
        if i % dimensions != row {
            0.0
        } else if i < dimensions {
            1.0
        } else {
            -1.0
        }
    })
}

/// Returns the columns `e_0, −e_0, e_1, −e_1, …`, in which neighbours are antipodes.
fn within(dimensions: usize) -> DMatrix<f64> {
    DMatrix::from_fn(dimensions, 2 * dimensions, |row, i| {
        if i / 2 != row {
            0.0
        } else if i % 2 == 0 {
            1.0
        } else {
            -1.0
        }
    })
}

/// Returns the columns `e_0/√2, e_0/√2, e_1/√2, …`: both features of a pair along one direction.
fn mean(dimensions: usize) -> DMatrix<f64> {
    within(dimensions).abs() * 0.5_f64.sqrt()
}

fn cases() -> Vec<Case> {
    let p = SPARSE;
    let case = |name, law: LawSpec, ideal: DMatrix<f64>, set| Case {
        name,
        task: Task { importance: vec![1.0; law.features], law, hidden: ideal.nrows() },
        ideal,
        set,
    };
    vec![
        case("independent", LawSpec::paper(4, p), within(2), 2),
        case("correlated pairs", pairs(p, 1.0), across(2), 2),
        case("anticorrelated pairs", pairs(p, -p / (1.0 - p)), within(2), 2),
        case("correlated sets of three", sets(3, p), across(3), 3),
        case("one at a time", law(6, SwitchesSpec::Exactly { on: 1 }), across(3), 6),
    ]
}

/// Returns the exact loss per feature of an arrangement with biases of 0.
fn loss_of(ideal: &DMatrix<f64>, law: &LawSpec) -> Result<f64, Box<dyn Error>> {
    let bias = vec![0.0; ideal.ncols()];
    Ok(exact_loss(&ideal.tr_mul(ideal), &bias, &law.build()?)?.loss)
}

/// Returns the mean of `cos θ` over all pairs of features of one set.
fn cosine_within(found: &Found, set: usize) -> f64 {
    let vectors = found.model.encoder();
    let features = vectors.ncols();
    let pairs = (0..features).flat_map(|i| (i + 1..features).map(move |j| (i, j)));
    let cosines: Vec<f64> = pairs
        .filter(|(i, j)| i / set == j / set)
        .map(|(i, j)| {
            vectors.column(i).dot(&vectors.column(j)) / (vectors.column(i).norm() * vectors.column(j).norm())
        })
        .collect();
    cosines.iter().sum::<f64>() / cosines.len() as f64
}

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let cases = cases();
    let densities = options.size(&DENSITIES[..], &DENSITIES[4..8]);
    let mut tasks: Vec<Task> = cases.iter().map(|case| case.task.clone()).collect();
    tasks.extend(densities.iter().map(|&p| Task { law: pairs(p, 1.0), ..Task::paper(4, 2, p) }));
    let starts = options.size(12, 4);
    let found = best(&tasks, starts, options.seed)?;
    let (found, collapsing) = found.split_at(cases.len());

    options.tell(format_args!(
        "{:<26}{:>5}{:>5}{:>13}{:>13}{:>9}  {:>10} {:<7} shape",
        "law", "n_s", "n_d", "loss", "ideal loss", "cos set", "antipodes", "in set"
    ));
    let mut list = Vec::new();
    for (case, found) in cases.iter().zip(found) {
        let ideal = loss_of(&case.ideal, &case.task.law)?;
        let antipodes = &found.geometry.antipodes;
        let inside = antipodes.iter().filter(|(i, j)| i / case.set == j / case.set).count();
        let cosine = cosine_within(found, case.set);
        options.tell(format_args!(
            "{:<26}{:>5}{:>5}{:>13.4e}{ideal:>13.4e}{cosine:>9.3}  {:>10} {inside:<7} {}",
            case.name,
            case.task.law.features,
            case.task.hidden,
            found.loss,
            antipodes.len(),
            shape(&found.geometry)
        ));
        list.push(json!({
            "law": case.name,
            "features": case.task.law.features,
            "hidden": case.task.hidden,
            "loss": found.loss,
            "ideal_loss": ideal,
            "cosine_within_sets": cosine,
            "antipodes": antipodes.len(),
            "antipodes_within_sets": inside,
            "feature_dimensionality": found.geometry.dimensionality,
            "shape": shape(&found.geometry),
        }));
    }

    options.tell(format_args!(
        "\npairs on together, 4 features in 2 dimensions:\n{:>7}{:>13}{:>16}{:>13}{:>10}",
        "p", "loss/p", "antipodal: p/6", "mean: 1/24", "cos pair"
    ));
    let mut means = Vec::new();
    for (&p, found) in densities.iter().zip(collapsing) {
        let law = pairs(p, 1.0);
        let (antipodal, mean) = (loss_of(&across(2), &law)?, loss_of(&mean(2), &law)?);
        let cosine = cosine_within(found, 2);
        options.tell(format_args!(
            "{p:>7}{:>13.5}{:>16.5}{:>13.5}{cosine:>10.3}",
            found.loss / p,
            antipodal / p,
            mean / p
        ));
        means.push(json!({
            "probability": p,
            "loss": found.loss,
            "antipodal_loss": antipodal,
            "mean_loss": mean,
            "cosine_within_pairs": cosine,
        }));
    }

    let seeded = format!("best of {starts} starts on the exact loss, seed {}", options.seed);
    options.figure(FIGURES[0], |stem| {
        let flat = cases.iter().zip(found).filter(|(case, _)| case.task.hidden == 2);
        let figure = Planes {
            groups: ["first pair", "second pair"].map(str::to_owned).to_vec(),
            panels: flat.map(|(case, found)| plane(case.name.to_owned(), found)).collect(),
            caption: format!(
                "Four features in the plane by the law of their switches, $p = {SPARSE}$; {seeded}."
            ),
        };
        planes(&figure, stem)
    })?;
    options.figure(FIGURES[1], |stem| {
        let series = |name: &str, mark, of: &dyn Fn(f64) -> f64, at: &[f64]| ChartSeries {
            name: name.to_owned(),
            points: at.iter().map(|&x| ChartPoint { x, y: of(x), error: 0.0 }).collect(),
            mark,
        };
        let fine: Vec<f64> = (0..=60).map(|k| 0.02 * 40.0_f64.powf(f64::from(k) / 60.0)).collect();
        let loss = |p: f64| {
            let found = densities.iter().zip(collapsing).find(|(density, _)| **density == p);
            found.map_or(f64::NAN, |(_, found)| found.loss / p)
        };
        let figure = Chart {
            x_label: "density $p$ of each pair".to_owned(),
            y_label: "loss per feature$/p$".to_owned(),
            x_scale: Scale::Log,
            y_scale: Scale::Log,
            series: vec![
                series("antipodal across pairs, $p/6$", ChartMark::Dashed, &|p| p / 6.0, &fine),
                series("mean of each pair, $1/24$", ChartMark::Line, &|_| 1.0 / 24.0, &fine),
                series("least found", ChartMark::Points, &loss, densities),
            ],
            caption: format!(
                "Two pairs of features that are on together, in the plane; {seeded}. Lines: exact losses."
            ),
        };
        chart(&figure, stem)
    })?;
    Ok(json!({ "probability": SPARSE, "starts": starts, "laws": list, "pairs": means }))
}

/// Returns the feature vectors of two pairs.
fn plane(title: String, found: &Found) -> Plane {
    let columns = found.model.encoder();
    let vector = |column: usize| PlaneVector {
        tip: [columns[(0, column)], columns[(1, column)]],
        group: column / 2,
        trail: Vec::new(),
    };
    Plane { title, note: String::new(), vectors: (0..columns.ncols()).map(vector).collect() }
}
