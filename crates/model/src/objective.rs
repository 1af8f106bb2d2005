//! Models, and the objectives that give a loss and its gradient at a model's parameters.
//!
//! | trait | meaning |
//! |---|---|
//! | [`Model`] | parameters in named blocks on one flat slice |
//! | [`Objective`] | the same loss at every evaluation, for a deterministic minimiser |
//! | [`Stochastic`] | a new objective at every step, for training; every [`Objective`] is one too |

use std::borrow::{Borrow, BorrowMut};

use toy_superposition_data::SparseBatch;

use crate::attachments::{bytes_of, write};
use crate::error::check_finite;
use crate::tensors::{Tensor, tensors};
use crate::{Attachments, Autoencoder, Error, MinibatchLoss, Names, Parameters, Result, Scalar, Weights};

/// A model whose parameters are named blocks, stored one after another in one flat slice.
pub trait Model {
    /// The type of the parameters.
    type Scalar: Scalar;

    /// A gradient: one number per parameter, in the order of the parameters.
    type Gradient: AsRef<[Self::Scalar]> + AsMut<[Self::Scalar]> + Send;

    /// Returns the name and the shape of each block, in memory order. The entries of a block are
    /// stored row by row.
    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)>;

    /// Returns what determines the output of the model besides its parameters, as pairs of a name
    /// and a value. A checkpoint of a model with another description is refused.
    fn describe(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Returns all parameters.
    fn as_slice(&self) -> &[Self::Scalar];

    /// Returns all parameters, mutably.
    fn as_mut_slice(&mut self) -> &mut [Self::Scalar];

    /// Returns a gradient of zeros.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there is no memory for it.
    fn zero_gradient(&self) -> Result<Self::Gradient>;

    /// Returns the bytes of a safetensors file that holds one tensor per block and the attachments.
    ///
    /// # Errors
    /// [`Error::Name`] if a vector has the name of a block, [`Error::Format`] if the tensors are
    /// too large for the format.
    fn to_bytes(&self, attachments: Attachments) -> Result<Vec<u8>> {
        let mut rest = self.as_slice();
        let tensor = |(name, shape): (&'static str, Vec<usize>)| {
            let (block, after) = rest.split_at(shape.iter().product());
            rest = after;
            (name, shape, bytes_of(block))
        };
        let tensors: Vec<_> = self.blocks().into_iter().map(tensor).collect();
        write::<Self::Scalar>(&tensors, &attachments.metadata, &attachments.vectors)
    }

    /// Replaces the parameters by those in `bytes`, which [`to_bytes`](Self::to_bytes) wrote for a
    /// model of the same description.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Block`], [`Error::Ambiguous`], [`Error::Type`],
    /// [`Error::Precision`] and [`Error::NotFinite`] for a file that does not hold such a model.
    /// The model is then unchanged.
    fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let file = tensors(bytes)?;
        let mut values = Vec::with_capacity(self.as_slice().len());
        for (name, shape) in self.blocks() {
            values.extend(Tensor::block::<Self::Scalar>(&file, name, &shape)?);
        }
        check_finite("parameters", &values)?;
        self.as_mut_slice().copy_from_slice(&values);
        Ok(())
    }
}

/// The blocks are `encoder` (`W_inᵀ`, n_s × n_d), `decoder` (n_s × n_d, absent for tied weights)
/// and `bias` (n_s). A file stores them as [`Weights`] under [`Names::Own`].
impl<T: Scalar> Model for Autoencoder<T> {
    type Scalar = T;
    type Gradient = Parameters<T>;

    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        let matrix = |name| (name, vec![self.features(), self.hidden()]);
        let decoder = (!self.shape().is_tied()).then(|| matrix("decoder"));
        [Some(matrix("encoder")), decoder, Some(("bias", vec![self.features()]))]
            .into_iter()
            .flatten()
            .collect()
    }

    fn describe(&self) -> Vec<(&'static str, String)> {
        let shape = self.shape();
        vec![
            ("features", shape.features().to_string()),
            ("hidden", shape.hidden().to_string()),
            ("tied", shape.is_tied().to_string()),
            ("activation", self.activation().to_string()),
        ]
    }

    fn as_slice(&self) -> &[T] {
        self.parameters().as_slice()
    }

    fn as_mut_slice(&mut self) -> &mut [T] {
        self.parameters_mut().as_mut_slice()
    }

    fn zero_gradient(&self) -> Result<Parameters<T>> {
        Parameters::zeros(self.shape())
    }

    fn to_bytes(&self, Attachments { metadata, vectors }: Attachments) -> Result<Vec<u8>> {
        Weights { model: self.clone(), metadata, vectors }.to_bytes(Names::Own)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<()> {
        *self = Weights::from_bytes(bytes)?.model;
        Ok(())
    }
}

/// A loss as a function of a model's parameters, with its gradient.
///
/// The methods take `&mut self` for scratch memory only: equal models give equal losses.
pub trait Objective<M: Model> {
    /// The error of an evaluation.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns the loss if `error` says that it is not finite, and `None` for every other error. A
    /// minimiser may then try a smaller step.
    fn not_finite(_error: &Self::Error) -> Option<f64> {
        None
    }

