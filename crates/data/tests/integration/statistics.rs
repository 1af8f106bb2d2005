//! Samples against theory: probabilities, moments and covariances of every distribution, at a
//! stated significance level.
//!
//! Each test makes `m` comparisons of standardised statistics that theory says are standard normal,
//! and requires each to be within the quantile of α/(2m) with α = 1e-6 (Bonferroni). Seeds are
//! fixed, so that the result of a test never changes.

use rand_distr::{Beta, Exp, Normal};
use statrs::distribution::{ChiSquared, ContinuousCDF};
use toy_superposition_data::*;

const ALPHA: f64 = 1e-6;

/// Returns the largest `|z|` that is allowed among `comparisons` standard normal numbers.
fn z_limit(comparisons: usize) -> f64 {
    statrs::distribution::Normal::standard().inverse_cdf(1.0 - ALPHA / (2.0 * comparisons as f64))
}

/// Checks probabilities, means, second moments and all covariances of a distribution with few
/// features. There must be enough samples to detect a relative error of a tenth in each
/// probability, mean and second moment.
///
/// `E u ≠ 0` is needed to recover the joint law of two switches from the covariance.
fn check<D: Distribution>(distribution: &D, samples: usize, seed: u64) {
    let n = distribution.features();
    let x = sample_dense::<f64, _>(distribution, Stream::Training.samples(seed, 0..samples as u64)).unwrap();
    let limit = z_limit(3 * n + n * (n - 1) / 2);
    let count = samples as f64;
    let within = |what: &str, i: usize, j: usize, found: f64, expected: f64, variance: f64| {
        // The absolute term is for laws without variance, where only rounding is left.
        let allowed = limit * (variance.max(0.0) / count).sqrt() + 1e-12;
        let off = (found - expected).abs();
        assert!(off <= allowed, "{what} ({i}, {j}): {found}, expected {expected} ± {allowed}");
        let told = what == "covariance" || allowed <= 0.1 * expected.abs();
        assert!(told, "{what} {i}: too few samples to tell {expected} ± {allowed}");
    };
    for i in 0..n {
        let Moments { probability: p, mean, second_moment } = distribution.moments(i);
        let row = x.row(i);
        let on = row.iter().filter(|&&value| value != 0.0).count() as f64 / count;
        within("probability", i, i, on, p, p * (1.0 - p));
        within("mean", i, i, row.mean(), mean, second_moment - mean * mean);
        let fourth = row.iter().map(|value| value.powi(4)).sum::<f64>() / count;
        let second = row.iter().map(|value| value * value).sum::<f64>() / count;
        within("second moment", i, i, second, second_moment, fourth - second * second);
        assert_eq!(distribution.covariance(i, i), distribution.moments(i).variance());
        for j in 0..i {
            let other = distribution.moments(j);
            let covariance = distribution.covariance(i, j);
            assert_eq!(covariance, distribution.covariance(j, i));
            let q = other.probability;
            let (level, other_level) = (mean / p, other.mean / q);
            let both = p * q + covariance / (level * other_level);
            // E (x − E x)² given that the feature is on, and given that it is off.
            let on_i = second_moment / p - 2.0 * mean * level + mean * mean;
            let on_j = other.second_moment / q - 2.0 * other.mean * other_level + other.mean * other.mean;
            let (off_i, off_j) = (mean * mean, other.mean * other.mean);
            let square = both * on_i * on_j
                + (p - both) * on_i * off_j
                + (q - both) * off_i * on_j
                + (1.0 - p - q + both) * off_i * off_j;
            let other_row = x.row(j);
            let product = row.iter().zip(other_row.iter()).map(|(a, b)| (a - mean) * (b - other.mean));
            let found = product.sum::<f64>() / count;
            within("covariance", i, j, found, covariance, square - covariance * covariance);
        }
    }
}

#[test]
fn independent_features() {
    for (seed, p) in [0.015, 0.03, 0.1, 0.5, 0.8, 1.0].into_iter().enumerate() {
        check(&Features::paper(11, p).unwrap(), 60_000.max((7_000.0 / p) as usize), seed as u64);
    }
}

#[test]
fn a_probability_for_each_feature() {
    // Several classes with several members each, frequent features between them, and one feature
    // that is always on.
    let p = [0.01, 0.3, 0.013, 0.02, 1.0, 0.9, 0.017, 0.06, 0.011, 0.05, 0.0625, 0.03];
    check(&Features::new(Independent::per_feature(&p).unwrap(), UnitUniform), 700_000, 11);
}

