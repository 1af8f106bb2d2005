//! The table of designs at one point.

use command_line::say;
use rayon::prelude::*;
use serde_json::{Value, json};
use toy_superposition::designs::{Candidate, Entry, Family, Mixtures, blocks, hierarchies, whole};
use toy_superposition::theory::{self, FeatureLaw};

use crate::{AnyError, Arguments, bar, trained};

/// A row of the table.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) loss: f64,
    pub(crate) standard_error: f64,
    /// The entry of a design; `None` for trained weights.
    pub(crate) entry: Option<Entry>,
}

impl Line {
    pub(crate) fn of(entry: Entry) -> Self {
        let (name, best) = (entry.name.clone(), &entry.best);
        Self { name, loss: best.loss, standard_error: best.standard_error, entry: Some(entry) }
    }
}

/// Returns n_d for a ratio.
pub(crate) fn hidden(features: usize, ratio: f64) -> Result<usize, AnyError> {
    if features == 0 || !(ratio > 0.0 && ratio <= 1.0) {
        return Err(format!("{features} features at a ratio of {ratio}: ratios in (0, 1] are allowed").into());
    }
    Ok(((ratio * features as f64).round() as usize).clamp(1, features))
}

/// Returns the best entry of each candidate, evaluated on all threads.
pub(crate) fn best_of<'a>(
    candidates: &[Candidate],
    law: impl Into<FeatureLaw<'a>>,
    label: &str,
) -> Result<Vec<Entry>, AnyError> {
    let law = law.into();
    let bar = bar(label, candidates.len());
    let best = candidates
        .par_iter()
        .map(|candidate| {
            let entry = candidate.best(law);
            bar.inc(1);
            entry
        })
        .collect::<Result<Vec<_>, _>>()?;
    bar.finish_and_clear();
    Ok(best)
}

