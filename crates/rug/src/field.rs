//! Which elements of a finite field of odd order are squares.
//!
//! ```math
//! \chi(0) = 0, \qquad \chi(g^e) = (-1)^e
//! ```
//!
//! with `g` a generator of the multiplicative group of GF(q), `q = pᵏ`. An element is a polynomial of degree below `k`
//! over the integers modulo `p`; its code is the number whose digits to the base `p` are its coefficients.

/// A field GF(q) of odd order with its quadratic character.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    prime: usize,
    /// `χ` of each element, by code: length q.
    character: Vec<i8>,
}

impl Field {
    /// The field of `order` elements; `None` unless that is an odd prime power.
    pub(crate) fn new(order: usize) -> Option<Self> {
        let (prime, degree) = prime_power(order)?;
        if prime == 2 {
            return None;
        }
        // The first polynomial xᵏ + … modulo which x is a generator: then it is irreducible, and χ(xᵉ) = (−1)ᵉ.
        (1..order).find_map(|tail| {
            let mut character = vec![0; order];
            let (mut element, mut sign) = (1, 1);
            for _ in 1..order {
                if character[element] != 0 {
                    return None;
                }
                character[element] = sign;
                element = times_x(element, tail, prime, degree, order);
                sign = -sign;
            }
            (character[0] == 0).then_some(Self { prime, character })
        })
    }

    /// `χ(a − b)`.
    pub(crate) fn character_of_difference(&self, mut a: usize, mut b: usize) -> i8 {
        let (mut difference, mut digit) = (0, 1);
        while a > 0 || b > 0 {
            difference += digit * ((a % self.prime + self.prime - b % self.prime) % self.prime);
            (a, b, digit) = (a / self.prime, b / self.prime, digit * self.prime);
        }
        self.character[difference]
    }
}

/// `(p, k)` if `q = pᵏ` with `p` prime and `k ≥ 1`.
pub(crate) fn prime_power(q: usize) -> Option<(usize, u32)> {
    let prime = (2..).take_while(|p| p * p <= q).find(|p| q.is_multiple_of(*p)).unwrap_or(q);
    let (mut rest, mut degree) = (q, 0);
    while rest > 1 && rest.is_multiple_of(prime) {
        (rest, degree) = (rest / prime, degree + 1);
    }
    (rest == 1 && degree > 0).then_some((prime, degree))
}

/// `x` times an element, modulo `xᵏ − tail(x)`.
fn times_x(element: usize, tail: usize, prime: usize, degree: u32, order: usize) -> usize {
    let highest = element / prime.pow(degree - 1);
    let (mut a, mut b) = (element * prime % order, tail);
    let (mut sum, mut digit) = (0, 1);
    while a > 0 || b > 0 {
        sum += digit * ((a % prime + highest * (b % prime)) % prime);
        (a, b, digit) = (a / prime, b / prime, digit * prime);
    }
    sum
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

    /// For a prime, Euler's criterion; for a power, what squares are: half of the elements, closed under differences
    /// as Paley's matrices need it, Σ_c χ(a − c) χ(b − c) = −1 for a ≠ b.
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
        assert!([0, 1, 2, 4, 15, 21, 1024].iter().all(|&q| Field::new(q).is_none()));
    }
}
