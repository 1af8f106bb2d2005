//! Designs at their best, and mixtures of them, against closed forms and other ways to the same
//! number.

use rand::RngExt;
use toy_superposition_data::{
    Exactly, Exponential, Features, Groups, Independent, Interval, Law, Pairs, Points, Stream, UnitUniform,
};
use toy_superposition_designs::{
    Arranged, Arrangement, Candidate, Entry, Error, Family, Learned, Mixtures, PrincipalComponents, blocks,
    optimise, under_law, whole,
};
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_optim::{Lbfgs, LbfgsConfig};
use toy_superposition_rug::{
    Design, DirectSum, Dropped, Frame, Lossless, PersianRug, Setting, mean_over_rows,
};
use toy_superposition_theory as theory;

fn loss(design: &dyn Design, setting: Setting, p: f64) -> f64 {
    let settings = vec![setting; design.classes().len()];
    let row_loss = |row: &[f64], i: usize, b: f64| -> Result<f64, Error> {
        Ok(theory::exact_row_loss(row, i, b, p)?.loss)
    };
    mean_over_rows(design, &settings, row_loss).unwrap().mean
}

/// The least value of a function by a pattern search: to the best of eight neighbours, or nearer
/// where none is better.
fn least(of: impl Fn(f64, f64) -> f64, mut at: (f64, f64)) -> f64 {
    let (mut value, mut step) = (of(at.0, at.1), 0.1);
    while step > 1e-11 {
        let before = value;
        for (x, y) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)] {
            let next = (at.0 + step * f64::from(x), at.1 + step * f64::from(y));
            let found = of(next.0, next.1);
            if found < value {
                (value, at) = (found, next);
            }
        }
        if value == before {
            step /= 2.0;
        }
    }
    value
}

/// L = p²/6 with a = 1, b = 0 (docs/theory.md). The best settings gain p/32 of it at small p: at
/// b = 0 the loss is p²/6 + p α²/3 − p² α/12 in α = a − 1, least at α = p/8.
#[test]
fn known_designs_have_their_known_losses() {
    let pairs = DirectSum::antipodal_pairs(3).unwrap();
    for p in [1e-6, 1e-4, 0.001, 0.044, 0.5] {
        let found = optimise(&pairs, p, true).unwrap();
        let at = |a, bias| loss(&pairs, Setting { a, bias, ones: 0.0 }, p);
        assert!((at(1.0, 0.0) / (p * p / 6.0) - 1.0).abs() < 1e-12);
        let expected = least(at, (1.0, 0.0));
        assert!(found.converged && (found.loss / expected - 1.0).abs() < 1e-9, "{p}: {found:?} {expected}");
        let gained = (1.0 - found.loss / at(1.0, 0.0)) / (p / 32.0);
        assert!(p > 0.001 || (gained - 1.0).abs() < 4.0 * p, "{p}: {gained}");
        let dropped = optimise(&Dropped(4), p, true).unwrap();
        assert!((dropped.loss / (p / 3.0 - p * p / 4.0) - 1.0).abs() < 1e-13);
        assert!(optimise(&Lossless(4), p, true).unwrap().loss.abs() < 1e-15);
    }
}

