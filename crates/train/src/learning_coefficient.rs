//! The local learning coefficient: how fast the volume of parameters of nearly the same loss
//! vanishes about a minimum.
//!
//! ```math
//! \mathrm{Vol}\{w \text{ near } w^* : L(w) - L(w^*) < t\}
//!   \sim t^{λ} \left(\ln \tfrac1t\right)^{m - 1} \; (t → 0), \qquad
//! \hat λ = nβ \left(\mathrm E_β\,L(w) - L(w^*)\right)
//! ```
//!
//! Here w* is a minimum of the loss L, λ its learning coefficient and m its multiplicity, nβ the
//! inverse temperature, and `E_β` the mean under the density `∝ exp(−nβ L(w) − γ/2 |w − w*|²)`.
//!
//! L is the loss of an [`Objective`], which is the same at every evaluation. With an exact expected
//! loss no minibatch noise heats the chain, and `L(w*)` is a number rather than an average.

use rand::{Rng, RngExt};
use serde::{Deserialize, Deserializer, Serialize};
use toy_superposition_data::Stream;
use toy_superposition_model::{Estimate, Model, Objective};
use toy_superposition_optim::{Place, Sgld, SgldConfig};

use crate::{Error, Result, side_by_side};

/// The sampler and the chains of [`learning_coefficient`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningCoefficientConfig {
    /// Inverse temperature nβ, localisation γ and step ε.
    pub sampler: SgldConfig,
    /// Whether steps are accepted by the Metropolis–Hastings rule, so that the chain samples the
    /// stated density at any step size. Otherwise the chain is plain SGLD. Along a direction in
    /// which the potential has curvature a, its estimate is then too high by the factor
    /// `1/(1 − εa/4)`, and the chain may diverge.
    pub metropolis: bool,
    /// Number of chains, from 2 to 10⁶. Each starts at w*.
    pub chains: usize,
    /// Number of steps of each chain that are discarded.
    pub burn_in: u64,
    /// Number of steps of each chain that are counted, from 32 to 10¹².
    pub steps: u64,
}

impl LearningCoefficientConfig {
    /// Returns the configuration with four chains of 20 000 steps after 2 000 discarded ones, with
    /// Metropolis–Hastings.
    pub fn new(sampler: SgldConfig) -> Self {
        Self { sampler, metropolis: true, chains: 4, burn_in: 2_000, steps: 20_000 }
    }
}

/// An estimate of the local learning coefficient, with diagnostics of its reliability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LearningCoefficient {
    /// `λ̂ = nβ (E_β L − L(w*))`, the mean over all chains. A negative value means that the
    /// chains reached losses below `L(w*)`.
    pub estimate: f64,
    /// Standard error of `estimate`, from the means of 16 consecutive parts of each chain. It is
    /// reliable if a part is longer than the autocorrelation time of the chain. It does not include
    /// the bias at a finite nβ.
    pub standard_error: f64,
    /// `R̂` of the half chains (Gelman et al., "Bayesian data analysis", 2013). It is near 1 if all
    /// halves agree. Above 1.01 the chains are too short or the step is too small. It is infinite
    /// if no chain moved, which JSON stores as `null`. All chains start at w*, so `R̂` does not
    /// show whether they have left it; see [`acceptance`](Self::acceptance).
    #[serde(deserialize_with = "null_is_infinite")]
    pub r_hat: f64,
    /// Estimate of each chain.
    pub chains: Vec<f64>,
    /// Share of steps that were accepted; 1 without Metropolis–Hastings.
    pub acceptance: f64,
    /// `L(w*)`.
    pub loss: f64,
    /// Smallest loss of all counted steps. It is well below `loss` if the chains left w* for
    /// lower losses.
    pub least_loss: f64,
}

fn null_is_infinite<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

/// The number of parts of a chain whose means give the standard error. It is even, since `R̂` uses
/// halves.
const PARTS: usize = 16;

/// The greatest numbers of chains and of counted steps: 10⁶ and 10¹².
const MOST_CHAINS: u64 = 1_000_000;
const MOST_STEPS: u64 = 1_000_000_000_000;

