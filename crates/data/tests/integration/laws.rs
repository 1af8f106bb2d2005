//! Laws are compared with sums over all their states and with integrals. No test here draws a
//! random number.

use approx::assert_relative_eq;
use nalgebra::Complex;
use toy_superposition_data::*;

/// The probability of each of the 2^n states of the switches; bit `i` of a state is `c_i`.
type States = Vec<f64>;

fn bit(state: usize, i: usize) -> bool {
    state >> i & 1 == 1
}

fn independent(p: &[f64]) -> States {
    let probability = |state| (0..p.len()).map(|i| if bit(state, i) { p[i] } else { 1.0 - p[i] }).product();
    (0..1 << p.len()).map(probability).collect()
}

fn exactly(n: usize, k: u32) -> States {
    let subsets = (0_usize..1 << n).filter(|state| state.count_ones() == k).count() as f64;
    (0_usize..1 << n).map(|state| if state.count_ones() == k { 1.0 / subsets } else { 0.0 }).collect()
}

fn pairs(count: usize, p: f64, rho: f64) -> States {
    let both = p * p + rho * p * (1.0 - p);
    let table = [1.0 - 2.0 * p + both, p - both, p - both, both];
    (0..1 << (2 * count)).map(|state| (0..count).map(|m| table[state >> (2 * m) & 3]).product()).collect()
}

fn groups(groups: &[&[u32]], of: &States) -> States {
    let n: usize = groups.iter().map(|group| group.len()).sum();
    let mut states = vec![0.0; 1 << n];
    for (switches, probability) in of.iter().enumerate() {
        let on =
            groups.iter().enumerate().filter(|(g, _)| bit(switches, *g)).flat_map(|(_, group)| group.iter());
        states[on.fold(0, |state, &i| state | 1 << i)] += probability;
    }
    states
}

fn graph(sources: &[f64], edges: &[Edge]) -> States {
    let n = sources.len();
    let mut states = vec![0.0; 1 << n];
    for state in 0_usize..1 << (n + edges.len()) {
        let chances = sources.iter().copied().chain(edges.iter().map(|edge| edge.transmission));
        let weight: f64 = chances.enumerate().map(|(i, t)| if bit(state, i) { t } else { 1.0 - t }).product();
        let mut on = state & ((1 << n) - 1);
        for (k, edge) in edges.iter().enumerate() {
            on |= usize::from(bit(state, n + k) && bit(state, edge.from as usize)) << edge.to;
        }
        states[on] += weight;
    }
    states
}

/// Checks probabilities, covariances, joint probabilities of all sets, and the generating function
/// at unequal complex factors.
fn check(law: &dyn Switches, states: &States) {
    let n = law.features();
    assert_eq!(states.len(), 1 << n);
    assert_relative_eq!(states.iter().sum::<f64>(), 1.0, max_relative = 1e-13);
    let joint = |set: usize| -> f64 {
        states.iter().enumerate().filter(|(state, _)| state & set == set).map(|(_, p)| p).sum()
    };
    for i in 0..n {
        assert_relative_eq!(law.probability(i), joint(1 << i), epsilon = 0.0, max_relative = 1e-12);
        for j in 0..n {
            let expected = joint(1 << i | 1 << j) - joint(1 << i) * joint(1 << j);
            let allowed = 1e-13 * joint(1 << i);
            assert!((law.covariance(i, j) - expected).abs() < allowed, "{:?} ({i}, {j})", law.spec());
        }
    }
    for set in 0..1 << n {
        // The features are in decreasing order and one is repeated, since neither order nor
        // repetition may matter.
        let mut features: Vec<_> = (0..n).rev().filter(|&i| bit(set, i)).collect();
        features.extend(features.last().copied());
        let found = law.joint_probability(&features).unwrap();
        assert_relative_eq!(found, joint(set), epsilon = 1e-300, max_relative = 1e-12);
    }
    let factors: Vec<_> =
        (0..n).map(|i| Complex::from_polar(0.4 + 0.2 * i as f64, 1.0 + 1.7 * i as f64)).collect();
    let product = |state| (0..n).filter(|&i| bit(state, i)).map(|i| factors[i]).product::<Complex<f64>>();
    let expected: Complex<f64> = states.iter().enumerate().map(|(state, p)| product(state) * *p).sum();
    let found = law.generating_function(&factors).unwrap();
    assert!((found - expected).norm() < 1e-12 * expected.norm(), "{:?}: {found}, {expected}", law.spec());
    let built = law.spec().build(n).unwrap();
    assert_eq!(built.spec(), law.spec());
    assert_eq!(built.generating_function(&factors), Some(found));
    assert_eq!(built.joint_probability(&[n - 1, 0]), law.joint_probability(&[0, n - 1]));
}

