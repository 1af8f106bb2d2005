//! The loss of a batch and its gradient, computed with the sparsity of data and residual.

use std::time::Duration;

use nalgebra::{DMatrix, DVector};
use pulp::Arch;
use toy_superposition_data::SparseBatch;
use toy_superposition_data::parallel::in_pool;

use crate::error::{check_finite, check_shape};
use crate::step::grid::Grid;
use crate::step::input::Input;
use crate::step::residual::Residual;
use crate::step::stages::Stages;
use crate::step::tuning::{COLUMNS, ROWS};
use crate::step::way::{Step, Way};
use crate::{Activation, Autoencoder, Error, Estimate, Parameters, Result, Scalar, check_memory};

/// The per-feature loss of a batch and its gradient, with scratch memory that is reused between
/// calls.
///
/// ```math
/// L = \frac{1}{B n_s} \sum_{s=1}^{B} \sum_{i=1}^{n_s} \iota_i (y_{is} - x_{is})^2
/// ```
///
/// This is the **per-feature** loss of the paper's eq. (5) and of its figures; the loss of eq. (2)
/// is n_s times as large. `ι` is the importance, which is 1 by default. The gradient agrees with
/// that of [`crate::plain`] up to rounding, and is tested against it.
///
/// One gradient takes four sparse products and one dense one. Dense products replace the sparse
/// ones where the data or the residuals are not sparse. A batch with many more samples than
/// features is taken through `W_out W_in`. The choice depends only on sizes and measured densities,
/// so the result depends only on the inputs, not on earlier calls.
///
/// ```
/// use nalgebra::{DMatrix, DVector};
/// use toy_superposition_model::{Activation, Autoencoder, MinibatchLoss, Parameters};
/// // Two antipodal features in one dimension: y = ReLU(x_1 − x_2), ReLU(x_2 − x_1).
/// let encoder = DMatrix::from_row_slice(1, 2, &[1.0, -1.0]);
/// let model = Autoencoder::tied(&encoder, &DVector::zeros(2), Activation::Relu)?;
/// let batch = DMatrix::from_columns(&[DVector::from_vec(vec![0.8, 0.0]), DVector::from_vec(vec![0.5, 0.3])]);
/// let mut gradient = Parameters::zeros(model.shape())?;
/// let loss = MinibatchLoss::new().loss_and_gradient_dense(&model, &batch, &mut gradient)?;
/// // The first sample is exact. The second misses each of its two features by 0.3.
/// assert!((loss - 2.0 * 0.09 / 4.0_f64).abs() < 1e-15);
/// # Ok::<(), toy_superposition_model::Error>(())
/// ```
#[derive(Debug)]
pub struct MinibatchLoss<T: Scalar> {
    arch: Arch,
    importance: Option<Vec<T>>,
    input: Input<T>,
    way: Way<T>,
    /// The residual Δ.
    residual: Grid<T>,
    /// `Σ_i ι_i (y_i − x_i)²`, per sample.
    losses: Vec<f64>,
    stages: Stages,
    /// The number of bytes of Δ that the system has granted.
    granted: u128,
}

impl<T: Scalar> Default for MinibatchLoss<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scalar> MinibatchLoss<T> {
    /// Returns the loss in which every feature has importance 1.
    pub fn new() -> Self {
        Self::on(Arch::new())
    }

    /// Returns the loss that uses the instructions of `arch`.
    fn on(arch: Arch) -> Self {
        Self {
            arch,
            importance: None,
            input: Input::default(),
            way: Way::default(),
            residual: Grid::default(),
            losses: Vec::new(),
            stages: Stages::default(),
            granted: 0,
        }
    }

    /// Returns the loss in which the squared error of feature `i` has weight `importance[i]`.
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

    /// Returns the importance of each feature, or `None` if they are all 1.
    pub fn importance(&self) -> Option<&[T]> {
        self.importance.as_deref()
    }

