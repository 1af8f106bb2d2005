//! The figures of a report, each in the section that takes it.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use command_line::chain;
use toy_superposition::sweep::figures::{Drawing, drawings};
use toy_superposition::sweep::{Superposition, Sweep};

/// The figures by state.
pub(crate) struct Figures {
    /// Figures that no section has taken.
    pub(crate) drawn: Vec<Drawing>,
    /// Names of figures that the records do not suffice for.
    absent: Vec<String>,
    /// Names of figures that failed, and why.
    pub(crate) failed: Vec<(String, String)>,
}

impl Figures {
    /// Draws all figures that the records suffice for.
    pub(crate) fn draw(sweep: &Sweep<Superposition>, out: &Path) -> Result<Self, Box<dyn Error>> {
        let drawings = drawings(sweep)?;
        let (mut drawn, mut failed) = (Vec::new(), Vec::new());
        for (name, reason) in drawings.failed {
            failed.push((name, chain(&*reason)));
        }
        for drawing in drawings.ready {
            match drawing.draw(out) {
                Ok(_) => drawn.push(drawing),
                Err(error) => failed.push((drawing.name, chain(&error))),
            }
        }
        Ok(Self { drawn, absent: drawings.absent, failed })
    }

    /// Takes the figures whose names begin with one of `names`, and returns them as Markdown.
    pub(crate) fn take(&mut self, names: &[&str]) -> String {
        let wanted = |drawing: &mut Drawing| names.iter().any(|name| drawing.name.starts_with(name));
        let markdown = |drawing: Drawing| {
            let (name, caption) = (&drawing.name, drawing.caption());
            format!("\n![{name}]({name}.png)\n\n*{name}: {caption}*\n")
        };
        self.drawn.extract_if(.., wanted).map(markdown).collect()
    }

    /// Appends the figures that no section has taken, and the names of those that are missing.
    pub(crate) fn rest(&mut self, text: &mut String) {
        let (figures, mut missing) = (self.take(&[""]), String::new());
        for (name, reason) in &self.failed {
            let _ = write!(missing, "\n`{name}` could not be drawn: {reason}.\n");
        }
        if !self.absent.is_empty() {
            let absent = self.absent.join(", ");
            let _ = write!(
                missing,
                "\nThese were not drawn, because the records are not enough for them: {absent}.\n"
            );
        }
        if !figures.is_empty() || !missing.is_empty() {
            let _ = write!(text, "\n## Other figures\n{figures}{missing}");
        }
    }
}
