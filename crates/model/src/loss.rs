//! The loss of a batch and its gradient, exploiting that data and residual are sparse.
//!
//! ```math
//! L = \frac{1}{B n_s} \sum_{s=1}^{B} \sum_{i=1}^{n_s} \iota_i (y_{is} - x_{is})^2
//! ```
//!
//! This is the **per-feature** loss of the paper's eq. (5) and of its figures; eq. (2) is n_s times as large.
//! `ι` is the importance, 1 unless given. The gradient is the one of [`crate::plain`], which is its tested twin.
//!
//! The work is one sparse product forward, three backward, and a dense one (see `step`). Where data or
//! residuals are not sparse, dense products take over, and where a batch has many more samples than features the step goes
//! by way of `W_out W_in`; which way depends on sizes and measured densities alone, so that a step is a function of its
//! inputs.

use std::time::{Duration, Instant};

use faer::{MatMut, MatRef};
use nalgebra::{DMatrix, DVector};
use pulp::Arch;
use toy_superposition_data::SparseBatch;

use crate::error::{check_finite, check_shape};
use crate::step::composed::{self, Composed};
use crate::step::grid::Grid;
use crate::step::input::{Form, Input};
use crate::step::panels::Panels;
use crate::step::parallel::in_pool;
use crate::step::residual::Residual;
use crate::step::tuning::{COLUMNS, PIECE, ROWS};
use crate::step::{self, by_feature, by_sample};
use crate::{Activation, Autoencoder, Error, Estimate, Parameters, Result, Scalar, check_memory};

/// A stop-watch.
#[derive(Debug, Default)]
struct Stages {
    since: Option<Instant>,
    laps: Vec<(&'static str, Duration)>,
}

impl Stages {
    fn start(&mut self) {
        self.laps.clear();
        self.since = Some(Instant::now());
    }

    /// What was done since the last lap, or the start.
    fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.extend(self.since.replace(now).map(|since| (name, now - since)));
    }
}

/// The per-feature loss of a batch, its gradient, and the memory they need, kept from call to call.
#[derive(Debug)]
pub struct MinibatchLoss<T: Scalar> {
    arch: Arch,
    importance: Option<Vec<T>>,
    input: Input<T>,
    /// `W_out W_in`, and then its gradient.
    product: Composed<T>,
    /// H, and where X is taken directly then ∂L/∂H: n_d × B. Of an earlier step, if this one goes by way of `product`.
    hidden: Vec<T>,
    hidden_table: Panels<T>,
    hidden_gradient: Panels<T>,
    /// The encoder, then the decoder.
    weights: Panels<T>,
    /// Δ.
    residual: Grid<T>,
    /// `Σ_i ι_i (y_i − x_i)²`, a sample.
    losses: Vec<f64>,
    stages: Stages,
    /// Bytes of Δ that there was memory for.
    granted: u128,
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

