//! Tests each design against its defining property, the bounds that it attains, and its form as an
//! autoencoder.

use approx::assert_relative_eq;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use toy_superposition_rug::{
    BoxedDesign, Class, Design, DirectSum, Dropped, Error, Frame, Lossless, PersianRug, Setting,
    mean_over_rows,
};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Returns tight frames of unit vectors of every family.
fn tight() -> Vec<BoxedDesign> {
    vec![
        Box::new(PersianRug::random(64, 23, &mut rng(1)).unwrap()),
        Box::new(PersianRug::difference_set(64, 28, true).unwrap()),
        Box::new(Frame::hadamard(12, &[0, 3, 4, 7, 11]).unwrap()),
        Box::new(Frame::hadamard(36, &(1..20).collect::<Vec<_>>()).unwrap()),
        Box::new(Frame::hadamard(40, &[5, 6, 11, 30]).unwrap()),
        Box::new(Frame::harmonic(5, &[1]).unwrap()),
        Box::new(Frame::harmonic(30, &[0, 2, 7, 15]).unwrap()),
        Box::new(Frame::random_harmonic(37, 12, &mut rng(2)).unwrap()),
        Box::new(Frame::random_harmonic(38, 13, &mut rng(3)).unwrap()),
        Box::new(Frame::random_harmonic(38, 38, &mut rng(3)).unwrap()),
        Box::new(Frame::simplex(2).unwrap()),
        Box::new(Frame::simplex(7).unwrap()),
        Box::new(Frame::paley(10).unwrap()),
        Box::new(Frame::paley(50).unwrap()),
        Box::new(Frame::steiner(4, 2).unwrap()),
        Box::new(Frame::steiner(12, 2).unwrap()),
        Box::new(Frame::steiner(7, 3).unwrap()),
        Box::new(Frame::steiner(15, 3).unwrap()),
        Box::new(Frame::steiner(39, 3).unwrap()),
        Box::new(Frame::steiner(7, 3).unwrap().complement().unwrap()),
        Box::new(DirectSum::antipodal_pairs(9).unwrap()),
        Box::new(DirectSum::block_rugs(3, 16, 6, &mut rng(4)).unwrap()),
        Box::new(Lossless(5)),
    ]
}

/// `R² = (n_s/n_d) R`, unit diagonal, symmetric, `R = D E` and rank n_d hold to 1e-12.
#[test]
fn tight_designs_are_scaled_projectors_with_unit_diagonal() {
    for design in tight() {
        let (r, name) = (design.matrix(), design.name());
        let n = design.features();
        let scale = n as f64 / design.hidden() as f64;
        assert!(r.diagonal().iter().all(|entry| (entry - 1.0).abs() < 1e-12), "{name}");
        assert!((&r - r.transpose()).amax() < 1e-12, "{name}");
        assert!((&r * &r - &r * scale).amax() < 1e-12 * scale * scale, "{name}");
        assert_eq!(design.encoder().shape(), (design.hidden(), n), "{name}");
        assert!((design.decoder() * design.encoder() - &r).amax() < 1e-12, "{name}");
        assert_relative_eq!(r.trace() / scale, design.hidden() as f64, epsilon = 0.0, max_relative = 1e-12);
        let found = design.diagnostics();
        let allowed = 1e-11 * scale;
        assert!((found.squares - found.welch_squares.unwrap()).abs() < allowed, "{name}: {found:?}");
        assert!(found.coherence >= found.welch_coherence.unwrap() - 1e-12, "{name}: {found:?}");
    }
}

/// All |R_ij| are equal to the Welch bound.
#[test]
fn equiangular_frames_attain_the_welch_bound() {
    let frames = [
        Frame::simplex(9).unwrap(),
        Frame::paley(6).unwrap(),
        Frame::paley(26).unwrap(),
        Frame::steiner(8, 2).unwrap(),
        Frame::steiner(12, 2).unwrap(),
        Frame::steiner(7, 3).unwrap(),
        Frame::steiner(15, 3).unwrap(),
        Frame::steiner(39, 3).unwrap(),
        Frame::steiner(15, 3).unwrap().complement().unwrap(),
        Frame::harmonic(3, &[1]).unwrap(),
    ];
    for frame in frames {
        let (r, bound) = (frame.matrix(), frame.diagnostics().welch_coherence.unwrap());
        for (i, row) in r.row_iter().enumerate() {
            let equal = |(j, entry): (usize, &f64)| j == i || (entry.abs() - bound).abs() < 1e-12;
            assert!(row.iter().enumerate().all(equal), "{} row {i}", frame.name());
        }
    }
    let shapes: Vec<_> = [(4, 2), (8, 2), (7, 3), (15, 3), (39, 3)]
        .into_iter()
        .map(|(points, block)| Frame::steiner(points, block).unwrap())
        .map(|frame| (frame.features(), frame.hidden()))
        .collect();
    assert_eq!(shapes, [(16, 6), (64, 28), (28, 7), (120, 35), (780, 247)]);
}

