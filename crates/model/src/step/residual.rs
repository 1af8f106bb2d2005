//! From `W_out h` of a cell to its part of the loss and to Δ.

use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::SparseBatch;

use super::cell::{Cell, PIECE};
use crate::{Activation, Scalar};

/// Sums kept side by side, so that they fit the registers of every instruction set.
const SUMS: usize = 16;

/// What turns `W_out h` into the loss and Δ.
pub(crate) struct Residual<'a, T> {
    pub(crate) bias: &'a [T],
    pub(crate) importance: Option<&'a [T]>,
    pub(crate) activation: Activation,
    /// `2 / (B n_s)`.
    pub(crate) scale: T,
}

impl<T: Scalar> Residual<'_, T> {
    /// Of the cell that begins at feature `row` and sample `column`.
    pub(crate) fn of_cell(
        &self,
        arch: Arch,
        cell: &mut Cell<T>,
        batch: &SparseBatch<T>,
        row: usize,
        column: usize,
    ) {
        arch.dispatch(OfCell { residual: self, cell, batch, row, column });
    }

    /// Replaces `W_out h` of one sample by its δ, which is added to `sums`, and counted where it is not zero.
    /// The loss.
    #[inline(always)]
    fn of_sample(
        &self,
        column: &mut [T],
        sums: &mut [T],
        counts: &mut [u32],
        row: usize,
        on: (&[u32], &[T]),
    ) -> f64 {
        column.iter_mut().zip(&self.bias[row..]).for_each(|(z, &b)| *z += b);
        self.activation.apply(column);
        // Features that are on but not seen (y = 0, derivative 0: all but the identity) count, and have no gradient.
        let mut unseen = 0.0;
        for (&index, &x) in on.0.iter().zip(on.1) {
            let y = &mut column[index as usize - row];
            if self.activation.is_flat_at_zero() && *y == T::zero() {
                let importance = self.importance.map_or(1.0, |i| i[index as usize].to_f64());
                unseen += importance * x.to_f64() * x.to_f64();
            } else {
                *y -= x;
            }
        }
        let mut squares = [T::zero(); SUMS];
        // One lane: the square, then δ in place of the error.
        let mut add = |lane: usize, e: &mut T, sum: &mut T, count: &mut u32, weighted: T| {
            squares[lane] += weighted * *e;
            *e = weighted * self.scale;
            *sum += *e;
            *count += u32::from(*e != T::zero());
        };
        match self.importance {
            None => {
                let (errors, rest) = column.as_chunks_mut::<SUMS>();
                let (row_sums, rest_sums) = sums.as_chunks_mut::<SUMS>();
                let (row_counts, rest_counts) = counts.as_chunks_mut::<SUMS>();
                for ((errors, sums), counts) in errors.iter_mut().zip(row_sums).zip(row_counts) {
                    for lane in 0..SUMS {
                        let error = errors[lane];
                        add(lane, &mut errors[lane], &mut sums[lane], &mut counts[lane], error);
                    }
                }
                for (lane, ((e, sum), count)) in rest.iter_mut().zip(rest_sums).zip(rest_counts).enumerate() {
                    let error = *e;
                    add(lane, e, sum, count, error);
                }
            }
            Some(importance) => {
                let terms = column.iter_mut().zip(sums).zip(counts).zip(&importance[row..]);
                for (k, (((e, sum), count), &importance)) in terms.enumerate() {
                    add(k % SUMS, e, sum, count, importance * *e);
                }
            }
        }
        let seen: f64 = squares.iter().map(|&square| square.to_f64()).sum();
        seen + unseen
    }
}

struct OfCell<'a, T: Scalar> {
    residual: &'a Residual<'a, T>,
    cell: &'a mut Cell<T>,
    batch: &'a SparseBatch<T>,
    row: usize,
    column: usize,
}

impl<T: Scalar> WithSimd for OfCell<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { residual, cell, batch, row, column } = self;
        let rows = cell.rows();
        cell.row_sums.fill(T::zero());
        cell.counts.fill(0);
        let samples = cell.residual.chunks_exact_mut(rows).zip(&mut cell.losses);
        for (k, (errors, loss)) in samples.enumerate() {
            let sample = column + k;
            let (indices, values) = batch.sample(sample);
            let below = |limit: usize| indices.partition_point(|&index| (index as usize) < limit);
            let on = below(row)..below(row + rows);
            let on = (&indices[on.clone()], &values[on]);
            let counts = &mut cell.counts[k / PIECE * rows..][..rows];
            *loss = residual.of_sample(errors, &mut cell.row_sums, counts, row, on);
        }
    }
}
