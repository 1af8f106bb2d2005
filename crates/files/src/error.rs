//! Why a file cannot be written.

use std::fs::FileType;
use std::io;
use std::path::PathBuf;

/// What was given and what the system said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A missing folder, no permission, or a full disk.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is there is no regular file, and is not replaced.
    #[error("cannot write {}: it is {}, not a regular file", path.display(), name(*found))]
    NotAFile {
        /// What was given.
        path: PathBuf,
        /// What it is.
        found: FileType,
    },
    /// A path that ends in no file name, such as `folder/` or `..`.
    #[error("cannot write {}: no file name at its end", path.display())]
    NoName {
        /// What was given.
        path: PathBuf,
    },
    /// A folder that cannot be made, or in which no file can be made.
    #[error("cannot write to the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn name(found: FileType) -> &'static str {
    if found.is_dir() { "a folder" } else { "a device, a pipe or a socket" }
}
