//! Features during training: their dimensionality against the number of steps, and the paths of
//! their vectors.

use std::error::Error;

use serde_json::{Value, json};
use toy_superposition::data::{Features, LawSpec};
use toy_superposition::figures::{
    Chart, ChartMark, ChartPoint, ChartSeries, Plane, PlaneVector, Planes, Scale, chart, planes,
};
use toy_superposition::model::{Autoencoder, Shape};
use toy_superposition::optim::{Schedule, StopRule};
use toy_superposition::theory::{Geometry, Product};
use toy_superposition::train::{Recipe, Task as TrainTask, Trainer};

use crate::options::Options;
use crate::solve::{Task, shape};

pub(crate) const FIGURES: &[&str] = &["dynamics_dimensionality", "dynamics_loss", "dynamics_plane"];

/// Density of the features, in the plane and in many dimensions.
const SPARSE: f64 = 0.05;
const DENSER: f64 = 0.3;

/// The dimensionalities D_i and the loss of a model after a number of steps.
struct Moment {
    step: u64,
    loss: f64,
    dimensionality: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let many = many(options)?;
    let plane = plane(options)?;
    Ok(json!({ "many": many, "plane": plane }))
}

/// Many features, trained on samples at a constant learning rate.
fn many(options: &Options) -> Result<Value, Box<dyn Error>> {
    let (features, hidden) = options.size((30, 10), (12, 4));
    let steps = options.size(4000, 400);
    let shape = Shape::tied(features, hidden)?;
    let fast = Recipe::fast(shape, Some(steps))?;
    let rate = 1e-3;
    let recipe = Recipe { schedule: Schedule::constant(rate)?, stop: StopRule::Steps { steps }, ..fast };
    let model = recipe.initial_model::<f32>(shape, options.seed)?;
    let mut trainer =
        Trainer::on_fresh_batches(model, Features::paper(features, DENSER)?, &recipe, options.seed)?;
    let every = steps / 100;
    let (mut moments, mut sum) = (Vec::new(), 0.0);
    while !trainer.stopped() {
        if trainer.steps() % every == 0 {
            let product = Product::of_model(trainer.model())?;
            let geometry = Geometry::of_product(&product, hidden, Geometry::TOLERANCE)?;
            moments.push(Moment {
                step: trainer.steps(),
                loss: f64::NAN,
                dimensionality: geometry.dimensionality,
            });
        }
        sum += trainer.step()?.loss;
        if trainer.steps() % every == 0 {
            if let Some(moment) = moments.last_mut() {
                moment.loss = sum / every as f64;
            }
            sum = 0.0;
        }
    }
    let last = moments.last().ok_or("no steps")?;
    let near = |level: f64| last.dimensionality.iter().filter(|&&d| (d - level).abs() < 0.03).count();
    options.tell(format_args!(
        "{features} features in {hidden} dimensions, p = {DENSER}, {steps} steps of Adam at {rate}: loss/p from {:.4} to {:.4}; at the \
         end {} features near D = 1/2, {} near 2/3, {} near 2/5, {} near 0",
        moments[0].loss / DENSER,
        last.loss / DENSER,
        near(0.5),
        near(2.0 / 3.0),
        near(0.4),
        near(0.0),
    ));
    let caption = format!(
        "$n_s = {features}$ features in $n_d = {hidden}$ dimensions, $p = {DENSER}$, Adam at a rate of {rate} on 1024 fresh samples per \
         step, seed {}.",
        options.seed
    );
    options.figure(FIGURES[0], |stem| {
        let level = |name: &str, y| ChartSeries {
            name: name.to_owned(),
            points: vec![ChartPoint { x: 0.0, y, error: 0.0 }],
            mark: ChartMark::Level,
        };
        let dots = |moment: &Moment| {
            let x = moment.step as f64;
            moment.dimensionality.iter().map(move |&y| ChartPoint { x, y, error: 0.0 }).collect::<Vec<_>>()
        };
        let figure = Chart {
            x_label: "step".to_owned(),
            y_label: "dimensionality of a feature $D_i$".to_owned(),
            series: vec![
                ChartSeries {
                    name: "one feature".to_owned(),
                    points: moments.iter().flat_map(dots).collect(),
                    mark: ChartMark::Dots,
                },
                level("1", 1.0),
                level("2/3", 2.0 / 3.0),
                level("1/2", 0.5),
                level("2/5", 0.4),
            ],
            caption: caption.clone(),
            ..Chart::default()
        };
        chart(&figure, stem)
    })?;
    options.figure(FIGURES[1], |stem| {
        let point =
            |moment: &Moment| ChartPoint { x: moment.step as f64, y: moment.loss / DENSER, error: 0.0 };
        let figure = Chart {
            x_label: "step".to_owned(),
            y_label: "loss per feature$/p$".to_owned(),
            y_scale: Scale::Log,
            series: vec![ChartSeries {
                name: format!("mean of {every} steps"),
                points: moments.iter().map(point).collect(),
                mark: ChartMark::Line,
            }],
            caption: caption.clone(),
            ..Chart::default()
        };
        chart(&figure, stem)
    })?;
    let list: Vec<_> = moments
        .iter()
        .map(|m| json!({ "step": m.step, "loss": m.loss, "feature_dimensionality": m.dimensionality }))
        .collect();
    Ok(
        json!({ "features": features, "hidden": hidden, "probability": DENSER, "steps": steps, "moments": list }),
    )
}