    /// Refuses a batch that does not fit the importance, that has no samples, or for whose residual
    /// there is not enough memory.
    pub(crate) fn check(&mut self, batch: &SparseBatch<T>) -> Result<()> {
        if let Some(importance) = &self.importance {
            check_shape("importance", (importance.len(), 1), (batch.features(), 1))?;
        }
        if batch.samples() == 0 {
            return Err(Error::EmptyBatch);
        }
        let bytes = batch.features() as u128 * batch.samples() as u128 * size_of::<T>() as u128;
        if bytes > self.granted {
            check_memory("the residual of a batch", bytes)?;
            self.granted = bytes;
        }
        Ok(())
    }

    /// Returns the loss L of a batch.
    ///
    /// # Errors
    /// [`Error::Mismatch`] unless the batch and the importance have the model's n_s features,
    /// [`Error::EmptyBatch`] for no samples, [`Error::TooLarge`] if there is no memory for n_s × B
    /// residuals, [`Error::NotFinite`] if the loss overflows or is NaN.
    pub fn loss(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>) -> Result<f64> {
        in_pool(|| T::forward(self, model, batch, false))?;
        self.mean(batch)
    }

    /// Returns the loss L of a dense batch, n_s × B.
    ///
    /// # Errors
    /// Returns the errors of [`loss`](Self::loss), and [`Error::Data`] for a NaN or an infinity in
    /// the batch.
    pub fn loss_dense(&mut self, model: &Autoencoder<T>, batch: &DMatrix<T>) -> Result<f64> {
        self.loss(model, &SparseBatch::from_dense(batch)?)
    }

    /// Returns the mean of the per-sample losses with its standard error. The mean is the loss L.
    ///
    /// # Errors
    /// Returns the errors of [`loss`](Self::loss).
    pub fn estimate(&mut self, model: &Autoencoder<T>, batch: &SparseBatch<T>) -> Result<Estimate> {
        self.loss(model, batch)?;
        let scale = (model.features() as f64).recip();
        Ok(self.losses.iter().map(|loss| loss * scale).collect())
    }

