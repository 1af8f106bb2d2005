//! Stochastic gradient Langevin dynamics.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::error::{Result, require, require_length};
use crate::real::{Real, real, require_finite, wide};

/// The settings of [`Sgld`]. There are no defaults, since suitable values depend on the loss.
///
/// | Name | Range |
/// |---|---|
/// | `inverse_temperature` | (0, ∞) |
/// | `localisation` | [0, ∞) |
/// | `step` | (0, ∞) |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct SgldConfig {
    /// The factor $nβ$ of the loss in the potential. For n samples of a statistical model whose
    /// negative log likelihood per sample is L, Watanabe's choice is $n/\ln n$.
    pub inverse_temperature: f64,
    /// The strength $γ$ of the attraction to the centre. Without a loss, each parameter has the
    /// variance 1/γ around the centre.
    pub localisation: f64,
    /// The step size $ε$, which is the variance of the noise that one step adds to each parameter.
    pub step: f64,
}

/// Stochastic gradient Langevin dynamics (SGLD) around a centre: a random walk whose stationary law
/// is a tempered posterior.
///
/// ```math
/// U(w) = nβ\,L(w) + \frac γ2 |w - w^*|^2, \qquad
/// w_{k+1} = w_k - \frac ε2 ∇U(w_k) + \sqrt ε\,ξ_k, \qquad ξ_k \sim N(0, 1)
/// ```
///
/// where w are the parameters, w* is the centre and ξ are independent normal numbers (all of one
/// length), L is a loss, nβ the inverse temperature, γ the localisation and ε the step size. As
/// ε → 0 the law of `w_k` tends to the density `∝ exp(−U)`. At a finite ε it differs: along a
/// direction in which U has the curvature a, the variance is
///
/// ```math
/// \frac{1}{a\,(1 - εa/4)}, \qquad 0 < εa < 4,
/// ```
///
/// instead of 1/a, and for εa ≥ 4 the walk diverges. If the loss and its gradient are exact, a
/// Metropolis test removes this error ([`log_acceptance`](Self::log_acceptance)).
///
/// A step is a pure function of the parameters, the gradient and the random numbers, so that a
/// chain has no state besides its parameters, and one sampler can run several chains.
///
/// References: Welling and Teh, "Bayesian learning via stochastic gradient Langevin dynamics",
/// 2011; for the term with the centre, Lau, Furman, Wang, Murfet and Wei, "The local learning
/// coefficient", 2023; for the test, Roberts and Tweedie, "Exponential convergence of Langevin
/// distributions", 1996.
///
/// ```
/// # fn main() -> Result<(), toy_superposition_optim::Error> {
/// use rand::SeedableRng;
/// use toy_superposition_optim::{Sgld, SgldConfig};
///
/// // L(w) = w²/2 with nβ = 9 and γ = 1 gives a Gaussian of variance 0.1. At this step size the
/// // variance is 0.1/(1 − 0.01).
/// let config = SgldConfig { inverse_temperature: 9.0, localisation: 1.0, step: 0.004 };
/// let sampler = Sgld::new(&[0.0], config)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let (mut w, mut squares, steps) = ([0.0_f64], 0.0, 200_000);
/// for _ in 0..steps {
///     let gradient = w;
///     sampler.step(&mut w, &gradient, &mut rng)?;
///     squares += w[0] * w[0] / f64::from(steps);
/// }
/// assert!((squares / 0.101 - 1.0).abs() < 0.1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sgld<F> {
    config: SgldConfig,
    centre: Vec<F>,
}

/// A point of a chain: the parameters, and the loss L there with its gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place<'a, F> {
    /// The parameters.
    pub parameters: &'a [F],
    /// The loss L at these parameters.
    pub loss: f64,
    /// The gradient `∂L/∂w`, as long as the parameters.
    pub gradient: &'a [F],
}

impl<F: Real> Sgld<F> {
    /// A sampler around the centre w* = `centre`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a setting outside its range in [`SgldConfig`],
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a centre with a NaN or an infinity.
    pub fn new(centre: &[F], config: SgldConfig) -> Result<Self> {
        let SgldConfig { inverse_temperature, localisation, step } = config;
        let positive = |value: f64| value.is_finite() && value > 0.0;
        require(positive(inverse_temperature), "inverse temperature", inverse_temperature, "(0, ∞)")?;
        require(localisation.is_finite() && localisation >= 0.0, "localisation", localisation, "[0, ∞)")?;
        require(positive(step), "step", step, "(0, ∞)")?;
        require_finite("centre", centre)?;
        Ok(Self { config, centre: centre.to_vec() })
    }

