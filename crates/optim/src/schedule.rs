//! The learning rate as a function of the step.
//!
//! ```math
//! η(k) = \begin{cases} η_0 (k+1)/K_w & k < K_w \\
//! η_∞ + (η_0-η_∞) \tfrac12 (1 + \cos(π (k-K_w)/K_c)) & 0 ≤ k-K_w < K_c \\ η_∞ & \text{after} \end{cases}
//! ```
//!
//! k = 0, 1, … the step about to be taken, $η_0$ the rate, $η_∞$ the floor, $K_w$ steps of warm-up, $K_c$ steps
//! of cosine. (The paper's rate is constant; its mean-field counterpart converges with a cosine.)

use crate::error::{Error, Result, require};

/// A learning rate for each step: constant, with or without a linear warm-up before and a cosine after.
///
/// A pure function of the step, so that there is nothing to save or to restore.
///
/// | Name | Range |
/// |---|---|
/// | `rate` | [0, ∞) |
/// | `floor` | [0, `rate`] |
/// | `warm_up`, `cosine` (steps) | 1 … 2⁵³ |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    rate: f64,
    floor: f64,
    warm_up: u64,
    /// 0: the rate stays.
    cosine: u64,
}

impl Schedule {
    /// The same rate at every step.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞).
    pub fn constant(rate: f64) -> Result<Self> {
        require(rate.is_finite() && rate >= 0.0, "learning rate", rate, "[0, ∞)")?;
        Ok(Self { rate, floor: rate, warm_up: 0, cosine: 0 })
    }

    /// Rises linearly: `rate / warm_up` at step 0, `rate` from step `warm_up − 1` on.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞), [`Error::Count`] for no steps.
    pub fn warm_up(rate: f64, warm_up: u64) -> Result<Self> {
        Ok(Self { warm_up: count("steps of warm-up", warm_up)?, ..Self::constant(rate)? })
    }

    /// Falls along half a cosine: `rate` at step 0, `floor` from step `cosine` on.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞) or a floor outside [0, rate], [`Error::Count`] for no steps.
    pub fn cosine(rate: f64, floor: f64, cosine: u64) -> Result<Self> {
        let constant = Self::constant(rate)?;
        require(floor >= 0.0 && floor <= rate, "floor of the learning rate", floor, "[0, rate]")?;
        Ok(Self { floor, cosine: count("steps of cosine", cosine)?, ..constant })
    }

    /// [`warm_up`](Self::warm_up) for `warm_up` steps, then [`cosine`](Self::cosine) for `cosine` steps.
    ///
    /// # Errors
    /// Those of the two.
    pub fn warm_up_cosine(rate: f64, warm_up: u64, floor: f64, cosine: u64) -> Result<Self> {
        Ok(Self { warm_up: count("steps of warm-up", warm_up)?, ..Self::cosine(rate, floor, cosine)? })
    }

    /// The rate `η_0`.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The floor `η_∞`; the rate itself where there is no cosine.
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// The number of steps `K_w` of warm-up, 0 for none.
    pub fn warm_up_steps(&self) -> u64 {
        self.warm_up
    }

    /// The number of steps `K_c` of cosine, 0 for a rate that stays.
    pub fn cosine_steps(&self) -> u64 {
        self.cosine
    }

    /// The learning rate of step `step` = 0, 1, ….
    pub fn learning_rate(&self, step: u64) -> f64 {
        let Self { rate, floor, warm_up, cosine } = *self;
        if step < warm_up {
            return rate * (step + 1) as f64 / warm_up as f64;
        }
        let since = step - warm_up;
        if cosine == 0 {
            rate
        } else if since < cosine {
            let angle = std::f64::consts::PI * since as f64 / cosine as f64;
            floor + (rate - floor) * 0.5 * (1.0 + angle.cos())
        } else {
            floor
        }
    }
}

/// A number of steps that is not zero and that an f64 holds exactly.
fn count(name: &'static str, given: u64) -> Result<u64> {
    let most = 1 << 53;
    if (1..=most).contains(&given) { Ok(given) } else { Err(Error::Count { name, given, least: 1, most }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_meet() -> Result<()> {
        let schedule = Schedule::warm_up_cosine(0.3, 4, 0.1, 6)?;
        let expected = [0.075, 0.15, 0.225, 0.3, 0.3];
        for (step, &rate) in expected.iter().enumerate() {
            approx::assert_relative_eq!(
                schedule.learning_rate(step as u64),
                rate,
                epsilon = 0.0,
                max_relative = 1e-15
            );
        }
        approx::assert_relative_eq!(schedule.learning_rate(7), 0.2, epsilon = 0.0, max_relative = 1e-15);
        assert_eq!([10, 11, u64::MAX].map(|step| schedule.learning_rate(step)), [0.1; 3]);
        assert_eq!(Schedule::constant(0.5)?.learning_rate(u64::MAX), 0.5);
        assert_eq!(Schedule::warm_up(0.5, 2)?.learning_rate(u64::MAX), 0.5);
        Ok(())
    }

    #[test]
    fn out_of_range_is_refused() {
        for rate in [-1e-300, f64::NAN, f64::INFINITY] {
            assert!(matches!(Schedule::constant(rate), Err(Error::Setting { name: "learning rate", .. })));
        }
        for floor in [-0.1, 0.4, f64::NAN] {
            let name = "floor of the learning rate";
            assert!(
                matches!(Schedule::cosine(0.3, floor, 9), Err(Error::Setting { name: n, .. }) if n == name)
            );
        }
        assert!(matches!(Schedule::cosine(0.3, 0.1, 0), Err(Error::Count { given: 0, .. })));
        assert!(matches!(Schedule::warm_up(0.3, u64::MAX), Err(Error::Count { .. })));
    }
}
