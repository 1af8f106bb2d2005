//! Weights that shut the output, because their features are far louder than all others together.
//!
//! Let `A = b + c₊ + Σ_{w>0} w` be the most that the bias and the other features can add. Where a
//! weight is far below `−A`, its feature shuts the output at any `u_j > A/|w_j|`. That happens with
//! probability `q_j = p_j (1 − A/|w_j|)`, and the loss is then `p/3`. Otherwise the feature acts
//! like one of weight `−A` that is on with probability `p_j A/(|w_j| (1 − q_j))`. So the period
//! need not reach down to the weight itself:
//! ```text
//! L = (1 − Q) p/3 + Q L′ ,   Q = Π_j (1 − q_j) .
//! ```
//! `L` is the same for any larger `A`, which may therefore be taken as a constant. So the slopes
//! are
//! ```text
//! ∂L/∂w_k = Q ∂L′/∂w_k ,   ∂L/∂w_j = Q (A/|w_j|) ∂L′/∂w′_j for shortened ones ,
//! ```
//! where the latter holds since `u_j` is uniform below `A/|w_j|` wherever the output is open.

use super::ExactLoss;
use super::law::Prepared;
use super::row::Output;

/// A weight below `−FAR A` is shortened.
const FAR: f64 = 16.0;
/// The largest scale, in units of p, against which the error of `L′` is measured.
const CRUDEST: f64 = 1e4;

/// A row whose far weights are shortened.
#[derive(Debug)]
pub(super) struct Shortened {
    row: Vec<f64>,
    feature: usize,
    bias: f64,
    law: Prepared<'static>,
    /// The factor `A/|w_j|` of each weight; 1 for weights that are not shortened.
    factors: Vec<f64>,
    /// The loss `(1 − Q) p/3` of the states that are shut.
    shut: f64,
    /// The probability Q that no far weight shuts the output.
    open: f64,
}

impl Shortened {
    /// The shortened row, where `bias` is in units of the law's scale. `None` if no weight is far,
    /// and for laws other than independent features with magnitudes `U[0, 1]`.
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

    /// The scale against which the error of `L′` is measured. Where `L′` is far below the loss of
    /// the shut states, only its digits beside that loss count. The scale is at most `CRUDEST p`,
    /// since `L′` is of the order of `E x²` where Q is close to 0.
    pub(super) fn least(&self) -> f64 {
        (self.shut / self.open).min(CRUDEST * self.law.of(self.feature))
    }

    /// The loss `L` from `L′`.
    pub(super) fn loss(&self, value: ExactLoss) -> ExactLoss {
        let loss = self.shut + self.open * value.loss;
        ExactLoss { loss, error: self.open * value.error + 8.0 * f64::EPSILON * loss }
    }

    /// Turns the slopes of `L′` in the row into those of `L` in place, and returns the slope of `L`
    /// in the bias from that of `L′`.
    pub(super) fn slopes(&self, slopes: &mut [f64], bias: f64) -> f64 {
        slopes.iter_mut().zip(&self.factors).for_each(|(slope, factor)| *slope *= self.open * factor);
        self.open * bias
    }
}
