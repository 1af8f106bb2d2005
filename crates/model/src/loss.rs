//! The loss of a batch and its gradient, exploiting that data and residual are sparse.
//!
//! ```math
//! L = \frac{1}{B n_s} \sum_{s=1}^{B} \sum_{i=1}^{n_s} \iota_i (y_{is} - x_{is})^2
//! ```
//!
//! This is the **per-feature** loss of the paper's eq. (5) and of its figures; eq. (2) is n_s times as large.
//! `ι` is the importance, 1 unless given. The gradient is the one of [`crate::plain`], which is its tested twin.
//!
//! The work is two sparse products forward and backward each, and one dense one (see `step`). Data or residuals
//! with more than [`DENSE`] non-zeros go through dense products instead; which way depends on the batch alone,
//! so that a step is a function of its inputs.

use faer::MatRef;
use nalgebra::{DMatrix, DVector};
use toy_superposition_data::SparseBatch;

use crate::error::{check_finite, check_shape};
use crate::step::{self, Lists, ListsRef};
use crate::{Activation, Autoencoder, Error, Estimate, Parameters, Result, Scalar};

/// The fraction of non-zeros from which a dense product is faster than a sparse one.
const DENSE: f64 = 0.15;

/// The per-feature loss of a batch, its gradient, and the memory they need, kept from call to call.
#[derive(Debug)]
pub struct MinibatchLoss<T: Scalar> {
    importance: Option<Vec<T>>,
    hidden: Vec<T>,
    hidden_gradient: Vec<T>,
    /// Z, then Y − X, then Δ: n_s × B.
    residual: Vec<T>,
    samples: Vec<SampleLoss>,
    counts: Vec<usize>,
    residual_lists: Lists<T>,
    by_feature: Lists<T>,
    dense_input: Vec<T>,
}

/// What one sample adds.
#[derive(Debug, Clone, Copy, Default)]
struct SampleLoss {
    /// `Σ_i ι_i (y_i − x_i)²`.
    loss: f64,
    /// The number of non-zeros of its Δ.
    non_zeros: usize,
}

impl<T: Scalar> Default for MinibatchLoss<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scalar> MinibatchLoss<T> {
    /// Every feature equally important.
    pub fn new() -> Self {
        Self {
            importance: None,
            hidden: Vec::new(),
            hidden_gradient: Vec::new(),
            residual: Vec::new(),
            samples: Vec::new(),
            counts: Vec::new(),
            residual_lists: Lists { offsets: Vec::new(), indices: Vec::new(), values: Vec::new() },
            by_feature: Lists { offsets: Vec::new(), indices: Vec::new(), values: Vec::new() },
            dense_input: Vec::new(),
        }
    }

    /// The squared error of feature `i` counts `importance[i]` times.
    ///
    /// # Errors
    /// [`Error::NotFinite`] or [`Error::Importance`] unless every importance is finite and ≥ 0.
    pub fn with_importance(importance: &DVector<T>) -> Result<Self> {
        check_finite("importance", importance.as_slice())?;
        if let Some(feature) = importance.iter().position(|&i| i < T::zero()) {
            return Err(Error::Importance { feature, given: importance[feature].to_f64() });
        }
        Ok(Self { importance: Some(importance.as_slice().to_vec()), ..Self::new() })
    }

    /// The loss L of a batch.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the batch or the importance does not have the model's n_s features,
    /// [`Error::EmptyBatch`] for no samples, [`Error::NotFinite`] if the loss overflows or is NaN.
    pub fn loss(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>) -> Result<f64> {
        self.forward(model, batch)?;
        self.mean(batch)
    }

    /// The loss L of a dense batch, n_s × B.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and [`Error::Data`] for a NaN or an infinity in the batch.
    pub fn loss_dense(&mut self, model: &Autoencoder<T>, batch: &DMatrix<T>) -> Result<f64> {
        self.loss(model, &SparseBatch::from_dense(batch)?)
    }

    /// The mean of the per-sample losses with its standard error.
    ///
    /// # Errors
    /// As [`loss`](Self::loss).
    pub fn estimate(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>) -> Result<Estimate> {
        self.loss(model, batch)?;
        let scale = (model.features() as f64).recip();
        Ok(self.samples.iter().map(|sample| sample.loss * scale).collect())
    }

