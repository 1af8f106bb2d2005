//! The map of the best design over (p, r), and of its gain over the next one.

use std::path::Path;

use command_line::{note, say};
use rayon::prelude::*;
use toy_superposition::designs::{Candidate, Entry, Family, Mixtures, blocks, whole};
use toy_superposition::figures::{self, Colours, HeatMap, HeatMaps, PhaseMap, Scale, heat_maps, phase_map};
use toy_superposition::files::{check_writable, create_folder, write_atomically};
use toy_superposition::model::check_memory;
use toy_superposition::theory;

use crate::leaderboard::{hidden, over};
use crate::{AnyError, Arguments, bar};

/// Range of the probabilities, evenly spaced on a logarithmic scale, and of the ratios, evenly
/// spaced.
const PROBABILITIES: (f64, f64) = (1e-3, 0.8);
const RATIOS: (f64, f64) = (0.0, 1.0);

/// Names of the files in the folder.
const TABLE: &str = "designs.csv";
const FIGURES: [&str; 2] = ["best", "gain"];

struct Cell {
    probability: f64,
    ratio: f64,
    best: Entry,
    /// The best entry of another family.
    second: Entry,
    optimum: f64,
    envelope: f64,
}

pub(crate) fn draw(arguments: &Arguments, folder: &Path) -> Result<(), AnyError> {
    let &Arguments { features, cells, seed, .. } = arguments;
    if cells == 0 {
        return Err("a map of no cells".into());
    }
    let most = u128::from(cells) * (features as u128).min(cells.into());
    check_memory("the cells of the map", most * size_of::<Cell>() as u128)?;
    create_folder(folder)?;
    check_writable(folder.join(TABLE))?;
    for figure in FIGURES {
        figures::check_writable(folder.join(figure))?;
    }
    let middle = |k: u32| (f64::from(k) + 0.5) / f64::from(cells);
    let (from, to) = PROBABILITIES;
    let probabilities: Vec<f64> = (0..cells).map(|k| from * (to / from).powf(middle(k))).collect();
    let (from, to) = RATIOS;
    let ratios = (0..cells).map(|k| hidden(features, from + (to - from) * middle(k)));
    let mut hiddens = ratios.collect::<Result<Vec<_>, _>>()?;
    hiddens.dedup();
    let blocks = blocks(features.min(arguments.block), seed)?;
    let shapes = hiddens
        .iter()
        .map(|&hidden| {
            let all = whole(features, hidden, arguments.draws, seed)?;
            Ok((hidden, all.into_iter().filter(|candidate| candidate.family != Family::Haar).collect()))
        })
        .collect::<Result<Vec<(usize, Vec<Candidate>)>, AnyError>>()?;

    let bar = bar("designs", probabilities.len() * hiddens.len());
    let mut map = Vec::new();
    for &p in &probabilities {
        let best = |candidate: &Candidate| candidate.best(p);
        let blocks = blocks.par_iter().map(best).collect::<Result<Vec<_>, _>>()?;
        let of = |family: Family| -> Vec<Entry> {
            let kept = |block: &&Entry| [family, Family::Apart].contains(&block.family);
            blocks.iter().filter(kept).cloned().collect()
        };
        let families = Family::ALL.map(of);
        let tables = families.iter().map(|blocks| Mixtures::new(blocks, features));
        let tables = tables.chain([Mixtures::new(&blocks, features)]).collect::<Result<Vec<_>, _>>()?;
        let column = shapes
            .par_iter()
            .map(|(hidden, candidates)| {
                let mut entries = candidates.iter().map(best).collect::<Result<Vec<_>, _>>()?;
                for table in &tables {
                    entries.push(table.at(features, *hidden)?);
                }
                let (best, second) = first_two(entries);
                let ratio = *hidden as f64 / features as f64;
                let (optimum, envelope) =
                    (theory::optimum_at_ratio(p, ratio)?.loss, theory::envelope(p, ratio)?.loss);
                bar.inc(1);
                Ok(Cell { probability: p, ratio, best, second, optimum, envelope })
            })
            .collect::<Result<Vec<_>, AnyError>>()?;
        map.extend(column);
    }
    bar.finish_and_clear();

    write_atomically(folder.join(TABLE), &csv(&map)?)?;
    let ratios: Vec<f64> = hiddens.iter().map(|&hidden| hidden as f64 / features as f64).collect();
    let caption = format!(
        "Direct sums of blocks of up to {} features, rugs and harmonic frames at $n_s = {features}$, best of {} draws, seed \
         {seed}; gain and bias of the least exact loss.",
        features.min(arguments.block),
        arguments.draws,
    );
    let present: Vec<Family> =
        Family::ALL.into_iter().filter(|family| map.iter().any(|cell| cell.best.family == *family)).collect();
    let best = PhaseMap {
        names: present.iter().map(ToString::to_string).collect(),
        probabilities: probabilities.clone(),
        ratios: ratios.clone(),
        regimes: map.iter().map(|cell| present.iter().position(|f| *f == cell.best.family)).collect(),
        boundaries: Vec::new(),
        probability_scale: Scale::Log,
        ratio_scale: Scale::Linear,
        ratio_label: None,
        caption: format!("The best design known: the kind of most of its superposed features. {caption}"),
    };
    let panel = |title: &str, of: fn(&Cell) -> f64| HeatMap {
        title: title.to_owned(),
        probabilities: probabilities.clone(),
        ratios: ratios.clone(),
        values: map.iter().map(|cell| Some(of(cell)).filter(|v| v.is_finite() && *v > 0.0)).collect(),
    };
    let panels = [
        panel("best to Gaussian envelope", |cell| cell.best.best.loss / cell.envelope),
        panel("best to next kind", |cell| cell.best.best.loss / cell.second.best.loss),
    ];
    // At a ratio of 1 every loss is 0.
    let drawn = |panel: &HeatMap| panel.values.iter().any(Option::is_some);
    let gain = HeatMaps {
        quantity: "ratio of losses".to_owned(),
        panels: panels.into_iter().filter(drawn).collect(),
        colours: Colours::Log,
        probability_scale: Scale::Log,
        ratio_scale: Scale::Linear,
        caption: format!("How much the best design known gains. {caption}"),
    };
    let [best_stem, gain_stem] = FIGURES.map(|figure| folder.join(figure));
    let mut written = vec![phase_map(&best, best_stem)?];
    if gain.panels.is_empty() {
        note!("no figure of the gain: no cell has a ratio of losses");
    } else {
        written.push(heat_maps(&gain, gain_stem)?);
    }
    for figure in written {
        say!("{}\n{}", figure.png.display(), figure.svg.display());
    }
    Ok(())
}

