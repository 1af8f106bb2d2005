//! The distance between a model's exact loss and the optimum, in parts that add up to it.

use std::fmt;

use super::kinds::{Best, Kinds, limited};
use crate::check::statistics::{Row, Statistics};
use crate::error::Result;

/// The parts of the distance `exact_loss − optimum_loss`, which add up to it up to rounding.
///
/// A chain of models leads from the optimum to the model, and each part is one step. Of the `n`
/// rows, `K` is the set of those that are kept, and the fraction `δ` is dropped
/// ([`Statistics::dropped`]). `L*(σ)` is the least loss at interference `σ`, at the gain `a*(σ)`
/// and the bias `b*(σ)`. `ℓ_i(a, b) = E (x − (a x + b + aν)₊)²` with `ν ~ N(0, σ_i²)` is the loss
/// of row `i`. `σ_W(r)` is the Welch bound and `V = Var x`. The means over the kept rows are
/// `σ̄² = mean_K σ_i²`, `Δa = mean_K (W_ii − a*(σ_i))` and `Δb = mean_K (b_i^eff − b*(σ_i))`.
///
/// ```math
/// \begin{array}{lll}
/// \text{loss of the model in the chain} & \text{step to it} & \\
/// L_{opt} = L^*(\sigma_W(n_d/n)) & & \\
/// \delta V + (1-\delta)\, L^*\bigl(\sigma_W(n_d/|K|)\bigr) & \textit{dropped (first part)} & \\
/// \delta V + (1-\delta)\, L^*(\bar\sigma) & \textit{sigma} & \ge 0 \\
/// \delta V + \frac1n \sum_K L^*(\sigma_i) & \textit{sigma spread} & \\
/// \delta V + \frac1n \sum_K \ell_i\bigl(a^*(\sigma_i) + \Delta a,\; b^*(\sigma_i) + \Delta b\bigr) & \textit{gain and bias} & \ge 0 \\
/// \delta V + \frac1n \sum_K \ell_i\bigl(W_{ii},\; b^*(\sigma_i) + \Delta b\bigr) & \textit{diagonal spread} & \\
/// \delta V + \frac1n \sum_K \ell_i(W_{ii}, b_i^{eff}) & \textit{bias spread} & \\
/// \frac1n \sum_i \ell_i(W_{ii}, b_i^{eff}) & \textit{dropped (second part)} & \\
/// L_{gauss} & \textit{own switch} & \\
/// L_{exact} & \textit{not Gaussian} &
/// \end{array}
/// ```
///
/// Where features depend on each other, the gain `g_i` of the [statistics](Statistics) takes the
/// place of `W_ii`, and `σ_W` is the bound from the eigenvalues of their covariance (of the
/// covariance of the kept features in the second line). In `L_gauss` the interference differs
/// between the two states of the own switch, which is the step *own switch*. For independent
/// features that step is 0.
///
/// Features of several probabilities each have their own `V_i` and `L_i^*`, and the chain is in
/// terms of `σ_i² / V_i`. The first two lines are means of `L_i^*` at `σ_i² = V_i σ_W²`, where
///
/// ```math
/// \sigma_W^2 = \frac n{\lambda_\Sigma} - 1 \le \frac1n \sum_i \frac{\sigma_i^2}{V_i},
/// ```
///
/// `λ_Σ` is the sum of the n_d largest eigenvalues of the correlations, and the third line has
/// `σ̄² = mean_K σ_i²/V_i`. So the optimum is that of features for each of which the dimensions
/// explain an equal share of its variance.
///
/// For an identity output `L*` is the least loss without a rectifier, `Vσ²/(V + σ²)`. One more step
/// then stands at the beginning, from the optimum with a rectifier to the optimum without.
///
/// Each part is a difference of two losses and may be negative: dropping features can lower the
/// loss (see [`envelope`](crate::envelope())), and so can rows of unequal `σ` and interference that
/// is not Gaussian. The parts depend on the order of the chain. A model whose bias suits its own
/// interference rather than a Gaussian one loses under [`gain_and_bias`](Self::gain_and_bias) a
/// part of what it gains under [`not_gaussian`](Self::not_gaussian).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Attribution {
    /// The first loss of the chain, that of the best symmetric ReLU model with Gaussian
    /// interference.
    pub optimum_loss: f64,
    /// The last loss of the chain: the exact loss, or its estimate from some rows.
    pub exact_loss: f64,
    /// The cost of an identity output in place of the rectifier. It is 0 for ReLU, and never
    /// negative.
    pub activation: f64,
    /// The part of dropped features: the cost or gain of spending their share of the hidden
    /// dimensions on the others, and of outputs other than the best constant for them.
    pub dropped: f64,
    /// The part of the mean `σ_i²` of the kept rows above the Welch bound. It is never negative.
    pub sigma: f64,
    /// The part of the differences between the `σ_i` of the kept rows.
    pub sigma_spread: f64,
    /// The part of the mean distance of the diagonals and effective biases of the kept rows from
    /// the best ones for their `σ_i`. It is never negative.
    pub gain_and_bias: f64,
    /// The part of the differences between these distances of the diagonals.
    pub diagonal_spread: f64,
    /// The part of the differences between these distances of the effective biases.
    pub bias_spread: f64,
    /// The part of interference whose law depends on the own switch by more than a multiple of the
    /// own feature. It is 0 for independent features.
    pub own_switch: f64,
    /// The part of interference that is not Gaussian: the exact loss less the Gaussian prediction.
    pub not_gaussian: f64,
}

