//! Results have the same bits on any number of threads. (`train`, on which this crate depends, has
//! no build without threads.)

use std::sync::Arc;

use toy_superposition_computation::{Architecture, Elementwise, Function, NetworkLoss};
use toy_superposition_model::Model;

use crate::{network, samples};

/// Returns a checksum of the bits, in order.
fn checksum(values: &[f64]) -> u64 {
    values
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, value| (sum ^ value.to_bits()).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn a_loss_and_its_gradient() {
    let (batch, _) = samples(130, 0.1, 1500);
    let target = Arc::new(Elementwise::new(130, Function::Absolute).unwrap());
    for (name, architecture) in [
        ("residual", Architecture::residual(130, 70).with_layers(3).with_width(40)),
        ("plain", Architecture::plain(130, 70, 130).with_layers(2).with_width(90)),
        ("autoencoder", Architecture::autoencoder(130, 40)),
    ] {
        let network = network::<f64>(&architecture, 4);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut gradient = vec![0.0; network.as_slice().len()];
            let loss = pool.install(|| {
                NetworkLoss::new(target.clone()).loss_and_gradient(&network, &batch, &mut gradient).unwrap()
            });
            (loss.to_bits(), checksum(&gradient))
        };
        let alone = on(1);
        assert!([2, 3, 7].into_iter().all(|threads| on(threads) == alone), "{name}");
    }
}