/// No setting nearby, and no random one, is better.
#[test]
fn settings_are_minima() {
    let mut rng = Stream::Draws.rng(5, 0);
    let with_ones = PersianRug::new(32, &[0, 3, 5, 9, 14, 17, 30]).unwrap();
    let designs: [&dyn Design; 3] = [
        &with_ones,
        &PersianRug::new(32, &[1, 2, 4, 8, 16, 31]).unwrap(),
        &Frame::harmonic(5, &[1]).unwrap(),
    ];
    for design in designs {
        for p in [0.003, 0.05, 0.3] {
            let found = optimise(design, p, true).unwrap();
            let best = found.settings[0];
            assert!(found.converged, "{} {p}: {found:?}", design.name());
            assert!((loss(design, best, p) / found.loss - 1.0).abs() < 1e-12);
            assert!(best.ones == 0.0 || design.all_ones().is_some());
            for k in 0..60 {
                let reach = if k < 30 { 0.02 } else { 1.0 };
                let mut near = |x: f64| x + reach * (rng.random::<f64>() - 0.5);
                let ones = if design.all_ones().is_some() { near(best.ones) } else { 0.0 };
                let other = Setting { a: near(best.a), bias: near(best.bias), ones };
                assert!(
                    loss(design, other, p) >= found.loss * (1.0 - 1e-7),
                    "{} {p} {best:?} {other:?}",
                    design.name()
                );
            }
        }
    }
    let [with, without] = [true, false].map(|ones| optimise(&with_ones, 0.05, ones).unwrap().loss);
    assert!(with < 0.99 * without, "{with} {without}");
}

fn entries(most: usize, p: f64) -> Vec<Entry> {
    blocks(most, 1).unwrap().iter().map(|block| block.best(p).unwrap()).collect()
}

/// Every way to fill 11 features with blocks of at most 5, one by one.
#[test]
fn mixtures_are_the_best_of_all_sums() {
    fn least(blocks: &[(usize, usize, f64)], n: usize, d: usize) -> f64 {
        let Some(((features, hidden, loss), rest)) = blocks.split_first() else {
            return if n == 0 && d == 0 { 0.0 } else { f64::INFINITY };
        };
        let counts = 0..=n / features;
        let sums = counts
            .filter(|k| k * hidden <= d)
            .map(|k| (k * features) as f64 * loss + least(rest, n - k * features, d - k * hidden));
        sums.fold(f64::INFINITY, f64::min)
    }
    let p = 0.08;
    let blocks = entries(5, p);
    let sizes: Vec<_> =
        blocks.iter().map(|b| (b.design.features(), b.design.hidden(), b.best.loss)).collect();
    let mixtures = Mixtures::new(&blocks, 11).unwrap();
    for hidden in 0..=11 {
        let best = mixtures.at(11, hidden).unwrap();
        assert_eq!((best.design.features(), best.design.hidden()), (11, hidden));
        let expected = least(&sizes, 11, hidden) / 11.0;
        let gap = best.best.loss - expected;
        // Blocks that are equal to 1e-7 are taken as equal.
        assert!(gap >= -1e-15 && gap <= 1e-15 + 4e-7 * expected, "{hidden}: {} {expected}", best.best.loss);
        // The sum as one design, row by row.
        let row_loss = |row: &[f64], i: usize, b: f64| -> Result<f64, Error> {
            Ok(theory::exact_row_loss(row, i, b, p)?.loss)
        };
        let rows = mean_over_rows(&best.design, &best.best.settings, row_loss).unwrap();
        assert!((rows.mean - best.best.loss).abs() < 1e-12, "{}", best.name);
        if hidden > 0 {
            let model = best.design.autoencoder(&best.best.settings).unwrap();
            let all = theory::exact_model_loss(&model, &(0..11).collect::<Vec<_>>(), p).unwrap();
            assert!((all.loss - best.best.loss).abs() < 1e-10 * p, "{}", best.name);
        }
    }
}

/// Above the table's size the sums stay within a hundredth of the envelope of the blocks, and where
/// that is 0 they lose nothing.
#[test]
fn large_mixtures_meet_their_shape_and_the_envelope() {
    let p = 0.02;
    let blocks = entries(12, p);
    let mixtures = Mixtures::new(&blocks, 4000).unwrap();
    for hidden in [0, 1, 700, 1333, 2000, 2600, 3999, 4000] {
        let sum = mixtures.at(4000, hidden).unwrap();
        assert_eq!((sum.design.features(), sum.design.hidden()), (4000, hidden), "{}", sum.name);
        let ratio = f64::from(hidden as u32) / 4000.0;
        let mut envelope = f64::INFINITY;
        for a in &blocks {
            for b in &blocks {
                let (x, y) = (a.design.ratio(), b.design.ratio());
                if x <= ratio && ratio <= y {
                    let share = if y > x { (ratio - x) / (y - x) } else { 0.0 };
                    envelope = envelope.min((1.0 - share) * a.best.loss + share * b.best.loss);
                }
            }
        }
        let loss = sum.best.loss;
        assert!(
            loss >= envelope * (1.0 - 1e-12) && loss <= envelope * 1.01 + 1e-17,
            "{hidden}: {loss} {envelope}"
        );
    }
}

