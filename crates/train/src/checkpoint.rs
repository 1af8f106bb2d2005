//! A run on disk: one safetensors file, replaced atomically.
//!
//! | part | where |
//! |---|---|
//! | weights | `encoder`, `decoder`, `bias`, as in any weight file |
//! | Adam's moments | vectors `first_moment`, `second_moment`, one number a parameter |
//! | losses | vector `losses` (f64), one a step |
//! | what run it is | metadata `run` |
//!
//! The rest follows: the step count is the number of losses, the position in the random stream follows from the
//! step count, and the stop rule has read the losses.

use std::path::Path;

use toy_superposition_model::{Error as ModelError, Names, Objective, Scalar, Vector, Weights};
use toy_superposition_optim::{Optimizer, Real, State, Stopper};

use crate::{Error, Result, Trainer};

const MOMENTS: [&str; 2] = ["first_moment", "second_moment"];
const LOSSES: &str = "losses";
const RUN: &str = "run";

impl<T: Scalar + Real, O: Objective<T> + Send> Trainer<T, O> {
    /// Writes a checkpoint, atomically: whatever happens, the file holds this one or the one before.
    ///
    /// # Errors
    /// [`ModelError::Write`] if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut weights = Weights::new(self.model.clone());
        for (name, values) in self.moments().slots {
            weights.vectors.insert(name.to_owned(), T::to_vector(values));
        }
        weights.vectors.insert(LOSSES.to_owned(), Vector::F64(self.losses.clone()));
        weights.metadata.insert(RUN.to_owned(), self.identity.clone());
        Ok(weights.save(path, Names::Own)?)
    }

    /// Goes on from a checkpoint of the same run, to the same bits as if it had never stopped. Call it on a trainer
    /// made as at the run's beginning. Says whether there was a checkpoint.
    ///
    /// # Errors
    /// [`Error::OtherRun`] if the checkpoint's shape, activation, recipe or data differ from this trainer's,
    /// [`Error::NotACheckpoint`] if parts of it are missing, otherwise as [`Weights::load`]. The trainer is then
    /// unchanged. A missing file is no error.
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        let weights = match Weights::<T>::load(path) {
            Err(ModelError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(false);
            }
            weights => weights?,
        };
        let missing = |what| Error::NotACheckpoint { path: path.to_owned(), what };
        let run = weights.metadata.get(RUN).ok_or(missing(RUN))?;
        let same = weights.model.shape() == self.model.shape()
            && weights.model.activation() == self.model.activation();
        if *run != self.identity || !same {
            let (given, expected) = (run.clone(), self.identity.clone());
            return Err(Error::OtherRun { path: path.to_owned(), given, expected });
        }
        let Some(Vector::F64(losses)) = weights.vectors.get(LOSSES) else {
            return Err(missing(LOSSES));
        };
        let mut stopper = Stopper::new(self.stopper.rule())?;
        for &loss in losses {
            stopper.observe(loss)?;
        }
        let mut slots = Vec::new();
        for name in MOMENTS {
            let values = weights.vectors.get(name).and_then(T::from_vector).ok_or(missing(name))?;
            slots.push((name, values));
        }
        self.adam.restore(&State { steps: losses.len() as u64, slots })?;
        self.stopper = stopper;
        self.losses = losses.clone();
        self.model = weights.model;
        Ok(true)
    }
}
