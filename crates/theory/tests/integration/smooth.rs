//! The exact loss for user-defined magnitudes with a smooth density: against sums over all states
//! of the switches with piecewise Gauss quadrature, against the uniform law, and against samples.

use approx::assert_relative_eq;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{
    Distribution, Edge, Exactly, Exponential, Features, Graph, Groups, Independent, Magnitude, MagnitudeSpec,
    Pairs, SampleMagnitude, Stream, Switches, UnitUniform,
};
use toy_superposition_theory::{
    Density, Error, Feature, edgeworth_row_loss, exact_row_gradient, exact_row_loss,
};

use crate::laws::{Any, laws, states};

/// A polynomial density of degree 3 at most.
struct Polynomial {
    density: Box<dyn Fn(f64) -> f64 + Sync>,
    low: f64,
    high: f64,
    breaks: Vec<f64>,
}

impl Polynomial {
    /// `u(3 − u)²` on [0, 3], normalised, which is 0 at both ends.
    fn beta() -> Self {
        Self {
            density: Box::new(|u| u * (3.0 - u) * (3.0 - u) * 4.0 / 27.0),
            low: 0.0,
            high: 3.0,
            breaks: vec![],
        }
    }

    /// `2 + u` on [−1/2, 1], which jumps at both.
    fn slope() -> Self {
        Self { density: Box::new(|u| (2.0 + u) / 3.375), low: -0.5, high: 1.0, breaks: vec![] }
    }

    /// Proportional to 3 up to 0.3, where it jumps, and to `(2 − u)²` from there on.
    fn jump() -> Self {
        let total = 0.8 * 3.0 + (1.7_f64.powi(3) - 0.6_f64.powi(3)) / 3.0;
        let density = move |u: f64| if u < 0.3 { 3.0 / total } else { (2.0 - u).powi(2) / total };
        Self { density: Box::new(density), low: -0.5, high: 1.4, breaks: vec![0.3] }
    }

    /// The ends and the breaks.
    fn ends(&self) -> Vec<f64> {
        [&[self.low][..], &self.breaks, &[self.high]].concat()
    }

    /// `E f(u)` for an f that is a polynomial of degree 16 at most between any two of `cuts`.
    fn average<const N: usize>(&self, cuts: &[f64], f: &mut dyn FnMut(f64) -> [f64; N]) -> [f64; N] {
        let mut ends: Vec<f64> = cuts.iter().map(|cut| cut.clamp(self.low, self.high)).collect();
        ends.extend(self.ends());
        ends.sort_by(f64::total_cmp);
        let mut sum = [0.0; N];
        for piece in ends.windows(2).filter(|piece| piece[1] > piece[0]) {
            let (half, middle) = ((piece[1] - piece[0]) / 2.0, (piece[1] + piece[0]) / 2.0);
            for (x, weight) in GAUSS_10.into_iter().flat_map(|(x, weight)| [(x, weight), (-x, weight)]) {
                let u = middle + half * x;
                let value = f(u);
                let share = half * weight * (self.density)(u);
                sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += share * value);
            }
        }
        sum
    }

    /// Where a corner of a cell of the cube of magnitudes lies, for each corner.
    fn corners(&self, weights: &[f64]) -> Vec<f64> {
        let ends = self.ends();
        weights.iter().fold(vec![0.0], |corners, w| {
            corners.iter().flat_map(|corner| ends.iter().map(move |end| corner + w * end)).collect()
        })
    }

    /// `E (m + Σ w_j u_j)₊ᵏ`, k = 1, 2, one magnitude after the other.
    fn powers(&self, m: f64, weights: &[f64]) -> [f64; 2] {
        let Some((first, rest)) = weights.split_first() else {
            let positive = m.max(0.0);
            return [positive, positive * positive];
        };
        let cuts: Vec<f64> = self.corners(rest).iter().map(|corner| -(m + corner) / first).collect();
        self.average(&cuts, &mut |u| self.powers(m + first * u, rest))
    }

    /// The loss of output `i` by the states of the switches.
    fn enumerated(&self, row: &[f64], i: usize, bias: f64, switches: &dyn Switches) -> f64 {
        let n = row.len();
        let mut loss = 0.0;
        for (state, probability) in states(n, switches).into_iter().enumerate() {
            let on: Vec<f64> = (0..n).filter(|&j| j != i && state >> j & 1 == 1).map(|j| row[j]).collect();
            if state >> i & 1 == 0 {
                loss += probability * self.powers(bias, &on)[1];
                continue;
            }
            let cuts: Vec<f64> = self.corners(&on).iter().map(|corner| -(bias + corner) / row[i]).collect();
            let [given] = self.average(&cuts, &mut |u| {
                let [first, second] = self.powers(bias + row[i] * u, &on);
                [u * u - 2.0 * u * first + second]
            });
            loss += probability * given;
        }
        loss
    }
}

