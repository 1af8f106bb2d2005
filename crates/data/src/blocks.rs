//! Switches as independent blocks, each a sum over hidden variables.
//!
//! ```text
//! E Π_i f_i^{c_i} = Π_blocks Σ_h Π_k ψ_k(h) Π_{u in the block} (off_u(h) + on_u(h) Π_{i ∈ u} f_i)
//! ```
//!
//! `u` are the units of a block: features that switch together. Given the hidden variables `h`,
//! units are independent. Each function of `h` depends on few of them, so that the sum is done over
//! one variable `x` after the other. With `o` the variables that `x` occurs with,
//!
//! ```text
//! M_s(o) = Σ_x ψ_s(o, x) Π_u (off_u(o, x) + on_u(o, x) Π_{i ∈ u} f_i) Π_r M_r(o, x) ,
//! ```
//!
//! `u` and `r < s` the units and the earlier sums that contain `x`; the last sum is the whole. A
//! mixture of products has one hidden variable and one sum. A feature that is independent of all
//! others is a block of one unit, `1 − p + p f`. The law of all other features given the switch of
//! one of them has the same form: multiply ψ by `on_u` or by `off_u`.

use std::sync::Arc;

use nalgebra::Complex;

/// Features that depend on each other and on no others; see
/// [`Switches::blocks`](crate::Switches::blocks).
///
/// ```math
/// \mathbb E \prod_{i} f_i^{c_i}
/// = \sum_h \prod_k \psi_k(h) \prod_u \Bigl(\mathrm{off}_u(h) + \mathrm{on}_u(h) \prod_{i \in u} f_i\Bigr)
/// ```
///
/// over the features `i` of the block, for any complex `f`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    units: Vec<Vec<u32>>,
    sums: Vec<Sum>,
}

/// The sum over one hidden variable of a [`Block`].
///
/// ```math
/// M_s(o) = \sum_x \psi_s(e) \prod_u \Bigl(\mathrm{off}_u(e) + \mathrm{on}_u(e) \prod_{i \in u} f_i\Bigr)
/// \prod_r M_r(e), \qquad e = o\,\mathrm{states} + x .
/// ```
///
/// ψ and the factors are probabilities where the law is a mixture. Of [`Exactly`](crate::Exactly)
/// they are complex, and of features of a [`Graph`](crate::Graph) that many sources reach they are
/// differences; there only the whole sum is a probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    states: usize,
    weights: Vec<Complex<f64>>,
    factors: Vec<Factor>,
    messages: Vec<Message>,
}

/// What a unit enters a [`Sum`] with: `off + on Π_{i ∈ u} f_i` at each entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    unit: usize,
    values: Arc<[[Complex<f64>; 2]]>,
    at: Arc<[u32]>,
}

/// An earlier sum that enters a [`Sum`].
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    sum: usize,
    at: Arc<[u32]>,
}

impl Factor {
    /// The factor of `unit` whose value at entry `e` is `values[at[e]]`.
    pub(crate) fn new(unit: usize, values: Arc<[[Complex<f64>; 2]]>, at: Arc<[u32]>) -> Self {
        Self { unit, values, at }
    }

    /// The place of the unit in [`Block::units`].
    pub fn unit(&self) -> usize {
        self.unit
    }

    /// `[off, on]` at entry `entry`.
    ///
    /// # Panics
    /// If `entry` is not below the number of entries of the sum.
    #[inline]
    pub fn at(&self, entry: usize) -> [Complex<f64>; 2] {
        self.values[self.at[entry] as usize]
    }

    /// The distinct `[off, on]`, of which [`at`](Self::at) is one.
    pub fn values(&self) -> &[[Complex<f64>; 2]] {
        &self.values
    }
}

impl Message {
    pub(crate) fn new(sum: usize, at: Arc<[u32]>) -> Self {
        Self { sum, at }
    }

    /// The place of the sum in [`Block::sums`], before the one that it enters.
    pub fn sum(&self) -> usize {
        self.sum
    }

    /// Which of its values enters at entry `entry`.
    ///
    /// # Panics
    /// If `entry` is not below the number of entries of the sum.
    #[inline]
    pub fn at(&self, entry: usize) -> usize {
        self.at[entry] as usize
    }
}

impl Sum {
    pub(crate) fn new(
        states: usize,
        weights: Vec<Complex<f64>>,
        factors: Vec<Factor>,
        messages: Vec<Message>,
    ) -> Self {
        Self { states, weights, factors, messages }
    }

    /// How many values the hidden variable has.
    pub fn states(&self) -> usize {
        self.states
    }

    /// ψ at each entry `e`, which adds to the value `e / states()`.
    pub fn weights(&self) -> &[Complex<f64>] {
        &self.weights
    }

