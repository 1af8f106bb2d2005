//! Switches as independent blocks, each a mixture of products.
//!
//! ```text
//! E Π_i f_i^{c_i} = Π_blocks Σ_a π_a Π_{u in the block} (off_au + on_au Π_{i ∈ u} f_i)
//! ```
//!
//! `u` are the units of a block: features that switch together. Given the hidden state `a`, units
//! are independent. A feature that is independent of all others is a block of one unit with one
//! term, `1 − p + p f`. The law of all other features given the switch of one of them has the same
//! form: multiply each `π_a` by `on_au` or by `off_au`.

use nalgebra::Complex;

/// Features that depend on each other and on no others; see
/// [`Switches::blocks`](crate::Switches::blocks).
///
/// ```math
/// \mathbb E \prod_{i} f_i^{c_i} = \sum_a \pi_a \prod_u \Bigl(\mathrm{off}_{au} + \mathrm{on}_{au} \prod_{i \in u} f_i\Bigr)
/// ```
///
/// over the features `i` of the block, for any complex `f`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    units: Vec<Vec<u32>>,
    terms: Vec<Term>,
}

/// One hidden state `a` of a [`Block`].
///
/// Its weight and factors are probabilities where the law is a mixture, as of the sources of a
/// graph; of [`Exactly`](crate::Exactly) they are complex, and only the sum over the terms is a
/// probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    weight: Complex<f64>,
    /// One for each unit, or one for all.
    factors: Vec<[Complex<f64>; 2]>,
}

impl Term {
    pub(crate) fn new(weight: impl Into<Complex<f64>>, factors: Vec<[Complex<f64>; 2]>) -> Self {
        Self { weight: weight.into(), factors }
    }

    /// The weight `π_a`.
    pub fn weight(&self) -> Complex<f64> {
        self.weight
    }

    /// `[off_au, on_au]` of unit `unit`.
    ///
    /// # Panics
    /// If `unit` is not below the number of units.
    pub fn factor(&self, unit: usize) -> [Complex<f64>; 2] {
        if let [factor] = self.factors[..] { factor } else { self.factors[unit] }
    }
}

impl Block {
    pub(crate) fn new(units: Vec<Vec<u32>>, terms: Vec<Term>) -> Self {
        Self { units, terms }
    }

    /// One unit, on with `probability`.
    pub(crate) fn unit(unit: Vec<u32>, probability: f64) -> Self {
        Self::new(vec![unit], vec![Term::new(1.0, vec![switch(probability)])])
    }

    /// The block with feature `members(u)` in the place of each feature `u`: what was a feature is
    /// a unit.
    pub(crate) fn expanded<'a>(self, members: impl Fn(u32) -> &'a [u32]) -> Self {
        let expand = |unit: Vec<u32>| unit.into_iter().flat_map(|u| members(u).iter().copied()).collect();
        Self { units: self.units.into_iter().map(expand).collect(), terms: self.terms }
    }

    /// The units: lists of features that are on together or off together. Each feature of the block
    /// is in one of them.
    pub fn units(&self) -> &[Vec<u32>] {
        &self.units
    }

    /// The terms, one for each hidden state `a`.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// `E Π_i f_i^{c_i}` over the features `i` of the block, `f_i = factors[i]`.
    ///
    /// # Panics
    /// If a feature of the block is `≥ factors.len()`.
    pub fn average(&self, factors: &[Complex<f64>]) -> Complex<f64> {
        let unit = |unit: &Vec<u32>| unit.iter().map(|&i| factors[i as usize]).product();
        let units: Vec<Complex<f64>> = self.units.iter().map(unit).collect();
        let term = |term: &Term| {
            let factors = units.iter().enumerate().map(|(u, f)| {
                let [off, on] = term.factor(u);
                off + on * f
            });
            factors.product::<Complex<f64>>() * term.weight
        };
        self.terms.iter().map(term).sum()
    }
}

/// `[1 − p, p]`.
pub(crate) fn switch(p: f64) -> [Complex<f64>; 2] {
    [Complex::from(1.0 - p), Complex::from(p)]
}
