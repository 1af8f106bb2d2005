//! Functions that the experiments share: training of many networks side by side, means over seeds.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use command_line::note;
use nalgebra::DMatrix;
use serde_json::{Value, json};
use toy_superposition::computation::{Architecture, Network, NetworkLoss, Target, Training, trainer};
use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, chart};
use toy_superposition::train::{Run, side_by_side};

/// Number of fresh samples that each network is measured on.
pub(crate) const SAMPLES: u64 = 50_000;

/// A network to be trained.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) architecture: Architecture,
    pub(crate) embedding: DMatrix<f64>,
    pub(crate) law: LawSpec,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) training: Training,
    pub(crate) seed: u64,
}

/// A trained network with its loss on fresh samples, weighted by the importance.
pub(crate) struct Trained {
    pub(crate) network: Network<f32>,
    pub(crate) loss: f64,
}

impl Job {
    fn train(&self) -> Result<Trained, Box<dyn Error + Send + Sync>> {
        let mut rng = Stream::Weights.rng(self.seed, 0);
        let network = Network::random(self.architecture.clone(), &self.embedding, &mut rng)?;
        let recipe = self.training.recipe()?;
        let mut run = trainer(network, self.law.build()?, self.target.clone(), &recipe, self.seed)?;
        run.run(&Run::default(), |_, _| ())?;
        let mut loss = match &self.training.importance {
            None => NetworkLoss::new(self.target.clone()),
            Some(importance) => NetworkLoss::with_importance(self.target.clone(), importance)?,
        };
        let fresh = Stream::Evaluation.samples(self.seed, 0..SAMPLES);
        let loss = loss.sampled(run.model(), &self.law.build()?, fresh)?.mean();
        Ok(Trained { network: run.into_model(), loss })
    }
}

/// Trains the networks side by side, on one thread each.
pub(crate) fn train_all(jobs: &[Job]) -> Result<Vec<Trained>, Box<dyn Error>> {
    let done = AtomicUsize::new(0);
    let results = side_by_side(jobs, None, |job| {
        let trained = job.train();
        note!("{} of {} networks", done.fetch_add(1, Ordering::Relaxed) + 1, jobs.len());
        trained
    })?;
    results.into_iter().collect::<Result<_, _>>().map_err(|error| error as Box<dyn Error>)
}

/// A mean over seeds with its standard error.
#[derive(Clone, Copy)]
pub(crate) struct Mean {
    pub(crate) mean: f64,
    pub(crate) error: f64,
}

impl Mean {
    pub(crate) fn of(values: &[f64]) -> Self {
        let estimate: toy_superposition::model::Estimate = values.iter().copied().collect();
        Self { mean: estimate.mean(), error: estimate.standard_error() }
    }

    pub(crate) fn json(self) -> Value {
        json!({ "mean": self.mean, "standard_error": self.error })
    }

    pub(crate) fn at(self, x: f64) -> ChartPoint {
        ChartPoint { x, y: self.mean, error: self.error }
    }
}

impl std::fmt::Display for Mean {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.5} ± {:.5}", self.mean, self.error)
    }
}

/// Returns a dashed line at `y` from the least to the greatest x.
pub(crate) fn level(name: &str, y: f64, from: f64, to: f64) -> ChartSeries {
    let points = [from, to].map(|x| ChartPoint { x, y, error: 0.0 }).to_vec();
    ChartSeries { name: name.to_owned(), points, mark: ChartMark::Dashed }
}

pub(crate) fn draw(figure: &Chart, out: Option<&Path>) -> Result<(), Box<dyn Error>> {
    if let Some(path) = out {
        let written = chart(figure, path.with_extension(""))?;
        note!("wrote {} and {}", written.png.display(), written.svg.display());
    }
    Ok(())
}