    /// The loss L of a batch; `gradient` is overwritten with `∂L/∂parameter`.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and [`Error::Mismatch`] if `gradient` has another shape than the model.
    pub fn loss_and_gradient(
        &mut self,
        model: &Autoencoder<T>,
        batch: &SparseBatch<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64> {
        let shape = model.shape();
        if gradient.shape() != shape {
            let of = |s: crate::Shape| (s.parameters(), 1);
            return Err(Error::Mismatch {
                what: "gradient",
                given: of(gradient.shape()),
                expected: of(shape),
            });
        }
        self.forward(model, batch)?;
        let loss = self.mean(batch)?;
        self.backward(model, batch, gradient);
        Ok(loss)
    }

    /// The loss L of a dense batch, n_s × B, and its gradient.
    ///
    /// # Errors
    /// As [`loss_and_gradient`](Self::loss_and_gradient) and [`loss_dense`](Self::loss_dense).
    pub fn loss_and_gradient_dense(
        &mut self,
        model: &Autoencoder<T>,
        batch: &DMatrix<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64> {
        self.loss_and_gradient(model, &SparseBatch::from_dense(batch)?, gradient)
    }

    /// Fills `hidden`, `residual` (with Δ) and `samples`.
    fn forward(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>) -> Result<()> {
        let shape = model.shape();
        let (features, hidden, samples) = (shape.features(), shape.hidden(), batch.samples());
        check_shape("batch", (batch.features(), samples), (features, samples))?;
        if let Some(importance) = &self.importance {
            check_shape("importance", (importance.len(), 1), (features, 1))?;
        }
        if samples == 0 {
            return Err(Error::EmptyBatch);
        }

        self.hidden.resize(hidden * samples, T::zero());
        let encoder = model.parameters().encoder_slice();
        if is_dense(batch.non_zeros(), features, samples) {
            fill_dense(&mut self.dense_input, batch);
            let x = MatRef::from_column_major_slice(&self.dense_input, features, samples);
            step::multiply_columns(&mut self.hidden, step::columns(encoder, shape), x);
        } else {
            step::gather(&mut self.hidden, hidden, encoder, lists(batch), false);
        }

        let decoder = step::transposed(model.parameters().decoder_slice(), shape);
        let h = MatRef::from_column_major_slice(&self.hidden, hidden, samples);
        self.residual.resize(features * samples, T::zero());
        step::multiply_columns(&mut self.residual, decoder, h);

        self.samples.resize(samples, SampleLoss::default());
        let residual = Residual {
            bias: model.parameters().bias_slice(),
            importance: self.importance.as_deref(),
            activation: model.activation(),
            scale: T::round_from(2.0 / (features as f64 * samples as f64)),
        };
        residual.of_batch(&mut self.residual, &mut self.samples, batch);
        Ok(())
    }

    fn mean(&self, batch: &SparseBatch<T>) -> Result<f64> {
        let sum: f64 = self.samples.iter().map(|sample| sample.loss).sum();
        let loss = sum / (batch.features() as f64 * batch.samples() as f64);
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(Error::NotFinite { what: "loss", index: 0, given: loss })
        }
    }

    fn backward(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>, gradient: &mut Parameters<T>) {
        let shape = model.shape();
        let (features, hidden, samples) = (shape.features(), shape.hidden(), batch.samples());
        let decoder = model.parameters().decoder_slice();
        let (encoder_gradient, decoder_gradient, bias_gradient) = gradient.split_mut();
        self.hidden_gradient.resize(hidden * samples, T::zero());

        // ∂L/∂W_in goes second, so that tied weights add it to ∂L/∂W_outᵀ.
        let tied = decoder_gradient.is_none();
        let (decoder_gradient, encoder_gradient) = match decoder_gradient {
            Some(decoder_gradient) => (decoder_gradient, Some(encoder_gradient)),
            None => (encoder_gradient, None),
        };

        let non_zeros = self.samples.iter().map(|sample| sample.non_zeros).sum();
        if is_dense(non_zeros, features, samples) {
            let delta = MatRef::from_column_major_slice(&self.residual, features, samples);
            let h = MatRef::from_column_major_slice(&self.hidden, hidden, samples);
            step::multiply_columns(&mut self.hidden_gradient, step::columns(decoder, shape), delta);
            step::multiply_columns(decoder_gradient, h, delta.transpose());
            bias_gradient.fill(T::zero());
            for column in self.residual.chunks_exact(features) {
                bias_gradient.iter_mut().zip(column).for_each(|(sum, &d)| *sum += d);
            }
        } else {
            self.counts.clear();
            self.counts.extend(self.samples.iter().map(|sample| sample.non_zeros));
            self.residual_lists.compress(&self.residual, features, &self.counts);
            self.by_feature.transpose(self.residual_lists.as_ref(), features);
            let delta = self.residual_lists.as_ref();
            step::gather(&mut self.hidden_gradient, hidden, decoder, delta, false);
            step::gather(decoder_gradient, hidden, &self.hidden, self.by_feature.as_ref(), false);
            for (sum, range) in bias_gradient.iter_mut().zip(self.by_feature.offsets.windows(2)) {
                let values = &self.by_feature.values[range[0]..range[1]];
                *sum = values.iter().fold(T::zero(), |sum, &d| sum + d);
            }
        }

        let out = encoder_gradient.unwrap_or(decoder_gradient);
        if is_dense(batch.non_zeros(), features, samples) {
            let x = MatRef::from_column_major_slice(&self.dense_input, features, samples);
            let g = MatRef::from_column_major_slice(&self.hidden_gradient, hidden, samples);
            step::for_each_block(out, hidden, |first, chunk| {
                let count = chunk.len() / hidden;
                let chunk = faer::MatMut::from_column_major_slice_mut(chunk, hidden, count);
                T::multiply(chunk, g, x.transpose().subcols(first, count), tied);
            });
        } else {
            self.by_feature.transpose(lists(batch), features);
            step::gather(out, hidden, &self.hidden_gradient, self.by_feature.as_ref(), tied);
        }
    }
}

fn is_dense(non_zeros: usize, features: usize, samples: usize) -> bool {
    non_zeros as f64 > DENSE * features as f64 * samples as f64
}

fn lists<T: Scalar>(batch: &SparseBatch<T>) -> ListsRef<'_, T> {
    ListsRef { offsets: batch.offsets(), indices: batch.indices(), values: batch.values() }
}

