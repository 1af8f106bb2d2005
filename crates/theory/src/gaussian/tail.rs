//! Repeated integrals of the Gaussian tail.

/// Above this `y` the upward recurrence is no longer accurate to 5e-14.
const SWITCH: f64 = 2.5;
/// The density `φ(0) = 1/√(2π)`.
pub(crate) const PHI_0: f64 = 0.398_942_280_401_432_7;

/// The scaled tails `r_{−1}, r_0, r_1, r_2, r_3` at one `y ≥ 0`; [`RectifiedMoments`] defines them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail(pub(crate) [f64; 5]);

impl Tail {
    /// The values at `y = 0`: `g_0 = 1/2`, `g_1 = φ(0)`, `g_2 = 1/4`, `g_3 = φ(0)/3`.
    pub(crate) const ZERO: Self = Self([PHI_0, 0.5, PHI_0, 0.25, PHI_0 / 3.0]);

    /// The scaled tails at `y ≥ 0`. At an infinite `y` all but `r_{−1}` are 0.
    pub(crate) fn new(y: f64) -> Self {
        if y == 0.0 {
            Self::ZERO
        } else if y < SWITCH {
            let r0 = 0.5 * libm::erfc(y * std::f64::consts::FRAC_1_SQRT_2) * (0.5 * y * y).exp();
            let r1 = PHI_0 - y * r0;
            let r2 = (r0 - y * r1) / 2.0;
            Self([PHI_0, r0, r1, r2, (r1 - y * r2) / 3.0])
        } else if y < 1e9 {
            Self::downward(y)
        } else {
            // k! g_k = φ y^{−k−1} (1 + O(y^{−2})).
            let r0 = PHI_0 / y;
            let r1 = r0 / y;
            let r2 = r1 / y;
            Self([PHI_0, r0, r1, r2, r2 / y])
        }
    }

    /// The scaled tails by Miller's algorithm: the recurrence is run downward from a high order,
    /// where its first ratio is set to its fixed point.
    fn downward(y: f64) -> Self {
        // With this many steps the error is below 2e-15, as measured against 60 digits.
        let steps = (6.0 + 130.0 / y) as usize;
        let mut n = steps as f64 + 1.0;
        let mut above = 2.0 / ((y * y + 4.0 * n).sqrt() + y);
        let mut here = 1.0;
        let mut kept = [0.0; 5];
        for k in (0..steps).rev() {
            n -= 1.0;
            (above, here) = (here, y * here + n * above);
            if k < 5 {
                kept[k] = here;
            }
        }
        let scale = PHI_0 / here;
        Self(kept.map(|value| value * scale))
    }
}

/// The moments `M_k(t) = E (t + ν)₊ᵏ`, `k = 0, 1, 2, 3`, of a rectified Gaussian with
/// `ν ~ N(0, σ²)`, stored as `M_k = exp(−log_scale) · scaled_k`.
///
/// ```math
/// g_{-1}(y) = \varphi(y), \qquad g_k(y) = \int_y^\infty g_{k-1} = \frac1{k!}\,E\,(\xi - y)_+^k, \quad \xi \sim N(0, 1),
/// \qquad k\,g_k = g_{k-2} - y\,g_{k-1}.
/// ```
///
/// For `y > 0` the recurrence loses digits upward, since `g_k` is its minimal solution. So above
/// 2.5 it is run downward (Miller's algorithm) and normalised by `g_{−1} = φ`. All values are
/// scaled by `exp(y²/2)`, so that nothing underflows: `r_k(y) = exp(y²/2) g_k(y)`, and
/// `r_0(y) = erfcx(y/√2)/2`.
///
/// `log_scale` is `t²/(2σ²)` for `t < 0` and 0 otherwise, so that the scaled moments neither
/// underflow nor cancel however far `t` lies below 0. There `M_k = k! σᵏ exp(−y²/2) r_k(y)` with
/// `y = −t/σ`; these are the integrals of appendix A.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RectifiedMoments {
    /// The exponent `≥ 0` that is taken out of the moments.
    pub log_scale: f64,
    /// The scaled moments `exp(log_scale) M_k` for `k = 0..=3`.
    pub scaled: [f64; 4],
}

impl RectifiedMoments {
    /// The moments at `t` with noise `sigma ≥ 0`. At `sigma = 0` they are the limit `M_k = t₊ᵏ`,
    /// with `M₀(0) = 1/2`.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a `t` that is not finite,
    /// [`Error::Sigma`](crate::Error::Sigma) for a `sigma` outside [0, ∞).
    pub fn new(t: f64, sigma: f64) -> crate::Result<Self> {
        crate::error::finite("t", t)?;
        crate::error::sigma(sigma)?;
        if sigma == 0.0 {
            let mass = if t > 0.0 { 1.0 } else { 0.5 * f64::from(t == 0.0) };
            let t = t.max(0.0);
            return Ok(Self { log_scale: 0.0, scaled: [mass, t, t * t, t * t * t] });
        }
        let z = t / sigma;
        let Tail([_, r0, r1, r2, r3]) = Tail::new(z.abs());
        let (one, two, three) = (sigma, sigma * sigma, sigma * sigma * sigma);
        if z <= 0.0 {
            return Ok(Self {
                log_scale: 0.5 * z * z,
                scaled: [r0, one * r1, 2.0 * two * r2, 6.0 * three * r3],
            });
        }
        // These are E (t + ν)ᵏ less the part that the rectifier cuts off.
        let cut = (-0.5 * z * z).exp();
        let m0 = 1.0 - cut * r0;
        let m1 = t + one * cut * r1;
        let m2 = t * t + two * (1.0 - 2.0 * cut * r2);
        let m3 = t * (t * t + 3.0 * two) + 6.0 * three * cut * r3;
        Ok(Self { log_scale: 0.0, scaled: [m0, m1, m2, m3] })
    }

    /// The moments `M_k` for `k = 0..=3`, without the scale; a moment is 0 where it underflows.
    pub fn moments(&self) -> [f64; 4] {
        self.scaled.map(|value| value * (-self.log_scale).exp())
    }
}
