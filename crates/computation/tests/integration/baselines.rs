//! The exact baselines against published figures, sums over all outcomes, closed forms and samples.
//!
//! Tests against samples have α = 6e-7 each (|z| < 5), with fixed seeds.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;
use toy_superposition_computation::{
    ElementwiseBaselines, Error, Function, Offset, TargetMoments, kept_apart, random_directions,
};
use toy_superposition_data::{
    AnyMagnitude, Constant, Exponential, Features, Groups, Independent, Interval, Points, Stream,
    UnitUniform, sample_dense,
};
use toy_superposition_recovery::{Evolution, Prior};
use toy_superposition_theory::bayes_loss;

fn signed() -> AnyMagnitude {
    AnyMagnitude::Interval(Interval::new(-1.0, 1.0).unwrap())
}

fn relu(p: f64) -> ElementwiseBaselines<impl Fn(f64) -> f64 + Clone> {
    ElementwiseBaselines::new(p, signed(), |x| Function::Relu.at(x)).unwrap()
}

/// Asserts |z| < 5 for the mean of independent values.
fn assert_mean(values: &[f64], expected: f64, what: &str) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let z = (mean - expected) / (variance / count).sqrt();
    assert!(z.abs() < 5.0, "{what}: {mean}, expected {expected}: z = {z}");
}

/// y = ReLU(x) for x ~ U[−1, 1] · B(p), 100 features and 50 neurons, to all digits of the published
/// figures.
#[test]
fn the_published_figures() {
    for (p, offset, loss) in [(0.01, 0.00317, 0.083284), (0.1, 0.01322, 0.081268), (1.0, 0.01935, 0.053091)] {
        let target = relu(p);
        let moments = target.moments();
        for (found, expected) in [
            (moments.input, 0.0),
            (moments.input_square, p / 3.0),
            (moments.value, p / 4.0),
            (moments.value_square, p / 6.0),
            (moments.product, p / 6.0),
            (target.naive(100, 50).unwrap(), p / 12.0),
            (target.naive(100, 25).unwrap(), p / 8.0),
            (target.linear(100, 100).unwrap(), p / 12.0),
        ] {
            assert!((found - expected).abs() < 1e-13, "{p}: {found} {expected}");
        }
        let found = target.naive_with_offset(100, 50).unwrap();
        assert!((found.offset - offset).abs() < 5e-6, "{p}: {found:?}");
        assert!((found.loss / p - loss).abs() < 5e-7, "{p}: {found:?}");
    }
}

/// Returns all outcomes of three features that take three values, with their probabilities.
fn outcomes(p: f64, points: &Points) -> Vec<(DVector<f64>, f64)> {
    let one: Vec<(f64, f64)> =
        [(0.0, 1.0 - p)].into_iter().chain(points.iter().map(|(u, w)| (u, p * w))).collect();
    let mut all = Vec::new();
    for a in &one {
        for b in &one {
            all.extend(one.iter().map(|c| (DVector::from_vec(vec![a.0, b.0, c.0]), a.1 * b.1 * c.1)));
        }
    }
    all
}