/// Writes the batch as a dense n_s × B matrix.
fn fill_dense<T: Scalar>(dense: &mut Vec<T>, batch: &SparseBatch<T>) {
    dense.clear();
    dense.resize(batch.features() * batch.samples(), T::zero());
    for (column, (indices, values)) in dense.chunks_exact_mut(batch.features()).zip(batch.iter()) {
        for (&index, &value) in indices.iter().zip(values) {
            column[index as usize] = value;
        }
    }
}

/// What turns `W_out h` into the loss and Δ.
struct Residual<'a, T> {
    bias: &'a [T],
    importance: Option<&'a [T]>,
    activation: Activation,
    /// `2 / (B n_s)`.
    scale: T,
}

impl<T: Scalar> Residual<'_, T> {
    fn of_batch(&self, columns: &mut [T], losses: &mut [SampleLoss], batch: &SparseBatch<T>) {
        let arch = pulp::Arch::new();
        let work = |sample: usize, (column, loss): (&mut [T], &mut SampleLoss)| {
            let (indices, values) = batch.sample(sample);
            *loss = arch.dispatch(|| self.of_sample(column, indices, values));
        };
        let features = batch.features();
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            columns
                .par_chunks_exact_mut(features)
                .zip(losses)
                .enumerate()
                .with_min_len(16)
                .for_each(|(sample, pair)| work(sample, pair));
        }
        #[cfg(not(feature = "parallel"))]
        columns.chunks_exact_mut(features).zip(losses).enumerate().for_each(|(s, pair)| work(s, pair));
    }

    /// Replaces `W_out h` of one sample by its δ.
    #[inline(always)]
    fn of_sample(&self, column: &mut [T], indices: &[u32], values: &[T]) -> SampleLoss {
        column.iter_mut().zip(self.bias).for_each(|(z, &b)| *z += b);
        self.activation.apply(column);
        // Features that are on but not seen (ReLU: y = 0, derivative 0) count, and have no gradient.
        let mut unseen = 0.0;
        for (&index, &x) in indices.iter().zip(values) {
            let y = &mut column[index as usize];
            if self.activation == Activation::Relu && *y == T::zero() {
                let importance = self.importance.map_or(1.0, |i| i[index as usize].to_f64());
                unseen += importance * x.to_f64() * x.to_f64();
            } else {
                *y -= x;
            }
        }
        let mut sums = [T::zero(); 16];
        let mut non_zeros = 0;
        match self.importance {
            None => {
                for piece in column.chunks_mut(16) {
                    for (sum, e) in sums.iter_mut().zip(piece) {
                        *sum += *e * *e;
                        *e *= self.scale;
                        non_zeros += u32::from(*e != T::zero());
                    }
                }
            }
            Some(importance) => {
                for (piece, importance) in column.chunks_mut(16).zip(importance.chunks(16)) {
                    for ((sum, e), &importance) in sums.iter_mut().zip(piece).zip(importance) {
                        *sum += importance * *e * *e;
                        *e *= importance * self.scale;
                        non_zeros += u32::from(*e != T::zero());
                    }
                }
            }
        }
        let seen: f64 = sums.iter().map(|&sum| sum.to_f64()).sum();
        SampleLoss { loss: seen + unseen, non_zeros: non_zeros as usize }
    }
}
