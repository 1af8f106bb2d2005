//! The exact loss against oracles that share nothing with it: enumeration and inclusion–exclusion
//! in 60 digits, another inversion integral (`tools/golden/theory_exact.py`), closed forms, and
//! samples.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{Constant, Features, Independent, Pairs, UnitUniform};
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_theory::{
    Error, FeatureLaw, edgeworth_row_loss, exact_gradient, exact_loss, exact_loss_of_rows, exact_losses,
    exact_model_loss, exact_row_gradient, exact_row_loss,
};

const GOLDEN: &str = include_str!("../golden/exact.txt");

/// One line of the golden file.
struct Case {
    name: &'static str,
    feature: usize,
    bias: f64,
    row: Vec<f64>,
    probabilities: Vec<f64>,
    loss: f64,
    /// The slopes in the bias and in the row.
    slopes: Option<(f64, Vec<f64>)>,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

fn cases() -> impl Iterator<Item = Case> {
    GOLDEN.lines().map(|line| {
        let fields: Vec<&'static str> = line.split(';').map(str::trim).collect();
        Case {
            name: fields[0],
            feature: fields[1].parse().unwrap(),
            bias: fields[2].parse().unwrap(),
            row: numbers(fields[3]),
            probabilities: numbers(fields[4]),
            loss: fields[5].parse().unwrap(),
            slopes: (fields.len() > 6).then(|| (fields[6].parse().unwrap(), numbers(fields[7]))),
        }
    })
}

/// Relative error at most 1e-9 everywhere, in fact as well as by the error returned, which holds.
#[test]
fn loss_of_the_golden_rows() {
    let mut count = 0;
    for Case { name, feature, bias, row, probabilities, loss, .. } in cases() {
        let exact = exact_row_loss(&row, feature, bias, &probabilities[..]).unwrap();
        assert!((exact.loss - loss).abs() <= exact.error, "{name}: {exact:?} {loss}");
        assert!(exact.error <= 1e-9 * loss, "{name}: {exact:?}");
        // What is left out is estimated by absolute values; in fact it oscillates.
        assert_relative_eq!(exact.loss, loss, epsilon = 0.0, max_relative = 5e-11);
        count += 1;
    }
    assert_eq!(count, 39);
}

#[test]
fn gradient_of_the_golden_rows() {
    let mut count = 0;
    for Case { name, feature, bias, row, probabilities, loss, slopes } in cases() {
        let Some((in_bias, in_row)) = slopes else { continue };
        let mut gradient = vec![f64::NAN; row.len()];
        let found =
            exact_row_gradient(&row, feature, bias, &probabilities[..], 1e-10, &mut gradient).unwrap();
        assert_relative_eq!(found.value.loss, loss, epsilon = 0.0, max_relative = 1e-10);
        let size = in_row.iter().fold(in_bias.abs().max(loss), |most, slope| most.max(slope.abs()));
        assert!((found.bias - in_bias).abs() < 1e-8 * size, "{name}: bias {} {in_bias}", found.bias);
        for (j, (slope, expected)) in gradient.iter().zip(&in_row).enumerate() {
            assert!((slope - expected).abs() < 1e-8 * size, "{name}: {j} {slope} {expected} of {size}");
            // A weight far beyond the others changes by its own size.
            let by_its_size = row[j] * (slope - expected);
            assert!(by_its_size.abs() < 1e-7 * loss, "{name}: {j} {slope} {expected} of {loss}");
        }
        count += 1;
    }
    assert_eq!(count, 11);
}

/// Antipodal pairs, W = ⊕ [[1, −1], [−1, 1]] and b = 0: `y = (x − x′)₊`, so that only both on at
/// once costs, `p² E min(u, u′)² = p²/6`, at any n_s.
#[test]
fn antipodal_pairs() {
    for (features, p) in [(2, 1.0), (64, 0.044), (64, 1e-3)] {
        let product = DMatrix::from_fn(features, features, |i, j| match () {
            () if i == j => 1.0,
            () if i / 2 == j / 2 => -1.0,
            () => 0.0,
        });
        let found = exact_loss(&product, &vec![0.0; features], p).unwrap();
        assert_relative_eq!(found.loss, p * p / 6.0, epsilon = 0.0, max_relative = 1e-14);
    }
    // All but antipodal: a little weight everywhere else changes little.
    let mut row = vec![1e-7; 512];
    (row[0], row[1]) = (1.0, -1.0);
    let found = exact_row_loss(&row, 0, 0.0, 0.044).unwrap();
    assert_relative_eq!(found.loss, 0.044 * 0.044 / 6.0, epsilon = 0.0, max_relative = 1e-3);
    assert!(found.error < 1e-9 * found.loss);
}

/// A row of zeros outputs its bias whatever happens: `p/3 − p b₊ + b₊²`.
#[test]
fn zero_rows() {
    for bias in [-0.3, 0.0, 0.02, 0.4] {
        for p in [1e-3, 0.3, 1.0] {
            let found = exact_row_loss(&[0.0; 512], 17, bias, p).unwrap();
            let y = bias.max(0.0);
            assert_relative_eq!(found.loss, p / 3.0 - p * y + y * y, epsilon = 0.0, max_relative = 1e-14);
        }
    }
}

/// Where the rectifier never cuts the loss is that of the linear model, at n_s = 8192 and any p.
#[test]
fn open_rectifier_at_full_size() {
    let row: Vec<f64> = (0..8192_u32).map(|j| f64::from(j * 7919 % 8192) / 8192.0 * 2e-4 - 1e-4).collect();
    for p in [1e-3, 0.05, 1.0] {
        let feature = 5_000;
        let (mut mean, mut variance) = (2.5, 0.0);
        for (_, w) in row.iter().enumerate().filter(|&(j, _)| j != feature) {
            mean += w * p / 2.0;
            variance += w * w * (p / 3.0 - p * p / 4.0);
        }
        let gap = 1.0 - row[feature];
        let expected = gap * gap * p / 3.0 - gap * p * mean + mean * mean + variance;
        let found = exact_row_loss(&row, feature, 2.5, p).unwrap();
        assert_relative_eq!(found.loss, expected, epsilon = 0.0, max_relative = 1e-11);
    }
}

/// n_s = 8192 with a rectifier that acts and one feature far above the others: by the inversion
/// integral on another line in 30 digits, and by sums over the sets of up to 42 features that are
/// on in 120 (`theory_exact.py --full-size`).
#[test]
fn rectified_rows_of_full_size() {
    let spread = |j: usize| (((j * 7919 % 8192) as f64) / 8192.0 - 0.5) * 0.06;
    let mut row: Vec<f64> = (0..8192).map(spread).collect();
    (row[17], row[5000]) = (-1.0, 0.9);
    for (p, expected) in [(0.05, 0.010_387_786_583_609_605), (1.0, 0.220_198_152_980_897_63)] {
        let found = exact_row_loss(&row, 5000, -0.1, p).unwrap();
        assert_relative_eq!(found.loss, expected, epsilon = 0.0, max_relative = 1e-9);
        assert!((found.loss - expected).abs() <= found.error && found.error <= 1e-9 * expected, "{found:?}");
    }
    let mut row = [vec![0.02; 4000], vec![-0.02; 4190], vec![-1.0]].concat();
    row.push(0.88);
    let expected = 2.827_735_842_289_398_7e-5;
    let found = exact_row_loss(&row, 8191, -0.06, 1e-3).unwrap();
    assert_relative_eq!(found.loss, expected, epsilon = 0.0, max_relative = 1e-9);
    assert!((found.loss - expected).abs() <= found.error && found.error <= 1e-9 * expected, "{found:?}");
}

fn gaussian(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// n_s = 200, own probabilities: 4·10⁵ samples. α = 1e-6 for each of three (|z| < 4.9).
#[test]
fn samples_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    for p in [4e-3, 0.06, 0.8] {
        let mut row: Vec<f64> = (0..200).map(|_| 0.12 * gaussian(&mut rng)).collect();
        let probabilities: Vec<f64> = (0..200).map(|_| p * (0.5 + 0.75 * rng.random::<f64>())).collect();
        (row[3], row[4]) = (0.85, -0.7);
        let bias = -0.1 - row.iter().zip(&probabilities).map(|(w, p)| w * p / 2.0).sum::<f64>();
        let exact = exact_row_loss(&row, 3, bias, &probabilities[..]).unwrap();
        let (mut sum, mut squares, samples) = (0.0, 0.0, 400_000);
        for _ in 0..samples {
            let (mut z, mut own) = (bias, 0.0);
            for (j, (w, p)) in row.iter().zip(&probabilities).enumerate() {
                if rng.random::<f64>() < *p {
                    let u: f64 = rng.random();
                    z += w * u;
                    if j == 3 {
                        own = u;
                    }
                }
            }
            let loss = (own - z.max(0.0)).powi(2);
            sum += loss;
            squares += loss * loss;
        }
        let mean = sum / f64::from(samples);
        let error = ((squares / f64::from(samples) - mean * mean) / f64::from(samples)).sqrt();
        assert!(error < 0.05 * exact.loss);
        assert!((mean - exact.loss).abs() < 4.9 * error, "p = {p}: {mean} ± {error}, {}", exact.loss);
    }
}

/// What cannot matter does not: the order of the features, features of weight 0, the unit of
/// length.
#[test]
fn invariances() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let row: Vec<f64> = (0..40).map(|_| 0.3 * gaussian(&mut rng)).collect();
    let probabilities: Vec<f64> = (0..40).map(|_| rng.random_range(0.01..0.4)).collect();
    let loss = exact_row_loss(&row, 0, -0.1, &probabilities[..]).unwrap().loss;
    let turn = |values: &[f64]| -> Vec<f64> {
        let mut values = values.to_vec();
        values[1..].reverse();
        values.extend([0.0, 0.25]);
        values
    };
    let (mut longer, chances) = (turn(&row), turn(&probabilities));
    longer[41] = 0.0;
    let chances: Vec<f64> = chances.into_iter().map(|p| if p == 0.0 { 0.5 } else { p }).collect();
    let found = exact_row_loss(&longer, 0, -0.1, &chances[..]).unwrap().loss;
    assert_relative_eq!(found, loss, epsilon = 0.0, max_relative = 1e-10);
    let shared = exact_row_loss(&row, 0, -0.1, 0.07).unwrap();
    assert_eq!(exact_row_loss(&row, 0, -0.1, &[0.07; 40][..]).unwrap(), shared);
}

