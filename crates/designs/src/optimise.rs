//! The settings of a design that minimise its exact loss.

use toy_superposition_data::{Law, Moments};
use toy_superposition_optim::{Lbfgs, LbfgsConfig, Minimum};
use toy_superposition_rug::{Class, Design, Setting, mean_over_rows};
use toy_superposition_theory::{self as theory, FeatureLaw};

use crate::alike::moments;
use crate::{Arranged, Arrangement, Result};

/// The best settings of a design and their loss.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Optimised {
    /// One setting per class of features. If the law tells features apart, the classes are those
    /// into which [`optimise`] has split the classes of the design.
    pub settings: Vec<Setting>,
    /// The exact loss per feature.
    pub loss: f64,
    /// The standard error of the loss where rows were sampled, and 0 elsewhere.
    pub standard_error: f64,
    /// `true` if the settings of every class are known in closed form, or the search for them ended
    /// where no slope of $L/p$ in $(a, b/\sqrt p, c)$ exceeds $2 \cdot 10^{-7} \sqrt p$ (a hundred
    /// times as much under another law than the paper's), or 1e-14 where that is larger. If this is
    /// false, the loss may still be a little above the least.
    pub converged: bool,
}

/// Minimises the exact loss per feature of a design over its settings. `ones` says whether the
/// coefficient c of the all-ones direction is free where the design [has that
/// direction](Design::all_ones).
///
/// ```math
/// \min_{a, b, c} \frac1{|C|} \sum_{i \in C} \mathrm E\Big(x_i - \mathrm{ReLU}\Big(\sum_j
///   \Big(a R_{ij} + \frac c{n_s}\Big) x_j + b\Big)\Big)^2
/// ```
///
/// for each class `C` of features by itself, since classes do not share settings. The method is
/// L-BFGS on the exact gradient from the best of several starting points, since there may be
/// several minima.
///
/// `law` is the law of the features: one probability for the paper's features, one probability per
/// feature, or any law that has an exact loss. Under a law that treats all features alike there is
/// one setting per class of the design, and the mean over the rows of a class is minimised where
/// its rows are sampled. Any other law splits the classes: the settings are those of
/// [`Arranged::new(design, law, Arrangement::Given)`](Arranged), one per kind of row, and no row is
/// left out.
///
/// The loss is never above that of the best constant output.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) unless `0 < p ≤ 1`;
/// [`Error::Features`](crate::Error::Features) for a law of another number of features;
/// [`Error::Large`](crate::Error::Large) for more than 1024 features that are not alike;
/// [`Error::Theory`](crate::Error::Theory) or [`Error::Optim`](crate::Error::Optim) for a law that
/// has no exact loss and for weights that are not finite.
pub fn optimise<'a, D: Design + ?Sized>(
    design: &D,
    law: impl Into<FeatureLaw<'a>>,
    ones: bool,
) -> Result<Optimised> {
    let law = law.into();
    if matches!(law, FeatureLaw::Shared(_)) {
        return optimise_classes(design, law, ones);
    }
    optimise_classes(&Arranged::new(design, law, Arrangement::Given)?, law, ones)
}

/// The best settings of a design, as [`optimise`] returns them, if the law does not tell the
/// features of a class apart.
pub(super) fn optimise_classes<D: Design + ?Sized>(
    design: &D,
    law: FeatureLaw<'_>,
    ones: bool,
) -> Result<Optimised> {
    let ones = ones && design.all_ones().is_some();
    let found = design
        .classes()
        .iter()
        .map(|class| Rows::new(design, class, law)?.setting(ones))
        .collect::<Result<Vec<_>>>()?;
    let converged = found.iter().all(|class| class.1);
    let settings: Vec<Setting> = found.into_iter().map(|class| class.0).collect();
    let mean = mean_over_rows(design, &settings, |row, i, bias| -> Result<f64> {
        Ok(theory::exact_row_loss(row, i, bias, law)?.loss)
    })?;
    Ok(Optimised { settings, loss: mean.mean, standard_error: mean.standard_error, converged })
}

