//! Every figure as a reader meets it: its files, its labels, its colours, and what it refuses.

#![allow(clippy::unwrap_used)] // the lint's own exception covers test functions but not what they call

use std::fs;
use std::path::Path;

use toy_superposition_figures::{
    Boundary, Chart, ChartMark, ChartPoint, ChartSeries, Colours, Error, FiniteSize, FiniteSizePoint,
    FiniteSizeSeries, HeatMap, HeatMaps, LossCurves, LossPoint, LossSeries, PhaseMap, Plane, PlaneVector,
    Planes, PredictedLoss, Predictions, Result, Rug, Scale, WeightBlock, WeightPanel, WeightPanels, Written,
    chart, check_writable, finite_size, heat_maps, loss_curves, phase_map, planes, predictions, rug,
    weight_block, weight_panels,
};
use toy_superposition_files as files;

const CAPTION: &str = "Drawn from $n_s = 64$, seed 9.";

fn a_rug() -> Rug {
    // not symmetric: upper right 1, lower left −1
    Rug { features: 2, values: vec![0.0, 1.0, -1.0, 0.0], limit: None, caption: CAPTION.to_owned() }
}

fn some_curves() -> LossCurves {
    let point = |ratio, loss, error| LossPoint { ratio, loss, error };
    LossCurves {
        series: vec![LossSeries {
            probability: 0.05,
            trained: vec![point(0.1, 8e-3, 4e-4), point(0.5, 2e-3, 3e-3)],
            rug: vec![point(0.1, 9e-3, 1e-5)],
            linear: vec![point(0.0, 0.016, 0.0), point(0.9, 0.0016, 0.0)],
            theory: vec![point(0.1, 9e-3, 0.0), point(0.5, 2.5e-3, 0.0)],
        }],
        loss_scale: Scale::Log,
        ratio_scale: Scale::Linear,
        ratios: None,
        losses: None,
        caption: CAPTION.to_owned(),
    }
}

fn a_chart() -> Chart {
    let series = |name: &str, mark, factor: f64| ChartSeries {
        name: name.to_owned(),
        points: [(1.0, 0.5, 0.1), (10.0, 0.2, 0.3), (100.0, 0.05, 0.0)]
            .map(|(x, y, error)| ChartPoint { x, y: factor * y, error })
            .to_vec(),
        mark,
    };
    Chart {
        x_label: "step $t$".to_owned(),
        y_label: "loss per feature / $p$".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series: vec![
            series("bound", ChartMark::Dashed, 0.5),
            series("exact", ChartMark::Line, 1.0),
            series("measured", ChartMark::Points, 1.1),
            series("other", ChartMark::Joined, 2.0),
        ],
        caption: CAPTION.to_owned(),
    }
}

fn a_block() -> WeightBlock {
    WeightBlock {
        features: 3,
        values: (0..9).map(f64::from).collect(),
        bias: vec![-1.0, -2.0, -3.0],
        caption: CAPTION.to_owned(),
    }
}

fn a_scatter() -> Chart {
    let series = |name: &str, mark, points: &[(f64, f64)]| ChartSeries {
        name: name.to_owned(),
        points: points.iter().map(|&(x, y)| ChartPoint { x, y, error: 0.0 }).collect(),
        mark,
    };
    Chart {
        x_scale: Scale::Log,
        series: vec![
            series("pair 1/2", ChartMark::Level, &[(0.0, 0.5)]),
            series("one feature", ChartMark::Dots, &[(1.0, 0.5), (10.0, 0.75), (20.0, 0.52)]),
        ],
        caption: CAPTION.to_owned(),
        ..Chart::default()
    }
}

fn some_planes() -> Planes {
    let vector = |tip, group| PlaneVector { tip, group, trail: vec![[0.1, 0.1], tip] };
    let plane = |title: &str, vectors| Plane { title: title.to_owned(), note: "a pair".to_owned(), vectors };
    Planes {
        groups: vec!["first set".to_owned(), "second set".to_owned()],
        panels: vec![
            plane("$p = 0.1$", vec![vector([1.0, 0.0], 0), vector([-1.0, 0.0], 1)]),
            plane("$p = 0.2$", vec![vector([0.0, 1.5], 1)]),
        ],
        caption: CAPTION.to_owned(),
    }
}

fn some_weights() -> WeightPanels {
    let panel = |title: &str, values: [f64; 4]| WeightPanel {
        title: title.to_owned(),
        features: 2,
        values: values.to_vec(),
        bias: vec![-0.5, 0.5],
    };
    WeightPanels {
        panels: vec![panel("$p = 1$", [0.0, 1.0, -1.0, 0.0]), panel("$p = 0.1$", [0.5; 4])],
        caption: CAPTION.to_owned(),
    }
}

