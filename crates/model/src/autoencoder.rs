//! The autoencoder `y = f(W_out W_in x + b)` (paper, eq. 1).

use faer::MatRef;
use nalgebra::{DMatrix, DMatrixView, DVector, DVectorView};

use crate::error::{check_finite, check_finite_matrix, check_shape};
use crate::{Activation, Parameters, Result, Scalar, Shape, step};

/// A one-layer sparse autoencoder with n_s features and n_d hidden dimensions, usually n_d < n_s.
///
/// | symbol | here | shape |
/// |---|---|---|
/// | n_s | `features` | |
/// | n_d | `hidden` | |
/// | W_in | `encoder` | n_d × n_s |
/// | W_out | `decoder` | n_s × n_d |
/// | b | `bias` | n_s |
/// | W = W_out W_in | `product` | n_s × n_s |
/// | x, y | a column of a batch | n_s × B |
///
/// ```
/// use nalgebra::{DMatrix, DVector};
/// use toy_superposition_model::{Activation, Autoencoder};
///
/// let model = Autoencoder::tied(&DMatrix::from_row_slice(1, 2, &[1.0, -1.0]), &DVector::from_row_slice(&[0.25, 0.0]), Activation::Relu)?;
/// let x = DMatrix::from_row_slice(2, 1, &[0.5, 1.0]); // one sample
/// assert_eq!(model.encode(&x)?, DMatrix::from_row_slice(1, 1, &[-0.5]));
/// assert_eq!(model.forward(&x)?, DMatrix::from_row_slice(2, 1, &[0.0, 0.5]));
/// # Ok::<(), toy_superposition_model::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Autoencoder<T> {
    parameters: Parameters<T>,
    activation: Activation,
}

impl<T: Scalar> Autoencoder<T> {
    /// Returns a model with its own decoder: `encoder` n_d × n_s, `decoder` n_s × n_d, `bias` n_s.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) unless `1 ≤ n_d, n_s`,
    /// [`Error::Mismatch`](crate::Error::Mismatch) if the shapes do not fit,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a NaN or an infinity,
    /// [`Error::TopK`](crate::Error::TopK) for a top-k of more than n_s.
    pub fn new(
        encoder: &DMatrix<T>,
        decoder: &DMatrix<T>,
        bias: &DVector<T>,
        activation: Activation,
    ) -> Result<Self> {
        let shape = Shape::new(encoder.ncols(), encoder.nrows())?;
        check_shapes(encoder.shape(), decoder.shape(), bias.len())?;
        Self::from_parts(shape, encoder, Some(decoder), bias, activation)
    }

    /// Returns a tied model, `W_out = W_inᵀ`: `encoder` n_d × n_s, `bias` n_s.
    ///
    /// # Errors
    /// Returns the errors of [`new`](Self::new).
    pub fn tied(encoder: &DMatrix<T>, bias: &DVector<T>, activation: Activation) -> Result<Self> {
        let shape = Shape::tied(encoder.ncols(), encoder.nrows())?;
        check_encoder(encoder, bias)?;
        Self::from_parts(shape, encoder, None, bias, activation)
    }

    fn from_parts(
        shape: Shape,
        encoder: &DMatrix<T>,
        decoder: Option<&DMatrix<T>>,
        bias: &DVector<T>,
        activation: Activation,
    ) -> Result<Self> {
        activation.check(shape.features())?;
        check_finite_matrix("encoder", encoder)?;
        check_finite("bias", bias.as_slice())?;
        let mut parameters = Parameters::zeros(shape)?;
        let (encoder_out, decoder_out, bias_out) = parameters.split_mut();
        encoder_out.copy_from_slice(encoder.as_slice());
        if let (Some(out), Some(decoder)) = (decoder_out, decoder) {
            check_finite_matrix("decoder", decoder)?;
            out.copy_from_slice(decoder.transpose().as_slice());
        }
        bias_out.copy_from_slice(bias.as_slice());
        Ok(Self { parameters, activation })
    }

    /// Returns the model with the given flat parameters. A top-k with k > n_s keeps every output,
    /// and is replaced by one with k = n_s.
    pub fn from_parameters(parameters: Parameters<T>, activation: Activation) -> Self {
        let activation = activation.fitted(parameters.shape().features());
        Self { parameters, activation }
    }

    /// Returns the shape.
    pub fn shape(&self) -> Shape {
        self.parameters.shape()
    }

    /// Returns the number of features n_s.
    pub fn features(&self) -> usize {
        self.shape().features()
    }

    /// Returns the number of hidden dimensions n_d.
    pub fn hidden(&self) -> usize {
        self.shape().hidden()
    }

    /// Returns the activation f.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Returns all parameters, as one flat list with matrix views.
    pub fn parameters(&self) -> &Parameters<T> {
        &self.parameters
    }

