//! What can be wrong with a figure's numbers or with the place it is written to.

use std::path::PathBuf;

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to draw.
    #[error("{what}: empty")]
    Empty {
        /// Which list it was.
        what: &'static str,
    },
    /// A value that is NaN or infinite.
    #[error("{what}: value {given} at index {index} is not finite")]
    NotFinite {
        /// Which list it was.
        what: &'static str,
        /// Where in the list.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// A value that is zero or negative where only positive ones have a place.
    #[error("{what}: value {given} at index {index} must be above 0")]
    NotPositive {
        /// Which list it was.
        what: &'static str,
        /// Where in the list.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// An error bar of negative length.
    #[error("{what}: value {given} at index {index} must be at least 0")]
    Negative {
        /// Which list it was.
        what: &'static str,
        /// Where in the list.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// Two lengths that must agree do not.
    #[error("{what}: length {given}, expected {expected}")]
    Length {
        /// Which list it was.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The length it must have.
        expected: usize,
    },
    /// Grid values that do not increase strictly.
    #[error("{what}: value {given} at index {index} must be above its predecessor")]
    Order {
        /// Which list it was.
        what: &'static str,
        /// Where in the list.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// A regime that has no name.
    #[error("regime {given} of cell {index} must be below {names}, the number of names")]
    Regime {
        /// The cell.
        index: usize,
        /// What was given.
        given: usize,
        /// How many names there are.
        names: usize,
    },
    /// A group that has no name.
    #[error("group {given} of vector {index} must be below {names}, the number of names")]
    Group {
        /// The vector, counted over all panels.
        index: usize,
        /// What was given.
        given: usize,
        /// How many names there are.
        names: usize,
    },
    /// A picture too large to hold in memory.
    #[error("picture of {width} x {height} pixels is too large")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A path that ends in no file name.
    #[error("{} has no file name", path.display())]
    FileName {
        /// What was given.
        path: PathBuf,
    },
    /// A file that could not be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A bitmap that could not be encoded.
    #[error("cannot encode the bitmap")]
    Encode {
        /// What the encoder says.
        source: Cause,
    },
}

/// The error of a library that this crate's interface does not name.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
