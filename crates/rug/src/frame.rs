//! Designs that are given by their encoder, and the families that are constructed this way.

use nalgebra::DMatrix;
use rand::Rng;
use toy_superposition_data::standard_normal;

use crate::design::{Class, Design, one_class, sample};
use crate::orders::{conference_matrix, hadamard_of_order};
use crate::{Error, Result};

/// A design with a dense encoder.
///
/// | family | n_s | n_d | R_ij, i ≠ j |
/// |---|---|---|---|
/// | [`hadamard`](Frame::hadamard) | an [order](crate::construction) | any | a rug of that order |
/// | [`haar`](Frame::haar) | any | any | a random projector, its rows scaled to unit diagonal |
/// | [`harmonic`](Frame::harmonic) | any | any | `Σ_{k∈K} cos(2πk(i−j)/n_s)`, scaled: circulant |
/// | [`simplex`](Frame::simplex) | any | n_s − 1 | `−1/n_d` |
/// | [`paley`](Frame::paley) | q + 1, q ≡ 1 (mod 4) a prime power | n_s/2 | `±1/√q`: equiangular |
/// | [`steiner`](Frame::steiner) | see its table | see its table | `±1/ρ`: equiangular |
///
/// The frames of strongly regular graphs are [`EigenspaceFrame`](crate::EigenspaceFrame)s.
///
/// All of them except Haar's are tight frames of unit vectors: `R = EᵀE`, `R² = (n_s/n_d) R`.
///
/// ```
/// use toy_superposition_rug::{Design, Frame};
/// // Paley's equiangular tight frame: 6 lines in 3 dimensions at the Welch bound, |cos| = 1/√5.
/// let frame = Frame::paley(6)?;
/// assert_eq!((frame.features(), frame.hidden()), (6, 3));
/// assert!((frame.matrix()[(0, 1)].abs() - 1.0 / 5.0_f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), toy_superposition_rug::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    name: String,
    encoder: DMatrix<f64>,
    /// The decoder, or `None` if it is the transposed encoder.
    decoder: Option<DMatrix<f64>>,
    class: Class,
    all_ones: Option<f64>,
}

impl Frame {
    /// Returns the frame whose vectors are the columns of `encoder` (n_d × n_s), divided by their
    /// norms.
    ///
    /// # Errors
    /// [`Error::Hidden`] unless `1 ≤ n_d ≤ n_s`, [`Error::NotFinite`] for an entry that is not
    /// finite or a column of zeros.
    pub fn new(name: &str, encoder: DMatrix<f64>) -> Result<Self> {
        check_shape(encoder.nrows(), encoder.ncols())?;
        let mut encoder = encoder;
        for mut column in encoder.column_iter_mut() {
            let norm = column.norm();
            if !(norm > 0.0 && norm.is_finite()) {
                return Err(Error::NotFinite { what: "1/norm of a column", given: 1.0 / norm });
            }
            column /= norm;
        }
        Ok(Self::classified(name.to_owned(), encoder, None))
    }

    /// Returns the design with rows of one kind grouped, unless the matrix is too large for that.
    fn classified(name: String, encoder: DMatrix<f64>, class: Option<Class>) -> Self {
        const MOST: usize = 1024;
        let n = encoder.ncols();
        let class = class.unwrap_or_else(|| match n {
            0..=MOST => one_class(n, &(encoder.transpose() * &encoder)),
            _ => sample(n),
        });
        let image = encoder.transpose() * encoder.column_sum();
        let mean = image.mean();
        let constant = mean > 1e-6 && image.iter().all(|entry| (entry - mean).abs() < 1e-9 * mean);
        Self { name, encoder, decoder: None, class, all_ones: constant.then_some(mean) }
    }

    /// Returns a design whose rows all hold the same entries.
    fn alike(name: String, encoder: DMatrix<f64>) -> Self {
        let n = encoder.ncols();
        Self::classified(name, encoder, Some(Class { members: n, rows: vec![(0, n)] }))
    }

