//! Losses and gradients against PyTorch's autograd: `tools/golden/computation_pytorch.py`.

use std::sync::Arc;

use nalgebra::DMatrix;
use toy_superposition_computation::{
    Architecture, Elementwise, Function, Joint, Network, NetworkLoss, Readout, Rule, Stack, Target,
};
use toy_superposition_data::SparseBatch;
use toy_superposition_model::Model;

const GOLDEN: &str = include_str!("../golden/pytorch.csv");
const FEATURES: usize = 5;

/// Returns an entry by the formula of the script.
fn entry(k: usize, modulus: usize, scale: f64) -> f64 {
    (((k * 37 + 11) % modulus) as f64 - (modulus / 2) as f64) / scale
}

fn batch() -> SparseBatch<f64> {
    let value = |k: usize| if k.is_multiple_of(2) || k % 5 == 1 { entry(k, 23, 16.0) } else { 0.0 };
    let x = DMatrix::from_iterator(FEATURES, 6, (0..FEATURES * 6).map(value));
    SparseBatch::from_dense(&x).unwrap()
}

struct Case {
    architecture: Architecture,
    target: Arc<dyn Target>,
    importance: bool,
}

fn case(name: &str) -> Case {
    let of = |layers, stack, learned, readout, bias, output_bias, output_relu, linear: &[usize]| {
        let mut architecture = Architecture::residual(FEATURES, 4).with_layers(layers).with_width(3);
        (architecture.stack, architecture.learned_embedding) = (stack, learned);
        (architecture.readout, architecture.bias) = (readout, bias);
        (architecture.output_bias, architecture.output_relu) = (output_bias, output_relu);
        architecture.linear_layers = linear.to_vec();
        architecture
    };
    let relu = || Arc::new(Elementwise::new(FEATURES, Function::Relu).unwrap());
    let abs = || Arc::new(Elementwise::new(FEATURES, Function::Absolute).unwrap());
    let product = || {
        let groups = vec![vec![0, 1], vec![1, 4], vec![2, 3, 0]];
        Arc::new(Joint::new(FEATURES, Rule::Product, groups).unwrap())
    };
    use Readout::{Learned, Transpose};
    use Stack::{Plain, Residual};
    let (mut architecture, target, importance): (_, Arc<dyn Target>, _) = match name {
        "braun" => (of(1, Residual, false, Transpose, false, false, false, &[]), relu(), false),
        "residual" => (of(3, Residual, true, Transpose, true, true, false, &[1]), abs(), true),
        "residual_readout" => (of(2, Residual, true, Learned, true, true, true, &[]), product(), true),
        "residual_fixed_readout" => {
            (of(2, Residual, false, Learned, true, false, false, &[]), product(), false)
        }
        "plain" => (of(3, Plain, false, Learned, true, true, false, &[1]), product(), true),
        "plain_learned" => (of(2, Plain, true, Learned, false, true, true, &[]), abs(), false),
        "autoencoder" => (of(0, Residual, true, Learned, false, true, true, &[]), relu(), true),
        "tied" => (of(0, Plain, true, Transpose, false, true, true, &[]), relu(), false),
        other => unreachable!("{other}"),
    };
    architecture.outputs = target.outputs();
    Case { architecture, target, importance }
}

#[test]
fn losses_and_gradients_are_pytorchs() {
    let mut lines = GOLDEN.lines();
    let mut cases = 0;
    while let Some(line) = lines.next() {
        let name = line.strip_prefix("case,").unwrap();
        let numbers = |line: &str| -> Vec<f64> {
            line.split(',').skip(1).map(|number| number.parse().unwrap()).collect()
        };
        let (loss, gradient) = (numbers(lines.next().unwrap())[0], numbers(lines.next().unwrap()));
        let Case { architecture, target, importance } = case(name);
        let embedding =
            DMatrix::from_iterator(4, FEATURES, (0..4 * FEATURES).map(|k| entry(k + 3, 19, 16.0)));
        let mut network = Network::zeros(architecture.clone(), &embedding).unwrap();
        let learned = if architecture.learned_embedding { embedding.len() } else { 0 };
        let values = network.as_mut_slice();
        // The script counts the entries of each matrix from 0.
        (learned..values.len()).for_each(|k| values[k] = entry(k, 29, 32.0));
        let outputs = architecture.outputs;
        let weights: Vec<f64> = (0..outputs).map(|i| 1.0 + i as f64 / 4.0).collect();
        let mut evaluator = if importance {
            NetworkLoss::with_importance(target, &weights).unwrap()
        } else {
            NetworkLoss::new(target)
        };
        let mut found = vec![7.0; gradient.len()];
        let found_loss = evaluator.loss_and_gradient(&network, &batch(), &mut found).unwrap();
        approx::assert_relative_eq!(found_loss, loss, epsilon = 0.0, max_relative = 1e-13);
        assert_eq!(evaluator.loss(&network, &batch()).unwrap(), found_loss, "{name}");
        assert!(gradient.iter().filter(|slope| **slope != 0.0).count() * 4 > gradient.len(), "{name}");
        let largest = gradient.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
        for (k, (found, slope)) in found.iter().zip(&gradient).enumerate() {
            assert!((found - slope).abs() <= 1e-13 * largest, "{name} {k}: {found} {slope}");
        }
        cases += 1;
    }
    assert_eq!(cases, 8);
}
