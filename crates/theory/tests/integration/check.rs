//! Statistics of weights, the Welch bound's conditions and the check of a model, against plain sums
//! and known frames.

use nalgebra::{DMatrix, DVector};
use toy_superposition_data::Moments;
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_theory::{Error, PaperCode, Statistics, check, check_product, welch_check};

use crate::product_of;

/// Numbers in (−1, 1) with no pattern that matters.
fn entry(i: usize, j: usize) -> f64 {
    ((1 + i * 7 + j * 13 + i * i * j) as f64 * 0.731).sin()
}

fn sylvester(i: usize, j: usize) -> f64 {
    if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// Rows `S` of a Hadamard matrix as a frame: `W_in` (n_d × n_s), `W_out = W_inᵀ/n_d`, unit
/// diagonal.
fn frame(features: usize, rows: &[usize]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), features, |k, j| sylvester(rows[k], j))
}

#[test]
fn statistics_are_the_plain_sums() {
    let n = 5;
    let w = DMatrix::from_fn(n, n, |i, j| entry(i, j) + if i == j { 1.5 } else { 0.0 });
    let bias: Vec<f64> = (0..n).map(|i| entry(i, 9) - 0.2).collect();
    let moments: Vec<Moments> = (0..n).map(|j| Moments::uniform(0.1 + 0.15 * j as f64).unwrap()).collect();
    let found = Statistics::from_product(&product_of(&w, &bias), 3, &moments).unwrap();
    let mut variances = Vec::new();
    for i in 0..n {
        let (mut mean, mut variance, mut sum, mut squares, mut cubes) = (bias[i], 0.0, 0.0, 0.0, 0.0);
        for j in (0..n).filter(|&j| j != i) {
            let p = 0.1 + 0.15 * j as f64;
            mean += w[(i, j)] * p / 2.0;
            variance += w[(i, j)].powi(2) * (4.0 * p - 3.0 * p * p) / 12.0;
            sum += w[(i, j)];
            squares += w[(i, j)].powi(2);
            cubes += w[(i, j)].abs().powi(3);
        }
        let row = &found.rows[i];
        for (given, expected) in [
            (row.effective_bias, mean),
            (row.noise, variance.sqrt()),
            (row.row_sum, sum),
            (row.lyapunov, cubes / squares.powf(1.5)),
            (row.sigma(), variance.sqrt() / w[(i, i)].abs()),
        ] {
            assert!((given - expected).abs() <= 1e-13 * expected.abs(), "{i}: {given} {expected}");
        }
        variances.push(variance / w[(i, i)].powi(2));
    }
    let mean = variances.iter().sum::<f64>() / n as f64;
    let delta = variances.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    assert!((found.sigma_squared.variance / delta - 1.0).abs() < 1e-12);
    assert!((found.welch.unwrap().mean_variance / mean - 1.0).abs() < 1e-12);
    assert!(found.lyapunov_max >= found.lyapunov_mean && found.lyapunov_max <= 1.0);
}

/// Scaling all of W leaves σ, Λ, Δvar and the gap alone; a zero row has no σ, and the rest keeps
/// its own.
#[test]
fn statistics_do_not_depend_on_scale() {
    let n = 6;
    let w = DMatrix::from_fn(n, n, |i, j| entry(i, j) + if i == j { 2.0 } else { 0.0 });
    let moments = vec![Moments::uniform(0.3).unwrap(); n];
    let one = Statistics::from_product(&product_of(&w, &[0.1; 6]), 2, &moments).unwrap();
    let tiny = Statistics::from_product(&product_of(&(&w * 1e-200), &[0.1; 6]), 2, &moments).unwrap();
    assert!((one.sigma.mean / tiny.sigma.mean - 1.0).abs() < 1e-13);
    assert!((one.sigma_squared.variance / tiny.sigma_squared.variance - 1.0).abs() < 1e-11);
    assert!((one.lyapunov_max / tiny.lyapunov_max - 1.0).abs() < 1e-13);
    assert!((one.welch.unwrap().gap / tiny.welch.unwrap().gap - 1.0).abs() < 1e-12);
    let mut dead = w.clone();
    dead.row_mut(3).fill(0.0);
    let dead = Statistics::from_product(&product_of(&dead, &[0.1; 6]), 2, &moments).unwrap();
    assert_eq!((dead.dropped, dead.rows[3].lyapunov, dead.rows[3].noise), (1, 0.0, 0.0));
    assert!(dead.welch.is_none() && dead.sigma.mean.is_finite() && dead.lyapunov_mean.is_finite());
}

