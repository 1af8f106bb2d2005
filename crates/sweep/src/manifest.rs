//! The manifest of a sweep, `manifest.json`, which is written once and never changed.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toy_superposition_files::write_new;

use crate::{Error, Experiment, Grid, Result};

const FILE: &str = "manifest.json";
/// Version of the folder's layout.
const FORMAT: u32 = 1;
/// Recorded because another version of this crate may give other bits.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "E: Experiment")]
struct Manifest<E: Experiment> {
    format: u32,
    version: String,
    /// Number of cells, for human readers.
    cells: usize,
    grid: Grid<E>,
}

/// Writes the manifest of a new folder, or checks that the one of an existing folder is of the same
/// sweep. If several processes begin in a new folder at once, one writes the manifest and the
/// others check it.
pub(crate) fn write<E: Experiment>(folder: &Path, grid: &Grid<E>, cells: usize) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let there = match read_if_there(folder)? {
        Some(there) => there,
        None if write_new(folder.join(FILE), &json(folder, grid, cells)?)? => return Ok(()),
        None => read(folder)?,
    };
    if there != *grid {
        return Err(Error::OtherSweep { path: folder.join(FILE), what: "grid" });
    }
    Ok(())
}

fn json<E: Experiment>(folder: &Path, grid: &Grid<E>, cells: usize) -> Result<Vec<u8>> {
    let manifest = Manifest { format: FORMAT, version: VERSION.to_owned(), cells, grid: grid.clone() };
    let refused =
        |error: serde_json::Error| Error::Manifest { path: folder.join(FILE), source: error.into() };
    serde_json::to_vec_pretty(&manifest).map_err(refused)
}

/// Reads the grid of the sweep in a folder.
pub(crate) fn read<E: Experiment>(folder: &Path) -> Result<Grid<E>> {
    read_if_there(folder)?.ok_or_else(|| Error::NotASweep { path: folder.to_owned() })
}

fn read_if_there<E: Experiment>(folder: &Path) -> Result<Option<Grid<E>>> {
    let path = folder.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::File { path, source }),
    };
    // The version is read first, since another version may have other settings.
    #[derive(Deserialize)]
    struct Version {
        format: u32,
        version: String,
    }
    let unreadable = |error: serde_json::Error| Error::Manifest { path: path.clone(), source: error.into() };
    let Version { format, version } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if format != FORMAT || version != VERSION {
        return Err(Error::OtherSweep { path, what: "version" });
    }
    let manifest: Manifest<E> = serde_json::from_slice(&bytes).map_err(unreadable)?;
    Ok(Some(manifest.grid))
}
