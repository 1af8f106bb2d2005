//! The contract of every optimizer: errors change nothing, restored states continue with the same
//! bits, and steps can be applied in pieces.

use proptest::prelude::*;
use toy_superposition_optim::{
    Adam, AdamConfig, Error, Optimizer, OptimizerConfig, Result, Sgd, SgdConfig, State, WeightDecay,
};

const LENGTH: usize = 5;

fn optimizers() -> Vec<Box<dyn Optimizer<f32>>> {
    let sgd = SgdConfig { momentum: 0.9, dampening: 0.2, weight_decay: 0.1, ..SgdConfig::default() };
    let adamw = AdamConfig { weight_decay: WeightDecay::Decoupled(0.1), ..AdamConfig::default() };
    vec![
        Box::new(Sgd::new(LENGTH, SgdConfig::default()).unwrap()),
        Box::new(Sgd::new(LENGTH, sgd).unwrap()),
        Box::new(Adam::new(LENGTH, AdamConfig::default()).unwrap()),
        Box::new(Adam::new(LENGTH, adamw).unwrap()),
    ]
}

fn advance(optimizer: &mut dyn Optimizer<f32>, parameters: &mut [f32], steps: std::ops::Range<u32>) {
    for k in steps {
        let gradient: Vec<f32> = (0..LENGTH).map(|i| ((k + 3) as f32 * (i + 1) as f32 * 0.7).sin()).collect();
        optimizer.step(parameters, &gradient, 0.01 / f64::from(k + 1)).unwrap();
    }
}

#[test]
fn a_restored_optimizer_gives_the_same_bits() {
    for cut in [0, 1, 17] {
        for (mut whole, mut resumed) in optimizers().into_iter().zip(optimizers()) {
            let mut parameters = [0.5; LENGTH];
            advance(&mut *whole, &mut parameters, 0..cut);
            let mut later = parameters;
            // The optimizer has already taken steps, since restoring must not rely on a fresh one.
            advance(&mut *resumed, &mut [0.1; LENGTH], 0..3);
            resumed.restore(&whole.state()).unwrap();
            assert_eq!(resumed.state(), whole.state());
            advance(&mut *whole, &mut parameters, cut..cut + 20);
            advance(&mut *resumed, &mut later, cut..cut + 20);
            assert_eq!(parameters.map(f32::to_bits), later.map(f32::to_bits));
            assert_eq!(resumed.state(), whole.state());
        }
    }
}

/// Takes a step that must fail, and checks that nothing has changed.
fn refused(optimizer: &mut dyn Optimizer<f32>, parameters: &mut [f32], gradient: &[f32], rate: f64) -> Error {
    let copy = |state: State<'_, f32>| -> (u64, Vec<Vec<f32>>) {
        (state.steps, state.slots.iter().map(|slot| slot.1.to_vec()).collect())
    };
    let (before, state) = (parameters.to_vec(), copy(optimizer.state()));
    let error = optimizer.step(parameters, gradient, rate).unwrap_err();
    assert_eq!(parameters, before);
    assert_eq!(copy(optimizer.state()), state);
    error
}

#[test]
fn a_refused_step_changes_nothing() {
    for mut optimizer in optimizers() {
        let mut parameters = [0.5; LENGTH];
        advance(&mut *optimizer, &mut parameters, 0..3);
        let good = [0.1; LENGTH];
        for (index, bad) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().enumerate() {
            let mut gradient = good;
            gradient[index] = bad;
            let error = refused(&mut *optimizer, &mut parameters, &gradient, 0.1);
            assert!(matches!(error, Error::NotFinite { what: "gradient", index: i, .. } if i == index));
        }
        for rate in [-0.1, f64::NAN, f64::INFINITY] {
            let error = refused(&mut *optimizer, &mut parameters, &good, rate);
            assert!(matches!(error, Error::Setting { name: "learning rate", .. }));
        }
        let error = refused(&mut *optimizer, &mut parameters, &good[1..], 0.1);
        assert_eq!(error, Error::Length { what: "gradient", given: 4, expected: 5 });
        let error = refused(&mut *optimizer, &mut parameters[1..], &good[1..], 0.1);
        assert_eq!(error, Error::Length { what: "parameters", given: 4, expected: 5 });
    }
}

#[test]
fn a_wrong_state_is_refused_whole() {
    let mut adam = Adam::<f32>::new(2, AdamConfig::default()).unwrap();
    adam.step(&mut [1.0, 1.0], &[0.3, 0.4], 0.1).unwrap();
    let before = adam.clone();
    let (first, second): (&[f32], &[f32]) = (&[0.1, 0.2], &[0.3, 0.4]);
    let mut restore = |slots: Vec<(&'static str, &[f32])>| {
        let result = adam.restore(&State { steps: 7, slots });
        assert_eq!(adam, before);
        result.unwrap_err()
    };
    let error = restore(vec![("first_moment", first), ("momentum", second)]);
    assert_eq!(error, Error::MissingSlot { name: "second_moment" });
    assert_eq!(restore(vec![("first_moment", first)]), Error::Slots { given: 1, expected: 2 });
    let error = restore(vec![("first_moment", first), ("second_moment", &second[1..])]);
    assert_eq!(error, Error::Length { what: "second_moment", given: 1, expected: 2 });
    let error = restore(vec![("first_moment", first), ("second_moment", &[0.1, f32::INFINITY])]);
    assert!(matches!(error, Error::NotFinite { what: "second_moment", index: 1, .. }));
    let error = restore(vec![("first_moment", first), ("second_moment", &[0.5, -0.5])]);
    assert_eq!(error, Error::Negative { what: "second_moment", index: 1, given: -0.5 });
    let mut plain = Sgd::<f32>::new(2, SgdConfig::default()).unwrap();
    let error = plain.restore(&State { steps: 1, slots: vec![("momentum", first)] });
    assert_eq!(error, Err(Error::Slots { given: 1, expected: 0 }));
}

