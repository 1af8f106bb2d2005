//! The loss of any weights for infinite data and Gaussian interference (section 4).

use nalgebra::{DMatrix, DVector};
use toy_superposition_data::UnitUniform;
use toy_superposition_data::parallel::for_each_column;
use toy_superposition_model::{Activation, Autoencoder, Objective, Parameters, Scalar, Shape};

use crate::blocks::multiply;
use crate::error::{self, Error, Result};
use crate::gaussian::channel::Channel;
use crate::gaussian::feature::{ChannelGradient, Feature};
use crate::magnitude::Integrable;

/// The number of features that a thread works on at a time.
const TOGETHER: usize = 64;

/// The loss per feature of any weights, if the interference of each output is Gaussian with the
/// mean and variance that the weights give it. All features have one law. It is an [`Objective`]
/// without batches and without noise.
///
/// ```math
/// L = \frac1{n_s} \sum_i \ell(a_i, v_i, \beta_i), \qquad \ell(a, v, \beta) = E\,(x - (a x + \beta + I)_+)^2,\quad
/// I \sim N(0, v),
/// ```
/// ```math
/// a_i = d_i \cdot e_i, \quad v_i = (d_i^\top A d_i - a_i^2)\,\mathrm{Var}\,x, \quad
/// \beta_i = b_i + (d_i \cdot e - a_i)\,E x, \qquad A = W_{in} W_{in}^\top, \quad e = \textstyle\sum_j e_j,
/// ```
///
/// Here `e_i` is column i of W_in (n_d × n_s) and `d_i` is row i of W_out (n_s × n_d). W itself is
/// never formed, so that an evaluation takes O(n_s n_d²) operations. With
/// `g_i = ℓ_a − 2 a_i ℓ_v Var x − ℓ_β E x` and `B = Σ_k 2 ℓ_v(k) Var x d_k d_kᵀ`, the gradient is
///
/// ```math
/// n_s \frac{\partial L}{\partial d_i} = g_i e_i + 2 \ell_v \mathrm{Var}\,x\, A d_i + \ell_\beta E x\, e, \qquad
/// n_s \frac{\partial L}{\partial e_i} = g_i d_i + B e_i + E x \sum_k \ell_\beta(k)\, d_k, \qquad
/// n_s \frac{\partial L}{\partial b_i} = \ell_\beta.
/// ```
///
/// The loss equals [`Check::gaussian_loss`](crate::Check). Matrices are multiplied in `T`; sums and
/// closed forms are in `f64`. The diagonal may be zero or negative. For an identity output the loss
/// is exact, `(1 − a)² Var x + v + (E x (1 − a) − β)²` per row.
///
/// The minimum over all weights is the closed-form optimum at the Welch bound where no mixture is
/// better. Elsewhere it may fall to the convex envelope, where features are dropped (see
/// [`envelope`](crate::envelope())).
#[derive(Debug, Clone)]
pub struct MeanField<T, M = UnitUniform> {
    feature: Feature<M>,
    importance: Option<Vec<f64>>,
    rows: Vec<Slopes>,
    scratch: Scratch<T>,
}

/// Matrices that are reused between evaluations.
#[derive(Debug, Clone)]
struct Scratch<T> {
    /// A or B, n_d × n_d.
    square: DMatrix<T>,
    /// W_inᵀ or W_out, n_s × n_d.
    tall: DMatrix<T>,
    /// A W_outᵀ, then W_outᵀ with its columns scaled, then B W_in: n_d × n_s.
    wide: DMatrix<T>,
}

/// The loss and the derivatives of one row.
#[derive(Debug, Clone, Copy, Default)]
struct Slopes {
    loss: f64,
    /// The factor g of e_i and d_i.
    own: f64,
    /// The factor 2 ℓ_v Var x.
    norm: f64,
    /// The derivative ℓ_β.
    bias: f64,
}

impl Slopes {
    fn new((loss, by): (f64, ChannelGradient), a: f64, mean: f64, variance: f64) -> Self {
        let norm = 2.0 * by.variance * variance;
        Self { loss, own: by.slope - norm * a - mean * by.shift, norm, bias: by.shift }
    }

    /// The loss and the derivatives times the importance of the output.
    fn times(self, iota: f64) -> Self {
        let Self { loss, own, norm, bias } = self;
        Self { loss: iota * loss, own: iota * own, norm: iota * norm, bias: iota * bias }
    }
}

impl<T: Scalar, M: Integrable> MeanField<T, M> {
    /// The objective for features of this law, for a model of any shape.
    pub fn new(feature: Feature<M>) -> Self {
        let empty = || DMatrix::zeros(0, 0);
        let scratch = Scratch { square: empty(), tall: empty(), wide: empty() };
        Self { feature, importance: None, rows: Vec::new(), scratch }
    }

