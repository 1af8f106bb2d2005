//! What can be wrong with a distribution or a batch.

use crate::elimination::MOST_WIDTH;
use crate::graph::MOST_FACTORS;

/// What was given and what is allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A probability that is NaN or outside (0, 1].
    #[error("probability {given} of feature {feature} is outside (0, 1]")]
    Probability {
        /// The feature it was given for (0 for a scalar probability).
        feature: usize,
        /// What was given.
        given: f64,
    },
    /// A source probability of a graph that is NaN or outside [0, 1].
    #[error("source probability {given} of feature {feature} is outside [0, 1]")]
    Source {
        /// The feature.
        feature: usize,
        /// What was given.
        given: f64,
    },
    /// A number of features on at once that is zero or above the number of features.
    #[error("{given} features on at once, outside 1..={features}")]
    Count {
        /// What was given.
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
        /// The lower end as given.
        low: f64,
        /// The upper end as given.
        high: f64,
    },
    /// A rate that is not positive and finite.
    #[error("rate {given} is outside (0, ∞)")]
    Rate {
        /// What was given.
        given: f64,
    },
    /// The weight of a point that is negative or not finite.
    #[error("weight {given} of point {point} is outside [0, ∞)")]
    Weight {
        /// Which point it is.
        point: usize,
        /// What was given.
        given: f64,
    },
    /// A correlation that is NaN or that two switches of this probability cannot have.
    #[error("correlation {given} is outside [{least}, {greatest}]")]
    Correlation {
        /// What was given.
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
    /// A feature that two groups (or one group twice) claim.
    #[error("feature {feature} is in group {first} and again in group {second}")]
    Overlap {
        /// The feature.
        feature: usize,
        /// The group that has it.
        first: usize,
        /// The group that claims it again.
        second: usize,
    },
    /// A group member outside the features, which are as many as the groups' sizes sum to.
    #[error("group {group} has member {feature}, but all groups together have {features} features")]
    Member {
        /// The group.
        group: usize,
        /// The member.
        feature: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// An edge that leads out of the graph, or from a feature to itself.
    #[error("edge {from} → {to}: its ends must be two different features below {features}")]
    Edge {
        /// Where the edge starts.
        from: usize,
        /// Where it ends.
        to: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// An edge given twice.
    #[error("edge {from} → {to} is given twice")]
    DuplicateEdge {
        /// Where the edge starts.
        from: usize,
        /// Where it ends.
        to: usize,
    },
    /// A transmission probability of an edge that is NaN or outside (0, 1].
    #[error("transmission {given} of edge {from} → {to} is outside (0, 1]")]
    Transmission {
        /// Where the edge starts.
        from: usize,
        /// Where it ends.
        to: usize,
        /// What was given.
        given: f64,
    },
    /// A batch row names a feature that does not exist, or its indices do not increase.
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
        /// What was given.
        given: f64,
    },
    /// No features at all, or more than a 32-bit index can name.
    #[error("number of features {given} is outside 1..={max}", max = u32::MAX)]
    Features {
        /// What was given.
        given: usize,
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
    /// An odd number of features where they come in pairs.
    #[error("{features} features do not come in pairs")]
    Odd {
        /// The number of features n_s.
        features: usize,
    },
    /// Groups of a size that does not divide the number of features.
    #[error("{features} features do not come in groups of {size}")]
    Size {
        /// The size of each group.
        size: usize,
        /// The number of features n_s.
        features: usize,
    },
    /// A law that has both or neither of two keys.
    #[error("give either `{one}` or `{other}`")]
    Keys {
        /// One of the keys.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A user-defined law: its description holds only its name.
    #[error("the law `{name}` is known by name alone and cannot be built from its description")]
    Custom {
        /// The name.
        name: String,
    },
    /// A text that describes no law.
    #[error("no law: {message}")]
    Syntax {
        /// What is wrong, and where.
        message: String,
    },
    /// Switches that are not known to be a product of blocks.
    #[error("the switches have no exact form")]
    NoBlocks,
    /// A graph with a component whose sources depend on each other too much to be summed over.
    #[error(
        "no exact form: to sum over the {sources} sources with edges of a component takes tables of {width} switches and {factors} factors or more, of at most {MOST_WIDTH} and {MOST_FACTORS}"
    )]
    Wide {
        /// The sources with edges of the component.
        sources: usize,
        /// The switches of one table, or that there are at least so many.
        width: usize,
        /// The factors of all tables, or that there are at least so many.
        factors: f64,
    },
    /// Lists that do not fit in memory.
    #[error("no memory for {what}: {bytes} bytes")]
    Memory {
        /// What they would hold.
        what: &'static str,
        /// What they would take.
        bytes: usize,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses a probability outside (0, 1].
pub(crate) fn checked_probability(feature: usize, given: f64) -> Result<f64> {
    if given > 0.0 && given <= 1.0 { Ok(given) } else { Err(Error::Probability { feature, given }) }
}
