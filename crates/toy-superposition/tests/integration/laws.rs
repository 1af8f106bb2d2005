//! `check`, `train` and `mean_field` for features of any law.

use std::fs;
use std::path::{Path, PathBuf};

use nalgebra::{DMatrix, DVector};
use serde_json::Value;
use tempfile::tempdir;
use toy_superposition::data::LawSpec;
use toy_superposition::model::{Activation, Autoencoder, Names, Weights};

use crate::{errors, example, json, refused, succeeds};

/// Switches of every kind, for eight features.
const SWITCHES: [&str; 7] = [
    "kind = \"independent\"\nprobability = [0.1, 0.5, 0.02, 0.3, 0.9, 0.2, 0.15, 0.4]",
    "kind = \"exactly\"\non = 3",
    "kind = \"pairs\"\nprobability = 0.3\ncorrelation = -0.4",
    "kind = \"groups\"\nsize = 4\nprobability = [0.1, 0.6]",
    "kind = \"groups\"\nsize = 2\nof = { kind = \"exactly\", on = 2 }",
    "kind = \"graph\"\nsources = 0.1\nedges = [{ from = 0, to = 1, transmission = 0.5 }, { from = 4, to = 1, transmission = 0.9 }]",
    "kind = \"graph\"\nsources = 0.15\nedges = [{ from = 0, to = 1, transmission = 0.5 }, { from = 1, to = 2, transmission = 0.9 }, \
     { from = 2, to = 3, transmission = 0.5 }, { from = 3, to = 4, transmission = 0.7 }, { from = 4, to = 5, transmission = 0.5 }, \
     { from = 5, to = 6, transmission = 0.6 }, { from = 6, to = 7, transmission = 0.8 }, { from = 7, to = 0, transmission = 0.5 }]",
];

/// Magnitudes of every kind.
const MAGNITUDES: [&str; 6] = [
    "kind = \"uniform\"",
    "kind = \"interval\"\nlow = 0.0\nhigh = 1.7",
    "kind = \"interval\"\nlow = 0.3\nhigh = 1.2",
    "kind = \"constant\"\nvalue = 0.8",
    "kind = \"points\"\nvalues = [0.2, 1.5]\nweights = [3.0, 1.0]",
    "kind = \"exponential\"\nrate = 1.6",
];

/// Eighteen features that all reach each other: too many sources for an exact loss.
fn complete() -> String {
    let pairs = (0..18).flat_map(|from| (0..18).filter(move |&to| to != from).map(move |to| (from, to)));
    let edge = |(from, to)| format!("{{ from = {from}, to = {to}, transmission = 0.02 }}");
    let edges: Vec<_> = pairs.map(edge).collect();
    format!("features = 18\n[switches]\nkind = \"graph\"\nsources = 0.05\nedges = [{}]\n", edges.join(", "))
}

fn law(path: &Path, switches: &str, magnitude: &str) {
    fs::write(path, format!("features = 8\n[switches]\n{switches}\n[magnitude]\n{magnitude}\n")).unwrap();
}

/// Weights that leave interference of both signs.
fn weights(folder: &Path, features: usize) -> PathBuf {
    let entry = |k: usize, i: usize| ((3 * i + 7 * k) as f64).sin() * 0.8;
    let encoder = DMatrix::from_fn(features / 2 - 1, features, entry);
    let bias = DVector::from_fn(features, |i, _| -0.02 * i as f64);
    let model = Autoencoder::tied(&encoder, &bias, Activation::Relu).unwrap();
    let path = folder.join("weights.st");
    Weights::new(model).save(&path, Names::Own).unwrap();
    path
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("{key}: {object}"))
}

/// The exact loss of each law against fresh samples: 4 standard errors each (42 comparisons, α =
/// 0.3 % in all).
#[test]
fn the_exact_loss_of_every_law_agrees_with_samples() {
    let folder = tempdir().unwrap();
    let (path, weights) = (folder.path().join("law.toml"), weights(folder.path(), 8));
    for switches in SWITCHES {
        for magnitude in MAGNITUDES {
            law(&path, switches, magnitude);
            let mut check = example("check", &["--samples", "4096", "--json"]);
            let found = json(&succeeds(check.arg(&weights).arg("--law").arg(&path)));
            let (exact, sampled) = (number(&found, "exact_loss"), number(&found, "sampled_loss"));
            let error = number(&found, "sampled_standard_error");
            assert!(error > 0.0 && error < 0.2 * sampled, "{switches} {magnitude}: {found}");
            assert!(
                (exact - sampled).abs() < 4.0 * error,
                "{switches} {magnitude}: {exact} {sampled} ± {error}"
            );
            assert!(number(&found, "exact_error") < 1e-7 * exact, "{switches} {magnitude}: {found}");
            assert!(found.get("exact_unknown").is_none() && number(&found, "linear_loss") > 0.0);
            // A lens on the whole: the Gaussian prediction lies near, the parts begin where they
            // should.
            assert!((number(&found, "gaussian_loss") / exact - 1.0).abs() < 0.5, "{found}");
            let distance = number(&found["attribution"], "distance");
            assert!((exact - number(&found, "optimum_loss") - distance).abs() < 1e-9 * exact, "{found}");
            assert!(number(&found["gaussianity"], "lyapunov_ratio") > 0.0);
        }
    }
}

