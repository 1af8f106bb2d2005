//! The losses of n features in n − 1 dimensions, where one feature is dropped or two share a line
//! (Elhage et al., "Toy models of superposition", 2022, "Superposition as a phase change").
//!
//! All other features have a dimension each and lose nothing. The features are the paper's,
//! `x = c u` with `c ~ Bernoulli(p)` and `u ~ U[0, 1]`, the importances are `ι_i`, and the loss is
//! per feature:
//!
//! ```math
//! L_k = \frac{ι_k}{n} \operatorname{Var} x = \frac{ι_k}{n} \Big(\frac p3 - \frac{p^2}{4}\Big) , \qquad
//! L_{jk} = \frac{ι_j + ι_k}{n}\, p^2\, E \min(u, u')^2 = \frac{ι_j + ι_k}{n} \cdot \frac{p^2}{6} .
//! ```
//!
//! `L_k` is the loss where feature k is dropped and its output is the constant `E x`. `L_jk` is the
//! loss where features j and k are antipodal unit vectors without a bias; they lose only where both
//! are on.

use crate::Result;
use crate::error;

/// What n features give up to fit into n − 1 dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sacrifice {
    /// The feature with this index is not represented; its output is its mean.
    Dropped(usize),
    /// Two features `j < k` are antipodal, `w_j = −w_k`, of length 1 and without a bias.
    Antipodal(usize, usize),
}

/// Returns every way in which n features fit into n − 1 dimensions by one [`Sacrifice`], with its
/// loss per feature weighted by importance, the least loss first.
///
/// The loss is `ι_k Var x/n` if feature k is dropped, and `(ι_j + ι_k) p²/(6n)` if j and k are
/// antipodal; all other features lose nothing. `importance` holds the n ≥ 2 numbers ι, and
/// magnitudes are `U[0, 1]`, so that `Var x = p/3 − p²/4`. Equal losses stand in the order of their
/// features, dropped features first.
///
/// Elhage et al. compare trained models with these curves. A trained model may lose less: its
/// vectors may have other lengths and biases, and more than two features may share dimensions, such
/// as three in a triangle.
///
/// ```
/// use toy_superposition_theory::{Sacrifice, one_short};
///
/// // Two features in one dimension. Where they are rarely on together, they share it.
/// assert_eq!(one_short(0.1, &[1.0, 0.5])?[0].0, Sacrifice::Antipodal(0, 1));
/// assert_eq!(one_short(0.8, &[1.0, 0.5])?[0].0, Sacrifice::Dropped(1));
/// # Ok::<(), toy_superposition_theory::Error>(())
/// ```
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability) outside (0, 1];
/// [`Error::OutOfRange`](crate::Error::OutOfRange) for an importance that is negative or not
/// finite; [`Error::SizeRange`](crate::Error::SizeRange) for fewer than two features;
/// [`Error::TooLarge`](crate::Error::TooLarge) if there is no memory for all pairs.
pub fn one_short(probability: f64, importance: &[f64]) -> Result<Vec<(Sacrifice, f64)>> {
    error::probability(probability)?;
    let features = importance.len();
    error::size("features", features, 2..=usize::MAX)?;
    error::importance(importance, features)?;
    let (n, p) = (features as f64, probability);
    let (variance, both) = (p * (1.0 / 3.0 - p / 4.0), p * p / 6.0);
    let dropped = (0..features).map(|k| (Sacrifice::Dropped(k), importance[k] * variance / n));
    let pairs = (0..features).flat_map(|j| (j + 1..features).map(move |k| (j, k)));
    let antipodal =
        pairs.map(|(j, k)| (Sacrifice::Antipodal(j, k), (importance[j] + importance[k]) * both / n));
    let mut ways: Vec<_> = dropped.chain(antipodal).collect();
    ways.sort_by(|one, other| one.1.total_cmp(&other.1));
    Ok(ways)
}

/// Returns the importance ι above which one further feature is antipodal to one of the others
/// rather than dropped, where the others have importance 1: `2p/(4 − 5p)`, the solution of
/// `ι Var x = (1 + ι) p²/6`. Returns `None` for `p ≥ 4/7`, where no `ι < 1` solves it and two
/// features of equal importance are not antipodal either.
///
/// For two features in one dimension, the further feature takes the dimension for itself where ι is
/// above the reciprocal of this number. For more than two features it does so where ι is above 1,
/// and two of the others become antipodal in its place.
///
/// # Errors
/// [`Error::Probability`](crate::Error::Probability) outside (0, 1].
pub fn antipodal_above(probability: f64) -> Result<Option<f64>> {
    error::probability(probability)?;
    Ok((probability < 4.0 / 7.0).then(|| 2.0 * probability / (4.0 - 5.0 * probability)))
}