/// `E Π f^{c_i} = f^k`, also where `n_s` is so large that the sum has fewer terms than features.
#[test]
fn exactly_k_of_many_is_a_power() {
    for (n, k) in [(4096, 200), (20_000, 3), (50_000, 25_000)] {
        let law = Exactly::new(n, k).unwrap();
        let found = law.generating_function(&vec![Complex::cis(0.01); n]).unwrap();
        let error = (found - Complex::cis(0.01 * k as f64)).norm();
        assert!(error < 1e-11, "{k} of {n}: {error}");
    }
}

#[test]
fn any_magnitude_is_that_magnitude() {
    let interval = Interval::new(0.2, 0.7).unwrap();
    let any = AnyMagnitude::Interval(interval);
    assert_eq!(any.support(), (0.2, 0.7));
    assert_eq!(any.raw_moments(), interval.raw_moments());
    for u in [0.1, 0.3, 0.8] {
        assert_eq!(any.density(u), interval.density(u));
        assert_eq!(any.distribution_function(u), interval.distribution_function(u));
    }
}

#[test]
fn switches_are_the_sums_over_their_states() {
    let p = [0.3, 1e-6, 0.9, 1.0, 0.05];
    check(&Independent::per_feature(&p).unwrap(), &independent(&p));
    check(&Independent::new(4, 0.2).unwrap(), &independent(&[0.2; 4]));
    for (n, k) in [(6, 1), (7, 3), (5, 5), (6, 4), (1, 1)] {
        check(&Exactly::new(n, k).unwrap(), &exactly(n, k as u32));
    }
    for (p, rho) in [(0.1, 0.4), (0.3, 1.0), (0.2, -0.25), (0.7, -0.3 / 0.7), (1.0, 0.0), (1e-4, 0.9)] {
        check(&Pairs::new(3, p, rho).unwrap(), &pairs(3, p, rho));
    }
    let lists: [&[u32]; 3] = [&[4, 1], &[0], &[5, 2, 3]];
    let each = Independent::per_feature(&[0.1, 0.5, 0.02]).unwrap();
    check(&Groups::new(&lists, each).unwrap(), &groups(&lists, &independent(&[0.1, 0.5, 0.02])));
    check(&Groups::new(&lists, Exactly::new(3, 1).unwrap()).unwrap(), &groups(&lists, &exactly(3, 1)));
    let neighbours: [&[u32]; 2] = [&[0, 1, 2], &[3, 4, 5]];
    let equal = Groups::equal(3, Independent::new(2, 0.3).unwrap()).unwrap();
    assert_eq!(equal, Groups::new(&neighbours, Independent::new(2, 0.3).unwrap()).unwrap());
    check(&equal, &groups(&neighbours, &independent(&[0.3; 2])));
    let edges = [(0, 1, 0.5), (3, 2, 0.7), (0, 2, 0.25), (1, 3, 1.0), (3, 0, 0.6), (4, 6, 0.1)];
    let edges = edges.map(|(from, to, transmission)| Edge { from, to, transmission });
    for scale in [1.0, 1e-3] {
        let sources = [0.3, 0.05, 0.0, 0.2, 1.0, 0.15, 0.01].map(|source| source * scale);
        check(&Graph::new(&sources, &edges).unwrap(), &graph(&sources, &edges));
    }
    // A ring, and a feature that all others reach, for which a hidden switch of its own is cheaper.
    let ring: Vec<_> = (0..6).map(|from| edge(from, (from + 1) % 6, 0.2 + 0.1 * from as f64)).collect();
    let hub: Vec<_> = (1..7).map(|from| edge(from, 0, 0.1 * from as f64)).collect();
    let sources = [0.1, 0.4, 0.3, 0.2, 0.25, 0.15, 0.35];
    for (n, edges, differences) in [(6, ring, false), (7, hub, true)] {
        let law = Graph::new(&sources[..n], &edges).unwrap();
        check(&law, &graph(&sources[..n], &edges));
        let [block] = &law.blocks().unwrap()[..] else { panic!("one component") };
        let mut values = block.sums().iter().flat_map(Sum::factors).flat_map(Factor::values);
        assert_eq!(values.any(|[_, on]| on.re < 0.0), differences);
        // Every sum but the last is a factor in exactly one later sum.
        let entered: Vec<usize> = block.sums().iter().flat_map(Sum::messages).map(Message::sum).collect();
        assert_eq!(entered.len(), block.sums().len() - 1);
        assert!((0..entered.len()).all(|sum| entered.contains(&sum)), "{entered:?}");
        for (u, unit) in block.units().iter().enumerate() {
            for on in [false, true] {
                given(&law, block, u, unit[0] as usize, on);
            }
        }
    }
}

