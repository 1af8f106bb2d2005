//! The transforms and moments of a magnitude whose density is smooth between its breaks, by
//! quadrature.
//!
//! Each [piece](super::pieces) of the support is cut into K equal panels of half-width h about m_k,
//! and on each panel the density is a polynomial in Legendre's form. With the spherical Bessel
//! functions `j_l` the transform of the polynomial is exact at every frequency, however many waves
//! a panel has:
//! ```text
//! u = m_k + hξ ,   uʳρ(u) = Σ_l a_rkl P_l(ξ) ,   a_rkl = (2l+1)/2 ∫ uʳρ P_l dξ   (16-point Gauss) ,
//! E uʳ e^{iyu} = 2h Σ_k e^{iym_k} Σ_l i^l j_l(yh) a_rkl ,
//! E[uʳ; u < v] = h Σ_{panels below} 2 a_rk0 + h Σ_l a_rkl ∫_{−1}^ξ P_l .
//! ```
//! K starts from 16 if there is one piece, and is doubled until the last two coefficients of `ρ`
//! and of `u²ρ` are below 1e-11 of the largest `ρ` and `u²ρ`.

use nalgebra::Complex;
use toy_superposition_data::{Magnitude, MagnitudeSpec};

use super::pieces;
use crate::gaussian::channel::Channel;
use crate::gaussian::terms::Terms;
use crate::magnitude::Integrable;
use crate::quadrature::{gauss_legendre, panels};

/// The number of coefficients per panel.
const TERMS: usize = 16;
/// The least number of panels in all, and the least and the largest number of panels of a piece.
const PANELS: [usize; 3] = [16, 4, 512];
/// The largest size of the last coefficients, relative to the largest density.
const SMOOTH: f64 = 1e-11;
/// The largest distance of the integral of the density from 1.
const TOTAL: f64 = 1e-6;

/// The law of a magnitude within [−1, 1].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Smooth {
    /// The ends of the panels.
    edges: Vec<f64>,
    /// The number of panels of each piece.
    pieces: Vec<usize>,
    /// The coefficients `a_rkl` of each panel `k`, for r = 0, 1, 2.
    panels: Vec<[[f64; TERMS]; 3]>,
    /// The moments `E[uʳ; u < edges[k]]` below each edge, and those from there on.
    below: Vec<[f64; 3]>,
    above: Vec<[f64; 3]>,
    moments: [f64; 4],
    /// A number `D` with `|φ|, |φ′| ≤ D/|y|` at `z = iy`.
    pub(super) decay: f64,
}

/// One piece, cut into panels.
struct Piece {
    edges: Vec<f64>,
    panels: Vec<[[f64; TERMS]; 3]>,
    /// The moments `E uᵏ` over the piece, k = 0 … 4.
    moments: [f64; 5],
    /// The density at each point, in order.
    values: Vec<f64>,
    /// The largest `ρ` and `u²ρ`, and the largest sizes of their last two coefficients.
    largest: [f64; 2],
    last: [f64; 2],
}

impl Piece {
    /// The density on `[low, high]` in `count` panels; `None` if it is not known or not finite.
    fn new(low: f64, high: f64, count: usize, density: &impl Fn(f64) -> Option<f64>) -> Option<Self> {
        let half = (high - low) / (2.0 * count as f64);
        let edges = (0..count).map(|k| low + 2.0 * half * k as f64).chain([high]).collect();
        let (panels, values) = (Vec::with_capacity(count), Vec::with_capacity(16 * count));
        let mut piece = Self { edges, panels, moments: [0.0; 5], values, largest: [0.0; 2], last: [0.0; 2] };
        let rule = gauss_legendre();
        for k in 0..count {
            let middle = low + half * (2 * k + 1) as f64;
            let mut coefficients = [[0.0; TERMS]; 3];
            // Points are visited in rising order of ξ, since the abscissas of the rule fall.
            for (xi, weight) in rule.into_iter().rev() {
                let u = middle + half * xi;
                let rho = density(u)?;
                if !(rho >= 0.0 && rho.is_finite()) {
                    return None;
                }
                piece.values.push(rho);
                for (largest, value) in piece.largest.iter_mut().zip([rho, u * u * rho]) {
                    *largest = largest.max(value);
                }
                let mut power = half * weight * rho;
                for moment in &mut piece.moments {
                    *moment += power;
                    power *= u;
                }
                for (l, p) in legendre::<TERMS>(xi).into_iter().enumerate() {
                    let mut term = (2 * l + 1) as f64 / 2.0 * weight * rho * p;
                    for coefficients in &mut coefficients {
                        coefficients[l] += term;
                        term *= u;
                    }
                }
            }
            for (last, r) in piece.last.iter_mut().zip([0, 2]) {
                *last = last.max(coefficients[r][TERMS - 2..].iter().map(|a| a.abs()).sum());
            }
            piece.panels.push(coefficients);
        }
        Some(piece)
    }

