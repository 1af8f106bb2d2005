//! The signs of the features that a decoder assumes.

/// The signs that features can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sign {
    /// Features with `x ≥ 0`, such as the paper's. No negative number is returned.
    #[default]
    Nonnegative,
    /// Features of any sign.
    Any,
}

impl Sign {
    /// The size by which a value is compared: `x₊` or `|x|`.
    pub(crate) fn size(self, value: f64) -> f64 {
        match self {
            Self::Nonnegative => value.max(0.0),
            Self::Any => value.abs(),
        }
    }

    /// The part of a value that is allowed: `x₊` or `x`.
    pub(crate) fn part(self, value: f64) -> f64 {
        match self {
            Self::Nonnegative => value.max(0.0),
            Self::Any => value,
        }
    }
}
