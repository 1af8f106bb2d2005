//! Tests that a trainer takes any model whose parameters are blocks on one slice, here a linear map
//! that is fitted to samples of another.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use toy_superposition_model::{Attachments, Error as ModelError, Model, Objective, Stochastic, Vector};
use toy_superposition_optim::{Schedule, StopReason, StopRule};
use toy_superposition_train::{Ended, Error, Recipe, Run, Task, Trainer};

type Result<T> = std::result::Result<T, Infallible>;

/// `y = W x + b`, with `W`, 2 × 3, stored row by row, followed by `b`.
#[derive(Debug, Clone, PartialEq)]
struct Linear([f64; 8]);

const TRUTH: Linear = Linear([1.0, -2.0, 0.5, 0.0, 3.0, -1.0, 0.25, -0.75]);

impl Linear {
    fn output(&self, row: usize, x: &[f64; 3]) -> f64 {
        self.0[6 + row] + (0..3).map(|k| self.0[3 * row + k] * x[k]).sum::<f64>()
    }
}

impl Model for Linear {
    type Scalar = f64;
    type Gradient = Vec<f64>;

    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("weights", vec![2, 3]), ("offset", vec![2])]
    }

    fn as_slice(&self) -> &[f64] {
        &self.0
    }

    fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.0
    }

    fn zero_gradient(&self) -> toy_superposition_model::Result<Vec<f64>> {
        Ok(vec![0.0; 8])
    }
}

/// `|y − y*|²` at one `x`, where `y*` is the output of [`TRUTH`].
struct Distance([f64; 3]);

impl Objective<Linear> for Distance {
    type Error = Infallible;

    fn loss(&mut self, model: &Linear) -> Result<f64> {
        self.loss_and_gradient(model, &mut vec![0.0; 8])
    }

    fn loss_and_gradient(&mut self, model: &Linear, gradient: &mut Vec<f64>) -> Result<f64> {
        let x = &self.0;
        let errors = [0, 1].map(|row| model.output(row, x) - TRUTH.output(row, x));
        for (row, error) in errors.into_iter().enumerate() {
            gradient[6 + row] = 2.0 * error;
            (0..3).for_each(|k| gradient[3 * row + k] = 2.0 * error * x[k]);
        }
        Ok(errors.into_iter().map(|error| error * error).sum())
    }
}

/// The distance at a new `x` for every step.
#[derive(Debug)]
struct Samples;

impl Stochastic<Linear> for Samples {
    type Error = Infallible;
    type Drawn<'a> = Distance;

    fn at(&mut self, step: u64) -> Result<Distance> {
        Ok(Distance([1.0, 2.0, 3.0].map(|rate: f64| (rate * step as f64).sin())))
    }
}

fn trainer(start: Linear, seed: u64) -> Trainer<Linear, Samples> {
    let recipe = Recipe {
        batches: None,
        schedule: Schedule::constant(0.02).unwrap(),
        stop: StopRule::Steps { steps: 900 },
        ..Recipe::text(3).unwrap()
    };
    let task = Task { objective: "a linear map".into(), law: None, seed: Some(seed) };
    Trainer::new(start, Samples, &recipe, task).unwrap()
}

#[test]
fn a_run_of_another_model_goes_on_from_its_checkpoint_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linear.safetensors");
    let start = || Linear([0.0; 8]);
    let mut whole = trainer(start(), 1);
    assert_eq!(whole.run(&Run::default(), |_, _| {}).unwrap(), Ended::Stopped(StopReason::Steps));
    for (found, truth) in whole.model().0.iter().zip(TRUTH.0) {
        assert!((found - truth).abs() < 0.01, "{found} {truth}");
    }

    let interrupt = AtomicBool::new(false);
    let run = Run { checkpoint: Some(path.clone()), interrupt: Some(&interrupt), ..Run::default() };
    let mut part = trainer(start(), 1);
    let ended = part.run(&run, |_, step| interrupt.store(step.index == 400, Ordering::Relaxed)).unwrap();
    assert_eq!((ended, part.steps()), (Ended::Interrupted, 401));
    let mut rest = trainer(start(), 1);
    assert!(rest.resume(&path).unwrap());
    assert_eq!(rest.model(), part.model());
    rest.run(&Run::default(), |_, _| {}).unwrap();
    assert_eq!((rest.model(), rest.losses()), (whole.model(), whole.losses()));

    let Err(Error::OtherRun { differences, .. }) = trainer(start(), 2).resume(&path) else {
        panic!("not refused")
    };
    assert_eq!((differences.len(), &*differences[0].field), (1, "seed"));
    // A run from other weights is another run.
    let Err(Error::OtherRun { differences, .. }) = trainer(TRUTH, 1).resume(&path) else {
        panic!("not refused")
    };
    assert_eq!((differences.len(), &*differences[0].field), (1, "initial_weights"));
}

#[test]
fn blocks_are_tensors_of_their_shapes() {
    let bytes = TRUTH.to_bytes(Attachments::default()).unwrap();
    let vectors = Attachments::from_bytes(&bytes).unwrap().vectors;
    assert_eq!(vectors, [("offset".to_owned(), Vector::F64(vec![0.25, -0.75]))].into());
    let mut read = Linear([0.0; 8]);
    read.read(&bytes).unwrap();
    assert_eq!(read, TRUTH);

    let taken = TRUTH.to_bytes(Attachments { vectors, ..Attachments::default() });
    assert!(matches!(taken, Err(ModelError::Name { name }) if name == "offset"));
    let infinite = Linear([f64::INFINITY; 8]).to_bytes(Attachments::default()).unwrap();
    assert!(matches!(read.read(&infinite), Err(ModelError::NotFinite { .. })));
    let autoencoder =
        Recipe::code(3).unwrap().initial_model::<f64>(toy_superposition_model::Shape::new(3, 2).unwrap(), 1);
    let other = autoencoder.unwrap().to_bytes(Attachments::default()).unwrap();
    assert!(matches!(read.read(&other), Err(ModelError::Block { name, .. }) if name == "weights"));
    assert_eq!(read, TRUTH);
}
