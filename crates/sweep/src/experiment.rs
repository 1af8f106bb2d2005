//! What a sweep does at each cell.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Cell, Kind};

/// Why a cell failed: any error will do, its text and that of its causes is recorded.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

/// An experiment with its settings: what a grid file has under `[experiment]`. Derive `Deserialize`
/// with `#[serde(deny_unknown_fields)]`, so that a key that is not a setting is refused.
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
    /// What can be done at a cell.
    type Kind: Kind + Debug;
    /// What is found there: a flat struct of numbers, strings and options of them, since it becomes
    /// a row of CSV. It names its cell, and holds nothing that depends on when, where or how fast
    /// it was found.
    type Record: Serialize + DeserializeOwned + Send;

    /// Refuses settings that no cell could be evaluated with. By default it takes all.
    ///
    /// # Errors
    /// What is wrong.
    fn check(&self) -> Result<(), Reason> {
        Ok(())
    }

    /// Estimates roughly what a cell will cost. By default all cells cost the same, and each is
    /// evaluated on one thread.
    fn effort(&self, _: &Cell<Self::Kind>) -> Effort {
        Effort::new(1.0, "evaluation")
    }

    /// Evaluates a cell; `None` if [`Context::interrupted`] before the end. The record is a
    /// function of the settings and the cell, to the bit, and in particular not of how often the
    /// evaluation was killed and begun again.
    ///
    /// # Errors
    /// Why there is no record. The sweep records the reason and goes on with the next cell.
    fn evaluate(
        &self,
        cell: &Cell<Self::Kind>,
        context: &Context<'_>,
    ) -> Result<Option<Self::Record>, Reason>;
}

/// What a cell costs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Effort {
    /// About how long it takes on one thread. Only ratios matter: for the order of the cells and
    /// for the time left.
    pub seconds: f64,
    /// A short name of what the time goes into. A sweep measures how long the cells of each way
    /// take beside their `seconds`, and estimates by it how long the others of that way will take.
    pub way: &'static str,
    /// Whether it uses all threads well, so that it is evaluated alone; other cells are evaluated
    /// side by side, one thread each.
    pub whole_machine: bool,
}

impl Effort {
    /// Returns the effort of a cell that takes about `seconds` on one thread, and uses one.
    pub fn new(seconds: f64, way: &'static str) -> Self {
        Self { seconds, way, whole_machine: false }
    }

    /// Returns the same effort with another [`Effort::whole_machine`].
    pub fn with_whole_machine(self, whole_machine: bool) -> Self {
        Self { whole_machine, ..self }
    }
}

/// Where a cell is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub(crate) cells: &'a Path,
    pub(crate) id: &'a str,
    pub(crate) interrupt: &'a AtomicBool,
    pub(crate) checkpoint_every: Duration,
}

impl<'a> Context<'a> {
    /// The cell's checkpoint, which the sweep removes once the cell is in the journal.
    pub fn checkpoint(&self) -> PathBuf {
        crate::folder::checkpoint_path(self.cells, self.id)
    }

    /// The time between two checkpoints: what a kill may lose.
    pub fn checkpoint_every(&self) -> Duration {
        self.checkpoint_every
    }

    /// Where the cell's weights are kept, for those who want to look at them.
    pub fn weights(&self) -> PathBuf {
        crate::folder::weights_path(self.cells, self.id)
    }

    /// Set when the sweep is to end.
    pub fn interrupt(&self) -> &'a AtomicBool {
        self.interrupt
    }

    /// Whether the sweep is to end.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}
