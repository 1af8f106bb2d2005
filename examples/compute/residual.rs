//! The residual network of Braun et al. (2025): x + ReLU(x) of 100 features by 50 neurons, in 1000
//! dimensions.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use nalgebra::DMatrix;
use serde_json::json;
use toy_superposition::computation::{
    Architecture, Elementwise, EmbeddingKind, Function, Network, Training, plain,
};
use toy_superposition::data::Stream;
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale};

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, train_all};
use crate::setting::signed;

const FEATURES: usize = 100;
const HIDDEN: usize = 1000;
const WIDTH: usize = 50;
const PROBABILITY: f64 = 0.01;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let target = Arc::new(Elementwise::new(FEATURES, Function::IdentityPlusRelu)?);
    let mut jobs = Vec::new();
    for seed in 0..arguments.seeds {
        let mut training = Training::default();
        training.steps = arguments.steps.unwrap_or(training.steps);
        jobs.push(Job {
            architecture: Architecture::residual(FEATURES, HIDDEN).with_layers(1).with_width(WIDTH),
            embedding: EmbeddingKind::Random.matrix(FEATURES, HIDDEN, &mut Stream::Draws.rng(seed, 0))?,
            law: signed(FEATURES, PROBABILITY),
            target: target.clone(),
            training,
            seed,
        });
    }
    let trained = train_all(&jobs)?;
    let loss = Mean::of(&trained.iter().map(|trained| trained.loss / PROBABILITY).collect::<Vec<_>>());
    let responses = |x: f64| -> Result<Mean, Box<dyn Error>> {
        let of = |network: &Network<f32>| -> Result<f64, Box<dyn Error>> {
            let alone = DMatrix::<f32>::identity(FEATURES, FEATURES) * x as f32;
            Ok(f64::from(plain::trace(network, &alone)?.outputs.trace()) / FEATURES as f64)
        };
        let means = trained.iter().map(|trained| of(&trained.network)).collect::<Result<Vec<_>, _>>()?;
        Ok(Mean::of(&means))
    };
    let one = responses(1.0)?;
    let naive = 1.0 / 12.0;
    say!("loss/p                     {loss}   (naive {naive:.5}, half of the features computed)");
    say!("response to x = 1 alone    {one}   (2 if it were computed, 1 if not)");
    let mut points = Vec::new();
    for k in -10..=10 {
        let x = f64::from(k) / 10.0;
        points.push(responses(x)?.at(x));
    }
    let ideal = |x: f64| ChartPoint { x, y: x + x.max(0.0), error: 0.0 };
    let figure = Chart {
        x_label: "a feature, the others being 0".to_owned(),
        y_label: "its output".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
        series: vec![
            ChartSeries { name: "trained".to_owned(), points, mark: ChartMark::Joined },
            ChartSeries {
                name: "$x + $ReLU$(x)$".to_owned(),
                points: [-1.0, 0.0, 1.0].map(ideal).to_vec(),
                mark: ChartMark::Dashed,
            },
        ],
        caption: format!(
            "The residual network of Braun et al.: {FEATURES} features, random unit vectors in {HIDDEN} dimensions, {WIDTH} neurons, \
             $p = {PROBABILITY}$; means over features and {} seeds.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!(
            "{}",
            json!({
                "experiment": "residual", "seeds": arguments.seeds, "loss_over_p": loss.json(), "naive_over_p": naive,
                "response_to_one": one.json(),
            })
        );
    }
    Ok(())
}
