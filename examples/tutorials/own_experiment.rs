//! A user-defined experiment in a resumable sweep: how large is the largest interference of a
//! random rug?

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};
use toy_superposition::data::Stream;
use toy_superposition::rug::PersianRug;
use toy_superposition::sweep::{Cell, Context, Effort, Experiment, Grid, Kind, Options, Reason, Sweep};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rows {
    Random,
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("random")
    }
}

impl Kind for Rows {
    fn is_random(self) -> bool {
        true
    }
}

/// The settings under `[experiment]`: there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coherence {}

/// One row of records.csv.
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

    fn check(&self) -> Result<(), Reason> {
        Ok(())
    }

    fn effort(&self, cell: &Cell<Rows>) -> Effort {
        Effort { seconds: cell.features as f64 * 1e-8, way: "norms", whole_machine: false }
    }

    fn evaluate(&self, cell: &Cell<Rows>, _: &Context<'_>) -> Result<Option<Found>, Reason> {
        let &Cell { features, hidden, seed, .. } = cell;
        let rug = PersianRug::random(features, hidden, &mut Stream::Draws.rng(seed, 0))?;
        Ok(Some(Found { features, hidden, seed, coherence: rug.statistics().coherence }))
    }
}

const GRID: &str = r#"
[experiment]

[[block]]
kinds = ["random"]
features = [256, 1024, 4096]
probabilities = [0.05]
ratios = [0.25]
seeds = [0, 1]
"#;

fn main() -> Result<(), Box<dyn Error>> {
    // Run it twice: the second time everything is in the journal already.
    let folder = std::env::temp_dir().join("own_experiment");
    let sweep = Sweep::create(&folder, Grid::<Coherence>::parse(GRID)?)?;
    let counts = sweep.run(&Options::default(), |_| {})?;
    println!("{} cells in {}", counts.finished, folder.join("records.csv").display());
    for found in sweep.records()? {
        println!("n_s = {:4}, seed {}: coherence {:.3}", found.features, found.seed, found.coherence);
    }
    Ok(())
}
