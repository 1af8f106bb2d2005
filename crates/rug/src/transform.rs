//! The fast Walsh–Hadamard transform in O(n log n).

use nalgebra::DMatrix;
use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::parallel::for_each_column;
use toy_superposition_data::{FloatsMut, Scalar};

use crate::Result;
use crate::error::{check_length, log2};
use crate::kernels::{Across, Block, Vectors, plain, split};

/// The size in bytes of a slice that is transformed without further division; it fits the
/// first-level cache.
const INNER: usize = 1 << 15;
/// The size in bytes from which a slice is transformed on several threads.
#[cfg(feature = "parallel")]
const PARALLEL: usize = 1 << 19;

/// Replaces `x` by `H x` in place, unnormalised, in O(n log n), on all threads if `x` is long.
///
/// ```math
/// y_i = \sum_{j=0}^{n-1} (-1)^{\mathrm{popcount}(i \wedge j)}\, x_j, \qquad n = 2^m
/// ```
///
/// The order is Sylvester's, and the transform is unnormalised everywhere in this crate: applied
/// twice, it multiplies by `n`. A long slice is divided so that each part of the work stays in the
/// fastest cache that holds it. The longest strides are taken first, across eight slices at a time
/// (more would share cache sets), and then each slice is transformed separately. The order of the
/// sums never changes, so the bits do not depend on the number of threads.
///
/// The plain twin is [`transform_naive`](crate::transform_naive). NaN and infinities propagate.
///
/// # Errors
/// [`Error::NotPowerOfTwo`](crate::Error::NotPowerOfTwo) unless the length is a power of two in
/// `1..=2³¹`; `x` is then unchanged.
pub fn transform<T: Scalar>(x: &mut [T]) -> Result<()> {
    log2(x.len())?;
    whole(Arch::new(), x);
    Ok(())
}

/// Overwrites `y` with `H x`.
///
/// # Errors
/// Returns the errors of [`transform`], and [`Error::Length`](crate::Error::Length) unless `x` and
/// `y` have the same length. `y` is then unchanged.
pub fn transform_into<T: Scalar>(x: &[T], y: &mut [T]) -> Result<()> {
    log2(x.len())?;
    check_length("length of the output", y.len(), x.len())?;
    y.copy_from_slice(x);
    whole(Arch::new(), y);
    Ok(())
}

/// Replaces `M` (n × B) by `H M`, the transform of each column.
///
/// # Errors
/// [`Error::NotPowerOfTwo`](crate::Error::NotPowerOfTwo) unless the number of rows n is a power of
/// two in `1..=2³¹`.
pub fn transform_columns<T: Scalar>(matrix: &mut DMatrix<T>) -> Result<()> {
    let n = matrix.nrows();
    log2(n)?;
    let arch = Arch::new();
    for_each_column(matrix.as_mut_slice(), n, together::<T>(n), |_, column| whole(arch, column));
    Ok(())
}

/// Replaces `M` (B × n) by `M H`, the transform of each row.
///
/// # Errors
/// [`Error::NotPowerOfTwo`](crate::Error::NotPowerOfTwo) unless the number of columns n is a power
/// of two in `1..=2³¹`.
pub fn transform_rows<T: Scalar>(matrix: &mut DMatrix<T>) -> Result<()> {
    struct Rows<'a, T>(&'a mut [T], usize);

    impl<T: Scalar> WithSimd for Rows<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            plain(self.0, self.1);
        }
    }

    log2(matrix.ncols())?;
    let rows = matrix.nrows();
    if rows > 0 {
        Arch::new().dispatch(Rows(matrix.as_mut_slice(), rows));
    }
    Ok(())
}

/// Returns the number of columns of `n` entries that one thread should take at a time.
pub(crate) fn together<T>(n: usize) -> usize {
    (INNER / (n * size_of::<T>())).max(1)
}

/// Transforms a slice whose length is a power of two, on all threads if it is long.
pub(crate) fn whole<T: Scalar>(arch: Arch, x: &mut [T]) {
    match T::floats_mut(x) {
        FloatsMut::F32(x) => whole_f32(arch, x),
        FloatsMut::F64(x) => whole_f64(arch, x),
    }
}

/// Transforms a slice of `f32`. It is not generic, so that dependent crates need not compile it
/// again.
fn whole_f32(arch: Arch, x: &mut [f32]) {
    whole_of(arch, x);
}

/// Transforms a slice of `f64` (see [`whole_f32`]).
fn whole_f64(arch: Arch, x: &mut [f64]) {
    whole_of(arch, x);
}

fn whole_of<T: Vectors>(arch: Arch, x: &mut [T]) {
    #[cfg(feature = "parallel")]
    if size_of_val(x) >= PARALLEL && rayon::current_num_threads() > 1 {
        across_threads(arch, split::<T, 8>(x));
        let part = x.len() / 8;
        return for_each_column(x, part, 1, |_, part| serial(arch, part));
    }
    serial(arch, x);
}

/// Transforms a slice on the calling thread.
fn serial<T: Vectors>(arch: Arch, x: &mut [T]) {
    if size_of_val(x) <= INNER {
        return arch.dispatch(Block(x));
    }
    let radix = (size_of_val(x) / INNER).min(8);
    match radix {
        8 => arch.dispatch(Across::<T, 8>(split(x))),
        4 => arch.dispatch(Across::<T, 4>(split(x))),
        _ => arch.dispatch(Across::<T, 2>(split(x))),
    }
    let part = x.len() / radix;
    x.chunks_exact_mut(part).for_each(|part| serial(arch, part));
}