#[test]
fn settings_are_checked() {
    let default = AdamConfig::default();
    for (config, name) in [
        (AdamConfig { beta1: 1.0, ..default }, "beta1"),
        (AdamConfig { beta1: -0.1, ..default }, "beta1"),
        (AdamConfig { beta2: f64::NAN, ..default }, "beta2"),
        (AdamConfig { epsilon: 0.0, ..default }, "epsilon"),
        (AdamConfig { epsilon: 1e-60, ..default }, "epsilon"), // zero in f32
        (AdamConfig { weight_decay: WeightDecay::L2(-1.0), ..default }, "weight decay"),
        (AdamConfig { weight_decay: WeightDecay::Decoupled(f64::INFINITY), ..default }, "weight decay"),
    ] {
        let error = Adam::<f32>::new(1, config).unwrap_err();
        assert!(matches!(error, Error::Setting { name: n, .. } if n == name), "{config:?}: {error}");
    }
    let adam = Adam::<f64>::new(1, AdamConfig { epsilon: 1e-60, ..default }).unwrap();
    assert_eq!(adam.config().epsilon, 1e-60);
    let default = SgdConfig::default();
    for (config, name) in [
        (SgdConfig { momentum: -0.1, ..default }, "momentum"),
        (SgdConfig { dampening: f64::NAN, ..default }, "dampening"),
        (SgdConfig { weight_decay: f64::INFINITY, ..default }, "weight decay"),
    ] {
        let error = Sgd::<f32>::new(1, config).unwrap_err();
        assert!(matches!(error, Error::Setting { name: n, .. } if n == name), "{config:?}: {error}");
    }
    for (momentum, dampening) in [(0.0, 0.0), (0.9, 0.1)] {
        let config = SgdConfig { momentum, dampening, nesterov: true, ..default };
        assert_eq!(Sgd::<f32>::new(1, config).unwrap_err(), Error::Nesterov { momentum, dampening });
    }
}

proptest! {
    #[test]
    fn a_step_in_parts_has_the_bits_of_a_step_whole(
        size in 1usize..=120,
        which in 0usize..5,
        decay in 0.0..0.5,
    ) {
        const N: usize = 100;
        let adam = |weight_decay| AdamConfig { beta1: 0.8, beta2: 0.95, epsilon: 1e-5, weight_decay };
        let sgd = SgdConfig { weight_decay: decay, ..SgdConfig::default() };
        let config = [
            OptimizerConfig::Adam(adam(WeightDecay::L2(decay))),
            OptimizerConfig::Adam(adam(WeightDecay::Decoupled(decay))),
            OptimizerConfig::Sgd(sgd),
            OptimizerConfig::Sgd(SgdConfig { momentum: 0.7, dampening: 0.2, ..sgd }),
            OptimizerConfig::Sgd(SgdConfig { momentum: 0.7, nesterov: true, ..sgd }),
        ][which];
        let (mut whole, mut parts) = (config.build(N).unwrap(), config.build(N).unwrap());
        let mut whole_parameters: Vec<f32> = (0..N).map(|i| (i as f32).cos()).collect();
        let mut parts_parameters = whole_parameters.clone();
        for k in 0..20 {
            let gradient: Vec<f32> = (0..N).map(|i| ((i * (k + 2)) as f32).sin()).collect();
            whole.step(&mut whole_parameters, &gradient, 0.01).unwrap();
            let pieces = parts.begin_step(0.01).unwrap().chunks(size);
            let chunks = parts_parameters.chunks_mut(size).zip(gradient.chunks(size)).zip(pieces);
            // The last range comes first, since any order is allowed.
            for ((parameters, gradient), piece) in chunks.collect::<Vec<_>>().into_iter().rev() {
                piece.apply(parameters, gradient).unwrap();
            }
        }
        prop_assert_eq!(whole.state(), parts.state());
        prop_assert!(whole_parameters.iter().zip(&parts_parameters).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn a_refused_step_is_not_counted() -> Result<()> {
    for mut optimizer in optimizers() {
        assert!(optimizer.begin_step(f64::NAN).is_err());
        assert_eq!((optimizer.state().steps, optimizer.parameters()), (0, LENGTH));
        for (parameters, gradient) in [(4, 5), (5, 4), (6, 5), (5, 6)] {
            let mut values = [0.5; 6];
            let result = optimizer.begin_step(0.1)?.apply(&mut values[..parameters], &[1.0; 6][..gradient]);
            assert!(matches!(result, Err(Error::Length { given: 4 | 6, expected: 5, .. })));
            assert_eq!(values, [0.5; 6]);
        }
        assert!(optimizer.state().slots.iter().all(|slot| slot.1 == [0.0; LENGTH]));
    }
    Ok(())
}
