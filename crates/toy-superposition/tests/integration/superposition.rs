//! `superposition`: what Elhage et al. (2022) found, from several seeds.

use serde_json::Value;
use tempfile::tempdir;
use toy_superposition::theory::{Sacrifice, one_short};

use crate::{errors, example, json, refused, succeeds};

fn quick(command: &str, seed: u64) -> Value {
    json(&succeeds(example("superposition", &[command, "--quick", "--json", "--seed"]).arg(seed.to_string())))
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of[key].as_array().unwrap()
}

/// Five features in the plane are a pentagon where they are sparse and two pairs where they are
/// not; three and four are a pair beside a line, and two pairs.
#[test]
fn pentagons_and_pairs_are_found_from_every_seed() {
    let pairs = "2 × antipodal pair";
    for seed in [1, 2, 3] {
        let found = quick("polygons", seed);
        let shape = |features: u64, p: f64| {
            let wanted = |model: &&Value| model["features"] == features && model["probability"] == p;
            list(&found, "models").iter().find(wanted).unwrap()["shape"].as_str().unwrap().to_owned()
        };
        for p in [0.05, 0.1] {
            assert_eq!(shape(5, p), "pentagon", "seed {seed}");
        }
        assert_eq!(shape(5, 0.3), format!("{pairs}, 1 dropped"), "seed {seed}");
        assert_eq!(shape(3, 0.05), "antipodal pair, dimension of its own", "seed {seed}");
        assert_eq!(shape(4, 0.05), pairs, "seed {seed}");
        for model in list(&found, "models").iter().filter(|model| model["shape"] == "pentagon") {
            for d in list(model, "feature_dimensionality") {
                assert!((d.as_f64().unwrap() - 0.4).abs() < 0.02, "{model}");
            }
        }
    }
}

/// The least loss found is never above the least of the analytic ones, and the phases are theirs
/// wherever the best of them is clear of the next by a fifth.
#[test]
fn phases_are_those_of_the_analytic_losses() {
    for seed in [0, 5] {
        let found = quick("phases", seed);
        for map in list(&found, "maps") {
            let features = map["features"].as_u64().unwrap() as usize;
            let mut clear = 0;
            for cell in list(map, "cells") {
                let number = |key: &str| cell[key].as_f64().unwrap();
                let (loss, analytic) = (number("loss"), number("analytic_loss"));
                assert!(loss <= analytic * (1.0 + 1e-5) && loss > 0.85 * analytic, "{cell}");
                let mut importance = vec![1.0; features];
                importance[features - 1] = number("importance");
                let ways = one_short(number("probability"), &importance).unwrap();
                // The next way that does something else with the last feature.
                let role = |way: &Sacrifice| match *way {
                    Sacrifice::Dropped(k) if k + 1 == features => 0,
                    Sacrifice::Antipodal(_, k) if k + 1 == features => 1,
                    _ => 2,
                };
                let next = ways.iter().find(|(way, _)| role(way) != role(&ways[0].0)).unwrap();
                if next.1 > 1.2 * ways[0].1 {
                    clear += 1;
                    assert_eq!(cell["phase"], cell["analytic_phase"], "{cell}");
                }
            }
            assert!(clear >= 15, "{clear} of {}", list(map, "cells").len());
        }
    }
}

/// Antipodes lie within pairs that are never on together and across pairs that always are; beyond
/// p = 1/4 the latter collapse to their means, which lose p/24.
#[test]
fn correlation_says_who_is_antipodal_to_whom() {
    let found = quick("correlated", 2);
    let by_name = |name: &str| list(&found, "laws").iter().find(|law| law["law"] == name).unwrap();
    for (name, antipodes, within) in
        [("correlated pairs", 2, 0), ("anticorrelated pairs", 2, 2), ("correlated sets of three", 3, 0)]
    {
        let law = by_name(name);
        assert_eq!(
            (&law["antipodes"], &law["antipodes_within_sets"]),
            (&antipodes.into(), &within.into()),
            "{law}"
        );
        let [loss, ideal] = ["loss", "ideal_loss"].map(|key| law[key].as_f64().unwrap());
        assert!(loss <= ideal + 1e-9 && loss > 0.98 * ideal - 1e-9, "{law}");
    }
    for pair in list(&found, "pairs") {
        let [p, loss, cosine] =
            ["probability", "loss", "cosine_within_pairs"].map(|key| pair[key].as_f64().unwrap());
        assert!((pair["antipodal_loss"].as_f64().unwrap() / (p * p / 6.0) - 1.0).abs() < 1e-9, "{pair}");
        assert!((pair["mean_loss"].as_f64().unwrap() / (p / 24.0) - 1.0).abs() < 1e-9, "{pair}");
        if p < 0.24 {
            assert!(cosine.abs() < 0.1 && loss < p * p / 6.0, "{pair}");
        } else if p > 0.26 {
            assert!((cosine - 1.0).abs() < 1e-3 && (loss / (p / 24.0) - 1.0).abs() < 1e-5, "{pair}");
        }
    }
}

#[test]
fn figures_are_drawn_where_asked_and_tables_are_printed() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("figures");
    let output = succeeds(example("superposition", &["features", "--quick", "--out"]).arg(&out));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("represented") && text.lines().count() >= 5, "{text}");
    for extension in ["png", "svg"] {
        assert!(out.join("features").with_extension(extension).is_file());
    }
    std::fs::create_dir(out.join("dynamics_plane.png")).unwrap();
    let message = refused(example("superposition", &["dynamics", "--out"]).arg(&out));
    assert!(message.contains("dynamics_plane.png"), "{message}");
    let output = example("superposition", &["hexagons"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
}
