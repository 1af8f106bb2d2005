//! Where the distance between a model's exact loss and the optimum comes from, in parts that add up
//! to it.

use std::fmt;

use super::kinds::{Best, Kinds, limited};
use crate::check::statistics::{Row, Statistics};
use crate::error::Result;

/// The parts of `exact_loss − optimum_loss`: they add up to it, to rounding.
///
/// A chain of models leads from the optimum to the model; each part is one step. Of the `n` rows,
/// `K` are kept and the fraction `δ` is dropped ([`Statistics::dropped`]). `L*(σ)` is the least
/// loss at interference `σ`, reached at `a*(σ), b*(σ)`; `ℓ_i(a, b) = E (x − (a x + b + aν)₊)²`,
/// `ν ~ N(0, σ_i²)`; `σ_W(r)` is the Welch bound; `σ̄² = mean_K σ_i²`;
/// `Δa = mean_K (W_ii − a*(σ_i))`, `Δb = mean_K (b_i^eff − b*(σ_i))`; `V = Var x`.
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
/// Where features depend on each other, the gain `g_i` of the [statistics](Statistics) stands in
/// the place of `W_ii`, `σ_W` is the bound from the eigenvalues of their covariance (of that of the
/// kept features in the second line), and `L_gauss` has another interference while the own feature
/// is on than while it is off: the step *own switch*. For independent features that is none.
///
/// Features that are not alike, of several probabilities, each have their own `V_i` and `L_i^*`, and
/// the chain is one of `σ_i² / V_i`: the first two lines are means of `L_i^*` at
/// `σ_i² = V_i σ_W²`, where
///
/// ```math
/// \sigma_W^2 = \frac n{\Lambda} - 1 \le \frac1n \sum_i \frac{\sigma_i^2}{V_i},
/// ```
///
/// `Λ` the sum of the n_d largest eigenvalues of the correlations, and `σ̄² = mean_K σ_i²/V_i` in the
/// third. So the optimum is that of features which all have an equal share of what the dimensions
/// explain.
///
/// For an identity output `L*` is the least loss without a rectifier, `Vσ²/(V + σ²)`, and one step
/// more stands at the beginning: from the optimum with a rectifier to the one without.
///
/// Each is a difference of two losses, so it may be negative: dropping features can pay (see
/// [`envelope`](crate::envelope())), and so can rows of unequal `σ`, and interference that is not
/// Gaussian. Parts belong to the order of the chain. A model whose bias suits its own interference,
/// and not a Gaussian one, pays under [`gain_and_bias`](Self::gain_and_bias) for what it gains
/// under [`not_gaussian`](Self::not_gaussian).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Attribution {
    /// Where the parts begin: the loss of the best symmetric ReLU model with Gaussian interference.
    pub optimum_loss: f64,
    /// Where they end: the exact loss, or its estimate from some rows.
    pub exact_loss: f64,
    /// The identity in the place of the rectifier; 0 for ReLU, and never below.
    pub activation: f64,
    /// Dropped features: what it costs, or gains, to spend their share of the hidden dimensions on
    /// the others, and to output something else than the best constant for them.
    pub dropped: f64,
    /// The kept rows' mean square `σ` above the Welch bound. Never negative.
    pub sigma: f64,
    /// The kept rows' `σ_i` that differ.
    pub sigma_spread: f64,
    /// The mean distance of the kept rows' diagonals and effective biases from the best ones for
    /// their `σ_i`. Never negative.
    pub gain_and_bias: f64,
    /// The rest of the diagonals' distances, which differ.
    pub diagonal_spread: f64,
    /// The rest of the effective biases' distances, which differ.
    pub bias_spread: f64,
    /// Interference whose law depends on the own switch in more than a multiple of the own feature;
    /// 0 for independent features.
    pub own_switch: f64,
    /// Interference that is not Gaussian: exact loss less Gaussian prediction.
    pub not_gaussian: f64,
}

impl Attribution {
    /// `exact_loss − optimum_loss`.
    pub fn distance(&self) -> f64 {
        self.exact_loss - self.optimum_loss
    }

    /// Rows that differ: the sum of [`dropped`](Self::dropped),
    /// [`sigma_spread`](Self::sigma_spread), [`diagonal_spread`](Self::diagonal_spread) and
    /// [`bias_spread`](Self::bias_spread).
    pub fn rows(&self) -> f64 {
        self.dropped + self.sigma_spread + self.diagonal_spread + self.bias_spread
    }

    /// The parts with a few words each, rows that differ taken together; they add up to the
    /// distance.
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

    /// Of a chain.
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

/// What the chain passes through between the optimum and the exact loss.
pub(super) struct Chain<'a> {
    pub(super) kinds: &'a Kinds,
    /// ReLU outputs, not the identity.
    pub(super) rectified: bool,
    pub(super) statistics: &'a Statistics,
    /// The rows' losses as [channels](Row::channel).
    pub(super) rows: &'a [f64],
    /// The bound on the mean `σ_i²/Var x_i`, and the same were the kept features all there are.
    pub(super) welch: [f64; 2],
    /// The least loss of ReLU outputs at the first of these bounds.
    pub(super) optimum_loss: f64,
    pub(super) gaussian_loss: f64,
    pub(super) exact_loss: f64,
}

/// What the parts are, in sentences: absolute, and in per cent of the optimum if that is not 0.
impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |part: f64| {
            let share = 100.0 * part / self.optimum_loss;
            if share.is_finite() { format!("{part:+.3e} ({share:+.2} %)") } else { format!("{part:+.3e}") }
        };
        let side = if self.distance() < 0.0 { "below" } else { "above" };
        let (exact, optimum) = (self.exact_loss, self.optimum_loss);
        writeln!(
            f,
            "The loss {exact:.6e} lies {side} the optimum {optimum:.6e}: {}.",
            show(self.distance())
        )?;
        let mut parts = self.headlines();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let [(most, part), rest @ ..] = parts;
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
