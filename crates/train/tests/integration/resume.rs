//! Tests that a run is a function of its model, data, recipe and seed, and does not depend on
//! threads, interruptions or checkpoints.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use toy_superposition_data::{AnyLaw, LawSpec, PerFeature, SparseBatch, SwitchesSpec};
use toy_superposition_model::{
    Activation, Autoencoder, BatchObjective, Error as ModelError, Initialisation, MinibatchLoss, Names,
    Objective, Parameters, Scalar, Shape, Stochastic, Vector, Weights,
};
use toy_superposition_optim::{
    AdamConfig, Error as OptimError, OptimizerConfig, Schedule, SgdConfig, StopReason, StopRule, WeightDecay,
};
use toy_superposition_train::{
    Batches, Difference, Ended, Error, FreshBatches, Recipe, Run, Task, Trainer, initial_model,
};

type Fresh = FreshBatches<f32, AnyLaw>;

const SEED: u64 = 5;

/// Returns a recipe in which nothing has its default value.
fn recipe() -> Recipe {
    Recipe {
        batches: Some(Batches::new(70, Some(250)).unwrap()),
        importance: None,
        optimizer: OptimizerConfig::Adam(AdamConfig {
            beta1: 0.8,
            beta2: 0.97,
            epsilon: 1e-6,
            weight_decay: WeightDecay::Decoupled(0.01),
        }),
        schedule: Schedule::warm_up_cosine(0.01, 5, 0.001, 30).unwrap(),
        stop: StopRule::Steps { steps: 32 },
        weights: Initialisation::ZeroBias,
        cooling: 0.25,
    }
}

fn initial<T: Scalar>(features: usize, hidden: usize) -> Autoencoder<T> {
    initial_model(Shape::new(features, hidden).unwrap(), Initialisation::UnitNorm, Activation::Relu, SEED)
        .unwrap()
}

fn trainer(recipe: &Recipe, probability: f64) -> Trainer<Autoencoder<f32>, Fresh> {
    trainer_on(recipe, &LawSpec::paper(90, probability))
}

