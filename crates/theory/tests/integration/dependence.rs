//! Statistics, bounds and parts of the loss for features that depend on each other.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use toy_superposition_data::{
    AnyLaw, AnyMagnitude, AnySwitches, Distribution, Error as DataError, Exactly, Exponential, Features,
    Groups, Independent, Law, Pairs, Stream, Switches, SwitchesSpec, UnitUniform, WithMoments,
};
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_theory::{
    Channel, Error, Feature, Integrable, Product, Spectrum, Statistics, check, check_law, edgeworth_row_loss,
    exact_model_loss, principal_components,
};

use crate::laws::{complete, graph_of as graph};

/// A law of each kind for eight features.
fn laws() -> Vec<AnyLaw> {
    let uniform = AnyMagnitude::Uniform(UnitUniform);
    let groups = Groups::equal(4, AnySwitches::Independent(Independent::new(2, 0.3).unwrap())).unwrap();
    let edges = [(0, 1, 0.5), (3, 2, 0.7), (0, 2, 0.25), (4, 6, 0.9)];
    vec![
        Features::new(AnySwitches::Pairs(Pairs::new(4, 0.2, 0.6).unwrap()), uniform.clone()),
        Features::new(AnySwitches::Pairs(Pairs::new(4, 0.4, -0.5).unwrap()), uniform.clone()),
        Features::new(AnySwitches::Groups(Box::new(groups)), uniform.clone()),
        Features::new(AnySwitches::Exactly(Exactly::new(8, 3).unwrap()), uniform),
        Features::new(
            AnySwitches::Graph(graph(&[0.1, 0.2, 0.05, 0.3, 0.15, 0.2, 0.1, 0.25], &edges)),
            AnyMagnitude::Exponential(Exponential::new(1.6).unwrap()),
        ),
    ]
}

fn model(rng: &mut ChaCha8Rng, features: usize, hidden: usize, activation: Activation) -> Autoencoder<f64> {
    let mut matrix = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-0.8..0.8));
    let (encoder, decoder) = (matrix(hidden, features), matrix(features, hidden));
    let bias = DVector::from_fn(features, |i, _| 0.05 - 0.03 * i as f64);
    Autoencoder::new(&encoder, &decoder, &bias, activation).unwrap()
}

/// Gain, effective bias and noise of each row against the regression of `y_i` on `x_i` over
/// samples: 4 standard errors each, 120 comparisons (α < 1 %).
#[test]
fn rows_are_regressions_on_the_own_feature() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    for (k, law) in laws().into_iter().enumerate() {
        let product = Product::of_model(&model(&mut rng, 8, 3, Activation::Relu)).unwrap();
        let found = Statistics::under_law(&product, 3, &law).unwrap();
        let samples = 40_000;
        let drawn: Vec<[f64; 8]> = (0..samples)
            .map(|s| {
                let (mut on, mut values) = (Vec::new(), Vec::<f64>::new());
                law.sample(&mut Stream::Evaluation.rng(k as u64, s), &mut on, &mut values);
                let mut x = [0.0; 8];
                on.iter().zip(&values).for_each(|(&j, &value)| x[j as usize] = value);
                x
            })
            .collect();
        for (i, row) in found.rows.iter().enumerate() {
            let residual = |x: &[f64; 8]| {
                let y: f64 = product.row(i).iter().zip(x).map(|(w, x)| w * x).sum();
                y + product.bias()[i] - row.gain * x[i] - row.effective_bias
            };
            // The residual has the mean 0, no correlation with x_i, and the variance that is
            // claimed.
            let centre = law.moments(i).mean;
            let claims = |x: &[f64; 8]| {
                let rest = residual(x);
                [rest, rest * (x[i] - centre), rest * rest - row.noise.powi(2)]
            };
            for what in 0..3 {
                let values: Vec<f64> = drawn.iter().map(|x| claims(x)[what]).collect();
                let mean = values.iter().sum::<f64>() / samples as f64;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / samples as f64;
                let error = (variance / samples as f64).sqrt();
                assert!(mean.abs() < 4.0 * error, "{k} {i} {what}: {mean:e} ± {error:e}");
            }
        }
        // σ_i² = Var(y_i/g_i − x_i), of which the spectrum bounds the mean.
        let bound = Spectrum::of(&law).unwrap().welch_sigma(3).unwrap().powi(2);
        if let Some(welch) = found.welch {
            assert_relative_eq!(welch.bound, bound, max_relative = 1e-12);
            assert!(welch.gap >= 0.0 && welch.mean_variance == found.sigma_squared.mean);
        }
    }
}

