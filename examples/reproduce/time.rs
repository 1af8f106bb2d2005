//! The time that the cells took, and that the paper's grid would take.

use std::fmt::Write;

use toy_superposition::sweep::{Cell, Experiment, Grid, Model, Superposition, Sweep};

/// Seconds taken and seconds estimated beforehand.
#[derive(Clone, Copy, Default)]
struct Pace {
    cells: usize,
    taken: f64,
    estimated: f64,
}

/// Returns the time of a cell as time of the whole machine; most cells use a single thread.
fn machine_time(experiment: &Superposition, (cell, seconds): &(Cell<Model>, f64), threads: f64) -> f64 {
    if experiment.effort(cell).whole_machine { *seconds } else { seconds / threads }
}

/// Appends a table of the time that trained models took, by n_s, and of the paper's grid at the
/// same pace.
pub(crate) fn section(text: &mut String, sweep: &Sweep<Superposition>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let experiment = &sweep.grid().experiment;
    let Ok(times) = sweep.seconds() else { return };
    let mut sizes: Vec<usize> = times.iter().map(|(cell, _)| cell.features).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let pace = |size: usize| {
        let own = times.iter().filter(|(cell, _)| cell.kind == Model::Trained && cell.features == size);
        own.fold(Pace::default(), |sum, time| Pace {
            cells: sum.cells + 1,
            taken: sum.taken + machine_time(experiment, time, threads),
            estimated: sum.estimated + experiment.effort(&time.0).seconds / threads,
        })
    };
    let paces: Vec<(usize, Pace)> =
        sizes.into_iter().map(|size| (size, pace(size))).filter(|(_, pace)| pace.cells > 0).collect();
    let total: f64 = times.iter().map(|time| machine_time(experiment, time, threads)).sum();
    let _ = write!(
        text,
        "\n### Time\n\nAll finished cells would take {:.1} min on {threads} threads, as many as this machine has. Each is counted from \
         its last resumption.\n\n\
         | n_s | trained models | time, min | per model, s |\n|---|---|---|---|\n",
        total / 60.0
    );
    for (size, pace) in &paces {
        let Pace { cells, taken, .. } = pace;
        let _ = writeln!(text, "| {size} | {cells} | {:.1} | {:.1} |", taken / 60.0, taken / *cells as f64);
    }
    let (Ok(paper), Some((last, _))) =
        (Grid::<Superposition>::parse(include_str!("../grids/paper.toml")), paces.last())
    else {
        return;
    };
    let Ok(cells) = paper.cells() else { return };
    let hours: f64 = cells
        .iter()
        .map(|cell| {
            let factor = paces
                .iter()
                .find(|(size, _)| size >= &cell.features)
                .or(paces.last())
                .map_or(1.0, |(_, pace)| pace.taken / pace.estimated);
            factor * paper.experiment.effort(cell).seconds / threads / 3600.0
        })
        .sum();
    let _ = writeln!(
        text,
        "\nThe paper's grid (`--preset paper`, {} cells) at this pace, n_s by n_s (above {last} as at {last}): about \
         {:.0} h, {:.1} days.",
        cells.len(),
        hours,
        hours / 24.0
    );
}
