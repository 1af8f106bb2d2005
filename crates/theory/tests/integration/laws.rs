//! The exact loss under every law of `data`: against sums over all states of the switches, against
//! closed forms, and laws that must agree.

use approx::assert_relative_eq;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{
    AnyMagnitude, AnySwitches, Distribution, Edge, Error as DataError, Exactly, Features, Graph, Groups,
    Independent, Interval, Law, Pairs, Stream, Switches, UnitUniform,
};
use toy_superposition_theory::{Error, edgeworth_row_loss, exact_loss, exact_row_gradient, exact_row_loss};

/// `E (m + Σ w_j u_j)₊ᵏ` for `u ~ U[0, 1]`: `k!/(k+n)! Σ_{B} (−1)^{n−|B|} (m + Σ_B w)₊ᵏ⁺ⁿ / Π w`.
pub(crate) fn truncated_power(m: f64, weights: &[f64], k: i32) -> f64 {
    let n = weights.len();
    let mut sum = 0.0;
    for set in 0_usize..1 << n {
        let at: f64 = m + (0..n).filter(|j| set >> j & 1 == 1).map(|j| weights[j]).sum::<f64>();
        let sign = if (n - set.count_ones() as usize).is_multiple_of(2) { 1.0 } else { -1.0 };
        sum += sign * at.max(0.0).powi(k + n as i32);
    }
    let falling: f64 = (1..=n).map(|j| (k as usize + j) as f64).product();
    sum / falling / weights.iter().product::<f64>()
}

/// Six points and weights of Gauss–Legendre on [−1, 1]: exact up to degree 11.
pub(crate) const GAUSS_6: [(f64, f64); 3] = [
    (0.238_619_186_083_196_9, 0.467_913_934_572_691),
    (0.661_209_386_466_264_5, 0.360_761_573_048_138_6),
    (0.932_469_514_203_152, 0.171_324_492_379_170_3),
];

/// The probability of each state of `n` switches, by inclusion and exclusion over the features that
/// are off.
pub(crate) fn states(n: usize, switches: &dyn Switches) -> Vec<f64> {
    let joint: Vec<f64> = (0_usize..1 << n)
        .map(|set| {
            let on: Vec<usize> = (0..n).filter(|j| set >> j & 1 == 1).collect();
            switches.joint_probability(&on).unwrap()
        })
        .collect();
    let probability = |state: usize| {
        let rest = !state & ((1 << n) - 1);
        let (mut probability, mut sub) = (0.0, rest);
        loop {
            let sign = if sub.count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
            probability += sign * joint[state | sub];
            if sub == 0 {
                return probability;
            }
            sub = (sub - 1) & rest;
        }
    };
    (0..1 << n).map(probability).collect()
}

/// The loss of output `i` by the states of the switches: given those, the output is a polynomial of
/// the own magnitude between the points where a corner of the cube of the others reaches the kink.
fn enumerated(row: &[f64], i: usize, bias: f64, switches: &dyn Switches) -> f64 {
    let n = row.len();
    let mut loss = 0.0;
    for (state, probability) in states(n, switches).into_iter().enumerate() {
        let on: Vec<f64> = (0..n).filter(|&j| j != i && state >> j & 1 == 1).map(|j| row[j]).collect();
        if state >> i & 1 == 0 {
            loss += probability * truncated_power(bias, &on, 2);
            continue;
        }
        let mut cuts = vec![0.0, 1.0];
        for set in 0_usize..1 << on.len() {
            let at: f64 = bias + (0..on.len()).filter(|j| set >> j & 1 == 1).map(|j| on[j]).sum::<f64>();
            cuts.push((-at / row[i]).clamp(0.0, 1.0));
        }
        cuts.sort_by(f64::total_cmp);
        for cut in cuts.windows(2) {
            let (half, middle) = ((cut[1] - cut[0]) / 2.0, (cut[1] + cut[0]) / 2.0);
            for (x, weight) in GAUSS_6.into_iter().flat_map(|(x, weight)| [(x, weight), (-x, weight)]) {
                let u = middle + half * x;
                let m = bias + row[i] * u;
                let [first, second] = [1, 2].map(|k| truncated_power(m, &on, k));
                loss += probability * half * weight * (u * u - 2.0 * u * first + second);
            }
        }
    }
    loss
}

