//! A function with a kink as a polynomial plus a Fourier series.
//!
//! With the Bernoulli polynomials and `s_n = 2πi n/P`, for every `|t| < P`,
//! ```text
//! t₊ᵏ = tᵏ + Pᵏ B_{k+1}(t/P)/(k+1) + (k!/P) Σ_{n≠0} e^{s_n t}/s_nᵏ⁺¹ ,
//! ```
//! which is the trapezoidal rule of step `2π/P` for the inversion integral
//! `k!/(2πi) ∫ e^{st} s^{−k−1} ds`, with its line moved onto the imaginary axis and its aliases
//! summed in closed form. Beyond `P` the error is of the form `(t − P)₊ᵏ`. The expected loss of one
//! output is then
//! ```text
//! E g(T) = Σ_k a_k E Tᵏ + (2/P) Re Σ_{n≥1} ĝ(s_n) E e^{s_n T} ,
//! ```
//! with two choices of `a_k` and `ĝ`:
//! - *near* (`c > 0`, and `T > −c` except with a negligible probability): only the kink at 0 is
//!   met, and `g = (1−p) t₊² + p [(1−c)²/3 − (1−c) t + t² − (1+c)/(3c²) (−t)₊³]`;
//! - *far* (any `c`): `g = (1−p) t₊² + p [1/3 + E_u (t+cu)₊² − 2 E_u u (t+cu)₊]`.
//!
//! Here `u ~ U[0, 1]`, and `p` and `c` are those of `piecewise`.

use nalgebra::Complex;

use super::far::Window;
use super::piecewise::Piecewise;

/// A periodic form of `g`.
pub(super) trait Form {
    /// The period `P`.
    fn period(&self) -> f64;

    /// The coefficients `a_0 … a_4` and their derivatives in `c`.
    fn polynomial(&self) -> [[f64; 5]; 2];

    /// `ĝ(s)` and its derivative in `c` at `s = iω`.
    fn transform(&self, omega: f64) -> [Complex<f64>; 2];

    /// A bound on `∫_Ω^∞ |ĝ(iω)| dω`.
    fn tail(&self, omega: f64) -> f64;

    /// The window of a series that does not fall off.
    fn window(&self) -> Option<Window> {
        None
    }

    /// The transform, at `s = iω`, of a bound on the change by the window.
    fn missed(&self, _omega: f64) -> Complex<f64> {
        Complex::ZERO
    }
}

/// The imaginary unit times `x`.
pub(super) fn imaginary(x: f64) -> Complex<f64> {
    Complex::new(0.0, x)
}

/// The integrals `∫₀¹ uᵏ e^{zu} du` for k = 0, 1, 2 and imaginary `z = iy`.
pub(super) fn uniform_transforms(y: f64) -> [Complex<f64>; 3] {
    if y.abs() < 1.0 {
        let mut sums = [Complex::new(0.0, 0.0); 3];
        let mut power = Complex::new(1.0, 0.0);
        for r in 0..22_u32 {
            for (k, sum) in (1_u32..).zip(&mut sums) {
                *sum += power / f64::from(r + k);
            }
            power *= imaginary(y) / f64::from(r + 1);
        }
        return sums;
    }
    let exponential = Complex::cis(y);
    let over = imaginary(-1.0 / y);
    let zeroth = (exponential - 1.0) * over;
    let first = (exponential - zeroth) * over;
    [zeroth, first, (exponential - first * 2.0) * over]
}

/// The periodic form of `g` with the period `P`, for magnitudes `U[0, 1]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periodic {
    pub(super) loss: Piecewise,
    pub(super) period: f64,
    /// `true` for the near form, for which only the kink at 0 is met, and `false` for the far form.
    pub(super) near: bool,
}

impl Form for Periodic {
    fn period(&self) -> f64 {
        self.period
    }

    fn polynomial(&self) -> [[f64; 5]; 2] {
        self.polynomial()
    }

    fn transform(&self, omega: f64) -> [Complex<f64>; 2] {
        self.transform(omega)
    }

    fn tail(&self, omega: f64) -> f64 {
        self.tail(omega)
    }
}

impl Periodic {
    /// The coefficients `a_0 … a_4` and their derivatives in `c`.
    pub(super) fn polynomial(&self) -> [[f64; 5]; 2] {
        let Piecewise { probability: p, own: c } = self.loss;
        let period = self.period;
        // The polynomials of t₊, t₊² and t₊³ without their series, with the Bernoulli polynomials
        // written out.
        let first = [period / 12.0, 0.5, 0.5 / period];
        let second = [0.0, period / 6.0, 0.5, 1.0 / (3.0 * period)];
        let third = [-period.powi(3) / 120.0, 0.0, period / 4.0, 0.5, 0.25 / period];
        let mut value = [0.0; 5];
        let mut slope = [0.0; 5];
        for (a, b) in value.iter_mut().zip(second) {
            *a += (1.0 - p) * b;
        }
        if self.near {
            let (cubic, cubic_slope) = ((1.0 + c) / (3.0 * c * c), -(2.0 + c) / (3.0 * c * c * c));
            for (a, b) in value.iter_mut().zip([(1.0 - c).powi(2) / 3.0, c - 1.0, 1.0]) {
                *a += p * b;
            }
            for (a, b) in slope.iter_mut().zip([-2.0 * (1.0 - c) / 3.0, 1.0]) {
                *a += p * b;
            }
            for (k, b) in third.into_iter().enumerate() {
                let reflected = if k == 3 { b - 1.0 } else { b };
                value[k] -= p * cubic * reflected;
                slope[k] -= p * cubic_slope * reflected;
            }
        } else {
            value[0] += p / 3.0;
            // Adds the terms of E_u (t+cu)^k and E_u u (t+cu)^k by the binomial theorem with E
            // u^j = 1/(j+1).
            for (k, b) in second.into_iter().enumerate() {
                for j in 0..=k {
                    let term = p * b * BINOMIAL[k][j] / (j + 1) as f64;
                    value[k - j] += term * c.powi(j as i32);
                    if j > 0 {
                        slope[k - j] += term * j as f64 * c.powi(j as i32 - 1);
                    }
                }
            }
            for (k, b) in first.into_iter().enumerate() {
                for j in 0..=k {
                    let term = -2.0 * p * b * BINOMIAL[k][j] / (j + 2) as f64;
                    value[k - j] += term * c.powi(j as i32);
                    if j > 0 {
                        slope[k - j] += term * j as f64 * c.powi(j as i32 - 1);
                    }
                }
            }
        }
        [value, slope]
    }

