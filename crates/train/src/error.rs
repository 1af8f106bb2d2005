//! What can go wrong while training.

use std::path::PathBuf;

#[cfg(feature = "sweep")]
use std::{io, path::Path};

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, the batch or a weight file was refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// The data was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The optimizer, the schedule or the stop rule was refused.
    #[error(transparent)]
    Optim(#[from] toy_superposition_optim::Error),
    /// The objective failed.
    #[error("step {step}")]
    Objective {
        /// The step, from 0.
        step: u64,
        /// What the objective said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A batch or an epoch without samples.
    #[error("batches of {batch} samples, epochs of {epoch:?}: both must be at least 1")]
    Batches {
        /// Samples a batch.
        batch: usize,
        /// Samples an epoch.
        epoch: Option<usize>,
    },
    /// A checkpoint of another run.
    #[error("{}: a checkpoint of another run: {given}; this run is {expected}", path.display())]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What its run was.
        given: String,
        /// What this run is.
        expected: String,
    },
    /// A weight file that is no checkpoint, or one whose parts do not fit together.
    #[error("{}: not a checkpoint: {what} is missing or does not fit", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// The part of it.
        what: &'static str,
    },
    /// A file of a sweep that cannot be written.
    #[cfg(feature = "sweep")]
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A file or a folder that cannot be read or written.
    #[cfg(feature = "sweep")]
    #[error("{}: cannot be read or written", path.display())]
    File {
        /// The file or the folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A grid that is no TOML, or has keys or kinds that it may not have.
    #[cfg(feature = "sweep")]
    #[error("the grid cannot be read")]
    GridSyntax {
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A list that must not be empty.
    #[cfg(feature = "sweep")]
    #[error("grid, block {block}: no {what}")]
    GridEmpty {
        /// The block, by number and name.
        block: String,
        /// The list.
        what: &'static str,
    },
    /// A number out of range.
    #[cfg(feature = "sweep")]
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
    #[cfg(feature = "sweep")]
    #[error("grid, block {block}: give either ratios or hidden")]
    GridWidths {
        /// The block, by number and name.
        block: String,
    },
    /// A kind whose name is no part of a file name, or is that of another kind too.
    #[cfg(feature = "sweep")]
    #[error(
        "grid, block {block}: kind {given:?}: names are letters, digits and hyphens, and no two kinds share one"
    )]
    GridKind {
        /// The block, by number and name.
        block: String,
        /// The kind's name.
        given: String,
    },
    /// Settings that the experiment refuses.
    #[cfg(feature = "sweep")]
    #[error("grid: the settings under [experiment] are refused")]
    Settings {
        /// What the experiment says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A shard that is not I/N with 1 ≤ I ≤ N.
    #[cfg(feature = "sweep")]
    #[error("shard {given}: must be I/N with I from 1 to N")]
    Shard {
        /// What was given.
        given: String,
    },
    /// A folder that holds the sweep of another grid or version.
    #[cfg(feature = "sweep")]
    #[error("{}: a sweep of another {what}; choose another folder", path.display())]
    OtherSweep {
        /// The manifest.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A folder without a sweep.
    #[cfg(feature = "sweep")]
    #[error("{}: holds no sweep (no manifest.json)", path.display())]
    NotASweep {
        /// The folder.
        path: PathBuf,
    },
    /// An unreadable manifest.
    #[cfg(feature = "sweep")]
    #[error("{}: not a manifest of this kind of sweep", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// An unreadable line of a journal, other than a torn last one.
    #[cfg(feature = "sweep")]
    #[error("{}: line {line} cannot be read", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A journal that another process is writing.
    #[cfg(feature = "sweep")]
    #[error("{}: another process is writing it", path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// Two different records of one cell.
    #[cfg(feature = "sweep")]
    #[error("two different records of {cell}: were they made by different programs or machines?")]
    Conflict {
        /// The cell.
        cell: String,
    },
    /// A record that is no row of a table.
    #[cfg(feature = "sweep")]
    #[error("the records make no table")]
    Table(#[from] csv::Error),
    /// More threads than a sweep may have.
    #[cfg(feature = "sweep")]
    #[error("{given} threads; allowed is 1 to {most}")]
    ManyThreads {
        /// What was given.
        given: usize,
        /// The most.
        most: usize,
    },
    /// Threads that cannot be started.
    #[cfg(feature = "sweep")]
    #[error(transparent)]
    Threads {
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
}

#[cfg(feature = "sweep")]
impl Error {
    /// Names the file that an input or output error is about.
    pub(crate) fn file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
