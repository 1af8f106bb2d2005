//! Designs at their best, and mixtures of them, against closed forms and other ways to the same number.

#![allow(clippy::unwrap_used)]

use rand::RngExt;
use toy_superposition_data::Stream;
use toy_superposition_designs::{Candidate, Entry, Error, Family, Mixtures, blocks, optimise, whole};
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

/// The least value of a function by a pattern search: to the best of eight neighbours, or nearer where none is better.
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

/// L = p²/6 with a = 1, b = 0 (docs/theory.md). The best settings gain p/32 of it at small p: at b = 0 the loss is
/// p²/6 + p α²/3 − p² α/12 in α = a − 1, least at α = p/8.
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

/// Above the table's size the sums stay within a hundredth of the envelope of the blocks, and where that is 0 they lose nothing.
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
