//! The Persian rug (paper, section 4.2.2): a scaled projector with unit diagonal that consists of
//! rows of a Hadamard matrix.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand::seq::index;
use toy_superposition_data::Moments;
use toy_superposition_model::{Activation, Autoencoder, check_memory};

use crate::design::{Class, Design};
use crate::error::{check_dense, check_finite, log2};
use crate::{Error, Result, hadamard_entry, transform};

/// The Persian rug of n_d rows `S` of the Hadamard matrix of order n_s.
///
/// ```math
/// R_{ij} = \frac{1}{n_d} \sum_{k \in S} H_{ik} H_{kj}
///        = g(i \oplus j), \qquad g = \frac{H 1_S}{n_d}, \qquad |S| = n_d
/// ```
///
/// | symbol | here | |
/// |---|---|---|
/// | n_s = 2ᵐ | `features` | order of `H` |
/// | n_d | `hidden` | size of `S` |
/// | S | `rows` | distinct rows of `H`, counted from 0 (the paper counts from 1) |
/// | g | `first_row` | row 0 of `R` |
///
/// `R` is symmetric, has unit diagonal and rank n_d, and satisfies `R² = (n_s/n_d) R`, so its
/// non-zero eigenvalues are n_s/n_d. Row `i` is a permutation of row 0, so every row has the same
/// interference: the permutation symmetry that the paper calls statistical holds exactly, for every
/// row.
///
/// The row sum depends on whether `S` contains 0, the row of ones:
///
/// ```math
/// \sum_j R_{ij} = \sum_j g(j) = \frac{n_s}{n_d} [0 \in S], \qquad
/// \sum_{j \ne i} R_{ij} = \frac{n_s}{n_d} [0 \in S] - 1
/// ```
///
/// Replacing `S` by `S ⊕ t` turns `R_ij` into `h_i R_ij h_j`, with `h_i = (−1)^popcount(i ∧ t)`.
/// The magnitudes are unchanged, but the signs, the row sum and the skewness of the interference
/// may change.
///
/// The following families have a lower coherence, more zeros or less positive interference than a
/// random set:
///
/// | rug | n_s | n_d | off-diagonal entries |
/// |---|---|---|---|
/// | [`difference_set`](Self::difference_set) | 4ᵏ | 2²ᵏ⁻¹ ± 2ᵏ⁻¹ | `±2ᵏ⁻¹/n_d`: equiangular, at the Welch bound |
/// | [`simplices`](Self::simplices) | 2ᵐ | n_s(1 − 1/c), c = 2ᵗ | `−1/(c − 1)` among c features, else 0 |
/// | [`cubes`](Self::cubes) | 4ᵏ | 2ᵏ | at most about √2 (odd k) or 2 (even k) times the Welch bound |
/// | [`ovoid`](Self::ovoid) | q⁴, q = 2ᵉ | (q² + 1)(q − 1) | `−(q² − q + 1)/n_d`, n_d times, and `(q − 1)/n_d` |
/// | [`sum_free`](Self::sum_free) | 2ᵐ | up to n_s/2 | −1 once (the antipode); every other value as often as its negative |
///
/// ```
/// use toy_superposition_rug::PersianRug;
/// let rug = PersianRug::new(8, &[1, 2, 4])?;
/// assert_eq!((rug.features(), rug.hidden()), (8, 3));
/// // R_ij = (1/n_d) Σ_k H_ki H_kj: signs of three rows.
/// assert_eq!((rug.entry(5, 5), rug.entry(0, 7)), (1.0, -1.0));
/// # Ok::<(), toy_superposition_rug::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersianRug {
    features: usize,
    rows: Vec<usize>,
}

