//! A lower bound on the loss of any weights.

use crate::{Error, Result};

/// Lower bounds on the loss per feature of any weights, from [`lower_bound`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LowerBound {
    /// A bound that is proved.
    pub proved: f64,
    /// A bound about twelve times higher. One step of its proof, an inequality of three real
    /// numbers, was checked on a grid and is not proved.
    pub checked: f64,
}

/// Lower bounds on the loss per feature of any weights at a ratio r of dimensions to features, for
/// independent features with magnitudes `U[0, 1]`. The bounds are 0 for `p > 1/2`, where no bound
/// is known.
///
/// ```math
/// L \;\ge\; \frac{p K}2 \left(1 - e^{-2 p (1 - p) m F_0}\right) \frac{1/r - 1}{2 F_0}, \qquad
///   F_0 = \frac1r - \frac12, \qquad m = 1 - \frac{\sin \theta}{\theta}, \qquad r = \frac{n_d}{n_s} .
/// ```
/// This holds for every W of rank n_d and every bias, with a rectifier on each output, magnitudes
/// `U[0, 1]` and `p ≤ 1/2`. With `θ = 2` and `K = 1/48` it is proved. With `K = 1/6`, and `θ = 2.7`
/// for `p ≤ 1/5` (`m = 0.842`) or else `θ = 2.2` (`m = 0.633`), step 2 is checked on a grid. For
/// `p ≪ r` the two bounds are `0.0057 p² (1/r − 1)` and `0.070 p² (1/r − 1)`.
///
/// The steps of the proof are:
///
/// 1. **Rank.** Let `W_ii > 0` and `F_i = Σ_{j≠i} min((W_ij/W_ii)², 1)`. Then
///    `mean F_i ≥ (1/r − 1)/2`. Scale the rows so that `W_ii = 1`. Call a pair a conflict if
///    `|W_ij| ≥ 1` or `|W_ji| ≥ 1`; let `c_ii = 1`, `c_ij = 1` for conflicts and
///    `c_ij = (W_ij² + W_ji²)/2` for other pairs. For weights `q ≥ 0`, `Σ q = 1`, on features
///    without conflicts, `Σ q_i q_j c_ij = ‖Q^{1/2} W Q^{1/2}‖² ≥ (tr Q W)²/n_d = 1/n_d`. As in
///    Motzkin and Straus's proof of Turán's theorem the form is linear along
///    `q_i → q_i + t, q_j → q_j − t` for a conflict, so that it has a minimum without conflicts.
///    Hence it is at least `1/n_d` for equal weights:
///    `n + 2 (conflicts) + Σ_{others} W_ij² ≥ n²/n_d`.
/// 2. **One row.** Let `T` be the sum of the bias and the interference, divided by `W_ii`, and
///    `ℓ(T)` the loss given `T`. Then `ℓ(T) + ℓ(T′) ≥ p K (1 − cos θ(T − T′))` for any `T`, `T′`
///    and `W_ii > 0`. docs/theory.md proves `ℓ(T) + ℓ(T′) ≥ p min((T − T′)², 1)/24`, which has
///    `K = 1/48` at `θ = 2`. `K = 1/6` is an equality at `W_ii = 1`, `T = 0`, `T′ = −π/θ`.
/// 3. **Independence.** Let `T′` be an independent copy of `T`, and φ the characteristic function
///    of one feature. Then `E cos θ(T − T′) = Π_j |φ(θ W_ij/W_ii)|²`, and
///    `1 − |φ(θ w)|² ≥ 2 p (1 − p)(1 − sin(θw)/(θw)) ≥ 2 p (1 − p) m min(w², 1)`. So
///    `L_i ≥ (p K/2)(1 − exp(−2 p (1 − p) m F_i))`.
/// 4. **Mean.** Let `f` be the fraction of rows with `F_i > F_0` or `W_ii ≤ 0`; the latter lose at
///    least the variance. The others have the ratio `r/(1 − f)` among themselves, and `1 − e^{−x}`
///    is above its chord. The sum is least at `f = 0`, by the choice of `F_0`.
///
/// ```
/// use toy_superposition_designs::lower_bound;
///
/// // Antipodal pairs lose p²/6: less than three times the higher of the bounds.
/// let bound = lower_bound(0.01, 0.5)?;
/// assert!(bound.checked < 1e-4 / 6.0 && 3.0 * bound.checked > 1e-4 / 6.0);
/// assert!(bound.proved < bound.checked && 13.0 * bound.proved > bound.checked);
/// # Ok::<(), toy_superposition_designs::Error>(())
/// ```
///
/// # Errors
/// [`Error::Ratio`] unless `0 < r ≤ 1`; [`Error::Data`] unless `0 < p ≤ 1`.
pub fn lower_bound(probability: f64, ratio: f64) -> Result<LowerBound> {
    if !(ratio > 0.0 && ratio <= 1.0) {
        return Err(Error::Ratio { given: ratio });
    }
    let p = toy_superposition_data::Moments::uniform(probability)?.probability;
    let most = 1.0 / ratio - 0.5;
    let bound = |Step { theta, loss }: Step| {
        let lost = -(-2.0 * p * (1.0 - p) * (1.0 - theta.sin() / theta) * most).exp_m1();
        0.5 * p * loss * lost * (1.0 / ratio - 1.0) / (2.0 * most)
    };
    let at_most_half = |step| if p <= 0.5 { bound(step) } else { 0.0 };
    Ok(LowerBound { proved: at_most_half(PROVED), checked: at_most_half(checked(p)) })
}

