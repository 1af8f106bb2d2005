//! The same bits on any number of threads: `.ci/run` compares these lines with those of a build
//! without threads.

use nalgebra::DMatrix;
use toy_superposition_recovery::{BasisPursuit, Decoder, LinearOperator, Oamp, Omp, SparsePrior};

use crate::{gaussian, problem, rug};

/// A checksum of the bits, in the order of the entries.
fn checksum(matrix: &DMatrix<f64>) -> u64 {
    matrix
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, entry| (sum ^ entry.to_bits()).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn decoders_on_a_rug_and_on_a_dense_matrix() {
    let prior = SparsePrior::paper(0.05).unwrap();
    let (oamp, omp) = (Oamp::new(&prior), Omp::new(1e-8).unwrap());
    let decoders: [(&str, &dyn Decoder<f64>); 3] =
        [("oamp", &oamp), ("omp", &omp), ("l1", &BasisPursuit::default())];
    let (fast, dense) = (rug(1024, 384, 1), gaussian(300, 120, 1));
    for (kind, operator) in [("rug", &fast as &dyn LinearOperator<f64>), ("dense", &dense)] {
        let (_, y) = problem(operator, 0.05, 20, 3);
        for (name, decoder) in decoders {
            let found = decoder.decode(operator, &y).unwrap();
            println!("bits recovery {name} {kind} {:016x}", checksum(&found.estimate));
        }
    }
}
