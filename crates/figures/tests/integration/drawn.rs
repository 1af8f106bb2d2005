//! Sizes, labels, colours and positions in the drawn figures.

use super::*;

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
        // The width is 85 mm at 400 dots per inch, and the height is in proportion to the viewBox.
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
    // The folder has no other files, such as temporary ones.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2 * all().len());
}

/// Returns the numbers of all attributes `key` of an SVG in order, one list per attribute.
fn attributes(svg: &str, key: &str) -> Vec<Vec<f64>> {
    let start = format!(" {key}=\"");
    let texts = svg.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap());
    let numbers = |text: &str| {
        let pieces = text.split(|c: char| c.is_ascii_alphabetic() || c == ' ');
        pieces.filter(|piece| !piece.is_empty()).map(|piece| piece.parse().unwrap()).collect()
    };
    texts.map(numbers).collect()
}

/// Lines, glyphs, cells and pictures. The names of the chart need more rows than one.
#[test]
fn everything_lies_on_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut wordy = a_chart();
    wordy.series.iter_mut().for_each(|series| series.name += ", a name of many letters");
    let others: [(&str, Draw, _); 1] = [("wordy", Box::new(move |p| chart(&wordy, p)), Vec::new())];
    for (name, draw, _) in all().into_iter().chain(others) {
        let svg = fs::read_to_string(draw(&folder.path().join(name)).unwrap().svg).unwrap();
        let [_, _, width, height] = attributes(&svg, "viewBox")[0][..] else { panic!("{name}") };
        let inside = |[x, y]: [f64; 2]| {
            let reach = |v: f64, end: f64| (-0.01..=end + 0.01).contains(&v);
            assert!(reach(x, width) && reach(y, height), "{name}: ({x}, {y}) in {width} × {height}");
        };
        attributes(&svg, "d").iter().flat_map(|path| path.as_chunks().0).for_each(|&point| inside(point));
        let elements = svg.split("<rect x=").chain(svg.split("<image x=")).skip(1);
        for element in elements.filter(|element| element.starts_with('"')) {
            let element = format!("< x={}", element.split("/>").next().unwrap());
            let [x, y, w, h] = ["x", "y", "width", "height"].map(|key| attributes(&element, key)[0][0]);
            inside([x, y]);
            inside([x + w, y + h]);
        }
    }
}

#[test]
fn every_label_is_drawn_by_its_glyphs() {
    let folder = tempfile::tempdir().unwrap();
    for (name, draw, _) in all() {
        let svg = fs::read_to_string(draw(&folder.path().join(name)).unwrap().svg).unwrap();
        // An axis may have an empty label.
        for label in svg.split("aria-label=").skip(1).filter(|label| !label.starts_with("\"\"")) {
            let outline = &attributes(label, "d")[0];
            let extent = |axis: usize| {
                let places = outline.iter().skip(axis).step_by(2);
                let (low, high) = places.fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
                high - low
            };
            assert!(extent(0) > 1.0 && extent(1) > 1.0, "{name}: {}", label.split('>').next().unwrap());
        }
    }
}

/// The axes reach to the ends of the bars: to 2 − 3 = −1, to −50 %, and to 0.01 − 0.0099 = 1e-4.
#[test]
fn the_axes_hold_the_error_bars() {
    let folder = tempfile::tempdir().unwrap();
    let read = |written: Result<Written>| fs::read_to_string(written.unwrap().svg).unwrap();
    let mut figure = a_scatter();
    figure.series[1].mark = ChartMark::Points;
    figure.series[1].points[1] = ChartPoint { x: 10.0, y: 2.0, error: 3.0 };
    assert!(read(chart(&figure, folder.path().join("x"))).contains("aria-label=\"−1\""));
    let mut figure = some_predictions();
    figure.models[0].error = 0.5 * figure.models[0].sampled;
    assert!(read(predictions(&figure, folder.path().join("x"))).contains("aria-label=\"−50\""));
    let trained = [(0.1, 0.0099), (0.5, 0.0)].map(|(ratio, error)| LossPoint { ratio, loss: 0.01, error });
    let series = vec![LossSeries { probability: 1.0, trained: trained.to_vec(), ..LossSeries::default() }];
    let figure = LossCurves { series, ..some_curves() };
    let svg = read(loss_curves(&figure, folder.path().join("x")));
    assert!(svg.contains("aria-label=\"0.001\"") || svg.contains("aria-label=\"10^−3\""));
}

/// Elements on the diagonal that are larger have the colour of the largest.
#[test]
fn the_colours_of_a_rug_end_at_the_largest_element_off_the_diagonal() {
    let folder = tempfile::tempdir().unwrap();
    let figure = Rug { values: vec![1.0, 0.25, 0.25, 1.0], ..a_rug() };
    let written = rug(&figure, folder.path().join("rug")).unwrap();
    let bitmap = Bitmap::open(&written.png);
    let [x, y, width, height] = rectangle(&fs::read_to_string(&written.svg).unwrap(), "<image");
    let scale = bitmap.width as f64 / (85.0 / 25.4 * 72.0);
    let row = |j: f64| bitmap.at(scale * (x + width * (0.25 + 0.5 * j)), scale * (y + 0.25 * height));
    assert_eq!(row(0.0), row(1.0));
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, draw, _) in all() {
        let files = |written: Written| (fs::read(written.png).unwrap(), fs::read(written.svg).unwrap());
        let once = files(draw(&folder.path().join(name)).unwrap());
        // The second drawing replaces the files of the first.
        assert!(once == files(draw(&folder.path().join(name)).unwrap()), "{name}");
    }
}

/// Returns the rectangle of the first embedded picture or the first crisp cell of an SVG, as
/// fractions of the page.
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

/// Any finite numbers can be drawn, including ratios above 1 and below 0.
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

/// A level is a line across the whole frame, is not in the legend and needs no position on the
/// horizontal axis. Dots are drawn at their positions.
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

/// On the common scale of the panels, a vector of length 1.5 reaches farther than one of length 1.
/// Positive y is up, and each vector has the colour of its group.
#[test]
fn vectors_point_where_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let mut figure = some_planes();
    let written = planes(&figure, folder.path().join("planes")).unwrap();
    let bitmap = Bitmap::open(&written.png);
    // The mean position of the pixels of a colour in one half of the page, below the legend.
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
            // The axis shows loss/p, which may overflow f64.
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
        // The values loss/p must be finite.
        let loss = big.min(1e300);
        (losses.models[0].sampled, losses.models[1].gaussian) = (loss, Some(loss));
        predictions(&losses, &stem).unwrap();
        let mut phases = a_phase_map();
        phases.probabilities = vec![-big, big];
        phases.boundaries[0].points[0] = (big, -big);
        phase_map(&phases, &stem).unwrap();
    }
    // All values are equal, there is a single cell, and the caption is empty.
    let map = HeatMap {
        probabilities: vec![0.1],
        ratios: vec![0.2],
        values: vec![Some(3.0)],
        ..Default::default()
    };
    heat_maps(&HeatMaps { panels: vec![map], ..Default::default() }, &stem).unwrap();
    rug(&Rug { features: 1, values: vec![0.0], limit: None, caption: String::new() }, &stem).unwrap();
}
