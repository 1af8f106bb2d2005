//! `--importance` of `train` and `mean_field`.

use std::fs;

use tempfile::tempdir;
use toy_superposition::model::Weights;

use crate::{errors, example, json, refused, succeeds};

const MODEL: [&str; 7] = ["--features", "8", "--hidden", "3", "--probability", "0.2", "--json"];

/// A ratio and the file of its powers train the same weights, which say what was important.
#[test]
fn a_ratio_is_the_file_of_its_powers() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let powers: Vec<f64> = (0..8).map(|i| 0.5_f64.powi(i)).collect();
    let text: Vec<String> = powers.iter().map(ToString::to_string).collect();
    fs::write(at("powers.txt"), text.join("\n")).unwrap();
    let powers_file = at("powers.txt").into_os_string().into_string().unwrap();
    let train = |importance: &[&str], out: &str| {
        let mut command = example("train", &MODEL);
        command.args(["--steps", "20", "--samples", "500"]).args(importance).arg("--out").arg(at(out));
        json(&succeeds(&mut command))
    };
    let by_ratio = train(&["--importance", "0.5"], "ratio.st");
    let by_file = train(&["--importance", &powers_file], "file.st");
    let plain = train(&[], "plain.st");
    assert_eq!(fs::read(at("ratio.st")).unwrap(), fs::read(at("file.st")).unwrap());
    assert_eq!(by_ratio["weighted_loss"], by_file["weighted_loss"]);
    let [weighted, loss] = ["weighted_loss", "loss"].map(|key| by_ratio[key].as_f64().unwrap());
    assert!(weighted > 0.0 && weighted < loss && by_ratio["loss"] != plain["loss"], "{by_ratio} {plain}");
    assert!(plain.get("weighted_loss").is_none());
    let saved = Weights::<f64>::load(at("ratio.st")).unwrap();
    assert_eq!(serde_json::from_str::<Vec<f64>>(&saved.metadata["importance"]).unwrap(), powers);
    assert!(!Weights::<f64>::load(at("plain.st")).unwrap().metadata.contains_key("importance"));
}

/// Both objectives descend the weighted loss, under the paper's law and another; the shares of the
/// dimensions add up.
#[test]
fn descents_are_weighted() {
    let folder = tempdir().unwrap();
    let law = folder.path().join("law.toml");
    fs::write(&law, "features = 8\n[switches]\nkind = \"pairs\"\nprobability = 0.2\ncorrelation = 0.5\n")
        .unwrap();
    let descend = |objective: &str, steps: &str| {
        let mut command = example("mean_field", &MODEL);
        command.args(["--importance", "0.6", "--objective", objective, "--steps", steps]);
        json(&succeeds(&mut command))
    };
    for objective in ["exact", "mean-field"] {
        let (first, last) = (descend(objective, "1"), descend(objective, "200"));
        let [start, end] = [&first, &last].map(|found| found["weighted_loss"].as_f64().unwrap());
        assert!(end < 0.8 * start, "{objective}: {first} {last}");
        let ratios: Vec<f64> = serde_json::from_value(last["ratios"].clone()).unwrap();
        assert!((ratios.iter().sum::<f64>() - 3.0).abs() < 1e-6, "{ratios:?}");
        assert!(ratios.windows(2).all(|pair| pair[0] >= pair[1]) && ratios[0] > ratios[7]);
        assert!(last["weighted_optimum"].as_f64().unwrap() > 0.0);
    }
    let mut pairs = example("mean_field", &["--features", "8", "--hidden", "3", "--objective", "exact"]);
    pairs.args(["--steps", "3", "--importance", "0.6", "--json", "--law"]).arg(&law);
    let found = json(&succeeds(&mut pairs));
    assert!(found["weighted_loss"].as_f64().unwrap() > 0.0 && found.get("ratios").is_none(), "{found}");
}

#[test]
fn importances_that_mean_nothing_are_refused() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("importance.txt");
    let path = file.to_str().unwrap();
    for name in ["train", "mean_field"] {
        for given in ["0", "1.5", "-0.5", "nan"] {
            let output = example(name, &MODEL).args(["--importance", given]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{name} {given}");
            assert!(errors(&output).contains("not in (0, 1]"), "{}", errors(&output));
        }
        let refused = || refused(example(name, &MODEL).args(["--steps", "1", "--importance", path]));
        let _ = fs::remove_file(&file);
        assert!(refused().contains(path));
        fs::write(&file, "1 2 3").unwrap();
        assert!(refused().contains("3 numbers, for 8 features"));
        fs::write(&file, "1 2 3 4 five 6 7 8").unwrap();
        assert!(refused().contains("\"five\" is not a number"));
        fs::write(&file, "1 2 3 -4 5 6 7 8").unwrap();
        assert!(refused().contains("importance"));
    }
}