/// As its user would write it.
impl Magnitude for &Polynomial {
    fn raw_moments(&self) -> [f64; 4] {
        self.average(&[], &mut |u| [u, u * u, u.powi(3), u.powi(4)])
    }

    fn support(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some((self.density)(u))
    }

    fn breaks(&self) -> Vec<f64> {
        self.breaks.clone()
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Custom { name: "polynomial".to_owned(), moments: None }
    }
}

/// Ten points and weights of Gauss–Legendre on [−1, 1]: exact up to degree 19.
const GAUSS_10: [(f64, f64); 5] = [
    (0.148_874_338_981_631_2, 0.295_524_224_714_752_9),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_4),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];

/// A law of each kind for four features.
fn small_laws() -> Vec<Box<dyn Switches>> {
    let edges = [(0, 1, 0.5), (3, 1, 0.7)];
    let edges = edges.map(|(from, to, transmission)| Edge { from, to, transmission });
    let groups = [vec![0, 2, 3], vec![1]];
    vec![
        Box::new(Independent::per_feature(&[0.3, 0.05, 0.8, 0.4]).unwrap()),
        Box::new(Pairs::new(2, 0.2, -0.2).unwrap()),
        Box::new(Groups::new(&groups, Independent::new(2, 0.3).unwrap()).unwrap()),
        Box::new(Exactly::new(4, 2).unwrap()),
        Box::new(Graph::new(&[0.3, 0.05, 0.2, 0.25], &edges).unwrap()),
    ]
}

#[test]
fn losses_are_the_sums_over_all_states() {
    let mut rng = ChaCha8Rng::seed_from_u64(51);
    for switches in small_laws() {
        let polynomials = [Polynomial::beta(), Polynomial::slope(), Polynomial::jump()];
        for (case, polynomial) in polynomials.into_iter().enumerate() {
            let i = rng.random_range(0..4);
            let mut row: Vec<f64> = (0..4).map(|_| rng.random_range(-0.9..0.9)).collect();
            row[i] = if case == 0 { 0.9 } else { -0.35 };
            let bias = rng.random_range(-0.6..0.2);
            let expected = polynomial.enumerated(&row, i, bias, switches.as_ref());
            let law = Features::new(Any(switches.as_ref()), &polynomial);
            let found = exact_row_loss(&row, i, bias, &law).unwrap();
            let distance = (found.loss - expected).abs();
            assert!(distance < 1e-9 * expected, "{:?} {row:?} {bias}: {found:?} {expected}", switches.spec());
            assert!(found.error < 1e-9 * expected && distance <= found.error + 1e-12 * expected);
        }
    }
}