#[test]
fn tiny_probabilities_over_many_features() {
    let features = 1_000_000;
    for (p, samples) in [(1e-6, 12_000), (3e-8, 400_000)] {
        let mut batch = SparseBatch::<f32>::new(features).unwrap();
        let decades: Vec<f64> = (0..features).map(|i| if i % 2 == 0 { p } else { p / 100.0 }).collect();
        let same = Features::paper(features, p).unwrap();
        sample_into(&same, Stream::Training.samples(5, 0..samples as u64), &mut batch).unwrap();
        let expected = p * (features * samples) as f64;
        assert!((batch.non_zeros() as f64 - expected).abs() < z_limit(6) * expected.sqrt());
        let mean =
            batch.indices().iter().map(|&i| f64::from(i)).sum::<f64>() / batch.non_zeros().max(1) as f64;
        let spread = features as f64 / (12.0 * batch.non_zeros().max(1) as f64).sqrt();
        assert!((mean - features as f64 / 2.0).abs() < z_limit(6) * spread, "mean position {mean}");

        let each = Features::new(Independent::per_feature(&decades).unwrap(), UnitUniform);
        sample_into(&each, Stream::Training.samples(6, 0..samples as u64), &mut batch).unwrap();
        let expected = expected * (1.0 + 0.01) / 2.0;
        assert!(
            expected > 6000.0 && (batch.non_zeros() as f64 - expected).abs() < z_limit(6) * expected.sqrt()
        );
    }
}

#[test]
fn magnitudes() {
    let switches = || Independent::new(3, 0.4).unwrap();
    check(&Features::new(switches(), Constant::new(-1.5).unwrap()), 30_000, 21);
    // E uᵏ = k!/λᵏ.
    let exponential = WithMoments::new("exponential", Exp::new(2.0).unwrap(), [0.5, 0.5, 0.75, 1.5]).unwrap();
    check(&Features::new(switches(), exponential), 100_000, 22);
    // E uᵏ = Π_{i < k} (2 + i)/(5 + i).
    let moments = [0.4, 0.2, 0.2 * 4.0 / 7.0, 0.2 * 4.0 / 7.0 * 5.0 / 8.0];
    let beta = WithMoments::new("beta", Beta::new(2.0, 3.0).unwrap(), moments).unwrap();
    check(&Features::new(switches(), beta), 100_000, 23);
    // μ, μ² + σ², μ³ + 3μσ², μ⁴ + 6μ²σ² + 3σ⁴.
    let normal = WithMoments::new("normal", Normal::new(1.0, 2.0).unwrap(), [1.0, 5.0, 13.0, 73.0]).unwrap();
    check(&Features::new(switches(), normal), 100_000, 24);
    check(&Features::new(switches(), Exponential::new(0.5).unwrap()), 100_000, 25);
    check(&Features::new(switches(), Interval::new(-0.5, 2.0).unwrap()), 100_000, 26);
    let points = Points::new(&[0.5, 2.0, -1.0], &[3.0, 1.0, 0.5]).unwrap();
    check(&Features::new(switches(), points), 100_000, 27);
}

/// Kolmogorov–Smirnov: `√n sup |F_n − F|` exceeds `√(ln(2/α)/2)` with probability at most α
/// (Massart's inequality).
#[test]
fn the_default_magnitude_is_uniform() {
    let mut batch = SparseBatch::<f64>::new(1000).unwrap();
    sample_into(&Features::paper(1000, 0.2).unwrap(), Stream::Training.samples(31, 0..500), &mut batch)
        .unwrap();
    let mut values = batch.values().to_vec();
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let distance = values.iter().enumerate().fold(0.0, |most, (k, value)| {
        f64::max(most, f64::max((k as f64 + 1.0) / count - value, value - k as f64 / count))
    });
    assert!(distance < ((2.0 / ALPHA).ln() / (2.0 * count)).sqrt(), "distance {distance}");
    assert!(values[0] > 0.0 && values[values.len() - 1] < 1.0);
}

#[test]
fn exactly_k() {
    for (seed, (n, k)) in [(9, 1), (17, 2), (12, 5), (8, 7), (6, 6), (1, 1)].into_iter().enumerate() {
        let law = Features::new(Exactly::new(n, k).unwrap(), UnitUniform);
        check(&law, 60_000, 40 + seed as u64);
        let mut batch = SparseBatch::<f32>::new(n).unwrap();
        sample_into(&law, Stream::Training.samples(40, 0..1000), &mut batch).unwrap();
        assert!(batch.iter().all(|(on, _)| on.len() == k));
    }
    // Both methods are tested on many features, where the number of features on must be exact.
    for (n, k) in [(100_000, 3_000), (10_000, 9_999)] {
        let mut batch = SparseBatch::<f32>::new(n).unwrap();
        sample_into(
            &Features::new(Exactly::new(n, k).unwrap(), UnitUniform),
            Stream::Training.samples(1, 0..3),
            &mut batch,
        )
        .unwrap();
        assert!(batch.iter().all(|(on, _)| on.len() == k));
    }
}