/// The vectors of one point of a Steiner system form a simplex, without positive interference.
#[test]
fn steiner_frames_are_simplices_point_by_point() {
    let r = Frame::steiner(15, 3).unwrap().matrix();
    for (i, j) in [(0, 1), (3, 7), (8, 15), (112, 119)] {
        assert_relative_eq!(r[(i, j)], -1.0 / 7.0, epsilon = 1e-13);
    }
}

#[test]
fn haar_projectors_have_unit_diagonal_and_the_right_law() {
    let (n, d) = (40, 12);
    let mut sum = 0.0;
    for seed in 0..50 {
        let frame = Frame::haar(n, d, &mut rng(seed)).unwrap();
        let w = frame.matrix();
        assert!(w.diagonal().iter().all(|entry| (entry - 1.0).abs() < 1e-12));
        // W = diag(P)⁻¹ P with a projector P = Eᵀ E.
        let p = frame.encoder().transpose() * frame.encoder();
        assert!((&p * &p - &p).amax() < 1e-12);
        let unscaled = DMatrix::from_diagonal(&p.diagonal()) * &w;
        assert!((unscaled - &p).amax() < 1e-12);
        assert!((frame.decoder() * frame.encoder() - &w).amax() < 1e-12);
        sum += p[(3, 17)] * p[(3, 17)];
    }
    // E P_ij² = d(n − d)/((n − 1) n (n + 2)). The relative standard deviation of one draw is about
    // √2, so ± 0.9 on the mean of 50 draws corresponds to α = 10⁻⁴.
    let expected = (d * (n - d)) as f64 / ((n - 1) * n * (n + 2)) as f64;
    assert!((sum / 50.0 / expected - 1.0).abs() < 0.9, "{}", sum / 50.0 / expected);
}

/// Harmonic frames agree with the cosine sum.
#[test]
fn harmonic_frames_are_circulant() {
    let r = Frame::harmonic(30, &[0, 2, 7, 15]).unwrap().matrix();
    for i in 0..30 {
        for j in 0..30 {
            let t = std::f64::consts::TAU * (i as f64 - j as f64) / 30.0;
            let cosines = 1.0 + 2.0 * (2.0 * t).cos() + 2.0 * (7.0 * t).cos() + (15.0 * t).cos();
            assert!((r[(i, j)] - cosines / 6.0).abs() < 1e-13);
        }
    }
    assert_eq!(Frame::random_harmonic(20, 5, &mut rng(1)).unwrap().all_ones(), None);
    assert!(Frame::random_harmonic(21, 5, &mut rng(1)).unwrap().all_ones().is_some());
}

/// The rows that a representative row stands for hold the same entries.
#[test]
fn rows_of_a_class_are_alike() {
    for design in tight() {
        let (r, classes) = (design.matrix(), design.classes());
        let sorted = |i: usize| {
            let mut row: Vec<f64> = (0..r.ncols()).filter(|&j| j != i).map(|j| r[(i, j)]).collect();
            row.sort_unstable_by(f64::total_cmp);
            row
        };
        for (k, class) in classes.iter().enumerate().filter(|(_, class)| !class.sampled()) {
            let members: Vec<usize> = (0..r.nrows()).filter(|&i| design.class_of(i) == k).collect();
            assert_eq!(members.len(), class.members);
            let mut counts = vec![0; class.rows.len()];
            for &i in &members {
                let row = sorted(i);
                let alike = |&(representative, _): &(usize, usize)| {
                    sorted(representative).iter().zip(&row).all(|(a, b)| (a - b).abs() < 1e-8)
                };
                counts[class.rows.iter().position(alike).unwrap()] += 1;
            }
            assert_eq!(counts, class.rows.iter().map(|row| row.1).collect::<Vec<_>>(), "{}", design.name());
        }
    }
}

