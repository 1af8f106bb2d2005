//! Finite fields: sums, products and the quadratic character of GF(q), for every prime power q.
//!
//! ```math
//! \mathrm{GF}(q) = \{0\} \cup \{g^e : 0 \le e < q - 1\}, \qquad
//! \chi(0) = 0, \quad \chi(g^e) = (-1)^e \ \text{for odd } q
//! ```
//!
//! Here `q = pᵏ`, and `g` generates the multiplicative group. An element is a polynomial of degree
//! below `k` over the integers modulo `p`. Its code is the number whose base-`p` digits are the
//! coefficients. The code of a vector over GF(q), with the first coordinate in the lowest place,
//! thus has the coefficients of all its coordinates as its base-`p` digits, so vectors and elements
//! are added in the same way.

/// The field GF(q) for a prime power q. Its generator `g` has the code `p` (that of the polynomial
/// `x`) or, if q is prime, is a primitive root.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    prime: usize,
    /// The code of `gᵉ`, for `e` in `0..q − 1`.
    powers: Vec<usize>,
    /// The exponent `e` of each element `gᵉ`, by code, with length q. The entry of 0 is unused.
    exponents: Vec<usize>,
}

impl Field {
    /// Returns the field with `order` elements, or `None` unless `order` is a prime power.
    pub(crate) fn new(order: usize) -> Option<Self> {
        let (prime, degree) = prime_power(order)?;
        // The first polynomial xᵏ − tail modulo which the powers of x are all non-zero elements is
        // used. Every element then has an inverse, so the polynomial is irreducible.
        (1..order).filter(|tail| tail % prime != 0).find_map(|tail| {
            let (mut powers, mut exponents) = (vec![1], vec![0; order]);
            let mut element = times_x(1, tail, prime, degree, order);
            while element > 1 && powers.len() < order {
                exponents[element] = powers.len();
                powers.push(element);
                element = times_x(element, tail, prime, degree, order);
            }
            (powers.len() == order - 1).then_some(Self { prime, powers, exponents })
        })
    }

    /// Returns the number of elements q.
    pub(crate) fn order(&self) -> usize {
        self.exponents.len()
    }

    /// Returns `gᵉ` for any `e`.
    pub(crate) fn power_of_generator(&self, exponent: usize) -> usize {
        self.powers[exponent % self.powers.len()]
    }

    /// Returns `a b`.
    pub(crate) fn product(&self, a: usize, b: usize) -> usize {
        if a == 0 || b == 0 { 0 } else { self.power_of_generator(self.exponents[a] + self.exponents[b]) }
    }

    /// Returns `a + b`, for elements and for vectors.
    pub(crate) fn sum(&self, a: usize, b: usize) -> usize {
        if self.prime == 2 { a ^ b } else { by_digits(self.prime, a, b, |a, b| a + b) }
    }

    /// Returns `a − b`, for elements and for vectors.
    pub(crate) fn difference(&self, a: usize, b: usize) -> usize {
        if self.prime == 2 { a ^ b } else { by_digits(self.prime, a, b, |a, b| a + self.prime - b) }
    }

    /// Returns `χ(a − b)` in a field of odd order.
    pub(crate) fn character_of_difference(&self, a: usize, b: usize) -> i8 {
        match self.difference(a, b) {
            0 => 0,
            difference => 1 - 2 * (self.exponents[difference] % 2) as i8,
        }
    }
}

/// Returns `(p, k)` if `q = pᵏ` with `p` prime and `k ≥ 1`.
pub(crate) fn prime_power(q: usize) -> Option<(usize, u32)> {
    let prime = (2..).take_while(|p| p * p <= q).find(|p| q.is_multiple_of(*p)).unwrap_or(q);
    let (mut rest, mut degree) = (q, 0);
    while rest > 1 && rest.is_multiple_of(prime) {
        (rest, degree) = (rest / prime, degree + 1);
    }
    (rest == 1 && degree > 0).then_some((prime, degree))
}