/// Sums over all outcomes, with the best rank by singular values, without the closed forms.
#[test]
fn sums_over_all_outcomes() {
    let functions: [fn(f64) -> f64; 3] = [|x| x * x - 0.3, |x| x.max(0.0), |x| 1.0 - x];
    for (p, values) in [(0.3, [-0.5, 1.0, 2.0]), (0.8, [-2.0, 0.4, 0.7]), (0.2, [0.5, 1.5, 3.0])] {
        let points = Points::new(&values, &[0.2, 0.3, 0.5]).unwrap();
        let all = outcomes(p, &points);
        for f in functions {
            let target = ElementwiseBaselines::new(p, AnyMagnitude::Points(points.clone()), f).unwrap();
            let mean_of = |of: &dyn Fn(&DVector<f64>) -> f64| all.iter().map(|(x, w)| w * of(x)).sum::<f64>();
            let close = |found: f64, expected: f64, what: &str| {
                assert!((found - expected).abs() < 1e-12, "{what} at {p}: {found} {expected}");
            };
            close(target.naive(3, 1).unwrap(), mean_of(&|x| f(x[0]).powi(2) * 2.0 / 3.0), "naive");
            let mean = mean_of(&|x| f(x[0]));
            let constant = mean_of(&|x| (f(x[0]) - mean).powi(2) / 3.0);
            close(target.naive_with_constant(3, 2).unwrap(), constant, "constant");
            let Offset { offset, loss, .. } = target.naive_with_offset(3, 2).unwrap();
            let at = |a: f64| mean_of(&|x| (f(x[2]) - a * (f(x[0]) + f(x[1]))).powi(2) / 3.0);
            close(loss, at(offset), "offset");
            assert!(at(offset + 1e-4) > loss && at(offset - 1e-4) > loss);

            for centred in [false, true] {
                let (mut s, mut k, mut square) = (DMatrix::zeros(3, 3), DMatrix::zeros(3, 3), 0.0);
                let centre = mean_of(&|x| x[0]);
                let (from_x, from_y) = if centred { (centre, mean) } else { (0.0, 0.0) };
                for (x, w) in &all {
                    let (x, y) = (x.add_scalar(-from_x), x.map(f).add_scalar(-from_y));
                    s += &x * x.transpose() * *w;
                    k += &y * x.transpose() * *w;
                    square += w * y.norm_squared();
                }
                let root = s.symmetric_eigen();
                let inverse = &root.eigenvectors
                    * DMatrix::from_diagonal(&root.eigenvalues.map(|v| v.sqrt().recip()))
                    * root.eigenvectors.transpose();
                let mut gains: Vec<f64> = (k * inverse).singular_values().iter().map(|g| g * g).collect();
                gains.sort_by(|a, b| b.total_cmp(a));
                for rank in 0..=3 {
                    let expected = (square - gains[..rank].iter().sum::<f64>()) / 3.0;
                    let found = if centred { target.affine(3, rank) } else { target.linear(3, rank) };
                    close(found.unwrap(), expected, if centred { "affine" } else { "linear" });
                }
            }
        }
    }
}

/// The losses of the estimators on samples, for magnitudes with densities.
#[test]
fn samples_have_these_losses() {
    let magnitudes = [
        (0.2, signed()),
        (0.4, AnyMagnitude::Exponential(Exponential::new(1.7).unwrap())),
        (0.3, AnyMagnitude::Interval(Interval::new(-0.4, 1.3).unwrap())),
    ];
    let f = |x: f64| x * x + x.max(0.0) - 0.3;
    for (p, magnitude) in magnitudes {
        let target = ElementwiseBaselines::new(p, magnitude.clone(), f).unwrap();
        let law = Features::new(Independent::new(4, p).unwrap(), magnitude);
        let x: DMatrix<f64> = sample_dense(&law, Stream::Evaluation.samples(3, 0..30_000)).unwrap();
        let losses = |estimate: &dyn Fn(&DVector<f64>, usize) -> f64| -> Vec<f64> {
            let loss =
                |x: DVector<f64>| (0..4).map(|i| (f(x[i]) - estimate(&x, i)).powi(2)).sum::<f64>() / 4.0;
            x.column_iter().map(|x| loss(x.into_owned())).collect()
        };
        let m = target.moments();
        let kept = |x: &DVector<f64>, i: usize, other: f64| if i < 3 { f(x[i]) } else { other };
        assert_mean(&losses(&|x, i| kept(x, i, 0.0)), target.naive(4, 3).unwrap(), "naive");
        let constant = losses(&|x, i| kept(x, i, m.value));
        assert_mean(&constant, target.naive_with_constant(4, 3).unwrap(), "constant");
        let found = target.naive_with_offset(4, 3).unwrap();
        let offset = losses(&|x, i| kept(x, i, found.offset * (f(x[0]) + f(x[1]) + f(x[2]))));
        assert_mean(&offset, found.loss, "offset");
        let slope = m.covariance() / m.input_variance();
        let affine = losses(&|x, i| m.value + slope * (x[i] - m.input));
        assert_mean(&affine, target.affine(4, 4).unwrap(), "affine");
    }
}