    /// Returns the rug of the given rows of the [Hadamard matrix](crate::hadamard_of_order) of
    /// order `features`.
    ///
    /// # Errors
    /// [`Error::NoSuchOrder`] if no construction gives that matrix, and the errors of
    /// [`PersianRug::new`](crate::PersianRug::new) for the rows.
    pub fn hadamard(features: usize, rows: &[usize]) -> Result<Self> {
        check_shape(rows.len(), features)?;
        let matrix = hadamard_of_order(features)?;
        let mut sorted = rows.to_vec();
        sorted.sort_unstable();
        if let Some(&given) = sorted.last().filter(|&&row| row >= features) {
            return Err(Error::OutOfRange { given, features });
        }
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Repeated { given: pair[0] });
        }
        let encoder = matrix.select_rows(&sorted) / (rows.len() as f64).sqrt();
        Ok(Self::classified("Hadamard rug".to_owned(), encoder, None))
    }

    /// Returns a random projector P of rank n_d, drawn from Haar's measure, with each row divided
    /// by its diagonal entry: `R_ij = P_ij/P_ii`.
    ///
    /// # Errors
    /// [`Error::Hidden`] unless `1 ≤ n_d ≤ n_s`.
    pub fn haar<R: Rng + ?Sized>(features: usize, hidden: usize, rng: &mut R) -> Result<Self> {
        check_shape(hidden, features)?;
        let encoder = DMatrix::from_fn(features, hidden, |_, _| standard_normal(rng)).qr().q().transpose();
        let mut decoder = encoder.transpose();
        decoder.row_iter_mut().for_each(|mut row| row /= row.norm_squared());
        let class = sample(features);
        Ok(Self { name: "Haar projector".to_owned(), encoder, decoder: Some(decoder), class, all_ones: None })
    }

    /// Returns the real harmonic frame of the frequencies `K`. A frequency with `0 < 2k < n_s`
    /// contributes a cosine and a sine; one with `2k ∈ {0, n_s}` contributes a single row.
    ///
    /// ```math
    /// R_{ij} = \frac1{n_d} \sum_{k \in K} m_k \cos\frac{2\pi k (i - j)}{n_s}, \qquad
    /// m_k = \begin{cases} 1 & 2k \in \{0, n_s\} \\ 2 & \text{else} \end{cases}, \quad
    /// n_d = \sum_k m_k
    /// ```
    ///
    /// Every row is a cyclic shift of row 0. `K = {1}` gives the regular polygon.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for `2k > n_s`, [`Error::Repeated`] for a frequency given twice,
    /// [`Error::Hidden`] for no frequency.
    pub fn harmonic(features: usize, frequencies: &[usize]) -> Result<Self> {
        let single = |k: usize| k == 0 || 2 * k == features;
        let hidden: usize = frequencies.iter().map(|&k| if single(k) { 1 } else { 2 }).sum();
        if let Some(&given) = frequencies.iter().find(|&&k| 2 * k > features) {
            return Err(Error::OutOfRange { given, features: features / 2 + 1 });
        }
        if let Some((k, &given)) = frequencies.iter().enumerate().find(|(k, f)| frequencies[..*k].contains(f))
        {
            debug_assert!(k > 0);
            return Err(Error::Repeated { given });
        }
        check_shape(hidden, features)?;
        // The angle is reduced first, so that the entries of all features are equally accurate.
        let angle =
            |k: usize, j: usize| std::f64::consts::TAU * ((k * j) % features) as f64 / features as f64;
        let mut rows = Vec::with_capacity(hidden);
        for &k in frequencies {
            let scale = (if single(k) { 1.0 } else { 2.0 } / hidden as f64).sqrt();
            rows.push((0..features).map(|j| scale * angle(k, j).cos()).collect::<Vec<_>>());
            if !single(k) {
                rows.push((0..features).map(|j| scale * angle(k, j).sin()).collect());
            }
        }
        let encoder = DMatrix::from_fn(hidden, features, |k, j| rows[k][j]);
        let name = if frequencies == [1] { format!("{features}-gon") } else { "harmonic".to_owned() };
        Ok(Self::alike(name, encoder))
    }

    /// Returns a harmonic frame of `hidden` dimensions with random frequencies. Frequency 0, whose
    /// row is all ones, is used only if it is needed.
    ///
    /// # Errors
    /// [`Error::Hidden`] unless `1 ≤ n_d ≤ n_s`.
    pub fn random_harmonic<R: Rng + ?Sized>(features: usize, hidden: usize, rng: &mut R) -> Result<Self> {
        check_shape(hidden, features)?;
        let pairs = (features - 1) / 2;
        // Frequencies that contribute a single row are 0 and, for even n_s, n_s/2.
        let singles: &[usize] = if features.is_multiple_of(2) { &[features / 2, 0] } else { &[0] };
        let count = (hidden / 2).min(pairs);
        let mut frequencies: Vec<usize> =
            rand::seq::index::sample(rng, pairs, count).into_iter().map(|k| k + 1).collect();
        frequencies.extend(&singles[..hidden - 2 * count]);
        frequencies.sort_unstable();
        Self::harmonic(features, &frequencies)
    }

    /// Returns the corners of a regular simplex: n_s vectors in n_s − 1 dimensions,
    /// `R_ij = −1/(n_s − 1)`. A simplex of two corners is an antipodal pair.
    ///
    /// # Errors
    /// [`Error::Hidden`] for fewer than two corners.
    pub fn simplex(corners: usize) -> Result<Self> {
        check_shape(corners.wrapping_sub(1), corners)?;
        // This is Helmert's matrix without its row of ones.
        let encoder = DMatrix::from_fn(corners - 1, corners, |k, j| {
            let k = k + 1;
            let entry = if j < k {
                1.0
            } else if j == k {
                -(k as f64)
            } else {
                0.0
            };
            entry / ((k * (k + 1)) as f64 * (1.0 - 1.0 / corners as f64)).sqrt()
        });
        let name = if corners == 2 { "antipodal pair".to_owned() } else { format!("{corners}-simplex") };
        Ok(Self::alike(name, encoder))
    }

    /// Returns the equiangular tight frame of Paley's conference matrix C: `R = 1 + C/√(n_s − 1)`,
    /// n_d = n_s/2.
    ///
    /// # Errors
    /// [`Error::NoSuchOrder`] unless n_s − 1 is a prime power equal to 1 modulo 4.
    pub fn paley(features: usize) -> Result<Self> {
        let scale = 1.0 / (features as f64 - 1.0).sqrt();
        let matrix = DMatrix::identity(features, features) + conference_matrix(features)? * scale;
        Ok(Self::classified("Paley frame".to_owned(), factor_dense(&matrix, features / 2), None))
    }

    /// Returns the equiangular tight frame of a Steiner system (Fickus, Mixon and Tremain, "Steiner
    /// equiangular tight frames", Linear Algebra Appl. 436, 2012).
    ///
    /// In a system of `v` points, any two points lie in exactly one block of `k` points, and each
    /// point lies in `ρ = (v − 1)/(k − 1)` blocks. Every point gives ρ + 1 vectors supported on its
    /// blocks, where their entries are the rows, except the first, of a Hadamard matrix of order
    /// `ρ + 1`. Hence `n_s = v (ρ + 1)`, `n_d = v ρ/k` and `R_ij = ±1/ρ`, with `−1/ρ` between
    /// vectors of one point.
    ///
    /// | block | v | n_s | n_d |
    /// |---|---|---|---|
    /// | 2: all pairs | any order of a Hadamard matrix | v² | v(v − 1)/2 |
    /// | 3: Bose's triples (1939) | v ≡ 3 (mod 6) | v(v + 1)/2 | v(v − 1)/6 |
    /// | 3: `{x, y, x ⊕ y}` | 2ᵐ − 1, m ≥ 3 | v(v + 1)/2 | v(v − 1)/6 |
    ///
    /// For triples, (v + 1)/2 must be the order of a Hadamard matrix.
    ///
    /// # Errors
    /// [`Error::NoSuchOrder`] if that matrix, [`Error::NoSuchSet`] if that system cannot be
    /// constructed.
    pub fn steiner(points: usize, block: usize) -> Result<Self> {
        let needs = "blocks of 2, or blocks of 3 of 6t + 3 or 2ᵐ − 1 points, at least 7";
        let none = Error::NoSuchSet { family: "Steiner system", features: points, needs };
        let blocks = steiner_system(points, block).ok_or(none)?;
        let degree = (points - 1) / (block - 1);
        let hadamard = hadamard_of_order(degree + 1)?;
        // Each block of the point takes one row, all but the first, which is all ones.
        let mut used = vec![0; points];
        let mut encoder = DMatrix::zeros(blocks.len(), points * (degree + 1));
        let scale = 1.0 / (degree as f64).sqrt();
        for (b, block) in blocks.iter().enumerate() {
            for &point in block {
                used[point] += 1;
                let entries = hadamard.row(used[point]) * scale;
                encoder.view_mut((b, point * (degree + 1)), (1, degree + 1)).copy_from(&entries);
            }
        }
        Ok(Self::classified("Steiner frame".to_owned(), encoder, None))
    }

    /// Returns Naimark's complement of a tight frame, `R' = (n_s 1 − n_d R)/(n_s − n_d)`, in
    /// `n_s − n_d` dimensions. The complement of an equiangular frame is equiangular, with the
    /// opposite signs.
    ///
    /// # Errors
    /// [`Error::Hidden`] if n_d = n_s.
    pub fn complement(&self) -> Result<Self> {
        let (n, d) = (self.features(), self.hidden());
        check_shape(n - d, n)?;
        let (features, hidden, rest) = (n as f64, d as f64, (n - d) as f64);
        let matrix = (DMatrix::identity(n, n) * features - self.matrix() * hidden) / rest;
        Ok(Self::classified(
            format!("complement of {}", self.name),
            factor_dense(&matrix, n - d),
            Some(self.class.clone()),
        ))
    }
}

