//! A block of features that depend on each other, as a part of the interference on one output,
//! given the switch of the output's own feature.
//!
//! ```text
//! K(s) = Σ_h Π_k ψ_k(h) Π_u (off_u(h) + on_u(h) Π_{j ∈ u} φ(s w_j)) ,   φ(z) = E e^{zu}
//! ```
//!
//! for the units `u` of the block without the own feature, where φ belongs to any
//! [magnitude](super::unit). The sum runs over one hidden variable after the other
//! ([`Sum`](toy_superposition_data::Sum)). Its slopes in all φ are found by going back through the
//! sums. With complex numbers in the place of φ this is the generating function at one node. With
//! power series in s cut off after s⁴ it gives the cumulants. The trait [`Ring`] stands for both.

use std::borrow::Cow;
use std::ops::{Add, Mul};

use nalgebra::Complex;
use toy_superposition_data::{Block, Factor, Sum};

use super::unit::Unit;

/// The numbers that a generating function can be summed in.
pub(super) trait Ring: Copy + Add<Output = Self> + Mul<Output = Self> {
    /// The constant `value`.
    fn constant(value: Complex<f64>) -> Self;

    /// `value` times this.
    fn scaled(self, value: Complex<f64>) -> Self;
}

impl Ring for Complex<f64> {
    fn constant(value: Complex<f64>) -> Self {
        value
    }

    fn scaled(self, value: Complex<f64>) -> Self {
        value * self
    }
}

/// The power series `Σ_{r ≤ 4} c_r sʳ`, cut off after s⁴.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series(pub(super) [Complex<f64>; 5]);

impl Ring for Series {
    fn constant(value: Complex<f64>) -> Self {
        let mut series = [Complex::ZERO; 5];
        series[0] = value;
        Self(series)
    }

    fn scaled(self, value: Complex<f64>) -> Self {
        Self(self.0.map(|c| c * value))
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
    /// The series of `e^{sx}`.
    fn exponential(x: f64) -> Self {
        Self([1.0, x, x * x / 2.0, x.powi(3) / 6.0, x.powi(4) / 24.0].map(Complex::from))
    }

    /// The series of `1/self`.
    fn inverse(self) -> Self {
        let first = self.0[0].inv();
        let mut inverse = [first, Complex::ZERO, Complex::ZERO, Complex::ZERO, Complex::ZERO];
        for r in 1..5 {
            let known: Complex<f64> = (1..=r).map(|k| self.0[k] * inverse[r - k]).sum();
            inverse[r] = -known * first;
        }
        Self(inverse)
    }

    /// The derivatives 1 to 4 at s = 0: `r!` times the real part of the coefficient r.
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
    /// The probability `P[c_j = 1]` given the own switch.
    pub(super) probability: f64,
    /// The probability that this feature is on and all others with a weight are off.
    pub(super) alone: f64,
}

/// The own feature: its switch, and the probability that it has that switch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    pub(super) feature: usize,
    pub(super) on: bool,
    pub(super) probability: f64,
}

/// A block of the interference.
#[derive(Debug, Clone)]
pub(super) struct RowBlock<'a> {
    /// The law of the block given the own switch.
    block: Cow<'a, Block>,
    pub(super) unit: &'a Unit,
    /// For each sum, the place of its first value among the values of all sums.
    places: Vec<usize>,
    /// The members of all units in order; those of unit `u` are
    /// `members[starts[u]..starts[u + 1]]`.
    pub(super) members: Vec<Member>,
    starts: Vec<usize>,
    /// The probability that no feature of the block with a weight is on.
    pub(super) silent: f64,
    /// The cumulants `κ_1 … κ_4` of `Σ_j w_j x_j`.
    pub(super) cumulants: [f64; 4],
    /// The factor by which the own switch magnifies rounding errors. Where its state is a
    /// difference of probabilities, this is the largest of them divided by the probability of the
    /// state.
    pub(super) magnified: f64,
}

