//! The journal: a file to which one line of JSON is appended for each cell that has ended.
//!
//! ```json
//! {"cell":"trained-n32-d8-p0.1-s0","seconds":1.25,"outcome":{"record":{"loss":0.0123}}}
//! {"cell":"rug-n33-d8-p0.1-s0","seconds":0.01,"outcome":{"failed":"33 is not a power of two"}}
//! ```
//!
//! A line is written by a single call of the operating system, so that a killed process leaves
//! whole lines or a torn last one. The file is flushed to the disk before a checkpoint is removed,
//! with each line of a cell that took a second or more, with the first line that ends a second or
//! more after the last flush, and when the journal is closed: a power failure can lose short cells
//! only. A torn last line (without a line end, or not JSON) is cut off when the journal is opened for
//! writing. An unreadable line anywhere else is an error, since no crash produces one.
//!
//! A journal has one writer, which holds a lock on it. Other processes may read it meanwhile.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

const FLUSH: Duration = Duration::from_secs(1);

/// The error of Linux for a network file system without a lock service, ENOLCK.
const NO_LOCKS: Option<i32> = if cfg!(target_os = "linux") { Some(37) } else { None };

/// The outcome of a cell and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line<R> {
    pub(crate) cell: String,
    pub(crate) seconds: f64,
    pub(crate) outcome: Outcome<R>,
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<R> {
    /// The cell finished with this record.
    Record(R),
    /// The cell failed for this reason: the texts of the error and its causes, separated by colons.
    Failed(String),
}

/// A journal open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    flushed: Instant,
}

impl Journal {
    /// Opens or creates a journal, locks it, and cuts off a torn last line.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::file(&path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path }),
            // Some cluster file systems do not support locks. Two runs of one shard at a time may
            // damage the journal there.
            Err(TryLockError::Error(source))
                if source.kind() != ErrorKind::Unsupported && source.raw_os_error() != NO_LOCKS =>
            {
                return Err(Error::File { path, source });
            }
            _ => {}
        }
        let mut cut = || {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let length = whole(&bytes).len();
            if length < bytes.len() { file.set_len(length as u64) } else { Ok(()) }
        };
        cut().map_err(Error::file(&path))?;
        Ok(Self { file, path, flushed: Instant::now() })
    }

    /// Appends a line, and returns the outcome written. A record that does not read back, such as
    /// one with a NaN, is written as failed.
    pub(crate) fn append<R: Serialize + DeserializeOwned>(
        &mut self,
        mut line: Line<R>,
    ) -> Result<Outcome<()>> {
        let mut text = to_json(&line);
        if let Err(source) = serde_json::from_str::<Line<R>>(&text) {
            line.outcome = Outcome::Failed(format!("the record cannot be kept: {source}"));
            text = to_json(&line);
        }
        text.push('\n');
        let end = self.file.seek(SeekFrom::End(0)).map_err(Error::file(&self.path))?;
        if let Err(source) = self.file.write_all(text.as_bytes()) {
            // No line may follow half a line. If this fails too, the half is cut off when the
            // journal is next opened.
            let _ = self.file.set_len(end);
            return Err(Error::File { path: self.path.clone(), source });
        }
        if self.flushed.elapsed() >= FLUSH || line.seconds >= FLUSH.as_secs_f64() {
            self.flush()?;
        }
        Ok(match line.outcome {
            Outcome::Record(_) => Outcome::Record(()),
            Outcome::Failed(reason) => Outcome::Failed(reason),
        })
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        self.file.sync_data().map_err(Error::file(&self.path))
    }
}

/// Returns a line as JSON, or an empty string, which does not read back, for what JSON cannot
/// express.
fn to_json<R: Serialize>(line: &Line<R>) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

/// Returns all lines of a journal except a torn last one.
pub(crate) fn read<R: DeserializeOwned>(path: &Path) -> Result<Vec<Line<R>>> {
    let bytes = std::fs::read(path).map_err(Error::file(path))?;
    let lines = whole(&bytes).split_inclusive(|&byte| byte == b'\n').enumerate();
    let parse = |(index, line)| {
        let wrong = |error: serde_json::Error| Error::Journal {
            path: path.to_owned(),
            line: index + 1,
            source: error.into(),
        };
        serde_json::from_slice(line).map_err(wrong)
    };
    lines.map(parse).collect()
}

/// Returns the bytes without a torn last line.
fn whole(bytes: &[u8]) -> &[u8] {
    let ended = |bytes: &[u8]| bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let bytes = &bytes[..ended(bytes)];
    let before = ended(&bytes[..bytes.len().saturating_sub(1)]);
    match serde_json::from_slice::<serde_json::Value>(&bytes[before..]) {
        Ok(_) => bytes,
        Err(_) => &bytes[..before],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cell: &str, outcome: Outcome<f64>) -> Line<f64> {
        Line { cell: cell.to_owned(), seconds: 0.5, outcome }
    }

    #[test]
    fn a_line_torn_anywhere_is_cut_off_and_the_lines_before_it_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let lines = [line("a", Outcome::Record(0.1 + 0.2)), line("b", Outcome::Failed("no\nway".to_owned()))];
        let mut journal = Journal::open(path.clone()).unwrap();
        assert!(matches!(Journal::open(path.clone()), Err(Error::Busy { .. })));
        lines.iter().for_each(|line| drop(journal.append(line.clone()).unwrap()));
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), 2);
        let first = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for length in first..=bytes.len() {
            // Some file systems leave zeros where a power failure interrupted a write.
            for torn in [bytes[..length].to_vec(), [&bytes[..length], &[0; 7], b"\n"].concat()] {
                if torn.len() > length && length == bytes.len() {
                    continue;
                }
                std::fs::write(&path, &torn).unwrap();
                let expected = if length == bytes.len() { &lines[..] } else { &lines[..1] };
                assert_eq!(read::<f64>(&path).unwrap(), expected, "{length} bytes");
                let mut journal = Journal::open(path.clone()).unwrap();
                journal.append(line("c", Outcome::Record(3.0))).unwrap();
                let found = read::<f64>(&path).unwrap();
                assert_eq!(found.len(), expected.len() + 1);
                assert_eq!(found.last().unwrap(), &line("c", Outcome::Record(3.0)));
                assert!(std::fs::read(&path).unwrap().ends_with(b"3.0}}\n"));
            }
        }
    }

    #[test]
    fn an_unreadable_line_elsewhere_is_an_error_and_nan_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(path.clone()).unwrap();
        let found = journal.append(line("a", Outcome::Record(f64::NAN))).unwrap();
        assert!(matches!(found, Outcome::Failed(_)), "{found:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{{\"cell\":\n{text}")).unwrap();
        assert!(matches!(read::<f64>(&path), Err(Error::Journal { line: 1, .. })));
    }
}