    /// This objective with the loss weighted by the importance of each feature,
    /// `(1/n_s) Σ_i ι_i ℓ_i`. The length of `importance` must be the n_s of every model that is
    /// evaluated.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an importance that is negative or not finite.
    pub fn with_importance(mut self, importance: Vec<f64>) -> Result<Self> {
        error::importance(&importance, importance.len())?;
        self.importance = Some(importance);
        Ok(self)
    }

    /// The law of the features.
    pub fn feature(&self) -> &Feature<M> {
        &self.feature
    }
}

impl<T: Scalar, M: Integrable> MeanField<T, M> {
    /// Fills `rows` and stores A W_outᵀ in `scratch.wide`. Returns the loss and `e = W_in 1`.
    fn evaluate(&mut self, model: &Autoencoder<T>) -> Result<(f64, Vec<f64>)> {
        let (features, hidden) = (model.features(), model.hidden());
        let identity = match model.activation().simplified(features) {
            Activation::Relu => false,
            Activation::Identity => true,
            other => return Err(Error::Activation { given: other.name() }),
        };
        if let Some(importance) = &self.importance {
            error::importance(importance, features)?;
        }
        let parameters = model.parameters();
        let (encoder, decoder) = (parameters.encoder(), parameters.decoder_transpose());
        let Scratch { square, tall, wide } = &mut self.scratch;
        if square.nrows() != hidden || tall.nrows() != features {
            let entries = hidden as u128 * (hidden as u128 + 2 * features as u128);
            crate::error::memory("products of the weights", entries)?;
        }
        fit(square, hidden, hidden);
        fit(tall, features, hidden);
        fit(wide, hidden, features);
        encoder.transpose_to(tall);
        multiply(square.as_mut_slice(), parameters.encoder_slice(), tall.as_slice(), features)?;
        multiply(wide.as_mut_slice(), square.as_slice(), parameters.decoder_slice(), hidden)?;
        let mut sum = vec![0.0; hidden];
        for column in encoder.column_iter() {
            for (sum, &entry) in sum.iter_mut().zip(column.as_slice()) {
                *sum += entry.to_f64();
            }
        }
        self.rows.resize(features, Slopes::default());
        let (feature, bias, wide) = (&self.feature, model.bias(), &*wide);
        let importance = self.importance.as_deref();
        let (mean, variance) = (feature.mean(), feature.variance());
        for_each_column(&mut self.rows, 1, TOGETHER, |i, row| {
            let (e, d, ad) = (encoder.column(i), decoder.column(i), wide.column(i));
            let (mut a, mut square, mut total) = (0.0, 0.0, 0.0);
            let factors = d.as_slice().iter().zip(e.as_slice()).zip(ad.as_slice()).zip(&sum);
            for (((&d, &e), &ad), &sum) in factors {
                let d = d.to_f64();
                a += d * e.to_f64();
                square += d * ad.to_f64();
                total += d * sum;
            }
            // The difference may be negative by rounding; it is then 0. A NaN stays a NaN.
            let others = if square < a * a { 0.0 } else { square - a * a };
            let shift = bias[i].to_f64() + mean * (total - a);
            row[0] = match Channel::new(a, shift, (others * variance).sqrt()) {
                Ok(channel) if identity => Slopes::new(affine(feature, &channel), a, mean, variance),
                Ok(channel) => Slopes::new(feature.row_gradient(&channel), a, mean, variance),
                Err(_) => Slopes { loss: f64::NAN, ..Slopes::default() },
            };
            if let Some(importance) = importance {
                row[0] = row[0].times(importance[i]);
            }
        });
        let loss = self.rows.iter().map(|row| row.loss).sum::<f64>() / features as f64;
        error::finite("loss", loss)?;
        Ok((loss, sum))
    }

