//! The learning rate as a function of the step.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result, require};

/// The learning rate as a function of the step: a constant with an optional linear warm-up before
/// it and an optional cosine decay after it, a table, or any function.
///
/// ```math
/// η(k) = \begin{cases} η_0 (k+1)/K_w & k < K_w \\
/// η_∞ + (η_0-η_∞) \tfrac12 (1 + \cos(π (k-K_w)/K_c)) & 0 ≤ k-K_w < K_c \\
/// η_∞ & \text{after} \end{cases}
/// ```
///
/// where k = 0, 1, … is the step about to be taken, $η_0$ the rate, $η_∞$ the floor, $K_w$ the
/// number of warm-up steps and $K_c$ the number of cosine steps. (The paper's rate is constant; the
/// mean-field model converges with a cosine.) Any other schedule is a table of rates or a function.
///
/// A schedule is a pure function of the step and has no state to save or restore.
///
/// | Name | Range |
/// |---|---|
/// | `rate`, and each rate of a table | [0, ∞) |
/// | `floor` | [0, `rate`] |
/// | `warm_up`, `cosine` (steps) | 1 … 2⁵³ |
///
/// ```
/// # fn main() -> Result<(), toy_superposition_optim::Error> {
/// use toy_superposition_optim::Schedule;
/// let table = Schedule::table(vec![0.3, 0.2, 0.1])?;
/// assert_eq!([0, 2, 9].map(|step| table.learning_rate(step)), [0.3, 0.1, 0.1]);
/// let root = Schedule::function("0.1/√(k + 1)", |step| 0.1 / ((step + 1) as f64).sqrt());
/// assert_eq!(root.learning_rate(3), 0.05);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "written::Written", into = "written::Written")
)]
pub struct Schedule(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Pieces(Pieces),
    Table(Vec<f64>),
    Function(Function),
}

/// Warm-up, constant rate and cosine. 0 steps of warm-up or cosine mean that there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pieces {
    rate: f64,
    floor: f64,
    warm_up: u64,
    cosine: u64,
}

