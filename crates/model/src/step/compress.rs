//! The positions and values of the non-zeros of a dense matrix, and the transposition that gives
//! them by rows.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::gather::Lists;
use super::tuning::{PIECE, SLACK};
use crate::Scalar;

/// The non-zeros of the columns of a matrix: one list per [`PIECE`] of each column in turn, with
/// indices counted from the start of the piece.
#[derive(Debug, Default)]
pub(crate) struct NonZeros<T> {
    offsets: Vec<u32>,
    // The length is the largest number of entries so far, plus SLACK.
    indices: Vec<u8>,
    values: Vec<T>,
}

impl<T: Scalar> NonZeros<T> {
    /// Removes all lists, and reserves memory for `entries` entries.
    pub(crate) fn clear(&mut self, entries: usize) {
        self.offsets.clear();
        self.offsets.push(0);
        if self.indices.len() < entries + SLACK {
            self.indices.resize(entries + SLACK, 0);
            self.values.resize(entries + SLACK, T::zero());
        }
    }

    /// Returns the number of non-zeros.
    pub(crate) fn count(&self) -> usize {
        self.offsets.last().map_or(0, |&end| end as usize)
    }

    /// Returns the lists.
    pub(crate) fn lists(&self) -> Lists<'_, T, u8, u32> {
        Lists { offsets: &self.offsets, indices: &self.indices, values: &self.values }
    }

    /// Appends the lists of the columns of a column-major matrix.
    pub(crate) fn append(&mut self, arch: Arch, dense: &[T], rows: usize) {
        let start = self.count();
        let (indices, values) = (&mut self.indices[start..], &mut self.values[start..]);
        let job = Job { dense, rows, start, offsets: &mut self.offsets, indices, values };
        if let Some(job) = T::compress_simd(arch, job) {
            job.plain();
        }
    }
}

/// Writes the rows `take` of a column-major matrix to `out` as columns.
pub(crate) fn transpose<T: Scalar>(arch: Arch, out: &mut [T], matrix: &[T], rows: usize, take: Range<usize>) {
    let job = Transpose { out, matrix, rows, take };
    if let Some(job) = T::transpose_simd(arch, job) {
        arch.dispatch(job);
    }
}

impl<T: Scalar> WithSimd for Transpose<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.run(OneByOne);
    }
}

/// Transposes a block of [`SIDE`] × [`SIDE`] entries.
trait TransposeBlock<T> {
    fn transposed(&self, block: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE];
}

struct OneByOne;

impl<T: Scalar> TransposeBlock<T> for OneByOne {
    #[inline(always)]
    fn transposed(&self, block: [[T; SIDE]; SIDE]) -> [[T; SIDE]; SIDE] {
        std::array::from_fn(|row| block.map(|column| column[row]))
    }
}

/// The matrix to transpose, and the memory for the result.
#[derive(Debug)]
pub struct Transpose<'a, T> {
    out: &'a mut [T],
    matrix: &'a [T],
    rows: usize,
    take: Range<usize>,
}

/// The number of rows and columns of a block that is transposed in registers.
pub(crate) const SIDE: usize = 8;

impl<T: Scalar> Transpose<'_, T> {
    /// Transposes block by block where there are enough rows, and entry by entry elsewhere.
    #[inline(always)]
    fn run(self, simd: impl TransposeBlock<T>) {
        let Self { out, matrix, rows, take } = self;
        let columns = matrix.len() / rows;
        let blocked = if take.len() == SIDE { columns - columns % SIDE } else { 0 };
        for first in (0..blocked).step_by(SIDE) {
            let mut block = [[T::zero(); SIDE]; SIDE];
            for (column, to) in (first..).zip(&mut block) {
                to.copy_from_slice(&matrix[column * rows + take.start..][..SIDE]);
            }
            for (row, from) in simd.transposed(block).iter().enumerate() {
                out[row * columns + first..][..SIDE].copy_from_slice(from);
            }
        }
        for (column, from) in matrix.chunks_exact(rows).enumerate().skip(blocked) {
            for (row, &value) in from[take.clone()].iter().enumerate() {
                out[row * columns + column] = value;
            }
        }
    }
}

/// The matrix to compress, and the memory for the result. The offsets continue from `start`.
#[derive(Debug)]
pub struct Job<'a, T> {
    dense: &'a [T],
    rows: usize,
    start: usize,
    offsets: &'a mut Vec<u32>,
    indices: &'a mut [u8],
    values: &'a mut [T],
}

impl<T: Scalar> Job<'_, T> {
    /// Compresses one entry after another.
    fn plain(self) {
        let Self { dense, rows, start, offsets, indices, values } = self;
        let mut used = 0;
        for piece in dense.chunks_exact(rows).flat_map(|column| column.chunks(PIECE)) {
            let (indices, values) = (&mut indices[used..][..SLACK], &mut values[used..][..SLACK]);
            let mut count = 0;
            for (row, &value) in (0..).zip(piece) {
                // `count` is below SLACK; the remainder removes the bounds check.
                indices[count % SLACK] = row;
                values[count % SLACK] = value;
                count += usize::from(value != T::zero());
            }
            used += count;
            offsets.push((start + used) as u32);
        }
    }
}

