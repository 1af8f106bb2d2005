//! One output before its rectifier: `Y = c u + β + ν`, `ν ~ N(0, s²)`.

/// The pre-activation of one output whose own feature has the value `u` (equations 4 and 5).
///
/// With `W` and the biases of a model, `c = W_ii` and `β = b_i + Σ_{j≠i} W_ij E x_j`; for the
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
    /// `exp(reference²/2)` is taken out of all tails.
    pub(crate) reference: f64,
    /// What [`Terms`](crate::Terms) multiply magnitudes by: 1 over the length in which shift and
    /// noise are measured.
    pub(crate) unit: f64,
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
        Self { slope, shift, noise, reference: 0.0, unit: 1.0 }
    }

    /// The same channel with the exponent of its largest tail over magnitudes in `[0, largest]`
    /// taken out.
    pub(crate) fn scaled(self, largest: f64) -> Self {
        let z = self.z(0.0).max(self.z(largest));
        Self { reference: if z < 0.0 && z.is_finite() { -z } else { 0.0 }, ..self }
    }

    /// What a magnitude in the units of shift and noise is multiplied by.
    pub(crate) fn gain(&self) -> f64 {
        self.slope / self.unit
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

/// The length in which a symmetric model's channel `Y = x + β + ν`, `ν ~ N(0, σ²)`, is measured.
///
/// A loss is then measured in the square of that length. In units of the noise neither a loss of
/// order `p σ²` nor the terms that it is made of underflow, however small `σ` is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// 1 over the length.
    unit: f64,
    /// `σ` in units of the length.
    pub(crate) noise: f64,
    /// The length.
    pub(crate) length: f64,
}

impl Scale {
    /// The unit of the magnitudes.
    pub(crate) fn plain(sigma: f64) -> Self {
        Self { unit: 1.0, noise: sigma, length: 1.0 }
    }

    /// The noise. Magnitudes up to `largest` are measured in at least `largest/10¹⁵⁰`, so that
    /// their squares do not overflow: what is smaller than that noise no longer matters beside 1.
    pub(crate) fn noise(sigma: f64, largest: f64) -> Self {
        let most = if largest.is_finite() { 1e150 / largest } else { 1e150 };
        Self { unit: sigma.recip().min(most), noise: 1.0, length: sigma }
    }

    /// The channel of shift `β = zσ`.
    pub(crate) fn channel(&self, z: f64) -> Channel {
        let &Self { unit, noise, .. } = self;
        Channel { slope: unit, shift: z * noise, noise, reference: 0.0, unit }
    }

    /// A loss in the unit of the magnitudes.
    pub(crate) fn loss(&self, measured: f64) -> f64 {
        measured * self.length * self.length
    }
}
