//! The two files of a figure, each whole or not there.

use crate::scene::Scene;
use crate::{Error, Result, bitmap, svg};
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where a figure was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The bitmap: 85 mm wide at 400 dots an inch (more for a large rug).
    pub png: PathBuf,
    /// The vector drawing.
    pub svg: PathBuf,
}

/// Draws the scene in both formats, then writes `stem.png` and `stem.svg`.
pub(crate) fn write(scene: &Scene, description: &str, stem: &Path) -> Result<Written> {
    let name = stem.file_name().ok_or_else(|| Error::FileName { path: stem.to_owned() })?;
    let known = stem.extension().is_some_and(|e| e == OsStr::new("png") || e == OsStr::new("svg"));
    let name = if known { stem.file_stem().unwrap_or(name) } else { name };
    let path = |extension: &str| {
        let mut file = name.to_owned();
        file.push(extension);
        stem.with_file_name(file)
    };
    let written = Written { png: path(".png"), svg: path(".svg") };
    let (png, svg) = (bitmap::file(scene)?, svg::document(scene, description)?);
    replace(&written.png, &png)?;
    replace(&written.svg, svg.as_bytes())?;
    Ok(written)
}

/// Writes to a temporary name in the same directory and renames it.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".figure-").suffix(".tmp");
    #[cfg(unix)]
    {
        // as any new file, subject to the umask, rather than private
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}