/// The graph with these `(from, to, transmission)`.
pub(crate) fn graph_of(sources: &[f64], edges: &[(u32, u32, f64)]) -> Graph {
    let edge = |&(from, to, transmission): &(u32, u32, f64)| Edge { from, to, transmission };
    Graph::new(sources, &edges.iter().map(edge).collect::<Vec<_>>()).unwrap()
}

fn graph() -> Graph {
    let edges = [(0, 1, 0.5), (3, 2, 0.7), (0, 2, 0.25), (1, 3, 1.0), (4, 5, 0.4)];
    graph_of(&[0.3, 0.05, 0.0, 0.2, 0.25, 0.1], &edges)
}

/// A ring, a tree from its root outwards, and a feature that all others reach, with two of them
/// linked.
pub(crate) fn graphs(n: u32) -> Vec<(&'static str, Graph)> {
    let sources: Vec<f64> = (0..n).map(|i| 0.05 + 0.04 * f64::from(i * 5 % 7)).collect();
    let t = |i: u32| 0.2 + 0.1 * f64::from(i * 3 % 8);
    let ring: Vec<_> = (0..n).map(|i| (i, (i + 1) % n, t(i))).collect();
    let tree: Vec<_> = (1..n).map(|i| ((i - 1) / 2, i, t(i))).collect();
    let mut hub: Vec<_> = (1..n).map(|i| (i, 0, 0.6 * t(i))).collect();
    hub.push((0, n - 1, 0.3));
    vec![
        ("ring", graph_of(&sources, &ring)),
        ("tree", graph_of(&sources, &tree)),
        ("hub", graph_of(&sources, &hub)),
    ]
}

/// Every kind of law, for six features.
pub(crate) fn laws() -> Vec<(&'static str, Box<dyn Switches>)> {
    let lists: [&[u32]; 3] = [&[4, 1], &[0], &[5, 2, 3]];
    let each = Independent::per_feature(&[0.1, 0.5, 0.02]).unwrap();
    let graphs = graphs(6).into_iter().map(|(name, graph)| (name, Box::new(graph) as Box<dyn Switches>));
    let mut laws: Vec<(_, Box<dyn Switches>)> = vec![
        ("independent", Box::new(Independent::per_feature(&[0.3, 0.01, 0.9, 0.1, 0.5, 0.2]).unwrap())),
        ("pairs 0.4", Box::new(Pairs::new(3, 0.1, 0.4).unwrap())),
        ("pairs 1", Box::new(Pairs::new(3, 0.3, 1.0).unwrap())),
        ("pairs never", Box::new(Pairs::new(3, 0.2, -0.25).unwrap())),
        ("pairs least", Box::new(Pairs::new(3, 0.7, -0.3 / 0.7).unwrap())),
        ("groups", Box::new(Groups::new(&lists, each).unwrap())),
        ("one group of three", Box::new(Groups::new(&lists, Exactly::new(3, 1).unwrap()).unwrap())),
        ("exactly 1", Box::new(Exactly::new(6, 1).unwrap())),
        ("exactly 3", Box::new(Exactly::new(6, 3).unwrap())),
        ("exactly 6", Box::new(Exactly::new(6, 6).unwrap())),
        ("graph", Box::new(graph())),
    ];
    laws.extend(graphs);
    laws
}

/// Switches of any kind.
pub(crate) struct Any<'a>(pub(crate) &'a dyn Switches);

