//! Features in pairs whose switches are correlated: 0 with 1, 2 with 3, ….

#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::SampleSwitches;
use crate::blocks::switch;
use crate::error::checked_probability;
#[cfg(feature = "sampling")]
use crate::stream::unit;
use crate::switches::{checked_features, distinct};
use crate::trials::Trials;
use crate::{Block, Error, Result, Switches, SwitchesSpec};

/// Pairs of features `(2m, 2m + 1)` with correlated switches; the pairs are independent of each
/// other.
///
/// Both switches of a pair are on with probability `p`, and their correlation is `ρ`:
///
/// ```text
/// P[both] = p² + ρ p (1 − p),    P[just the first] = P[just the second] = p − P[both]
/// Cov(c_i, c_j) = ρ p (1 − p) within a pair, 0 across pairs
/// ```
///
/// Drawing a sample takes time proportional to the number of pairs with a feature on, and one
/// random word for each of them beyond those that choose the pairs.
///
/// With `ρ = 1` both features of a pair are always on together. With the least possible `ρ`, which
/// is `−p/(1 − p)` for `p ≤ 1/2`, they never are. These are the correlated and anticorrelated pairs
/// of Elhage et al. (2022).
///
/// ```
/// use toy_superposition_data::{Pairs, Switches};
/// let pairs = Pairs::new(3, 0.2, 0.5)?;
/// assert_eq!(pairs.features(), 6);
/// assert!((pairs.covariance(0, 1) - 0.5 * 0.2 * 0.8).abs() < 1e-15);
/// assert_eq!(pairs.covariance(1, 2), 0.0);
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    probability: f64,
    correlation: f64,
    trials: Trials,
    /// `P[second | first]`.
    second_given_first: f64,
    /// `P[both | any]`.
    #[cfg_attr(not(feature = "sampling"), allow(dead_code))]
    both: f64,
}

impl Pairs {
    /// Returns `pairs` pairs (`n_s = 2 pairs` features) whose switches have the probability p =
    /// `probability` and the correlation ρ = `correlation`.
    ///
    /// # Errors
    /// [`Error::Features`] unless `1 ≤ 2 pairs ≤ u32::MAX`; [`Error::Probability`] unless
    /// `0 < p ≤ 1`; [`Error::Correlation`] unless `max(−p/(1 − p), −(1 − p)/p) ≤ ρ ≤ 1` (at
    /// `p = 1`, where the switches are constant, unless `ρ = 0`).
    pub fn new(pairs: usize, probability: f64, correlation: f64) -> Result<Self> {
        checked_features(pairs.saturating_mul(2))?;
        let p = checked_probability(0, probability)?;
        let (least, greatest) =
            if p == 1.0 { (0.0, 0.0) } else { (f64::max(-p / (1.0 - p), -(1.0 - p) / p), 1.0) };
        if !(correlation >= least && correlation <= greatest) {
            return Err(Error::Correlation { given: correlation, least, greatest });
        }
        // Given that the first switch is on, the second is on with this probability. The clamps
        // only remove rounding errors.
        let second_given_first = (p + correlation * (1.0 - p)).clamp(0.0, 1.0);
        let any = (p * (2.0 - second_given_first)).min(1.0);
        let both = p * second_given_first / any;
        Ok(Self { probability, correlation, trials: Trials::new(pairs, any), second_given_first, both })
    }
}

impl Switches for Pairs {
    fn features(&self) -> usize {
        2 * self.trials.count()
    }

    fn probability(&self, feature: usize) -> f64 {
        assert!(feature < self.features(), "feature {feature} of {}", self.features());
        self.probability
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        let (p, _) = (self.probability(i), self.probability(j));
        let variance = p * (1.0 - p);
        if i == j {
            variance
        } else if i / 2 == j / 2 {
            self.correlation * variance
        } else {
            0.0
        }
    }

    fn joint_probability(&self, features: &[usize]) -> Option<f64> {
        let features = distinct(features);
        let factors = features.iter().enumerate().map(|(k, &feature)| {
            let partner_before = k > 0 && features[k - 1] / 2 == feature / 2;
            if partner_before { self.second_given_first } else { self.probability(feature) }
        });
        Some(factors.product())
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let (p, [off, on]) = (self.probability, switch(1.0));
        let first_only = p * (1.0 - self.second_given_first);
        // The probability that the second is on given that the first is off.
        let given_off = if p < 1.0 { first_only / (1.0 - p) } else { 0.0 };
        let second = vec![switch(given_off), switch(self.second_given_first)];
        let factors = vec![vec![[on, off], [off, on]], second];
        let weights = switch(p).to_vec();
        let block =
            |i: u32| Block::mixture(vec![vec![2 * i], vec![2 * i + 1]], weights.clone(), factors.clone());
        Ok((0..self.trials.count() as u32).map(block).collect())
    }

    fn spec(&self) -> SwitchesSpec {
        SwitchesSpec::Pairs { probability: self.probability, correlation: self.correlation }
    }
}

#[cfg(feature = "sampling")]
impl SampleSwitches for Pairs {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R, on: &mut Vec<u32>) {
        let first_or_both = 0.5 * (1.0 + self.both);
        self.trials.each(rng, |rng, pair| {
            let which = unit(rng);
            if which < first_or_both {
                on.push(2 * pair);
            }
            if which < self.both || which >= first_or_both {
                on.push(2 * pair + 1);
            }
        });
    }
}