fn some_maps() -> HeatMaps {
    let map = |n: usize| HeatMap {
        title: format!("$n_s = {n}$"),
        probabilities: vec![0.01, 0.1],
        ratios: vec![0.25, 0.5, 0.75],
        values: vec![Some(1e-5), Some(1e-4), None, Some(1e-3), Some(1e-2), Some(1e-1)],
    };
    HeatMaps {
        quantity: "variance of the diagonal".to_owned(),
        panels: vec![map(128), map(512)],
        colours: Colours::Log,
        probability_scale: Scale::Log,
        ratio_scale: Scale::Linear,
        caption: CAPTION.to_owned(),
    }
}

fn a_comparison() -> FiniteSize {
    let point = |features, relative| FiniteSizePoint { features, relative, error: 0.02 };
    FiniteSize {
        series: vec![FiniteSizeSeries {
            probability: 0.044,
            ratio: 0.25,
            points: vec![point(128, -0.4), point(512, -0.1)],
            rugs: vec![point(128, 0.05), point(256, 0.01)],
        }],
        caption: CAPTION.to_owned(),
    }
}

fn some_predictions() -> Predictions {
    let model = |sampled: f64| PredictedLoss {
        probability: 0.05,
        sampled,
        error: 0.01 * sampled,
        exact: Some(sampled * 1.005),
        edgeworth: Some(sampled * 0.98),
        gaussian: None,
    };
    Predictions { models: vec![model(1e-3), model(1e-2)], deviation: None, caption: CAPTION.to_owned() }
}

fn a_phase_map() -> PhaseMap {
    PhaseMap {
        names: vec!["symmetric".to_owned(), "features dropped".to_owned()],
        probabilities: vec![0.1, 0.2],
        ratios: vec![0.3, 0.6],
        regimes: vec![Some(1), Some(0), None, Some(0)],
        boundaries: vec![Boundary {
            name: "convex envelope".to_owned(),
            points: vec![(0.1, 0.4), (0.2, 0.5)],
        }],
        caption: CAPTION.to_owned(),
        ..PhaseMap::default()
    }
}

type Draw = Box<dyn Fn(&Path) -> Result<Written>>;

/// Each figure with labels its SVG must carry.
fn all() -> Vec<(&'static str, Draw, Vec<&'static str>)> {
    vec![
        ("rug", Box::new(|p| rug(&a_rug(), p)), vec!["feature index j", "feature index i", "matrix element"]),
        (
            "curves",
            Box::new(|p| loss_curves(&some_curves(), p)),
            vec![
                "loss per feature / p (dimensionless)",
                "ratio n_d/n_s",
                "trained",
                "Persian rug",
                "p = 0.05",
            ],
        ),
        (
            "chart",
            Box::new(|p| chart(&a_chart(), p)),
            vec!["step t", "loss per feature / p", "bound", "exact", "measured", "other", "100"],
        ),
        ("block", Box::new(|p| weight_block(&a_block(), p)), vec!["weight or bias", "W", "b"]),
        (
            "maps",
            Box::new(|p| heat_maps(&some_maps(), p)),
            vec!["variance of the diagonal", "feature probability p", "n_s = 512", "no value", "10^−3"],
        ),
        (
            "comparison",
            Box::new(|p| finite_size(&a_comparison(), p)),
            vec![
                "loss relative to theory (%)",
                "trained",
                "Persian rug",
                "number of features n_s",
                "p = 0.044, r = 0.25",
                "512",
            ],
        ),
        (
            "predictions",
            Box::new(|p| predictions(&some_predictions(), p)),
            vec!["sampled loss / p (dimensionless)", "predicted loss / p", "exact", "Edgeworth", "equal"],
        ),
        (
            "phases",
            Box::new(|p| phase_map(&a_phase_map(), p)),
            vec!["symmetric", "features dropped", "convex envelope", "no value", "ratio n_d/n_s"],
        ),
        (
            "importances",
            Box::new(|p| {
                let ratio_label = Some("importance".to_owned());
                phase_map(&PhaseMap { ratio_label, ..a_phase_map() }, p)
            }),
            vec!["importance", "symmetric"],
        ),
        ("scatter", Box::new(|p| chart(&a_scatter(), p)), vec!["pair 1/2", "one feature", "10"]),
        ("planes", Box::new(|p| planes(&some_planes(), p)), vec!["p = 0.1", "a pair", "second set"]),
        (
            "weights",
            Box::new(|p| weight_panels(&some_weights(), p)),
            vec!["p = 1", "p = 0.1", "weight or bias"],
        ),
    ]
}