#[test]
fn lists_have_the_shapes_that_were_asked_for() {
    for (features, hidden) in
        [(64, 28), (64, 8), (36, 18), (26, 13), (28, 7), (16, 10), (9, 8), (7, 7), (37, 1)]
    {
        let all = whole(features, hidden, 2, 3).unwrap();
        let shapes = all.iter().flat_map(Candidate::designs).map(|d| (d.features(), d.hidden()));
        assert!(shapes.into_iter().all(|shape| shape == (features, hidden)));
    }
    let has = |features, hidden, family| {
        whole(features, hidden, 1, 0).unwrap().iter().any(|candidate| candidate.family == family)
    };
    for shape in [(64, 28), (64, 36), (26, 13), (28, 7), (28, 21), (16, 6), (16, 10)] {
        assert!(has(shape.0, shape.1, Family::Equiangular), "{shape:?}");
    }
    assert!(has(12, 5, Family::Rugs) && !has(14, 5, Family::Rugs) && has(9, 8, Family::Simplices));
    assert!(blocks(40, 0).unwrap().iter().flat_map(Candidate::designs).all(|d| d.features() <= 40));
    assert!(matches!(whole(8, 9, 1, 0), Err(Error::Shape { features: 8, hidden: 9 })));
    assert!(matches!(whole(8, 0, 1, 0), Err(Error::Shape { .. })));
    let none = Mixtures::new(&[], 4).unwrap().at(4, 2);
    assert!(matches!(none.err(), Some(Error::NoSum { blocks: 0, features: 4, hidden: 2 })));
    let blocks = entries(2, 0.1);
    assert!(matches!(Mixtures::new(&blocks, 4).unwrap().at(4, 5).err(), Some(Error::Shape { .. })));
    let beyond = Mixtures::new(&blocks, 24).unwrap().at(1000, 500);
    assert!(matches!(beyond.err(), Some(Error::Table { given: 1000, most: 24 })));
    let beyond = Mixtures::new(&blocks, 4000).unwrap().at(usize::MAX, 4);
    assert!(matches!(beyond.err(), Some(Error::Table { given: usize::MAX, .. })));
    assert!(matches!(blocks[2].clone().with_dropped(0, 0.1).err(), Some(Error::Rug(_))));
    let half = blocks[2].clone().with_dropped(2, 0.1).unwrap();
    let expected = 0.5 * blocks[2].best.loss + 0.5 * (0.1 / 3.0 - 0.1 * 0.1 / 4.0);
    assert!((half.best.loss / expected - 1.0).abs() < 1e-9);
    assert!(matches!(optimise(&Lossless(2), 1.5, false), Err(Error::Data(_))));
}

/// Four random sets of 20 of 64 rows give rows of other entries each. All sets of row 0 and one other
/// of 4 rows give the same.
#[test]
fn of_random_rugs_those_with_the_same_entries_count_once() {
    for (features, hidden, name, count) in [(64, 20, "rug, 0 ∈ S, best of 4", 4), (4, 2, "rug, 0 ∈ S", 1)]
    {
        let all = whole(features, hidden, 4, 1).unwrap();
        let rugs = all.iter().find(|candidate| candidate.name().starts_with("rug, 0 ∈ S")).unwrap();
        assert_eq!((rugs.name(), rugs.designs().count()), (name, count));
    }
}

