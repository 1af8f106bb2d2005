//! From `W_out h` of a cell to its part of the loss and to Δ.

use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::SparseBatch;

use super::cell::{Cell, part};
use super::input::Input;
use crate::{Activation, Scalar};

/// Sums kept side by side, so that they fit the registers of every instruction set.
const SUMS: usize = 16;

/// Some features of one sample.
enum Values<'a, T> {
    /// Those that are on.
    Sparse(&'a [u32], &'a [T]),
    /// All.
    Dense(&'a [T]),
}

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

    /// Replaces `W_out h` of one sample by its δ, which is added to `sums`. The loss.
    #[inline(always)]
    fn of_sample(&self, column: &mut [T], sums: &mut [T], row: usize, x: Values<'_, T>) -> f64 {
        column.iter_mut().zip(&self.bias[row..]).for_each(|(z, &b)| *z += b);
        self.activation.apply(column);
        let unseen = self.subtract(column, row, x);
        let mut squares = [T::zero(); SUMS];
        // One lane: the square, then δ in place of the error.
        let mut add = |lane: usize, e: &mut T, sum: &mut T, weighted: T| {
            squares[lane] += weighted * *e;
            *e = weighted * self.scale;
            *sum += *e;
        };
        match self.importance {
            None => {
                let (errors, rest) = column.as_chunks_mut::<SUMS>();
                let (row_sums, rest_sums) = sums.as_chunks_mut::<SUMS>();
                for (errors, sums) in errors.iter_mut().zip(row_sums) {
                    for lane in 0..SUMS {
                        let error = errors[lane];
                        add(lane, &mut errors[lane], &mut sums[lane], error);
                    }
                }
                for (lane, (e, sum)) in rest.iter_mut().zip(rest_sums).enumerate() {
                    let error = *e;
                    add(lane, e, sum, error);
                }
            }
            Some(importance) => {
                let terms = column.iter_mut().zip(sums).zip(&importance[row..]);
                for (k, ((e, sum), &importance)) in terms.enumerate() {
                    add(k % SUMS, e, sum, importance * *e);
                }
            }
        }
        let seen: f64 = squares.iter().map(|&square| square.to_f64()).sum();
        seen + unseen
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
        let samples = cell.values.chunks_exact_mut(rows).zip(&mut cell.losses);
        for (k, (errors, loss)) in samples.enumerate() {
            let x = match input.dense_column(column + k, row..row + rows) {
                Some(values) => Values::Dense(values),
                None => {
                    let (indices, values) = part(batch.sample(column + k), row, rows);
                    Values::Sparse(indices, values)
                }
            };
            *loss = residual.of_sample(errors, &mut cell.row_sums, row, x);
        }
    }
}