fn edge(from: usize, to: usize, transmission: f64) -> Edge {
    Edge { from: from as u32, to: to as u32, transmission }
}

/// Checks the law of the other features given one switch, which is computed with the factors 0 and
/// 1 for that switch.
fn given(law: &Graph, block: &Block, unit: usize, feature: usize, on: bool) {
    let (n, p) = (law.features(), law.probability(feature));
    let mut factors: Vec<_> = (0..n).map(|i| Complex::from_polar(0.9, 0.3 + i as f64)).collect();
    let mut with = |own: f64| {
        factors[feature] = Complex::from(own);
        (law.generating_function(&factors).unwrap(), block.given(unit, on).average(&factors))
    };
    let ((off, _), (all, found)) = (with(0.0), with(1.0));
    let expected = if on { (all - off) / p } else { off / (1.0 - p) };
    assert!((found - expected).norm() < 1e-14, "{feature} {on}: {found} {expected}");
}

/// Chains and rings of 300 sources against products of 2 × 2 matrices, a star of 300 sources
/// against its closed form.
#[test]
fn large_graphs_are_summed_source_by_source() {
    let n = 300;
    let s = |i: usize| 0.02 + 0.3 * ((7 * i % 11) as f64) / 11.0;
    let t = |i: usize| 0.1 + 0.8 * ((5 * i % 13) as f64) / 13.0;
    let sources: Vec<f64> = (0..n).map(s).collect();
    let f: Vec<_> = (0..n).map(|i| Complex::from_polar(0.97, 0.5 * i as f64)).collect();
    // The number of sources in the largest table.
    let width = |law: &Graph| {
        let blocks = law.blocks().unwrap();
        blocks[0].sums().iter().map(|sum| sum.weights().len().ilog2()).max().unwrap()
    };
    for closed in [false, true] {
        let edges: Vec<_> = (0..n - usize::from(!closed)).map(|i| edge(i, (i + 1) % n, t(i))).collect();
        let law = Graph::new(&sources, &edges).unwrap();
        assert_eq!(width(&law), if closed { 3 } else { 2 });
        let found = law.generating_function(&f).unwrap();
        // The transfer matrix from the state of source i − 1 to that of source i, with the factor
        // of feature i.
        let step = |i: usize| {
            let before = (i + n - 1) % n;
            let through = if closed || i > 0 { t(before) } else { 0.0 };
            nalgebra::Matrix2::from_fn(|from, to| {
                let off = if to == 1 { 0.0 } else { 1.0 - through * from as f64 };
                (f[i] * (1.0 - off) + off) * [1.0 - s(i), s(i)][to]
            })
        };
        let product = (1..n).fold(step(0), |product, i| product * step(i));
        let expected = if closed { product.trace() } else { product[(0, 0)] + product[(0, 1)] };
        assert!((found - expected).norm() < 1e-12 * expected.norm(), "{found} {expected}");
    }
    let edges: Vec<_> = (1..n).map(|i| edge(i, 0, 0.05 * t(i))).collect();
    let law = Graph::new(&sources, &edges).unwrap();
    assert_eq!(width(&law), 2);
    let found = law.generating_function(&f).unwrap();
    let others = |reached: f64| -> Complex<f64> {
        let leaf = |i: usize| f[i] * (s(i) * (1.0 - 0.05 * t(i) * reached)) + (1.0 - s(i));
        (1..n).map(leaf).product()
    };
    let expected = f[0] * others(0.0) + (f[0] - 1.0) * others(1.0) * (s(0) - 1.0);
    assert!((found - expected).norm() < 1e-12 * expected.norm(), "{found} {expected}");
}