/// A rug of one dimension is a line of signs, and one of n_s − 1 dimensions is a simplex, which has a
/// family of its own.
#[test]
fn the_rugs_among_the_blocks_have_from_2_to_all_but_2_dimensions() {
    let all = blocks(8, 0).unwrap();
    let rugs = all.iter().filter(|candidate| candidate.family == Family::Rugs);
    let shapes: Vec<_> =
        rugs.flat_map(Candidate::designs).map(|design| (design.features(), design.hidden())).collect();
    assert!(
        shapes.iter().all(|&(features, hidden)| features == 8 && (2..=6).contains(&hidden)),
        "{shapes:?}"
    );
    assert!((2..=6).all(|hidden| shapes.contains(&(8, hidden))), "{shapes:?}");
}

/// Four ways to say the same law, of which the last one tells the two of a pair apart.
#[test]
fn a_law_that_agrees_with_p_gives_the_same_numbers() {
    let (n, p) = (16, 0.1);
    let alone = Features::new(Groups::equal(1, Independent::new(n, p).unwrap()).unwrap(), UnitUniform);
    let pairs = Features::new(Pairs::new(n / 2, p, 0.0).unwrap(), UnitUniform);
    let rug = PersianRug::new(n, &[1, 2, 4, 7, 8]).unwrap();
    let sum = DirectSum::new(vec![
        (2, Box::new(Frame::harmonic(5, &[1]).unwrap())),
        (2, Box::new(Frame::simplex(2).unwrap())),
        (1, Box::new(Dropped(2))),
    ])
    .unwrap();
    for design in [&rug as &dyn Design, &sum] {
        let expected = optimise(design, p, true).unwrap().loss;
        let found = [
            optimise(design, &alone, true).unwrap(),
            optimise(design, &vec![p; n][..], true).unwrap(),
            optimise(design, &pairs, true).unwrap(),
        ];
        for best in found {
            assert!(best.converged && (best.loss / expected - 1.0).abs() < 1e-7, "{best:?} {expected}");
        }
    }
}

/// With a = 1, b = 0 an antipodal pair loses P[both on]/6 per feature: p/6 or p²/6 here, by who the
/// partners are.
#[test]
fn antipodes_lose_what_their_partners_cost() {
    let p = 0.2;
    let both = Features::new(Pairs::new(4, p, 1.0).unwrap(), UnitUniform);
    let never = Features::new(Pairs::new(4, p, -p / (1.0 - p)).unwrap(), UnitUniform);
    let best = |law: &Features<Pairs>, arrangement| {
        let pairs = Arranged::new(DirectSum::antipodal_pairs(4).unwrap(), law, arrangement).unwrap();
        let best = optimise(&pairs, law, true).unwrap();
        let model = pairs.autoencoder(&best.settings).unwrap();
        let rows: Vec<usize> = (0..8).collect();
        let whole = theory::exact_model_loss(&model, &rows, law).unwrap().loss;
        assert!((whole - best.loss).abs() < 1e-12, "{whole} {best:?}");
        best.loss
    };
    let across = best(&both, Arrangement::Across);
    let independent = optimise(&DirectSum::antipodal_pairs(4).unwrap(), p, true).unwrap().loss;
    assert!((across / independent - 1.0).abs() < 1e-7, "{across} {independent}");
    let within = best(&both, Arrangement::Within);
    assert!(within <= p / 6.0 && within > 2.0 * across, "{within} {across}");
    let least = best(&never, Arrangement::Within);
    assert!(least < 1e-14, "{least}");
    assert!((best(&never, Arrangement::Across) / independent - 1.0).abs() < 1e-7);
    // Magnitudes up to 3 scale the loss by 9.
    let tall = Features::new(Pairs::new(4, p, 1.0).unwrap(), Interval::new(0.0, 3.0).unwrap());
    let tall = optimise(&DirectSum::antipodal_pairs(4).unwrap(), &tall, false).unwrap();
    assert!((tall.loss / (9.0 * within) - 1.0).abs() < 1e-7, "{tall:?} {within}");
}

