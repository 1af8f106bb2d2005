//! Other decoders of the same pre-activation, against 60-digit goldens, their order, their limits.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use toy_superposition_model::{Activation, Autoencoder, Objective};
use toy_superposition_theory::{
    Constant, Error, ExactObjective, Feature, JumpRelu, MeanField, Optimum, bayes_loss, decoders,
    decoders_at_ratio, exact_model_loss, linear_loss, lower_bound, optimum, oracle_loss, threshold_optimum,
    welch_sigma,
};

#[test]
fn agrees_with_60_digits() {
    // What is compared: how often, and the worst relative error.
    let mut found = BTreeMap::<&str, (usize, f64)>::new();
    let mut compare = |what: &'static str, given: f64, expected: f64| {
        let (count, worst) = found.entry(what).or_default();
        *count += 1;
        *worst = worst.max((given / expected - 1.0).abs());
    };
    for line in include_str!("../golden/decoders.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (kind, numbers) = line.split_once('\t').unwrap();
        let v: Vec<f64> = numbers.split('\t').map(|x| x.parse().unwrap()).collect();
        let (p, sigma) = (v[0], v[1]);
        match kind {
            "loss" => {
                compare("oracle", oracle_loss(p, sigma).unwrap(), v[2]);
                compare("bayes", bayes_loss(p, sigma).unwrap(), v[3]);
            }
            "jump" => {
                let best = threshold_optimum(p, sigma).unwrap();
                compare("threshold", best.loss, v[2]);
                compare("gain", best.decoder.gain, v[3]);
                compare("jump", best.decoder.threshold, v[5]);
                compare("cut", best.cut, v[6]);
                // The bias may pass through 0.
                let error = (best.decoder.bias - v[4]).abs() / v[5];
                compare("bias", 1.0 + error, 1.0);
            }
            "none" => {
                let (best, relu) = (threshold_optimum(p, sigma).unwrap(), optimum(p, sigma).unwrap());
                let Optimum { a, effective_bias: b, loss, .. } = relu;
                assert_eq!(best.decoder, JumpRelu { gain: a, bias: b, threshold: 0.0 }, "{p} {sigma}");
                compare("no jump", best.loss, loss);
            }
            "value" => {
                let decoder = JumpRelu { gain: v[2], bias: v[3], threshold: v[4] };
                compare("value", Feature::uniform(p).unwrap().jump_loss(&decoder, sigma).unwrap(), v[5]);
            }
            "posterior" => {
                let given = Feature::uniform(p).unwrap().posterior(v[2], sigma).unwrap();
                compare("on", given.on, v[3]);
                compare("off", given.off, v[4]);
                compare("magnitude", given.magnitude, v[5]);
                compare("variance", given.variance_on, v[6]);
            }
            other => panic!("{other}"),
        }
    }
    for (what, rows, allowed) in [
        ("oracle", 81, 1e-14),
        ("bayes", 81, 1e-14),
        ("threshold", 29, 1e-14),
        ("gain", 29, 1e-13),
        ("bias", 29, 2e-11),
        ("jump", 29, 2e-11),
        ("cut", 29, 2e-11),
        ("no jump", 27, 0.0),
        ("value", 25, 1e-14),
        ("on", 144, 1e-13),
        ("off", 144, 2e-13),
        ("magnitude", 144, 1e-14),
        ("variance", 144, 2e-13),
    ] {
        let (count, worst) = found[what];
        assert!(count == rows && worst <= allowed, "{what}: {worst:e} in {count} rows");
    }
}

/// What is said of the logarithm: ReLU over threshold at a ratio of 0.1, and over Bayes.
#[test]
fn the_logarithm() {
    for (p, over_threshold, over_bayes) in [
        (0.01, 1.000, 1.125),
        (1e-3, 1.484, 1.645),
        (1e-4, 2.509, 2.654),
        (1e-6, 5.503, 5.561),
        (1e-12, 12.634, 12.634),
    ] {
        let d = decoders_at_ratio(p, 0.1).unwrap();
        assert!((d.relu / d.threshold - over_threshold).abs() < 6e-4, "{d:?}");
        assert!((d.relu / d.bayes - over_bayes).abs() < 6e-4, "{d:?}");
        assert!(p > 1e-11 || (d.bayes / (p * d.sigma * d.sigma) - 1.0).abs() < 1e-3);
    }
}

