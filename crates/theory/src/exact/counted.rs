//! The exact loss as a function of how often each value occurs in a row.

use nalgebra::Complex;
use pulp::Arch;

use super::interference::path_moments;
use super::law::Prepared;
use super::periodic::uniform_transforms;
use super::row::Output;
use super::unit::Unit;
use super::{FeatureLaw, check_row, check_tolerance};
use crate::error::finite;
use crate::{Error, Result};

/// The largest number of entries of a row.
const MOST_ENTRIES: u64 = 1 << 24;
/// The largest number of nodes.
const MOST_NODES: u32 = 1 << 14;
/// The number of nodes that are computed side by side.
const LANES: usize = 8;

/// The exact loss of an output for any counts of given weights. It is fast where many rows of the
/// same values are compared, as in a search for good sets of rows of a Hadamard matrix.
///
/// Where the entries of a row off the diagonal are `w_1, …, w_V`, with `w_v` occurring `n_v` times,
/// the loss of the output depends on the counts alone. On a fixed set of nodes it is
/// ```text
/// L(n) = C + Σ_v β_v n_v + Σ_k a_k E Tᵏ(κ) + Re Σ_m H_m exp(Σ_v n_v log K_v(s_m)) ,   κ_r = Σ_v n_v w_vʳ κ_r(x) ,
/// ```
/// with tables `β`, `a`, `H` and `log K` that depend on the weights alone. It is the series of
/// [`exact_row_loss`], with `K_v(s) = 1 − p + p (e^{s w_v} − 1)/(s w_v)`; the states with at most
/// one feature on are in `C` and `β`.
///
/// [`exact_row_loss`]: crate::exact_row_loss
///
/// ```
/// use toy_superposition_theory::{CountedLoss, exact_row_loss};
///
/// // One entry of −0.6 for every two of 0.2, as in the frame of the Clebsch graph.
/// let loss = CountedLoss::new(&[-0.6, 0.2], &[5, 10], 1.0, -0.1, 0.05, 1e-8)?;
/// let row: Vec<f64> = [vec![1.0], vec![-0.6; 5], vec![0.2; 10]].concat();
/// let exact = exact_row_loss(&row, 0, -0.1, 0.05)?.loss;
/// assert!((loss.at(&[5, 10]) / exact - 1.0).abs() < 1e-7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CountedLoss {
    constant: f64,
    slopes: Vec<f64>,
    /// The coefficients `a_0 … a_4` of the polynomial.
    coefficients: [f64; 5],
    /// For each weight, `w_vʳ κ_r(x)` for r = 1 … 4.
    cumulants: Vec<[f64; 4]>,
    bias: f64,
    /// The factors `H_m` in blocks of lanes, first the real and then the imaginary parts.
    waves: Vec<[[f64; LANES]; 2]>,
    /// The logarithms `log K_v(s_m)` in blocks of lanes, all blocks of the first weight first.
    logs: Vec<[[f64; LANES]; 2]>,
}

impl CountedLoss {
    /// The tables for rows with the diagonal entry `own` and, off the diagonal, the values
    /// `weights`. The period and the number of nodes are chosen for the counts `typical` (one
    /// number of occurrences per weight) and are good for rows like that one. Features are
    /// independent, on with `probability` and then `U[0, 1]`; `bias` is the raw `b_i`.
    ///
    /// `tolerance` is the relative error aimed at for the typical counts. The error is larger for
    /// counts whose interference reaches farther, and for all counts where 2¹⁴ nodes are not
    /// enough. Compute the loss of the counts that a search ends with by
    /// [`exact_row_loss`](crate::exact_row_loss).
    ///
    /// # Errors
    /// [`Error::Probability`]; [`Error::Entry`] and [`Error::NotFinite`] for weights or a bias that
    /// are not finite; [`Error::Size`] unless there are as many counts as weights;
    /// [`Error::SizeRange`] unless they add up to at most 2²⁴; [`Error::Empty`] if all counts are
    /// 0; [`Error::OutOfRange`] unless `1e-10 ≤ tolerance ≤ 0.1`.
    pub fn new(
        weights: &[f64],
        typical: &[u32],
        own: f64,
        bias: f64,
        probability: f64,
        tolerance: f64,
    ) -> Result<Self> {
        check_tolerance(tolerance)?;
        if typical.len() != weights.len() {
            let (given, expected) = (typical.len(), weights.len());
            return Err(Error::Size { what: "counts", given, expected });
        }
        let total: u64 = typical.iter().map(|&n| u64::from(n)).sum();
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        crate::error::size("sum of the counts", total, 0..=MOST_ENTRIES as usize)?;
        let others = weights.iter().zip(typical).flat_map(|(&w, &n)| (0..n).map(move |_| w));
        let row: Vec<f64> = std::iter::once(own).chain(others).collect();
        if row.len() == 1 {
            return Err(Error::Empty { what: "counts" });
        }
        check_row(&row, 0, bias)?;
        if let Some(v) = weights.iter().position(|w| !w.is_finite()) {
            return Err(Error::Entry { what: "weights", row: 0, column: v, given: weights[v] });
        }
        let law = FeatureLaw::Shared(probability).prepare()?;
        Self::tables(weights, typical, &row, bias, &law, tolerance)
    }