impl Switches for Any<'_> {
    fn features(&self) -> usize {
        self.0.features()
    }
    fn probability(&self, feature: usize) -> f64 {
        self.0.probability(feature)
    }
    fn covariance(&self, i: usize, j: usize) -> f64 {
        self.0.covariance(i, j)
    }
    fn blocks(&self) -> toy_superposition_data::Result<Vec<toy_superposition_data::Block>> {
        self.0.blocks()
    }
    fn spec(&self) -> toy_superposition_data::SwitchesSpec {
        self.0.spec()
    }
}

/// Weights at least 0.15 in size, so that the oracle's differences keep ten digits.
fn random_row(rng: &mut ChaCha8Rng, n: usize, i: usize) -> Vec<f64> {
    let mut row: Vec<f64> =
        (0..n).map(|_| rng.random_range(0.15..0.9) * if rng.random_bool(0.5) { 1.0 } else { -1.0 }).collect();
    row[i] = rng.random_range(0.4..1.5);
    row
}

#[test]
fn losses_are_the_sums_over_all_states() {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    for (name, switches) in laws() {
        for case in 0..8 {
            let i = case % 6;
            let row = random_row(&mut rng, 6, i);
            let bias = rng.random_range(-0.6..0.3);
            let expected = enumerated(&row, i, bias, switches.as_ref());
            let law = Features::new(Any(switches.as_ref()), UnitUniform);
            let found = exact_row_loss(&row, i, bias, &law).unwrap();
            let allowed = 1e-9 * expected.max(1e-4);
            assert!((found.loss - expected).abs() < allowed, "{name} {row:?} {bias}: {found:?} {expected}");
            assert!(found.error < 1e-9 * expected.max(1e-4), "{name}: {found:?}");
            // x = h x′: W (h x′) + b = h (W x′ + b/h).
            let high = 1.7;
            let wider = Features::new(Any(switches.as_ref()), Interval::new(0.0, high).unwrap());
            let found = exact_row_loss(&row, i, bias * high, &wider).unwrap().loss;
            assert!((found / (high * high) - expected).abs() < allowed, "{name}: {found} {expected}");
        }
    }
}

/// Graphs of eight features, each of them in its turn.
#[test]
fn graphs_are_the_sums_over_all_states() {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    for (name, graph) in graphs(8) {
        for i in 0..8 {
            let row = random_row(&mut rng, 8, i);
            let bias = rng.random_range(-0.6..0.3);
            let expected = enumerated(&row, i, bias, &graph);
            let law = Features::new(Any(&graph), UnitUniform);
            let found = exact_row_loss(&row, i, bias, &law).unwrap();
            let allowed = 1e-9 * expected.max(1e-4);
            assert!((found.loss - expected).abs() < allowed, "{name} {row:?} {bias}: {found:?} {expected}");
            assert!(found.error < allowed, "{name}: {found:?}");
        }
    }
}