impl Design for Frame {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn features(&self) -> usize {
        self.encoder.ncols()
    }

    fn hidden(&self) -> usize {
        self.encoder.nrows()
    }

    fn encoder(&self) -> DMatrix<f64> {
        self.encoder.clone()
    }

    fn decoder(&self) -> DMatrix<f64> {
        self.decoder.clone().unwrap_or_else(|| self.encoder.transpose())
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        let scale = if self.decoder.is_some() { 1.0 / self.encoder.column(i).norm_squared() } else { 1.0 };
        let own = self.encoder.column(i);
        row.iter_mut()
            .zip(self.encoder.column_iter())
            .for_each(|(entry, column)| *entry = scale * own.dot(&column));
    }

    fn classes(&self) -> Vec<Class> {
        vec![self.class.clone()]
    }

    fn all_ones(&self) -> Option<f64> {
        self.all_ones
    }
}

/// Returns an error unless `1 ≤ n_d ≤ n_s`.
fn check_shape(hidden: usize, features: usize) -> Result<()> {
    let fits = (1..=features).contains(&hidden);
    if fits { Ok(()) } else { Err(Error::Hidden { given: hidden, features }) }
}

/// Returns `E` (rank × n) with `EᵀE = M`, for a positive semidefinite `M` (n × n) of the given
/// rank. `write_row` overwrites its second argument with row `i` of `M`. The method is Cholesky's
/// factorisation with the largest pivot first. It reads only `rank` rows of `M` and its diagonal,
/// and never stores `M`.
pub(crate) fn factor(n: usize, rank: usize, write_row: impl Fn(usize, &mut [f64])) -> DMatrix<f64> {
    let (mut encoder, mut row) = (DMatrix::zeros(rank, n), vec![0.0; n]);
    let mut rest: Vec<f64> = (0..n)
        .map(|i| {
            write_row(i, &mut row);
            row[i]
        })
        .collect();
    for k in 0..rank {
        let pivot = (0..n).max_by(|&i, &j| rest[i].total_cmp(&rest[j])).unwrap_or(0);
        write_row(pivot, &mut row);
        let own: Vec<f64> = encoder.column(pivot).rows(0, k).iter().copied().collect();
        let scale = 1.0 / rest[pivot].sqrt();
        for (j, (mut column, entry)) in encoder.column_iter_mut().zip(&row).enumerate() {
            let known: f64 = column.iter().zip(&own).map(|(a, b)| a * b).sum();
            column[k] = (entry - known) * scale;
            rest[j] -= column[k] * column[k];
        }
    }
    encoder
}