/// Each pair by itself, and dropped features with their own variances.
#[test]
fn features_of_several_probabilities_have_settings_of_their_own() {
    let each = [0.3, 0.3, 0.02, 0.02, 0.1, 0.4];
    let parts = vec![(2, Box::new(Frame::simplex(2).unwrap()) as _), (1, Box::new(Dropped(2)) as _)];
    let found = optimise(&DirectSum::new(parts).unwrap(), &each[..], false).unwrap();
    let pair = |p| optimise(&Frame::simplex(2).unwrap(), p, false).unwrap().loss;
    let variance = |p: f64| p / 3.0 - p * p / 4.0;
    let expected = (2.0 * pair(0.3) + 2.0 * pair(0.02) + variance(0.1) + variance(0.4)) / 6.0;
    assert!((found.loss / expected - 1.0).abs() < 1e-7, "{found:?} {expected}");
    assert_eq!(found.settings.len(), 4);
    // The most variance first: the places of a design are taken in this order.
    let order = Arrangement::Within.order(&each[..], 6).unwrap();
    assert_eq!(order, [5, 0, 1, 4, 2, 3]);
    let groups = Features::new(Groups::equal(3, Independent::new(2, 0.1).unwrap()).unwrap(), UnitUniform);
    assert_eq!(Arrangement::Across.order(&groups, 6).unwrap(), [0, 3, 1, 4, 2, 5]);
}

/// The loss and the setting of a design of one class against samples, and no setting nearby is
/// better.
#[test]
fn exactly_k_on_is_what_samples_say() {
    let law = Features::new(Exactly::new(8, 2).unwrap(), UnitUniform);
    let rug = PersianRug::new(8, &[1, 2, 4, 7]).unwrap();
    let best = optimise(&rug, &law, true).unwrap();
    let at = |da: f64, db: f64| {
        let mut row = vec![0.0; 8];
        rug.write_row(0, &mut row);
        row.iter_mut().for_each(|entry| *entry *= best.settings[0].a + da);
        theory::exact_row_loss(&row, 0, best.settings[0].bias + db, &law).unwrap().loss
    };
    assert!(best.converged && (at(0.0, 0.0) / best.loss - 1.0).abs() < 1e-12);
    for (da, db) in [(0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01), (0.01, -0.01), (-0.01, 0.01)] {
        assert!(at(da, db) > best.loss, "{da} {db}");
    }
    let model = rug.autoencoder(&best.settings).unwrap();
    let measured =
        toy_superposition_model::sampled_loss(&model, &law, Stream::Evaluation.samples(3, 0..40_000));
    let measured = measured.unwrap();
    let off = (measured.mean() - best.loss) / measured.standard_error();
    assert!(off.abs() < 4.0 && measured.standard_error() < 0.02 * best.loss, "{off}");
    let independent = optimise(&rug, 0.25, true).unwrap().loss;
    assert!((best.loss / independent - 1.0).abs() > 0.01, "{best:?} {independent}");
}

