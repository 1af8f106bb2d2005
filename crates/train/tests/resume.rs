//! A run is a function of its model, data, recipe and seed: not of threads, interruptions or checkpoints.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use toy_superposition_data::Features;
use toy_superposition_model::{
    Activation, Autoencoder, Error as ModelError, MinibatchLoss, Names, Objective, Parameters, Shape,
    Stochastic, Vector, Weights,
};
use toy_superposition_optim::{
    AdamConfig, Error as OptimError, OptimizerConfig, Schedule, SgdConfig, StopReason, StopRule, WeightDecay,
};
use toy_superposition_train::{Batches, Ended, Error, FreshBatches, Recipe, Run, Trainer, initial_model};

type Fresh = FreshBatches<f32, Features<toy_superposition_data::Independent>>;

const SEED: u64 = 5;

/// A recipe in which nothing is at its default.
fn recipe() -> Recipe {
    Recipe {
        batches: Batches::new(70, Some(250)).unwrap(),
        optimizer: OptimizerConfig::Adam(AdamConfig {
            beta1: 0.8,
            beta2: 0.97,
            epsilon: 1e-6,
            weight_decay: WeightDecay::Decoupled(0.01),
        }),
        schedule: Schedule::warm_up_cosine(0.01, 5, 0.001, 30).unwrap(),
        stop: StopRule::Steps { steps: 40 },
    }
}

fn trainer(recipe: &Recipe, probability: f64) -> Trainer<Autoencoder<f32>, Fresh> {
    let model = initial_model(Shape::new(90, 30, false).unwrap(), SEED);
    Trainer::on_fresh_batches(model, Features::paper(90, probability).unwrap(), recipe, SEED).unwrap()
}

fn bits(trainer: &Trainer<Autoencoder<f32>, Fresh>) -> (Vec<u32>, Vec<u64>) {
    let weights = trainer.model().parameters().as_slice();
    (weights.iter().map(|w| w.to_bits()).collect(), trainer.losses().iter().map(|l| l.to_bits()).collect())
}

