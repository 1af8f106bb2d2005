//! Objectives: what gives a loss and its gradient at a model's parameters.
//!
//! | trait | what |
//! |---|---|
//! | [`Model`] | parameters in named blocks on one flat slice |
//! | [`Objective`] | the same loss whenever it is asked for: may be descended |
//! | [`Stochastic`] | another objective for every step: may be trained on; every [`Objective`] is one too |

use std::borrow::{Borrow, BorrowMut};

use safetensors::SafeTensors;
use toy_superposition_data::SparseBatch;

use crate::attachments::{bytes_of, write};
use crate::error::check_finite;
use crate::tensors::Tensor;
use crate::{Attachments, Autoencoder, Error, MinibatchLoss, Names, Parameters, Result, Scalar, Weights};

/// A model whose parameters are named blocks, one after another on one flat slice.
pub trait Model {
    /// What the parameters are made of.
    type Scalar: Scalar;

    /// A gradient: one number per parameter, in the order of the parameters.
    type Gradient: AsRef<[Self::Scalar]> + AsMut<[Self::Scalar]> + Send;

    /// The name and the shape of each block, in the order in which they lie; the entries of a block
    /// lie by rows.
    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)>;

    /// What else makes the model compute what it does, by name: a checkpoint of a model that
    /// differs here is refused.
    fn describe(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// All parameters.
    fn as_slice(&self) -> &[Self::Scalar];

    /// All parameters, to be changed.
    fn as_mut_slice(&mut self) -> &mut [Self::Scalar];

    /// A gradient of zeros.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there is no memory for it.
    fn zero_gradient(&self) -> Result<Self::Gradient>;

    /// The bytes of a safetensors file of the model: a tensor per block.
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

    /// Takes the parameters from the bytes that [`to_bytes`](Self::to_bytes) made of a model of the
    /// same description.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Block`], [`Error::Type`], [`Error::Precision`] and
    /// [`Error::NotFinite`] for a file that does not hold such a model, which is then unchanged.
    fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let file = SafeTensors::deserialize(bytes).map_err(Error::format)?;
        let mut values = Vec::with_capacity(self.as_slice().len());
        for (name, shape) in self.blocks() {
            values.extend(Tensor::block::<Self::Scalar>(&file, name, &shape)?);
        }
        check_finite("parameters", &values)?;
        self.as_mut_slice().copy_from_slice(&values);
        Ok(())
    }
}

/// The blocks `encoder` (n_s × n_d: `W_inᵀ`), `decoder` (n_s × n_d; absent for tied weights) and
/// `bias` (n_s). A file has them as [`Weights`] under [`Names::Own`].
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

/// A loss as a function of a model's parameters, with its gradient. `&mut self` is for scratch
/// memory: the same model gives the same loss.
pub trait Objective<M: Model> {
    /// What can go wrong.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The loss, if an error says that it is not finite: the weights are too large, and a smaller
    /// step may be tried. `None` for every other error.
    fn not_finite(_error: &Self::Error) -> Option<f64> {
        None
    }

    /// The loss.
    ///
    /// # Errors
    /// If the model does not fit the objective, or the loss is not finite.
    fn loss(&mut self, model: &M) -> std::result::Result<f64, Self::Error>;

    /// The loss; `gradient` is overwritten with `∂ loss / ∂ parameter`.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and if `gradient` has another shape than the model.
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
/// What a step evaluates is a function of its number alone, so that a run can go on from any step.
/// An [`Objective`] is the same at every step.
pub trait Stochastic<M: Model> {
    /// What can go wrong.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What a step evaluates.
    type Drawn<'a>: Objective<M, Error = Self::Error>
    where
        Self: 'a;

    /// The objective of step `step` = 0, 1, ….
    ///
    /// # Errors
    /// If it cannot be drawn.
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
    /// The objective of a batch.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the importance has not one number per feature of the batch,
    /// [`Error::EmptyBatch`] for no samples.
    pub fn new(batch: SparseBatch<T>, mut loss: MinibatchLoss<T>) -> Result<Self> {
        loss.check(&batch)?;
        Ok(Self { batch, loss })
    }
}

impl<'a, T: Scalar> BatchObjective<&'a SparseBatch<T>, &'a mut MinibatchLoss<T>> {
    /// The objective of a batch that is kept elsewhere.
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
