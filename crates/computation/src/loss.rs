//! The loss of a network on a batch, its gradient, and the loss on fresh samples.

use std::sync::Arc;

use pulp::Arch;
use toy_superposition_data::parallel::{for_each, for_each_chunk, in_pool};
use toy_superposition_data::{Distribution, SampleRange, Sampler, SparseBatch};
use toy_superposition_model::{Error as ModelError, Estimate, Model, Scalar, check_memory};

use crate::circuit::{Wiring, compose, pull_back};
use crate::error::check_length;
use crate::pass::{Chunk, Pass, Run};
use crate::{Error, Network, Result, Target};

/// The number of samples of a chunk is a multiple of this.
const SAMPLES: usize = 64;
/// Greatest number of chunks of a batch. Each is a unit of work with a gradient of its own.
const CHUNKS: usize = 16;
/// Number of samples drawn at a time to measure a loss.
const BATCH: usize = 1024;

/// The loss of networks against one target, with scratch memory:
///
/// ```math
/// L = \frac{1}{B t} \sum_{s \le B} \sum_{i \le t} \iota_i (y_i(x_s) - F_i(x_s))^2
/// ```
///
/// The loss is the mean over samples **and outputs**, as everywhere in this project: for one output
/// per feature it is the paper's loss per feature. The importance `ι` is 1 unless it is given.
pub struct NetworkLoss<T> {
    target: Arc<dyn Target>,
    importance: Vec<T>,
    arch: Arch,
    circuit: Vec<T>,
    slopes: Vec<T>,
    chunks: Vec<Chunk<T>>,
}

impl<T: Scalar> std::fmt::Debug for NetworkLoss<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkLoss").field("target", &self.target.describe()).finish_non_exhaustive()
    }
}

