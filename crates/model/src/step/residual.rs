//! The part of the loss and of Δ that a cell contributes, from its preactivation without the bias.

use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::SparseBatch;

use super::cell::Cell;
use super::input::{Input, Values};
use crate::{Activation, Scalar};

/// The number of features that are processed together; they fit the registers of every instruction
/// set.
const LANES: usize = 16;

/// The values that turn the preactivation without the bias into the loss and Δ.
pub(crate) struct Residual<'a, T> {
    pub(crate) bias: &'a [T],
    pub(crate) importance: Option<&'a [T]>,
    pub(crate) activation: Activation,
    /// `2 / (B n_s)`.
    pub(crate) scale: T,
}

impl<T: Scalar> Residual<'_, T> {
    /// Processes the cell that begins at feature `row` and sample `column`.
    pub(crate) fn of_cell(
        &self,
        arch: Arch,
        cell: &mut Cell<T>,
        batch: &SparseBatch<T>,
        input: &Input<T>,
        row: usize,
        column: usize,
    ) {
        arch.dispatch(OfCell { residual: self, cell, batch, input, row, column });
    }

    /// Replaces the preactivation without the bias of one sample by its δ. Adds δ to `sums`, counts
    /// its non-zeros and returns the loss.
    #[inline(always)]
    fn of_sample(
        &self,
        column: &mut [T],
        sums: &mut [T],
        non_zeros: &mut [u32; LANES],
        row: usize,
        x: Values<'_, T>,
    ) -> f64 {
        let height = column.len();
        self.reconstruct(column, row);
        let unseen = self.subtract(column, row, x);
        let mut squares = [T::zero(); LANES];
        let mut counts = *non_zeros;
        let (errors, rest) = column.as_chunks_mut::<LANES>();
        let (sums, rest_sums) = sums.as_chunks_mut::<LANES>();
        let weights = |first: usize, count: usize| match self.importance {
            None => [T::one(); LANES],
            Some(importance) => padded(&importance[row + first..][..count]),
        };
        for (first, (errors, sums)) in (0..).step_by(LANES).zip(errors.iter_mut().zip(sums)) {
            self.finish(errors, sums, weights(first, LANES), &mut squares, &mut counts);
        }
        if !rest.is_empty() {
            let (mut errors, mut sums) = (padded(rest), padded(rest_sums));
            let weights = weights(height - rest.len(), rest.len());
            self.finish(&mut errors, &mut sums, weights, &mut squares, &mut counts);
            rest.copy_from_slice(&errors[..rest.len()]);
            rest_sums.copy_from_slice(&sums[..rest.len()]);
        }
        *non_zeros = counts;
        for half in [8, 4, 2, 1] {
            (0..half).for_each(|k| squares[k] += squares[k + half]);
        }
        squares[0].to_f64() + unseen
    }

    /// Replaces y − x by δ, and adds up `ι (y − x)²`, δ and the number of non-zeros.
    #[inline(always)]
    fn finish(
        &self,
        errors: &mut [T; LANES],
        sums: &mut [T; LANES],
        importance: [T; LANES],
        squares: &mut [T; LANES],
        non_zeros: &mut [u32; LANES],
    ) {
        let (mut delta, mut total) = (*errors, *sums);
        for lane in 0..LANES {
            let weighted = importance[lane] * delta[lane];
            squares[lane] += weighted * delta[lane];
            delta[lane] = weighted * self.scale;
            total[lane] += delta[lane];
            non_zeros[lane] += u32::from(delta[lane] != T::zero());
        }
        (*errors, *sums) = (delta, total);
    }

    /// Replaces the preactivation without the bias by y.
    #[inline(always)]
    fn reconstruct(&self, column: &mut [T], row: usize) {
        let bias = &self.bias[row..][..column.len()];
        let (preactivations, rest) = column.as_chunks_mut::<LANES>();
        let (biases, rest_bias) = bias.as_chunks::<LANES>();
        let element_wise = !matches!(self.activation, Activation::TopK(_));
        for (z, bias) in preactivations.iter_mut().zip(biases) {
            let mut sum = *z;
            for lane in 0..LANES {
                sum[lane] += bias[lane];
            }
            if element_wise {
                self.activation.apply(&mut sum);
            }
            *z = sum;
        }
        rest.iter_mut().zip(rest_bias).for_each(|(z, &b)| *z += b);
        self.activation.apply(if element_wise { rest } else { column });
    }

    /// Replaces y by y − x and returns 0, except where a feature is on and its output is 0 with
    /// derivative 0 (for every activation but the identity). There y is replaced by 0, since the
    /// gradient vanishes, and the squared error is added to the returned loss.
    #[inline(always)]
    fn subtract(&self, column: &mut [T], row: usize, x: Values<'_, T>) -> f64 {
        let flat = self.activation.is_flat_at_zero();
        match (x, self.importance) {
            (Values::Sparse(indices, values), importance) => {
                let mut unseen = 0.0;
                for (&index, &x) in indices.iter().zip(values) {
                    let y = &mut column[index as usize - row];
                    let hidden = if flat && *y == T::zero() { x } else { T::zero() };
                    *y -= x - hidden;
                    let importance = importance.map_or(1.0, |i| i[index as usize].to_f64());
                    unseen += importance * hidden.to_f64() * hidden.to_f64();
                }
                unseen
            }
            (Values::Dense(x), None) => {
                let mut unseen = [T::zero(); LANES];
                let mut of = |lane: usize, y: &mut T, x: T| {
                    let hidden = if flat && *y == T::zero() { x } else { T::zero() };
                    unseen[lane] += hidden * hidden;
                    *y -= x - hidden;
                };
                let (columns, rest) = column.as_chunks_mut::<LANES>();
                let (xs, rest_x) = x.as_chunks::<LANES>();
                for (y, x) in columns.iter_mut().zip(xs) {
                    for lane in 0..LANES {
                        of(lane, &mut y[lane], x[lane]);
                    }
                }
                rest.iter_mut().zip(rest_x).enumerate().for_each(|(lane, (y, &x))| of(lane, y, x));
                unseen.iter().map(|&square| square.to_f64()).sum()
            }
            (Values::Dense(x), Some(importance)) => {
                let mut unseen = 0.0;
                for ((y, &x), importance) in column.iter_mut().zip(x).zip(&importance[row..]) {
                    if flat && *y == T::zero() {
                        unseen += importance.to_f64() * x.to_f64() * x.to_f64();
                    } else {
                        *y -= x;
                    }
                }
                unseen
            }
        }
    }
}

