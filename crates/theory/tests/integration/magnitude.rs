//! Magnitudes other than the paper's: closed forms against quadrature, both against 40 digits.

#![allow(clippy::excessive_precision)]

use toy_superposition_theory::{
    Channel, Constant, Density, Error, Exponential, Feature, Integrable, Interval, Magnitude, Points, Terms,
    UnitUniform,
};

fn relative(given: f64, expected: f64) -> f64 {
    (given - expected).abs() / expected.abs()
}

/// `a, shift, sigma, p, loss, best gain`: made by tools/golden/theory_magnitude.py.
const EXPONENTIAL: [(f64, f64, f64, f64, f64, f64); 4] = [
    (1.2, -0.3, 0.25, 0.05, 0.008_879_564_460_568_389_4, 1.079_060_483_644_165_1),
    (1.01, -0.004, 0.001, 0.01, 1.364_906_726_985_419_9e-6, 1.001_999_499_846_115_1),
    (0.5, 1.5, 3.0, 0.6, 2.163_547_010_867_263_6, 0.174_826_771_791_430_27),
    (1.1, -4.0, 0.5, 0.2, 0.357_536_624_710_410_35, 2.874_999_999_999_998_8),
];
const HALF_TO_TWO: [(f64, f64, f64, f64, f64, f64); 4] = [
    (1.2, -0.3, 0.25, 0.05, 0.009_349_962_905_842_961, 1.138_808_591_661_495_4),
    (1.01, -0.004, 0.001, 0.01, 9.134_201_207_980_757e-7, 1.002_863_764_947_809_9),
    (0.5, 1.5, 3.0, 0.6, 1.991_833_916_190_723_7, 0.179_116_013_462_486_8),
    (1.1, -4.0, 0.5, 0.2, 0.349_999_798_149_023_5, 9.108_435_575_100_172),
];

fn agrees<M: Integrable + Clone>(magnitude: &M, rows: &[(f64, f64, f64, f64, f64, f64)]) {
    for &(a, shift, sigma, p, loss, gain) in rows {
        let feature = Feature::new(p, magnitude.clone()).expect("valid");
        let found = feature.loss(a, shift, sigma).expect("valid").total;
        assert!(relative(found, loss) < 1e-12, "{found:e} {loss:e}");
        let found = feature.best_gain(shift, sigma).expect("valid");
        assert!(relative(found, gain) < 1e-12, "{found:e} {gain:e}");
    }
}

#[test]
fn the_exponential_law_agrees_with_40_digits() {
    agrees(&Exponential::new(1.0).unwrap(), &EXPONENTIAL);
    let density = Density::new(|u: f64| (-u).exp(), 0.0, 44.0).unwrap();
    for (found, expected) in density.raw_moments().into_iter().zip([1.0, 2.0, 6.0, 24.0]) {
        assert!(relative(found, expected) < 1e-12, "{found} {expected}");
    }
}

#[test]
fn an_interval_agrees_with_40_digits() {
    agrees(&Interval::new(0.5, 2.0).unwrap(), &HALF_TO_TWO);
}

/// The quadrature against the closed form, over the tails and every noise level; and slopes of
/// either sign and zero.
#[test]
fn a_flat_density_is_the_uniform_law() {
    let flat = Density::new(|_| 3.0, 0.0, 1.0).unwrap();
    for sigma in [0.0, 1e-8, 1e-4, 0.02, 0.3, 2.0, 1e4] {
        for slope in [1.0, 0.7, -0.9, 0.0] {
            for z in [-35.0, -6.0, -1.0, 0.0, 0.8, 9.0] {
                for offset in [0.0, -0.37] {
                    let channel = Channel::new(slope, z * sigma + offset, sigma).unwrap();
                    let (mut closed, mut sum) = (Terms::new(channel), Terms::new(channel));
                    UnitUniform.add_to(1.0, &mut closed);
                    flat.add_to(1.0, &mut sum);
                    for gain in [1.0, 1.4] {
                        let (found, expected) = (sum.loss(gain), closed.loss(gain));
                        assert!(
                            (found - expected).abs() <= 1e-12 * expected,
                            "{channel:?} {gain}: {found:e} {expected:e}"
                        );
                    }
                }
            }
        }
    }
}

/// A constant is the limit of narrow intervals, and of one point.
#[test]
fn a_constant_is_one_point() {
    let (constant, point) = (Constant::new(0.8).unwrap(), Points::new(&[0.8], &[5.0]).unwrap());
    let narrow = Interval::new(0.8 - 1e-7, 0.8 + 1e-7).unwrap();
    for sigma in [1e-3, 0.1, 2.0] {
        let one = Feature::new(0.1, constant).unwrap().optimum(sigma).unwrap();
        let two = Feature::new(0.1, point.clone()).unwrap().optimum(sigma).unwrap();
        let three = Feature::new(0.1, narrow).unwrap().optimum(sigma).unwrap();
        assert_eq!(one.loss, two.loss);
        assert!(relative(three.loss, one.loss) < 1e-9, "{} {}", three.loss, one.loss);
    }
}

#[test]
fn bad_laws_are_refused() {
    let negative = Feature::new(0.1, Interval::new(-1.0, 1.0).unwrap());
    assert!(matches!(negative, Err(Error::OutOfRange { what: "the least magnitude", .. })));
    assert!(matches!(Density::new(|_| 0.0, 0.0, 1.0), Err(Error::OutOfRange { .. })));
    // Panels of no length would never fill an interval; squares of no size have no loss.
    for high in [5e-324, 1e-310, 1e-296] {
        let law = Density::new(|_| 1.0, 0.0, high);
        assert!(matches!(law, Err(Error::OutOfRange { what: "high", given, .. }) if given == high));
    }
    let law = Density::new(|_| 1.0, 0.0, 1e-290).unwrap();
    for sigma in [0.0, 5e-324, 1.0] {
        assert!(Feature::new(0.1, law).unwrap().optimum(sigma).unwrap().loss.abs() < 1e-300);
    }
    let huge = Density::new(|_| 1e-200, 0.0, 1e200).unwrap();
    assert!(matches!(Feature::new(0.1, huge), Err(Error::NotFinite { what: "E u²", .. })));
}
