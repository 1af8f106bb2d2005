//! The loss of one output, and its periodic form, for magnitudes of any law.
//!
//! This is [`piecewise`](super::piecewise) and the *far* form of [`periodic`](super::periodic),
//! with `E_u` over the law of the own magnitude:
//! ```text
//! g(t) = (1−p) t₊² + p E_u (u − (cu + t)₊)² = (1−p) t₊² + p [E u² + E_u (t+cu)₊² − 2 E_u u (t+cu)₊] ,
//! ĝ(s) = 2 [1 − p + p φ(sc)]/s³ − 2 p φ′(sc)/s² ,   ∂ĝ/∂c = 2 p [φ′(sc)/s² − φ″(sc)/s] .
//! ```
//! Where magnitudes have atoms, neither φ nor `K` falls off. There the terms are multiplied by a
//! window,
//! ```text
//! ŵ(ωδ) ,   ŵ(x) = e^{−x²/2} (1 + x²/2) ,
//! ```
//! which smooths `g` over the width δ with a kernel whose moments 1 to 3 are 0. It changes `g` only
//! near its kinks: `|t₊ * w − t₊| ≤ (δ/2) n(t/δ)` and `|t₊² * w − t₊²| ≤ 0.35 δ² n(t/δ)`, where `n`
//! is the density of N(0, 1). So the error is at most
//! ```text
//! E_R b(T) ,   b(t) = 0.35 δ² [(1−p) n(t/δ) + p E_u n((t+cu)/δ)] + δ p E_u |u| n((t+cu)/δ) ,
//! ```
//! which is a sum over the same nodes.

use nalgebra::Complex;

use super::gradient::Sums;
use super::periodic::{BINOMIAL, Form, imaginary};
use super::piecewise::{Given, Jet, Piecewise};
use super::row::{MOST_NODES, Output};
use super::smooth::Smooth;
use super::unit::Unit;
use crate::Channel;

/// The loss of one output given its offset `t`, averaged over an own magnitude of any law.
#[derive(Debug, Clone, Copy)]
pub(super) struct Average<'a> {
    pub(super) loss: Piecewise,
    pub(super) unit: &'a Unit,
}

impl Given for Average<'_> {
    fn at(&self, t: f64) -> Jet {
        let Piecewise { probability: p, own: c } = self.loss;
        if let Unit::Smooth(law) = self.unit {
            return split(law, p, c, t);
        }
        let positive = t.max(0.0);
        let mut jet = [(1.0 - p) * positive * positive, 2.0 * (1.0 - p) * positive, 0.0];
        if matches!(self.unit, Unit::Exponential(_)) {
            let on = exponential(c, t);
            return std::array::from_fn(|k| jet[k] + p * on[k]);
        }
        self.unit.visit(&[-t / c], |u, weight| {
            let (y, share) = ((c * u + t).max(0.0), p * weight);
            let residual = u - y;
            jet[0] += share * residual * residual;
            if y > 0.0 {
                jet[1] -= 2.0 * share * residual;
                jet[2] -= 2.0 * share * residual * u;
            }
        });
        jet
    }

    fn along(&self, m: f64, w: f64) -> [f64; 4] {
        let mut total = [0.0; 4];
        let mut visit = |u: f64, weight: f64| {
            let [value, slope, own] = self.at(m + w * u);
            for (sum, term) in total.iter_mut().zip([value, slope, own, slope * u]) {
                *sum += weight * term;
            }
        };
        if matches!(self.unit, Unit::Exponential(_)) {
            // Below its kink g falls off like e^{t/c}.
            self.unit.visit_tails(&Channel::unchecked(w, m, self.loss.own.abs()), visit);
            return total;
        }
        if let Unit::Smooth(law) = self.unit {
            // The edges are cut such that the kink stays within one panel between two cuts.
            let edges = law.edges().chain([0.0]).map(|edge| (-self.loss.own * edge - m) / w);
            law.visit(&edges.collect::<Vec<_>>(), visit);
            return total;
        }
        let [low, high] = self.unit.ends().map(|end| -self.loss.own * end);
        self.unit.visit(&[-m / w, (low - m) / w, (high - m) / w], &mut visit);
        total
    }
}

