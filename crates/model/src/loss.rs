//! The loss of a batch and its gradient, exploiting that data and residual are sparse.
//!
//! ```math
//! L = \frac{1}{B n_s} \sum_{s=1}^{B} \sum_{i=1}^{n_s} \iota_i (y_{is} - x_{is})^2
//! ```
//!
//! This is the **per-feature** loss of the paper's eq. (5) and of its figures; eq. (2) is n_s times as large.
//! `ι` is the importance, 1 unless given. The gradient is the one of [`crate::plain`], which is its tested twin.
//!
//! The work is two sparse products forward and backward each, and one dense one (see `step`). Where data or
//! residuals are not sparse, dense products take over; which way depends on the batch alone, so that a step is a
//! function of its inputs.

use std::time::{Duration, Instant};

use faer::{MatMut, MatRef};
use nalgebra::{DMatrix, DVector};
use pulp::Arch;
use toy_superposition_data::SparseBatch;

use crate::error::{check_finite, check_shape};
use crate::step::cell::{COLUMNS, Cell, ROWS};
use crate::step::input::{Input, is_dense_batch};
use crate::step::panels::Panels;
use crate::step::parallel::for_each;
use crate::step::residual::Residual;
use crate::step::{self, columns};
use crate::{Activation, Autoencoder, Error, Estimate, Parameters, Result, Scalar};

/// The per-feature loss of a batch, its gradient, and the memory they need, kept from call to call.
#[derive(Debug)]
pub struct MinibatchLoss<T: Scalar> {
    arch: Arch,
    importance: Option<Vec<T>>,
    input: Input<T>,
    /// H: n_d × B.
    hidden: Vec<T>,
    hidden_table: Panels<T>,
    hidden_gradient: Panels<T>,
    encoder: Panels<T>,
    decoder: Panels<T>,
    /// All cells of the first block of samples, then of the second.
    cells: Vec<Cell<T>>,
    /// Cells a block of samples.
    cells_a_block: usize,
    /// `Σ_i ι_i (y_i − x_i)²`, a sample.
    losses: Vec<f64>,
    stages: Vec<(&'static str, Duration)>,
}

impl<T: Scalar> Default for MinibatchLoss<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scalar> MinibatchLoss<T> {
    /// Every feature equally important.
    pub fn new() -> Self {
        Self::on(Arch::new())
    }