/// The density 1 on [0, 1] is the law `U[0, 1]`: the same losses, gradients and expansions for six
/// features of every law.
#[test]
fn a_constant_density_is_the_uniform_law() {
    let mut rng = ChaCha8Rng::seed_from_u64(52);
    for (name, switches) in laws() {
        let uniform = Features::new(Any(switches.as_ref()), UnitUniform);
        let constant = Features::new(Any(switches.as_ref()), Density::new(|_: f64| 2.0, 0.0, 1.0).unwrap());
        for i in [1, 4] {
            let row: Vec<f64> =
                (0..6).map(|j| if j == i { 0.8 } else { rng.random_range(-0.7..0.7) }).collect();
            let bias = rng.random_range(-0.4..0.1);
            let [expected, found] = [
                exact_row_loss(&row, i, bias, &uniform).unwrap(),
                exact_row_loss(&row, i, bias, &constant).unwrap(),
            ];
            assert!((found.loss - expected.loss).abs() < 1e-9 * expected.loss.max(1e-4), "{name}: {found:?}");
            let mut slopes = [vec![0.0; 6], vec![0.0; 6]];
            let tolerance = 1e-8;
            exact_row_gradient(&row, i, bias, &uniform, tolerance, &mut slopes[0]).unwrap();
            exact_row_gradient(&row, i, bias, &constant, tolerance, &mut slopes[1]).unwrap();
            for (a, b) in slopes[0].iter().zip(&slopes[1]) {
                assert!((a - b).abs() < 1e-6, "{name}: {slopes:?}");
            }
            let [expected, found] = [
                edgeworth_row_loss(&row, i, bias, &uniform).unwrap(),
                edgeworth_row_loss(&row, i, bias, &constant).unwrap(),
            ];
            assert_relative_eq!(found.gaussian, expected.gaussian, epsilon = 1e-12, max_relative = 1e-10);
            assert_relative_eq!(found.corrected, expected.corrected, epsilon = 1e-11, max_relative = 1e-9);
        }
    }
}

/// A normal law truncated to [0, 1], written as its user would.
struct TruncatedNormal {
    mean: f64,
    deviation: f64,
}

impl TruncatedNormal {
    fn relative(&self, u: f64) -> f64 {
        (-((u - self.mean) / self.deviation).powi(2) / 2.0).exp()
    }

    /// By the midpoint rule.
    fn integral(&self, of: impl Fn(f64) -> f64) -> f64 {
        let points = (0..20_000).map(|k| (f64::from(k) + 0.5) / 20_000.0);
        points.map(|u| of(u) * self.relative(u)).sum::<f64>() / 20_000.0
    }
}

impl Magnitude for TruncatedNormal {
    fn raw_moments(&self) -> [f64; 4] {
        std::array::from_fn(|k| self.integral(|u| u.powi(k as i32 + 1)) / self.integral(|_| 1.0))
    }

    fn support(&self) -> (f64, f64) {
        (0.0, 1.0)
    }

    fn density(&self, u: f64) -> Option<f64> {
        let root = std::f64::consts::SQRT_2 * self.deviation;
        let below = |u: f64| 0.5 * libm::erf((u - self.mean) / root);
        let scale = self.deviation * (2.0 * std::f64::consts::PI).sqrt();
        Some(self.relative(u) / scale / (below(1.0) - below(0.0)))
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Custom { name: "truncated normal".to_owned(), moments: None }
    }
}

impl SampleMagnitude for TruncatedNormal {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        loop {
            let u: f64 = rng.random();
            if rng.random::<f64>() < self.relative(u) {
                return u;
            }
        }
    }
}