    fn tables(
        weights: &[f64],
        typical: &[u32],
        row: &[f64],
        m: f64,
        law: &Prepared<'_>,
        tolerance: f64,
    ) -> Result<Self> {
        let output = Output::new(row, 0, m, law, None);
        let p = law.of(0);
        let others = (row.len() - 1) as i32;
        let rough = output.rough_loss().max(f64::MIN_POSITIVE);
        // The form's error is far below the tolerance, since other counts may reach farther.
        let form = output.form(1e-4 * tolerance * rough);
        let [coefficients, _] = form.polynomial();
        let (silent, alone) = ((1.0 - p).powi(others), p * (1.0 - p).powi(others - 1));
        let power = |x: f64| [0, 1, 2, 3, 4].map(|k| x.powi(k));
        let dot = |moments: [f64; 5]| -> f64 { coefficients.iter().zip(moments).map(|(a, x)| a * x).sum() };
        let mut constant = silent * (output.loss.at(m)[0] - dot(power(m)));
        let along = |&w: &f64| alone * (output.loss.along(m, w)[0] - dot(path_moments(m, w)));
        let mut slopes: Vec<f64> = weights.iter().map(along).collect();

        let step = std::f64::consts::TAU / form.period;
        let (mut waves, mut by_node): (Vec<Complex<f64>>, Vec<Vec<Complex<f64>>>) = (Vec::new(), Vec::new());
        for n in 1..=MOST_NODES {
            let omega = step * f64::from(n);
            let wave = Complex::cis(omega * m) * form.transform(omega)[0] * (2.0 / form.period);
            let phi: Vec<_> = weights.iter().map(|w| uniform_transforms(omega * w)[0]).collect();
            constant -= wave.re * silent;
            slopes.iter_mut().zip(&phi).for_each(|(slope, phi)| *slope -= alone * (wave * phi).re);
            let factor = |phi: &Complex<f64>| {
                let factor = phi * p + (1.0 - p);
                // A factor of 0 has no logarithm; a very small factor stands for it.
                if factor.norm_sqr() > 0.0 { factor.ln() } else { Complex::from(-700.0) }
            };
            let logs: Vec<_> = phi.iter().map(factor).collect();
            let log: Complex<f64> = logs.iter().zip(typical).map(|(log, &n)| log * f64::from(n)).sum();
            let few: Complex<f64> = phi.iter().zip(typical).map(|(phi, &n)| phi * f64::from(n)).sum();
            let rest = log.exp() - few * alone - silent;
            waves.push(wave);
            by_node.push(logs);
            // The divisor 4 leaves room, since |R| of other rows may be several times as large.
            let tail = rest.norm() * form.tail(omega) / std::f64::consts::PI;
            if n >= 8 && tail <= tolerance * rough / 4.0 && n.is_multiple_of(LANES as u32) {
                break;
            }
        }
        let lanes = |of: &dyn Fn(usize) -> Complex<f64>| {
            let block = |block: usize| {
                let parts: [Complex<f64>; LANES] = std::array::from_fn(|lane| of(block * LANES + lane));
                [parts.map(|part| part.re), parts.map(|part| part.im)]
            };
            (0..waves.len() / LANES).map(block).collect::<Vec<_>>()
        };
        let kappa = Unit::Uniform.cumulants(p);
        let cumulants = |w: &f64| std::array::from_fn(|r| kappa[r] * w.powi(r as i32 + 1));
        let found = Self {
            constant,
            slopes,
            coefficients,
            cumulants: weights.iter().map(cumulants).collect(),
            bias: m,
            waves: lanes(&|n| waves[n]),
            logs: (0..weights.len()).flat_map(|v| lanes(&|n| by_node[n][v])).collect(),
        };
        finite("exact loss", found.at(typical))?;
        Ok(found)
    }

