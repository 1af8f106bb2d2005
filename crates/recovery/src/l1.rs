//! The limits of convex decoders for n_s → ∞: `min 1ᵀx` over `A x = y`, `x ≥ 0`, and `min ‖x‖₁`
//! over `A x = y`.

use crate::error::check_share;
use crate::{Error, Prior, Result, Sign};

/// The number `κ` of signs that the estimate of a feature that is off can take.
fn sides(sign: Sign) -> f64 {
    match sign {
        Sign::Nonnegative => 1.0,
        Sign::Any => 2.0,
    }
}

/// The normal distribution function `Φ(z)`.
fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The normal density `φ(z)`.
fn bell(z: f64) -> f64 {
    (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
}

/// The average `E (Z − z)₊² = (1 + z²) Φ(−z) − z φ(z)`.
fn excess(z: f64) -> f64 {
    (1.0 + z * z) * below(-z) - z * bell(z)
}

/// The ratio `δ = n_d/n_s` above which the convex program recovers vectors with a share
/// `sparsity = k/n_s` of non-zeros exactly, for n_s → ∞ and features of this sign. It is
/// `M_κ(k/n_s)` of [`l1_loss`], the weak threshold of Donoho and Tanner.
///
/// # Errors
/// [`Error::OutOfRange`] for a sparsity outside (0, 1].
pub fn donoho_tanner(sparsity: f64, sign: Sign) -> Result<f64> {
    check_share("the sparsity k/n_s", sparsity)?;
    let (on, off) = (sparsity, sides(sign) * (1.0 - sparsity));
    // The function is convex in z. Half its derivative is ε z + κ (1 − ε)(z Φ(−z) − φ(z)).
    let slope = |z: f64| on * z + off * (z * below(-z) - bell(z));
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    let z = 0.5 * (low + high);
    Ok(on * (1.0 + z * z) + off * excess(z))
}

/// The share `ρ = k/n_d` of non-zeros per hidden dimension up to which the convex program recovers
/// at the ratio `δ = n_d/n_s`, for n_s → ∞. It is the inverse of [`donoho_tanner`].
///
/// # Errors
/// [`Error::OutOfRange`] for a ratio outside (0, 1].
pub fn donoho_tanner_sparsity(ratio: f64, sign: Sign) -> Result<f64> {
    check_share("the ratio", ratio)?;
    let sides = sides(sign);
    let value = |z: f64| (1.0 - sides / ratio * excess(z)) / (1.0 + z * z - sides * excess(z));
    // There is one maximum, which is found by a scan and then a search by thirds.
    let best =
        (0..=800).map(|k| 0.01 * f64::from(k)).fold(0.0, |a, b| if value(b) > value(a) { b } else { a });
    let (mut low, mut high) = ((best - 0.01_f64).max(0.0), best + 0.01);
    for _ in 0..80 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if value(a) < value(b) { low = a } else { high = b }
    }
    Ok(value(0.5 * (low + high)))
}

/// The loss per feature of `min 1ᵀx` over `A x = y`, `x ≥ 0`, for n_s → ∞ and an `A` of independent
/// entries. It is 0 where the program recovers the features.
///
/// With soft thresholds `η(r) = (r − α τ)₊` in place of the posterior mean AMP solves these
/// problems. Its state evolution shows that they recover a fraction `ε = k/n_s` of non-zeros if and
/// only if the ratio `δ = n_d/n_s` is above
///
/// ```math
/// M_\kappa(\varepsilon) = \min_{z \ge 0}\; \varepsilon (1 + z^2) + \kappa (1 - \varepsilon) \bigl[(1 + z^2) \Phi(-z) - z \varphi(z)\bigr],
/// \qquad \kappa = \begin{cases} 1 & x \ge 0 \\ 2 & \text{any sign,} \end{cases}
/// ```
///
/// the weak threshold of Donoho and Tanner; solved for `ρ = k/n_d` it is
/// `ρ(δ) = max_z [1 − (κ/δ) t]/[1 + z² − κ t]`, `t = (1 + z²) Φ(−z) − z φ(z)`. (Donoho, Maleki and
/// Montanari, PNAS 106, 2009.) Where the program fails its loss is `m = δ τ²`, with `α` and `τ`
/// from
///
/// ```math
/// E\bigl[(x + \tau Z - \alpha\tau)_+ - x\bigr]^2 = \delta \tau^2, \qquad P[x + \tau Z > \alpha\tau] = \delta.
/// ```
///
/// # Errors
/// [`Error::OutOfRange`] for a ratio outside (0, 1], and for a feature that is on with probability
/// 1; [`Error::Prior`] for a feature that may be negative.
pub fn l1_loss(prior: &dyn Prior, ratio: f64) -> Result<f64> {
    check_share("the ratio", ratio)?;
    if prior.bends()[0] < 0.0 {
        return Err(Error::Prior { what: "a magnitude that may be negative" });
    }
    let on = prior.average(&|x| f64::from(u8::from(x > 0.0)));
    if ratio == 1.0 {
        return Ok(0.0);
    }
    if on >= 1.0 {
        return Err(Error::OutOfRange { what: "the probability", given: on, allowed: "(0, 1)" });
    }
    if ratio > donoho_tanner(on, Sign::Nonnegative)? {
        return Ok(0.0);
    }
    // The second equation gives α(τ). Then the left side of the first, less δτ², changes its sign
    // once.
    let loss = |tau: f64| {
        let share = |alpha: f64| prior.average(&|x| below(x / tau - alpha));
        // Where α would be negative there is no solution, since the noise is too large.
        if share(0.0) < ratio {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 10.0 + prior.largest() / tau);
        for _ in 0..70 {
            let middle = 0.5 * (low + high);
            if share(middle) > ratio { low = middle } else { high = middle }
        }
        let alpha = 0.5 * (low + high);
        // With z = α − x/τ the output is τ (Z − z)₊, and it should be x.
        prior.average(&|x| {
            let z = alpha - x / tau;
            let first = bell(z) - z * below(-z);
            tau * tau * excess(z) - 2.0 * x * tau * first + x * x
        })
    };
    let scale = prior.before().variance.sqrt();
    let (mut low, mut high) = ((1e-6 * scale).ln(), (1e3 * scale).ln());
    for _ in 0..60 {
        let middle: f64 = 0.5 * (low + high);
        let tau = middle.exp();
        if loss(tau) > ratio * tau * tau { low = middle } else { high = middle }
    }
    Ok(ratio * (low + high).exp())
}