/// The exact loss of a design at the best of the starting points of [`optimise`]. It is cheap, and
/// not far above the least loss.
pub(super) fn rough_loss<D: Design + ?Sized>(design: &D, law: FeatureLaw<'_>) -> Result<f64> {
    let mut loss = 0.0;
    for class in design.classes() {
        let rows = Rows::new(design, &class, law)?;
        let mut least = f64::INFINITY;
        for start in rows.starts()? {
            least = least.min(rows.rating(&start)?);
        }
        loss += rows.unit * least * class.members as f64 / design.features() as f64;
    }
    Ok(loss)
}

/// Entries are rounded to multiples of the reciprocal of this number. Entries that differ only by
/// rounding are then equal, and the exact loss takes equal entries together.
const GRID: f64 = (1_u64 << 42) as f64;

/// The relative distance up to which the settings of two rough descents count as the same, and the
/// losses of two minima as equally good.
const NEAR: f64 = 1e-3;

/// The rows of one class. They are alike or are treated as alike: the feature of the first row
/// stands for all of them.
struct Rows<'a> {
    law: FeatureLaw<'a>,
    moments: Moments,
    /// The unit h of biases: the greatest magnitude if magnitudes run from 0 to a finite number,
    /// and `√(3 E u²)` otherwise.
    height: f64,
    /// The unit p h² of losses.
    unit: f64,
    /// The rows, each with its feature and its share of the class.
    rows: Vec<(Vec<f64>, usize, f64)>,
}

/// The coordinates a, b and c.
type Point = [f64; 3];

impl<'a> Rows<'a> {
    fn new<D: Design + ?Sized>(design: &D, class: &Class, law: FeatureLaw<'a>) -> Result<Self> {
        let counted = class.rows.iter().map(|row| row.1).sum::<usize>() as f64;
        let row = |&(i, count): &(usize, usize)| {
            let mut row = vec![0.0; design.features()];
            design.write_row(i, &mut row);
            row.iter_mut().for_each(|entry| *entry = (*entry * GRID).round() / GRID);
            (row, i, count as f64 / counted)
        };
        let moments = moments(law, class.rows[0].0)?;
        let height = match law {
            FeatureLaw::Law(law) => law.parts().map_or(1.0, |(_, magnitude)| match magnitude.support() {
                (0.0, height) if height.is_finite() => height,
                _ => (3.0 * magnitude.second_moment()).sqrt(),
            }),
            _ => 1.0,
        };
        // Features that are always 0 have no unit of their own.
        let height = if height > 0.0 { height } else { 1.0 };
        let unit = moments.probability * height * height;
        Ok(Self { law, moments, height, unit, rows: class.rows.iter().map(row).collect() })
    }

    /// The mean over the rows of `Σ_{j≠i} of(R_ij)`.
    fn off_diagonal(&self, of: fn(f64) -> f64) -> f64 {
        let sum = |(row, i, share): &(Vec<f64>, usize, f64)| {
            share * (row.iter().map(|&entry| of(entry)).sum::<f64>() - of(row[*i]))
        };
        self.rows.iter().map(sum).sum()
    }

    /// The loss in its unit at a starting point, with a relative error of about 1e-5.
    fn rating(&self, start: &Point) -> Result<f64> {
        let found = self.gradient(&start[..2], 1e-3, &mut [0.0; 2])?;
        Ok(if found.is_nan() { f64::INFINITY } else { found })
    }