/// A χ² test over all subsets: (16, 2) and (24, 3) are drawn by dropping repetitions, (8, 3) and
/// (7, 5) in one pass.
#[test]
fn subsets_of_size_k_are_equally_likely() {
    for (seed, (n, k, subsets)) in
        [(16, 2, 120), (24, 3, 2024), (8, 3, 56), (7, 5, 21)].into_iter().enumerate()
    {
        let samples = 100 * subsets;
        let mut batch = SparseBatch::<f32>::new(n).unwrap();
        let law = Features::new(Exactly::new(n, k).unwrap(), UnitUniform);
        sample_into(&law, Stream::Training.samples(50 + seed as u64, 0..samples as u64), &mut batch).unwrap();
        let mut counts = std::collections::HashMap::new();
        batch.iter().for_each(|(on, _)| *counts.entry(on.to_vec()).or_insert(0.0) += 1.0);
        assert_eq!(counts.len(), subsets);
        let statistic: f64 = counts.values().map(|count: &f64| (count - 100.0).powi(2) / 100.0).sum();
        let limit = ChiSquared::new(subsets as f64 - 1.0).unwrap().inverse_cdf(1.0 - ALPHA);
        assert!(statistic < limit, "{k} of {n}: χ² = {statistic}, limit {limit}");
    }
}

#[test]
fn pairs() {
    let anticorrelated = -0.1 / 0.9;
    let nearly_on = -0.3 / 0.7;
    for (seed, (p, correlation)) in
        [(0.1, 0.4), (0.02, 0.9), (0.3, 1.0), (0.1, anticorrelated), (0.7, nearly_on), (0.5, 0.0), (1.0, 0.0)]
            .into_iter()
            .enumerate()
    {
        let law = Pairs::new(3, p, correlation).unwrap();
        let within = law.covariance(2, 3) / (p * (1.0 - p)).max(f64::MIN_POSITIVE);
        approx::assert_relative_eq!(within, correlation, epsilon = 0.0, max_relative = 1e-14);
        check(&Features::new(law, UnitUniform), 400_000, 60 + seed as u64);
    }
}

/// Features that are often on are drawn one by one, the others by classes of similar probability.
#[test]
fn features_of_any_probability_come_in_order() {
    let mut batch = SparseBatch::<f32>::new(200).unwrap();
    for rare in [0.02, 0.002] {
        let often_rarely_or = |i: usize| [0.8, rare, 0.02][i % 3];
        let p: Vec<f64> = (0..200).map(often_rarely_or).collect();
        let law = Features::new(Independent::per_feature(&p).unwrap(), UnitUniform);
        sample_into(&law, Stream::Training.samples(2, 0..500), &mut batch).unwrap();
        assert!(batch.iter().all(|(on, _)| on.windows(2).all(|two| two[0] < two[1])), "{rare}");
    }
}

#[test]
fn the_ends_of_correlation_are_exact() {
    let mut batch = SparseBatch::<f32>::new(40).unwrap();
    let together = Features::new(Pairs::new(20, 0.2, 1.0).unwrap(), UnitUniform);
    sample_into(&together, Stream::Training.samples(1, 0..2000), &mut batch).unwrap();
    assert!(batch.iter().all(|(on, _)| on.chunks(2).all(|pair| pair[0] % 2 == 0 && pair[1] == pair[0] + 1)));
    let never_both = Features::new(Pairs::new(20, 0.2, -0.2 / 0.8).unwrap(), UnitUniform);
    sample_into(&never_both, Stream::Training.samples(1, 0..2000), &mut batch).unwrap();
    assert!(batch.iter().all(|(on, _)| on.windows(2).all(|two| two[0] / 2 != two[1] / 2)));
}

/// At the least correlation for `p > 1/2`, at least one feature of each pair is on, for any
/// rounding of `p`.
#[test]
fn pairs_that_are_never_off() {
    let mut batch = SparseBatch::<f32>::new(20).unwrap();
    for p in (501..1000).map(|thousandths| f64::from(thousandths) / 1000.0) {
        let law = Features::new(Pairs::new(10, p, -(1.0 - p) / p).unwrap(), UnitUniform);
        sample_into(&law, Stream::Training.samples(1, 0..4), &mut batch).unwrap();
        assert!(batch.iter().all(|(on, _)| (0..10).all(|pair| on.iter().any(|&i| i / 2 == pair))), "p = {p}");
    }
}

