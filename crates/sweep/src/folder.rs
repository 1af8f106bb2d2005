//! The folder of a sweep.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use toy_superposition_files::write_atomically;

use crate::journal::{self, Line};
use crate::{Cell, Counts, Error, Experiment, Grid, Outcome, Result, manifest};

pub(crate) const JOURNAL: &str = "journal.jsonl";

pub(crate) fn checkpoint_path(cells: &Path, id: &str) -> PathBuf {
    cells.join(format!("{id}.checkpoint"))
}

pub(crate) fn weights_path(cells: &Path, id: &str) -> PathBuf {
    cells.join(format!("{id}.safetensors"))
}

/// Cells in the grid's order, each with its outcome.
pub type Outcomes<E> = Vec<(Cell<<E as Experiment>::Kind>, Outcome<<E as Experiment>::Record>)>;

/// A sweep in its folder.
///
/// | File | Contents |
/// |---|---|
/// | `manifest.json` | the grid and the version |
/// | `journal.jsonl`, `journal-2-of-8.jsonl` | the outcomes of a whole run, or of a shard |
/// | `records.csv` | one row per finished cell, in the grid's order |
/// | `failures.csv` | the cells that failed, with the reason |
/// | `cells/` | checkpoints of cells in flight or failed, weights of finished ones |
#[derive(Debug, Clone)]
pub struct Sweep<E: Experiment> {
    pub(crate) folder: PathBuf,
    pub(crate) grid: Grid<E>,
    pub(crate) cells: Vec<Cell<E::Kind>>,
}

/// Contents of all journals, by name of the cell.
pub(crate) type Ends<R> = HashMap<String, Line<R>>;

impl<E: Experiment> Sweep<E> {
    /// Creates a sweep in a new folder, or opens the one that the folder holds if its grid is the
    /// same.
    ///
    /// # Errors
    /// [`Error::OtherSweep`] if the folder holds a sweep of another grid or version,
    /// [`Error::Manifest`] if its manifest cannot be read; [`Error::File`] or [`Error::Write`] if
    /// the folder cannot be made; the errors of [`Grid::cells`].
    pub fn create(folder: impl Into<PathBuf>, grid: Grid<E>) -> Result<Self> {
        let (folder, cells) = (folder.into(), grid.cells()?);
        manifest::write(&folder, &grid, cells.len())?;
        let files = folder.join("cells");
        std::fs::create_dir_all(&files).map_err(Error::file(&files))?;
        Ok(Self { folder, grid, cells })
    }

    /// Opens the sweep that a folder holds.
    ///
    /// # Errors
    /// [`Error::NotASweep`] or [`Error::Manifest`] if there is no readable manifest, and
    /// [`Error::OtherSweep`] if it is of another version; [`Error::File`] if it cannot be read; the
    /// errors of [`Grid::cells`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let grid: Grid<E> = manifest::read(&folder)?;
        let cells = grid.cells()?;
        Ok(Self { folder, grid, cells })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the grid.
    pub fn grid(&self) -> &Grid<E> {
        &self.grid
    }

    /// Returns the cells, in the grid's order.
    pub fn cells(&self) -> &[Cell<E::Kind>] {
        &self.cells
    }

    /// Returns the path of a cell's weights, which exist if its experiment keeps them.
    pub fn weights(&self, cell: &Cell<E::Kind>) -> PathBuf {
        weights_path(&self.folder.join("cells"), &cell.id())
    }

    /// Returns the cells that have finished or failed, in the grid's order. Other processes may be
    /// running the sweep meanwhile.
    ///
    /// # Errors
    /// [`Error::File`] if a journal cannot be read, [`Error::Journal`] for an unreadable line, and
    /// [`Error::Conflict`] if two journals hold different records of a cell.
    pub fn outcomes(&self) -> Result<Outcomes<E>> {
        let mut ends = self.ends()?;
        let outcome = |cell: &Cell<_>| Some((cell.clone(), ends.remove(&cell.id())?.outcome));
        Ok(self.cells.iter().filter_map(outcome).collect())
    }

