//! The operator of any dense matrix, whose products use all threads.

use std::ops::Range;
use std::sync::OnceLock;

use nalgebra::{Cholesky, DMatrix};
use toy_superposition_data::parallel::for_each_column;
use toy_superposition_model::{Scalar, multiply};
use toy_superposition_rug::Design;

use super::{LinearOperator, check_shapes};
use crate::decoder::add_columns;
use crate::{Error, Result};

/// The operator of a dense matrix of n_d rows and n_s ≥ n_d columns.
///
/// The matrix is stored together with its transpose, so that both products run along columns. The
/// norm and the pseudo-inverse take O(n_d² n_s) operations, and are computed when they are first
/// used.
///
/// ```
/// use nalgebra::DMatrix;
/// use toy_superposition_recovery::{Dense, LinearOperator};
///
/// let pair = Dense::new(DMatrix::from_row_slice(1, 2, &[1.0, -1.0]))?;
/// let mut x = DMatrix::zeros(2, 1);
/// pair.pseudo_inverse_into(&DMatrix::from_element(1, 1, 4.0), &mut x)?;
/// assert_eq!(x.as_slice(), [2.0, -2.0]);
/// # Ok::<(), toy_superposition_recovery::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dense<T: Scalar> {
    matrix: DMatrix<T>,
    transpose: DMatrix<T>,
    norm: OnceLock<f64>,
    inverse: OnceLock<Option<Inverse<T>>>,
}

/// The pseudo-inverse `A⁺`.
#[derive(Debug, Clone)]
enum Inverse<T> {
    /// `Aᵀ` times a number, for orthogonal rows of one norm.
    Scaled(T),
    /// A matrix, n_s × n_d.
    Matrix(DMatrix<T>),
}

/// `A Aᵀ` counts as a multiple of the identity if no entry differs from it by more than this,
/// relative to the multiple.
const TIGHT: f64 = 1e-12;

impl<T: Scalar> Dense<T> {
    /// The operator of a matrix, n_d × n_s.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `1 ≤ n_d ≤ n_s`; [`Error::Entry`] for an entry that is not finite;
    /// [`Error::ZeroColumn`] for a column of zeros.
    pub fn new(matrix: DMatrix<T>) -> Result<Self> {
        let (hidden, features) = matrix.shape();
        if hidden == 0 || hidden > features {
            return Err(Error::Shape { hidden, features });
        }
        for (j, column) in matrix.column_iter().enumerate() {
            if let Some(i) = column.iter().position(|entry| !entry.is_finite()) {
                let given = column[i].to_f64();
                return Err(Error::Entry { what: "the operator", row: i, column: j, given });
            }
            if column.iter().all(|&entry| entry == T::zero()) {
                return Err(Error::ZeroColumn { column: j });
            }
        }
        let transpose = matrix.transpose();
        Ok(Self { matrix, transpose, norm: OnceLock::new(), inverse: OnceLock::new() })
    }

    /// The operator of the encoder of a design.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new); a design that drops features has columns of zeros.
    pub fn of_design<D: Design + ?Sized>(design: &D) -> Result<Self> {
        Self::new(design.encoder().map(T::round_from))
    }

    /// The matrix A, n_d × n_s.
    pub fn matrix(&self) -> &DMatrix<T> {
        &self.matrix
    }

    fn column(&self, j: usize) -> &[T] {
        let hidden = self.matrix.nrows();
        &self.matrix.as_slice()[j * hidden..(j + 1) * hidden]
    }

    /// `A Aᵀ`, n_d × n_d, in double precision.
    fn outer(&self) -> DMatrix<f64> {
        let (a, at) = (self.matrix.map(T::to_f64), self.transpose.map(T::to_f64));
        let mut outer = DMatrix::zeros(a.nrows(), a.nrows());
        product(&a, &at, &mut outer);
        outer
    }

    fn invert(&self) -> Option<Inverse<T>> {
        let (outer, hidden) = (self.outer(), self.matrix.nrows());
        let scale = outer.trace() / hidden as f64;
        let close = |(i, j): (usize, usize)| {
            let expected = if i == j { scale } else { 0.0 };
            (outer[(i, j)] - expected).abs() <= TIGHT * scale
        };
        if (0..hidden).all(|j| (0..hidden).all(|i| close((i, j)))) {
            return Some(Inverse::Scaled(T::round_from(scale.recip())));
        }
        let least = f64::EPSILON * hidden as f64 * outer.diagonal().max();
        let factor = Cholesky::new(outer)?;
        // A pivot as small as the rounding of the sums above counts as 0.
        if factor.l_dirty().diagonal().iter().any(|pivot| pivot * pivot <= least) {
            return None;
        }
        let mut matrix = DMatrix::zeros(self.matrix.ncols(), hidden);
        product(&self.transpose.map(T::to_f64), &factor.inverse(), &mut matrix);
        Some(Inverse::Matrix(matrix.map(T::round_from)))
    }

    /// The largest singular value by power iteration on `A Aᵀ`, until 16 more steps add less than a
    /// relative 1e-9.
    fn largest(&self) -> f64 {
        const MOST: usize = 4096;
        let outer = self.outer();
        // The start has no pattern, so that no eigenvector of interest is orthogonal to it.
        let mut v = DMatrix::from_fn(outer.nrows(), 1, |i, _| 1.0 + 0.5 * (i as f64 * 2.399_963).sin());
        let (mut before, mut here) = (0.0, 0.0);
        let mut image = v.clone();
        for step in 0..MOST {
            v /= v.norm();
            product(&outer, &v, &mut image);
            here = image.norm();
            std::mem::swap(&mut v, &mut image);
            if step % 16 == 15 {
                if here <= before * (1.0 + 1e-9) {
                    break;
                }
                before = here;
            }
        }
        here.sqrt()
    }
}

