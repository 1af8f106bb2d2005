//! The interface of designs: weights that are constructed rather than trained.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Deref;

use nalgebra::{DMatrix, DVector};
use toy_superposition_model::{Activation, Autoencoder};

use crate::error::{check_dense, check_finite, check_length};
use crate::{Result, welch_coherence};

/// A class of features that share one gain, one bias and one coefficient, with the rows that
/// represent the rows of all its features.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Class {
    /// Number of features in the class.
    pub members: usize,
    /// Representative rows of `R`, each with the number of rows that hold the same entries in
    /// another order. If these numbers do not add up to `members`, the rows are a sample.
    pub rows: Vec<(usize, usize)>,
}

impl Class {
    /// Returns whether the representative rows are only a sample.
    pub fn sampled(&self) -> bool {
        self.rows.iter().map(|row| row.1).sum::<usize>() < self.members
    }
}

/// The parameters of a model that are free once `R` is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Setting {
    /// Gain `a`, which is the diagonal of `W` if `c = 0`.
    pub a: f64,
    /// Bias `b`, as it is added to the preactivation.
    pub bias: f64,
    /// Coefficient `c` of the all-ones direction. It may differ from 0 only if [`Design::all_ones`]
    /// returns an eigenvalue.
    pub ones: f64,
}

/// A way to represent n_s features in n_d dimensions.
///
/// ```math
/// y = \mathrm{ReLU}(W x + b), \qquad
/// W = \mathrm{diag}(a)\, R + \frac1{n_s} c\, 1^\mathsf{T}, \qquad R = D E, \quad R_{ii} = 1
/// ```
///
/// | symbol | here | shape |
/// |---|---|---|
/// | E, D | `encoder`, `decoder` | n_d × n_s, n_s × n_d |
/// | a, b, c | [`Setting`]: gain, bias, coefficient of the ones | one of each per class |
///
/// A tight design has `R² = (n_s/n_d) R`. A feature may also be dropped, in which case its row and
/// its column of `R` are zero.
///
/// The expected loss is the mean of a cost over the rows, and rows that hold the same entries in
/// another order have the same cost. A [`Class`] therefore gives one row of each kind, so that a
/// highly symmetric design needs the cost of a single row. The caller chooses the cost, such as the
/// exact loss of `toy-superposition-theory` or a Gaussian approximation.
pub trait Design: Debug {
    /// Returns a short name.
    fn name(&self) -> String;

    /// Returns the number of features n_s.
    fn features(&self) -> usize;

    /// Returns the number of hidden dimensions n_d.
    fn hidden(&self) -> usize;

    /// Returns `E`, n_d × n_s.
    fn encoder(&self) -> DMatrix<f64>;

    /// Returns `D`, n_s × n_d, which is `Eᵀ` by default.
    fn decoder(&self) -> DMatrix<f64> {
        self.encoder().transpose()
    }

    /// Overwrites `row` (length n_s) with row `i` of `R`.
    fn write_row(&self, i: usize, row: &mut [f64]);

    /// Returns the classes of features.
    fn classes(&self) -> Vec<Class>;

    /// Returns the index of the [class](Self::classes) that contains a feature.
    fn class_of(&self, _feature: usize) -> usize {
        0
    }

    /// Returns the eigenvalue λ ≠ 0 of `R` at the vector of ones, if that is both a left and a
    /// right eigenvector. The coefficient of that direction is then free, without another hidden
    /// dimension.
    fn all_ones(&self) -> Option<f64> {
        None
    }

    /// Returns the ratio r = n_d / n_s.
    fn ratio(&self) -> f64 {
        self.hidden() as f64 / self.features() as f64
    }

    /// Returns the dense `R`, n_s × n_s, built row by row.
    fn matrix(&self) -> DMatrix<f64> {
        let n = self.features();
        let (mut matrix, mut row) = (DMatrix::zeros(n, n), vec![0.0; n]);
        for i in 0..n {
            self.write_row(i, &mut row);
            matrix.row_mut(i).iter_mut().zip(&row).for_each(|(to, &entry)| *to = entry);
        }
        matrix
    }

    /// Returns the autoencoder with one setting per class: `W_in = E`,
    /// `W_out = diag(a) D + c 1ᵀD/(n_s λ)`.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) unless there is one setting per class,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a setting that is not finite or for a
    /// non-zero coefficient `c` where [`all_ones`](Self::all_ones) is `None`,
    /// [`Error::Model`](crate::Error::Model) for a design without hidden dimensions or if there is
    /// no memory for the weights.
    fn autoencoder(&self, settings: &[Setting]) -> Result<Autoencoder<f64>> {
        check_length("settings", settings.len(), self.classes().len())?;
        check_dense::<f64>(self.features(), self.hidden())?;
        let encoder = self.encoder();
        let mut decoder = self.decoder();
        let scale =
            self.all_ones().map_or(f64::NAN, |eigenvalue| 1.0 / (self.features() as f64 * eigenvalue));
        let ones = decoder.row_sum() * scale;
        let mut bias = DVector::zeros(self.features());
        for (i, mut row) in decoder.row_iter_mut().enumerate() {
            let Setting { a, bias: b, ones: c } = settings[self.class_of(i)];
            check_finite("a", a)?;
            check_finite("bias", b)?;
            row *= a;
            if c != 0.0 {
                check_finite("coefficient of the all-ones direction", c * scale)?;
                row += &ones * c;
            }
            bias[i] = b;
        }
        Ok(Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu)?)
    }

    /// Returns the coherence and the squared interference of the design, computed from the rows of
    /// its classes, beside their lower bounds.
    fn diagnostics(&self) -> Diagnostics {
        let (mut coherence, mut squares, mut row) = (0.0_f64, 0.0, vec![0.0; self.features()]);
        for class in self.classes() {
            let counted: usize = class.rows.iter().map(|row| row.1).sum();
            for (i, count) in class.rows {
                self.write_row(i, &mut row);
                row[i] = 0.0;
                coherence = row.iter().fold(coherence, |most, entry| most.max(entry.abs()));
                let share = count as f64 / counted as f64 * class.members as f64 / self.features() as f64;
                squares += share * row.iter().map(|entry| entry * entry).sum::<f64>();
            }
        }
        let (features, hidden) = (self.features(), self.hidden());
        Diagnostics {
            coherence,
            welch_coherence: welch_coherence(features, hidden),
            squares,
            welch_squares: (hidden > 0).then(|| features as f64 / hidden as f64 - 1.0),
        }
    }
}

