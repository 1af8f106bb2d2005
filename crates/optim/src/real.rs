//! The floating-point types of the optimizers, conversions, and reductions in a fixed order.
//!
//! A reduction always adds in the same order, in f64 and in eight lanes, so that its bits depend
//! only on the numbers.

use std::fmt::Debug;

use num_traits::{FromPrimitive, NumAssign, Signed};

use crate::error::{Error, Result};

/// The floating-point type of parameters and gradients: `f32` or `f64`.
///
/// This trait only names its bounds and is implemented for every type that meets them. A trait of
/// your own over the two types, such as `toy_superposition_model::Scalar`, therefore implies it.
pub trait Real:
    Copy + Debug + PartialOrd + NumAssign + Signed + FromPrimitive + Into<f64> + Send + Sync + 'static
{
}

impl<F> Real for F where
    F: Copy + Debug + PartialOrd + NumAssign + Signed + FromPrimitive + Into<f64> + Send + Sync + 'static
{
}

/// Rounds to the nearest `F`, which is infinite if the value overflows.
#[inline(always)]
pub(crate) fn real<F: Real>(value: f64) -> F {
    F::from_f64(value).unwrap_or_else(|| F::zero() / F::zero())
}

/// The exact value as an `f64`.
#[inline(always)]
pub(crate) fn wide<F: Real>(value: F) -> f64 {
    value.into()
}

/// Returns true if the value is neither NaN nor infinite.
#[inline(always)]
pub(crate) fn is_finite<F: Real>(value: F) -> bool {
    wide(value).is_finite()
}

/// `√value`, computed in the precision of `F`, so that the loop vectorises at the full width of
/// `F`.
#[inline(always)]
pub(crate) fn root<F: Real>(value: F) -> F {
    let value = wide(value);
    if size_of::<F>() == size_of::<f32>() { real((value as f32).sqrt().into()) } else { real(value.sqrt()) }
}

/// The machine epsilon of `F`, the distance from 1 to the next larger number.
pub(crate) fn epsilon<F: Real>() -> f64 {
    if size_of::<F>() == size_of::<f32>() { f32::EPSILON.into() } else { f64::EPSILON }
}

const LANES: usize = 8;

/// The inner product `Σ a_i b_i` in f64 over the common length.
pub(crate) fn dot<F: Real>(a: &[F], b: &[F]) -> f64 {
    let ((a_body, a_tail), (b_body, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a_body.iter().zip(b_body) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += wide(a) * wide(b);
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(&a, &b)| wide(a) * wide(b)).sum();
    sums.iter().sum::<f64>() + tail
}

/// The largest magnitude, which is zero for an empty list. NaNs are ignored.
pub(crate) fn largest<F: Real>(values: &[F]) -> f64 {
    wide(values.iter().fold(F::zero(), |most, &value| if value.abs() > most { value.abs() } else { most }))
}

/// The Euclidean norm, which overflows or underflows only if its value does.
pub(crate) fn norm<F: Real>(values: &[F]) -> f64 {
    let square = dot(values, values);
    if square.is_finite() && square > 1e-280 {
        return square.sqrt();
    }
    let scale = largest(values);
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale * values.iter().map(|&value| (wide(value) / scale).powi(2)).sum::<f64>().sqrt()
}

/// Returns true if no value is NaN or infinite.
pub(crate) fn all_finite<F: Real>(values: &[F]) -> bool {
    // The comparison vectorises because it does not return early inside a block.
    values.chunks(1024).all(|block| block.iter().fold(true, |finite, &value| finite & is_finite(value)))
}

/// Returns an error with the first NaN or infinity of a list, if there is one.
pub(crate) fn require_finite<F: Real>(what: &'static str, values: &[F]) -> Result<()> {
    if all_finite(values) {
        return Ok(());
    }
    let index = values.iter().position(|&value| !is_finite(value)).unwrap_or(0);
    Err(Error::NotFinite { what, index, given: values.get(index).map_or(f64::NAN, |&value| wide(value)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_covers_body_and_tail() {
        let a: Vec<f32> = (0..21).map(|i| i as f32).collect();
        let b: Vec<f32> = (0..21).map(|i| (2 * i + 1) as f32).collect();
        // Σ 2i² + i for i < 21.
        assert_eq!(dot(&a, &b), (2 * 2870 + 210) as f64);
    }

    #[test]
    fn norm_keeps_to_the_range() {
        for scale in [1e-200, 1e-3, 1.0, 1e200] {
            approx::assert_relative_eq!(
                norm(&[3.0 * scale, -4.0 * scale]),
                5.0 * scale,
                epsilon = 0.0,
                max_relative = 4.0 * f64::EPSILON
            );
        }
        assert_eq!(norm::<f64>(&[]), 0.0);
    }

    #[test]
    fn the_first_non_finite_value_is_named() {
        let mut values = vec![1.0f32; 3000];
        values[2500] = f32::INFINITY;
        values[2700] = f32::NAN;
        let expected = Error::NotFinite { what: "gradient", index: 2500, given: f64::INFINITY };
        assert_eq!(require_finite("gradient", &values), Err(expected));
    }
}
