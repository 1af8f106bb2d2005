//! Switches as independent blocks, each a sum over hidden variables.
//!
//! ```text
//! E Π_i f_i^{c_i} = Π_blocks Σ_h Π_k ψ_k(h) Π_{u in the block} (off_u(h) + on_u(h) Π_{i ∈ u} f_i)
//! ```
//!
//! The `u` are the units of a block: lists of features that switch together. Given the hidden
//! variables `h`, the units are independent. Each function depends on few components of `h`, so
//! that the sum can be done over one variable `x` after the other. With `o` the variables that `x`
//! occurs together with,
//!
//! ```text
//! M_s(o) = Σ_x ψ_s(o, x) Π_u (off_u(o, x) + on_u(o, x) Π_{i ∈ u} f_i) Π_r M_r(o, x) ,
//! ```
//!
//! where `u` and `r < s` run over the units and the earlier sums that contain `x`. The last sum is
//! the whole expression. A mixture of products has one hidden variable and one sum. A feature that
//! is independent of all others is a block of one unit, `1 − p + p f`. The law of all other
//! features given the switch of one of them has the same form, with ψ multiplied by `on_u` or by
//! `off_u`.

use std::sync::Arc;

use nalgebra::Complex;

/// A set of features that are independent of all other features, with the joint law of their
/// switches as a sum over hidden variables `h`; from [`Switches::blocks`](crate::Switches::blocks).
///
/// ```math
/// \mathbb E \prod_{i} f_i^{c_i}
/// = \sum_h \prod_k \psi_k(h)
/// \prod_u \Bigl(\mathrm{off}_u(h) + \mathrm{on}_u(h) \prod_{i \in u} f_i\Bigr)
/// ```
///
/// for the features `i` and the units `u` of the block and any complex `f`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    units: Vec<Vec<u32>>,
    sums: Vec<Sum>,
}

/// The sum over one hidden variable of a [`Block`].
///
/// ```math
/// M_s(o) = \sum_x \psi_s(e)
/// \prod_u \Bigl(\mathrm{off}_u(e) + \mathrm{on}_u(e) \prod_{i \in u} f_i\Bigr)
/// \prod_r M_r(e), \qquad e = o\,\mathrm{states} + x .
/// ```
///
/// Here o stands for the variables that remain, x for the hidden variable, and the r are earlier
/// sums of the block. If the law is a mixture, ψ and the factors are probabilities. For
/// [`Exactly`](crate::Exactly) they are complex, and for features of a [`Graph`](crate::Graph) that
/// many sources reach they are differences of probabilities; then only the whole sum is a
/// probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    states: usize,
    weights: Vec<Complex<f64>>,
    factors: Vec<Factor>,
    messages: Vec<Message>,
}

/// The factor of a unit in a [`Sum`]: `off + on Π_{i ∈ u} f_i` at each entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    unit: usize,
    values: Arc<[[Complex<f64>; 2]]>,
    at: Arc<[u32]>,
}

/// An earlier sum of the block as a factor in a [`Sum`].
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

    /// The index of the unit in [`Block::units`].
    pub fn unit(&self) -> usize {
        self.unit
    }

    /// The pair `[off, on]` at entry `entry`.
    ///
    /// # Panics
    /// If `entry` is not below the number of entries of the sum.
    #[inline]
    pub fn at(&self, entry: usize) -> [Complex<f64>; 2] {
        self.values[self.at[entry] as usize]
    }

    /// The distinct pairs `[off, on]`; [`at`](Self::at) returns one of them.
    pub fn values(&self) -> &[[Complex<f64>; 2]] {
        &self.values
    }
}

impl Message {
    pub(crate) fn new(sum: usize, at: Arc<[u32]>) -> Self {
        Self { sum, at }
    }

    /// The index of the earlier sum in [`Block::sums`].
    pub fn sum(&self) -> usize {
        self.sum
    }

    /// The index of the value of the earlier sum that is a factor at entry `entry`.
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

    /// The number of values of the hidden variable.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The weight ψ at each entry `e`. Entry `e` is a term of the value `e / states()` of the sum.
    pub fn weights(&self) -> &[Complex<f64>] {
        &self.weights
    }

    /// The factors of units. Each unit of a block is a factor in exactly one sum.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// The factors that are earlier sums. Each sum but the last is a factor in exactly one later
    /// sum.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

impl Block {
    /// A block of these units and sums. A sum may only use earlier sums, and the last sum must have
    /// a single value.
    pub(crate) fn new(units: Vec<Vec<u32>>, sums: Vec<Sum>) -> Self {
        Self { units, sums }
    }

    /// `Σ_a π_a Π_u (off_au + on_au Π_{i ∈ u} f_i)`. `factors` holds one list over `a` per unit, or
    /// a single list for all units.
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

    /// A block of one unit, which is on with probability `probability`.
    pub(crate) fn unit(unit: Vec<u32>, probability: f64) -> Self {
        Self::mixture(vec![unit], vec![Complex::ONE], vec![vec![switch(probability)]])
    }

    /// The block in which each feature `u` is replaced by the features `members(u)`, which switch
    /// together.
    pub(crate) fn expanded<'a>(self, members: impl Fn(u32) -> &'a [u32]) -> Self {
        let expand = |unit: Vec<u32>| unit.into_iter().flat_map(|u| members(u).iter().copied()).collect();
        Self { units: self.units.into_iter().map(expand).collect(), sums: self.sums }
    }

    /// The units: lists of features that are on together or off together. Each feature of the block
    /// is in one of them.
    pub fn units(&self) -> &[Vec<u32>] {
        &self.units
    }

    /// The sums, one per hidden variable, in the order in which they are done.
    pub fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// The law of the block given that unit `unit` is on (`on = true`) or off. The units and sums
    /// are the same, and the switch of that unit is certain. The weights are not finite if the
    /// given state has probability 0.
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

    /// `E Π_i f_i^{c_i}` over the features `i` of the block, with `f_i = factors[i]`.
    ///
    /// # Panics
    /// If a feature of the block is `≥ factors.len()`.
    pub fn average(&self, factors: &[Complex<f64>]) -> Complex<f64> {
        let unit = |unit: &Vec<u32>| unit.iter().map(|&i| factors[i as usize]).product();
        self.sum(&self.units.iter().map(unit).collect::<Vec<_>>())
    }

    /// [`average`](Self::average) with one factor per unit: `units[u] = Π_{i ∈ u} f_i`.
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

/// The probabilities `[1 − p, p]` of off and on.
pub(crate) fn switch(p: f64) -> [Complex<f64>; 2] {
    [Complex::from(1.0 - p), Complex::from(p)]
}
