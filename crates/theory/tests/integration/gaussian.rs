//! The Gaussian loss, its derivatives and its building blocks, against 120-digit goldens and
//! against each other.

#![allow(clippy::excessive_precision)]

use toy_superposition_theory::{Channel, Error, Feature, RectifiedMoments};

/// The largest error over the rows, relative to the value or, near a zero of a derivative, to the
/// size of what cancels.
#[test]
fn agrees_with_120_digits() {
    let mut worst = [0.0f64; 8];
    let mut rows = 0;
    for line in include_str!("../golden/gaussian.tsv").lines().filter(|line| !line.starts_with('#')) {
        let v: Vec<f64> = line.split('\t').map(|x| x.parse().unwrap()).collect();
        let [a, b, sigma, p, on, off, total, da, db, ds, dp, gain] = v[..] else { panic!("columns") };
        let feature = Feature::uniform(p).unwrap();
        let loss = feature.loss(a, b, sigma).unwrap();
        let gradient = feature.gradient(a, b, sigma).unwrap();
        let (product, square) = feature.products(b, sigma).unwrap();
        // Near a zero, 1e-13 of what cancels there, N + aD in L_a; 1e-14 of its bounds |L_β| ≤ 2a
        // √L and
        // |L_σ| ≤ 2aσ (a + p/σ); and of what cancels in L_p in the better of two forms: the two losses, or |1 − a| times
        // numbers of about 1 and a √D (beyond 1e-100 of the losses the golden itself is rounding).
        let scale = |value: f64, natural: f64| value.abs().max(1e-2 * natural).max(1e-290);
        let both = on.max(off);
        let errors = [
            (loss.on - on).abs() / scale(on, 0.0),
            (loss.off - off).abs() / scale(off, 0.0),
            (loss.total - total).abs() / scale(total, 0.0),
            (gradient.gain - da).abs() / scale(da, 20.0 * (product + a * square)),
            (gradient.shift - db).abs() / scale(db, 2.0 * a * total.sqrt()),
            (gradient.sigma - ds).abs() / scale(ds, 2.0 * a * a * sigma * p),
            (gradient.probability - dp).abs()
                / scale(dp, both.min((1.0 - a).abs() * (a * square.sqrt()).max(1.0)) + 1e-100 * both),
            (feature.best_gain(b, sigma).unwrap() - gain).abs() / gain,
        ];
        for (worst, error) in worst.iter_mut().zip(errors) {
            *worst = worst.max(error);
        }
        rows += 1;
    }
    assert_eq!(rows, 219);
    for error in worst {
        assert!(error < 1e-12, "{worst:?}");
    }
}

/// `t, sigma, exp(t²/(2σ²)) M_k`: tools/golden/theory_gaussian.py's `moments` at 120 digits; both
/// sides of the switch between the recurrences are there.
const MOMENTS: [(f64, f64, [f64; 4]); 7] = [
    (
        -40.0,
        1.0,
        [
            9.967_335_188_301_31e-3,
            2.488_728_693_802_786e-4,
            1.242_041_309_016_595e-5,
            9.292_151_539_191_97e-7,
        ],
    ),
    (
        -7.5,
        0.5,
        [
            2.647_948_899_922_989e-2,
            8.749_727_064_921_753e-4,
            5.757_695_111_615_773e-5,
            5.659_219_874_904_65e-6,
        ],
    ),
    (
        -2.6,
        1.0,
        [
            0.136_902_686_560_649_34,
            0.042_995_295_343_744_38,
            0.025_114_918_666_913_95,
            0.020_691_802_153_512_477,
        ],
    ),
    (
        -2.4,
        1.0,
        [
            0.146_033_144_360_440_32,
            0.048_462_733_936_375_925,
            0.029_722_582_913_138_1,
            0.025_591_268_881_220_407,
        ],
    ),
    (
        -0.001,
        2.0,
        [0.499_800_591_343_180_6, 0.797_384_760_211_522_2, 1.998_404_980_612_510_9, 6.377_079_676_711_565],
    ),
    (
        0.3,
        0.7,
        [0.665_882_429_102_375_3, 0.454_520_433_931_551_1, 0.462_638_520_439_629_2, 0.584_221_581_384_808_8],
    ),
    (
        5.0,
        2.0,
        [0.993_790_334_674_223_9, 5.004_008_274_358_256, 28.995_202_710_488_178, 185.008_079_747_306_94],
    ),
];

#[test]
fn rectified_moments_agree_with_120_digits() {
    for (t, sigma, expected) in MOMENTS {
        let found = RectifiedMoments::new(t, sigma).unwrap();
        for (found, expected) in found.scaled.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 2e-13, "{t} {sigma}: {found:e} {expected:e}");
        }
    }
    assert_eq!(RectifiedMoments::new(0.0, 0.0).unwrap().moments(), [0.5, 0.0, 0.0, 0.0]);
    assert_eq!(RectifiedMoments::new(3.0, 0.0).unwrap().moments(), [1.0, 3.0, 9.0, 27.0]);
    assert_eq!(RectifiedMoments::new(-1.0, 1e-300).unwrap().moments(), [0.0; 4]);
    assert_eq!(RectifiedMoments::new(1.0, 1e-320).unwrap().moments(), [1.0; 4]);
}