    /// Returns the loss at `model`.
    ///
    /// # Errors
    /// Returns an error if the model does not fit the objective or the loss is not finite.
    fn loss(&mut self, model: &M) -> std::result::Result<f64, Self::Error>;

    /// Returns the loss at `model`, and overwrites `gradient` with `∂ loss / ∂ parameter`.
    ///
    /// # Errors
    /// Returns the errors of [`loss`](Self::loss), and an error if `gradient` and the model differ
    /// in shape.
    fn loss_and_gradient(
        &mut self,
        model: &M,
        gradient: &mut M::Gradient,
    ) -> std::result::Result<f64, Self::Error>;
}

impl<M: Model, O: Objective<M>> Objective<M> for &mut O {
    type Error = O::Error;

    fn not_finite(error: &O::Error) -> Option<f64> {
        O::not_finite(error)
    }

    fn loss(&mut self, model: &M) -> std::result::Result<f64, O::Error> {
        (**self).loss(model)
    }

    fn loss_and_gradient(
        &mut self,
        model: &M,
        gradient: &mut M::Gradient,
    ) -> std::result::Result<f64, O::Error> {
        (**self).loss_and_gradient(model, gradient)
    }
}

/// An objective that is drawn anew for every step.
///
/// The objective of a step is a function of the step's number alone, so that a run can be resumed
/// at any step. An [`Objective`] is the same at every step.
pub trait Stochastic<M: Model> {
    /// The error of drawing or evaluating the objective.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The objective of one step.
    type Drawn<'a>: Objective<M, Error = Self::Error>
    where
        Self: 'a;

    /// Returns the objective of step `step` = 0, 1, ….
    ///
    /// # Errors
    /// Returns an error if the objective cannot be drawn.
    fn at(&mut self, step: u64) -> std::result::Result<Self::Drawn<'_>, Self::Error>;
}

impl<M: Model, O: Objective<M>> Stochastic<M> for O {
    type Error = O::Error;
    type Drawn<'a>
        = &'a mut O
    where
        O: 'a;

    fn at(&mut self, _step: u64) -> std::result::Result<&mut O, O::Error> {
        Ok(self)
    }
}

/// The mean loss on one fixed batch.
#[derive(Debug)]
pub struct BatchObjective<B, L> {
    batch: B,
    loss: L,
}

impl<T: Scalar> BatchObjective<SparseBatch<T>, MinibatchLoss<T>> {
    /// Returns the mean loss on `batch` as an objective.
    ///
    /// # Errors
    /// [`Error::Mismatch`] unless the importance has one number per feature of the batch,
    /// [`Error::EmptyBatch`] for no samples, [`Error::TooLarge`] if there is no memory for the
    /// residuals of the batch.
    pub fn new(batch: SparseBatch<T>, mut loss: MinibatchLoss<T>) -> Result<Self> {
        loss.check(&batch)?;
        Ok(Self { batch, loss })
    }
}

impl<'a, T: Scalar> BatchObjective<&'a SparseBatch<T>, &'a mut MinibatchLoss<T>> {
    /// Returns the mean loss on a borrowed batch as an objective.
    pub fn borrowed(batch: &'a SparseBatch<T>, loss: &'a mut MinibatchLoss<T>) -> Self {
        Self { batch, loss }
    }
}

impl<T, B, L> Objective<Autoencoder<T>> for BatchObjective<B, L>
where
    T: Scalar,
    B: Borrow<SparseBatch<T>>,
    L: BorrowMut<MinibatchLoss<T>>,
{
    type Error = Error;

    fn not_finite(error: &Error) -> Option<f64> {
        error.non_finite_loss()
    }

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64> {
        self.loss.borrow_mut().loss(model, self.batch.borrow())
    }

    fn loss_and_gradient(&mut self, model: &Autoencoder<T>, gradient: &mut Parameters<T>) -> Result<f64> {
        self.loss.borrow_mut().loss_and_gradient(model, self.batch.borrow(), gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::Model;
    use crate::{Activation, Autoencoder, Parameters, Shape};

    #[test]
    fn blocks_are_the_views_in_their_order() {
        for tied in [false, true] {
            let shape = if tied { Shape::tied(5, 2) } else { Shape::new(5, 2) }.unwrap();
            let values: Vec<f64> = (0..shape.parameters()).map(|k| k as f64).collect();
            let parameters = Parameters::from_values(shape, values).unwrap();
            let mut model = Autoencoder::from_parameters(parameters, Activation::Relu);
            let (mut rest, mut names) = (model.as_slice(), Vec::new());
            for (name, shape) in model.blocks() {
                let (block, after) = rest.split_at(shape.iter().product());
                let decoder = model.decoder().transpose();
                let view: Vec<f64> = match name {
                    "encoder" => model.encoder().iter().copied().collect(),
                    "decoder" => decoder.iter().copied().collect(),
                    _ => model.bias().iter().copied().collect(),
                };
                assert_eq!(block, view, "{name}");
                names.push(name);
                rest = after;
            }
            assert!(rest.is_empty());
            assert_eq!(
                names,
                if tied { vec!["encoder", "bias"] } else { vec!["encoder", "decoder", "bias"] }
            );
            assert_eq!(model.zero_gradient().unwrap().as_ref().len(), model.as_mut_slice().len());
        }
    }
}
