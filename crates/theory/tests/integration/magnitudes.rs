//! The exact loss for every magnitude of `data`, against sums over all states of the switches with
//! closed forms or atoms within each.

use approx::assert_relative_eq;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{
    AnyMagnitude, Constant, Exponential, Features, Interval, Magnitude, Points, Switches,
};
use toy_superposition_theory::{exact_row_gradient, exact_row_loss};

use crate::laws::{Any, GAUSS_6, laws, states, truncated_power};

pub(crate) const POINTS: ([f64; 3], [f64; 3]) = ([0.2, 1.7, 0.9], [1.0, 2.0, 1.5]);
const SIGNED: ([f64; 3], [f64; 3]) = ([-0.6, 0.8, 0.0], [1.0, 2.0, 0.5]);

/// Every kind of magnitude, some of them negative at times.
pub(crate) fn magnitudes() -> Vec<AnyMagnitude> {
    vec![
        AnyMagnitude::Interval(Interval::new(0.5, 2.0).unwrap()),
        AnyMagnitude::Interval(Interval::new(-0.4, 1.1).unwrap()),
        AnyMagnitude::Constant(Constant::new(1.3).unwrap()),
        AnyMagnitude::Constant(Constant::new(-0.7).unwrap()),
        AnyMagnitude::Points(Points::new(&POINTS.0, &POINTS.1).unwrap()),
        AnyMagnitude::Points(Points::new(&SIGNED.0, &SIGNED.1).unwrap()),
        AnyMagnitude::Exponential(Exponential::new(1.6).unwrap()),
    ]
}

/// The atoms of a magnitude that has any.
fn atoms(magnitude: &AnyMagnitude) -> Option<Vec<(f64, f64)>> {
    match magnitude {
        AnyMagnitude::Constant(_) => Some(vec![(magnitude.mean(), 1.0)]),
        AnyMagnitude::Points(points) => Some(points.iter().collect()),
        _ => None,
    }
}

/// `E (m + w u)₊ᵏ`, k = 1, 2, for u of the exponential law of mean 1.
fn exponential_power(m: f64, w: f64, k: i32) -> f64 {
    let a = w.abs();
    let polynomial = if k == 1 { m + w } else { m * m + 2.0 * m * w + 2.0 * w * w };
    let tail = if k == 1 { a } else { 2.0 * a * a } * (-m.abs() / a).exp();
    match (w > 0.0, m > 0.0) {
        (true, true) => polynomial,
        (true, false) => tail,
        (false, true) if k == 1 => polynomial + tail,
        (false, true) => polynomial - tail,
        (false, false) => 0.0,
    }
}

/// `E (m + Σ w_j u_j)₊ᵏ`; for the exponential law by partial fractions,
/// `Π 1/(1 − s w_j) = Σ A_j/(1 − s w_j)`.
fn power(magnitude: &AnyMagnitude, m: f64, weights: &[f64], k: i32) -> f64 {
    if weights.is_empty() {
        return m.max(0.0).powi(k);
    }
    if let Some(atoms) = atoms(magnitude) {
        let rest = &weights[1..];
        return atoms.iter().map(|(u, q)| q * power(magnitude, m + weights[0] * u, rest, k)).sum();
    }
    match magnitude {
        AnyMagnitude::Interval(law) => {
            let (low, high) = law.support();
            let widths: Vec<f64> = weights.iter().map(|w| w * (high - low)).collect();
            truncated_power(m + low * weights.iter().sum::<f64>(), &widths, k)
        }
        _ => {
            let mean = magnitude.mean();
            let share = |j: usize| -> f64 {
                let others = (0..weights.len()).filter(|&l| l != j);
                others.map(|l| weights[j] / (weights[j] - weights[l])).product()
            };
            (0..weights.len()).map(|j| share(j) * exponential_power(m, mean * weights[j], k)).sum()
        }
    }
}

/// `E f(u)` for a function that is smooth between cuts.
pub(crate) fn average(magnitude: &AnyMagnitude, cuts: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    if let Some(atoms) = atoms(magnitude) {
        return atoms.iter().map(|&(u, q)| q * f(u)).sum();
    }
    let mean = magnitude.mean();
    let exponential = matches!(magnitude, AnyMagnitude::Exponential(_));
    let (low, high) = if exponential { (0.0, 48.0 * mean) } else { magnitude.support() };
    let parts = if exponential { 400 } else { 1 };
    let mut ends: Vec<f64> = cuts.iter().map(|cut| cut.clamp(low, high)).collect();
    ends.extend((0..=parts).map(|k| low + (high - low) * f64::from(k) / f64::from(parts)));
    ends.sort_by(f64::total_cmp);
    let mut sum = 0.0;
    for piece in ends.windows(2) {
        let (half, middle) = ((piece[1] - piece[0]) / 2.0, (piece[1] + piece[0]) / 2.0);
        for (x, weight) in GAUSS_6.into_iter().flat_map(|(x, weight)| [(x, weight), (-x, weight)]) {
            let u = middle + half * x;
            let density = if exponential { (-u / mean).exp() / mean } else { 1.0 / (high - low) };
            sum += half * weight * density * f(u);
        }
    }
    sum
}