/// A pointer to a design is a design.
impl<P: Deref<Target: Design> + Debug> Design for P {
    fn name(&self) -> String {
        (**self).name()
    }

    fn features(&self) -> usize {
        (**self).features()
    }

    fn hidden(&self) -> usize {
        (**self).hidden()
    }

    fn encoder(&self) -> DMatrix<f64> {
        (**self).encoder()
    }

    fn decoder(&self) -> DMatrix<f64> {
        (**self).decoder()
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        (**self).write_row(i, row);
    }

    fn classes(&self) -> Vec<Class> {
        (**self).classes()
    }

    fn class_of(&self, feature: usize) -> usize {
        (**self).class_of(feature)
    }

    fn all_ones(&self) -> Option<f64> {
        (**self).all_ones()
    }
}

/// The coherence and the squared interference of a design, beside the bounds of Welch (1974) for
/// its shape.
///
/// Both bounds assume a unit diagonal in every row, so they do not apply if features are dropped.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Diagnostics {
    /// `max |R_ij|`, i ≠ j.
    pub coherence: f64,
    /// Lower bound on `coherence`, `√((n_s − n_d)/(n_d (n_s − 1)))`, attained by equiangular tight
    /// frames. `None` for n_d = 0.
    pub welch_coherence: Option<f64>,
    /// Mean over the rows of `Σ_{j≠i} R_ij²`. For the paper's data the mean σ² is `p/3 − p²/4`
    /// times this.
    pub squares: f64,
    /// Lower bound on `squares`, `n_s/n_d − 1`, attained by tight designs with unit diagonal.
    /// `None` for n_d = 0.
    pub welch_squares: Option<f64>,
}

/// A mean over the rows of a design.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RowMean {
    /// Mean over all features.
    pub mean: f64,
    /// Standard error of the mean if rows were sampled, and 0 if the rows represent all others.
    pub standard_error: f64,
}

/// Returns the mean of `cost(row of W, i, b_i)` over all features i, for example of the exact loss.
///
/// # Errors
/// [`Error::Length`](crate::Error::Length) unless there is one setting per class, and the errors of
/// `cost`.
pub fn mean_over_rows<D: Design + ?Sized, E: From<crate::Error>>(
    design: &D,
    settings: &[Setting],
    mut cost: impl FnMut(&[f64], usize, f64) -> std::result::Result<f64, E>,
) -> std::result::Result<RowMean, E> {
    let (classes, features) = (design.classes(), design.features());
    check_length("settings", settings.len(), classes.len())?;
    let (mut mean, mut variance, mut row) = (0.0, 0.0, vec![0.0; features]);
    for (class, setting) in classes.iter().zip(settings) {
        let counted = class.rows.iter().map(|row| row.1).sum::<usize>() as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        for &(i, count) in &class.rows {
            design.write_row(i, &mut row);
            row.iter_mut().for_each(|entry| *entry = setting.a * *entry + setting.ones / features as f64);
            let (cost, weight) = (cost(&row, i, setting.bias)?, count as f64 / counted);
            sum += weight * cost;
            squares += weight * cost * cost;
        }
        let share = class.members as f64 / features as f64;
        mean += share * sum;
        if class.sampled() {
            let spread = (squares - sum * sum).max(0.0) / (class.rows.len() as f64 - 1.0);
            variance += share * share * spread * (1.0 - counted / class.members as f64);
        }
    }
    Ok(RowMean { mean, standard_error: variance.sqrt() })
}

/// The largest number of rows that represent a class.
const MOST_ROWS: usize = 16;

/// Returns the class of all `n` features, with one representative of each kind of row. Rows are of
/// one kind if they hold the same entries in another order, to 1e-9. If there are more than
/// [`MOST_ROWS`] kinds, that number of rows is sampled at even distances.
pub(crate) fn one_class(n: usize, matrix: &DMatrix<f64>) -> Class {
    let mut kinds: BTreeMap<Vec<i64>, (usize, usize)> = BTreeMap::new();
    for i in 0..n {
        let mut key: Vec<i64> =
            (0..n).filter(|&j| j != i).map(|j| (matrix[(i, j)] * 1e9).round() as i64).collect();
        key.sort_unstable();
        kinds.entry(key).or_insert((i, 0)).1 += 1;
        if kinds.len() > MOST_ROWS {
            return sample(n);
        }
    }
    Class { members: n, rows: kinds.into_values().collect() }
}

/// Returns the class of all `n` features, represented by rows at even distances.
pub(crate) fn sample(n: usize) -> Class {
    let count = n.min(MOST_ROWS);
    Class { members: n, rows: (0..count).map(|k| (k * n / count, 1)).collect() }
}