/// The largest number of states of the units, times factors, that are listed.
const LONGEST: usize = 1 << 26;

/// Buffers that are kept from one node to the next, so that no node allocates memory.
#[derive(Debug, Clone)]
pub(super) struct Scratch<R> {
    units: Vec<R>,
    sums: Vec<R>,
    by_sum: Vec<R>,
    left: Vec<R>,
    by_unit: Vec<R>,
}

impl<R> Default for Scratch<R> {
    fn default() -> Self {
        let [units, sums, by_sum, left, by_unit] = std::array::from_fn(|_| Vec::new());
        Self { units, sums, by_sum, left, by_unit }
    }
}

/// The value `off base_u + on f_u` of a factor at one entry; `base_u` is 1 where `base` has no
/// entry.
#[inline]
fn value<R: Ring>(factor: &Factor, entry: usize, units: &[R], base: &[R]) -> R {
    let [off, on] = factor.at(entry);
    let off = base.get(factor.unit()).map_or_else(|| R::constant(off), |base| base.scaled(off));
    off + units[factor.unit()].scaled(on)
}

impl<'a> RowBlock<'a> {
    /// The block given the switch of the feature `own`, and without that feature, if it belongs to
    /// the block.
    pub(super) fn new(block: &'a Block, unit: &'a Unit, row: &[f64], own: Option<Own>) -> Self {
        let (mut members, mut starts) = (Vec::new(), vec![0]);
        let (mut given, mut magnified) = (Cow::Borrowed(block), 1.0);
        for (u, unit) in block.units().iter().enumerate() {
            for feature in unit.iter().map(|&j| j as usize) {
                match own {
                    Some(own) if own.feature == feature => {
                        given = Cow::Owned(block.given(u, own.on));
                        magnified = magnification(block, u, own);
                    }
                    _ => members.push(Member { feature, weight: row[feature], probability: 0.0, alone: 0.0 }),
                }
            }
            starts.push(members.len());
        }
        let values = block.sums().iter().map(|sum| sum.weights().len() / sum.states());
        let places = values.scan(0, |place, values| Some(std::mem::replace(place, *place + values)));
        let places = places.collect();
        let (silent, cumulants) = (0.0, [0.0; 4]);
        let mut found = Self { block: given, unit, places, members, starts, silent, cumulants, magnified };
        let (mut scratch, mut by_member) = (Scratch::default(), vec![Complex::ZERO; found.members.len()]);
        let ones = vec![Complex::ONE; by_member.len()];
        found.slopes(&ones, &[], &mut by_member, &mut scratch);
        for (member, slope) in found.members.iter_mut().zip(&by_member) {
            member.probability = slope.re;
        }
        let off = |member: &Member| if member.weight == 0.0 { Complex::ONE } else { Complex::ZERO };
        let off: Vec<_> = found.members.iter().map(off).collect();
        let silent = found.slopes(&off, &[], &mut by_member, &mut scratch).re;
        // Where terms cancel, probabilities that are 0 come out as rounding errors of either sign.
        let least = found.rounding();
        let probability = |value: f64| if value <= least { 0.0 } else { value };
        found.silent = probability(silent);
        for (member, slope) in found.members.iter_mut().zip(&by_member) {
            member.alone = probability(slope.re);
        }
        found.cumulants = found.cumulants_and_slopes(None);
        found
    }

    /// The probability of each state of the units, where bit `u` of the state says whether unit `u`
    /// is on. `None` for more than `most` states, and where they would take too long.
    pub(super) fn patterns(&self, most: usize) -> Option<Vec<f64>> {
        let count = 1_usize.checked_shl(self.units() as u32).filter(|&count| count <= most)?;
        if count.saturating_mul(self.work()) > LONGEST {
            return None;
        }
        let least = self.rounding();
        let mut sums = Vec::new();
        let probability = |pattern: usize| {
            let bit = |side: usize| {
                (0..self.units()).map(move |u| Complex::from((pattern >> u & 1 == side) as u8 as f64))
            };
            let (units, base): (Vec<_>, Vec<_>) = bit(1).zip(bit(0)).unzip();
            let found = self.sum(&units, &base, &mut sums).re;
            if found > least { found } else { 0.0 }
        };
        Some((0..count).map(probability).collect())
    }