fn trainer_on(recipe: &Recipe, law: &LawSpec) -> Trainer<Autoencoder<f32>, Fresh> {
    let model = initial(90, 30);
    Trainer::on_fresh_batches(model, law.build().unwrap(), recipe, SEED).unwrap()
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

/// Plain gradient descent at the recipe's rates, step by step, from the objective's gradient.
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
    let data = LawSpec::paper(90, 0.1).build().unwrap();
    let mut objective = FreshBatches::<f32, _>::new(data, &recipe, SEED).unwrap();
    let mut model = initial::<f32>(90, 30);
    let mut gradient = Parameters::zeros(model.shape()).unwrap();
    // ⌈5 · 0.25⌉ = 2 steps of cooling: half a cosine starts at 1 and is 1/2 in its middle.
    for (step, share) in [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5].into_iter().enumerate() {
        assert!(!run.stopped());
        let loss = objective.at(step as u64).unwrap().loss_and_gradient(&model, &mut gradient).unwrap();
        let rate = (share * rates[step.min(2)]) as f32;
        for (parameter, slope) in model.parameters_mut().as_mut_slice().iter_mut().zip(gradient.as_slice()) {
            *parameter -= rate * slope;
        }
        assert_eq!(run.step().unwrap().loss, loss);
        assert_eq!(run.model().parameters(), model.parameters());
    }
    assert_eq!(run.stop_reason(), Some(StopReason::Steps));
    for cooling in [-0.1, 1001.0, f64::NAN] {
        let data = LawSpec::paper(90, 0.1).build().unwrap();
        let refused =
            Trainer::on_fresh_batches(model.clone(), data, &Recipe { cooling, ..recipe.clone() }, SEED);
        assert!(matches!(refused, Err(Error::Optim(OptimError::Setting { name: "cooling", .. }))));
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
        // A run that has reached its goal takes no further step.
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
    // The run is resumed after every single step, including the state of the stop rule.
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
    std::fs::remove_file(&path).unwrap();
    let kept = || {
        let mut twin = trainer(&recipe, 0.1);
        twin.resume(&path).unwrap().then(|| twin.steps())
    };
    // A checkpoint is written after every step, not only at the end.
    watched.run(&every, |_, step| assert_eq!(kept().unwrap_or(0), step.index)).unwrap();
    assert_eq!(bits(&watched), bits(&whole));
}

/// One step of a run is saved. Each other run is refused, names exactly these fields, and is
/// unchanged.
#[test]
fn a_checkpoint_of_another_run_is_refused_with_each_field_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let pairs = |correlation| LawSpec {
        switches: SwitchesSpec::Pairs { probability: 0.1, correlation },
        ..LawSpec::paper(90, 0.1)
    };
    let groups = LawSpec {
        switches: SwitchesSpec::Groups {
            size: Some(3),
            groups: None,
            probability: Some(PerFeature::Same(0.1)),
            of: None,
        },
        ..LawSpec::paper(90, 0.1)
    };
    let mut first = trainer_on(&recipe(), &pairs(0.9));
    first.step().unwrap();
    first.save(&path).unwrap();

    fn refused<T: Scalar>(
        mut other: Trainer<Autoencoder<T>, FreshBatches<T, AnyLaw>>,
        path: &Path,
    ) -> Vec<Difference> {
        let before = (other.model().clone(), other.steps());
        let Err(Error::OtherRun { mut differences, path: named }) = other.resume(path) else {
            panic!("not refused");
        };
        // Models of other shapes or precisions have other weights too.
        differences.retain(|difference| difference.field != "initial_weights");
        assert_eq!((other.model(), other.steps(), &*named), (&before.0, before.1, path));
        differences
    }
    let difference = |field: &str, checkpoint: &str, run: &str| Difference {
        field: field.to_owned(),
        checkpoint: (checkpoint != "absent").then(|| checkpoint.to_owned()),
        run: (run != "absent").then(|| run.to_owned()),
    };
    let on = |recipe: Recipe| refused(trainer_on(&recipe, &pairs(0.9)), &path);

    let correlation = "law.switches.correlation";
    assert_eq!(refused(trainer_on(&recipe(), &pairs(-0.1)), &path), [difference(correlation, "0.9", "-0.1")]);
    assert_eq!(
        refused(trainer_on(&recipe(), &groups), &path),
        [
            difference(correlation, "0.9", "absent"),
            difference("law.switches.kind", "\"pairs\"", "\"groups\""),
            difference("law.switches.size", "absent", "3"),
        ]
    );
    assert_eq!(
        refused(trainer(&recipe(), 0.2), &path),
        [
            difference(correlation, "0.9", "absent"),
            difference("law.switches.kind", "\"pairs\"", "\"independent\""),
            difference("law.switches.probability", "0.1", "0.2"),
        ]
    );
    let mut importance = vec![1.0; 90];
    importance[7] = 0.5;
    let found = on(Recipe { importance: Some(importance), ..recipe() });
    assert_eq!((found.len(), &*found[0].field), (1, "recipe.importance"));
    assert_eq!(
        on(Recipe { schedule: Schedule::warm_up_cosine(0.01, 6, 0.001, 30).unwrap(), ..recipe() }),
        [difference("recipe.schedule.warm_up", "5", "6")]
    );
    assert_eq!(
        on(Recipe { batches: Some(Batches::new(71, Some(250)).unwrap()), ..recipe() }),
        [difference("recipe.batches.samples", "70", "71")]
    );
    assert_eq!(
        on(Recipe { stop: StopRule::Steps { steps: 33 }, ..recipe() }),
        [difference("recipe.stop.steps", "32", "33")]
    );
    let OptimizerConfig::Adam(adam) = recipe().optimizer else { panic!("the recipe is of Adam") };
    let optimizer = OptimizerConfig::Adam(AdamConfig { weight_decay: WeightDecay::L2(0.01), ..adam });
    assert_eq!(
        on(Recipe { optimizer, ..recipe() }),
        [
            difference("recipe.optimizer.weight_decay.decoupled", "0.01", "absent"),
            difference("recipe.optimizer.weight_decay.l2", "absent", "0.01"),
        ]
    );

    let law = || pairs(0.9).build().unwrap();
    let model = initial::<f32>(90, 30);
    let seed = Trainer::on_fresh_batches(model.clone(), law(), &recipe(), 6).unwrap();
    assert_eq!(refused(seed, &path), [difference("seed", "5", "6")]);
    let parameters = model.parameters().clone();
    let model = Autoencoder::from_parameters(parameters, Activation::Identity);
    let identity = Trainer::on_fresh_batches(model, law(), &recipe(), SEED).unwrap();
    assert_eq!(refused(identity, &path), [difference("model.activation", "\"relu\"", "\"identity\"")]);
    let model = initial::<f32>(90, 31);
    let wider = Trainer::on_fresh_batches(model, law(), &recipe(), SEED).unwrap();
    assert_eq!(
        refused(wider, &path),
        [
            difference("model.blocks.decoder", "2700", "2790"),
            difference("model.blocks.encoder", "2700", "2790"),
            difference("model.hidden", "\"30\"", "\"31\""),
        ]
    );
    let model = initial::<f64>(90, 30);
    let double = Trainer::on_fresh_batches(model, law(), &recipe(), SEED).unwrap();
    assert_eq!(refused(double, &path), [difference("precision", "\"f32\"", "\"f64\"")]);

    // The error text names the field and both values.
    let message = trainer_on(&recipe(), &pairs(-0.1)).resume(&path).unwrap_err().to_string();
    assert!(message.ends_with("law.switches.correlation is 0.9, here -0.1"), "{message}");
    // The file states its law as any weight file does, and the run itself continues.
    let weights = Weights::<f32>::load(&path).unwrap();
    assert_eq!(weights.metadata[LawSpec::METADATA_KEY].parse(), Ok(pairs(0.9)));
    assert!(trainer_on(&recipe(), &pairs(0.9)).resume(&path).unwrap());
}