    /// The settings that the sampler was built with.
    pub fn config(&self) -> &SgldConfig {
        &self.config
    }

    /// The centre w*.
    pub fn centre(&self) -> &[F] {
        &self.centre
    }

    /// Takes one step in place. `gradient` is the gradient of the loss L alone, or an unbiased
    /// estimate of it. One normal number is drawn per parameter, in the order of the parameters.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for a list of another length than the centre,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a gradient with a NaN or an infinity.
    /// After an error no parameter has changed and no number has been drawn.
    pub fn step<R: Rng + ?Sized>(&self, parameters: &mut [F], gradient: &[F], rng: &mut R) -> Result<()> {
        self.check(parameters, gradient)?;
        let SgldConfig { step, .. } = self.config;
        let noise = step.sqrt();
        for ((w, &slope), &centre) in parameters.iter_mut().zip(gradient).zip(&self.centre) {
            let normal: f64 = rng.sample(StandardNormal);
            let here = wide(*w);
            *w = real(here - 0.5 * step * self.force(here, wide(slope), wide(centre)) + noise * normal);
        }
        Ok(())
    }

    /// The potential `U = nβ L + γ/2 |w − w*|²` at the parameters w, where the loss is L = `loss`.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) for a list of another length than the centre.
    pub fn potential(&self, parameters: &[F], loss: f64) -> Result<f64> {
        require_length("parameters", parameters.len(), self.centre.len())?;
        let squares = parameters.iter().zip(&self.centre).map(|(&w, &c)| (wide(w) - wide(c)).powi(2));
        Ok(self.config.inverse_temperature * loss + 0.5 * self.config.localisation * squares.sum::<f64>())
    }

    /// The logarithm of the Metropolis–Hastings acceptance ratio for a step from w = `from` to w′ =
    /// `to`,
    ///
    /// ```math
    /// \ln \frac{e^{-U(w')}\,q(w|w')}{e^{-U(w)}\,q(w'|w)}
    ///   = U(w) - U(w') + \tfrac12 (w' - w)·(∇U(w) + ∇U(w'))
    ///   + \tfrac ε8 \left(|∇U(w)|^2 - |∇U(w')|^2\right),
    /// ```
    ///
    /// where q is the transition density of [`step`](Self::step). A chain that accepts a step if
    /// `ln v` is below this number, with v uniform on (0, 1), and otherwise stays where it is, has
    /// the stationary law `∝ exp(−U)` for any ε. Loss and gradient must be exact for this.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) and [`Error::NotFinite`](crate::Error::NotFinite),
    /// as for [`step`](Self::step).
    pub fn log_acceptance(&self, from: Place<'_, F>, to: Place<'_, F>) -> Result<f64> {
        self.check(from.parameters, from.gradient)?;
        self.check(to.parameters, to.gradient)?;
        let (mut along, mut squares) = (0.0, 0.0);
        for (k, &centre) in self.centre.iter().enumerate() {
            let (here, there) = (wide(from.parameters[k]), wide(to.parameters[k]));
            let before = self.force(here, wide(from.gradient[k]), wide(centre));
            let after = self.force(there, wide(to.gradient[k]), wide(centre));
            along += (there - here) * (before + after);
            squares += before * before - after * after;
        }
        let fall = self.potential(from.parameters, from.loss)? - self.potential(to.parameters, to.loss)?;
        Ok(fall + 0.5 * along + 0.125 * self.config.step * squares)
    }

    /// The derivative of U by one parameter, where `slope` is the derivative of the loss.
    fn force(&self, parameter: f64, slope: f64, centre: f64) -> f64 {
        self.config.inverse_temperature * slope + self.config.localisation * (parameter - centre)
    }

    fn check(&self, parameters: &[F], gradient: &[F]) -> Result<()> {
        require_length("parameters", parameters.len(), self.centre.len())?;
        require_length("gradient", gradient.len(), self.centre.len())?;
        require_finite("gradient", gradient)
    }
}
