//! Forward and backward through a circuit, a chunk of samples at a time.
//!
//! With `δ = ∂L/∂y` before `g`, and `ε_l = ∂L/∂z_l`:
//!
//! ```math
//! L = \frac{1}{B t} \sum_s \sum_{i \le t} \iota_i (y_{is} - F_i(x_s))^2, \qquad
//! \delta = \frac{2}{B t}\, \iota\, (y - F)\, g', \qquad
//! \epsilon_l = f_l' \Bigl(B_l^T \delta + \sum_{m > l} C_{ml}^T \epsilon_m\Bigr)
//! ```
//! ```math
//! \partial B_l = \delta r_l^T, \quad \partial c = \delta 1, \quad \partial G = \delta x^T, \quad
//! \partial C_{lk} = \epsilon_l r_k^T, \quad \partial b_l = \epsilon_l 1, \quad \partial A_l = \epsilon_l x^T
//! ```
//!
//! The size of a chunk does not depend on the number of threads, and the gradients of the chunks
//! are added in order.

use faer::{MatMut, MatRef};
use pulp::{Simd, WithSimd};
use toy_superposition_data::SparseBatch;
use toy_superposition_model::Scalar;

use crate::Target;
use crate::circuit::Wiring;
use crate::plain::rectified;

/// Number of partial sums of a sample's loss.
const LANES: usize = 8;

/// What all chunks of a pass share.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a, T> {
    pub(crate) wiring: &'a Wiring,
    /// The circuit, of length [`Wiring::len`].
    pub(crate) circuit: &'a [T],
    /// `G`, if there is one.
    pub(crate) direct: Option<&'a [T]>,
    pub(crate) target: &'a dyn Target,
    /// One number per output; empty if all are 1.
    pub(crate) importance: &'a [T],
    pub(crate) batch: &'a SparseBatch<T>,
    /// `2/(B t)`, if a gradient is requested.
    pub(crate) scale: Option<T>,
}

/// The memory of one chunk.
#[derive(Debug, Default)]
pub(crate) struct Chunk<T> {
    /// `z`, then `r`, of all layers: neurons × samples.
    activations: Vec<T>,
    /// `ε` of all layers.
    slopes: Vec<T>,
    /// `y`, then `δ`: outputs × samples.
    outputs: Vec<T>,
    values: Vec<f64>,
    target: Vec<f64>,
    /// Gradient with respect to the circuit.
    pub(crate) gradient: Vec<T>,
    /// `Σ_i ι_i (y_i − F_i)²` of each sample.
    pub(crate) losses: Vec<f64>,
}

/// One chunk of a pass: samples `first` to `first + count`.
pub(crate) struct Run<'a, 'b, T> {
    pub(crate) pass: Pass<'a, T>,
    pub(crate) chunk: &'b mut Chunk<T>,
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// `out += factor · values`.
#[inline(always)]
fn add_scaled<T: Scalar>(out: &mut [T], factor: T, values: &[T]) {
    out.iter_mut().zip(values).for_each(|(out, &value)| *out += factor * value);
}

#[inline(always)]
fn add<T: Scalar>(out: &mut [T], values: &[T]) {
    out.iter_mut().zip(values).for_each(|(out, &value)| *out += value);
}

impl<T: Scalar> WithSimd for Run<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pass, chunk, first, count } = self;
        chunk.forward(&pass, first, count);
        chunk.compare(&pass, first, count);
        if pass.scale.is_some() {
            chunk.backward(&pass, first, count);
        }
    }
}

impl<T: Scalar> Chunk<T> {
    #[inline(always)]
    fn forward(&mut self, pass: &Pass<'_, T>, first: usize, count: usize) {
        let &Pass { wiring, circuit, batch, .. } = pass;
        let (neurons, width) = (wiring.neurons(), wiring.width);
        let rows = wiring.reads * width;
        self.activations.resize(neurons * count, T::zero());
        let inputs = &circuit[wiring.inputs()];
        if neurons > 0 {
            for (k, z) in self.activations.chunks_exact_mut(neurons).enumerate() {
                z.copy_from_slice(&circuit[wiring.bias()]);
                let (indices, values) = batch.sample(first + k);
                for (&index, &x) in indices.iter().zip(values) {
                    add_scaled(&mut z[..rows], x, &inputs[index as usize * rows..][..rows]);
                }
            }
        }
        for layer in 0..wiring.layers {
            for (pair, &(_, from)) in wiring.pairs.iter().enumerate().filter(|(_, pair)| pair.0 == layer) {
                let matrix = MatRef::from_column_major_slice(&circuit[wiring.between(pair)], width, width);
                let all = MatMut::from_column_major_slice_mut(&mut self.activations, neurons, count);
                let (before, after) = all.split_at_row_mut(layer * width);
                let out = after.subrows_mut(0, width);
                T::multiply(out, matrix, before.as_ref().subrows(from * width, width), true);
            }
            if wiring.rectified[layer] {
                for z in self.activations.chunks_exact_mut(neurons) {
                    z[layer * width..][..width].iter_mut().for_each(|z| *z = rectified(*z));
                }
            }
        }

        self.outputs.resize(wiring.outputs * count, T::zero());
        for (k, y) in self.outputs.chunks_exact_mut(wiring.outputs).enumerate() {
            y.copy_from_slice(&circuit[wiring.output_bias()]);
            if let Some(direct) = pass.direct {
                let (indices, values) = batch.sample(first + k);
                for (&index, &x) in indices.iter().zip(values) {
                    add_scaled(y, x, &direct[index as usize * wiring.outputs..][..wiring.outputs]);
                }
            }
        }
        if neurons > 0 {
            let out = MatMut::from_column_major_slice_mut(&mut self.outputs, wiring.outputs, count);
            let all = MatRef::from_column_major_slice(&self.activations, neurons, count);
            T::multiply(
                out,
                sent(wiring, circuit),
                all.subrows(neurons - rows_sent(wiring), rows_sent(wiring)),
                true,
            );
        }
    }