/// A function, which is identified by its name alone.
#[derive(Clone)]
struct Function {
    name: String,
    function: Arc<dyn Fn(u64) -> f64 + Send + Sync>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Schedule {
    /// A schedule with the same rate at every step.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞).
    pub fn constant(rate: f64) -> Result<Self> {
        Self::pieces(rate, rate, None, None)
    }

    /// A rate that rises linearly from `rate / warm_up` at step 0 to `rate` at step `warm_up − 1`
    /// and is then constant.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞), [`Error::Count`] for zero steps.
    pub fn warm_up(rate: f64, warm_up: u64) -> Result<Self> {
        Self::pieces(rate, rate, Some(warm_up), None)
    }

    /// A rate that falls along half a period of a cosine from `rate` at step 0 to `floor` at step
    /// `cosine` and is then constant.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞) or a floor outside [0, rate], [`Error::Count`]
    /// for zero steps.
    pub fn cosine(rate: f64, floor: f64, cosine: u64) -> Result<Self> {
        Self::pieces(rate, floor, None, Some(cosine))
    }

    /// A [`warm_up`](Self::warm_up) of `warm_up` steps, followed by a [`cosine`](Self::cosine) of
    /// `cosine` steps.
    ///
    /// # Errors
    /// As for [`warm_up`](Self::warm_up) and [`cosine`](Self::cosine).
    pub fn warm_up_cosine(rate: f64, warm_up: u64, floor: f64, cosine: u64) -> Result<Self> {
        Self::pieces(rate, floor, Some(warm_up), Some(cosine))
    }

    /// A table of the rates of steps 0, 1, …. All later steps have its last rate.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate outside [0, ∞), [`Error::Count`] for an empty table.
    pub fn table(rates: Vec<f64>) -> Result<Self> {
        count("rates of the table", rates.len() as u64)?;
        rates.iter().try_for_each(|&rate| check_learning_rate(rate))?;
        Ok(Self(Form::Table(rates)))
    }

    /// A schedule given by any pure function of the step.
    ///
    /// Two functions with the same name count as the same schedule, in comparisons and in
    /// checkpoints, so the name must include everything that the rates depend on. A rate outside
    /// [0, ∞) is an error of the optimizer at that step.
    pub fn function(name: impl Into<String>, function: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        Self(Form::Function(Function { name: name.into(), function: Arc::new(function) }))
    }

    fn pieces(rate: f64, floor: f64, warm_up: Option<u64>, cosine: Option<u64>) -> Result<Self> {
        check_learning_rate(rate)?;
        require(floor >= 0.0 && floor <= rate, "floor of the learning rate", floor, "[0, rate]")?;
        let steps = |name, steps: Option<u64>| steps.map_or(Ok(0), |steps| count(name, steps));
        let (warm_up, cosine) = (steps("steps of warm-up", warm_up)?, steps("steps of cosine", cosine)?);
        Ok(Self(Form::Pieces(Pieces { rate, floor, warm_up, cosine })))
    }

    /// The learning rate of the step with the number `step` = 0, 1, ….
    pub fn learning_rate(&self, step: u64) -> f64 {
        match &self.0 {
            Form::Pieces(pieces) => pieces.learning_rate(step),
            // The table is never empty.
            Form::Table(rates) => rates[usize::try_from(step).unwrap_or(usize::MAX).min(rates.len() - 1)],
            Form::Function(Function { function, .. }) => function(step),
        }
    }
}

impl Pieces {
    fn learning_rate(self, step: u64) -> f64 {
        let Self { rate, floor, warm_up, cosine } = self;
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

/// Returns an error for a learning rate outside [0, ∞).
pub(crate) fn check_learning_rate(learning_rate: f64) -> Result<()> {
    require(learning_rate.is_finite() && learning_rate >= 0.0, "learning rate", learning_rate, "[0, ∞)")
}

/// Returns a number of steps, or an error if it is zero or too large to be exact in an f64.
fn count(name: &'static str, given: u64) -> Result<u64> {
    let most = 1 << 53;
    if (1..=most).contains(&given) { Ok(given) } else { Err(Error::Count { name, given, least: 1, most }) }
}

/// The serialised form, which is checked when it is read.
#[cfg(feature = "serde")]
mod written {
    use super::{Form, Pieces, Schedule};
    use crate::{Error, Result};

    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
    pub(super) enum Written {
        Pieces {
            rate: f64,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            floor: Option<f64>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            warm_up: Option<u64>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            cosine: Option<u64>,
        },
        Table {
            rates: Vec<f64>,
        },
        Function {
            name: String,
        },
    }

    impl From<Schedule> for Written {
        fn from(schedule: Schedule) -> Self {
            let some = |steps| (steps > 0).then_some(steps);
            match schedule.0 {
                Form::Pieces(Pieces { rate, floor, warm_up, cosine }) => Self::Pieces {
                    rate,
                    floor: (floor != rate).then_some(floor),
                    warm_up: some(warm_up),
                    cosine: some(cosine),
                },
                Form::Table(rates) => Self::Table { rates },
                Form::Function(function) => Self::Function { name: function.name },
            }
        }
    }

    impl TryFrom<Written> for Schedule {
        type Error = Error;

        fn try_from(written: Written) -> Result<Self> {
            match written {
                Written::Pieces { rate, floor, warm_up, cosine } => {
                    Self::pieces(rate, floor.unwrap_or(rate), warm_up, cosine)
                }
                Written::Table { rates } => Self::table(rates),
                Written::Function { name } => Err(Error::FunctionSchedule { name }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_functions() -> Result<()> {
        let table = Schedule::table(vec![0.25, 0.5])?;
        assert_eq!([0, 1, 2, u64::MAX].map(|step| table.learning_rate(step)), [0.25, 0.5, 0.5, 0.5]);
        assert!(matches!(Schedule::table(Vec::new()), Err(Error::Count { given: 0, .. })));
        for rate in [f64::NAN, -0.1, f64::INFINITY] {
            assert!(matches!(Schedule::table(vec![0.1, rate]), Err(Error::Setting { .. })));
        }
        let (ramp, other) = (Schedule::function("ramp", |k| k as f64), Schedule::function("other", |_| 0.0));
        assert_eq!(ramp.learning_rate(7), 7.0);
        assert_eq!(ramp, Schedule::function("ramp", |k| 2.0 * k as f64));
        assert!(ramp != other && ramp != table);
        Ok(())
    }

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