    fn is_smooth(&self, largest: [f64; 2]) -> bool {
        let all = self.largest.into_iter().zip(largest);
        all.zip(self.last).all(|((here, largest), last)| last <= SMOOTH * here.max(largest))
    }
}

impl Smooth {
    /// The law of `u/h` and the scale `h`, the greatest `|u|`, for a magnitude `u` with a density
    /// of this kind; `None` for any other.
    pub(super) fn new(magnitude: &dyn Magnitude) -> Option<(Self, f64)> {
        let ends = pieces::ends(magnitude)?;
        let [low, high] = [ends[0], ends[ends.len() - 1]];
        let scale = low.abs().max(high.abs());
        let density = |u: f64| magnitude.density((u * scale).clamp(low, high)).map(|rho| rho * scale);
        let fewest = PANELS[1].max(PANELS[0] / (ends.len() - 1));
        let piece = |k: usize, count| Piece::new(ends[k] / scale, ends[k + 1] / scale, count, &density);
        let mut found = (0..ends.len() - 1).map(|k| piece(k, fewest)).collect::<Option<Vec<_>>>()?;
        let largest = [0, 1].map(|of| found.iter().map(|piece| piece.largest[of]).fold(0.0, f64::max));
        for (k, found) in found.iter_mut().enumerate() {
            while !found.is_smooth(largest) {
                let count = 2 * found.panels.len();
                if count > PANELS[2] {
                    return None;
                }
                *found = piece(k, count)?;
            }
        }
        let ends = [density(low / scale)?, density(high / scale)?];
        let found = Self::of_pieces(&found, ends)?;
        // The part that was cut off may be rare and still matter for the second moment.
        let second = found.moments[1] * scale * scale / magnitude.second_moment();
        let (least, most) = magnitude.support();
        let whole = least.is_finite() && most.is_finite() || (second - 1.0).abs() <= TOTAL;
        whole.then_some((found, scale))
    }

    /// The law of all pieces together, where `ends` holds the density at both ends. `None` if the
    /// integral is not 1.
    fn of_pieces(pieces: &[Piece], ends: [f64; 2]) -> Option<Self> {
        let total = |k: usize| pieces.iter().map(|piece| piece.moments[k]).sum::<f64>();
        let all = total(0);
        if (all - 1.0).abs() > TOTAL {
            return None;
        }
        let (mut variation, mut before) = (0.0, ends[0]);
        for &rho in pieces.iter().flat_map(|piece| &piece.values).chain([&ends[1]]) {
            variation += (rho - before).abs();
            before = rho;
        }
        let mut panels: Vec<_> = pieces.iter().flat_map(|piece| piece.panels.iter().copied()).collect();
        panels.iter_mut().flatten().flatten().for_each(|a| *a /= all);
        let last = pieces.last().and_then(|piece| piece.edges.last());
        let starts = pieces.iter().flat_map(|piece| &piece.edges[..piece.panels.len()]);
        let mut found = Self {
            edges: starts.chain(last).copied().collect(),
            pieces: pieces.iter().map(|piece| piece.panels.len()).collect(),
            panels,
            below: Vec::new(),
            above: Vec::new(),
            moments: std::array::from_fn(|k| total(k + 1) / all),
            // By parts, D is the sum of the ends and the variation of ρ or of uρ; the variation of
            // uρ exceeds that of ρ by at most 1.
            decay: (ends[0].max(0.0) + ends[1].max(0.0) + 1.05 * variation) / all + 1.0,
        };
        found.below = found.sums(0..found.panels.len());
        found.above = found.sums((0..found.panels.len()).rev());
        found.above.reverse();
        Some(found)
    }

    fn low(&self) -> f64 {
        self.edges[0]
    }