/// Joint probabilities keep their digits where inclusion and exclusion would lose them all.
#[test]
fn rare_features_of_a_graph_are_on_together_rarely() {
    let edges = [Edge { from: 0, to: 1, transmission: 1e-9 }];
    let law = Graph::new(&[1e-12, 1e-13, 1e-14], &edges).unwrap();
    // Computed by hand: feature 0 fires, feature 1 fires or is reached, and feature 2 is
    // independent.
    let expected = 1e-12 * (1e-13 + 1e-9 - 1e-22) * 1e-14;
    let found = law.joint_probability(&[0, 1, 2]).unwrap();
    assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 1e-13);
}

#[test]
fn sums_that_would_be_too_long_are_not_attempted() {
    let complete = |n: usize| {
        let pairs = (0..n).flat_map(|from| (0..n).filter(move |&to| to != from).map(move |to| (from, to)));
        let edges: Vec<_> = pairs.map(|(from, to)| edge(from, to, 0.5)).collect();
        Graph::new(&vec![0.1; n], &edges).unwrap()
    };
    let law = complete(18);
    assert_eq!(law.generating_function(&[Complex::ONE; 18]), None);
    let error = law.blocks().unwrap_err();
    assert!(matches!(error, Error::Wide { sources: 18, width: 17.., .. }), "{error}");
    assert!((complete(16).generating_function(&[Complex::ONE; 16]).unwrap().re - 1.0).abs() < 1e-13);
    // The width is allowed, but there are too many factors: each of 16 sources reaches each of 80
    // features.
    let edges: Vec<_> = (0..16).flat_map(|from| (16..96).map(move |to| edge(from, to, 0.5))).collect();
    let error = Graph::new(&[0.1; 96], &edges).unwrap().blocks().unwrap_err();
    assert!(matches!(error, Error::Wide { sources: 16, width: 16, factors: 4.2e6.. }), "{error:?}");
    assert_eq!(law.joint_probability(&(0..17).collect::<Vec<_>>()), None);
    let sixteen: Vec<_> = (2..18).collect();
    assert!(law.joint_probability(&sixteen).is_some_and(|p| p > 1e-16));
}

/// Returns the coefficients k = 1 to 4 of the power series of `f`, times `k!`, by the trapezoidal
/// rule on a circle.
fn derivatives(radius: f64, f: impl Fn(Complex<f64>) -> Complex<f64>) -> [f64; 4] {
    const NODES: usize = 64;
    let mut sums = [Complex::<f64>::ZERO; 4];
    for node in 0..NODES {
        let s = Complex::from_polar(radius, std::f64::consts::TAU * node as f64 / NODES as f64);
        let value = f(s);
        sums.iter_mut().enumerate().for_each(|(k, sum)| *sum += value / s.powu(k as u32 + 1));
    }
    std::array::from_fn(|k| sums[k].re / NODES as f64 * [1.0, 2.0, 6.0, 24.0][k])
}