/// Appendix C: a tight frame meets the bound; breaking either condition is seen in its own number.
#[test]
fn welch_conditions() {
    let (n, rows) = (16, [1usize, 2, 4, 7, 11, 13]);
    let frame = frame(n, &rows);
    let p = 0.2;
    let moments = vec![Moments::uniform(p).unwrap(); n];
    let w = frame.transpose() * &frame / rows.len() as f64;
    let tight = welch_check(&product_of(&w, &[0.0; 16]), rows.len(), &moments).unwrap();
    assert!(tight.gap.abs() < 1e-13 && tight.asymmetry < 1e-15 && tight.spread.abs() < 1e-14, "{tight:?}");
    let bound = (4.0 * p - 3.0 * p * p) / 12.0 * (16.0 / 6.0 - 1.0);
    assert!((tight.bound / bound - 1.0).abs() < 1e-14);
    // Unequal eigenvalues, still symmetric.
    let weights = DMatrix::from_fn(6, 6, |i, j| if i == j { 1.0 + 0.1 * i as f64 } else { 0.0 });
    let uneven =
        welch_check(&product_of(&(frame.transpose() * weights * &frame), &[0.0; 16]), 6, &moments).unwrap();
    assert!(uneven.asymmetry < 1e-15 && uneven.spread > 1e-3 && uneven.gap > 1e-3, "{uneven:?}");
    // Any W: the gap is the spread times (n_s/n_d)/(n_s/n_d − 1), and never below 0.
    for (rank, seed) in [(2, 0), (5, 3), (9, 8)] {
        let a = DMatrix::from_fn(n, rank, |i, j| entry(i + seed, j));
        let b = DMatrix::from_fn(rank, n, |i, j| entry(i + 3, j + seed));
        let found = welch_check(&product_of(&(a * b), &[0.0; 16]), rank, &moments).unwrap();
        let excess = n as f64 / rank as f64;
        assert!(found.gap > 0.0 && found.asymmetry > 0.01);
        assert!((found.gap / (found.spread * excess / (excess - 1.0)) - 1.0).abs() < 1e-9, "{found:?}");
    }
    // Scaling the rows (unequal diagonals) changes nothing.
    let scaled = DMatrix::from_fn(n, n, |i, j| (1.0 + i as f64) * w[(i, j)]);
    assert!(welch_check(&product_of(&scaled, &[0.0; 16]), 6, &moments).unwrap().gap.abs() < 1e-13);
    let mut hole = w.clone();
    hole[(2, 2)] = 0.0;
    assert!(matches!(
        welch_check(&product_of(&hole, &[0.0; 16]), 6, &moments),
        Err(Error::OutOfRange { .. })
    ));
    assert!(matches!(welch_check(&product_of(&w, &[0.0; 16]), 17, &moments), Err(Error::SizeRange { .. })));
}

/// A tight frame with the optimal gain and bias is predicted to have the optimum's loss, in f32 and
/// f64.
#[test]
fn a_tight_frame_has_the_optimal_prediction() {
    let (n, rows, p) = (64, [1usize, 2, 4, 7, 11, 13, 21, 33, 40, 46, 51, 63], 0.07);
    let best = toy_superposition_theory::optimum_at_ratio(p, rows.len() as f64 / n as f64).unwrap();
    let encoder = frame(n, &rows);
    let decoder = encoder.transpose() * (best.a / rows.len() as f64);
    // Row sums differ: the bias makes the effective one equal.
    let product = &decoder * &encoder;
    let bias =
        DVector::from_fn(n, |i, _| best.effective_bias - 0.5 * p * (product.row(i).sum() - product[(i, i)]));
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
    let found = check(&model, p).unwrap();
    assert!((found.gaussian_loss / best.loss - 1.0).abs() < 1e-12, "{} {}", found.gaussian_loss, best.loss);
    assert_eq!(found.optimum, best);
    assert!(found.attribution.gain_and_bias.abs() < 1e-12 * best.loss && found.row_losses.len() == n);
    assert!((found.statistics.effective_bias.mean / best.effective_bias - 1.0).abs() < 1e-12);
    let single = Autoencoder::new(
        &encoder.map(|x| x as f32),
        &decoder.map(|x| x as f32),
        &bias.map(|x| x as f32),
        Activation::Relu,
    )
    .unwrap();
    assert!((check(&single, p).unwrap().gaussian_loss / best.loss - 1.0).abs() < 1e-6);
    // Moving any one thing costs.
    let shifted = check_product(&product_of(&(&product * 1.05), bias.as_slice()), rows.len(), p).unwrap();
    assert!(shifted.gaussian_loss > best.loss * (1.0 + 1e-5));
}