/// Read out by a ReLU the principal components are no worse than the best affine model; the list
/// holds them and both arrangements, and its best entry is its model.
#[test]
fn designs_under_a_law() {
    let law = Features::new(Groups::equal(3, Independent::new(4, 0.1).unwrap()).unwrap(), UnitUniform);
    let linear = theory::Spectrum::of(&law).unwrap().linear_loss(4).unwrap();
    let components = optimise(&PrincipalComponents::new(&law, 4).unwrap(), &law, false).unwrap();
    assert!(components.loss <= linear * (1.0 + 1e-9), "{components:?} {linear}");
    let list = under_law(&law, 4, &entries(4, 0.1), 2, 0).unwrap();
    let all: Vec<Entry> = list.iter().map(|candidate| candidate.best(&law).unwrap()).collect();
    assert!(all.iter().any(|entry| entry.family == Family::Components));
    let pairs = |name: &str| all.iter().find(|entry| entry.name == name).unwrap().best.loss;
    let names =
        ["within groups", "across groups"].map(|how| format!("4 × antipodal pair + 4 dropped, {how}"));
    let [within, across] = names.map(|name| pairs(&name));
    assert!(within > 1.1 * across, "{within} {across}");
    for entry in &all {
        let model = entry.design.autoencoder(&entry.best.settings).unwrap();
        let rows: Vec<usize> = (0..12).collect();
        let whole = theory::exact_model_loss(&model, &rows, &law).unwrap().loss;
        assert!((whole / entry.best.loss - 1.0).abs() < 1e-8, "{}: {whole} {:?}", entry.name, entry.best);
    }
}

#[test]
fn laws_that_do_not_fit_are_refused() {
    let rug = PersianRug::new(8, &[1, 2, 4]).unwrap();
    let law = Features::new(Pairs::new(3, 0.1, 0.5).unwrap(), UnitUniform);
    assert!(matches!(optimise(&rug, &law, true), Err(Error::Features { given: 6, expected: 8 })));
    assert!(matches!(optimise(&rug, &[0.1; 7][..], true), Err(Error::Features { given: 7, expected: 8 })));
    assert!(optimise(&rug, &[2.0; 8][..], true).is_err());
    let large = Features::new(Pairs::new(1024, 0.1, 0.5).unwrap(), UnitUniform);
    assert!(matches!(under_law(&large, 9, &[], 1, 0).err(), Some(Error::Large { given: 2048, most: 1024 })));
    assert!(matches!(optimise(&Lossless(2048), &large, true), Err(Error::Large { .. })));
    assert!(matches!(under_law(&law, 7, &[], 1, 0).err(), Some(Error::Shape { .. })));
}

/// An antipodal pair under other magnitudes: the best of a pattern search is not below what is
/// found.
#[test]
fn other_magnitudes_have_optimal_settings_too() {
    let pair = Frame::simplex(2).unwrap();
    let switches = || Independent::new(2, 0.2).unwrap();
    let found = |law: &dyn Law| {
        let best = optimise(&pair, law, false).unwrap();
        let row_loss = |a: f64, b: f64| theory::exact_row_loss(&[a, -a], 0, b, law).unwrap().loss;
        let least = least(row_loss, (1.0, 0.0));
        assert!(best.loss <= least * (1.0 + 1e-6), "{:?}: {best:?} {least}", law.spec());
        assert!(best.loss >= least * (1.0 - 1e-6), "{:?}: {best:?} {least}", law.spec());
    };
    found(&Features::new(switches(), Interval::new(0.5, 2.0).unwrap()));
    found(&Features::new(switches(), Exponential::new(0.25).unwrap()));
    found(&Features::new(switches(), Points::new(&[1.0, 3.0], &[0.5, 0.5]).unwrap()));
}

/// Trained weights keep their function and their loss, those of a dropped feature too.
#[test]
fn learned_weights_are_a_design_with_their_own_loss() {
    let encoder = nalgebra::DMatrix::from_fn(3, 7, |i, j| ((3 * i + 5 * j) % 7) as f64 / 4.0 - 0.7);
    let mut decoder = encoder.transpose() * 0.8;
    decoder.row_mut(2).fill(0.0);
    let bias = nalgebra::DVector::from_fn(7, |i, _| -0.05 * i as f64);
    let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
    let learned = Learned::new("some", &model).unwrap();
    let found = learned.optimised(0.2).unwrap();
    let expected = theory::exact_loss(&model.product(), bias.as_slice(), 0.2).unwrap().loss;
    assert!((found.loss / expected - 1.0).abs() < 1e-12);
    let again = learned.autoencoder(&found.settings).unwrap();
    assert!((again.product() - model.product()).amax() < 1e-12 && again.bias() == model.bias());
    let linear = Autoencoder::new(&encoder, &decoder, &bias, Activation::Identity).unwrap();
    assert!(matches!(Learned::new("linear", &linear), Err(Error::Theory(_))));
}