/// Eight features with user-defined magnitudes, against samples: 4 standard errors each (α = 6e-5).
#[test]
fn a_law_of_ones_own_agrees_with_samples() {
    let mut rng = ChaCha8Rng::seed_from_u64(53);
    let magnitude = || TruncatedNormal { mean: 0.6, deviation: 0.15 };
    let row: Vec<f64> = (0..8).map(|j| if j == 3 { 1.1 } else { rng.random_range(-0.6..0.6) }).collect();
    let bias = -0.1;
    let check = |law: &dyn toy_superposition_data::Law, draw: &dyn Fn(u64) -> (Vec<u32>, Vec<f64>)| {
        let exact = exact_row_loss(&row, 3, bias, law).unwrap();
        assert!(exact.error < 1e-9 * exact.loss);
        let (mut sum, mut squares, samples) = (0.0, 0.0, 60_000);
        for sample in 0..samples {
            let (on, values) = draw(sample);
            let own = on.iter().position(|&k| k == 3).map_or(0.0, |k| values[k]);
            let y: f64 = bias + on.iter().zip(&values).map(|(&j, x)| row[j as usize] * x).sum::<f64>();
            let loss = (own - y.max(0.0)).powi(2);
            (sum, squares) = (sum + loss, squares + loss * loss);
        }
        let mean = sum / samples as f64;
        let deviation = ((squares / samples as f64 - mean * mean) / samples as f64).sqrt();
        assert!((mean - exact.loss).abs() < 4.0 * deviation, "{mean} ± {deviation} {exact:?}");
    };
    let pairs = Features::new(Pairs::new(4, 0.3, 0.5).unwrap(), magnitude());
    let fixed = Features::new(Exactly::new(8, 3).unwrap(), magnitude());
    fn drawn(law: &impl Distribution, seed: u64, sample: u64) -> (Vec<u32>, Vec<f64>) {
        let (mut on, mut values) = (Vec::new(), Vec::new());
        law.sample(&mut Stream::Evaluation.rng(seed, sample), &mut on, &mut values);
        (on, values)
    }
    check(&pairs, &|sample| drawn(&pairs, 5, sample));
    check(&fixed, &|sample| drawn(&fixed, 6, sample));
}

/// Differences of the loss along a random direction.
#[test]
fn gradients_are_the_difference_quotients() {
    let mut rng = ChaCha8Rng::seed_from_u64(54);
    for polynomial in [Polynomial::beta(), Polynomial::slope(), Polynomial::jump()] {
        let law = Features::new(Pairs::new(3, 0.25, 0.4).unwrap(), &polynomial);
        for i in [0, 3] {
            let mut row: Vec<f64> = (0..6).map(|_| rng.random_range(-0.7..0.7)).collect();
            (row[i], row[(i + 2) % 6]) = (0.9, 0.0);
            let bias = rng.random_range(-0.4..0.1);
            let mut gradient = vec![f64::NAN; 6];
            let found = exact_row_gradient(&row, i, bias, &law, 1e-8, &mut gradient).unwrap();
            let direction: Vec<f64> = (0..7).map(|_| rng.random_range(-1.0..1.0)).collect();
            let step = 3e-4;
            let at = |steps: f64| {
                let moved: Vec<f64> = row.iter().zip(&direction).map(|(w, d)| w + steps * step * d).collect();
                exact_row_loss(&moved, i, bias + steps * step * direction[6], &law).unwrap().loss
            };
            let quotient = (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step);
            let slopes = gradient.iter().chain([&found.bias]);
            let slope: f64 = slopes.clone().zip(&direction).map(|(g, d)| g * d).sum();
            let size = slopes.fold(1e-3, |most: f64, g| most.max(g.abs()));
            assert!((slope - quotient).abs() < 1e-5 * size, "{row:?} {bias}: {slope} {quotient}");
            assert_relative_eq!(found.value.loss, at(0.0), epsilon = 0.0, max_relative = 1e-7);
        }
    }
}

/// Many small weights: the exact loss comes close to the Gaussian one of the same density.
#[test]
fn many_features_are_gaussian() {
    let (n, p) = (200, 0.3);
    let density = || Density::new(|u: f64| u * (3.0 - u) * (3.0 - u), 0.0, 3.0).unwrap();
    let law = Features::new(Independent::new(n, p).unwrap(), density());
    let row: Vec<f64> =
        (0..n).map(|j| if j == 0 { 0.9 } else { 0.04 * if j % 2 == 0 { 1.0 } else { -1.0 } }).collect();
    let exact = exact_row_loss(&row, 0, -0.2, &law).unwrap().loss;
    let found = edgeworth_row_loss(&row, 0, -0.2, &law).unwrap();
    assert!((found.gaussian / exact - 1.0).abs() < 0.01, "{found:?} {exact}");
    assert!((found.corrected / exact - 1.0).abs() < 1e-4, "{found:?} {exact}");
    // The Gaussian loss is that of a feature with this density.
    let feature = Feature::new(p, density()).unwrap();
    let channel =
        toy_superposition_theory::Channel::new(0.9, -0.2 + found.cumulants[0], found.cumulants[1].sqrt());
    assert_relative_eq!(found.gaussian, feature.row_loss(&channel.unwrap()).total, max_relative = 1e-9);
}