/// Without a rectifier the prediction is exact: E ‖x − Wx − b‖²/n by the second moments of x.
#[test]
fn an_identity_output_is_exact() {
    let (n, p) = (7, 0.35);
    let encoder = DMatrix::from_fn(3, n, |i, j| 0.6 * entry(i, j));
    let decoder = DMatrix::from_fn(n, 3, |i, j| 0.6 * entry(i + 2, j + 4));
    let bias = DVector::from_fn(n, |i, _| 0.3 * entry(i, 1));
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Identity).unwrap();
    let rest = DMatrix::identity(n, n) - decoder * encoder;
    let mean = &rest * DVector::from_element(n, p / 2.0) - bias;
    let expected = ((p / 3.0 - p * p / 4.0) * rest.norm_squared() + mean.norm_squared()) / n as f64;
    assert!((check(&model, p).unwrap().gaussian_loss / expected - 1.0).abs() < 1e-13);
}

/// Antipodal pairs, W = ⊕ [[1, −1], [−1, 1]]: each row's Gaussian prediction, by its own one-off
/// sum.
#[test]
fn rows_with_no_or_negative_diagonal_are_predicted() {
    let p = 0.1;
    let v = p / 3.0 - p * p / 4.0;
    let w = DMatrix::from_row_slice(3, 3, &[0.0, 0.0, 0.0, 0.5, -0.4, 0.0, 0.2, 0.0, 0.0]);
    let found = check_product(&product_of(&w, &[0.3, -0.1, 0.0]), 2, p).unwrap();
    // A constant output 0.3, and a rectified Gaussian independent of x.
    let constant = p / 3.0 - 0.3 * p + 0.09;
    assert!((found.row_losses[0] / constant - 1.0).abs() < 1e-14);
    let (m, s) = (0.1 * p, 0.2 * v.sqrt());
    let moments = toy_superposition_theory::RectifiedMoments::new(m, s).unwrap().moments();
    assert!((found.row_losses[2] / (p / 3.0 - p * moments[1] + moments[2]) - 1.0).abs() < 1e-13);
    assert!(found.row_losses[1] > 0.9 * p / 3.0);
    assert!((found.gaussian_loss * 3.0 / found.row_losses.iter().sum::<f64>() - 1.0).abs() < 1e-15);
}

/// The released code's numbers for a 3 × 3 example, worked out by hand.
#[test]
fn paper_code_slip_for_slip() {
    let w = DMatrix::from_row_slice(3, 3, &[2.0, 1.0, -1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 3.0]);
    let p = 0.6;
    let found = PaperCode::from_product(&product_of(&w, &[0.0, 1.0, 2.0]), p).unwrap();
    // Σ_{j≠i} |W|³ / Σ_{j≠i} W²: 2/2, 8/4, 1/1.
    assert_eq!((found.lyapunov_min, found.lyapunov_max), (1.0, 2.0));
    assert!((found.lyapunov_mean - 4.0 / 3.0).abs() < 1e-15);
    // Σ_j W² with the diagonal: 6, 5, 10, unbiased variance 7; times (p/3 − p²/4)² = 0.11².
    assert!((found.delta_variance - 7.0 * 0.0121).abs() < 1e-15);
    // Means of rows 2/3, 1, 4/3, variance 1/9, times (p/2)².
    assert!((found.mean_variance - 0.09 / 9.0).abs() < 1e-16);
    assert!((PaperCode::linear_loss(10, 4, p).unwrap() - 0.5 * 0.2).abs() < 1e-16);
    assert!(matches!(PaperCode::linear_loss(4, 4, p), Err(Error::SizeRange { .. })));
    assert_eq!((found.diagonal.mean, found.diagonal.variance, found.bias_variance), (2.0, 1.0, 1.0));
}

#[test]
fn bad_weights_are_refused() {
    let moments = vec![Moments::uniform(0.3).unwrap(); 2];
    let w = product_of(&DMatrix::identity(2, 2), &[0.0; 2]);
    assert!(matches!(Statistics::from_product(&w, 0, &moments), Err(Error::SizeRange { .. })));
    assert!(matches!(Statistics::from_product(&w, 1, &moments[..1]), Err(Error::Size { .. })));
    assert!(matches!(check_product(&w, 1, 1.5), Err(Error::Probability { .. })));
    assert!(matches!(PaperCode::from_product(&w, 0.0), Err(Error::Probability { .. })));
}
