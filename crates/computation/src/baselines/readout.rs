//! Linear read-outs of T binary features from D dimensions.

use crate::{Error, Result};

/// Returns the loss per feature of a linear read-out of T binary features, on with probability p,
/// along random directions in D dimensions: `p T/(T + D)`.
///
/// ```math
/// h = \sum_j x_j e_j, \qquad \hat x_i = α\, e_i · h, \qquad \mathrm E (e_i · e_j)^2 = \frac1D: \qquad
/// L = p (1 - α)^2 + α^2 \frac{p\,T}{D}, \quad α = \frac{D}{T + D}
/// ```
///
/// The directions have random signs, there is no constant, and T is large (for finite T the
/// interference is that of T − 1 other features). The loss is never less than that of
/// [`kept_apart`]: a linear read-out gains nothing from superposition.
///
/// ```
/// use toy_superposition_computation::{kept_apart, random_directions};
///
/// assert_eq!(random_directions(0.1, 300, 100)?, 0.1 * 0.75);
/// assert_eq!(kept_apart(0.5, 400, 100)?, 0.25 * 0.75);
/// # Ok::<(), toy_superposition_computation::Error>(())
/// ```
///
/// # Errors
/// [`Error::OutOfRange`] for a probability outside (0, 1], and [`Error::Size`] for no features.
pub fn random_directions(probability: f64, features: usize, dimensions: usize) -> Result<f64> {
    check(probability, features)?;
    let (t, d) = (features as f64, dimensions as f64);
    Ok(probability * (t / (t + d)))
}

/// Returns the loss per feature if D of T binary features have a dimension each and the others are
/// estimated by their mean: `p (1 − p) (T − D)/T`, or 0 for D ≥ T.
///
/// # Errors
/// The errors of [`random_directions`].
pub fn kept_apart(probability: f64, features: usize, dimensions: usize) -> Result<f64> {
    check(probability, features)?;
    let share = features.saturating_sub(dimensions) as f64 / features as f64;
    Ok(probability * (1.0 - probability) * share)
}

fn check(probability: f64, features: usize) -> Result<()> {
    if !(probability > 0.0 && probability <= 1.0) {
        return Err(Error::OutOfRange { name: "probability", given: probability, allowed: "(0, 1]" });
    }
    if features == 0 { Err(Error::Size { name: "features", given: 0, least: 1 }) } else { Ok(()) }
}
