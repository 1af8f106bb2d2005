#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

pub use error::{Error, Result};
use tempfile::NamedTempFile;

/// Writes `bytes` to a temporary file, flushes it to the disk, and renames it to `path`.
///
/// The temporary file lies in the folder of the file that it replaces. A symbolic link is followed:
/// the link stays, and the file that it leads to is replaced. The new file has the permissions of
/// the old one. A hard link under another name keeps the old bytes.
///
/// # Errors
/// [`Error::NotAFile`] if `path` leads to a folder, a device, a pipe or a socket, [`Error::NoName`]
/// if it ends in no file name, [`Error::Write`] for a missing folder, no permission or a full disk.
/// What was there is then untouched.
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

/// A short name for a text: FNV-1a of 64 bits, the same on every machine and in every release. It
/// tells texts apart that nobody chose so that they agree.
///
/// ```
/// assert_eq!(toy_superposition_files::fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
/// ```
pub fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Writes a new file as [`write_atomically`] does, unless there is something of that name: then
/// nothing is changed, and the answer is no. Of several processes that do so at once, one hears
/// yes.
///
/// # Errors
/// [`Error::Write`] for a missing folder, no permission or a full disk.
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

/// Finds out whether [`write_atomically`] can write `path`, and leaves everything as it is. Call it
/// before the work whose results go there.
///
/// # Errors
/// Those of [`write_atomically`], as far as a file without bytes shows them.
pub fn check_writable(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let file = temporary(folder_of(&target(path)?));
    file.map(drop).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Makes a folder, with those above it, unless it is there, and finds out whether files can be made
/// in it.
///
/// # Errors
/// [`Error::Folder`] if it cannot be made, or no file in it.
pub fn create_folder(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let made = fs::create_dir_all(path).and_then(|()| temporary(path));
    made.map(drop).map_err(|source| Error::Folder { path: path.to_owned(), source })
}

/// The file that `path` leads to, or would be.
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
    // "a/" and "a/." have the file name "a", but do not end in it.
    if path.file_name().is_none_or(|name| !bytes.ends_with(name.as_encoded_bytes())) {
        return Err(Error::NoName { path: path.to_owned() });
    }
    // Links that lead round in a circle were refused above.
    let mut target = path.to_owned();
    while let Ok(next) = fs::read_link(&target) {
        target = folder_of(&target).join(next);
    }
    Ok(target)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file with the permissions of any other, rather than a private one.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".toy-superposition-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // For a missing folder, an error that does not name the temporary file.
    fs::metadata(folder.join("."))?;
    builder.tempfile_in(folder)
}
