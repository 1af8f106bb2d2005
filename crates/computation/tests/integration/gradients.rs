//! The fast loss against the definition, its gradient against finite differences, and the special
//! case of the autoencoder.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use toy_superposition_computation::{
    Architecture, Elementwise, Function, Joint, Network, NetworkLoss, Readout, Rule, Target, WithLinear,
    plain,
};
use toy_superposition_data::Stream;
use toy_superposition_model::{Activation, Autoencoder, MinibatchLoss, Model, Parameters, Shape};

use crate::{architectures, network, samples};

fn target(architecture: &Architecture) -> Arc<dyn Target> {
    let mut rng = Stream::Draws.rng(9, 0);
    let (features, outputs) = (architecture.features, architecture.outputs);
    if architecture.readout == Readout::Transpose {
        let abs = Arc::new(Elementwise::new(features, Function::IdentityPlusRelu).unwrap());
        let matrix = DMatrix::from_fn(features, features, |i, j| 0.1 * i as f64 - 0.07 * j as f64);
        Arc::new(WithLinear::new(abs, matrix).unwrap())
    } else {
        Arc::new(Joint::random(features, Rule::Product, 2, outputs, &mut rng).unwrap())
    }
}

fn importance(outputs: usize) -> Vec<f64> {
    (0..outputs).map(|i| 0.8_f64.powi(i as i32)).collect()
}

/// Batches that fill no chunk, one chunk and several chunks, all with a used scratch memory.
#[test]
fn the_fast_loss_is_the_definition() {
    for (samples_count, probability) in [(1, 0.5), (64, 0.3), (1500, 0.2)] {
        let (batch, x) = samples(9, probability, samples_count);
        for (seed, architecture) in architectures().iter().enumerate() {
            let (network, target) = (network::<f64>(architecture, seed as u64), target(architecture));
            let weights = importance(architecture.outputs);
            let mut fast = NetworkLoss::with_importance(target.clone(), &weights).unwrap();
            let exact = plain::loss(&network, &*target, &x, Some(&DVector::from_vec(weights))).unwrap();
            let found = fast.loss(&network, &batch).unwrap();
            approx::assert_relative_eq!(found, exact, epsilon = 0.0, max_relative = 1e-12);
            let mut gradient = vec![0.0; network.as_slice().len()];
            assert_eq!(fast.loss_and_gradient(&network, &batch, &mut gradient).unwrap(), found);
            let estimate = fast.estimate(&network, &batch).unwrap();
            approx::assert_relative_eq!(estimate.mean(), found, epsilon = 0.0, max_relative = 1e-12);
            assert_eq!(estimate.count(), samples_count);
            // In single precision, errors are 2⁻²⁴ on sums of a few dozen terms.
            let single = NetworkLoss::<f32>::new(target.clone())
                .loss(
                    &network.cast().unwrap(),
                    &toy_superposition_data::SparseBatch::from_dense(&x.map(|v| v as f32)).unwrap(),
                )
                .unwrap();
            let exact = plain::loss(&network, &*target, &x, None).unwrap();
            approx::assert_relative_eq!(single, exact, epsilon = 0.0, max_relative = 1e-5);
        }
    }
}

/// Central differences of the definition along every coordinate. The step is 1e-5, so that its cube
/// is far below the rounding error of the loss divided by the step, about 1e-11. A kink within the
/// step would cause a difference of 1e-6 or more, and there is none for these seeds.
#[test]
fn gradients_are_the_differences_of_the_definition() {
    const STEP: f64 = 1e-5;
    let (batch, x) = samples(9, 0.4, 23);
    for (seed, architecture) in architectures().iter().enumerate() {
        let (mut network, target) = (network::<f64>(architecture, 40 + seed as u64), target(architecture));
        let weights = importance(architecture.outputs);
        let mut fast = NetworkLoss::with_importance(target.clone(), &weights).unwrap();
        let weights = DVector::from_vec(weights);
        let mut gradient = vec![3.0; network.as_slice().len()];
        fast.loss_and_gradient(&network, &batch, &mut gradient).unwrap();
        let largest = gradient.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
        for (k, &slope) in gradient.iter().enumerate() {
            let mut at = |offset: f64| {
                let before = network.as_slice()[k];
                network.as_mut_slice()[k] = before + offset;
                let loss = plain::loss(&network, &*target, &x, Some(&weights)).unwrap();
                network.as_mut_slice()[k] = before;
                loss
            };
            let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            assert!(
                (difference - slope).abs() < 1e-8 * largest.max(1.0),
                "{architecture:?} {k}: {difference} {slope}"
            );
        }
    }
}

