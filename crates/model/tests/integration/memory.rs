//! Tests sizes that exceed the memory of any machine.

use toy_superposition_data::SparseBatch;
use toy_superposition_model::{
    Activation, Error, Initialisation, MinibatchLoss, Parameters, Shape, check_memory,
};

fn bytes_refused<T: std::fmt::Debug>(result: Result<T, Error>) -> u128 {
    match result {
        Err(Error::TooLarge { bytes, .. }) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_shape_whose_parameters_fill_an_address_space_is_refused_with_their_bytes() {
    let n = 4_000_000_000;
    assert_eq!(bytes_refused(Shape::new(n, n)), 8 * (2 * 16_000_000_000_000_000_000 + 4_000_000_000));
    assert_eq!(bytes_refused(Shape::tied(n, n)), 8 * (16_000_000_000_000_000_000 + 4_000_000_000));
    // 2⁶³ bytes are too many; tied weights take half.
    assert_eq!(bytes_refused(Shape::new(1 << 31, 1 << 28)), (1 << 63) + (1 << 34));
    assert!(Shape::tied(1 << 31, 1 << 28).is_ok());
}

#[test]
fn memory_that_cannot_be_had_is_refused_and_other_is_not() {
    for bytes in [0, 1, 1 << 20] {
        check_memory("a vector", bytes).unwrap();
    }
    for bytes in [1 << 63, 1 << 64, u128::MAX] {
        assert_eq!(bytes_refused(check_memory("a vector", bytes)), bytes);
    }
    // 2⁵⁷ bytes exceed the reach of any page table.
    let shape = Shape::new(1 << 30, 1 << 23).unwrap();
    assert_eq!(bytes_refused(Parameters::<f64>::zeros(shape)), (1 << 57) + (1 << 33));
}

#[test]
fn residuals_of_a_batch_without_entries_may_be_too_many() {
    let (features, samples) = (4_000_000, 10_000_000);
    let rng = &mut <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
    let shape = Shape::new(features, 1).unwrap();
    let model = Initialisation::UnitNorm.sample::<f32, _>(shape, Activation::Relu, rng).unwrap();
    let mut batch = SparseBatch::new(features).unwrap();
    for _ in 0..samples {
        batch.push_sample(&[], &[]).unwrap();
    }
    let bytes = bytes_refused(MinibatchLoss::new().loss(&model, &batch));
    assert_eq!(bytes, 4 * features as u128 * samples as u128);
}
