//! More blocks for the atlas: descents of the exact loss, and weights from elsewhere.

use std::error::Error;
use std::path::Path;

use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::designs::{Atlas, Entry, Store};
use toy_superposition::model::{Autoencoder, Weights};
use toy_superposition::optim::{Lbfgs, LbfgsConfig};
use toy_superposition::theory::{ExactObjective, exact_loss};
use toy_superposition::train::{Recipe, Run, Task, Trainer, descend};

use crate::Arguments;

/// How far above the hull a block may be from which a descent begins.
const NEAR: f64 = 1.1;
/// Less than this, relatively, is no gain.
const GAIN: f64 = 1e-4;
/// The first rate of Adam.
const RATE: f64 = 0.01;
/// The tolerance of the gradient.
const TOLERANCE: f64 = 1e-4;

pub(crate) fn extend(arguments: &Arguments, p: f64) -> Result<(), Box<dyn Error>> {
    let path = arguments.store.as_deref().ok_or("--store FILE is where found blocks are kept")?;
    let mut store = if path.exists() { Store::load(path)? } else { Store::builtin()? };
    let mut atlas = Atlas::with_store(p, &store)?;
    if let Some(file) = &arguments.add {
        let model = Weights::<f32>::load(file)?.model;
        let name = format!("{} {}", file.file_stem().unwrap_or_default().to_string_lossy(), shape(&model));
        let note = format!("weights from {}", file.display());
        if !add(&mut store, &mut atlas, path, &name, &model, &note)? {
            return Err(format!("{}: not below the hull; the store is as it was", file.display()).into());
        }
    }
    if let Some(steps) = arguments.descend {
        let fits = |entry: &&Entry| {
            let (n, d) = (entry.design.features(), entry.design.hidden());
            let bound = atlas.best(entry.design.ratio()).map_or(0.0, |mixture| mixture.loss);
            n > 2 && n <= arguments.block && d > 0 && 2 * d < n && entry.best.loss <= NEAR * bound
        };
        let shapes = atlas.of_each_shape();
        let starts: Vec<Entry> = shapes.iter().filter(fits).cloned().collect();
        for (number, start) in starts.iter().enumerate() {
            note!("{} of {}: {}", number + 1, starts.len(), start.name);
            let model = descended(start, p, steps, arguments.seed)?;
            let name = format!("descended {}", shape(&model));
            let note =
                format!("{steps} steps of Adam and L-BFGS from {}, seed {}", start.name, arguments.seed);
            add(&mut store, &mut atlas, path, &name, &model, &note)?;
        }
    }
    Ok(())
}

fn shape<T: toy_superposition::model::Scalar>(model: &Autoencoder<T>) -> String {
    format!("({}, {})", model.features(), model.hidden())
}

/// Where the descent of the exact loss from a block ends.
fn descended(start: &Entry, p: f64, steps: u64, seed: u64) -> Result<Autoencoder<f32>, Box<dyn Error>> {
    let mut model = start.design.autoencoder(&start.best.settings)?;
    // A symmetric block is a stationary point: noise of a hundredth of the weights leads away from it.
    let size = (model.encoder().norm_squared() / model.encoder().len() as f64).sqrt();
    let mut rng = Stream::Perturbation.rng(seed, 0);
    for weight in model.parameters_mut().as_mut() {
        *weight += 0.01 * size * (2.0 * rand::RngExt::random::<f64>(&mut rng) - 1.0);
    }
    let objective = ExactObjective::new(p)?.with_tolerance(TOLERANCE)?;
    let recipe = Recipe::without_samples(RATE, steps)?;
    let task = Task::new("exact loss", LawSpec::paper(model.features(), p));
    let mut trainer = Trainer::new(model, objective.clone(), &recipe, task)?;
    trainer.run(&Run::default(), |_, _| {})?;
    let mut model = trainer.into_model();
    let config = LbfgsConfig { max_iterations: steps / 2, gradient_tolerance: 0.0, ..LbfgsConfig::default() };
    descend(&mut model, &mut objective.clone(), &Lbfgs::new(config)?)?;
    Ok(model.cast()?)
}

/// Adds weights if they lower the hull, and forgets weights that are no longer on it. Says whether they do.
fn add(
    store: &mut Store,
    atlas: &mut Atlas,
    path: &Path,
    name: &str,
    model: &Autoencoder<f32>,
    note: &str,
) -> Result<bool, Box<dyn Error>> {
    let p = atlas.probability();
    let wide = model.cast::<f64>()?;
    let bias: Vec<f64> = wide.bias().iter().copied().collect();
    let loss = exact_loss(&wide.product(), &bias, p)?.loss;
    let bound = atlas.best(wide.hidden() as f64 / wide.features() as f64)?.loss;
    note!("{name}: {:.6} p, {:+.2} % from the hull", loss / p, 100.0 * (loss / bound - 1.0));
    if loss >= bound * (1.0 - GAIN) {
        return Ok(false);
    }
    let mut extended = store.clone();
    extended.add_weights(p, name, model, note);
    *atlas = Atlas::with_store(p, &extended)?;
    let hull: Vec<String> = atlas.hull().map(|entry| entry.name.clone()).collect();
    extended.retain_weights(p, |name| hull.iter().any(|other| other == name));
    extended.save(path)?;
    *store = extended;
    Ok(true)
}
