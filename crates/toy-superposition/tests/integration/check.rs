//! What `check` tells of single features.

use std::fs;

use tempfile::tempdir;
use toy_superposition::model::{Activation, Autoencoder, Names, Weights};
use toy_superposition::nalgebra::{DMatrix, DVector};

use crate::{example, json, refused, succeeds};

/// The CSV has a line per feature, the table tells of features that are nearly dropped, and JSON has
/// no key without a value.
#[test]
fn a_check_tells_of_each_feature_and_of_those_nearly_dropped() {
    let folder = tempdir().unwrap();
    let (weights, csv) = (folder.path().join("weights.st"), folder.path().join("features.csv"));
    // Three features on axes of their own, with gains 1, 0.04 and 0.0025, and one beside the first.
    let encoder =
        DMatrix::from_row_slice(3, 4, &[1.0, 0.0, 0.0, 0.6, 0.0, 0.2, 0.0, 0.8, 0.0, 0.0, 0.05, 0.0]);
    let bias = DVector::from_row_slice(&[-0.1, -0.2, -0.3, -0.4]);
    let model = Autoencoder::tied(&encoder, &bias, Activation::Relu).unwrap();
    Weights::new(model).save(&weights, Names::Layers).unwrap();
    let check = || example("check", &["--probability", "0.3", "--samples", "64"]);
    let before = fs::read(&weights).unwrap();
    let message = refused(check().arg(&weights).arg("--per-feature").arg(&weights));
    assert!(message.contains("the weight file itself") && fs::read(&weights).unwrap() == before, "{message}");
    let mut check = example("check", &["--probability", "0.3", "--samples", "64", "--per-feature"]);
    let table = String::from_utf8(succeeds(check.arg(&csv).arg(&weights)).stdout).unwrap();
    assert!(table.contains("count as kept, 1 nearly dropped"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("probability") && line.contains(" 0.3  p")), "{table}");

    let text = fs::read_to_string(&csv).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 5);
    let column = |name: &str| {
        let at = rows[0].iter().position(|&it| it == name).unwrap();
        rows[1..].iter().map(|row| row[at]).collect::<Vec<_>>()
    };
    let numbers = |name: &str| column(name).iter().map(|it| it.parse::<f64>().unwrap()).collect::<Vec<_>>();
    let close = |given: Vec<f64>, wanted: [f64; 4]| {
        let near = given.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near, "{given:?} {wanted:?}");
    };
    close(numbers("gain"), [1.0, 0.04, 0.0025, 1.0]);
    close(numbers("bias"), [-0.1, -0.2, -0.3, -0.4]);
    // W_03 = 0.6, W_13 = 0.16, and E x = 0.15.
    close(numbers("effective_bias"), [-0.1 + 0.09, -0.2 + 0.024, -0.3, -0.4 + 0.09 + 0.024]);
    let deviation = (0.1_f64 - 0.15 * 0.15).sqrt();
    close(numbers("sigma"), [0.6, 4.0, 0.0, 0.6_f64.hypot(0.16)].map(|sigma| sigma * deviation));
    assert_eq!(column("dropped"), ["false", "false", "true", "false"]);
    assert_eq!(column("representation"), ["superposed", "absent", "absent", "superposed"]);
    assert_eq!(column("neighbours"), ["1", "0", "0", "1"]);

    let told = json(&succeeds(
        example("check", &["--probability", "0.3", "--samples", "64", "--json"]).arg(&weights),
    ));
    fn without_null(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::Array(parts) => parts.iter().all(without_null),
            serde_json::Value::Object(parts) => !parts.is_empty() && parts.values().all(without_null),
            value => !value.is_null(),
        }
    }
    assert!(without_null(&told), "{told}");
    assert_eq!((told["dropped"].as_u64(), told["nearly_dropped"].as_u64()), (Some(1), Some(1)));
}