/// Returns the best entry (the first family's, of equal ones), and the best of the others that is
/// worse and of another kind.
fn first_two(mut entries: Vec<Entry>) -> (Entry, Entry) {
    const EQUAL: f64 = 1.0 + 1e-6;
    entries.sort_by(|a, b| a.best.loss.total_cmp(&b.best.loss));
    let least = entries[0].best.loss;
    let equal = entries.iter().filter(|entry| entry.best.loss <= least * EQUAL);
    let best = equal.min_by_key(|entry| entry.family).unwrap_or(&entries[0]).clone();
    let worse = |entry: &&Entry| entry.family != best.family && entry.best.loss > least * EQUAL;
    let second = entries.iter().find(worse).unwrap_or(&best).clone();
    (best, second)
}

fn csv(map: &[Cell]) -> Result<Vec<u8>, AnyError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "probability",
        "ratio",
        "loss",
        "over_optimum",
        "over_envelope",
        "family",
        "design",
        "second_loss",
        "second",
    ])?;
    for Cell { probability, ratio, best, second, optimum, envelope } in map {
        let loss = best.best.loss;
        writer.write_record([
            probability.to_string(),
            ratio.to_string(),
            loss.to_string(),
            over(loss, *optimum).map(|quotient| quotient.to_string()).unwrap_or_default(),
            over(loss, *envelope).map(|quotient| quotient.to_string()).unwrap_or_default(),
            best.family.to_string(),
            best.name.clone(),
            second.best.loss.to_string(),
            second.name.clone(),
        ])?;
    }
    Ok(writer.into_inner()?)
}