/// `E (u − (cu + t)₊)²` and its slopes in `t` and `c`, for the exponential law of mean 1.
///
/// For the quadratics `u²`, `r²` and `u r` with `r = (1 − c) u − t`,
/// `∫_a^∞ e^{−u} f = e^{−a} (f + f′ + f″)(a)`. The output is open beyond `−t/c` for `c > 0`, and up
/// to there for `c < 0`.
fn exponential(c: f64, t: f64) -> Jet {
    let rest = 1.0 - c;
    // The integrals from a on of `u²`, `r²`, `−2r` and `−2ur`, in this order.
    let beyond = |a: f64| {
        let (r, weight) = (rest * a - t, (-a).exp());
        if weight == 0.0 {
            return [0.0; 4];
        }
        let square = (r + rest).powi(2) + rest * rest;
        let product = a * r + r + a * rest + 2.0 * rest;
        [(a + 1.0).powi(2) + 1.0, square, -2.0 * (r + rest), -2.0 * product].map(|part| weight * part)
    };
    if c > 0.0 {
        let edge = (-t / c).max(0.0);
        let [_, square, slope, own] = beyond(edge);
        return [below(edge) + square, slope, own];
    }
    if t <= 0.0 {
        return [2.0, 0.0, 0.0];
    }
    let (all, cut) = (beyond(0.0), beyond(t / c.abs()));
    [all[1] - cut[1] + cut[0], all[2] - cut[2], all[3] - cut[3]]
}

/// `g` and its slopes in `t` and `c` from the moments of a density on the two sides of the kink.
fn split(law: &Smooth, p: f64, c: f64, t: f64) -> Jet {
    let positive = t.max(0.0);
    let [below, above] = match c {
        0.0 if t > 0.0 => law.split(f64::NEG_INFINITY),
        0.0 => law.split(f64::INFINITY),
        _ => law.split(-t / c),
    };
    let (shut, open) = if c < 0.0 { (above, below) } else { (below, above) };
    // The squared error is u² where the output is shut, and (r u − t)² with r = 1 − c where it is
    // open.
    let r = 1.0 - c;
    let square = r * r * open[2] - 2.0 * r * t * open[1] + t * t * open[0];
    [
        (1.0 - p) * positive * positive + p * (shut[2] + square.max(0.0)),
        2.0 * (1.0 - p) * positive - 2.0 * p * (r * open[1] - t * open[0]),
        -2.0 * p * (r * open[2] - t * open[1]),
    ]
}

/// `∫₀ᵃ e^{−u} u² du`, without cancellation.
fn below(a: f64) -> f64 {
    if a > 1.0 {
        let weight = (-a).exp();
        return if weight == 0.0 { 2.0 } else { 2.0 - weight * ((a + 1.0).powi(2) + 1.0) };
    }
    let (mut sum, mut power) = (0.0, a * a * a);
    for k in 0..20_u32 {
        sum += power / f64::from(k + 3);
        power *= -a / f64::from(k + 1);
    }
    sum
}

/// The window of a series that does not fall off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The width δ over which the window smooths.
    pub(super) width: f64,
    /// The last node.
    pub(super) last: u32,
}

impl Window {
    /// The window that ends at node `last` of a period.
    pub(super) fn new(period: f64, last: u32) -> Self {
        Self { width: EDGE * period / (2.0 * std::f64::consts::PI * f64::from(last)), last }
    }

    /// The factor `ŵ(ωδ)` at the frequency `ω`.
    pub(super) fn at(&self, omega: f64) -> f64 {
        let half = (omega * self.width).powi(2) / 2.0;
        (-half).exp() * (1.0 + half)
    }
}

/// The end of the window in units of 1/δ, where `ŵ = 6e-10`.
const EDGE: f64 = 7.0;

