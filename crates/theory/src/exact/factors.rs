//! The factors of the generating function at one node after the other, with the slopes in their
//! weights, for groups of equal weights and for blocks.
//!
//! ```text
//! K_j = 1 − p_j + p_j φ_j ,   slope_j += Re z φ′_j (p_j Π_{k≠j} K_k − P[only j on]) .
//! ```

use nalgebra::Complex;

use super::block::{RowBlock, Scratch};
use super::interference::{Group, Interference};
use super::waves::Waves;

/// The weights that the [lanes](super::lanes) do not take, computed one after the other: those that
/// occur more than once, and all weights for magnitudes other than `U[0, 1]`.
pub(super) struct Repeated<'a> {
    /// The groups, each with its place among all groups.
    groups: Vec<(usize, Group)>,
    waves: Waves<'a>,
    firsts: Vec<Complex<f64>>,
    factors: Vec<Complex<f64>>,
    left: Vec<Complex<f64>>,
    pub(super) sums: Vec<f64>,
}

impl<'a> Repeated<'a> {
    pub(super) fn new(law: &Interference<'a>, step: f64) -> Self {
        let all = law.groups.iter().copied().enumerate();
        let groups: Vec<_> = all.filter(|(_, group)| group.count > 1 || !law.unit.is_uniform()).collect();
        let waves = Waves::new(law.unit, groups.iter().map(|(_, group)| group.weight).collect(), step);
        let ones = vec![Complex::new(1.0, 0.0); groups.len()];
        let sums = vec![0.0; groups.len()];
        Self { groups, waves, firsts: ones.clone(), factors: ones.clone(), left: ones, sums }
    }

    /// The product of all factors at node `n`. The terms in which one feature alone is on are added
    /// to `few`.
    pub(super) fn forward(&mut self, n: u32, few: &mut Complex<f64>) -> Complex<f64> {
        self.waves.advance(n);
        let mut product = Complex::new(1.0, 0.0);
        for (k, (_, group)) in self.groups.iter().enumerate() {
            let [zeroth, first] = self.waves.transforms(k);
            let factor = zeroth * group.probability + (1.0 - group.probability);
            (self.left[k], self.firsts[k], self.factors[k]) = (product, first, factor);
            product *= factor.powi(group.count);
            *few += zeroth * (f64::from(group.count) * group.alone);
        }
        product
    }

    /// Adds the terms of this node to the slopes, where `others` is the product of all other
    /// factors.
    pub(super) fn backward(&mut self, slope: Complex<f64>, others: Complex<f64>) {
        let mut right = others;
        for (k, (_, group)) in self.groups.iter().enumerate().rev() {
            right *= self.factors[k].powi(group.count - 1);
            let without = self.left[k] * right;
            right *= self.factors[k];
            self.sums[k] += (slope * self.firsts[k] * (without * group.probability - group.alone)).re;
        }
    }

    pub(super) fn add_to(&self, slopes: &mut [f64]) {
        for ((place, _), sum) in self.groups.iter().zip(&self.sums) {
            slopes[*place] += sum;
        }
    }
}

/// A block of features that depend on each other, at the nodes.
pub(super) struct BlockWaves<'a> {
    block: &'a RowBlock<'a>,
    waves: Waves<'a>,
    phi: Vec<Complex<f64>>,
    firsts: Vec<Complex<f64>>,
    by_phi: Vec<Complex<f64>>,
    pub(super) value: Complex<f64>,
    scratch: Scratch<Complex<f64>>,
    pub(super) sums: Vec<f64>,
}

impl<'a> BlockWaves<'a> {
    pub(super) fn new(block: &'a RowBlock<'a>, step: f64) -> Self {
        let waves = Waves::new(block.unit, block.members.iter().map(|member| member.weight).collect(), step);
        let ones = vec![Complex::new(1.0, 0.0); block.members.len()];
        let sums = vec![0.0; ones.len()];
        let (phi, firsts, by_phi, scratch) = (ones.clone(), ones.clone(), ones, Scratch::default());
        Self { block, waves, phi, firsts, by_phi, value: Complex::new(1.0, 0.0), scratch, sums }
    }

    /// The generating function `K` of the block at node `n`. The terms in which one feature alone
    /// is on are added to `few`.
    pub(super) fn forward(&mut self, n: u32, few: &mut Complex<f64>) -> Complex<f64> {
        self.waves.advance(n);
        for (k, member) in self.block.members.iter().enumerate() {
            [self.phi[k], self.firsts[k]] = self.waves.transforms(k);
            if member.weight != 0.0 {
                *few += self.phi[k] * member.alone;
            }
        }
        self.value = self.block.slopes(&self.phi, &[], &mut self.by_phi, &mut self.scratch);
        self.value
    }

    /// Adds the terms of this node to the slopes, where `others` is the product of all other
    /// factors.
    pub(super) fn backward(&mut self, slope: Complex<f64>, others: Complex<f64>) {
        for (k, member) in self.block.members.iter().enumerate() {
            let by_phi = self.by_phi[k] * others - member.alone;
            self.sums[k] += (slope * self.firsts[k] * by_phi).re;
        }
    }
}