/// Estimates the local learning coefficient λ of an objective at `model`, which should be a local
/// minimum w*. It measures how fast the volume of nearby parameters with nearly the same loss
/// vanishes:
///
/// ```math
/// \mathrm{Vol}\{w \text{ near } w^* : L(w) - L(w^*) < t\}
///   \sim t^{λ} \left(\ln \tfrac1t\right)^{m - 1} \; (t → 0), \qquad
/// \hat λ = nβ \left(\mathrm E_β\,L(w) - L(w^*)\right)
/// ```
///
/// `E_β` is the mean under the density `∝ exp(−nβ L(w) − γ/2 |w − w*|²)`, and m is the
/// multiplicity. If L is quadratic in some directions and flat in the others, λ is half the number
/// of the former. At a singular point it is less than half the number of parameters. The estimate
/// tends to λ as `nβ → ∞`, but for m > 1 only like `λ − (m − 1)/ln nβ`.
///
/// Chain k draws from item k of [`Stream::Perturbation`] of `seed`, and each chain runs on one
/// thread, so the result does not depend on the number of threads.
///
/// Watanabe, "A widely applicable Bayesian information criterion", 2013; Lau, Furman, Wang, Murfet
/// and Wei, "The local learning coefficient", 2023.
///
/// ```
/// use toy_superposition_model::Objective;
/// use toy_superposition_optim::SgldConfig;
/// use toy_superposition_train::{LearningCoefficientConfig, ReducedRank, learning_coefficient};
///
/// // A product of matrices 3 → 1 → 1 whose target is 0: λ = 1/2, with four parameters.
/// let model = ReducedRank::new(3, 1, 1)?;
/// let sampler = SgldConfig { inverse_temperature: 1e4, localisation: 1.0, step: 2e-4 };
/// let found = learning_coefficient(&model, &model.objective(), &LearningCoefficientConfig::new(sampler), 1)?;
/// assert_eq!(model.learning_coefficient().lambda, 0.5);
/// assert!((found.estimate - 0.5).abs() < 0.1 && found.acceptance > 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Optim`] for invalid settings of the sampler, or numbers of chains or steps that the
/// configuration does not allow, [`Error::Objective`] with the number of a chain's step if the
/// objective fails, [`Error::Diverged`] if the loss or gradient of a chain is not finite (with
/// Metropolis–Hastings such a proposal is rejected), [`Error::Model`] if there is no memory for the
/// gradients, [`Error::Threads`] if threads cannot be started.
pub fn learning_coefficient<M, O>(
    model: &M,
    objective: &O,
    config: &LearningCoefficientConfig,
    seed: u64,
) -> Result<LearningCoefficient>
where
    M: Model + Clone + Sync,
    O: Objective<M> + Clone + Sync,
{
    let check = |name, given, least, most| match given {
        _ if (least..=most).contains(&given) => Ok(()),
        _ => Err(toy_superposition_optim::Error::Count { name, given, least, most }),
    };
    check("chains", config.chains as u64, 2, MOST_CHAINS)?;
    check("steps", config.steps, 2 * PARTS as u64, MOST_STEPS)?;
    let sampler = Sgld::new(model.as_slice(), config.sampler)?;
    let numbers: Vec<u64> = (0..config.chains as u64).collect();
    let chains = side_by_side(&numbers, None, |&number| {
        let mut rng = Stream::Perturbation.rng(seed, number);
        Chain::run(model, objective.clone(), &sampler, config, &mut rng)
    });
    summary(&chains.map_err(Error::Threads)?.into_iter().collect::<Result<Vec<_>>>()?, config)
}

/// The recorded statistics of a chain.
struct Chain {
    /// Estimates of `nβ (L − L(w*))`, one per part.
    parts: [Estimate; PARTS],
    accepted: u64,
    loss: f64,
    least: f64,
}

/// Parameters with their loss and gradient.
struct Here<M: Model> {
    model: M,
    loss: f64,
    gradient: M::Gradient,
}

impl<M: Model + Clone> Here<M> {
    fn new(model: &M) -> Result<Self> {
        Ok(Self { model: model.clone(), loss: f64::NAN, gradient: model.zero_gradient()? })
    }

    fn place(&self) -> Place<'_, M::Scalar> {
        let (parameters, gradient) = (self.model.as_slice(), self.gradient.as_ref());
        Place { parameters, loss: self.loss, gradient }
    }

    /// Evaluates the objective. Returns `false` if the loss or its gradient is not finite. A loss
    /// that is not finite is stored like any other.
    fn evaluate<O: Objective<M>>(&mut self, objective: &mut O, step: u64) -> Result<bool> {
        self.loss = match objective.loss_and_gradient(&self.model, &mut self.gradient) {
            Ok(loss) => loss,
            Err(source) => {
                O::not_finite(&source).ok_or_else(|| Error::Objective { step, source: Box::new(source) })?
            }
        };
        let finite = |&slope: &M::Scalar| Into::<f64>::into(slope).is_finite();
        Ok(self.loss.is_finite() && self.gradient.as_ref().iter().all(finite))
    }
}

