//! A sweep over a grid of models.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use command_line::{progress, say};
use serde_json::json;
use toy_superposition::files::check_writable;
use toy_superposition::sweep::{Counts, Grid, Options, Shard, Superposition, Sweep};

/// Evaluates the models of a grid: trained, rug, mean-field, linear, theory.
///
/// Results are kept in a journal: after Ctrl-C or kill -9, the same command continues, and ends
/// with the same records to the bit. Several shards may run in one folder at the same time (run
/// once more without --shard, or merge the folder, to write records.csv), or each in its own
/// folder, to be merged.
#[derive(Parser)]
struct Arguments {
    /// Grid file (TOML; examples/grids has some).
    #[arg(long, required_unless_present = "merge")]
    grid: Option<PathBuf>,
    /// Merge these folders into --out instead.
    #[arg(long, num_args = 1.., conflicts_with = "grid")]
    merge: Vec<PathBuf>,
    /// Folder of the sweep: manifest.json, journal.jsonl, records.csv, failures.csv, cells/.
    #[arg(long)]
    out: PathBuf,
    /// Evaluate only part I of N of the cells, such as 2/8.
    #[arg(long, conflicts_with = "merge")]
    shard: Option<Shard>,
    /// Number of threads, at most eight per core [default: one per core].
    #[arg(long, conflicts_with = "merge")]
    threads: Option<NonZeroUsize>,
    /// Try cells again that failed in an earlier run.
    #[arg(long, conflicts_with = "merge")]
    retry_failed: bool,
    /// Seconds between two checkpoints of a model in training, which is the work that a kill may
    /// lose.
    #[arg(long, default_value = "10", conflicts_with = "merge", value_parser = command_line::seconds)]
    checkpoint_every: Duration,
    /// Print one JSON object on the last line.
    #[arg(long)]
    json: bool,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut interrupted = false;
    let (sweep, counts) = if let Some(path) = &arguments.grid {
        let grid = Grid::<Superposition>::read(path)?;
        let sweep = Sweep::create(&arguments.out, grid)?;
        for table in ["records.csv", "failures.csv"] {
            check_writable(arguments.out.join(table))?;
        }
        let interrupt = command_line::interrupt()?;
        let options = Options {
            shard: arguments.shard,
            threads: arguments.threads,
            retry_failed: arguments.retry_failed,
            checkpoint_every: arguments.checkpoint_every,
            interrupt: Some(interrupt),
        };
        let reporter = progress::Reporter::new();
        let counts = sweep.run(&options, |progress| reporter.tell(progress))?;
        interrupted = counts.left > 0;
        (sweep, counts)
    } else {
        let sweep = Sweep::<Superposition>::merge(&arguments.out, &arguments.merge)?;
        let counts = sweep.counts()?;
        (sweep, counts)
    };
    let Counts { finished, failed, left } = counts;
    if arguments.json {
        say!(
            "{}",
            json!({
                "out": arguments.out.to_string_lossy(), "cells": sweep.cells().len(), "finished": finished,
                "failed": failed, "left": left, "seconds": start.elapsed().as_secs_f64(),
            })
        );
    } else {
        say!("{finished} cells finished, {failed} failed, {left} left: {}", arguments.out.display());
    }
    if interrupted {
        return Err("interrupted; the same command goes on from here".into());
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