/// The far form of `g` with the period `P`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Far<'a> {
    pub(super) of: Average<'a>,
    pub(super) period: f64,
    pub(super) window: Option<Window>,
}

impl Form for Far<'_> {
    fn period(&self) -> f64 {
        self.period
    }

    fn polynomial(&self) -> [[f64; 5]; 2] {
        let Average { loss: Piecewise { probability: p, own: c }, unit } = self.of;
        let period = self.period;
        // The polynomials of t₊ and t₊² without their series, as in the form for U[0, 1].
        let first = [period / 12.0, 0.5, 0.5 / period];
        let second = [0.0, period / 6.0, 0.5, 1.0 / (3.0 * period)];
        let [_, m1, m2, m3, _] = unit.path_moments(0.0, 1.0);
        let moments = [1.0, m1, m2, m3];
        let (mut value, mut slope) = ([p * m2, 0.0, 0.0, 0.0, 0.0], [0.0; 5]);
        for (a, b) in value.iter_mut().zip(second) {
            *a += (1.0 - p) * b;
        }
        // Adds the terms of p E (t+cu)ᵏ and of −2 p E u (t+cu)ᵏ.
        for (coefficients, factor, extra) in [(&second[..], p, 0), (&first[..], -2.0 * p, 1)] {
            for (k, b) in coefficients.iter().enumerate() {
                for j in 0..=k {
                    let term = factor * b * BINOMIAL[k][j] * moments[j + extra];
                    value[k - j] += term * c.powi(j as i32);
                    if j > 0 {
                        slope[k - j] += term * j as f64 * c.powi(j as i32 - 1);
                    }
                }
            }
        }
        [value, slope]
    }

    fn transform(&self, omega: f64) -> [Complex<f64>; 2] {
        let Piecewise { probability: p, own: c } = self.of.loss;
        let inverse = imaginary(-1.0 / omega);
        let square = inverse * inverse;
        let [zeroth, first, second] = self.of.unit.transforms(omega * c);
        [
            square * inverse * 2.0 * (zeroth * p + (1.0 - p)) - square * first * (2.0 * p),
            (square * first - inverse * second) * (2.0 * p),
        ]
    }

    /// Here `|φ| ≤ 1` and `|φ′| ≤ E |u| ≤ 1`, and both are below `D/(ω|c|)`.
    fn tail(&self, omega: f64) -> f64 {
        let Piecewise { probability: p, own: c } = self.of.loss;
        let (decay, square) = (self.of.unit.decay() / c.abs(), omega * omega);
        (1.0 - p) / square
            + p * (1.0 / square).min(2.0 * decay / (3.0 * square * omega))
            + p * (2.0 / omega).min(decay / square)
    }

    fn window(&self) -> Option<Window> {
        self.window
    }

    /// Here `|u| ≤ 1`, which holds for atoms.
    fn missed(&self, omega: f64) -> Complex<f64> {
        let Piecewise { probability: p, own: c } = self.of.loss;
        let width = self.window.map_or(0.0, |window| window.width);
        let own = self.of.unit.transforms(omega * c)[0] * p;
        let jumps = (own + (1.0 - p)) * (0.35 * width * width) + own * width;
        jumps * (width * (-(omega * width).powi(2) / 2.0).exp())
    }
}

/// The relative error that is aimed at where the atoms are too many to be listed.
pub(super) const WINDOWED: f64 = 1e-8;
/// The number of nodes of the first window.
const FIRST: u32 = 1 << 10;
/// The largest number of nodes, times factors, in a window.
const WORK: u32 = 1 << 27;

