//! Tests the rug against its definition, the properties that the paper proves, and its two forms as
//! an autoencoder.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{Moments, SparseBatch};
use toy_superposition_model::Scalar;
use toy_superposition_rug::{Error, MatrixFreeRug, PersianRug, RugEncoder, hadamard_matrix, transform_naive};

fn rug(features: usize, hidden: usize, seed: u64) -> PersianRug {
    PersianRug::random(features, hidden, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
}

/// Returns `H D_S H / n_d`, computed with dense matrices.
fn definition(rug: &PersianRug) -> DMatrix<f64> {
    let h = hadamard_matrix::<f64>(rug.features()).unwrap();
    let mut indicator = DVector::zeros(rug.features());
    rug.rows().iter().for_each(|&k| indicator[k] = 1.0);
    &h * DMatrix::from_diagonal(&indicator) * &h / rug.hidden() as f64
}

#[test]
fn matrix_entry_and_first_row_are_the_definition() {
    for (features, hidden, seed) in
        [(1, 1, 0), (2, 1, 1), (16, 5, 2), (64, 40, 3), (128, 127, 4), (32, 32, 5)]
    {
        let rug = rug(features, hidden, seed);
        assert_eq!((rug.features(), rug.hidden()), (features, hidden));
        assert_eq!(rug.ratio(), hidden as f64 / features as f64);
        let expected = definition(&rug);
        assert_eq!(rug.to_matrix::<f64>(), expected);
        assert_eq!(rug.to_matrix::<f32>(), expected.map(|entry| entry as f32));
        assert_eq!(DMatrix::from_fn(features, features, |i, j| rug.entry(i, j)), expected);
        assert_eq!(rug.first_row(), expected.row(0).transpose().as_slice());
    }
}

/// The properties of section 4.2.2, with the correct scale of the projector. The entries are
/// integers over n_d, so they are exact up to a few roundings of numbers below n_s/n_d.
#[test]
fn is_a_scaled_projector_with_unit_diagonal() {
    for (features, hidden, seed) in [(16, 5, 12), (64, 40, 13), (128, 3, 14), (32, 32, 15)] {
        let r = rug(features, hidden, seed).to_matrix::<f64>();
        let scale = features as f64 / hidden as f64;
        assert!(r.diagonal().iter().all(|&entry| entry == 1.0));
        assert_eq!(r, r.transpose());
        assert!((&r * &r - &r * scale).amax() < 1e-14 * scale * scale);
        let singular = r.singular_values();
        let non_zero: Vec<_> = singular.iter().filter(|&&value| value > 0.5 * scale).collect();
        assert_eq!(non_zero.len(), hidden);
        non_zero
            .iter()
            .for_each(|&&value| assert_relative_eq!(value, scale, epsilon = 0.0, max_relative = 1e-12));
        assert!(singular.iter().filter(|&&value| value <= 0.5 * scale).all(|&value| value < 1e-12 * scale));
    }
}

#[test]
fn off_diagonal_sum_depends_on_row_zero() {
    for (rows, expected) in
        [(&[0, 3, 9][..], 16.0 / 3.0 - 1.0), (&[1, 3, 9], -1.0), (&[7], -1.0), (&[0], 15.0)]
    {
        let rug = PersianRug::new(16, rows).unwrap();
        assert_relative_eq!(rug.off_diagonal_sum(), expected, epsilon = 0.0, max_relative = 1e-15);
        for row in rug.to_matrix::<f64>().row_iter() {
            assert_relative_eq!(row.sum() - 1.0, expected, epsilon = 0.0, max_relative = 1e-14);
        }
    }
}

/// A shift of S conjugates R by signs.
#[test]
fn shifting_the_rows_changes_signs_only() {
    let rug = rug(32, 7, 5);
    let shifted = PersianRug::new(32, &rug.rows().iter().map(|k| k ^ 21).collect::<Vec<_>>()).unwrap();
    let sign = |i: usize| if (i & 21).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
    let r = rug.to_matrix::<f64>();
    assert_eq!(shifted.to_matrix(), DMatrix::from_fn(32, 32, |i, j| sign(i) * r[(i, j)] * sign(j)));
}

#[test]
fn wrong_rows_are_refused_by_name() {
    assert!(matches!(PersianRug::new(24, &[1]), Err(Error::NotPowerOfTwo { given: 24 })));
    assert!(matches!(PersianRug::new(0, &[]), Err(Error::NotPowerOfTwo { given: 0 })));
    assert!(matches!(PersianRug::new(8, &[]), Err(Error::Hidden { given: 0, features: 8 })));
    assert!(matches!(PersianRug::new(2, &[0, 1, 0]), Err(Error::Hidden { given: 3, features: 2 })));
    assert!(matches!(PersianRug::new(8, &[3, 8, 1]), Err(Error::OutOfRange { given: 8, features: 8 })));
    assert!(matches!(PersianRug::new(8, &[3, 1, 7, 3]), Err(Error::Repeated { given: 3 })));
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut random = |features, hidden| PersianRug::random(features, hidden, &mut rng);
    assert!(matches!(random(24, 3), Err(Error::NotPowerOfTwo { given: 24 })));
    assert!(matches!(random(usize::MAX / 2 + 1, 3), Err(Error::NotPowerOfTwo { .. })));
    assert!(matches!(random(16, 0), Err(Error::Hidden { given: 0, features: 16 })));
    assert!(matches!(random(16, 17), Err(Error::Hidden { given: 17, features: 16 })));
    let rug = PersianRug::new(4, &[1, 2]).unwrap();
    assert!(matches!(rug.to_autoencoder::<f64>(f64::NAN, 0.0), Err(Error::NotFinite { what: "a", .. })));
    let infinite = MatrixFreeRug::<f32>::new(rug, 1.0, f64::INFINITY);
    assert!(matches!(infinite, Err(Error::NotFinite { what: "bias", .. })));
}

/// χ² over all 56 sets of 3 out of 8: at α = 10⁻⁴ the statistic of 55 degrees of freedom stays
/// below 102.78.
#[test]
fn random_sets_are_uniform() {
    const DRAWS: usize = 56_000;
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..DRAWS {
        *counts.entry(PersianRug::random(8, 3, &mut rng).unwrap().rows().to_vec()).or_insert(0_u32) += 1;
    }
    assert_eq!(counts.len(), 56);
    let expected = DRAWS as f64 / 56.0;
    let chi_squared: f64 =
        counts.values().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
    assert!(chi_squared < 102.78, "{chi_squared}");
}

/// A change of these values is a value-breaking change.
#[test]
fn random_sets_are_stable() {
    assert_eq!(rug(256, 8, 1).rows(), [20, 53, 56, 98, 100, 136, 151, 247]);
    assert_eq!(rug(1 << 20, 4, 1).rows(), [84288, 422036, 576063, 1032423]);
}

#[test]
fn autoencoder_is_a_times_the_rug() {
    let rug = rug(64, 23, 7);
    let model = rug.to_autoencoder::<f64>(1.3, -0.2).unwrap();
    assert!((model.product() - rug.to_matrix::<f64>() * 1.3).amax() < 1e-14);
    assert!(model.bias().iter().all(|&bias| bias == -0.2));
    let encoder = rug.to_encoder::<f64>();
    assert_eq!(model.encoder(), encoder);
    for column in encoder.column_iter() {
        assert_relative_eq!(column.norm(), 1.0, epsilon = 0.0, max_relative = 1e-14);
    }
    let h = hadamard_matrix::<f64>(64).unwrap().select_rows(rug.rows()) / 23.0_f64.sqrt();
    assert!((encoder - h).amax() < 1e-16);
}

/// With all features at their mean, the preactivation is a times the mean plus the effective bias.
#[test]
fn raw_bias_takes_out_the_mean_of_the_interference() {
    let feature = Moments::uniform(0.3).unwrap();
    for rows in [&[0, 2, 5, 9, 12][..], &[1, 2, 5, 9, 12]] {
        let rug = PersianRug::new(16, rows).unwrap();
        let bias = rug.raw_bias(1.4, -0.35, &feature);
        let model = rug.to_autoencoder::<f64>(1.4, bias).unwrap();
        let z = model.preactivation(&DMatrix::from_element(16, 1, feature.mean)).unwrap();
        z.iter()
            .for_each(|&z| assert_relative_eq!(z, 1.4 * 0.15 - 0.35, epsilon = 0.0, max_relative = 1e-13));
    }
}

/// Returns samples with about one feature in five on.
fn samples<T: Scalar>(features: usize, samples: usize) -> DMatrix<T> {
    DMatrix::from_fn(features, samples, |i, k| {
        let hash = (i * 2_654_435_761 + k * 40_503 + 17) % 1009;
        T::round_from(if hash % 5 == 0 { hash as f64 / 1009.0 } else { 0.0 })
    })
}

/// The rounding error comes from log₂ n_s sums in each transform, on numbers of the size of the
/// norm of x times n_s/n_d.
fn matrix_free_is_dense<T: Scalar>(epsilon: f64) {
    for (features, hidden, batch) in [(1, 1, 2), (8, 3, 4), (64, 40, 9), (1024, 300, 3)] {
        let model = MatrixFreeRug::<T>::new(rug(features, hidden, 31), 1.3, -0.07).unwrap();
        let x = samples::<T>(features, batch);
        let expected = model.to_autoencoder().unwrap().forward(&x).unwrap();
        let close = |y: &DMatrix<T>| {
            let largest = y.iter().zip(&expected).map(|(&y, &e)| (y - e).to_f64().abs()).fold(0.0, f64::max);
            let norm = x.column_iter().map(|x| x.norm().to_f64()).fold(1.0, f64::max);
            assert!(
                largest <= 4.0 * epsilon * norm * features as f64 / hidden as f64,
                "{features}: {largest}"
            );
        };
        let y = model.forward(&x).unwrap();
        close(&y);
        assert!(features == 1 || y.iter().any(|&y| y == T::zero()) && y.iter().any(|&y| y > T::zero()));
        let mut dirty = DMatrix::from_element(features, batch, T::round_from(f64::NAN));
        model.forward_into(&x, &mut dirty).unwrap();
        assert_eq!(dirty, y);
        let sparse = SparseBatch::from_dense(&x).unwrap();
        dirty.fill(T::round_from(f64::INFINITY));
        model.forward_sparse_into(&sparse, &mut dirty).unwrap();
        assert_eq!(dirty, y);
        assert_eq!(model.forward_sparse(&sparse).unwrap(), y);
    }
}

#[test]
fn matrix_free_forward_is_the_dense_one_in_every_form() {
    matrix_free_is_dense::<f64>(f64::EPSILON);
    matrix_free_is_dense::<f32>(f32::EPSILON.into());
}

/// A row of an ovoid's rug of 65536 features is computed by two transforms, and a sum-free rug is
/// compared with its dense form.
#[test]
fn an_ovoid_runs_without_its_matrix() {
    let (n, d, q) = (1 << 16, 3855.0, 16.0);
    let model = MatrixFreeRug::<f64>::new(PersianRug::ovoid(n).unwrap(), 1.0, 1.0).unwrap();
    let mut x = DMatrix::zeros(n, 1);
    x[4321] = 1.0;
    // With a bias of 1 nothing is rectified, since all entries are at least −241/3855.
    let y = model.forward(&x).unwrap();
    let count = |value: f64| y.iter().filter(|&&y| (y - 1.0 - value).abs() < 1e-12).count();
    assert_eq!([count(1.0), count((q - 1.0 - q * q) / d), count((q - 1.0) / d)], [1, 3855, 65536 - 3856]);
    let sum_free = PersianRug::sum_free(64, 20, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let model = MatrixFreeRug::<f64>::new(sum_free, 1.1, -0.1).unwrap();
    let x = samples::<f64>(64, 3);
    let dense = model.to_autoencoder().unwrap().forward(&x).unwrap();
    assert!((model.forward(&x).unwrap() - dense).amax() < 1e-13);
}

#[test]
fn matrix_free_refuses_wrong_shapes() {
    let model = MatrixFreeRug::<f64>::new(rug(16, 5, 1), 1.0, 0.0).unwrap();
    let wrong = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Length { .. })));
    wrong(model.forward(&DMatrix::zeros(8, 2)).map(drop));
    wrong(model.forward_into(&DMatrix::zeros(8, 2), &mut DMatrix::zeros(16, 2)));
    wrong(model.forward_into(&DMatrix::zeros(16, 2), &mut DMatrix::zeros(8, 2)));
    wrong(model.forward_into(&DMatrix::zeros(16, 2), &mut DMatrix::zeros(16, 3)));
    wrong(model.forward_sparse(&SparseBatch::new(32).unwrap()).map(drop));
    let mut batch = SparseBatch::new(16).unwrap();
    batch.push_sample(&[3], &[0.5]).unwrap();
    wrong(model.forward_sparse_into(&batch, &mut DMatrix::zeros(16, 2)));
    assert_eq!(model.forward(&DMatrix::zeros(16, 0)).unwrap().shape(), (16, 0));
}