fn small_model() -> (DMatrix<f64>, DMatrix<f64>, DVector<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    let encoder = DMatrix::from_fn(3, 7, |_, _| 0.6 * gaussian(&mut rng));
    let decoder = DMatrix::from_fn(7, 3, |_, _| 0.5 * gaussian(&mut rng));
    let bias = DVector::from_fn(7, |_, _| 0.2 * gaussian(&mut rng));
    (encoder, decoder, bias)
}

#[test]
fn a_model_is_its_rows() {
    let (encoder, decoder, bias) = small_model();
    let product = &decoder * &encoder;
    let rows: Vec<Vec<f64>> = (0..7).map(|i| product.row(i).iter().copied().collect()).collect();
    let losses: Vec<f64> = (0..7).map(|i| exact_row_loss(&rows[i], i, bias[i], 0.2).unwrap().loss).collect();
    let mean = losses.iter().sum::<f64>() / 7.0;
    let whole = exact_loss(&product, bias.as_slice(), 0.2).unwrap();
    assert_relative_eq!(whole.loss, mean, epsilon = 0.0, max_relative = 1e-14);
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
    let all = exact_model_loss(&model, &[3, 1, 0, 2, 6, 5, 4], 0.2).unwrap();
    assert_relative_eq!(all.loss, mean, epsilon = 0.0, max_relative = 1e-10);
    assert_eq!(all.standard_error, 0.0);
    let some = exact_losses(&[5, 2], bias.as_slice(), 0.2, |i, row| row.copy_from_slice(&rows[i])).unwrap();
    assert_eq!([some[0].loss, some[1].loss], [losses[5], losses[2]]);
}