    /// Computes the gradient from what `evaluate` stored.
    fn differentiate(
        &mut self,
        model: &Autoencoder<T>,
        sum: &[f64],
        gradient: &mut Parameters<T>,
    ) -> Result<()> {
        let (features, hidden) = (model.features(), model.hidden());
        let (mean, scale) = (self.feature.mean(), 1.0 / features as f64);
        let parameters = model.parameters();
        let (encoder, decoder) = (parameters.encoder(), parameters.decoder_transpose());
        let (rows, Scratch { square, tall, wide }) = (&self.rows, &mut self.scratch);
        let (encoder_out, decoder_out, bias_out) = gradient.split_mut();
        let add = decoder_out.is_none();
        let sum = rounded::<T>(sum, mean * scale);
        // This is ∂L/∂W_outᵀ. For tied weights it is stored in the encoder's gradient, and the
        // encoder's own part is added to it below.
        for_each_column(decoder_out.unwrap_or(&mut *encoder_out), hidden, TOGETHER, |i, out| {
            let row = &rows[i];
            let own = T::round_from(row.own * scale);
            let (norm, bias) = (T::round_from(row.norm * scale), T::round_from(row.bias));
            let (e, ad) = (encoder.column(i), wide.column(i));
            let terms = e.as_slice().iter().zip(ad.as_slice()).zip(sum.as_slice());
            for (out, ((&e, &ad), &sum)) in out.iter_mut().zip(terms) {
                *out = own * e + norm * ad + bias * sum;
            }
        });
        decoder.transpose_to(tall);
        for_each_column(wide.as_mut_slice(), hidden, TOGETHER, |i, out| {
            let norm = T::round_from(rows[i].norm * scale);
            for (out, &d) in out.iter_mut().zip(decoder.column(i).as_slice()) {
                *out = norm * d;
            }
        });
        multiply(square.as_mut_slice(), wide.as_slice(), tall.as_slice(), features)?;
        multiply(wide.as_mut_slice(), square.as_slice(), parameters.encoder_slice(), hidden)?;
        let mut drift = vec![0.0; hidden];
        for (row, column) in rows.iter().zip(decoder.column_iter()) {
            for (drift, &d) in drift.iter_mut().zip(column.as_slice()) {
                *drift += row.bias * d.to_f64();
            }
        }
        let drift = rounded::<T>(&drift, mean * scale);
        for_each_column(encoder_out, hidden, TOGETHER, |i, out| {
            let own = T::round_from(rows[i].own * scale);
            let (d, be) = (decoder.column(i), wide.column(i));
            let terms = d.as_slice().iter().zip(be.as_slice()).zip(drift.as_slice());
            for (out, ((&d, &be), &drift)) in out.iter_mut().zip(terms) {
                let value = own * d + be + drift;
                *out = if add { *out + value } else { value };
            }
        });
        for (out, row) in bias_out.iter_mut().zip(rows) {
            *out = T::round_from(row.bias * scale);
        }
        Ok(())
    }
}

impl<T: Scalar, M: Integrable> Objective<Autoencoder<T>> for MeanField<T, M> {
    type Error = Error;

    fn not_finite(error: &Error) -> Option<f64> {
        error.non_finite_loss()
    }

    fn loss(&mut self, model: &Autoencoder<T>) -> Result<f64> {
        self.evaluate(model).map(|(loss, _)| loss)
    }

    fn loss_and_gradient(&mut self, model: &Autoencoder<T>, gradient: &mut Parameters<T>) -> Result<f64> {
        check_gradient(model.shape(), gradient.shape())?;
        let (loss, sum) = self.evaluate(model)?;
        self.differentiate(model, &sum, gradient)?;
        Ok(loss)
    }
}

/// Returns an error if the gradient does not have the shape of the model.
pub(crate) fn check_gradient(model: Shape, gradient: Shape) -> Result<()> {
    let sizes = [
        ("features of the gradient", gradient.features(), model.features()),
        ("hidden dimensions of the gradient", gradient.hidden(), model.hidden()),
        ("parameters of the gradient", gradient.parameters(), model.parameters()),
    ];
    match sizes.into_iter().find(|(_, given, expected)| given != expected) {
        Some((what, given, expected)) => Err(Error::Size { what, given, expected }),
        None => Ok(()),
    }
}

/// The loss of a row without a rectifier, with its derivatives.
fn affine<M: Integrable>(feature: &Feature<M>, channel: &Channel) -> (f64, ChannelGradient) {
    let (mean, variance, rest) = (feature.mean(), feature.variance(), 1.0 - channel.slope);
    let bias = rest * mean - channel.shift;
    let loss = rest * rest * variance + channel.noise * channel.noise + bias * bias;
    let slope = -2.0 * (rest * variance + bias * mean);
    (loss, ChannelGradient { slope, shift: -2.0 * bias, variance: 1.0 })
}

fn rounded<T: Scalar>(values: &[f64], scale: f64) -> DVector<T> {
    DVector::from_iterator(values.len(), values.iter().map(|&value| T::round_from(value * scale)))
}

/// Gives a scratch matrix its shape. Its entries are meant to be overwritten.
fn fit<T: Scalar>(matrix: &mut DMatrix<T>, rows: usize, columns: usize) {
    if matrix.shape() != (rows, columns) {
        *matrix = DMatrix::zeros(rows, columns);
    }
}
