//! Errors of writing files.

use std::fs::FileType;
use std::io;
use std::path::PathBuf;

/// The reason why a file or a folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to write the file, for instance because of a missing folder, a missing
    /// permission or a full disk.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The path exists and is not a regular file, and only regular files are replaced.
    #[error("cannot write {}: it is {}, not a regular file", path.display(), name(*found))]
    NotAFile {
        /// The given path.
        path: PathBuf,
        /// The type of the file that exists.
        found: FileType,
    },
    /// A path that does not end in a file name, such as `folder/` or `..`.
    #[error("cannot write {}; the path does not end in a file name", path.display())]
    NoName {
        /// The given path.
        path: PathBuf,
    },
    /// A folder that cannot be created, or in which no file can be created.
    #[error("cannot write to the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn name(found: FileType) -> &'static str {
    if found.is_dir() { "a folder" } else { "a device, a pipe or a socket" }
}