impl PersianRug {
    /// Returns the rug of the given rows `S` of `H`, in any order.
    ///
    /// # Errors
    /// [`Error::NotPowerOfTwo`] unless n_s is a power of two in `1..=2³¹`, [`Error::Hidden`] if
    /// `rows` is empty or longer than n_s, [`Error::OutOfRange`] for a row not below n_s,
    /// [`Error::Repeated`] for a row that occurs twice,
    /// [`TooLarge`](toy_superposition_model::Error::TooLarge) if there is no memory for a few rows
    /// of `R`.
    pub fn new(features: usize, rows: &[usize]) -> Result<Self> {
        order(features)?;
        check_hidden(rows.len(), features)?;
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        if let Some(&given) = rows.last().filter(|&&row| row >= features) {
            return Err(Error::OutOfRange { given, features });
        }
        if let Some(pair) = rows.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Repeated { given: pair[0] });
        }
        Ok(Self { features, rows })
    }

    /// Draws the rug of n_d rows without replacement, where every set is equally likely.
    ///
    /// # Errors
    /// [`Error::NotPowerOfTwo`] unless n_s is a power of two in `1..=2³¹`, [`Error::Hidden`] unless
    /// `1 ≤ n_d ≤ n_s`, [`TooLarge`](toy_superposition_model::Error::TooLarge) if there is no
    /// memory for a few rows of `R`.
    pub fn random<R: Rng + ?Sized>(features: usize, hidden: usize, rng: &mut R) -> Result<Self> {
        order(features)?;
        check_hidden(hidden, features)?;
        let mut rows = index::sample(rng, features, hidden).into_vec();
        rows.sort_unstable();
        Ok(Self { features, rows })
    }

    /// Returns the number of features n_s = 2ᵐ.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Returns the number of hidden dimensions n_d.
    pub fn hidden(&self) -> usize {
        self.rows.len()
    }

    /// Returns the ratio r = n_d / n_s.
    pub fn ratio(&self) -> f64 {
        self.hidden() as f64 / self.features as f64
    }

    /// Returns the rows `S` of `H`, in increasing order.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Returns the rug of `S ⊕ t`. Its `R_ij` has the same magnitude, and the opposite sign if
    /// `popcount(t ∧ (i ⊕ j))` is odd. `t` is taken modulo n_s.
    #[must_use]
    pub fn shifted(&self, t: usize) -> Self {
        let t = t & (self.features - 1);
        let mut rows: Vec<_> = self.rows.iter().map(|k| k ^ t).collect();
        rows.sort_unstable();
        Self { features: self.features, rows }
    }

    /// Returns `R_ij` by the definition, in O(n_d). `i` and `j` are taken modulo n_s.
    pub fn entry(&self, i: usize, j: usize) -> f64 {
        let shift = i ^ j;
        self.rows.iter().map(|&k| f64::from(hadamard_entry(shift, k))).sum::<f64>() / self.hidden() as f64
    }

    /// Returns row 0 of `R`, `g(j) = R_{i, i⊕j}`, length n_s, in O(n_s log n_s). Each entry is an
    /// exact integer divided by n_d, with one rounding.
    pub fn first_row(&self) -> Vec<f64> {
        let mut row = vec![0.0; self.features];
        self.rows.iter().for_each(|&k| row[k] = 1.0);
        transform(&mut row).expect("the order is a power of two");
        let hidden = self.hidden() as f64;
        row.iter_mut().for_each(|entry| *entry /= hidden);
        row
    }

    /// Returns the dense `R`, n_s × n_s.
    pub fn to_matrix<T: toy_superposition_data::Scalar>(&self) -> DMatrix<T> {
        let row = self.first_row();
        DMatrix::from_fn(self.features, self.features, |i, j| T::round_from(row[i ^ j]))
    }

    /// Returns `Σ_{j≠i} R_ij`, which is the same for every `i`: `n_s/n_d − 1` if `S` contains 0,
    /// and `−1` otherwise.
    pub fn off_diagonal_sum(&self) -> f64 {
        if self.rows[0] == 0 { self.features as f64 / self.hidden() as f64 - 1.0 } else { -1.0 }
    }

    /// Returns the bias to be added so that `y_i = ReLU(Σ_j a R_ij x_j + b_i)` has the given
    /// effective bias:
    ///
    /// ```math
    /// b_i = b^{\mathrm{effective}} - a\, \mathbb{E}x \sum_{j \ne i} R_{ij}
    /// ```
    ///
    /// Then `y_i = ReLU(a(x_i + ν_i) + b^effective)`, where the interference ν_i has mean zero (the
    /// paper absorbs the mean into the bias, section 4.1). For the paper's data `E x = p/2`. A bias
    /// `b` inside the gain, as in `ReLU(a(x + ν + b))`, is the effective bias `a b`.
    pub fn raw_bias(&self, a: f64, effective_bias: f64, feature: &Moments) -> f64 {
        effective_bias - a * feature.mean * self.off_diagonal_sum()
    }

    /// Returns the encoder `E = H_S/√n_d`, n_d × n_s, for which `R = EᵀE`. Its columns are unit
    /// vectors, one per feature.
    pub fn to_encoder<T: toy_superposition_data::Scalar>(&self) -> DMatrix<T> {
        let scale = 1.0 / (self.hidden() as f64).sqrt();
        let (plus, minus) = (T::round_from(scale), T::round_from(-scale));
        DMatrix::from_fn(self.hidden(), self.features, |k, j| {
            if hadamard_entry(self.rows[k], j) > 0 { plus } else { minus }
        })
    }

    /// Returns the dense autoencoder `y = ReLU(a R x + b)`, with `W_in = H_S/√n_d` (n_d × n_s) and
    /// `W_out = a W_inᵀ`, so that `W = a R`. Every feature has the same bias `b`, as it is added
    /// (see [`raw_bias`](Self::raw_bias)).
    ///
    /// # Errors
    /// [`Error::NotFinite`] unless `a` and `bias` are finite,
    /// [`TooLarge`](toy_superposition_model::Error::TooLarge) if there is no memory for the dense
    /// weights.
    pub fn to_autoencoder<T: toy_superposition_model::Scalar>(
        &self,
        a: f64,
        bias: f64,
    ) -> Result<Autoencoder<T>> {
        check_finite("a", a)?;
        check_finite("bias", bias)?;
        check_dense::<T>(self.features, self.hidden())?;
        let encoder = self.to_encoder::<T>();
        let decoder = encoder.transpose() * T::round_from(a);
        let bias = DVector::from_element(self.features, T::round_from(bias));
        Ok(Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu)?)
    }
}