#[test]
fn groups() {
    let groups: [&[u32]; 4] = [&[6, 1], &[0], &[5, 2, 7], &[3, 4]];
    let each = Groups::new(&groups, Independent::per_feature(&[0.1, 0.5, 0.02, 0.9]).unwrap()).unwrap();
    assert_eq!(each.probability(7), 0.02);
    assert_eq!(each.covariance(1, 6), 0.1 * 0.9);
    assert_eq!(each.covariance(1, 2), 0.0);
    check(&Features::new(each, UnitUniform), 400_000, 71);
    // Exactly one of four groups is on at a time, so that groups exclude each other.
    let one = Groups::new(&groups, Exactly::new(4, 1).unwrap()).unwrap();
    assert_eq!(one.covariance(0, 7), -1.0 / 16.0);
    let law = Features::new(one, UnitUniform);
    check(&law, 60_000, 72);
    let mut batch = SparseBatch::<f32>::new(8).unwrap();
    sample_into(&law, Stream::Training.samples(73, 0..200), &mut batch).unwrap();
    let sorted: [&[u32]; 4] = [&[1, 6], &[0], &[2, 5, 7], &[3, 4]];
    assert!(batch.iter().all(|(on, _)| sorted.contains(&on)));
}

fn edge(from: u32, to: u32, transmission: f64) -> Edge {
    Edge { from, to, transmission }
}

fn graph() -> (Vec<f64>, Vec<Edge>) {
    // The graph has a common source, a cycle, a feature without a source, one that is always on,
    // and an isolated one.
    let sources = vec![0.3, 0.05, 0.0, 0.2, 1.0, 0.15, 0.01];
    let edges = vec![
        edge(0, 1, 0.5),
        edge(3, 2, 0.7),
        edge(0, 2, 0.25),
        edge(1, 3, 1.0),
        edge(3, 0, 0.6),
        edge(4, 6, 0.1),
    ];
    (sources, edges)
}

#[test]
fn graphs() {
    let (sources, edges) = graph();
    check(&Features::new(Graph::new(&sources, &edges).unwrap(), UnitUniform), 200_000, 81);
    // The sources are so rare that most samples involve no edge.
    let rare: Vec<f64> = sources.iter().map(|s| s / 8.0).collect();
    check(&Features::new(Graph::new(&rare, &edges).unwrap(), UnitUniform), 600_000, 82);
}

/// Compares probabilities and covariances of the graph with the sum over all 2^(sources + edges)
/// states.
#[test]
fn a_graph_is_the_sum_over_its_states() {
    let (sources, edges) = graph();
    for scale in [1.0, 1e-3, 1e-7] {
        let sources: Vec<f64> = sources.iter().map(|s| s * scale).collect();
        let law = Graph::new(&sources, &edges).unwrap();
        let n = sources.len();
        let mut joint = vec![vec![0.0; n]; n];
        for state in 0u32..1 << (n + edges.len()) {
            let set = |bit: usize| state >> bit & 1 == 1;
            let mut weight = 1.0;
            let mut on = vec![false; n];
            for (i, &s) in sources.iter().enumerate() {
                weight *= if set(i) { s } else { 1.0 - s };
                on[i] |= set(i);
            }
            for (k, edge) in edges.iter().enumerate() {
                weight *= if set(n + k) { edge.transmission } else { 1.0 - edge.transmission };
                on[edge.to as usize] |= set(n + k) && set(edge.from as usize);
            }
            for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                joint[i][j] += if on[i] && on[j] { weight } else { 0.0 };
            }
        }
        for i in 0..n {
            approx::assert_relative_eq!(law.probability(i), joint[i][i], epsilon = 0.0, max_relative = 1e-12);
            for j in 0..n {
                // The allowed error is absolute, because the subtraction of p² rounds relative to
                // the joint probability.
                let expected = joint[i][j] - joint[i][i] * joint[j][j];
                let allowed = 1e-12 * joint[i][j];
                let found = law.covariance(i, j);
                assert!((found - expected).abs() <= allowed, "({i}, {j}): {found}, expected {expected}");
            }
        }
        assert_eq!(law.covariance(5, 0), 0.0);
        assert!(law.covariance(1, 2) > 0.0, "a common source two steps apart");
    }
}