    /// Replaces `y` by `δ`, and measures the loss of each sample.
    #[inline(always)]
    fn compare(&mut self, pass: &Pass<'_, T>, first: usize, count: usize) {
        let &Pass { wiring, target, batch, importance, .. } = pass;
        let (scale, zero) = (pass.scale.unwrap_or(T::one()), T::zero());
        self.target.resize(wiring.outputs, 0.0);
        self.losses.clear();
        for (k, y) in self.outputs.chunks_exact_mut(wiring.outputs).enumerate().take(count) {
            let (indices, values) = batch.sample(first + k);
            self.values.clear();
            self.values.extend(values.iter().map(|value| value.to_f64()));
            target.evaluate(indices, &self.values, &mut self.target);
            let mut lanes = [0.0; LANES];
            for (block, (y, wanted)) in y.chunks_mut(LANES).zip(self.target.chunks(LANES)).enumerate() {
                let weights = importance.get(block * LANES..).unwrap_or_default();
                for (k, (y, &wanted)) in y.iter_mut().zip(wanted).enumerate() {
                    // The comparison keeps NaN, which does not count as off.
                    let on = !(wiring.output_relu && *y <= zero);
                    let difference = if on { *y } else { zero } - T::round_from(wanted);
                    let weighted = weights.get(k).map_or(difference, |&weight| weight * difference);
                    lanes[k] += (weighted * difference).to_f64();
                    *y = if on { scale * weighted } else { zero };
                }
            }
            self.losses.push(lanes.iter().sum());
        }
    }

    #[inline(always)]
    fn backward(&mut self, pass: &Pass<'_, T>, first: usize, count: usize) {
        let &Pass { wiring, circuit, batch, .. } = pass;
        let (neurons, width, outputs) = (wiring.neurons(), wiring.width, wiring.outputs);
        let rows = wiring.reads * width;
        self.gradient.clear();
        self.gradient.resize(wiring.len(), T::zero());
        let gradient = &mut self.gradient[..];
        for (k, delta) in self.outputs.chunks_exact(outputs).enumerate() {
            add(&mut gradient[wiring.output_bias()], delta);
            if wiring.own_direct {
                let (indices, values) = batch.sample(first + k);
                let start = wiring.direct().start;
                for (&index, &x) in indices.iter().zip(values) {
                    add_scaled(&mut gradient[start + index as usize * outputs..][..outputs], x, delta);
                }
            }
        }
        if neurons == 0 {
            return;
        }
        let delta = MatRef::from_column_major_slice(&self.outputs, outputs, count);
        let all = MatRef::from_column_major_slice(&self.activations, neurons, count);
        let sending = rows_sent(wiring);
        let of_sent = MatMut::from_column_major_slice_mut(&mut gradient[wiring.sent()], outputs, sending);
        T::multiply(of_sent, delta, all.subrows(neurons - sending, sending).transpose(), false);

        self.slopes.clear();
        self.slopes.resize(neurons * count, T::zero());
        let slopes = MatMut::from_column_major_slice_mut(&mut self.slopes, neurons, count);
        T::multiply(
            slopes.subrows_mut(neurons - sending, sending),
            sent(wiring, circuit).transpose(),
            delta,
            false,
        );
        for layer in (0..wiring.layers).rev() {
            let part = layer * width..(layer + 1) * width;
            if wiring.rectified[layer] {
                let samples = self.activations.chunks_exact(neurons);
                for (slopes, r) in self.slopes.chunks_exact_mut(neurons).zip(samples) {
                    for (slope, &r) in slopes[part.clone()].iter_mut().zip(&r[part.clone()]) {
                        *slope = if r > T::zero() { *slope } else { T::zero() };
                    }
                }
            }
            for (pair, &(_, from)) in wiring.pairs.iter().enumerate().filter(|(_, pair)| pair.0 == layer) {
                let matrix = MatRef::from_column_major_slice(&circuit[wiring.between(pair)], width, width);
                let slopes = MatMut::from_column_major_slice_mut(&mut self.slopes, neurons, count);
                let (before, after) = slopes.split_at_row_mut(layer * width);
                let after = after.as_ref().subrows(0, width);
                let out =
                    MatMut::from_column_major_slice_mut(&mut gradient[wiring.between(pair)], width, width);
                T::multiply(out, after, all.subrows(from * width, width).transpose(), false);
                T::multiply(before.subrows_mut(from * width, width), matrix.transpose(), after, true);
            }
        }
        for (k, slopes) in self.slopes.chunks_exact(neurons).enumerate() {
            add(&mut gradient[wiring.bias()], slopes);
            let (indices, values) = batch.sample(first + k);
            for (&index, &x) in indices.iter().zip(values) {
                add_scaled(&mut gradient[index as usize * rows..][..rows], x, &slopes[..rows]);
            }
        }
    }
}

fn rows_sent(wiring: &Wiring) -> usize {
    wiring.reads * wiring.width
}

fn sent<'a, T: Scalar>(wiring: &Wiring, circuit: &'a [T]) -> MatRef<'a, T> {
    MatRef::from_column_major_slice(&circuit[wiring.sent()], wiring.outputs, rows_sent(wiring))
}