/// Returns [`factor`] of a symmetric matrix that is stored.
fn factor_dense(matrix: &DMatrix<f64>, rank: usize) -> DMatrix<f64> {
    factor(matrix.nrows(), rank, |i, row| row.copy_from_slice(matrix.column(i).as_slice()))
}

/// Returns the blocks of a Steiner system (see [`Frame::steiner`]).
fn steiner_system(points: usize, block: usize) -> Option<Vec<Vec<usize>>> {
    let pairs = |n: usize| (0..n).flat_map(move |x| (x + 1..n).map(move |y| (x, y)));
    match block {
        2 if points >= 2 => Some(pairs(points).map(|(x, y)| vec![x, y]).collect()),
        // Points are the non-zero binary numbers, minus 1.
        3 if points >= 7 && (points + 1).is_power_of_two() => Some(
            pairs(points)
                .map(|(x, y)| (x, y, ((x + 1) ^ (y + 1)) - 1))
                .filter(|&(_, y, z)| y < z)
                .map(|(x, y, z)| vec![x, y, z])
                .collect(),
        ),
        // Bose's construction takes three copies of the integers modulo 2t + 1, where halving is
        // multiplication by t + 1.
        3 if points >= 9 && points % 6 == 3 => {
            let n = points / 3;
            let half = n.div_ceil(2);
            let columns = (0..n).map(|x| vec![x, x + n, x + 2 * n]);
            let mixed = pairs(n).flat_map(|(x, y)| {
                let middle = (x + y) * half % n;
                (0..3).map(move |copy| vec![x + copy * n, y + copy * n, middle + (copy + 1) % 3 * n])
            });
            Some(columns.chain(mixed).collect())
        }
        _ => None,
    }
}