/// The same operations in single precision, one register at a time: compression by AVX-512's
/// instruction or AVX2's permutation.
#[cfg(target_arch = "x86_64")]
pub(crate) mod simd {
    use std::arch::x86_64::{__m128i, __m256, __m256i, __m512, __m512i, _CMP_NEQ_UQ};

    use pulp::x86::{V3, V4};
    use pulp::{Arch, NullaryFnOnce, cast};

    use super::{Job, PIECE, SIDE, SLACK, Transpose, TransposeBlock};

    /// Writes the non-zeros of up to `L` lanes and returns their number. The memory after them may
    /// be overwritten with arbitrary values.
    trait Register<const L: usize>: Copy {
        fn compress(
            self,
            lanes: [f32; L],
            first: usize,
            indices: &mut [u8; L],
            values: &mut [f32; L],
        ) -> usize;
    }

    impl Register<16> for V4 {
        #[inline(always)]
        fn compress(
            self,
            lanes: [f32; 16],
            first: usize,
            indices: &mut [u8; 16],
            values: &mut [f32; 16],
        ) -> usize {
            let avx512 = self.avx512f;
            let (lanes, zero): (__m512, __m512) = (cast(lanes), cast([0.0f32; 16]));
            let rows: __m512i = cast(ROWS[first / 16 % ROWS.len()]);
            let mask = avx512._mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(lanes, zero);
            *values = cast(avx512._mm512_maskz_compress_ps(mask, lanes));
            let kept: __m128i = avx512._mm512_cvtepi32_epi8(avx512._mm512_maskz_compress_epi32(mask, rows));
            *indices = cast(kept);
            mask.count_ones() as usize
        }
    }

    impl Register<8> for V3 {
        #[inline(always)]
        fn compress(
            self,
            lanes: [f32; 8],
            first: usize,
            indices: &mut [u8; 8],
            values: &mut [f32; 8],
        ) -> usize {
            let (lanes, zero): (__m256, __m256) = (cast(lanes), cast([0.0f32; 8]));
            let nonzero = self.avx._mm256_cmp_ps::<_CMP_NEQ_UQ>(lanes, zero);
            let mask = self.avx._mm256_movemask_ps(nonzero) as usize;
            let order = SET_BITS[mask % 256];
            // Eight bytes become eight 32-bit numbers.
            let bytes: __m128i = cast([order, 0]);
            let permutation: __m256i = self.avx2._mm256_cvtepu8_epi32(bytes);
            *values = cast(self.avx2._mm256_permutevar8x32_ps(lanes, permutation));
            *indices = order.wrapping_add(first as u64 * 0x0101_0101_0101_0101).to_le_bytes();
            mask.count_ones() as usize
        }
    }

    /// The row numbers of each register.
    static ROWS: [[u32; 16]; SLACK / 16] = {
        let (mut rows, mut row) = ([[0; 16]; SLACK / 16], 0);
        while row < SLACK {
            rows[row / 16][row % 16] = row as u32;
            row += 1;
        }
        rows
    };

    /// The positions of the bits that are set in each byte, one position per byte.
    static SET_BITS: [u64; 256] = {
        let (mut table, mut mask) = ([0; 256], 0);
        while mask < 256 {
            let (mut bit, mut place) = (0, 0);
            while bit < 8 {
                if mask >> bit & 1 == 1 {
                    table[mask] |= (bit as u64) << (8 * place);
                    place += 1;
                }
                bit += 1;
            }
            mask += 1;
        }
        table
    };

