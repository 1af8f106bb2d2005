//! The record of a cell: one flat row of a table.

use rand::seq::index;
use serde::{Deserialize, Serialize};
use toy_superposition_data::{AnyLaw, Features, SampleRange, Stream};
use toy_superposition_model::{Autoencoder, Scalar, sampled_loss};
use toy_superposition_rug::PersianRug;
use toy_superposition_theory as theory;

use super::{Model, Superposition};
use crate::{Cell, Reason};

/// The record of a cell of [`Superposition`]. Losses are per feature and not divided by p. Fields
/// that a kind of cell does not have are `None`.
///
/// ```
/// use toy_superposition_sweep::{Grid, Options, Superposition, Sweep};
///
/// let grid = Grid::<Superposition>::parse(
///     r#"
///     [experiment]
///
///     [[block]]
///     kinds = ["theory", "linear"]
///     features = [64]
///     probabilities = [0.05]
///     ratios = [0.25, 0.5]
/// "#,
/// )?;
/// let folder = tempfile::tempdir()?;
/// let sweep = Sweep::create(folder.path(), grid)?;
/// sweep.run(&Options::default(), |_| {})?;
/// for pair in sweep.records()?.chunks(2) {
///     let [theory, linear] = pair else { unreachable!() };
///     assert_eq!(theory.relative_to_theory(), (0.0, 0.0));
///     assert!(linear.ratio == theory.ratio && linear.loss > theory.loss);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Record {
    /// Kind of the cell.
    pub kind: Model,
    /// Number of features, n_s.
    pub features: usize,
    /// Number of hidden dimensions, n_d.
    pub hidden: usize,
    /// Ratio n_d/n_s.
    pub ratio: f64,
    /// Probability p; for a law, its mean over the features.
    pub probability: f64,
    /// The law of the features as JSON, unless it is the paper's with this p.
    pub law: Option<String>,
    /// Seed of the cell.
    pub seed: u64,
    /// Loss: for a model, measured on fresh samples; for `linear` and `theory`, in closed form.
    pub loss: f64,
    /// Standard error of the loss; 0 for a closed form.
    pub standard_error: f64,
    /// Loss of the symmetric optimum for Gaussian interference. For a law, it is evaluated at the
    /// least interference that the covariance allows, and given only if all features have one p and
    /// magnitudes `U[0, 1]`.
    pub theory_loss: Option<f64>,
    /// Loss of the best mixture of symmetric models, the lower convex envelope in r; `None` for a
    /// law.
    pub envelope_loss: Option<f64>,
    /// Fraction of features that this mixture drops.
    pub envelope_dropped: Option<f64>,
    /// Loss of the optimal linear model.
    pub linear_loss: f64,
    /// Number of steps taken.
    pub steps: Option<u64>,
    /// Exact expected loss of the model, from all of its rows or a sample of them.
    pub exact_loss: Option<f64>,
    /// Estimated numerical error of the exact loss.
    pub exact_error: Option<f64>,
    /// Standard error of the exact loss due to rows that were not evaluated; 0 if all were.
    pub exact_standard_error: Option<f64>,
    /// Loss that the model would have if the interference of each row were Gaussian with the same
    /// mean and variance.
    pub gaussian_loss: Option<f64>,
    /// That loss with the Edgeworth terms of the third and fourth cumulants.
    pub edgeworth_loss: Option<f64>,
    /// Mean of `W_ii` over i.
    pub diagonal_mean: Option<f64>,
    /// Variance of `W_ii` over i (Fig. 4).
    pub diagonal_variance: Option<f64>,
    /// Mean of `b_i` over i.
    pub bias_mean: Option<f64>,
    /// Variance of `b_i` over i (Fig. 5).
    pub bias_variance: Option<f64>,
    /// Mean of the effective bias `b_i + Σ_{j≠i} W_ij E x_j` over i.
    pub effective_bias_mean: Option<f64>,
    /// Mean of `σ_i` over features that are not dropped.
    pub sigma_mean: Option<f64>,
    /// Variance of `Var ν_i = σ_i²` over features that are not dropped (Fig. 6).
    pub delta_variance: Option<f64>,
    /// Largest `Λ_i` (Fig. 7).
    pub lyapunov: Option<f64>,
    /// Mean of `Λ_i` over i.
    pub lyapunov_mean: Option<f64>,
    /// Relative excess of the rows over the Welch bound; `None` if features are dropped.
    pub welch_gap: Option<f64>,
    /// Number of dropped features, those with `|W_ii| ≤ 0.01 max_j |W_jj|`.
    pub dropped: Option<usize>,
}