/// Simpson's rule with 20,000 panels.
fn integral(low: f64, high: f64, f: impl Fn(f64) -> Complex<f64>) -> Complex<f64> {
    const PANELS: usize = 20_000;
    let width = (high - low) / PANELS as f64;
    let panel = |k: usize| {
        let start = low + width * k as f64;
        f(start) + f(start + 0.5 * width) * 4.0 + f(start + width)
    };
    (0..PANELS).map(panel).sum::<Complex<f64>>() * (width / 6.0)
}

fn magnitudes() -> Vec<Box<dyn Magnitude>> {
    vec![
        Box::new(UnitUniform),
        Box::new(Interval::new(-0.5, 2.0).unwrap()),
        Box::new(Interval::new(3.0, 3.25).unwrap()),
        Box::new(Exponential::new(1.5).unwrap()),
        Box::new(Constant::new(-1.5).unwrap()),
        Box::new(Points::new(&[0.5, 2.0, -1.0], &[3.0, 1.0, 0.5]).unwrap()),
    ]
}

/// Moments are compared with the generating function, and the generating and distribution functions
/// with the density.
#[test]
fn magnitudes_are_consistent_and_integrate_to_what_they_should() {
    for law in magnitudes() {
        let moments = derivatives(0.5, |s| law.generating_function(s).unwrap());
        for (found, expected) in law.raw_moments().into_iter().zip(moments) {
            assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 1e-11);
        }
        assert_eq!((law.mean(), law.second_moment()), (law.raw_moments()[0], law.raw_moments()[1]));
        let (low, high) = law.support();
        assert_eq!(law.distribution_function(high), Some(1.0));
        assert_eq!(law.distribution_function(low - 1e-9), Some(0.0));
        if law.density(0.0).is_none() {
            continue;
        }
        let (high, cut) = if high.is_finite() { (high, low + 0.3 * (high - low)) } else { (40.0, 0.7) };
        let density = |u: f64| law.density(u).unwrap();
        let below = integral(low, cut, |u| density(u).into()).re;
        assert_relative_eq!(law.distribution_function(cut).unwrap(), below, max_relative = 1e-11);
        assert_eq!((density(low - 1e-9), density(high + 1e-9) < 1e-20), (0.0, true));
        for s in [Complex::new(0.3, 2.0), Complex::new(-1.0, 0.1), Complex::new(0.0, 5.0)] {
            let expected = integral(low, high, |u| (s * u).exp() * density(u));
            let found = law.generating_function(s).unwrap();
            assert!((found - expected).norm() < 1e-11 * expected.norm(), "{:?} at {s}", law.spec());
        }
    }
    assert_eq!(Exponential::new(1.5).unwrap().generating_function(Complex::new(1.5, 0.3)), None);
}

/// `E e^{su} = 1 + s/2 + s²/6 + …` for small `s`: no digit of `s/2` is lost.
#[test]
fn the_uniform_generating_function_does_not_cancel() {
    for s in [Complex::new(1e-9, 0.0), Complex::new(0.0, 1e-9), Complex::new(-3e-10, 4e-10)] {
        let found = UnitUniform.generating_function(s).unwrap();
        let expected = Complex::<f64>::ONE + s / 2.0;
        assert!((found - expected).norm() < 3e-16, "{found} at {s}");
    }
}

