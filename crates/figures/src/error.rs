//! Errors of a figure's numbers and of writing its files.

use std::path::PathBuf;

/// Invalid numbers of a figure, or files that cannot be written. Each variant holds the value that
/// was given and the values that are allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A list without entries, where there must be something to draw.
    #[error("{what}: empty")]
    Empty {
        /// The name of the list.
        what: &'static str,
    },
    /// A value that is NaN or infinite.
    #[error("{what}: value {given} at index {index} is not finite")]
    NotFinite {
        /// The name of the list.
        what: &'static str,
        /// The index in the list.
        index: usize,
        /// The given value.
        given: f64,
    },
    /// A value that is zero or negative where it must be positive, such as on a logarithmic axis.
    #[error("{what}: value {given} at index {index} must be above 0")]
    NotPositive {
        /// The name of the list.
        what: &'static str,
        /// The index in the list.
        index: usize,
        /// The given value.
        given: f64,
    },
    /// An error bar of negative length.
    #[error("{what}: value {given} at index {index} must be at least 0")]
    Negative {
        /// The name of the list.
        what: &'static str,
        /// The index in the list.
        index: usize,
        /// The given value.
        given: f64,
    },
    /// A list whose length differs from the expected one.
    #[error("{what}: length {given}, expected {expected}")]
    Length {
        /// The name of the list.
        what: &'static str,
        /// The given length.
        given: usize,
        /// The expected length.
        expected: usize,
    },
    /// Grid values that do not increase strictly.
    #[error("{what}: value {given} at index {index} must be above its predecessor")]
    Order {
        /// The name of the list.
        what: &'static str,
        /// The index in the list.
        index: usize,
        /// The given value.
        given: f64,
    },
    /// The index of a regime without a name.
    #[error("regime {given} of cell {index} must be below {names}, the number of names")]
    Regime {
        /// The cell.
        index: usize,
        /// The given value.
        given: usize,
        /// The number of names.
        names: usize,
    },
    /// The index of a group without a name.
    #[error("group {given} of vector {index} must be below {names}, the number of names")]
    Group {
        /// The index of the vector, counted over all panels.
        index: usize,
        /// The given value.
        given: usize,
        /// The number of names.
        names: usize,
    },
    /// A picture too large to hold in memory.
    #[error("picture of {width} x {height} pixels is too large")]
    Size {
        /// The width in pixels.
        width: u32,
        /// The height in pixels.
        height: u32,
    },
    /// A path without a file name.
    #[error("{} has no file name", path.display())]
    FileName {
        /// The given path.
        path: PathBuf,
    },
    /// A file that could not be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// A bitmap that could not be encoded.
    #[error("cannot encode the bitmap")]
    Encode {
        /// The error of the encoder.
        source: Cause,
    },
}

/// An error of a library that is not part of this crate's public interface.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
