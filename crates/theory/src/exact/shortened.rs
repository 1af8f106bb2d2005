//! Weights that shut the output: features far louder than all that the others can add.
//!
//! Where a weight is far below `−A`, `A = b + c₊ + Σ_{w>0} w` all that the others can add, its
//! feature shuts the output at any `u_j > A/|w_j|`. That happens with probability
//! `q_j = p_j (1 − A/|w_j|)` and leaves the loss `p/3`; if not, the feature has the weight `−A` and
//! is on with probability `p_j A/(|w_j| (1 − q_j))`. So the period need not reach down to the
//! weight itself:
//! ```text
//! L = (1 − Q) p/3 + Q L′ ,   Q = Π_j (1 − q_j) .
//! ```
//! `L` is the same for any larger `A`, which may therefore be taken as a constant: the slopes are
//! ```text
//! ∂L/∂w_k = Q ∂L′/∂w_k ,   ∂L/∂w_j = Q (A/|w_j|) ∂L′/∂w′_j for shortened ones ,
//! ```
//! the latter since `u_j` is uniform below `A/|w_j|` wherever the output is open.

use super::ExactLoss;
use super::law::Prepared;
use super::row::Output;

/// A weight below `−FAR A` is shortened.
const FAR: f64 = 16.0;
/// In units of p: the relative error of `L′` times this is at most its error.
const CRUDEST: f64 = 1e4;

/// A row whose far weights are shortened.
#[derive(Debug)]
pub(super) struct Shortened {
    row: Vec<f64>,
    feature: usize,
    bias: f64,
    law: Prepared<'static>,
    /// `A/|w_j|`, 1 for weights that are not shortened.
    factors: Vec<f64>,
    /// `(1 − Q) p/3`.
    shut: f64,
    /// Q.
    open: f64,
}

impl Shortened {
    /// `None` where no weight is far, and for laws other than independent features with magnitudes
    /// `U[0, 1]`; `bias` in units of the law's scale.
    pub(super) fn new(row: &[f64], feature: usize, bias: f64, law: &Prepared<'_>) -> Option<Self> {
        let most = bias + row.iter().map(|w| w.max(0.0)).sum::<f64>();
        let far = |j: usize| j != feature && most > 0.0 && row[j] < -FAR * most;
        if !law.unit.is_uniform() || !law.blocks().is_empty() || !(0..row.len()).any(far) {
            return None;
        }
        let mut shortened = row.to_vec();
        let mut probabilities: Vec<f64> = (0..row.len()).map(|j| law.of(j)).collect();
        let (mut log, mut factors) = (0.0, vec![1.0; row.len()]);
        for j in (0..row.len()).filter(|&j| far(j)) {
            let p = probabilities[j];
            factors[j] = most / -row[j];
            let on = p * factors[j];
            let (shut, rest) = (p - on, 1.0 - p + on);
            log += if shut < 0.5 { (-shut).ln_1p() } else { rest.ln() };
            (shortened[j], probabilities[j]) = (-most, on / rest);
        }
        let shut = -log.exp_m1() * law.of(feature) / 3.0;
        let law = Prepared::each(probabilities);
        Some(Self { row: shortened, feature, bias, law, factors, shut, open: log.exp() })
    }

    /// The shortened output.
    pub(super) fn output(&self) -> Output<'_> {
        Output::new(&self.row, self.feature, self.bias, &self.law, None)
    }

    pub(super) fn law(&self) -> &Prepared<'static> {
        &self.law
    }

    /// What the error of `L′` is small beside: it may be far below what the shut states lose, and
    /// its digits count beside theirs. `L′` is of the order of `E x²` where Q is all but 0, and no
    /// less precise than that.
    pub(super) fn least(&self) -> f64 {
        (self.shut / self.open).min(CRUDEST * self.law.of(self.feature))
    }

    /// `L` from `L′`.
    pub(super) fn loss(&self, value: ExactLoss) -> ExactLoss {
        let loss = self.shut + self.open * value.loss;
        ExactLoss { loss, error: self.open * value.error + 8.0 * f64::EPSILON * loss }
    }

    /// The slopes of `L` in the row from those of `L′`, in place; returns the slope in the bias
    /// from that of `L′`.
    pub(super) fn slopes(&self, slopes: &mut [f64], bias: f64) -> f64 {
        slopes.iter_mut().zip(&self.factors).for_each(|(slope, factor)| *slope *= self.open * factor);
        self.open * bias
    }
}