/// Components of 10 sources: given which of them fire, features are independent, so that the loss
/// is a sum of 2¹⁰ losses of independent features.
#[test]
fn graphs_are_mixtures_over_the_states_of_their_sources() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let (n, sources) = (14, 10);
    for case in 0..4 {
        // Each feature is reached by a few sources; from the third case on, the own one by all, so
        // that its state is a difference of probabilities, and in the last one it is rarely on.
        let scale = if case == 3 { 1e-6 } else { 1.0 };
        let s: Vec<f64> = (0..n).map(|_| scale * rng.random_range(0.02..0.3)).collect();
        let mut edges = Vec::new();
        for to in 0..n as u32 {
            let all = case > 1 && to == 3;
            let mut from: Vec<u32> = (0..sources).filter(|_| all || rng.random_bool(0.25)).collect();
            from.extend([(to + 1) % sources]);
            from.sort_unstable();
            from.dedup();
            edges.extend(from.iter().filter(|&&m| m != to).map(|&m| (m, to, rng.random_range(0.1..0.9))));
        }
        let law = Features::new(graph_of(&s, &edges), UnitUniform);
        let i = 3;
        let row: Vec<f64> = (0..n).map(|j| if j == i { 1.1 } else { rng.random_range(-0.4..0.4) }).collect();
        let found = exact_row_loss(&row, i, -0.1, &law).unwrap();
        let mut expected = 0.0;
        for state in 0_usize..1 << sources {
            let fires = |m: u32| m < sources && state >> m & 1 == 1;
            let weight = |m: usize| if state >> m & 1 == 1 { s[m] } else { 1.0 - s[m] };
            let probability = |j: usize| {
                let own = if j < sources as usize { f64::from(u8::from(fires(j as u32))) } else { s[j] };
                let reached = edges.iter().filter(|&&(from, to, _)| to as usize == j && fires(from));
                1.0 - reached.fold(1.0 - own, |off, &(_, _, t)| off * (1.0 - t))
            };
            // What cannot be on has no weight, and a probability that leaves no trace if it is the
            // own.
            let mut row = row.clone();
            let p: Vec<f64> = (0..n).map(probability).collect();
            (0..n).filter(|&j| p[j] == 0.0 && j != i).for_each(|j| row[j] = 0.0);
            let p: Vec<f64> = p.iter().map(|&p| if p == 0.0 { 1e-30 } else { p }).collect();
            let share: f64 = (0..sources as usize).map(weight).product();
            expected += share * exact_row_loss(&row, i, -0.1, &p[..]).unwrap().loss;
        }
        let distance = (found.loss - expected).abs();
        let allowed = if case == 3 { found.error } else { 1e-9 * expected };
        assert!(distance <= allowed && found.error < 1e-6 * expected, "{case}: {found:?} {expected}");
    }
}

/// Fourth-order differences of the loss along a random direction, rows with a 0 among them.
#[test]
fn gradients_are_the_difference_quotients() {
    let mut rng = ChaCha8Rng::seed_from_u64(16);
    for (name, switches) in laws() {
        for case in 0..4 {
            let i = case % 6;
            let mut row = random_row(&mut rng, 6, i);
            if case == 2 {
                // One weight beside the own.
                (0..6).filter(|&j| j != 2 && j != 5).for_each(|j| row[j] = 0.0);
            }
            if case == 3 {
                (row[0], row[5]) = (0.0, 0.0);
            }
            let bias = rng.random_range(-0.4..0.3);
            let law = Features::new(Any(switches.as_ref()), Interval::new(0.0, 1.3).unwrap());
            let mut gradient = vec![f64::NAN; 6];
            let found = exact_row_gradient(&row, i, bias, &law, 1e-8, &mut gradient).unwrap();
            let direction: Vec<f64> = (0..7).map(|_| rng.random_range(-1.0..1.0)).collect();
            let step = 3e-4;
            let at = |steps: f64| {
                let moved: Vec<f64> = row.iter().zip(&direction).map(|(w, d)| w + steps * step * d).collect();
                exact_row_loss(&moved, i, bias + steps * step * direction[6], &law).unwrap().loss
            };
            let quotient = (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step);
            let slope: f64 = gradient.iter().chain([&found.bias]).zip(&direction).map(|(g, d)| g * d).sum();
            let size = gradient.iter().chain([&found.bias]).fold(0.0, |most: f64, g| most.max(g.abs()));
            assert!((slope - quotient).abs() < 1e-5 * size, "{name} {row:?} {bias}: {slope} {quotient}");
            assert_relative_eq!(found.value.loss, at(0.0), epsilon = 1e-13, max_relative = 1e-7);
        }
    }
}

