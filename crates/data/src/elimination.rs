//! Sums over hidden switches, one after the other (variable elimination).
//!
//! ```text
//! Σ_h Π_k ψ_k(h) Π_u (off_u(h) + on_u(h) f_u) ,   h ∈ {0, 1}ⁿ ,
//! ```
//!
//! where each function depends on few of the `h`. To sum over one of them, multiply all functions
//! that contain it; the sum is a function of the other switches in these functions. The next switch
//! is always one that shares functions with the fewest others (minimum degree, Rose 1970). The
//! largest number of switches in one product is the width of the plan, whose cost grows as
//! `2^width`. For trees and chains the width is small for any number of switches.

use std::collections::BTreeSet;
use std::sync::Arc;

use nalgebra::Complex;

use crate::blocks::{Factor, Message, Sum};

/// The greatest width of a plan.
pub(crate) const MOST_WIDTH: usize = 16;

/// A function of hidden switches: its value is `values[k]`, where bit `b` of `k` is 1 if `scope[b]`
/// is on.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    pub(crate) scope: Vec<usize>,
    pub(crate) values: Vec<T>,
}

/// The sum over one switch.
#[derive(Debug, Clone)]
struct Step {
    /// The switches that the sum is a function of.
    rest: Vec<usize>,
    /// The indices of the functions that are multiplied. The given functions come first, and after
    /// them the sums of earlier steps.
    inputs: Vec<usize>,
}

/// The order in which the switches are summed over.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    given: usize,
    steps: Vec<Step>,
    /// The number of switches in the largest product.
    pub(crate) width: usize,
    /// The number of factors in all products.
    pub(crate) factors: f64,
}

impl Plan {
    /// Returns a plan for the sum over `switches` switches of a product of functions with these
    /// scopes, which must be connected. The error is the number of switches in a product that would
    /// have more than [`MOST_WIDTH`].
    pub(crate) fn new(switches: usize, mut scopes: Vec<Vec<usize>>) -> Result<Self, usize> {
        let given = scopes.len();
        let mut neighbours = vec![BTreeSet::new(); switches];
        let mut containing = vec![Vec::new(); switches];
        for (k, scope) in scopes.iter().enumerate() {
            for &h in scope {
                containing[h].push(k);
                neighbours[h].extend(scope.iter().copied().filter(|&other| other != h));
            }
        }
        let mut queue: BTreeSet<_> = neighbours.iter().map(BTreeSet::len).zip(0..).collect();
        let mut used = vec![false; given];
        let mut plan = Self { given, steps: Vec::with_capacity(switches), width: 0, factors: 0.0 };
        while let Some((degree, h)) = queue.pop_first() {
            plan.width = plan.width.max(degree + 1);
            if plan.width > MOST_WIDTH {
                return Err(plan.width);
            }
            let rest: Vec<usize> = std::mem::take(&mut neighbours[h]).into_iter().collect();
            for &other in &rest {
                queue.remove(&(neighbours[other].len(), other));
                neighbours[other].remove(&h);
                neighbours[other].extend(rest.iter().copied().filter(|&a| a != other));
                queue.insert((neighbours[other].len(), other));
                containing[other].push(scopes.len());
            }
            let mut inputs = containing[h].clone();
            inputs.retain(|&k| !std::mem::replace(&mut used[k], true));
            plan.factors += 2.0_f64.powi(degree as i32 + 1) * inputs.len() as f64;
            used.push(false);
            scopes.push(rest.clone());
            plan.steps.push(Step { rest, inputs });
        }
        Ok(plan)
    }

    /// Returns the sums of the product of `weights` and `factors`, where `factors` has one table
    /// per unit. [`Plan::new`] must have been given their scopes in this order, `weights` first.
    pub(crate) fn sums(&self, weights: &[Table<f64>], factors: &[Table<[f64; 2]>]) -> Vec<Sum> {
        let sum = |Step { rest, inputs }: &Step| {
            let entries = 2_usize << rest.len();
            // Bit 0 of an entry is the switch that is summed over. The other bits are the remaining
            // switches, in order.
            let place = |h: usize| rest.iter().position(|&other| other == h).map_or(0, |b| b + 1);
            let at = |scope: &[usize]| -> Arc<[u32]> {
                let places: Vec<usize> = scope.iter().map(|&h| place(h)).collect();
                let bit =
                    |entry: usize| places.iter().enumerate().map(move |(b, place)| (entry >> place & 1) << b);
                (0..entries).map(|entry| bit(entry).sum::<usize>() as u32).collect()
            };
            let mut product = vec![1.0; entries];
            let (mut units, mut messages) = (Vec::new(), Vec::new());
            for &k in inputs {
                if let Some(table) = weights.get(k) {
                    let at = at(&table.scope);
                    product.iter_mut().zip(at.iter()).for_each(|(w, &at)| *w *= table.values[at as usize]);
                } else if let Some(table) = factors.get(k - weights.len()) {
                    let values = table.values.iter().map(|value| value.map(Complex::from)).collect();
                    units.push(Factor::new(k - weights.len(), values, at(&table.scope)));
                } else {
                    let step = k - self.given;
                    messages.push(Message::new(step, at(&self.steps[step].rest)));
                }
            }
            Sum::new(2, product.into_iter().map(Complex::from).collect(), units, messages)
        };
        self.steps.iter().map(sum).collect()
    }
}