    /// The largest value that a probability of 0 may take by rounding. It is 0 for a mixture, whose
    /// terms are all positive.
    fn rounding(&self) -> f64 {
        let positive = |value: &Complex<f64>| value.re >= 0.0 && value.im == 0.0;
        let mut values = self.block.sums().iter().flat_map(|sum| {
            let factors = sum.factors().iter().flat_map(|factor| factor.values().iter().flatten());
            sum.weights().iter().chain(factors)
        });
        if values.all(positive) { 0.0 } else { 4.0 * f64::EPSILON }
    }

    /// The members that are on in state `pattern` of the units.
    pub(super) fn on(&self, pattern: usize) -> impl Iterator<Item = usize> {
        let units = self.starts.windows(2).enumerate().filter(move |(u, _)| pattern >> u & 1 == 1);
        units.flat_map(|(_, unit)| unit[0]..unit[1])
    }

    /// The number of factors in all sums, a measure of the time that one evaluation takes.
    pub(super) fn work(&self) -> usize {
        let of = |sum: &Sum| sum.weights().len() * (sum.factors().len() + sum.messages().len());
        self.block.sums().iter().map(of).sum::<usize>() + self.members.len()
    }

    fn units(&self) -> usize {
        self.starts.len() - 1
    }

    /// Writes to `units` the product of `phi` over the members of each unit.
    fn multiply_units<R: Ring>(&self, phi: &[R], units: &mut Vec<R>) {
        units.clear();
        let one = R::constant(Complex::ONE);
        let product = |unit: &[usize]| phi[unit[0]..unit[1]].iter().fold(one, |product, &f| product * f);
        units.extend(self.starts.windows(2).map(product));
    }

    /// The generating function `K` for the φ of the members.
    pub(super) fn average(&self, phi: &[Complex<f64>], scratch: &mut Scratch<Complex<f64>>) -> Complex<f64> {
        self.multiply_units(phi, &mut scratch.units);
        self.sum(&scratch.units, &[], &mut scratch.sums)
    }

    /// The generating function `K` for one factor per unit. `base` holds the factor of each unit
    /// while it is off, or is empty if that factor is 1. The values of all sums are written to
    /// `sums`.
    fn sum<R: Ring>(&self, units: &[R], base: &[R], sums: &mut Vec<R>) -> R {
        let zero = R::constant(Complex::ZERO);
        sums.clear();
        for sum in self.block.sums() {
            for (k, weights) in sum.weights().chunks(sum.states()).enumerate() {
                let mut total = zero;
                for (x, &weight) in weights.iter().enumerate() {
                    let entry = k * sum.states() + x;
                    let mut product = R::constant(weight);
                    for factor in sum.factors() {
                        product = product * value(factor, entry, units, base);
                    }
                    for message in sum.messages() {
                        product = product * sums[self.places[message.sum()] + message.at(entry)];
                    }
                    total = total + product;
                }
                sums.push(total);
            }
        }
        sums.last().copied().unwrap_or(R::constant(Complex::ONE))
    }

