//! One feature more than dimensions: whether the last feature is dropped, superposed or has a
//! dimension of its own, over its importance and p.

use std::error::Error;

use serde_json::{Value, json};
use toy_superposition::figures::{Boundary, PhaseMap, Scale, phase_map};
use toy_superposition::theory::{Representation, Sacrifice, antipodal_above, one_short};

use crate::options::Options;
use crate::solve::{Found, Task, best};

pub(crate) const FIGURES: &[&str] = &["phases_2_1", "phases_3_2"];

const NAMES: [&str; 3] = ["not represented", "superposed", "own dimension"];

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let cells = options.size(16, 6);
    // Evenly spaced in the logarithm: densities from 0.01 to 1, importances from 0.1 to 10.
    let centre =
        |k: u32, from: f64, to: f64| from * (to / from).powf((f64::from(k) + 0.5) / f64::from(cells));
    let densities: Vec<f64> = (0..cells).map(|k| centre(k, 0.01, 1.0)).collect();
    let importances: Vec<f64> = (0..cells).map(|k| centre(k, 0.1, 10.0)).collect();
    let starts = options.size(6, 4);
    let mut maps = Vec::new();
    for (features, figure) in [2, 3].into_iter().zip(FIGURES) {
        let pairs: Vec<_> =
            densities.iter().flat_map(|&p| importances.iter().map(move |&iota| (p, iota))).collect();
        let task = |&(p, iota): &(f64, f64)| {
            let mut importance = vec![1.0; features];
            importance[features - 1] = iota;
            Task { importance, ..Task::paper(features, features - 1, p) }
        };
        let tasks: Vec<_> = pairs.iter().map(task).collect();
        let found = best(&tasks, starts, options.seed)?;
        let measured: Vec<usize> = found.iter().map(phase).collect();
        let (mut agree, mut gain, mut list) = (0, f64::INFINITY, Vec::new());
        for (((&(p, iota), task), found), &measured) in pairs.iter().zip(&tasks).zip(&found).zip(&measured) {
            let (sacrifice, loss) = one_short(p, &task.importance)?[0];
            let analytic = analytic(sacrifice, features);
            agree += usize::from(analytic == measured);
            gain = gain.min(found.loss / loss);
            list.push(json!({
                "probability": p,
                "importance": iota,
                "phase": NAMES[measured],
                "loss": found.loss,
                "analytic_phase": NAMES[analytic],
                "analytic_loss": loss,
            }));
        }
        let share = agree as f64 / pairs.len() as f64;
        let counts = [0, 1, 2].map(|phase| measured.iter().filter(|&&found| found == phase).count());
        options.tell(format_args!(
            "{features} features in {}: of {} cells {} {}, {} {}, {} {}; {:.1} % agree with the analytic losses; least ratio \
             of the loss to the analytic one {gain:.3}",
            features - 1,
            pairs.len(),
            counts[0],
            NAMES[0],
            counts[1],
            NAMES[1],
            counts[2],
            NAMES[2],
            100.0 * share,
        ));
        maps.push(json!({
            "features": features,
            "hidden": features - 1,
            "agreement": share,
            "least_loss_ratio": gain,
            "cells": list,
        }));
        options.figure(figure, |stem| {
            let figure = PhaseMap {
                names: NAMES.map(str::to_owned).to_vec(),
                probabilities: densities.clone(),
                ratios: importances.clone(),
                regimes: measured.iter().map(|&phase| Some(phase)).collect(),
                boundaries: boundaries(features),
                probability_scale: Scale::Log,
                ratio_scale: Scale::Log,
                ratio_label: Some("relative importance of the last feature".to_owned()),
                caption: format!(
                    "The last of $n_s = {features}$ features in $n_d = {}$ dimensions; the others have importance 1. Cells: \
                     best of {starts} starts on the exact loss, seed {}. Lines: where the analytic losses cross.",
                    features - 1,
                    options.seed
                ),
            };
            phase_map(&figure, stem)
        })?;
    }
    Ok(json!({ "starts": starts, "maps": maps }))
}

/// Returns the state of the last feature of a model as an index into [`NAMES`].
fn phase(found: &Found) -> usize {
    match found.geometry.representation.last() {
        Some(Representation::Superposed) => 1,
        Some(Representation::Dedicated) => 2,
        _ => 0,
    }
}

fn analytic(sacrifice: Sacrifice, features: usize) -> usize {
    match sacrifice {
        Sacrifice::Dropped(k) if k + 1 == features => 0,
        Sacrifice::Antipodal(_, k) if k + 1 == features => 1,
        _ => 2,
    }
}

/// Returns the boundaries at which the analytic losses are equal.
fn boundaries(features: usize) -> Vec<Boundary> {
    let densities = (0..=200).map(|k| 0.01 * 57.0_f64.powf(f64::from(k) / 200.0));
    let below: Vec<_> = densities.filter_map(|p| Some((p, antipodal_above(p).ok()??))).collect();
    let own = |(p, iota): (f64, f64)| (p, if features == 2 { iota.recip() } else { 1.0 });
    // If nothing is superposed, the least important feature is dropped.
    let above = below.iter().copied().map(own).chain([(1.0, 1.0)]).collect();
    vec![
        Boundary { name: "superposed above".to_owned(), points: below },
        Boundary { name: "own dimension above".to_owned(), points: above },
    ]
}
