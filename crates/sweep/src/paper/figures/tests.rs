use std::sync::Arc;

use crate::Cell;
use toy_superposition_data::{LawSpec, SwitchesSpec};
use toy_superposition_figures::{ChartSeries, LossPoint, Scale};
use toy_superposition_theory as theory;

use super::*;

/// Returns a record whose numbers can be told apart.
fn record(kind: Model, features: usize, hidden: usize, probability: f64, seed: u64) -> Record {
    let cell = Cell { kind, features, hidden, probability, law: None, seed, block: 0 };
    let theory = Record::of_cell(&cell).unwrap();
    let loss = theory.theory_loss.unwrap() * (1.0 + 0.01 * hidden as f64 + seed as f64);
    let tell =
        |digit: f64| Some(digit + features as f64 + 1e-3 * hidden as f64 + probability + 1e-6 * seed as f64);
    Record {
        loss,
        standard_error: 1e-3 * loss,
        exact_loss: Some(1.01 * loss),
        exact_standard_error: Some(0.0),
        gaussian_loss: Some(1.2 * loss),
        edgeworth_loss: Some(0.9 * loss),
        diagonal_variance: tell(1e4),
        bias_variance: tell(2e4),
        delta_variance: tell(3e4),
        lyapunov: tell(4e4),
        dropped: Some(hidden / 2),
        ..theory
    }
}

fn block(features: &[usize], probabilities: &[f64], hidden: &[usize], seeds: &[u64]) -> Vec<Record> {
    let mut records = Vec::new();
    for &features in features {
        for &p in probabilities {
            for &hidden in hidden {
                for kind in [Model::Trained, Model::Rug, Model::MeanField] {
                    records.extend(seeds.iter().map(|&seed| record(kind, features, hidden, p, seed)));
                }
            }
        }
    }
    records
}

#[test]
fn charts_of_laws_hold_the_losses_of_their_own_law() {
    let of = |correlation: f64, hidden: usize, seed: u64| {
        let mut law = LawSpec::paper(16, 0.1);
        law.switches = SwitchesSpec::Pairs { probability: 0.1, correlation };
        let law = Some(Arc::new(law));
        let cell = Cell { kind: Model::Trained, features: 16, hidden, probability: 0.1, law, seed, block: 0 };
        let record = Record::of_cell(&cell).unwrap();
        let loss = 0.01 * (2.0 + correlation) + 1e-4 * hidden as f64 + 1e-3 * seed as f64;
        Record { loss, standard_error: 1e-5, gaussian_loss: Some(2.0 * loss), ..record }
    };
    let records = [of(0.5, 4, 0), of(-0.1, 8, 0), of(0.5, 8, 0), of(0.5, 8, 2), of(1.0, 2, 0)];
    let charts = law_curves(&records, "made");
    // The other law has a single ratio.
    assert_eq!(charts.len(), 1);
    let names: Vec<&str> = charts[0].series.iter().map(|series| series.name.as_str()).collect();
    assert!(!names.contains(&"exact, for the trained weights") && names.len() == 4, "{names:?}");
    let measured = &charts[0].series.last().unwrap().points;
    assert_eq!(measured.iter().map(|point| point.x).collect::<Vec<_>>(), [0.25, 0.5]);
    assert!((measured[0].y - 0.254).abs() < 1e-12 && (measured[0].error - 1e-4).abs() < 1e-12);
    // Two seeds: their mean and its standard error.
    assert!((measured[1].y - 0.268).abs() < 1e-12 && (measured[1].error - 0.01).abs() < 1e-12);
    assert!(charts[0].caption.contains("correlation:0.5") && charts[0].caption.contains("seeds 0, 2"));

    let charts = correlation_curves(&records, "made");
    assert_eq!(charts.len(), 1);
    let places = |series: &ChartSeries| series.points.iter().map(|point| point.x).collect::<Vec<_>>();
    assert!(charts[0].series.iter().all(|series| places(series) == [-0.1, 0.5]), "{charts:?}");
    let gaussian = charts[0].series.iter().find(|series| series.name.starts_with("Gaussian, ")).unwrap();
    assert!((gaussian.points[0].y - 2.0 * 0.198).abs() < 1e-12);
    assert!(law_curves(&records[..2], "made").is_empty());
    assert!(correlation_curves(&records[3..], "made").is_empty());
}