    /// Compresses with the vectors of `arch`. Returns the job if no vectors of the machine are wide
    /// enough.
    pub(crate) fn compress(arch: Arch, job: Job<'_, f32>) -> Option<Job<'_, f32>> {
        match arch {
            Arch::V4(simd) => simd.vectorize(Compress::<_, 16> { simd, job }),
            Arch::V3(simd) => simd.vectorize(Compress::<_, 8> { simd, job }),
            _ => return Some(job),
        }
        None
    }

    /// Transposes with the vectors of `arch`. Returns the job if no vectors of the machine are wide
    /// enough.
    pub(crate) fn transpose<'a>(arch: Arch, job: Transpose<'a, f32>) -> Option<Transpose<'a, f32>> {
        match arch {
            Arch::V4(simd) => simd.vectorize(Transposition { simd: *simd, job }),
            Arch::V3(simd) => simd.vectorize(Transposition { simd, job }),
            _ => return Some(job),
        }
        None
    }

    struct Transposition<'a> {
        simd: V3,
        job: Transpose<'a, f32>,
    }

    impl NullaryFnOnce for Transposition<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            self.job.run(self.simd);
        }
    }

    impl TransposeBlock<f32> for V3 {
        /// Interleaves pairs, then pairs of pairs, then halves.
        #[inline(always)]
        fn transposed(&self, block: [[f32; SIDE]; SIDE]) -> [[f32; SIDE]; SIDE] {
            /// Interleaves the low parts of both registers, then the high parts.
            macro_rules! both {
                ($low:ident, $high:ident, $a:expr, $b:expr) => {
                    (self.avx.$low($a, $b), self.avx.$high($a, $b))
                };
                ($shuffle:ident: $low:literal, $high:literal, $a:expr, $b:expr) => {
                    (self.avx.$shuffle::<$low>($a, $b), self.avx.$shuffle::<$high>($a, $b))
                };
            }
            let c: [__m256; SIDE] = cast(block);
            let (a0, a1) = both!(_mm256_unpacklo_ps, _mm256_unpackhi_ps, c[0], c[1]);
            let (b0, b1) = both!(_mm256_unpacklo_ps, _mm256_unpackhi_ps, c[2], c[3]);
            let (c0, c1) = both!(_mm256_unpacklo_ps, _mm256_unpackhi_ps, c[4], c[5]);
            let (d0, d1) = both!(_mm256_unpacklo_ps, _mm256_unpackhi_ps, c[6], c[7]);
            let (e0, e1) = both!(_mm256_shuffle_ps: 0b01_00_01_00, 0b11_10_11_10, a0, b0);
            let (e2, e3) = both!(_mm256_shuffle_ps: 0b01_00_01_00, 0b11_10_11_10, a1, b1);
            let (f0, f1) = both!(_mm256_shuffle_ps: 0b01_00_01_00, 0b11_10_11_10, c0, d0);
            let (f2, f3) = both!(_mm256_shuffle_ps: 0b01_00_01_00, 0b11_10_11_10, c1, d1);
            let (r0, r4) = both!(_mm256_permute2f128_ps: 0x20, 0x31, e0, f0);
            let (r1, r5) = both!(_mm256_permute2f128_ps: 0x20, 0x31, e1, f1);
            let (r2, r6) = both!(_mm256_permute2f128_ps: 0x20, 0x31, e2, f2);
            let (r3, r7) = both!(_mm256_permute2f128_ps: 0x20, 0x31, e3, f3);
            cast([r0, r1, r2, r3, r4, r5, r6, r7])
        }
    }

    struct Compress<'a, S, const L: usize> {
        simd: S,
        job: Job<'a, f32>,
    }

    impl<S: Register<L>, const L: usize> NullaryFnOnce for Compress<'_, S, L> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self { simd, job } = self;
            let Job { dense, rows, start, offsets, indices, values } = job;
            let mut used = 0;
            for piece in dense.chunks_exact(rows).flat_map(|column| column.chunks(PIECE)) {
                let (registers, rest) = piece.as_chunks::<L>();
                let mut append = |lanes: [f32; L], first: usize| {
                    let (Some(indices), Some(values)) =
                        (indices[used..].first_chunk_mut(), values[used..].first_chunk_mut())
                    else {
                        return;
                    };
                    used += simd.compress(lanes, first, indices, values);
                };
                registers.iter().enumerate().for_each(|(k, lanes)| append(*lanes, k * L));
                if !rest.is_empty() {
                    let mut lanes = [0.0; L];
                    lanes[..rest.len()].copy_from_slice(rest);
                    append(lanes, piece.len() - rest.len());
                }
                offsets.push((start + used) as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::NonZeros;
    use crate::Scalar;
    use crate::step::tuning::{PIECE, architectures};

    /// Compares the lists of two matrices with a search entry by entry, in memory that was used
    /// before.
    fn finds<T: Scalar>() {
        let rng = &mut ChaCha8Rng::seed_from_u64(4);
        let mut found = NonZeros::default();
        for (rows, density) in
            [(1, 0.5), (7, 0.5), (PIECE, 0.3), (PIECE, 0.02), (131, 1.0), (200, 0.7), (33, 0.0)]
        {
            let mut matrix = |columns: usize| -> Vec<T> {
                let entry = |_| {
                    if rng.random_bool(density) {
                        T::round_from(rng.random::<f64>() - 2.0)
                    } else {
                        T::zero()
                    }
                };
                (0..rows * columns).map(entry).collect()
            };
            let (first, second) = (matrix(5), matrix(3));
            for arch in architectures() {
                found.clear(first.len() + second.len());
                found.append(arch, &first, rows);
                found.append(arch, &second, rows);
                let lists = found.lists();
                let mut list = 0;
                for part in
                    first.chunks(rows).chain(second.chunks(rows)).flat_map(|column| column.chunks(PIECE))
                {
                    let expected = (0..).zip(part).filter(|(_, value)| **value != T::zero());
                    let range = lists.offsets[list] as usize..lists.offsets[list + 1] as usize;
                    let given = lists.indices[range.clone()].iter().copied().zip(&lists.values[range]);
                    assert!(given.eq(expected), "{arch:?} {rows} {density}: list {list}");
                    list += 1;
                }
                assert_eq!((lists.offsets.len(), found.count()), (list + 1, lists.offsets[list] as usize));
            }
        }
    }

    #[test]
    fn non_zeros_are_found_on_every_architecture() {
        finds::<f32>();
        finds::<f64>();
    }
}
