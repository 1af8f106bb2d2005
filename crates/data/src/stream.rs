//! The streams of random words of each purpose and item, and how words become numbers.
//!
//! ```text
//! item k of stream S of seed s  =  ChaCha8, key seed_from_u64(s), nonce S.number(k), from word 0
//! ```
//!
//! `seed_from_u64` is that of [`SeedableRng`]. An item owns a whole ChaCha stream, so nothing about
//! it depends on the items before it, on the batch it is in or on the number of threads.

use std::ops::Range;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The purpose of random numbers. Each purpose has its own ChaCha8 streams, one per item, such as a
/// sample.
///
/// | stream | numbers of its items |
/// |---|---|
/// | `Training`, `Draws` | 0, 1, …, 2⁶³ − 1 |
/// | `Evaluation` | 2⁶³, 2⁶³ + 1, …, 2⁶⁴ − 2³² − 1 |
/// | `Weights` | 2⁶⁴ − 1, 2⁶⁴ − 3, …, 2⁶⁴ − 2³² + 1 |
/// | `Rows`, `Perturbation` | 2⁶⁴ − 2, 2⁶⁴ − 4, …, 2⁶⁴ − 2³² |
///
/// Two purposes share stream numbers only where no computation uses both: a constructed design is
/// not trained, and perturbed weights are not measured on a choice of rows. Items are taken modulo
/// the number of items of their purpose, so that no item of one row of the table has a stream
/// number of another row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The samples that a model is trained on.
    Training,
    /// The samples that a model is measured on. No training of the same seed draws them.
    Evaluation,
    /// Initial weights.
    Weights,
    /// The choice of the matrix rows that are evaluated when all of them would take too long.
    Rows,
    /// Random choices in constructed weights, such as the rows of a rug.
    Draws,
    /// Noise that is added to given weights.
    Perturbation,
}

impl Stream {
    /// The number of the ChaCha stream of an item, as the table of [`Stream`] lists it.
    pub const fn number(self, item: u64) -> u64 {
        const HALF: u64 = 1 << 63;
        const SINGLE: u64 = 1 << 32;
        match self {
            Self::Training | Self::Draws => item % HALF,
            Self::Evaluation => HALF + item % (HALF - SINGLE),
            Self::Weights => u64::MAX - 2 * (item % (SINGLE / 2)),
            Self::Rows | Self::Perturbation => u64::MAX - 1 - 2 * (item % (SINGLE / 2)),
        }
    }

    /// The random number generator of one item: `ChaCha8Rng::seed_from_u64(seed)`, set to the
    /// stream [`number`](Self::number)`(item)`.
    ///
    /// Use it where work is split into items whose results must not depend on how the items are
    /// distributed over threads. The streams of one seed never overlap (there are 2⁶⁴ streams of
    /// 2⁷⁰ bytes).
    pub fn rng(self, seed: u64, item: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(self.number(item));
        rng
    }

    /// The samples `items` of this stream of `seed`. An empty range gives no samples.
    ///
    /// ```
    /// use toy_superposition_data::Stream;
    /// let range = Stream::Evaluation.samples(7, 10..14);
    /// assert_eq!((range.seed, range.first, range.samples), (7, 10, 4));
    /// ```
    pub fn samples(self, seed: u64, items: Range<u64>) -> SampleRange {
        let samples = usize::try_from(items.end.saturating_sub(items.start)).unwrap_or(usize::MAX);
        SampleRange { seed, stream: self, first: items.start, samples }
    }
}

/// Consecutive samples of one stream of one seed: `first, first + 1, …, first + samples − 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SampleRange {
    /// The seed.
    pub seed: u64,
    /// The purpose of the samples.
    pub stream: Stream,
    /// The number of the first sample in its stream.
    pub first: u64,
    /// The number of samples.
    pub samples: usize,
}

