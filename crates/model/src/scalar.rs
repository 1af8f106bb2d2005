//! The two floating-point types, with the dense product and the file type that the model needs of them.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use safetensors::Dtype;

/// A parameter type: `f32` or `f64`. Sealed.
pub trait Scalar: toy_superposition_data::Scalar + kernels::Kernels {}

impl Scalar for f32 {}
impl Scalar for f64 {}

pub(crate) mod kernels {
    use super::{Dtype, MatMut, MatRef};

    /// What differs between the two types; private, so that [`super::Scalar`] is sealed.
    pub trait Kernels: Sized + 'static {
        /// The type's name in a weight file.
        const DTYPE: Dtype;
        /// `out = left · right`, or `out += left · right`, on the calling thread.
        fn multiply(out: MatMut<'_, Self>, left: MatRef<'_, Self>, right: MatRef<'_, Self>, add: bool);
        /// Appends the little-endian bytes.
        fn write_bytes(self, bytes: &mut Vec<u8>);
    }
}

macro_rules! kernels {
    ($type:ty, $dtype:expr) => {
        impl kernels::Kernels for $type {
            const DTYPE: Dtype = $dtype;

            fn multiply(out: MatMut<'_, Self>, left: MatRef<'_, Self>, right: MatRef<'_, Self>, add: bool) {
                matmul(out, if add { Accum::Add } else { Accum::Replace }, left, right, 1.0, Par::Seq);
            }

            fn write_bytes(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}

kernels!(f32, Dtype::F32);
kernels!(f64, Dtype::F64);
