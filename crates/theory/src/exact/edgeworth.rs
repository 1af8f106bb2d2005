//! The Gaussian loss corrected for the third and fourth cumulants of the interference.

use super::interference::Interference;
use super::law::Prepared;
use super::unit::Unit;
use super::{FeatureLaw, check_row};
use crate::error::finite;
use crate::{Channel, Result};

/// The loss of one output with Gaussian interference, its Edgeworth correction, and the cumulants
/// that the correction comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct EdgeworthLoss {
    /// The loss for Gaussian interference with the same mean and variance.
    pub gaussian: f64,
    /// The loss with the terms of κ_3, κ_4 and κ_3². This is an asymptotic expansion. It is good
    /// where skewness and excess kurtosis are small beside 1; elsewhere it is no bound and may even
    /// be negative.
    pub corrected: f64,
    /// The cumulants `κ_1 … κ_4` of the interference `Σ_{j≠i} W_ij x_j`.
    pub cumulants: [f64; 4],
}

impl EdgeworthLoss {
    /// The skewness `κ_3/σ³` of the interference; 0 without interference.
    pub fn skewness(&self) -> f64 {
        ratio(self.cumulants[2], [self.cumulants[1], self.cumulants[1].sqrt()])
    }

    /// The excess kurtosis `κ_4/σ⁴` of the interference; 0 without interference.
    pub fn excess_kurtosis(&self) -> f64 {
        ratio(self.cumulants[3], [self.cumulants[1]; 2])
    }
}

/// `a/(b c)` by one division after the other, since the product may underflow; 0 unless `b > 0`.
fn ratio(a: f64, [b, c]: [f64; 2]) -> f64 {
    if b > 0.0 { a / b / c } else { 0.0 }
}

/// The loss of one output by Edgeworth's expansion. The arguments are those of
/// [`exact_row_loss`](crate::exact_row_loss).
///
/// With `T = m + I`, mean μ, standard deviation σ and cumulants κ_3, κ_4, Edgeworth's expansion to
/// second order is
/// ```text
/// E g(T) ≈ E[g + κ_3/6 g‴ + κ_4/24 g⁗ + κ_3²/72 g⁽⁶⁾](μ + ν) ,   ν ~ N(0, σ²) ,
/// ```
/// since `E[f He_r(ν/σ)]/σʳ = E f⁽ʳ⁾`. For one output, with `Y = c u + μ + ν`,
/// ```text
/// g‴(·) → (1−p) 2δ(·) + p ∫₀¹ [2δ(Y) − 2u δ′(Y)] du ,
/// ```
/// so that every correction is a derivative of the Gaussian density φ_σ. For `U[0, 1]` the
/// integrals over u are elementary; for other magnitudes they are sums or computed by quadrature.
/// For independent features `κ_r(I) = Σ_j W_ijʳ κ_r(x_j)`, where the cumulants `κ_r(x_j)` of
/// `x = c u` follow from `E xʳ = p E uʳ` (sections 2 and 4.2 of the paper).
///
/// ```math
/// L \approx L_G + \frac{\kappa_3}{6} L_G''' + \frac{\kappa_4}{24} L_G'''' + \frac{\kappa_3^2}{72} L_G^{(6)} ,
/// ```
/// where primes are derivatives of the Gaussian loss in the bias. The time is O(n_s). Where other
/// features depend on this one, both losses are averages over its two states, each with the
/// cumulants of the interference in that state. So the covariance of the law enters through the
/// variance and through the difference of the two means.
///
/// # Errors
/// The errors of [`exact_row_loss`](crate::exact_row_loss); also
/// [`Error::NotFinite`](crate::Error::NotFinite) where a cumulant or the loss is not finite in f64,
/// as for weights above 1e77 or `p` below 1e-308.
pub fn edgeworth_row_loss<'a>(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: impl Into<FeatureLaw<'a>>,
) -> Result<EdgeworthLoss> {
    check_row(row, feature, bias)?;
    edgeworth_loss(row, feature, bias, &law.into().of(row.len())?)
}

