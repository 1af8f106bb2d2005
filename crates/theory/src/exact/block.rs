//! Features that depend on each other, as a part of the interference on one output, given the own
//! switch.
//!
//! ```text
//! K(s) = Σ_a π_a Π_u (off_au + on_au Π_{j ∈ u} φ(s w_j)) ,   φ(z) = E e^{zu}
//! ```
//!
//! for the units `u` of the block without the own feature (φ of any [magnitude](super::unit)). With
//! complex numbers in the place of φ this is the generating function at one node, and with power
//! series in s cut off after s⁴ it gives the cumulants: hence the trait [`Ring`].

use std::ops::{Add, Mul};

use nalgebra::Complex;
use toy_superposition_data::Block;

use super::unit::Unit;

/// What a generating function can be summed in.
pub(super) trait Ring: Copy + Add<Output = Self> + Mul<Output = Self> {
    /// The constant `value`.
    fn constant(value: Complex<f64>) -> Self;
}

impl Ring for Complex<f64> {
    fn constant(value: Complex<f64>) -> Self {
        value
    }
}

/// `Σ_{r ≤ 4} c_r sʳ`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series(pub(super) [Complex<f64>; 5]);

impl Ring for Series {
    fn constant(value: Complex<f64>) -> Self {
        let mut series = [Complex::ZERO; 5];
        series[0] = value;
        Self(series)
    }
}

impl Add for Series {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|r| self.0[r] + other.0[r]))
    }
}

impl Mul for Series {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|r| (0..=r).map(|k| self.0[k] * other.0[r - k]).sum()))
    }
}

impl Series {
    /// `e^{sx}`.
    fn exponential(x: f64) -> Self {
        Self([1.0, x, x * x / 2.0, x.powi(3) / 6.0, x.powi(4) / 24.0].map(Complex::from))
    }

    /// `1/self`.
    fn inverse(self) -> Self {
        let first = self.0[0].inv();
        let mut inverse = [first, Complex::ZERO, Complex::ZERO, Complex::ZERO, Complex::ZERO];
        for r in 1..5 {
            let known: Complex<f64> = (1..=r).map(|k| self.0[k] * inverse[r - k]).sum();
            inverse[r] = -known * first;
        }
        Self(inverse)
    }

    /// `r!` times the real parts of the coefficients 1 to 4.
    fn derivatives(self) -> [f64; 4] {
        let mut factorial = 1.0;
        std::array::from_fn(|r| {
            factorial *= (r + 1) as f64;
            factorial * self.0[r + 1].re
        })
    }
}

/// A feature of the block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) feature: usize,
    pub(super) weight: f64,
    /// `P[c_j = 1]` given the own switch.
    pub(super) probability: f64,
    /// The probability that this feature is on and all others with a weight are off.
    pub(super) alone: f64,
}

/// A block of the interference.
#[derive(Debug, Clone)]
pub(super) struct RowBlock<'a> {
    block: &'a Block,
    pub(super) unit: &'a Unit,
    /// `π_a` given the own switch.
    weights: Vec<Complex<f64>>,
    /// The unit of the own feature, and its switch.
    own: Option<(usize, bool)>,
    /// Those of unit `u` are `members[starts[u]..starts[u + 1]]`.
    pub(super) members: Vec<Member>,
    starts: Vec<usize>,
    /// The probability that no feature of the block with a weight is on.
    pub(super) silent: f64,
    /// `κ_1 … κ_4` of `Σ_j w_j x_j`.
    pub(super) cumulants: [f64; 4],
}

/// No more states of the units times terms than this are listed.
const LONGEST: usize = 1 << 24;

/// What is kept from one node to the next, so that nothing is allocated there.
#[derive(Debug, Clone)]
pub(super) struct Scratch<R> {
    units: Vec<R>,
    left: Vec<R>,
    by_unit: Vec<R>,
}

impl<R> Default for Scratch<R> {
    fn default() -> Self {
        Self { units: Vec::new(), left: Vec::new(), by_unit: Vec::new() }
    }
}

