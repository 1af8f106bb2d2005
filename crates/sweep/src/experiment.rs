//! The trait of an experiment, and what it is told about the run.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Cell, Kind};

/// Why a cell failed. Any error may be returned; the sweep records its text and that of its causes.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

/// An experiment with its settings, which a grid file gives under `[experiment]`. Derive
/// `Deserialize` with `#[serde(deny_unknown_fields)]`, so that unknown keys are refused.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use toy_superposition_sweep::{
///     Cell, Context, Effort, Experiment, Grid, Kind, Options, Reason, Sweep,
/// };
///
/// /// What is done: the bound of Welch on the interference.
/// #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
/// #[serde(rename_all = "lowercase")]
/// enum Bound {
///     Welch,
/// }
///
/// impl Kind for Bound {
///     fn is_random(self) -> bool {
///         false
///     }
/// }
///
/// /// The settings.
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Bounds {
///     factor: f64,
/// }
///
/// /// A row of records.csv.
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Found {
///     features: usize,
///     hidden: usize,
///     bound: f64,
/// }
///
/// impl Experiment for Bounds {
///     type Kind = Bound;
///     type Record = Found;
///
///     fn check(&self) -> Result<(), Reason> {
///         if self.factor > 0.0 { Ok(()) } else { Err("the factor must be above 0".into()) }
///     }
///
///     fn effort(&self, _: &Cell<Bound>) -> Effort {
///         Effort::new(1e-6, "bound")
///     }
///
///     fn evaluate(&self, cell: &Cell<Bound>, _: &Context<'_>) -> Result<Option<Found>, Reason> {
///         let &Cell { features, hidden, .. } = cell;
///         let bound = self.factor * (1.0 / cell.ratio() - 1.0);
///         Ok(Some(Found { features, hidden, bound }))
///     }
/// }
///
/// let grid = Grid::<Bounds>::parse(
///     r#"
///     [experiment]
///     factor = 2.0
///
///     [[block]]
///     kinds = ["welch"]
///     features = [100]
///     probabilities = [0.1]
///     ratios = [0.25]
/// "#,
/// )?;
/// let folder = tempfile::tempdir()?;
/// let sweep = Sweep::create(folder.path(), grid)?;
/// sweep.run(&Options::default(), |_| {})?;
/// assert_eq!(sweep.records()?, [Found { features: 100, hidden: 25, bound: 6.0 }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Experiment: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Sync {
    /// The kinds of cells that the experiment can evaluate.
    type Kind: Kind + Debug;
    /// The result of a cell: a flat struct of numbers, strings and options of them, since it
    /// becomes a row of a CSV file. It should name its cell, and must not hold anything that
    /// depends on when, where or how fast it was computed. A cell whose record has a NaN or an
    /// infinity fails; in an optional number either is kept as missing.
    type Record: Serialize + DeserializeOwned + Send;

    /// Checks the settings. The default accepts all.
    ///
    /// # Errors
    /// Says what is wrong with settings that no cell could be evaluated with.
    fn check(&self) -> Result<(), Reason> {
        Ok(())
    }

    /// Returns a rough estimate of the cost of a cell. By default all cells cost the same, and each
    /// is evaluated on one thread.
    fn effort(&self, _cell: &Cell<Self::Kind>) -> Effort {
        Effort::new(1.0, "evaluation")
    }

    /// Evaluates a cell, and returns its record, or `None` if it stopped early because the run was
    /// [interrupted](Context::interrupted). The record must be a function of the settings and the
    /// cell alone, to the bit: it must not depend on how often the evaluation was killed and
    /// resumed.
    ///
    /// # Errors
    /// Says why there is no record. The sweep records the reason and continues with the next cell.
    fn evaluate(
        &self,
        cell: &Cell<Self::Kind>,
        context: &Context<'_>,
    ) -> Result<Option<Self::Record>, Reason>;
}

/// Estimated cost of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Effort {
    /// Approximate time on one thread, in seconds. Only ratios matter: they determine the order of
    /// the cells and the estimate of the time left.
    pub seconds: f64,
    /// Short name of the kind of work. A sweep measures the ratio of actual time to `seconds`
    /// separately for each name, and scales the estimates of the remaining cells by it.
    pub way: &'static str,
    /// Whether the cell uses all threads well, and is therefore evaluated alone. Other cells are
    /// evaluated side by side, on one thread each.
    pub whole_machine: bool,
}

impl Effort {
    /// Returns the effort of a cell that takes about `seconds` on one thread and is evaluated
    /// beside others. `way` is a short name of the kind of work.
    pub fn new(seconds: f64, way: &'static str) -> Self {
        Self { seconds, way, whole_machine: false }
    }

    /// Returns the same effort with [`Effort::whole_machine`] set to `whole_machine`.
    pub fn with_whole_machine(self, whole_machine: bool) -> Self {
        Self { whole_machine, ..self }
    }
}

/// The files of the cell that is being evaluated, and the run's request to stop.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub(crate) cells: &'a Path,
    pub(crate) id: &'a str,
    pub(crate) interrupt: &'a AtomicBool,
    pub(crate) checkpoint_every: Duration,
}

impl<'a> Context<'a> {
    /// Returns the path of the cell's checkpoint. The sweep removes that file once the cell's
    /// record is in the journal. A cell that fails keeps it, so that it can be
    /// [tried again](crate::Options::retry_failed) from there. An experiment should therefore begin
    /// anew if it cannot read its checkpoint.
    pub fn checkpoint(&self) -> PathBuf {
        crate::folder::checkpoint_path(self.cells, self.id)
    }

    /// Returns the time between two checkpoints, which is the work that a kill may lose.
    pub fn checkpoint_every(&self) -> Duration {
        self.checkpoint_every
    }

    /// Returns the path at which the cell's weights may be kept. The sweep leaves that file in
    /// place.
    pub fn weights(&self) -> PathBuf {
        crate::folder::weights_path(self.cells, self.id)
    }

    /// Returns the flag that is set when the run is to stop.
    pub fn interrupt(&self) -> &'a AtomicBool {
        self.interrupt
    }

    /// Returns whether the run is to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}