/// Far beyond where `exp(−z²/2)` underflows, the gain is still N/D: `E y₊ / E y₊²` of exponential
/// tails of rate `z/σ`.
#[test]
fn the_gain_outlives_underflow() {
    let (sigma, z) = (0.01, -1e6);
    let feature = Feature::uniform(1.0).unwrap();
    // Almost all of the tail is at u = 1: y = (1 + b) + ν has mean σ/|z₁|, mean square 2σ²/z₁².
    let top = z + 1.0 / sigma;
    let expected = -top / (2.0 * sigma);
    let gain = feature.best_gain(z * sigma, sigma).unwrap();
    assert!((gain / expected - 1.0).abs() < 1e-5, "{gain:e} {expected:e}");
    assert_eq!(feature.products(z * sigma, sigma).unwrap(), (0.0, 0.0));
    assert_eq!(feature.loss(gain, z * sigma, sigma).unwrap().total, 1.0 / 3.0);
}

/// σ = 0 is the limit, on both sides of the kink and on it.
#[test]
fn no_noise_is_the_limit() {
    let feature = Feature::uniform(0.3).unwrap();
    for shift in [-1.4, -0.3, 0.0, 0.2] {
        let at = |sigma| feature.loss(1.2, shift, sigma).unwrap();
        let (limit, near) = (at(0.0), at(1e-9));
        for (limit, near) in [(limit.on, near.on), (limit.off, near.off), (limit.total, near.total)] {
            assert!((limit - near).abs() < 1e-8 * limit.max(1e-9), "{shift}: {limit:e} {near:e}");
        }
    }
    // On its own: ∫ (u − 1.2 (u − 0.3)₊)² du.
    let on = 0.3f64.powi(3) / 3.0
        + [(1.0, 1.0), (0.3, -1.0)]
            .map(|(u, sign): (f64, f64)| sign * (-0.2 * u + 0.36).powi(3) / -0.6)
            .iter()
            .sum::<f64>();
    assert!((feature.loss(1.2, -0.3, 0.0).unwrap().on / on - 1.0).abs() < 1e-14);
}

/// Rows of any diagonal: against Simpson's rule on the plain pointwise formula, which is
/// well-behaved here.
#[test]
fn rows_of_any_diagonal() {
    let p = 0.37;
    let feature = Feature::uniform(p).unwrap();
    for slope in [1.3, 0.4, 1e-9, 0.0, -0.2, -1.1] {
        for shift in [-0.7, -0.1, 0.0, 0.15, 0.9] {
            for noise in [0.08, 0.5, 3.0] {
                let channel = Channel::new(slope, shift, noise).unwrap();
                let point = |u: f64| {
                    let [_, m1, m2, _] = RectifiedMoments::new(slope * u + shift, noise).unwrap().moments();
                    u * u - 2.0 * u * m1 + m2
                };
                let n = 2000;
                let simpson: f64 = (0..=n)
                    .map(|k| {
                        point(f64::from(k) / f64::from(n))
                            * if k == 0 || k == n { 1.0 } else { f64::from(2 + 2 * (k % 2)) }
                    })
                    .sum::<f64>()
                    / f64::from(3 * n);
                let loss = feature.row_loss(&channel);
                let total = p * simpson + (1.0 - p) * point(0.0);
                assert!((loss.total / total - 1.0).abs() < 1e-9, "{channel:?}: {} {total}", loss.total);
            }
        }
    }
}

/// A negative gain is the mirrored channel, and its derivatives agree with differences.
#[test]
fn negative_gains() {
    let feature = Feature::uniform(0.2).unwrap();
    let (a, shift, sigma, h) = (-0.7, -0.4, 0.5, 1e-5);
    let at = |a, shift, sigma| feature.loss(a, shift, sigma).unwrap().total;
    assert!(
        (at(a, shift, sigma) / feature.row_loss(&Channel::new(a, a * shift, -a * sigma).unwrap()).total
            - 1.0)
            .abs()
            < 1e-13
    );
    let gradient = feature.gradient(a, shift, sigma).unwrap();
    let difference = |plus: f64, minus: f64| (plus - minus) / (2.0 * h);
    // Central differences: h² third derivatives and 1e-16/h.
    assert!((gradient.gain - difference(at(a + h, shift, sigma), at(a - h, shift, sigma))).abs() < 1e-9);
    assert!((gradient.shift - difference(at(a, shift + h, sigma), at(a, shift - h, sigma))).abs() < 1e-9);
    assert!((gradient.sigma - difference(at(a, shift, sigma + h), at(a, shift, sigma - h))).abs() < 1e-9);
}

#[test]
fn bad_questions_are_refused() {
    let feature = Feature::uniform(0.2).unwrap();
    assert!(matches!(feature.loss(f64::NAN, 0.0, 1.0), Err(Error::NotFinite { what: "gain", .. })));
    assert!(matches!(feature.loss(1.0, f64::INFINITY, 1.0), Err(Error::NotFinite { what: "shift", .. })));
    assert!(matches!(feature.gradient(1.0, 0.0, -1.0), Err(Error::Sigma { .. })));
    assert!(matches!(feature.best_gain(0.0, f64::NAN), Err(Error::Sigma { .. })));
    assert!(matches!(RectifiedMoments::new(f64::NAN, 1.0), Err(Error::NotFinite { what: "t", .. })));
    assert!(matches!(Channel::new(1.0, 0.0, f64::INFINITY), Err(Error::Sigma { .. })));
}