    /// Returns the numbers of finished, failed and remaining cells.
    ///
    /// # Errors
    /// The errors of [`outcomes`](Self::outcomes).
    pub fn counts(&self) -> Result<Counts> {
        let outcomes = self.outcomes()?;
        let finished = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Record(_))).count();
        let failed = outcomes.len() - finished;
        Ok(Counts { finished, failed, left: self.cells.len() - outcomes.len() })
    }

    /// Returns the records of the finished cells, in the grid's order.
    ///
    /// # Errors
    /// The errors of [`outcomes`](Self::outcomes).
    pub fn records(&self) -> Result<Vec<E::Record>> {
        let record = |(_, outcome)| match outcome {
            Outcome::Record(record) => Some(record),
            Outcome::Failed(_) => None,
        };
        Ok(self.outcomes()?.into_iter().filter_map(record).collect())
    }

    /// Returns the records of each block's finished cells, in the block's order. A cell that
    /// several blocks contain is listed in each.
    ///
    /// # Errors
    /// The errors of [`outcomes`](Self::outcomes).
    pub fn records_by_block(&self) -> Result<Vec<Vec<E::Record>>>
    where
        E::Record: Clone,
    {
        let ends = self.ends()?;
        let record = |cell: Cell<E::Kind>| match &ends.get(&cell.id())?.outcome {
            Outcome::Record(record) => Some(record.clone()),
            Outcome::Failed(_) => None,
        };
        let blocks = self.grid.blocks.iter().enumerate();
        blocks
            .map(|(index, block)| Ok(block.cells(index)?.into_iter().filter_map(record).collect()))
            .collect()
    }

    /// Returns the time in seconds that each finished cell took, in the grid's order. It is counted
    /// from the beginning of the cell, or from its last resumption, on one thread, or on all of
    /// them for a cell that uses the [whole machine](crate::Effort::whole_machine).
    ///
    /// # Errors
    /// The errors of [`outcomes`](Self::outcomes).
    pub fn seconds(&self) -> Result<Vec<(Cell<E::Kind>, f64)>> {
        let ends = self.ends()?;
        let seconds = |cell: &Cell<_>| {
            let line = ends.get(&cell.id())?;
            matches!(line.outcome, Outcome::Record(_)).then(|| (cell.clone(), line.seconds))
        };
        Ok(self.cells.iter().filter_map(seconds).collect())
    }

    /// Writes `records.csv` and `failures.csv` from the journals, each atomically. They do not
    /// depend on the order in which cells ended. [`Sweep::run`] calls this at its end, except for a
    /// shard.
    ///
    /// # Errors
    /// [`Error::Table`], [`Error::Write`], and the errors of [`outcomes`](Self::outcomes).
    pub fn write_tables(&self) -> Result<()> {
        let (mut records, mut failures) = (Table::default(), Table::default());
        let refused = |error: csv::Error| Error::Table { source: error.into() };
        failures.0.write_record(["cell", "reason"]).map_err(refused)?;
        for (cell, outcome) in self.outcomes()? {
            match outcome {
                Outcome::Record(record) => records.0.serialize(record).map_err(refused)?,
                Outcome::Failed(reason) => failures.0.serialize((cell.id(), reason)).map_err(refused)?,
            }
        }
        write_atomically(self.folder.join("records.csv"), &records.bytes()?)?;
        write_atomically(self.folder.join("failures.csv"), &failures.bytes()?)?;
        Ok(())
    }

    /// Returns the final outcome of each cell over all journals. Within a journal a later line
    /// replaces an earlier one, since the cell was tried again; a record takes precedence over a
    /// failure in another journal.
    pub(crate) fn ends(&self) -> Result<Ends<E::Record>> {
        let mut ends = Ends::<E::Record>::new();
        for path in self.journals()? {
            let mut own = Ends::<E::Record>::new();
            for line in journal::read::<E::Record>(&path)? {
                own.insert(line.cell.clone(), line);
            }
            for (id, line) in own {
                add(&mut ends, id, line)?;
            }
        }
        Ok(ends)
    }

    fn journals(&self) -> Result<Vec<PathBuf>> {
        let failed = Error::file(&self.folder);
        let entries = std::fs::read_dir(&self.folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let mut paths: Vec<PathBuf> =
            entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
        let journal = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("journal") && name.ends_with(".jsonl")
        };
        paths.retain(journal);
        paths.sort();
        Ok(paths)
    }
}

/// Adds a line to the outcomes, by the precedence of [`Sweep::ends`].
pub(crate) fn add<R: serde::Serialize>(ends: &mut Ends<R>, id: String, line: Line<R>) -> Result<()> {
    let json = |line: &Line<R>| serde_json::to_string(&line.outcome).unwrap_or_default();
    match (ends.get(&id).map(|there| (&there.outcome, there)), &line.outcome) {
        (Some((Outcome::Record(_), there)), Outcome::Record(_)) if json(there) != json(&line) => {
            return Err(Error::Conflict { cell: id });
        }
        (Some((Outcome::Record(_), _)), _) => {}
        _ => drop(ends.insert(id, line)),
    }
    Ok(())
}

/// A table in memory.
struct Table(csv::Writer<Vec<u8>>);

impl Default for Table {
    fn default() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }
}

impl Table {
    fn bytes(self) -> Result<Vec<u8>> {
        self.0.into_inner().map_err(|error| Error::Table { source: error.into_error().into() })
    }
}