/// Over all draws of k rows, the mean of the squared standard errors is the variance of the means:
/// exactly so, because of the finite-population factor.
#[test]
fn standard_error_of_some_rows() {
    let (encoder, decoder, bias) = small_model();
    let product = &decoder * &encoder;
    let truth = exact_loss(&product, bias.as_slice(), 0.3).unwrap().loss;
    let (mut spread, mut claimed, mut draws) = (0.0, 0.0, 0.0);
    for subset in 0..128_u32 {
        let rows: Vec<usize> = (0..7).filter(|i| subset >> i & 1 == 1).collect();
        if rows.len() == 4 {
            let found = exact_loss_of_rows(&rows, bias.as_slice(), 0.3, |i, row| {
                row.iter_mut().zip(product.row(i).iter()).for_each(|(entry, w)| *entry = *w);
            })
            .unwrap();
            spread += (found.loss - truth).powi(2);
            claimed += found.standard_error.powi(2);
            draws += 1.0;
        }
    }
    assert_eq!(draws, 35.0);
    assert_relative_eq!(spread, claimed, epsilon = 0.0, max_relative = 1e-8);
    let one = exact_loss_of_rows(&[2], bias.as_slice(), 0.3, |_, row| row.fill(0.1)).unwrap();
    assert_eq!(one.standard_error, f64::INFINITY);
}

