//! The best mixture of ratios, where some features are dropped or some have no loss.

use toy_superposition_data::UnitUniform;

use crate::error::{Error, Result};
use crate::gaussian::feature::Feature;
use crate::gaussian::optimum::Optimum;
use crate::gaussian::welch::any_ratio;
use crate::magnitude::Integrable;

/// The lower convex envelope of the optimal loss as a function of the ratio `r`, for one kind of
/// feature. It holds the two tangent points; [`envelope`](crate::envelope()) gives the formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope<M = UnitUniform> {
    pub(super) feature: Feature<M>,
    pub(super) lower: Tangent,
    pub(super) upper: Tangent,
}

/// A point where a chord touches the curve `f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tangent {
    pub(super) ratio: f64,
    pub(super) loss: f64,
}

/// The best mixture at one ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Mixture {
    /// The loss per feature, averaged over all features.
    pub loss: f64,
    /// The fraction of features that are dropped, with the loss `V` each.
    pub dropped_fraction: f64,
    /// The fraction of features that have a dimension each and no loss.
    pub lossless_fraction: f64,
    /// The ratio of dimensions to features among all other features.
    pub superposed_ratio: f64,
}

/// The best mixture for the paper's features at one probability and ratio. To evaluate many ratios
/// at one `p`, build an [`Envelope`] once.
///
/// A model may treat its features unequally. It may drop a fraction `δ` of them (with the loss
/// `V = Var x` each) and spread its n_d dimensions over the others at ratio `r/(1 − δ)`, or it may
/// give a few features a dimension each (ratio 1, no loss). The least loss of all such mixtures is
/// the lower convex envelope of `f(r) = L(p, r)`, with `f(0) = V` and `f(1) = 0`:
///
/// ```math
/// \mathcal E(r) = \begin{cases}
///   V - \dfrac{r}{r_0}(V - f(r_0)) & r < r_0, \quad V - f(r_0) + r_0 f'(r_0) = 0, \\
///   f(r) & r_0 \le r \le r_1, \\
///   \dfrac{1 - r}{1 - r_1} f(r_1) & r > r_1, \quad f(r_1) + (1 - r_1) f'(r_1) = 0.
/// \end{cases}
/// ```
///
/// Between the two tangent points `f` is convex; this was observed on 400 ratios for p from 1e-6 to
/// 1, and is not proved. The second tangent point exists only for p above about 0.81; for smaller
/// p, `r_1 = 1`. The derivative is `f' = ∂L/∂σ² · dσ²/dr` with `σ² = V(1/r − 1)`, since at the
/// optimum the other derivatives vanish.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability), [`Error::Ratio`](crate::Error::Ratio) outside
/// [0, 1].
pub fn envelope(probability: f64, ratio: f64) -> Result<Mixture> {
    any_ratio(ratio)?;
    Envelope::new(Feature::uniform(probability)?)?.at(ratio)
}

impl<M: Integrable> Envelope<M> {
    /// Finds the two tangent points of the envelope for features of this law.
    ///
    /// # Errors
    /// The errors of [`Feature::optimum`]; [`Error::NotSettled`] for a law without a ratio below
    /// which dropping features lowers the loss.
    pub fn new(feature: Feature<M>) -> Result<Self> {
        let variance = feature.variance();
        let whole = Tangent { ratio: 1.0, loss: 0.0 };
        if variance <= 1e-15 * feature.second_moment() {
            return Ok(Self { feature, lower: whole, upper: whole });
        }
        // Positive where the chord from (0, V) is steeper than the curve; in units of V.
        let lower = |x: f64| {
            let Slope { ratio, loss, by_variance, .. } = slope(&feature, x)?;
            Ok((variance - loss) / variance - by_variance / ratio)
        };
        // Positive where the chord to (1, 0) is steeper than the curve; in units of f.
        let upper = |x: f64| {
            let Slope { ratio, by_sigma, .. } = slope(&feature, x)?;
            Ok(1.0 - by_sigma / ratio)
        };
        let tangent = |x: f64| {
            let Slope { ratio, loss, .. } = slope(&feature, x)?;
            Ok::<_, crate::Error>(Tangent { ratio, loss })
        };
        // Steps down from a ratio near 1, in x = ln(r/(1 − r)), to the first change of sign. There
        // σ² = V e^{−x} is of order 1, and V is above e^{−745}, so that the steps suffice.
        let (top, step) = (20.0, 0.5);
        const STEPS: u32 = 1700;
        let mut changes = (1..=STEPS).map(|k| top - step * f64::from(k)).map(|x| Ok((x, lower(x)? < 0.0)));
        let change = changes.find(|point| !matches!(point, Ok((_, false)))).transpose()?;
        let (low, _) =
            change.ok_or(Error::NotSettled { what: "the ratio below which dropping pays", steps: STEPS })?;
        let at = root(&lower, low, low + step)?;
        let first = tangent(at)?;
        let second =
            if upper(top)? > 0.0 && upper(at)? < 0.0 { tangent(root(&upper, at, top)?)? } else { whole };
        Ok(Self { feature, lower: first, upper: second })
    }