/// The loss of output `i` by the states of the switches.
fn enumerated(row: &[f64], i: usize, bias: f64, switches: &dyn Switches, magnitude: &AnyMagnitude) -> f64 {
    let n = row.len();
    let mut loss = 0.0;
    for (state, probability) in states(n, switches).into_iter().enumerate() {
        let on: Vec<f64> = (0..n).filter(|&j| j != i && state >> j & 1 == 1).map(|j| row[j]).collect();
        if state >> i & 1 == 0 {
            loss += probability * power(magnitude, bias, &on, 2);
            continue;
        }
        let mut cuts = vec![-bias / row[i]];
        if let AnyMagnitude::Interval(law) = magnitude {
            let (low, high) = law.support();
            for set in 0_usize..1 << on.len() {
                let corner = |j: usize| on[j] * if set >> j & 1 == 1 { high } else { low };
                cuts.push(-(bias + (0..on.len()).map(corner).sum::<f64>()) / row[i]);
            }
        }
        let given = |u: f64| {
            let [first, second] = [1, 2].map(|k| power(magnitude, bias + row[i] * u, &on, k));
            u * u - 2.0 * u * first + second
        };
        loss += probability * average(magnitude, &cuts, given);
    }
    loss
}

/// Weights that differ in size by 0.1 at least, so that the partial fractions keep their digits.
fn random_row(rng: &mut ChaCha8Rng, i: usize) -> Vec<f64> {
    let turn = rng.random_range(0..6);
    let size = |j: usize| 0.15 + 0.12 * ((5 * j + turn) % 6) as f64;
    let sign = |rng: &mut ChaCha8Rng| if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let mut row: Vec<f64> = (0..6).map(|j| (size(j) + rng.random_range(-0.01..0.01)) * sign(rng)).collect();
    row[i] = rng.random_range(0.4..1.5);
    row
}

#[test]
fn losses_are_the_sums_over_all_states() {
    let mut rng = ChaCha8Rng::seed_from_u64(25);
    for (name, switches) in laws() {
        for magnitude in magnitudes() {
            for case in 0..3 {
                let i = (case + rng.random_range(0..3)) % 6;
                let mut row = random_row(&mut rng, i);
                if case == 1 {
                    row[i] = -row[i];
                }
                let bias = rng.random_range(-0.6..0.3);
                let expected = enumerated(&row, i, bias, switches.as_ref(), &magnitude);
                let law = Features::new(Any(switches.as_ref()), magnitude.clone());
                let found = exact_row_loss(&row, i, bias, &law)
                    .unwrap_or_else(|e| panic!("{name} {magnitude:?} {row:?} {i} {bias} {e}"));
                let allowed = 1e-9 * expected.max(1e-4);
                let distance = (found.loss - expected).abs();
                assert!(distance < allowed, "{name} {magnitude:?} {row:?} {bias}: {found:?} {expected}");
                assert!(found.error < allowed, "{name} {magnitude:?}: {found:?}");
                assert!(distance <= found.error + 1e-13, "{name} {magnitude:?}: {found:?} {expected}");
            }
        }
    }
}

/// Differences of the loss along a random direction, rows with a 0 among them. Atoms make the loss
/// a quadratic on either side of kinks, so that there the step is short.
#[test]
fn gradients_are_the_difference_quotients() {
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    for (name, switches) in laws() {
        for magnitude in magnitudes() {
            for case in 0..3 {
                let i = (2 * case + 1) % 6;
                let mut row = random_row(&mut rng, i);
                if case == 2 {
                    (row[0], row[4]) = (0.0, 0.0);
                }
                let bias = rng.random_range(-0.4..0.3);
                let law = Features::new(Any(switches.as_ref()), magnitude.clone());
                let mut gradient = vec![f64::NAN; 6];
                let found = exact_row_gradient(&row, i, bias, &law, 1e-8, &mut gradient).unwrap();
                let direction: Vec<f64> = (0..7).map(|_| rng.random_range(-1.0..1.0)).collect();
                let step = if atoms(&magnitude).is_some() { 1e-6 } else { 3e-4 };
                let at = |steps: f64| {
                    let moved: Vec<f64> =
                        row.iter().zip(&direction).map(|(w, d)| w + steps * step * d).collect();
                    exact_row_loss(&moved, i, bias + steps * step * direction[6], &law).unwrap().loss
                };
                let quotient = (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step);
                let slopes = gradient.iter().chain([&found.bias]);
                let slope: f64 = slopes.clone().zip(&direction).map(|(g, d)| g * d).sum();
                let size = slopes.fold(1e-3, |most: f64, g| most.max(g.abs()));
                assert!(
                    (slope - quotient).abs() < 1e-5 * size,
                    "{name} {magnitude:?} {row:?} {bias}: {slope} {quotient}"
                );
                assert_relative_eq!(found.value.loss, at(0.0), epsilon = 1e-13, max_relative = 1e-7);
            }
        }
    }
}