    /// Returns [`sum`](Self::sum) for the φ of the members, and writes `∂K/∂φ_j` for each member to
    /// `slopes`.
    pub(super) fn slopes<R: Ring>(
        &self,
        phi: &[R],
        base: &[R],
        slopes: &mut [R],
        scratch: &mut Scratch<R>,
    ) -> R {
        let (one, zero) = (R::constant(Complex::ONE), R::constant(Complex::ZERO));
        let Scratch { units, sums, by_sum, left, by_unit } = scratch;
        self.multiply_units(phi, units);
        let total = self.sum(units, base, sums);
        by_sum.clear();
        by_sum.resize(sums.len(), zero);
        by_sum.iter_mut().rev().take(1).for_each(|last| *last = one);
        by_unit.clear();
        by_unit.resize(self.units(), zero);
        for (sum, &place) in self.block.sums().iter().zip(&self.places).rev() {
            for (entry, &weight) in sum.weights().iter().enumerate() {
                let mut product = by_sum[place + entry / sum.states()].scaled(weight);
                left.clear();
                for factor in sum.factors() {
                    left.push(product);
                    product = product * value(factor, entry, units, base);
                }
                for message in sum.messages() {
                    left.push(product);
                    product = product * sums[self.places[message.sum()] + message.at(entry)];
                }
                let mut right = one;
                let (left, left_of_messages) = left.split_at(sum.factors().len());
                for (message, &left) in sum.messages().iter().zip(left_of_messages).rev() {
                    let at = self.places[message.sum()] + message.at(entry);
                    by_sum[at] = by_sum[at] + left * right;
                    right = right * sums[at];
                }
                for (factor, &left) in sum.factors().iter().zip(left).rev() {
                    let (u, [_, on]) = (factor.unit(), factor.at(entry));
                    by_unit[u] = by_unit[u] + (left * right).scaled(on);
                    right = right * value(factor, entry, units, base);
                }
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

    /// The cumulants `κ_1 … κ_4` of `Σ_j w_j x_j`; their slopes in each `w_j` are written to
    /// `slopes`.
    ///
    /// They are read off the logarithm of the power series of `E e^{s Σ w_j (x_j − E x_j)}`. The
    /// series is taken about the mean, so that the cumulants of a block of many features keep their
    /// digits.
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
        let total = self.slopes(&phi, &bases, &mut by_member, &mut Scratch::default());
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

    /// A bound on `log K(θ)` for real θ: the logarithm of the sum with every term replaced by its
    /// absolute value.
    pub(super) fn log_bound(&self, theta: f64) -> f64 {
        let average = |member: &Member| self.unit.average(theta * member.weight);
        let phi: Vec<f64> = self.members.iter().map(average).collect();
        let units: Vec<f64> =
            self.starts.windows(2).map(|unit| phi[unit[0]..unit[1]].iter().product()).collect();
        let mut sums: Vec<f64> = Vec::new();
        for sum in self.block.sums() {
            let log_term = |(entry, weight): (usize, &Complex<f64>)| {
                let (mut log, mut product) = (0.0, weight.norm());
                for factor in sum.factors() {
                    let [off, on] = factor.at(entry);
                    product *= (off + on * units[factor.unit()]).norm();
                    if !(1e-200..1e200).contains(&product) {
                        log += product.ln();
                        product = 1.0;
                    }
                }
                let messages = sum.messages().iter();
                let messages = messages.map(|message| sums[self.places[message.sum()] + message.at(entry)]);
                log + product.ln() + messages.sum::<f64>()
            };
            let logs: Vec<f64> = sum.weights().iter().enumerate().map(log_term).collect();
            sums.extend(logs.chunks(sum.states()).map(log_of_sum));
        }
        sums.last().copied().unwrap_or(0.0)
    }
}

/// The logarithm `log Σ e^x` without overflow.
fn log_of_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

/// The number [`RowBlock::magnified`] for an own feature in unit `unit`.
fn magnification(block: &Block, unit: usize, own: Own) -> f64 {
    let factors = block.sums().iter().flat_map(Sum::factors);
    let states = factors.filter(|factor| factor.unit() == unit).flat_map(Factor::values);
    let states: Vec<Complex<f64>> = states.map(|state| state[usize::from(own.on)]).collect();
    let largest = states.iter().map(|z| z.norm()).fold(0.0, f64::max);
    if states.iter().any(|z| z.re < 0.0) { (largest / own.probability).max(1.0) } else { 1.0 }
}
