//! The two floating-point types of the workspace.

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A floating-point number that models and batches are made of: `f32` or `f64`.
///
/// Sealed: arithmetic comes from [`nalgebra::RealField`], and this trait adds only the conversions.
pub trait Scalar: sealed::Sealed + nalgebra::RealField + Copy + Default + Into<f64> {
    /// The nearest value of this type.
    fn round_from(value: f64) -> Self;

    /// The exact value as an `f64`.
    fn to_f64(self) -> f64 {
        self.into()
    }

    /// The list as one of a known type, for code that differs between the two.
    fn floats_mut(values: &mut [Self]) -> FloatsMut<'_>;
}

/// A list of either type, from [`Scalar::floats_mut`].
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
