//! Figs. 1 to 3 of the paper, from what was measured.

use std::error::Error;
use std::path::{Path, PathBuf};

use toy_superposition::data::sample_rng;
use toy_superposition::figures::{
    LossCurves, LossPoint, LossSeries, Rug, Scale, WeightBlock, loss_curves, rug, weight_block,
};
use toy_superposition::model::Weights;
use toy_superposition::rug::PersianRug;
use toy_superposition::theory;

use crate::cell::{Cell, Outcome};
use crate::family::Family;

/// Features shown in Fig. 3.
const BLOCK: usize = 30;

/// Draws the figures; each with its caption.
pub(crate) fn draw(
    family: &Family,
    outcomes: &[Outcome],
    seed: u64,
    out: &Path,
) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut drawn = Vec::new();
    let (features, hidden) = (256, 40);
    let persian = PersianRug::random(features, hidden, &mut sample_rng(seed, 0))?;
    let matrix = persian.matrix::<f64>();
    let caption = format!("Persian rug: $n_s = {features}$, $n_d = {hidden}$, $S$ random, seed {seed}.");
    let figure = Rug {
        features,
        values: matrix.transpose().as_slice().to_vec(),
        limit: None,
        caption: format!("{caption} $R$ has unit diagonal and rank $n_d$."),
    };
    drawn.push((caption, rug(&figure, out.join("figure1_rug"))?.png));

    for &features in &family.features {
        let series: Vec<_> = family.probabilities.iter().map(|&p| series(outcomes, features, p)).collect();
        let note = format!(
            "$n_s = {features}$, seed {seed}; {} fresh samples a point, bars one standard error.",
            family.samples
        );
        let caption = format!("Loss against ratio: {note}");
        let figure = LossCurves { series, loss_scale: Scale::Linear, ratios: None, caption: caption.clone() };
        drawn.push((caption, loss_curves(&figure, out.join(format!("figure2a_loss_{features}")))?.png));
        // Where the drop begins: r ≈ p.
        let least = family.probabilities.iter().copied().fold(f64::INFINITY, f64::min);
        let zoom = (0.0, (8.0 * least).max(2.5 * family.ratios[0]).min(1.0));
        let caption = format!("The initial drop, $r$ near $p$: {note}");
        let figure = LossCurves { ratios: Some(zoom), caption: caption.clone(), ..figure };
        drawn.push((caption, loss_curves(&figure, out.join(format!("figure2b_drop_{features}")))?.png));
        let caption = format!("Loss against ratio, logarithmic: {note}");
        let figure = LossCurves { ratios: None, loss_scale: Scale::Log, caption: caption.clone(), ..figure };
        drawn.push((caption, loss_curves(&figure, out.join(format!("figure2_log_{features}")))?.png));
    }
    drawn.push(block(family, outcomes, seed, out)?);
    Ok(drawn)
}

fn series(outcomes: &[Outcome], features: usize, probability: f64) -> LossSeries {
    let mut cells: Vec<_> =
        outcomes.iter().filter(|cell| cell.features == features && cell.probability == probability).collect();
    cells.sort_by_key(|cell| cell.hidden);
    let points = |of: fn(&Outcome) -> (f64, f64)| {
        let point = |cell: &&Outcome| {
            let (loss, error) = of(cell);
            LossPoint { ratio: cell.ratio, loss, error }
        };
        cells.iter().map(point).collect()
    };
    // Both lines are known everywhere.
    let line = |of: fn(f64, f64) -> theory::Result<f64>| {
        let ratios = (1..=160).map(|k| 0.005 * f64::from(k));
        ratios
            .filter_map(|ratio| Some(LossPoint { ratio, loss: of(probability, ratio).ok()?, error: 0.0 }))
            .collect()
    };
    LossSeries {
        probability,
        trained: points(|cell| (cell.trained_loss, cell.trained_standard_error)),
        rug: points(|cell| (cell.rug_loss, cell.rug_standard_error)),
        linear: line(theory::linear_loss),
        theory: line(|p, r| Ok(theory::optimum_at_ratio(p, r)?.loss)),
    }
}

/// Fig. 3: the trained model nearest to the one that the family wants shown.
fn block(
    family: &Family,
    outcomes: &[Outcome],
    seed: u64,
    out: &Path,
) -> Result<(String, PathBuf), Box<dyn Error>> {
    let (features, p, r) = family.shown;
    let distance = |cell: &Outcome| {
        let far = if cell.features == features { 0.0 } else { 1e3 };
        far + (cell.probability / p).ln().abs() + (cell.ratio / r).ln().abs()
    };
    let cell = outcomes.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).ok_or("no models")?;
    let Outcome { features, hidden, probability, .. } = *cell;
    let path = Cell { features, hidden, probability, seed }.weights_path(family, &out.join("cells"));
    let model = Weights::<f64>::load(path)?.model;
    let size = BLOCK.min(features);
    let corner = model.product().view((0, 0), (size, size)).transpose();
    let caption = format!(
        "First {size} × {size} elements of $W = W_{{out}} W_{{in}}$ and the bias of a trained model: \
         $n_s = {features}$, $n_d = {hidden}$, $p = {probability:.4}$, seed {seed}."
    );
    let figure = WeightBlock {
        features: size,
        values: corner.as_slice().to_vec(),
        bias: model.bias().as_slice()[..size].to_vec(),
        caption: caption.clone(),
    };
    Ok((caption, weight_block(&figure, out.join("figure3_weights"))?.png))
}