/// The jump pays below a probability that depends on the ratio.
#[test]
fn where_the_jump_pays() {
    for (ratio, p) in [(0.1, 0.00983), (0.5, 0.0746), (0.9, 0.3717)] {
        let threshold = |p| threshold_optimum(p, welch_sigma(p, ratio).unwrap()).unwrap().decoder.threshold;
        assert!(threshold(0.99 * p) > 0.0 && threshold(1.01 * p) == 0.0, "{ratio}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Each class of decoders contains the next; the bound of appendix D is below all. More noise
    /// helps none of them: a decoder of the noisier `y` is a random shift of one of the less noisy.
    #[test]
    fn order(log_p in -12.0f64..0.0, log_sigma in -4.0f64..2.0, less in 0.5f64..1.0) {
        let (p, sigma) = (10f64.powf(log_p), 10f64.powf(log_sigma));
        let losses = |sigma| {
            let d = decoders(p, sigma).unwrap();
            [lower_bound(p, sigma).unwrap(), d.oracle, d.bayes, d.threshold, d.relu, d.linear]
        };
        let noisier = losses(sigma);
        for pair in noisier.windows(2) {
            prop_assert!(pair[0] <= pair[1] * (1.0 + 1e-13), "{p:e} {sigma:e} {noisier:?}");
        }
        // A constant factor, unlike the ReLU's logarithm: 1.1763 is the most that a fine grid
        // shows.
        prop_assert!(noisier[3] <= 1.1764 * noisier[2], "{p:e} {sigma:e} {noisier:?}");
        for (quiet, noisy) in losses(sigma * less).into_iter().zip(noisier).skip(1) {
            prop_assert!(quiet <= noisy * (1.0 + 1e-13), "{p:e} {sigma:e} {less}");
        }
    }

    /// No JumpReLU near or far beats the best, of either sign of the gain.
    #[test]
    fn threshold_is_a_global_minimum(
        log_p in -9.0f64..0.0, log_sigma in -4.0f64..1.0, gain in -1.0f64..3.0, z in -3.0f64..9.0, jump in -0.5f64..1.5,
        near in prop::array::uniform3(-0.02f64..0.02),
    ) {
        let (p, sigma) = (10f64.powf(log_p), 10f64.powf(log_sigma));
        let feature = Feature::uniform(p).unwrap();
        let best = feature.threshold_optimum(sigma).unwrap();
        let found = feature.jump_loss(&best.decoder, sigma).unwrap();
        prop_assert!((found / best.loss - 1.0).abs() <= 1e-12, "{found:e} {best:?}");
        // A line that starts from `jump` noises above its cut.
        let cut = z * sigma;
        let far = JumpRelu { gain, bias: jump * sigma - gain * cut, threshold: jump * sigma };
        let JumpRelu { gain, bias, threshold } = best.decoder;
        let beside = JumpRelu {
            gain: gain * (1.0 + near[0]),
            bias: bias + near[1] * sigma,
            threshold: threshold + near[2] * sigma,
        };
        for other in [far, beside] {
            let loss = feature.jump_loss(&other, sigma).unwrap();
            prop_assert!(loss * (1.0 + 1e-12) >= best.loss, "{other:?} {loss:e} {best:?}");
        }
    }

    /// Tweedie's formula: `d E[x|y]/dy = Var(x|y)/σ²`, by differences; and the posterior is one.
    #[test]
    fn posterior_mean_rises_by_its_variance(log_p in -6.0f64..0.0, log_sigma in -3.0f64..1.0, at in 0.0f64..1.0) {
        let (p, sigma) = (10f64.powf(log_p), 10f64.powf(log_sigma));
        let feature = Feature::uniform(p).unwrap();
        let y = -8.0 * sigma + at * (1.0 + 16.0 * sigma);
        let h = 1e-3 * sigma;
        let mean = |y| feature.posterior(y, sigma).unwrap().mean();
        let difference = (8.0 * (mean(y + h) - mean(y - h)) - (mean(y + 2.0 * h) - mean(y - 2.0 * h))) / (12.0 * h);
        let here = feature.posterior(y, sigma).unwrap();
        let slope = here.variance() / (sigma * sigma);
        let rounding = 1e-12 * here.mean() / h;
        prop_assert!((difference - slope).abs() <= 1e-7 * slope + rounding, "{difference:e} {slope:e}");
        prop_assert!((here.on + here.off - 1.0).abs() <= 1e-15);
    }
}

#[test]
fn limits() {
    let (p, ratio) = (0.03, 0.2);
    let sigma = welch_sigma(p, ratio).unwrap();
    let d = decoders_at_ratio(p, ratio).unwrap();
    assert_eq!(d, decoders(p, sigma).unwrap());
    assert_eq!((d.probability, d.sigma), (p, sigma));
    assert_eq!(d.relu, optimum(p, sigma).unwrap().loss);
    assert!((d.linear / linear_loss(p, ratio).unwrap() - 1.0).abs() < 1e-14);
    // No noise: no loss.
    let exact = decoders(p, 0.0).unwrap();
    assert_eq!(
        (exact.linear, exact.relu, exact.threshold, exact.bayes, exact.oracle),
        (0.0, 0.0, 0.0, 0.0, 0.0)
    );
    let tiny = decoders(p, 1e-200).unwrap();
    assert!(tiny.bayes == 0.0 && tiny.threshold == 0.0);
    // Nothing but noise: the best constant; told the state, the variance of u.
    let feature = Feature::uniform(p).unwrap();
    for sigma in [1e8, 1e160, 1e300] {
        let d = decoders(p, sigma).unwrap();
        for loss in [d.linear, d.relu, d.threshold, d.bayes] {
            assert!((loss / feature.variance() - 1.0).abs() < 1e-12, "{d:?}");
        }
        assert!((d.oracle / (p / 12.0) - 1.0).abs() < 1e-12);
    }
    // Always on: nothing to be told.
    let on = decoders(1.0, 0.3).unwrap();
    assert_eq!(on.bayes, on.oracle);
    // The posterior without noise.
    for (y, state, magnitude) in [(-0.1, 0.0, 0.0), (0.0, 0.0, 0.0), (0.4, 1.0, 0.4), (1.5, 1.0, 1.0)] {
        let given = feature.posterior(y, 0.0).unwrap();
        assert_eq!(
            (given.on, given.off, given.magnitude, given.variance()),
            (state, 1.0 - state, magnitude, 0.0)
        );
    }
    // Constants, and other magnitudes: a constant u = c is kept whole where z = u + ν > θ at σ = 0.
    let constant = |gain, bias, threshold| JumpRelu { gain, bias, threshold };
    for (decoder, output) in
        [(constant(0.0, 0.3, 0.1), 0.3), (constant(0.0, 0.3, 0.3), 0.0), (constant(1e-320, 0.3, 0.1), 0.3)]
    {
        let expected = feature.variance() + (output - feature.mean()) * (output - feature.mean());
        assert!((feature.jump_loss(&decoder, 0.7).unwrap() / expected - 1.0).abs() < 1e-14);
    }
    let always = Feature::new(0.2, Constant::new(0.6).unwrap()).unwrap();
    let decoder = constant(1.5, -0.2, 0.5);
    assert_eq!((decoder.output(0.6), decoder.output(0.4)), (1.5 * 0.6 - 0.2, 0.0));
    assert!((always.jump_loss(&decoder, 0.0).unwrap() - 0.2 * 0.01).abs() < 1e-15);
}

#[test]
fn bad_questions_are_refused() {
    for p in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(matches!(bayes_loss(p, 1.0), Err(Error::Probability { .. })));
        assert!(matches!(oracle_loss(p, 1.0), Err(Error::Probability { .. })));
        assert!(matches!(threshold_optimum(p, 1.0), Err(Error::Probability { .. })));
        assert!(matches!(decoders(p, 1.0), Err(Error::Probability { .. })));
        assert!(matches!(decoders_at_ratio(p, 0.5), Err(Error::Probability { .. })));
    }
    let feature = Feature::uniform(0.1).unwrap();
    let decoder = JumpRelu { gain: 1.0, bias: 0.0, threshold: 0.3 };
    for sigma in [-1e-9, f64::NAN, f64::INFINITY] {
        assert!(matches!(bayes_loss(0.5, sigma), Err(Error::Sigma { .. })));
        assert!(matches!(oracle_loss(0.5, sigma), Err(Error::Sigma { .. })));
        assert!(matches!(threshold_optimum(0.5, sigma), Err(Error::Sigma { .. })));
        assert!(matches!(decoders(0.5, sigma), Err(Error::Sigma { .. })));
        assert!(matches!(feature.posterior(0.1, sigma), Err(Error::Sigma { .. })));
        assert!(matches!(feature.jump_loss(&decoder, sigma), Err(Error::Sigma { .. })));
    }
    for r in [0.0, 1.1, f64::NAN] {
        assert!(matches!(decoders_at_ratio(0.5, r), Err(Error::Ratio { .. })));
    }
    assert!(matches!(feature.posterior(f64::NAN, 1.0), Err(Error::NotFinite { what: "y", .. })));
    for (what, decoder) in [
        ("gain", JumpRelu { gain: f64::NAN, ..decoder }),
        ("bias", JumpRelu { bias: f64::INFINITY, ..decoder }),
        ("threshold", JumpRelu { threshold: f64::NAN, ..decoder }),
    ] {
        let error = feature.jump_loss(&decoder, 1.0);
        assert!(matches!(error, Err(Error::NotFinite { what: given, .. }) if given == what));
    }
}

/// No closed form of the ReLU's is given for a model with another output.
#[test]
fn models_with_these_outputs_are_refused() {
    let encoder = DMatrix::from_row_slice(1, 2, &[0.9, -0.4]);
    for (activation, name) in
        [(Activation::jump_relu(0.2).unwrap(), "jump_relu"), (Activation::top_k(1).unwrap(), "top_k")]
    {
        let model = Autoencoder::tied(&encoder, &DVector::from_vec(vec![-0.1, 0.2]), activation).unwrap();
        let mut mean_field = MeanField::new(Feature::uniform(0.1).unwrap());
        let refused = |error| matches!(error, Some(Error::Activation { given }) if given == name);
        assert!(refused(exact_model_loss(&model, &[0], 0.1).err()));
        assert!(refused(mean_field.loss(&model).err()));
        assert!(refused(ExactObjective::new(0.1).unwrap().loss(&model).err()));
    }
}
