//! Integration tests of networks that compute on superposed features.
#![allow(clippy::unwrap_used)]

mod baselines;
mod errors;
mod files;
mod golden;
mod gradients;
mod probes;
mod targets;
mod threads;
mod training;

use nalgebra::DMatrix;
use toy_superposition_computation::{Architecture, EmbeddingKind, Network, Readout, Stack};
use toy_superposition_data::{Features, Independent, Interval, SparseBatch, Stream, sample_dense};
use toy_superposition_model::{Model, Scalar};

/// Returns every kind of network, with sizes that all differ.
fn architectures() -> Vec<Architecture> {
    let mut all = Vec::new();
    for layers in [0, 1, 3] {
        for (stack, learned, readout, bias, linear) in [
            (Stack::Residual, false, Readout::Transpose, false, vec![]),
            (Stack::Residual, true, Readout::Transpose, true, vec![1]),
            (Stack::Residual, false, Readout::Learned, true, vec![0, 2]),
            (Stack::Residual, true, Readout::Learned, false, vec![]),
            (Stack::Plain, false, Readout::Learned, true, vec![1]),
            (Stack::Plain, true, Readout::Learned, false, vec![]),
        ] {
            let mut architecture = Architecture::residual(9, 7).with_layers(layers).with_width(5);
            architecture.outputs = if readout == Readout::Transpose { 9 } else { 11 };
            (architecture.stack, architecture.readout) = (stack, readout);
            (architecture.learned_embedding, architecture.bias) = (learned, bias);
            architecture.output_bias = bias;
            architecture.output_relu = learned;
            architecture.linear_layers = linear.into_iter().filter(|layer| *layer < layers).collect();
            all.push(architecture);
        }
    }
    all
}

/// Returns a random network with biases other than 0.
fn network<T: Scalar>(architecture: &Architecture, seed: u64) -> Network<T> {
    let (features, hidden) = (architecture.features, architecture.hidden);
    let embedding = EmbeddingKind::Random.matrix(features, hidden, &mut Stream::Draws.rng(seed, 0)).unwrap();
    let mut rng = Stream::Weights.rng(seed, 0);
    let mut network = Network::random(architecture.clone(), &embedding, &mut rng).unwrap();
    // One of the networks has no parameters.
    let noise = EmbeddingKind::Random.matrix(1, network.as_slice().len().max(1), &mut rng).unwrap();
    let scale = 0.3 * (noise.len() as f64).sqrt();
    for (value, noise) in network.as_mut_slice().iter_mut().zip(noise.iter()) {
        *value += T::round_from(scale * noise);
    }
    network
}

/// Returns a law of features of both signs.
fn signed(features: usize, probability: f64) -> Features<Independent, Interval> {
    Features::new(Independent::new(features, probability).unwrap(), Interval::new(-1.0, 1.0).unwrap())
}

fn samples(features: usize, probability: f64, samples: u64) -> (SparseBatch<f64>, DMatrix<f64>) {
    let range = Stream::Evaluation.samples(5, 0..samples);
    let x = sample_dense(&signed(features, probability), range).unwrap();
    (SparseBatch::from_dense(&x).unwrap(), x)
}
