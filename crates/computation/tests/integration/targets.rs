//! Targets against their definitions.

use std::sync::Arc;

use nalgebra::DMatrix;
use toy_superposition_computation::{
    Architecture, Elementwise, EmbeddingKind, Function, Joint, Network, Rule, Target, WithLinear,
    evaluate_dense, plain,
};
use toy_superposition_data::Stream;

use crate::samples;

#[test]
fn functions_of_one_feature() {
    let (_, x) = samples(7, 0.5, 40);
    for (function, f) in [
        (Function::Identity, (|x| x) as fn(f64) -> f64),
        (Function::Relu, |x| if x > 0.0 { x } else { 0.0 }),
        (Function::Absolute, |x| if x > 0.0 { x } else { -x }),
        (Function::IdentityPlusRelu, |x| if x > 0.0 { 2.0 * x } else { x }),
        (Function::Tent, |x| 1.0 - (1.0 - 2.0 * x).abs()),
    ] {
        for times in 0..4 {
            let target = Elementwise::iterated(7, function, times).unwrap();
            let found = evaluate_dense(&target, &x).unwrap();
            let expected = x.map(|x| (0..times).fold(x, |x, _| f(x)));
            assert!((found - expected).amax() < 1e-13, "{function} {times}");
            assert_eq!(Function::from_name(&function.to_string()), Some(function));
        }
    }
    assert_eq!(Function::from_name("sin"), None);
}

/// The tent's second iterate on [0, 1] is 0, 1, 0, 1, 0 at the quarters and linear between them.
#[test]
fn iterates_of_the_tent_have_twice_as_many_pieces_each() {
    let target = Elementwise::iterated(1, Function::Tent, 3).unwrap();
    for k in 0..=8 {
        assert_eq!(target.at(f64::from(k) / 8.0), f64::from(k % 2));
        if k < 8 {
            assert_eq!(target.at((f64::from(k) + 0.5) / 8.0), 0.5);
        }
    }
}

#[test]
fn groups_of_features() {
    let (_, x) = samples(6, 0.6, 200);
    let groups = vec![vec![0, 1], vec![5, 2, 4], vec![3], vec![1, 0], vec![0, 1, 2, 3, 4, 5]];
    for rule in [Rule::And, Rule::Product, Rule::Parity] {
        let target = Joint::new(6, rule, groups.clone()).unwrap();
        let mut out = vec![f64::NAN; 5];
        let found = evaluate_dense(&target, &x).unwrap();
        let mut seen = [false; 2];
        for (x, found) in x.column_iter().zip(found.column_iter()) {
            let values = groups.iter().map(|group| {
                let members: Vec<f64> = group.iter().map(|&i| x[i as usize]).collect();
                let on = members.iter().filter(|x| **x != 0.0).count();
                match rule {
                    Rule::And => {
                        if on == members.len() {
                            1.0
                        } else {
                            0.0
                        }
                    }
                    Rule::Product => members.iter().product(),
                    _ => (on % 2) as f64,
                }
            });
            let values: Vec<f64> = values.collect();
            assert!(found.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-15), "{rule}");
            seen[usize::from(values[1] != 0.0)] = true;
        }
        assert_eq!(seen, [true; 2]);
        // The previous contents of the list do not matter.
        target.evaluate(&[], &[], &mut out);
        assert_eq!(out, vec![0.0; 5]);
    }
    let pairs = Joint::all_pairs(5, Rule::And).unwrap();
    assert_eq!(pairs.outputs(), 10);
    assert!(pairs.groups().iter().all(|pair| pair[0] < pair[1]) && pairs.groups().is_sorted());
    let random = Joint::random(20, Rule::Parity, 3, 50, &mut Stream::Draws.rng(1, 0)).unwrap();
    assert!(
        random.groups().iter().all(|group| group.len() == 3 && group[0] < group[1] && group[1] < group[2])
    );
    assert_ne!(
        random.describe(),
        Joint::random(20, Rule::Parity, 3, 50, &mut Stream::Draws.rng(2, 0)).unwrap().describe()
    );
}