#[test]
fn what_is_no_checkpoint_of_this_format_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let mut first = trainer(&recipe(), 0.1);
    first.step().unwrap();
    first.save(&path).unwrap();
    let fresh = bits(&trainer(&recipe(), 0.1));
    let whole = Weights::<f32>::load(&path).unwrap();
    let refused = |change: &dyn Fn(&mut Weights<f32>)| {
        let mut weights = whole.clone();
        change(&mut weights);
        let path = folder.path().join("changed");
        weights.save(&path, Names::Own).unwrap();
        let mut other = trainer(&recipe(), 0.1);
        let error = other.resume(&path).unwrap_err();
        assert_eq!(bits(&other), fresh);
        error
    };
    let run = |text: &str| {
        let text = text.to_owned();
        move |weights: &mut Weights<f32>| {
            weights.metadata.insert("run".to_owned(), text.clone());
        }
    };
    // The format of the first version, and one of a possible later version.
    let old =
        "Shape { features: 90, hidden: 30, tied: false }, AdamConfig { beta1: 0.8 }, seed 5, 90 features";
    let error = refused(&run(old));
    assert!(matches!(error, Error::CheckpointFormat { given: None, expected: 2, .. }), "{error}");
    let error = refused(&run(r#"{"version":3}"#));
    assert!(matches!(error, Error::CheckpointFormat { given: Some(3), .. }), "{error}");
    // A description that was changed by hand does not match its hash.
    let other = whole.metadata["run"].replace("\"seed\":5", "\"seed\":6");
    assert_ne!(other, whole.metadata["run"]);
    let error = refused(&run(&other));
    assert!(matches!(error, Error::NotACheckpoint { what: "run_hash", .. }), "{error}");

    let error = refused(&|weights| {
        let parameters = weights.model.parameters().clone();
        weights.model = Autoencoder::from_parameters(parameters, Activation::Identity);
    });
    assert!(matches!(error, Error::OtherRun { .. }), "{error}");
    let error = refused(&|weights| {
        weights.vectors.insert("second_moment".into(), Vector::F32(vec![-1.0; 90 * 60 + 90]));
    });
    assert!(matches!(error, Error::Optim(_)), "{error}");
    let error = refused(&|weights| {
        weights.vectors.remove("first_moment");
    });
    assert!(matches!(error, Error::NotACheckpoint { what: "first_moment", .. }), "{error}");
    let error = refused(&|weights| *weights = Weights::new(weights.model.clone()));
    assert!(matches!(error, Error::NotACheckpoint { what: "run", .. }), "{error}");

    let bytes = std::fs::read(&path).unwrap();
    let torn = folder.path().join("torn");
    std::fs::write(&torn, &bytes[..bytes.len() - 9]).unwrap();
    let error = trainer(&recipe(), 0.1).resume(&torn).unwrap_err();
    assert!(matches!(error, Error::Model(ModelError::Contents { .. })), "{error}");
}

#[test]
fn settings_that_do_not_fit_are_refused_where_the_trainer_is_built() {
    let refused = |recipe: &Recipe, features: usize| {
        let model = initial::<f32>(90, 30);
        let law = LawSpec::paper(features, 0.1).build().unwrap();
        Trainer::on_fresh_batches(model, law, recipe, SEED).unwrap_err()
    };
    let error = refused(&recipe(), 91);
    assert!(
        matches!(error, Error::Length { what: "features of the data", given: 91, expected: 90 }),
        "{error}"
    );
    let error = refused(&Recipe { batches: None, ..recipe() }, 90);
    assert!(matches!(error, Error::Missing { what: "batches" }), "{error}");
    let weighted = |importance: Vec<f64>| Recipe { importance: Some(importance), ..recipe() };
    let error = refused(&weighted(vec![1.0; 89]), 90);
    assert!(matches!(error, Error::Length { what: "importance", given: 89, expected: 90 }), "{error}");
    // The last value overflows single precision.
    for bad in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        let mut importance = vec![1.0; 90];
        importance[3] = bad;
        let error = refused(&weighted(importance), 90);
        assert!(
            matches!(
                error,
                Error::Model(
                    ModelError::Importance { .. } | ModelError::NotFinite { what: "importance", .. }
                )
            ),
            "{error}"
        );
    }

    // An objective without samples would use neither batches nor importance.
    let fixed = |recipe: &Recipe| {
        let mut batch = SparseBatch::<f32>::new(90).unwrap();
        batch.push_sample(&[3], &[0.5]).unwrap();
        let model = initial(90, 30);
        let objective = BatchObjective::new(batch, MinibatchLoss::new()).unwrap();
        Trainer::new(model, objective, recipe, Task::new("one sample", LawSpec::paper(90, 0.1)))
    };
    let alone = Recipe { batches: None, ..recipe() };
    assert!(fixed(&alone).is_ok());
    assert!(matches!(fixed(&recipe()), Err(Error::Ignored { what: "batches" })));
    let weighted = Recipe { importance: Some(vec![1.0; 90]), ..alone };
    assert!(matches!(fixed(&weighted), Err(Error::Ignored { what: "importance" })));
}

