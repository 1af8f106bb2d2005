//! The AND of all pairs of binary features by one layer, against its width.

use std::error::Error;
use std::sync::Arc;

use command_line::say;
use nalgebra::DMatrix;
use serde_json::json;
use toy_superposition::computation::{
    Architecture, EmbeddingKind, Joint, Network, Rule, Target, Training, evaluate_dense, plain,
};
use toy_superposition::data::{LawSpec, MagnitudeSpec, Stream, sample_dense};
use toy_superposition::figures::{Chart, ChartMark, ChartSeries, Scale};

use crate::Arguments;
use crate::experiment::{Job, Mean, draw, level, train_all};

const FEATURES: usize = 24;
const PROBABILITY: f64 = 0.1;
const WIDTHS: [usize; 6] = [6, 12, 24, 48, 96, 192];
/// Number of samples on which pairs are classified.
const CLASSIFIED: u64 = 5000;

/// Returns the share of the pairs that are on, and of those that are off, whose output is on the
/// right side of 1/2.
fn right(
    network: &Network<f32>,
    law: &LawSpec,
    target: &Joint,
    seed: u64,
) -> Result<(f64, f64), Box<dyn Error>> {
    let x: DMatrix<f64> = sample_dense(&law.build()?, Stream::Evaluation.samples(seed, 0..CLASSIFIED))?;
    let wanted = evaluate_dense(target, &x)?;
    let found = plain::trace(network, &x.map(|x| x as f32))?.outputs;
    let mut counts = [[0_u64; 2]; 2];
    for (wanted, found) in wanted.iter().zip(found.iter()) {
        let on = *wanted > 0.5;
        counts[usize::from(on)][usize::from(on == (*found > 0.5))] += 1;
    }
    let share = |[wrong, right]: [u64; 2]| right as f64 / (wrong + right).max(1) as f64;
    Ok((share(counts[1]), share(counts[0])))
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let target = Arc::new(Joint::all_pairs(FEATURES, Rule::And)?);
    let law = LawSpec {
        magnitude: MagnitudeSpec::Constant { value: 1.0 },
        ..LawSpec::paper(FEATURES, PROBABILITY)
    };
    let mut jobs = Vec::new();
    let kinds = [("identity", FEATURES), ("random", FEATURES / 2)];
    for (kind, hidden) in kinds {
        for width in WIDTHS {
            for seed in 0..arguments.seeds {
                let kind = EmbeddingKind::from_name(kind).ok_or("no such embedding")?;
                let mut training = Training::default();
                training.steps = arguments.steps.unwrap_or(4000);
                (training.batch, training.rate, training.weight_decay) = (1024, 1e-2, 0.0);
                jobs.push(Job {
                    architecture: Architecture::plain(FEATURES, hidden, target.outputs())
                        .with_layers(1)
                        .with_width(width),
                    embedding: kind.matrix(FEATURES, hidden, &mut Stream::Draws.rng(seed, 0))?,
                    law: law.clone(),
                    target: target.clone(),
                    training,
                    seed,
                });
            }
        }
    }
    let trained = train_all(&jobs)?;
    let mut groups = trained.chunks(arguments.seeds as usize).zip(jobs.chunks(arguments.seeds as usize));
    let both = PROBABILITY * PROBABILITY;
    let variance = both * (1.0 - both);
    // The best affine map of x uses x_i and x_j, which explain 2 p³(1 − p) of p²(1 − p²).
    let linear = (variance - 2.0 * PROBABILITY.powi(3) * (1.0 - PROBABILITY)) / variance;
    let pairs = target.outputs() as f64;
    say!(
        "{} pairs of {FEATURES} features; one neuron per pair: {pairs}; orders without constants: √(m log₂ m) = {:.0} (Adler and Shavit), n^(2/3) = {:.0} (Hänni et al.)",
        pairs,
        (pairs * pairs.log2()).sqrt(),
        (FEATURES as f64).powf(2.0 / 3.0)
    );
    say!("embedding  n_d  neurons   loss/variance (best affine map of x: {linear:.4})   right: on, off");
    let (mut series, mut rows) = (Vec::new(), Vec::new());
    for (kind, hidden) in kinds {
        let mut points = Vec::new();
        for width in WIDTHS {
            let Some((trained, jobs)) = groups.next() else { break };
            let loss = Mean::of(&trained.iter().map(|trained| trained.loss / variance).collect::<Vec<_>>());
            let shares = trained
                .iter()
                .zip(jobs)
                .map(|(trained, job)| right(&trained.network, &law, &target, job.seed));
            let shares = shares.collect::<Result<Vec<_>, _>>()?;
            let on = Mean::of(&shares.iter().map(|share| share.0).collect::<Vec<_>>());
            let off = Mean::of(&shares.iter().map(|share| share.1).collect::<Vec<_>>());
            say!("{kind:9} {hidden:4} {width:8}   {loss}   {on}, {off}");
            rows.push(json!({
                "embedding": kind, "hidden": hidden, "neurons": width, "loss_over_variance": loss.json(),
                "right_on": on.json(), "right_off": off.json(),
            }));
            points.push(loss.at(width as f64));
        }
        let name = format!("{kind}, $n_d = {hidden}$");
        series.push(ChartSeries { name, points, mark: ChartMark::Joined });
    }
    series.push(level("best affine map", linear, WIDTHS[0] as f64, pairs));
    let figure = Chart {
        x_label: "neurons".to_owned(),
        y_label: "loss over the variance of an AND".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series,
        caption: format!(
            "The AND of all {pairs} pairs of {FEATURES} binary features, $p = {PROBABILITY}$, by one layer; means over {} seeds with \
             standard errors. One neuron per pair is exact.",
            arguments.seeds
        ),
    };
    draw(&figure, arguments.out.as_deref())?;
    if arguments.json {
        say!(
            "{}",
            json!({ "experiment": "conjunction", "seeds": arguments.seeds, "pairs": pairs, "best_affine": linear, "rows": rows })
        );
    }
    Ok(())
}
