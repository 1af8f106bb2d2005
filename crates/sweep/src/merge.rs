//! Merging several folders into one.

use std::path::{Path, PathBuf};

use toy_superposition_files::write_new;

use crate::folder::{Ends, JOURNAL, add};
use crate::journal::{Journal, Line};
use crate::{Cell, Experiment, Outcome, Sweep};
use crate::{Error, Result};

impl<E: Experiment> Sweep<E> {
    /// Merges the sweeps in the folders `parts`, which must be of one grid, into `folder`, which is
    /// new or holds a sweep of the same grid, and writes its tables. The tables have the same bytes
    /// as those of a single run. Weights are copied, and the parts are left unchanged. Cells that
    /// no part has finished can then be run in the merged folder.
    ///
    /// # Errors
    /// [`Error::NoParts`] if there are no parts, [`Error::OtherSweep`] if their grids differ,
    /// [`Error::Conflict`] if two hold different records of a cell, [`Error::Busy`] if another
    /// process runs the sweep in `folder` without a shard, and the errors of [`open`](Self::open),
    /// [`create`](Self::create) and [`write_tables`](Self::write_tables).
    pub fn merge(folder: impl Into<PathBuf>, parts: &[impl AsRef<Path>]) -> Result<Self> {
        let folder = folder.into();
        let open = |path: &Path| Self::open(path);
        let parts = parts.iter().map(|path| open(path.as_ref())).collect::<Result<Vec<_>>>()?;
        let Some(first) = parts.first() else {
            return Err(Error::NoParts);
        };
        // Nothing is written before all parts are known to fit together.
        let mut found: Ends<E::Record> = Ends::new();
        for part in &parts {
            if part.grid != first.grid {
                return Err(Error::OtherSweep { path: part.folder.clone(), what: "grid" });
            }
            for (id, line) in part.ends()? {
                add(&mut found, id, line)?;
            }
        }
        let merged = Self::create(folder, first.grid.clone())?;
        for part in &parts {
            for cell in &part.cells {
                copy_weights(part, &merged, cell)?;
            }
        }
        let mut journal = Journal::open(merged.folder.join(JOURNAL))?;
        let mut there = merged.ends()?;
        for cell in &merged.cells {
            let id = cell.id();
            let Some(line) = found.remove(&id) else { continue };
            let record = |line: &Line<_>| matches!(line.outcome, Outcome::Record(_));
            match there.get(&id) {
                Some(end) if record(end) => add(&mut there, id, line)?,
                Some(_) if !record(&line) => {}
                _ => drop(journal.append(line)?),
            }
        }
        journal.flush()?;
        // The journal is still locked, so that no run writes newer tables meanwhile.
        merged.write_tables()?;
        drop(journal);
        Ok(merged)
    }
}

/// Copies the weights of a cell, unless they exist: another process may be copying or writing the
/// same ones.
fn copy_weights<E: Experiment>(from: &Sweep<E>, to: &Sweep<E>, cell: &Cell<E::Kind>) -> Result<()> {
    let (source, target) = (from.weights(cell), to.weights(cell));
    if source.is_file() && !target.exists() {
        write_new(&target, &std::fs::read(&source).map_err(Error::file(&source))?)?;
    }
    Ok(())
}
