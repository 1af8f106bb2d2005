//! Linear probes of the features, layer by layer, beside the layers of the best iterative decoder.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use nalgebra::DMatrix;
use serde_json::json;
use toy_superposition::computation::{
    Architecture, Elementwise, EmbeddingKind, Function, LinearProbe, Network, Training, plain,
};
use toy_superposition::data::{LawSpec, Stream, sample_dense};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale};
use toy_superposition::recovery::{Dense, Evolution, Oamp, SparsePrior};
use toy_superposition::theory;

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, train_all};

const FEATURES: usize = 64;
const HIDDEN: usize = 16;
const WIDTH: usize = 128;
const LAYERS: usize = 3;
/// Number of samples that a probe is fitted to, and of further samples that it is measured on.
const SAMPLES: u64 = 8192;
/// Number of samples that the iterative decoder is measured on.
const DECODED: u64 = 2048;

/// Returns the losses of linear probes of x on the embedding and on the activations of each layer.
pub(crate) fn losses(network: &Network<f32>, law: &LawSpec, seed: u64) -> Result<Vec<f64>, Box<dyn Error>> {
    let law = law.build()?;
    let held = |first: u64| -> Result<_, Box<dyn Error>> {
        let range = Stream::Evaluation.samples(seed, first..first + SAMPLES);
        let x: DMatrix<f64> = sample_dense(&law, range)?;
        let plain::Trace { streams, activations, .. } = plain::trace(network, &x.map(|x| x as f32))?;
        let all = std::iter::once(&streams[0]).chain(&activations);
        Ok((x, all.map(|values| values.map(f64::from)).collect::<Vec<_>>()))
    };
    // These follow the samples that the network itself was measured on.
    let ((x, fitted), (fresh, measured)) = (held(1 << 20)?, held(1 << 21)?);
    let of = |(fitted, measured)| {
        let probe = LinearProbe::fit(fitted, &x, 1e-6)?;
        Ok(probe.loss(measured, &fresh)?)
    };
    fitted.iter().zip(&measured).map(of).collect()
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let targets = [("identity", 1), ("tent", 1), ("tent", 3)];
    let probabilities = [0.05, 0.2];
    let mut jobs = Vec::new();
    for p in probabilities {
        for (name, times) in targets {
            for seed in 0..arguments.seeds {
                let function = Function::from_name(name).ok_or("no such function")?;
                let mut training = Training::default();
                training.steps = arguments.steps.unwrap_or(4000);
                (training.batch, training.rate, training.weight_decay) = (1024, 2e-3, 0.0);
                jobs.push(Job {
                    architecture: Architecture::plain(FEATURES, HIDDEN, FEATURES)
                        .with_layers(LAYERS)
                        .with_width(WIDTH),
                    embedding: EmbeddingKind::Rug.matrix(
                        FEATURES,
                        HIDDEN,
                        &mut Stream::Draws.rng(seed, 0),
                    )?,
                    law: LawSpec::paper(FEATURES, p),
                    target: Arc::new(Elementwise::iterated(FEATURES, function, times)?),
                    training,
                    seed,
                });
            }
        }
    }
    let trained = train_all(&jobs)?;
    let ratio = HIDDEN as f64 / FEATURES as f64;
    let (mut series, mut rows) = (Vec::new(), Vec::new());
    let seeds = arguments.seeds as usize;
    let mut groups = trained.chunks(seeds).zip(jobs.chunks(seeds));
    for p in probabilities {
        let prior = SparsePrior::paper(p)?;
        let evolution: Vec<f64> =
            Evolution::Orthogonal.losses(&prior, ratio, LAYERS)?.iter().map(|loss| loss / p).collect();
        let limit = Evolution::Orthogonal.limit(&prior, ratio)? / p;
        let relu = theory::optimum_at_ratio(p, ratio)?.loss / p;
        let linear = theory::linear_loss(p, ratio)? / p;
        // The same decoder on the embeddings of the networks.
        let mut decoded = vec![Vec::new(); LAYERS];
        for job in &jobs[..seeds] {
            let dense = Dense::new(job.embedding.clone())?;
            let range = Stream::Evaluation.samples(job.seed, 0..DECODED);
            let x: DMatrix<f64> = sample_dense(&LawSpec::paper(FEATURES, p).build()?, range)?;
            let y = &job.embedding * &x;
            let mut layer = 0;
            Oamp::new(&prior).unrolled(&dense, &y, LAYERS, |_, answer| {
                decoded[layer].push((answer - &x).norm_squared() / x.len() as f64 / p);
                layer += 1;
            })?;
        }
        let decoded: Vec<Mean> = decoded.iter().map(|losses| Mean::of(losses)).collect();
        say!("p = {p}, n_d/n_s = {ratio}: losses over p");
        say!("  linear {linear:.5}, one ReLU {relu:.5}, state evolution {evolution:.5?}, limit {limit:.5}");
        say!("  OAMP on these embeddings: {}", listed(&decoded));
        rows.push(json!({
            "probability": p, "linear": linear, "relu": relu, "evolution": evolution, "limit": limit,
            "oamp": decoded.iter().map(|mean| mean.json()).collect::<Vec<_>>(),
        }));
        series.push(ChartSeries {
            name: format!("state evolution, $p = {p}$"),
            points: (0..LAYERS)
                .map(|k| ChartPoint { x: (k + 1) as f64, y: evolution[k], error: 0.0 })
                .collect(),
            mark: ChartMark::Dashed,
        });
        for (name, times) in targets {
            let Some((trained, jobs)) = groups.next() else { break };
            let mut layers = vec![Vec::new(); LAYERS + 1];
            for (trained, job) in trained.iter().zip(jobs) {
                let losses = losses(&trained.network, &job.law, job.seed)?;
                layers.iter_mut().zip(losses).for_each(|(all, loss)| all.push(loss / p));
            }
            let layers: Vec<Mean> = layers.iter().map(|losses| Mean::of(losses)).collect();
            let own = Mean::of(&trained.iter().map(|trained| trained.loss / p).collect::<Vec<_>>());
            say!("  {name}^{times}: outputs {own}; probes of x: {}", listed(&layers));
            rows.push(json!({
                "probability": p, "target": format!("{name}^{times}"), "loss_over_p": own.json(),
                "probes_over_p": layers.iter().map(|mean| mean.json()).collect::<Vec<_>>(),
            }));
            series.push(ChartSeries {
                name: format!("probes, {name}$^{times}$, $p = {p}$"),
                points: layers.iter().enumerate().map(|(k, mean)| mean.at(k as f64)).collect(),
                mark: ChartMark::Joined,
            });
        }
    }
    let figure = Chart {
        x_label: "layer".to_owned(),
        y_label: "loss of a feature$/p$".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "Linear probes of the features on a rug of {HIDDEN} dimensions (0) and on the neurons of {LAYERS} layers of {WIDTH}, trained \
             to compute functions of {FEATURES} features; means over {} seeds with standard errors. State evolution is that of OAMP \
             for $n_s → ∞$.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!("{}", json!({ "experiment": "probes", "seeds": arguments.seeds, "rows": rows }));
    }
    Ok(())
}

fn listed(means: &[Mean]) -> String {
    means.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
