//! The inner loops of the fast transform, on vectors as wide as the machine supports.
//!
//! ```math
//! (x_i,\; x_{i + h}) \;\mapsto\; (x_i + x_{i+h},\; x_i - x_{i+h}), \qquad
//! h = n/2,\; n/4,\; \dots,\; 1
//! ```
//!
//! Every kernel takes the strides `h` in this order. Each output is therefore the same tree of sums
//! for every blocking, vector width and number of threads, so that all kernels give the bits of the
//! loop [`plain`]. Strides of at least one vector combine whole vectors, `R` of which are held in
//! registers. A shorter stride turns a vector `v` into `v[i ^ h] ± v[i]`, by a permutation and a
//! multiplication by signs, which is exact and may be fused.

use pulp::bytemuck::cast;
use pulp::{Simd, WithSimd};
use toy_superposition_data::Scalar;

/// The vector operations of the fast transform, for `f32` and `f64`.
pub(crate) trait Vectors: Scalar {
    /// A vector of this type.
    type Vector<S: Simd>: Copy;
    /// Returns the vectors of a slice whose length is a multiple of the vector length.
    fn vectors<S: Simd>(data: &mut [Self]) -> &mut [Self::Vector<S>];
    /// Returns `a + b`.
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns `a − b`.
    fn difference<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Returns the transform of the entries of one vector.
    fn within<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self::Vector<S>;
}

impl Vectors for f32 {
    type Vector<S: Simd> = S::f32s;

    #[inline(always)]
    fn vectors<S: Simd>(data: &mut [f32]) -> &mut [S::f32s] {
        S::as_mut_simd_f32s(data).0
    }

    #[inline(always)]
    fn sum<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.add_f32s(a, b)
    }

    #[inline(always)]
    fn difference<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.sub_f32s(a, b)
    }

    #[inline(always)]
    fn within<S: Simd>(simd: S, mut x: S::f32s) -> S::f32s {
        const SIGNS: [[f32; 16]; 4] = [signs(1), signs(2), signs(4), signs(8)];
        let step = |x: S::f32s, swapped: S::c64s, stride: usize| {
            let signs = S::as_simd_f32s(&SIGNS[stride.ilog2() as usize]).0[0];
            simd.mul_add_e_f32s(x, signs, cast(swapped))
        };
        if S::C64_LANES == 4 {
            x = step(x, swap_half_blocks(simd, cast(x)), 8);
        }
        if S::C64_LANES > 1 {
            x = step(x, swap_blocks(simd, cast(x)), 4);
        }
        x = step(x, simd.swap_re_im_c64s(cast(x)), 2);
        step(x, cast(simd.swap_re_im_c32s(cast(x))), 1)
    }
}

impl Vectors for f64 {
    type Vector<S: Simd> = S::f64s;

    #[inline(always)]
    fn vectors<S: Simd>(data: &mut [f64]) -> &mut [S::f64s] {
        S::as_mut_simd_f64s(data).0
    }

    #[inline(always)]
    fn sum<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
        simd.add_f64s(a, b)
    }

    #[inline(always)]
    fn difference<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
        simd.sub_f64s(a, b)
    }

    #[inline(always)]
    fn within<S: Simd>(simd: S, mut x: S::f64s) -> S::f64s {
        const SIGNS: [[f64; 8]; 3] = [signs_f64(1), signs_f64(2), signs_f64(4)];
        let step = |x: S::f64s, swapped: S::c64s, stride: usize| {
            let signs = S::as_simd_f64s(&SIGNS[stride.ilog2() as usize]).0[0];
            simd.mul_add_e_f64s(x, signs, cast(swapped))
        };
        if S::C64_LANES == 4 {
            x = step(x, swap_half_blocks(simd, cast(x)), 4);
        }
        if S::C64_LANES > 1 {
            x = step(x, swap_blocks(simd, cast(x)), 2);
        }
        step(x, simd.swap_re_im_c64s(cast(x)), 1)
    }
}

/// Permutes blocks of 128 bits in a vector of four: `(a, b, c, d) ↦ (c, d, a, b)`.
#[inline(always)]
fn swap_half_blocks<S: Simd>(simd: S, x: S::c64s) -> S::c64s {
    simd.rotate_right_c64s(x, 2)
}

/// Permutes blocks of 128 bits in a vector of two or four: `(a, b, c, d) ↦ (b, a, d, c)`.
#[inline(always)]
fn swap_blocks<S: Simd>(simd: S, x: S::c64s) -> S::c64s {
    if S::C64_LANES == 2 {
        return simd.rotate_right_c64s(x, 1);
    }
    let odd = S::as_simd_f64s(&[1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0]).0[0];
    let odd = simd.less_than_f64s(odd, simd.splat_f64s(0.0));
    let (before, after) = (simd.rotate_right_c64s(x, 1), simd.rotate_right_c64s(x, 3));
    cast(simd.select_f64s(odd, cast(before), cast(after)))
}