/// Parts of a sum have settings of their own: `W_ij = a_k R_ij`. The mean of a cost is compared
/// with the mean over all rows one by one.
#[test]
fn sums_are_block_diagonal_with_their_own_settings() {
    let sum = DirectSum::new(vec![
        (2, Box::new(Frame::harmonic(5, &[1]).unwrap())),
        (1, Box::new(Dropped(3))),
        (1, Box::new(Lossless(2))),
        (3, Box::new(Frame::simplex(3).unwrap())),
    ])
    .unwrap();
    assert_eq!((sum.features(), sum.hidden()), (24, 12));
    assert_eq!(sum.name(), "2 × 5-gon + 3 dropped + 2 lossless + 3 × 3-simplex");
    let setting = |a, bias| Setting { a, bias, ones: 0.0 };
    let settings = [setting(1.3, -0.2), setting(0.7, 0.05), setting(1.0, 0.0), setting(0.9, 0.1)];
    let model = sum.autoencoder(&settings).unwrap();
    let (w, r) = (model.product(), sum.matrix());
    assert_eq!(r[(0, 5)], 0.0);
    assert_relative_eq!(r[(7, 6)], (std::f64::consts::TAU / 5.0).cos(), epsilon = 1e-14);
    assert_eq!((r[(10, 10)], r[(14, 14)], r[(13, 14)]), (0.0, 1.0, 0.0));
    assert_relative_eq!(r[(23, 22)], -0.5, epsilon = 1e-14);
    for i in 0..24 {
        let Setting { a, bias, .. } = settings[sum.class_of(i)];
        assert_eq!(model.bias()[i], bias);
        assert!((0..24).all(|j| (w[(i, j)] - a * r[(i, j)]).abs() < 1e-14));
    }
    let cost = |row: &[f64], i: usize, bias: f64| row[i] + bias + row.iter().map(|w| w * w).sum::<f64>();
    let expected: f64 =
        (0..24).map(|i| cost(&w.row(i).iter().copied().collect::<Vec<_>>(), i, model.bias()[i])).sum::<f64>()
            / 24.0;
    let mean = mean_over_rows(&sum, &settings, |row, i, bias| Ok::<_, Error>(cost(row, i, bias))).unwrap();
    assert_relative_eq!(mean.mean, expected, epsilon = 0.0, max_relative = 1e-13);
    assert_eq!(mean.standard_error, 0.0);
    assert!(matches!(sum.autoencoder(&settings[1..]), Err(Error::Length { given: 3, expected: 4, .. })));
}

/// `W = a R + c 1 1ᵀ/n_s` needs no other dimension if the vector of ones is in the row space, and
/// is refused otherwise.
#[test]
fn the_all_ones_direction_is_free_where_the_design_has_it() {
    let setting = Setting { a: 1.2, bias: -0.1, ones: -0.7 };
    let designs: [BoxedDesign; 3] = [
        Box::new(PersianRug::new(16, &[0, 3, 5, 9, 14]).unwrap()),
        Box::new(Frame::harmonic(9, &[0, 2, 3]).unwrap()),
        Box::new(Frame::hadamard(12, &[0, 3, 4]).unwrap()),
    ];
    for design in designs {
        let n = design.features();
        let scale = n as f64 / design.hidden() as f64;
        assert_relative_eq!(design.all_ones().unwrap(), scale, epsilon = 0.0, max_relative = 1e-12);
        let expected = design.matrix() * 1.2 + DMatrix::from_element(n, n, -0.7 / n as f64);
        assert!((design.autoencoder(&[setting]).unwrap().product() - expected).amax() < 1e-13);
    }
    let without: [BoxedDesign; 3] = [
        Box::new(PersianRug::new(16, &[1, 3, 5, 9, 14]).unwrap()),
        Box::new(Frame::harmonic(9, &[2, 3]).unwrap()),
        Box::new(DirectSum::antipodal_pairs(2).unwrap()),
    ];
    for design in without {
        assert_eq!(design.all_ones(), None);
        assert!(matches!(design.autoencoder(&[setting]), Err(Error::NotFinite { .. })));
    }
}

