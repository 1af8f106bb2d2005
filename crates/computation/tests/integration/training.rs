//! Networks under the trainer: they learn, and a resumed run has the same bits.

use std::sync::Arc;

use toy_superposition_computation::{Architecture, Elementwise, Function, NetworkLoss, trainer};
use toy_superposition_data::Stream;
use toy_superposition_model::{Model, Shape};
use toy_superposition_train::{Batches, Error as TrainError, Recipe, Run};

use crate::{network, signed};

fn recipe(steps: u64) -> Recipe {
    let fast = Recipe::fast(Shape::new(8, 6).unwrap(), Some(steps)).unwrap();
    Recipe { batches: Some(Batches::new(100, Some(250)).unwrap()), ..fast }
}

#[test]
fn a_run_goes_on_from_a_checkpoint_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let architecture = Architecture::residual(8, 6).with_layers(2).with_width(5);
    let target = |function| Arc::new(Elementwise::new(8, function).unwrap());
    let begin = |function, importance: Option<Vec<f64>>, embedding| {
        let network = network::<f32>(&architecture, embedding);
        let recipe = Recipe { importance, ..recipe(40) };
        trainer(network, signed(8, 0.3), target(function), &recipe, 7).unwrap()
    };
    let weights = || Some((0..8).map(|i| 1.0 + f64::from(i)).collect::<Vec<_>>());
    let mut whole = begin(Function::Relu, weights(), 1);
    whole.run(&Run::default(), |_, _| ()).unwrap();
    let mut first = begin(Function::Relu, weights(), 1);
    for _ in 0..17 {
        first.step().unwrap();
    }
    first.save(&path).unwrap();
    let mut second = begin(Function::Relu, weights(), 1);
    assert!(second.resume(&path).unwrap());
    assert_eq!(second.steps(), 17);
    second.run(&Run::default(), |_, _| ()).unwrap();
    assert_eq!(second.losses(), whole.losses());
    assert_eq!(second.model().as_slice(), whole.model().as_slice());
    for mut other in [
        begin(Function::Absolute, weights(), 1),
        begin(Function::Relu, None, 1),
        begin(Function::Relu, weights(), 2),
    ] {
        assert!(matches!(other.resume(&path), Err(TrainError::OtherRun { .. })));
    }
}

/// Six neurons learn |x| of three features on fresh samples to a loss of almost 0 (by Elhage et
/// al., the solution can be exact).
#[test]
fn six_neurons_learn_the_absolute_value_of_three_features() {
    let target = Arc::new(Elementwise::new(3, Function::Absolute).unwrap());
    let architecture = Architecture::plain(3, 3, 3).with_layers(1).with_width(6);
    let losses: Vec<f64> = (0..3)
        .map(|seed| {
            let network = toy_superposition_computation::Network::<f32>::random(
                architecture.clone(),
                &nalgebra::DMatrix::identity(3, 3),
                &mut Stream::Weights.rng(seed, 0),
            )
            .unwrap();
            let recipe = Recipe { batches: Some(Batches::new(256, None).unwrap()), ..recipe(3000) };
            let mut run = trainer(network, signed(3, 0.5), target.clone(), &recipe, seed).unwrap();
            run.run(&Run::default(), |_, _| ()).unwrap();
            let fresh = Stream::Evaluation.samples(seed, 0..10_000);
            let mut loss = NetworkLoss::new(target.clone() as _);
            loss.sampled(run.model(), &signed(3, 0.5), fresh).unwrap().mean()
        })
        .collect();
    // The zero function has a loss of p/3.
    assert!(losses.iter().any(|loss| *loss < 1e-5), "{losses:?}");
}