#[test]
fn labels_that_carry_a_linear_map() {
    let (_, x) = samples(4, 0.7, 30);
    let matrix = DMatrix::from_fn(4, 4, |i, j| i as f64 - 2.0 * j as f64);
    let relu = Arc::new(Elementwise::new(4, Function::Relu).unwrap());
    let target = WithLinear::new(relu, matrix.clone()).unwrap();
    let expected = x.map(|x| x.max(0.0)) + &matrix * &x;
    assert!((evaluate_dense(&target, &x).unwrap() - expected).amax() < 1e-14);
    let relu = Arc::new(Elementwise::new(4, Function::Relu).unwrap());
    assert_ne!(WithLinear::new(relu, matrix * 2.0).unwrap().describe(), target.describe());
}

#[test]
fn embeddings_have_columns_of_norm_one() {
    let sizes = [
        ("identity", 12, 12),
        ("rug", 64, 24),
        ("ovoid", 256, 51),
        ("graph", 100, 22),
        ("haar", 30, 11),
        ("random", 30, 70),
    ];
    for (name, features, hidden) in sizes {
        let kind = EmbeddingKind::from_name(name).unwrap();
        let draw = |seed| kind.matrix(features, hidden, &mut Stream::Draws.rng(seed, 0)).unwrap();
        let matrix = draw(1);
        assert_eq!(matrix.shape(), (hidden, features));
        assert!(matrix.column_iter().all(|column| (column.norm() - 1.0).abs() < 1e-12), "{name}");
        // All embeddings are tight except random directions and Haar columns, which are normalised.
        if !["haar", "random"].contains(&name) {
            let ratio = features as f64 / hidden as f64;
            let rows = &matrix * matrix.transpose() - DMatrix::identity(hidden, hidden) * ratio;
            assert!(rows.amax() < 1e-10, "{name}");
        }
        assert_eq!(["rug", "haar", "random"].contains(&name), draw(2) != matrix, "{name}");
    }
    // Products of two independent directions have variance 1/hidden; 0.031 is the value of Bhagat
    // et al.
    let random = EmbeddingKind::Random.matrix(100, 1000, &mut Stream::Draws.rng(3, 0)).unwrap();
    let gram = random.tr_mul(&random) - DMatrix::identity(100, 100);
    let deviation = (gram.norm_squared() / 9900.0).sqrt();
    // The mean square of 4950 independent products has a standard error of 2 %, so that its root is
    // right to 5 % at five standard errors.
    assert!((deviation * 1000_f64.sqrt() - 1.0).abs() < 0.05, "{deviation}");
}

/// The outputs of a residual network without layers are `W_Eᵀ W_E x`, so that the labels which its
/// layers have to add to reach `x + ReLU(x)` are `ReLU(x) + (1 − W_Eᵀ W_E) x`.
#[test]
fn what_a_residual_network_has_to_learn() {
    let (features, hidden) = (7, 4);
    let embedding = EmbeddingKind::Random.matrix(features, hidden, &mut Stream::Draws.rng(5, 0)).unwrap();
    let network = Network::<f64>::zeros(Architecture::residual(features, hidden), &embedding).unwrap();
    let x = DMatrix::from_fn(features, 9, |i, k| ((3 * i + 5 * k) % 11) as f64 / 5.0 - 1.0);
    let function = |function| Arc::new(Elementwise::new(features, function).unwrap());
    let wanted = evaluate_dense(&*function(Function::IdentityPlusRelu), &x).unwrap();
    let carried = DMatrix::identity(features, features) - embedding.tr_mul(&embedding);
    let labels = WithLinear::new(function(Function::Relu), carried).unwrap();
    let labels = evaluate_dense(&labels, &x).unwrap();
    let outputs = plain::trace(&network, &x).unwrap().outputs;
    assert!((wanted - outputs - labels).amax() < 1e-14);
}
