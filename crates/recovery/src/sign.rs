//! What a decoder knows of the signs of the features.

/// The signs that features can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sign {
    /// `x ≥ 0`: the paper's features. Nothing negative is returned.
    #[default]
    Nonnegative,
    /// Any sign.
    Any,
}

impl Sign {
    /// How much a value counts: `x₊` or `|x|`.
    pub(crate) fn size(self, value: f64) -> f64 {
        match self {
            Self::Nonnegative => value.max(0.0),
            Self::Any => value.abs(),
        }
    }

    /// The value that is allowed: `x₊` or `x`.
    pub(crate) fn part(self, value: f64) -> f64 {
        match self {
            Self::Nonnegative => value.max(0.0),
            Self::Any => value,
        }
    }
}