/// An importance of 0 leaves a feature's own output untrained, and an importance of 1 gives the
/// bits of the default.
#[test]
fn importance_reaches_the_loss() {
    let run = |importance: Option<Vec<f64>>| {
        let mut trainer = trainer(&Recipe { importance, ..recipe() }, 0.1);
        trainer.step().unwrap();
        bits(&trainer)
    };
    assert_eq!(run(None), run(Some(vec![1.0; 90])));
    let mut importance = vec![1.0; 90];
    importance[7] = 0.0;
    let (weights, _) = run(Some(importance));
    let start = initial::<f32>(90, 30);
    let bias = |weights: &[u32], feature: usize| weights[weights.len() - 90 + feature];
    let before: Vec<u32> = start.parameters().as_slice().iter().map(|w| w.to_bits()).collect();
    // Only decoupled weight decay changes it, by the factor 1 − 0.01 η, with η = 0.01/5 at the
    // first step.
    let decayed = f32::from_bits(bias(&before, 7)) * (1.0 - 0.002 * 0.01) as f32;
    assert_eq!(f32::from_bits(bias(&weights, 7)), decayed);
    assert_ne!(bias(&weights, 7), bias(&run(None).0, 7));
    assert_eq!(bias(&weights, 8), bias(&run(None).0, 8));
}

/// The names are those of a step by the hidden vectors.
#[test]
fn the_stages_of_a_step_come_in_order_and_take_no_longer_than_the_step() {
    let mut trainer = trainer(&recipe(), 0.1);
    let start = Instant::now();
    trainer.step().unwrap();
    let whole = start.elapsed();
    let (names, times): (Vec<&str>, Vec<Duration>) = trainer.stages().into_iter().unzip();
    let forward = ["sample", "encode", "decode and residual"];
    let backward = ["hidden gradient", "decoder gradient", "encoder gradient"];
    assert_eq!(names, [&forward[..], &backward[..], &["optimizer"]].concat());
    assert!(times.iter().sum::<Duration>() <= whole, "{times:?} {whole:?}");
}

#[test]
fn a_run_that_diverges_says_at_which_step_and_keeps_its_model() {
    // Adam's steps are as long as the rate, whereas plain descent from a huge gradient overflows
    // the gradient first.
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
