//! The parts of the distance to the optimum: 60-digit goldens, weights that differ in one thing
//! only, and the sum.

use nalgebra::{DMatrix, DVector};
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_theory::{
    Attribution, Check, Error, Feature, check, check_product, check_rows, edgeworth_row_loss, envelope,
    exact_loss, linear_loss, optimum, optimum_at_ratio, welch_sigma,
};

use crate::product_of;

const PARTS: [&str; 8] = [
    "activation",
    "dropped",
    "sigma",
    "sigma spread",
    "gain and bias",
    "diagonal spread",
    "bias spread",
    "not Gaussian",
];

fn parts(found: &Attribution) -> [f64; 8] {
    [
        found.activation,
        found.dropped,
        found.sigma,
        found.sigma_spread,
        found.gain_and_bias,
        found.diagonal_spread,
        found.bias_spread,
        found.not_gaussian,
    ]
}

/// The parts account for the whole distance.
fn adds_up(found: &Check) {
    let parts = parts(&found.attribution);
    let size = parts.iter().map(|part| part.abs()).sum::<f64>() + found.exact_loss + found.optimum.loss;
    let distance = found.exact_loss - found.optimum.loss;
    assert!((parts.iter().sum::<f64>() - distance).abs() < 1e-14 * size, "{parts:?} {distance}");
    assert_eq!(found.attribution.distance(), distance);
    let headlines: f64 = found.attribution.headlines().iter().map(|(_, part)| part).sum();
    assert!((headlines - distance).abs() < 1e-14 * size);
}

/// All parts of weights that differ from the optimum in one thing are 0 but one (and what is not
/// Gaussian).
fn only(found: &Check, what: &str, expected: f64) {
    adds_up(found);
    for (part, name) in parts(&found.attribution).into_iter().zip(PARTS) {
        if name == what {
            assert!((part - expected).abs() < 1e-11 * expected.abs(), "{name}: {part:e} {expected:e}");
        } else if name != "not Gaussian" {
            assert!(part.abs() < 1e-13 * found.optimum.loss, "{name}: {part:e} beside {what}");
        }
    }
}

#[test]
fn agrees_with_60_digits() {
    let mut count = 0;
    for line in include_str!("../golden/attribution.txt").lines() {
        let fields: Vec<Vec<f64>> =
            line.split(';').map(|f| f.split_whitespace().map(|x| x.parse().unwrap()).collect()).collect();
        let bias = &fields[3];
        let w = DMatrix::from_row_slice(bias.len(), bias.len(), &fields[2]);
        let found = check_product(&product_of(&w, bias), fields[1][0] as usize, fields[0][0]).unwrap();
        let [start, gaussian, exact, rest @ ..] = &fields[4][..] else { panic!("columns") };
        assert!((found.optimum.loss / start - 1.0).abs() < 1e-13);
        assert!((found.gaussian_loss / gaussian - 1.0).abs() < 1e-13);
        assert!((found.exact_loss - exact).abs() <= found.exact_error && found.exact_error < 1e-9 * exact);
        let [activation, others @ ..] = parts(&found.attribution);
        assert_eq!(activation, 0.0);
        for ((part, expected), name) in others.into_iter().zip(rest).zip(&PARTS[1..]) {
            let allowed = 1e-12 * gaussian + if *name == "not Gaussian" { found.exact_error } else { 0.0 };
            assert!((part - expected).abs() <= allowed, "{name}: {part:e} {expected:e}");
        }
        adds_up(&found);
        count += 1;
    }
    assert_eq!(count, 3);
}

fn sylvester(i: usize, j: usize) -> f64 {
    if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// A tight frame of `hidden` rows of a Hadamard matrix, unit diagonal.
fn frame(features: usize, hidden: usize) -> DMatrix<f64> {
    let rows: Vec<usize> = (0..hidden).map(|k| (k * 11 + 1) % features).collect();
    let encoder = DMatrix::from_fn(hidden, features, |k, j| sylvester(rows[k], j));
    encoder.transpose() * encoder / hidden as f64
}

/// The raw bias of rows that are to have the effective bias `effective`.
fn raw(w: &DMatrix<f64>, p: f64, effective: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..w.nrows()).map(|i| effective(i) - 0.5 * p * (w.row(i).sum() - w[(i, i)])).collect()
}

const P: f64 = 0.07;

