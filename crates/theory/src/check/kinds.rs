//! Features of several probabilities with one law of magnitudes, and the least loss of each.

#[cfg(feature = "models")]
use std::collections::BTreeMap;

#[cfg(feature = "models")]
use toy_superposition_data::Law;

use super::Statistics;
use crate::Result;
#[cfg(feature = "models")]
use crate::error::Error;
use crate::exact::Unit;
use crate::gaussian::channel::Channel;
use crate::gaussian::feature::Feature;
use crate::gaussian::optimum::Optimum;

/// The features of a law, `x_i = h c_i u` with `c_i ~ Bernoulli(p_i)` and `u` of the law `unit`.
#[derive(Debug)]
pub(super) struct Kinds {
    unit: Unit,
    scale: f64,
    /// The distinct probabilities, each once.
    probabilities: Vec<f64>,
    /// For each feature, the index of its probability.
    of: Vec<usize>,
}

/// A feature of one of these probabilities.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind<'a> {
    feature: Feature<&'a Unit>,
    scale: f64,
}

/// The best gain and bias at one `σ`, and their loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    pub(super) gain: f64,
    pub(super) bias: f64,
    pub(super) loss: f64,
}

impl Kinds {
    /// The paper's features with one probability.
    pub(super) fn paper(probability: f64, features: usize) -> Self {
        Self { unit: Unit::Uniform, scale: 1.0, probabilities: vec![probability], of: vec![0; features] }
    }

    /// The features of a law. `None` for magnitudes that the exact loss does not cover or that may
    /// be negative, and for a feature that does not vary.
    #[cfg(feature = "models")]
    pub(super) fn of_law(law: &dyn Law) -> Result<Option<Self>> {
        let Some((switches, magnitude)) = law.parts() else { return Ok(None) };
        let (unit, scale) = match Unit::new(magnitude) {
            Err(Error::Magnitude { .. }) => return Ok(None),
            known => known?,
        };
        let (mut probabilities, mut places) = (Vec::new(), BTreeMap::new());
        let place = |feature: usize| {
            let p = switches.probability(feature);
            *places.entry(p.to_bits()).or_insert_with(|| {
                probabilities.push(p);
                probabilities.len() - 1
            })
        };
        let of = (0..law.features()).map(place).collect();
        let kinds = Self { unit, scale, probabilities, of };
        let varies = (0..kinds.of.len()).all(|i| kinds.of(i).variance() > 0.0);
        Ok((varies && magnitude.support().0 >= 0.0).then_some(kinds))
    }

    /// Feature `feature`.
    pub(super) fn of(&self, feature: usize) -> Kind<'_> {
        let feature = Feature::of_any_sign(self.probabilities[self.of[feature]], &self.unit);
        Kind { feature, scale: self.scale }
    }

    /// The losses of the rows as [channels](crate::Row::channel).
    pub(super) fn row_losses(&self, rectified: bool, statistics: &Statistics) -> Vec<f64> {
        let rows = statistics.rows.iter().enumerate();
        rows.map(|(i, row)| self.of(i).row_loss(rectified, row.gain, row.effective_bias, row.noise)).collect()
    }

    /// The mean over `features` of the least losses at the interference
    /// `σ_i² = relative · Var x_i`; 0 if there are no features.
    pub(super) fn least(
        &self,
        features: impl ExactSizeIterator<Item = usize>,
        rectified: bool,
        relative: f64,
    ) -> Result<f64> {
        let count = features.len() as f64;
        // For each kind, one of its features and the number of its features.
        let mut of_kind: Vec<Option<(usize, f64)>> = vec![None; self.probabilities.len()];
        for i in features {
            of_kind[self.of[i]].get_or_insert((i, 0.0)).1 += 1.0;
        }
        let mut mean = 0.0;
        for (i, number) in of_kind.into_iter().flatten() {
            let kind = self.of(i);
            let square = kind.variance() * relative;
            let sigma = match square == 0.0 || square.is_normal() {
                true => square.sqrt(),
                false => kind.variance().sqrt() * relative.sqrt(),
            };
            mean += number / count * kind.best(rectified, sigma)?.loss;
        }
        Ok(mean)
    }
}

impl Kind<'_> {
    /// The variance `Var x`.
    pub(super) fn variance(&self) -> f64 {
        self.scale * self.scale * self.feature.variance()
    }

    /// The best gain and bias of a ReLU output or of an identity output with Gaussian interference
    /// `σ`.
    pub(super) fn best(&self, rectified: bool, sigma: f64) -> Result<Best> {
        let (h, sigma) = (self.scale, limited(sigma));
        if rectified {
            let Optimum { a: gain, effective_bias, loss, .. } = self.feature.optimum(sigma / h)?;
            return Ok(Best { gain, bias: h * effective_bias, loss: h * h * loss });
        }
        let variance = self.variance();
        let total = variance + sigma * sigma;
        let (gain, rest) = (variance / total, sigma * sigma / total);
        Ok(Best { gain, bias: h * self.feature.mean() * rest, loss: gain * sigma * sigma })
    }

    /// The loss of one output with Gaussian interference, `E (x − f(gain x + bias + noise))²`. It
    /// is exact for the identity.
    pub(super) fn row_loss(&self, rectified: bool, gain: f64, bias: f64, noise: f64) -> f64 {
        let h = self.scale;
        if rectified {
            let channel = Channel::unchecked(gain, bias / h, noise / h);
            return h * h * self.feature.row_loss(&channel).total;
        }
        let rest = 1.0 - gain;
        let mean = rest * h * self.feature.mean() - bias;
        rest * rest * self.variance() + noise * noise + mean * mean
    }
}

/// The smaller of `sigma` and 1e100. That is far above any signal, and its square is still finite.
pub(super) fn limited(sigma: f64) -> f64 {
    sigma.min(1e100)
}