#[test]
fn curves_hold_the_records_losses() {
    let (probabilities, hidden) = ([0.3, 0.02, 0.1, 0.7, 0.05, 0.4], [24, 1, 3, 12, 6]);
    let records = block(&[32, 64], &probabilities, &hidden, &[5]);
    let figure = loss_curves(&records, 64, "made").unwrap();
    let drawn: Vec<f64> = figure.series.iter().map(|series| series.probability).collect();
    assert_eq!(drawn, [0.02, 0.05, 0.3, 0.7]);
    for series in &figure.series {
        for (points, kind) in [(&series.trained, Model::Trained), (&series.rug, Model::Rug)] {
            let expected = [1, 3, 6, 12, 24].map(|hidden| {
                let record = record(kind, 64, hidden, series.probability, 5);
                LossPoint { ratio: hidden as f64 / 64.0, loss: record.loss, error: record.standard_error }
            });
            assert_eq!(points.as_slice(), expected);
        }
        for (line, of) in [
            (&series.linear, theory::linear_loss as fn(f64, f64) -> theory::Result<f64>),
            (&series.theory, |p, r| Ok(theory::optimum_at_ratio(p, r)?.loss)),
        ] {
            assert!(
                line.len() > 100 && line[0].ratio < 1.0 / 64.0 && line[line.len() - 1].ratio > 24.0 / 64.0
            );
            assert!(line.iter().all(|point| point.loss == of(series.probability, point.ratio).unwrap()));
        }
    }
    assert!(figure.caption.contains("$n_s = 64$, seed 5; made"), "{}", figure.caption);
    let drop = initial_drop(&records, 64, "made").unwrap();
    assert_eq!((drop.loss_scale, drop.ratio_scale), (Scale::Log, Scale::Log));
    // All p from the least ratio, 1/64, to 1/2, which is all but 0.7.
    let shown: Vec<f64> = drop.series.iter().map(|series| series.probability).collect();
    assert_eq!(shown, [0.02, 0.05, 0.1, 0.4]);
    assert_eq!(drop.series[..2], figure.series[..2]);
    assert!(initial_drop(&block(&[64], &[0.1], &[1, 2, 3, 40], &[0]), 64, "").is_none());
    assert!(loss_curves(&records, 128, "").is_none());
    assert!(loss_curves(&block(&[64], &[0.1], &[1, 2, 3], &[0]), 64, "").is_none());

    // A rug far above everything else is counted in the caption and not drawn.
    let mut odd = records.clone();
    let rug =
        |r: &&mut Record| r.kind == Model::Rug && r.features == 64 && r.hidden == 3 && r.probability == 0.05;
    odd.iter_mut().find(rug).unwrap().loss = 7.0;
    let limited = loss_curves(&odd, 64, "made").unwrap();
    assert!(limited.losses.is_some() && figure.losses.is_none());
    assert!(limited.caption.ends_with("1 rug lies above the range."), "{}", limited.caption);
}

#[test]
fn a_rug_lies_above_the_range_from_half_as_much_again_as_the_greatest_other_loss() {
    let records = block(&[64], &[0.1], &[2, 4, 8, 16], &[0]);
    let series = &loss_curves(&records, 64, "").unwrap().series[0];
    let others = series.trained.iter().chain(&series.linear).chain(&series.theory);
    let most = others.map(|point| point.loss).fold(0.0, f64::max);
    for (factor, above) in [(1.49, false), (1.51, true)] {
        let mut records = records.clone();
        records.iter_mut().find(|record| record.kind == Model::Rug).unwrap().loss = factor * most;
        assert_eq!(loss_curves(&records, 64, "").unwrap().losses.is_some(), above, "{factor}");
    }
}

#[test]
fn several_seeds_become_a_mean_and_its_standard_error() {
    let records = block(&[64], &[0.1], &[2, 4, 8, 16], &[0, 1, 4]);
    let figure = loss_curves(&records, 64, "").unwrap();
    let losses = [0, 1, 4].map(|seed| record(Model::Trained, 64, 8, 0.1, seed).loss);
    let mean = losses.iter().sum::<f64>() / 3.0;
    let variance = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / 2.0;
    let point = figure.series[0].trained[2];
    assert_eq!((point.loss, point.error), (mean, (variance / 3.0).sqrt()));
    assert!(figure.caption.contains("seeds 0, 1, 4"));
}

