//! Running a sweep: each cell is evaluated once, the expensive ones first, with the same results
//! however often the run is killed.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use toy_superposition_train::{side_by_side, threads};

use crate::folder::{JOURNAL, checkpoint_path};
use crate::journal::{Journal, Line};
use crate::pace::Pace;
use crate::{Cell, Context, Effort, Error, Experiment, Outcome, Result, Shard, Sweep};

/// How a sweep is run. No option changes a record.
///
/// | Name | Default |
/// |---|---|
/// | `shard` | all cells |
/// | `threads` | one per core |
/// | `retry_failed` | no |
/// | `checkpoint_every` | 10 seconds |
/// | `interrupt` | none |
///
/// ```
/// use toy_superposition_sweep::{Grid, Options, Superposition, Sweep};
///
/// let grid = Grid::<Superposition>::parse(
///     r#"
///     [experiment]
///
///     [[block]]
///     kinds = ["theory", "linear"]
///     features = [64]
///     probabilities = [0.05]
///     ratios = [0.25, 0.5]
/// "#,
/// )?;
/// let folder = tempfile::tempdir()?;
/// let sweep = Sweep::create(folder.path(), grid)?;
/// // Two processes would do so side by side.
/// for shard in ["1/2", "2/2"] {
///     let options = Options { shard: Some(shard.parse()?), ..Options::default() };
///     assert_eq!(sweep.run(&options, |_| {})?.finished, 2);
/// }
/// let counts = Sweep::<Superposition>::open(folder.path())?.counts()?;
/// assert_eq!((counts.finished, counts.failed, counts.left), (4, 0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// The part of the cells that this process evaluates. Each shard writes a journal of its own,
    /// so several shards may run in one folder, or each in its own folder, to be
    /// [merged](Sweep::merge) later.
    pub shard: Option<Shard>,
    /// Number of threads. The default is one per core, and more than eight per core count as eight
    /// per core.
    pub threads: Option<NonZeroUsize>,
    /// Whether cells that failed in an earlier run are tried again. The default is not to, since
    /// most would fail again for the same reason; set it after a failure of the machine, such as a
    /// full disk. A cell that failed continues from its last checkpoint.
    pub retry_failed: bool,
    /// Time between two checkpoints of a cell.
    pub checkpoint_every: Duration,
    /// A flag that ends the run soon after it is set. Cells in flight leave a checkpoint. The run
    /// sets it itself, and leaves it set, if the journal cannot be written.
    pub interrupt: Option<&'a AtomicBool>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            shard: None,
            threads: None,
            retry_failed: false,
            checkpoint_every: Duration::from_secs(10),
            interrupt: None,
        }
    }
}

/// Progress of a run, as reported at its beginning and after each cell.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The cell that has just ended; `None` at the beginning of the run.
    pub cell: Option<&'a str>,
    /// Why the cell failed, if it did.
    pub failed: Option<&'a str>,
    /// The cell's time in seconds.
    pub seconds: f64,
    /// The numbers of finished, failed and remaining cells.
    pub counts: Counts,
    /// Estimated time left, in seconds. The efforts of the remaining cells are scaled by the
    /// measured pace of the finished cells of the same [way](Effort::way), those of earlier runs in
    /// this folder included, or of all cells if none of that way has finished yet. `None` if no
    /// cell has finished.
    pub seconds_left: Option<f64>,
}

/// Numbers of cells by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Cells with a record.
    pub finished: usize,
    /// Cells that failed.
    pub failed: usize,
    /// Cells without a result yet.
    pub left: usize,
}

