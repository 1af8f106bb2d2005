//! Trajectories, schedules and clipping against PyTorch (goldens from
//! `tools/golden/optim_pytorch.py`).

use std::fmt::Debug;

use approx::assert_relative_eq;
use toy_superposition_optim::{
    Adam, AdamConfig, Optimizer, Real, Schedule, Sgd, SgdConfig, WeightDecay, clip_norm, clip_value,
};

const GOLDEN: &str = include_str!("../golden/pytorch.csv");
const START: [f64; 8] = [1.0, -1.25, 1.5, -1.75, 2.0, -2.25, 2.5, -2.75];

fn lines(first: &str) -> impl Iterator<Item = Vec<&str>> {
    GOLDEN.lines().map(|line| line.split(',').collect::<Vec<_>>()).filter(move |fields| fields[0] == first)
}

/// The generator's `gradient(k)`, which is exact in f32.
fn gradient(k: i32) -> [f64; 8] {
    std::array::from_fn(|i| match i as i32 {
        3 => 0.0,
        i => f64::from((37 * k + 101 * i).rem_euclid(257) - 96) / 128.0 * 2f64.powi(-4 * i),
    })
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&value| F::from_f64(value).unwrap()).collect()
}

fn compare<F: Real>(what: &str, ours: &[F], theirs: &[&str], max_relative: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let (ours, theirs): (f64, f64) = ((*ours).into(), theirs.parse().unwrap());
        let close = approx::relative_eq!(ours, theirs, epsilon = 0.0, max_relative = max_relative);
        assert!(close, "{what}, component {i}: {ours:e} here, {theirs:e} in PyTorch");
    }
}

/// Follows one case and returns the number of lists that it compared.
fn follow<F: Real + Debug>(
    name: &str,
    kind: &str,
    mut optimizer: impl Optimizer<F>,
    base: f64,
    tolerance: f64,
) -> usize {
    let mut parameters = narrow::<F>(&START);
    let (mut steps, mut compared) = (0, 0);
    let start = format!("case,{name},{kind}");
    for line in GOLDEN.lines().skip_while(|line| *line != start).skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let until: i32 = match fields[0] {
            "step" | "slot" => fields[1].parse().unwrap(),
            _ => break,
        };
        while steps < until {
            let rate = base * f64::from(1 + steps % 5) / 4.0;
            optimizer.step(&mut parameters, &narrow(&gradient(steps)), rate).unwrap();
            steps += 1;
        }
        let what = format!("{name} {kind}, {} after {steps} steps", fields[0]);
        if fields[0] == "step" {
            compare(&what, &parameters, &fields[2..], tolerance);
        } else {
            let state = optimizer.state();
            assert_eq!(state.steps, steps as u64);
            let slot = state.slots.iter().find(|slot| slot.0 == fields[2]).unwrap();
            // A moment is a sum with cancellation (by a factor ≲ 100 here). The parameters have
            // nearly no cancellation.
            compare(&what, slot.1, &fields[3..], 20.0 * tolerance);
        }
        compared += 1;
    }
    compared
}

fn all<F: Real + Debug>(kind: &str, tolerance: f64) {
    let sgd = |momentum, dampening, nesterov, weight_decay| {
        Sgd::<F>::new(8, SgdConfig { momentum, dampening, nesterov, weight_decay }).unwrap()
    };
    let mut compared = 0;
    for (name, optimizer, base) in [
        ("sgd", sgd(0.0, 0.0, false, 0.0), 0.01),
        ("sgd_decay", sgd(0.0, 0.0, false, 0.07), 0.01),
        ("sgd_momentum", sgd(0.85, 0.0, false, 0.0), 0.002),
        ("sgd_dampening", sgd(0.9, 0.3, false, 0.05), 0.002),
        ("sgd_nesterov", sgd(0.8, 0.0, true, 0.02), 0.002),
    ] {
        compared += follow(name, kind, optimizer, base, tolerance);
    }
    let adam = |beta1, beta2, epsilon, weight_decay| AdamConfig { beta1, beta2, epsilon, weight_decay };
    for (name, config) in [
        ("adam", AdamConfig::default()),
        ("adam_settings", adam(0.8, 0.95, 1e-3, WeightDecay::L2(0.1))),
        ("adam_fast", adam(0.3, 0.5, 1e-5, WeightDecay::L2(0.0))),
        ("adamw", adam(0.85, 0.99, 1e-6, WeightDecay::Decoupled(0.3))),
    ] {
        compared += follow(name, kind, Adam::<F>::new(8, config).unwrap(), 0.003, tolerance);
    }
    assert_eq!(compared, 9 * 6 + 3 + 4 * 2);
}

#[test]
fn trajectories_in_f32() {
    all::<f32>("f32", 1e-6);
}

#[test]
fn trajectories_in_f64() {
    all::<f64>("f64", 1e-14);
}

#[test]
fn schedules() {
    let mut compared = 0;
    for fields in lines("schedule") {
        let schedule = match fields[1] {
            "warm_up" => Schedule::warm_up(0.3, 8),
            "cosine" => Schedule::cosine(0.3, 0.01, 40),
            _ => Schedule::warm_up_cosine(0.3, 8, 0.01, 40),
        }
        .unwrap();
        let (step, rate): (u64, f64) = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        // PyTorch multiplies its rate from step to step, with 48 rounding errors that grow where
        // the rate falls to a tenth.
        assert_relative_eq!(schedule.learning_rate(step), rate, epsilon = 0.0, max_relative = 1e-12);
        compared += 1;
    }
    assert_eq!(compared, 19);
}

fn clip<F: Real>(fields: &[&str], tolerance: f64) {
    let (bound, norm): (f64, f64) = (fields[3].parse().unwrap(), fields[4].parse().unwrap());
    let mut gradient = narrow::<F>(&gradient(7));
    let ours = if fields[1] == "norm" { clip_norm } else { clip_value }(&mut gradient, bound).unwrap();
    assert_relative_eq!(ours, norm, epsilon = 0.0, max_relative = tolerance);
    compare(&fields[..4].join(" "), &gradient, &fields[5..], tolerance);
}

#[test]
fn clipping() {
    // A norm, a quotient and a product in the type cause a few units of rounding error.
    let (single, double): (Vec<_>, Vec<_>) = lines("clip").partition(|fields| fields[2] == "f32");
    assert_eq!((single.len(), double.len()), (3, 3));
    single.iter().for_each(|fields| clip::<f32>(fields, 4.0 * f64::from(f32::EPSILON)));
    double.iter().for_each(|fields| clip::<f64>(fields, 4.0 * f64::EPSILON));
}