/// A law of which no more is said than a density on an interval that is not bounded.
struct Tailed {
    density: fn(f64) -> f64,
    low: f64,
    /// `E u` and `E u²`.
    moments: [f64; 2],
}

impl Magnitude for Tailed {
    fn raw_moments(&self) -> [f64; 4] {
        [self.moments[0], self.moments[1], f64::NAN, f64::NAN]
    }

    fn support(&self) -> (f64, f64) {
        (self.low, f64::INFINITY)
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some((self.density)(u))
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Custom { name: "tailed".to_owned(), moments: None }
    }
}

/// The density of the exponential law against its closed form, for six features of every law: the
/// losses, the gradients and the expansions.
#[test]
fn a_density_with_a_tail_is_the_exponential_law() {
    let mut rng = ChaCha8Rng::seed_from_u64(55);
    let density = |u: f64| if u < 0.0 { 0.0 } else { 2.0 * (-2.0 * u).exp() };
    for (name, switches) in laws().into_iter().step_by(3) {
        let closed = Features::new(Any(switches.as_ref()), Exponential::new(2.0).unwrap());
        let tailed = Features::new(Any(switches.as_ref()), Tailed { density, low: 0.0, moments: [0.5, 0.5] });
        let i = rng.random_range(0..6);
        let row: Vec<f64> = (0..6).map(|j| if j == i { 0.8 } else { rng.random_range(-0.7..0.7) }).collect();
        let bias = rng.random_range(-0.4..0.1);
        let [expected, found] = [
            exact_row_loss(&row, i, bias, &closed).unwrap(),
            exact_row_loss(&row, i, bias, &tailed).unwrap(),
        ];
        let distance = (found.loss - expected.loss).abs();
        assert!(distance < 1e-9 * expected.loss.max(1e-4), "{name}: {found:?} {expected:?}");
        let mut slopes = [vec![0.0; 6], vec![0.0; 6]];
        exact_row_gradient(&row, i, bias, &closed, 1e-8, &mut slopes[0]).unwrap();
        exact_row_gradient(&row, i, bias, &tailed, 1e-8, &mut slopes[1]).unwrap();
        for (a, b) in slopes[0].iter().zip(&slopes[1]) {
            assert!((a - b).abs() < 1e-6, "{name}: {slopes:?}");
        }
        let [expected, found] = [
            edgeworth_row_loss(&row, i, bias, &closed).unwrap(),
            edgeworth_row_loss(&row, i, bias, &tailed).unwrap(),
        ];
        assert_relative_eq!(found.gaussian, expected.gaussian, epsilon = 1e-12, max_relative = 1e-9);
        assert_relative_eq!(found.corrected, expected.corrected, epsilon = 1e-11, max_relative = 1e-8);
    }
}

/// A tail with a gap: what lies beyond is rare, and counts. Where the breaks tell of it, it is
/// found; where nothing does, the magnitude is refused.
#[test]
fn a_gap_in_a_tail_is_seen() {
    const RARE: f64 = 1e-7;
    struct Gap(Vec<f64>);

    impl Magnitude for Gap {
        fn raw_moments(&self) -> [f64; 4] {
            let power = |n: i32| (101_f64.powi(n + 1) - 100_f64.powi(n + 1)) / f64::from(n + 1);
            [1, 2, 3, 4].map(|n| (1.0 - RARE) / f64::from(n + 1) + RARE * power(n))
        }
        fn support(&self) -> (f64, f64) {
            (0.0, f64::INFINITY)
        }
        fn density(&self, u: f64) -> Option<f64> {
            let near = if (0.0..=1.0).contains(&u) { 1.0 - RARE } else { 0.0 };
            Some(near + if (100.0..=101.0).contains(&u) { RARE } else { 0.0 })
        }
        fn breaks(&self) -> Vec<f64> {
            self.0.clone()
        }
        fn spec(&self) -> MagnitudeSpec {
            MagnitudeSpec::Custom { name: "gap".to_owned(), moments: None }
        }
    }

    let law = |breaks: &[f64]| Features::new(Independent::new(2, 0.5).unwrap(), Gap(breaks.to_vec()));
    let row = [0.0, 0.0];
    // An output that is always 0 loses E x².
    let found = exact_row_loss(&row, 0, -1.0, &law(&[1.0, 100.0, 101.0])).unwrap();
    assert_relative_eq!(found.loss, 0.5 * Gap(Vec::new()).second_moment(), max_relative = 1e-9);
    let refused = exact_row_loss(&row, 0, -1.0, &law(&[1.0]));
    assert!(matches!(refused, Err(Error::Magnitude { .. })), "{refused:?}");
}