    /// Returns all parameters, mutably. Nothing checks that they stay finite, but a loss that is
    /// not finite is reported as an error.
    pub fn parameters_mut(&mut self) -> &mut Parameters<T> {
        &mut self.parameters
    }

    /// Returns a view of `W_in`, n_d × n_s.
    pub fn encoder(&self) -> DMatrixView<'_, T> {
        self.parameters.encoder()
    }

    /// Returns a copy of `W_out`, n_s × n_d.
    pub fn decoder(&self) -> DMatrix<T> {
        self.parameters.decoder()
    }

    /// Returns a view of `b`, length n_s.
    pub fn bias(&self) -> DVectorView<'_, T> {
        self.parameters.bias()
    }

    /// Returns the model in another precision, with each parameter rounded to the nearest number.
    /// The conversion from `f32` to `f64` is exact.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) if a parameter is too large for `U` or not
    /// finite.
    pub fn cast<U: Scalar>(&self) -> Result<Autoencoder<U>> {
        let parameters = self.parameters.cast();
        check_finite("parameters", parameters.as_slice())?;
        Ok(Autoencoder { parameters, activation: self.activation })
    }

    /// Returns `W = W_out W_in`, n_s × n_s (paper, section 3.2).
    pub fn product(&self) -> DMatrix<T> {
        let shape = self.shape();
        let mut product = DMatrix::zeros(shape.features(), shape.features());
        step::multiply_columns(
            product.as_mut_slice(),
            step::transposed(self.parameters.decoder_slice(), shape),
            step::columns(self.parameters.encoder_slice(), shape),
        );
        product
    }

    /// Returns `h = W_in x` for each column of `x` (n_s × B), as an n_d × B matrix.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::Error::Mismatch) unless `x` has n_s rows.
    pub fn encode(&self, x: &DMatrix<T>) -> Result<DMatrix<T>> {
        check_shape("x", x.shape(), (self.features(), x.ncols()))?;
        let shape = self.shape();
        let mut h = DMatrix::zeros(shape.hidden(), x.ncols());
        let x = MatRef::from_column_major_slice(x.as_slice(), shape.features(), x.ncols());
        step::multiply_columns(h.as_mut_slice(), step::columns(self.parameters.encoder_slice(), shape), x);
        Ok(h)
    }

    /// Returns `z = W_out W_in x + b` for each column of `x` (n_s × B), as an n_s × B matrix.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::Error::Mismatch) unless `x` has n_s rows.
    pub fn preactivation(&self, x: &DMatrix<T>) -> Result<DMatrix<T>> {
        let (hidden, shape, samples) = (self.encode(x)?, self.shape(), x.ncols());
        let h = MatRef::from_column_major_slice(hidden.as_slice(), shape.hidden(), samples);
        let mut z = DMatrix::zeros(shape.features(), samples);
        let decoder = step::transposed(self.parameters.decoder_slice(), shape);
        step::multiply_columns(z.as_mut_slice(), decoder, h);
        for mut column in z.column_iter_mut() {
            column += self.bias();
        }
        Ok(z)
    }

    /// Returns `y = f(W_out W_in x + b)` for each column of `x` (n_s × B), as an n_s × B matrix.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::Error::Mismatch) unless `x` has n_s rows.
    pub fn forward(&self, x: &DMatrix<T>) -> Result<DMatrix<T>> {
        let mut y = self.preactivation(x)?;
        for sample in y.as_mut_slice().chunks_exact_mut(self.features()) {
            self.activation.apply(sample);
        }
        Ok(y)
    }
}

/// Refuses shapes that do not fit, and names the one of the three that differs from the other two:
/// n_s is what two of encoder, decoder and bias agree on. Two matrices that agree with each other,
/// with a bias as long as the encoder has rows, are taken to be transposed if that makes n_s > n_d.
fn check_shapes(encoder: (usize, usize), decoder: (usize, usize), bias: usize) -> Result<()> {
    let (rows, columns) = encoder;
    if decoder == (columns, rows) && rows == bias && rows > columns {
        return check_shape("encoder", encoder, (columns, rows));
    }
    let features = if decoder.0 == bias { bias } else { columns };
    let hidden = if decoder.0 == features { decoder.1 } else { rows };
    check_shape("encoder", encoder, (hidden, features))?;
    check_shape("decoder", decoder, (features, hidden))?;
    check_shape("bias", (bias, 1), (features, 1))
}

/// Refuses an encoder and a bias of different n_s. The error names the encoder if its transpose
/// would fit.
fn check_encoder<T: Scalar>(encoder: &DMatrix<T>, bias: &DVector<T>) -> Result<()> {
    let (rows, columns) = encoder.shape();
    if columns != bias.len() && rows == bias.len() {
        check_shape("encoder", (rows, columns), (columns, rows))?;
    }
    check_shape("bias", bias.shape(), (columns, 1))
}
