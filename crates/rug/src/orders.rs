//! Hadamard matrices whose order is not a power of two: `n × n`, entries ±1, `H Hᵀ = n 1`.

use nalgebra::DMatrix;

use crate::field::{Field, prime_power};
use crate::{Error, Result, hadamard_entry};

/// A construction of a Hadamard matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Construction {
    /// `H_ij = (−1)^popcount(i ∧ j)`, of order 2ᵐ.
    Sylvester,
    /// Paley's first construction, from the field of q elements, of order q + 1.
    PaleyOne {
        /// Order q of the field, equal to 3 modulo 4.
        field: usize,
    },
    /// Paley's second construction, from the field of q elements, of order 2(q + 1).
    PaleyTwo {
        /// Order q of the field, equal to 1 modulo 4.
        field: usize,
    },
    /// The Kronecker product of two smaller Hadamard matrices.
    Kronecker {
        /// The order of the left factor.
        left: usize,
        /// The order of the right factor.
        right: usize,
    },
}

/// Returns the first construction, in the order of [`Construction`], that gives a Hadamard matrix
/// of this order, or `None`.
///
/// | construction | order | condition |
/// |---|---|---|
/// | Sylvester | 2ᵐ | |
/// | Paley I | q + 1 | q ≡ 3 (mod 4) a prime power |
/// | Paley II | 2(q + 1) | q ≡ 1 (mod 4) a prime power |
/// | Kronecker product | m n | m and n constructible, both at least 2 |
///
/// Every order above 2 is a multiple of 4. Of the multiples of 4 up to 1000, the table covers all
/// but 92, 116, 156, 172, 184, 188, 232, 236, 260, 268, 292, 324, 356, 372, 376, 404, 412, 428,
/// 436, 452, 472, 476, 508, 520, 532, 536, 584, 596, 604, 612, 652, 668, 712, 716, 732, 756, 764,
/// 772, 808, 836, 852, 856, 872, 876, 892, 904, 932, 940, 944, 952, 956, 964, 980, 988 and 996.
/// (Most of these exist, by constructions that this crate lacks; 668, 716 and 892 are open.)
///
/// With the quadratic character `χ` of GF(q), Paley's core is `Q_ab = χ(a − b)`, and
///
/// ```math
/// H_{\mathrm{I}} = 1 + \begin{pmatrix} 0 & 1^\mathsf{T} \\ -1 & Q \end{pmatrix}, \qquad
/// H_{\mathrm{II}} = C \otimes \begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix}
///   + 1 \otimes \begin{pmatrix} 1 & -1 \\ -1 & -1 \end{pmatrix}, \quad
/// C = \begin{pmatrix} 0 & 1^\mathsf{T} \\ 1 & Q \end{pmatrix}.
/// ```
///
/// R. E. A. C. Paley, "On orthogonal matrices", J. Math. Phys. 12 (1933).
pub fn construction(order: usize) -> Option<Construction> {
    if order.is_power_of_two() {
        return Some(Construction::Sylvester);
    }
    if !order.is_multiple_of(4) || order == 0 {
        return None;
    }
    if prime_power(order - 1).is_some() {
        return Some(Construction::PaleyOne { field: order - 1 });
    }
    let field = order / 2 - 1;
    if field % 4 == 1 && prime_power(field).is_some() {
        return Some(Construction::PaleyTwo { field });
    }
    (2..).take_while(|left| left * left <= order).filter(|&left| order.is_multiple_of(left)).find_map(
        |left| {
            let right = order / left;
            let both = construction(left).is_some() && construction(right).is_some();
            both.then_some(Construction::Kronecker { left, right })
        },
    )
}