/// Without correlation the statistics are those of the moments alone; wrong sizes are refused.
#[test]
fn uncorrelated_laws_have_the_statistics_of_their_moments() {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let product = Product::of_model(&model(&mut rng, 8, 3, Activation::Relu)).unwrap();
    let law = Features::new(Pairs::new(4, 0.2, 0.0).unwrap(), UnitUniform);
    let moments: Vec<_> = (0..8).map(|i| law.moments(i)).collect();
    let plain = Statistics::from_product(&product, 3, &moments).unwrap();
    let found = Statistics::under_law(&product, 3, &law).unwrap();
    for (a, b) in plain.rows.iter().zip(&found.rows) {
        for (a, b) in [(a.gain, b.gain), (a.noise, b.noise), (a.effective_bias, b.effective_bias)] {
            assert_relative_eq!(a, b, epsilon = 0.0, max_relative = 1e-14);
        }
    }
    let (plain, found) = (plain.welch.unwrap(), found.welch.unwrap());
    assert_relative_eq!(plain.bound, found.bound, max_relative = 1e-13);
    assert_relative_eq!(plain.gap, found.gap, max_relative = 1e-12);
    let other = Features::new(Pairs::new(3, 0.2, 0.0).unwrap(), UnitUniform);
    let error = Statistics::under_law(&product, 3, &other);
    assert!(matches!(error, Err(Error::Size { given: 6, expected: 8, .. })), "{error:?}");
}

fn parts(found: &toy_superposition_theory::Attribution) -> [f64; 9] {
    [
        found.activation,
        found.dropped,
        found.sigma,
        found.sigma_spread,
        found.gain_and_bias,
        found.diagonal_spread,
        found.bias_spread,
        found.own_switch,
        found.not_gaussian,
    ]
}

/// The parts add up under every law, and for independent features they are those of `check`.
#[test]
fn the_attribution_adds_up_and_agrees_with_that_of_independent_features() {
    let mut rng = ChaCha8Rng::seed_from_u64(43);
    let rows: Vec<usize> = (0..8).collect();
    for activation in [Activation::Relu, Activation::Identity] {
        for law in laws() {
            let model = model(&mut rng, 8, 3, activation);
            let check = check_law(&model, &law, &rows).unwrap();
            let exact = check.exact.unwrap();
            let found = check.attribution.unwrap();
            let optimum = check.optimum_loss.unwrap();
            assert_eq!(found.optimum_loss, optimum);
            if let Some(alike) = check.optimum {
                assert_relative_eq!(alike.loss, optimum, epsilon = 0.0, max_relative = 1e-12);
            }
            assert!(found.sigma > -1e-12 && found.gain_and_bias > -1e-12 && found.activation >= 0.0);
            let size: f64 = parts(&found).iter().map(|part| part.abs()).sum::<f64>() + exact.loss;
            let distance = exact.loss - optimum;
            assert!((parts(&found).iter().sum::<f64>() - distance).abs() < 1e-13 * size);
            assert!(found.own_switch != 0.0 || activation == Activation::Identity);
            let gaussian = check.gaussian_loss.unwrap();
            assert_relative_eq!(
                found.not_gaussian,
                exact.loss - gaussian,
                epsilon = 1e-15,
                max_relative = 1e-12
            );
        }
        let model = model(&mut rng, 8, 3, activation);
        let law = Features::new(Pairs::new(4, 0.15, 0.0).unwrap(), UnitUniform);
        let (found, expected) = (check_law(&model, &law, &rows).unwrap(), check(&model, 0.15).unwrap());
        let attribution = found.attribution.unwrap();
        let size = expected.exact_loss;
        for (a, b) in parts(&attribution).into_iter().zip(parts(&expected.attribution)) {
            assert!((a - b).abs() < 1e-9 * size, "{attribution:?} {:?}", expected.attribution);
        }
        assert_eq!(found.statistics.dropped, expected.statistics.dropped);
        let gaps = [found.welch_gap, expected.welch_gap].map(Option::unwrap);
        assert_relative_eq!(gaps[0], gaps[1], max_relative = 1e-12);
        assert_relative_eq!(found.linear_loss, expected.linear_loss, max_relative = 1e-13);
    }
}

