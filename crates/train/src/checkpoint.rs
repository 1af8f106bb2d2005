//! Checkpoints: a run in one safetensors file, which is replaced atomically. [`Trainer::save`]
//! documents the format.
//!
//! The rest of the run's state follows from the file: the step count is the number of losses, the
//! position in the random stream follows from the step count, and the stop rule reads the losses
//! again.

use std::io::ErrorKind;
use std::path::Path;

use toy_superposition_data::LawSpec;
use toy_superposition_files::write_atomically;
use toy_superposition_model::{Attachments, Error as ModelError, Model, Scalar, Stochastic, Vector};
use toy_superposition_optim::{State, Stopper};

use crate::identity::{Identity, VERSION};
use crate::{Error, Result, Trainer};

const LOSSES: &str = "losses";
const RUN: &str = "run";
const RUN_HASH: &str = "run_hash";

impl<M: Model + Clone + Send, O: Stochastic<M> + Send> Trainer<M, O> {
    /// Writes a checkpoint atomically: after a crash the file holds either this checkpoint or the
    /// previous one.
    ///
    /// A checkpoint is one safetensors file:
    ///
    /// | part | stored as |
    /// |---|---|
    /// | weights | one tensor per block of the model, as in any weight file |
    /// | state of the optimizer | one vector per slot; for Adam `first_moment`, `second_moment` |
    /// | losses | vector `losses` (F64), one per step |
    /// | description of the run | metadata `run`, its [`Identity`], and `run_hash`, its hash |
    /// | law of the features | metadata `law`, as in any weight file |
    ///
    /// # Errors
    /// [`ModelError::Write`] if the file cannot be written, and the errors of [`Model::to_bytes`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut attachments = Attachments::default();
        let Attachments { metadata, vectors } = &mut attachments;
        for (name, values) in self.optimizer.state().slots {
            vectors.insert(name.to_owned(), M::Scalar::to_vector(values));
        }
        vectors.insert(LOSSES.to_owned(), Vector::F64(self.losses.clone()));
        metadata.insert(RUN.to_owned(), self.identity.to_string());
        metadata.insert(RUN_HASH.to_owned(), self.identity.hash());
        if let Some(law) = &self.law {
            metadata.insert(LawSpec::METADATA_KEY.to_owned(), law.to_string());
        }
        let bytes = self.model.to_bytes(attachments)?;
        Ok(write_atomically(path, &bytes).map_err(ModelError::Write)?)
    }

    /// Continues from a checkpoint of the same run, to the same bits as if the run had never
    /// stopped. The trainer must be built as it was at the start of the run. Returns whether there
    /// was a checkpoint.
    ///
    /// # Errors
    /// [`Error::OtherRun`], with each field that differs, if the checkpoint belongs to another law,
    /// importance, recipe, shape, activation, precision or seed, or has other initial weights;
    /// [`Error::CheckpointFormat`] if a version of this crate with another format wrote it;
    /// [`Error::NotACheckpoint`] if parts of it are missing or damaged; [`Error::Model`] for a file
    /// that cannot be read or whose model does not fit, with the error of [`Model::read`] as its
    /// source; [`Error::Optim`] for losses or moments that are not finite. The trainer is then
    /// unchanged. A missing file is not an error.
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            read => read.map_err(|source| ModelError::File { path: path.to_owned(), source })?,
        };
        let unusable = |source| ModelError::Contents { path: path.to_owned(), source: Box::new(source) };
        let Attachments { metadata, vectors } = Attachments::from_bytes(&bytes).map_err(unusable)?;
        let missing = |what| Error::NotACheckpoint { path: path.to_owned(), what };
        let run = metadata.get(RUN).ok_or(missing(RUN))?;
        let run = Identity::parse(run).map_err(|given| Error::CheckpointFormat {
            path: path.to_owned(),
            given,
            expected: VERSION,
        })?;
        if metadata.get(RUN_HASH) != Some(&run.hash()) {
            return Err(missing(RUN_HASH));
        }
        let same = |run: &Identity| match self.identity.differences(run) {
            differences if differences.is_empty() => Ok(()),
            differences => Err(Error::OtherRun { path: path.to_owned(), differences }),
        };
        same(&run)?;
        let mut model = self.model.clone();
        model.read(&bytes).map_err(unusable)?;
        same(&run.with_model(&model))?;
        let Some(Vector::F64(losses)) = vectors.get(LOSSES) else {
            return Err(missing(LOSSES));
        };
        let mut stopper = Stopper::new(self.stopper.rule())?;
        for &loss in losses {
            stopper.observe(loss)?;
        }
        let names: Vec<_> = self.optimizer.state().slots.iter().map(|slot| slot.0).collect();
        let mut slots = Vec::new();
        for name in names {
            let values = vectors.get(name).and_then(M::Scalar::from_vector).ok_or(missing(name))?;
            slots.push((name, values));
        }
        self.optimizer.restore(&State { steps: losses.len() as u64, slots })?;
        self.stopper = stopper;
        self.losses = losses.clone();
        self.model = model;
        Ok(true)
    }
}
