//! Batches have the same bits on any number of threads, in any batch and in either precision, and
//! their memory is reused.

use proptest::prelude::*;
use toy_superposition_data::*;

fn laws() -> (Features<Independent>, Features<Graph>) {
    let graph = Graph::new(&[0.02; 300], &[Edge { from: 3, to: 200, transmission: 0.4 }]).unwrap();
    (Features::paper(300, 0.07).unwrap(), Features::new(graph, UnitUniform))
}

fn sampled<T: Scalar, D: Distribution>(law: &D, first: u64, samples: usize) -> SparseBatch<T> {
    let mut batch = SparseBatch::new(law.features()).unwrap();
    sample_into(law, Stream::Training.samples(9, first..first + samples as u64), &mut batch).unwrap();
    batch
}

/// Draws one sample at a time, directly from the definition.
fn plain<D: Distribution>(law: &D, first: u64, samples: usize) -> SparseBatch<f64> {
    let mut batch = SparseBatch::new(law.features()).unwrap();
    for sample in 0..samples {
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        law.sample(&mut Stream::Training.rng(9, first + sample as u64), &mut indices, &mut values);
        batch.push_sample(&indices, &values).unwrap();
    }
    batch
}

#[cfg(feature = "parallel")]
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    fn on<D: Distribution>(threads: usize, law: &D, samples: usize) -> SparseBatch<f64> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| sampled(law, 5, samples))
    }
    let (independent, graph) = laws();
    for samples in [0, 1, 2, 7, 8, 9, 101] {
        let (first, second) = (plain(&independent, 5, samples), plain(&graph, 5, samples));
        for threads in [1, 2, 3, 5] {
            assert_eq!(on(threads, &independent, samples), first, "{threads} threads, {samples} samples");
            assert_eq!(on(threads, &graph, samples), second, "{threads} threads, {samples} samples");
        }
    }
}

#[test]
fn a_sample_does_not_know_its_batch() {
    let (law, _) = laws();
    let all = sampled::<f64, _>(&law, 100, 20);
    assert_eq!(all, plain(&law, 100, 20));
    let some = sampled::<f64, _>(&law, 107, 5);
    (0..5).for_each(|k| assert_eq!(some.sample(k), all.sample(7 + k)));
    // Sample numbers are taken modulo the length of their stream, here 2⁶³.
    let around = sampled::<f64, _>(&law, (1 << 63) - 1, 2);
    assert_eq!(around.sample(1), sampled::<f64, _>(&law, 0, 1).sample(0));
    // Consecutive samples differ, and so do samples of different seeds.
    assert_ne!(all.sample(0), all.sample(1));
    let mut other = SparseBatch::<f64>::new(300).unwrap();
    sample_into(&law, Stream::Training.samples(10, 100..120), &mut other).unwrap();
    assert_ne!(other, all);
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let (law, _) = laws();
    let (single, double) = (sampled::<f32, _>(&law, 0, 30), sampled::<f64, _>(&law, 0, 30));
    assert_eq!(single.indices(), double.indices());
    assert_eq!(single.offsets(), double.offsets());
    assert!(single.values().iter().zip(double.values()).all(|(&a, &b)| a == b as f32));
    let dense = sample_dense::<f32, _>(&law, Stream::Training.samples(9, 0..30)).unwrap();
    assert_eq!(dense, single.to_dense());
    assert_eq!(dense.shape(), (300, 30));
    assert_eq!(SparseBatch::from_dense(&dense).unwrap(), single);
}

#[test]
fn memory_is_reused_and_nothing_of_it_shows() {
    let (law, graph) = laws();
    let (mut sampler, mut batch) = (Sampler::<f64>::new(), SparseBatch::new(300).unwrap());
    sampler.sample_into(&law, Stream::Training.samples(9, 0..64), &mut batch).unwrap();
    let addresses = |batch: &SparseBatch<f64>| {
        (batch.offsets().as_ptr(), batch.indices().as_ptr(), batch.values().as_ptr())
    };
    let before = addresses(&batch);
    sampler.sample_into(&graph, Stream::Training.samples(9, 0..50), &mut batch).unwrap();
    assert_eq!(batch, plain(&graph, 0, 50));
    sampler.sample_into(&law, Stream::Training.samples(9, 0..64), &mut batch).unwrap();
    assert_eq!(batch, plain(&law, 0, 64));
    assert_eq!(addresses(&batch), before);
    sampler.sample_into(&law, Stream::Training.samples(9, 0..0), &mut batch).unwrap();
    assert_eq!((batch.samples(), batch.non_zeros()), (0, 0));
    // The sampler is reused for a different number of features.
    let wider = Features::paper(900, 0.5).unwrap();
    let mut wide = SparseBatch::new(900).unwrap();
    sampler.sample_into(&wider, Stream::Training.samples(9, 0..33), &mut wide).unwrap();
    assert_eq!(wide, plain(&wider, 0, 33));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_probability_list_gives_proper_samples(
        exponents in prop::collection::vec(-12.0..0.0f64, 1..200),
        always in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let mut p: Vec<f64> = exponents.iter().map(|e| e.exp2()).collect();
        let always = always.index(p.len());
        p[always] = 1.0;
        let law = Features::new(Independent::per_feature(&p).unwrap(), UnitUniform);
        let mut batch = SparseBatch::<f32>::new(p.len()).unwrap();
        // This fails for indices that do not increase and for values that are not finite.
        sample_into(&law, Stream::Training.samples(seed, 0..8), &mut batch).unwrap();
        prop_assert!(batch.iter().all(|(on, _)| on.binary_search(&(always as u32)).is_ok()));
    }

    #[test]
    fn every_grouping_switches_whole_groups(
        order in Just((0..24u32).collect::<Vec<_>>()).prop_shuffle(),
        sizes in prop::collection::vec(1..6usize, 24),
        seed in any::<u64>(),
    ) {
        let (mut rest, mut groups) = (&order[..], Vec::new());
        for size in sizes {
            let (group, left) = rest.split_at(size.min(rest.len()));
            rest = left;
            if !group.is_empty() {
                groups.push(group);
            }
        }
        let law = Groups::new(&groups, Independent::new(groups.len(), 0.5).unwrap()).unwrap();
        let mut batch = SparseBatch::<f64>::new(24).unwrap();
        sample_into(&Features::new(law, UnitUniform), Stream::Training.samples(seed, 0..4), &mut batch).unwrap();
        for (on, _) in batch.iter() {
            for group in &groups {
                let members = group.iter().filter(|member| on.binary_search(member).is_ok()).count();
                prop_assert!(members == 0 || members == group.len());
            }
        }
    }
}