impl<T: Scalar> NetworkLoss<T> {
    /// Returns the loss against `target` with all outputs equally important.
    pub fn new(target: Arc<dyn Target>) -> Self {
        Self {
            target,
            importance: Vec::new(),
            arch: Arch::new(),
            circuit: Vec::new(),
            slopes: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// Returns the loss in which the squared error of output `i` has the weight `importance[i]`.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is one number per output, and [`Error::OutOfRange`] for one
    /// that is negative or not finite in `T`.
    pub fn with_importance(target: Arc<dyn Target>, importance: &[f64]) -> Result<Self> {
        check_length("importance", importance.len(), target.outputs())?;
        let allowed = |value: f64| value >= 0.0 && T::round_from(value).is_finite();
        if let Some(&given) = importance.iter().find(|value| !allowed(**value)) {
            return Err(Error::OutOfRange { name: "importance", given, allowed: "[0, ∞)" });
        }
        let importance = importance.iter().map(|&value| T::round_from(value)).collect();
        Ok(Self { importance, ..Self::new(target) })
    }

    /// Returns the target.
    pub fn target(&self) -> &dyn Target {
        &*self.target
    }

    /// Returns the loss on a batch.
    ///
    /// # Errors
    /// [`Error::Length`] if network, target and batch differ in features or outputs;
    /// [`Error::Model`], with `EmptyBatch` for no samples and `NotFinite` for a loss that is not
    /// finite.
    pub fn loss(&mut self, network: &Network<T>, batch: &SparseBatch<T>) -> Result<f64> {
        self.pass(network, batch, false).and_then(|wiring| self.mean(&wiring, batch))
    }

    /// Returns the loss on a batch, and overwrites `gradient` with one number per parameter.
    ///
    /// # Errors
    /// The errors of [`loss`](Self::loss), and [`Error::Length`] for a gradient of another length.
    pub fn loss_and_gradient(
        &mut self,
        network: &Network<T>,
        batch: &SparseBatch<T>,
        gradient: &mut [T],
    ) -> Result<f64> {
        check_length("gradient", gradient.len(), network.as_slice().len())?;
        in_pool(|| {
            let wiring = self.pass(network, batch, true)?;
            let loss = self.mean(&wiring, batch)?;
            self.add_up(&wiring);
            pull_back(network, &wiring, &self.slopes, gradient);
            Ok(loss)
        })
    }

    /// Returns the loss on a batch with its standard error over the samples.
    ///
    /// # Errors
    /// The errors of [`loss`](Self::loss).
    pub fn estimate(&mut self, network: &Network<T>, batch: &SparseBatch<T>) -> Result<Estimate> {
        let wiring = self.pass(network, batch, false)?;
        self.mean(&wiring, batch)?;
        let outputs = wiring.outputs as f64;
        Ok(self.chunks.iter().flat_map(|chunk| &chunk.losses).map(|loss| loss / outputs).collect())
    }

    /// Returns the loss on the samples of `range` with its standard error. For a network that was
    /// trained with a seed, the samples of
    /// [`Stream::Evaluation`](toy_superposition_data::Stream::Evaluation) with that seed give an
    /// unbiased estimate.
    ///
    /// # Errors
    /// The errors of [`loss`](Self::loss).
    pub fn sampled<D: Distribution>(
        &mut self,
        network: &Network<T>,
        law: &D,
        range: SampleRange,
    ) -> Result<Estimate> {
        let mut sampler = Sampler::new();
        let mut batch = SparseBatch::new(law.features())?;
        let mut sum = Estimate::default();
        for start in (0..range.samples.max(1)).step_by(BATCH) {
            let count = BATCH.min(range.samples - start);
            sampler.sample_into(law, range.part(start, count), &mut batch)?;
            sum = sum.merge(&self.estimate(network, &batch)?);
        }
        Ok(sum)
    }

    fn pass(&mut self, network: &Network<T>, batch: &SparseBatch<T>, gradient: bool) -> Result<Wiring> {
        let architecture = network.architecture();
        check_length("features of the target", self.target.features(), architecture.features)?;
        check_length("outputs of the target", self.target.outputs(), architecture.outputs)?;
        check_length("features of the batch", batch.features(), architecture.features)?;
        let samples = batch.samples();
        if samples == 0 {
            return Err(ModelError::EmptyBatch.into());
        }
        let wiring = Wiring::new(architecture);
        let copies = if gradient { 2 + CHUNKS } else { 1 };
        check_memory("the network multiplied out", wiring.bytes::<T>().saturating_mul(copies as u128))?;
        self.circuit.resize(wiring.len(), T::zero());
        compose(network, &wiring, &mut self.circuit);
        let own = wiring.own_direct.then(|| &self.circuit[wiring.direct()]);
        let scale = 2.0 / (samples as f64 * wiring.outputs as f64);
        let pass = Pass {
            wiring: &wiring,
            circuit: &self.circuit,
            direct: own.or(network.gram()),
            target: &*self.target,
            importance: &self.importance,
            batch,
            scale: gradient.then(|| T::round_from(scale)),
        };
        let size = samples.div_ceil(CHUNKS).next_multiple_of(SAMPLES);
        self.chunks.resize_with(samples.div_ceil(size), Chunk::default);
        let arch = self.arch;
        for_each(&mut self.chunks, |k, chunk| {
            let first = k * size;
            arch.dispatch(Run { pass, chunk, first, count: size.min(samples - first) });
        });
        Ok(wiring)
    }

    fn mean(&self, wiring: &Wiring, batch: &SparseBatch<T>) -> Result<f64> {
        let sum: f64 = self.chunks.iter().flat_map(|chunk| &chunk.losses).sum();
        let loss = sum / (batch.samples() as f64 * wiring.outputs as f64);
        let refused = ModelError::NotFinite { what: "loss", index: Vec::new(), given: loss };
        if loss.is_finite() { Ok(loss) } else { Err(refused.into()) }
    }

    /// Adds up the gradients of the chunks, in order.
    fn add_up(&mut self, wiring: &Wiring) {
        /// Number of entries that one thread adds up at a time.
        const PIECE: usize = 1 << 12;
        self.slopes.resize(wiring.len(), T::zero());
        let chunks = &self.chunks;
        for_each_chunk(&mut self.slopes, PIECE, |k, sum| {
            let part = k * PIECE..k * PIECE + sum.len();
            sum.fill(T::zero());
            for chunk in chunks {
                sum.iter_mut().zip(&chunk.gradient[part.clone()]).for_each(|(sum, &term)| *sum += term);
            }
        });
    }
}
