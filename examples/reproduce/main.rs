//! The paper's main claim, measured: trained models, the Persian rug, the linear model and the theory side by side.

#[path = "../command_line/mod.rs"]
mod command_line;

mod cell;
mod family;
mod figures;
mod report;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use toy_superposition::train::side_by_side;

use cell::{Cell, Outcome};
use family::Preset;

/// Trains a family of models, measures them on fresh data beside the untrained Persian rug, the optimal linear model
/// and the analytic theory, and writes figures, results.csv and report.md.
///
/// Models that are finished are kept: the same command goes on after Ctrl-C or kill -9, to the same results.
#[derive(Parser)]
struct Arguments {
    /// How large a family: `quick` takes about three minutes on two cores, `paper` is the paper's grid (days).
    #[arg(long, value_enum, default_value_t = Preset::Quick)]
    preset: Preset,
    /// Where the results go.
    #[arg(long, default_value = "out/reproduction")]
    out: PathBuf,
    /// Seed of the weights, the samples and the rugs.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object on the last line.
    #[arg(long)]
    json: bool,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let family = arguments.preset.family();
    let cells = family.cells(arguments.seed);
    let folder = arguments.out.join("cells");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let interrupt = command_line::interrupt()?;

    let bar = bar(cells.len())?;
    let outcomes = side_by_side(&cells, None, |cell| {
        let outcome = cell.outcome(&family, &folder, interrupt);
        bar.inc(1);
        outcome
    })?;
    bar.finish_and_clear();
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| e as Box<dyn Error>)?;

    write_csv(&outcomes, &arguments.out.join("results.csv"))?;
    let figures = figures::draw(&family, &outcomes, arguments.seed, &arguments.out)?;
    let report = report::write(&family, &outcomes, arguments.seed, &figures);
    let path = arguments.out.join("report.md");
    toy_superposition::model::write_atomically(&path, report.text.as_bytes())?;

    println!("{}", report.summary);
    println!("report: {}", path.display());
    if arguments.json {
        println!("{}", json!({ "out": arguments.out, "models": outcomes.len(), "cells": outcomes }));
    }
    Ok(())
}

/// Models done, on standard error; nothing where that is not a terminal.
fn bar(cells: usize) -> Result<ProgressBar, Box<dyn Error>> {
    let bar = ProgressBar::new(cells as u64);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} models, {eta} left")?);
    bar.enable_steady_tick(std::time::Duration::from_millis(500));
    Ok(bar)
}

fn write_csv(outcomes: &[Outcome], path: &Path) -> Result<(), Box<dyn Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for outcome in outcomes {
        writer.serialize(outcome)?;
    }
    toy_superposition::model::write_atomically(path, &writer.into_inner()?)?;
    Ok(())
}

fn main() -> ExitCode {
    command_line::finish(run(&Arguments::parse()))
}