/// Cumulants of features are the derivatives of the logarithm of the generating function.
#[test]
fn cumulants_are_those_of_the_generating_function() {
    for law in magnitudes() {
        for p in [1.0, 0.7, 0.05] {
            let spec = LawSpec { magnitude: law.spec(), ..LawSpec::paper(3, p) };
            let features = spec.build().unwrap();
            let expected =
                derivatives(0.05, |s| features.generating_function(&[0.0, 1.0, 0.0], s).unwrap().ln());
            let found = features.cumulants(1);
            // Cumulants that vanish are compared with the second moment instead of with themselves.
            let size = features.moments(1).second_moment;
            for (found, expected) in
                [found.mean, found.variance, found.third, found.fourth].into_iter().zip(expected)
            {
                assert!((found - expected).abs() < 1e-9 * size, "{:?}: {found}, {expected}", spec);
            }
        }
    }
}

#[test]
fn the_papers_cumulants() {
    for p in [1.0, 0.999, 0.5, 0.05, 1e-9, 1e-200, 1e-300] {
        let (paper, general) =
            (Cumulants::uniform(p).unwrap(), Cumulants::of_feature(p, UnitUniform.raw_moments()));
        for (a, b) in [
            (paper.mean, general.mean),
            (paper.variance, general.variance),
            (paper.third, general.third),
            (paper.fourth, general.fourth),
        ] {
            assert!((a - b).abs() <= 1e-15 * p, "p = {p}: {a}, {b}");
        }
    }
    let one = Cumulants::uniform(1.0).unwrap();
    assert_eq!(one.third, 0.0);
    assert_relative_eq!(one.excess_kurtosis().unwrap(), -1.2, epsilon = 0.0, max_relative = 1e-13);
    // κ₃/κ₂^{3/2} → (1/4)/(1/3)^{3/2}/√p and κ₄/κ₂² → (1/5)/(1/9)/p, without over- or underflow on
    // the way.
    for p in [1e-300_f64, 1e-250, 1e-160, 1e-30] {
        let rare = Cumulants::uniform(p).unwrap();
        let skewness = 0.75 * (3.0 / p).sqrt();
        assert_relative_eq!(rare.skewness().unwrap(), skewness, epsilon = 0.0, max_relative = 1e-14);
        assert_relative_eq!(rare.excess_kurtosis().unwrap(), 1.8 / p, epsilon = 0.0, max_relative = 1e-14);
    }
    // 1.8/p overflows f64, and a constant has no variance.
    assert_eq!(Cumulants::uniform(1e-309).unwrap().excess_kurtosis(), None);
    let constant = Cumulants { mean: 1.0, variance: 0.0, third: 0.0, fourth: 0.0 };
    assert_eq!((constant.skewness(), constant.excess_kurtosis()), (None, None));
    assert!(Cumulants::uniform(0.0).is_err() && Cumulants::uniform(f64::NAN).is_err());
}

/// A weighted sum of features, switches and magnitudes together, against the sum over states of
/// products of averages.
#[test]
fn a_weighted_sum_has_its_generating_function() {
    let law = Features::new(Pairs::new(2, 0.3, -0.2).unwrap(), Exponential::new(2.0).unwrap());
    let (weights, s) = ([0.5, -1.0, 0.25, 0.0], Complex::new(0.1, 1.3));
    let phi = |w: f64| 2.0 / (2.0 - s * w);
    let expected: Complex<f64> = pairs(2, 0.3, -0.2)
        .iter()
        .enumerate()
        .map(|(state, p)| {
            (0..4).filter(|&i| bit(state, i)).map(|i| phi(weights[i])).product::<Complex<f64>>() * *p
        })
        .sum();
    let found = law.generating_function(&weights, s).unwrap();
    assert!((found - expected).norm() < 1e-14, "{found}, {expected}");
    assert_eq!(law.generating_function(&weights, Complex::new(5.0, 0.0)), None);
    let custom = WithMoments::new("mine", (), [0.5, 0.3, 0.2, 0.15]).unwrap();
    let custom = Features::new(Independent::new(2, 0.5).unwrap(), custom);
    assert_eq!(custom.generating_function(&[1.0, 1.0], s), None);
    assert_relative_eq!(custom.cumulants(0).variance, 0.15 - 0.0625, max_relative = 1e-14);
}
