//! What can be wrong with a question to a decoder.

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix whose number of rows or columns is 0, or that has more rows than columns.
    #[error("an operator of {hidden} rows and {features} columns; 1 ≤ n_d ≤ n_s is allowed")]
    Shape {
        /// The rows, n_d.
        hidden: usize,
        /// The columns, n_s.
        features: usize,
    },
    /// A size that does not fit the others.
    #[error("{what}: {given}, expected {expected}")]
    Length {
        /// Which size it was.
        what: &'static str,
        /// What was given.
        given: usize,
        /// What it must be.
        expected: usize,
    },
    /// An entry that is NaN or infinite.
    #[error("{what}: entry ({row}, {column}) is {given}, not a finite number")]
    Entry {
        /// Which matrix it was.
        what: &'static str,
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// What was given.
        given: f64,
    },
    /// A number that is NaN or outside its interval.
    #[error("{what} is {given}, outside {allowed}")]
    OutOfRange {
        /// Which number it was.
        what: &'static str,
        /// What was given.
        given: f64,
        /// The interval.
        allowed: &'static str,
    },
    /// A column of zeros: its feature leaves no trace in what is measured.
    #[error("column {column} of the operator is zero: that feature cannot be recovered")]
    ZeroColumn {
        /// Which column it is.
        column: usize,
    },
    /// Rows that depend on each other, for a decoder that must invert `A Aᵀ`.
    #[error("the {rows} rows of the operator depend on each other: A Aᵀ has no inverse")]
    Dependent {
        /// The number of rows, n_d.
        rows: usize,
    },
    /// More non-zeros than a decoder can tell apart.
    #[error("a support of {given} features; {least} to {most} are allowed")]
    Support {
        /// What was asked for.
        given: usize,
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// A law whose features are not all alike, which no scalar channel describes, or whose
    /// magnitude may be negative where only nonnegative ones are known.
    #[error("{what}: no scalar channel of this crate describes it")]
    Prior {
        /// What is wrong with the law.
        what: &'static str,
    },
    /// A rug refused what it was given.
    #[error("the rug")]
    Rug(#[from] toy_superposition_rug::Error),
    /// The scalar channel refused what it was given.
    #[error("the scalar channel")]
    Channel(#[from] toy_superposition_theory::Error),
    /// The law of the features refused what it was given.
    #[error("the law of the features")]
    Law(#[from] toy_superposition_data::Error),
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses a size that is not `expected`.
pub(crate) fn check_length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}

/// Refuses a number that is not positive and finite.
pub(crate) fn check_positive(what: &'static str, given: f64) -> Result<()> {
    if given > 0.0 && given.is_finite() {
        Ok(())
    } else {
        Err(Error::OutOfRange { what, given, allowed: "(0, ∞)" })
    }
}

/// Refuses a number outside (0, 1].
pub(crate) fn check_share(what: &'static str, given: f64) -> Result<()> {
    if given > 0.0 && given <= 1.0 {
        Ok(())
    } else {
        Err(Error::OutOfRange { what, given, allowed: "(0, 1]" })
    }
}
