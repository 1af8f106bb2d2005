//! The atlas of this crate.

use toy_superposition_designs::{Atlas, Entry, Error};
use toy_superposition_theory as theory;

use crate::by_convolution;

/// The probabilities that the atlas is for, and one beyond.
const PROBABILITIES: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95];

/// Every block of every hull: its weights, taken as a model, lose what the atlas says. The loss is
/// found by convolution on a grid, which shares nothing with the series that made the atlas.
#[test]
fn every_loss_of_the_atlas_is_that_of_its_weights() {
    let mut blocks = 0;
    for p in PROBABILITIES {
        let atlas = Atlas::new(p).unwrap();
        let Some([dropped, rest @ ..]) = Some(&atlas.hull().collect::<Vec<&Entry>>()[..]) else { panic!() };
        assert!((dropped.best.loss / (p / 3.0 - p * p / 4.0) - 1.0).abs() < 1e-12, "{dropped:?}");
        for entry in rest {
            let model = entry.design.autoencoder(&entry.best.settings).unwrap();
            // One row for each class of rows that are alike.
            let mut loss = 0.0;
            for class in entry.design.classes() {
                for &(i, count) in &class.rows {
                    let row: Vec<f64> = model.product().row(i).iter().copied().collect();
                    loss += count as f64 * by_convolution::loss(&row, i, model.bias()[i], p);
                }
            }
            loss /= entry.design.features() as f64;
            let error = (loss - entry.best.loss).abs();
            assert!(error <= 1e-9 * loss, "{p} {}: {loss} {}", entry.name, entry.best.loss);
            blocks += 1;
        }
    }
    for p in [0.8, 1.0] {
        assert!(Atlas::new(p).unwrap().best(0.3).unwrap().loss < p / 3.0 - p * p / 4.0, "{p}");
    }
    assert!(blocks > 60, "{blocks}");
}

/// The atlas at a point: its mixture is on the chord, every hull block has the loss that it says,
/// and the weights of a size have the loss of the sum.
#[test]
fn the_atlas_is_what_it_says() {
    let p = 0.05;
    let atlas = Atlas::new(p).unwrap();
    for entry in atlas.hull().filter(|entry| entry.design.hidden() > 0) {
        let model = entry.design.autoencoder(&entry.best.settings).unwrap();
        let loss = theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss;
        assert!((loss - entry.best.loss).abs() < 1e-9 * p, "{}: {loss} {}", entry.name, entry.best.loss);
    }
    let hull: Vec<_> = atlas.hull().collect();
    assert_eq!((hull[0].design.ratio(), hull[hull.len() - 1].best.loss), (0.0, 0.0));
    for pair in hull.windows(2) {
        let (r0, r1) = (pair[0].design.ratio(), pair[1].design.ratio());
        let at = atlas.best(0.25 * r0 + 0.75 * r1).unwrap();
        let expected = 0.25 * pair[0].best.loss + 0.75 * pair[1].best.loss;
        assert!((at.loss - expected).abs() < 1e-12, "{at:?}");
    }
    let limit = atlas.best(0.25).unwrap().loss;
    assert!(limit < 0.75 * theory::optimum_at_ratio(p, 0.25).unwrap().loss, "{limit}");
    let sum = atlas.sum(1000, 250).unwrap();
    assert!(sum.best.loss >= limit * (1.0 - 1e-9) && sum.best.loss < 1.1 * limit, "{sum:?} {limit}");
    let model = atlas.weights(0.25, 40).unwrap();
    assert_eq!((model.features(), model.hidden()), (40, 10));
    let loss = theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss;
    let sum = atlas.sum(40, 10).unwrap();
    assert!((loss - sum.best.loss).abs() < 1e-9 * p, "{loss} {sum:?}");
    for ratio in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(atlas.best(ratio), Err(Error::Ratio { .. })));
        assert!(matches!(atlas.weights(ratio, 10), Err(Error::Ratio { .. })));
    }
    assert!(matches!(Atlas::new(0.0), Err(Error::Theory(_))));
}