impl<'a> RowBlock<'a> {
    /// The block without feature `own.0`, if that is one of its own, given that its switch is
    /// `own.1`.
    pub(super) fn new(block: &'a Block, unit: &'a Unit, row: &[f64], own: Option<(usize, bool)>) -> Self {
        let (mut members, mut starts) = (Vec::new(), vec![0]);
        let mut own_unit = None;
        for (u, unit) in block.units().iter().enumerate() {
            for feature in unit.iter().map(|&j| j as usize) {
                match own {
                    Some((i, on)) if i == feature => own_unit = Some((u, on)),
                    _ => members.push(Member { feature, weight: row[feature], probability: 0.0, alone: 0.0 }),
                }
            }
            starts.push(members.len());
        }
        let weights = block.terms().iter().map(|term| match own_unit {
            Some((u, on)) => term.weight() * term.factor(u)[usize::from(on)],
            None => term.weight(),
        });
        let weights = weights.collect();
        let mut found =
            Self { block, unit, weights, own: own_unit, members, starts, silent: 0.0, cumulants: [0.0; 4] };
        let (mut scratch, mut by_member) = (Scratch::default(), vec![Complex::ZERO; found.members.len()]);
        let ones = vec![Complex::ONE; by_member.len()];
        let total = found.slopes(&ones, |_| Complex::ONE, &mut by_member, &mut scratch).re;
        found.weights.iter_mut().for_each(|weight| *weight /= total);
        for (member, slope) in found.members.iter_mut().zip(&by_member) {
            member.probability = slope.re / total;
        }
        let off = |member: &Member| if member.weight == 0.0 { Complex::ONE } else { Complex::ZERO };
        let off: Vec<_> = found.members.iter().map(off).collect();
        let silent = found.slopes(&off, |_| Complex::ONE, &mut by_member, &mut scratch).re;
        // Probabilities that are 0 come out as rounding errors of either sign.
        let probability = |value: f64| if value < 4.0 * f64::EPSILON { 0.0 } else { value };
        found.silent = probability(silent);
        for (member, slope) in found.members.iter_mut().zip(&by_member) {
            member.alone = probability(slope.re);
        }
        found.cumulants = found.cumulants_and_slopes(None);
        found
    }

    fn factor(&self, term: usize, unit: usize) -> [Complex<f64>; 2] {
        match self.own {
            Some((own, on)) if own == unit => {
                if on {
                    [Complex::ZERO, Complex::ONE]
                } else {
                    [Complex::ONE, Complex::ZERO]
                }
            }
            _ => self.block.terms()[term].factor(unit),
        }
    }

    /// The probability of each state of the units: bit `u` says whether unit `u` is on. `None` for
    /// more than `most`, and where they would take too long.
    pub(super) fn patterns(&self, most: usize) -> Option<Vec<f64>> {
        let (units, terms) = (self.units(), self.weights.len());
        let count = 1_usize.checked_shl(units as u32).filter(|&count| count <= most)?;
        if count.saturating_mul(terms) > LONGEST {
            return None;
        }
        let mut found = vec![Complex::ZERO; count];
        let mut products = vec![Complex::ZERO; count];
        for (a, &weight) in self.weights.iter().enumerate() {
            products[0] = weight;
            for u in 0..units {
                let [off, on] = self.factor(a, u);
                for state in 0..1 << u {
                    products[state | 1 << u] = products[state] * on;
                    products[state] *= off;
                }
            }
            found.iter_mut().zip(&products).for_each(|(sum, product)| *sum += product);
        }
        // As above, of several terms those that are 0 come out as rounding errors.
        let least = if terms > 1 { 4.0 * f64::EPSILON } else { 0.0 };
        Some(found.into_iter().map(|sum| if sum.re > least { sum.re } else { 0.0 }).collect())
    }

    /// The members that are on in state `pattern` of the units.
    pub(super) fn on(&self, pattern: usize) -> impl Iterator<Item = usize> {
        let units = self.starts.windows(2).enumerate().filter(move |(u, _)| pattern >> u & 1 == 1);
        units.flat_map(|(_, unit)| unit[0]..unit[1])
    }

    /// The number of factors in the sum over the terms.
    pub(super) fn work(&self) -> usize {
        self.weights.len() * self.units() + self.members.len()
    }

    fn units(&self) -> usize {
        self.starts.len() - 1
    }

    /// Writes the products over the members of each unit.
    fn multiply_units<R: Ring>(&self, phi: &[R], units: &mut Vec<R>) {
        units.clear();
        let one = R::constant(Complex::ONE);
        let product = |unit: &[usize]| phi[unit[0]..unit[1]].iter().fold(one, |product, &f| product * f);
        units.extend(self.starts.windows(2).map(product));
    }

    /// `K` for the φ of the members.
    pub(super) fn average(&self, phi: &[Complex<f64>], scratch: &mut Scratch<Complex<f64>>) -> Complex<f64> {
        self.multiply_units(phi, &mut scratch.units);
        let term = |(a, &weight): (usize, &Complex<f64>)| {
            scratch.units.iter().enumerate().fold(weight, |product, (u, f)| {
                let [off, on] = self.factor(a, u);
                product * (off + on * f)
            })
        };
        self.weights.iter().enumerate().map(term).sum()
    }

