//! The parameters of an autoencoder, or a gradient with respect to them, in one flat list.
//!
//! ```text
//! [ encoder, n_d × n_s, by columns | decoder, n_s × n_d, by rows (absent if tied) | bias, n_s ]
//! ```
//!
//! Encoder column `j` and decoder row `j` are the n_d numbers that belong to feature `j`; both lie
//! without gaps. An optimizer sees one slice; the model sees nalgebra views of it.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, DVectorView, DVectorViewMut};

use crate::{Error, Result, Scalar, check_memory};

const PARAMETERS: &str = "the parameters";

/// How many features and hidden dimensions a model has, and whether the decoder is the encoder's
/// transpose.
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
    /// The shape of a model with `features` = n_s, `hidden` = n_d and a decoder of its own. n_d may
    /// exceed n_s.
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
    /// for more parameters, in double precision, than an address space holds.
    pub fn new(features: usize, hidden: usize) -> Result<Self> {
        Self::checked(features, hidden, false)
    }

    /// The shape of a model whose decoder is the encoder's transpose, `W_out = W_inᵀ`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
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

    /// The number of features n_s.
    pub fn features(self) -> usize {
        self.features
    }

    /// The number of hidden dimensions n_d.
    pub fn hidden(self) -> usize {
        self.hidden
    }

    /// Whether `W_out = W_inᵀ`.
    pub fn is_tied(self) -> bool {
        self.tied
    }

    /// The number of entries of the encoder, and of the decoder: `n_s n_d`.
    pub(crate) fn matrix_len(self) -> usize {
        self.features * self.hidden
    }

    /// Where the decoder starts; for tied weights it is the encoder.
    pub(crate) fn decoder_start(self) -> usize {
        if self.tied { 0 } else { self.matrix_len() }
    }

    /// Where the bias starts.
    pub(crate) fn bias_start(self) -> usize {
        self.decoder_start() + self.matrix_len()
    }

    /// The number of parameters.
    pub fn parameters(self) -> usize {
        self.bias_start() + self.features
    }
}

/// One number for each parameter of an autoencoder: its weights, or a gradient.
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
    /// All zero.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there is no memory for them.
    pub fn zeros(shape: Shape) -> Result<Self> {
        check_memory(PARAMETERS, shape.parameters() as u128 * size_of::<T>() as u128)?;
        Ok(Self { shape, values: vec![T::zero(); shape.parameters()] })
    }

    /// From the flat list in the order of [the layout](Parameters::as_slice).
    ///
    /// # Errors
    /// [`Error::Mismatch`] for a list of another length, [`Error::NotFinite`] for a NaN or an
    /// infinity.
    pub fn from_values(shape: Shape, values: Vec<T>) -> Result<Self> {
        crate::error::check_shape("parameters", (values.len(), 1), (shape.parameters(), 1))?;
        crate::error::check_finite("parameters", &values)?;
        Ok(Self { shape, values })
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The flat list: encoder by columns, decoder by rows (absent if tied), bias.
    pub fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// The flat list, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// `W_in`, `n_d × n_s`.
    pub fn encoder(&self) -> DMatrixView<'_, T> {
        DMatrixView::from_slice(self.encoder_slice(), self.shape.hidden, self.shape.features)
    }

    /// `W_outᵀ`, `n_d × n_s`, as it lies in memory; `W_in` for tied weights.
    pub fn decoder_transpose(&self) -> DMatrixView<'_, T> {
        DMatrixView::from_slice(self.decoder_slice(), self.shape.hidden, self.shape.features)
    }

    /// A copy of `W_out`, `n_s × n_d`; `W_inᵀ` for tied weights.
    ///
    /// A copy, because nalgebra 0.35 multiplies views with a row stride out of bounds.
    pub fn decoder(&self) -> DMatrix<T> {
        self.decoder_transpose().transpose()
    }

    /// `b`, length n_s.
    pub fn bias(&self) -> DVectorView<'_, T> {
        DVectorView::from_slice(self.bias_slice(), self.shape.features)
    }

    /// `W_in`, n_d × n_s, to be changed.
    pub fn encoder_mut(&mut self) -> DMatrixViewMut<'_, T> {
        let (hidden, features) = (self.shape.hidden, self.shape.features);
        DMatrixViewMut::from_slice(self.split_mut().0, hidden, features)
    }

    /// `W_outᵀ`, n_d × n_s, to be changed; `W_in` for tied weights.
    pub fn decoder_transpose_mut(&mut self) -> DMatrixViewMut<'_, T> {
        let (hidden, features) = (self.shape.hidden, self.shape.features);
        let (encoder, decoder, _) = self.split_mut();
        DMatrixViewMut::from_slice(decoder.unwrap_or(encoder), hidden, features)
    }

    /// `b`, length n_s, to be changed.
    pub fn bias_mut(&mut self) -> DVectorViewMut<'_, T> {
        let features = self.shape.features;
        DVectorViewMut::from_slice(self.split_mut().2, features)
    }

    /// The parameters in another precision, each rounded to the nearest number; infinite where that
    /// is too large for `U`.
    pub fn cast<U: Scalar>(&self) -> Parameters<U> {
        let values = self.values.iter().map(|value| U::round_from(value.to_f64())).collect();
        Parameters { shape: self.shape, values }
    }

    /// `W_in`, column by column.
    pub fn encoder_slice(&self) -> &[T] {
        &self.values[..self.shape.matrix_len()]
    }

    /// `W_outᵀ`, column by column; `W_in` for tied weights.
    pub fn decoder_slice(&self) -> &[T] {
        &self.values[self.shape.decoder_start()..self.shape.bias_start()]
    }

    pub(crate) fn bias_slice(&self) -> &[T] {
        &self.values[self.shape.bias_start()..]
    }

    /// `W_in` and `W_outᵀ`, each column by column, and `b`, to be changed all at once; no `W_outᵀ`
    /// for tied weights.
    pub fn split_mut(&mut self) -> (&mut [T], Option<&mut [T]>, &mut [T]) {
        let (matrices, bias) = self.values.split_at_mut(self.shape.bias_start());
        let (encoder, decoder) = matrices.split_at_mut(self.shape.matrix_len());
        (encoder, (!self.shape.tied).then_some(decoder), bias)
    }
}