/// A gradient to 1e-6 is that to 1e-10 within 1e-5 of its norm, with weights of many sizes, some of
/// them next to 0.
#[test]
fn gradients_are_as_good_as_their_tolerance() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut worst: f64 = 0.0;
    for case in 0..120 {
        let features = rng.random_range(3..40);
        let feature = case % features;
        let mut row: Vec<f64> = (0..features)
            .map(|_| {
                let small = if rng.random_bool(0.3) { 1e-3 } else { 0.5 };
                small * rng.random_range(-1.0..1.0)
            })
            .collect();
        row[feature] = rng.random_range(0.5..1.4);
        let p = 10.0_f64.powf(rng.random_range(-2.5..-0.3));
        let bias = -0.3 * rng.random::<f64>();
        let at = |tolerance| {
            let mut slopes = vec![f64::NAN; features];
            let found = exact_row_gradient(&row, feature, bias, p, tolerance, &mut slopes).unwrap();
            slopes.push(found.bias);
            (found.value.loss, slopes)
        };
        let ((fine_loss, fine), (loss, slopes)) = (at(1e-10), at(1e-6));
        assert!((loss / fine_loss - 1.0).abs() < 1e-6, "{case}: {loss} {fine_loss}");
        let norm = |of: &dyn Fn(usize) -> f64| (0..=features).map(|j| of(j).powi(2)).sum::<f64>().sqrt();
        let distance = norm(&|j| slopes[j] - fine[j]) / norm(&|j| fine[j]);
        worst = worst.max(distance);
        assert!(distance < 1e-5, "{case}: {distance:e}");
    }
    // The tolerance has an effect.
    assert!(worst > 1e-9, "{worst:e}");
}

#[test]
fn gradient_of_a_matrix() {
    let (encoder, decoder, bias) = small_model();
    let product = &decoder * &encoder;
    let (mut in_product, mut in_bias) = (DMatrix::from_element(7, 7, f64::NAN), vec![f64::NAN; 7]);
    let found =
        exact_gradient(&product, bias.as_slice(), 0.15, 1e-10, &mut in_product, &mut in_bias).unwrap();
    // Two sums over other nodes: each within its own error.
    let alone = exact_loss(&product, bias.as_slice(), 0.15).unwrap();
    assert!((found.loss - alone.loss).abs() <= found.error + alone.error, "{found:?} {alone:?}");
    assert!(found.error + alone.error < 1e-9 * alone.loss);
    let size = in_product.amax();
    let step = 1e-4;
    let direction = DMatrix::from_fn(7, 7, |i, j| ((i * 7 + j) as f64 * 0.7).sin());
    let tilt: Vec<f64> = (0..7).map(|i| (i as f64).cos()).collect();
    let at = |steps: f64| {
        let bias: Vec<f64> = bias.iter().zip(&tilt).map(|(b, t)| b + steps * step * t).collect();
        exact_loss(&(&product + &direction * (steps * step)), &bias, 0.15).unwrap().loss
    };
    let expected = (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step);
    let slope = in_product.dot(&direction) + in_bias.iter().zip(&tilt).map(|(g, t)| g * t).sum::<f64>();
    // Rounding and the loss's own 1e-11 over the step: 1e-7 of the loss.
    assert!((slope - expected).abs() < 1e-6 * size, "{slope} {expected}");
}

#[test]
fn edgeworth_between_gaussian_and_exact() {
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    let mut row: Vec<f64> = (0..600).map(|_| 0.04 * (0.5 + gaussian(&mut rng))).collect();
    row[9] = 0.9;
    let p = 0.2;
    let bias = -0.2 - p / 2.0 * (row.iter().sum::<f64>() - 0.9);
    let exact = exact_row_loss(&row, 9, bias, p).unwrap().loss;
    let found = edgeworth_row_loss(&row, 9, bias, FeatureLaw::Shared(p)).unwrap();
    assert!((found.corrected - exact).abs() < 0.03 * (found.gaussian - exact).abs(), "{found:?} {exact}");
    assert!(found.excess_kurtosis() > 0.0 && found.skewness().abs() < 0.5);
}