impl Output<'_> {
    /// The loss from its part with at most one feature on, and an estimate of its error. The window
    /// is as narrow as the tolerance asks for, or as the limit on the work allows.
    pub(super) fn windowed(
        &self,
        form: Far<'_>,
        tolerance: f64,
        for_slopes: bool,
        few: &Sums,
    ) -> (Sums, f64) {
        let most = (WORK / self.law.work() as u32).clamp(FIRST, MOST_NODES);
        let mut last = FIRST;
        loop {
            let form = Far { window: Some(Window::new(form.period, last)), ..form };
            let (sums, error) = self.finished(&form, tolerance, for_slopes, few.clone());
            if error <= 2.0 * tolerance || last >= most {
                return (sums, error);
            }
            // The error decreases like the square of the width.
            let more = (1.1 * (error / tolerance).sqrt()).clamp(2.0, 32.0);
            last = ((f64::from(last) * more) as u32).min(most);
        }
    }

    /// The far form whose aliases are below `tolerance`.
    pub(super) fn far(&self, tolerance: f64) -> Far<'_> {
        let of = Average { loss: self.loss, unit: self.law.unit };
        let Piecewise { probability: p, own: c } = self.loss;
        let [below, above] = if p > 0.0 { of.unit.range(c) } else { [0.0; 2] };
        let reach = |upwards: bool| {
            let (sign, most) = if upwards { (1.0, above) } else { (-1.0, -below) };
            if most.is_finite() {
                let prefactor = |theta: f64| (2.0 / theta + 2.0 * p) / theta;
                return self.law.reach(upwards, sign * self.bias + most, prefactor, tolerance);
            }
            // For the exponential law φ′ = φ².
            let prefactor = |theta: f64| {
                let own = of.unit.average(sign * theta * c);
                (2.0 * (1.0 - p + p * own) / theta + 2.0 * p * own * own) / theta
            };
            self.law.reach_within(upwards, sign * self.bias, f64::INFINITY, prefactor, tolerance)
        };
        Far { of, period: reach(false).max(reach(true)), window: None }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use toy_superposition_data::{Constant, Features, Independent};

    use super::{Form, Window};
    use crate::exact::law::FeatureLaw;
    use crate::exact::row::Output;
    use crate::exact::unit::Unit;

    /// The windowed series is compared with the finite sum that it stands in for. The error that it
    /// returns is a bound for weights of all kinds and for outcomes on the kinks themselves, and it
    /// is of the size of the tolerance where no outcome is near a kink.
    #[test]
    fn the_window_errs_by_no_more_than_it_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(31);
        let (mut most, mut met): (f64, u32) = (0.0, 0);
        let (mut close, mut all) = (0, 0);
        for case in 0..60 {
            let features = rng.random_range(4..15);
            let lattice = case % 3 == 0;
            let mut row: Vec<f64> = (0..features).map(|_| rng.random_range(-0.8..0.8)).collect();
            let mut bias = rng.random_range(-0.5..0.3);
            if lattice {
                row.iter_mut().for_each(|w| *w = (*w * 4.0).round() / 4.0);
                bias = (bias * 4.0_f64).round() / 4.0;
            }
            let p = 10.0_f64.powf(rng.random_range(-1.5..-0.1));
            let law = Features::new(Independent::new(features, p).unwrap(), Constant::new(2.0).unwrap());
            let prepared = FeatureLaw::from(&law).of(features).unwrap();
            let output = Output::new(&row, 1, bias, &prepared, None);
            let Unit::Points(points) = &prepared.unit else { panic!("{:?}", prepared.unit) };
            if output.settled().is_some() || output.law.is_few() {
                continue;
            }
            let (exact, rounding) = output.by_atoms(points, true).unwrap();
            for tolerance in [1e-4, 1e-6] {
                let (found, error) = output.sums(tolerance * exact.loss, true);
                let distance = (found.loss - exact.loss).abs();
                assert!(distance <= error + rounding, "{row:?} {bias} {p}: {distance:e} {error:e}");
                most = most.max(distance / error);
                met += u32::from(error <= 3.0 * tolerance * exact.loss);
                if lattice {
                    continue;
                }
                // Where an outcome lies near a kink the error of the slopes is the width of the
                // window.
                let size = exact.groups.iter().fold(exact.bias.abs(), |most, slope| most.max(slope.abs()));
                let apart = found.groups.iter().zip(&exact.groups).map(|(a, b)| (a - b).abs());
                let apart = apart.fold((found.bias - exact.bias).abs(), f64::max);
                close += u32::from(apart < tolerance.sqrt() * size);
                all += 1;
            }
        }
        assert!(4 * close > 3 * all, "{close} {all}");
        assert!(most > 0.05 && met > 70, "{most} {met}");
    }

    /// The value is compared with midpoint sums, and the slopes with differences.
    #[test]
    fn the_exponential_law_agrees_with_its_definition() {
        for own in [0.9, 1.3, 0.05, -0.7, 0.0] {
            for t in [-1.7, -0.1, -1e-6, 0.3, 2.0] {
                let value = |own: f64, t: f64| {
                    let term = |k: u32| {
                        let u = (f64::from(k) + 0.5) * 2e-4;
                        (u - (own * u + t).max(0.0)).powi(2) * (-u).exp() * 2e-4
                    };
                    (0..200_000).map(term).sum::<f64>()
                };
                let [found, slope, by_own] = super::exponential(own, t);
                let closed = |own: f64, t: f64| super::exponential(own, t)[0];
                let close = |a: f64, b: f64, what: &str| {
                    assert!((a - b).abs() < 1e-4 * b.abs().max(0.1), "{what} {own} {t}: {a} {b}");
                };
                assert!((found - value(own, t)).abs() < 1e-7, "{own} {t}: {found}");
                close(slope, (closed(own, t + 1e-6) - closed(own, t - 1e-6)) / 2e-6, "slope");
                if own != 0.0 {
                    close(by_own, (closed(own + 1e-6, t) - closed(own - 1e-6, t)) / 2e-6, "own");
                }
            }
        }
        assert!((super::below(1.0 - 1e-12) - super::below(1.0 + 1e-12)).abs() < 1e-11);
    }

    /// The form and its slopes in `c` are `g` itself where the window is narrow.
    #[test]
    fn the_far_form_is_the_function() {
        use super::{Average, Far};
        use crate::exact::piecewise::{Given, Piecewise};
        let exponential = Unit::new(&toy_superposition_data::Exponential::new(3.0).unwrap()).unwrap().0;
        let interval = toy_superposition_data::Interval::new(-1.0, 0.5).unwrap();
        let interval = Unit::new(&interval).unwrap().0;
        let smooth = crate::Density::new(|u: f64| 2.0 + u.sin(), 0.5, 1.0).unwrap();
        let smooth = Unit::new(&smooth).unwrap().0;
        for (unit, own, period) in [
            (&exponential, 0.05, 3.5),
            (&exponential, -0.04, 3.5),
            (&interval, 0.6, 2.7),
            (&smooth, 0.6, 2.7),
            (&smooth, -0.4, 2.7),
        ] {
            let of = Average { loss: Piecewise { probability: 0.35, own }, unit };
            let form = Far { of, period, window: None };
            for t in [-0.55, -0.01, 0.2, 0.8] {
                let [mut value, mut slope] =
                    form.polynomial().map(|a| a.iter().rev().fold(0.0, |sum, a| sum * t + a));
                for n in 1..60_000 {
                    let omega = 2.0 * std::f64::consts::PI * f64::from(n) / period;
                    let wave = nalgebra::Complex::cis(omega * t) * (2.0 / period);
                    let [term, term_slope] = form.transform(omega).map(|term| (wave * term).re);
                    (value, slope) = (value + term, slope + term_slope);
                }
                let [expected, _, by_own] = of.at(t);
                assert!((value - expected).abs() < 1e-7 * expected, "{own} {t}: {value} {expected}");
                assert!((slope - by_own).abs() < 1e-4 * by_own.abs().max(1.0), "{own} {t}: {slope} {by_own}");
            }
        }
        assert!(Window::new(2.0, 100).at(2.0 * std::f64::consts::PI * 50.0) < 1e-9);
    }
}
