//! The loss of features at the corners of a regular polygon, where exactly one feature is on: the
//! toy model of Elhage et al. in two dimensions, whose loss is elementary.
//!
//! ```math
//! L = \frac{1}{c^2}\,k \left[\int_0^1 \bigl(u - (a u + b)_+\bigr)^2 du
//!   + \sum_{d=1}^{k-1} \int_0^1 \Bigl(a \cos\tfrac{2πd}{k}\,u + b\Bigr)_+^2 du + (c - k)\,b_+^2 \right]
//!   + \frac{c - k}{c} \left(\frac{1}{3c} - \frac{1}{4c^2}\right)
//! ```
//!
//! There are c features. Of these k ≥ 3 are corners with the common bias b and vectors of length ℓ,
//! so that a = ℓ² with tied weights. The c − k others are dropped: they have a zero vector and the
//! bias 1/(2c), the best constant.

use crate::Result;
use crate::error::finite;
use crate::exact::piecewise::Piecewise;

/// The expected loss per feature of `features` = c features in two dimensions, where exactly one
/// feature is on: `x = u e_i` with `u ~ U[0, 1]`. `corners` = k of them are the corners of a
/// regular polygon, with vectors of `length` ℓ, tied weights and a common `bias` b. The others are
/// dropped: their output is the best constant.
///
/// It equals [`exact_loss`](crate::exact_loss) of these weights under the law `Exactly` with one
/// feature on. At c = 6 the best polygons are
///
/// | k | loss × 6 | ℓ | b |
/// |---|---|---|---|
/// | 4 | 7/72 = 0.097222 | 1 | 0 |
/// | 5 | 0.061799 | 1.17046 | −0.28230 |
/// | 6 | 0.048192 | 1.32053 | −0.61814 |
///
/// where the factor 6 makes the loss a sum over the features. Each dropped feature contributes
/// 7/144 to that sum. `designs::optimise` finds these polygons, and so does training from some
/// seeds.
///
/// ```
/// use toy_superposition_theory::polygon_loss;
///
/// assert!((6.0 * polygon_loss(4, 6, 1.0, 0.0)? - 7.0 / 72.0).abs() < 1e-15);
/// assert!((6.0 * polygon_loss(5, 6, 1.17046, -0.28230)? - 0.061799).abs() < 5e-7);
/// # Ok::<(), toy_superposition_theory::Error>(())
/// ```
///
/// # Errors
/// [`Error::SizeRange`](crate::Error::SizeRange) unless `3 ≤ k ≤ c`;
/// [`Error::NotFinite`](crate::Error::NotFinite) for a length or a bias that is not finite, and for
/// a loss that overflows.
pub fn polygon_loss(corners: usize, features: usize, length: f64, bias: f64) -> Result<f64> {
    finite("length", length)?;
    finite("bias", bias)?;
    crate::error::size("features", features, 3..=usize::MAX)?;
    crate::error::size("corners", corners, 3..=features)?;
    let (k, c, a) = (corners as f64, features as f64, length * length);
    let dropped = c - k;
    let own = Piecewise { probability: 1.0, own: a }.at(bias)[0];
    let other = |d: usize| {
        // The angles of d and of k − d have the same bits, and a quarter turn is exact.
        let turn = d.min(corners - d) as f64 / k;
        let cosine = if turn == 0.25 { 0.0 } else { (std::f64::consts::TAU * turn).cos() };
        Piecewise { probability: 0.0, own: 0.0 }.along(bias, a * cosine)[0]
    };
    let others: f64 = (1..corners).map(other).sum();
    let corner = (own + others + dropped * bias.max(0.0).powi(2)) / c;
    let loss = (k * corner + dropped * (1.0 / 3.0 - 0.25 / c) / c) / c;
    finite("loss", loss)?;
    Ok(loss)
}
