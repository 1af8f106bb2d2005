//! The law of a magnitude in the unit in which the exact loss is computed.
//!
//! With `x = h x′` and `b = h b′` the loss is `h²` times that of `x′` and `b′`, and `h` depends on
//! the law:
//!
//! | law | h | φ(z) = E e^{zu′} |
//! |---|---|---|
//! | `U[0, h]` | h | `∫₀¹ e^{zu} du` |
//! | interval `[l, r]` | greatest \|u\| | `e^{zl} ∫₀¹ e^{z(r − l)u} du` |
//! | constant, points `v_k` with probabilities `q_k` | greatest \|u\| | `Σ q_k e^{z v_k}` |
//! | exponential, rate λ | 1/λ | `1/(1 − z)` |
//! | a density, smooth between its breaks | greatest \|u\| | by [quadrature](super::smooth) |

use nalgebra::Complex;
use toy_superposition_data::{
    Cumulants, Exponential, Interval, Magnitude, MagnitudeSpec, Points, UnitUniform,
};

use super::periodic::{BINOMIAL, imaginary, uniform_transforms};
use super::smooth::Smooth;
use crate::gaussian::terms::Terms;
use crate::magnitude::Integrable;
use crate::quadrature::panels;
use crate::{Channel, Error, Feature, Loss, Result};

/// The law of a magnitude in its unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unit {
    /// The law `U[0, 1]`.
    Uniform,
    /// Uniform on an interval within [−1, 1].
    Interval(Interval),
    /// The exponential law of mean 1.
    Exponential(Exponential),
    /// Values within [−1, 1].
    Points(Points),
    /// A density within [−1, 1].
    Smooth(Smooth),
}

impl Unit {
    /// The law of a magnitude in its unit, and the unit `h`.
    pub(crate) fn new(magnitude: &dyn Magnitude) -> Result<(Self, f64)> {
        let given = magnitude.spec();
        let known = match &given {
            MagnitudeSpec::Uniform {} => Some((Self::Uniform, 1.0)),
            &MagnitudeSpec::Interval { low: 0.0, high } => Some((Self::Uniform, high)),
            MagnitudeSpec::Interval { low, high } => {
                let most = low.abs().max(high.abs());
                Interval::new(low / most, high / most).ok().map(|law| (Self::Interval(law), most))
            }
            MagnitudeSpec::Constant { value } => Self::points(&[*value], &[1.0]),
            MagnitudeSpec::Points { values, weights } => Self::points(values, weights),
            MagnitudeSpec::Exponential { rate } => {
                Exponential::new(1.0).ok().map(|law| (Self::Exponential(law), rate.recip()))
            }
            _ => Smooth::new(magnitude).map(|(law, most)| (Self::Smooth(law), most)),
        };
        known.ok_or_else(|| Error::Magnitude { given: Box::new(given) })
    }

    fn points(values: &[f64], weights: &[f64]) -> Option<(Self, f64)> {
        let most = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let values: Vec<f64> = values.iter().map(|value| value / most).collect();
        Points::new(&values, weights).ok().map(|law| (Self::Points(law), most))
    }

    fn law(&self) -> &dyn Integrable {
        match self {
            Self::Uniform => &UnitUniform,
            Self::Interval(law) => law,
            Self::Exponential(law) => law,
            Self::Points(law) => law,
            Self::Smooth(law) => law,
        }
    }

    /// Returns `true` for the law `U[0, 1]`, for which there are faster methods.
    pub(super) fn is_uniform(&self) -> bool {
        matches!(self, Self::Uniform)
    }

    /// The least share for which a state with one feature on is integrated by itself rather than in
    /// the series: a share of the probability that the feature is on. It is above 0 for laws where
    /// each such integral is a quadrature.
    pub(super) fn rare(&self) -> f64 {
        if matches!(self, Self::Exponential(_) | Self::Smooth(_)) { 0.1 } else { 0.0 }
    }

