//! What can go wrong where designs are compared.

/// What was given and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number of features n_s and of hidden dimensions n_d that no design has.
    #[error(
        "{hidden} hidden dimensions for {features} features: no such design; 1 to {features} dimensions are allowed, and 0 where features may be dropped"
    )]
    Shape {
        /// The number of features n_s.
        features: usize,
        /// The number of hidden dimensions n_d.
        hidden: usize,
    },
    /// No design of a list fits, or no direct sum of its blocks.
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
    #[error("a block of {given} features; at most {most} are allowed")]
    Block {
        /// Its features.
        given: usize,
        /// The most.
        most: usize,
    },
    /// More features than the tables of [`Mixtures`](crate::Mixtures) were made for.
    #[error("{given} features; these tables are for at most {most}")]
    Table {
        /// The number of features n_s.
        given: usize,
        /// The most.
        most: usize,
    },
    /// A search that cannot be begun.
    #[error(
        "a search for a rug of {features} features in {hidden} dimensions, symmetry {symmetry}, {restarts} restarts: allowed are a power of two from 4 to 32768, 2 to features − 2 dimensions, 1 restart or more, and a symmetry of which the dimensions are a multiple or one more, with at most 4096 orbits"
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
    /// Annealings that do not belong to a search.
    #[error(
        "these annealings are not of a search for rugs of {features} features in {hidden} dimensions, symmetry {symmetry}, {restarts} restarts"
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
    #[error("a law of {given} features, for a design of {expected}")]
    Features {
        /// The features of the law.
        given: usize,
        /// The features of the design.
        expected: usize,
    },
    /// A law that tells apart more features than are searched for rows that are alike.
    #[error("a law of {given} features that are not all alike; at most {most} are allowed")]
    Large {
        /// The features of the law.
        given: usize,
        /// The most.
        most: usize,
    },
    /// The factor between the lengths of a hierarchy.
    #[error("lengths that fall by a factor of {given}; more than 1 and at most {most:.3e} is allowed")]
    Factor {
        /// What was given.
        given: f64,
        /// The largest for this number of features.
        most: f64,
    },
    /// A hierarchy of more or fewer features than there can be.
    #[error("a hierarchy of {given} features; 2, and 4 to {most} are allowed")]
    Hierarchy {
        /// The number of features n_s.
        given: usize,
        /// The most.
        most: usize,
    },
    /// A ratio that there is not.
    #[error("a ratio of {given}; ratios from 0 to 1 are allowed")]
    Ratio {
        /// The ratio n_d/n_s.
        given: f64,
    },
    /// A file that cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] toy_superposition_files::Error),
    /// Weights were refused.
    #[error(transparent)]
    Model(#[from] toy_superposition_model::Error),
    /// Bytes that are no [store](crate::Store) of blocks.
    #[error("not a store of blocks: {what}")]
    Store {
        /// What is wrong.
        what: String,
    },
    /// A table of trained models that cannot be read.
    #[error("line {line}: not a table of the records of a sweep")]
    Trained {
        /// The line, from 1.
        line: usize,
    },
    /// A design refused its arguments.
    #[error(transparent)]
    Rug(#[from] toy_superposition_rug::Error),
    /// The probability is out of range, or an exact loss could not be found.
    #[error(transparent)]
    Theory(#[from] toy_superposition_theory::Error),
    /// The minimiser gave up.
    #[error(transparent)]
    Optim(#[from] toy_superposition_optim::Error),
    /// The probability is out of range.
    #[error(transparent)]
    Data(#[from] toy_superposition_data::Error),
}

/// A result with this module's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
