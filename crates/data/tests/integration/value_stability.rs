//! The bits of the samples are part of the interface: a change here is a value-breaking change and
//! belongs in the changelog under that name.
//!
//! The expected values were printed by this crate. Other tests check that they follow the right
//! law.

use toy_superposition_data::*;

fn batch<D: Distribution>(law: &D, samples: SampleRange) -> SparseBatch<f64> {
    let mut batch = SparseBatch::new(law.features()).unwrap();
    sample_into(law, samples, &mut batch).unwrap();
    batch
}

/// The FNV-1a hash of the words.
fn digest(words: impl Iterator<Item = u64>) -> u64 {
    words
        .flat_map(u64::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Returns which features are on in the samples 0, 1, 2 of seed 2025, and a digest of the bits of
/// their `f64` values. The law built from the description of `law` must draw the same samples.
fn drawn<D: Distribution>(law: &D) -> (Vec<Vec<u32>>, u64) {
    let samples = Stream::Training.samples(2025, 0..3);
    let batch = batch(law, samples);
    assert_eq!(self::batch(&law.spec().build().unwrap(), samples), batch, "{:?}", law.spec());
    let digest = digest(batch.values().iter().map(|value| value.to_bits()));
    (batch.iter().map(|(on, _)| on.to_vec()).collect(), digest)
}

fn unit<S: Switches>(switches: S) -> Features<S> {
    Features::new(switches, UnitUniform)
}

#[test]
fn samples() {
    let p: Vec<f64> = (0..40).map(|i| 0.5 * 0.8f64.powi(i)).collect();
    let edges = [Edge { from: 0, to: 7, transmission: 0.5 }, Edge { from: 3, to: 1, transmission: 0.9 }];
    let groups: [&[u32]; 3] = [&[5, 1], &[0, 2, 4], &[3]];
    let found = [
        drawn(&unit(Independent::new(1000, 0.004).unwrap())),
        drawn(&unit(Independent::new(70, 0.07).unwrap())),
        drawn(&unit(Independent::new(3, 1.0).unwrap())),
        drawn(&unit(Independent::per_feature(&p).unwrap())),
        drawn(&unit(Exactly::new(100, 4).unwrap())),
        drawn(&unit(Exactly::new(10, 4).unwrap())),
        drawn(&unit(Pairs::new(20, 0.1, 0.5).unwrap())),
        drawn(&unit(Groups::new(&groups, Independent::new(3, 0.6).unwrap()).unwrap())),
        drawn(&unit(Graph::new(&[0.25; 10], &edges).unwrap())),
        drawn(&Features::new(Independent::new(8, 0.5).unwrap(), Constant::new(2.5).unwrap())),
        drawn(&Features::new(Independent::new(8, 0.5).unwrap(), Interval::new(-1.0, 2.0).unwrap())),
        drawn(&Features::new(Independent::new(8, 0.5).unwrap(), Exponential::new(0.75).unwrap())),
        drawn(&Features::new(
            Independent::new(8, 0.5).unwrap(),
            Points::new(&[1.0, 2.0, 4.0], &[1.0, 2.0, 0.0]).unwrap(),
        )),
        drawn(&unit(Groups::new(&groups, Exactly::new(3, 1).unwrap()).unwrap())),
        drawn(&unit(Groups::equal(2, Independent::per_feature(&[0.2, 0.9]).unwrap()).unwrap())),
    ];
    let expected = [
        (
            vec![vec![155, 223, 238, 311, 325, 326, 658], vec![160, 220, 256, 906], vec![382, 386, 402, 674]],
            0x7069251b1a1ee393,
        ),
        (vec![vec![2, 66, 67], vec![38, 61], vec![10, 31, 48, 50, 51]], 0x35776ce1166ec07c),
        (vec![vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 2]], 0xcb52d3742ae6c132),
        (vec![vec![9], vec![3, 4], vec![0, 4, 5]], 0xcf6aa662e813c968),
        (vec![vec![53, 74, 76, 94], vec![7, 52, 78, 86], vec![21, 33, 94, 98]], 0x304b3a4abd4c929a),
        (vec![vec![6, 7, 8, 9], vec![3, 4, 8, 9], vec![0, 3, 4, 5]], 0x05815ad7c4c30187),
        (vec![vec![4, 5, 10, 11, 21, 23], vec![6, 7, 19], vec![21]], 0xb6a8462b468e4552),
        (vec![vec![0, 2, 3, 4], vec![1, 3, 5], vec![0, 2, 4]], 0x8b02635f57cb0480),
        (vec![vec![7, 9], vec![1, 3, 4, 9], vec![0, 4, 5, 9]], 0xc41d41388b38261b),
        (vec![vec![1, 2, 3, 5, 6], vec![0, 2, 3, 5], vec![3, 4, 7]], 0x19a5b96e5f826fa5),
        (vec![vec![1, 2, 3, 5, 6], vec![0, 2, 3, 5], vec![3, 4, 7]], 0x1f559e0a5cb8337b),
        (vec![vec![1, 2, 3, 5, 6], vec![0, 2, 3, 5], vec![3, 4, 7]], 0x3c88b79594e7c5cc),
        (vec![vec![1, 2, 3, 5, 6], vec![0, 2, 3, 5], vec![3, 4, 7]], 0xd9377f4ba421fc05),
        (vec![vec![3], vec![3], vec![1, 5]], 0x933a2a43a7cff828),
        (vec![vec![2, 3], vec![2, 3], vec![]], 0x19107447e14291ad),
    ];
    assert_eq!(found.len(), expected.len());
    for (law, (found, expected)) in found.into_iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "law {law}");
    }
}

/// There are enough samples for several threads. The digest is the same with and without the
/// feature `parallel`.
#[test]
fn a_batch_has_the_same_bits_with_and_without_threads() {
    let batch = batch(&Features::paper(300, 0.07).unwrap(), Stream::Evaluation.samples(11, 5..1005));
    let words = batch.offsets().iter().map(|&offset| offset as u64);
    let words = words.chain(batch.indices().iter().map(|&index| u64::from(index)));
    let found = digest(words.chain(batch.values().iter().map(|value| value.to_bits())));
    assert_eq!((batch.non_zeros(), found), (21_082, 0x24aba9d96e5f3d5c));
}

#[test]
fn first_values() {
    let mut batch = SparseBatch::<f64>::new(4).unwrap();
    sample_into(&Features::paper(4, 1.0).unwrap(), Stream::Training.samples(2025, 0..1), &mut batch).unwrap();
    assert_eq!(
        batch.values(),
        [0.5371424126360326, 0.7635375785281596, 0.9428674197634567, 0.7481406808931214]
    );
}

#[test]
fn first_normal_numbers() {
    let mut rng = Stream::Draws.rng(2025, 0);
    let found = [(); 3].map(|()| standard_normal(&mut rng));
    assert_eq!(found, [0.10545133820419363, -0.02795133918950248, 2.419701332839041]);
}