/// The bits of a long forward pass do not depend on the number of threads.
#[test]
#[cfg(feature = "parallel")]
fn bits_do_not_depend_on_the_number_of_threads() {
    let model = MatrixFreeRug::<f32>::new(rug(1 << 17, 1 << 15, 1), 1.1, -0.3).unwrap();
    let x = samples::<f32>(1 << 17, 2);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.forward(&x).unwrap())
    };
    let one = on(1);
    assert!(one == on(2) && one == on(3));
    let mut columns = x.clone();
    toy_superposition_rug::transform_columns(&mut columns).unwrap();
    let spot: f32 = columns[(4096, 1)];
    let exact: f64 = (0..1 << 17)
        .map(|j| f64::from(x[(j, 1)]) * f64::from(toy_superposition_rug::hadamard_entry(4096, j)))
        .sum();
    assert!(
        (f64::from(spot) - exact).abs()
            < 17.0 * f64::from(f32::EPSILON) * f64::from(x.column(1).norm()) * 8.0
    );
}

proptest::proptest! {
    /// By Parseval's identity the transform multiplies the squared norm by n, and it agrees with
    /// the naive one up to rounding.
    #[test]
    fn transform_of_anything(m in 0_u32..9, seed in proptest::prelude::any::<u64>(), scale in -20_i32..20) {
        use rand::RngExt;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let n = 1_usize << m;
        let x: Vec<f64> = (0..n).map(|_| (rng.random::<f64>() - 0.5) * 2_f64.powi(scale)).collect();
        let mut y = x.clone();
        toy_superposition_rug::transform(&mut y).unwrap();
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        proptest::prop_assert!((norm(&y) / (n as f64 * norm(&x)) - 1.0).abs() < 1e-14 * f64::from(m + 1));
        let bound = f64::EPSILON * n as f64 * norm(&x).sqrt();
        proptest::prop_assert!(y.iter().zip(transform_naive(&x).unwrap()).all(|(y, z)| (y - z).abs() <= bound));
    }
}

