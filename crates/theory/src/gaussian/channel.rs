//! One output before its rectifier: `Y = c u + β + ν`, `ν ~ N(0, s²)`.

/// The pre-activation of one output whose own feature has the value `u` (equations 4 and 5).
///
/// With `W` and the biases of a model, `c = W_ii` and `β = b_i + Σ_{j≠i} W_ij E x_j`; for the symmetric model of
/// section 4, divided by its gain `a`, `c = 1`, `β` is the shift and `s = σ`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    pub(crate) slope: f64,
    pub(crate) shift: f64,
    pub(crate) noise: f64,
    /// `exp(reference²/2)` is taken out of all tails.
    pub(crate) reference: f64,
}

impl Channel {
    /// A channel of finite slope and shift and noise in [0, ∞).
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) and [`Error::Sigma`](crate::Error::Sigma).
    pub fn new(slope: f64, shift: f64, noise: f64) -> crate::Result<Self> {
        crate::error::finite("slope", slope)?;
        crate::error::finite("shift", shift)?;
        crate::error::sigma(noise)?;
        Ok(Self::unchecked(slope, shift, noise))
    }

    pub(crate) fn unchecked(slope: f64, shift: f64, noise: f64) -> Self {
        Self { slope, shift, noise, reference: 0.0 }
    }

    /// The same channel with the exponent of its largest tail over magnitudes in `[0, largest]` taken out.
    pub(crate) fn scaled(self, largest: f64) -> Self {
        let z = self.z(0.0).max(self.z(largest));
        Self { reference: if z < 0.0 && z.is_finite() { -z } else { 0.0 }, ..self }
    }

    /// `c`: what the output's own feature is multiplied by.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// `β`: the bias, the interference's mean with it.
    pub fn shift(&self) -> f64 {
        self.shift
    }

    /// `s`: the standard deviation of the interference.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// `c u + β`.
    pub(crate) fn line(&self, u: f64) -> f64 {
        self.slope * u + self.shift
    }

    /// `z = (c u + β)/s`; at `s = 0` its limit.
    pub(crate) fn z(&self, u: f64) -> f64 {
        let line = self.line(u);
        if line == 0.0 { 0.0 } else { line / self.noise }
    }
}