#[test]
fn bayes_of_the_feature_itself_is_the_closed_form() {
    for (p, sigma) in [(0.05, 0.2), (0.3, 0.01), (1.0, 0.5), (0.01, 3.0), (0.7, 0.002)] {
        let target = ElementwiseBaselines::new(p, AnyMagnitude::Uniform(UnitUniform), |x| x).unwrap();
        let (found, closed) = (target.bayes(sigma).unwrap(), bayes_loss(p, sigma).unwrap());
        assert!((found / closed - 1.0).abs() < 1e-9, "{p} {sigma}: {found} {closed}");
    }
    for (p, magnitude) in [
        (0.1, signed()),
        (0.3, AnyMagnitude::Interval(Interval::new(-1.3, -0.4).unwrap())),
        (0.2, AnyMagnitude::Points(Points::new(&[-0.5, 1.5], &[0.3, 0.7]).unwrap())),
        (0.2, AnyMagnitude::Constant(Constant::new(0.8).unwrap())),
        (0.2, AnyMagnitude::Exponential(Exponential::new(1.7).unwrap())),
    ] {
        let target = ElementwiseBaselines::new(p, magnitude, |x| x).unwrap();
        for sigma in [0.05, 0.4] {
            let (found, other) = (target.bayes(sigma).unwrap(), target.prior().mmse(sigma));
            let allowed = 1e-8 * other + 1e-15 * target.moments().value_variance();
            assert!((found - other).abs() < allowed, "{target:?} {sigma}: {found} {other}");
        }
    }
}

/// Samples of y, with the estimate from a plain sum over the midpoints of 800 cells.
#[test]
fn bayes_of_a_function_is_the_loss_on_samples() {
    type Case = (f64, AnyMagnitude, f64, fn(f64) -> f64);
    let functions: [Case; 4] = [
        (0.2, signed(), 0.15, |x| Function::Relu.at(x)),
        (0.3, signed(), 0.3, |x| Function::Absolute.at(x)),
        (0.6, AnyMagnitude::Uniform(UnitUniform), 0.1, |x| Function::Tent.at(Function::Tent.at(x))),
        (0.4, AnyMagnitude::Interval(Interval::new(-0.5, 1.5).unwrap()), 0.25, |x| {
            f64::from(u8::from(x > 0.5))
        }),
    ];
    for (k, (p, magnitude, sigma, f)) in functions.into_iter().enumerate() {
        let target = ElementwiseBaselines::new(p, magnitude.clone(), f).unwrap();
        let (low, high) = toy_superposition_data::Magnitude::support(&magnitude);
        let width = (high - low) / 800.0;
        let cells: Vec<(f64, f64)> =
            (0..800).map(|c| low + (f64::from(c) + 0.5) * width).map(|u| (u, p / 800.0)).collect();
        let estimate = |y: f64| {
            let (mut total, mut sum) = (0.0, 0.0);
            for (x, weight) in cells.iter().copied().chain([(0.0, 1.0 - p)]) {
                let weight = weight * (-0.5 * ((y - x) / sigma).powi(2)).exp();
                total += weight;
                sum += weight * f(x);
            }
            sum / total
        };
        let mut rng = Stream::Evaluation.rng(8, k as u64);
        let mut loss = |_| {
            let x = if rng.random::<f64>() < p { low + (high - low) * rng.random::<f64>() } else { 0.0 };
            let noise: f64 = rng.sample(StandardNormal);
            (f(x) - estimate(x + sigma * noise)).powi(2)
        };
        let losses: Vec<f64> = (0..10_000).map(&mut loss).collect();
        assert_mean(&losses, target.bayes(sigma).unwrap(), "Bayes");
    }
}

#[test]
fn noise_leaves_between_nothing_and_the_variance() {
    let target = relu(0.2);
    let losses: Vec<f64> =
        [0.0, 1e-3, 0.03, 0.3, 3.0, 300.0].iter().map(|&s| target.bayes(s).unwrap()).collect();
    assert!(losses[0] == 0.0 && losses.windows(2).all(|pair| pair[0] < pair[1]), "{losses:?}");
    assert!((losses[5] / target.moments().value_variance() - 1.0).abs() < 1e-4, "{losses:?}");
    // Small noise matters only where f rises, and its contribution is σ² there, with probability
    // p/2.
    assert!((losses[1] / (0.5 * 0.2 * 1e-6) - 1.0).abs() < 0.05, "{losses:?}");
}