/// Returns the factor of `v[i]` in `v[i ^ h] ± v[i]`, which is −1 if `i` has the bit `h`, and 1
/// otherwise.
const fn signs<const N: usize>(h: usize) -> [f32; N] {
    let mut signs = [1.0; N];
    let mut i = 0;
    while i < N {
        if i & h != 0 {
            signs[i] = -1.0;
        }
        i += 1;
    }
    signs
}

/// Returns [`signs`] for `f64`.
const fn signs_f64(h: usize) -> [f64; 8] {
    let (narrow, mut wide) = (signs::<8>(h), [0.0; 8]);
    let mut i = 0;
    while i < 8 {
        wide[i] = narrow[i] as f64;
        i += 1;
    }
    wide
}

/// Applies the strides from `data.len()/2` down to `shortest` in three loops. It is used for slices
/// shorter than a vector, for machines without vectors, and for the rows of a matrix.
#[inline(always)]
pub(crate) fn plain<T: Scalar>(data: &mut [T], shortest: usize) {
    let mut stride = data.len() / 2;
    while stride >= shortest {
        for pair in data.chunks_exact_mut(2 * stride) {
            let (low, high) = pair.split_at_mut(stride);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        stride /= 2;
    }
}

/// All strides within a slice that fits the first-level cache. Its length is a power of two.
pub(crate) struct Block<'a, T>(pub(crate) &'a mut [T]);

impl<T: Vectors> WithSimd for Block<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = size_of::<S::f32s>() / size_of::<T>();
        let data = self.0;
        if S::IS_SCALAR || data.len() < lanes {
            return plain(data, 1);
        }
        let tile = lanes * radix::<S>();
        let mut block = data.len();
        while block > tile {
            let radix = (block / tile).min(radix::<S>());
            for part in data.chunks_exact_mut(block) {
                match radix {
                    16 => strided::<T, S, 16>(simd, split(part)),
                    8 => strided::<T, S, 8>(simd, split(part)),
                    4 => strided::<T, S, 4>(simd, split(part)),
                    _ => strided::<T, S, 2>(simd, split(part)),
                }
            }
            block /= radix;
        }
        match block / lanes {
            16 => tiles::<T, S, 16>(simd, data),
            8 => tiles::<T, S, 8>(simd, data),
            4 => tiles::<T, S, 4>(simd, data),
            2 => tiles::<T, S, 2>(simd, data),
            _ => tiles::<T, S, 1>(simd, data),
        }
    }
}

/// The `log₂ R` longest strides, across `R` slices of equal length, which is a multiple of 16.
pub(crate) struct Across<'a, T, const R: usize>(pub(crate) [&'a mut [T]; R]);

impl<T: Vectors, const R: usize> WithSimd for Across<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        strided::<T, S, R>(simd, self.0);
    }
}

/// Splits `data` into `R` equal slices.
pub(crate) fn split<T, const R: usize>(data: &mut [T]) -> [&mut [T]; R] {
    let mut parts = data.chunks_exact_mut(data.len() / R);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Returns the number of vectors that a kernel holds in registers.
#[inline(always)]
const fn radix<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 16 } else { 8 }
}

/// Applies the strides of `R/2`, …, 1 vectors.
#[inline(always)]
fn butterflies<T: Vectors, S: Simd, const R: usize>(simd: S, x: &mut [T::Vector<S>; R]) {
    let mut stride = R / 2;
    while stride > 0 {
        for i in 0..R {
            if i & stride == 0 {
                let (a, b) = (x[i], x[i + stride]);
                x[i] = T::sum(simd, a, b);
                x[i + stride] = T::difference(simd, a, b);
            }
        }
        stride /= 2;
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "k runs over R rows at once")]
fn strided<T: Vectors, S: Simd, const R: usize>(simd: S, rows: [&mut [T]; R]) {
    let mut rows = rows.map(T::vectors::<S>);
    let vectors = rows[0].len();
    for row in &mut rows {
        let (kept, _) = std::mem::take(row).split_at_mut(vectors);
        *row = kept;
    }
    for k in 0..vectors {
        let mut x = [rows[0][k]; R];
        for r in 1..R {
            x[r] = rows[r][k];
        }
        butterflies::<T, S, R>(simd, &mut x);
        for r in 0..R {
            rows[r][k] = x[r];
        }
    }
}

/// Applies all strides within each run of `R` vectors.
#[inline(always)]
fn tiles<T: Vectors, S: Simd, const R: usize>(simd: S, data: &mut [T]) {
    for tile in T::vectors::<S>(data).as_chunks_mut::<R>().0 {
        let mut x = [tile[0]; R];
        x[1..R].copy_from_slice(&tile[1..R]);
        butterflies::<T, S, R>(simd, &mut x);
        for x in &mut x {
            *x = T::within(simd, *x);
        }
        tile[..R].copy_from_slice(&x[..R]);
    }
}