/// Transforms across `rows`, which all have the same length, in pieces on all threads.
#[cfg(feature = "parallel")]
fn across_threads<T: Vectors, const R: usize>(arch: Arch, rows: [&mut [T]; R]) {
    let length = rows[0].len();
    if std::mem::size_of_val(rows[0]) <= INNER {
        return arch.dispatch(Across(rows));
    }
    let mut right: [&mut [T]; R] = std::array::from_fn(|_| Default::default());
    let mut r = 0;
    let left = rows.map(|row| {
        let (left, rest) = row.split_at_mut(length / 2);
        right[r] = rest;
        r += 1;
        left
    });
    rayon::join(|| across_threads(arch, left), || across_threads(arch, right));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, hadamard_matrix, transform_naive};

    /// Returns integers of both signs. Every sum is exact in both types, so the fast and the naive
    /// transform agree to the bit.
    fn integers<T: Scalar>(n: usize) -> Vec<T> {
        (0..n).map(|i| T::round_from(((i * 7919 + 13) % 101) as f64 - 37.0)).collect()
    }

    /// Returns numbers whose sums round, so that another order of the sums gives different bits.
    fn fractions<T: Scalar>(n: usize) -> Vec<T> {
        (0..n).map(|i| T::round_from((i as f64 * 0.734).sin() + 0.01)).collect()
    }

    fn fast_is_naive<T: Scalar>() {
        for m in 0..=12 {
            let x = integers::<T>(1 << m);
            let mut y = vec![T::round_from(f64::NAN); 1 << m];
            transform_into(&x, &mut y).unwrap();
            assert_eq!(y, transform_naive(&x).unwrap(), "2^{m}");
            transform(&mut y).unwrap();
            let n = T::round_from(f64::from(1 << m));
            assert!(y.iter().zip(&x).all(|(&twice, &x)| twice == n * x), "2^{m}");
        }
    }

    #[test]
    fn fast_is_naive_for_all_small_sizes() {
        fast_is_naive::<f32>();
        fast_is_naive::<f64>();
    }

    fn bits_are_those_of_the_plain_loop<T: Vectors>() {
        for m in 0..=20 {
            let mut expected = fractions::<T>(1 << m);
            let (mut parallel, mut alone) = (expected.clone(), expected.clone());
            plain(&mut expected, 1);
            transform(&mut parallel).unwrap();
            assert!(parallel == expected, "2^{m}");
            serial(Arch::new(), &mut alone);
            assert!(alone == expected, "2^{m} on one thread");
        }
    }

    #[test]
    fn bits_do_not_depend_on_blocks_vectors_or_threads() {
        bits_are_those_of_the_plain_loop::<f32>();
        bits_are_those_of_the_plain_loop::<f64>();
    }

    #[test]
    fn bits_do_not_depend_on_the_vector_width() {
        fn check<T: Vectors>(mut run: impl FnMut(Block<'_, T>)) {
            for m in 0..=12 {
                let mut expected = fractions::<T>(1 << m);
                let mut x = expected.clone();
                plain(&mut expected, 1);
                run(Block(&mut x));
                assert!(x == expected, "2^{m}");
            }
        }
        check::<f32>(|block| block.with_simd(pulp::Scalar));
        check::<f64>(|block| block.with_simd(pulp::Scalar));
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(simd) = pulp::x86::V3::try_new() {
                check::<f32>(|block| Simd::vectorize(simd, block));
                check::<f64>(|block| Simd::vectorize(simd, block));
            }
            if let Some(simd) = pulp::x86::V4::try_new() {
                check::<f32>(|block| Simd::vectorize(simd, block));
                check::<f64>(|block| Simd::vectorize(simd, block));
            }
        }
    }

    #[test]
    fn spot_checks_of_a_long_transform() {
        let x = integers::<f64>(1 << 18);
        let mut y = x.clone();
        transform(&mut y).unwrap();
        for i in [0, 1, 4097, 131_072, 262_143] {
            let naive: f64 =
                x.iter().enumerate().map(|(j, x)| f64::from(crate::hadamard_entry(i, j)) * x).sum();
            assert_eq!(y[i], naive, "row {i}");
        }
    }

    #[test]
    fn columns_and_rows_are_matrix_products() {
        for (n, batch) in [(1, 3), (8, 5), (64, 1), (256, 7), (16, 0)] {
            let h = hadamard_matrix::<f64>(n).unwrap();
            let x = DMatrix::from_vec(n, batch, integers(n * batch));
            let (mut columns, mut rows) = (x.clone(), x.transpose());
            transform_columns(&mut columns).unwrap();
            assert_eq!(columns, &h * &x);
            transform_rows(&mut rows).unwrap();
            assert_eq!(rows, x.transpose() * &h);
        }
    }

    #[test]
    fn wrong_lengths_are_refused_and_leave_the_data() {
        let mut x = integers::<f32>(12);
        assert!(matches!(transform(&mut x), Err(Error::NotPowerOfTwo { given: 12 })));
        assert_eq!(x, integers::<f32>(12));
        assert!(matches!(transform::<f64>(&mut []), Err(Error::NotPowerOfTwo { given: 0 })));
        let wrong = transform_into(&[1.0, 2.0], &mut [0.0; 4]);
        assert!(matches!(wrong, Err(Error::Length { given: 4, expected: 2, .. })));
        let mut matrix = DMatrix::<f64>::zeros(3, 4);
        assert!(matches!(transform_columns(&mut matrix), Err(Error::NotPowerOfTwo { given: 3 })));
        assert!(transform_rows(&mut matrix).is_ok());
        assert!(matches!(transform_rows(&mut matrix.transpose()), Err(Error::NotPowerOfTwo { given: 3 })));
    }
}