/// Compares the operator with its matrix, and with its adjoint by inner products, on dirty buffers
/// and in both precisions.
#[test]
fn the_encoder_is_its_matrix_and_the_adjoint_is_its_transpose() {
    fn check<T: Scalar>(tolerance: f64) {
        for (features, hidden, seed) in [(2, 1, 0), (16, 5, 1), (1024, 300, 2)] {
            let rug = rug(features, hidden, seed);
            let encoder = RugEncoder::new(rug.clone());
            let matrix = rug.to_encoder::<f64>();
            let x = DVector::from_fn(features, |i, _| (i as f64 * 0.7).sin());
            let h = DVector::from_fn(hidden, |i, _| (i as f64 * 1.3).cos());
            let rounded = |v: &DVector<f64>| v.iter().map(|&v| T::round_from(v)).collect::<Vec<T>>();
            let exact = |v: &[T]| DVector::from_iterator(v.len(), v.iter().map(|v| v.to_f64()));
            let (mut hidden_out, mut features_out) =
                (vec![T::round_from(7.0); hidden], vec![T::round_from(7.0); features]);
            let mut scratch = vec![T::round_from(7.0); 3];
            encoder.apply_into(&rounded(&x), &mut hidden_out, &mut scratch).unwrap();
            encoder.adjoint_into(&rounded(&h), &mut features_out).unwrap();
            let (forward, back) = (exact(&hidden_out), exact(&features_out));
            assert!((&forward - &matrix * &x).norm() < tolerance * x.norm());
            assert!((&back - matrix.tr_mul(&h)).norm() < tolerance * h.norm());
            assert!((forward.dot(&h) - back.dot(&x)).abs() < tolerance * x.norm() * h.norm());
            assert!((matrix.singular_values().max() - encoder.norm()).abs() < 1e-12);
        }
    }
    check::<f64>(1e-13);
    check::<f32>(1e-5);
    let encoder = RugEncoder::new(rug(16, 5, 1));
    let wrong = encoder.apply_into(&[0.0; 15], &mut [0.0; 5], &mut Vec::new());
    assert!(matches!(wrong, Err(Error::Length { given: 15, expected: 16, .. })));
    assert!(matches!(encoder.adjoint_into(&[0.0; 4], &mut [0.0; 16]), Err(Error::Length { given: 4, .. })));
}