    fn on(arch: Arch) -> Self {
        Self {
            arch,
            importance: None,
            input: Input::default(),
            hidden: Vec::new(),
            hidden_table: Panels::default(),
            hidden_gradient: Panels::default(),
            encoder: Panels::default(),
            decoder: Panels::default(),
            cells: Vec::new(),
            cells_a_block: 1,
            losses: Vec::new(),
            stages: Vec::new(),
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
        self.forward(model, batch, false)?;
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
        Ok(self.losses.iter().map(|loss| loss * scale).collect())
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
        self.forward(model, batch, true)?;
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

    /// Where the time of the last call went: stage after stage, by the clock.
    pub fn stages(&self) -> &[(&'static str, Duration)] {
        &self.stages
    }

    /// Fills `hidden`, `cells` (with Δ, and its lists for a gradient) and `losses`.
    fn forward(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>, gradient: bool) -> Result<()> {
        let shape = model.shape();
        let (features, hidden, samples) = (shape.features(), shape.hidden(), batch.samples());
        check_shape("batch", (batch.features(), samples), (features, samples))?;
        if let Some(importance) = &self.importance {
            check_shape("importance", (importance.len(), 1), (features, 1))?;
        }
        if samples == 0 {
            return Err(Error::EmptyBatch);
        }
        self.stages.clear();
        let (arch, parameters) = (self.arch, model.parameters());

        let start = Instant::now();
        self.hidden.resize(hidden * samples, T::zero());
        if is_dense_batch(batch) {
            self.input.fill_dense(batch);
            let encoder = columns(parameters.encoder_slice(), shape);
            step::multiply_columns(&mut self.hidden, encoder, self.input.dense(batch));
        } else {
            self.encoder.pack(parameters.encoder_slice(), hidden);
            step::encode(arch, &mut self.hidden, &self.encoder, batch, hidden);
        }
        self.stages.push(("encode", start.elapsed()));

        let start = Instant::now();
        let decoder = step::transposed(parameters.decoder_slice(), shape);
        let h = MatRef::from_column_major_slice(&self.hidden, hidden, samples);
        let residual = Residual {
            bias: parameters.bias_slice(),
            importance: self.importance.as_deref(),
            activation: model.activation(),
            scale: T::round_from(2.0 / (features as f64 * samples as f64)),
        };
        // Top-k compares all features of a sample.
        let rows = if matches!(model.activation(), Activation::TopK(_)) { features } else { ROWS };
        let a_block = features.div_ceil(rows);
        self.cells_a_block = a_block;
        let count = a_block * samples.div_ceil(COLUMNS);
        if self.cells.len() < count {
            self.cells.resize_with(count, Cell::default);
        }
        for_each(&mut self.cells[..count], |k, cell| {
            let (row, column) = (k % a_block * rows, k / a_block * COLUMNS);
            cell.resize(rows.min(features - row), COLUMNS.min(samples - column));
            let (height, width) = (cell.rows(), cell.columns());
            let z = MatMut::from_column_major_slice_mut(&mut cell.residual, height, width);
            T::multiply(z, decoder.subrows(row, height), h.subcols(column, width), false);
            residual.of_cell(arch, cell, batch, row, column);
            if gradient {
                cell.compress(arch);
            }
        });
        self.losses.clear();
        self.losses.resize(samples, 0.0);
        for (k, cell) in self.cells[..count].iter().enumerate() {
            let losses = &mut self.losses[k / a_block * COLUMNS..];
            losses.iter_mut().zip(&cell.losses).for_each(|(sum, loss)| *sum += loss);
        }
        self.stages.push(("decode and residual", start.elapsed()));
        Ok(())
    }

    fn mean(&self, batch: &SparseBatch<T>) -> Result<f64> {
        let sum: f64 = self.losses.iter().sum();
        let loss = sum / (batch.features() as f64 * batch.samples() as f64);
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(Error::NotFinite { what: "loss", index: 0, given: loss })
        }
    }

    fn backward(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>, gradient: &mut Parameters<T>) {
        let shape = model.shape();
        let (hidden, samples, arch, a_block) =
            (shape.hidden(), batch.samples(), self.arch, self.cells_a_block);
        let cells = &self.cells[..a_block * samples.div_ceil(COLUMNS)];
        let (encoder_gradient, decoder_gradient, bias_gradient) = gradient.split_mut();

        // ∂L/∂W_in goes second, so that tied weights add it to ∂L/∂W_outᵀ.
        let tied = decoder_gradient.is_none();
        let (decoder_gradient, encoder_gradient) = match decoder_gradient {
            Some(decoder_gradient) => (decoder_gradient, Some(encoder_gradient)),
            None => (encoder_gradient, None),
        };

        let start = Instant::now();
        self.decoder.pack(model.parameters().decoder_slice(), hidden);
        self.hidden_gradient.resize(samples, hidden);
        step::hidden_gradient(arch, &mut self.hidden_gradient, &self.decoder, cells, a_block);
        self.stages.push(("hidden gradient", start.elapsed()));

        let start = Instant::now();
        self.hidden_table.pack(&self.hidden, hidden);
        let h = MatRef::from_column_major_slice(&self.hidden, hidden, samples);
        step::decoder_gradient(arch, decoder_gradient, h, &self.hidden_table, cells, a_block);
        bias_gradient.fill(T::zero());
        for block in cells.chunks(a_block) {
            let sums = block.iter().flat_map(|cell| &cell.row_sums);
            bias_gradient.iter_mut().zip(sums).for_each(|(sum, &d)| *sum += d);
        }
        self.stages.push(("decoder gradient", start.elapsed()));

        let start = Instant::now();
        let out = encoder_gradient.unwrap_or(decoder_gradient);
        if is_dense_batch(batch) {
            let x = self.input.dense(batch);
            step::encoder_gradient_dense(out, hidden, &self.hidden_gradient, x, tied);
        } else {
            self.input.transpose(batch);
            step::encoder_gradient(arch, out, hidden, &self.hidden_gradient, &self.input, tied);
        }
        self.stages.push(("encoder gradient", start.elapsed()));
    }
}
