//! Least squares on a set of features that grows: Cholesky's factor of their Gram matrix, one row
//! at a time.
//!
//! ```math
//! A_S^\top A_S = L L^\top, \qquad L z = A_S^\top y, \qquad L^\top c = z, \qquad \lVert y - A_S c \rVert^2 = \lVert y \rVert^2 - \lVert z \rVert^2
//! ```
//!
//! A new feature costs O(k²): one row of `L` and one entry of `z`.

use toy_superposition_model::Scalar;

use crate::LinearOperator;

/// A pivot below this share of the column's squared norm is rounding: the column depends on those
/// chosen before.
const DEPENDENT: f64 = 1e-10;

/// The features chosen, and their least squares.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActiveSet {
    support: Vec<usize>,
    /// `L` by rows: row `i` has `i + 1` entries.
    factor: Vec<f64>,
    /// `z`.
    forward: Vec<f64>,
    scratch: Vec<f64>,
}

/// A sum of products in eight strands, in one order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut strands = [0.0; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for (strand, (a, b)) in strands.iter_mut().zip(a.iter().zip(b)) {
            *strand += a * b;
        }
    }
    strands.iter().sum::<f64>() + rest
}

/// Where row `i` of the factor begins.
fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

impl ActiveSet {
    /// The features, in the order in which they were chosen.
    pub(crate) fn support(&self) -> &[usize] {
        &self.support
    }

    /// `‖z‖²`, what the features explain of `‖y‖²`.
    pub(crate) fn explained(&self) -> f64 {
        dot(&self.forward, &self.forward)
    }

    /// Adds feature `column` with `⟨a_column, y⟩ = product`; false if its column depends on the
    /// others, and nothing is added. `gram(i, rows, out)` is
    /// [`gram_into`](LinearOperator::gram_into).
    pub(crate) fn add(
        &mut self,
        gram: &impl Fn(usize, &[usize], &mut [f64]),
        column: usize,
        product: f64,
    ) -> bool {
        let k = self.support.len();
        self.support.push(column);
        let mut line = std::mem::take(&mut self.scratch);
        line.clear();
        line.resize(k + 1, 0.0);
        gram(column, &self.support, &mut line);
        for i in 0..k {
            let own = &self.factor[row(i)..row(i + 1)];
            line[i] = (line[i] - dot(&own[..i], &line[..i])) / own[i];
        }
        let square = line[k];
        let pivot = square - dot(&line[..k], &line[..k]);
        let independent = pivot > DEPENDENT * square;
        if independent {
            line[k] = pivot.sqrt();
            self.forward.push((product - dot(&line[..k], &self.forward)) / line[k]);
            self.factor.extend_from_slice(&line);
        } else {
            self.support.pop();
        }
        self.scratch = line;
        independent
    }

    /// The coefficients `c`, in the order of [`support`](Self::support).
    pub(crate) fn coefficients(&self) -> Vec<f64> {
        let mut rest = self.forward.clone();
        for i in (0..rest.len()).rev() {
            let own = &self.factor[row(i)..row(i + 1)];
            rest[i] /= own[i];
            let c = rest[i];
            rest[..i].iter_mut().zip(own).for_each(|(rest, entry)| *rest -= c * entry);
        }
        rest
    }

    /// The least squares on `support`, without the columns that depend on others before them.
    pub(crate) fn of<T: Scalar>(operator: &dyn LinearOperator<T>, support: &[usize], products: &[T]) -> Self {
        let gram = |column: usize, rows: &[usize], out: &mut [f64]| operator.gram_into(column, rows, out);
        let mut set = Self::default();
        for &column in support {
            set.add(&gram, column, products[column].to_f64());
        }
        set
    }

    /// The coefficients at their places in `x`, zeros elsewhere.
    pub(crate) fn write<T: Scalar>(&self, x: &mut [T]) {
        x.fill(T::zero());
        for (&j, c) in self.support.iter().zip(self.coefficients()) {
            x[j] = T::round_from(c);
        }
    }
}

/// The `count` entries of the greatest `size` above 0, the greatest first; of equals the earlier
/// one.
pub(crate) fn largest<T: Scalar>(values: &[T], count: usize, size: impl Fn(f64) -> f64) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> = values
        .iter()
        .enumerate()
        .map(|(j, value)| (size(value.to_f64()), j))
        .filter(|&(size, _)| size > 0.0)
        .collect();
    let before = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if count < order.len() && count > 0 {
        order.select_nth_unstable_by(count - 1, before);
    }
    order.truncate(count);
    order.sort_unstable_by(before);
    order.into_iter().map(|(_, j)| j).collect()
}
