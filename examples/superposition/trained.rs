//! Tied models of many features, each trained on samples.

use std::error::Error;

use toy_superposition::data::Features;
use toy_superposition::model::{Autoencoder, Shape};
use toy_superposition::theory::{Geometry, Product};
use toy_superposition::train::{Batches, Recipe, Trainer, side_by_side};

/// Sizes of a model and of its training.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) features: usize,
    pub(crate) hidden: usize,
    pub(crate) steps: u64,
}

/// Number of samples per step.
pub(crate) const BATCH: usize = 512;

/// A trained model.
pub(crate) struct Trained {
    /// Density p = 1 − S.
    pub(crate) density: f64,
    pub(crate) model: Autoencoder<f32>,
    pub(crate) geometry: Geometry,
}

type Sent<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Returns one model per density, trained by the fast recipe with smaller batches.
pub(crate) fn family(size: Size, densities: &[f64], seed: u64) -> Result<Vec<Trained>, Box<dyn Error>> {
    let one = |&density: &f64| -> Sent<Trained> {
        let shape = Shape::tied(size.features, size.hidden)?;
        let batches = Some(Batches::new(BATCH, None)?);
        let recipe = Recipe { batches, ..Recipe::fast(shape, Some(size.steps))? };
        let model = recipe.initial_model::<f32>(shape, seed)?;
        let law = Features::paper(size.features, density)?;
        let mut trainer = Trainer::on_fresh_batches(model, law, &recipe, seed)?;
        while !trainer.stopped() {
            trainer.step()?;
        }
        let model = trainer.into_model();
        let geometry = Geometry::of_product(&Product::of_model(&model)?, size.hidden, Geometry::TOLERANCE)?;
        Ok(Trained { density, model, geometry })
    };
    let models = side_by_side(densities, None, one)?;
    models.into_iter().collect::<Sent<_>>().map_err(|error| error as Box<dyn Error>)
}

/// Returns `count` densities whose reciprocals are evenly spaced in the logarithm from 1 to `most`.
pub(crate) fn densities(count: u32, most: f64) -> Vec<f64> {
    (0..count).map(|k| most.powf(-f64::from(k) / f64::from(count - 1))).collect()
}
