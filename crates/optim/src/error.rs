//! What can be wrong with settings, gradients, losses and saved states.

/// What was given and what is allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that is NaN, infinite or out of its range.
    #[error("{name} {given} is not in {allowed}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What was given.
        given: f64,
        /// The interval it must lie in.
        allowed: &'static str,
    },
    /// A count that is zero or too large.
    #[error("{name} {given} is outside {least}..={most}")]
    Count {
        /// The setting.
        name: &'static str,
        /// What was given.
        given: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
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
    /// A number that is NaN or infinite.
    #[error("{what}: {given} at index {index} is not finite")]
    NotFinite {
        /// The list it stands in.
        what: &'static str,
        /// Its place there.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// A number below zero where none can be.
    #[error("{what}: {given} at index {index} is negative")]
    Negative {
        /// The list it stands in.
        what: &'static str,
        /// Its place there.
        index: usize,
        /// What was given.
        given: f64,
    },
    /// Two lengths that must agree do not.
    #[error("{what}: length {given}, expected {expected}")]
    Length {
        /// Which list it was.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A saved state lacks a slot.
    #[error("the saved state has no slot {name}")]
    MissingSlot {
        /// The slot that was looked for.
        name: &'static str,
    },
    /// A saved state has more slots than the optimizer, or fewer.
    #[error("the saved state has {given} slots, expected {expected}")]
    Slots {
        /// The number of slots given.
        given: usize,
        /// The number of slots the optimizer keeps.
        expected: usize,
    },
    /// A schedule that is a function, read from where functions cannot be written.
    #[cfg(feature = "serde")]
    #[error("the schedule {name:?} is a function, of which only the name is written; it cannot be read back")]
    FunctionSchedule {
        /// The function's name.
        name: String,
    },
    /// A saved stop state that the rule cannot have left behind.
    #[error("the saved stop state belongs to another rule")]
    StopState,
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses a setting that fails its test.
pub(crate) fn require(valid: bool, name: &'static str, given: f64, allowed: &'static str) -> Result<()> {
    if valid { Ok(()) } else { Err(Error::Setting { name, given, allowed }) }
}

/// Refuses a list whose length is not the expected one.
pub(crate) fn require_length(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(Error::Length { what, given, expected }) }
}
