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
}

impl Scalar for f32 {
    fn round_from(value: f64) -> Self {
        value as f32
    }
}

impl Scalar for f64 {
    fn round_from(value: f64) -> Self {
        value
    }
}