/// Features that are always on with normal magnitudes, of either sign: the interference is normal,
/// and the loss an integral over the own magnitude.
#[test]
fn normal_magnitudes_interfere_normally() {
    let (mean, deviation) = (0.4, 0.5);
    let density =
        |u: f64| (-((u - 0.4) / 0.5_f64).powi(2) / 2.0).exp() / (0.5 * std::f64::consts::TAU.sqrt());
    let magnitude =
        Tailed { density, low: f64::NEG_INFINITY, moments: [mean, mean * mean + deviation * deviation] };
    let law = Features::new(Independent::new(5, 1.0).unwrap(), magnitude);
    let (row, bias) = ([0.3, -0.5, 0.9, 0.2, -0.4], -0.15);
    let found = exact_row_loss(&row, 2, bias, &law).unwrap();
    let others: Vec<f64> = [0, 1, 3, 4].map(|j| row[j]).to_vec();
    let centre = bias + mean * others.iter().sum::<f64>();
    let spread = deviation * others.iter().map(|w| w * w).sum::<f64>().sqrt();
    let step = 1e-3;
    let term = |k: i32| {
        let u = mean + step * f64::from(k);
        let (t, root) = (row[2] * u + centre, std::f64::consts::SQRT_2);
        let (tail, peak) = (
            0.5 * libm::erfc(-t / (spread * root)),
            (-(t / spread).powi(2) / 2.0).exp() / std::f64::consts::TAU.sqrt(),
        );
        let first = t * tail + spread * peak;
        let second = t * first + spread * spread * tail;
        step * density(u) * (u * u - 2.0 * u * first + second)
    };
    // The trapezoidal rule for analytic functions that fall off on both sides.
    let expected: f64 = (-4500..=4500).map(term).sum();
    assert!((found.loss - expected).abs() < 1e-10 * expected, "{found:?} {expected}");
    assert!(found.error < 1e-9 * expected);
}

#[test]
fn a_density_that_is_not_smooth_is_refused() {
    let jump = Density::new(|u: f64| if u < 0.3 { 1.0 } else { 2.0 }, 0.0, 1.0).unwrap();
    let law = Features::new(Pairs::new(1, 0.1, 0.5).unwrap(), jump);
    let error = exact_row_loss(&[1.0, 0.2], 0, 0.0, &law).unwrap_err();
    assert!(matches!(error, Error::Magnitude { .. }), "{error}");
    // A pole at 0, a tail of a tenth of the second moment per octave, and a density that is none.
    for density in [
        |u: f64| (-u).exp() / (u * std::f64::consts::PI).sqrt(),
        |u: f64| if u < 1.0 { 0.0 } else { 2.1 * u.powf(-3.1) },
        |u: f64| 1.5 * (-u).exp(),
    ] {
        let law = Features::new(
            Pairs::new(1, 0.1, 0.5).unwrap(),
            Tailed { density, low: 0.0, moments: [0.5, 0.75] },
        );
        let error = exact_row_loss(&[1.0, 0.2], 0, 0.0, &law).unwrap_err();
        assert!(matches!(error, Error::Magnitude { .. }), "{error}");
    }
}
