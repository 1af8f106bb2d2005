//! Draws a Persian rug.

mod command_line;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use toy_superposition::data::sample_rng;
use toy_superposition::figures;
use toy_superposition::rug::PersianRug;

/// Draws the Persian rug R = n_d⁻¹ Σ_{k ∈ S} H_ik H_kj for a random S (the paper's Fig. 1), as PNG and SVG.
#[derive(Parser)]
struct Arguments {
    /// Features n_s: a power of two.
    #[arg(long, default_value_t = 256)]
    features: usize,
    /// Hidden dimensions n_d: the size of S.
    #[arg(long, default_value_t = 40)]
    hidden: usize,
    /// Seed of S.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The PNG; an SVG of the same name is written beside it.
    #[arg(long, default_value = "rug.png")]
    out: PathBuf,
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { features, hidden, seed, .. } = *arguments;
    let rug = PersianRug::random(features, hidden, &mut sample_rng(seed, 0))?;
    let figure = figures::Rug {
        features,
        values: rug.matrix::<f64>().transpose().as_slice().to_vec(),
        limit: None,
        caption: format!("Persian rug: $n_s = {features}$, $n_d = {hidden}$, $S$ random, seed {seed}."),
    };
    let written = figures::rug(&figure, arguments.out.with_extension(""))?;
    println!("{}\n{}", written.png.display(), written.svg.display());
    Ok(())
}

fn main() -> ExitCode {
    command_line::finish(run(&Arguments::parse()))
}
