//! Which random words belong to which sample, and how words become numbers.
//!
//! ```text
//! sample k of seed s  =  ChaCha8, key seed_from_u64(s), stream k, from word 0
//! ```
//!
//! `seed_from_u64` is that of [`SeedableRng`]; the stream is ChaCha's 64-bit nonce. A sample owns a whole stream, so nothing about it depends on the samples before it, on the batch it is in or
//! on the number of threads.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The random numbers of one sample: `ChaCha8Rng::seed_from_u64(seed)`, set to stream `sample`.
///
/// Every sampler of this crate draws sample `k` from `sample_rng(seed, k)` and from nothing else. Use it wherever
/// work is split into items that must not depend on how they are shared out: one seed a purpose, one stream an
/// item. Streams of one seed never overlap (2⁶⁴ streams of 2⁷⁰ bytes).
pub fn sample_rng(seed: u64, sample: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(sample);
    rng
}

/// A number in the open interval (0, 1): `(k + 1/2) / 2⁵²` with `k` the top 52 bits of one 64-bit word.
///
/// Exact in `f64`; the mean is exactly 1/2, and neither 0 nor 1 occurs.
#[inline]
pub(crate) fn unit<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 52) as f64;
    ((rng.next_u64() >> 12) as f64 + 0.5) * SCALE
}

/// An integer in `0..n`, one 64-bit word; each value's probability is within 2⁻⁶⁴ of `1/n`.
#[inline]
pub(crate) fn below<R: Rng + ?Sized>(rng: &mut R, n: u32) -> u32 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An RNG that gives the same word for ever.
    struct Always(u64);

    impl rand::TryRng for Always {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(self.0 as u32)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(self.0 as u8);
            Ok(())
        }
    }

    #[test]
    fn the_unit_interval_is_open_and_symmetric() {
        let (least, greatest) = (unit(&mut Always(0)), unit(&mut Always(u64::MAX)));
        assert_eq!(least, f64::EPSILON / 2.0);
        assert_eq!(greatest, 1.0 - f64::EPSILON / 2.0);
        assert_eq!(least + greatest, 1.0);
        assert_eq!(unit(&mut Always(1 << 63)), 0.5 + f64::EPSILON / 2.0);
    }

    #[test]
    fn below_reaches_both_ends_and_no_further() {
        for n in [1, 2, 3, 1000, u32::MAX] {
            assert_eq!(below(&mut Always(0), n), 0);
            assert_eq!(below(&mut Always(u64::MAX), n), n - 1);
        }
        assert_eq!(below(&mut Always(u64::MAX / 2 + 1), 10), 5);
    }

    #[test]
    fn a_sample_is_a_stream() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        rng.set_stream(3);
        assert_eq!(sample_rng(7, 3).next_u64(), rng.next_u64());
        assert_ne!(sample_rng(7, 4).next_u64(), sample_rng(7, 3).next_u64());
        assert_ne!(sample_rng(8, 3).next_u64(), sample_rng(7, 3).next_u64());
    }
}
