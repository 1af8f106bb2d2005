//! A run is a function of its model, data, recipe and seed: not of threads, interruptions or checkpoints.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use toy_superposition_data::Features;
use toy_superposition_model::{Activation, Autoencoder, Error as ModelError, Names, Shape, Vector, Weights};
use toy_superposition_optim::{AdamConfig, Schedule, StopRule, WeightDecay};
use toy_superposition_train::{Batches, Ended, Error, FreshBatches, Recipe, Run, Trainer, initial_model};

type Fresh = FreshBatches<f32, Features<toy_superposition_data::Independent>>;

const SEED: u64 = 5;

/// A recipe in which nothing is at its default.
fn recipe() -> Recipe {
    Recipe {
        batches: Batches::new(70, Some(250)).unwrap(),
        adam: AdamConfig {
            beta1: 0.8,
            beta2: 0.97,
            epsilon: 1e-6,
            weight_decay: WeightDecay::Decoupled(0.01),
        },
        schedule: Schedule::warm_up_cosine(0.01, 5, 0.001, 30).unwrap(),
        stop: StopRule::Steps { steps: 40 },
    }
}

fn trainer(recipe: &Recipe, probability: f64) -> Trainer<f32, Fresh> {
    let model = initial_model(Shape::new(90, 30, false).unwrap(), SEED).unwrap();
    Trainer::on_fresh_batches(model, Features::paper(90, probability).unwrap(), recipe, SEED).unwrap()
}

fn bits(trainer: &Trainer<f32, Fresh>) -> (Vec<u32>, Vec<u64>) {
    let weights = trainer.model().parameters().as_slice();
    (weights.iter().map(|w| w.to_bits()).collect(), trainer.losses().iter().map(|l| l.to_bits()).collect())
}

fn uninterrupted() -> (Vec<u32>, Vec<u64>) {
    let mut whole = trainer(&recipe(), 0.1);
    assert_eq!(whole.run(&Run::default(), |_, _| {}).unwrap(), Ended::Stopped);
    assert_eq!(whole.steps(), 40);
    bits(&whole)
}

#[test]
fn threads_do_not_change_a_bit_of_a_run_or_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: usize| {
        let path = folder.path().join(format!("{threads}"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(&recipe(), 0.1);
            trainer.run(&Run { checkpoint: Some(path.clone()), ..Run::default() }, |_, _| {}).unwrap();
            let weights = Weights::<f32>::load(&path).unwrap();
            (bits(&trainer), weights.model, weights.vectors)
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn a_run_interrupted_twice_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for stop_at in [7, 23] {
        let interrupt = AtomicBool::new(false);
        let mut part = trainer(&recipe(), 0.1);
        assert_eq!(part.resume(&path).unwrap(), stop_at == 23);
        let run = Run { checkpoint: Some(path.clone()), interrupt: Some(&interrupt), ..Run::default() };
        let ended =
            part.run(&run, |_, step| interrupt.store(step.index + 1 == stop_at, Ordering::Relaxed)).unwrap();
        assert_eq!((ended, part.steps()), (Ended::Interrupted, stop_at));
    }
    let mut rest = trainer(&recipe(), 0.1);
    assert!(rest.resume(&path).unwrap());
    assert_eq!(rest.steps(), 23);
    rest.run(&Run::default(), |_, _| {}).unwrap();
    assert_eq!(bits(&rest), uninterrupted());
}

#[test]
fn a_checkpoint_at_every_step_changes_nothing_and_the_last_step_of_an_epoch_rule_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let stop = StopRule::EpochWindows { window: 3, epoch_steps: 4, max_epochs: 9 };
    let recipe = Recipe { stop, ..recipe() };
    let mut whole = trainer(&recipe, 0.1);
    whole.run(&Run::default(), |_, _| {}).unwrap();
    // Resumed after every single step, the stop rule's memory included.
    loop {
        let mut part = trainer(&recipe, 0.1);
        part.resume(&path).unwrap();
        if part.stopped() {
            assert_eq!(bits(&part), bits(&whole));
            break;
        }
        part.step().unwrap();
        part.save(&path).unwrap();
    }
    let every = Run { checkpoint: Some(path.clone()), every: Duration::ZERO, ..Run::default() };
    let mut watched = trainer(&recipe, 0.1);
    watched.run(&every, |_, _| {}).unwrap();
    assert_eq!(bits(&watched), bits(&whole));
}

#[test]
fn a_checkpoint_of_another_run_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let mut first = trainer(&recipe(), 0.1);
    first.step().unwrap();
    first.save(&path).unwrap();
    let fresh = bits(&trainer(&recipe(), 0.1));
    let refused = |mut other: Trainer<f32, Fresh>, path: &Path| {
        let error = other.resume(path).unwrap_err();
        assert_eq!(bits(&other), fresh);
        error
    };
    let schedule = Schedule::constant(0.02).unwrap();
    for other in [
        trainer(&recipe(), 0.2),
        trainer(&Recipe { schedule, ..recipe() }, 0.1),
        trainer(&Recipe { stop: StopRule::Steps { steps: 41 }, ..recipe() }, 0.1),
        trainer(&Recipe { batches: Batches::new(71, Some(250)).unwrap(), ..recipe() }, 0.1),
    ] {
        assert!(matches!(refused(other, &path), Error::OtherRun { .. }));
    }

    let mut weights = Weights::<f32>::load(&path).unwrap();
    let parameters = weights.model.parameters().clone();
    let relu =
        std::mem::replace(&mut weights.model, Autoencoder::from_parameters(parameters, Activation::Identity));
    let identity = folder.path().join("identity");
    weights.save(&identity, Names::Own).unwrap();
    assert!(matches!(refused(trainer(&recipe(), 0.1), &identity), Error::OtherRun { .. }));
    weights.model = relu;
    weights.vectors.insert("second_moment".into(), Vector::F32(vec![-1.0; 90 * 60 + 90]));
    let save = |weights: &Weights<f32>, name: &str| {
        let path = folder.path().join(name);
        weights.save(&path, Names::Own).unwrap();
        path
    };
    let negative = save(&weights, "negative");
    assert!(matches!(refused(trainer(&recipe(), 0.1), &negative), Error::Optim(_)));
    weights.vectors.remove("first_moment");
    let incomplete = save(&weights, "incomplete");
    assert!(matches!(
        refused(trainer(&recipe(), 0.1), &incomplete),
        Error::NotACheckpoint { what: "first_moment", .. }
    ));
    let plain = save(&Weights::new(weights.model), "plain");
    assert!(matches!(refused(trainer(&recipe(), 0.1), &plain), Error::NotACheckpoint { what: "run", .. }));

    let bytes = std::fs::read(&path).unwrap();
    let torn = folder.path().join("torn");
    std::fs::write(&torn, &bytes[..bytes.len() - 9]).unwrap();
    assert!(matches!(refused(trainer(&recipe(), 0.1), &torn), Error::Model(ModelError::Contents { .. })));
}

#[test]
fn a_run_that_diverges_says_at_which_step_and_keeps_its_model() {
    let schedule = Schedule::constant(1e30).unwrap();
    let mut trainer = trainer(&Recipe { schedule, ..recipe() }, 0.1);
    let mut before = bits(&trainer).0;
    let error = loop {
        match trainer.step() {
            Ok(_) => before = bits(&trainer).0,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Objective { step: 1.., .. }), "{error}");
    assert_eq!(bits(&trainer).0, before);
}