    /// The ratio `r_0` below which dropping some features lowers the loss.
    pub fn dropping_below(&self) -> f64 {
        self.lower.ratio
    }

    /// The ratio `r_1` above which giving some features a dimension each lowers the loss; 1 if
    /// there is none.
    pub fn separating_above(&self) -> f64 {
        self.upper.ratio
    }

    /// The best mixture at the ratio `r = n_d/n_s`.
    ///
    /// # Errors
    /// [`Error::Ratio`](crate::Error::Ratio) outside [0, 1].
    pub fn at(&self, ratio: f64) -> Result<Mixture> {
        any_ratio(ratio)?;
        let Self { feature, lower, upper } = self;
        if ratio < lower.ratio {
            let kept = ratio / lower.ratio;
            let loss = (1.0 - kept) * feature.variance() + kept * lower.loss;
            return Ok(Mixture {
                loss,
                dropped_fraction: 1.0 - kept,
                lossless_fraction: 0.0,
                superposed_ratio: lower.ratio,
            });
        }
        if ratio > upper.ratio {
            let superposed = (1.0 - ratio) / (1.0 - upper.ratio);
            return Ok(Mixture {
                loss: superposed * upper.loss,
                dropped_fraction: 0.0,
                lossless_fraction: 1.0 - superposed,
                superposed_ratio: upper.ratio,
            });
        }
        let loss = feature.optimum_at_ratio(ratio)?.loss;
        Ok(Mixture { loss, dropped_fraction: 0.0, lossless_fraction: 0.0, superposed_ratio: ratio })
    }
}

/// The curve at one `x = ln(r/(1 − r))`: in order `r`, `f`, `∂L/∂σ² = −r² f'/V` and
/// `∂ ln L/∂ ln σ² = −r (1 − r) f'/f`.
pub(super) struct Slope {
    pub(super) ratio: f64,
    loss: f64,
    pub(super) by_variance: f64,
    by_sigma: f64,
}

pub(super) fn slope<M: Integrable>(feature: &Feature<M>, x: f64) -> Result<Slope> {
    let odds = x.exp();
    let ratio = odds / (1.0 + odds);
    let (best, relative) = feature.relative_optimum((feature.variance() / odds).sqrt())?;
    let by_variance = loss_by_variance(feature, &best);
    let by_sigma = by_variance * best.sigma.max(1.0) * best.sigma.max(1.0) / relative;
    Ok(Slope { ratio, loss: best.loss, by_variance, by_sigma })
}

/// `dL*/dσ² = ∂L/∂σ²` at an optimum with `σ > 0` (envelope theorem).
pub(crate) fn loss_by_variance<M: Integrable>(feature: &Feature<M>, best: &Optimum) -> f64 {
    if best.shift.is_finite() { feature.by_variance(best.a, best.shift, best.sigma) } else { 0.0 }
}

/// The zero of a function that is negative at `low` and positive at `high`, by regula falsi in its
/// Illinois form, with a bisection at every fourth step.
pub(super) fn root(f: &impl Fn(f64) -> Result<f64>, mut low: f64, mut high: f64) -> Result<f64> {
    let (mut f_low, mut f_high) = (f(low)?, f(high)?);
    let mut x = 0.5 * (low + high);
    for step in 0..100 {
        let guess = (low * f_high - high * f_low) / (f_high - f_low);
        let next = if step % 4 == 3 || !(guess > low && guess < high) { 0.5 * (low + high) } else { guess };
        let value = f(next)?;
        let moved = (next - x).abs();
        x = next;
        if value == 0.0 || moved <= 1e-13 * (1.0 + x.abs()) || high - low <= 1e-13 * (1.0 + x.abs()) {
            break;
        }
        if value < 0.0 {
            (low, f_low, f_high) = (x, value, 0.5 * f_high);
        } else {
            (high, f_high, f_low) = (x, value, 0.5 * f_low);
        }
    }
    Ok(x)
}
