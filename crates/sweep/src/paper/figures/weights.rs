//! Figs. 1 and 3: matrices.

use toy_superposition_data::Stream;
use toy_superposition_figures::{Rug, WeightBlock};
use toy_superposition_model::Weights;
use toy_superposition_rug::PersianRug;

use crate::{Cell, Model, Reason, Superposition, Sweep};

/// Number of features shown in Fig. 3.
const BLOCK: usize = 30;
/// The n_s, p and r of the paper's model in Fig. 3.
const PAPERS: (f64, f64, f64) = (512.0, 0.0440, 0.254);

/// Returns Fig. 1: a rug of 256 features and 40 hidden dimensions, as in the paper.
///
/// # Errors
/// The errors of [`PersianRug::random`], such as too little memory for the rug.
pub fn example_rug(seed: u64) -> Result<Rug, toy_superposition_rug::Error> {
    let (features, hidden) = (256, 40);
    let rug = PersianRug::random(features, hidden, &mut Stream::Draws.rng(seed, 0))?;
    Ok(Rug {
        features,
        values: rug.to_matrix::<f64>().transpose().as_slice().to_vec(),
        limit: None,
        caption: format!(
            "Persian rug: $n_s = {features}$, $n_d = {hidden}$, $S$ random, seed {seed}. $R$ has unit diagonal and \
             rank $n_d$."
        ),
    })
}

/// Returns Fig. 3: the first elements of `W` and the bias of the trained model nearest to the
/// paper's, among those whose weights were kept.
///
/// # Errors
/// Fails if the weights cannot be read.
pub fn weight_block(sweep: &Sweep<Superposition>) -> Result<Option<WeightBlock>, Reason> {
    let far = |cell: &Cell<Model>| {
        let (features, p, ratio) = PAPERS;
        // n_s counts least in the distance between models.
        let size = (cell.features as f64 / features).sqrt();
        let ratios = [size, cell.probability / p, cell.ratio() / ratio];
        ratios.iter().map(|ratio| ratio.ln().abs()).sum::<f64>()
    };
    let kept = |cell: &&Cell<Model>| {
        cell.kind == Model::Trained && cell.law.is_none() && sweep.weights(cell).is_file()
    };
    let nearest = sweep.cells().iter().filter(kept).min_by(|a, b| far(a).total_cmp(&far(b)));
    let Some(cell) = nearest else { return Ok(None) };
    let model = Weights::<f64>::load(sweep.weights(cell))?.model;
    let size = BLOCK.min(cell.features);
    // Only this corner of W is computed, since all of W (n_s × n_s) may exceed the memory.
    let corner = (model.decoder().rows(0, size) * model.encoder().columns(0, size)).transpose();
    let Cell { features, hidden, probability, seed, .. } = cell;
    Ok(Some(WeightBlock {
        features: size,
        values: corner.as_slice().to_vec(),
        bias: model.bias().as_slice()[..size].to_vec(),
        caption: format!(
            "First {size} × {size} elements of $W = W_{{out}} W_{{in}}$ and the bias of a trained model: \
             $n_s = {features}$, $n_d = {hidden}$, $p = {probability:.4}$, seed {seed}."
        ),
    }))
}