    fn high(&self) -> f64 {
        self.edges[self.panels.len()]
    }

    /// The half-width of panel `k`.
    fn half(&self, k: usize) -> f64 {
        (self.edges[k + 1] - self.edges[k]) / 2.0
    }

    /// The running sums of the moments of `panels`.
    fn sums(&self, panels: impl Iterator<Item = usize>) -> Vec<[f64; 3]> {
        let mut sum = [0.0; 3];
        let mut sums = vec![sum];
        for k in panels {
            for (sum, coefficients) in sum.iter_mut().zip(&self.panels[k]) {
                *sum += 2.0 * self.half(k) * coefficients[0];
            }
            sums.push(sum);
        }
        sums
    }

    /// The panel that contains `v`, and the ξ of `v` in it.
    fn place(&self, v: f64) -> (usize, f64) {
        let panel = self.edges.partition_point(|&edge| edge <= v).clamp(1, self.panels.len()) - 1;
        (panel, ((v - self.edges[panel]) / self.half(panel) - 1.0).clamp(-1.0, 1.0))
    }

    /// The density at `u`.
    fn rho(&self, u: f64) -> f64 {
        let (panel, xi) = self.place(u);
        self.panels[panel][0].iter().zip(legendre::<TERMS>(xi)).map(|(a, p)| a * p).sum::<f64>().max(0.0)
    }

    /// `E[uʳ; u < v]` and `E[uʳ; u ≥ v]`, r = 0, 1, 2.
    pub(super) fn split(&self, v: f64) -> [[f64; 3]; 2] {
        if v <= self.low() {
            return [[0.0; 3], self.above[0]];
        }
        if v >= self.high() {
            return [self.below[self.panels.len()], [0.0; 3]];
        }
        let (panel, xi) = self.place(v);
        // For l ≥ 1, ∫_{−1}^ξ P_l = (P_{l+1} − P_{l−1})/(2l + 1), and the integral from ξ to 1 is
        // the negative of it.
        let (values, half) = (legendre::<{ TERMS + 1 }>(xi), self.half(panel));
        let inside: [f64; 3] = std::array::from_fn(|r| {
            let term =
                |l: usize| self.panels[panel][r][l] * (values[l + 1] - values[l - 1]) / (2 * l + 1) as f64;
            half * (1..TERMS).map(term).sum::<f64>()
        });
        let part = |r: usize, width: f64| half * width * self.panels[panel][r][0];
        [
            std::array::from_fn(|r| self.below[panel][r] + part(r, 1.0 + xi) + inside[r]),
            std::array::from_fn(|r| self.above[panel + 1][r] + part(r, 1.0 - xi) - inside[r]),
        ]
    }

    /// `E uʳ e^{iyu}`, r = 0, 1, 2.
    pub(super) fn transforms(&self, y: f64) -> [Complex<f64>; 3] {
        let mut sums = [Complex::ZERO; 3];
        let mut first = 0;
        for &count in &self.pieces {
            let half = self.half(first);
            let bessel = spherical_bessel(y * half);
            let mut wave = Complex::cis(y * (self.edges[first] + half)) * (2.0 * half);
            let turn = Complex::cis(2.0 * y * half);
            for panel in &self.panels[first..first + count] {
                for (sum, coefficients) in sums.iter_mut().zip(panel) {
                    let mut quarters = [0.0; 4];
                    for (l, (a, j)) in coefficients.iter().zip(bessel).enumerate() {
                        quarters[l % 4] += a * j;
                    }
                    *sum += wave * Complex::new(quarters[0] - quarters[2], quarters[1] - quarters[3]);
                }
                wave *= turn;
            }
            first += count;
        }
        sums
    }

    /// `E e^{zu}` at a real z.
    pub(super) fn average(&self, z: f64) -> f64 {
        let mut sum = 0.0;
        self.visit(&[], |u, weight| sum += weight * (z * u).exp());
        sum
    }

