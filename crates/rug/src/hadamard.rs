//! Sylvester–Hadamard matrices, and their product with a vector by the definition.
//!
//! ```math
//! H_{ij} = (-1)^{\mathrm{popcount}(i \wedge j)}, \qquad i, j = 0, \dots, n - 1, \quad n = 2^m
//! ```
//!
//! `H` is symmetric and `H² = n 1`.

use nalgebra::DMatrix;
use toy_superposition_data::Scalar;

use crate::Result;
use crate::error::log2;

/// Returns the entry `H_ij = (−1)^popcount(i ∧ j)`, with `i` and `j` from 0. It is the same for
/// every order above `i` and `j`.
pub fn hadamard_entry(i: usize, j: usize) -> i8 {
    1 - 2 * ((i & j).count_ones() & 1) as i8
}

/// Returns the dense Sylvester–Hadamard matrix, `n × n`, with entries ±1 and `H Hᵀ = n 1`.
///
/// The entries use the bitwise *and*, as does figure 1 of the paper. Section 4.2.2 of the paper
/// states the parity of the exclusive or instead, but that matrix has rank one: it is `h hᵀ` with
/// `h_i = (−1)^popcount(i)`.
///
/// # Errors
/// [`Error::NotPowerOfTwo`](crate::Error::NotPowerOfTwo) unless `n` is a power of two in `1..=2³¹`.
pub fn hadamard_matrix<T: Scalar>(n: usize) -> Result<DMatrix<T>> {
    log2(n)?;
    Ok(DMatrix::from_fn(n, n, |i, j| T::round_from(hadamard_entry(i, j).into())))
}

/// Returns the unnormalised transform `y = H x`, computed entry by entry in O(n²). It is the slow
/// twin of [`transform`](crate::transform).
///
/// # Errors
/// [`Error::NotPowerOfTwo`](crate::Error::NotPowerOfTwo) unless the length of `x` is a power of two
/// in `1..=2³¹`.
pub fn transform_naive<T: Scalar>(x: &[T]) -> Result<Vec<T>> {
    log2(x.len())?;
    let term = |i, j| if hadamard_entry(i, j) > 0 { x[j] } else { -x[j] };
    Ok((0..x.len()).map(|i| (0..x.len()).fold(T::zero(), |sum, j| sum + term(i, j))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn matrix_is_the_kronecker_power_of_its_two_by_two() {
        let two = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 1.0, -1.0]);
        let mut power = DMatrix::from_element(1, 1, 1.0);
        for m in 0..8 {
            let h = hadamard_matrix::<f64>(1 << m).unwrap();
            assert_eq!(h, power);
            assert_eq!(&h * h.transpose(), DMatrix::identity(1 << m, 1 << m) * f64::from(1 << m));
            power = power.kronecker(&two);
        }
    }

    #[test]
    fn lengths_that_are_no_power_of_two_are_refused() {
        for n in [0, 3, 6, 1000] {
            assert!(matches!(hadamard_matrix::<f32>(n), Err(Error::NotPowerOfTwo { given }) if given == n));
            assert!(
                matches!(transform_naive(&vec![1.0; n]), Err(Error::NotPowerOfTwo { given }) if given == n)
            );
        }
    }

    #[test]
    fn naive_is_the_matrix_product() {
        let x = nalgebra::DVector::from_fn(64, |i, _| ((i * i * 7) % 23) as f64 - 9.0);
        let y = hadamard_matrix::<f64>(64).unwrap() * &x;
        assert_eq!(transform_naive(x.as_slice()).unwrap(), y.as_slice());
    }
}