#[test]
fn layers_come_to_rest_where_state_evolution_does() {
    let itself = ElementwiseBaselines::new(0.2, AnyMagnitude::Uniform(UnitUniform), |x| x).unwrap();
    for evolution in [Evolution::Orthogonal, Evolution::Independent] {
        let (found, limit) = (
            itself.evolution_limit(0.25, evolution).unwrap(),
            evolution.limit(itself.prior(), 0.25).unwrap(),
        );
        assert!(limit > 0.01 && (found / limit - 1.0).abs() < 1e-7, "{found} {limit}");
        assert_eq!(itself.evolution_limit(0.9, evolution).unwrap(), 0.0);
    }
    let first = Evolution::Orthogonal.losses(itself.prior(), 0.25, 1).unwrap()[0];
    assert!((itself.bayes_at_ratio(0.25).unwrap() / first - 1.0).abs() < 1e-9);
    let welch: f64 = 0.2 / 3.0 * (1.0 / 0.3 - 1.0);
    let target = relu(0.2);
    let (found, expected) = (target.bayes_at_ratio(0.3).unwrap(), target.bayes(welch.sqrt()).unwrap());
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
}

/// T features along random signs in D dimensions: the interference is that of T − 1 others, which
/// differs from the stated loss by 1/T of it.
#[test]
fn read_outs_of_binary_features_on_samples() {
    let (p, features, dimensions) = (0.2, 240, 80);
    let stated = random_directions(p, features, dimensions).unwrap();
    let alpha = 80.0 / 320.0;
    let finite = p * (1.0 - alpha) * (1.0 - alpha) + alpha * alpha * p * 239.0 / 80.0;
    assert!((finite / stated - 1.0).abs() < 1.0 / 240.0, "{finite} {stated}");
    let mut rng = Stream::Evaluation.rng(4, 0);
    let mut loss = |_| {
        let on: Vec<bool> = (0..features).map(|_| rng.random::<f64>() < p).collect();
        let mut bit = || if rng.random::<bool>() { 1.0 } else { -1.0 };
        let first: Vec<f64> = (0..dimensions).map(|_| bit()).collect();
        let mut read = f64::from(u8::from(on[0]));
        for _ in on[1..].iter().filter(|on| **on) {
            read += first.iter().map(|e| e * bit()).sum::<f64>() / dimensions as f64;
        }
        (f64::from(u8::from(on[0])) - alpha * read).powi(2)
    };
    let losses: Vec<f64> = (0..20_000).map(&mut loss).collect();
    assert_mean(&losses, finite, "random directions");
    assert_eq!(kept_apart(p, 240, 80).unwrap(), 0.2 * 0.8 * (160.0 / 240.0));
    assert_eq!(kept_apart(p, 80, 240).unwrap(), 0.0);
}

#[test]
fn bad_input_is_refused() {
    let new = |p| ElementwiseBaselines::new(p, signed(), f64::abs);
    for p in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(matches!(new(p), Err(Error::Recovery(_))), "{p}");
        assert!(matches!(random_directions(p, 3, 2), Err(Error::OutOfRange { name: "probability", .. })));
        assert!(matches!(kept_apart(p, 3, 2), Err(Error::OutOfRange { name: "probability", .. })));
    }
    assert!(matches!(random_directions(0.1, 0, 2), Err(Error::Size { name: "features", given: 0, .. })));
    let infinite = ElementwiseBaselines::new(0.1, signed(), |x| 1.0 / x);
    assert!(matches!(infinite, Err(Error::OutOfRange { name: "f(x)", .. })));
    let target = new(0.2).unwrap();
    assert!(matches!(target.naive(0, 0), Err(Error::Size { name: "features", given: 0, .. })));
    assert!(matches!(target.naive(3, 4), Err(Error::OutOfRange { name: "computed outputs", .. })));
    assert!(matches!(target.linear(3, 4), Err(Error::OutOfRange { name: "rank", .. })));
    for sigma in [-0.1, f64::NAN, f64::INFINITY, 1e-6] {
        assert!(matches!(target.bayes(sigma), Err(Error::OutOfRange { name: "sigma", .. })), "{sigma}");
    }
    for ratio in [0.0, 1.1, f64::NAN] {
        assert!(matches!(target.bayes_at_ratio(ratio), Err(Error::OutOfRange { name: "ratio", .. })));
        let limit = target.evolution_limit(ratio, Evolution::Orthogonal);
        assert!(matches!(limit, Err(Error::OutOfRange { name: "ratio", .. })));
    }
    let unlike = Features::new(Independent::per_feature(&[0.1, 0.2]).unwrap(), UnitUniform);
    assert!(matches!(ElementwiseBaselines::of_law(&unlike, f64::abs), Err(Error::Recovery(_))));
    let pairs = Groups::new(&[vec![0, 1]], Independent::new(1, 0.3).unwrap()).unwrap();
    let alike = ElementwiseBaselines::of_law(&Features::new(pairs, UnitUniform), f64::abs).unwrap();
    assert!((alike.moments().value - 0.15).abs() < 1e-15);
}