#[test]
fn a_tight_frame_at_its_best_is_not_gaussian_and_nothing_else() {
    let best = optimum_at_ratio(P, 12.0 / 64.0).unwrap();
    let w = frame(64, 12) * best.a;
    let found = check_product(&product_of(&w, &raw(&w, P, |_| best.effective_bias)), 12, P).unwrap();
    only(&found, "nothing", 0.0);
    assert!(found.attribution.not_gaussian.abs() > 1e-4 * best.loss);
    assert_eq!(found.attribution.dominant().0, "interference that is not Gaussian");
    assert!(found.welch_gap.unwrap().abs() < 1e-13);
    let text = found.attribution.to_string();
    assert!(text.contains("largest part is interference that is not Gaussian"), "{text}");
}

#[test]
fn parts_that_cancel_are_told() {
    let noise = |i: usize, j: usize| (1.0 + (7 * i + 3 * j) as f64).sin();
    let w =
        DMatrix::from_fn(64, 64, |i, j| if i == j { 0.1 + 0.09 * noise(i, i) } else { 0.05 * noise(i, j) });
    let found = check_product(&product_of(&w, &[-0.01; 64]), 12, P).unwrap().attribution;
    let sum: f64 = found.headlines().iter().map(|(_, part)| part.abs()).sum();
    assert!(sum > 2.0 * found.distance().abs(), "{found}");
    assert!(found.to_string().contains("Parts of opposite signs cancel"), "{found}");
    // Weights at the optimum but for one thing have no parts that cancel.
    let best = optimum_at_ratio(P, 12.0 / 64.0).unwrap();
    let w = frame(64, 12) * best.a;
    let found = check_product(&product_of(&w, &raw(&w, P, |_| best.effective_bias)), 12, P).unwrap();
    assert!(!found.attribution.to_string().contains("cancel"), "{}", found.attribution);
}

#[test]
fn one_thing_at_a_time() {
    let feature = Feature::uniform(P).unwrap();
    let (n, d) = (64, 12);
    let best = optimum_at_ratio(P, d as f64 / n as f64).unwrap();
    let gaussian = |a: f64, b: f64| feature.loss(a, b / a, best.sigma).unwrap().total;
    let unit = frame(n, d);

    // Gain and bias off alike in all rows.
    let w = &unit * (best.a * 1.04);
    let found = check_product(&product_of(&w, &raw(&w, P, |_| best.effective_bias - 0.03)), d, P).unwrap();
    only(&found, "gain and bias", gaussian(best.a * 1.04, best.effective_bias - 0.03) - best.loss);

    // Diagonals that differ about the best one: every row is scaled, so that σ_i stays.
    let turn = |i: usize| if i.is_multiple_of(2) { 0.1 } else { -0.1 };
    let w = DMatrix::from_fn(n, n, |i, j| (best.a + turn(i)) * unit[(i, j)]);
    let found = check_product(&product_of(&w, &raw(&w, P, |_| best.effective_bias)), d, P).unwrap();
    let expected = 0.5
        * (gaussian(best.a + 0.1, best.effective_bias) + gaussian(best.a - 0.1, best.effective_bias))
        - best.loss;
    only(&found, "diagonal spread", expected);
    assert!((found.attribution.rows() / expected - 1.0).abs() < 1e-11);

    // Biases that differ.
    let w = &unit * best.a;
    let found = check_product(&product_of(&w, &raw(&w, P, |i| best.effective_bias + turn(i))), d, P).unwrap();
    only(
        &found,
        "bias spread",
        0.5 * (gaussian(best.a, best.effective_bias + 0.1) + gaussian(best.a, best.effective_bias - 0.1))
            - best.loss,
    );

    // Dimensions not used: σ above the bound.
    let found = check_product(&product_of(&w, &raw(&w, P, |_| best.effective_bias)), 16, P).unwrap();
    only(&found, "sigma", best.loss - optimum_at_ratio(P, 0.25).unwrap().loss);
    let gap = (n as f64 / 12.0 - 1.0) / (n as f64 / 16.0 - 1.0) - 1.0;
    assert!((found.welch_gap.unwrap() / gap - 1.0).abs() < 1e-12);

    // Rows of different σ, each at its best: two frames side by side, with the mean square of their
    // σ's as the bound of 2·32 features has it for no n_d, so that σ and its spread both count.
    let (left, right) = (optimum_at_ratio(P, 0.125).unwrap(), optimum_at_ratio(P, 0.5).unwrap());
    let w = DMatrix::from_fn(n, n, |i, j| match (i < 32, j < 32) {
        (true, true) => left.a * frame(32, 4)[(i, j)],
        (false, false) => right.a * frame(32, 16)[(i - 32, j - 32)],
        _ => 0.0,
    });
    let found = check_product(
        &product_of(&w, &raw(&w, P, |i| if i < 32 { left.effective_bias } else { right.effective_bias })),
        20,
        P,
    )
    .unwrap();
    adds_up(&found);
    let middle = optimum(P, (0.5 * (left.sigma.powi(2) + right.sigma.powi(2))).sqrt()).unwrap().loss;
    let start = optimum_at_ratio(P, 20.0 / 64.0).unwrap().loss;
    let expected = [0.0, 0.0, middle - start, 0.5 * (left.loss + right.loss) - middle, 0.0, 0.0, 0.0];
    for (part, expected) in parts(&found.attribution).into_iter().zip(expected) {
        assert!((part - expected).abs() < 1e-12 * start, "{part:e} {expected:e}");
    }
}

