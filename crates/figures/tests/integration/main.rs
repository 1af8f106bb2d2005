//! Tests of every figure: its files, labels and colours, and the numbers that are errors.

#![allow(clippy::unwrap_used)] // the lint's own exception covers test functions but not what they call

mod drawn;
mod refused;

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
    // The matrix is not symmetric: its upper right element is 1 and its lower left one is −1.
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

/// Returns each figure with the labels that its SVG must have.
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