    /// The loss in its unit at (a, b) or (a, b, c), where b is in units of h; writes its gradient.
    fn gradient(&self, x: &[f64], tolerance: f64, gradient: &mut [f64]) -> Result<f64> {
        gradient.fill(0.0);
        let (mut loss, mut slopes) = (0.0, Vec::new());
        for (row, i, share) in &self.rows {
            let ones = x.get(2).map_or(0.0, |c| c / row.len() as f64);
            let weights: Vec<f64> = row.iter().map(|entry| x[0] * entry + ones).collect();
            slopes.resize(row.len(), 0.0);
            let bias = x[1] * self.height;
            let at = match theory::exact_row_gradient(&weights, *i, bias, self.law, tolerance, &mut slopes) {
                // The line search turns back.
                Err(theory::Error::Unresolved { .. }) => return Ok(f64::NAN),
                found => found?,
            };
            let share = share / self.unit;
            loss += share * at.value.loss;
            gradient[0] += share * slopes.iter().zip(row).map(|(slope, entry)| slope * entry).sum::<f64>();
            gradient[1] += share * at.bias * self.height;
            if let Some(ones) = gradient.get_mut(2) {
                *ones += share * slopes.iter().sum::<f64>() / row.len() as f64;
            }
        }
        Ok(loss)
    }

    /// The mean and the variance of the interference, and its covariance with the own feature. They
    /// are means over the rows where all features are alike and independent, and those of the first
    /// row otherwise.
    fn interference(&self) -> Result<[f64; 3]> {
        let (row, i, _) = &self.rows[0];
        match self.law {
            FeatureLaw::Shared(_) => Ok([
                self.moments.mean * self.off_diagonal(|entry| entry),
                self.moments.variance() * self.off_diagonal(|entry| entry * entry),
                0.0,
            ]),
            law => {
                let [mean, variance, ..] = theory::edgeworth_row_loss(row, *i, 0.0, law)?.cumulants;
                let along = |law: &dyn Law| {
                    let others = (0..row.len()).filter(|j| j != i && row[*j] != 0.0);
                    others.map(|j| row[j] * law.covariance(*i, j)).sum::<f64>()
                };
                let covariance = if let FeatureLaw::Law(law) = law { along(law) } else { 0.0 };
                Ok([mean, variance.max(0.0), covariance])
            }
        }
    }

    /// The starting points: the Gaussian optimum for the mean variance; weights that reproduce a
    /// feature that is on alone, with a bias that takes out none, half or all of the largest
    /// interference; half of these weights without a bias; and, under another law than the paper's,
    /// the best affine readout.
    fn starts(&self) -> Result<Vec<Point>> {
        let [mean, variance, covariance] = self.interference()?;
        let gaussian = theory::optimum(self.moments.probability, variance.sqrt() / self.height)?;
        let mean = mean / self.height;
        let (row, i, _) = &self.rows[0];
        let largest = (0..row.len()).filter(|j| j != i).fold(0.0, |most: f64, j| most.max(row[j]));
        let apart = [0.0, 0.5, 1.0].map(|share| [1.0, -share * largest, 0.0]);
        let [none, half, all] = apart;
        let mut starts = vec![
            [gaussian.a, gaussian.effective_bias - gaussian.a * mean, 0.0],
            none,
            half,
            all,
            [0.5, 0.0, 0.0],
        ];
        let own = self.moments.variance();
        let total = own + 2.0 * covariance + variance;
        if !matches!(self.law, FeatureLaw::Shared(_)) && total > 0.0 {
            let a = (own + covariance) / total;
            let own = self.moments.mean / self.height;
            starts.push([a, own - a * (own + mean), 0.0]);
        }
        Ok(starts)
    }

    /// The relative tolerance of the gradient, and the slope of the loss in its unit, divided by
    /// √p, at which a search ends. For a pair the loss divided by p is p/6 with a curvature of 2/3.
    /// At these slopes the relative excess of the loss is below 1e-12, and below 1e-8 under another
    /// law than the paper's, where a gradient costs up to a hundred times as much.
    fn tolerances(&self) -> (f64, f64) {
        if matches!(self.law, FeatureLaw::Shared(_)) { (1e-7, 2e-7) } else { (1e-5, 2e-5) }
    }

    /// The relative tolerance of the gradient and the slope at which a first search ends, within
    /// about 1e-6 of the least loss, in the units of [`tolerances`](Self::tolerances).
    fn rough_tolerances(&self) -> (f64, f64) {
        if matches!(self.law, FeatureLaw::Shared(_)) { (1e-4, 1e-3) } else { (1e-3, 3e-3) }
    }