fn uninterrupted(recipe: &Recipe) -> (Vec<u32>, Vec<u64>) {
    let mut whole = trainer(recipe, 0.1);
    assert_eq!(whole.run(&Run::default(), |_, _| {}).unwrap(), Ended::Stopped(StopReason::Steps));
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
    let sgd = SgdConfig { momentum: 0.8, dampening: 0.1, nesterov: false, weight_decay: 0.01 };
    for (optimizer, schedule) in [
        (recipe().optimizer, recipe().schedule),
        (OptimizerConfig::Sgd(sgd), Schedule::table(vec![0.1, 0.2, 0.05]).unwrap()),
        (
            OptimizerConfig::Sgd(SgdConfig::default()),
            Schedule::function("1/(k + 9)", |k| 1.0 / (k + 9) as f64),
        ),
    ] {
        let recipe = Recipe { optimizer, schedule, ..recipe() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        for stop_at in [7, 23] {
            let interrupt = AtomicBool::new(false);
            let mut part = trainer(&recipe, 0.1);
            assert_eq!(part.resume(&path).unwrap(), stop_at == 23);
            let run = Run { checkpoint: Some(path.clone()), interrupt: Some(&interrupt), ..Run::default() };
            let ended = part
                .run(&run, |_, step| interrupt.store(step.index + 1 == stop_at, Ordering::Relaxed))
                .unwrap();
            assert_eq!((ended, part.steps()), (Ended::Interrupted, stop_at));
        }
        let mut rest = trainer(&recipe, 0.1);
        assert!(rest.resume(&path).unwrap());
        assert_eq!(rest.steps(), 23);
        rest.run(&Run::default(), |_, _| {}).unwrap();
        assert_eq!(bits(&rest), uninterrupted(&recipe));
    }
}

/// Plain gradient descent by the recipe's own rates, step by step, from the objective's gradient.
#[test]
fn a_trainer_follows_its_optimizer_and_its_schedule() {
    let rates = [0.5, 0.125, 2.0];
    let recipe = Recipe {
        optimizer: OptimizerConfig::Sgd(SgdConfig::default()),
        schedule: Schedule::table(rates.to_vec()).unwrap(),
        stop: StopRule::Steps { steps: 5 },
        ..recipe()
    };
    let mut run = trainer(&recipe, 0.1);
    let data = Features::paper(90, 0.1).unwrap();
    let mut objective = FreshBatches::new(data, recipe.batches, SEED, MinibatchLoss::<f32>::new()).unwrap();
    let mut model = initial_model::<f32>(Shape::new(90, 30, false).unwrap(), SEED);
    let mut gradient = Parameters::zeros(model.shape());
    for step in 0..5 {
        let loss = objective.at(step).unwrap().loss_and_gradient(&model, &mut gradient).unwrap();
        let rate = rates[(step as usize).min(2)] as f32;
        for (parameter, slope) in model.parameters_mut().as_mut_slice().iter_mut().zip(gradient.as_slice()) {
            *parameter -= rate * slope;
        }
        assert_eq!(run.step().unwrap().loss, loss);
        assert_eq!(run.model().parameters(), model.parameters());
    }
}

#[test]
fn a_run_ends_at_its_goal_and_says_so() {
    let losses = {
        let mut whole = trainer(&recipe(), 0.1);
        whole.run(&Run::default(), |_, _| {}).unwrap();
        whole.losses().to_vec()
    };
    let goal = losses[..12].iter().copied().fold(f64::INFINITY, f64::min);
    let first = losses.iter().position(|&loss| loss <= goal).unwrap() as u64;
    let mut part = trainer(&recipe(), 0.1);
    let run = Run { goal: Some(goal), ..Run::default() };
    for _ in 0..2 {
        // A run that has reached it takes no further step.
        assert_eq!(part.run(&run, |_, _| {}).unwrap(), Ended::Goal);
        assert_eq!(part.steps(), first + 1);
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = part.run(&Run { goal: Some(bad), ..Run::default() }, |_, _| {});
        assert!(matches!(refused, Err(Error::Optim(OptimError::Setting { name: "goal", .. }))));
    }
    let ended = part.run(&Run { goal: Some(-5.0), ..Run::default() }, |_, _| {}).unwrap();
    assert_eq!((ended, part.steps()), (Ended::Stopped(StopReason::Steps), 40));
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
    let refused = |mut other: Trainer<Autoencoder<f32>, Fresh>, path: &Path| {
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
    // Adam's steps are as long as the rate; plain descent from a huge gradient overflows the gradient first.
    let sgd = OptimizerConfig::Sgd(SgdConfig::default());
    for (optimizer, rate) in [(recipe().optimizer, 1e30), (sgd, 1e12), (sgd, 3e38)] {
        let schedule = Schedule::constant(rate).unwrap();
        let mut trainer = trainer(&Recipe { optimizer, schedule, ..recipe() }, 0.1);
        let mut before = bits(&trainer);
        let error = loop {
            match trainer.step() {
                Ok(_) => before = bits(&trainer),
                Err(error) => break error,
            }
        };
        let Error::Diverged { step: step @ 1.., learning_rate, loss } = error else { panic!("{error}") };
        assert_eq!((learning_rate, step), (rate, trainer.steps()));
        let text = error.to_string();
        assert!(text.starts_with(&format!("diverged at step {step}, learning rate {rate:?}: ")), "{text}");
        assert!(!loss.is_finite() || text.ends_with("gradient is not finite"), "{text}");
        assert_eq!(bits(&trainer), before);
        assert!(trainer.model().parameters().as_slice().iter().all(|value| value.is_finite()));
    }
    let negative = Schedule::function("negative", |step| 0.1 - 0.1 * step as f64);
    let mut refused = trainer(&Recipe { schedule: negative, ..recipe() }, 0.1);
    refused.step().unwrap();
    refused.step().unwrap();
    let before = bits(&refused);
    let error = refused.step().unwrap_err();
    assert!(matches!(error, Error::Optim(OptimError::Setting { name: "learning rate", .. })), "{error}");
    assert_eq!(bits(&refused), before);
}