/// Half of the features dropped, the others at the best ratio: the mixture of the envelope, where
/// dropping pays.
#[test]
fn dropped_features_are_a_mixture() {
    let (n, d, p) = (64, 8, 0.01);
    let best = optimum_at_ratio(p, d as f64 / 32.0).unwrap();
    let mut w = DMatrix::zeros(n, n);
    w.view_mut((0, 0), (32, 32)).copy_from(&(frame(32, d) * best.a));
    let variance = p / 3.0 - p * p / 4.0;
    let mixture = 0.5 * (best.loss + variance);
    for (bias, own) in [(0.5 * p, variance), (-1.0, p / 3.0), (0.2, p / 3.0 - 0.2 * p + 0.04)] {
        let found = check_product(
            &product_of(&w, &raw(&w, p, |i| if i < 32 { best.effective_bias } else { bias })),
            d,
            p,
        )
        .unwrap();
        only(&found, "dropped", mixture - found.optimum.loss + 0.5 * (own - variance));
        assert_eq!(found.statistics.dropped, 32);
        assert!(found.welch_gap.unwrap().abs() < 1e-13 && found.statistics.welch.is_none());
    }
    // The envelope does better still.
    let hull = envelope(p, d as f64 / n as f64).unwrap();
    assert!(hull.loss < mixture);
    // All of them, and as many kept as there are dimensions.
    let none = check_product(&product_of(&DMatrix::zeros(8, 8), &[0.5 * p; 8]), 2, p).unwrap();
    only(&none, "dropped", variance - none.optimum.loss);
    assert_eq!(none.welch_gap, None);
    let kept = DMatrix::from_fn(8, 8, |i, j| if i == j && i < 2 { 1.0 } else { 0.0 });
    let kept = check_product(&product_of(&kept, &[0.0, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), 2, p).unwrap();
    only(&kept, "dropped", 0.75 * (p / 3.0 - 0.1 * p + 0.01) - kept.optimum.loss);
    assert_eq!(kept.welch_gap, None);
}

/// Numbers in (−1, 1) with no pattern that matters.
fn entry(i: usize, j: usize) -> f64 {
    ((1 + i * 7 + j * 13 + i * i * j) as f64 * 0.731).sin()
}

fn model(activation: Activation) -> Autoencoder<f64> {
    let encoder = DMatrix::from_fn(3, 8, |i, j| 0.6 * entry(i, j) + if i == j % 3 { 0.7 } else { 0.0 });
    let decoder =
        DMatrix::from_fn(8, 3, |i, j| 0.5 * entry(i + 2, j + 4) + if j == i % 3 { 0.7 } else { 0.0 });
    let bias = DVector::from_fn(8, |i, _| 0.2 * entry(i, 1));
    Autoencoder::new(&encoder, &decoder, &bias, activation).unwrap()
}

/// The exact and the Edgeworth loss are those of the rows, and the never-negative parts are so.
#[test]
fn a_model_accounts_for_all() {
    let (model, p) = (model(Activation::Relu), 0.2);
    let found = check(&model, p).unwrap();
    adds_up(&found);
    let w = model.decoder() * model.encoder();
    let exact = exact_loss(&w, model.bias().as_slice(), p).unwrap();
    assert!((found.exact_loss / exact.loss - 1.0).abs() < 1e-12 && found.exact_standard_error == 0.0);
    assert!(found.exact_error > 0.0 && found.exact_error < 1e-9 * exact.loss);
    let edgeworth: f64 = (0..8)
        .map(|i| {
            let row: Vec<f64> = w.row(i).iter().copied().collect();
            edgeworth_row_loss(&row, i, model.bias()[i], p).unwrap().corrected
        })
        .sum();
    assert!((found.edgeworth_loss * 8.0 / edgeworth - 1.0).abs() < 1e-12);
    assert!(found.attribution.sigma > 0.0 && found.attribution.gain_and_bias > 0.0);
    let welch = found.statistics.welch.unwrap();
    assert!((found.welch_gap.unwrap() / welch.gap - 1.0).abs() < 1e-12);
    // Negative and huge σ's still add up.
    for diagonal in [-0.9, 1e-90] {
        let mut odd = w.clone();
        (0..8).for_each(|i| odd[(i, i)] = diagonal);
        adds_up(&check_product(&product_of(&odd, model.bias().as_slice()), 3, p).unwrap());
    }
}

/// Over all choices of 3 rows from 8 the estimate is right on average, and its squared standard
/// error as well.
#[test]
fn some_rows_estimate_all() {
    let (model, p) = (model(Activation::Relu), 0.2);
    let all = check(&model, p).unwrap();
    let (mut bias, mut spread, mut claimed, mut draws) = (0.0, 0.0, 0.0, 0.0);
    for subset in 0..256_u32 {
        let rows: Vec<usize> = (0..8).filter(|i| subset >> i & 1 == 1).collect();
        if rows.len() == 3 {
            let found = check_rows(&model, p, &rows).unwrap();
            adds_up(&found);
            assert_eq!(found.gaussian_loss, all.gaussian_loss);
            bias += found.exact_loss - all.exact_loss;
            spread += (found.exact_loss - all.exact_loss).powi(2);
            claimed += found.exact_standard_error.powi(2);
            draws += 1.0;
        }
    }
    assert_eq!(draws, 56.0);
    assert!((bias / draws).abs() < 1e-10 * all.exact_loss, "{bias}");
    assert!((spread / claimed - 1.0).abs() < 1e-7, "{spread} {claimed}");
    assert_eq!(check_rows(&model, p, &[4]).unwrap().exact_standard_error, f64::INFINITY);
}

/// Without a rectifier everything is closed: no part is not Gaussian, and the first is what the
/// rectifier was worth.
#[test]
fn identity_outputs() {
    let (model, p) = (model(Activation::Identity), 0.35);
    let found = check(&model, p).unwrap();
    adds_up(&found);
    assert_eq!(found.exact_loss, found.gaussian_loss);
    assert_eq!((found.edgeworth_loss, found.attribution.not_gaussian), (found.exact_loss, 0.0));
    let worth = linear_loss(p, 3.0 / 8.0).unwrap() - found.optimum.loss;
    assert!((found.attribution.activation / worth - 1.0).abs() < 1e-13 && worth > 0.0);
    // A projector with a = r and b = (p/2)(1 − r) is the best of them.
    let (n, d) = (16, 6);
    let projector = frame(n, d) * (d as f64 / n as f64);
    let eigen = projector.clone().symmetric_eigen();
    let order: Vec<usize> = (0..n).filter(|&k| eigen.eigenvalues[k] > 0.5).collect();
    let encoder = DMatrix::from_fn(d, n, |k, j| eigen.eigenvectors[(j, order[k])]);
    let bias = raw(&projector, p, |_| 0.5 * p * (1.0 - d as f64 / n as f64));
    let model =
        Autoencoder::new(&encoder, &encoder.transpose(), &DVector::from_vec(bias), Activation::Identity)
            .unwrap();
    let found = check(&model, p).unwrap();
    let worth = linear_loss(p, 0.375).unwrap() - found.optimum.loss;
    for (part, name) in parts(&found.attribution).into_iter().zip(PARTS) {
        let expected = if name == "activation" { worth } else { 0.0 };
        assert!((part - expected).abs() < 1e-13 * found.exact_loss, "{name} {part:e}");
    }
    assert!((welch_sigma(p, 0.375).unwrap() / found.statistics.sigma.mean - 1.0).abs() < 1e-12);
}

#[test]
fn what_has_no_closed_form_is_refused() {
    let jump = model(Activation::jump_relu(0.2).unwrap());
    assert!(matches!(check(&jump, 0.1), Err(Error::Activation { given: "jump_relu" })));
    assert!(matches!(
        check(&model(Activation::top_k(2).unwrap()), 0.1),
        Err(Error::Activation { given: "top_k" })
    ));
    for activation in [Activation::Relu, Activation::Identity] {
        let model = model(activation);
        assert!(matches!(check_rows(&model, 0.1, &[]), Err(Error::Empty { .. })));
        assert!(matches!(check_rows(&model, 0.1, &[8]), Err(Error::Row { given: 8, features: 8 })));
        assert!(matches!(check_rows(&model, 0.1, &[3, 3]), Err(Error::Repeated { given: 3 })));
        assert!(matches!(check(&model, f64::NAN), Err(Error::Probability { .. })));
    }
}
