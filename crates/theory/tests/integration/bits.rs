//! What the theory finds for a model, to the bit. `.ci/run` prints this with the feature `parallel`
//! and without, and compares.

use toy_superposition_model::{Activation, Autoencoder, Objective, Parameters, Shape};
use toy_superposition_theory::{ExactObjective, Feature, MeanField, exact_model_loss, lilliefors};

/// FNV-1a of the bits of the values.
fn digest(values: &[f64]) -> u64 {
    let bytes = values.iter().flat_map(|value| value.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn print<O: Objective<Autoencoder<f64>>>(name: &str, mut objective: O, model: &Autoencoder<f64>) {
    let mut gradient = Parameters::zeros(model.shape()).unwrap();
    let loss = objective.loss_and_gradient(model, &mut gradient).unwrap();
    println!("bits {name} {:016x} {:016x}", loss.to_bits(), digest(gradient.as_slice()));
    assert!(loss > 0.0 && gradient.as_slice().iter().any(|&g| g != 0.0));
}

#[test]
fn bits() {
    let shape = Shape::new(90, 30).unwrap();
    let values = (0..shape.parameters()).map(|k| 0.3 * (k as f64 * 0.7).sin()).collect();
    let parameters = Parameters::from_values(shape, values).unwrap();
    let model = Autoencoder::from_parameters(parameters, Activation::Relu);
    print("mean field", MeanField::new(Feature::uniform(0.1).unwrap()), &model);
    print("exact", ExactObjective::new(0.1).unwrap(), &model);
    let rows: Vec<usize> = (0..90).step_by(7).collect();
    let sampled = exact_model_loss(&model, &rows, 0.1).unwrap();
    println!("bits rows {:016x} {:016x}", sampled.loss.to_bits(), sampled.standard_error.to_bits());
    let sample = (0..100_000).map(|k| (f64::from(k) * 0.37).sin()).collect();
    let found = lilliefors(sample).unwrap();
    println!("bits normality {:016x} {:016x}", found.statistic.to_bits(), found.mean.to_bits());
}