impl Record {
    /// Returns the record of a cell without a model, whose loss is that of the theory, or for a
    /// law, which may have none, that of the optimal linear model.
    pub(super) fn of_cell(cell: &Cell<Model>) -> Result<Self, Reason> {
        let (p, ratio) = (cell.probability, cell.ratio());
        let (theory_loss, envelope, linear_loss) = match &cell.law {
            None => (
                Some(theory::optimum_at_ratio(p, ratio)?.loss),
                Some(theory::envelope(p, ratio)?),
                theory::linear_loss(p, ratio)?,
            ),
            Some(spec) => {
                let law = spec.build()?;
                let spectrum = theory::Spectrum::of(&law)?;
                let optimum = spectrum.optimum(&law, cell.hidden)?;
                (optimum.map(|optimum| optimum.loss), None, spectrum.linear_loss(cell.hidden)?)
            }
        };
        Ok(Self {
            kind: cell.kind,
            features: cell.features,
            hidden: cell.hidden,
            ratio,
            probability: p,
            law: cell.law.as_ref().map(ToString::to_string),
            seed: cell.seed,
            loss: theory_loss.unwrap_or(linear_loss),
            standard_error: 0.0,
            theory_loss,
            envelope_loss: envelope.as_ref().map(|envelope| envelope.loss),
            envelope_dropped: envelope.as_ref().map(|envelope| envelope.dropped_fraction),
            linear_loss,
            steps: None,
            exact_loss: None,
            exact_error: None,
            exact_standard_error: None,
            gaussian_loss: None,
            edgeworth_loss: None,
            diagonal_mean: None,
            diagonal_variance: None,
            bias_mean: None,
            bias_variance: None,
            effective_bias_mean: None,
            sigma_mean: None,
            delta_variance: None,
            lyapunov: None,
            lyapunov_mean: None,
            welch_gap: None,
            dropped: None,
        })
    }

    /// Adds the statistics of the weights that do not depend on the covariance of the features.
    fn with_weights(self, statistics: &theory::Statistics) -> Self {
        Self {
            diagonal_mean: Some(statistics.diagonal.mean),
            diagonal_variance: Some(statistics.diagonal.variance),
            bias_mean: Some(statistics.bias.mean),
            bias_variance: Some(statistics.bias.variance),
            effective_bias_mean: Some(statistics.effective_bias.mean),
            lyapunov: Some(statistics.lyapunov_max),
            lyapunov_mean: Some(statistics.lyapunov_mean),
            dropped: Some(statistics.dropped),
            ..self
        }
    }

    /// Returns the most precise known loss and its standard error: the exact loss if every row was
    /// evaluated, otherwise the measured one.
    pub fn best_loss(&self) -> (f64, f64) {
        match (self.exact_loss, self.exact_standard_error) {
            (Some(loss), Some(0.0)) => (loss, 0.0),
            _ => (self.loss, self.standard_error),
        }
    }

    /// Returns `(L − L*)/L*` and its standard error, with L from [`best_loss`](Self::best_loss) and
    /// L* the loss of the symmetric optimum for Gaussian interference. The value is infinite where
    /// L* is 0 (at `r = 1`) and L is not. Both numbers are NaN for a law without such an optimum.
    pub fn relative_to_theory(&self) -> (f64, f64) {
        let (loss, error) = self.best_loss();
        let Some(theory_loss) = self.theory_loss else { return (f64::NAN, f64::NAN) };
        let over = |value: f64| if value == 0.0 { 0.0 } else { value / theory_loss };
        let relative = if loss == theory_loss { 0.0 } else { over(loss) - 1.0 };
        (relative, over(error))
    }
}

