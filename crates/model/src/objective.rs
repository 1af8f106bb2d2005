//! A differentiable objective: anything that gives a loss and its gradient at a model's parameters.

use std::time::Duration;

use toy_superposition_data::SparseBatch;

use crate::{Autoencoder, Error, MinibatchLoss, Parameters, Result, Scalar};

/// A loss as a function of a model's parameters, with its gradient. `&mut self` is for scratch memory.
pub trait Objective<T: Scalar> {
    /// What can go wrong.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Prepares what step `step` = 0, 1, … evaluates. A stochastic objective draws it here, as a function of
    /// `step` alone, so that a run can go on from any step; a deterministic one has nothing to do.
    ///
    /// # Errors
    /// If it cannot be drawn.
    fn begin_step(&mut self, _step: u64) -> std::result::Result<(), Self::Error> {
        Ok(())
    }

    /// The loss.
    ///
    /// # Errors
    /// If the model does not fit the objective, or the loss is not finite.
    fn loss(&mut self, model: &Autoencoder<T>) -> std::result::Result<f64, Self::Error>;

    /// The loss; `gradient` is overwritten with `∂ loss / ∂ parameter`.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and if `gradient` has another shape than the model.
    fn loss_and_gradient(
        &mut self,
        model: &Autoencoder<T>,
        gradient: &mut Parameters<T>,
    ) -> std::result::Result<f64, Self::Error>;

    /// The loss, if an error says that it is not finite: the weights are too large, and a smaller step may be tried.
    /// `None` for every other error.
    fn not_finite(_error: &Self::Error) -> Option<f64> {
        None
    }

    /// Where the time of the last evaluation went, if the objective keeps account: (stage, wall time) in order.
    fn stages(&self) -> Vec<(&'static str, Duration)> {
        Vec::new()
    }
}

/// The mean loss on one fixed batch.
#[derive(Debug)]
pub struct BatchObjective<T: Scalar> {
    batch: SparseBatch<T>,
    loss: MinibatchLoss<T>,
}

impl<T: Scalar> BatchObjective<T> {
    /// The objective of a batch.
    pub fn new(batch: SparseBatch<T>, loss: MinibatchLoss<T>) -> Self {
        Self { batch, loss }
    }
}

impl<T: Scalar> Objective<T> for BatchObjective<T> {
    type Error = Error;

    fn not_finite(error: &Error) -> Option<f64> {
        error.non_finite_loss()
    }

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64> {
        self.loss.loss(model, &self.batch)
    }

    fn loss_and_gradient(&mut self, model: &Autoencoder<T>, gradient: &mut Parameters<T>) -> Result<f64> {
        self.loss.loss_and_gradient(model, &self.batch, gradient)
    }

    fn stages(&self) -> Vec<(&'static str, Duration)> {
        self.loss.stages().to_vec()
    }
}