    /// With the instructions of `arch`.
    fn on(arch: Arch) -> Self {
        Self {
            arch,
            importance: None,
            input: Input::default(),
            product: Composed::default(),
            hidden: Vec::new(),
            hidden_table: Panels::default(),
            hidden_gradient: Panels::default(),
            weights: Panels::default(),
            residual: Grid::default(),
            losses: Vec::new(),
            stages: Stages::default(),
            granted: 0,
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
    /// [`Error::EmptyBatch`] for no samples, [`Error::TooLarge`] if there is no memory for n_s × B residuals,
    /// [`Error::NotFinite`] if the loss overflows or is NaN.
    pub fn loss(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>) -> Result<f64> {
        in_pool(|| self.forward(model, batch, false))?;
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
        in_pool(|| {
            let through_product = self.forward(model, batch, true)?;
            let loss = self.mean(batch)?;
            self.backward(model, batch, gradient, through_product);
            Ok(loss)
        })
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
        &self.stages.laps
    }

    /// Fills `residual` with Δ, and `losses`. Whether it went by way of `product`; otherwise it filled `hidden`, and for a
    /// gradient the lists of `residual`.
    fn forward(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>, gradient: bool) -> Result<bool> {
        let shape = model.shape();
        let (features, hidden, samples) = (shape.features(), shape.hidden(), batch.samples());
        check_shape("batch", (batch.features(), samples), (features, samples))?;
        if let Some(importance) = &self.importance {
            check_shape("importance", (importance.len(), 1), (features, 1))?;
        }
        if samples == 0 {
            return Err(Error::EmptyBatch);
        }
        let bytes = features as u128 * samples as u128 * size_of::<T>() as u128;
        if bytes > self.granted {
            check_memory("the residual of a batch", bytes)?;
            self.granted = bytes;
        }
        self.stages.start();
        let (arch, parameters) = (self.arch, model.parameters());

        // Top-k compares all features of a sample.
        let rows = if matches!(model.activation(), Activation::TopK(_)) { features } else { ROWS };
        let decoder = step::transposed(parameters.decoder_slice(), shape);
        self.input.read(batch);
        let through_product = composed::pays(shape, batch);
        if through_product {
            let encoder = step::columns(parameters.encoder_slice(), shape);
            self.product.compose(decoder, encoder, rows);
            self.stages.lap("product of the weights");
        } else {
            self.encode(parameters.encoder_slice(), hidden, batch, gradient);
            self.stages.lap("encode");
        }

        let residual = Residual {
            bias: parameters.bias_slice(),
            importance: self.importance.as_deref(),
            activation: model.activation(),
            scale: T::round_from(2.0 / (features as f64 * samples as f64)),
        };
        let (input, product) = (&self.input, &self.product);
        let h = (!through_product).then(|| MatRef::from_column_major_slice(&self.hidden, hidden, samples));
        self.residual.fill((features, samples), rows, |row, column, cell| {
            if let Some(h) = h {
                let (height, width) = (cell.rows(), cell.columns());
                let z = MatMut::from_column_major_slice_mut(&mut cell.values, height, width);
                T::multiply(z, decoder.subrows(row, height), h.subcols(column, width), false);
            } else {
                product.decode(arch, cell, batch, row, column);
            }
            residual.of_cell(arch, cell, batch, input, row, column);
            if gradient && !through_product {
                cell.compress(arch);
            }
        });
        self.losses.clear();
        self.losses.resize(samples, 0.0);
        for (losses, cells) in self.losses.chunks_mut(COLUMNS).zip(self.residual.blocks()) {
            for cell in cells {
                losses.iter_mut().zip(&cell.losses).for_each(|(sum, loss)| *sum += loss);
            }
        }
        self.stages.lap("decode and residual");
        Ok(through_product)
    }

    /// Fills `hidden`, and for a gradient `hidden_table`.
    fn encode(&mut self, encoder: &[T], hidden: usize, batch: &SparseBatch<T>, gradient: bool) {
        let (arch, samples) = (self.arch, batch.samples());
        self.hidden.resize(hidden * samples, T::zero());
        if self.input.form == Form::Direct {
            step::directly_by_sample(arch, &mut self.hidden, hidden, encoder, batch);
            if gradient {
                self.hidden_table.pack(&self.hidden, hidden);
            }
        } else {
            self.weights.pack(encoder, hidden);
            self.hidden_table.resize(samples, hidden);
            if self.input.form == Form::Dense {
                by_sample(arch, &mut self.hidden_table, &self.weights, &self.input.grid);
            } else {
                step::listed_by_sample(arch, &mut self.hidden_table, &self.weights, &self.input, batch);
            }
            self.hidden_table.unpack(&mut self.hidden);
        }
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

    fn backward(
        &mut self,
        model: &Autoencoder<T>,
        batch: &SparseBatch<T>,
        gradient: &mut Parameters<T>,
        through_product: bool,
    ) {
        let (hidden, samples, arch) = (model.hidden(), batch.samples(), self.arch);
        let (encoder_gradient, decoder_gradient, bias_gradient) = gradient.split_mut();

        // ∂L/∂W_in goes second, so that tied weights add it to ∂L/∂W_outᵀ.
        let tied = decoder_gradient.is_none();
        let (decoder_gradient, encoder_gradient) = match decoder_gradient {
            Some(decoder_gradient) => (decoder_gradient, Some(encoder_gradient)),
            None => (encoder_gradient, None),
        };

        bias_gradient.fill(T::zero());
        for cells in self.residual.blocks() {
            let sums = cells.iter().flat_map(|cell| &cell.row_sums);
            bias_gradient.iter_mut().zip(sums).for_each(|(sum, &d)| *sum += d);
        }

        if through_product {
            let (shape, parameters) = (model.shape(), model.parameters());
            let encoder = step::columns(parameters.encoder_slice(), shape);
            let decoder = step::transposed(parameters.decoder_slice(), shape);
            self.product.differentiate(arch, &self.residual, &mut self.input, batch);
            self.stages.lap("gradient of the product");
            self.product.decoder_gradient(decoder_gradient, encoder);
            self.stages.lap("decoder gradient");
            self.product.encoder_gradient(encoder_gradient.unwrap_or(decoder_gradient), decoder, tied);
            self.stages.lap("encoder gradient");
            return;
        }

        self.weights.pack(model.parameters().decoder_slice(), hidden);
        self.hidden_gradient.resize(samples, hidden);
        by_sample(arch, &mut self.hidden_gradient, &self.weights, &self.residual);
        self.stages.lap("hidden gradient");

        by_feature(arch, decoder_gradient, &self.hidden_table, &self.residual, false);
        self.stages.lap("decoder gradient");

        let out = encoder_gradient.unwrap_or(decoder_gradient);
        match self.input.form {
            Form::Direct => {
                self.hidden_gradient.unpack(&mut self.hidden);
                self.input.transpose(batch, COLUMNS);
                step::directly_by_feature(arch, out, hidden, &self.hidden, &self.input, tied);
            }
            Form::Listed => {
                self.input.transpose(batch, PIECE);
                step::listed_by_feature(arch, out, &self.hidden_gradient, &self.input, tied);
            }
            Form::Dense => by_feature(arch, out, &self.hidden_gradient, &self.input.grid, tied),
        }
        self.stages.lap("encoder gradient");
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use toy_superposition_data::SparseBatch;

    use super::MinibatchLoss;
    use crate::step::composed;
    use crate::step::input::Form;
    use crate::step::tuning::architectures;
    use crate::{Activation, Initialisation, Parameters, Scalar, Shape, plain};

    /// Every instruction set of this machine against the plain twin; shapes that fill no panel, cell or piece, and
    /// several of them, with more and with fewer features than samples; X very sparse, sparse and dense; Δ sparse (a
    /// bias far below 0) and dense.
    fn every_architecture<T: Scalar>(tolerance: f64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(8);
        let top = Activation::top_k(9).unwrap();
        // Kept from case to case, so that their memory comes from other shapes and densities.
        let mut losses: Vec<_> = architectures().into_iter().map(MinibatchLoss::on).collect();
        let mut ways = Vec::new();
        for (features, hidden, samples) in [
            (3, 2, 2),
            (131, 21, 40),
            (200, 70, 600),
            (420, 130, 530),
            (8, 8, 200),
            (60, 9, 70),
            (30, 11, 600),
        ] {
            for (density, bias) in [(0.01, -0.5), (0.1, -0.2), (0.1, 0.4), (0.9, -0.6), (0.9, 0.1)] {
                for activation in [Activation::Relu, if features > 9 { top } else { Activation::Identity }] {
                    let shape = Shape::new(features, hidden, false).unwrap();
                    let mut model = Initialisation::PyTorch.sample::<T, _>(shape, activation, rng).unwrap();
                    let start = shape.parameters() - features;
                    for b in &mut model.parameters_mut().as_mut_slice()[start..] {
                        *b += T::round_from(bias);
                    }
                    let x = DMatrix::from_fn(features, samples, |_, _| {
                        if rng.random_bool(density) { T::round_from(rng.random()) } else { T::zero() }
                    });
                    let (loss, exact) = plain::loss_and_gradient(&model, &x, None).unwrap();
                    let batch = SparseBatch::from_dense(&x).unwrap();
                    let mut first = None;
                    let through_product = composed::pays(shape, &batch);
                    for evaluator in &mut losses {
                        let arch = evaluator.arch;
                        let at =
                            format!("{arch:?} {features} {hidden} {samples} {density} {bias} {activation}");
                        let mut gradient = Parameters::zeros(shape).unwrap();
                        let fast = evaluator.loss_and_gradient(&model, &batch, &mut gradient).unwrap();
                        ways.push((evaluator.input.form, through_product));
                        assert!((fast - loss.to_f64()).abs() <= tolerance * loss.to_f64(), "{at}: {fast}");
                        let square =
                            |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
                        let pairs = || gradient.as_slice().iter().zip(exact.as_slice());
                        let distance = square(&mut pairs().map(|(a, b)| a.to_f64() - b.to_f64()));
                        let norm = square(&mut pairs().map(|(_, b)| b.to_f64()));
                        assert!(distance <= tolerance * norm, "{at}: {distance:e} of {norm:e}");
                        let (loss, gradient) = first.get_or_insert((fast, gradient.clone()));
                        assert!(
                            *loss == fast && pairs().eq(gradient.as_slice().iter().zip(exact.as_slice())),
                            "{at}"
                        );
                    }
                }
            }
        }
        for form in [Form::Direct, Form::Listed, Form::Dense] {
            for through_product in [false, true] {
                assert!(ways.contains(&(form, through_product)), "{form:?} {through_product}");
            }
        }
    }

    #[test]
    fn every_architecture_is_plain_and_gives_the_same_bits() {
        every_architecture::<f64>(1e-12);
        every_architecture::<f32>(2e-6);
    }
}
