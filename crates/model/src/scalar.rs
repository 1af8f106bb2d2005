//! The two floating-point types, with the kernels and the file type that the model needs for each.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use safetensors::Dtype;

use toy_superposition_data::SparseBatch;

use crate::step::compress::{Job, Transpose};
use crate::{Autoencoder, MinibatchLoss, Parameters, Result, Vector};

/// A parameter type: `f32` or `f64`. This trait is sealed.
pub trait Scalar: toy_superposition_data::Scalar + kernels::Kernels {
    /// Returns a list of this type as a [`Vector`] of a weight file.
    fn to_vector(values: &[Self]) -> Vector;

    /// Returns the list if the vector is of this type.
    fn from_vector(vector: &Vector) -> Option<&[Self]>;
}

pub(crate) mod kernels {
    use super::{Autoencoder, MinibatchLoss, Parameters, Result, SparseBatch};
    use super::{Dtype, Job, MatMut, MatRef, Transpose};

    /// The operations that differ between the two types, and those that are compiled here so that
    /// dependent crates need not compile them again. The trait is private, which seals
    /// [`super::Scalar`].
    pub trait Kernels: Sized + 'static {
        /// The type's name in a weight file.
        const DTYPE: Dtype;
        /// The same name as text.
        const NAME: &'static str;
        /// `out = left · right`, or `out += left · right`, on the calling thread.
        fn multiply(out: MatMut<'_, Self>, left: MatRef<'_, Self>, right: MatRef<'_, Self>, add: bool);
        /// Runs [`MinibatchLoss::forward`].
        fn forward(
            loss: &mut MinibatchLoss<Self>,
            model: &Autoencoder<Self>,
            batch: &SparseBatch<Self>,
            gradient: bool,
        ) -> Result<()>
        where
            Self: super::Scalar;
        /// Runs [`MinibatchLoss::backward`].
        fn backward(
            loss: &mut MinibatchLoss<Self>,
            model: &Autoencoder<Self>,
            batch: &SparseBatch<Self>,
            gradient: &mut Parameters<Self>,
        ) where
            Self: super::Scalar;
        /// Compresses one register at a time. Returns the job if the processor does not support
        /// this.
        fn compress_simd(_arch: pulp::Arch, job: Job<'_, Self>) -> Option<Job<'_, Self>> {
            Some(job)
        }
        /// Transposes blocks in registers. Returns the job if the processor does not support this.
        fn transpose_simd<'a>(_arch: pulp::Arch, job: Transpose<'a, Self>) -> Option<Transpose<'a, Self>> {
            Some(job)
        }
        /// Appends the little-endian bytes of the number.
        fn write_bytes(self, bytes: &mut Vec<u8>);
    }
}

macro_rules! kernels {
    ($type:ty, $variant:ident $(, $simd:item)*) => {
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
            const NAME: &'static str = stringify!($variant);

            fn multiply(out: MatMut<'_, Self>, left: MatRef<'_, Self>, right: MatRef<'_, Self>, add: bool) {
                matmul(out, if add { Accum::Add } else { Accum::Replace }, left, right, 1.0, Par::Seq);
            }

            fn forward(
                loss: &mut MinibatchLoss<Self>,
                model: &Autoencoder<Self>,
                batch: &SparseBatch<Self>,
                gradient: bool,
            ) -> Result<()> {
                loss.forward(model, batch, gradient)
            }

            fn backward(
                loss: &mut MinibatchLoss<Self>,
                model: &Autoencoder<Self>,
                batch: &SparseBatch<Self>,
                gradient: &mut Parameters<Self>,
            ) {
                loss.backward(model, batch, gradient);
            }

            fn write_bytes(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            $($simd)*
        }
    };
}

kernels!(
    f32,
    F32,
    #[cfg(target_arch = "x86_64")]
    fn compress_simd(arch: pulp::Arch, job: Job<'_, f32>) -> Option<Job<'_, f32>> {
        crate::step::compress::simd::compress(arch, job)
    },
    #[cfg(target_arch = "x86_64")]
    fn transpose_simd<'a>(arch: pulp::Arch, job: Transpose<'a, f32>) -> Option<Transpose<'a, f32>> {
        crate::step::compress::simd::transpose(arch, job)
    }
);
kernels!(f64, F64);
