//! The two floating-point types, with the dense product and the file type that the model needs of them.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use safetensors::Dtype;

use crate::Vector;

/// A parameter type: `f32` or `f64`. Sealed.
pub trait Scalar: toy_superposition_data::Scalar + kernels::Kernels {
    /// A list of this type as a [`Vector`] of a weight file.
    fn to_vector(values: &[Self]) -> Vector;

    /// The list, if the vector is of this type.
    fn from_vector(vector: &Vector) -> Option<&[Self]>;
}

pub(crate) mod kernels {
    use super::{Dtype, MatMut, MatRef};

    /// What differs between the two types; private, so that [`super::Scalar`] is sealed.
    pub trait Kernels: Sized + 'static {
        /// The type's name in a weight file.
        const DTYPE: Dtype;
        /// `out = left · right`, or `out += left · right`, on the calling thread.
        fn multiply(out: MatMut<'_, Self>, left: MatRef<'_, Self>, right: MatRef<'_, Self>, add: bool);
        /// What [`NonZeros::append`](crate::step::compress::NonZeros::append) does; `false` if it cannot.
        #[cfg(target_arch = "x86_64")]
        #[expect(clippy::too_many_arguments, reason = "one call of one function")]
        fn compress_simd(
            _arch: pulp::Arch,
            _dense: &[Self],
            _rows: usize,
            _piece: usize,
            _start: usize,
            _offsets: &mut Vec<u32>,
            _indices: &mut [u8],
            _values: &mut [Self],
        ) -> bool {
            false
        }
        /// Appends the little-endian bytes.
        fn write_bytes(self, bytes: &mut Vec<u8>);
    }
}

macro_rules! kernels {
    ($type:ty, $variant:ident $(, $compress:item)?) => {
        impl Scalar for $type {
            fn to_vector(values: &[Self]) -> Vector {
                Vector::$variant(values.to_vec())
            }

            fn from_vector(vector: &Vector) -> Option<&[Self]> {
                match vector {
                    Vector::$variant(values) => Some(values),
                    _ => None,
                }
            }
        }

        impl kernels::Kernels for $type {
            const DTYPE: Dtype = Dtype::$variant;

            fn multiply(out: MatMut<'_, Self>, left: MatRef<'_, Self>, right: MatRef<'_, Self>, add: bool) {
                matmul(out, if add { Accum::Add } else { Accum::Replace }, left, right, 1.0, Par::Seq);
            }

            fn write_bytes(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            $($compress)?
        }
    };
}

kernels!(
    f32,
    F32,
    #[cfg(target_arch = "x86_64")]
    fn compress_simd(
        arch: pulp::Arch,
        dense: &[f32],
        rows: usize,
        piece: usize,
        start: usize,
        offsets: &mut Vec<u32>,
        indices: &mut [u8],
        values: &mut [f32],
    ) -> bool {
        crate::step::compress::simd::compress(arch, dense, rows, piece, start, offsets, indices, values)
    }
);
kernels!(f64, F64);