/// The numbers of step 2, `ℓ(T) + ℓ(T′) ≥ p K (1 − cos θ(T − T′))`.
#[derive(Clone, Copy)]
struct Step {
    theta: f64,
    /// The factor K.
    loss: f64,
}

const PROVED: Step = Step { theta: 2.0, loss: 1.0 / 48.0 };

fn checked(p: f64) -> Step {
    Step { theta: if p <= 0.2 { 2.7 } else { 2.2 }, loss: 1.0 / 6.0 }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use toy_superposition_theory as theory;

    use super::*;

    /// The loss `∫₀¹ (u − a (u + T)₊)² du + a² T₊² (1 − p)/p`, which is `ℓ(T)/p`.
    fn given(t: f64, a: f64, p: f64) -> f64 {
        let start = (-t).clamp(0.0, 1.0);
        let above = |u: f64| {
            let (c, d) = (1.0 - a, -a * t);
            c * c * u.powi(3) / 3.0 + c * d * u * u + d * d * u
        };
        start.powi(3) / 3.0 + above(1.0) - above(start) + (a * t.max(0.0)).powi(2) * (1.0 - p) / p
    }

    /// Step 2 holds at the largest p of each θ, with less than 1 % to spare.
    #[test]
    fn two_values_of_the_interference_lose_what_the_bound_says() {
        for p in [0.2, 0.5] {
            let theta = checked(p).theta;
            let mut least = f64::INFINITY;
            for a in (1..=40).map(|k| 0.04 * f64::from(k) * (1.0 + f64::from(k) / 40.0)) {
                let line: Vec<f64> = (0..300).map(|k| -3.0 + f64::from(k) * 0.025).collect();
                let values: Vec<f64> = line.iter().map(|&t| given(t, a, p)).collect();
                for i in 0..line.len() {
                    for j in 0..i {
                        let other = 1.0 - (theta * (line[i] - line[j])).cos();
                        if other > 1e-6 {
                            least = least.min((values[i] + values[j]) / other);
                        }
                    }
                }
            }
            assert!((1.0 / 6.0..1.01 / 6.0).contains(&least), "{p}: {least}");
        }
    }

    /// Step 2 holds as it is proved for random numbers over several decades, some of which come
    /// near equality. A feature that is off loses least at p = 1/2.
    #[test]
    fn two_values_of_the_interference_lose_what_is_proved() {
        let mut rng = ChaCha8Rng::seed_from_u64(13);
        let mut least = f64::INFINITY;
        for _ in 0..200_000 {
            let a = rng.random_range(0.0..1.5);
            let mut t = || rng.random_range(-1.0..1.0) * 10.0_f64.powf(rng.random_range(-2.0..0.4));
            let (t, other) = (t(), t());
            let distance = (t - other).powi(2).min(1.0);
            if distance > 1e-6 {
                least = least.min((given(t, a, 0.5) + given(other, a, 0.5)) / distance);
            }
        }
        assert!((1.0 / 24.0..10.0 / 24.0).contains(&least), "{}", 24.0 * least);
        // K follows from 1 − cos 2Δ = 2 sin² Δ ≤ 2 min(Δ², 1).
        assert_eq!((PROVED.theta, PROVED.loss), (2.0, 0.5 / 24.0));
    }

    /// Step 1 holds for random matrices of a given rank with entries over four decades, and for the
    /// hierarchies.
    #[test]
    fn the_rank_bounds_the_clipped_squares() {
        let clipped = |w: &DMatrix<f64>| {
            let n = w.nrows();
            let all = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|(i, j)| i != j);
            all.map(|(i, j)| (w[(i, j)] / w[(i, i)]).powi(2).min(1.0)).sum::<f64>() / n as f64
        };
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut nearest = f64::INFINITY;
        for _ in 0..300 {
            let (n, d) = (rng.random_range(3..14), rng.random_range(1..4));
            let mut entry = |_, _| rng.random_range(-1.0..1.0) * 10.0_f64.powf(rng.random_range(-2.0..2.0));
            let (encoder, mut decoder) =
                (DMatrix::from_fn(d, n, &mut entry), DMatrix::from_fn(n, d, &mut entry));
            for i in 0..n {
                let own = decoder.row(i).dot(&encoder.column(i).transpose());
                decoder.row_mut(i).scale_mut(own.signum());
            }
            let bound = (n as f64 / d as f64 - 1.0) / 2.0;
            let found = clipped(&(decoder * encoder));
            assert!(found >= bound - 1e-9, "({n}, {d}): {found} {bound}");
            nearest = nearest.min(found / bound.max(1e-9));
        }
        assert!(nearest < 3.0, "{nearest}");
        for n in [4, 8, 16] {
            let found = clipped(&crate::hierarchy(n).unwrap().product());
            assert!(found > (n as f64 / 2.0 - 1.0) / 2.0, "{n}: {found}");
        }
    }

    /// Step 3 holds: the exact loss of random rows is above the bound from their clipped squares.
    #[test]
    fn rows_lose_more_than_their_clipped_squares_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        let mut nearest = f64::INFINITY;
        for p in [0.01, 0.2, 0.5] {
            let theta = checked(p).theta;
            for _ in 0..60 {
                let mut row: Vec<f64> =
                    (0..rng.random_range(2..9)).map(|_| rng.random_range(-1.2..0.6)).collect();
                row[0] = rng.random_range(0.7..1.3);
                let bias = rng.random_range(-0.2..0.1);
                let squares: f64 = row[1..].iter().map(|w| (w / row[0]).powi(2).min(1.0)).sum();
                let bound =
                    p / 12.0 * -(-2.0 * p * (1.0 - p) * (1.0 - theta.sin() / theta) * squares).exp_m1();
                let loss = theory::exact_row_loss(&row, 0, bias, p).unwrap().loss;
                assert!(loss > bound, "{p} {row:?} {bias}: {loss} {bound}");
                nearest = nearest.min(loss / bound);
            }
        }
        assert!(nearest < 8.0, "{nearest}");
    }

    #[test]
    fn the_bound_is_of_second_order_in_p() {
        let (p, r) = (1e-5, 0.2);
        let expected = (1.0 - 2.7_f64.sin() / 2.7) / 12.0 * p * p * 4.0;
        let found = lower_bound(p, r).unwrap();
        assert!((found.checked / expected - 1.0).abs() < 1e-3);
        let expected = (1.0 - 2.0_f64.sin() / 2.0) / 96.0 * p * p * 4.0;
        assert!((found.proved / expected - 1.0).abs() < 1e-3);
        let none = LowerBound { proved: 0.0, checked: 0.0 };
        assert_eq!((lower_bound(0.3, 1.0).unwrap(), lower_bound(0.6, 0.3).unwrap()), (none, none));
        assert!(matches!(lower_bound(0.1, 0.0), Err(Error::Ratio { .. })));
        assert!(matches!(lower_bound(0.0, 0.1), Err(Error::Data(_))));
    }
}