impl Attribution {
    /// The distance `exact_loss − optimum_loss`, which is the sum of all parts.
    pub fn distance(&self) -> f64 {
        self.exact_loss - self.optimum_loss
    }

    /// The part of rows that differ: the sum of [`dropped`](Self::dropped),
    /// [`sigma_spread`](Self::sigma_spread), [`diagonal_spread`](Self::diagonal_spread) and
    /// [`bias_spread`](Self::bias_spread).
    pub fn rows(&self) -> f64 {
        self.dropped + self.sigma_spread + self.diagonal_spread + self.bias_spread
    }

    /// The parts with a few words each, where the [rows](Self::rows) that differ are one part. They
    /// add up to the distance.
    pub fn headlines(&self) -> [(&'static str, f64); 6] {
        [
            ("σ above the Welch bound", self.sigma),
            ("rows that differ", self.rows()),
            ("gain and bias off their best", self.gain_and_bias),
            ("interference that depends on the own switch", self.own_switch),
            ("interference that is not Gaussian", self.not_gaussian),
            ("no rectifier", self.activation),
        ]
    }

    /// The [headline](Self::headlines) of largest magnitude.
    pub fn dominant(&self) -> (&'static str, f64) {
        let [first, rest @ ..] = self.headlines();
        rest.into_iter().fold(first, |most, part| if part.1.abs() > most.1.abs() { part } else { most })
    }

    /// The parts of a chain.
    pub(super) fn new(chain: Chain<'_>) -> Result<Self> {
        let Chain { kinds, rectified, statistics, rows, welch, optimum_loss, gaussian_loss, exact_loss } =
            chain;
        let (all, count) = (0..statistics.features(), statistics.features() as f64);
        let kept: Vec<(usize, &Row)> = statistics.kept().collect();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / (kept.len() as f64).max(1.0);
        let dropped: f64 = all.clone().map(|i| kinds.of(i).variance()).sum::<f64>()
            - kept.iter().map(|&(i, _)| kinds.of(i).variance()).sum::<f64>();
        let dropped = if kept.len() == statistics.features() { 0.0 } else { dropped };
        let whole = |kept: f64| (dropped + kept) / count;
        let first = if rectified { optimum_loss } else { kinds.least(all, false, welch[0])? };
        let least = |relative: f64| {
            // The optima are the dear part, and most models drop no feature.
            let same = kept.len() == statistics.features() && relative == welch[0];
            let kept_features = kept.iter().map(|&(i, _)| i);
            let loss = if same { first } else { kinds.least(kept_features, rectified, relative)? };
            Ok(kept.len() as f64 * loss)
        };

        let equal = mean(&mut kept.iter().map(|&(i, row)| row.sigma().powi(2) / kinds.of(i).variance()));
        let own = kept.iter().map(|&(i, row)| kinds.of(i).best(rectified, row.sigma()));
        let own = own.collect::<Result<Vec<_>>>()?;
        let offset =
            |of: fn(&Row, &Best) -> f64| mean(&mut kept.iter().zip(&own).map(|((_, row), own)| of(row, own)));
        let gain = offset(|row, own| row.gain - own.gain);
        let bias = offset(|row, own| row.effective_bias - own.bias);
        let shifted = |diagonal: bool| {
            let loss = |(&(i, row), own): (&(usize, &Row), &Best)| {
                let gain = if diagonal { row.gain } else { own.gain + gain };
                kinds.of(i).row_loss(rectified, gain, own.bias + bias, gain.abs() * limited(row.sigma()))
            };
            kept.iter().zip(&own).map(loss).sum::<f64>()
        };

        let chain = [
            whole(least(welch[1])?),
            whole(least(equal)?),
            whole(own.iter().map(|own| own.loss).sum()),
            whole(shifted(false)),
            whole(shifted(true)),
            whole(kept.iter().map(|&(i, _)| rows[i]).sum()),
        ];
        let independent = rows.iter().sum::<f64>() / count;
        Ok(Self {
            optimum_loss,
            exact_loss,
            activation: first - optimum_loss,
            dropped: (chain[0] - first) + (independent - chain[5]),
            sigma: chain[1] - chain[0],
            sigma_spread: chain[2] - chain[1],
            gain_and_bias: chain[3] - chain[2],
            diagonal_spread: chain[4] - chain[3],
            bias_spread: chain[5] - chain[4],
            own_switch: gaussian_loss - independent,
            not_gaussian: exact_loss - gaussian_loss,
        })
    }
}

/// The numbers from which the losses of the chain are computed.
pub(super) struct Chain<'a> {
    pub(super) kinds: &'a Kinds,
    /// `true` if outputs are ReLU, and `false` if they are the identity.
    pub(super) rectified: bool,
    pub(super) statistics: &'a Statistics,
    /// The losses of the rows as [channels](Row::channel).
    pub(super) rows: &'a [f64],
    /// The bound on the mean `σ_i²/Var x_i` for all features, and the same for the kept features
    /// alone.
    pub(super) welch: [f64; 2],
    /// The least loss of ReLU outputs at the first of these bounds.
    pub(super) optimum_loss: f64,
    pub(super) gaussian_loss: f64,
    pub(super) exact_loss: f64,
}