#[test]
fn maps_hold_each_records_value_at_its_place() {
    let small = block(&[32], &[0.1, 0.2, 0.4], &[4, 8, 16], &[0]);
    let mut large = block(&[32, 64], &[0.01, 0.1, 0.5, 0.8], &[4, 9, 16], &[0, 1]);
    let gone = |r: &Record| r.features == 64 && r.hidden == 9 && r.probability == 0.5;
    large.retain(|record| !gone(record));
    let blocks = [small, large, block(&[128], &[0.1, 0.2], &[4, 8, 16], &[0])];
    for quantity in Quantity::ALL {
        let figure = heat_maps(&blocks, quantity, "").unwrap();
        assert_eq!(figure.panels.len(), 2);
        for (panel, features) in figure.panels.iter().zip([32, 64]) {
            assert_eq!(panel.title, format!("$n_s = {features}$"));
            assert_eq!(panel.probabilities, [0.01, 0.1, 0.5, 0.8]);
            assert_eq!(panel.ratios, [4, 9, 16].map(|hidden| f64::from(hidden) / features as f64));
            for (i, &p) in panel.probabilities.iter().enumerate() {
                for (j, hidden) in [4, 9, 16].into_iter().enumerate() {
                    let one = |seed| quantity.of(&record(Model::Trained, features, hidden, p, seed)).unwrap();
                    let expected = (!gone(&record(Model::Trained, features, hidden, p, 0)))
                        .then(|| (one(0) + one(1)) / 2.0);
                    assert_eq!(panel.values[3 * i + j], expected);
                }
            }
        }
    }
    let of = |quantity: Quantity| quantity.of(&record(Model::Trained, 32, 9, 0.1, 2)).unwrap();
    assert_eq!(of(Quantity::DiagonalVariance).floor(), 10_032.0);
    assert_eq!(of(Quantity::BiasVariance).floor(), 20_032.0);
    assert_eq!(of(Quantity::DeltaVariance).floor(), 30_032.0);
    assert_eq!(of(Quantity::Lyapunov).floor(), 40_032.0);
    assert_eq!(of(Quantity::Dropped), 4.0 / 32.0);
    // The loss is 1.01 times the measured one, which is (1 + 0.09 + 2) times the theory's.
    assert!((of(Quantity::Distance) - (1.01_f64 * 3.09).log10()).abs() < 1e-12);
    assert!(heat_maps(&blocks[2..], Quantity::Lyapunov, "").is_none());
    let none = Record { diagonal_variance: Some(0.0), ..record(Model::Trained, 32, 9, 0.1, 2) };
    assert_eq!(Quantity::DiagonalVariance.of(&none), None);
}

#[test]
fn distances_are_those_of_each_size_at_its_own_ratio() {
    // At r = 0.3, 9/32, 19/64 and 38/128 count as one ratio; 0.5 has a single size.
    let mut records = block(&[32], &[0.1, 0.2], &[9], &[0, 1, 2]);
    records.extend(block(&[64], &[0.1], &[19], &[0]));
    records.extend(block(&[128], &[0.1, 0.2], &[38, 64], &[7]));
    let figure = finite_size(&records, "made").unwrap();
    let found: Vec<_> = figure.series.iter().map(|series| (series.probability, series.ratio)).collect();
    assert_eq!(found, [(0.1, 38.0 / 128.0), (0.2, 38.0 / 128.0)]);
    let sizes = |k: usize| figure.series[k].points.iter().map(|point| point.features).collect::<Vec<_>>();
    assert_eq!((sizes(0), sizes(1)), (vec![32, 64, 128], vec![32, 128]));
    let relative = |hidden: usize, seed: u64| 1.01 * (1.0 + 0.01 * hidden as f64 + seed as f64) - 1.0;
    let [first, second, third] = figure.series[0].points[..] else { panic!("three sizes") };
    // Over seeds 0, 1, 2 the mean is that of seed 1 and the standard error 1.01/√3. A single exact
    // loss has no error.
    assert!(
        (first.relative - relative(9, 1)).abs() < 1e-12 && (first.error - 1.01 / 3f64.sqrt()).abs() < 1e-12
    );
    assert!((second.relative - relative(19, 0)).abs() < 1e-12 && second.error == 0.0);
    assert!((third.relative - relative(38, 7)).abs() < 1e-12);
    assert_eq!(figure.series[0].rugs, figure.series[0].points);
    assert!(figure.caption.contains("seeds 0, 1, 2, 7; made"));
    assert!(finite_size(&block(&[64], &[0.1], &[9], &[0]), "").is_none());

    let figure = predictions(&records, "").unwrap();
    let trained: Vec<&Record> = of_kind(&records, Model::Trained).collect();
    assert_eq!(figure.models.len(), trained.len());
    for (model, record) in figure.models.iter().zip(trained) {
        assert_eq!(
            (model.probability, model.sampled, model.error),
            (record.probability, record.loss, record.standard_error)
        );
        assert_eq!(
            (model.exact, model.edgeworth, model.gaussian),
            (record.exact_loss, record.edgeworth_loss, record.gaussian_loss)
        );
    }
    let mut few = block(&[64], &[0.1], &[9], &[0]);
    few[0].exact_standard_error = Some(1e-9);
    few[0].edgeworth_loss = Some(-1.0);
    let model = predictions(&few, "").unwrap().models[0];
    assert_eq!((model.exact, model.edgeworth), (None, None));
}

