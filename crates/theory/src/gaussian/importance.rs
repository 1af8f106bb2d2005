//! The optimum where some features matter more than others.

use crate::error::{Error, Result};
use crate::gaussian::envelope::{Envelope, root, slope};
use crate::magnitude::Integrable;

/// The shares of the hidden dimensions that features of different importance `ι_i` get.
///
/// ```math
/// \min \frac1{n_s} \sum_i \iota_i\, \mathcal E(r_i) \quad\text{subject to}\quad \sum_i r_i = n_d ,\; 0 \le r_i \le 1
/// ```
///
/// Scale the rows of `W`, of rank n_d, to `W_ii = 1`, and let `s_i = Σ_{j≠i} W_ij²`. For any row
/// scales `t_i ≥ 0` the singular values give `(Σ t_i)² ≤ n_d Σ t_i² (1 + s_i)`, and
/// `t_i = 1/(1 + s_i)` makes that
/// ```math
/// \sum_i r_i \le n_d , \qquad r_i = \frac1{1 + s_i} , \qquad \sigma_i^2 = V \left(\frac1{r_i} - 1\right) :
/// ```
/// every feature has a ratio of its own, and the ratios add up to at most the number of dimensions.
/// For equal ratios this is the Welch-type bound of section 4.2.1. For any such `r_i` there are
/// projections that have them as their diagonal, so that the bound is attained. Let `f(r)` be the
/// symmetric optimum at ratio r and `E` its convex envelope. At the minimum the slopes agree:
/// `ι_i E′(r_i) = −μ` for all features.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Allocation {
    /// The loss per feature, weighted by importance: `(1/n_s) Σ_i ι_i E(r_i)`.
    pub loss: f64,
    /// The ratio `r_i` of each feature (n_s numbers). A ratio on a chord of the envelope stands for
    /// a mixture: of the features with that importance, some are dropped or some have a dimension
    /// each.
    pub ratios: Vec<f64>,
}

/// The largest number of steps of the search for the multiplier `μ`.
const STEPS: u32 = 200;
/// The largest `ln(r/(1 − r))` of a feature that is not lossless.
const TOP: f64 = 30.0;