    /// The loss of the output for these counts, one per weight.
    ///
    /// # Panics
    /// Unless there is a count for each weight.
    pub fn at(&self, counts: &[u32]) -> f64 {
        assert_eq!(counts.len(), self.slopes.len(), "a count for each weight");
        let mut cumulants = [0.0; 4];
        let mut total = self.constant;
        for ((&n, slope), kappa) in counts.iter().zip(&self.slopes).zip(&self.cumulants) {
            let n = f64::from(n);
            total += n * slope;
            cumulants.iter_mut().zip(kappa).for_each(|(sum, kappa)| *sum += n * kappa);
        }
        let moments = super::interference::moments(cumulants, self.bias);
        total += self.coefficients.iter().zip(moments).map(|(a, moment)| a * moment).sum::<f64>();
        total + Arch::new().dispatch(|| self.series(counts))
    }

    #[inline(always)]
    fn series(&self, counts: &[u32]) -> f64 {
        let blocks = self.waves.len();
        let occurring = || counts.iter().enumerate().filter(|&(_, &n)| n > 0);
        let mut total = 0.0;
        for (b, wave) in self.waves.iter().enumerate() {
            let mut log = [[0.0; LANES]; 2];
            for (v, &n) in occurring() {
                let n = f64::from(n);
                let table = &self.logs[v * blocks + b];
                for lane in 0..LANES {
                    log[0][lane] += n * table[0][lane];
                    log[1][lane] += n * table[1][lane];
                }
            }
            for lane in 0..LANES {
                // Smaller terms are below the rounding of the others.
                if log[0][lane] > -50.0 {
                    let size = log[0][lane].exp();
                    let (sin, cos) = log[1][lane].sin_cos();
                    total += size * (wave[0][lane] * cos - wave[1][lane] * sin);
                }
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::CountedLoss;
    use crate::{Error, exact_row_loss};

    /// The rows have few values, p goes from 0.002 to 1, gains and biases are near the optimum and
    /// far from it, and the counts differ from those that the tables were made for.
    #[test]
    fn counts_give_the_exact_loss_of_the_row() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        for case in 0..60 {
            let p = [0.002, 0.05, 0.3, 0.8, 1.0][case % 5];
            let scale = 1.0 / f64::from(rng.random_range(4..12));
            let weights: Vec<f64> = (-6..=6).map(|k| scale * f64::from(k)).collect();
            let typical: Vec<u32> =
                (0..13).map(|v| rng.random_range(if v < 2 { 0..2 } else { 2..14 })).collect();
            let (own, bias) = (rng.random_range(0.3..1.4), rng.random_range(-0.6..0.2));
            // {0, 4, 5} stands for {1, 2, 6}, with either sign: the sum and the squares are the
            // same, as among rows of one tight frame.
            let mut other = typical.clone();
            for sign in [1_i32, -1, 1] {
                let place = |k: i32| (6 + sign * k) as usize;
                for (more, less) in [(1, 0), (2, 4), (6, 5)] {
                    other[place(more)] += 1;
                    other[place(less)] = other[place(less)].saturating_sub(1);
                }
            }
            let loss = CountedLoss::new(&weights, &typical, own, bias, p, 1e-9).unwrap();
            for (counts, allowed) in [(&typical, 1e-8), (&other, 1e-4)] {
                let off = weights.iter().zip(counts).flat_map(|(&w, &n)| vec![w; n as usize]);
                let row: Vec<f64> = std::iter::once(own).chain(off).collect();
                let exact = exact_row_loss(&row, 0, bias, p).unwrap().loss;
                let error = (loss.at(counts) / exact - 1.0).abs();
                assert!(error < allowed, "{case}: p = {p}: {error:e}");
            }
        }
    }

    #[test]
    fn bad_input_is_refused() {
        let new = |weights: &[f64], counts: &[u32], bias, p, tolerance| {
            CountedLoss::new(weights, counts, 1.0, bias, p, tolerance).unwrap_err()
        };
        assert!(matches!(new(&[0.1], &[1, 2], 0.0, 0.1, 1e-6), Error::Size { given: 2, expected: 1, .. }));
        assert!(matches!(new(&[0.1], &[0], 0.0, 0.1, 1e-6), Error::Empty { .. }));
        assert!(matches!(new(&[0.1], &[u32::MAX], 0.0, 0.1, 1e-6), Error::SizeRange { .. }));
        assert!(matches!(new(&[f64::NAN], &[1], 0.0, 0.1, 1e-6), Error::Entry { .. }));
        assert!(matches!(new(&[0.1, f64::NAN], &[1, 0], 0.0, 0.1, 1e-6), Error::Entry { column: 1, .. }));
        assert!(matches!(new(&[0.1], &[1], f64::NAN, 0.1, 1e-6), Error::NotFinite { .. }));
        assert!(matches!(new(&[0.1], &[1], 0.0, 0.0, 1e-6), Error::Probability { .. }));
        assert!(matches!(new(&[0.1], &[1], 0.0, 0.1, 1e-12), Error::OutOfRange { .. }));
    }
}