/// The Edgeworth loss of one output, as [`edgeworth_row_loss`] returns it, for a row and a law that
/// have been checked.
pub(super) fn edgeworth_loss(
    row: &[f64],
    feature: usize,
    bias: f64,
    law: &Prepared<'_>,
) -> Result<EdgeworthLoss> {
    let (p, c) = (law.of(feature), row[feature]);
    let states = match law.block_of(feature) {
        None => vec![(1.0, None)],
        Some(_) => vec![(1.0 - p, Some(false)), (p, Some(true))],
    };
    let mut found = EdgeworthLoss { gaussian: 0.0, corrected: 0.0, cumulants: [0.0; 4] };
    let mut means = Vec::new();
    for (share, own) in states.into_iter().filter(|&(share, _)| share > 0.0) {
        let cumulants = Interference::new(row, feature, law, own).cumulants;
        let (mean, sigma) = (bias / law.scale + cumulants[0], cumulants[1].max(0.0).sqrt());
        let channel = Channel::new(c, mean, sigma)?;
        let losses = law.unit.row_loss(p, &channel)?;
        let (gaussian, p) = match own {
            None => (losses.total, p),
            Some(false) => (losses.off, 0.0),
            Some(true) => (losses.on, 1.0),
        };
        let state = EdgeworthLoss { gaussian, corrected: gaussian, cumulants };
        found.gaussian += share * gaussian;
        found.corrected += share * gaussian;
        if sigma > 0.0 {
            let (skewness, kurtosis) = (state.skewness(), state.excess_kurtosis());
            let [third, fourth, _, sixth] = match &law.unit {
                Unit::Uniform => derivatives(p, c, mean, sigma),
                unit => averaged_derivatives(p, unit, &channel),
            };
            let terms =
                skewness / 6.0 * third + kurtosis / 24.0 * fourth + skewness * skewness / 72.0 * sixth;
            found.corrected += share * cumulants[1] * terms;
        }
        means.push((share, cumulants));
    }
    found.cumulants = mixture_cumulants(&means);
    let square = law.scale * law.scale;
    found.gaussian *= square;
    found.corrected *= square;
    let mut unit = 1.0;
    for kappa in &mut found.cumulants {
        unit *= law.scale;
        *kappa *= unit;
    }
    let values = [found.gaussian, found.corrected];
    found
        .cumulants
        .into_iter()
        .chain(values)
        .try_for_each(|value| finite("Edgeworth's loss or a cumulant", value))?;
    Ok(found)
}

/// The cumulants of a mixture of laws with these shares and cumulants.
fn mixture_cumulants(states: &[(f64, [f64; 4])]) -> [f64; 4] {
    if let [(_, cumulants)] = states {
        return *cumulants;
    }
    let average = |of: &dyn Fn(&[f64; 4]) -> f64| states.iter().map(|(share, k)| share * of(k)).sum::<f64>();
    let mean = average(&|k| k[0]);
    let second = average(&|k| k[1] + (k[0] - mean).powi(2));
    let third = average(&|k| {
        let d = k[0] - mean;
        k[2] + 3.0 * d * k[1] + d.powi(3)
    });
    let fourth = average(&|k| {
        let d = k[0] - mean;
        k[3] + 3.0 * k[1] * k[1] + 4.0 * d * k[2] + 6.0 * d * d * k[1] + d.powi(4)
    });
    [mean, second, third, fourth - 3.0 * second * second]
}

/// The third to sixth derivatives of the Gaussian loss in the bias, for magnitudes `U[0, 1]`. The
/// derivative of order r+3 is multiplied by `σʳ⁺¹`, so that none overflows.
///
/// The derivative of order r+3 is `2(1−p) φ⁽ʳ⁾(μ) + 2p ∫ [φ⁽ʳ⁾ − u φ⁽ʳ⁺¹⁾](μ + cu) du`, and by
/// parts `∫ u φ⁽ʳ⁺¹⁾(μ+cu) du = φ⁽ʳ⁾(μ+c)/c − (1/c) ∫ φ⁽ʳ⁾(μ+cu) du`.
fn derivatives(p: f64, c: f64, mean: f64, sigma: f64) -> [f64; 4] {
    if c.abs() < sigma {
        // The form that divides by c would cancel here, but the integrand hardly varies.
        let off = density_derivatives(mean, sigma);
        let mut total: [f64; 4] = std::array::from_fn(|r| 2.0 * (1.0 - p) * off[r + 1]);
        for panel in 0..PANELS {
            for (x, weight) in GAUSS_3 {
                let u = (f64::from(panel) + 0.5 + x / 2.0) / f64::from(PANELS);
                let at = density_derivatives(mean + c * u, sigma);
                for (r, sum) in total.iter_mut().enumerate() {
                    *sum += p * weight / f64::from(PANELS) * (at[r + 1] - u * (at[r + 2] / sigma));
                }
            }
        }
        return total;
    }
    let (start, end) = (density_derivatives(mean, sigma), density_derivatives(mean + c, sigma));
    std::array::from_fn(|r| {
        // Entry r holds the derivative of order r − 1 of the density; entry 0 is the distribution
        // function.
        let integral = sigma * ((end[r] - start[r]) / c);
        2.0 * (1.0 - p) * start[r + 1] + 2.0 * p * (integral - (end[r + 1] - integral) / c)
    })
}