    /// [`average`](Self::average), with `∂K/∂φ_j` for each member written to `slopes`. `base(u)`
    /// stands for the 1 of unit `u` while that is off.
    pub(super) fn slopes<R: Ring>(
        &self,
        phi: &[R],
        base: impl Fn(usize) -> R,
        slopes: &mut [R],
        scratch: &mut Scratch<R>,
    ) -> R {
        let (one, zero) = (R::constant(Complex::ONE), R::constant(Complex::ZERO));
        let Scratch { units, left, by_unit } = scratch;
        self.multiply_units(phi, units);
        left.clear();
        left.resize(self.units(), one);
        by_unit.clear();
        by_unit.resize(self.units(), zero);
        let factor = |a: usize, u: usize, f: R| {
            let [off, on] = self.factor(a, u);
            R::constant(off) * base(u) + R::constant(on) * f
        };
        let mut total = zero;
        for (a, &weight) in self.weights.iter().enumerate() {
            let mut product = R::constant(weight);
            for (u, &f) in units.iter().enumerate() {
                left[u] = product;
                product = product * factor(a, u, f);
            }
            total = total + product;
            let mut right = one;
            for (u, &f) in units.iter().enumerate().rev() {
                by_unit[u] = by_unit[u] + left[u] * right * R::constant(self.factor(a, u)[1]);
                right = right * factor(a, u, f);
            }
        }
        for (unit, &by_unit) in self.starts.windows(2).zip(by_unit.iter()) {
            let mut product = by_unit;
            for j in unit[0]..unit[1] {
                slopes[j] = product;
                product = product * phi[j];
            }
            let mut right = one;
            for j in (unit[0]..unit[1]).rev() {
                slopes[j] = slopes[j] * right;
                right = right * phi[j];
            }
        }
        total
    }

    /// `κ_1 … κ_4` of `Σ_j w_j x_j`, and their slopes in each `w_j`.
    ///
    /// The logarithm of the power series of `E e^{s Σ w_j (x_j − E x_j)}`: about the mean, so that
    /// the cumulants of a block of many features keep their digits.
    pub(super) fn cumulants_and_slopes(&self, slopes: Option<&mut [[f64; 4]]>) -> [f64; 4] {
        let [d1, d2, d3, d4] = self.unit.divisors();
        let centre = |member: &Member| Series::exponential(-member.weight * member.probability / d1);
        let moments = |w: f64| [1.0, w / d1, w * w / d2, w.powi(3) / d3, w.powi(4) / d4];
        let phi: Vec<Series> = self
            .members
            .iter()
            .map(|member| Series(moments(member.weight).map(Complex::from)) * centre(member))
            .collect();
        let one = Series::constant(Complex::ONE);
        let centres: Vec<Series> = self.members.iter().map(centre).collect();
        let base = |u: usize| {
            centres[self.starts[u]..self.starts[u + 1]].iter().fold(one, |product, &c| product * c)
        };
        let bases: Vec<Series> = (0..self.units()).map(base).collect();
        let mut by_member = vec![one; phi.len()];
        let total = self.slopes(&phi, |u| bases[u], &mut by_member, &mut Scratch::default());
        let inverse = total.inverse();
        if let Some(slopes) = slopes {
            for (((slope, by_member), member), &centre) in
                slopes.iter_mut().zip(by_member).zip(&self.members).zip(&centres)
            {
                let w = member.weight;
                let by_weight = [0.0, 1.0 / d1, w / (d2 / 2.0), w * w / (d3 / 3.0), w.powi(3) / (d4 / 4.0)];
                let by_weight = by_weight.map(Complex::from);
                *slope = (by_member * (Series(by_weight) * centre) * inverse).derivatives();
            }
        }
        // log′ = total′/total.
        let derivative =
            std::array::from_fn(|r| if r < 4 { total.0[r + 1] * (r + 1) as f64 } else { Complex::ZERO });
        let log = (Series(derivative) * inverse).0;
        let mean: f64 = self.members.iter().map(|member| member.weight * member.probability / d1).sum();
        [mean + log[0].re, log[1].re, 2.0 * log[2].re, 6.0 * log[3].re]
    }

    /// A bound on `log K(θ)` for real θ: that of `Σ_a |π_a| Π_u |off + on Π φ|`.
    pub(super) fn log_bound(&self, theta: f64) -> f64 {
        let average = |member: &Member| self.unit.average(theta * member.weight);
        let phi: Vec<f64> = self.members.iter().map(average).collect();
        let units: Vec<f64> =
            self.starts.windows(2).map(|unit| phi[unit[0]..unit[1]].iter().product()).collect();
        let log_term = |(a, weight): (usize, &Complex<f64>)| {
            let (mut log, mut product) = (0.0, weight.norm());
            for (u, &f) in units.iter().enumerate() {
                let [off, on] = self.factor(a, u);
                product *= (off + on * f).norm();
                if !(1e-200..1e200).contains(&product) {
                    log += product.ln();
                    product = 1.0;
                }
            }
            log + product.ln()
        };
        let logs: Vec<f64> = self.weights.iter().enumerate().map(log_term).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most.is_finite() {
            most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
        } else {
            most
        }
    }
}