    /// Descends from (a, b/√p) or (a, b/√p, c), with the given relative tolerance of the gradient,
    /// until the slope divided by √p is small enough.
    fn descend(&self, x: &mut [f64], (tolerance, slope): (f64, f64)) -> Result<Minimum> {
        // Outputs that should be 0 cost b² where the bias is positive, and every other term of the
        // loss is of order p. So in b/√p the curvature of the loss divided by p is of order 1, as
        // it is in a.
        let scale = self.moments.probability.sqrt();
        let config = LbfgsConfig {
            max_iterations: 200,
            gradient_tolerance: (slope * scale).max(1e-14),
            ..LbfgsConfig::default()
        };
        let dimensions = x.len();
        Lbfgs::new(config)?.minimise(x, |x: &[f64], gradient: &mut [f64]| {
            let mut at = [0.0; 3];
            at[..dimensions].copy_from_slice(x);
            at[1] *= scale;
            let loss = self.gradient(&at[..dimensions], tolerance, gradient)?;
            gradient[1] *= scale;
            Ok(loss)
        })
    }

    /// The best setting, and whether it is known to be a minimum.
    fn setting(&self, ones: bool) -> Result<(Setting, bool)> {
        let (row, i, _) = &self.rows[0];
        if row[*i] == 0.0 {
            return Ok((Setting { a: 1.0, bias: self.moments.mean, ones: 0.0 }, true));
        }
        if self.off_diagonal(|entry| entry * entry) < 1e-18 {
            return Ok((Setting { a: 1.0, bias: 0.0, ones: 0.0 }, true));
        }
        let dimensions = if ones { 3 } else { 2 };
        let scale = self.moments.probability.sqrt();
        let mut rated = Vec::new();
        for start in self.starts()? {
            rated.push((self.rating(&start)?, start));
        }
        rated.sort_by(|a, b| a.0.total_cmp(&b.0));
        // There are rough descents from the two best starts. The full descent continues from the
        // better end, or from both ends where they are two minima that are equally good.
        let near = |(k, start): &(usize, &(f64, Point))| *k == 0 || start.0 < 2.0 * rated[0].0;
        let mut rough = Vec::new();
        for (_, &(_, mut start)) in rated.iter().enumerate().filter(near).take(2) {
            start[1] /= scale;
            let mut x = start;
            let minimum = self.descend(&mut x[..dimensions], self.rough_tolerances())?;
            rough.push((minimum.loss, x, start));
        }
        rough.sort_by(|a, b| a.0.total_cmp(&b.0));
        // The best constant is always possible. It is not a minimum, since the loss falls with a.
        let constant = [0.0, self.moments.mean / self.height, 0.0];
        let mut best = (self.moments.variance() / self.unit, constant, false);
        let (least, first, _) = rough[0];
        for (k, (loss, mut x, mut start)) in rough.into_iter().enumerate() {
            let same = x.iter().zip(&first).all(|(a, b)| (a - b).abs() <= NEAR * (1.0 + b.abs()));
            if k > 0 && (same || loss > least * (1.0 + NEAR)) {
                continue;
            }
            let mut minimum = self.descend(&mut x[..dimensions], self.tolerances())?;
            if !minimum.outcome.converged() {
                // In a narrow valley a descent from farther away learns more of its curvature than
                // one from its end.
                let (tolerance, slope) = self.tolerances();
                let finer = if matches!(self.law, FeatureLaw::Shared(_)) { 1e-10 } else { tolerance };
                let other = self.descend(&mut start[..dimensions], (finer, slope))?;
                if other.outcome.converged() || other.loss < minimum.loss {
                    (minimum, x) = (other, start);
                }
            }
            x[1] *= scale;
            if minimum.loss < best.0 {
                best = (minimum.loss, x, minimum.outcome.converged());
            }
        }
        let (_, [a, bias, ones], converged) = best;
        Ok((Setting { a, bias: bias * self.height, ones }, converged))
    }
}