    /// `ĝ(s)` and its derivative in `c` at `s = iω`.
    pub(super) fn transform(&self, omega: f64) -> [Complex<f64>; 2] {
        let Piecewise { probability: p, own: c } = self.loss;
        let inverse = imaginary(-1.0 / omega);
        let square = inverse * inverse;
        let cube = square * inverse;
        if self.near {
            let fourth = (square * square).re;
            let (cubic, cubic_slope) = (2.0 * (1.0 + c) / (c * c), -2.0 * (2.0 + c) / (c * c * c));
            [cube * (2.0 * (1.0 - p)) - p * cubic * fourth, Complex::new(-p * cubic_slope * fourth, 0.0)]
        } else {
            let [zeroth, first, second] = uniform_transforms(omega * c);
            [
                cube * 2.0 * (zeroth * p + (1.0 - p)) - square * first * (2.0 * p),
                (square * first - inverse * second) * (2.0 * p),
            ]
        }
    }

    /// A bound on `∫_Ω^∞ |ĝ(iω)| dω`.
    pub(super) fn tail(&self, omega: f64) -> f64 {
        let Piecewise { probability: p, own: c } = self.loss;
        let second = (1.0 - p) / (omega * omega);
        if self.near {
            return second + p * 2.0 * (1.0 + c) / (3.0 * c * c * omega.powi(3));
        }
        // Here |∫ e^{zu}| ≤ min(1, 2/|z|) and |∫ u e^{zu}| ≤ min(1/2, 2/|z|).
        let decay = 2.0 / c.abs();
        second
            + p * (1.0 / (omega * omega)).min(2.0 * decay / (3.0 * omega.powi(3)))
            + p * (1.0 / omega).min(decay / (omega * omega))
    }
}

/// Binomial coefficients up to 4.
pub(super) const BINOMIAL: [[f64; 5]; 5] = [
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 0.0, 0.0, 0.0],
    [1.0, 2.0, 1.0, 0.0, 0.0],
    [1.0, 3.0, 3.0, 1.0, 0.0],
    [1.0, 4.0, 6.0, 4.0, 1.0],
];

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use nalgebra::Complex;

    use super::{Periodic, uniform_transforms};
    use crate::exact::piecewise::Piecewise;

    #[test]
    fn transforms_of_the_uniform_meet_at_the_switch() {
        for y in [0.999_999_999, -0.999_999_999] {
            let (series, closed) = (uniform_transforms(y), uniform_transforms(y * 1.000_000_002));
            for (a, b) in series.into_iter().zip(closed) {
                assert!((a - b).norm() < 2e-9);
            }
        }
        // By parts ∫ u² e^{iπu} du = −2/π² + i (1/π − 4/π³).
        let pi = std::f64::consts::PI;
        let exact = Complex::new(-2.0 / (pi * pi), 1.0 / pi - 4.0 / pi.powi(3));
        assert!((uniform_transforms(pi)[2] - exact).norm() < 1e-15);
    }

    /// Polynomial and series together are `g` itself, and their slopes in `c` too.
    #[test]
    fn the_periodic_form_is_the_function() {
        for (own, near) in [(0.9, true), (0.9, false), (-0.6, false), (0.0, false), (1.4, true)] {
            let loss = Piecewise { probability: 0.35, own };
            let form = Periodic { loss, period: 2.7, near };
            for t in [-0.55, -0.3, 0.2, 0.8, 1.2] {
                let [mut value, mut slope] =
                    form.polynomial().map(|a| a.iter().rev().fold(0.0, |sum, a| sum * t + a));
                for n in 1..60_000 {
                    let omega = 2.0 * std::f64::consts::PI * f64::from(n) / form.period;
                    let [term, term_slope] = form.transform(omega);
                    let wave = Complex::cis(omega * t) * (2.0 / form.period);
                    value += (wave * term).re;
                    slope += (wave * term_slope).re;
                }
                assert_relative_eq!(value, loss.at(t)[0], epsilon = 0.0, max_relative = 1e-7);
                if own != 0.0 {
                    assert_relative_eq!(slope, loss.at(t)[2], epsilon = 1e-4, max_relative = 1e-4);
                }
            }
        }
    }

    #[test]
    fn the_tail_bounds_the_transform() {
        for (own, near) in [(0.3, true), (0.3, false), (-2.0, false), (0.0, false)] {
            let form = Periodic { loss: Piecewise { probability: 0.4, own }, period: 1.0, near };
            for omega in [0.7, 5.0, 40.0, 900.0] {
                let step = omega / 1_000.0;
                let sum: f64 = (0..200_000)
                    .map(|k| form.transform(omega + step * (f64::from(k) + 0.5))[0].norm() * step)
                    .sum();
                assert!(sum <= form.tail(omega) * 1.001, "{own} {omega}: {sum} {}", form.tail(omega));
            }
        }
    }
}