struct Bitmap {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Bitmap {
    fn open(path: &Path) -> Self {
        let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Self { width: info.width as usize, height: info.height as usize, rgb }
    }

    fn at(&self, x: f64, y: f64) -> [u8; 3] {
        let k = 3 * (y as usize * self.width + x as usize);
        [self.rgb[k], self.rgb[k + 1], self.rgb[k + 2]]
    }

    fn count(&self, colour: [u8; 3]) -> usize {
        self.rgb.chunks_exact(3).filter(|p| *p == colour).count()
    }
}

#[test]
fn every_figure_is_a_column_wide_and_carries_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    for (name, draw, labels) in all() {
        let written = draw(&folder.path().join(name)).unwrap();
        assert_eq!(written.png, folder.path().join(format!("{name}.png")));
        let svg = fs::read_to_string(&written.svg).unwrap();
        for label in labels.into_iter().chain(["Drawn from n_s = 64, seed 9."]) {
            assert!(svg.contains(&format!("aria-label=\"{label}\"")), "{name}: {label}");
        }
        assert!(svg.contains("width=\"85mm\"") && !svg.contains("font-family"), "{name}");
        // 85 mm at 400 dots an inch; the height in the viewBox's proportion
        let bitmap = Bitmap::open(&written.png);
        let size = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split('"').next().unwrap();
        let (w, h) = size.split_once(' ').unwrap();
        let (w, h): (f64, f64) = (w.parse().unwrap(), h.parse().unwrap());
        if ["rug", "block"].contains(&name) {
            assert!(bitmap.width >= 1339, "{name}");
        } else {
            assert_eq!(bitmap.width, 1339, "{name}");
        }
        let want = bitmap.width as f64 * h / w;
        assert!((bitmap.height as f64 - want).abs() <= 1.0, "{name}: {} for {want}", bitmap.height);
    }
    // nothing but the files: no temporary ones
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2 * all().len());
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, draw, _) in all() {
        let files = |written: Written| (fs::read(written.png).unwrap(), fs::read(written.svg).unwrap());
        let once = files(draw(&folder.path().join(name)).unwrap());
        // over the files just written
        assert!(once == files(draw(&folder.path().join(name)).unwrap()), "{name}");
    }
}

/// The first embedded picture's or the first crisp cell's rectangle in an SVG, as fractions of the
/// page.
fn rectangle(svg: &str, start: &str) -> [f64; 4] {
    let element = svg.split(start).nth(1).unwrap().split("/>").next().unwrap();
    let value = |key: &str| -> f64 {
        let text = element.split(&format!("{key}=\"")).nth(1).unwrap();
        text.split('"').next().unwrap().parse().unwrap()
    };
    ["x", "y", "width", "height"].map(value)
}

#[test]
fn a_rug_shows_row_i_downward_and_column_j_to_the_right() {
    let folder = tempfile::tempdir().unwrap();
    let written = rug(&a_rug(), folder.path().join("rug")).unwrap();
    let bitmap = Bitmap::open(&written.png);
    let svg = fs::read_to_string(&written.svg).unwrap();
    let scale = bitmap.width as f64 / (85.0 / 25.4 * 72.0);
    let [x, y, width, height] = rectangle(&svg, "<image");
    let at = |i: f64, j: f64| {
        bitmap.at(scale * (x + width * (0.25 + 0.5 * j)), scale * (y + height * (0.25 + 0.5 * i)))
    };
    let ([r01, _, b01], [r10, _, b10]) = (at(0.0, 1.0), at(1.0, 0.0));
    assert!(r01 > b01, "1 is orange");
    assert!(b10 > r10, "−1 is blue");
    assert_eq!(at(0.0, 0.0), [0xf7, 0xf7, 0xf5], "0 is the centre");
    assert_eq!(at(0.0, 0.0), at(1.0, 1.0));
}

/// Any finite numbers have a place, ratios above 1 and below 0 too.
#[test]
fn ratios_need_not_lie_between_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    let mut figure = some_curves();
    let point = |ratio| LossPoint { ratio, loss: 1e-3, error: 0.0 };
    figure.series[0].trained = vec![point(-2.5), point(0.5), point(3000.0)];
    let written = loss_curves(&figure, folder.path().join("curves")).unwrap();
    let svg = fs::read_to_string(written.svg).unwrap();
    assert!(svg.contains("aria-label=\"3000\"") && svg.contains("aria-label=\"0\""));
}

