//! The non-zeros of a dense matrix: which, and their values.

use pulp::Arch;

use super::cell::PIECE;
use crate::Scalar;

/// Of each piece of [`PIECE`] rows of each column, the indices within it and the values of the non-zeros, in order:
/// those of piece `k` from `offsets[k]` to `offsets[k + 1]`.
///
/// There is room for a piece more than the matrix has entries, since more is written than is kept.
pub(crate) fn compress<T: Scalar>(
    arch: Arch,
    dense: &[T],
    rows: usize,
    offsets: &mut Vec<u32>,
    indices: &mut [u8],
    values: &mut [T],
) {
    #[cfg(target_arch = "x86_64")]
    if let Arch::V4(simd) = arch
        && rows.is_multiple_of(PIECE)
        && T::compress_avx512(simd, dense, offsets, indices, values)
    {
        return;
    }
    let _ = arch;
    let mut used = 0;
    offsets.push(0);
    for piece in dense.chunks_exact(rows).flat_map(|column| column.chunks(PIECE)) {
        let (indices, values) = (&mut indices[used..][..PIECE], &mut values[used..][..PIECE]);
        let mut count = 0;
        for (row, &value) in (0..).zip(piece) {
            // `count` is below PIECE; the remainder spares the check.
            indices[count % PIECE] = row;
            values[count % PIECE] = value;
            count += usize::from(value != T::zero());
        }
        used += count;
        offsets.push(used as u32);
    }
}

/// The same for pieces of full length in single precision, by AVX-512's compression, 16 numbers at a time.
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512 {
    use std::arch::x86_64::{__m128i, __m512, __m512i, _CMP_NEQ_UQ};

    use pulp::{NullaryFnOnce, cast, x86::V4};

    use super::PIECE;

    const LANES: usize = 16;

    pub(crate) struct Compress<'a> {
        pub(crate) simd: V4,
        pub(crate) dense: &'a [f32],
        pub(crate) offsets: &'a mut Vec<u32>,
        pub(crate) indices: &'a mut [u8],
        pub(crate) values: &'a mut [f32],
    }

    impl NullaryFnOnce for Compress<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self { simd, dense, offsets, indices, values } = self;
            let avx512 = simd.avx512f;
            let zero: __m512 = cast([0.0f32; LANES]);
            let mut first = [0u32; LANES];
            first.iter_mut().zip(0..).for_each(|(index, lane)| *index = lane);
            let mut used = 0;
            offsets.push(0);
            for piece in dense.as_chunks::<PIECE>().0 {
                for (group, lanes) in piece.as_chunks::<LANES>().0.iter().enumerate() {
                    let lanes: __m512 = cast(*lanes);
                    let rows: __m512i = cast(first.map(|lane| lane + (group * LANES) as u32));
                    let mask = avx512._mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(lanes, zero);
                    let kept: [f32; LANES] = cast(avx512._mm512_maskz_compress_ps(mask, lanes));
                    values[used..used + LANES].copy_from_slice(&kept);
                    let kept = avx512._mm512_maskz_compress_epi32(mask, rows);
                    let kept: __m128i = avx512._mm512_cvtepi32_epi8(kept);
                    indices[used..used + LANES].copy_from_slice(&cast::<_, [u8; LANES]>(kept));
                    used += mask.count_ones() as usize;
                }
                offsets.push(used as u32);
            }
        }
    }
}
