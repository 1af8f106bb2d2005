//! The gain of noise added before a layer, beside that of a network with a linear layer in the
//! middle.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use nalgebra::DMatrix;
use serde_json::json;
use toy_superposition::computation::{
    Architecture, Elementwise, EmbeddingKind, Function, Network, Training, plain,
};
use toy_superposition::data::{LawSpec, Stream, sample_dense};
use toy_superposition::figures::{Chart, ChartMark, ChartSeries, Scale};

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, train_all};

const FEATURES: usize = 64;
const HIDDEN: usize = 16;
const WIDTH: usize = 128;
const LAYERS: usize = 3;
const PROBABILITY: f64 = 0.05;
const SAMPLES: u64 = 8192;
/// Standard deviations of the noise, in units of the root mean square of what it is added to.
const STRENGTHS: [f64; 4] = [0.01, 0.1, 0.3, 1.0];

/// Returns `E(y(h + ε) − y(h))² / s²` over the variance of the outputs, for noise before each layer
/// and before the read-out, at each strength s. This is the gain of the noise's share of the
/// variance.
fn gains(network: &Network<f32>, law: &LawSpec, seed: u64) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let range = Stream::Evaluation.samples(seed, 1 << 20..(1 << 20) + SAMPLES);
    let x: DMatrix<f32> = sample_dense(&law.build()?, range)?;
    let plain::Trace { streams, outputs, .. } = plain::trace(network, &x)?;
    let mut rng = Stream::Perturbation.rng(seed, 0);
    let mut centred = outputs.clone();
    let mean = outputs.column_mean();
    centred.column_iter_mut().for_each(|mut column| column -= &mean);
    let variance = f64::from(centred.norm_squared()) / outputs.len() as f64;
    let mut all = Vec::new();
    for (layer, stream) in streams.iter().enumerate() {
        let size = (f64::from(stream.norm_squared()) / stream.len() as f64).sqrt();
        let direction = EmbeddingKind::Random.matrix(1, stream.len(), &mut rng)?;
        let noise = direction * (stream.len() as f64).sqrt() * size;
        let mut at = Vec::new();
        for strength in STRENGTHS {
            let noise = DMatrix::from_iterator(
                stream.nrows(),
                stream.ncols(),
                noise.iter().map(|value| (value * strength) as f32),
            );
            let moved = plain::continue_from(network, layer, &(stream + noise))? - &outputs;
            let change = f64::from(moved.norm_squared()) / outputs.len() as f64;
            at.push(change / (strength * strength * variance));
        }
        all.push(at);
    }
    Ok(all)
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let kinds = [("identity", 1, false), ("identity", 1, true), ("tent", 2, false), ("tent", 2, true)];
    let mut jobs = Vec::new();
    for (name, times, linear) in kinds {
        for seed in 0..arguments.seeds {
            let function = Function::from_name(name).ok_or("no such function")?;
            let mut architecture =
                Architecture::plain(FEATURES, HIDDEN, FEATURES).with_layers(LAYERS).with_width(WIDTH);
            architecture.linear_layers = if linear { vec![1] } else { Vec::new() };
            let mut training = Training::default();
            training.steps = arguments.steps.unwrap_or(4000);
            (training.batch, training.rate, training.weight_decay) = (1024, 3e-3, 0.0);
            jobs.push(Job {
                architecture,
                embedding: EmbeddingKind::Rug.matrix(FEATURES, HIDDEN, &mut Stream::Draws.rng(seed, 0))?,
                law: LawSpec::paper(FEATURES, PROBABILITY),
                target: Arc::new(Elementwise::iterated(FEATURES, function, times)?),
                training,
                seed,
            });
        }
    }
    let trained = train_all(&jobs)?;
    let (mut series, mut rows) = (Vec::new(), Vec::new());
    let seeds = arguments.seeds as usize;
    say!("gain of the noise's variance, by where it is added (before layer 1, …, before the read-out)");
    for ((name, times, linear), (trained, jobs)) in
        kinds.into_iter().zip(trained.chunks(seeds).zip(jobs.chunks(seeds)))
    {
        let found =
            trained.iter().zip(jobs).map(|(trained, job)| gains(&trained.network, &job.law, job.seed));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let loss = Mean::of(&trained.iter().map(|trained| trained.loss / PROBABILITY).collect::<Vec<_>>());
        let kind = if linear { ", second layer linear" } else { "" };
        say!("{name}^{times}{kind}: loss/p {loss}");
        for (k, strength) in STRENGTHS.iter().enumerate() {
            let by_layer: Vec<Mean> = (0..=LAYERS)
                .map(|layer| Mean::of(&found.iter().map(|gains| gains[layer][k]).collect::<Vec<_>>()))
                .collect();
            let text: Vec<String> =
                by_layer.iter().map(|mean| format!("{:.3} ± {:.3}", mean.mean, mean.error)).collect();
            say!("    noise {strength:4}: {}", text.join(", "));
            rows.push(json!({
                "target": format!("{name}^{times}"), "linear_middle": linear, "loss_over_p": loss.json(), "strength": strength,
                "gains": by_layer.iter().map(|mean| mean.json()).collect::<Vec<_>>(),
            }));
            if k == 1 {
                series.push(ChartSeries {
                    name: format!("{name}$^{times}${kind}"),
                    points: by_layer.iter().enumerate().map(|(layer, mean)| mean.at(layer as f64)).collect(),
                    mark: ChartMark::Joined,
                });
            }
        }
    }
    let figure = Chart {
        x_label: "layers before the noise".to_owned(),
        y_label: "gain of the noise's variance".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "Normal noise of a tenth of the root mean square of what it is added to; the change of the outputs over their variance and \
             over 0.01. {FEATURES} features on a rug of {HIDDEN} dimensions, {LAYERS} layers of {WIDTH}, $p = {PROBABILITY}$; means over {} \
             seeds with standard errors.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!("{}", json!({ "experiment": "noise", "seeds": arguments.seeds, "rows": rows }));
    }
    Ok(())
}