    /// The divisors `d_k = k!/E uᵏ` for k = 1 … 4, so that `E u = 1/d_1` and `E u² = 2/d_2`.
    pub(super) fn divisors(&self) -> [f64; 4] {
        if self.is_uniform() {
            return [2.0, 6.0, 24.0, 120.0];
        }
        let [m1, m2, m3, m4] = self.law().raw_moments();
        [1.0 / m1, 2.0 / m2, 6.0 / m3, 24.0 / m4]
    }

    /// The cumulants `κ_1 … κ_4` of one feature `x = c u`.
    pub(super) fn cumulants(&self, p: f64) -> [f64; 4] {
        let Cumulants { mean, variance, third, fourth } = self.law().feature_cumulants(p);
        [mean, variance, third, fourth]
    }

    /// The least and the greatest value of `w x`, either of which may be infinite.
    pub(super) fn range(&self, w: f64) -> [f64; 2] {
        if w == 0.0 {
            return [0.0; 2];
        }
        let (low, high) = self.law().support();
        let (from, to) = (w * low, w * high);
        [from.min(to).min(0.0), from.max(to).max(0.0)]
    }

    /// The ends of the support.
    pub(super) fn ends(&self) -> [f64; 2] {
        let (low, high) = self.law().support();
        [low, high]
    }

    /// The generating function φ(z) at a real z; infinite where it does not converge.
    pub(super) fn average(&self, z: f64) -> f64 {
        if self.is_uniform() {
            return if z.abs() < 1e-3 { 1.0 + z / 2.0 + z * z / 6.0 } else { z.exp_m1() / z };
        }
        if let Self::Smooth(law) = self {
            return law.average(z);
        }
        self.law().generating_function(Complex::from(z)).map_or(f64::INFINITY, |value| value.re)
    }

    /// `E uᵏ e^{iyu}`, k = 0, 1, 2: φ and its derivatives at `z = iy`.
    pub(super) fn transforms(&self, y: f64) -> [Complex<f64>; 3] {
        match self {
            Self::Uniform => uniform_transforms(y),
            Self::Interval(law) => {
                let (low, high) = law.support();
                let width = high - low;
                let [zeroth, first, second] = uniform_transforms(y * width);
                let terms = [
                    zeroth,
                    zeroth * low + first * width,
                    zeroth * (low * low) + first * (2.0 * low * width) + second * (width * width),
                ];
                terms.map(|term| Complex::cis(y * low) * term)
            }
            Self::Exponential(_) => {
                let pole = (imaginary(y) + 1.0) / (1.0 + y * y);
                [pole, pole * pole, pole * pole * pole * 2.0]
            }
            Self::Points(law) => law.iter().fold([Complex::ZERO; 3], |sums, (value, share)| {
                let wave = Complex::cis(y * value) * share;
                [sums[0] + wave, sums[1] + wave * value, sums[2] + wave * (value * value)]
            }),
            Self::Smooth(law) => law.transforms(y),
        }
    }

    /// `D` with `|φ|, |φ′| ≤ D/|y|` at `z = iy`.
    pub(super) fn decay(&self) -> f64 {
        match self {
            Self::Uniform => 2.0,
            Self::Interval(law) => {
                let (low, high) = law.support();
                (low.abs() + high.abs()) / (high - low) + 1.0
            }
            Self::Exponential(_) => 1.0,
            Self::Points(_) => f64::INFINITY,
            Self::Smooth(law) => law.decay,
        }
    }

    /// `E (m + w u)ʳ`, r = 0 … 4.
    pub(super) fn path_moments(&self, m: f64, w: f64) -> [f64; 5] {
        let [m1, m2, m3, m4] = self.law().raw_moments();
        along_path([1.0, m1, m2, m3, m4], m, w)
    }

    /// `E u (m + w u)ʳ`, r = 0 … 3.
    pub(super) fn path_slopes(&self, m: f64, w: f64) -> [f64; 4] {
        along_path(self.law().raw_moments(), m, w)
    }