/// Returns `E Var(f(x) | x + ν)` for x ~ U[0, 1] · B(p), by the midpoint rule on both axes.
fn by_midpoints(f: impl Fn(f64) -> f64, p: f64, sigma: f64, nodes: usize) -> f64 {
    let values: Vec<(f64, f64)> =
        (0..nodes).map(|k| (k as f64 + 0.5) / nodes as f64).map(|u| (u, f(u))).collect();
    let bell = |z: f64| (-0.5 * z * z).exp();
    let (from, to, count) = (-9.0 * sigma, 1.0 + 9.0 * sigma, 300);
    let step = (to - from) / f64::from(count);
    let spread = |k: i32| {
        let y = from + step * (f64::from(k) + 0.5);
        let (mut weight, mut first, mut second) = ((1.0 - p) * bell(y / sigma), 0.0, 0.0);
        for &(u, value) in &values {
            let share = p / nodes as f64 * bell((y - u) / sigma);
            weight += share;
            first += share * value;
            second += share * value * value;
        }
        second - first * first / weight
    };
    (0..count).map(spread).sum::<f64>() * step / (sigma * std::f64::consts::TAU.sqrt())
}

/// Jumps and kinks at multiples of 1/1024 cost no precision, whether or not they lie on a coarser
/// grid.
#[test]
fn bayes_of_functions_with_jumps_and_many_kinks() {
    let (p, sigma) = (0.2, 0.2);
    let uniform = || AnyMagnitude::Uniform(UnitUniform);
    let jump = |x: f64| f64::from(x > 345.0 / 1024.0);
    let found = ElementwiseBaselines::new(p, uniform(), jump).unwrap().bayes(sigma).unwrap();
    let expected = by_midpoints(jump, p, sigma, 1 << 13);
    assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    let tent = |x: f64| (0..10).fold(x, |x, _| Function::Tent.at(x));
    let found = ElementwiseBaselines::new(p, uniform(), tent).unwrap().bayes(sigma).unwrap();
    let expected = by_midpoints(tent, p, sigma, 1 << 15);
    assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
}

/// For a constant function, no computed output is of use beyond the constant.
#[test]
fn the_offset_of_a_constant() {
    let one = ElementwiseBaselines::new(1.0, signed(), |_| 1.0).unwrap();
    let none = one.naive_with_offset(3, 0).unwrap();
    assert_eq!((none.offset, none.loss), (0.0, one.naive(3, 0).unwrap()));
    let all_but_one = one.naive_with_offset(3, 2).unwrap();
    assert!((all_but_one.offset - 0.5).abs() < 1e-12 && all_but_one.loss.abs() < 1e-12, "{all_but_one:?}");
}

#[test]
fn moments_and_offsets_are_read_as_they_were_written() {
    use serde_json::{from_str, from_value, to_string, to_value};
    let target = relu(0.3);
    let (moments, offset) = (target.moments(), target.naive_with_offset(7, 3).unwrap());
    assert_eq!(from_str::<TargetMoments>(&to_string(&moments).unwrap()).unwrap(), moments);
    assert_eq!(from_str::<Offset>(&to_string(&offset).unwrap()).unwrap(), offset);

    let mut written = to_value(offset).unwrap();
    assert_eq!((&written["offset"], &written["loss"]), (&offset.offset.into(), &offset.loss.into()));
    written["features"] = 7.into();
    assert!(from_value::<Offset>(written).is_err());
}