    /// The ends of the panels.
    pub(super) fn edges(&self) -> impl Iterator<Item = f64> + '_ {
        self.edges.iter().copied()
    }

    /// Calls `visit` with the points and weights of a sum for `E f(u)`, where f is smooth on the
    /// scale of a panel between any two of the `cuts`.
    pub(super) fn visit(&self, cuts: &[f64], mut visit: impl FnMut(f64, f64)) {
        let mut ends: Vec<f64> = self.edges().chain(cuts.iter().copied()).collect();
        ends.retain(|end| (self.low()..=self.high()).contains(end));
        ends.sort_by(f64::total_cmp);
        let rule = gauss_legendre();
        for piece in ends.windows(2).filter(|piece| piece[1] > piece[0]) {
            let (half, middle) = ((piece[1] - piece[0]) / 2.0, (piece[1] + piece[0]) / 2.0);
            for (x, weight) in rule {
                let u = middle + half * x;
                visit(u, half * weight * self.rho(u));
            }
        }
    }

    /// Calls `visit` with points and weights for functions that change, near the edge of a channel,
    /// over the length of its noise.
    pub(super) fn visit_tails(&self, channel: &Channel, mut visit: impl FnMut(f64, f64)) {
        let mut first = 0;
        for &count in &self.pieces {
            let ends = (self.edges[first], self.edges[first + count]);
            panels(ends, channel, |u, width| visit(u, width * self.rho(u)));
            first += count;
        }
    }
}

impl Magnitude for Smooth {
    fn raw_moments(&self) -> [f64; 4] {
        self.moments
    }

    fn support(&self) -> (f64, f64) {
        (self.low(), self.high())
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some(if (self.low()..=self.high()).contains(&u) { self.rho(u) } else { 0.0 })
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Custom { name: "a smooth density".to_owned(), moments: Some(self.moments) }
    }
}

impl Integrable for Smooth {
    fn add_to(&self, weight: f64, terms: &mut Terms) {
        let channel = *terms.channel();
        self.visit_tails(&channel, |u, share| terms.add_point(weight * share, u));
    }
}

/// The Legendre polynomials `P_0 … P_{N−1}` at ξ.
fn legendre<const N: usize>(xi: f64) -> [f64; N] {
    let mut values = [1.0; N];
    if N > 1 {
        values[1] = xi;
    }
    for l in 2..N {
        let m = l as f64;
        values[l] = ((2.0 * m - 1.0) * xi * values[l - 1] - (m - 1.0) * values[l - 2]) / m;
    }
    values
}

/// Below the first number the series is used, up to the second the downward recurrence, and beyond
/// it the upward recurrence.
const NEAR: f64 = 1.5;
const BEYOND: f64 = 24.0;
/// The order from which the downward recurrence starts, large enough for 16 digits of `j_15` up to
/// `BEYOND`.
const START: usize = 72;