#[test]
fn bad_input_is_refused_by_name() {
    let row = [0.1, 0.9, f64::NAN];
    assert!(matches!(exact_row_loss(&row, 1, 0.0, 0.1), Err(Error::Entry { row: 1, column: 2, .. })));
    assert!(matches!(exact_row_loss(&row[..2], 2, 0.0, 0.1), Err(Error::Row { given: 2, features: 2 })));
    assert!(matches!(exact_row_loss(&row[..2], 1, f64::INFINITY, 0.1), Err(Error::NotFinite { .. })));
    assert!(matches!(exact_row_loss(&[], 0, 0.0, 0.1), Err(Error::Empty { .. })));
    for p in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(matches!(exact_row_loss(&row[..2], 1, 0.0, p), Err(Error::Probability { .. })));
        assert!(matches!(exact_row_loss(&row[..2], 1, 0.0, &[0.1, p][..]), Err(Error::Probability { .. })));
    }
    assert!(matches!(
        exact_row_loss(&row[..2], 1, 0.0, &[0.1; 3][..]),
        Err(Error::Size { given: 3, expected: 2, .. })
    ));
    let product = DMatrix::from_element(2, 3, 0.1);
    assert!(matches!(exact_loss(&product, &[0.0; 3], 0.1), Err(Error::Size { given: 2, expected: 3, .. })));
    assert!(matches!(
        exact_loss_of_rows(&[1, 0, 1], &[0.0; 3], 0.1, |_, _| ()),
        Err(Error::Repeated { given: 1 })
    ));
    assert!(matches!(exact_loss_of_rows(&[], &[0.0; 3], 0.1, |_, _| ()), Err(Error::Empty { .. })));
    assert!(matches!(exact_loss_of_rows(&[3], &[0.0; 3], 0.1, |_, _| ()), Err(Error::Row { given: 3, .. })));
    let (encoder, decoder, bias) = small_model();
    let linear = Autoencoder::new(&encoder, &decoder, &bias, Activation::Identity).unwrap();
    assert!(matches!(exact_model_loss(&linear, &[0], 0.1), Err(Error::Activation { given: "identity" })));
}

/// An output whose rectifier never acts has a quadratic loss, by independent means and variances,
/// at any scale; and a tiny own weight beside ordinary interference is the limit of none.
#[test]
fn settled_outputs_and_tiny_own_weights() {
    let (p, row) = (0.3, [0.7, -0.4, 0.9, 0.3, -0.8, 0.2, 0.5]);
    let variance = p / 3.0 - p * p / 4.0;
    for scale in [1e-12, 1e-9, 1e-5, 1e-2, 0.24] {
        let row = row.map(|w| scale * w);
        for bias in [0.3, 2.0] {
            let mean = row.iter().sum::<f64>() * p / 2.0 + bias - p / 2.0;
            let squares: f64 = row[1..].iter().map(|w| w * w).sum();
            let expected = mean * mean + variance * ((1.0 - row[0]).powi(2) + squares);
            let mut gradient = [f64::NAN; 7];
            let found = exact_row_gradient(&row, 0, bias, p, 1e-10, &mut gradient).unwrap();
            approx::assert_relative_eq!(found.value.loss, expected, epsilon = 0.0, max_relative = 1e-14);
            assert!(found.value.error <= 1e-13 * expected);
            approx::assert_relative_eq!(found.bias, 2.0 * mean, epsilon = 0.0, max_relative = 1e-13);
            for (j, &slope) in gradient.iter().enumerate() {
                let weight = if j == 0 { row[0] - 1.0 } else { row[j] };
                let expected = mean * p + 2.0 * weight * variance;
                approx::assert_relative_eq!(slope, expected, epsilon = 1e-15, max_relative = 1e-12);
            }
        }
        // The positive weights sum to 2.6 scale.
        let mut gradient = [f64::NAN; 7];
        let shut = exact_row_gradient(&row, 0, -2.7 * scale, p, 1e-10, &mut gradient).unwrap();
        assert_eq!((shut.value.loss, shut.bias, gradient), (p / 3.0, 0.0, [0.0; 7]));
    }
    for (own, bias) in [(1e-9, 0.2), (1e-9, -0.1), (1e-6, 0.4), (0.005, 0.35)] {
        let with = |own: f64| {
            let mut row = row.to_vec();
            row[0] = own;
            exact_row_loss(&row, 0, bias, p).unwrap()
        };
        let (tiny, half, none) = (with(own), with(own / 2.0), with(0.0));
        assert!(tiny.error <= 1e-9 * tiny.loss, "{own}: {tiny:?}");
        // Smooth in the own weight: the midpoint is off by its square only.
        let middle = (tiny.loss + none.loss) / 2.0;
        assert!((half.loss - middle).abs() <= own * own + 2e-9 * middle, "{own}: {tiny:?} {half:?} {none:?}");
    }
}

