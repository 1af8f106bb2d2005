//! The errors of this crate: what was given and what is allowed.

/// Why features cannot be recovered: what was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix whose number of rows or columns is 0, or that has more rows than columns.
    #[error("the operator has {hidden} rows and {features} columns; 1 ≤ rows ≤ columns is allowed")]
    Shape {
        /// The number of rows, n_d.
        hidden: usize,
        /// The number of columns, n_s.
        features: usize,
    },
    /// A size that does not fit the others.
    #[error("{what}: {given} was given, but {expected} is expected")]
    Length {
        /// The name of the size.
        what: &'static str,
        /// The size that was given.
        given: usize,
        /// The size that is expected.
        expected: usize,
    },
    /// An entry that is NaN or infinite.
    #[error("{what}: entry ({row}, {column}) is {given}, not a finite number")]
    Entry {
        /// The name of the matrix.
        what: &'static str,
        /// The row of the entry.
        row: usize,
        /// The column of the entry.
        column: usize,
        /// The number that was given.
        given: f64,
    },
    /// A number that is NaN or outside its interval.
    #[error("{what} is {given}; the allowed values are {allowed}")]
    OutOfRange {
        /// The name of the number.
        what: &'static str,
        /// The number that was given.
        given: f64,
        /// The numbers that are allowed.
        allowed: &'static str,
    },
    /// A column of zeros, so that its feature leaves no trace in `y = A x`.
    #[error("column {column} of the operator is zero: that feature leaves no trace in y, so leave it out")]
    ZeroColumn {
        /// The index of the column.
        column: usize,
    },
    /// Rows that depend on each other, for a decoder that must invert `A Aᵀ`.
    #[error("the {rows} rows of the operator depend on each other: A Aᵀ has no inverse")]
    Dependent {
        /// The number of rows, n_d.
        rows: usize,
    },
    /// More non-zeros than a decoder can tell apart.
    #[error("a support of {given} features was asked for; {least} to {most} are allowed")]
    Support {
        /// The number that was asked for.
        given: usize,
        /// The least number that is allowed.
        least: usize,
        /// The largest number that is allowed.
        most: usize,
    },
    /// A law that no scalar channel of this crate describes: its features are not all alike, or its
    /// magnitude may be negative where it must not be.
    #[error("these decoders need features that are all alike, with one known distribution: not {what}")]
    Prior {
        /// The property of the law that is not covered.
        what: &'static str,
    },
    /// Arguments that a rug refused.
    #[error("the rug cannot be made")]
    Rug(#[from] toy_superposition_rug::Error),
    /// Arguments that the scalar channel refused.
    #[error("the scalar channel cannot be made")]
    Channel(#[from] toy_superposition_theory::Error),
    /// A description from which no law of the features can be made.
    #[error("the law of the features cannot be made")]
    Law(#[from] toy_superposition_data::Error),
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Returns an error for a size that is not `expected`.
pub(crate) fn check_length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}

/// Returns an error for a number that is not positive and finite.
pub(crate) fn check_positive(what: &'static str, given: f64) -> Result<()> {
    if given > 0.0 && given.is_finite() {
        Ok(())
    } else {
        Err(Error::OutOfRange { what, given, allowed: "(0, ∞)" })
    }
}

/// Returns an error for a number outside (0, 1].
pub(crate) fn check_share(what: &'static str, given: f64) -> Result<()> {
    if given > 0.0 && given <= 1.0 {
        Ok(())
    } else {
        Err(Error::OutOfRange { what, given, allowed: "(0, 1]" })
    }
}
