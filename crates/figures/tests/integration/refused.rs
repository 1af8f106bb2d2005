//! Numbers and paths for which no figure is drawn.

use super::*;

#[test]
fn paths_that_cannot_be_written_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("absent/figure");
    for (name, draw, _) in all() {
        for error in [draw(&nowhere).unwrap_err(), check_writable(&nowhere).unwrap_err()] {
            assert!(
                matches!(&error, Error::Write(files::Error::Write { path, .. })
                    if *path == nowhere.with_file_name("figure.png")),
                "{name}"
            );
        }
    }
    assert!(matches!(rug(&a_rug(), "/").unwrap_err(), Error::FileName { .. }));
    // If the path of the PNG is a directory, it is kept, and no temporary file remains.
    fs::create_dir(folder.path().join("taken.png")).unwrap();
    let taken = folder.path().join("taken.svg");
    for error in [rug(&a_rug(), &taken).unwrap_err(), check_writable(&taken).unwrap_err()] {
        assert!(matches!(error, Error::Write(files::Error::NotAFile { .. })));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn charts_without_a_place_on_their_scales_are_refused() {
    let draw = |change: fn(&mut Chart)| {
        let mut figure = a_chart();
        change(&mut figure);
        chart(&figure, "/absent/x").unwrap_err()
    };
    assert!(matches!(draw(|f| f.series.clear()), Error::Empty { what: "series" }));
    assert!(matches!(draw(|f| f.series[1].points.clear()), Error::Empty { what: "points" }));
    let error = draw(|f| f.series[2].points[1].x = 0.0);
    assert!(matches!(error, Error::NotPositive { what: "x", index: 1, given: 0.0 }));
    let error = draw(|f| (f.y_scale, f.series[0].points[2].y) = (Scale::Linear, f64::NAN));
    assert!(matches!(error, Error::NotFinite { what: "y", index: 2, .. }));
    assert!(matches!(draw(|f| f.series[0].points[0].error = -0.1), Error::Negative { .. }));
    // On a linear scale, 0 and negative values are allowed.
    let error = draw(|f| (f.x_scale, f.series[2].points[1].x) = (Scale::Linear, -1.0));
    assert!(matches!(error, Error::Write(_)), "{error:?}");
}

#[test]
fn wrong_matrices_are_refused() {
    let draw = |change: fn(&mut Rug)| {
        let mut figure = a_rug();
        change(&mut figure);
        rug(&figure, "/absent/x").unwrap_err()
    };
    assert!(matches!(draw(|f| (f.features, f.values) = (0, vec![])), Error::Empty { what: "matrix" }));
    assert!(matches!(draw(|f| f.features = 3), Error::Length { what: "matrix", given: 4, expected: 9 }));
    assert!(matches!(draw(|f| f.features = usize::MAX), Error::Length { .. }));
    assert!(matches!(draw(|f| f.values[2] = f64::NAN), Error::NotFinite { what: "matrix", index: 2, .. }));
    assert!(matches!(draw(|f| f.limit = Some(0.0)), Error::NotPositive { what: "colour limit", .. }));
    let mut block = a_block();
    block.bias.pop();
    let error = weight_block(&block, "/absent/x").unwrap_err();
    assert!(matches!(error, Error::Length { what: "bias", given: 2, expected: 3 }));
    block.bias.push(f64::NEG_INFINITY);
    let error = weight_block(&block, "/absent/x").unwrap_err();
    assert!(matches!(error, Error::NotFinite { what: "bias", index: 2, given: f64::NEG_INFINITY }));
}

#[test]
fn wrong_curves_are_refused() {
    let draw = |change: fn(&mut LossCurves)| {
        let mut figure = some_curves();
        change(&mut figure);
        loss_curves(&figure, "/absent/x").unwrap_err()
    };
    assert!(matches!(draw(|f| f.series.clear()), Error::Empty { what: "series" }));
    assert!(matches!(
        draw(|f| f.series = vec![LossSeries { probability: 0.1, ..Default::default() }]),
        Error::Empty { what: "points" }
    ));
    assert!(matches!(
        draw(|f| f.series[0].probability = 0.0),
        Error::NotPositive { what: "probabilities", .. }
    ));
    assert!(matches!(
        draw(|f| f.series[0].theory[1].loss = f64::NAN),
        Error::NotFinite { what: "theory loss", index: 1, .. }
    ));
    assert!(matches!(draw(|f| f.series[0].rug[0].loss = -1e-9), Error::NotPositive { what: "rug loss", .. }));
    assert!(matches!(
        draw(|f| f.series[0].trained[1].error = -0.1),
        Error::Negative { what: "loss errors", index: 1, .. }
    ));
    assert!(matches!(draw(|f| f.ratios = Some((0.4, 0.4))), Error::Order { what: "range of ratios", .. }));
    // A linear axis accepts any finite loss.
    let mut linear = some_curves();
    linear.loss_scale = Scale::Linear;
    linear.series[0].rug[0].loss = -1e-9;
    let folder = tempfile::tempdir().unwrap();
    assert!(loss_curves(&linear, folder.path().join("x")).is_ok());
}

#[test]
fn wrong_maps_are_refused() {
    let draw = |change: fn(&mut HeatMaps)| {
        let mut figure = some_maps();
        change(&mut figure);
        heat_maps(&figure, "/absent/x").unwrap_err()
    };
    assert!(matches!(draw(|f| f.panels.clear()), Error::Empty { what: "panels" }));
    assert!(matches!(
        draw(|f| f.panels.iter_mut().for_each(|p| p.values.fill(None))),
        Error::Empty { what: "cells with a value" }
    ));
    assert!(matches!(
        draw(|f| f.panels[1].values.truncate(5)),
        Error::Length { what: "cells", given: 5, expected: 6 }
    ));
    assert!(matches!(draw(|f| f.panels[0].ratios[2] = 0.5), Error::Order { what: "ratios", index: 2, .. }));
    assert!(matches!(
        draw(|f| f.panels[0].probabilities[0] = 0.0),
        Error::NotPositive { what: "probabilities", index: 0, .. }
    ));
    assert!(matches!(
        draw(|f| f.panels[0].values[3] = Some(0.0)),
        Error::NotPositive { what: "cells", index: 3, .. }
    ));
    assert!(matches!(
        draw(|f| f.panels[0].values[4] = Some(f64::INFINITY)),
        Error::NotFinite { what: "cells", index: 4, .. }
    ));
    let centre = draw(|f| f.colours = Colours::Diverging { centre: f64::NAN, reach: None });
    assert!(matches!(centre, Error::NotFinite { what: "centre of the colours", .. }));

    let mut phases = a_phase_map();
    phases.regimes[3] = Some(2);
    let error = phase_map(&phases, "/absent/x").unwrap_err();
    assert!(matches!(error, Error::Regime { index: 3, given: 2, names: 2 }));
    phases = a_phase_map();
    phases.boundaries[0].points[1].1 = f64::NAN;
    let error = phase_map(&phases, "/absent/x").unwrap_err();
    assert!(matches!(error, Error::NotFinite { what: "boundary ratios", index: 1, .. }));
}

#[test]
fn wrong_comparisons_are_refused() {
    let mut figure = a_comparison();
    figure.series[0].points[0].features = 0;
    let error = finite_size(&figure, "/absent/x").unwrap_err();
    assert!(matches!(error, Error::NotPositive { what: "features", index: 0, .. }));
    figure.series[0].points.clear();
    assert!(matches!(finite_size(&figure, "/absent/x").unwrap_err(), Error::Empty { what: "points" }));
    let draw = |change: fn(&mut PredictedLoss)| {
        let mut figure = some_predictions();
        change(&mut figure.models[1]);
        predictions(&figure, "/absent/x").unwrap_err()
    };
    assert!(matches!(draw(|m| m.sampled = 0.0), Error::NotPositive { what: "sampled loss", index: 1, .. }));
    assert!(matches!(
        draw(|m| m.gaussian = Some(f64::NAN)),
        Error::NotFinite { what: "Gaussian loss", index: 1, .. }
    ));
    assert!(matches!(draw(|m| m.error = -1.0), Error::Negative { index: 1, .. }));
    let none = Predictions {
        models: vec![PredictedLoss { probability: 0.1, sampled: 0.1, ..Default::default() }],
        deviation: None,
        caption: String::new(),
    };
    assert!(matches!(predictions(&none, "/absent/x").unwrap_err(), Error::Empty { what: "predictions" }));
}

#[test]
fn ranges_leave_out_what_lies_outside_and_must_make_sense() {
    let folder = tempfile::tempdir().unwrap();
    let svg = |written: Written| fs::read_to_string(written.svg).unwrap();
    let stem = folder.path().join("figure");
    let curves = |losses| loss_curves(&LossCurves { losses, ..some_curves() }, &stem);
    // The values loss/p are 0.04 and 0.16. A range above the lower one has fewer marks.
    let (all, some) = (svg(curves(None).unwrap()), svg(curves(Some((0.1, 0.4))).unwrap()));
    assert!(some.matches("<path").count() < all.matches("<path").count());
    assert!(matches!(curves(Some((0.0, 0.4))), Err(Error::NotPositive { what: "range of losses", .. })));
    assert!(matches!(curves(Some((0.4, 0.1))), Err(Error::Order { what: "range of losses", .. })));
    let logarithmic = LossCurves { ratio_scale: Scale::Log, ..some_curves() };
    let refused = loss_curves(&logarithmic, &stem);
    assert!(matches!(refused, Err(Error::NotPositive { what: "ratios", .. })), "the linear model at r = 0");

    let deviations = |deviation| predictions(&Predictions { deviation, ..some_predictions() }, &stem);
    let (all, some) = (svg(deviations(None).unwrap()), svg(deviations(Some(1.5)).unwrap()));
    assert!(some.matches("<path").count() < all.matches("<path").count());
    assert!(matches!(deviations(Some(0.0)), Err(Error::NotPositive { what: "largest deviation", .. })));

    let maps = |reach| {
        let colours = Colours::Diverging { centre: 0.0, reach };
        heat_maps(&HeatMaps { colours, ..some_maps() }, &stem)
    };
    assert!(svg(maps(Some(0.01)).unwrap()) != svg(maps(None).unwrap()));
    assert!(matches!(maps(Some(-1.0)), Err(Error::NotPositive { what: "reach of the colours", .. })));
}
