//! Options and output of all experiments.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use command_line::{note, say};
use toy_superposition::figures::{self, Written};
use toy_superposition::files::create_folder;

#[derive(Args)]
pub(crate) struct Options {
    /// Seed of the initial weights and of the samples.
    #[arg(long, global = true, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Use small sizes and few starts: a preview within seconds, not a result.
    #[arg(long, global = true)]
    pub(crate) quick: bool,
    /// Draw figures (PNG and SVG) into this folder, which is created if needed.
    #[arg(long, global = true, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print one JSON object instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Options {
    /// Checks before the computation that the figures can be written.
    pub(crate) fn prepare<'a>(
        &self,
        names: impl Iterator<Item = &'a &'static str>,
    ) -> Result<(), Box<dyn Error>> {
        let Some(folder) = &self.out else { return Ok(()) };
        create_folder(folder)?;
        for name in names {
            figures::check_writable(folder.join(name))?;
        }
        Ok(())
    }

    /// Draws a figure if --out is given.
    pub(crate) fn figure(
        &self,
        name: &str,
        draw: impl FnOnce(PathBuf) -> figures::Result<Written>,
    ) -> Result<(), Box<dyn Error>> {
        if let Some(folder) = &self.out {
            let written = draw(folder.join(name))?;
            note!("wrote {} and {}", written.png.display(), written.svg.display());
        }
        Ok(())
    }

    /// Prints a line of a table unless --json is given.
    pub(crate) fn tell(&self, line: std::fmt::Arguments<'_>) {
        if !self.json {
            say!("{line}");
        }
    }

    /// Returns `large`, or `small` with --quick.
    pub(crate) fn size<T>(&self, large: T, small: T) -> T {
        if self.quick { small } else { large }
    }
}
