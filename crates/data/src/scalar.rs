//! The two floating-point types of the workspace.

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The floating-point type of models and batches: `f32` or `f64`.
///
/// The trait is sealed. Arithmetic comes from [`nalgebra::RealField`]; this trait only adds
/// conversions.
pub trait Scalar: sealed::Sealed + nalgebra::RealField + Copy + Default + Into<f64> {
    /// Rounds to the nearest value of this type.
    fn round_from(value: f64) -> Self;

    /// The exact value as an `f64`.
    fn to_f64(self) -> f64 {
        self.into()
    }

    /// The slice with its concrete type, for code that differs between `f32` and `f64`.
    fn floats_mut(values: &mut [Self]) -> FloatsMut<'_>;
}

/// A mutable slice of either type, as [`Scalar::floats_mut`] returns it.
#[derive(Debug)]
pub enum FloatsMut<'a> {
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
}

impl Scalar for f32 {
    fn floats_mut(values: &mut [Self]) -> FloatsMut<'_> {
        FloatsMut::F32(values)
    }

    fn round_from(value: f64) -> Self {
        value as f32
    }
}

impl Scalar for f64 {
    fn floats_mut(values: &mut [Self]) -> FloatsMut<'_> {
        FloatsMut::F64(values)
    }

    fn round_from(value: f64) -> Self {
        value
    }
}