    /// The units that enter. Each enters one sum of its block.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// The earlier sums that enter. Each enters one sum.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

impl Block {
    /// The sums must be in order, the last one with one value.
    pub(crate) fn new(units: Vec<Vec<u32>>, sums: Vec<Sum>) -> Self {
        Self { units, sums }
    }

    /// `Σ_a π_a Π_u (off_au + on_au Π_{i ∈ u} f_i)`. `factors` has a list over `a` for each unit, or
    /// one for all.
    pub(crate) fn mixture(
        units: Vec<Vec<u32>>,
        weights: Vec<Complex<f64>>,
        factors: Vec<Vec<[Complex<f64>; 2]>>,
    ) -> Self {
        let at: Arc<[u32]> = (0..weights.len() as u32).collect();
        let values: Vec<Arc<[_]>> = factors.into_iter().map(Arc::from).collect();
        let factor = |u: usize| Factor::new(u, values[u.min(values.len() - 1)].clone(), at.clone());
        let factors = (0..units.len()).map(factor).collect();
        Self::new(units, vec![Sum::new(weights.len(), weights, factors, Vec::new())])
    }

    /// One unit, on with `probability`.
    pub(crate) fn unit(unit: Vec<u32>, probability: f64) -> Self {
        Self::mixture(vec![unit], vec![Complex::ONE], vec![vec![switch(probability)]])
    }

    /// The block with feature `members(u)` in the place of each feature `u`: what was a feature is
    /// a unit.
    pub(crate) fn expanded<'a>(self, members: impl Fn(u32) -> &'a [u32]) -> Self {
        let expand = |unit: Vec<u32>| unit.into_iter().flat_map(|u| members(u).iter().copied()).collect();
        Self { units: self.units.into_iter().map(expand).collect(), sums: self.sums }
    }

    /// The units: lists of features that are on together or off together. Each feature of the block
    /// is in one of them.
    pub fn units(&self) -> &[Vec<u32>] {
        &self.units
    }

    /// The sums, one for each hidden variable, in order.
    pub fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// The law of the other units given that unit `unit` is `on`, or off: the same units and sums, in
    /// which the switch of that unit is certain. Weights are not finite if its state has the
    /// probability 0.
    ///
    /// # Panics
    /// If `unit` is not below the number of units.
    pub fn given(&self, unit: usize, on: bool) -> Self {
        assert!(unit < self.units.len(), "unit {unit} of {}", self.units.len());
        let mut given = self.clone();
        for Sum { weights, factors, .. } in &mut given.sums {
            for factor in factors.iter_mut().filter(|factor| factor.unit == unit) {
                for (entry, weight) in weights.iter_mut().enumerate() {
                    *weight *= factor.at(entry)[usize::from(on)];
                }
                let certain = switch(if on { 1.0 } else { 0.0 });
                *factor = Factor::new(unit, Arc::new([certain]), vec![0; weights.len()].into());
            }
        }
        let total = given.sum(&vec![Complex::ONE; self.units.len()]);
        let last = given.sums.last_mut().into_iter().flat_map(|sum| &mut sum.weights);
        last.for_each(|weight| *weight /= total);
        given
    }

    /// `E Π_i f_i^{c_i}` over the features `i` of the block, `f_i = factors[i]`.
    ///
    /// # Panics
    /// If a feature of the block is `≥ factors.len()`.
    pub fn average(&self, factors: &[Complex<f64>]) -> Complex<f64> {
        let unit = |unit: &Vec<u32>| unit.iter().map(|&i| factors[i as usize]).product();
        self.sum(&self.units.iter().map(unit).collect::<Vec<_>>())
    }

    /// The same with one factor for each unit.
    fn sum(&self, units: &[Complex<f64>]) -> Complex<f64> {
        let mut found: Vec<Vec<Complex<f64>>> = Vec::with_capacity(self.sums.len());
        for sum in &self.sums {
            let entry = |(entry, &weight): (usize, &Complex<f64>)| {
                let factors = sum.factors.iter().map(|factor| {
                    let [off, on] = factor.at(entry);
                    off + on * units[factor.unit]
                });
                let messages = sum.messages.iter().map(|message| found[message.sum][message.at(entry)]);
                factors.chain(messages).fold(weight, |product, factor| product * factor)
            };
            let entries: Vec<_> = sum.weights.iter().enumerate().map(entry).collect();
            found.push(entries.chunks(sum.states).map(|chunk| chunk.iter().sum()).collect());
        }
        found.last().map_or(Complex::ONE, |last| last[0])
    }
}

/// `[1 − p, p]`.
pub(crate) fn switch(p: f64) -> [Complex<f64>; 2] {
    [Complex::from(1.0 - p), Complex::from(p)]
}
