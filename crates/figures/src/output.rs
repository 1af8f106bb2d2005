//! The two files of a figure, each of which is written completely or not at all.

use crate::scene::Scene;
use crate::{Error, Result, bitmap, svg};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use toy_superposition_files as files;

/// The files to which a figure was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The bitmap, 85 mm wide at 400 dots per inch (more for a large rug).
    pub png: PathBuf,
    /// The vector drawing.
    pub svg: PathBuf,
}

impl Written {
    /// The files of a figure, `stem.png` and `stem.svg`. A `.png` or `.svg` at the end of `stem` is
    /// removed first.
    fn at(stem: &Path) -> Result<Self> {
        let name = stem.file_name().ok_or_else(|| Error::FileName { path: stem.to_owned() })?;
        let known = stem.extension().is_some_and(|e| e == OsStr::new("png") || e == OsStr::new("svg"));
        let name = if known { stem.file_stem().unwrap_or(name) } else { name };
        let path = |extension: &str| {
            let mut file = name.to_owned();
            file.push(extension);
            stem.with_file_name(file)
        };
        Ok(Self { png: path(".png"), svg: path(".svg") })
    }
}

/// Checks whether a figure can be written to `stem.png` and `stem.svg`, and changes nothing. Call
/// it before the computation whose results the figure shows.
///
/// ```
/// use toy_superposition_figures::{Error, check_writable};
///
/// let folder = tempfile::tempdir()?;
/// check_writable(folder.path().join("figure"))?;
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
/// let refused = check_writable(folder.path().join("absent").join("figure"));
/// assert!(matches!(refused, Err(Error::Write { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::FileName`] for a path without a file name, [`Error::Write`] if one of the two files
/// cannot be written.
pub fn check_writable(stem: impl AsRef<Path>) -> Result<()> {
    let Written { png, svg } = Written::at(stem.as_ref())?;
    files::check_writable(png)?;
    Ok(files::check_writable(svg)?)
}

/// Draws the scene in both formats, then writes `stem.png` and `stem.svg`.
pub(crate) fn write(scene: &Scene, description: &str, stem: &Path) -> Result<Written> {
    let written = Written::at(stem)?;
    let (png, svg) = (bitmap::file(scene)?, svg::document(scene, description)?);
    files::write_atomically(&written.png, &png)?;
    files::write_atomically(&written.svg, svg.as_bytes())?;
    Ok(written)
}
