//! The parameters of an autoencoder, or a gradient with respect to them, as one flat list.
//!
//! ```text
//! [ encoder, n_d × n_s, by columns | decoder, n_s × n_d, by rows (absent if tied) | bias, n_s ]
//! ```
//!
//! Encoder column `j` and decoder row `j` are the n_d numbers that belong to feature `j`, and each
//! is contiguous. An optimizer sees one slice; the model sees nalgebra views of it.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, DVectorView, DVectorViewMut};

use crate::{Error, Result, Scalar, check_memory};

const PARAMETERS: &str = "the parameters";

/// The number of features and hidden dimensions of a model, and whether its weights are tied,
/// `W_out = W_inᵀ`.
///
/// ```
/// use toy_superposition_model::Shape;
/// let shape = Shape::new(512, 128)?;
/// assert_eq!(shape.parameters(), 2 * 512 * 128 + 512);
/// assert_eq!(Shape::tied(512, 128)?.parameters(), 512 * 128 + 512);
/// # Ok::<(), toy_superposition_model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    features: usize,
    hidden: usize,
    tied: bool,
}

impl Shape {
    /// Returns the shape of a model with `features` = n_s, `hidden` = n_d and its own decoder. n_d
    /// may exceed n_s.
    ///
    /// ```
    /// use toy_superposition_model::Shape;
    ///
    /// assert_eq!(Shape::new(6, 2)?.parameters(), 2 * 6 + 6 * 2 + 6);
    /// assert_eq!(Shape::tied(6, 2)?.parameters(), 2 * 6 + 6);
    /// # Ok::<(), toy_superposition_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless `1 ≤ n_s ≤ u32::MAX` and `1 ≤ n_d ≤ u32::MAX`, [`Error::TooLarge`]
    /// if the parameters in double precision exceed the address space.
    pub fn new(features: usize, hidden: usize) -> Result<Self> {
        Self::checked(features, hidden, false)
    }

    /// Returns the shape of a tied model, whose decoder is the transpose of its encoder,
    /// `W_out = W_inᵀ`.
    ///
    /// # Errors
    /// Returns the errors of [`new`](Self::new).
    pub fn tied(features: usize, hidden: usize) -> Result<Self> {
        Self::checked(features, hidden, true)
    }

    fn checked(features: usize, hidden: usize, tied: bool) -> Result<Self> {
        let possible = 1..=u32::MAX as usize;
        if !possible.contains(&features) || !possible.contains(&hidden) {
            return Err(Error::Shape { features, hidden });
        }
        let matrices = if tied { 1 } else { 2 };
        let bytes = (matrices * features as u128 * hidden as u128 + features as u128) * 8;
        if bytes > isize::MAX as u128 {
            return Err(Error::TooLarge { what: PARAMETERS, bytes });
        }
        Ok(Self { features, hidden, tied })
    }

    /// Returns the number of features n_s.
    pub fn features(self) -> usize {
        self.features
    }

    /// Returns the number of hidden dimensions n_d.
    pub fn hidden(self) -> usize {
        self.hidden
    }

    /// Returns whether the weights are tied, `W_out = W_inᵀ`.
    pub fn is_tied(self) -> bool {
        self.tied
    }

    /// Returns the number of entries of the encoder, `n_s n_d`; the decoder has as many.
    pub(crate) fn matrix_len(self) -> usize {
        self.features * self.hidden
    }

    /// Returns the index of the first decoder entry. For tied weights the decoder is the encoder.
    pub(crate) fn decoder_start(self) -> usize {
        if self.tied { 0 } else { self.matrix_len() }
    }

    /// Returns the index of the first bias entry.
    pub(crate) fn bias_start(self) -> usize {
        self.decoder_start() + self.matrix_len()
    }

    /// Returns the number of parameters.
    pub fn parameters(self) -> usize {
        self.bias_start() + self.features
    }
}

/// One number per parameter of an autoencoder: its weights, or a gradient with respect to them.
///
/// The numbers are stored as one flat list, in the order encoder (n_d × n_s, column by column),
/// decoder (n_s × n_d, row by row; absent for tied weights), bias (n_s).
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<T> {
    shape: Shape,
    values: Vec<T>,
}

impl<T> AsRef<[T]> for Parameters<T> {
    fn as_ref(&self) -> &[T] {
        &self.values
    }
}

