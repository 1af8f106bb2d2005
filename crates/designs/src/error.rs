//! The errors of this crate: what was given and what is allowed.

/// Why designs cannot be made, compared or optimised: what was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number of features n_s and of hidden dimensions n_d that no design has.
    #[error(
        "no design has {hidden} hidden dimensions for {features} features; 1 to {features} dimensions are allowed, and 0 where features may be dropped"
    )]
    Shape {
        /// The number of features n_s.
        features: usize,
        /// The number of hidden dimensions n_d.
        hidden: usize,
    },
    /// A shape that no design of a list and no direct sum of its blocks has.
    #[error("no sum of these {blocks} blocks has {features} features in {hidden} dimensions")]
    NoSum {
        /// The number of blocks.
        blocks: usize,
        /// The number of features n_s.
        features: usize,
        /// The number of hidden dimensions n_d.
        hidden: usize,
    },
    /// A block that is too large for the tables of [`Mixtures`](crate::Mixtures).
    #[error("a block has {given} features; at most {most} are allowed")]
    Block {
        /// The number of features of the block.
        given: usize,
        /// The largest number of features that is allowed.
        most: usize,
    },
    /// More features than the tables of [`Mixtures`](crate::Mixtures) were made for.
    #[error("{given} features were asked for, but these tables are for at most {most}")]
    Table {
        /// The number of features n_s.
        given: usize,
        /// The largest number of features that is allowed.
        most: usize,
    },
    /// A configuration that no search has.
    #[error(
        "a search for a rug of {features} features in {hidden} dimensions with symmetry {symmetry} and {restarts} restarts cannot be started; the features must be a power of two from 4 to 32768, the dimensions from 2 to features − 2 and a multiple of the symmetry or one more, the orbits at most 4096, and the restarts at least 1"
    )]
    Search {
        /// The number of features n_s.
        features: usize,
        /// The number of hidden dimensions n_d.
        hidden: usize,
        /// The order of the group.
        symmetry: usize,
        /// The number of restarts.
        restarts: usize,
    },
    /// Annealings that belong to another search.
    #[error(
        "these annealings do not belong to the search for rugs of {features} features in {hidden} dimensions with symmetry {symmetry} and {restarts} restarts"
    )]
    Annealing {
        /// The number of features n_s.
        features: usize,
        /// The number of hidden dimensions n_d.
        hidden: usize,
        /// The order of the group.
        symmetry: usize,
        /// The number of restarts.
        restarts: usize,
    },
    /// A law of another number of features than the design.
    #[error("the law has {given} features, but the design has {expected}")]
    Features {
        /// The number of features of the law.
        given: usize,
        /// The number of features of the design.
        expected: usize,
    },
    /// A law that tells features apart and has more of them than the search for rows that are alike
    /// allows.
    #[error("the law has {given} features that are not all alike; at most {most} are allowed")]
    Large {
        /// The number of features of the law.
        given: usize,
        /// The largest number of features that is allowed.
        most: usize,
    },
    /// A factor between the lengths of a hierarchy that is not allowed.
    #[error("the lengths fall by a factor of {given}; more than 1 and at most {most:.3e} is allowed")]
    Factor {
        /// The factor that was given.
        given: f64,
        /// The largest factor for this number of features.
        most: f64,
    },
    /// A hierarchy of a number of features that is not allowed.
    #[error("a hierarchy of {given} features was asked for; 2, and 4 to {most} features are allowed")]
    Hierarchy {
        /// The number of features n_s.
        given: usize,
        /// The largest number of features that is allowed.
        most: usize,
    },
    /// A ratio that is NaN or outside the interval that is allowed.
    #[error("the ratio is {given}; ratios from 0 to 1 are allowed")]
    Ratio {
        /// The ratio n_d/n_s.
        given: f64,
    },
    /// A file that cannot be read.
    #[error("the file {} cannot be read", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// Weights that the model refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// Bytes that are not a [store](crate::Store) of blocks.
    #[error("the bytes are not a store of blocks: {what}")]
    Store {
        /// What is wrong with the bytes.
        what: String,
    },
    /// A table of trained models that cannot be read.
    #[error("line {line} is not part of a table of the records of a sweep")]
    Trained {
        /// The line, counted from 1.
        line: usize,
    },
    /// Arguments that a design refused.
    #[error(transparent)]
    Rug(#[from] toy_superposition_rug::Error),
    /// A probability out of range, or an exact loss that could not be computed.
    #[error(transparent)]
    Theory(#[from] toy_superposition_theory::Error),
    /// The minimiser failed.
    #[error(transparent)]
    Optim(#[from] toy_superposition_optim::Error),
    /// A probability out of range.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
