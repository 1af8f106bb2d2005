#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

pub use error::{Error, Result};
use tempfile::NamedTempFile;

/// Writes `bytes` to `path` atomically: to a temporary file, which is flushed to the disk and then
/// renamed to `path`.
///
/// The temporary file is in the folder of the file that it replaces. A symbolic link is followed:
/// the link remains, and the file that it points to is replaced. The new file has the permissions
/// of the old one. A hard link under another name keeps the old contents.
///
/// # Errors
/// [`Error::NotAFile`] if `path` points to a folder, a device, a pipe or a socket;
/// [`Error::NoName`] if it does not end in a file name; [`Error::Write`] for a missing folder, a
/// missing permission or a full disk. After an error the old file is unchanged.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let target = target(path)?;
    let write = || {
        let mut file = temporary(folder_of(&target))?;
        file.write_all(bytes)?;
        if let Ok(old) = fs::metadata(&target) {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        Ok(file.persist(&target).map(drop)?)
    };
    write().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Returns a 64-bit fingerprint of bytes, by the FNV-1a hash, which is the same on every machine and
/// in every release. It distinguishes data that were not chosen to collide, but it is not a
/// cryptographic hash.
///
/// ```
/// assert_eq!(toy_superposition_files::fingerprint(*b"a"), 0xaf63_dc4c_8601_ec8c);
/// ```
pub fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Writes a new file atomically, as [`write_atomically`] does, and returns true. If `path` already
/// exists, nothing is changed and the result is false. If several processes do this at the same
/// time, at most one of them gets true.
///
/// # Errors
/// [`Error::Write`] for a missing folder, a missing permission or a full disk.
pub fn write_new(path: impl AsRef<Path>, bytes: &[u8]) -> Result<bool> {
    let path = path.as_ref();
    let write = || {
        let mut file = temporary(folder_of(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            named => Ok(named.map(|_| true)?),
        }
    };
    write().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Checks whether [`write_atomically`] can write to `path`, and changes nothing. Call it before the
/// work whose results are written there.
///
/// # Errors
/// The errors of [`write_atomically`] that show when an empty temporary file is created in the
/// folder. A disk that becomes full later is not detected.
pub fn check_writable(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let file = temporary(folder_of(&target(path)?));
    file.map(drop).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Creates a folder and its parents unless they exist, and checks that files can be created in it.
///
/// # Errors
/// [`Error::Folder`] if the folder cannot be created, or no file can be created in it.
pub fn create_folder(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let made = fs::create_dir_all(path).and_then(|()| temporary(path));
    made.map(drop).map_err(|source| Error::Folder { path: path.to_owned(), source })
}

/// Returns the file that `path` points to, after following symbolic links. It need not exist.
fn target(path: &Path) -> Result<PathBuf> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(Error::NotAFile { path: path.to_owned(), found: found.file_type() });
        }
        Err(source) if source.kind() != ErrorKind::NotFound => {
            return Err(Error::Write { path: path.to_owned(), source });
        }
        _ => {}
    }
    let bytes = path.as_os_str().as_encoded_bytes();
    // "a/" and "a/." have the file name "a" but do not end in it.
    if path.file_name().is_none_or(|name| !bytes.ends_with(name.as_encoded_bytes())) {
        return Err(Error::NoName { path: path.to_owned() });
    }
    // The loop ends, because `fs::metadata` fails for links that form a cycle.
    let mut target = path.to_owned();
    while let Ok(next) = fs::read_link(&target) {
        target = folder_of(&target).join(next);
    }
    Ok(target)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a temporary file with the default permissions of new files instead of private ones.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".toy-superposition-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // If the folder is missing, this error does not mention the temporary file.
    fs::metadata(folder.join("."))?;
    builder.tempfile_in(folder)
}
