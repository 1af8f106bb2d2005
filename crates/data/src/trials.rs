//! Independent trials with equal probabilities, in time proportional to the number of successes.
//!
//! Each of `n` trials succeeds with probability `p`. There are three plans, chosen by `p`:
//!
//! ```text
//! p < 1/16        skips: the number of failures before the next success is
//!                 ⌊ln U / ln(1 − p)⌋ with U uniform on (0, 1)
//! 1/16 ≤ p < 1    masks: 64 uniform numbers are compared with p bit by bit, in parallel lanes
//! p = 1           every trial succeeds
//! ```
//!
//! Skips take one logarithm per success. A mask takes about 7.3 words per 64 trials for any `p`
//! (each word halves the number of undecided lanes), which is at most 1.8 words per success. Masks
//! are exact, since `p 2⁶⁴` is then an integer. Skips give every probability with an absolute error
//! of at most 2⁻⁵³.

#[cfg(feature = "sampling")]
use rand::Rng;

#[cfg(feature = "sampling")]
use crate::stream::unit;

/// Below this probability skips are faster than masks.
const MASK_FROM: f64 = 1.0 / 16.0;

/// `n` independent trials with the same probability.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trials {
    count: usize,
    plan: Plan,
}

#[derive(Debug, Clone, PartialEq)]
enum Plan {
    /// `reciprocal = 1 / ln(1 − p)`.
    Skips { reciprocal: f64 },
    /// `bits = p 2⁶⁴`, an integer.
    Masks { bits: u64 },
    /// `p = 1`.
    Every,
}

impl Trials {
    /// Plans `count` trials. The caller must have checked that `count ≤ u32::MAX` and that the
    /// probability is in (0, 1].
    pub(crate) fn new(count: usize, probability: f64) -> Self {
        debug_assert!(count <= u32::MAX as usize && probability > 0.0 && probability <= 1.0);
        let plan = if probability == 1.0 {
            Plan::Every
        } else if probability < MASK_FROM {
            Plan::Skips { reciprocal: 1.0 / libm::log1p(-probability) }
        } else {
            Plan::Masks { bits: (probability * 2f64.powi(64)) as u64 }
        };
        Self { count, plan }
    }

    /// The number of trials.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Calls `success` for each success, in increasing order.
    #[cfg(feature = "sampling")]
    #[inline]
    pub(crate) fn each<R: Rng + ?Sized>(&self, rng: &mut R, mut success: impl FnMut(&mut R, u32)) {
        match self.plan {
            Plan::Every => (0..self.count as u32).for_each(|index| success(rng, index)),
            Plan::Skips { reciprocal } => {
                let mut next = 0;
                loop {
                    // The quotient is positive and may be infinite; the cast saturates.
                    next += ((libm::log(unit(rng)) * reciprocal) as u64).min(u64::from(u32::MAX));
                    if next >= self.count as u64 {
                        return;
                    }
                    success(rng, next as u32);
                    next += 1;
                }
            }
            Plan::Masks { bits } => {
                let mut first = 0;
                while first < self.count {
                    let mut mask = successes(rng, bits);
                    let left = self.count - first;
                    if left < 64 {
                        mask &= (1 << left) - 1;
                    }
                    while mask != 0 {
                        success(rng, first as u32 + mask.trailing_zeros());
                        mask &= mask - 1;
                    }
                    first += 64;
                }
            }
        }
    }
}

/// 64 independent bits, each set with probability `bits / 2⁶⁴`.
///
/// In each lane this is the comparison `U < p` for a uniform `U`. The binary digits of `U` are
/// drawn from the most significant one on, until one differs from that of `p`. Then `U < p` if and
/// only if the digit of `p` is 1.
#[cfg(feature = "sampling")]
#[inline]
fn successes<R: Rng + ?Sized>(rng: &mut R, mut bits: u64) -> u64 {
    let (mut below, mut equal_so_far) = (0, u64::MAX);
    // Once the remaining digits of p are all 0, U < p is no longer possible in an undecided lane.
    while bits != 0 && equal_so_far != 0 {
        let digits = rng.next_u64();
        if bits >> 63 == 1 {
            below |= equal_so_far & !digits;
            equal_so_far &= digits;
        } else {
            equal_so_far &= !digits;
        }
        bits <<= 1;
    }
    below
}

#[cfg(all(test, feature = "sampling"))]
mod tests {
    use super::*;
    use crate::Stream;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    fn successes_of(count: usize, probability: f64, seed: u64) -> Vec<u32> {
        let mut found = Vec::new();
        Trials::new(count, probability)
            .each(&mut Stream::Training.rng(seed, 0), |_, index| found.push(index));
        found
    }

