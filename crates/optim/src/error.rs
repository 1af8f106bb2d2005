//! Errors of settings, gradients, losses and saved states.

/// An invalid setting, gradient, loss or saved state. Each variant holds the value that was given
/// and the values that are allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that is NaN, infinite or out of its range.
    #[error("{name} {given} is not in {allowed}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// The given value.
        given: f64,
        /// The interval of allowed values.
        allowed: &'static str,
    },
    /// A count that is zero or too large.
    #[error("{name} {given} is outside {least}..={most}")]
    Count {
        /// The setting.
        name: &'static str,
        /// The given value.
        given: u64,
        /// The least allowed value.
        least: u64,
        /// The greatest allowed value.
        most: u64,
    },
    /// Nesterov momentum without momentum, or with dampening.
    #[error("Nesterov momentum needs momentum > 0 and dampening 0, not {momentum} and {dampening}")]
    Nesterov {
        /// The momentum given.
        momentum: f64,
        /// The dampening given.
        dampening: f64,
    },
    /// A number in a list that is NaN or infinite.
    #[error("{what}: {given} at index {index} is not finite")]
    NotFinite {
        /// The name of the list.
        what: &'static str,
        /// The index in the list.
        index: usize,
        /// The given value.
        given: f64,
    },
    /// A negative number in a list whose numbers must not be negative.
    #[error("{what}: {given} at index {index} is negative")]
    Negative {
        /// The name of the list.
        what: &'static str,
        /// The index in the list.
        index: usize,
        /// The given value.
        given: f64,
    },
    /// A list whose length differs from the expected one.
    #[error("{what}: length {given}, expected {expected}")]
    Length {
        /// The name of the list.
        what: &'static str,
        /// The given length.
        given: usize,
        /// The expected length.
        expected: usize,
    },
    /// A saved state without a slot that the optimizer needs.
    #[error("the saved state has no slot {name}")]
    MissingSlot {
        /// The missing slot.
        name: &'static str,
    },
    /// A saved state with more or fewer slots than the optimizer has.
    #[error("the saved state has {given} slots, expected {expected}")]
    Slots {
        /// The number of slots given.
        given: usize,
        /// The number of slots of the optimizer.
        expected: usize,
    },
    /// A serialised schedule that is a function, which cannot be read back because only its name
    /// was written.
    #[cfg(feature = "serde")]
    #[error("the schedule {name:?} is a function and cannot be read back, since only its name is written")]
    FunctionSchedule {
        /// The function's name.
        name: String,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Returns an error unless the setting is valid.
pub(crate) fn require(valid: bool, name: &'static str, given: f64, allowed: &'static str) -> Result<()> {
    if valid { Ok(()) } else { Err(Error::Setting { name, given, allowed }) }
}

/// Returns an error unless a list has the expected length.
pub(crate) fn require_length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}