/// Returns up to [`LANES`] numbers, padded with zeros.
#[inline(always)]
fn padded<T: Scalar>(values: &[T]) -> [T; LANES] {
    std::array::from_fn(|lane| values.get(lane).copied().unwrap_or(T::zero()))
}

struct OfCell<'a, T: Scalar> {
    residual: &'a Residual<'a, T>,
    cell: &'a mut Cell<T>,
    batch: &'a SparseBatch<T>,
    input: &'a Input<T>,
    row: usize,
    column: usize,
}

impl<T: Scalar> WithSimd for OfCell<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { residual, cell, batch, input, row, column } = self;
        let (rows, columns) = (cell.rows(), cell.columns());
        cell.row_sums.clear();
        cell.row_sums.resize(rows, T::zero());
        cell.losses.resize(columns, 0.0);
        let mut non_zeros = [0; LANES];
        let samples = cell.values.chunks_exact_mut(rows).zip(&mut cell.losses);
        for (k, (errors, loss)) in samples.enumerate() {
            let x = input.of_sample(batch, column + k, row..row + rows);
            *loss = residual.of_sample(errors, &mut cell.row_sums, &mut non_zeros, row, x);
        }
        cell.non_zeros = non_zeros.iter().map(|&count| count as usize).sum();
    }
}
