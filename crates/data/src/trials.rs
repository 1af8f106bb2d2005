//! Equal, independent trials, in time proportional to the successes.
//!
//! `n` trials succeed with probability `p` each. Three plans, by `p`:
//!
//! ```text
//! p < 1/16        skips: the failures before the next success, ⌊ln U / ln(1 − p)⌋ with U uniform on (0, 1)
//! 1/16 ≤ p < 1    masks: 64 trials at once, comparing 64 uniform numbers with p bit by bit, in parallel lanes
//! p = 1           every trial
//! ```
//!
//! Skips cost one logarithm a success. A mask needs about 7.3 words for 64 trials whatever `p` is (each word halves
//! the undecided lanes), that is, at most 1.8 words a success. Masks are exact, since `p 2⁶⁴` is then an integer;
//! skips meet every probability to 2⁻⁵³ (absolute).

use rand::Rng;

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
    /// `count ≤ u32::MAX` trials with a probability that the caller has found to be in (0, 1].
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
/// Lane by lane this is `U < p` for a uniform `U` whose binary digits are drawn from the first on, until the first
/// digit that differs from that of `p`: there `U < p` if and only if the digit of `p` is the 1.
#[inline]
fn successes<R: Rng + ?Sized>(rng: &mut R, mut bits: u64) -> u64 {
    let (mut below, mut equal_so_far) = (0, u64::MAX);
    // Once the digits of p that are left are all 0, U < p is no longer possible in an undecided lane.
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