/// Five features in the plane, during a descent of the exact loss by Adam.
fn plane(options: &Options) -> Result<Value, Box<dyn Error>> {
    let steps = options.size(1200, 120);
    let task = Task::paper(5, 2, SPARSE);
    let model = task.start(options.seed, 1).map_err(|error| error as Box<dyn Error>)?;
    let recipe = Recipe::without_samples(0.01, steps)?;
    let about = TrainTask::new("exact loss", LawSpec::paper(5, SPARSE));
    let mut trainer = Trainer::new(model, task.objective(1e-4)?, &recipe, about)?;
    let tips = |model: &Autoencoder<f64>| -> Vec<[f64; 2]> {
        model.encoder().column_iter().map(|column| [column[0], column[1]]).collect()
    };
    let mut path = vec![tips(trainer.model())];
    let mut shapes = Vec::new();
    let shown = [0, steps / 60, steps / 20, steps / 8, steps / 3, steps];
    loop {
        if shown.contains(&trainer.steps()) {
            let product = Product::of_model(trainer.model())?;
            shapes.push((trainer.steps(), Geometry::of_product(&product, 2, Geometry::TOLERANCE)?));
        }
        if trainer.stopped() {
            break;
        }
        trainer.step()?;
        path.push(tips(trainer.model()));
    }
    let loss = trainer.losses().last().copied().unwrap_or(f64::NAN);
    options.tell(format_args!(
        "5 features in the plane, p = {SPARSE}, {steps} steps of Adam on the exact loss: loss/p {:.6}",
        loss / SPARSE
    ));
    let mut list = Vec::new();
    for (step, geometry) in &shapes {
        let shape = shape(geometry);
        options.tell(format_args!("  step {step:>5}: {shape}"));
        list.push(json!({ "step": step, "shape": shape, "feature_dimensionality": geometry.dimensionality }));
    }
    options.figure(FIGURES[2], |stem| {
        let panel = |(step, _): &(u64, Geometry)| {
            let past = &path[..=*step as usize];
            let vector = |feature: usize| PlaneVector {
                tip: past[past.len() - 1][feature],
                group: 0,
                trail: past.iter().map(|tips| tips[feature]).collect(),
            };
            Plane { title: format!("step {step}"), note: String::new(), vectors: (0..5).map(vector).collect() }
        };
        let figure = Planes {
            groups: Vec::new(),
            panels: shapes.iter().map(panel).collect(),
            caption: format!(
                "Five features in the plane and where they came from: $p = {SPARSE}$, Adam on the exact loss, seed {}.",
                options.seed
            ),
        };
        planes(&figure, stem)
    })?;
    Ok(
        json!({ "features": 5, "hidden": 2, "probability": SPARSE, "steps": steps, "loss": loss, "moments": list }),
    )
}
