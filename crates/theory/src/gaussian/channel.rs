//! The pre-activation of one output, `Y = c u + β + ν` with `ν ~ N(0, s²)`.

/// The pre-activation `Y = c u + β + ν`, `ν ~ N(0, s²)`, of one output whose own feature has the
/// value `u` (equations 4 and 5).
///
/// For the `W` and the biases of a model, `c = W_ii` and `β = b_i + Σ_{j≠i} W_ij E x_j`. For the
/// symmetric model of section 4, divided by its gain `a`, `c = 1`, `β` is the shift and `s = σ`.
///
/// ```
/// use toy_superposition_theory::{Channel, Feature};
/// // y = ReLU(0.9 x − 0.1 + 0.2 g) with a standard Gaussian g.
/// let channel = Channel::new(0.9, -0.1, 0.2)?;
/// assert!(Feature::uniform(0.1)?.row_loss(&channel).total < 0.1 / 3.0);
/// # Ok::<(), toy_superposition_theory::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    pub(crate) slope: f64,
    pub(crate) shift: f64,
    pub(crate) noise: f64,
    /// All tails are multiplied by `exp(reference²/2)`, so that they do not underflow.
    pub(crate) reference: f64,
    /// The factor by which [`Terms`](crate::Terms) multiply magnitudes: 1 divided by the length in
    /// which shift and noise are measured.
    pub(crate) unit: f64,
}

impl Channel {
    /// The channel of slope `c`, shift `β` and noise `s`, where slope and shift are finite and the
    /// noise lies in [0, ∞).
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
        Self { slope, shift, noise, reference: 0.0, unit: 1.0 }
    }

    /// This channel, with its reference set such that the largest tail over magnitudes in
    /// `[0, largest]` is of order 1.
    pub(crate) fn scaled(self, largest: f64) -> Self {
        let z = self.z(0.0).max(self.z(largest));
        Self { reference: if z < 0.0 && z.is_finite() { -z } else { 0.0 }, ..self }
    }

    /// The factor by which a magnitude in the units of shift and noise is multiplied.
    pub(crate) fn gain(&self) -> f64 {
        self.slope / self.unit
    }

    /// The slope `c`, by which the output's own feature is multiplied.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// The shift `β`: the bias plus the mean of the interference.
    pub fn shift(&self) -> f64 {
        self.shift
    }

    /// The noise `s`: the standard deviation of the interference.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// The mean `c u + β` of the pre-activation at magnitude `u`.
    pub(crate) fn line(&self, u: f64) -> f64 {
        self.slope * u + self.shift
    }

    /// The mean over the noise, `z = (c u + β)/s`; at `s = 0` its limit.
    pub(crate) fn z(&self, u: f64) -> f64 {
        let line = self.line(u);
        if line == 0.0 { 0.0 } else { line / self.noise }
    }
}

/// The unit of length in which the channel `Y = x + β + ν`, `ν ~ N(0, σ²)`, of a symmetric model is
/// measured.
///
/// A loss is then measured in the square of that length. In units of the noise neither a loss of
/// order `p σ²` nor its terms underflow, however small `σ` is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// The reciprocal of the length.
    unit: f64,
    /// `σ` in units of the length.
    pub(crate) noise: f64,
    /// The length, in units of the magnitudes.
    pub(crate) length: f64,
}

impl Scale {
    /// The scale that measures everything in the unit of the magnitudes.
    pub(crate) fn plain(sigma: f64) -> Self {
        Self { unit: 1.0, noise: sigma, length: 1.0 }
    }

    /// The scale that measures everything in units of the noise. Magnitudes up to `largest` are
    /// measured in units of at least `largest/10¹⁵⁰`, so that their squares do not overflow; noise
    /// below that unit no longer matters.
    pub(crate) fn noise(sigma: f64, largest: f64) -> Self {
        let most = if largest.is_finite() { 1e150 / largest } else { 1e150 };
        Self { unit: sigma.recip().min(most), noise: 1.0, length: sigma }
    }

    /// The channel of the symmetric model with shift `β = zσ`, in this scale.
    pub(crate) fn channel(&self, z: f64) -> Channel {
        let &Self { unit, noise, .. } = self;
        Channel { slope: unit, shift: z * noise, noise, reference: 0.0, unit }
    }

    /// Converts a loss that was measured in this scale to the unit of the magnitudes.
    pub(crate) fn loss(&self, measured: f64) -> f64 {
        measured * self.length * self.length
    }
}