    /// The number of successes is binomial: within 5 standard deviations (α = 6e-7 for each
    /// probability), less than a tenth of what is expected; the first-order skip, `1 / −p` for
    /// `1 / ln(1 − p)`, is 35 away at p = 0.062.
    #[test]
    fn successes_are_as_many_as_they_should_be() {
        for (seed, p) in [1e-6, 1e-3, 0.062, 0.0625, 0.25, 0.9].into_iter().enumerate() {
            let count = if p < 1e-3 { u32::MAX as usize } else { 20_000_000 };
            let found = successes_of(count, p, 20 + seed as u64).len() as f64;
            let (expected, variance) = (count as f64 * p, count as f64 * p * (1.0 - p));
            let allowed = 5.0 * variance.sqrt();
            assert!((found - expected).abs() < allowed, "p = {p}: {found}, expected {expected}");
            assert!(allowed < 0.1 * expected);
        }
    }

    /// The number of failures before a success is geometric, and consecutive numbers are
    /// independent. This is a χ² test of the joint table of consecutive gaps, with α = 1e-6 for
    /// each probability, for both plans and on both sides of the probability where they change.
    #[test]
    fn gaps_are_geometric_and_independent() {
        const KINDS: usize = 6;
        for (seed, p) in [0.002, 0.01, 0.062, 0.0625, 0.1, 0.3, 0.5, 0.7, 0.97].into_iter().enumerate() {
            let found = successes_of(2_000_000, p, seed as u64);
            let gaps: Vec<usize> = found.windows(2).map(|pair| (pair[1] - pair[0] - 1) as usize).collect();
            // The gaps are sorted into classes of at least 0, w, 2w, … failures, with roughly equal
            // probabilities where p allows it.
            let width = (0.25 / p).ceil() as usize;
            let q = 1.0 - p;
            let probability = |kind: usize| {
                let from = q.powi((kind * width) as i32);
                if kind + 1 == KINDS { from } else { from - q.powi(((kind + 1) * width) as i32) }
            };
            let kind = |gap: usize| (gap / width).min(KINDS - 1);
            let mut table = [[0.0; KINDS]; KINDS];
            for pair in gaps.chunks_exact(2) {
                table[kind(pair[0])][kind(pair[1])] += 1.0;
            }
            let pairs = (gaps.len() / 2) as f64;
            let (mut statistic, mut cells) = (0.0, 0);
            for (i, row) in table.iter().enumerate() {
                for (j, &count) in row.iter().enumerate() {
                    let expected = pairs * probability(i) * probability(j);
                    if expected >= 10.0 {
                        statistic += (count - expected) * (count - expected) / expected;
                        cells += 1;
                    }
                }
            }
            assert!(cells >= 4, "p = {p}: {cells} cells");
            let limit = ChiSquared::new(f64::from(cells)).unwrap().inverse_cdf(1.0 - 1e-6);
            assert!(statistic < limit, "p = {p}: χ² = {statistic} on {cells} cells");
        }
    }

    /// Each lane of a mask compares all digits of p, not only the first ones.
    #[test]
    fn masks_read_every_digit() {
        /// Returns the digits of one number in all lanes at once, most significant first.
        struct Digits(u64);
        impl rand::TryRng for Digits {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                self.try_next_u64().map(|word| word as u32)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                let word = if self.0 >> 63 == 1 { u64::MAX } else { 0 };
                self.0 <<= 1;
                Ok(word)
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
                bytes.fill(0);
                Ok(())
            }
        }
        for p in [1.0 / 16.0, 0.1, 0.3, 0.5, 0.8, 0.5 + f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0] {
            let bits = (p * 2f64.powi(64)) as u64;
            assert_eq!(bits as f64 / 2f64.powi(64), p, "p 2⁶⁴ is an integer");
            assert_eq!(successes(&mut Digits(bits - 1), bits), u64::MAX, "U just below p = {p}");
            assert_eq!(successes(&mut Digits(bits), bits), 0, "U = p = {p}");
            assert_eq!(successes(&mut Digits(0), bits), u64::MAX);
            assert_eq!(successes(&mut Digits(u64::MAX), bits), 0);
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(successes_of(130, 1.0, 1), (0..130).collect::<Vec<u32>>());
        assert!(successes_of(0, 0.5, 1).is_empty());
        assert!(successes_of(1_000_000, f64::MIN_POSITIVE, 1).is_empty());
        assert!(successes_of(1_000_000, 5e-324, 1).is_empty());
        // There are as many trials as indices. About 4.3 successes are expected, all of them in
        // range and in order.
        let far = successes_of(u32::MAX as usize, 1e-9, 3);
        assert!(!far.is_empty() && far.is_sorted() && far.len() < 30);
        // The last trial of a mask that is not full can succeed, and the one after it cannot.
        for count in [1, 63, 64, 65, 127] {
            let reached = (0..200).filter_map(|seed| successes_of(count, 0.5, seed).last().copied()).max();
            assert_eq!(reached, Some(count as u32 - 1));
        }
    }
}