/// Weights over many orders of magnitude, as in a hierarchy: for the paper's law the loss is right
/// to its tolerance, with a gradient or without. Laws whose far weights are not shortened know
/// less, by the error that they return, or say that they know nothing.
#[test]
fn weights_far_apart_are_resolved_or_refused() {
    let (mut known, mut refused) = (0, 0);
    for factor in [3.0_f64, 10.0, 100.0, 1e4] {
        let row: Vec<f64> = (0..8)
            .map(|k| [-0.9, -0.7, -0.5, 1.0, 0.4, -0.3, 0.2, 0.1][k] * factor.powi(3 - k as i32))
            .collect();
        let p = 0.01;
        let expected = exact_row_loss(&row, 3, 0.0, p).unwrap();
        assert!(expected.error < 1e-9 * expected.loss, "{factor}: {expected:?}");
        let mut slopes = vec![0.0; 8];
        let found = exact_row_gradient(&row, 3, 0.0, p, 1e-4, &mut slopes).unwrap().value;
        assert!((found.loss / expected.loss - 1.0).abs() < 2e-4, "{factor}: {found:?} {expected:?}");
        let dependent = Features::new(Pairs::new(4, p, 0.0).unwrap(), UnitUniform);
        let of_gradient = exact_row_gradient(&row, 3, 0.0, &dependent, 1e-4, &mut slopes);
        for found in [exact_row_loss(&row, 3, 0.0, &dependent), of_gradient.map(|found| found.value)] {
            match found {
                Ok(found) => {
                    known += 1;
                    let distance = (found.loss - expected.loss).abs();
                    assert!(distance <= found.error + 1e-11, "{factor}: {found:?} {expected:?}");
                }
                Err(error) => {
                    refused += 1;
                    assert!(matches!(error, Error::Unresolved { row: 3, .. }), "{factor}: {error:?}");
                }
            }
        }
    }
    assert!(known >= 3 && refused >= 3, "{known} {refused}");
}

/// Loud features that are nearly always on, or always: the output is shut with probability 1 − Q,
/// Q as good as 0.
#[test]
fn an_output_that_is_nearly_always_shut_loses_its_feature() {
    let mut row: Vec<f64> = (1..24).map(|k| -(10.0_f64.powi(5 * k))).map(|w| w.max(-1e40)).collect();
    row.insert(0, 1.0);
    let mut slopes = vec![0.0; row.len()];
    for p in [0.8, 0.99, 1.0] {
        let found = exact_row_loss(&row, 0, 0.0, p).unwrap();
        // Nothing is lost unless one of 23 others is on.
        let expected = p / 3.0 * (1.0 - (1.0 - p).powi(23));
        assert!(
            (found.loss / expected - 1.0).abs() < 1e-4 && found.error < 1e-4,
            "{p}: {found:?} {expected}"
        );
        let found = exact_row_gradient(&row, 0, 0.0, p, 1e-4, &mut slopes).unwrap();
        assert!((found.value.loss / expected - 1.0).abs() < 1e-4, "{p}: {found:?}");
    }
}

/// Both of a pair are on with a probability below rounding, and that is most of the loss.
#[test]
fn states_that_are_rare_are_not_left_out() {
    let switches = Pairs::new(2, 1e-8, 0.0).unwrap();
    let law = Features::new(switches, Constant::new(1.0).unwrap());
    let row = [2.0, 0.0, 1.0, 1.0];
    let found = exact_row_loss(&row, 1, -1.0, &law).unwrap();
    let alone = Features::new(Independent::new(4, 1e-8).unwrap(), Constant::new(1.0).unwrap());
    let expected = exact_row_loss(&row, 1, -1.0, &alone).unwrap();
    assert!((found.loss / expected.loss - 1.0).abs() < 1e-9, "{found:?} {expected:?}");
}