/// Every row holds the same entries. Use [`MatrixFreeRug`](crate::MatrixFreeRug) instead of the
/// dense matrices for large sizes.
impl Design for PersianRug {
    fn name(&self) -> String {
        "Persian rug".to_owned()
    }

    fn features(&self) -> usize {
        self.features
    }

    fn hidden(&self) -> usize {
        self.rows.len()
    }

    fn encoder(&self) -> DMatrix<f64> {
        self.to_encoder()
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        for (j, &g) in self.first_row().iter().enumerate() {
            row[i ^ j] = g;
        }
    }

    fn classes(&self) -> Vec<Class> {
        vec![Class { members: self.features, rows: vec![(0, self.features)] }]
    }

    fn all_ones(&self) -> Option<f64> {
        (self.rows[0] == 0).then_some(1.0 / self.ratio())
    }
}

/// Returns `log₂ n_s`, or an error if n_s is not a power of two or there is no memory for a few
/// rows of `R`.
pub(crate) fn order(features: usize) -> Result<u32> {
    /// The largest number of rows, in double precision, that a method of a rug holds at once.
    const ROWS: u128 = 4;
    let order = log2(features)?;
    check_memory("a few rows of the rug", ROWS * 8 * features as u128)?;
    Ok(order)
}

/// Returns an error unless n_d is in `1..=n_s`.
fn check_hidden(given: usize, features: usize) -> Result<()> {
    if (1..=features).contains(&given) { Ok(()) } else { Err(Error::Hidden { given, features }) }
}