/// Writes the parts in sentences, as losses and in per cent of the optimum if that is not 0.
impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |part: f64| {
            let share = 100.0 * part / self.optimum_loss;
            if share.is_finite() { format!("{part:+.3e} ({share:+.2} %)") } else { format!("{part:+.3e}") }
        };
        let side = match self.distance() {
            distance if distance < 0.0 => "below",
            0.0 => "at",
            _ => "above",
        };
        let per_cent = if self.optimum_loss == 0.0 { "" } else { " (percentages are of the optimum's loss)" };
        let (exact, optimum) = (self.exact_loss, self.optimum_loss);
        writeln!(
            f,
            "The loss {exact:.6e} lies {side} the symmetric optimum for Gaussian interference, {optimum:.6e}, \
             which is no lower bound: {}{per_cent}.",
            show(self.distance())
        )?;
        let mut parts = self.headlines();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let [(most, part), rest @ ..] = parts;
        let sum: f64 = self.headlines().iter().map(|(_, part)| part.abs()).sum();
        if sum > 2.0 * self.distance().abs() {
            writeln!(f, "Parts of opposite signs cancel, so that none of them explains the distance alone.")?;
        }
        writeln!(f, "The largest part is {most}: {}.", show(part))?;
        for (what, part) in rest.into_iter().filter(|&(_, part)| part != 0.0) {
            writeln!(f, "Then {what}: {}.", show(part))?;
        }
        write!(
            f,
            "Of what rows that differ make, dropped features are {}, σ {}, diagonals {}, biases {}.",
            show(self.dropped),
            show(self.sigma_spread),
            show(self.diagonal_spread),
            show(self.bias_spread)
        )
    }
}