/// A law whose exact loss is not known is told apart in words, with all that is known beside.
#[test]
fn a_law_without_an_exact_loss_says_so() {
    let folder = tempdir().unwrap();
    let (path, weights) = (folder.path().join("law.toml"), weights(folder.path(), 18));
    fs::write(&path, complete()).unwrap();
    let check = || {
        let mut check = example("check", &["--samples", "2000"]);
        check.arg(&weights).arg("--law").arg(&path);
        check
    };
    let found = json(&succeeds(check().arg("--json")));
    for missing in ["exact_loss", "exact_error", "exact_rows", "edgeworth_loss", "gaussianity", "attribution"]
    {
        assert!(found.get(missing).is_none(), "{missing}: {found}");
    }
    assert!(found["exact_unknown"].as_str().unwrap().contains("18 sources"), "{found}");
    for known in [
        "sampled_loss",
        "gaussian_loss",
        "linear_loss",
        "optimum_loss",
        "welch_sigma",
        "sigma_mean",
        "welch_gap",
    ] {
        assert!(number(&found, known) > 0.0);
    }
    let table = String::from_utf8(succeeds(&mut check()).stdout).unwrap();
    assert!(!table.contains("exact_loss ") && table.contains("exact_unknown"), "{table}");
    let descent = ["--features", "18", "--hidden", "8", "--objective", "exact", "--law"];
    let message = refused(example("mean_field", &descent).arg(&path));
    assert!(message.contains("18 sources"), "{message}");
}

/// `train` and `mean_field` take every kind of switches, their weights carry the law, and `check`
/// without a law takes that.
#[test]
fn weights_carry_the_law_that_they_were_trained_on() {
    let folder = tempdir().unwrap();
    let (path, out) = (folder.path().join("law.toml"), folder.path().join("out.st"));
    let model = ["--features", "8", "--hidden", "3", "--json", "--law"];
    for (switches, magnitude) in SWITCHES.into_iter().zip(MAGNITUDES) {
        law(&path, switches, magnitude);
        let spec: LawSpec = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut train = example("train", &model);
        let told =
            json(&succeeds(train.arg(&path).args(["--steps", "3", "--samples", "64", "--out"]).arg(&out)));
        assert_eq!(told["law"].to_string().parse::<LawSpec>().unwrap(), spec);
        let trained = Weights::<f64>::load(&out).unwrap();
        assert_eq!(trained.metadata[LawSpec::METADATA_KEY].parse::<LawSpec>().unwrap(), spec);
        let check = || example("check", &["--samples", "64", "--json", out.to_str().unwrap()]);
        let own = json(&succeeds(&mut check()));
        let output = succeeds(check().arg("--law").arg(&path));
        assert_eq!(own, json(&output));
        assert!(!errors(&output).contains("records another law"), "{}", errors(&output));
        let output = succeeds(check().args(["--probability", "0.05"]));
        assert!(errors(&output).contains("records another law"), "{}", errors(&output));
        let other = json(&output);
        assert!(other["exact_loss"] != own["exact_loss"] && other["probability"] == 0.05);

        // Descent of the exact loss, and its check, agree on what was reached.
        let mut descent = example("mean_field", &model);
        descent.arg(&path).args(["--objective", "exact", "--steps", "2", "--polish", "5", "--out"]).arg(&out);
        let told = json(&succeeds(&mut descent));
        let found = json(&succeeds(&mut check()));
        assert!(number(&told, "loss") < number(&own, "exact_loss"), "{told} {own}");
        assert!((number(&told, "loss") / number(&found, "exact_loss") - 1.0).abs() < 1e-7, "{told} {found}");
        let message = refused(example("mean_field", &model).arg(&path));
        assert!(message.contains("mean-field loss is for the paper's law"), "{message}");
    }
    let message = refused(example("check", &[weights(folder.path(), 8).to_str().unwrap()]).arg("--json"));
    assert!(message.contains("give --probability, or --law"), "{message}");
    let nine = weights(folder.path(), 9);
    let message = refused(example("check", &["--law", path.to_str().unwrap()]).arg(nine));
    assert!(message.contains("a law of 8 features, for weights of 9"), "{message}");
}