/// Below this number of columns a product is formed from the other side.
const FEW: usize = 256;

/// Computes `out = left · right`, where the shapes fit and `transpose = leftᵀ` is given.
///
/// Threads share the columns of a product. Where there are few columns, `(rightᵀ leftᵀ)ᵀ` is formed
/// instead: its many columns are those of `transpose`, which is read once and never copied.
fn product_by<T: Scalar>(
    left: &DMatrix<T>,
    transpose: &DMatrix<T>,
    right: &DMatrix<T>,
    out: &mut DMatrix<T>,
) {
    if right.ncols() >= FEW {
        return product(left, right, out);
    }
    let mut rows = DMatrix::zeros(right.ncols(), left.nrows());
    product(&right.transpose(), transpose, &mut rows);
    rows.transpose_to(out);
}

/// Computes `out = left · right`, where the shapes fit.
fn product<T: Scalar>(left: &DMatrix<T>, right: &DMatrix<T>, out: &mut DMatrix<T>) {
    let inner = left.ncols();
    let done = multiply(out.as_mut_slice(), left.as_slice(), right.as_slice(), inner);
    debug_assert!(done.is_ok(), "the shapes were checked");
}

impl<T: Scalar> LinearOperator<T> for Dense<T> {
    fn shape(&self) -> (usize, usize) {
        self.matrix.shape()
    }

    fn norm(&self) -> f64 {
        *self.norm.get_or_init(|| self.largest())
    }

    fn apply_into(&self, x: &DMatrix<T>, y: &mut DMatrix<T>) -> Result<()> {
        check_shapes(self.matrix.shape(), x, y)?;
        product_by(&self.matrix, &self.transpose, x, y);
        Ok(())
    }

    fn apply_sparse_into(&self, x: &DMatrix<T>, y: &mut DMatrix<T>) -> Result<()> {
        check_shapes(self.matrix.shape(), x, y)?;
        for_each_column(y.as_mut_slice(), self.matrix.nrows(), 1, |k, y| {
            y.fill(T::zero());
            let x = x.column(k);
            let entries = x.iter().enumerate().filter(|(_, entry)| **entry != T::zero());
            let terms: Vec<(&[T], T)> = entries.map(|(j, &entry)| (self.column(j), entry)).collect();
            add_columns(&terms, y);
        });
        Ok(())
    }

    fn adjoint_into(&self, y: &DMatrix<T>, x: &mut DMatrix<T>) -> Result<()> {
        check_shapes(self.matrix.shape(), x, y)?;
        product_by(&self.transpose, &self.matrix, y, x);
        Ok(())
    }

    fn pseudo_inverse_into(&self, y: &DMatrix<T>, x: &mut DMatrix<T>) -> Result<()> {
        check_shapes(self.matrix.shape(), x, y)?;
        match self.inverse.get_or_init(|| self.invert()) {
            None => return Err(Error::Dependent { rows: self.matrix.nrows() }),
            Some(Inverse::Matrix(inverse)) => product(inverse, y, x),
            Some(Inverse::Scaled(scale)) => {
                product_by(&self.transpose, &self.matrix, y, x);
                *x *= *scale;
            }
        }
        Ok(())
    }

    fn gram_into(&self, column: usize, rows: &[usize], out: &mut [f64]) {
        let own = self.column(column);
        let (fours, rest) = rows.as_chunks::<4>();
        let (out_fours, out_rest) = out.split_at_mut(4 * fours.len());
        for (rows, out) in fours.iter().zip(out_fours.as_chunks_mut::<4>().0) {
            *out = dots(rows.map(|row| self.column(row)), own).map(T::to_f64);
        }
        for (&row, out) in rest.iter().zip(out_rest) {
            *out = dots([self.column(row)], own)[0].to_f64();
        }
    }

    fn gram(&self, columns: Range<usize>) -> DMatrix<f64> {
        let mut gram = DMatrix::zeros(self.matrix.ncols(), columns.len());
        let right = self.matrix.columns(columns.start, columns.len()).into_owned();
        product(&self.transpose, &right, &mut gram);
        gram.map(T::to_f64)
    }
}

/// The products `⟨column, own⟩` of N columns of one length, each in eight partial sums. `own` is
/// read once for all columns.
fn dots<T: Scalar, const N: usize>(columns: [&[T]; N], own: &[T]) -> [T; N] {
    const STRANDS: usize = 8;
    let (chunks, rest) = own.as_chunks::<STRANDS>();
    let split = columns.map(|column| column.as_chunks::<STRANDS>());
    let mut sums = [[T::zero(); STRANDS]; N];
    for (k, own) in chunks.iter().enumerate() {
        for (sums, column) in sums.iter_mut().zip(&split) {
            for ((sum, &a), &b) in sums.iter_mut().zip(&column.0[k]).zip(own) {
                *sum += a * b;
            }
        }
    }
    std::array::from_fn(|n| {
        let last = split[n].1.iter().zip(rest).fold(T::zero(), |sum, (&a, &b)| sum + a * b);
        sums[n].iter().fold(last, |sum, &strand| sum + strand)
    })
}