/// The derivatives that [`derivatives`] returns for `U[0, 1]`, for magnitudes of any law. The
/// average over `u` is taken as for the Gaussian loss itself.
fn averaged_derivatives(p: f64, unit: &Unit, channel: &Channel) -> [f64; 4] {
    let off = density_derivatives(channel.shift, channel.noise);
    let mut total: [f64; 4] = std::array::from_fn(|r| 2.0 * (1.0 - p) * off[r + 1]);
    unit.visit_tails(channel, |u, weight| {
        let at = density_derivatives(channel.line(u), channel.noise);
        for (r, sum) in total.iter_mut().enumerate() {
            *sum += 2.0 * p * weight * (at[r + 1] - u * (at[r + 2] / channel.noise));
        }
    });
    total
}

/// The number of panels for weights `c` below σ. Their error is of order `(c/(16 σ))⁶/2000`, about
/// 1e-10 or less.
const PANELS: u32 = 16;
/// The abscissas and weights of three-point Gauss–Legendre on [−1, 1].
const GAUSS_3: [(f64, f64); 3] =
    [(-0.774_596_669_241_483_4, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669_241_483_4, 5.0 / 9.0)];

/// Returns `Φ(z)` and then `σʳ⁺¹ φ_σ⁽ʳ⁾(t) = (−1)ʳ He_r(z) φ(z)` for r = 0 … 4, at `z = t/σ`.
fn density_derivatives(t: f64, sigma: f64) -> [f64; 6] {
    let z = t / sigma;
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    // Where the density underflows all derivatives are 0, and the polynomials might overflow.
    if density == 0.0 {
        return [if z > 0.0 { 1.0 } else { 0.0 }, 0.0, 0.0, 0.0, 0.0, 0.0];
    }
    let hermite = [1.0, z, z * z - 1.0, z * (z * z - 3.0), z * z * (z * z - 6.0) + 3.0];
    let mut scale = density;
    let mut values = [0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2), 0.0, 0.0, 0.0, 0.0, 0.0];
    for (value, hermite) in values[1..].iter_mut().zip(hermite) {
        *value = scale * hermite;
        scale = -scale;
    }
    values
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use toy_superposition_data::{Exponential, Interval, Magnitude, Points};

    use super::{averaged_derivatives, derivatives, edgeworth_row_loss};
    use crate::exact::unit::Unit;
    use crate::{Channel, Density, Feature, exact_row_loss};

    /// Each derivative is compared with differences of the one before, and the first with
    /// differences of the Gaussian loss itself.
    #[test]
    fn derivatives_of_the_gaussian_loss() {
        for (p, c, mean, sigma) in
            [(0.2, 0.9, -0.3, 0.4), (0.6, -0.5, 0.2, 0.3), (0.3, 0.05, -0.1, 0.5), (0.4, 0.0, 0.1, 0.7)]
        {
            let loss =
                |m: f64| Feature::uniform(p).unwrap().row_loss(&Channel::new(c, m, sigma).unwrap()).total;
            let h = 4e-3;
            let third = (loss(mean + 2.0 * h) - 2.0 * loss(mean + h) + 2.0 * loss(mean - h)
                - loss(mean - 2.0 * h))
                / (2.0 * h * h * h);
            let plain = |mean: f64| {
                let mut unit = 1.0;
                derivatives(p, c, mean, sigma).map(|scaled| {
                    unit *= sigma;
                    scaled / unit
                })
            };
            let found = plain(mean);
            let size = found[0].abs().max(0.1);
            // The differences have an error of h²/4 L⁽⁵⁾ and a rounding error of 1e-16/h³.
            assert!((found[0] - third).abs() < 1e-3 * size, "{} {third}", found[0]);
            for r in 0..3 {
                let h = 1e-4;
                let slope = (plain(mean + h)[r] - plain(mean - h)[r]) / (2.0 * h);
                assert!(
                    (found[r + 1] - slope).abs() < 1e-5 * slope.abs().max(1.0),
                    "{r}: {} {slope}",
                    found[r + 1]
                );
            }
        }
        // The two ways to integrate agree where one takes over from the other.
        let (below, above) =
            (derivatives(0.3, 0.999_999_999, -0.2, 1.0), derivatives(0.3, 1.000_000_001, -0.2, 1.0));
        for (a, b) in below.into_iter().zip(above) {
            assert_relative_eq!(a, b, epsilon = 1e-8, max_relative = 1e-8);
        }
    }

    /// Compares the derivatives for other magnitudes with differences of the Gaussian loss, and
    /// those for an interval close to [0, 1] with those for [0, 1].
    #[test]
    fn derivatives_for_other_magnitudes() {
        let units: [&dyn Magnitude; 4] = [
            &Interval::new(-0.5, 1.0).unwrap(),
            &Exponential::new(1.0).unwrap(),
            &Points::new(&[0.3, 1.0], &[2.0, 1.0]).unwrap(),
            &Density::new(|u: f64| u * (1.0 - u), -0.0, 1.0).unwrap(),
        ];
        let (p, c, mean, sigma) = (0.3, 0.8, -0.2, 0.4);
        for magnitude in units {
            let (unit, _) = Unit::new(magnitude).unwrap();
            let loss = |m: f64| unit.row_loss(p, &Channel::new(c, m, sigma).unwrap()).unwrap().total;
            let found = |m: f64| averaged_derivatives(p, &unit, &Channel::new(c, m, sigma).unwrap());
            let h = 4e-3;
            let third = (loss(mean + 2.0 * h) - 2.0 * loss(mean + h) + 2.0 * loss(mean - h)
                - loss(mean - 2.0 * h))
                / (2.0 * h * h * h);
            let at = found(mean);
            assert!((at[0] / sigma - third).abs() < 1e-3 * third.abs(), "{unit:?}: {at:?} {third}");
            let (above, below) = (found(mean + 1e-4), found(mean - 1e-4));
            for r in 0..3 {
                let slope = (above[r] - below[r]) / 2e-4 * sigma;
                assert!((at[r + 1] - slope).abs() < 1e-5 * slope.abs().max(1.0), "{unit:?} {r}: {slope}");
            }
        }
        let (unit, _) = Unit::new(&Interval::new(1e-13, 1.0).unwrap()).unwrap();
        for c in [0.9, 0.05, -0.6] {
            let found = averaged_derivatives(p, &unit, &Channel::new(c, mean, sigma).unwrap());
            for (a, b) in found.into_iter().zip(derivatives(p, c, mean, sigma)) {
                assert_relative_eq!(a, b, epsilon = 1e-9, max_relative = 1e-9);
            }
        }
    }

    /// For an interference of n terms the error of the Gaussian loss is O(n^{−1/2}), and that of
    /// the corrected loss is O(n^{−3/2}).
    #[test]
    fn correction_gains_two_half_powers() {
        let p = 0.4;
        let errors = |n: usize| {
            let mut row = vec![0.5 / (n as f64).sqrt(); n + 1];
            row[3] = 0.8;
            let bias = -0.15 - p / 2.0 * (row.iter().sum::<f64>() - row[3]);
            let exact = exact_row_loss(&row, 3, bias, p).unwrap().loss;
            let found = edgeworth_row_loss(&row, 3, bias, p).unwrap();
            [(found.gaussian - exact).abs(), (found.corrected - exact).abs()]
        };
        let (few, many) = (errors(100), errors(1_600));
        assert!((3.0..6.0).contains(&(few[0] / many[0])), "{few:?} {many:?}");
        assert!((30.0..130.0).contains(&(few[1] / many[1])), "{few:?} {many:?}");
        assert!(many[1] < 2e-3 * many[0]);
    }
}