impl Chain {
    fn run<M: Model + Clone, O: Objective<M>, R: Rng + ?Sized>(
        model: &M,
        mut objective: O,
        sampler: &Sgld<M::Scalar>,
        config: &LearningCoefficientConfig,
        rng: &mut R,
    ) -> Result<Self> {
        let SgldConfig { inverse_temperature, step: learning_rate, .. } = config.sampler;
        let diverged = |step, loss| Error::Diverged { step, learning_rate, loss };
        let (mut here, mut next) = (Here::new(model)?, Here::new(model)?);
        if !here.evaluate(&mut objective, 0)? {
            return Err(diverged(0, here.loss));
        }
        let loss = here.loss;
        let mut chain = Self { parts: [Estimate::default(); PARTS], accepted: 0, loss, least: f64::INFINITY };
        for step in 0..config.burn_in.saturating_add(config.steps) {
            next.model.as_mut_slice().copy_from_slice(here.model.as_slice());
            sampler.step(next.model.as_mut_slice(), here.gradient.as_ref(), rng)?;
            let finite = next.evaluate(&mut objective, step)?;
            let accepted = if config.metropolis {
                let level = rng.random::<f64>().ln();
                finite && level < sampler.log_acceptance(here.place(), next.place())?
            } else if finite {
                true
            } else {
                return Err(diverged(step, next.loss));
            };
            if accepted {
                std::mem::swap(&mut here, &mut next);
            }
            let Some(counted) = step.checked_sub(config.burn_in) else { continue };
            chain.accepted += u64::from(accepted);
            chain.least = chain.least.min(here.loss);
            let part = (u128::from(counted) * PARTS as u128 / u128::from(config.steps)) as usize;
            let value: Estimate = [inverse_temperature * (here.loss - loss)].into_iter().collect();
            chain.parts[part] = chain.parts[part].merge(&value);
        }
        Ok(chain)
    }

    /// Returns the estimate over the given parts together.
    fn over(&self, parts: std::ops::Range<usize>) -> Estimate {
        self.parts[parts].iter().fold(Estimate::default(), |sum, part| sum.merge(part))
    }
}

fn summary(chains: &[Chain], config: &LearningCoefficientConfig) -> Result<LearningCoefficient> {
    let means: Vec<f64> = chains.iter().map(|chain| chain.over(0..PARTS).mean()).collect();
    let parts: Estimate = chains.iter().flat_map(|chain| &chain.parts).map(Estimate::mean).collect();
    let halves: Vec<Estimate> =
        chains.iter().flat_map(|chain| [chain.over(0..PARTS / 2), chain.over(PARTS / 2..PARTS)]).collect();
    let counted = (config.steps * config.chains as u64) as f64;
    Ok(LearningCoefficient {
        estimate: means.iter().sum::<f64>() / means.len() as f64,
        standard_error: parts.standard_error(),
        r_hat: r_hat(&halves),
        acceptance: chains.iter().map(|chain| chain.accepted).sum::<u64>() as f64 / counted,
        loss: chains[0].loss,
        least_loss: chains.iter().map(|chain| chain.least).fold(f64::INFINITY, f64::min),
        chains: means,
    })
}

/// Returns `R̂ = √((n − 1)/n + B/(n W))` of several sequences of n values, where W is the mean of
/// their variances and B/n the variance of their means.
fn r_hat(sequences: &[Estimate]) -> f64 {
    let count = sequences.len() as f64;
    let length = sequences.iter().map(|sequence| sequence.count() as f64).sum::<f64>() / count;
    let variance = |of: &Estimate| of.standard_error().powi(2) * of.count() as f64;
    let within = sequences.iter().map(variance).sum::<f64>() / count;
    let between = variance(&sequences.iter().map(Estimate::mean).collect());
    // Chains that never move give no evidence of agreement.
    if within == 0.0 { f64::INFINITY } else { ((length - 1.0) / length + between / within).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::r_hat;

    #[test]
    fn r_hat_compares_the_spread_of_means_with_that_within() {
        // The variances are 5/3 each, and the means are 2.5 and 4.5, whose variance is 2.
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]);
        let found = r_hat(&[a.into_iter().collect(), b.into_iter().collect()]);
        approx::assert_relative_eq!(found, (0.75 + 2.0 / (5.0 / 3.0_f64)).sqrt(), max_relative = 1e-14);
        let same = r_hat(&[a.into_iter().collect(), a.into_iter().collect()]);
        approx::assert_relative_eq!(same, 0.75_f64.sqrt(), max_relative = 1e-14);
        let still = || [2.0; 4].into_iter().collect();
        assert_eq!(r_hat(&[still(), still()]), f64::INFINITY);
    }
}