/// Returns a Hadamard matrix of the given order: `order × order`, entries ±1.
///
/// # Errors
/// [`Error::NoSuchOrder`] if [`construction`] returns `None`.
pub fn hadamard_of_order(order: usize) -> Result<DMatrix<f64>> {
    let none = Error::NoSuchOrder { given: order };
    match construction(order).ok_or(none)? {
        Construction::Sylvester => Ok(DMatrix::from_fn(order, order, |i, j| f64::from(hadamard_entry(i, j)))),
        Construction::PaleyOne { field } => {
            let field = Field::new(field).ok_or(Error::NoSuchOrder { given: order })?;
            Ok(DMatrix::from_fn(order, order, |i, j| match (i, j) {
                (i, j) if i == j => 1.0,
                (0, _) => 1.0,
                (_, 0) => -1.0,
                _ => f64::from(field.character_of_difference(i - 1, j - 1)),
            }))
        }
        Construction::PaleyTwo { field } => {
            let conference = conference_matrix(field + 1)?;
            let plus = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 1.0, -1.0]);
            let minus = DMatrix::from_row_slice(2, 2, &[1.0, -1.0, -1.0, -1.0]);
            let identity = DMatrix::identity(field + 1, field + 1);
            Ok(conference.kronecker(&plus) + identity.kronecker(&minus))
        }
        Construction::Kronecker { left, right } => {
            Ok(hadamard_of_order(left)?.kronecker(&hadamard_of_order(right)?))
        }
    }
}

/// Returns Paley's symmetric conference matrix `C` of order q + 1, where q ≡ 1 (mod 4) is a prime
/// power. Its diagonal is zero, its other entries are ±1, and `C² = q 1`.
///
/// # Errors
/// [`Error::NoSuchOrder`] for any other order.
pub fn conference_matrix(order: usize) -> Result<DMatrix<f64>> {
    let field = order.checked_sub(1).filter(|q| q % 4 == 1).and_then(Field::new);
    let field = field.ok_or(Error::NoSuchOrder { given: order })?;
    Ok(DMatrix::from_fn(order, order, |i, j| match (i, j) {
        (i, j) if i == j => 0.0,
        (0, _) | (_, 0) => 1.0,
        _ => f64::from(field.character_of_difference(i - 1, j - 1)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_hadamard() {
        for order in [1, 2, 4, 8, 12, 20, 24, 28, 36, 40, 52, 76, 100, 112, 120, 144, 148, 152] {
            let h = hadamard_of_order(order).unwrap();
            assert!(h.iter().all(|&entry| entry.abs() == 1.0), "{order}");
            assert_eq!(&h * h.transpose(), DMatrix::identity(order, order) * order as f64, "{order}");
        }
    }

    #[test]
    fn every_construction_is_met() {
        assert_eq!(construction(16), Some(Construction::Sylvester));
        assert_eq!(construction(28), Some(Construction::PaleyOne { field: 27 }));
        assert_eq!(construction(36), Some(Construction::PaleyTwo { field: 17 }));
        assert_eq!(construction(52), Some(Construction::PaleyTwo { field: 25 }));
        assert_eq!(construction(40), Some(Construction::Kronecker { left: 2, right: 20 }));
    }

    /// Checks the list of orders that [`construction`] does not cover.
    #[test]
    fn orders_that_are_missing() {
        let missing: Vec<usize> = (1..=250).map(|k| 4 * k).filter(|&n| construction(n).is_none()).collect();
        let listed = [
            92, 116, 156, 172, 184, 188, 232, 236, 260, 268, 292, 324, 356, 372, 376, 404, 412, 428, 436,
            452, 472, 476, 508, 520, 532, 536, 584, 596, 604, 612, 652, 668, 712, 716, 732, 756, 764, 772,
            808, 836, 852, 856, 872, 876, 892, 904, 932, 940, 944, 952, 956, 964, 980, 988, 996,
        ];
        assert_eq!(missing, listed);
        for order in [0, 3, 6, 10, 92, 1002] {
            assert!(matches!(hadamard_of_order(order), Err(Error::NoSuchOrder { given }) if given == order));
        }
    }

    #[test]
    fn conference_matrices_are_symmetric_and_orthogonal() {
        for order in [6, 10, 14, 26, 50] {
            let c = conference_matrix(order).unwrap();
            assert_eq!(c, c.transpose());
            assert_eq!(&c * &c, DMatrix::identity(order, order) * (order - 1) as f64);
            assert!(c.diagonal().iter().all(|&entry| entry == 0.0));
        }
        for order in [0, 1, 4, 8, 16, 22] {
            assert!(conference_matrix(order).is_err(), "{order}");
        }
    }
}
