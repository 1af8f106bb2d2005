//! Progress of a sweep on standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use toy_superposition_sweep::{Counts, Progress};

/// Reports progress in one line on standard error: on a terminal the line is overwritten, elsewhere
/// a new one is written at intervals. If it cannot be written, because the reader has gone or the
/// disk is full, it is dropped, and the sweep continues.
#[derive(Debug)]
pub struct Reporter {
    terminal: bool,
    last: Mutex<Option<Instant>>,
}

impl Reporter {
    const PAUSE: Duration = Duration::from_secs(5);

    /// Returns a reporter for standard error, which need not be a terminal.
    #[allow(clippy::new_without_default, reason = "it looks at standard error")]
    pub fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), last: Mutex::new(None) }
    }

    /// Writes the line, unless the last one is too recent.
    pub fn tell(&self, progress: &Progress<'_>) {
        let Progress { cell, failed, seconds, counts, seconds_left, .. } = *progress;
        let Ok(mut last) = self.last.lock() else { return };
        let Counts { finished, failed: failures, left } = counts;
        let total = finished + failures + left;
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        if let (Some(cell), Some(reason)) = (cell, failed) {
            let _ = writeln!(std::io::stderr(), "{clear}{cell} failed: {reason}");
        }
        let pause = if self.terminal { Duration::from_millis(100) } else { Self::PAUSE };
        if left > 0 && last.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        *last = Some(Instant::now());
        let time = match seconds_left {
            Some(left) if left >= 5400.0 => format!(", about {:.1} h left", left / 3600.0),
            Some(left) if left >= 90.0 => format!(", about {:.0} min left", left / 60.0),
            Some(left) => format!(", about {left:.0} s left"),
            None => String::new(),
        };
        let done = cell.map(|cell| format!(", {cell} in {seconds:.1} s")).unwrap_or_default();
        let end = if self.terminal && left > 0 { "" } else { "\n" };
        let line = format!("{clear}{finished} of {total} cells, {failures} failed{time}{done}{end}");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}
