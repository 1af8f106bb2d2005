//! Weights that were trained, descended or found elsewhere, as a design.

use nalgebra::{DMatrix, DVector};
use toy_superposition_model::{Activation, Autoencoder, check_memory};
use toy_superposition_rug::{Class, Design, Setting};
use toy_superposition_theory as theory;

use crate::{Optimised, Result};

/// The weights of a ReLU model as a [`Design`], with `R_ij = W_ij/W_ii` and a class of its own for
/// each output. Outputs that do not pass on their own feature, such as those of dropped features,
/// have `W_ii ≤ 1e-6 max_j W_jj` and `R_ij = W_ij`.
///
/// [`Learned::optimised`] gives the exact loss with the gain `a = W_ii` and the bias of each output
/// as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    name: String,
    encoder: DMatrix<f64>,
    decoder: DMatrix<f64>,
    product: DMatrix<f64>,
    settings: Vec<Setting>,
}

impl Learned {
    /// The weights of `model` under a name.
    ///
    /// # Errors
    /// [`Error::Theory`](crate::Error::Theory) for an output that is not ReLU;
    /// [`Error::Model`](crate::Error::Model) if there is no memory for the product.
    pub fn new(name: impl Into<String>, model: &Autoencoder<f64>) -> Result<Self> {
        if model.activation().simplified(model.features()) != Activation::Relu {
            return Err(theory::Error::Activation { given: model.activation().name() }.into());
        }
        check_memory("the product of the weights", 8 * (model.features() as u128).pow(2))?;
        let (encoder, mut decoder) = (model.encoder().into_owned(), model.decoder());
        let mut product = &decoder * &encoder;
        let mut diagonal: DVector<f64> = product.diagonal();
        let least = 1e-6 * diagonal.max();
        diagonal.iter_mut().filter(|w| **w <= least || w.is_nan()).for_each(|w| *w = 1.0);
        for (i, &a) in diagonal.iter().enumerate() {
            decoder.row_mut(i).iter_mut().for_each(|entry| *entry /= a);
            product.row_mut(i).iter_mut().for_each(|entry| *entry /= a);
        }
        let bias = model.bias();
        let settings = diagonal.iter().zip(bias.iter());
        let settings = settings.map(|(&a, &bias)| Setting { a, bias, ones: 0.0 }).collect();
        Ok(Self { name: name.into(), encoder, decoder, product, settings })
    }

    /// The gains and biases as they are, with their exact loss for independent features of one
    /// probability.
    ///
    /// # Errors
    /// [`Error::Theory`](crate::Error::Theory) unless `0 < p ≤ 1`.
    pub fn optimised(&self, probability: f64) -> Result<Optimised> {
        let mut sum = 0.0;
        let mut row = vec![0.0; self.features()];
        for (i, setting) in self.settings.iter().enumerate() {
            self.write_row(i, &mut row);
            row.iter_mut().for_each(|entry| *entry *= setting.a);
            sum += theory::exact_row_loss(&row, i, setting.bias, probability)?.loss;
        }
        let loss = sum / self.features() as f64;
        Ok(Optimised { settings: self.settings.clone(), loss, standard_error: 0.0, converged: true })
    }
}

impl Design for Learned {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn features(&self) -> usize {
        self.encoder.ncols()
    }

    fn hidden(&self) -> usize {
        self.encoder.nrows()
    }

    fn encoder(&self) -> DMatrix<f64> {
        self.encoder.clone()
    }

    fn decoder(&self) -> DMatrix<f64> {
        self.decoder.clone()
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        row.iter_mut().zip(self.product.row(i).iter()).for_each(|(to, &entry)| *to = entry);
    }

    fn classes(&self) -> Vec<Class> {
        (0..self.features()).map(|i| Class { members: 1, rows: vec![(i, 1)] }).collect()
    }

    fn class_of(&self, feature: usize) -> usize {
        feature
    }
}
