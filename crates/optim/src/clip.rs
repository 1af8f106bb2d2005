//! Gradient clipping.
//!
//! ```math
//! g ← g \min(1, \frac{c}{‖g‖_2 + 10^{-6}}) \quad\text{or}\quad g_i ← \min(\max(g_i, -c), c)
//! ```
//!
//! where g is the whole gradient as one slice and c the bound. These are PyTorch's
//! `clip_grad_norm_` and `clip_grad_value_`.

use crate::{
    error::{Error, Result, require},
    real::{Real, largest, norm, real, require_finite},
};

/// Scales the gradient g to a Euclidean norm of at most c = `max_norm`, which must be in (0, ∞),
/// and returns the norm before scaling:
///
/// `g ← g min(1, c/(‖g‖₂ + 10⁻⁶))`, as PyTorch's `clip_grad_norm_`.
///
/// A gradient that is scaled down gets a norm that is smaller than `max_norm` by about
/// `max_norm`·10⁻⁶/norm.
///
/// # Errors
/// [`Error::Setting`] for a bound out of range; [`Error::NotFinite`] for a gradient with a NaN or
/// an infinity, or whose norm overflows f64. After an error the gradient is unchanged.
pub fn clip_norm<F: Real>(gradient: &mut [F], max_norm: f64) -> Result<f64> {
    require(max_norm.is_finite() && max_norm > 0.0, "greatest norm", max_norm, "(0, ∞)")?;
    require_finite("gradient", gradient)?;
    let norm = norm(gradient);
    if !norm.is_finite() {
        return Err(Error::NotFinite { what: "norm of the gradient", index: 0, given: norm });
    }
    let scale = max_norm / (norm + 1e-6);
    if scale < 1.0 {
        let scale: F = real(scale);
        gradient.iter_mut().for_each(|value| *value *= scale);
    }
    Ok(norm)
}

/// Clamps every component to [−`max_value`, `max_value`], where `max_value` must be in (0, ∞), and
/// returns the greatest magnitude before clamping. This is PyTorch's `clip_grad_value_`.
///
/// # Errors
/// [`Error::Setting`] for a bound out of range, [`Error::NotFinite`] for a gradient with a NaN or
/// an infinity. After an error the gradient is unchanged.
pub fn clip_value<F: Real>(gradient: &mut [F], max_value: f64) -> Result<f64> {
    require(max_value.is_finite() && max_value > 0.0, "greatest value", max_value, "(0, ∞)")?;
    require_finite("gradient", gradient)?;
    let greatest = largest(gradient);
    let bound: F = real(max_value);
    for value in gradient {
        let below = if *value > bound { bound } else { *value };
        *value = if below < -bound { -bound } else { below };
    }
    Ok(greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_gradient_keeps_its_bits() -> Result<()> {
        let mut gradient = [0.3f32, -0.4, 0.1];
        assert!(clip_norm(&mut gradient, 0.6)? < 0.6);
        assert!(clip_value(&mut gradient, 0.4)? <= f64::from(0.4f32));
        assert_eq!(gradient, [0.3, -0.4, 0.1]);
        Ok(())
    }

    #[test]
    fn non_finite_changes_nothing() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut gradient = [3.0, bad, 4.0];
            let bits = gradient.map(f64::to_bits);
            assert!(matches!(
                clip_norm(&mut gradient, 1.0),
                Err(Error::NotFinite { what: "gradient", index: 1, .. })
            ));
            assert!(matches!(clip_value(&mut gradient, 1.0), Err(Error::NotFinite { index: 1, .. })));
            assert_eq!(gradient.map(f64::to_bits), bits);
        }
        let mut long = [f64::MAX; 2];
        assert!(matches!(
            clip_norm(&mut long, 1.0),
            Err(Error::NotFinite { what: "norm of the gradient", .. })
        ));
        assert_eq!(long, [f64::MAX; 2]);
    }

    #[test]
    fn bounds_are_checked() {
        for bound in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(
                clip_norm(&mut [1.0], bound),
                Err(Error::Setting { name: "greatest norm", .. })
            ));
            assert!(matches!(
                clip_value(&mut [1.0], bound),
                Err(Error::Setting { name: "greatest value", .. })
            ));
        }
    }
}