#[test]
fn laws_that_are_the_same_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let n = 24;
    for _ in 0..4 {
        let row: Vec<f64> = (0..n).map(|j| if j == 5 { 1.1 } else { rng.random_range(-0.4..0.4) }).collect();
        let loss = |law: &dyn Law| exact_row_loss(&row, 5, -0.1, law).unwrap().loss;
        let expected = exact_row_loss(&row, 5, -0.1, 0.2).unwrap().loss;
        let uncorrelated = Features::new(Pairs::new(n / 2, 0.2, 0.0).unwrap(), UnitUniform);
        assert_relative_eq!(loss(&uncorrelated), expected, epsilon = 0.0, max_relative = 1e-9);
        let ones = Groups::equal(1, Independent::new(n, 0.2).unwrap()).unwrap();
        assert_relative_eq!(loss(&Features::new(ones, UnitUniform)), expected, max_relative = 1e-9);
        let none = Graph::new(&[0.2; 24], &[]).unwrap();
        assert_relative_eq!(loss(&Features::new(none, UnitUniform)), expected, max_relative = 1e-9);
        let pairs = Features::new(Pairs::new(n / 2, 0.2, 1.0).unwrap(), UnitUniform);
        let groups = Groups::equal(2, Independent::new(n / 2, 0.2).unwrap()).unwrap();
        let groups = loss(&Features::new(groups, UnitUniform));
        assert_relative_eq!(loss(&pairs), groups, max_relative = 1e-9);
        assert!((groups / expected - 1.0).abs() > 1e-3);
    }
}

/// An antipodal pair with a = 1, b = 0 loses P[both on]/6 per feature.
#[test]
fn an_antipodal_pair_loses_a_sixth_of_the_probability_of_both() {
    let (p, n) = (0.3, 8);
    let mut row = vec![0.0; n];
    (row[4], row[5]) = (1.0, -1.0);
    let loss = |switches: &dyn Switches| {
        exact_row_loss(&row, 4, 0.0, &Features::new(Any(switches), UnitUniform)).unwrap().loss
    };
    for rho in [-0.3, 0.0, 0.5, 1.0] {
        let expected = (p * p + rho * p * (1.0 - p)) / 6.0;
        assert_relative_eq!(loss(&Pairs::new(4, p, rho).unwrap()), expected, max_relative = 1e-9);
    }
    for k in [1, 3, 8] {
        let expected = (k * (k - 1)) as f64 / (n * (n - 1)) as f64 / 6.0;
        let found = loss(&Exactly::new(n, k).unwrap());
        assert!((found - expected).abs() < 1e-14 + 1e-12 * expected, "{k}: {found} {expected}");
    }
}

/// `C(n, k)`.
fn binomial(n: usize, k: usize) -> f64 {
    if k > n { 0.0 } else { (0..k).map(|j| (n - j) as f64 / (j + 1) as f64).product() }
}

/// `P[S ≤ x]` for `S` the sum of n magnitudes `U[0, 1]` (Irwin and Hall), or its m-th
/// antiderivative from 0.
fn irwin_hall(n: usize, m: usize, x: f64) -> f64 {
    let factorial: f64 = (1..=n + m).map(|j| j as f64).product();
    let term = |j: usize| {
        let sign = if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * binomial(n, j) * (x - j as f64).max(0.0).powi((n + m) as i32)
    };
    (0..=n).map(term).sum::<f64>() / factorial
}

/// `E (t + w (S_a − S_b))₊ᵏ`, k = 1 and 2, for `w > 0` and sums of a and of b magnitudes. `1 − u`
/// has the law of `u`, so that it is `E (t − wb + w S)₊ᵏ` with `S` the sum of `a + b`.
fn two_sums(t: f64, w: f64, a: usize, b: usize) -> [f64; 2] {
    let (n, x) = (a + b, b as f64 - t / w);
    if n == 0 {
        return [t.max(0.0), t.max(0.0).powi(2)];
    }
    // E (S − x)₊ᵏ from E (S − x)ᵏ and E (x − S)₊ᵏ, which is k! times an antiderivative of the
    // distribution function.
    let mean = n as f64 / 2.0 - x;
    let second = mean * mean + n as f64 / 12.0;
    [w * (mean + irwin_hall(n, 1, x)), w * w * (second - 2.0 * irwin_hall(n, 2, x))]
}