impl SampleRange {
    /// The random number generator of the range's sample `index`, which is sample `first + index`
    /// (modulo 2⁶⁴) of the stream.
    pub fn rng(&self, index: usize) -> ChaCha8Rng {
        self.stream.rng(self.seed, self.first.wrapping_add(index as u64))
    }

    /// The `samples` consecutive samples of the stream that begin at the range's sample `index`.
    #[must_use]
    pub fn part(&self, index: usize, samples: usize) -> Self {
        Self { first: self.first.wrapping_add(index as u64), samples, ..*self }
    }
}

/// A number in the open interval (0, 1): `(k + 1/2) / 2⁵²` with `k` the top 52 bits of one 64-bit
/// word.
///
/// The number is exact in `f64`, its mean is exactly 1/2, and neither 0 nor 1 occurs.
#[inline]
pub(crate) fn unit<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 52) as f64;
    ((rng.next_u64() >> 12) as f64 + 0.5) * SCALE
}

/// Draws a standard normal number by the Box–Muller transform: `√(−2 ln(1 − u)) cos 2πv` for u and
/// v uniform on [0, 1).
///
/// Nothing is rejected, so that each number takes exactly two 64-bit words of `rng`.
///
/// ```
/// use toy_superposition_data::{Stream, standard_normal};
///
/// let mut rng = Stream::Draws.rng(1, 0);
/// let squares = (0..10_000).map(|_| standard_normal(&mut rng).powi(2));
/// assert!((squares.sum::<f64>() / 1e4 - 1.0).abs() < 0.1);
/// ```
pub fn standard_normal<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Draws an integer in `0..n` from one 64-bit word. The probability of each value is within 2⁻⁶⁴ of
/// `1/n`.
#[inline]
pub(crate) fn below<R: Rng + ?Sized>(rng: &mut R, n: u32) -> u32 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An RNG that always returns the same word.
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
    fn an_item_is_a_chacha_stream() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        rng.set_stream(3);
        assert_eq!(Stream::Training.rng(7, 3).next_u64(), rng.next_u64());
        assert_ne!(Stream::Training.rng(7, 4).next_u64(), Stream::Training.rng(7, 3).next_u64());
        assert_ne!(Stream::Training.rng(8, 3).next_u64(), Stream::Training.rng(7, 3).next_u64());
    }

    /// The stream number of every item lies in the range of its purpose, and the ranges are
    /// disjoint.
    #[test]
    fn no_item_leads_from_one_purpose_into_another() {
        let items =
            [0, 1, 15, 1 << 28, 1 << 31, 1 << 32, (1 << 63) - (1 << 32), (1 << 63) - 1, 1 << 63, u64::MAX];
        let (evaluation, single) = (1 << 63, u64::MAX - u64::from(u32::MAX));
        for item in items {
            assert!(Stream::Training.number(item) < evaluation);
            assert!((evaluation..single).contains(&Stream::Evaluation.number(item)));
            for (stream, parity) in [(Stream::Weights, 1), (Stream::Rows, 0), (Stream::Perturbation, 0)] {
                assert!(stream.number(item) >= single && stream.number(item) % 2 == parity);
            }
        }
        // The numbers of the first items are part of the interface: they say which values a seed
        // draws.
        let first = |stream: Stream| stream.number(0);
        assert_eq!(
            (first(Stream::Training), first(Stream::Draws), first(Stream::Evaluation)),
            (0, 0, 1 << 63)
        );
        assert_eq!((first(Stream::Weights), first(Stream::Rows)), (u64::MAX, u64::MAX - 1));
    }

    #[test]
    fn ranges_and_their_parts() {
        let range = Stream::Evaluation.samples(5, 3..10);
        assert_eq!(range.part(2, 4), Stream::Evaluation.samples(5, 5..9));
        assert_eq!(range.rng(2).next_u64(), Stream::Evaluation.rng(5, 5).next_u64());
        #[allow(clippy::reversed_empty_ranges)]
        let empty = Stream::Training.samples(5, 9..3);
        assert_eq!(empty.samples, 0);
    }
}