    /// Returns the loss L of a batch, and overwrites `gradient` with `∂L/∂parameter`.
    ///
    /// # Errors
    /// Returns the errors of [`loss`](Self::loss), and [`Error::Mismatch`] if `gradient` and the
    /// model differ in shape.
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
            T::forward(self, model, batch, true)?;
            let loss = self.mean(batch)?;
            T::backward(self, model, batch, gradient);
            Ok(loss)
        })
    }

    /// Returns the loss L of a dense batch, n_s × B, and overwrites `gradient` with
    /// `∂L/∂parameter`.
    ///
    /// # Errors
    /// Returns the errors of [`loss_and_gradient`](Self::loss_and_gradient) and
    /// [`loss_dense`](Self::loss_dense).
    pub fn loss_and_gradient_dense(
        &mut self,
        model: &Autoencoder<T>,
        batch: &DMatrix<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64> {
        self.loss_and_gradient(model, &SparseBatch::from_dense(batch)?, gradient)
    }

    /// Returns the stages of the last call in order, each with its name and its wall time.
    pub fn stages(&self) -> &[(&'static str, Duration)] {
        self.stages.laps()
    }

    /// Fills `losses`, and `residual` with Δ. For a gradient the cells are also prepared for the
    /// backward pass.
    pub(crate) fn forward(
        &mut self,
        model: &Autoencoder<T>,
        batch: &SparseBatch<T>,
        gradient: bool,
    ) -> Result<()> {
        let (features, samples) = (model.features(), batch.samples());
        check_shape("batch", (batch.features(), samples), (features, samples))?;
        self.check(batch)?;
        self.stages.start();
        let (arch, step) = (self.arch, Step { arch: self.arch, model, batch });

        // Top-k compares all features of a sample, so a cell must hold them all.
        let rows = if matches!(model.activation(), Activation::TopK(_)) { features } else { ROWS };
        self.input.read(batch);
        self.way.begin(&step, &self.input, rows, &mut self.stages);

        let residual = Residual {
            bias: model.parameters().bias_slice(),
            importance: self.importance.as_deref(),
            activation: model.activation(),
            scale: T::round_from(2.0 / (features as f64 * samples as f64)),
        };
        let (input, way) = (&self.input, &self.way);
        self.residual.fill((features, samples), rows, |row, column, cell| {
            way.decode(&step, cell, row, column);
            residual.of_cell(arch, cell, batch, input, row, column);
            if gradient {
                way.prepare(arch, cell);
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
        Ok(())
    }

    fn mean(&self, batch: &SparseBatch<T>) -> Result<f64> {
        let sum: f64 = self.losses.iter().sum();
        let loss = sum / (batch.features() as f64 * batch.samples() as f64);
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(Error::NotFinite { what: "loss", index: Vec::new(), given: loss })
        }
    }

    /// Overwrites `gradient`, using what [`forward`](Self::forward) computed.
    pub(crate) fn backward(
        &mut self,
        model: &Autoencoder<T>,
        batch: &SparseBatch<T>,
        gradient: &mut Parameters<T>,
    ) {
        let bias_gradient = gradient.split_mut().2;
        bias_gradient.fill(T::zero());
        for cells in self.residual.blocks() {
            let sums = cells.iter().flat_map(|cell| &cell.row_sums);
            bias_gradient.iter_mut().zip(sums).for_each(|(sum, &d)| *sum += d);
        }
        let step = Step { arch: self.arch, model, batch };
        self.way.backward(&step, &mut self.input, &self.residual, gradient, &mut self.stages);
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use toy_superposition_data::SparseBatch;

    use super::MinibatchLoss;
    use crate::step::input::Form;
    use crate::step::tuning::architectures;
    use crate::step::way::Way;
    use crate::{Activation, Initialisation, Parameters, Scalar, Shape, plain};

    /// Compares every instruction set of this machine with the plain twin. The shapes fill no
    /// panel, cell or piece, or several of them, and have more or fewer features than samples. X is
    /// very sparse, sparse or dense; Δ is sparse (a bias far below 0) or dense.
    fn every_architecture<T: Scalar>(tolerance: f64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(8);
        let top = Activation::top_k(9).unwrap();
        // These are reused between cases, so that their memory comes from other shapes and
        // densities.
        let mut losses: Vec<_> = architectures().into_iter().map(MinibatchLoss::on).collect();
        let mut ways = Vec::new();
        for (features, hidden, samples) in [
            (3, 2, 2),
            (131, 21, 40),
            (200, 70, 600),
            (420, 130, 530),
            (8, 8, 200),
            (9, 40, 100),
            (60, 9, 70),
            (30, 11, 600),
        ] {
            for (density, bias) in [(0.01, -0.5), (0.1, -0.2), (0.1, 0.4), (0.9, -0.6), (0.9, 0.1)] {
                for activation in [Activation::Relu, if features > 9 { top } else { Activation::Identity }] {
                    let shape = Shape::new(features, hidden).unwrap();
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
                    for evaluator in &mut losses {
                        let arch = evaluator.arch;
                        let at =
                            format!("{arch:?} {features} {hidden} {samples} {density} {bias} {activation}");
                        let mut gradient = Parameters::zeros(shape).unwrap();
                        let fast = evaluator.loss_and_gradient(&model, &batch, &mut gradient).unwrap();
                        ways.push((evaluator.input.form, matches!(evaluator.way, Way::Composed(_))));
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
            for composed in [false, true] {
                assert!(ways.contains(&(form, composed)), "{form:?} {composed}");
            }
        }
    }

    #[test]
    fn every_architecture_is_plain_and_gives_the_same_bits() {
        every_architecture::<f64>(1e-12);
        every_architecture::<f32>(2e-6);
    }
}