/// Exactly k on and rows with weights `±w` beside the diagonal, as of a rug, and `−w`, as of a
/// simplex: how many of each are on is hypergeometric, and the sum of so many magnitudes has Irwin
/// and Hall's law.
#[test]
fn exactly_k_of_symmetric_rows_by_hypergeometric_sums() {
    // (n, k, how many of the others have +w, w, W_ii, b)
    for (n, k, plus, w, own, bias) in [
        (16, 3, 8, 0.25, 0.9, -0.05),
        (16, 5, 7, 0.375, 1.1, -0.2),
        (32, 4, 20, 0.125, 0.7, 0.05),
        (6, 2, 0, 0.2, 1.0, 0.0),
        (9, 3, 0, 0.125, 1.0, 0.1),
        (6, 1, 0, 0.2, 1.0, 0.0),
    ] {
        let minus = n - 1 - plus;
        let row: Vec<f64> = (0..n)
            .map(|j| {
                if j == 0 {
                    own
                } else if j <= plus {
                    w
                } else {
                    -w
                }
            })
            .collect();
        let mut expected = 0.0;
        for on in [0, 1] {
            let rest = k - on;
            for a in 0..=rest.min(plus) {
                let b = rest - a;
                let share = binomial(plus, a) * binomial(minus, b) / binomial(n, k);
                if on == 0 {
                    expected += share * two_sums(bias, w, a, b)[1];
                    continue;
                }
                // E over the own magnitude: piecewise polynomials of degree k + 3 at most.
                let mut cuts: Vec<f64> =
                    (0..=rest).map(|j| (w * (b as f64 - j as f64) - bias) / own).collect();
                cuts.extend([0.0, 1.0]);
                cuts.iter_mut().for_each(|cut| *cut = cut.clamp(0.0, 1.0));
                cuts.sort_by(f64::total_cmp);
                for cut in cuts.windows(2) {
                    let (half, middle) = ((cut[1] - cut[0]) / 2.0, (cut[1] + cut[0]) / 2.0);
                    for (x, weight) in GAUSS_6.into_iter().flat_map(|(x, weight)| [(x, weight), (-x, weight)])
                    {
                        let u = middle + half * x;
                        let [first, second] = two_sums(bias + own * u, w, a, b);
                        expected += share * half * weight * (u * u - 2.0 * u * first + second);
                    }
                }
            }
        }
        let law = Features::new(Exactly::new(n, k).unwrap(), UnitUniform);
        let found = exact_row_loss(&row, 0, bias, &law).unwrap();
        assert!(
            (found.loss - expected).abs() < 1e-9 * expected + 1e-15,
            "{n} {k} {plus}: {found:?} {expected}"
        );
    }
}

/// Many features under laws with long-range dependence: against samples, with 4 standard errors
/// (α = 6e-5 each).
#[test]
fn large_laws_agree_with_samples() {
    let n = 60;
    let mut rng = ChaCha8Rng::seed_from_u64(18);
    let row: Vec<f64> = (0..n).map(|j| if j == 7 { 1.2 } else { rng.random_range(-0.35..0.35) }).collect();
    let bias = -0.2;
    let groups = |size, inner| AnySwitches::Groups(Box::new(Groups::equal(size, inner).unwrap()));
    let few = graph_of(&[0.05; 60], &[(7, 8, 0.9), (9, 7, 0.5), (9, 11, 0.5)]);
    // A chain of all features.
    let links: Vec<_> = (0..59).map(|i| (i, i + 1, 0.8)).collect();
    let laws = [
        AnySwitches::Exactly(Exactly::new(n, 5).unwrap()),
        groups(4, AnySwitches::Independent(Independent::new(15, 0.07).unwrap())),
        groups(3, AnySwitches::Exactly(Exactly::new(20, 2).unwrap())),
        AnySwitches::Graph(few),
        AnySwitches::Graph(graph_of(&[0.05; 60], &links)),
    ];
    for switches in laws {
        let law = Features::new(switches, AnyMagnitude::Interval(Interval::new(0.0, 1.5).unwrap()));
        let exact = exact_row_loss(&row, 7, bias, &law).unwrap().loss;
        let rng = &mut Stream::Evaluation.rng(3, 0);
        let (mut sum, mut squares, samples) = (0.0, 0.0, 200_000);
        for _ in 0..samples {
            let (mut on, mut values) = (Vec::new(), Vec::<f64>::new());
            law.sample(rng, &mut on, &mut values);
            let at = |j: u32| on.iter().position(|&k| k == j).map_or(0.0, |k| values[k]);
            let y: f64 = bias + on.iter().zip(&values).map(|(&j, x)| row[j as usize] * x).sum::<f64>();
            let loss = (at(7) - y.max(0.0)).powi(2);
            sum += loss;
            squares += loss * loss;
        }
        let mean = sum / f64::from(samples);
        let deviation = ((squares / f64::from(samples) - mean * mean) / f64::from(samples)).sqrt();
        assert!((mean - exact).abs() < 4.0 * deviation, "{:?}: {mean} ± {deviation} {exact}", law.spec());
    }
}