/// Features of seven probabilities, all with the same share of four dimensions, and each with the
/// gain and the bias that are best for its own interference: no part is left but that of
/// interference that is not Gaussian.
#[test]
fn the_optimum_of_features_that_are_not_alike_is_reached() {
    let probabilities = [0.3, 0.05, 0.9, 0.2, 0.12, 0.45, 0.6];
    let (n, share) = (7, 4.0 / 7.0);
    let frame = |k: usize, j: usize| {
        let angle = std::f64::consts::TAU * ((1 + k / 2) * j) as f64 / n as f64;
        (2.0 / n as f64).sqrt() * if k.is_multiple_of(2) { angle.cos() } else { angle.sin() }
    };
    fn best<M: Integrable>(p: f64, magnitude: M, relative: f64) -> (f64, [f64; 3]) {
        let feature = Feature::new(p, magnitude).unwrap();
        let found = feature.optimum((feature.variance() * relative).sqrt()).unwrap();
        (feature.variance(), [found.a, found.effective_bias, found.loss])
    }
    let uniform = AnyMagnitude::Uniform(UnitUniform);
    let exponential = Exponential::new(1.6).unwrap();
    for (magnitude, tolerance) in [(uniform, 1e-12), (AnyMagnitude::Exponential(exponential), 1e-9)] {
        let relative = 1.0 / share - 1.0;
        let features = probabilities.map(|p| match magnitude {
            AnyMagnitude::Exponential(_) => best(p, exponential, relative),
            _ => best(p, UnitUniform, relative),
        });
        let root = |j: usize| features[j].0.sqrt();
        let encoder = DMatrix::from_fn(4, n, |k, j| frame(k, j) / root(j));
        let decoder = DMatrix::from_fn(n, 4, |i, k| frame(k, i) * root(i) * features[i].1[0] / share);
        let w = &decoder * &encoder;
        let switches = AnySwitches::Independent(Independent::per_feature(&probabilities).unwrap());
        let law = Features::new(switches, magnitude);
        let others = |i: usize| (0..n).filter(move |&j| j != i);
        let shift = |i: usize| others(i).map(|j| w[(i, j)] * law.moments(j).mean).sum::<f64>();
        let bias = DVector::from_fn(n, |i, _| features[i].1[1] - shift(i));
        let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
        let found = check_law(&model, &law, &[0, 1, 2, 3, 4, 5, 6]).unwrap();
        let expected = features.iter().map(|(_, [.., loss])| loss).sum::<f64>() / n as f64;
        assert!(found.optimum.is_none());
        assert_relative_eq!(found.optimum_loss.unwrap(), expected, max_relative = tolerance);
        assert_relative_eq!(found.gaussian_loss.unwrap(), expected, max_relative = tolerance);
        let [rest @ .., not_gaussian] = parts(&found.attribution.unwrap());
        assert!(rest.iter().all(|part| part.abs() < tolerance * expected), "{rest:?}");
        assert!(not_gaussian.abs() > 1e-3 * expected);
        assert_relative_eq!(expected + not_gaussian, found.exact.unwrap().loss, max_relative = 1e-8);
    }
}

