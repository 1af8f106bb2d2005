//! The bits of a step, which must be the same with and without the feature `parallel`.
//!
//! ```text
//! cargo test -p toy-superposition-model --test integration bits::
//! cargo test -p toy-superposition-model --test integration bits:: --no-default-features
//! ```
//!
//! Weights and data are small multiples of 1/16, so that dense products are exact and no
//! instruction set changes them. The scale `2 / (B n_s)` is not a power of two, so that Δ is
//! rounded and the bits of its sums depend on their order.

use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_model::{Activation, Autoencoder, MinibatchLoss, Parameters, Scalar};

/// Returns the FNV-1a hash of the bits of all values.
fn hash<T: Scalar>(values: &[T]) -> u64 {
    let bytes = values.iter().flat_map(|value| value.to_f64().to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Returns the hash of the loss and the bias gradient, and the hash of the gradient of all
/// matrices.
fn step<T: Scalar>(samples: usize, density: f64) -> (u64, u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let (features, hidden) = (203, 70);
    let mut sixteenths = |most: i32| T::round_from(f64::from(rng.random_range(-most..=most)) / 16.0);
    let encoder = DMatrix::from_fn(hidden, features, |_, _| sixteenths(3));
    let decoder = DMatrix::from_fn(features, hidden, |_, _| sixteenths(3));
    let bias = DVector::from_fn(features, |_, _| sixteenths(8));
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
    let rng = &mut ChaCha8Rng::seed_from_u64(6);
    let x = DMatrix::from_fn(features, samples, |_, _| {
        let value = if rng.random_bool(density) { rng.random_range(1..16) } else { 0 };
        T::round_from(f64::from(value) / 16.0)
    });
    let mut gradient = Parameters::zeros(model.shape()).unwrap();
    let loss = MinibatchLoss::new().loss_and_gradient_dense(&model, &x, &mut gradient).unwrap();
    let matrices = 2 * features * hidden;
    let mut few = gradient.as_slice()[matrices..].to_vec();
    few.push(T::round_from(loss));
    (hash(&few), hash(&gradient.as_slice()[..matrices]))
}

/// Steps that compute the hidden vectors, from few entries (direct) and from more (listed).
#[test]
fn a_step_by_way_of_the_hidden_vectors_keeps_its_bits() {
    let steps = [0.02, 0.2].map(|density| (step::<f32>(300, density), step::<f64>(300, density)));
    let pinned = [
        ((2137621013415849246, 10331518805574991542), (1027946200344058156, 5926106389599767308)),
        ((1232226261402326328, 697941808828607159), (7133990762014639954, 4691016214679923940)),
    ];
    assert_eq!(steps, pinned);
}

/// Steps that compute W, whose gradient is multiplied densely. The loss and the bias gradient are
/// compared.
#[test]
fn a_step_by_way_of_the_product_keeps_its_bits() {
    assert_eq!(
        (step::<f32>(900, 0.02).0, step::<f64>(900, 0.02).0),
        (13412030939647092588, 14749422639054257950)
    );
}