impl<E: Experiment> Sweep<E> {
    /// Evaluates the cells that have no result yet, and returns the final counts, which are of the
    /// shard's cells. Unless a shard is given, it then writes the tables; a shard does not, since
    /// other shards may still be running. `progress` is called at the beginning and after each
    /// cell.
    ///
    /// Blocks are evaluated in the grid's order. Within a block the cells that use the whole
    /// machine come first, one at a time; the others follow side by side, the most expensive first.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process runs the same shard in this folder, [`Error::File`] if
    /// the journal cannot be written, [`Error::Threads`], and the errors of
    /// [`write_tables`](Sweep::write_tables). A cell that fails or panics is recorded and is not an
    /// error. On a file system without locks the first error is not noticed, and two processes that
    /// run one shard at a time may damage its journal.
    pub fn run(&self, options: &Options<'_>, progress: impl Fn(&Progress<'_>) + Sync) -> Result<Counts> {
        let name = options.shard.map_or(JOURNAL.to_owned(), Shard::journal_name);
        let journal = Journal::open(self.folder.join(name))?;
        let threads = threads(options.threads);
        let ends = self.ends()?;
        let mut counts = Counts::default();
        let mut pace = Pace::new(threads.get());
        let mut todo = Vec::new();
        for work in self.order_of_work(options.shard) {
            match ends.get(&work.id).map(|line| (&line.outcome, line.seconds)) {
                Some((Outcome::Record(_), seconds)) => {
                    counts.finished += 1;
                    pace.finished(work.effort, seconds);
                }
                Some((Outcome::Failed(_), _)) if !options.retry_failed => counts.failed += 1,
                _ => {
                    pace.add(work.effort);
                    todo.push(work);
                }
            }
        }
        drop(ends);
        counts.left = todo.len();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build();
        let pool = pool.map_err(|source| Error::Threads { source: std::io::Error::other(source) })?;
        let seconds_left = pace.seconds_left();
        let own = AtomicBool::new(false);
        let run = Run {
            sweep: self,
            options,
            interrupt: options.interrupt.unwrap_or(&own),
            state: Mutex::new(State { journal, counts, pace }),
            progress,
        };
        run.report(None, None, 0.0, counts, seconds_left);
        for group in todo.chunk_by(|a, b| a.effort.whole_machine == b.effort.whole_machine) {
            let ends = if group[0].effort.whole_machine {
                pool.install(|| group.iter().map(|work| run.cell(work)).collect::<Vec<_>>())
            } else {
                side_by_side(group, Some(threads), |work| run.cell(work))
                    .map_err(|source| Error::Threads { source })?
            };
            ends.into_iter().collect::<Result<()>>()?;
        }
        let mut state = run.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.journal.flush()?;
        if options.shard.is_none() {
            self.write_tables()?;
        }
        Ok(state.counts)
    }

    /// Returns the cells of a shard in the order of evaluation, which depends on the grid alone.
    fn order_of_work(&self, shard: Option<Shard>) -> Vec<Work<'_, E>> {
        let experiment = &self.grid.experiment;
        let work = |cell| Work { cell, id: Cell::id(cell), effort: experiment.effort(cell) };
        let mut works: Vec<_> = self.cells.iter().map(work).collect();
        works.sort_by(|a, b| {
            let whole = b.effort.whole_machine.cmp(&a.effort.whole_machine);
            a.cell.block.cmp(&b.cell.block).then(whole).then(b.effort.seconds.total_cmp(&a.effort.seconds))
        });
        let mut place = 0..;
        works.retain(|_| shard.is_none_or(|shard| place.next().is_some_and(|place| shard.holds(place))));
        works
    }
}

/// A cell to be evaluated.
struct Work<'a, E: Experiment> {
    cell: &'a Cell<E::Kind>,
    id: String,
    effort: Effort,
}

/// A run of a sweep.
struct Run<'a, E: Experiment, P> {
    sweep: &'a Sweep<E>,
    options: &'a Options<'a>,
    /// Set by the caller, and when the journal cannot be written, since no further result could be
    /// kept.
    interrupt: &'a AtomicBool,
    state: Mutex<State>,
    progress: P,
}

struct State {
    journal: Journal,
    counts: Counts,
    pace: Pace,
}

impl<E: Experiment, P: Fn(&Progress<'_>) + Sync> Run<'_, E, P> {
    /// Evaluates a cell and appends its outcome to the journal, unless the run is to stop.
    fn cell(&self, work: &Work<'_, E>) -> Result<()> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Ok(());
        }
        let cells = self.sweep.folder.join("cells");
        let context = Context {
            cells: &cells,
            id: &work.id,
            interrupt: self.interrupt,
            checkpoint_every: self.options.checkpoint_every,
        };
        let start = Instant::now();
        let found = catch_unwind(AssertUnwindSafe(|| {
            self.sweep.grid.experiment.evaluate(work.cell, &context).map_err(|reason| chain(&*reason))
        }));
        let seconds = start.elapsed().as_secs_f64();
        let outcome = match found {
            Ok(Ok(Some(record))) => Outcome::Record(record),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(reason)) => Outcome::Failed(reason),
            Err(panic) => Outcome::Failed(format!("panicked: {}", message(&*panic))),
        };
        let line = Line { cell: work.id.clone(), seconds, outcome };
        let checkpoint = checkpoint_path(&cells, &work.id);
        self.write_down(work, line, &checkpoint)
            .inspect_err(|_| self.interrupt.store(true, Ordering::Relaxed))
    }

    /// Appends a line to the journal, and removes the checkpoint if it has become useless.
    fn write_down(&self, work: &Work<'_, E>, line: Line<E::Record>, checkpoint: &Path) -> Result<()> {
        let seconds = line.seconds;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = state.journal.append(line)?;
        let failed = match &outcome {
            Outcome::Record(()) => {
                if checkpoint.exists() {
                    state.journal.flush()?;
                    // The result is on the disk, so a checkpoint that stays behind does no harm.
                    let _ = std::fs::remove_file(checkpoint);
                }
                state.counts.finished += 1;
                None
            }
            Outcome::Failed(reason) => {
                state.counts.failed += 1;
                Some(reason.as_str())
            }
        };
        state.counts.left -= 1;
        state.pace.done(work.effort, failed.is_none().then_some(seconds));
        self.report(Some(&work.id), failed, seconds, state.counts, state.pace.seconds_left());
        Ok(())
    }

    fn report(
        &self,
        cell: Option<&str>,
        failed: Option<&str>,
        seconds: f64,
        counts: Counts,
        seconds_left: Option<f64>,
    ) {
        (self.progress)(&Progress { cell, failed, seconds, counts, seconds_left });
    }
}

/// Returns the texts of an error and its causes, from the outermost to the innermost.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Returns the message of a panic.
fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("(without a message)")
}