/// A level has a line of its own across the frame, stands in no legend, and needs no place on the
/// horizontal axis; dots are drawn where they are.
#[test]
fn levels_and_dots() {
    let folder = tempfile::tempdir().unwrap();
    let svg =
        |figure: &Chart| fs::read_to_string(chart(figure, folder.path().join("x")).unwrap().svg).unwrap();
    let figure = a_scatter();
    let whole = svg(&figure);
    assert_eq!(whole.matches("aria-label=\"pair 1/2\"").count(), 1);
    assert_eq!(whole.matches("stroke-dasharray").count(), 1);
    let mut moved = figure.clone();
    moved.series[0].points[0].x = f64::NAN;
    assert_eq!(svg(&moved), whole);
    moved.series[0].points[0].y = f64::NAN;
    let refused = chart(&moved, "/absent/x").unwrap_err();
    assert!(matches!(refused, Error::NotFinite { what: "y", index: 0, .. }));
    let mut fewer = figure.clone();
    fewer.series[1].points.pop();
    let middle = fewer.series[1].points[1];
    fewer.series[1].points.push(middle);
    fewer.series[1].points[1].x = 20.0;
    let paths = |svg: &str| svg.matches("<path").count();
    assert_eq!(paths(&svg(&fewer)), paths(&whole), "as many dots");
    fewer.series[1].points.pop();
    assert_eq!(paths(&svg(&fewer)) + 1, paths(&whole), "one dot less, on the same axes");
    let mut none = figure;
    none.series[1].points[0].x = 0.0;
    assert!(matches!(chart(&none, "/absent/x"), Err(Error::NotPositive { what: "x", index: 0, .. })));
}

/// A vector of length 1.5 reaches farther than one of 1 on the scale that panels share, upward is
/// up, and each has its group's colour.
#[test]
fn vectors_point_where_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let mut figure = some_planes();
    let written = planes(&figure, folder.path().join("planes")).unwrap();
    let bitmap = Bitmap::open(&written.png);
    // The middles of all pixels of a colour in a half of the page, below the legend.
    let middle = |colour: [u8; 3], right: bool| {
        let (mut sum, mut count) = ([0.0, 0.0], 0.0);
        for y in 120..bitmap.height {
            let half = bitmap.width / 2;
            for x in if right { half..bitmap.width } else { 0..half } {
                if bitmap.at(x as f64, y as f64) == colour {
                    sum = [sum[0] + x as f64, sum[1] + y as f64];
                    count += 1.0;
                }
            }
        }
        assert!(count > 50.0, "{colour:?}: {count}");
        [sum[0] / count, sum[1] / count]
    };
    let (blue, orange) = ([0x00, 0x72, 0xb2], [0xd5, 0x5e, 0x00]);
    let (right, left, up) = (middle(blue, false), middle(orange, false), middle(orange, true));
    assert!(right[0] > left[0] + 20.0 && (right[1] - left[1]).abs() < 8.0, "{right:?} {left:?}");
    assert!(up[1] < right[1] - 20.0, "{up:?} {right:?}");

    figure.panels[1].vectors[0].group = 2;
    let refused = planes(&figure, "/absent/x").unwrap_err();
    assert!(matches!(refused, Error::Group { index: 2, given: 2, names: 2 }));
    figure.groups.clear();
    assert!(matches!(planes(&figure, "/absent/x"), Err(Error::Group { index: 1, given: 1, names: 0 })));
    figure = some_planes();
    figure.panels[0].vectors[1].trail[0][1] = f64::INFINITY;
    assert!(matches!(planes(&figure, "/absent/x"), Err(Error::NotFinite { what: "vectors", .. })));
    figure.panels.clear();
    assert!(matches!(planes(&figure, "/absent/x"), Err(Error::Empty { what: "panels" })));
}

#[test]
fn weight_panels_share_their_colours_and_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let written = weight_panels(&some_weights(), folder.path().join("weights")).unwrap();
    let bitmap = Bitmap::open(&written.png);
    let svg = fs::read_to_string(&written.svg).unwrap();
    let scale = bitmap.width as f64 / (85.0 / 25.4 * 72.0);
    let [x, y, width, height] = rectangle(&svg, "<image");
    let at = |i: f64, j: f64| {
        bitmap.at(scale * (x + width * (0.25 + 0.5 * j)), scale * (y + height * (0.25 + 0.5 * i)))
    };
    let ([r01, _, b01], [r10, _, b10]) = (at(0.0, 1.0), at(1.0, 0.0));
    assert!(r01 > b01 && b10 > r10, "1 is orange, −1 is blue");
    let mut figure = some_weights();
    figure.panels[1].bias.pop();
    let refused = weight_panels(&figure, "/absent/x").unwrap_err();
    assert!(matches!(refused, Error::Length { what: "bias", given: 1, expected: 2 }));
    figure.panels[1] = WeightPanel { values: vec![0.0; 3], ..some_weights().panels[1].clone() };
    assert!(matches!(weight_panels(&figure, "/absent/x"), Err(Error::Length { what: "matrix", .. })));
    figure.panels.clear();
    assert!(matches!(weight_panels(&figure, "/absent/x"), Err(Error::Empty { what: "panels" })));
}