/// For the identity the loss with the covariance is exact: against the covariance matrix itself.
#[test]
fn a_linear_model_is_exact_by_the_covariance() {
    let mut rng = ChaCha8Rng::seed_from_u64(44);
    for law in laws() {
        let model = model(&mut rng, 8, 3, Activation::Identity);
        let product = Product::of_model(&model).unwrap();
        let rest = DMatrix::from_fn(8, 8, |i, j| f64::from(u8::from(i == j)) - product.row(i)[j]);
        let covariance = DMatrix::from_fn(8, 8, |i, j| law.covariance(i, j));
        let mean = DVector::from_fn(8, |i, _| law.moments(i).mean);
        let offset = &rest * mean - DVector::from_column_slice(product.bias());
        let expected = ((&rest * covariance * rest.transpose()).trace() + offset.norm_squared()) / 8.0;
        let found = check_law(&model, &law, &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
        assert_relative_eq!(found.exact.unwrap().loss, expected, max_relative = 1e-12);
        assert_eq!(found.gaussian_loss, found.edgeworth_loss);
    }
    // The principal components lose what the spectrum says.
    let law = Features::new(Pairs::new(4, 0.2, 0.6).unwrap(), UnitUniform);
    let components = principal_components(&law, 4).unwrap();
    let mean = DVector::from_fn(8, |i, _| law.moments(i).mean);
    let bias = &mean - components.transpose() * (&components * &mean);
    let model = Autoencoder::tied(&components, &bias, Activation::Identity).unwrap();
    let found = check_law(&model, &law, &[0, 3, 5]).unwrap();
    assert_relative_eq!(found.exact.unwrap().loss, found.linear_loss, max_relative = 1e-12);
}

/// The law of a graph that has too many sources to sum over.
fn wide(sources: u32) -> AnyLaw {
    Features::new(AnySwitches::Graph(complete(sources)), AnyMagnitude::Uniform(UnitUniform))
}

/// A law whose exact loss is not known is checked all the same, and says why it is not.
#[test]
fn a_law_without_an_exact_loss_has_moments() {
    let mut rng = ChaCha8Rng::seed_from_u64(45);
    let law = wide(18);
    let model = model(&mut rng, 18, 6, Activation::Relu);
    let found = check_law(&model, &law, &[2, 7]).unwrap();
    assert!(
        matches!(found.exact, Err(Error::Law(DataError::Wide { sources: 18, width: 17.., .. }))),
        "{found:?}"
    );
    assert!(found.edgeworth_loss.is_none() && found.attribution.is_none() && found.gaussianity.is_none());
    assert!(found.optimum_loss.is_some_and(|loss| loss > 0.0));
    assert!(found.linear_loss > 0.0 && found.welch_sigma > 0.0 && found.welch_gap.unwrap() > 0.0);
    // Close to the loss of samples: the interference of these weights is nearly Gaussian.
    let sampled =
        toy_superposition_model::sampled_loss(&model, &law, Stream::Evaluation.samples(1, 0..40_000));
    let sampled = sampled.unwrap().mean();
    assert!(
        (found.gaussian_loss.unwrap() / sampled - 1.0).abs() < 0.05,
        "{:?} {sampled}",
        found.gaussian_loss
    );
    // A linear model is known exactly.
    let linear = Autoencoder::from_parameters(model.parameters().clone(), Activation::Identity);
    let exact = check_law(&linear, &law, &[2, 7]).unwrap().exact.unwrap();
    let sampled =
        toy_superposition_model::sampled_loss(&linear, &law, Stream::Evaluation.samples(2, 0..40_000));
    let sampled = sampled.unwrap();
    assert!((exact.loss - sampled.mean()).abs() < 4.0 * sampled.standard_error());

    // Magnitudes of which the moments are all that is known.
    let moments = [0.4, 0.2, 4.0 / 35.0, 1.0 / 14.0];
    let own = WithMoments::new("beta(2, 3)", (), moments).unwrap();
    let found = check_law(&model, &Features::new(Pairs::new(9, 0.1, 0.5).unwrap(), own), &[2, 7]).unwrap();
    assert!(matches!(found.exact, Err(Error::Magnitude { .. })) && found.gaussian_loss.is_none());
    assert!(found.linear_loss > 0.0 && found.statistics.sigma.mean > 0.0);
    let other = check_law(&model, &wide(17), &[2, 7]);
    assert!(matches!(other, Err(Error::Size { given: 17, .. })), "{other:?}");
}

/// Switches that do not say how they could be summed over.
struct Secretive<S>(S);

impl<S: Switches> Switches for Secretive<S> {
    fn features(&self) -> usize {
        self.0.features()
    }
    fn probability(&self, feature: usize) -> f64 {
        self.0.probability(feature)
    }
    fn covariance(&self, i: usize, j: usize) -> f64 {
        self.0.covariance(i, j)
    }
    fn spec(&self) -> SwitchesSpec {
        SwitchesSpec::Custom { name: "secretive".to_owned() }
    }
}

/// The Gaussian loss from covariances of two features, from the probabilities of the partner in
/// both states of the switch: each state has its own mean, and both have the mean of the two
/// variances.
#[test]
fn the_gaussian_loss_from_covariances_has_the_means_of_both_states() {
    let (p, rho, w) = (0.3, 0.6, 0.7);
    let law = Features::new(Secretive(Pairs::new(1, p, rho).unwrap()), UnitUniform);
    let (encoder, decoder) = (DMatrix::identity(2, 2), DMatrix::from_row_slice(2, 2, &[0.9, w, -0.4, 1.1]));
    let bias = DVector::from_column_slice(&[-0.1, 0.05]);
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
    let found = check_law(&model, &law, &[0, 1]).unwrap();
    let feature = Feature::uniform(p).unwrap();
    let row = |own: f64, w: f64, bias: f64| {
        // P[partner on | on] and P[partner on | off].
        let both = p * p + rho * p * (1.0 - p);
        let [on, off] = [both / p, (p - both) / (1.0 - p)];
        let variance = |q: f64| w * w * (q / 3.0 - q * q / 4.0);
        let noise = (p * variance(on) + (1.0 - p) * variance(off)).sqrt();
        let loss = |q: f64| feature.row_loss(&Channel::new(own, bias + w * q / 2.0, noise).unwrap());
        p * loss(on).on + (1.0 - p) * loss(off).off
    };
    let expected = (row(0.9, w, -0.1) + row(1.1, -0.4, 0.05)) / 2.0;
    assert_relative_eq!(found.gaussian_loss.unwrap(), expected, epsilon = 0.0, max_relative = 1e-12);
    let Err(Error::Law(reason)) = found.exact else { panic!("{:?}", found.exact) };
    assert_eq!(reason.to_string(), "the switches have no exact form");
}

/// Where no covariance matters, it is the loss by cumulants.
#[test]
fn the_gaussian_loss_from_covariances_is_that_by_cumulants() {
    let mut rng = ChaCha8Rng::seed_from_u64(46);
    let edges: Vec<_> = (1..18).map(|from| (from, 0, 0.3)).collect();
    let law = Features::new(Secretive(graph(&[0.05; 19], &edges)), UnitUniform);
    let mut encoder = DMatrix::from_fn(6, 19, |_, _| rng.random_range(-0.5..0.5));
    // The star's leaves are independent of each other: without its centre, this is the law of
    // independent features.
    encoder.set_column(0, &DVector::zeros(6));
    let bias = DVector::from_element(19, -0.02);
    let model = Autoencoder::tied(&encoder, &bias, Activation::Relu).unwrap();
    let product = Product::of_model(&model).unwrap();
    let each: Vec<f64> = (0..19).map(|i| law.moments(i).probability).collect();
    let by_cumulants = |i: usize| edgeworth_row_loss(product.row(i), i, -0.02, &each[..]).unwrap().gaussian;
    let expected = (0..19).map(by_cumulants).sum::<f64>() / 19.0;
    let found = check_law(&model, &law, &[0]).unwrap();
    assert!(found.exact.is_err());
    assert_relative_eq!(found.gaussian_loss.unwrap(), expected, max_relative = 1e-12);
}

/// The estimate from some of the rows has the standard error of the rows left out.
#[test]
fn some_rows_estimate_all() {
    let mut rng = ChaCha8Rng::seed_from_u64(47);
    let law = Features::new(Exactly::new(40, 4).unwrap(), UnitUniform);
    let model = model(&mut rng, 40, 10, Activation::Relu);
    let all = exact_model_loss(&model, &(0..40).collect::<Vec<_>>(), &law).unwrap();
    let some: Vec<usize> = (0..40).step_by(4).collect();
    let found = check_law(&model, &law, &some).unwrap().exact.unwrap();
    assert!(found.standard_error > 0.0);
    assert!((found.loss - all.loss).abs() < 5.0 * found.standard_error, "{found:?} {all:?}");
}

/// Weights so far apart that the exact loss is not resolved: all else is told.
#[test]
fn a_loss_that_is_not_resolved_leaves_the_rest() {
    let loud = |k: usize| [-0.9, -0.7, -0.5, 1.0, 0.4, -0.3, 0.2, 0.1][k] * 1e4_f64.powi(3 - k as i32);
    let encoder = DMatrix::from_fn(1, 8, |_, k| loud(k));
    let decoder = DMatrix::from_element(8, 1, 1.0);
    let model = Autoencoder::new(&encoder, &decoder, &DVector::zeros(8), Activation::Relu).unwrap();
    let law = Features::new(Pairs::new(4, 0.01, 0.0).unwrap(), UnitUniform);
    let found = check_law(&model, &law, &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
    assert!(matches!(found.exact, Err(Error::Unresolved { .. })), "{:?}", found.exact);
    assert!(found.gaussian_loss.is_some() && found.gaussianity.is_some() && found.attribution.is_none());
}
