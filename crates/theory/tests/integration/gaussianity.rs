//! Lyapunov ratio, excess kurtosis and Lilliefors' test: plain sums, simulations, and the published
//! formulas.

use nalgebra::DMatrix;
use toy_superposition_data::{
    Exactly, Exponential, Features, Independent, Interval, Magnitude, Moments, Pairs, Points, UnitUniform,
};
use toy_superposition_theory::{
    Error, Gaussianity, Statistics, edgeworth_row_loss, feature_excess_kurtosis, lilliefors,
    lilliefors_p_value, lyapunov_factor,
};

use crate::product_of;

/// `n probability D error` and `sample D x…`: tools/golden/theory_lilliefors.py.
fn golden() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = include_str!("../golden/lilliefors.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The errors that the documentation states, with three standard errors of the simulation.
#[test]
fn p_values_of_simulated_samples() {
    let mut count = 0;
    for fields in golden().filter(|fields| fields[0] != "sample") {
        let n: usize = fields[0].parse().unwrap();
        let [p, statistic, error] = [1, 2, 3].map(|k| fields[k].parse::<f64>().unwrap());
        let found = lilliefors_p_value(statistic, n).unwrap();
        let allowed = match p {
            0.2.. => 0.04,
            0.01.. => 0.25 * p,
            _ if n >= 10 => p,
            _ => 3.0 * p,
        };
        assert!((found - p).abs() < allowed + 3.0 * error, "n = {n}: {found} for {p} ± {error}");
        count += 1;
    }
    assert_eq!(count, 70);
}

/// Dallal and Wilkinson's formula (The American Statistician 40, 1986), for n ≤ 100 and 0.001 ≤ p <
/// 0.1.
#[test]
fn p_values_of_dallal_and_wilkinson() {
    for n in [10, 20, 50, 100] {
        for k in 0..60 {
            let (d, size) = (0.05 + 0.005 * f64::from(k), n as f64);
            let scaled = d * (size + 2.78019).sqrt();
            let fit = -7.01256 * scaled * scaled + 2.99587 * scaled - 0.122119
                + 0.974598 / size.sqrt()
                + 1.67997 / size;
            let published = fit.exp();
            if (1e-3..0.1).contains(&published) {
                let found = lilliefors_p_value(d, n).unwrap();
                let allowed = if published > 0.01 { 0.25 } else { 0.7 };
                assert!((found / published - 1.0).abs() < allowed, "{n} {d}: {found} {published}");
            }
        }
    }
}

#[test]
fn p_values_fall_from_one() {
    for n in [5, 30, 4_000_000] {
        let mut last = 1.0;
        assert_eq!(lilliefors_p_value(0.0, n).unwrap(), 1.0);
        for k in 1..=1000 {
            let p = lilliefors_p_value(f64::from(k) / 1000.0, n).unwrap();
            assert!(p < last || p == 0.0, "{n} {k}: {p} {last}");
            last = p;
        }
        assert!((0.0..1e-5).contains(&last));
    }
}

/// scipy's one-sample statistic against the fitted normal law, ties and tiny units included.
#[test]
fn statistic_of_given_samples() {
    let mut count = 0;
    for fields in golden().filter(|fields| fields[0] == "sample") {
        let numbers: Vec<f64> = fields[1..].iter().map(|field| field.parse().unwrap()).collect();
        let (statistic, sample) = (numbers[0], numbers[1..].to_vec());
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let found = lilliefors(sample.clone()).unwrap();
        assert!((found.statistic - statistic).abs() < 1e-14, "{found:?} {statistic}");
        assert!((found.mean - mean).abs() < 1e-14 * variance.sqrt());
        assert!((found.standard_deviation / variance.sqrt() - 1.0).abs() < 1e-14);
        assert_eq!(found.count, sample.len());
        // The same in a unit in which squares underflow.
        let small = lilliefors(sample.iter().map(|x| x * 1e-200).collect()).unwrap();
        assert!((small.statistic - statistic).abs() < 1e-12);
        count += 1;
    }
    assert_eq!(count, 4);
}

/// `E|x − Ex|^k` by midpoint sums over the magnitude.
#[test]
fn features_own_factors() {
    for p in [1e-6, 0.044, 0.4129, 0.8, 1.0] {
        let steps = 20_000;
        let moment = |k: i32| {
            let m = 0.5 * p;
            let on: f64 =
                (0..steps).map(|i| ((f64::from(i) + 0.5) / f64::from(steps) - m).abs().powi(k)).sum();
            (1.0 - p) * m.powi(k) + p * on / f64::from(steps)
        };
        let (second, third, fourth) = (moment(2), moment(3), moment(4));
        let factor = third / second.powf(1.5);
        assert!((lyapunov_factor(p).unwrap() / factor - 1.0).abs() < 1e-8, "{p}");
        let kurtosis = fourth / (second * second) - 3.0;
        let found = feature_excess_kurtosis(p).unwrap();
        assert!((found - kurtosis).abs() < 1e-8 * kurtosis.abs().max(3.0), "{p}: {found} {kurtosis}");
        assert_eq!(found > 0.0, p < 0.412_927);
    }
    let p = 1e-10;
    assert!((lyapunov_factor(p).unwrap() * p.sqrt() / (0.75 * 3f64.sqrt()) - 1.0).abs() < 1e-9);
    assert!((feature_excess_kurtosis(p).unwrap() * p / 1.8 - 1.0).abs() < 1e-9);
}

fn gaussianity(w: &DMatrix<f64>, p: f64) -> Gaussianity {
    let n = w.nrows();
    let moments = vec![Moments::uniform(p).unwrap(); n];
    let product = product_of(w, &vec![0.1; n]);
    let statistics = Statistics::from_product(&product, 2, &moments).unwrap();
    Gaussianity::new(&product, &statistics.rows, p).unwrap()
}

/// A matrix with a row of zeros: plain sums, and the kurtosis of the exact loss's cumulants.
#[test]
fn rows_of_a_matrix() {
    let (n, p) = (7, 0.3);
    let mut w = waves(n);
    w.set_row(4, &DMatrix::zeros(1, n).row(0));
    let found = gaussianity(&w, p);
    let (mut ratio, mut mean, mut most) = (0.0f64, 0.0, 0.0f64);
    for i in 0..n {
        let others = || (0..n).filter(|&j| j != i).map(|j| w[(i, j)].abs());
        let [squares, cubes] = [2, 3].map(|k| others().map(|x| x.powi(k)).sum::<f64>());
        if squares > 0.0 {
            ratio = ratio.max(lyapunov_factor(p).unwrap() * cubes / squares.powf(1.5));
        }
        let row: Vec<f64> = w.row(i).iter().copied().collect();
        let kurtosis = edgeworth_row_loss(&row, i, 0.0, p).unwrap().excess_kurtosis();
        mean += kurtosis / n as f64;
        most = most.max(kurtosis);
    }
    for (given, expected) in
        [(found.lyapunov_ratio, ratio), (found.excess_kurtosis_mean, mean), (found.excess_kurtosis_max, most)]
    {
        assert!((given / expected - 1.0).abs() < 1e-12, "{found:?} {expected}");
    }
    let entries: Vec<f64> = (0..n * n).filter(|k| k % n != k / n).map(|k| w[(k / n, k % n)]).collect();
    assert_eq!(found.normality, Some(lilliefors(entries).unwrap()));
    // No unit matters.
    let small = gaussianity(&(&w * 1e-180), p);
    assert!((small.lyapunov_ratio / found.lyapunov_ratio - 1.0).abs() < 1e-13);
    assert!((small.excess_kurtosis_mean / found.excess_kurtosis_mean - 1.0).abs() < 1e-13);
}

/// A matrix of rows that differ.
fn waves(n: usize) -> DMatrix<f64> {
    DMatrix::from_fn(n, n, |i, j| ((1 + i * 7 + j * 13) as f64 * 0.731).sin())
}

/// `E|x − E x|³` of `x = c u` by the midpoint rule from the least magnitude to `high`.
fn third(p: f64, magnitude: &dyn Magnitude, high: f64) -> f64 {
    let mean = p * magnitude.mean();
    let cube = |u: f64| (u - mean).abs().powi(3);
    let steps = 400_000;
    let low = magnitude.support().0;
    let width = (high - low) / f64::from(steps);
    let points = (0..steps).map(|k| low + width * (f64::from(k) + 0.5));
    let on: f64 = points.map(|u| width * cube(u) * magnitude.density(u).unwrap()).sum();
    (1.0 - p) * cube(0.0) + p * on
}

/// Independent features: the paper's law, and laws of several probabilities and magnitudes, by
/// plain sums.
#[test]
fn independent_features_have_the_ratios_of_their_terms() {
    let (n, w) = (7, waves(7));
    let product = product_of(&w, &[0.1; 7]);
    let (paper, found) = (gaussianity(&w, 0.3), Gaussianity::under_law(&product, 0.3).unwrap());
    for (a, b) in [
        (paper.lyapunov_ratio, found.lyapunov_ratio),
        (paper.excess_kurtosis_mean, found.excess_kurtosis_mean),
        (paper.excess_kurtosis_max, found.excess_kurtosis_max),
    ] {
        assert!((a / b - 1.0).abs() < 1e-12, "{paper:?} {found:?}");
    }
    assert_eq!(paper.normality, found.normality);
    let each = [0.3, 0.05, 0.9, 0.2, 1.0, 0.45, 0.6];
    let (interval, exponential) = (Interval::new(0.25, 1.75).unwrap(), Exponential::new(1.6).unwrap());
    for (magnitude, high) in [(&interval as &dyn Magnitude, 1.75), (&exponential, 24.0)] {
        let thirds = each.map(|p| third(p, magnitude, high));
        let variances = each.map(|p| magnitude.feature_cumulants(p).variance);
        let ratio = |i: usize| {
            let sum = |of: &dyn Fn(usize) -> f64| (0..n).filter(|&j| j != i).map(of).sum::<f64>();
            let cubes = sum(&|j| w[(i, j)].abs().powi(3) * thirds[j]);
            cubes / sum(&|j| w[(i, j)].powi(2) * variances[j]).powf(1.5)
        };
        let expected = (0..n).map(ratio).fold(0.0, f64::max);
        let switches = Independent::per_feature(&each).unwrap();
        let found = match high {
            24.0 => Gaussianity::under_law(&product, &Features::new(switches, exponential)),
            _ => Gaussianity::under_law(&product, &Features::new(switches, interval)),
        };
        let found = found.unwrap().lyapunov_ratio;
        assert!((found / expected - 1.0).abs() < 1e-8, "{found} {expected}");
    }
}

/// Pairs: the kurtosis of the states of both pairs, and a bound on the third moment that holds.
#[test]
fn pairs_are_terms_of_their_own() {
    let (p, rho, high) = (0.3, 0.5, 0.8);
    let w = waves(4);
    let magnitude = Points::new(&[0.4, high], &[1.0, 3.0]).unwrap();
    let product = product_of(&w, &[0.0; 4]);
    let law = Features::new(Pairs::new(2, p, rho).unwrap(), magnitude.clone());
    let found = Gaussianity::under_law(&product, &law).unwrap();
    let both = p * p + rho * p * (1.0 - p);
    let outcomes = [(0.0, 1.0 - p), (0.4, 0.25 * p), (high, 0.75 * p)];
    // The outcomes of a pair with these weights.
    let pair = |first: f64, second: f64| {
        outcomes.into_iter().flat_map(move |(u, a)| {
            outcomes.into_iter().map(move |(v, b)| {
                let [p_u, p_v] = [u, v].map(|x| if x > 0.0 { p } else { 1.0 - p });
                let joint = match (u > 0.0, v > 0.0) {
                    (true, true) => both,
                    (false, false) => 1.0 - 2.0 * p + both,
                    _ => p - both,
                };
                (first * u + second * v, a / p_u * b / p_v * joint)
            })
        })
    };
    let mean = p * magnitude.mean();
    let third = outcomes.iter().map(|(x, share)| share * (x - mean).abs().powi(3)).sum::<f64>();
    let (mut kurtosis, mut bound): (f64, f64) = (0.0, 0.0);
    for i in 0..4 {
        let partner = i ^ 1;
        let others: Vec<usize> = (0..4).filter(|&j| j != i && j != partner).collect();
        let (a, b, c) = (w[(i, partner)], w[(i, others[0])], w[(i, others[1])]);
        let all: Vec<(f64, f64)> =
            pair(0.0, a).flat_map(|(x, s)| pair(b, c).map(move |(y, t)| (x + y, s * t))).collect();
        let centre: f64 = all.iter().map(|(x, share)| x * share).sum();
        let moment = |k: i32| all.iter().map(|(x, share)| share * (x - centre).abs().powi(k)).sum::<f64>();
        let next = moment(4) / moment(2).powi(2) - 3.0;
        kurtosis = if next.abs() > kurtosis.abs() { next } else { kurtosis };
        let cubes = a.abs().powi(3) + (b.abs() + c.abs()).powi(3);
        bound = bound.max(third * cubes / moment(2).powf(1.5));
        assert!(found.lyapunov_ratio * moment(2).powf(1.5) >= moment(3));
    }
    assert!((found.excess_kurtosis_max - kurtosis).abs() < 1e-11, "{found:?} {kurtosis}");
    assert!((found.lyapunov_ratio / bound - 1.0).abs() < 1e-11, "{found:?} {bound}");
    let wrong = Features::new(Exactly::new(3, 1).unwrap(), UnitUniform);
    assert!(matches!(Gaussianity::under_law(&product, &wrong), Err(Error::Size { .. })));
}

/// Interference of one feature alone has that feature's own ratios.
#[test]
fn antipodal_pairs_are_as_far_as_one_feature() {
    let w = DMatrix::from_fn(6, 6, |i, j| {
        if i == j {
            1.0
        } else if i / 2 == j / 2 {
            -1.0
        } else {
            0.0
        }
    });
    let found = gaussianity(&w, 0.05);
    assert_eq!(found.lyapunov_ratio, lyapunov_factor(0.05).unwrap());
    assert_eq!(found.excess_kurtosis_mean, feature_excess_kurtosis(0.05).unwrap());
    assert!(gaussianity(&DMatrix::identity(6, 6), 0.05).normality.is_none());
    assert_eq!(gaussianity(&DMatrix::zeros(2, 2), 0.05).lyapunov_ratio, 0.0);
}

#[test]
fn bad_samples_are_refused() {
    assert!(matches!(lilliefors(vec![1.0, 2.0, 3.0, 4.0]), Err(Error::SizeRange { given: 4, least: 5, .. })));
    assert!(matches!(
        lilliefors(vec![1.0, f64::NAN, 3.0, 4.0, 5.0]),
        Err(Error::Entry { what: "sample", row: 1, .. })
    ));
    assert!(matches!(lilliefors(vec![0.3; 9]), Err(Error::OutOfRange { .. })));
    assert!(matches!(lilliefors_p_value(f64::NAN, 9), Err(Error::OutOfRange { what: "D", .. })));
    assert!(matches!(lilliefors_p_value(0.2, 4), Err(Error::SizeRange { .. })));
    for p in [0.0, 1.5, f64::NAN] {
        assert!(matches!(lyapunov_factor(p), Err(Error::Probability { .. })));
        assert!(matches!(feature_excess_kurtosis(p), Err(Error::Probability { .. })));
    }
    let identity = product_of(&DMatrix::identity(2, 2), &[0.0; 2]);
    let rows = &Statistics::from_product(&identity, 1, &[Moments::uniform(0.1).unwrap(); 2]).unwrap().rows;
    assert!(matches!(Gaussianity::new(&identity, &rows[..1], 0.1), Err(Error::Size { what: "rows", .. })));
    assert!(matches!(Gaussianity::new(&identity, rows, 0.0), Err(Error::Probability { .. })));
}