/// Without layers, with all parameters learned and a ReLU, the network is the paper's autoencoder,
/// tied or not, and its loss and gradient are those of `model`.
#[test]
fn without_layers_it_is_the_autoencoder() {
    let (features, hidden) = (9, 4);
    let (batch, _) = samples(features, 0.4, 300);
    let batch = {
        let x = batch.to_dense().map(f64::abs);
        toy_superposition_data::SparseBatch::from_dense(&x).unwrap()
    };
    for tied in [false, true] {
        let mut architecture = Architecture::autoencoder(features, hidden);
        if tied {
            architecture.readout = Readout::Transpose;
        }
        let network = network::<f64>(&architecture, 3);
        let shape = if tied { Shape::tied(features, hidden) } else { Shape::new(features, hidden) }.unwrap();
        // The read-out is stored by columns here and by rows in `model`.
        let (matrices, bias) = network.as_slice().split_at(network.as_slice().len() - features);
        let (encoder, readout) = matrices.split_at(features * hidden);
        let readout =
            DMatrix::from_column_slice(if tied { 0 } else { features }, hidden, readout).transpose();
        let values = [encoder, readout.as_slice(), bias].concat();
        let model =
            Autoencoder::from_parameters(Parameters::from_values(shape, values).unwrap(), Activation::Relu);
        let mut slopes = Parameters::zeros(shape).unwrap();
        let loss = MinibatchLoss::new().loss_and_gradient(&model, &batch, &mut slopes).unwrap();
        let identity = Arc::new(Elementwise::new(features, Function::Identity).unwrap());
        let mut gradient = vec![0.0; network.as_slice().len()];
        let found = NetworkLoss::new(identity).loss_and_gradient(&network, &batch, &mut gradient).unwrap();
        approx::assert_relative_eq!(found, loss, epsilon = 0.0, max_relative = 1e-13);
        let slopes = slopes.as_slice();
        let (matrices, bias) = slopes.split_at(slopes.len() - features);
        let (encoder, decoder) = matrices.split_at(features * hidden);
        let decoder =
            DMatrix::from_column_slice(hidden, if tied { 0 } else { features }, decoder).transpose();
        let expected = [encoder, decoder.as_slice(), bias].concat();
        for (found, expected) in gradient.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-14, "{tied}: {found} {expected}");
        }
    }
}

/// Continuing from the traced stream of any layer gives the same outputs.
#[test]
fn a_trace_can_be_taken_up_anywhere() {
    let (_, x) = samples(9, 0.4, 17);
    for (seed, architecture) in architectures().iter().enumerate() {
        let network: Network<f64> = network(architecture, seed as u64);
        let trace = plain::trace(&network, &x).unwrap();
        assert_eq!(trace.streams.len(), architecture.layers + 1);
        for (layer, stream) in trace.streams.iter().enumerate() {
            let outputs = plain::continue_from(&network, layer, stream).unwrap();
            assert_eq!(outputs, trace.outputs);
        }
    }
}

/// NaN does not count as 0, even after a ReLU on the outputs.
#[test]
fn a_network_of_no_numbers_has_no_loss() {
    let (batch, x) = samples(9, 0.4, 17);
    let with_parameters = architectures().into_iter().filter(|architecture| architecture.parameters() > 0);
    for (seed, architecture) in with_parameters.enumerate() {
        let (mut network, target) = (network::<f64>(&architecture, seed as u64), target(&architecture));
        network.as_mut_slice().fill(f64::NAN);
        assert!(NetworkLoss::new(target.clone()).loss(&network, &batch).is_err(), "{architecture:?}");
        assert!(plain::loss(&network, &*target, &x, None).map_or(true, f64::is_nan), "{architecture:?}");
    }
}
