//! |x| of signed features (Elhage et al., 2022): `y = ReLU(W_2 ReLU(W_1 x) + b)`.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use nalgebra::DMatrix;
use serde_json::json;
use toy_superposition::computation::{Architecture, Elementwise, Function, Training};
use toy_superposition::figures::{Chart, ChartMark, ChartSeries, Scale};

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, train_all};
use crate::setting::signed;

const PROBABILITIES: [f64; 4] = [0.03, 0.1, 0.3, 1.0];
const RATE: f64 = 3e-3;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let job = |features: usize, width: usize, ratio: f64, probability: f64, seed: u64| {
        let mut architecture =
            Architecture::plain(features, features, features).with_layers(1).with_width(width);
        (architecture.bias, architecture.output_relu) = (false, true);
        let mut training = Training::default();
        training.steps = arguments.steps.unwrap_or(10_000);
        (training.batch, training.rate, training.weight_decay) = (1024, RATE, 0.0);
        training.importance = Some((0..features).map(|i| ratio.powi(i as i32)).collect());
        Ok::<_, Box<dyn Error>>(Job {
            architecture,
            embedding: DMatrix::identity(features, features),
            law: signed(features, probability),
            target: Arc::new(Elementwise::new(features, Function::Absolute)?),
            training,
            seed,
        })
    };
    let mut series = Vec::new();
    let mut rows = Vec::new();
    say!(
        "features  neurons      p   loss/naive over seeds (naive: two neurons per feature, the rest at its mean)   least"
    );
    for (features, width, ratio) in [(3, 6, 1.0), (100, 40, 0.8)] {
        let mut jobs = Vec::new();
        for p in PROBABILITIES {
            for seed in 0..arguments.seeds {
                jobs.push(job(features, width, ratio, p, seed)?);
            }
        }
        let trained = train_all(&jobs)?;
        let mut points = Vec::new();
        for (p, trained) in PROBABILITIES.iter().zip(trained.chunks(arguments.seeds as usize)) {
            // The features left out of |x| have variance p/3 − p²/4. With six neurons none is left
            // out, and the unit is p/3.
            let left: f64 = (width / 2..features).map(|i| ratio.powi(i as i32)).sum();
            let naive = if left > 0.0 { left * (p / 3.0 - p * p / 4.0) / features as f64 } else { p / 3.0 };
            let over: Vec<f64> = trained.iter().map(|trained| trained.loss / naive).collect();
            let (mean, least) = (Mean::of(&over), over.iter().fold(f64::INFINITY, |a, &b| a.min(b)));
            say!("{features:8} {width:8} {p:6}   {mean}   {least:.2e}");
            rows.push(json!({
                "features": features, "neurons": width, "probability": p, "naive": naive, "loss_over_naive": mean.json(),
                "least_loss_over_naive": least,
            }));
            points.push(mean.at(*p));
        }
        let name = format!("{features} features, {width} neurons");
        series.push(ChartSeries { name, points, mark: ChartMark::Joined });
    }
    let figure = Chart {
        x_label: "probability $p$".to_owned(),
        y_label: "loss over that of the naive solution".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "|x| of signed features by one layer. For 100 features with importance $0.8^i$ the naive solution computes 20 of them \
             with two neurons each; for 3 features the unit is the loss of 0. Means over {} seeds with standard errors.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!("{}", json!({ "experiment": "absolute", "seeds": arguments.seeds, "rows": rows }));
    }
    Ok(())
}
