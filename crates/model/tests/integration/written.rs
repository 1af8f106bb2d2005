//! Tests that results are the same after they are written and read.

use nalgebra::{DMatrix, DVector};
use serde_json::{from_str, from_value, to_string, to_value};
use toy_superposition_data::{Features, Stream};
use toy_superposition_model::{Activation, Attack, Autoencoder, Estimate, attack};

#[test]
fn an_attack_is_read_as_it_was_written() {
    let encoder = DMatrix::from_row_slice(2, 3, &[1.0, -0.9, 0.2, 0.1, 0.3, 1.1]);
    let model = Autoencoder::tied(&encoder, &DVector::zeros(3), Activation::Relu).unwrap();
    let law = Features::paper(3, 0.3).unwrap();
    let found = attack(&model, &law, Stream::Evaluation.samples(3, 0..300), 0.2).unwrap();
    assert_eq!(from_str::<Attack>(&to_string(&found).unwrap()).unwrap(), found);

    let mut written = to_value(found).unwrap();
    assert_eq!((&written["size"], &written["rise"]["count"]), (&found.size.into(), &300.into()));
    written["share"] = 0.2.into();
    assert!(from_value::<Attack>(written).is_err());
}

#[test]
fn an_estimate_has_stable_names() {
    let written = serde_json::json!({ "count": 3, "mean": 2.0, "squares": 8.0 });
    let estimate: Estimate = [0.0, 2.0, 4.0].into_iter().collect();
    assert_eq!(to_value(estimate).unwrap(), written);
    assert_eq!(from_value::<Estimate>(written).unwrap(), estimate);
}
