//! Effects of width, depth and the depth of the target, at one level of interference.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use serde_json::json;
use toy_superposition::computation::{
    Architecture, Elementwise, ElementwiseBaselines, EmbeddingKind, Function, Joint, Rule, Target, Training,
};
use toy_superposition::data::{AnyMagnitude, LawSpec, Stream, UnitUniform};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale};

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, train_all};

const FEATURES: usize = 64;
const HIDDEN: usize = 16;
const PROBABILITY: f64 = 0.05;
/// Number of groups of features whose parity is computed.
const GROUPS: usize = 64;
/// Numbers of layers, and of neurons per layer.
const SHAPES: [(usize, usize); 7] = [(1, 32), (1, 128), (1, 512), (2, 32), (2, 128), (3, 32), (3, 128)];

/// A target, its name, its variance, and the loss of the best function of x + σ Z.
type Row = (Arc<dyn Target>, String, f64, Option<f64>);

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut rng = Stream::Draws.rng(0, 1);
    let mut targets: Vec<Row> = Vec::new();
    let ratio = HIDDEN as f64 / FEATURES as f64;
    let sigma = toy_superposition::theory::welch_sigma(PROBABILITY, ratio)?;
    let p = PROBABILITY;
    for times in 0..=4 {
        let tent = Elementwise::iterated(FEATURES, Function::Tent, times)?;
        let magnitude = AnyMagnitude::Uniform(UnitUniform);
        let bayes = ElementwiseBaselines::new(p, magnitude, |x| tent.at(x))?.bayes_at_ratio(ratio)?;
        // If x is U[0, 1], so are the tent of x and its iterates.
        let variance = p / 3.0 - p * p / 4.0;
        targets.push((Arc::new(tent), format!("tent^{times}"), variance, Some(bayes)));
    }
    for size in 2..=4 {
        let parity = Joint::random(FEATURES, Rule::Parity, size, GROUPS, &mut rng)?;
        let on = 0.5 * (1.0 - (1.0 - 2.0 * p).powi(size as i32));
        targets.push((Arc::new(parity), format!("parity of {size}"), on * (1.0 - on), None));
    }
    let mut jobs = Vec::new();
    for (target, ..) in &targets {
        for (layers, width) in SHAPES {
            for seed in 0..arguments.seeds {
                let mut training = Training::default();
                training.steps = arguments.steps.unwrap_or(4000);
                (training.batch, training.rate, training.weight_decay) = (1024, 3e-3, 0.0);
                jobs.push(Job {
                    architecture: Architecture::plain(FEATURES, HIDDEN, target.outputs())
                        .with_layers(layers)
                        .with_width(width),
                    embedding: EmbeddingKind::Rug.matrix(
                        FEATURES,
                        HIDDEN,
                        &mut Stream::Draws.rng(seed, 0),
                    )?,
                    law: LawSpec::paper(FEATURES, p),
                    target: target.clone(),
                    training,
                    seed,
                });
            }
        }
    }
    let trained = train_all(&jobs)?;
    let seeds = arguments.seeds as usize;
    let mut groups = trained.chunks(seeds);
    let mut rows = Vec::new();
    let mut series: Vec<ChartSeries> = SHAPES
        .iter()
        .map(|(layers, width)| ChartSeries {
            name: format!("{layers} × {width}"),
            points: Vec::new(),
            mark: ChartMark::Joined,
        })
        .collect();
    let mut bayes = Vec::new();
    say!("losses over the variance of the target; σ = {sigma:.4}, layers × neurons:");
    for (target, name, variance, scalar) in &targets {
        let scalar = scalar.map(|loss| loss / variance);
        if let Some(loss) = scalar {
            let x = bayes.len() as f64;
            bayes.push(ChartPoint { x, y: loss, error: 0.0 });
        }
        let mut line = Vec::new();
        for (k, (layers, width)) in SHAPES.into_iter().enumerate() {
            let Some(trained) = groups.next() else { break };
            let loss = Mean::of(&trained.iter().map(|trained| trained.loss / variance).collect::<Vec<_>>());
            line.push(format!("{layers} × {width}: {:.3} ± {:.3}", loss.mean, loss.error));
            rows.push(json!({
                "target": target.describe(), "name": name, "layers": layers, "width": width, "loss_over_variance": loss.json(),
                "scalar_bayes_over_variance": scalar,
            }));
            if let Some(point) = scalar.map(|_| loss.at(bayes.len() as f64 - 1.0)) {
                series[k].points.push(point);
            }
        }
        let scalar = scalar.map_or(String::new(), |loss| format!(" (Bayes of x + σ Z: {loss:.3})"));
        say!("{name}{scalar}\n    {}", line.join(", "));
    }
    series.push(ChartSeries {
        name: "Bayes of $x + σ Z$".to_owned(),
        points: bayes,
        mark: ChartMark::Dashed,
    });
    let figure = Chart {
        x_label: "times that the tent is applied".to_owned(),
        y_label: "loss over the target's variance".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "Iterates of the tent map of {FEATURES} features on a rug of {HIDDEN} dimensions, $p = {PROBABILITY}$, by layers × neurons; \
             means over {} seeds with standard errors.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!("{}", json!({ "experiment": "depth", "seeds": arguments.seeds, "sigma": sigma, "rows": rows }));
    }
    Ok(())
}
