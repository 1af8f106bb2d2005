//! Least squares on a growing set of features, by the Cholesky factor of their Gram matrix, one row
//! at a time.
//!
//! ```math
//! A_S^\top A_S = L L^\top, \qquad L z = A_S^\top y, \qquad L^\top c = z, \qquad \lVert y - A_S c \rVert^2 = \lVert y \rVert^2 - \lVert z \rVert^2
//! ```
//!
//! A new feature adds one row to `L` and one entry to `z`, in O(k²) operations.

use toy_superposition_model::Scalar;

use crate::LinearOperator;

/// A pivot below this share of the squared norm of the column is rounding: the column depends on
/// the columns that were chosen before.
const DEPENDENT: f64 = 1e-10;

/// The chosen features and their least squares.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActiveSet {
    support: Vec<usize>,
    /// The factor `L` by rows, where row `i` has `i + 1` entries.
    factor: Vec<f64>,
    /// The vector `z`.
    forward: Vec<f64>,
    scratch: Vec<f64>,
}

/// The sum of products, in eight partial sums that are added in a fixed order.
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

/// The index at which row `i` of the factor begins.
fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

impl ActiveSet {
    /// The features, in the order in which they were chosen.
    pub(crate) fn support(&self) -> &[usize] {
        &self.support
    }

    /// `‖z‖²`, the part of `‖y‖²` that the features explain.
    pub(crate) fn explained(&self) -> f64 {
        dot(&self.forward, &self.forward)
    }

    /// Adds feature `column`, where `⟨a_column, y⟩ = product`. Returns false and adds nothing if
    /// its column depends on the others. `gram(i, rows, out)` is
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

    /// The least squares on `support`, where columns that depend on earlier columns are left out.
    pub(crate) fn of<T: Scalar>(operator: &dyn LinearOperator<T>, support: &[usize], products: &[T]) -> Self {
        let gram = |column: usize, rows: &[usize], out: &mut [f64]| operator.gram_into(column, rows, out);
        let mut set = Self::default();
        for &column in support {
            set.add(&gram, column, products[column].to_f64());
        }
        set
    }

    /// Writes the coefficients to their places in `x`, and zeros elsewhere.
    pub(crate) fn write<T: Scalar>(&self, x: &mut [T]) {
        x.fill(T::zero());
        for (&j, c) in self.support.iter().zip(self.coefficients()) {
            x[j] = T::round_from(c);
        }
    }
}

/// The indices of the `count` entries of the greatest `size` above 0, the greatest first. Among
/// equal entries the earlier comes first.
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

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn the_largest_are_above_zero_and_the_earlier_first() {
        let values = [0.0, 2.0, 0.0, 3.0, -1.0, 2.0];
        assert_eq!(largest(&values, 6, |value| value), [3, 1, 5]);
        assert_eq!(largest(&values, 2, |value| value), [3, 1]);
        assert_eq!(largest(&values, 4, f64::abs), [3, 1, 5, 4]);
        assert!(largest(&values, 0, f64::abs).is_empty());
    }
}
