//! Errors of reading, running and merging sweeps.

use std::io;
use std::path::{Path, PathBuf};

/// An error of reading, running or merging a sweep.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model's weights were refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// A file of a sweep cannot be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A file or folder cannot be read or written.
    #[error("{}: cannot be read or written", path.display())]
    File {
        /// The file or the folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A grid is not valid TOML, or has an unknown key or kind.
    #[error("{}: cannot be read", path.as_deref().map_or("the grid".into(), Path::to_string_lossy))]
    GridSyntax {
        /// The file, if the grid was read from one.
        path: Option<PathBuf>,
        /// The parser's error, with line and column.
        source: Cause,
    },
    /// No folders were given to merge.
    #[error("no folders to merge; at least one is needed")]
    NoParts,
    /// A grid without blocks.
    #[error("the grid has no blocks; at least one [[block]] is needed")]
    NoBlocks,
    /// A list is empty that must not be.
    #[error("grid, block {block}: no {what}; at least one is needed")]
    GridEmpty {
        /// Number and name of the block.
        block: String,
        /// Name of the list.
        what: &'static str,
    },
    /// A number is out of range.
    #[error("grid, block {block}: {what}: {given:?}; allowed is {least:?} to {most:?}")]
    GridValue {
        /// Number and name of the block.
        block: String,
        /// Name of the list.
        what: &'static str,
        /// The number given.
        given: f64,
        /// Least value allowed.
        least: f64,
        /// Greatest value allowed.
        most: f64,
    },
    /// A block gives both `ratios` and `hidden`, or neither.
    #[error("grid, block {block}: give either ratios or hidden")]
    GridWidths {
        /// Number and name of the block.
        block: String,
    },
    /// A block gives `laws` as well as `features` or `probabilities`.
    #[error("grid, block {block}: give either laws, or features and probabilities")]
    GridLaws {
        /// Number and name of the block.
        block: String,
    },
    /// A law is invalid.
    #[error("grid, block {block}: law {law} is refused")]
    GridLaw {
        /// Number and name of the block.
        block: String,
        /// Number of the law in its block, from 1.
        law: usize,
        /// Why the law is invalid.
        source: toy_superposition_data::Error,
    },
    /// A block with `laws` has a kind that cannot be evaluated for features of any law.
    #[error(
        "grid, block {block}: {kind} needs independent features with one probability: give features and probabilities, not laws"
    )]
    GridLawKind {
        /// Number and name of the block.
        block: String,
        /// Name of the kind.
        kind: String,
    },
    /// The name that serde gives to a kind is not 1 to 64 ASCII letters, digits and hyphens, or is
    /// read as another kind.
    #[error(
        "grid, block {block}: the name of a kind is 1 to 64 letters, digits and hyphens, and belongs to no other \
         kind; given: {given:?}"
    )]
    GridKind {
        /// Number and name of the block.
        block: String,
        /// Name of the kind.
        given: String,
    },
    /// The experiment refuses its settings.
    #[error("grid: the settings under [experiment] are refused")]
    Settings {
        /// The experiment's error.
        source: Cause,
    },
    /// A shard is not I/N with 1 ≤ I ≤ N.
    #[error("shard {given}: must be I/N with I from 1 to N")]
    Shard {
        /// The text given.
        given: String,
    },
    /// The folder holds the sweep of another grid or version.
    #[error("{}: holds a sweep of another {what}; choose another folder", path.display())]
    OtherSweep {
        /// Path of the manifest.
        path: PathBuf,
        /// What differs: the grid or the version.
        what: &'static str,
    },
    /// The folder holds no sweep.
    #[error("{}: holds no sweep (no manifest.json)", path.display())]
    NotASweep {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest cannot be read.
    #[error("{}: not a manifest of this kind of sweep", path.display())]
    Manifest {
        /// Path of the manifest.
        path: PathBuf,
        /// The parser's error.
        source: Cause,
    },
    /// A line of a journal cannot be read, and is not a torn last line.
    #[error("{}: line {line} cannot be read", path.display())]
    Journal {
        /// Path of the journal.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// The parser's error.
        source: Cause,
    },
    /// Another process is writing the journal.
    #[error("{}: another process is writing it", path.display())]
    Busy {
        /// Path of the journal.
        path: PathBuf,
    },
    /// Two journals hold different records of one cell.
    #[error("two different records of {cell}: were they made by different programs or machines?")]
    Conflict {
        /// Name of the cell.
        cell: String,
    },
    /// The records cannot be written as a table.
    #[error("the records cannot be written as a table")]
    Table {
        /// The table writer's error.
        source: Cause,
    },
    /// Threads cannot be started.
    #[error("threads cannot be started")]
    Threads {
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    /// Returns a function that attaches `path` to an input or output error.
    pub(crate) fn file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }
}

/// A boxed error of a library that does not appear in this crate's interface.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