impl<M: Integrable> Envelope<M> {
    /// The best shares of `hidden` dimensions among features of these importances, if their
    /// interference is Gaussian.
    ///
    /// ```
    /// use toy_superposition_theory::{Envelope, Feature};
    ///
    /// let envelope = Envelope::new(Feature::uniform(0.05)?)?;
    /// let shares = envelope.allocate(&[1.0, 1.0, 0.1, 0.1], 1)?;
    /// assert!(shares.ratios[0] > shares.ratios[2]);
    /// assert!((shares.ratios.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    /// // The loss is below that of equal shares.
    /// assert!(shares.loss < (2.0 + 0.2) / 4.0 * envelope.at(0.25)?.loss);
    /// # Ok::<(), toy_superposition_theory::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`] if there are no features; [`Error::OutOfRange`] for an importance that is
    /// negative or not finite, or if all are 0; [`Error::SizeRange`] unless `1 ≤ hidden ≤ n_s`.
    pub fn allocate(&self, importance: &[f64], hidden: usize) -> Result<Allocation> {
        let features = importance.len();
        if features == 0 {
            return Err(Error::Empty { what: "list of importances" });
        }
        crate::error::importance(importance, features)?;
        crate::error::size("hidden", hidden, 1..=features)?;
        let most = importance.iter().copied().fold(0.0, f64::max);
        if most == 0.0 {
            return Err(Error::OutOfRange {
                what: "the largest importance", given: 0.0, allowed: "(0, ∞)"
            });
        }
        // Importances are measured in units of the largest, so that no product overflows.
        let relative: Vec<f64> = importance.iter().map(|iota| iota / most).collect();
        let mut classes = relative.clone();
        classes.sort_unstable_by(f64::total_cmp);
        classes.dedup();
        let class = |iota: f64| classes.partition_point(|&other| other < iota);
        let mut counts = vec![0.0; classes.len()];
        relative.iter().for_each(|&iota| counts[class(iota)] += 1.0);
        let shares = |multiplier: f64| -> Result<Vec<f64>> {
            classes.iter().map(|&iota| self.ratio_at(multiplier / iota)).collect()
        };
        let total =
            |ratios: &[f64]| counts.iter().zip(ratios).map(|(count, ratio)| count * ratio).sum::<f64>();
        // Every dimension saves more than `low`, and none saves as much as `high`.
        let least = classes.iter().copied().find(|&iota| iota > 0.0).unwrap_or(1.0);
        let (mut low, mut high) = (1e-3 * least * self.least_slope()?, 2.0 * self.largest_slope());
        let (mut at_low, mut at_high) = (shares(low)?, shares(high)?);
        let wanted = hidden as f64;
        for _ in 0..STEPS {
            let middle = low.sqrt() * high.sqrt();
            if middle <= low || middle >= high || total(&at_low) - wanted <= 1e-13 * wanted {
                break;
            }
            let found = shares(middle)?;
            if total(&found) >= wanted {
                (low, at_low) = (middle, found);
            } else {
                (high, at_high) = (middle, found);
            }
        }
        // A ratio that differs between the two multipliers lies on a chord.
        let (more, fewer) = (total(&at_low), total(&at_high));
        let share = if more > fewer { ((wanted - fewer) / (more - fewer)).clamp(0.0, 1.0) } else { 1.0 };
        let ratios: Vec<f64> =
            at_high.iter().zip(&at_low).map(|(few, many)| few + share * (many - few)).collect();
        let mut loss = 0.0;
        for ((iota, count), &ratio) in classes.iter().zip(&counts).zip(&ratios) {
            loss += iota * count * self.at(ratio.min(1.0))?.loss;
        }
        let ratios = relative.iter().map(|&iota| ratios[class(iota)]).collect();
        Ok(Allocation { loss: most * (loss / features as f64), ratios })
    }

    /// The slope `−E′` at ratio 0, the largest.
    fn largest_slope(&self) -> f64 {
        (self.feature.variance() - self.lower.loss) / self.lower.ratio
    }

    /// The slope `−E′` near ratio 1, the least.
    fn least_slope(&self) -> Result<f64> {
        if self.upper.ratio < 1.0 {
            return Ok(self.upper.loss / (1.0 - self.upper.ratio));
        }
        self.slope_at(TOP)
    }

    /// The slope `−f′` at `x = ln(r/(1 − r))`.
    fn slope_at(&self, x: f64) -> Result<f64> {
        let at = slope(&self.feature, x)?;
        Ok(self.feature.variance() * at.by_variance / (at.ratio * at.ratio))
    }