/// Returns the best direct sum of all blocks, and that of each family with lossless and dropped
/// features, without repetitions.
fn sums(blocks: &[Entry], features: usize, hidden: usize) -> Result<Vec<Entry>, AnyError> {
    let mut sums = vec![Mixtures::new(blocks, features)?.at(features, hidden)?];
    for family in Family::ALL {
        let of = |block: &&Entry| [family, Family::Apart].contains(&block.family);
        let own: Vec<Entry> = blocks.iter().filter(of).cloned().collect();
        let sum = Mixtures::new(&own, features)?.at(features, hidden)?;
        // The same design may occur under another name, such as a rug that is a sum of pairs.
        let same = |other: &Entry| {
            let (a, b) = (other.best.loss, sum.best.loss);
            (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
        };
        if !sums.iter().any(same) {
            sums.push(sum);
        }
    }
    Ok(sums)
}

/// Returns designs of fewer features beside dropped ones, where the Gaussian optimum says that
/// dropping pays.
fn with_dropped(arguments: &Arguments, p: f64, hidden: usize) -> Result<Vec<Entry>, AnyError> {
    let features = arguments.features;
    let mixture = theory::envelope(p, hidden as f64 / features as f64)?;
    let kept = ((1.0 - mixture.dropped_fraction) * features as f64).round() as usize;
    if kept >= features || kept < hidden {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for candidate in whole(kept, hidden, arguments.draws, arguments.seed)? {
        if candidate.family != Family::Haar {
            entries.push(candidate.best(p)?.with_dropped(features - kept, p)?);
        }
    }
    Ok(entries)
}

pub(crate) fn print(arguments: &Arguments, p: f64, ratio: f64) -> Result<(), AnyError> {
    let (features, seed) = (arguments.features, arguments.seed);
    let hidden = hidden(features, ratio)?;
    let ratio = hidden as f64 / features as f64;
    let (optimum, envelope) = (theory::optimum_at_ratio(p, ratio)?, theory::envelope(p, ratio)?);

    let mut entries = best_of(&whole(features, hidden, arguments.draws, seed)?, p, "designs")?;
    entries.extend(with_dropped(arguments, p, hidden)?);
    let mut blocks = best_of(&blocks(features.min(arguments.block), seed)?, p, "blocks")?;
    blocks.extend(hierarchies(features.min(arguments.block), p)?);
    entries.extend(sums(&blocks, features, hidden)?);
    entries.sort_by(|a, b| a.best.loss.total_cmp(&b.best.loss));
    // A descent does not reach the lengths in a hierarchy.
    let within_reach = |entry: &&Entry| !entry.name.contains("hierarchy (");
    let best = entries.iter().find(within_reach).cloned();
    let mut lines: Vec<Line> = entries.into_iter().map(Line::of).collect();
    if let (true, Some(best)) = (arguments.train, best) {
        lines.extend(trained::lines(arguments, p, hidden, &best)?);
        lines.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    }

    let yardsticks = [("optimum", optimum.loss), ("envelope", envelope.loss)];
    if arguments.json {
        let object = json!({
            "features": features, "hidden": hidden, "probability": p, "ratio": ratio, "seed": seed,
            "gaussian_optimum": optimum.loss, "gaussian_envelope": envelope.loss,
            "linear": theory::linear_loss(p, ratio)?, "blocks": blocks.len(),
            "best_loss": lines.first().map(|line| line.loss),
            "designs": lines_json(&lines, &yardsticks),
        });
        say!("{object}");
        return Ok(());
    }
    say!("n_s = {features}, n_d = {hidden}, p = {p}; losses per feature over p");
    say!("{:>12.6}  Gaussian optimum, all features alike", optimum.loss / p);
    say!("{:>12.6}  Gaussian envelope: the best mixture", envelope.loss / p);
    say!("{:>12.6}  linear optimum\n", theory::linear_loss(p, ratio)? / p);
    table(&lines, p, &yardsticks);
    Ok(())
}

/// Prints the rows: losses over p, and relative to each yardstick.
pub(crate) fn table(lines: &[Line], p: f64, yardsticks: &[(&str, f64)]) {
    let heads: String = yardsticks.iter().map(|(name, _)| format!(" {:>10}", format!("/{name}"))).collect();
    say!("{:>12}  {:>8}{heads}  design", "loss/p", "±");
    for Line { name, loss, standard_error, entry } in lines {
        let open = entry.as_ref().is_some_and(|entry| !entry.best.converged);
        let note = if open { " (search not converged)" } else { "" };
        let error = if *standard_error > 0.0 { format!("{:.1e}", standard_error / p) } else { String::new() };
        let over = |&(_, least): &(&str, f64)| match over(*loss, least) {
            Some(quotient) => format!(" {quotient:>10.4}"),
            None => format!(" {:>10}", ""),
        };
        let over: String = yardsticks.iter().map(over).collect();
        say!("{:>12.6}  {error:>8}{over}  {name}{note}", loss / p);
    }
}

/// Returns a loss relative to the least one, or `None` where that is 0, at a ratio of 1.
pub(crate) fn over(loss: f64, least: f64) -> Option<f64> {
    Some(loss / least).filter(|quotient| quotient.is_finite())
}

/// Returns the rows as JSON objects, with their losses relative to each yardstick.
pub(crate) fn lines_json(lines: &[Line], yardsticks: &[(&str, f64)]) -> Vec<Value> {
    lines.iter().map(|line| line_json(line, yardsticks)).collect()
}

fn line_json(line: &Line, yardsticks: &[(&str, f64)]) -> Value {
    let mut object = json!({
        "name": line.name, "loss": line.loss, "standard_error": line.standard_error,
    });
    for &(name, least) in yardsticks {
        if let Some(quotient) = over(line.loss, least) {
            object[format!("over_{name}")] = json!(quotient);
        }
    }
    if let Some(entry) = &line.entry {
        let found = entry.design.diagnostics();
        let settings = entry.best.settings.iter();
        let settings: Vec<_> = settings
            .map(|setting| json!({"a": setting.a, "b": setting.bias, "ones": setting.ones}))
            .collect();
        object["converged"] = json!(entry.best.converged);
        object["family"] = json!(entry.family.to_string());
        object["settings"] = json!(settings);
        object["coherence"] = json!(found.coherence);
        object["squares"] = json!(found.squares);
        for (key, bound) in
            [("welch_coherence", found.welch_coherence), ("welch_squares", found.welch_squares)]
        {
            if let Some(bound) = bound {
                object[key] = json!(bound);
            }
        }
    }
    object
}
