//! Random initial weights.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use crate::{Activation, Autoencoder, Parameters, Result, Scalar, Shape};

/// The distribution from which the weights of a new model are drawn.
///
/// Values are drawn as `f64` in the order encoder (by columns), decoder (by rows), bias, and then
/// rounded, so that `f32` and `f64` models of one seed agree up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Initialisation {
    /// PyTorch's `nn.Linear`, as in the paper's released code: `W_in ~ U(±1/√n_s)`,
    /// `W_out, b ~ U(±1/√n_d)`.
    #[default]
    PyTorch,
    /// The encoder and decoder of [`PyTorch`](Self::PyTorch), and `b = 0`, so that no output starts
    /// below the others because of its bias.
    ZeroBias,
    /// `W_in, W_out ~ U(±√(3/n_d))` (variance 1/n_d, so that encoder columns have norm ≈ 1),
    /// `b = 0`.
    UnitNorm,
}

/// Writes the name used in the description of a run: `pytorch`, `zero-bias` or `unit-norm`.
impl std::fmt::Display for Initialisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PyTorch => "pytorch",
            Self::ZeroBias => "zero-bias",
            Self::UnitNorm => "unit-norm",
        })
    }
}

impl Initialisation {
    /// Draws a new model of the given shape.
    ///
    /// ```
    /// use rand::SeedableRng;
    /// use toy_superposition_model::{Activation, Initialisation, Shape};
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    /// let model = Initialisation::PyTorch.sample::<f32, _>(Shape::new(512, 128)?, Activation::Relu, &mut rng)?;
    /// assert_eq!(model.encoder().shape(), (128, 512));
    /// # Ok::<(), toy_superposition_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooLarge`](crate::Error::TooLarge) if there is no memory for it.
    pub fn sample<T: Scalar, R: Rng + ?Sized>(
        self,
        shape: Shape,
        activation: Activation,
        rng: &mut R,
    ) -> Result<Autoencoder<T>> {
        let (features, hidden) = (shape.features() as f64, shape.hidden() as f64);
        let (encoder_bound, decoder_bound, bias_bound) = match self {
            Self::PyTorch => (features.sqrt().recip(), hidden.sqrt().recip(), hidden.sqrt().recip()),
            Self::ZeroBias => (features.sqrt().recip(), hidden.sqrt().recip(), 0.0),
            Self::UnitNorm => ((3.0 / hidden).sqrt(), (3.0 / hidden).sqrt(), 0.0),
        };
        let mut parameters = Parameters::zeros(shape)?;
        let (encoder, decoder, bias) = parameters.split_mut();
        let mut fill = |values: &mut [T], bound: f64| {
            values.iter_mut().for_each(|v| *v = T::round_from(bound * (2.0 * rng.random::<f64>() - 1.0)));
        };
        fill(encoder, encoder_bound);
        if let Some(decoder) = decoder {
            fill(decoder, decoder_bound);
        }
        fill(bias, bias_bound);
        Ok(Autoencoder::from_parameters(parameters, activation))
    }
}

impl<T: Scalar> Autoencoder<T> {
    /// Returns the optimal linear model for independent identical features with mean `mean`, at any
    /// p.
    ///
    /// The model is `W = PᵀP`, `b = (I − W) E x`, where P (n_d × n_s) has the given orthonormal
    /// rows: W is the orthogonal projector onto their span, and the bias makes the mean of the
    /// error zero. The loss is `(1 − n_d/n_s) Var x` for every choice of the rows.
    ///
    /// # Errors
    /// Returns the errors of [`Autoencoder::tied`].
    pub fn projector(rows: &DMatrix<T>, mean: T) -> Result<Self> {
        let ones = DVector::from_element(rows.ncols(), mean);
        let bias = &ones - rows.tr_mul(&(rows * &ones));
        Self::tied(rows, &bias, Activation::Identity)
    }
}