#[test]
fn the_ratio_of_a_series_over_sizes_is_that_of_its_largest_model() {
    let mut records = block(&[32], &[0.1], &[9], &[0]);
    records.extend(block(&[128], &[0.1], &[37], &[0]));
    let figure = finite_size(&records, "").unwrap();
    let found: Vec<_> = figure.series.iter().map(|series| (series.ratio, series.points.len())).collect();
    assert_eq!(found, [(37.0 / 128.0, 2)]);
}

/// Returns records of trained models with a loss of 0 at one hidden dimension, as if no feature
/// were on in any sample.
fn with_zeros(hidden: usize) -> Vec<Record> {
    let mut records = block(&[32, 64], &[0.1, 0.2, 0.4], &[1, 2, 4, 8, 16], &[0]);
    for record in records.iter_mut().filter(|r| r.kind == Model::Trained && r.hidden == hidden) {
        *record = Record {
            loss: 0.0,
            standard_error: 0.0,
            exact_loss: Some(0.0),
            diagonal_variance: Some(0.0),
            ..record.clone()
        };
    }
    records
}

#[test]
fn values_without_a_place_on_a_logarithmic_scale_are_left_out_and_counted() {
    let records = with_zeros(4);
    let told = |caption: &str, count: usize| {
        let end = format!(" {count} values that are 0, negative or not finite have no place on the scale.");
        assert!(caption.ends_with(&end), "{caption}");
    };
    let drop = initial_drop(&records, 64, "").unwrap();
    assert!(drop.series.iter().all(|series| series.trained.len() == 4 && series.rug.len() == 5));
    told(&drop.caption, 3);
    // A linear axis can show 0.
    let curves = loss_curves(&records, 64, "").unwrap();
    assert!(curves.series.iter().all(|series| series.trained.len() == 5));
    assert!(curves.caption.ends_with("standard error."), "{}", curves.caption);
    let figure = predictions(&records, "").unwrap();
    assert_eq!(figure.models.len(), 24);
    told(&figure.caption, 6);
    // Variances of 0 and a loss of 0 have no logarithm.
    for quantity in [Quantity::DiagonalVariance, Quantity::Distance] {
        let maps = heat_maps(std::slice::from_ref(&records), quantity, "").unwrap();
        assert_eq!(maps.panels.iter().flat_map(|panel| &panel.values).flatten().count(), 24);
        told(&maps.caption, 6);
    }
    let maps = heat_maps(std::slice::from_ref(&records), Quantity::BiasVariance, "").unwrap();
    assert!(maps.caption.ends_with("seed 0; ."), "{}", maps.caption);

    // Invalid numbers of any sort do not prevent the figures from being drawn.
    let folder = tempfile::tempdir().unwrap();
    for odd in [0.0, -1e-3, 1e-320, 1e300, f64::INFINITY, f64::NAN] {
        let mut records = block(&[32, 64], &[0.1, 0.2, 0.4], &[1, 2, 4, 8], &[0, 1]);
        records[0] = Record {
            loss: odd,
            standard_error: odd.abs(),
            exact_loss: Some(odd),
            gaussian_loss: Some(odd),
            edgeworth_loss: Some(odd),
            diagonal_variance: Some(odd),
            ..records[0].clone()
        };
        let maps = |quantity| heat_maps(std::slice::from_ref(&records), quantity, "").map(Figure::HeatMaps);
        for figure in [
            maps(Quantity::DiagonalVariance),
            maps(Quantity::Distance),
            loss_curves(&records, 32, "").map(Figure::LossCurves),
            initial_drop(&records, 32, "").map(Figure::LossCurves),
            finite_size(&records, "").map(Figure::FiniteSize),
            predictions(&records, "").map(Figure::Predictions),
        ] {
            let drawing = Drawing { name: "odd".to_owned(), figure: figure.unwrap() };
            let written = drawing.draw(folder.path()).map_err(|error| format!("{odd}: {error}"));
            let svg = std::fs::read_to_string(written.unwrap().svg).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{odd}: {drawing:?}");
        }
    }
}

#[test]
fn where_the_theory_has_no_loss_a_model_without_one_is_at_it() {
    let relative = |hidden: usize, loss: f64| {
        let of_theory = record(Model::Trained, 8, hidden, 0.1, 0);
        assert_eq!(of_theory.theory_loss == Some(0.0), hidden == 8);
        Record { loss, standard_error: 0.0, exact_loss: None, ..of_theory }.relative_to_theory()
    };
    assert_eq!(relative(8, 0.0), (0.0, 0.0));
    assert_eq!(relative(8, 1e-9), (f64::INFINITY, 0.0));
    assert_eq!(relative(4, 0.0), (-1.0, 0.0));
}
