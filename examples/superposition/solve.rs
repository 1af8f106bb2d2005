//! Small models of least exact loss over several random starts, solved in parallel.

use std::error::Error;

use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::model::{Activation, Autoencoder, Initialisation, Shape};
use toy_superposition::optim::{Lbfgs, LbfgsConfig};
use toy_superposition::theory::{self, ExactObjective, Geometry, Product};
use toy_superposition::train::{descend, side_by_side};

/// A tied model of features of `law` in `hidden` dimensions.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) law: LawSpec,
    pub(crate) hidden: usize,
    /// Importance of each feature.
    pub(crate) importance: Vec<f64>,
}

/// The best model of a task.
pub(crate) struct Found {
    pub(crate) model: Autoencoder<f64>,
    /// Exact loss per feature, weighted by the importance.
    pub(crate) loss: f64,
    pub(crate) product: Product,
    pub(crate) geometry: Geometry,
    /// Share of the starts that ended within a thousandth of the best loss.
    pub(crate) agreement: f64,
}

type Sent<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Relative error of the loss during the descent from every start, and while the best result is
/// refined.
const TOLERANCE: f64 = 1e-4;
const POLISHED: f64 = 1e-6;

impl Task {
    pub(crate) fn paper(features: usize, hidden: usize, p: f64) -> Self {
        Self { law: LawSpec::paper(features, p), hidden, importance: vec![1.0; features] }
    }

    /// Returns the exact loss as an objective with a relative error of about `tolerance`.
    pub(crate) fn objective(&self, tolerance: f64) -> theory::Result<ExactObjective> {
        let law = self.law.build().map_err(theory::Error::Law)?;
        ExactObjective::new(&law)?.with_tolerance(tolerance)?.with_importance(self.importance.clone())
    }

    /// Returns the initial weights of start `start` of a seed: `U(±√(3/n_d))`, or half that for
    /// every other start, with biases of 0.
    pub(crate) fn start(&self, seed: u64, start: u64) -> Sent<Autoencoder<f64>> {
        let shape = Shape::tied(self.law.features, self.hidden)?;
        let mut rng = Stream::Weights.rng(seed, start);
        let mut model = Initialisation::UnitNorm.sample(shape, Activation::Relu, &mut rng)?;
        if start % 2 == 1 {
            model.parameters_mut().as_mut_slice().iter_mut().for_each(|weight| *weight *= 0.5);
        }
        Ok(model)
    }

    /// Replaces the model by the end of a descent, and returns its loss.
    fn descend(&self, model: &mut Autoencoder<f64>, tolerance: f64) -> Sent<f64> {
        let config = LbfgsConfig { max_iterations: 150, gradient_tolerance: 1e-7, ..LbfgsConfig::default() };
        Ok(descend(model, &mut self.objective(tolerance)?, &Lbfgs::new(config)?)?.loss)
    }
}

/// Returns the best of `starts` descents of each task.
pub(crate) fn best(tasks: &[Task], starts: u64, seed: u64) -> Result<Vec<Found>, Box<dyn Error>> {
    let items: Vec<_> = tasks.iter().flat_map(|task| (0..starts).map(move |start| (task, start))).collect();
    let ends = side_by_side(&items, None, |(task, start)| {
        let mut model = task.start(seed, *start)?;
        Ok((task.descend(&mut model, TOLERANCE)?, model))
    })?;
    let ends = ends.into_iter().collect::<Sent<Vec<_>>>().map_err(|error| error as Box<dyn Error>)?;
    let items: Vec<_> = tasks.iter().zip(ends.chunks(starts as usize)).collect();
    let found = side_by_side(&items, None, |(task, ends)| found(task, ends))?;
    found.into_iter().collect::<Sent<_>>().map_err(|error| error as Box<dyn Error>)
}

/// Returns the best end of a task's descents, refined.
fn found(task: &Task, ends: &[(f64, Autoencoder<f64>)]) -> Sent<Found> {
    let (least, model) = ends.iter().min_by(|a, b| a.0.total_cmp(&b.0)).ok_or("no starts")?;
    let near = ends.iter().filter(|(loss, _)| *loss <= least * 1.001 + 1e-12).count();
    let agreement = near as f64 / ends.len() as f64;
    let mut model = model.clone();
    let loss = task.descend(&mut model, POLISHED)?;
    let product = Product::of_model(&model)?;
    let geometry = Geometry::of_product(&product, task.hidden, Geometry::TOLERANCE)?;
    Ok(Found { model, loss, product, geometry, agreement })
}

/// Returns the clusters of a model as text, such as `pentagon` or `2 × antipodal pair, 1 dropped`.
pub(crate) fn shape(geometry: &Geometry) -> String {
    let mut names: Vec<(String, usize)> = Vec::new();
    for cluster in &geometry.clusters {
        let other = || format!("{} features in {:.2} dimensions", cluster.features.len(), cluster.dimensions);
        let name = cluster.polytope.map_or_else(other, |polytope| polytope.to_string());
        match names.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => names.push((name, 1)),
        }
    }
    let dropped = geometry.norm.len() - geometry.clusters.iter().map(|c| c.features.len()).sum::<usize>();
    let mut parts: Vec<_> =
        names.into_iter().map(|(name, n)| if n > 1 { format!("{n} × {name}") } else { name }).collect();
    if dropped > 0 {
        parts.push(format!("{dropped} dropped"));
    }
    parts.join(", ")
}