#[test]
fn missing_cells_are_hatched_grey() {
    let folder = tempfile::tempdir().unwrap();
    let grey = |figure: &HeatMaps| {
        let written = heat_maps(figure, folder.path().join("maps")).unwrap();
        Bitmap::open(&written.png).count([0xee, 0xee, 0xee])
    };
    let mut figure = some_maps();
    assert!(grey(&figure) > 10_000);
    for panel in &mut figure.panels {
        panel.values[2] = Some(1e-3);
    }
    assert_eq!(grey(&figure), 0);
}

#[test]
fn two_extensions_are_known_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    for (given, png, svg) in
        [("a.png", "a.png", "a.svg"), ("b.svg", "b.png", "b.svg"), ("p0.05", "p0.05.png", "p0.05.svg")]
    {
        let written = rug(&a_rug(), folder.path().join(given)).unwrap();
        assert_eq!(written, Written { png: folder.path().join(png), svg: folder.path().join(svg) });
        assert!(written.png.exists() && written.svg.exists());
    }
}

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
    // a directory in the file's place stays, and no temporary file with it
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
    // On a linear scale, 0 and less have a place.
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
    // a linear axis takes any finite loss
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
fn extreme_but_finite_numbers_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("x");
    for big in [1e-300, 1e300, f64::MAX, f64::MIN_POSITIVE] {
        let values = vec![big, -big, big / 2.0, -big];
        rug(&Rug { features: 2, values, limit: None, caption: String::new() }, &stem).unwrap();
        for loss_scale in [Scale::Linear, Scale::Log] {
            let mut figure = some_curves();
            figure.loss_scale = loss_scale;
            figure.series[0].trained[0] = LossPoint { ratio: big, loss: big, error: big };
            // The axis shows losses over p, which f64 may not hold.
            if big == f64::MAX {
                let refused = loss_curves(&figure, &stem).unwrap_err();
                assert!(
                    matches!(refused, Error::NotFinite { what: "losses and errors / p", .. }),
                    "{refused}"
                );
                figure.series[0].probability = 1.0;
            }
            loss_curves(&figure, &stem).unwrap();
        }
        for colours in [Colours::Linear, Colours::Log, Colours::Diverging { centre: -big, reach: None }] {
            let mut figure = some_maps();
            figure.colours = colours;
            figure.panels[0].values[0] = Some(big);
            heat_maps(&figure, &stem).unwrap();
        }
    }
    for big in [1e-300, 1e300, f64::MAX] {
        let mut sizes = a_comparison();
        sizes.series[0].points[0] = FiniteSizePoint { features: usize::MAX, relative: -big, error: big };
        finite_size(&sizes, &stem).unwrap();
        let mut losses = some_predictions();
        // Losses over p must stay numbers.
        let loss = big.min(1e300);
        (losses.models[0].sampled, losses.models[1].gaussian) = (loss, Some(loss));
        predictions(&losses, &stem).unwrap();
        let mut phases = a_phase_map();
        phases.probabilities = vec![-big, big];
        phases.boundaries[0].points[0] = (big, -big);
        phase_map(&phases, &stem).unwrap();
    }
    // all equal, a single cell, an empty caption
    let map = HeatMap {
        probabilities: vec![0.1],
        ratios: vec![0.2],
        values: vec![Some(3.0)],
        ..Default::default()
    };
    heat_maps(&HeatMaps { panels: vec![map], ..Default::default() }, &stem).unwrap();
    rug(&Rug { features: 1, values: vec![0.0], limit: None, caption: String::new() }, &stem).unwrap();
}

#[test]
fn ranges_leave_out_what_lies_outside_and_must_make_sense() {
    let folder = tempfile::tempdir().unwrap();
    let svg = |written: Written| fs::read_to_string(written.svg).unwrap();
    let stem = folder.path().join("figure");
    let curves = |losses| loss_curves(&LossCurves { losses, ..some_curves() }, &stem);
    // Losses / p of 0.04 and 0.16: a range above the lower one has fewer marks.
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
