//! A differentiable objective: anything that gives a loss and its gradient at a model's parameters.

use toy_superposition_data::SparseBatch;

use crate::{Autoencoder, Error, MinibatchLoss, Parameters, Result, Scalar};

/// A loss as a function of a model's parameters, with its gradient. `&mut self` is for scratch memory.
pub trait Objective<T: Scalar> {
    /// What can go wrong.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The loss.
    fn loss(&mut self, model: &Autoencoder<T>) -> std::result::Result<f64, Self::Error>;

    /// The loss; `gradient` is overwritten with `∂ loss / ∂ parameter`.
    fn loss_and_gradient(
        &mut self,
        model: &Autoencoder<T>,
        gradient: &mut Parameters<T>,
    ) -> std::result::Result<f64, Self::Error>;
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

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64> {
        self.loss.loss(model, &self.batch)
    }

    fn loss_and_gradient(&mut self, model: &Autoencoder<T>, gradient: &mut Parameters<T>) -> Result<f64> {
        self.loss.loss_and_gradient(model, &self.batch, gradient)
    }
}