/// Returns `x` times an element, modulo `xᵏ − tail(x)`.
fn times_x(element: usize, tail: usize, prime: usize, degree: u32, order: usize) -> usize {
    let highest = element / prime.pow(degree - 1);
    by_digits(prime, element * prime % order, tail, |a, b| a + highest * b)
}

/// Returns the number whose base-`p` digits are `digit(a, b)` modulo `p`, where `a` and `b` are
/// digits of the arguments at the same place.
fn by_digits(prime: usize, mut a: usize, mut b: usize, digit: impl Fn(usize, usize) -> usize) -> usize {
    let (mut number, mut place) = (0, 1);
    while a > 0 || b > 0 {
        number += place * (digit(a % prime, b % prime) % prime);
        (a, b, place) = (a / prime, b / prime, place * prime);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prime_powers() {
        let powers: Vec<usize> = (0..33).filter(|&q| prime_power(q).is_some()).collect();
        assert_eq!(powers, [2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 19, 23, 25, 27, 29, 31, 32]);
        assert_eq!((prime_power(81), prime_power(1 << 20)), (Some((3, 4)), Some((2, 20))));
    }

    /// Checks the axioms on all triples: sums and products are commutative and associative,
    /// products distribute over sums, differences undo sums, and every non-zero element has an
    /// inverse.
    #[test]
    fn sums_and_products_make_a_field() {
        for q in [2, 3, 4, 5, 7, 8, 9, 16, 25, 27] {
            let field = Field::new(q).unwrap();
            assert_eq!(field.order(), q);
            for a in 0..q {
                assert_eq!((field.sum(a, 0), field.product(a, 1)), (a, a));
                assert!(a == 0 || (1..q).filter(|&b| field.product(a, b) == 1).count() == 1);
                for b in 0..q {
                    assert_eq!(field.sum(a, b), field.sum(b, a));
                    assert_eq!(field.product(a, b), field.product(b, a));
                    assert_eq!(field.difference(field.sum(a, b), b), a);
                    for c in 0..q {
                        let (product, sum) = (|a, b| field.product(a, b), |a, b| field.sum(a, b));
                        assert_eq!(product(a, product(b, c)), product(product(a, b), c));
                        assert_eq!(sum(a, sum(b, c)), sum(sum(a, b), c));
                        assert_eq!(product(a, sum(b, c)), sum(product(a, b), product(a, c)));
                    }
                }
            }
        }
        assert!([0, 1, 6, 12, 15, 21, 1000].iter().all(|&q| Field::new(q).is_none()));
        assert_eq!(Field::new(1 << 10).unwrap().order(), 1 << 10);
    }

    /// Checks Euler's criterion for a prime. For a prime power, half of the non-zero elements are
    /// squares, and Σ_c χ(a − c) χ(b − c) = −1 for a ≠ b, as Paley's matrices require.
    #[test]
    fn the_character_tells_squares() {
        for q in [3, 7, 13, 31] {
            let field = Field::new(q).unwrap();
            for a in 1..q {
                let square = (1..q).any(|b| b * b % q == a);
                assert_eq!(field.character_of_difference(a, 0), if square { 1 } else { -1 }, "{a} of {q}");
            }
        }
        for q in [9, 25, 27, 49, 81] {
            let field = Field::new(q).unwrap();
            for (a, b) in [(0, 1), (2, 7), (q - 1, 3), (5, 4)] {
                let sum: i32 = (0..q)
                    .map(|c| {
                        i32::from(field.character_of_difference(a, c) * field.character_of_difference(b, c))
                    })
                    .sum();
                assert_eq!(sum, -1, "{a}, {b} of {q}");
            }
            let ones: i32 = (0..q).map(|a| i32::from(field.character_of_difference(a, 0))).sum();
            assert_eq!(ones, 0);
        }
    }
}
