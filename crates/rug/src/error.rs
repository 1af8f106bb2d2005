//! The errors of orders, sets of rows and shapes.

/// An error of a construction, a shape or a number. It states what was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A length or an order that is not a power of two, or is above 2³¹.
    #[error("{given} is not a power of two from 1 to 2^31")]
    NotPowerOfTwo {
        /// The length or order.
        given: usize,
    },
    /// An order for which this crate has no construction of a Hadamard or conference matrix.
    #[error("no construction gives a matrix of order {given}")]
    NoSuchOrder {
        /// The order.
        given: usize,
    },
    /// A number of hidden dimensions n_d outside `1..=n_s`.
    #[error("{given} hidden dimensions for {features} features: 1 to {features} are allowed")]
    Hidden {
        /// The n_d that was given.
        given: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// A row of the Hadamard matrix that does not exist.
    #[error("row {given} of the Hadamard matrix is not below its order {features}")]
    OutOfRange {
        /// The row that was given.
        given: usize,
        /// The order n_s.
        features: usize,
    },
    /// A row of the Hadamard matrix that was given twice.
    #[error("row {given} of the Hadamard matrix was given more than once")]
    Repeated {
        /// The row.
        given: usize,
    },
    /// A known family of sets has no member at this order.
    #[error("{family}: no set for {features} features; it needs {needs}")]
    NoSuchSet {
        /// The family of sets.
        family: &'static str,
        /// The order n_s that was given.
        features: usize,
        /// The orders for which there is a set.
        needs: &'static str,
    },
    /// A number of rows that no sum-free set has.
    #[error("{given} hidden dimensions: a sum-free set has 1 to {most} rows")]
    SumFree {
        /// The n_d that was given.
        given: usize,
        /// The size n_s/2 of the largest sum-free sets.
        most: usize,
    },
    /// A graph is not the expected strongly regular graph.
    #[error(transparent)]
    Graph(#[from] crate::GraphError),
    /// Two lengths that must agree do not.
    #[error("{what}: {given}, expected {expected}")]
    Length {
        /// Name of the length.
        what: &'static str,
        /// The length.
        given: usize,
        /// The expected length.
        expected: usize,
    },
    /// A NaN or an infinity.
    #[error("{what} {given} is not finite")]
    NotFinite {
        /// Name of the number.
        what: &'static str,
        /// The number.
        given: f64,
    },
    /// The data law or a batch was refused.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
    /// The autoencoder refused the weights.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Returns `log₂ n`, or an error unless `n` is a power of two in `1..=2³¹`.
pub(crate) fn log2(n: usize) -> Result<u32> {
    if n.is_power_of_two() && n <= 1 << 31 { Ok(n.ilog2()) } else { Err(Error::NotPowerOfTwo { given: n }) }
}

/// Returns an error unless there is memory for dense weights and a model made of them.
pub(crate) fn check_dense<T>(features: usize, hidden: usize) -> Result<()> {
    let bytes = 4 * features as u128 * hidden as u128 * size_of::<T>() as u128;
    Ok(toy_superposition_model::check_memory("dense weights and their model", bytes)?)
}

/// Refuses a length that is not the expected one.
pub(crate) fn check_length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}

/// Refuses a NaN or an infinity.
pub(crate) fn check_finite(what: &'static str, given: f64) -> Result<()> {
    if given.is_finite() { Ok(()) } else { Err(Error::NotFinite { what, given }) }
}
