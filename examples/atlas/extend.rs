//! New blocks for the atlas: descents of the exact loss, and weights from files.

use std::error::Error;
use std::path::Path;

use command_line::note;
use rayon::prelude::*;
use toy_superposition::data::Stream;
use toy_superposition::designs::{Atlas, Entry, Family, Store, descend, hierarchy_of_factor};
use toy_superposition::model::{Activation, Autoencoder, Initialisation, Shape, Weights, check_memory};
use toy_superposition::theory::exact_loss;
use toy_superposition::train::initial_model;

use crate::Arguments;

/// Greatest ratio of a block's loss to the hull for a descent to begin there.
const NEAR: f64 = 1.1;
/// Factors of the hierarchies from which a descent begins.
const FACTORS: [f64; 4] = [2.0, 3.0, 5.0, 9.0];
/// Least relative gain that counts.
const GAIN: f64 = 1e-4;

/// Returns the store extended by the blocks that lower the hull.
pub(crate) fn extend(arguments: &Arguments, p: f64) -> Result<Store, Box<dyn Error>> {
    let path = arguments.store.as_deref().ok_or("--store FILE is where found blocks are kept")?;
    let mut store = if path.exists() { Store::load(path)? } else { Store::builtin()? };
    let mut atlas = Atlas::with_store(p, &store)?;
    if let Some(file) = &arguments.add {
        let model = Weights::<f64>::load(file)?.model.cast::<f32>()?;
        let name = format!("{} {}", file.file_stem().unwrap_or_default().to_string_lossy(), shape(&model));
        let note = format!("weights from {}", file.display());
        if !add(&mut store, &mut atlas, path, &name, &model, &note)? {
            return Err(format!("{}: not below the hull; the store is as it was", file.display()).into());
        }
    }
    if let Some(steps) = arguments.descend {
        for &(features, hidden) in &arguments.shape {
            let seeds: Vec<u64> = (0..arguments.random).map(|k| arguments.seed.wrapping_add(k)).collect();
            let found = seeds.par_iter().map(|&seed| {
                let mut model = initial_model::<f64>(
                    Shape::new(features, hidden)?,
                    Initialisation::PyTorch,
                    Activation::Relu,
                    seed,
                )?;
                // Biases are set so that no output is off at the start.
                let (.., bias) = model.parameters_mut().split_mut();
                bias.fill(0.0);
                let (model, _) = descend(&model, p, steps)?;
                let bias: Vec<f64> = model.bias().iter().copied().collect();
                Ok((exact_loss(&model.product(), &bias, p)?.loss, seed, model.cast::<f32>()?))
            });
            let found = found.collect::<Result<Vec<_>, Box<dyn Error + Send + Sync>>>();
            let found = found.map_err(|error| error as Box<dyn Error>)?;
            let Some((_, seed, model)) = found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)) else {
                continue;
            };
            let name = format!("descended {}", shape(&model));
            let note = format!("{steps} iterations of L-BFGS from random weights, seed {seed}");
            add(&mut store, &mut atlas, path, &name, &model, &note)?;
        }
        let shapes = if arguments.shape.is_empty() { atlas.of_each_shape() } else { Vec::new() };
        let fits = |entry: &&Entry| {
            let (n, d) = (entry.design.features(), entry.design.hidden());
            let bound = atlas.best(entry.design.ratio()).map_or(0.0, |mixture| mixture.loss);
            n <= arguments.block && d > 0 && 2 * d <= n && entry.best.loss <= NEAR * bound
        };
        let starts: Vec<Entry> = shapes.iter().filter(fits).cloned().collect();
        for (number, start) in starts.iter().enumerate() {
            note!("{} of {}: {}", number + 1, starts.len(), start.name);
            let model = descended(start, p, steps, arguments.seed)?;
            let name = format!("descended {}", shape(&model));
            let note = format!("{steps} iterations of L-BFGS from {}, seed {}", start.name, arguments.seed);
            add(&mut store, &mut atlas, path, &name, &model, &note)?;
        }
    }
    Ok(store)
}

/// Parses a shape N,D.
pub(crate) fn shape_of(text: &str) -> Result<(usize, usize), String> {
    let numbers = text.split_once(',').and_then(|(n, d)| Some((n.parse().ok()?, d.parse().ok()?)));
    match numbers {
        Some((n, d)) if (1..=n).contains(&d) => Ok((n, d)),
        _ => Err(format!("{text:?} is not N,D with 1 ≤ D ≤ N")),
    }
}

fn shape<T: toy_superposition::model::Scalar>(model: &Autoencoder<T>) -> String {
    format!("({}, {})", model.features(), model.hidden())
}

/// Returns the best result of descents of the exact loss from a block; for a hierarchy, from those
/// of small factors.
fn descended(start: &Entry, p: f64, steps: u64, seed: u64) -> Result<Autoencoder<f32>, Box<dyn Error>> {
    let features = start.design.features();
    if start.family == Family::Hierarchies && features > 2 {
        let ends = FACTORS.par_iter().map(|&factor| {
            let (model, found) = descend(&hierarchy_of_factor(features, factor)?, p, steps)?;
            Ok((found.loss, model))
        });
        let ends: Vec<(f64, Autoencoder<f64>)> =
            ends.collect::<Result<_, toy_superposition::designs::Error>>()?;
        let best = ends.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).ok_or("no factor")?;
        return Ok(best.1.cast()?);
    }
    let mut model = start.design.autoencoder(&start.best.settings)?;
    // A symmetric block is a stationary point; noise of a hundredth of the weights leads away from
    // it.
    if ![Family::Hierarchies, Family::Descended].contains(&start.family) {
        let size = (model.encoder().norm_squared() / model.encoder().len() as f64).sqrt();
        let mut rng = Stream::Perturbation.rng(seed, 0);
        for weight in model.parameters_mut().as_mut() {
            *weight += 0.01 * size * (2.0 * rand::RngExt::random::<f64>(&mut rng) - 1.0);
        }
    }
    Ok(descend(&model, p, steps)?.0.cast()?)
}

/// Adds weights if they lower the hull, and removes weights that are no longer on it. Returns
/// whether they were added.
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
    check_memory("the product of the weights", 8 * (wide.features() as u128).pow(2))?;
    let bias: Vec<f64> = wide.bias().iter().copied().collect();
    let loss = exact_loss(&wide.product(), &bias, p)?.loss;
    let bound = atlas.best(wide.hidden() as f64 / wide.features() as f64)?.loss;
    note!("{name}: {:.6} p, {:+.2} % from the hull", loss / p, 100.0 * (loss / bound - 1.0));
    if loss >= bound * (1.0 - GAIN) {
        return Ok(false);
    }
    let mut extended = store.clone();
    extended.add_weights(p, name, model, note)?;
    *atlas = Atlas::with_store(p, &extended)?;
    let hull: Vec<String> = atlas.hull().map(|entry| entry.name.clone()).collect();
    extended.retain_weights(p, |name| hull.iter().any(|other| other == name));
    extended.save(path)?;
    *store = extended;
    Ok(true)
}
