//! Invalid input is refused with the given and the allowed values.

use std::sync::Arc;

use nalgebra::DMatrix;
use toy_superposition_computation::{
    Architecture, Elementwise, EmbeddingKind, Error, Function, Joint, Network, NetworkLoss, Readout, Rule,
    Stack, WithLinear, plain, trainer,
};
use toy_superposition_data::{SparseBatch, Stream};
use toy_superposition_model::{Error as ModelError, Model, Shape};
use toy_superposition_train::{Error as TrainError, Recipe};

use crate::{network, samples, signed};

#[test]
fn architectures_that_make_no_network() {
    let refused = |change: fn(&mut Architecture)| {
        let mut architecture = Architecture::plain(5, 4, 6).with_layers(2).with_width(3);
        change(&mut architecture);
        let embedding = DMatrix::zeros(architecture.hidden.min(9), architecture.features.min(9));
        Network::<f64>::zeros(architecture, &embedding).unwrap_err()
    };
    assert!(matches!(refused(|a| a.features = 0), Error::Size { name: "features", given: 0, .. }));
    assert!(matches!(refused(|a| a.width = 0), Error::Size { name: "width", .. }));
    assert!(matches!(refused(|a| a.hidden = 1 << 40), Error::Size { name: "hidden", .. }));
    assert!(matches!(refused(|a| a.layers = 1 << 40), Error::Size { name: "layers", least: 0, .. }));
    assert!(matches!(
        refused(|a| a.readout = Readout::Transpose),
        Error::Transpose { features: 5, outputs: 6 }
    ));
    assert!(matches!(
        refused(|a| (a.readout, a.outputs) = (Readout::Transpose, 5)),
        Error::Transpose { outputs: 5, .. }
    ));
    assert!(matches!(refused(|a| a.linear_layers = vec![0, 2]), Error::Layer { given: 2, layers: 2 }));
    assert!(matches!(
        refused(|a| (a.width, a.stack) = (1 << 31, Stack::Plain)),
        Error::Model(ModelError::TooLarge { .. })
    ));
    let architecture = Architecture::residual(5, 4).with_layers(1).with_width(3);
    let wrong = Network::<f64>::zeros(architecture.clone(), &DMatrix::zeros(5, 4));
    assert!(matches!(wrong, Err(Error::Model(ModelError::Mismatch { given: (5, 4), expected: (4, 5), .. }))));
    let mut embedding = DMatrix::zeros(4, 5);
    embedding[(1, 2)] = 1e300;
    assert!(Network::<f64>::zeros(architecture.clone(), &embedding).is_ok());
    let wrong = Network::<f32>::zeros(architecture, &embedding);
    assert!(matches!(wrong, Err(Error::Model(ModelError::NotFinite { index, .. })) if index == [1, 2]));
}

#[test]
fn targets_and_embeddings_that_do_not_exist() {
    assert!(matches!(Elementwise::new(0, Function::Relu), Err(Error::Size { .. })));
    let groups = |groups: &[&[u32]]| Joint::new(4, Rule::And, groups.iter().map(|g| g.to_vec()).collect());
    assert!(matches!(groups(&[]), Err(Error::Size { name: "groups", given: 0, .. })));
    assert!(matches!(groups(&[&[0], &[]]), Err(Error::Group { group: 1 })));
    assert!(matches!(groups(&[&[0, 1, 0]]), Err(Error::Group { group: 0 })));
    assert!(matches!(groups(&[&[0, 1], &[4]]), Err(Error::Feature { group: 1, given: 4, features: 4 })));
    let mut rng = Stream::Draws.rng(1, 0);
    assert!(matches!(
        Joint::random(4, Rule::And, 5, 2, &mut rng),
        Err(Error::OutOfRange { name: "features of a group", given: 5.0, .. })
    ));
    let relu = || Arc::new(Elementwise::new(4, Function::Relu).unwrap());
    assert!(matches!(WithLinear::new(relu(), DMatrix::zeros(4, 3)), Err(Error::Length { given: 3, .. })));
    let nan = DMatrix::from_element(4, 4, f64::NAN);
    assert!(matches!(WithLinear::new(relu(), nan), Err(Error::OutOfRange { .. })));
    for (kind, features, hidden) in
        [("identity", 4, 3), ("ovoid", 16, 6), ("graph", 100, 21), ("random", 0, 3)]
    {
        let kind = EmbeddingKind::from_name(kind).unwrap();
        let refused = kind.matrix(features, hidden, &mut rng);
        assert!(matches!(refused, Err(Error::Embedding { .. })), "{kind:?}");
    }
    assert!(matches!(EmbeddingKind::Rug.matrix(12, 3, &mut rng), Err(Error::Rug(_))));
    assert_eq!(EmbeddingKind::from_name("rugs"), None);
}

#[test]
fn what_does_not_fit_together() {
    let architecture = Architecture::residual(9, 4).with_layers(1).with_width(3);
    let network: Network<f64> = network(&architecture, 1);
    let (batch, x) = samples(9, 0.5, 8);
    let target = |features| Arc::new(Elementwise::new(features, Function::Relu).unwrap());
    let mut loss = NetworkLoss::new(target(9));
    assert!(matches!(
        loss.loss_and_gradient(&network, &batch, &mut [0.0; 3]),
        Err(Error::Length { what: "gradient", given: 3, expected: 24 })
    ));
    let other = SparseBatch::from_dense(&DMatrix::from_element(8, 2, 1.0)).unwrap();
    assert!(matches!(loss.loss(&network, &other), Err(Error::Length { given: 8, expected: 9, .. })));
    let empty = SparseBatch::new(9).unwrap();
    assert!(matches!(loss.loss(&network, &empty), Err(Error::Model(ModelError::EmptyBatch))));
    assert!(matches!(NetworkLoss::new(target(8)).loss(&network, &batch), Err(Error::Length { .. })));
    let joint = Arc::new(Joint::all_pairs(9, Rule::And).unwrap());
    assert!(matches!(
        NetworkLoss::new(joint).loss(&network, &batch),
        Err(Error::Length { what: "outputs of the target", given: 36, expected: 9 })
    ));
    for importance in [vec![1.0; 8], vec![-1.0; 9], vec![f64::NAN; 9]] {
        assert!(NetworkLoss::<f64>::with_importance(target(9), &importance).is_err());
    }
    let mut huge = network.clone();
    huge.as_mut_slice().fill(1e200);
    assert_eq!(loss.loss(&huge, &batch).unwrap_err().non_finite_loss(), Some(f64::INFINITY));
    assert!(matches!(plain::trace(&network, &x.rows(0, 5).into_owned()), Err(Error::Length { .. })));
    assert!(matches!(plain::continue_from(&network, 2, &x), Err(Error::Layer { given: 2, .. })));
    assert!(matches!(
        plain::continue_from(&network, 1, &x),
        Err(Error::Length { given: 9, expected: 4, .. })
    ));
    let mut recipe = Recipe::fast(Shape::new(9, 4).unwrap(), Some(5)).unwrap();
    let refused = trainer(network.clone(), signed(8, 0.5), target(9), &recipe, 1);
    assert!(matches!(refused, Err(Error::Length { what: "features of the law", .. })));
    recipe.batches = None;
    let refused = trainer(network, signed(9, 0.5), target(9), &recipe, 1);
    assert!(matches!(refused, Err(Error::Train(TrainError::Missing { what: "batches" }))));
}