impl Superposition {
    /// Measures a model and returns its record.
    ///
    /// # Errors
    /// Fails if the model does not have the cell's number of features, or its weights are not
    /// finite.
    pub fn measure<T: Scalar>(&self, cell: &Cell<Model>, model: &Autoencoder<T>) -> Result<Record, Reason> {
        let law = cell.law().build()?;
        let sampled = sampled_loss(model, &law, self.fresh(cell))?;
        let record = Record {
            loss: sampled.mean(),
            standard_error: sampled.standard_error(),
            ..Record::of_cell(cell)?
        };
        if cell.law.is_some() {
            return self.measure_by_law(cell, model, &law, record);
        }
        let check = theory::check_rows(model, cell.probability, &self.rows(cell))?;
        let statistics = &check.statistics;
        Ok(Record {
            exact_loss: Some(check.exact_loss),
            exact_error: Some(check.exact_error),
            exact_standard_error: finite(check.exact_standard_error),
            gaussian_loss: Some(check.gaussian_loss),
            edgeworth_loss: finite(check.edgeworth_loss),
            sigma_mean: finite(statistics.sigma.mean),
            delta_variance: finite(statistics.sigma_squared.variance),
            welch_gap: statistics.welch.as_ref().and_then(|welch| finite(welch.gap)),
            ..record.with_weights(statistics)
        })
    }

    /// Adds the measurements of a model whose features have any law. Fields of the exact loss stay
    /// `None` if the law has none.
    fn measure_by_law<T: Scalar>(
        &self,
        cell: &Cell<Model>,
        model: &Autoencoder<T>,
        law: &AnyLaw,
        record: Record,
    ) -> Result<Record, Reason> {
        let check = theory::check_law(model, law, &self.rows(cell))?;
        let exact = check.exact.as_ref().ok();
        let statistics = &check.statistics;
        Ok(Record {
            exact_loss: exact.map(|exact| exact.loss),
            exact_error: exact.map(|exact| exact.error),
            exact_standard_error: exact.and_then(|exact| finite(exact.standard_error)),
            gaussian_loss: check.gaussian_loss,
            edgeworth_loss: check.edgeworth_loss.and_then(finite),
            sigma_mean: finite(statistics.sigma.mean),
            delta_variance: finite(statistics.sigma_squared.variance),
            welch_gap: check.welch_gap.and_then(finite),
            ..record.with_weights(statistics)
        })
    }

    /// Measures `y = ReLU(a R x + b)`. All rows are alike, so only row 0 is evaluated.
    pub(super) fn measure_rug(
        &self,
        cell: &Cell<Model>,
        rug: &PersianRug,
        a: f64,
        bias: f64,
    ) -> Result<Record, Reason> {
        let p = cell.probability;
        let data = Features::paper(cell.features, p)?;
        let model = rug.to_autoencoder::<f32>(a, bias)?;
        let sampled = sampled_loss(&model, &data, self.fresh(cell))?;
        let row: Vec<f64> = rug.first_row().into_iter().map(|entry| a * entry).collect();
        let exact = theory::exact_row_loss(&row, 0, bias, p)?;
        let edgeworth = theory::edgeworth_row_loss(&row, 0, bias, p)?;
        let statistics = rug.statistics();
        let lyapunov = statistics.lyapunov();
        Ok(Record {
            loss: sampled.mean(),
            standard_error: sampled.standard_error(),
            exact_loss: Some(exact.loss),
            exact_error: Some(exact.error),
            exact_standard_error: Some(0.0),
            gaussian_loss: Some(edgeworth.gaussian),
            edgeworth_loss: finite(edgeworth.corrected),
            diagonal_mean: Some(a),
            diagonal_variance: Some(0.0),
            bias_mean: Some(bias),
            bias_variance: Some(0.0),
            effective_bias_mean: Some(bias + a * statistics.sum * data_mean(p)),
            sigma_mean: finite((statistics.squares * (p / 3.0 - p * p / 4.0)).sqrt()),
            delta_variance: Some(0.0),
            lyapunov,
            lyapunov_mean: lyapunov,
            welch_gap: Some(0.0),
            dropped: Some(0),
            ..Record::of_cell(cell)?
        })
    }

    /// Returns the samples that a cell's loss is measured on.
    fn fresh(&self, cell: &Cell<Model>) -> SampleRange {
        Stream::Evaluation.samples(cell.seed, 0..self.samples as u64)
    }

    /// Returns the rows whose exact losses are evaluated, in increasing order.
    fn rows(&self, cell: &Cell<Model>) -> Vec<usize> {
        if cell.features <= self.exact_rows {
            return (0..cell.features).collect();
        }
        let mut rng = Stream::Rows.rng(cell.seed, 0);
        let mut rows = index::sample(&mut rng, cell.features, self.exact_rows).into_vec();
        rows.sort_unstable();
        rows
    }
}

/// Returns `E x = p/2`.
fn data_mean(p: f64) -> f64 {
    p / 2.0
}

/// Returns the number if it is finite, since JSON cannot hold others.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