/// For a sample of rows, the standard error is that of a mean without replacement.
#[test]
fn sampled_rows_state_their_error() {
    let frame = Frame::haar(64, 20, &mut rng(5)).unwrap();
    let setting = [Setting { a: 1.0, bias: 0.0, ones: 0.0 }];
    let class = &frame.classes()[0];
    assert!(class.sampled() && class.rows.len() == 16);
    let squares = |row: &[f64], _: usize, _: f64| Ok::<_, Error>(row.iter().map(|w| w * w).sum::<f64>());
    let mean = mean_over_rows(&frame, &setting, squares).unwrap();
    let w = frame.matrix();
    let all: Vec<f64> = w.row_iter().map(|row| row.norm_squared()).collect();
    let values: Vec<f64> = class.rows.iter().map(|row| all[row.0]).collect();
    let average = values.iter().sum::<f64>() / 16.0;
    let variance = values.iter().map(|v| (v - average).powi(2)).sum::<f64>() / 15.0;
    assert_relative_eq!(mean.mean, average, epsilon = 0.0, max_relative = 1e-12);
    let expected = (variance / 16.0 * (1.0 - 16.0 / 64.0)).sqrt();
    assert_relative_eq!(mean.standard_error, expected, epsilon = 0.0, max_relative = 1e-6);
    assert!((all.iter().sum::<f64>() / 64.0 - average).abs() < 5.0 * expected);
}

#[test]
fn wrong_input_is_refused_by_name() {
    let hidden = |result: Result<Frame, Error>, given: usize, features: usize| {
        assert!(
            matches!(result, Err(Error::Hidden { given: g, features: f }) if (g, f) == (given, features))
        );
    };
    hidden(Frame::haar(4, 5, &mut rng(0)), 5, 4);
    hidden(Frame::haar(4, 0, &mut rng(0)), 0, 4);
    hidden(Frame::random_harmonic(6, 7, &mut rng(0)), 7, 6);
    hidden(Frame::harmonic(6, &[]), 0, 6);
    hidden(Frame::hadamard(12, &[]), 0, 12);
    hidden(Frame::simplex(1), 0, 1);
    hidden(Frame::new("none", DMatrix::zeros(3, 2)), 3, 2);
    hidden(Frame::harmonic(2, &[0, 1]).unwrap().complement(), 0, 2);
    assert!(Frame::simplex(0).is_err());
    assert!(matches!(Frame::new("zero", DMatrix::zeros(1, 2)), Err(Error::NotFinite { .. })));
    assert!(matches!(Frame::new("nan", DMatrix::from_element(1, 2, f64::NAN)), Err(Error::NotFinite { .. })));
    assert!(matches!(Frame::hadamard(92, &[1]), Err(Error::NoSuchOrder { given: 92 })));
    assert!(matches!(Frame::hadamard(12, &[1, 12]), Err(Error::OutOfRange { given: 12, features: 12 })));
    assert!(matches!(Frame::hadamard(12, &[1, 3, 1]), Err(Error::Repeated { given: 1 })));
    assert!(matches!(Frame::harmonic(6, &[4]), Err(Error::OutOfRange { given: 4, .. })));
    assert!(matches!(Frame::harmonic(6, &[1, 1]), Err(Error::Repeated { given: 1 })));
    assert!(matches!(Frame::paley(12), Err(Error::NoSuchOrder { given: 12 })));
    assert!(matches!(Frame::paley(0), Err(Error::NoSuchOrder { given: 0 })));
    for (points, block) in [(6, 3), (8, 3), (3, 3), (7, 4), (1, 2), (0, 2), (0, 0)] {
        assert!(matches!(Frame::steiner(points, block), Err(Error::NoSuchSet { .. })), "{points} {block}");
    }
    assert!(matches!(Frame::steiner(9, 3), Err(Error::NoSuchOrder { given: 5 })));
    assert!(matches!(DirectSum::new(Vec::new()), Err(Error::Length { .. })));
    assert!(matches!(DirectSum::antipodal_pairs(0), Err(Error::Length { .. })));
    assert!(matches!(DirectSum::new(vec![(1, Box::new(Dropped(0)))]), Err(Error::Length { .. })));
    let dropped = DirectSum::new(vec![(1, Box::new(Dropped(2)))]).unwrap();
    let setting = Setting { a: 1.0, bias: 0.1, ones: 0.0 };
    assert!(matches!(dropped.autoencoder(&[setting]), Err(Error::Model(_))));
    let wrong = Setting { a: f64::NAN, ..setting };
    assert!(matches!(
        Frame::simplex(3).unwrap().autoencoder(&[wrong]),
        Err(Error::NotFinite { what: "a", .. })
    ));
    assert_eq!(Lossless(3).classes(), [Class { members: 3, rows: vec![(0, 3)] }]);
}
