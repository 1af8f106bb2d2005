//! A user-defined experiment in a resumable sweep: the largest interference of random rugs.

use serde::{Deserialize, Serialize};
use toy_superposition::data::Stream;
use toy_superposition::rug::PersianRug;
use toy_superposition::sweep::{Cell, Context, Experiment, Grid, Kind, Options, Reason, Sweep};

/// The kinds of cells, by their names in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Rows {
    Random,
}

impl Kind for Rows {}

/// The settings under `[experiment]`, of which there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coherence {}

/// A row of records.csv.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    features: usize,
    hidden: usize,
    seed: u64,
    coherence: f64,
}

impl Experiment for Coherence {
    type Kind = Rows;
    type Record = Found;

    fn evaluate(&self, cell: &Cell<Rows>, _: &Context<'_>) -> Result<Option<Found>, Reason> {
        let &Cell { features, hidden, seed, .. } = cell;
        let rug = PersianRug::random(features, hidden, &mut Stream::Draws.rng(seed, 0))?;
        Ok(Some(Found { features, hidden, seed, coherence: rug.statistics().coherence }))
    }
}

const GRID: &str = r#"
[experiment]
[[block]]
kinds = ["Random"]
features = [256, 1024, 4096]
probabilities = [0.05]
ratios = [0.25]
seeds = [0, 1]
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A second run finds all cells in the journal. For another grid, delete the folder.
    let folder = std::env::temp_dir().join("own_experiment");
    let sweep = Sweep::create(&folder, Grid::<Coherence>::parse(GRID)?)?;
    sweep.run(&Options::default(), |_| {})?;
    for Found { features, hidden, seed, coherence } in sweep.records()? {
        println!("n_s = {features:4}, n_d = {hidden:4}, seed {seed}: coherence {coherence:.3}");
    }
    Ok(())
}
