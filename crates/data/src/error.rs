//! Errors of laws, batches and descriptions of laws.

use crate::elimination::MOST_WIDTH;
use crate::graph::MOST_FACTORS;

/// An invalid law, batch or description of a law. Each variant holds the value that was given and
/// the values that are allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A probability that is NaN or outside (0, 1].
    #[error("probability {given} of feature {feature} is outside (0, 1]")]
    Probability {
        /// The feature that the probability was given for (0 for a scalar probability).
        feature: usize,
        /// The given value.
        given: f64,
    },
    /// A source probability of a graph that is NaN or outside [0, 1].
    #[error("source probability {given} of feature {feature} is outside [0, 1]")]
    Source {
        /// The feature.
        feature: usize,
        /// The given value.
        given: f64,
    },
    /// A number of features on at once that is zero or above the number of features.
    #[error("{given} features on at once: 1 to {features} are allowed")]
    Count {
        /// The given value.
        given: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// Moments that no magnitude has.
    #[error(
        "moments {moments:?} of a magnitude: they must be finite, with E u² > 0, (E u)² ≤ E u², (E u²)² ≤ E u⁴ and (E u³)² ≤ E u² E u⁴"
    )]
    Moments {
        /// `E u, E u², E u³, E u⁴`.
        moments: [f64; 4],
    },
    /// An interval that is empty or not finite.
    #[error("interval [{low}, {high}]: its ends must be finite, the first below the second")]
    Interval {
        /// The given lower end.
        low: f64,
        /// The given upper end.
        high: f64,
    },
    /// A rate that is not positive and finite.
    #[error("rate {given} is outside (0, ∞)")]
    Rate {
        /// The given value.
        given: f64,
    },
    /// The weight of a point that is negative or not finite.
    #[error("weight {given} of point {point} is outside [0, ∞)")]
    Weight {
        /// The index of the point.
        point: usize,
        /// The given value.
        given: f64,
    },
    /// A correlation that is NaN or that two switches of this probability cannot have.
    #[error("correlation {given} is outside [{least}, {greatest}]")]
    Correlation {
        /// The given value.
        given: f64,
        /// The least possible correlation.
        least: f64,
        /// The greatest possible correlation.
        greatest: f64,
    },
    /// A group without members.
    #[error("group {group} is empty")]
    EmptyGroup {
        /// The group.
        group: usize,
    },
    /// A feature that is in two groups, or twice in one group.
    #[error("feature {feature} is in group {first} and again in group {second}")]
    Overlap {
        /// The feature.
        feature: usize,
        /// The first group that lists it.
        first: usize,
        /// The group that lists it again.
        second: usize,
    },
    /// A group member that is not below the number of features, which is the sum of the groups'
    /// sizes.
    #[error("group {group} has member {feature}, but all groups together have {features} features")]
    Member {
        /// The group.
        group: usize,
        /// The member.
        feature: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// An edge with an end outside the graph, or from a feature to itself.
    #[error("edge {from} → {to}: its ends must be two different features below {features}")]
    Edge {
        /// The feature at the start of the edge.
        from: usize,
        /// The feature at its end.
        to: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// An edge that is given twice.
    #[error("edge {from} → {to} is given twice")]
    DuplicateEdge {
        /// The feature at the start of the edge.
        from: usize,
        /// The feature at its end.
        to: usize,
    },
    /// A transmission probability of an edge that is NaN or outside (0, 1].
    #[error("transmission {given} of edge {from} → {to} is outside (0, 1]")]
    Transmission {
        /// The feature at the start of the edge.
        from: usize,
        /// The feature at its end.
        to: usize,
        /// The given value.
        given: f64,
    },
    /// A feature index of a sample that is not below the number of features or not above the index
    /// before it.
    #[error("sample {sample}: feature index {index} must be above its predecessor and below {features}")]
    Index {
        /// The row of the batch.
        sample: usize,
        /// The offending index.
        index: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// A value that is NaN or infinite.
    #[error("sample {sample}: value {given} of feature {feature} is not finite")]
    NotFinite {
        /// The row of the batch.
        sample: usize,
        /// The feature.
        feature: usize,
        /// The given value.
        given: f64,
    },
    /// A number of features that is 0 or does not fit a 32-bit index.
    #[error("{given} features: 1 to {max} are allowed", max = u32::MAX)]
    Features {
        /// The given value.
        given: usize,
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
    /// An odd number of features for a law of pairs.
    #[error("{features} features cannot be split into pairs")]
    Odd {
        /// The number of features n_s.
        features: usize,
    },
    /// Groups of a size that does not divide the number of features.
    #[error("{features} features cannot be split into groups of {size}")]
    Size {
        /// The size of each group.
        size: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// A description of a law that has both or neither of two keys.
    #[error("give either `{one}` or `{other}`")]
    Keys {
        /// One of the keys.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A user-defined law, which cannot be built because its description holds only its name.
    #[error("the law `{name}` is user-defined and cannot be built from its description")]
    Custom {
        /// The name.
        name: String,
    },
    /// A text that does not describe a law.
    #[error("the text does not describe a law: {message}")]
    Syntax {
        /// A description of the error with its position.
        message: String,
    },
    /// Switches that are not known to be a product of blocks.
    #[error("the switches have no exact form")]
    NoBlocks,
    /// A graph with a component that is too densely connected for the sum over its sources.
    #[error(
        "no exact form: summing over the {sources} sources with edges of one component needs tables of at least {width} switches and {factors} factors, above the limits {MOST_WIDTH} or {MOST_FACTORS}"
    )]
    Wide {
        /// The number of sources with edges in the component.
        sources: usize,
        /// The number of switches of the largest table, or a lower bound on it.
        width: usize,
        /// The number of factors in all tables, or a lower bound on it.
        factors: f64,
    },
    /// Lists that do not fit in memory.
    #[error("could not allocate {bytes} bytes for {what}")]
    Memory {
        /// What the lists would hold.
        what: &'static str,
        /// The number of bytes that the lists need.
        bytes: usize,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Returns the probability, or an error if it is outside (0, 1].
pub(crate) fn checked_probability(feature: usize, given: f64) -> Result<f64> {
    if given > 0.0 && given <= 1.0 { Ok(given) } else { Err(Error::Probability { feature, given }) }
}
