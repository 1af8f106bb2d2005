//! The serialised forms of settings have stable names and are checked when they are read.

use serde_json::{Value, from_value, json, to_value};
use toy_superposition_optim::{
    AdamConfig, LbfgsConfig, OptimizerConfig, Schedule, SgdConfig, SgldConfig, StopRule, WeightDecay,
};

/// Checks the serialised form, and that it is read back. The names are part of the format of
/// checkpoints.
fn written<V>(value: V, expected: Value)
where
    V: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(to_value(&value).unwrap(), expected);
    assert_eq!(from_value::<V>(expected).unwrap(), value);
}

#[test]
fn names_are_stable() {
    written(
        OptimizerConfig::Adam(AdamConfig {
            weight_decay: WeightDecay::Decoupled(0.01),
            ..AdamConfig::default()
        }),
        json!({ "kind": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "weight_decay": { "decoupled": 0.01 } }),
    );
    written(
        OptimizerConfig::Sgd(SgdConfig { momentum: 0.9, ..SgdConfig::default() }),
        json!({ "kind": "sgd", "momentum": 0.9, "dampening": 0.0, "nesterov": false, "weight_decay": 0.0 }),
    );
    written(
        SgldConfig { inverse_temperature: 100.0, localisation: 5.0, step: 1e-3 },
        json!({ "inverse_temperature": 100.0, "localisation": 5.0, "step": 1e-3 }),
    );
    written(
        Schedule::warm_up_cosine(0.1, 5, 0.01, 30).unwrap(),
        json!({ "kind": "pieces", "rate": 0.1, "floor": 0.01, "warm_up": 5, "cosine": 30 }),
    );
    written(Schedule::constant(0.1).unwrap(), json!({ "kind": "pieces", "rate": 0.1 }));
    written(Schedule::table(vec![0.1, 0.2]).unwrap(), json!({ "kind": "table", "rates": [0.1, 0.2] }));
    written(StopRule::Steps { steps: 7 }, json!({ "kind": "steps", "steps": 7 }));
    written(StopRule::PAPER_TEXT, json!({ "kind": "windows", "window": 100 }));
    written(
        StopRule::RELEASED_CODE,
        json!({ "kind": "epoch_windows", "window": 200, "epoch_steps": 30, "max_epochs": 1500 }),
    );
    written(
        StopRule::Descent { window: 500, fall: 0.02, false_stop: 0.05 },
        json!({ "kind": "descent", "window": 500, "fall": 0.02, "false_stop": 0.05 }),
    );
    assert_eq!(from_value::<OptimizerConfig>(json!({ "kind": "adam" })).unwrap(), OptimizerConfig::default());
    assert_eq!(from_value::<LbfgsConfig>(json!({ "history": 10 })).unwrap(), LbfgsConfig::default());
}

#[test]
fn what_is_wrong_is_refused() {
    for bad in [
        json!({ "kind": "pieces", "rate": -0.1 }),
        json!({ "kind": "pieces", "rate": 0.1, "floor": 0.2, "cosine": 3 }),
        json!({ "kind": "pieces", "rate": 0.1, "warm_up": 0 }),
        json!({ "kind": "pieces", "rate": 0.1, "warmup": 3 }),
        json!({ "kind": "table", "rates": [] }),
        json!({ "kind": "function", "name": "ramp" }),
    ] {
        assert!(from_value::<Schedule>(bad.clone()).is_err(), "{bad}");
    }
    let function = to_value(Schedule::function("ramp", |step| step as f64)).unwrap();
    assert_eq!(function, json!({ "kind": "function", "name": "ramp" }));
    for bad in
        [json!({ "kind": "adam", "beta3": 0.9 }), json!({ "kind": "adagrad" }), json!({ "beta1": 0.9 })]
    {
        assert!(from_value::<OptimizerConfig>(bad.clone()).is_err(), "{bad}");
    }
}