/// Regular polygons of one-hot features (k corners of c = 6, the others dropped), tied weights: the
/// least of the exact loss over length, bias and the dropped features' bias, found here without the
/// table. Losses are sums over the 6 features.
#[test]
fn polygons_of_one_hot_features_have_their_known_losses() {
    let law = Features::new(Exactly::new(6, 1).unwrap(), UnitUniform);
    for (corners, loss, length, bias) in
        [(4, 7.0 / 72.0, 1.0, 0.0), (5, 0.061799, 1.17046, -0.28230), (6, 0.048192, 1.32053, -0.61814)]
    {
        let cosine = nalgebra::DMatrix::from_fn(6, 6, |i, j| {
            let angle = std::f64::consts::TAU * (i as f64 - j as f64) / corners as f64;
            if i < corners && j < corners { angle.cos() } else { 0.0 }
        });
        let biases = |at: &[f64]| (0..6).map(|i| at[if i < corners { 1 } else { 2 }]).collect::<Vec<_>>();
        let (mut by_w, mut by_bias) = (cosine.clone(), [0.0; 6]);
        let evaluate = |at: &[f64], slopes: &mut [f64]| {
            let (w, b) = (&cosine * at[0] * at[0], biases(at));
            let found = theory::exact_gradient(&w, &b, &law, 1e-10, &mut by_w, &mut by_bias)?;
            slopes[0] = 2.0 * at[0] * by_w.dot(&cosine);
            slopes[1] = by_bias[..corners].iter().sum();
            slopes[2] = by_bias[corners..].iter().sum();
            Ok::<_, Error>(found.loss)
        };
        let config = LbfgsConfig { gradient_tolerance: 1e-9, ..LbfgsConfig::default() };
        let mut at = [0.9, -0.1, 0.03];
        let minimum = Lbfgs::new(config).unwrap().minimise(&mut at, evaluate).unwrap();
        assert!(minimum.outcome.converged(), "{corners}: {minimum:?}");
        assert!((6.0 * minimum.loss - loss).abs() < 5e-7, "{corners}: {minimum:?}");
        // Half of the last digit known.
        assert!((at[0] - length).abs() < 5e-6 && (at[1] - bias).abs() < 5e-6, "{corners}: {at:?}");
        assert!(corners == 6 || (at[2] - 1.0 / 12.0).abs() < 1e-7, "{corners}: {at:?}");

        // The same by the closed form, and by the design of a polygon beside dropped features.
        let closed = 6.0 * theory::polygon_loss(corners, 6, at[0], at[1]).unwrap();
        assert!((closed - 6.0 * minimum.loss).abs() < 1e-12, "{corners}: {closed} {minimum:?}");
        let polygon: toy_superposition_rug::BoxedDesign = Box::new(Frame::harmonic(corners, &[1]).unwrap());
        let dropped = (corners < 6).then(|| (1, Box::new(Dropped(6 - corners)) as _));
        let design = DirectSum::new([(1, polygon)].into_iter().chain(dropped).collect()).unwrap();
        let best = optimise(&design, &law, false).unwrap();
        assert!((6.0 * best.loss - loss).abs() < 5e-7, "{corners}: {best:?}");
        assert!((best.settings[0].a.sqrt() - length).abs() < 1e-4, "{corners}: {best:?}");
    }
    let dropped = optimise(&Dropped(6), &law, false).unwrap().loss;
    assert!((dropped - 7.0 / 144.0).abs() < 1e-13, "{dropped}");
}