/// The spherical Bessel functions `j_0 … j_15` at x.
fn spherical_bessel(x: f64) -> [f64; TERMS] {
    let size = x.abs();
    let mut values = [0.0; TERMS];
    if size < NEAR {
        let mut first = 1.0;
        for (l, value) in values.iter_mut().enumerate() {
            // The series is x^l/(2l+1)!! Σ_k (−x²/2)^k/(k! (2l+3)(2l+5)…).
            let (mut term, mut sum) = (first, 0.0);
            for k in 1..14 {
                sum += term;
                term *= -size * size / 2.0 / (k * (2 * l + 2 * k + 1)) as f64;
            }
            *value = sum;
            first *= size / (2 * l + 3) as f64;
        }
    } else {
        let zeroth = size.sin() / size;
        let first = (zeroth - size.cos()) / size;
        if size > BEYOND {
            (values[0], values[1]) = (zeroth, first);
            for l in 2..TERMS {
                values[l] = (2 * l - 1) as f64 / size * values[l - 1] - values[l - 2];
            }
        } else {
            let (mut after, mut here) = (0.0, 1e-200);
            for l in (0..START).rev() {
                if l < TERMS {
                    values[l] = here;
                }
                (after, here) = (here, (2 * l + 1) as f64 / size * here - after);
            }
            let unit = if zeroth.abs() > first.abs() { zeroth / values[0] } else { first / values[1] };
            values.iter_mut().for_each(|value| *value *= unit);
        }
    }
    if x < 0.0 {
        values.iter_mut().skip(1).step_by(2).for_each(|value| *value = -*value);
    }
    values
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use nalgebra::Complex;

    use super::{Smooth, spherical_bessel};
    use crate::Density;

    fn beta() -> Smooth {
        Smooth::new(&Density::new(|u: f64| u * (3.0 - u) * (3.0 - u), 0.0, 3.0).unwrap()).unwrap().0
    }

    /// `j_1 = sin x/x² − cos x/x`, and `j_{l−1} + j_{l+1} = (2l+1) j_l/x` on both sides of each
    /// change of method; `j_15(10) = 5.12e-4` fixes the end (DLMF 10.49.2).
    #[test]
    fn bessel_functions() {
        for x in [1e-3, 0.3, 1.499, 1.501, 3.2, 9.0, 23.9, 24.1, 400.0] {
            let found = spherical_bessel(x);
            assert_relative_eq!(
                found[1],
                x.sin() / (x * x) - x.cos() / x,
                epsilon = 1e-13,
                max_relative = 1e-9
            );
            for l in 1..15 {
                let [before, here, after] = [found[l - 1], found[l], found[l + 1]];
                let sum = (2 * l + 1) as f64 * here / x;
                assert_relative_eq!(before + after, sum, epsilon = 1e-14, max_relative = 1e-12);
            }
            let mirrored = spherical_bessel(-x);
            assert_eq!((mirrored[2], mirrored[3]), (found[2], -found[3]));
        }
    }

    /// The transforms agree with the closed form of `12 ∫ u(1−u)² e^{iyu} du`, by parts.
    #[test]
    fn transforms_of_a_polynomial() {
        let law = beta();
        for y in [-0.7, 2.5, 40.0, 3000.0, 1e6] {
            let z = Complex::new(0.0, y);
            // The derivatives of ρ = 12(u − 2u² + u³) at 0 and at 1.
            let (start, end) = ([0.0, 12.0, -48.0, 72.0], [0.0, 0.0, 24.0, 72.0]);
            let (mut expected, mut power) = (Complex::ZERO, z);
            for (r, (at_0, at_1)) in start.into_iter().zip(end).enumerate() {
                let sign = if r % 2 == 0 { 1.0 } else { -1.0 };
                expected += (Complex::cis(y) * at_1 - at_0) * sign / power;
                power *= z;
            }
            let [zeroth, first, second] = law.transforms(y);
            let scale: f64 = if y.abs() < 1.0 { 1e-12 } else { 1e-15 };
            assert!(
                (zeroth - expected).norm() < scale.max(1e-13 * expected.norm()),
                "{y}: {zeroth} {expected}"
            );
            let step = 1e-3;
            for (of, slope) in [(0, first), (1, second)] {
                let at = |steps: f64| law.transforms(y + steps * step)[of];
                let quotient = (at(1.0) - at(-1.0)) / Complex::new(0.0, 2.0 * step);
                assert!((quotient - slope).norm() < 1e-6 * slope.norm().max(1e-6), "{y}: {quotient} {slope}");
            }
            assert!(zeroth.norm() * y.abs() <= law.decay && first.norm() * y.abs() <= law.decay);
        }
    }

    /// `P[u < v] = 6v² − 8v³ + 3v⁴` for this density, and the two parts add up.
    #[test]
    fn the_parts_of_the_moments() {
        let law = beta();
        for v in [-1.0, 0.0, 1e-4, 0.061, 0.5, 0.97, 1.0, 2.0] {
            let [below, above] = law.split(v);
            let at: f64 = f64::clamp(v, 0.0, 1.0);
            let expected = [
                6.0 * at.powi(2) - 8.0 * at.powi(3) + 3.0 * at.powi(4),
                4.0 * at.powi(3) - 6.0 * at.powi(4) + 2.4 * at.powi(5),
                3.0 * at.powi(4) - 4.8 * at.powi(5) + 2.0 * at.powi(6),
            ];
            for ((below, above), (expected, all)) in
                below.into_iter().zip(above).zip(expected.into_iter().zip([1.0, 0.4, 0.2]))
            {
                assert_relative_eq!(below, expected, epsilon = 1e-18, max_relative = 1e-10);
                assert_relative_eq!(above, all - expected, epsilon = 1e-14);
            }
        }
    }

    /// A density with a singular end or a jump inside is refused.
    #[test]
    fn what_is_not_smooth_is_refused() {
        let jump = Density::new(|u: f64| if u < 0.337 { 1.0 } else { 2.0 }, 0.0, 1.0).unwrap();
        assert!(Smooth::new(&jump).is_none());
        let edge = Density::new(|u: f64| u.powf(-0.3), 0.0, 1.0).unwrap();
        assert!(Smooth::new(&edge).is_none());
    }
}
