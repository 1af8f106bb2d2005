//! The main claim of the paper, measured: trained models, the Persian rug, the linear model and the
//! theory side by side.

mod best;
mod compare;
mod figures;
mod groups;
mod laws;
mod losses;
mod predictions;
mod report;
mod time;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use command_line::{law, progress, say};
use serde_json::json;
use toy_superposition::files::{check_writable, create_folder, write_atomically};
use toy_superposition::sweep::{Grid, Options, Superposition, Sweep};

use crate::figures::Figures;

/// Trains a family of models, measures them on fresh data beside the untrained Persian rug, the
/// optimal linear model and the analytic theory, and writes all figures, records.csv and report.md.
///
/// The family is a sweep (see the example `sweep`): after Ctrl-C or kill -9, the same command
/// continues, and ends with the same results.
#[derive(Parser)]
struct Arguments {
    /// Size of the family.
    #[arg(long, value_enum, default_value_t = Preset::Quick)]
    preset: Preset,
    /// Train for features of the law in this TOML file (see the README of crates/data;
    /// examples/laws has some) at all ratios of the preset, in place of its n_s and p, beside the
    /// optimal linear model.
    #[arg(long, value_name = "FILE.toml")]
    law: Option<PathBuf>,
    /// Draw the figures and write the report of the sweep in this folder, which need not be
    /// finished, instead of running one.
    #[arg(long, conflicts_with_all = ["preset", "seed", "threads", "law"])]
    from: Option<PathBuf>,
    /// Folder of the results [default: out/reproduction/PRESET, or with a law
    /// out/reproduction/PRESET-FILE].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Number added to every seed of the family.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of threads, at most eight per core [default: one per core].
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print one JSON object on the last line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// A few small models in seconds, as a test of the program.
    Smoke,
    /// n_s = 64 and 128, and 256 at two points: a minute and a half on two cores.
    Quick,
    /// n_s = 128 … 2048, the most informative cells: about three quarters of an hour on two cores.
    TwoCores,
    /// n_s = 512 at ten points (p, r), two seeds each, beside the best known weights: about half an
    /// hour on two cores.
    TenPoints,
    /// The paper's grid, 20 probabilities × 20 ratios at n_s = 128 … 2048: days.
    Paper,
}

impl Preset {
    fn grid(self) -> &'static str {
        match self {
            Self::Smoke => include_str!("../grids/smoke.toml"),
            Self::Quick => include_str!("../grids/quick.toml"),
            Self::TwoCores => include_str!("../grids/two_cores.toml"),
            Self::TenPoints => include_str!("../grids/ten_points.toml"),
            Self::Paper => include_str!("../grids/paper.toml"),
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let preset =
        arguments.preset.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let out = match (&arguments.out, &arguments.from) {
        (Some(out), _) => out.clone(),
        (None, Some(from)) => from.clone(),
        (None, None) => {
            let law = arguments.law.as_deref().and_then(Path::file_stem);
            let law = law.map(|name| format!("-{}", name.to_string_lossy())).unwrap_or_default();
            Path::new("out/reproduction").join(preset + &law)
        }
    };
    let report = out.join("report.md");
    let try_out = || create_folder(&out).and_then(|()| check_writable(&report));
    let sweep = match &arguments.from {
        Some(from) => {
            let sweep = Sweep::open(from)?;
            try_out()?;
            sweep
        }
        None => {
            let mut grid = Grid::<Superposition>::parse(arguments.preset.grid())?;
            if let Some(path) = &arguments.law {
                laws::put(&mut grid, law::read(path).map_err(|error| error as Box<dyn Error>)?);
            }
            grid.blocks
                .iter_mut()
                .flat_map(|block| &mut block.seeds)
                .for_each(|seed| *seed = seed.wrapping_add(arguments.seed));
            let sweep = Sweep::create(&out, grid)?;
            try_out()?;
            let interrupt = command_line::interrupt()?;
            let options =
                Options { threads: arguments.threads, interrupt: Some(interrupt), ..Options::default() };
            let reporter = progress::Reporter::new();
            if sweep.run(&options, |progress| reporter.tell(progress))?.left > 0 {
                return Err("interrupted; the same command goes on from here".into());
            }
            sweep
        }
    };
    let (records, counts) = (sweep.records()?, sweep.counts()?);
    for line in losses::summary(&records).lines() {
        say!("{line}");
    }
    let mut figures = Figures::draw(&sweep, &out)?;
    let drawn: Vec<_> =
        figures.drawn.iter().map(|drawing| out.join(format!("{}.png", drawing.name))).collect();
    let text = report::text(&sweep, &records, counts, &mut figures)?;
    write_atomically(&report, text.as_bytes())?;
    say!("report: {}", report.display());
    if arguments.json {
        let drawn: Vec<_> = drawn.iter().map(|path| path.to_string_lossy()).collect();
        let failed: Vec<_> = figures.failed.iter().map(|(name, _)| name).collect();
        say!(
            "{}",
            json!({
                "out": out.to_string_lossy(), "finished": counts.finished, "failed": counts.failed,
                "left": counts.left, "figures": drawn, "failed_figures": failed, "records": records,
            })
        );
    }
    match figures.failed.as_slice() {
        [] => Ok(()),
        failed @ [(_, reason), ..] => {
            let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
            Err(format!("could not draw {}: {reason}", names.join(", ")).into())
        }
    }
}

fn main() -> ExitCode {
    command_line::start(run)
}
