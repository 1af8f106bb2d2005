//! Averages of the Gaussian tails `g_k` over an interval on which the argument keeps its sign.
//!
//! ```math
//! \bar g_k = \frac1h \int_0^h g_k(y + x)\,dx = \frac{g_{k+1}(y) - g_{k+1}(y + h)}{h}, \qquad
//! \tilde g_k = \frac1{h^2} \int_0^h x\, g_k(y + x)\,dx = \frac{\bar g_{k+1} - g_{k+1}(y + h)}{h}, \qquad
//! \frac1{h^3} \int_0^h x^2 g_k(y + x)\,dx = \frac{2 \tilde g_{k+1} - g_{k+1}(y + h)}{h}.
//! ```
//!
//! The differences cancel where `g` hardly changes over the interval. There Taylor's series about
//! the middle of the interval is summed instead, with the derivatives `g_k^{(j)} = (−1)ʲ g_{k−j}`
//! and `g_{−n} = He_{n−1} φ`.

use crate::gaussian::tail::Tail;

/// The number of terms of the Taylor series, whose error is 1e-16 for `h (y + 3/2) < 1`.
const TERMS: usize = 20;

/// The averages `ḡ_k` for `k = −1..=2` (at index `k + 1`), `g̃_k` for `k = −1..=1` (at index
/// `k + 1`) and the average of `(x/h)² g_0`, each times `exp(reference²/2)`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Averages {
    pub(crate) mean: [f64; 4],
    pub(crate) ramp: [f64; 3],
    pub(crate) square: f64,
}

impl Averages {
    /// The averages over `[near, far]`, where `0 ≤ near ≤ far`. The length `h = far − near` is
    /// given separately, so that it is accurate where it is small.
    pub(crate) fn new(near: f64, far: f64, h: f64, reference: f64) -> Self {
        let near_factor = factor(near, reference);
        if near_factor == 0.0 {
            return Self::default();
        }
        if h * (near + 1.5) < 1.0 {
            return Self::taylor(near + 0.5 * h, 0.5 * h, reference);
        }
        let start = Tail::new(near).0.map(|r| r * near_factor);
        let far_factor = factor(far, reference);
        let end = if far_factor == 0.0 { [0.0; 5] } else { Tail::new(far).0.map(|r| r * far_factor) };
        let inverse = 1.0 / h;
        let mut averages = Self::default();
        for k in 0..4 {
            averages.mean[k] = (start[k + 1] - end[k + 1]) * inverse;
        }
        for k in 0..3 {
            averages.ramp[k] = (averages.mean[k + 1] - end[k + 1]) * inverse;
        }
        averages.square = (2.0 * averages.ramp[2] - end[2]) * inverse;
        averages
    }

    /// The averages over `[middle − half, middle + half]` by Taylor's series.
    fn taylor(middle: f64, half: f64, reference: f64) -> Self {
        let f = factor(middle, reference);
        // Holds g_2, g_1, g_0, g_{−1}, g_{−2}, …: g_k is g[2 − k].
        let mut g = [0.0; TERMS + 4];
        let Tail([m1, r0, r1, r2, _]) = Tail::new(middle);
        g[0] = r2 * f;
        g[1] = r1 * f;
        g[2] = r0 * f;
        g[3] = m1 * f;
        g[4] = middle * g[3];
        for n in 2..TERMS {
            // He_n = y He_{n−1} − (n − 1) He_{n−2}
            g[n + 3] = middle * g[n + 2] - (n - 1) as f64 * g[n + 1];
        }
        let mut averages = Self::default();
        let (mut odd, mut even) = ([0.0; 3], 0.0);
        // half^j / j!
        let mut weight = 1.0;
        for j in 0..TERMS {
            let factorial = (j + 1) as f64;
            if j % 2 == 0 {
                for (k, mean) in averages.mean.iter_mut().enumerate() {
                    *mean += g[3 - k + j] * weight / factorial;
                }
                even += g[2 + j] * weight / (factorial + 2.0);
            } else {
                for (k, odd) in odd.iter_mut().enumerate() {
                    *odd += g[3 - k + j] * weight / (factorial + 1.0);
                }
            }
            weight *= half / factorial;
        }
        for (k, odd) in odd.iter().enumerate() {
            averages.ramp[k] = 0.5 * (averages.mean[k] - odd);
        }
        averages.square = 0.25 * (averages.mean[1] - 2.0 * odd[1] + even);
        averages
    }
}

/// The factor `exp(−(y² − reference²)/2)` of the scaled tails at `y`.
pub(crate) fn factor(y: f64, reference: f64) -> f64 {
    (-0.5 * (y - reference) * (y + reference)).exp()
}
