//! What can go wrong while a grid is read, run or merged.

use std::io;
use std::path::{Path, PathBuf};

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Weights were refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// A file of a sweep that cannot be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A file or a folder that cannot be read or written.
    #[error("{}: cannot be read or written", path.display())]
    File {
        /// The file or the folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A grid that is no TOML, or has keys or kinds that it may not have.
    #[error("{}: cannot be read", path.as_deref().map_or("the grid".into(), Path::to_string_lossy))]
    GridSyntax {
        /// The file, if the grid comes from one.
        path: Option<PathBuf>,
        /// Where and why.
        source: Cause,
    },
    /// A list that must not be empty.
    #[error("grid, block {block}: no {what}")]
    GridEmpty {
        /// The block, by number and name.
        block: String,
        /// The list.
        what: &'static str,
    },
    /// A number out of range.
    #[error("grid, block {block}: {what}: {given:?}; allowed is {least:?} to {most:?}")]
    GridValue {
        /// The block, by number and name.
        block: String,
        /// The list.
        what: &'static str,
        /// The number.
        given: f64,
        /// The least allowed.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A block with both or neither of the two ways to give n_d.
    #[error("grid, block {block}: give either ratios or hidden")]
    GridWidths {
        /// The block, by number and name.
        block: String,
    },
    /// A block with both ways to say what the features are like.
    #[error("grid, block {block}: give either laws, or features and probabilities")]
    GridLaws {
        /// The block, by number and name.
        block: String,
    },
    /// A law that there is not.
    #[error("grid, block {block}: law {law} is refused")]
    GridLaw {
        /// The block, by number and name.
        block: String,
        /// The law, counted from 1.
        law: usize,
        /// Why.
        source: toy_superposition_data::Error,
    },
    /// A kind that cannot be done for features of any law.
    #[error(
        "grid, block {block}: {kind} is for independent features of one probability alone: give features and probabilities, not laws"
    )]
    GridLawKind {
        /// The block, by number and name.
        block: String,
        /// The kind's name.
        kind: String,
    },
    /// A kind whose name by serde is not one to 64 ASCII letters, digits and hyphens.
    #[error("grid, block {block}: the name of a kind is 1 to 64 letters, digits and hyphens; given: {given:?}")]
    GridKind {
        /// The block, by number and name.
        block: String,
        /// The kind's name.
        given: String,
    },
    /// Settings that the experiment refuses.
    #[error("grid: the settings under [experiment] are refused")]
    Settings {
        /// What the experiment says.
        source: Cause,
    },
    /// A shard that is not I/N with 1 ≤ I ≤ N.
    #[error("shard {given}: must be I/N with I from 1 to N")]
    Shard {
        /// What was given.
        given: String,
    },
    /// A folder that holds the sweep of another grid or version.
    #[error("{}: a sweep of another {what}; choose another folder", path.display())]
    OtherSweep {
        /// The manifest.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A folder without a sweep.
    #[error("{}: holds no sweep (no manifest.json)", path.display())]
    NotASweep {
        /// The folder.
        path: PathBuf,
    },
    /// An unreadable manifest.
    #[error("{}: not a manifest of this kind of sweep", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: Cause,
    },
    /// An unreadable line of a journal, other than a torn last one.
    #[error("{}: line {line} cannot be read", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Where and why.
        source: Cause,
    },
    /// A journal that another process is writing.
    #[error("{}: another process is writing it", path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// Two different records of one cell.
    #[error("two different records of {cell}: were they made by different programs or machines?")]
    Conflict {
        /// The cell.
        cell: String,
    },
    /// A record that is no row of a table.
    #[error("the records make no table")]
    Table {
        /// What the writer of the table says.
        source: Cause,
    },
    /// More threads than a sweep may have.
    #[error("{given} threads; allowed is 1 to {most}")]
    ManyThreads {
        /// What was given.
        given: usize,
        /// The most.
        most: usize,
    },
    /// Threads that cannot be started.
    #[error(transparent)]
    Threads {
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Names the file that an input or output error is about.
    pub(crate) fn file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }
}

/// The error of a library that this crate's interface does not name.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