impl<T> AsMut<[T]> for Parameters<T> {
    fn as_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<T: Scalar> Parameters<T> {
    /// Returns parameters that are all zero.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there is no memory for them.
    pub fn zeros(shape: Shape) -> Result<Self> {
        check_memory(PARAMETERS, shape.parameters() as u128 * size_of::<T>() as u128)?;
        Ok(Self { shape, values: vec![T::zero(); shape.parameters()] })
    }

    /// Returns the parameters with the given flat list, in the order of
    /// [`as_slice`](Parameters::as_slice).
    ///
    /// # Errors
    /// [`Error::Mismatch`] for a list of another length, [`Error::NotFinite`] for a NaN or an
    /// infinity.
    pub fn from_values(shape: Shape, values: Vec<T>) -> Result<Self> {
        crate::error::check_shape("parameters", (values.len(), 1), (shape.parameters(), 1))?;
        crate::error::check_finite("parameters", &values)?;
        Ok(Self { shape, values })
    }

    /// Returns the shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns the flat list: encoder by columns, decoder by rows (absent if tied), bias.
    pub fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// Returns the flat list, mutably.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Returns a view of `W_in`, n_d × n_s.
    pub fn encoder(&self) -> DMatrixView<'_, T> {
        DMatrixView::from_slice(self.encoder_slice(), self.shape.hidden, self.shape.features)
    }

    /// Returns a view of `W_outᵀ`, n_d × n_s, as it is stored. For tied weights it is `W_in`.
    pub fn decoder_transpose(&self) -> DMatrixView<'_, T> {
        DMatrixView::from_slice(self.decoder_slice(), self.shape.hidden, self.shape.features)
    }

    /// Returns a copy of `W_out`, n_s × n_d. For tied weights it is `W_inᵀ`.
    ///
    /// This is not a view because nalgebra 0.35 reads out of bounds when it multiplies views with a
    /// row stride.
    pub fn decoder(&self) -> DMatrix<T> {
        self.decoder_transpose().transpose()
    }

    /// Returns a view of `b`, length n_s.
    pub fn bias(&self) -> DVectorView<'_, T> {
        DVectorView::from_slice(self.bias_slice(), self.shape.features)
    }

    /// Returns a mutable view of `W_in`, n_d × n_s.
    pub fn encoder_mut(&mut self) -> DMatrixViewMut<'_, T> {
        let (hidden, features) = (self.shape.hidden, self.shape.features);
        DMatrixViewMut::from_slice(self.split_mut().0, hidden, features)
    }

    /// Returns a mutable view of `W_outᵀ`, n_d × n_s. For tied weights it is `W_in`.
    pub fn decoder_transpose_mut(&mut self) -> DMatrixViewMut<'_, T> {
        let (hidden, features) = (self.shape.hidden, self.shape.features);
        let (encoder, decoder, _) = self.split_mut();
        DMatrixViewMut::from_slice(decoder.unwrap_or(encoder), hidden, features)
    }

    /// Returns a mutable view of `b`, length n_s.
    pub fn bias_mut(&mut self) -> DVectorViewMut<'_, T> {
        let features = self.shape.features;
        DVectorViewMut::from_slice(self.split_mut().2, features)
    }

    /// Returns the parameters in another precision, each rounded to the nearest number. A parameter
    /// too large for `U` becomes infinite.
    pub fn cast<U: Scalar>(&self) -> Parameters<U> {
        let values = self.values.iter().map(|value| U::round_from(value.to_f64())).collect();
        Parameters { shape: self.shape, values }
    }

    /// Returns `W_in`, column by column.
    pub fn encoder_slice(&self) -> &[T] {
        &self.values[..self.shape.matrix_len()]
    }

    /// Returns `W_outᵀ`, column by column. For tied weights it is `W_in`.
    pub fn decoder_slice(&self) -> &[T] {
        &self.values[self.shape.decoder_start()..self.shape.bias_start()]
    }

    pub(crate) fn bias_slice(&self) -> &[T] {
        &self.values[self.shape.bias_start()..]
    }

    /// Returns `W_in` and `W_outᵀ`, each column by column, and `b`, as mutable slices. `W_outᵀ` is
    /// `None` for tied weights.
    pub fn split_mut(&mut self) -> (&mut [T], Option<&mut [T]>, &mut [T]) {
        let (matrices, bias) = self.values.split_at_mut(self.shape.bias_start());
        let (encoder, decoder) = matrices.split_at_mut(self.shape.matrix_len());
        (encoder, (!self.shape.tied).then_some(decoder), bias)
    }
}
