//! From `W_out h` of a cell to its part of the loss and to Δ.

use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::SparseBatch;

use super::cell::Cell;
use super::input::{Input, Values};
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
        input: &Input<T>,
        row: usize,
        column: usize,
    ) {
        arch.dispatch(OfCell { residual: self, cell, batch, input, row, column });
    }

    /// Replaces `W_out h` of one sample by its δ, which is added to `sums`. The loss, and how many are not zero.
    #[inline(always)]
    fn of_sample(&self, column: &mut [T], sums: &mut [T], row: usize, x: Values<'_, T>) -> (f64, u32) {
        column.iter_mut().zip(&self.bias[row..]).for_each(|(z, &b)| *z += b);
        self.activation.apply(column);
        let unseen = self.subtract(column, row, x);
        let mut squares = [T::zero(); SUMS];
        let (errors, rest) = column.as_chunks::<SUMS>();
        match self.importance {
            None => {
                errors.iter().for_each(|e| add_products(&mut squares, e, e));
                add_products(&mut squares, rest, rest);
            }
            Some(importance) => {
                let (weights, rest_weights) = importance[row..][..column.len()].as_chunks::<SUMS>();
                let weighted =
                    |e: &[T; SUMS], w: &[T; SUMS]| std::array::from_fn::<T, SUMS, _>(|k| w[k] * e[k]);
                errors.iter().zip(weights).for_each(|(e, w)| add_products(&mut squares, &weighted(e, w), e));
                for (square, (&e, &w)) in squares.iter_mut().zip(rest.iter().zip(rest_weights)) {
                    *square += w * e * e;
                }
                column.iter_mut().zip(&importance[row..]).for_each(|(e, &w)| *e = w * *e);
            }
        }
        let mut non_zeros = 0;
        for (e, sum) in column.iter_mut().zip(sums) {
            *e *= self.scale;
            *sum += *e;
            non_zeros += u32::from(*e != T::zero());
        }
        let mut seen = squares.map(|square| square.to_f64());
        for half in [8, 4, 2, 1] {
            (0..half).for_each(|k| seen[k] += seen[k + half]);
        }
        (seen[0] + unseen, non_zeros)
    }

    /// Replaces y by y − x, and by 0 where a feature is on but not seen (y = 0, derivative 0: all but the identity): it
    /// has no gradient. The loss of these.
    #[inline(always)]
    fn subtract(&self, column: &mut [T], row: usize, x: Values<'_, T>) -> f64 {
        let flat = self.activation.is_flat_at_zero();
        match (x, self.importance) {
            (Values::Sparse(indices, values), importance) => {
                let mut unseen = 0.0;
                for (&index, &x) in indices.iter().zip(values) {
                    let y = &mut column[index as usize - row];
                    if flat && *y == T::zero() {
                        let importance = importance.map_or(1.0, |i| i[index as usize].to_f64());
                        unseen += importance * x.to_f64() * x.to_f64();
                    } else {
                        *y -= x;
                    }
                }
                unseen
            }
            (Values::Dense(x), None) => {
                let mut unseen = [T::zero(); SUMS];
                let mut of = |lane: usize, y: &mut T, x: T| {
                    let hidden = if flat && *y == T::zero() { x } else { T::zero() };
                    unseen[lane] += hidden * hidden;
                    *y -= x - hidden;
                };
                let (columns, rest) = column.as_chunks_mut::<SUMS>();
                let (xs, rest_x) = x.as_chunks::<SUMS>();
                for (y, x) in columns.iter_mut().zip(xs) {
                    for lane in 0..SUMS {
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

/// `sums[k] += a[k] · b[k]`.
#[inline(always)]
fn add_products<T: Scalar>(sums: &mut [T; SUMS], a: &[T], b: &[T]) {
    sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (&a, &b))| *sum += a * b);
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
        cell.non_zeros = 0;
        cell.row_sums.clear();
        cell.row_sums.resize(rows, T::zero());
        cell.losses.resize(columns, 0.0);
        let samples = cell.values.chunks_exact_mut(rows).zip(&mut cell.losses);
        for (k, (errors, loss)) in samples.enumerate() {
            let x = input.of_sample(batch, column + k, row..row + rows);
            let (sum, count) = residual.of_sample(errors, &mut cell.row_sums, row, x);
            *loss = sum;
            cell.non_zeros += count as usize;
        }
    }
}
