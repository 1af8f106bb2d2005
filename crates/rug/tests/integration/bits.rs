//! Prints the bits of transforms. `.ci/run` prints them with and without the feature `parallel` and
//! compares the two.

use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use toy_superposition_model::Scalar;
use toy_superposition_rug::{MatrixFreeRug, PersianRug, transform};

/// Returns the FNV-1a hash of the bits of the values as f64.
fn digest<T: Scalar>(values: &[T]) -> u64 {
    let bytes = values.iter().flat_map(|value| value.to_f64().to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn print<T: Scalar>(kind: &str) {
    let number = |k: usize| T::round_from((k as f64 * 0.7).sin());
    // The first length fits one block of the cache, and the second is long enough for all threads.
    for length in [1 << 10, 1 << 22] {
        let mut x: Vec<T> = (0..length).map(number).collect();
        transform(&mut x).unwrap();
        println!("bits {kind} {length} {:016x}", digest(&x));
    }
    let rug = PersianRug::random(256, 70, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
    let x = DMatrix::from_fn(256, 37, |i, j| number(i * 37 + j));
    let y = MatrixFreeRug::new(rug, 0.9, -0.1).unwrap().forward(&x).unwrap();
    println!("bits {kind} rug {:016x}", digest(y.as_slice()));
    assert!(y.iter().any(|&y| y != T::zero()));
}

#[test]
fn bits() {
    print::<f32>("f32");
    print::<f64>("f64");
}