/// With two states the Gaussian loss has the covariance in it: for groups that switch together it
/// is far from that of independent features of the same probabilities, and both expansions approach
/// the exact loss for many small weights.
#[test]
fn gaussian_predictions_know_the_covariance() {
    let n = 400;
    let mut rng = ChaCha8Rng::seed_from_u64(19);
    let row: Vec<f64> = (0..n).map(|j| if j == 9 { 1.0 } else { rng.random_range(-0.06..0.06) }).collect();
    let law = Features::new(Groups::equal(5, Independent::new(n / 5, 0.3).unwrap()).unwrap(), UnitUniform);
    let exact = exact_row_loss(&row, 9, -0.1, &law).unwrap().loss;
    let found = edgeworth_row_loss(&row, 9, -0.1, &law).unwrap();
    let independent = edgeworth_row_loss(&row, 9, -0.1, 0.3).unwrap();
    let error = |loss: f64| (loss / exact - 1.0).abs();
    assert!(error(found.gaussian) < 0.01 && error(found.corrected) < 0.2 * error(found.gaussian).max(1e-5));
    assert!(error(independent.gaussian) > 5.0 * error(found.gaussian), "{exact} {found:?} {independent:?}");
    // The variance of Σ_{j≠i} w_j x_j from the covariances.
    let variance: f64 = (0..n)
        .flat_map(|j| (0..n).map(move |k| (j, k)))
        .filter(|&(j, k)| j != 9 && k != 9)
        .map(|(j, k)| row[j] * row[k] * law.covariance(j, k))
        .sum();
    assert_relative_eq!(found.cumulants[1], variance, max_relative = 1e-10);
}

/// Each of the sources reaches all features: too many to sum over from 17 on.
pub(crate) fn complete(n: u32) -> Graph {
    let pairs = (0..n).flat_map(|from| (0..n).filter(move |&to| to != from).map(move |to| (from, to, 0.02)));
    graph_of(&vec![0.15; n as usize], &pairs.collect::<Vec<_>>())
}

#[test]
fn laws_that_have_no_exact_loss_say_so() {
    let graph = Features::new(complete(18), UnitUniform);
    let error = exact_row_loss(&[0.1; 18], 0, 0.0, &graph).unwrap_err();
    let Error::Law(reason) = &error else { panic!("{error}") };
    assert!(matches!(reason, DataError::Wide { sources: 18, width: 17.., .. }), "{error}");
    let pairs = Features::new(Pairs::new(2, 0.1, 0.5).unwrap(), UnitUniform);
    let w = nalgebra::DMatrix::identity(3, 3);
    assert!(matches!(exact_loss(&w, &[0.0; 3], &pairs), Err(Error::Size { given: 4, expected: 3, .. })));
}