    /// Calls `visit` with the points and weights of a sum for `E f(u)`. The sum is exact for
    /// finitely many values and any f, and for an interval and an f that is cubic between any two
    /// of the `cuts`. For a density, f must be smooth between any two of the `cuts`.
    pub(super) fn visit(&self, cuts: &[f64], mut visit: impl FnMut(f64, f64)) {
        match self {
            Self::Points(law) => return law.iter().for_each(|(value, share)| visit(value, share)),
            Self::Smooth(law) => return law.visit(cuts, visit),
            _ => {}
        }
        let [low, high] = self.ends();
        let mut ends: Vec<f64> = cuts.iter().map(|cut| cut.clamp(low, high)).collect();
        ends.extend([low, high]);
        ends.retain(|end| !end.is_nan());
        ends.sort_by(f64::total_cmp);
        for piece in ends.windows(2).filter(|piece| piece[1] > piece[0]) {
            let (half, middle) = ((piece[1] - piece[0]) / 2.0, (piece[1] + piece[0]) / 2.0);
            for u in [middle - half * GAUSS_2, middle + half * GAUSS_2] {
                visit(u, half / (high - low));
            }
        }
    }

    /// Calls `visit` with points and weights for functions of `u` that change, near the edge of a
    /// channel, over the length of its noise.
    pub(super) fn visit_tails(&self, channel: &Channel, mut visit: impl FnMut(f64, f64)) {
        let [low, high] = self.ends();
        match self {
            Self::Points(law) => law.iter().for_each(|(value, share)| visit(value, share)),
            Self::Smooth(law) => law.visit_tails(channel, visit),
            Self::Exponential(_) => {
                panels((0.0, LARGEST), channel, |u, width| visit(u, width * (-u).exp()));
            }
            _ => panels((low, high), channel, |u, width| visit(u, width / (high - low))),
        }
    }

    /// The loss of an output with Gaussian interference of one channel.
    pub(super) fn row_loss(&self, p: f64, channel: &Channel) -> Result<Loss> {
        crate::error::probability(p)?;
        Ok(Feature::of_any_sign(p, self).row_loss(channel))
    }

    /// `E |x − E x|³` of one feature `x = c u`.
    pub(super) fn third_absolute_moment(&self, p: f64) -> f64 {
        let mean = p / self.divisors()[0];
        let mut on = 0.0;
        let mut visit = |u: f64, weight: f64| on += weight * (u - mean).abs().powi(3);
        match self {
            // The panels begin where the sign of u − mean changes.
            Self::Exponential(_) => self.visit_tails(&Channel::unchecked(1.0, -mean, 1.0), visit),
            _ => self.visit(&[mean], &mut visit),
        }
        (1.0 - p) * mean.abs().powi(3) + p * on
    }
}

impl Magnitude for &Unit {
    fn raw_moments(&self) -> [f64; 4] {
        self.law().raw_moments()
    }

    fn feature_cumulants(&self, probability: f64) -> Cumulants {
        self.law().feature_cumulants(probability)
    }

    fn support(&self) -> (f64, f64) {
        self.law().support()
    }

    fn spec(&self) -> MagnitudeSpec {
        self.law().spec()
    }
}

impl Integrable for &Unit {
    fn largest(&self) -> f64 {
        self.law().largest()
    }

    fn add_to(&self, weight: f64, terms: &mut Terms) {
        self.law().add_to(weight, terms);
    }

    fn on_less_off(&self, terms: &Terms, gain: f64) -> Option<(f64, f64)> {
        self.law().on_less_off(terms, gain)
    }
}

/// `Σ_j C(r, j) m^{r−j} w^j M_j` for each r below the number of the moments `M`.
fn along_path<const N: usize>(moments: [f64; N], m: f64, w: f64) -> [f64; N] {
    std::array::from_fn(|r| {
        let term = |j: usize| BINOMIAL[r][j] * m.powi((r - j) as i32) * w.powi(j as i32) * moments[j];
        (0..=r).map(term).sum()
    })
}

/// The number of means beyond which the exponential law has 1e-19 of its mass.
const LARGEST: f64 = 44.0;
/// The abscissa `1/√3` of the two-point Gauss–Legendre rule on [−1, 1].
const GAUSS_2: f64 = 0.577_350_269_189_625_8;
