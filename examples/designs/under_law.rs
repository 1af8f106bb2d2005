//! The table of designs for features of any law with an exact loss.

use command_line::say;
use serde_json::json;
use toy_superposition::data::{Law, LawSpec, MagnitudeSpec};
use toy_superposition::designs::{blocks, under_law};
use toy_superposition::theory::{self, Spectrum};

use crate::leaderboard::{Line, best_of, hidden, lines_json, table};
use crate::{AnyError, Arguments};

pub(crate) fn print(arguments: &Arguments, spec: &LawSpec, ratio: f64) -> Result<(), AnyError> {
    let law = spec.build()?;
    let (features, seed) = (law.features(), arguments.seed);
    let hidden = hidden(features, ratio)?;
    let ratio = hidden as f64 / features as f64;
    let probabilities: Vec<f64> = (0..features).map(|j| law.moments(j).probability).collect();
    let p = probabilities.iter().sum::<f64>() / features as f64;
    // A law without an exact loss is refused before the long computation.
    theory::exact_row_loss(&vec![0.0; features], 0, 0.0, &law)?;

    // Only the choice of each block among its random draws assumes independent features of the mean
    // p.
    let blocks = best_of(&blocks(features.min(arguments.block), seed)?, p, "blocks")?;
    let candidates = under_law(&law, hidden, &blocks, arguments.draws, seed)?;
    let mut entries = best_of(&candidates, &law, "designs")?;
    entries.sort_by(|a, b| a.best.loss.total_cmp(&b.best.loss));
    let lines: Vec<Line> = entries.into_iter().map(Line::of).collect();

    let spectrum = Spectrum::of(&law)?;
    let (linear, sigma) = (spectrum.linear_loss(hidden)?, spectrum.welch_sigma(hidden)?);
    let alike = probabilities.iter().all(|other| *other == probabilities[0]);
    let paper = alike && spec.magnitude == MagnitudeSpec::Uniform {};
    let optimum = paper.then(|| theory::optimum(p, sigma)).transpose()?.map(|optimum| optimum.loss);
    let mut yardsticks = vec![("linear", linear)];
    yardsticks.extend(optimum.map(|loss| ("optimum", loss)));
    if arguments.json {
        let mut object = json!({
            "law": spec, "features": features, "hidden": hidden, "ratio": ratio, "seed": seed,
            "linear_loss": linear, "welch_sigma": sigma, "designs": lines_json(&lines, &yardsticks),
        });
        if let Some(loss) = optimum {
            object["gaussian_optimum"] = json!(loss);
        }
        say!("{object}");
        return Ok(());
    }
    say!("n_s = {features}, n_d = {hidden}, mean p = {p}; losses per feature over the mean p");
    say!("law {spec}");
    if let Some(loss) = optimum {
        say!("{:>12.6}  Gaussian optimum at the least interference that the covariance allows", loss / p);
    }
    say!("{:>12.6}  best affine model\n", linear / p);
    table(&lines, p, &yardsticks);
    Ok(())
}
