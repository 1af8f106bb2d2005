//! Labels that contain a linear map (Bhagat et al., 2025): ReLU(x) + M x of 100 features by 50
//! neurons, without an embedding.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use nalgebra::DMatrix;
use serde_json::json;
use toy_superposition::computation::{
    Architecture, Elementwise, EmbeddingKind, Function, Training, WithLinear,
};
use toy_superposition::data::Stream;
use toy_superposition::figures::{Chart, ChartMark, ChartSeries, Scale};

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, level, train_all};
use crate::setting::signed;

const FEATURES: usize = 100;
const WIDTH: usize = 50;
const PROBABILITY: f64 = 0.01;
const DEVIATIONS: [f64; 5] = [0.01, 0.02, 0.0316, 0.05, 0.1];

/// Returns a matrix of standard normal entries, symmetric or not, times `deviation`. The diagonal
/// of a symmetric one has the same variance as the other entries.
fn noise(deviation: f64, symmetric: bool, seed: u64) -> Result<DMatrix<f64>, Box<dyn Error>> {
    let mut rng = Stream::Draws.rng(seed, 2);
    // A random direction in this many dimensions has independent entries except for its norm, which
    // varies by 1 %.
    let size = FEATURES * FEATURES;
    let values = EmbeddingKind::Random.matrix(1, size, &mut rng)? * (size as f64).sqrt();
    let square = DMatrix::from_column_slice(FEATURES, FEATURES, values.as_slice()) * deviation;
    let mirrored = |i: usize, j: usize| square[(i.min(j), i.max(j))];
    Ok(if symmetric { DMatrix::from_fn(FEATURES, FEATURES, mirrored) } else { square })
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let relu = Arc::new(Elementwise::new(FEATURES, Function::Relu)?);
    let job = |matrix: DMatrix<f64>, seed: u64| {
        let mut architecture =
            Architecture::plain(FEATURES, FEATURES, FEATURES).with_layers(1).with_width(WIDTH);
        (architecture.bias, architecture.output_bias) = (false, false);
        let mut training = Training::default();
        training.steps = arguments.steps.unwrap_or(training.steps);
        Ok::<_, Box<dyn Error>>(Job {
            architecture,
            embedding: DMatrix::identity(FEATURES, FEATURES),
            law: signed(FEATURES, PROBABILITY),
            target: Arc::new(WithLinear::new(relu.clone(), matrix)?),
            training,
            seed,
        })
    };
    let mut kinds: Vec<(String, f64, Vec<Job>)> = Vec::new();
    let seeds = || 0..arguments.seeds;
    let none = |seed| job(DMatrix::zeros(FEATURES, FEATURES), seed);
    kinds.push(("none".into(), 0.0, seeds().map(none).collect::<Result<_, _>>()?));
    for symmetric in [true, false] {
        for deviation in DEVIATIONS {
            let jobs = seeds().map(|seed| job(noise(deviation, symmetric, seed)?, seed));
            let name = if symmetric { "symmetric" } else { "not symmetric" };
            kinds.push((name.into(), deviation, jobs.collect::<Result<_, _>>()?));
        }
    }
    let embedded = |seed| {
        let mut rng = Stream::Draws.rng(seed, 0);
        let embedding = EmbeddingKind::Random.matrix(FEATURES, 1000, &mut rng)?;
        // The network's outputs contain W_Eᵀ W_E x already, and it has to learn the rest of x +
        // ReLU(x).
        job(DMatrix::identity(FEATURES, FEATURES) - embedding.tr_mul(&embedding), seed)
    };
    kinds.push((
        "$1 − W_E^T W_E$".into(),
        1000_f64.sqrt().recip(),
        seeds().map(embedded).collect::<Result<_, _>>()?,
    ));
    let jobs: Vec<Job> = kinds.iter().flat_map(|kind| kind.2.iter().cloned()).collect();
    let trained = train_all(&jobs)?;
    let naive = 1.0 / 12.0;
    say!("M                 deviation   loss/p   (naive for M = 0: {naive:.5})");
    let (mut series, mut rows): (Vec<ChartSeries>, Vec<_>) = (Vec::new(), Vec::new());
    for ((name, deviation, _), trained) in kinds.iter().zip(trained.chunks(arguments.seeds as usize)) {
        let loss = Mean::of(&trained.iter().map(|trained| trained.loss / PROBABILITY).collect::<Vec<_>>());
        say!("{name:16} {deviation:10.4}   {loss}");
        rows.push(json!({ "matrix": name, "deviation": deviation, "loss_over_p": loss.json() }));
        match series.last_mut() {
            Some(last) if last.name == *name => last.points.push(loss.at(*deviation)),
            _ => series.push(ChartSeries {
                name: name.clone(),
                points: vec![loss.at(*deviation)],
                mark: ChartMark::Joined,
            }),
        }
    }
    series.push(level("naive", naive, 0.0, 0.1));
    let figure = Chart {
        x_label: "standard deviation of the entries of $M$".to_owned(),
        y_label: "loss$/p$".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        series,
        caption: format!(
            "Labels ReLU$(x) + M x$ of {FEATURES} signed features, {WIDTH} neurons without biases, $p = {PROBABILITY}$; means over {} \
             seeds with standard errors.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!(
            "{}",
            json!({ "experiment": "labels", "seeds": arguments.seeds, "naive_over_p": naive, "rows": rows })
        );
    }
    Ok(())
}