    /// The ratio at which `−E′ = wanted`.
    fn ratio_at(&self, wanted: f64) -> Result<f64> {
        // `wanted` may be NaN for an importance of 0.
        if wanted.is_nan() || wanted >= self.largest_slope() {
            return Ok(0.0);
        }
        if wanted < self.least_slope()? || self.lower.ratio >= 1.0 {
            return Ok(1.0);
        }
        let odds = |ratio: f64| (ratio / (1.0 - ratio)).ln();
        let top = if self.upper.ratio < 1.0 { odds(self.upper.ratio) } else { TOP };
        let above = |x: f64| Ok(wanted - self.slope_at(x)?);
        let low = odds(self.lower.ratio);
        let x = match (above(low)? < 0.0, above(top)? > 0.0) {
            (false, _) => low,
            (_, false) => top,
            _ => root(&above, low, top)?,
        };
        Ok(1.0 / (1.0 + (-x).exp()))
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::gaussian::feature::Feature;

    fn envelope(p: f64) -> Envelope {
        Envelope::new(Feature::uniform(p).unwrap()).unwrap()
    }

    #[test]
    fn equal_importances_share_equally() {
        for (p, hidden) in [(0.05, 3), (0.3, 1), (0.95, 9)] {
            let envelope = envelope(p);
            let found = envelope.allocate(&[2.0; 10], hidden).unwrap();
            let expected = 2.0 * envelope.at(hidden as f64 / 10.0).unwrap().loss;
            assert!((found.loss / expected - 1.0).abs() < 1e-10, "{p}: {found:?} {expected}");
            assert!(found.ratios.iter().all(|ratio| (ratio - hidden as f64 / 10.0).abs() < 1e-9));
        }
        let all = envelope(0.1).allocate(&[1.0, 0.5, 0.2], 3).unwrap();
        assert!(all.ratios.iter().all(|&ratio| (ratio - 1.0).abs() < 1e-9) && all.loss < 1e-10, "{all:?}");
    }

    /// For two classes of importance, every split of the dimensions is tried.
    #[test]
    fn no_other_split_loses_less() {
        for (p, second, hidden) in [(0.05, 0.3, 3), (0.05, 0.01, 3), (0.4, 0.5, 5), (0.9, 0.7, 7)] {
            let envelope = envelope(p);
            let importance = [vec![1.0; 4], vec![second; 6]].concat();
            let found = envelope.allocate(&importance, hidden).unwrap();
            assert!((found.ratios.iter().sum::<f64>() - hidden as f64).abs() < 1e-9);
            let loss = |first: f64| {
                let rest = (hidden as f64 - 4.0 * first) / 6.0;
                let at = |ratio: f64| envelope.at(ratio.clamp(0.0, 1.0)).unwrap().loss;
                (4.0 * at(first) + 6.0 * second * at(rest)) / 10.0
            };
            let (from, to) = (((hidden as f64 - 6.0) / 4.0).max(0.0), (hidden as f64 / 4.0).min(1.0));
            let tried = (0..=4000).map(|k| loss(from + (to - from) * f64::from(k) / 4000.0));
            let least = tried.fold(f64::INFINITY, f64::min);
            assert!(found.loss <= least * (1.0 + 1e-9), "{p} {second}: {found:?} {least}");
            assert!(found.loss >= least * (1.0 - 1e-5), "{p} {second}: {found:?} {least}");
        }
    }

    /// `Σ_i W_ii²/|W_i|² ≤ n_d` for any weights, with equality for projections.
    #[test]
    fn ratios_add_up_to_no_more_than_the_dimensions() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut draw =
            |rows, columns| DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0_f64).powi(3));
        for hidden in [1, 3, 6] {
            for trial in 0..50 {
                let encoder = draw(hidden, 9);
                let gram = (&encoder * encoder.transpose()).try_inverse().unwrap();
                let decoder = if trial % 2 == 0 { draw(9, hidden) } else { encoder.transpose() * gram };
                let product = decoder * encoder;
                let sum: f64 =
                    product.row_iter().enumerate().map(|(i, row)| (row[i] / row.norm()).powi(2)).sum();
                assert!(sum <= hidden as f64 * (1.0 + 1e-9), "{sum} {hidden}");
                assert!(trial % 2 == 0 || sum > hidden as f64 * (1.0 - 1e-9), "{sum} {hidden}");
            }
        }
    }

    #[test]
    fn what_cannot_be_shared_out_is_refused() {
        let envelope = envelope(0.1);
        assert!(matches!(envelope.allocate(&[], 1), Err(Error::Empty { .. })));
        for importance in [[-1.0, 1.0], [f64::NAN, 1.0], [0.0, 0.0]] {
            assert!(matches!(envelope.allocate(&importance, 1), Err(Error::OutOfRange { .. })));
        }
        for hidden in [0, 3] {
            assert!(matches!(envelope.allocate(&[1.0, 0.0], hidden), Err(Error::SizeRange { .. })));
        }
        // A feature of importance 0 gets no share while another feature has a positive importance.
        let found = envelope.allocate(&[1.0, 0.0, 1.0], 1).unwrap();
        assert!(found.ratios[1] == 0.0 && (found.ratios[0] - 0.5).abs() < 1e-9, "{found:?}");
    }
}
